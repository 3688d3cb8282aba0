"""Reject a row whose text, case, width and spacing aside, another row already has.

Sees    the whole text of a row.
State   digest (16 bytes) -> smallest id; about 170 bytes of RAM a distinct text.
Order   does not matter: the smallest id wins, however the batches are cut or merged.
"""

import hashlib
import unicodedata
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from factory.verdicts import Verdicts

First = dict[bytes, str]


def fold_digest(text: str) -> bytes:
    """BLAKE2b-128 of `text` after NFKC, case folding and single spaces."""
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return hashlib.blake2b(plain.encode(), digest_size=16).digest()


@dataclass(frozen=True)
class ExactDedup:
    """Keep one row of each distinct text."""

    sees: ClassVar[str] = "text"

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """`id`, `text` -> `id`, `fold`: the 16-byte digest of each text."""
        folds = [fold_digest(text) for text in batch["text"].to_pylist()]
        return pa.record_batch({"id": batch["id"], "fold": pa.array(folds, pa.binary(16))})

    def scan(self, features: pa.RecordBatch) -> First:
        """The smallest id of each distinct text in one batch."""
        first: First = {}
        for id_, fold in zip(features["id"].to_pylist(), features["fold"].to_pylist(), strict=True):
            first[fold] = min(id_, first.get(fold, id_))
        return first

    def merge(self, into: First, other: First) -> First:
        """Fold `other` into `into`, in place: a copy a batch would cost the square of the rows."""
        for fold, id_ in other.items():
            into[fold] = min(id_, into.get(fold, id_))
        return into

    def decide(self, features: pa.RecordBatch, first: First) -> Verdicts:
        """Keep the holder of the smallest id; the others' evidence names it."""
        ids = features["id"].to_pylist()
        winners = [first[fold] for fold in features["fold"].to_pylist()]
        kept = [id_ == winner for id_, winner in zip(ids, winners, strict=True)]
        return Verdicts.keep_where(
            ids, kept, reason="exact_dedup.same_text", evidence=[{"kept": winner} for winner in winners]
        )
