"""Reject a row whose text, case, width and spacing aside, another row already has.

Sees    the whole text of a row, and its declared licence and confidentiality.
State   digest (16 bytes) -> who stays; about 170 bytes of RAM a distinct text.
Order   does not matter: of copies the one under the strictest terms stays, of those the smallest id. So no text gets
        out of a licence or a confidentiality because a copy of it lies elsewhere.
"""

import hashlib
import unicodedata
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from factory.policy import strictness
from factory.verdicts import Verdicts

First = dict[bytes, tuple[int, str]]  # digest -> minus the strictness, id: the smallest stays


def fold_digest(text: str) -> bytes:
    """BLAKE2b-128 of `text` after NFKC, case folding and single spaces."""
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return hashlib.blake2b(plain.encode(), digest_size=16).digest()


@dataclass(frozen=True)
class ExactDedup:
    """Keep one row of each distinct text."""

    sees: ClassVar[str] = "row"

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """`id`, `text`, `licence`, `confidentiality` -> `id`, `fold` (the 16-byte digest of the text), `strictness`."""
        folds = [fold_digest(text) for text in batch["text"].to_pylist()]
        terms = zip(batch["licence"].to_pylist(), batch["confidentiality"].to_pylist(), strict=True)
        strict = pa.array([strictness(*pair) for pair in terms], pa.int8())
        return pa.record_batch({"id": batch["id"], "fold": pa.array(folds, pa.binary(16)), "strictness": strict})

    def scan(self, features: pa.RecordBatch) -> First:
        """Who stays of each distinct text in one batch."""
        first: First = {}
        columns = (features[name].to_pylist() for name in ("id", "fold", "strictness"))
        for id_, fold, strict in zip(*columns, strict=True):
            first[fold] = min((-strict, id_), first.get(fold, (-strict, id_)))
        return first

    def merge(self, into: First, other: First) -> First:
        """Fold `other` into `into`, in place: a copy a batch would cost the square of the rows."""
        for fold, who in other.items():
            into[fold] = min(who, into.get(fold, who))
        return into

    def decide(self, features: pa.RecordBatch, first: First) -> Verdicts:
        """Keep who stays; the others' evidence names it."""
        ids = features["id"].to_pylist()
        winners = [first[fold][1] for fold in features["fold"].to_pylist()]
        kept = [id_ == winner for id_, winner in zip(ids, winners, strict=True)]
        return Verdicts.keep_where(
            ids, kept, reason="exact_dedup.same_text", evidence=[{"kept": winner} for winner in winners]
        )
