"""Reject an answer that has come off the rails: words in a circle, lines again and again, the question copied.

Sees    the answers of sft rows and the chosen ones of preference rows, each with its question; of code between fences
        nothing.
Misses  an answer that goes in circles of a thousand words; nonsense that does not repeat itself.
Source  our own, from pairs of answers that people compared; the flags are old: type-token ratio (Johnson 1944), lines
        as in Rae et al. 2021 (arXiv:2112.11446).

An answer copies its question only if that does not ask for its text again: to mend, to sort, to complete it.

The type-token ratio falls with a text's length, so it is taken of pieces of PIECE words, and the lowest counts. In
scripts without spaces two characters in a row are a word.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import ClassVar, Literal, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from factory.figures import Figure
from factory.verdicts import Verdicts
from filters._prose import outside_fences
from filters._repetition import MIX, Hashes, repeated
from filters._rules import Rule, check_bounds, figures_of, judge
from filters._turns import turns
from filters._words import HAS_NO_SPACES, Tokens, tokens

PIECE = 1000  # words: running text has a ratio of .35 and more there
COPIED = 5  # words in a row: fewer are taken over by chance
FEWEST_COPIED = 30  # words of an answer below which it is no copy: in one sentence people say a question again
WANTS_ITS_TEXT = re.compile(  # how tasks begin whose answer is the text of the question again, mended or sorted
    r"\b(?:re-?(?:writ|wrote|word|phras|arrang|order|organi[sz]|stat|format|vis|structur|peat|plac|mov|dact)"
    r"|paraphras|edit|correct|proof-?read|fix|mistake|error|improv|better|punctuat|capitali[sz]|grammar|spell|convert"
    r"|transform|turn\b|insert|delet|sort|alphabet|format|extract|summar|shorten|simplif|translat|combin|merg|split"
    r"|divid|cut\b|fill|blank|missing|complet|continu|finish|underlin|highlight|quot|cop(?:y|ie)|modif|adjust|tense\b"
    r"|passive|active voice|chang|classif|categor|match|list\b"
    r"|korrig|verbesser|umformulier|umschreib|schreib\w* .{0,40}\bum\b|überarbeit|übersetz|sortier|ergänz|kürz|fehler"
    r"|corrig|réécri|reformul|amélior|tradui|tri(?:e|er|ez)\b|complét|raccourci|faute"
    r"|reescrib|mejor|traduc|orden|acort|falta)",
    re.IGNORECASE,
)
DECIDES = {"decides": True}

Words = NDArray[np.int64]


class Figures(NamedTuple):
    """What is measured of one answer; of a row the worst of each."""

    type_token_ratio: float = 1.0
    repeated_line_chars: float = 0.0
    copied: float = 0.0


@dataclass(frozen=True)
class Degenerate:
    """Keep answers within the bounds; a bound of null is no rule."""

    sees: ClassVar[str] = "strings"
    judges: ClassVar[bool] = True
    kinds: ClassVar[tuple[str, ...]] = ("sft", "preference")
    action: Literal["reject", "flag"] = field(default="reject", metadata=DECIDES)
    min_type_token_ratio: float | None = field(default=0.3, metadata=DECIDES)
    max_repeated_line_chars: float | None = field(default=0.1, metadata=DECIDES)
    max_copied: float | None = field(default=0.5, metadata=DECIDES)
    min_words: int = 50

    def __post_init__(self) -> None:
        check_bounds(self)

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """`id`, `field`, `role`, `text`, several rows an id -> one row an id with the worst figures of its answers."""
        pairs = turns(batch)
        long = [pair if self._is_long(pair[1]) else ("", "") for its in pairs.values() for pair in its]
        said = _folded(tokens([_outside_fences(text) for pair in long for text in pair]))
        grams = _grams(said)
        rows, at = [], 0
        for its in pairs.values():
            figures = [Figures()]
            for question, answer in its:
                share = _copied(*grams[at : at + 2]) if len(said[at + 1]) >= FEWEST_COPIED else 0.0
                figures.append(self._of_answer(question, answer, said[at + 1], share))
                at += 2
            ratios, lines, copied = zip(*figures, strict=True)
            rows.append((min(ratios), max(lines), max(copied)))
        table = np.array(rows, np.float64).reshape(-1, len(Figures._fields)).T
        columns = {name: pa.array(its) for name, its in zip(Figures._fields, table, strict=True)}
        return pa.record_batch({"id": pa.array(pairs, pa.string()), **columns})

    def _is_long(self, answer: str) -> bool:
        """Whether an answer may have as many words as a rule needs: a word has a character and is set apart by one."""
        return len(answer) >= min(FEWEST_COPIED, self.min_words)

    def _of_answer(self, question: str, answer: str, said: Words, copied: float) -> Figures:
        if copied and WANTS_ITS_TEXT.search(question):
            copied = 0.0
        if len(said) < self.min_words:
            return Figures(copied=copied)
        lines = [line.strip() for line in outside_fences(answer.splitlines())] if "\n" in answer else [answer.strip()]
        _, again = repeated(lines)
        return Figures(_type_token_ratio(said), again / max(1, sum(map(len, lines))), copied)

    def decide(self, features: pa.RecordBatch) -> Verdicts:
        """One verdict a row, for the first rule that its answers break."""
        return judge(features, self._rules(), flag=self.action == "flag")

    def figures(self, features: pa.RecordBatch) -> list[Figure]:
        """What each rule looks at."""
        return figures_of(features, self._rules())

    def _rules(self) -> list[Rule]:
        return [
            Rule("type_token_ratio", "degenerate.same_words", least=self.min_type_token_ratio),
            Rule("repeated_line_chars", "degenerate.same_lines", most=self.max_repeated_line_chars),
            Rule("copied", "degenerate.copied_question", most=self.max_copied),
        ]


def _outside_fences(text: str) -> str:
    return "\n".join(outside_fences(text.splitlines())) if "```" in text or "~~~" in text else text


def _folded(found: Tokens) -> list[Words]:
    """The words of each text as numbers, small and capital letters the same; marks are left out."""
    numbers: dict[str, int] = {}
    lowered = np.array([numbers.setdefault(token.lower(), len(numbers)) for token in found.vocabulary], np.int64)
    others = (not token.isascii() and HAS_NO_SPACES.match(token) is not None for token in found.vocabulary)
    unspaced = np.fromiter(others, np.bool_, len(found.vocabulary))
    is_word = ~found.vocabulary.symbols[found.ids] if len(found.ids) else np.empty(0, np.bool_)
    ends = np.concatenate(([0], np.cumsum(is_word)))[found.offsets[1:]]
    ids = found.ids[is_word]
    words: list[Words] = np.split(lowered[ids], ends[:-1]) if len(ids) else [np.empty(0, np.int64) for _ in ends]
    if unspaced.any():
        for nth, its in enumerate(np.split(unspaced[ids], ends[:-1])):
            if 2 * its.sum() > len(its):
                words[nth] = words[nth][:-1] * len(numbers) + words[nth][1:]
    return words


def _type_token_ratio(words: Words) -> float:
    """The share of different words in the piece of PIECE words where it is lowest; the last piece is as long."""
    last = max(0, len(words) - PIECE)
    pieces = (words[start : start + PIECE] for start in (*range(0, last, PIECE), last))
    return min(_distinct(piece) / len(piece) for piece in pieces)


def _distinct(words: Words) -> int:
    ordered = np.sort(words)  # half the time of a set: no number of Python's is made
    return 1 + int(np.count_nonzero(ordered[1:] != ordered[:-1]))


def _copied(asked: Hashes, said: Hashes) -> float:
    """The share of the answer's COPIED words in a row that stand in the question."""
    there = set(asked.tolist())
    grams = said.tolist() if there else []
    return 0.0 if there.isdisjoint(grams) else sum(map(there.__contains__, grams)) / len(grams)


def _grams(texts: Sequence[Words]) -> list[Hashes]:
    """Of each text a hash of each COPIED words in a row; worked out for all texts at once."""
    words = np.concatenate([np.empty(0, np.int64), *texts]).astype(np.uint64) + np.uint64(1)
    found = np.zeros(max(0, len(words) - COPIED + 1), np.uint64)
    for nth in range(COPIED):
        found = found * MIX + words[nth : nth + len(found)]
    starts = [0, *accumulate(map(len, texts))]
    return [found[start : max(start, end - COPIED + 1)] for start, end in pairwise(starts)]
