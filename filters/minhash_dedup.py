"""Reject a row that nearly repeats another: word shingles whose exact Jaccard similarity reaches a threshold.

Sees    the whole text of a row, its kind, and its declared licence and confidentiality.
State   a MinHash signature (4 x num_perm bytes), a length and an id: about 560 bytes of RAM a row. Against other data
        about 0.4 kB more a row; the other data itself is read from disk, a row group at a time.
Order   does not matter: of a cluster the row under the strictest terms stays, of those the longest, then the smallest
        id. So no text gets out of a licence or a confidentiality because a copy of it lies elsewhere.
Source  Broder 1997, "On the resemblance and containment of documents"; candidates by banding, each confirmed by exact
        Jaccard, clusters by connected components. The kernel is `factory/near.py`.

An empty text is nobody's copy: `exact_dedup` and `length` see to those. A row that nearly repeats one of `against` goes
whatever its terms, before the others are compared with each other.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from factory import near
from factory.others import index
from factory.others.search import Repeated, repeated
from factory.policy import strictness
from factory.verdicts import Verdicts
from filters import _bounds

Texts = Callable[[Sequence[str]], Iterable[tuple[str, str]]]
Signatures = NDArray[np.uint32]


@dataclass
class Seen:
    """The signatures of all rows so far; after `settle`, the row that stays for each that goes, or the other text."""

    rows: list[pa.RecordBatch] = field(default_factory=list)  # id, length, strictness: some 40 bytes a row
    signatures: list[Signatures] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)
    kept_for: dict[str, str] = field(default_factory=dict)
    other_for: dict[str, Repeated] = field(default_factory=dict)


@dataclass(frozen=True)
class MinhashDedup:
    """Keep one row of each cluster of near-duplicates."""

    sees: ClassVar[str] = "row"
    threshold: float = field(default=0.8, metadata={"decides": True})
    ngram: int = 5
    unit: Literal["word", "char"] = "word"
    num_perm: int = 128
    against: list[Path] = field(default_factory=list, metadata={"decides": True})

    def __post_init__(self) -> None:
        _bounds.above_zero(threshold=self.threshold)
        _bounds.from_to(1, 4096, num_perm=self.num_perm)
        if self.ngram < 1:
            raise ValueError("ngram must be at least 1")
        for path in self.against:
            index.check(path, self._sketching)  # before any row is measured

    @property
    def _sketching(self) -> index.Sketching:
        return index.Sketching(self.ngram, self.unit, self.num_perm)

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """A row -> `id`, `kind`, `length` (code points), `strictness`, `signature` (num_perm little-endian uint32)."""
        texts = batch["text"].to_pylist()
        made = near.signatures(texts, num_perm=self.num_perm, ngram=self.ngram, unit=self.unit)
        rows = [row.tobytes() for row in made.astype("<u4")]
        lengths = pa.array([len(text) for text in texts], pa.int64())
        terms = zip(batch["licence"].to_pylist(), batch["confidentiality"].to_pylist(), strict=True)
        strict = pa.array([strictness(*pair) for pair in terms], pa.int8())
        signature = pa.array(rows, pa.binary(4 * self.num_perm))
        columns = {"id": batch["id"], "kind": batch["kind"], "length": lengths, "strictness": strict}
        return pa.record_batch({**columns, "signature": signature})

    def scan(self, features: pa.RecordBatch) -> Seen:
        """The batch's signatures as one array."""
        joined = b"".join(features["signature"].to_pylist())
        signatures = np.frombuffer(joined, dtype="<u4").reshape(-1, self.num_perm)
        rows = pa.record_batch({name: features[name] for name in ("id", "length", "strictness")})
        rows = rows.take(np.arange(len(rows)))  # a copy: these columns hold all that came in one message
        return Seen([rows], [signatures], set(features["kind"].unique().to_pylist()))

    def merge(self, into: Seen, other: Seen) -> Seen:
        """Append `other` to `into`, in place."""
        into.rows += other.rows
        into.signatures += other.signatures
        into.kinds |= other.kinds
        return into

    def settle(self, seen: Seen, texts: Texts) -> Seen:
        """Find the clusters and who stays. `texts` gives (id, text) of named rows, in any order."""
        rows, seen.rows = pa.Table.from_batches(seen.rows), []
        order = pc.sort_indices(rows["id"]).to_numpy()  # one order, however the batches came
        ids = rows["id"].take(order)
        signatures = _sorted(seen.signatures, order, self.num_perm)

        def ids_of(indices: Any) -> list[str]:
            found: list[str] = ids.take(np.asarray(indices, np.int64)).to_pylist()
            return found

        def texts_of(indices: Any) -> list[str]:
            wanted = ids_of(indices)
            found = dict(texts(wanted))
            return [found[id_] for id_ in wanted]

        others = self._others(signatures, texts_of, seen.kinds)
        seen.other_for = dict(zip(ids_of(list(others)), others.values(), strict=True))
        left = np.arange(len(ids))
        if others:
            left = np.delete(left, list(others))
        labels = near.near_duplicates_of(
            signatures[left] if others else signatures, lambda indices: texts_of(left[indices]),
            threshold=self.threshold, ngram=self.ngram, unit=self.unit,
        )  # fmt: skip
        alike = np.flatnonzero(np.bincount(labels, minlength=len(labels))[labels] > 1)
        worth = rows.take(order[left[alike]])
        its, strict, lengths = (worth[name].to_pylist() for name in ("id", "strictness", "length"))
        seen.kept_for = _survivors(its, strict, lengths, labels[alike].tolist())
        return seen

    def _others(self, signatures: Signatures, texts_of: Any, kinds: set[str]) -> dict[int, Repeated]:
        """Which rows nearly repeat a text of `against`, and which text that is."""
        if not self.against:
            return {}
        with index.opened(self.against, self._sketching) as indexes:
            return repeated(
                signatures, texts_of, indexes, kinds=kinds, threshold=self.threshold, sketching=self._sketching
            )

    def decide(self, features: pa.RecordBatch, seen: Seen) -> Verdicts:
        """Reject what repeats a text of `against`, and all of a cluster but the one that stays; both are named."""
        verdicts = Verdicts()
        for id_ in features["id"].to_pylist():
            other = seen.other_for.get(id_)
            if other is not None:
                verdicts.reject(id_, "minhash_dedup.near_copy_of_other", other=other.id, of=other.of)
            elif seen.kept_for.get(id_, id_) != id_:
                verdicts.reject(id_, "minhash_dedup.near_copy", kept=seen.kept_for[id_])
            else:
                verdicts.keep(id_)
        return verdicts


def _sorted(chunks: list[Signatures], order: NDArray[np.uint64], num_perm: int) -> Signatures:
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


def _survivors(ids: list[str], strict: list[int], lengths: list[int], labels: list[int]) -> dict[str, str]:
    """Who stays for each of these rows, all of clusters of two or more: the strictest, the longest, the smallest id."""
    best: dict[int, tuple[int, int, str]] = {}
    for id_, its, length, label in zip(ids, strict, lengths, labels, strict=True):
        best[label] = min((-its, -length, id_), best.get(label, (-its, -length, id_)))
    return {id_: best[label][2] for id_, label in zip(ids, labels, strict=True)}
