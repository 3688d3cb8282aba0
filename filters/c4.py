"""Remove the lines that C4 leaves out, and reject the texts that it does: those with little left, and templates.

Sees    the whole text of a document, passage or plain-text row.
Edits   takes out the lines, and the marks of citations; blank lines between lines that stay stay.
Misses  languages whose sentences end in other marks than . ! ? and quotes: all their lines go, and so do they.
Source  Raffel et al. 2020 (arXiv:1910.10683), section 2.2, each bound the published one, with what its code adds
        (https://github.com/tensorflow/datasets): citations, long words, lines about cookies. Its list of bad words is
        not here.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from factory.edits import Edit
from factory.figures import Figure
from factory.verdicts import Verdicts
from filters._rules import check_bounds
from filters._sentences import inner_ends

CITATION = re.compile(r"\[\d{0,9}\]|\[edit\]|\[citation needed\]")
ENDS = (".", "?", "!", '"', "'")
ABOUT_COOKIES = re.compile("terms of use|privacy policy|cookie policy|uses cookies|use of cookies|use cookies")
FLAGS = ("terminal", "lorem_ipsum", "javascript", "curly_bracket", "policy")
SPAN = pa.struct([("start", pa.int64()), ("end", pa.int64())])
LINE = pa.struct(
    [
        *SPAN,
        ("words", pa.int64()),
        ("longest", pa.int64()),
        ("sentences", pa.int64()),
        *((f, pa.bool_()) for f in FLAGS),
    ]
)
DECIDES = {"decides": True}


@dataclass(frozen=True)
class C4:
    """Keep texts of which `min_sentences` are left; a bound of null is no bound."""

    sees: ClassVar[str] = "text"
    kinds: ClassVar[tuple[str, ...]] = ("document", "passage", "text")
    min_sentences: int | None = field(default=5, metadata=DECIDES)
    min_words_a_line: int | None = field(default=3, metadata=DECIDES)
    max_word_length: int | None = field(default=1000, metadata=DECIDES)
    terminal: bool = field(default=True, metadata=DECIDES)
    lorem_ipsum: bool = field(default=True, metadata=DECIDES)
    javascript: bool = field(default=True, metadata=DECIDES)
    curly_bracket: bool = field(default=True, metadata=DECIDES)
    policy: bool = field(default=True, metadata=DECIDES)
    citations: bool = True
    remove_lines: bool = field(default=True, metadata=DECIDES)

    def __post_init__(self) -> None:
        check_bounds(self)

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """`id`, `text` -> `id`, `lines` (blank ones apart) and `citations`: their places, and what is known of each."""
        texts = batch["text"].to_pylist()
        citations = [self._citations(text) for text in texts]
        lines = [list(_lines(text, bool(found))) for text, found in zip(texts, citations, strict=True)]
        return pa.record_batch(
            {
                "id": batch["id"],
                "lines": pa.array(lines, pa.list_(LINE)),
                "citations": pa.array(citations, pa.list_(SPAN)),
            }
        )

    def _citations(self, text: str) -> list[dict[str, int]]:
        found = CITATION.finditer(text) if self.citations else ()
        return [{"start": match.start(), "end": match.end()} for match in found]

    def decide(self, features: pa.RecordBatch) -> Verdicts:
        """One verdict a text: rejected, or without the lines that are left out."""
        verdicts = Verdicts()
        for row in features.to_pylist():
            rejects = self._template(row["lines"])
            stays = [self._stays(line) for line in row["lines"]]
            left = _sentences(row["lines"], stays)
            if rejects:
                verdicts.reject(row["id"], rejects)
            elif self.min_sentences is not None and left < self.min_sentences:
                verdicts.reject(row["id"], "c4.too_few_sentences", sentences=left, least=self.min_sentences)
            else:
                edits = list(_edits(row, stays)) if self.remove_lines else []
                why = "c4.citations_removed" if all(stays) else "c4.lines_removed"
                verdicts.edit(row["id"], [("text", edit) for edit in edits], why, lines=len(stays) - sum(stays))
        return verdicts

    def figures(self, features: pa.RecordBatch) -> list[Figure]:
        """The sentences that are left."""
        lines = features["lines"].to_pylist()
        left = [_sentences(its, [self._stays(line) for line in its]) for its in lines]
        return [Figure("sentences", np.array(left, np.float64), least=self.min_sentences)]

    def _template(self, lines: Sequence[Mapping[str, Any]]) -> str | None:
        """Why a text is none that was written: in the first line that says so, and that would have stayed."""
        for line in filter(self._is_sentence, lines):
            if self.lorem_ipsum and line["lorem_ipsum"]:
                return "c4.lorem_ipsum"
            if self.curly_bracket and line["curly_bracket"] and not (self.javascript and line["javascript"]):
                return "c4.curly_bracket"
        return None

    def _is_sentence(self, line: Mapping[str, Any]) -> bool:
        return not (
            (self.max_word_length is not None and line["longest"] > self.max_word_length)
            or (self.terminal and not line["terminal"])
            or (self.min_words_a_line is not None and line["words"] < self.min_words_a_line)
        )

    def _stays(self, line: Mapping[str, Any]) -> bool:
        about = (self.javascript and line["javascript"]) or (self.policy and line["policy"])
        return self._is_sentence(line) and not about


def _sentences(lines: Sequence[Mapping[str, Any]], stays: Sequence[bool]) -> int:
    return sum(line["sentences"] for line, kept in zip(lines, stays, strict=True) if kept)


def _lines(text: str, has_citations: bool) -> Iterator[dict[str, Any]]:
    """What is known of each line that is not blank; all but its words is said of it without citations."""
    end = 0
    for whole in text.splitlines(keepends=True):
        start, end = end, end + len(whole)
        line = whole.strip()
        words = line.split()
        if not words:
            continue
        line = CITATION.sub("", line) if has_citations else line
        lowered = line.lower()
        yield {
            "start": start,
            "end": end,
            "words": len(words),
            "longest": max(map(len, words)),
            "sentences": 1 + inner_ends(line),
            "terminal": line.endswith(ENDS) and not line.endswith("..."),
            "lorem_ipsum": "lorem ipsum" in lowered,
            "javascript": "javascript" in lowered,
            "curly_bracket": "{" in line,
            "policy": ABOUT_COOKIES.search(lowered) is not None,
        }


def _edits(row: Mapping[str, Any], stays: Sequence[bool]) -> Iterator[Edit]:
    """One edit for each run of lines that go, and one for each citation in a line that stays."""
    removed = []
    for kept, run in groupby(zip(row["lines"], stays, strict=True), key=itemgetter(1)):
        if not kept:
            lines = [line for line, _ in run]
            removed.append(Edit(lines[0]["start"], lines[-1]["end"], "c4.lines_removed", ""))
    yield from removed
    for mark in row["citations"]:
        before = bisect_right(removed, mark["start"], key=attrgetter("start"))
        if not before or removed[before - 1].end <= mark["start"]:
            yield Edit(mark["start"], mark["end"], "c4.citations_removed", "")
