"""Reject a row that is too short to teach anything, or too long to be one thing.

Sees    the whole text of a row; counts its characters (code points) and words (runs between white space).
"""

from dataclasses import dataclass, field
from typing import ClassVar

import pyarrow as pa

from factory.verdicts import Verdicts


@dataclass(frozen=True)
class Length:
    """Keep rows between the bounds; a bound of None is no bound."""

    sees: ClassVar[str] = "text"
    min_chars: int | None = field(default=1, metadata={"decides": True})
    max_chars: int | None = field(default=None, metadata={"decides": True})
    min_words: int | None = field(default=None, metadata={"decides": True})
    max_words: int | None = field(default=None, metadata={"decides": True})

    def __post_init__(self) -> None:
        for bound in (self.min_chars, self.max_chars, self.min_words, self.max_words):
            if bound is not None and bound < 0:
                raise ValueError(f"a length cannot be {bound}")
        for least, most in ((self.min_chars, self.max_chars), (self.min_words, self.max_words)):
            if least is not None and most is not None and least > most:
                raise ValueError(f"the lower bound {least} is above the upper bound {most}")

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """`id`, `text` -> `id`, `chars`, `words`."""
        texts = batch["text"].to_pylist()
        chars = pa.array([len(text.strip()) for text in texts], pa.int64())
        words = pa.array([len(text.split()) for text in texts], pa.int64())
        return pa.record_batch({"id": batch["id"], "chars": chars, "words": words})

    def decide(self, features: pa.RecordBatch) -> Verdicts:
        """Reject below the lower or above the upper bound; the evidence gives the count."""
        verdicts = Verdicts()
        columns = (features[name].to_pylist() for name in ("id", "chars", "words"))
        for id_, chars, words in zip(*columns, strict=True):
            if _below(chars, self.min_chars) or _below(words, self.min_words):
                verdicts.reject(id_, "length.too_short", chars=chars, words=words)
            elif _below(self.max_chars, chars) or _below(self.max_words, words):
                verdicts.reject(id_, "length.too_long", chars=chars, words=words)
            else:
                verdicts.keep(id_)
        return verdicts


def _below(value: int | None, bound: int | None) -> bool:
    return value is not None and bound is not None and value < bound
