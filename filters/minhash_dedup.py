"""Reject a row that nearly repeats another: word shingles whose exact Jaccard similarity reaches a threshold.

Sees    the whole text of a row, and its declared licence and confidentiality.
State   a MinHash signature (4 x num_perm bytes), a length and an id: about 650 bytes of RAM a row.
Order   does not matter: of a cluster the row under the strictest terms stays, of those the longest, then the smallest
        id. So no text gets out of a licence or a confidentiality because a copy of it lies elsewhere.
Source  Broder 1997, "On the resemblance and containment of documents"; candidates by banding, each confirmed by exact
        Jaccard, clusters by connected components. The kernel is `factory/near.py`.

An empty text is nobody's copy: `exact_dedup` and `length` see to those.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from factory import near
from factory.policy import strictness
from factory.verdicts import Verdicts

Texts = Callable[[Sequence[str]], Iterable[tuple[str, str]]]
Signatures = NDArray[np.uint32]


@dataclass
class Seen:
    """The signatures of all rows so far; after `settle`, the row that stays for each that goes."""

    ids: list[str] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    strict: list[int] = field(default_factory=list)
    signatures: list[Signatures] = field(default_factory=list)
    kept_for: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class MinhashDedup:
    """Keep one row of each cluster of near-duplicates."""

    sees: ClassVar[str] = "row"
    threshold: float = field(default=0.8, metadata={"decides": True})
    ngram: int = 5
    unit: Literal["word", "char"] = "word"
    num_perm: int = 128

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise ValueError("threshold must be above 0 and at most 1")
        if not 1 <= self.num_perm <= 4096:
            raise ValueError("num_perm must be from 1 to 4096")
        if self.ngram < 1:
            raise ValueError("ngram must be at least 1")

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """A row -> `id`, `length` (code points), `strictness`, `signature` (num_perm little-endian uint32)."""
        texts = batch["text"].to_pylist()
        made = near.signatures(texts, num_perm=self.num_perm, ngram=self.ngram, unit=self.unit)
        rows = [row.tobytes() for row in made.astype("<u4")]
        lengths = pa.array([len(text) for text in texts], pa.int64())
        terms = zip(batch["licence"].to_pylist(), batch["confidentiality"].to_pylist(), strict=True)
        strict = pa.array([strictness(*pair) for pair in terms], pa.int8())
        signature = pa.array(rows, pa.binary(4 * self.num_perm))
        return pa.record_batch({"id": batch["id"], "length": lengths, "strictness": strict, "signature": signature})

    def scan(self, features: pa.RecordBatch) -> Seen:
        """The batch's signatures as one array."""
        joined = b"".join(features["signature"].to_pylist())
        signatures = np.frombuffer(joined, dtype="<u4").reshape(-1, self.num_perm)
        ids, lengths, strict = (features[name].to_pylist() for name in ("id", "length", "strictness"))
        return Seen(ids, lengths, strict, [signatures])

    def merge(self, into: Seen, other: Seen) -> Seen:
        """Append `other` to `into`, in place."""
        into.ids += other.ids
        into.lengths += other.lengths
        into.strict += other.strict
        into.signatures += other.signatures
        return into

    def settle(self, seen: Seen, texts: Texts) -> Seen:
        """Find the clusters and who stays. `texts` gives (id, text) of named rows, in any order."""
        order = sorted(range(len(seen.ids)), key=seen.ids.__getitem__)  # one order, however the batches came
        ids = [seen.ids[n] for n in order]
        worth = [(seen.strict[n], seen.lengths[n]) for n in order]
        signatures = _sorted(seen.signatures, order, self.num_perm)

        def texts_of(indices: Any) -> list[str]:
            found = dict(texts([ids[n] for n in indices]))
            return [found[ids[n]] for n in indices]

        labels = near.near_duplicates_of(
            signatures, texts_of, threshold=self.threshold, ngram=self.ngram, unit=self.unit
        )
        seen.kept_for = _survivors(ids, worth, labels.tolist())
        return seen

    def decide(self, features: pa.RecordBatch, seen: Seen) -> Verdicts:
        """Reject all of a cluster but the one that stays; the evidence names it."""
        ids = features["id"].to_pylist()
        stays = [seen.kept_for.get(id_, id_) for id_ in ids]
        kept = [id_ == winner for id_, winner in zip(ids, stays, strict=True)]
        return Verdicts.keep_where(
            ids, kept, reason="minhash_dedup.near_copy", evidence=[{"kept": winner} for winner in stays]
        )


def _sorted(chunks: list[Signatures], order: Sequence[int], num_perm: int) -> Signatures:
    """The rows of all chunks in `order`; each chunk is let go as it is copied: they are most of the memory."""
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    whole = np.empty((len(order), num_perm), dtype=np.uint32)
    at = 0
    while chunks:
        chunk = chunks.pop(0)
        whole[rank[at : at + len(chunk)]] = chunk
        at += len(chunk)
    return whole


def _survivors(ids: Sequence[str], worth: Sequence[tuple[int, int]], labels: Sequence[int]) -> dict[str, str]:
    """Who stays for each row of a cluster of two or more: the longest, then the smallest id."""
    members: dict[int, list[int]] = {}
    for nth, label in enumerate(labels):
        if label != nth:
            members.setdefault(label, [label]).append(nth)
    stays = {}
    for cluster in members.values():
        best = min(cluster, key=lambda nth: (-worth[nth][0], -worth[nth][1], ids[nth]))
        stays.update({ids[nth]: ids[best] for nth in cluster})
    return stays
