"""Reject a row that says what another row says, in other words: near as a vector, and the same in every particular.

Sees    the whole text of a row, its language, and its declared licence and confidentiality.
Needs   the extra `embeddings`; its model lies in the wheel, nothing is downloaded. A model in a folder, with the extra
        `train`, or one that a server serves may find candidates in its place (`_embedders`).
Finds   candidates by the cosine of embeddings; each pair is then confirmed word by word (`_same_meaning`): texts that
        differ in a number, a name, a negation or the order of what they speak of are never the same, however near.
State   a vector of 256 bytes (or a byte for each number of another model), a digest of the numbers, a length, an id:
        about 450 bytes of RAM a row.
Costs   time as `_nearest`; the texts of candidates are read again, 16,384 at once.
Order   does not matter: of two rows that say the same stays the one under the strictest terms, of these the longest, of
        these the smallest id. What goes is confirmed against the very row that stays, never through a third.
Source  embeddings to find semantic duplicates: Abbas et al. 2023, SemDeDup (arXiv:2303.09540), where a threshold
        decides alone.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from sys import intern
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from factory.policy import strictness
from factory.verdicts import Verdicts
from filters import _bounds, _embedders, _meanings
from filters._embedders import DEFAULT, embedded
from filters._embeddings import Vectors, check_installed, column, from_column
from filters._same_meaning import Told, told

Texts = Callable[[Sequence[str]], Iterable[tuple[str, str]]]


@dataclass
class Seen:
    """The rows so far; after `settle`, for each that goes the row that stays, and their cosine."""

    ids: list[str] = field(default_factory=list)
    languages: list[str | None] = field(default_factory=list)
    worth: list[tuple[int, int]] = field(default_factory=list)
    numbers: list[NDArray[np.uint64]] = field(default_factory=list)
    vectors: list[Vectors] = field(default_factory=list)
    kept_for: dict[str, tuple[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class SemanticDedup:
    """Keep one row of each meaning.

    `embedder`: the model that finds candidates: `wordllama`, `sentence-transformers:FOLDER`, or `model:NAME`.
    """

    sees: ClassVar[str] = "row"
    dear: ClassVar[bool] = True
    threshold: float = field(default=0.8, metadata={"decides": True})
    synonym: float = field(default=0.6, metadata={"decides": True})
    embedder: str = DEFAULT

    def __post_init__(self) -> None:
        _bounds.from_to(0.5, 1, threshold=self.threshold)
        _bounds.above_zero(synonym=self.synonym)
        check_installed()  # it tells synonyms, whoever finds candidates
        _embedders.check(self.embedder)

    def depends_on(self) -> str:
        """The releases of the models."""
        return " ".join(map(_embedders.version, sorted({DEFAULT, self.embedder})))

    @property
    def asks(self) -> str:
        """The model of the recipe whose vectors it wants."""
        return _embedders.asked(self.embedder)

    def embeds(self, batch: pa.RecordBatch) -> list[str]:
        """The text of each row."""
        texts: list[str] = batch["text"].to_pylist()
        return texts

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """A row -> `id`, `language`, `length`, `strictness`, `numbers` (a digest), `vector` (signed bytes)."""
        texts, languages = batch["text"].to_pylist(), batch["language"].to_pylist()
        terms = zip(batch["licence"].to_pylist(), batch["confidentiality"].to_pylist(), strict=True)
        numbers = [_meanings.digest(told(*pair).numbers) for pair in zip(texts, languages, strict=True)]
        columns = {
            "id": batch["id"],
            "language": batch["language"],
            "length": pa.array(map(len, texts), pa.int64()),
            "strictness": pa.array([strictness(*pair) for pair in terms], pa.int8()),
            "numbers": pa.array(numbers, pa.uint64()),
            "vector": column(embedded(texts, self.embedder, batch)),
        }
        return pa.record_batch(columns)

    def scan(self, features: pa.RecordBatch) -> Seen:
        """The batch's vectors as one array."""
        languages = [language and intern(language) for language in features["language"].to_pylist()]
        worth = zip(features["strictness"].to_pylist(), features["length"].to_pylist(), strict=True)
        numbers = features["numbers"].to_numpy(zero_copy_only=False).astype(np.uint64)
        vectors = from_column(features["vector"])
        return Seen(features["id"].to_pylist(), languages, list(worth), [numbers], [vectors])

    def merge(self, into: Seen, other: Seen) -> Seen:
        """Append `other` to `into`, in place."""
        into.ids += other.ids
        into.languages += other.languages
        into.worth += other.worth
        into.numbers += other.numbers
        into.vectors += other.vectors
        return into

    def settle(self, seen: Seen, texts: Texts) -> Seen:
        """Find who says the same and who stays. `texts` gives (id, text) of named rows, in any order."""
        order = sorted(range(len(seen.ids)), key=lambda nth: _best_first(*seen.worth[nth], seen.ids[nth]))
        vectors, numbers = np.concatenate(seen.vectors)[order], np.concatenate(seen.numbers)[order]
        ids, languages = [seen.ids[nth] for nth in order], [seen.languages[nth] for nth in order]
        seen.vectors, seen.numbers = [], []

        def told_of(rows: list[int]) -> dict[int, Told]:
            found = dict(texts([ids[row] for row in rows]))
            return {row: told(found[ids[row]], languages[row]) for row in rows}

        gone = _meanings.gone(vectors, numbers, told_of, threshold=self.threshold, synonym=self.synonym)
        seen.kept_for = {ids[row]: (ids[better], cosine) for row, (better, cosine) in gone.items()}
        return seen

    def decide(self, features: pa.RecordBatch, seen: Seen) -> Verdicts:
        """Reject what says the same as a row that stays; the evidence names that row and the cosine."""
        verdicts = Verdicts()
        for id_ in features["id"].to_pylist():
            if id_ in seen.kept_for:
                kept, cosine = seen.kept_for[id_]
                verdicts.reject(id_, "semantic_dedup.same_meaning", kept=kept, cosine=cosine)
            else:
                verdicts.keep(id_)
        return verdicts


def _best_first(strict: int, length: int, id_: str) -> tuple[int, int, str]:
    return -strict, -length, id_
