"""Reject what is no running text: menus, lists of links, stamps, tables and scraps. One score, no model.

Sees    the text of a document, passage or plain-text row, and its language; code and markup are left out.
Scores  from 0 to 1: the mean of seven parts under the weights of `PARTS`, each rising from its worst to its best.
Misses  what is well written and wrong, dull, stolen or advertising: it looks at form alone.
Source  the figures are those of Rae et al. 2021 (arXiv:2112.11446), Raffel et al. 2020 (arXiv:1910.10683) and Penedo et
        al. 2024 (arXiv:2406.17557); weights and ends were set on documents that people had rated.

A part that does not say anything of a text is left out, and the others carry its weight: case outside of the Latin
script, stop words in a language that has no list, ends of sentences in Thai and Lao.
"""

from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from factory.figures import Figure
from factory.verdicts import Verdicts
from filters import _bounds
from filters._prose import prose_figures

Figures = NDArray[np.float64]


class Part(NamedTuple):
    """One part of the score: 0 at `worst` or beyond, 1 at `best` or beyond, straight or by logarithm between."""

    weight: float
    worst: float
    best: float
    logarithmic: bool = False

    def of(self, figures: Figures) -> Figures:
        """The part's value, from 0 to 1, for each figure."""
        ends = np.array([self.worst, self.best])
        at = figures
        if self.logarithmic:
            ends, at = np.log(ends), np.log(np.maximum(figures, 1e-9))
        value: Figures = np.clip((at - ends[0]) / (ends[1] - ends[0]), 0, 1)
        return value


PARTS = {
    "words": Part(0.20, 20, 400, logarithmic=True),
    "words_a_sentence": Part(0.15, 5, 20, logarithmic=True),
    "special_chars": Part(0.25, 0.10, 0.02),
    "upper_case": Part(0.10, 0.15, 0.02),
    "stop_words": Part(0.10, 0.15, 0.45),
    "short_lines": Part(0.10, 0.50, 0.00),
    "line_ends": Part(0.10, 0.00, 0.80),
}


@dataclass(frozen=True)
class DocumentQuality:
    """Keep texts whose score is at least `min_score`."""

    sees: ClassVar[str] = "row"
    kinds: ClassVar[tuple[str, ...]] = ("document", "passage", "text")
    min_score: float = field(default=0.5, metadata={"decides": True})

    def __post_init__(self) -> None:
        _bounds.from_to(0, 1, min_score=self.min_score)

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """`id`, `text`, `language` -> `id` and the figure of each part; null where it says nothing of the text."""
        figures = prose_figures(batch["text"].to_pylist(), batch["language"].to_pylist())
        columns = {name: pa.array(figures[name].astype(float), from_pandas=True) for name in PARTS}
        return pa.record_batch({"id": batch["id"], **columns})

    def decide(self, features: pa.RecordBatch) -> Verdicts:
        """Reject what scores below the bound; the evidence gives the score and the figures it was made of."""
        figures, scores = _scored(features)
        verdicts = Verdicts()
        for nth, id_ in enumerate(features["id"].to_pylist()):
            if scores[nth] >= self.min_score:
                verdicts.keep(id_)
            else:
                shown = {name: round(float(its[nth]), 3) for name, its in figures.items() if not np.isnan(its[nth])}
                verdicts.reject(id_, "document_quality.low_score", score=round(float(scores[nth]), 3), **shown)
        return verdicts

    def figures(self, features: pa.RecordBatch) -> list[Figure]:
        """The score."""
        return [Figure("score", _scored(features)[1], least=self.min_score)]


def _scored(features: pa.RecordBatch) -> tuple[dict[str, Figures], Figures]:
    """The figures of each part, and the score that they make."""
    figures = {name: features[name].to_numpy(zero_copy_only=False) for name in PARTS}
    return figures, score(figures)


def score(figures: dict[str, Figures]) -> Figures:
    """The weighted mean of the parts that each text has; a text without a word has 0."""
    values = np.stack([part.of(figures[name]) for name, part in PARTS.items()])
    weights = np.array([part.weight for part in PARTS.values()])[:, None] * ~np.isnan(values)
    mean: Figures = (np.nan_to_num(values) * weights).sum(axis=0) / weights.sum(axis=0)
    return np.where(figures["words"] > 0, mean, 0.0)
