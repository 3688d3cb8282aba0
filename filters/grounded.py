"""Reject a row whose answer says what its source does not: a sentence, a number, a name that is not there.

Sees    the answer of a row and the passages it was made from, as the generator saw them. What was asked with the
        question (and with `context`) may be said again, numbers and names alike.
Scores  each sentence, 0 to 1, by how much of it goes on as the source does; a row is as good as its worst sentence.
Misses  what a paraphrase says rightly in other words is unsupported; words of the source put together wrongly may pass.
        A row whose source is not in the run is kept, and counted as not looked at.
Costs   no model; about 1 ms a row.
Source  extractive fragments (https://arxiv.org/abs/1804.11283), see `_grounding.py`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa

from factory.figures import Figure
from factory.folding import words
from factory.verdicts import Verdicts
from filters import _bounds
from filters._grounding import Known, Source, grounded, known

DECIDES = {"decides": True}
SENTENCE = pa.struct(
    [("field", pa.string()), ("start", pa.int64()), ("end", pa.int64()), ("words", pa.int32()),
     ("support", pa.float64()), ("cited", pa.float64()), ("numbers", pa.int32()), ("names", pa.int32())]
)  # fmt: skip
ANSWERS = {"text": "text", "sft": "messages[", "preference": "chosen["}  # how the fields of an answer begin
AGREES = frozenset(["yes", "no", "ja", "nein", "si", "sí", "oui", "non", "true", "false", "right", "wrong", "correct"])
NO_ANSWER = ("rejected[", "quotes[")  # and what says nothing of what was asked


@dataclass(frozen=True)
class Grounded:
    """Keep a row whose sentences each have at least `min_support` in the passages, or only in what it cites."""

    sees: ClassVar[str] = "sourced"
    kinds: ClassVar[tuple[str, ...]] = tuple(ANSWERS)
    min_support: float = field(default=0.2, metadata=DECIDES)
    against: Literal["passages", "cited"] = field(default="passages", metadata=DECIDES)
    numbers: Literal["reject", "ignore"] = field(default="reject", metadata=DECIDES)
    names: Literal["reject", "ignore"] = field(default="ignore", metadata=DECIDES)

    def __post_init__(self) -> None:
        """Raise ValueError for a bound that is none."""
        _bounds.from_to(0, 1, min_support=self.min_support)

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """What is shown of rows with their sources -> `id`, `passages`, `cited` (how many), `sentences`."""
        sources: dict[tuple[str, ...], Source] = {}  # several rows are made from one passage
        rows = batch.to_pylist()
        sentences = [_sentences(row, sources) for row in rows]
        return pa.record_batch(
            {
                "id": batch["id"],
                "passages": pa.array([len(row["passages"]) for row in rows], pa.int32()),
                "cited": pa.array([len(row["cited"]) for row in rows], pa.int32()),
                "sentences": pa.array(sentences, pa.list_(SENTENCE)),
            }
        )

    def decide(self, features: pa.RecordBatch) -> Verdicts:
        """One verdict a row; the evidence gives its worst sentence: its place, support and what is strange in it."""
        verdicts = Verdicts()
        for row in features.to_pylist():
            if not row["cited"] and not (row["passages"] and self.against == "passages"):
                verdicts.skip(row["id"], "no_source")
                continue
            reason, worst = self._worst(row["sentences"])
            if reason is None or worst is None:
                verdicts.keep(row["id"])
            else:
                mean = sum(map(self._support, row["sentences"])) / len(row["sentences"])
                verdicts.reject(row["id"], reason, **worst, mean=round(mean, 4), sentences=len(row["sentences"]))
        return verdicts

    def figures(self, features: pa.RecordBatch) -> list[Figure]:
        """The support of each row's worst sentence."""
        worst = [min(map(self._support, its), default=np.nan) for its in features["sentences"].to_pylist()]
        return [Figure("support", np.array(worst, np.float64), least=self.min_support)]

    def _support(self, sentence: Mapping[str, Any]) -> float:
        return float(sentence["support" if self.against == "passages" else "cited"])

    def _worst(self, sentences: Sequence[Mapping[str, Any]]) -> tuple[str | None, Mapping[str, Any] | None]:
        """Why a row is rejected, and for which sentence; None where it is not."""
        worst = min(sentences, key=self._support, default=None)
        if worst is not None and self._support(worst) < self.min_support:
            return "grounded.unsupported_sentence", worst
        for what, reason in (("numbers", "grounded.number_not_in_source"), ("names", "grounded.name_not_in_source")):
            worst = max(sentences, key=lambda sentence: int(sentence[what]), default=None)
            if worst is not None and worst[what] and getattr(self, what) == "reject":
                return reason, worst
        return None, None


def _sentences(row: Mapping[str, Any], sources: dict[tuple[str, ...], Source]) -> list[dict[str, Any]]:
    """The sentences of a row's answer, with their support in its passages and in what it cites."""
    passages = ("\n\n".join(row["passages"]), *row["headings"]) if row["passages"] else tuple(row["cited"])
    if not passages:
        return []
    questions = tuple(string["text"] for string in row["strings"] if _is_asked(row["kind"], string))
    whole = _made((*passages, *questions), sources)  # what the question says is no claim of the answer
    cited = _made((*row["cited"], *questions), sources)
    asked = known(questions)
    return [
        sentence
        for string in row["strings"]
        if _is_answer(row["kind"], string)
        for sentence in _judged(string, whole, cited, asked)
    ]


def _made(texts: tuple[str, ...], sources: dict[tuple[str, ...], Source]) -> Source:
    if texts not in sources:
        sources[texts] = Source(texts)
    return sources[texts]


def _judged(string: Mapping[str, Any], whole: Source, cited: Source, asked: Known) -> Iterable[dict[str, Any]]:
    there = grounded(string["text"], whole, asked)
    quoted = grounded(string["text"], cited, asked)
    for sentence, in_quotes in zip(there, quoted, strict=True):
        if _claims_nothing(string["text"][sentence.start : sentence.end]):
            continue
        yield {"field": string["field"], **sentence._asdict(), "cited": in_quotes.support}


def _claims_nothing(sentence: str) -> bool:
    """Whether it asks, or says yes or no to what the question says."""
    return sentence.rstrip().endswith(("?", "？")) or AGREES.issuperset(words(sentence))


def _is_answer(kind: str, string: Mapping[str, Any]) -> bool:
    return string["field"].startswith(ANSWERS[kind]) and (kind == "text" or string["role"] == "assistant")


def _is_asked(kind: str, string: Mapping[str, Any]) -> bool:
    return not _is_answer(kind, string) and not string["field"].startswith(NO_ANSWER)
