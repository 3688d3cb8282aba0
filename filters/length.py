"""Reject a row that is too short to teach anything, or too long to be one thing.

Sees    the strings of a row. Counts the characters (code points) and words (runs between white space) of the whole
        text, its tokens, and the characters of its answers for each character of its questions.
Costs   with a tokenizer about 1 ms a row of 2 kB, else nothing to speak of.
"""

from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from factory import tokens
from factory.figures import Figure
from factory.records import BESIDE
from factory.verdicts import Verdicts
from filters import _shown

DECIDES = {"decides": True}
UNITS = ("chars", "words", "tokens")
ASKING = ("user", "system", "tool")


@dataclass(frozen=True)
class Length:
    """Keep rows between the bounds; a bound of None is no bound."""

    sees: ClassVar[str] = "strings"
    judges: ClassVar[bool] = True
    min_chars: int | None = field(default=1, metadata=DECIDES)
    max_chars: int | None = field(default=None, metadata=DECIDES)
    min_words: int | None = field(default=None, metadata=DECIDES)
    max_words: int | None = field(default=None, metadata=DECIDES)
    min_tokens: int | None = field(default=None, metadata=DECIDES)
    max_tokens: int | None = field(default=None, metadata=DECIDES)
    tokenizer: Path | None = None
    min_ratio: float | None = field(default=None, metadata=DECIDES)
    max_ratio: float | None = field(default=None, metadata=DECIDES)

    def __post_init__(self) -> None:
        for unit in (*UNITS, "ratio"):
            least, most = self._bounds(unit)
            for bound in (least, most):
                if bound is not None and bound < 0:
                    raise ValueError(f"a length cannot be {bound}")
            if least is not None and most is not None and least > most:
                raise ValueError(f"the lower bound {least} is above the upper bound {most}")
        if self.tokenizer is not None:
            tokens.load(self.tokenizer)

    def _bounds(self, unit: str) -> tuple[float | None, float | None]:
        bounds = {
            "chars": (self.min_chars, self.max_chars),
            "words": (self.min_words, self.max_words),
            "tokens": (self.min_tokens, self.max_tokens),
            "ratio": (self.min_ratio, self.max_ratio),
        }
        return bounds[unit]

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """`id`, `field`, `role`, `text` -> `id`, `chars`, `words`, `tokens`, `ratio` (null without question or answer).

        Of a preference the chosen side is the answer. What quotes in `meta` say is not counted.
        """
        groups = [(id_, list(its)) for id_, its in groupby(_shown.strings(batch), key=itemgetter(0))]
        texts = ["\n".join(text for *_, role, text in its if role not in BESIDE) for _, its in groups]
        counted = {
            "chars": [len(text.strip()) for text in texts],
            "words": [len(text.split()) for text in texts],
            "tokens": tokens.count(texts, self.tokenizer),
        }
        made = {unit: pa.array(counts, pa.int64()) for unit, counts in counted.items()}
        ratios = pa.array([_ratio(its) for _, its in groups], pa.float64())
        return pa.record_batch({"id": pa.array([id_ for id_, _ in groups], pa.string()), **made, "ratio": ratios})

    def decide(self, features: pa.RecordBatch) -> Verdicts:
        """Reject below the lower or above the upper bound; the evidence gives the counts that have bounds."""
        verdicts = Verdicts()
        for row in features.to_pylist():
            lengths = [(row[unit], *self._bounds(unit)) for unit in UNITS]
            ratio, least, most = row["ratio"], *self._bounds("ratio")
            if any(_below(count, lower) for count, lower, _ in lengths):
                verdicts.reject(row["id"], "length.too_short", **self._evidence(row))
            elif any(_below(upper, count) for count, _, upper in lengths):
                verdicts.reject(row["id"], "length.too_long", **self._evidence(row))
            elif _below(ratio, least):
                verdicts.reject(row["id"], "length.answer_too_short", ratio=ratio)
            elif _below(most, ratio):
                verdicts.reject(row["id"], "length.answer_too_long", ratio=ratio)
            else:
                verdicts.keep(row["id"])
        return verdicts

    def figures(self, features: pa.RecordBatch) -> list[Figure]:
        """Characters, words and the ratio of answer to question; tokens where they are counted by a tokenizer."""
        shown = [*UNITS, "ratio"] if self.tokenizer else [*(unit for unit in UNITS if unit != "tokens"), "ratio"]
        columns = {name: np.asarray(features[name].to_numpy(zero_copy_only=False), np.float64) for name in shown}
        return [Figure(name, its, *self._bounds(name)) for name, its in columns.items()]

    def _evidence(self, row: dict[str, Any]) -> dict[str, Any]:
        told = [unit for unit in UNITS if unit != "tokens" or self._bounds(unit) != (None, None)]
        return {unit: row[unit] for unit in told}


def _ratio(strings: list[tuple[str, str, str, str]]) -> float | None:
    """The characters of a row's answers for each of its questions; None where it has none of either."""
    learned = [(role, len(text.strip())) for _, where, role, text in strings if not where.startswith("rejected[")]
    asked = sum(count for role, count in learned if role in ASKING)
    answered = sum(count for role, count in learned if role == "assistant")
    return round(answered / asked, 4) if asked and answered else None


def _below(value: float | None, bound: float | None) -> bool:
    return value is not None and bound is not None and value < bound
