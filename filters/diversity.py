"""Keep the best rows that are unlike each other: by score, each only if nothing like it was taken before.

Sees    the strings of a row and its `meta`.
Needs   with `vectors: embeddings` the extra of that name, `train` for a model in a folder, or a model of the recipe;
        `words`, the default, needs nothing.
State   a vector (512 bytes for words, 256 for wordllama's), a score and an id: about 700 bytes of RAM a row, and the
        same vectors once more while it settles.
Costs   5,000 rows of 60 words a second to measure; then time grows with rows times rows that stay.
Order   does not matter: rows are taken by score, of equal ones the smallest id first; one without a score comes last.
Source  Liu et al. 2023, DEITA (arXiv:2312.15685), section 2.4: score first, then diversity. Its distance is 0.1 on
        embeddings of a large model. Words as hashed vectors: Weinberger et al. 2009 (arXiv:0902.2206), weighted by how
        rare they are among the rows (tf-idf: Spärck Jones 1972).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa

from factory import folding
from factory.verdicts import Verdicts
from filters import _bounds, _embedders, _shown
from filters._embedders import DEFAULT, embedded
from filters._embeddings import Vectors, column, from_column, quantised
from filters._nearest import TINY, cosines

BUCKETS = 512  # that words are hashed to
BLOCK = 256  # rows held against those that stay at once
AT_ONCE = 1 << 14  # rows that stay, of these: 16 MB of cosines
KNOWN_WORDS = 1 << 18  # whose hashes are kept at hand
DECIDES = {"decides": True}


@dataclass
class Seen:
    """The rows so far; after `settle`, who stays, and for each that is too near who that is and how near."""

    ids: list[str] = field(default_factory=list)
    scores: list[float | None] = field(default_factory=list)
    vectors: list[Vectors] = field(default_factory=list)
    stays: set[str] = field(default_factory=set)
    near: dict[str, tuple[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Diversity:
    """Keep at most `keep` rows, the best first, none nearer than `distance` to a better one that stays.

    `embedder`: the model of `vectors: embeddings`: `wordllama`, `sentence-transformers:FOLDER`, or `model:NAME`.
    """

    sees: ClassVar[str] = "record"
    keep: int = field(metadata=DECIDES)
    distance: float = field(default=0.1, metadata=DECIDES)
    score: str = "length"
    vectors: Literal["words", "embeddings"] = "words"
    embedder: str = DEFAULT

    def __post_init__(self) -> None:
        if self.keep < 1:
            raise ValueError("keep must be at least 1")
        _bounds.from_to(0, 1, distance=self.distance)
        if self.vectors == "embeddings":
            _embedders.check(self.embedder)
        elif self.embedder != DEFAULT:
            raise ValueError("embedder needs vectors: embeddings")

    def depends_on(self) -> str:
        """The release of the model."""
        return _embedders.version(self.embedder) if self.vectors == "embeddings" else ""

    @property
    def asks(self) -> str:
        """The model of the recipe whose vectors it wants."""
        return _embedders.asked(self.embedder)

    def embeds(self, batch: pa.RecordBatch) -> list[str]:
        """The text of each row."""
        return [
            "\n".join(string["text"] for string in strings if string["role"] != "quote")
            for strings in _shown.rows(batch)
        ]

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """A row -> `id`, `score` (null where `meta` has none), `vector`."""
        texts = self.embeds(batch)
        metas = _shown.metas(batch)
        scores = [self._score(text, meta) for text, meta in zip(texts, metas, strict=True)]
        known = self.vectors == "embeddings"
        made = embedded(texts, self.embedder, batch) if known else quantised(_hashed(texts))
        return pa.record_batch({"id": batch["id"], "score": pa.array(scores, pa.float64()), "vector": column(made)})

    def _score(self, text: str, meta: dict[str, Any]) -> float | None:
        value = len(text) if self.score == "length" else meta.get(self.score)
        return float(value) if isinstance(value, int | float) and value == value else None  # NaN is no score

    def scan(self, features: pa.RecordBatch) -> Seen:
        """The batch's vectors as one array."""
        return Seen(features["id"].to_pylist(), features["score"].to_pylist(), [from_column(features["vector"])])

    def merge(self, into: Seen, other: Seen) -> Seen:
        """Append `other` to `into`, in place."""
        into.ids += other.ids
        into.scores += other.scores
        into.vectors += other.vectors
        return into

    def settle(self, seen: Seen, texts: Any) -> Seen:
        """Find who stays; no text is read again."""
        scores, ids = seen.scores, seen.ids
        order = sorted(range(len(ids)), key=lambda nth: _best_first(scores[nth], ids[nth]))
        vectors = np.concatenate(seen.vectors)[order]
        seen.vectors = []
        if self.vectors == "words":
            vectors = _weighted(vectors)
        stays, near = _chosen(vectors, self.keep, 1 - self.distance)
        seen.stays = {ids[order[row]] for row in stays}
        seen.near = {ids[order[row]]: (ids[order[to]], cosine) for row, (to, cosine) in near.items()}
        return seen

    def decide(self, features: pa.RecordBatch, seen: Seen) -> Verdicts:
        """Reject what is too near a better row that stays, and what comes once enough stay."""
        verdicts = Verdicts()
        for id_ in features["id"].to_pylist():
            if id_ in seen.stays:
                verdicts.keep(id_)
            elif id_ in seen.near:
                kept, cosine = seen.near[id_]
                verdicts.reject(id_, "diversity.near_better", kept=kept, distance=max(0.0, round(1 - cosine, 3)))
            else:
                verdicts.reject(id_, "diversity.surplus", keep=self.keep)
        return verdicts


def _best_first(score: float | None, id_: str) -> tuple[bool, float, str]:
    return score is None, -(score or 0), id_


def _chosen(vectors: Vectors, keep: int, most: float) -> tuple[list[int], dict[int, tuple[int, float]]]:
    """Which rows stay, taken in order until there are `keep`; of those before, to which one a row was too near."""
    stays: list[int] = []
    near: dict[int, tuple[int, float]] = {}
    for begin in range(0, len(vectors), BLOCK):
        block = vectors[begin : begin + BLOCK]
        before = _nearest(block, vectors, stays)
        within = cosines(block, block)
        fresh: list[int] = []  # rows of this block that stay
        for nth in range(len(block)):
            if len(stays) == keep:
                return stays, near
            to, cosine = before[nth]
            if fresh and (here := within[nth, fresh]).max() > cosine:
                to, cosine = begin + fresh[int(here.argmax())], float(here.max())
            if cosine >= most - TINY and to >= 0:
                near[begin + nth] = (to, cosine)
            else:
                stays.append(begin + nth)
                fresh.append(nth)
    return stays, near


def _nearest(block: Vectors, vectors: Vectors, stays: Sequence[int]) -> list[tuple[int, float]]:
    """Of each row the nearest of those that stay, the first of equals, and the cosine; -1 where there is none."""
    best = np.full(len(block), -1), np.full(len(block), -1.0)
    for begin in range(0, len(stays), AT_ONCE):
        some = np.array(stays[begin : begin + AT_ONCE])
        found = cosines(block, vectors[some])
        at = found.argmax(axis=1)
        its = found[np.arange(len(block)), at]
        nearer = its > best[1]
        best[0][nearer], best[1][nearer] = some[at[nearer]], its[nearer]
    return list(zip(best[0].tolist(), best[1].tolist(), strict=True))


def _hashed(texts: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """How often each text has the words of each bucket, damped; half of the words count as less than nothing."""
    rows = np.zeros((len(texts), BUCKETS))
    for row, text in zip(rows, texts, strict=True):
        for word, count in Counter(folding.words(text)).items():
            bucket, sign = _bucket(word)
            row[bucket] += sign * (1 + np.log(count))
    return rows


@lru_cache(KNOWN_WORDS)
def _bucket(word: str) -> tuple[int, int]:
    number = int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=4).digest(), "little")
    return number % BUCKETS, 1 if number >> 31 else -1


def _weighted(vectors: Vectors) -> Vectors:
    """The vectors with each bucket weighted by how few rows have something in it."""
    having = np.count_nonzero(vectors, axis=0)
    weights = np.log((1 + len(vectors)) / (1 + having)) + 0.01  # in a bucket that all rows have lies a little
    weighted = np.empty_like(vectors)
    for begin in range(0, len(vectors), BLOCK):
        weighted[begin : begin + BLOCK] = quantised(vectors[begin : begin + BLOCK] * weights)
    return weighted
