"""Reject a row that shares words with an item of a benchmark: a model that trained on it cannot be tested by it.

Sees    each string of a row: what is asked and what is answered.
Needs   benchmark files, or an index of their hashes; what is in them is part of what names the features.
Says    which benchmark, which item, where in the row; no word of the benchmark is in features or verdicts.
Misses  paraphrases and translations.
Source  any shared n-gram, as in Brown et al. 2020 (arXiv:2005.14165, appendix C), on words folded as in
        `factory/folding.py`; beside it the weighted containment of `factory/contamination/overlap.py`.
"""

from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa

from factory.contamination import index
from factory.contamination.containment import FLOOR
from factory.contamination.overlap import Overlap
from factory.figures import Figure
from factory.records import BESIDE
from factory.verdicts import Verdicts
from filters import _bounds, _shown

LONG = 13  # words: a run that no two texts have by chance (n of Brown et al. 2020)
DECIDES = {"decides": True}
HIT = pa.struct(
    [
        ("how", pa.string()),
        ("benchmark", pa.string()),
        ("item", pa.string()),
        ("field", pa.string()),
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("words", pa.int64()),
        ("share", pa.float64()),
    ]
)
REASONS = {  # the surest first
    "run": "contamination.shared_run",
    "words": "contamination.shared_words",
    "whole": "contamination.short_item",
}


@dataclass(frozen=True)
class Contamination:
    """Keep rows of which no item of a benchmark has a run of words, most of its words, or all of a short one."""

    sees: ClassVar[str] = "strings"
    judges: ClassVar[bool] = True
    against: list[Path]
    ngram: int = 8
    share: float = field(default=0.4, metadata=DECIDES)
    containment: float = field(default=0.62, metadata=DECIDES)
    action: Literal["reject", "flag"] = field(default="reject", metadata=DECIDES)

    def __post_init__(self) -> None:
        if not self.against:
            raise ValueError("'against' names no benchmark")
        _bounds.from_to(4, 64, ngram=self.ngram)
        _bounds.from_to(0, 1, share=self.share)
        _bounds.from_to(FLOOR, 1, containment=self.containment)
        self.notes()  # a benchmark that cannot be read stops the recipe, not each row

    @cached_property
    def _overlap(self) -> Overlap:
        return Overlap(index.load(self.against, self.ngram), self.ngram)

    def notes(self) -> dict[str, int]:
        """How many items are looked for, how many of them whole, and how many are too short to be looked for."""
        items = self._overlap.items
        whole, checked = sum(bool(item.whole) for item in items), sum(item.is_checked for item in items)
        return {"items": len(items), "items_whole": whole, "items_not_checked": len(items) - checked}

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """`id`, `field`, `role`, `text` -> `id`, `hits`: of each way to be found the best, with the item and the place.

        The quotes of `meta` are passed over: no trainer shows them to a model.
        """
        groups = [(id_, list(strings)) for id_, strings in groupby(_shown.strings(batch), key=itemgetter(0))]
        learned = [[string for string in strings if string[2] not in BESIDE] for _, strings in groups]
        found = self._overlap.search([[text for *_, text in strings] for strings in learned])
        hits = [
            [self._named(hit, strings[hit.string][1]) for hit in its]
            for strings, its in zip(learned, found, strict=True)
        ]
        ids = pa.array([id_ for id_, _ in groups], pa.string())
        return pa.record_batch({"id": ids, "hits": pa.array(hits, pa.list_(HIT))})

    def _named(self, hit: Any, in_field: str) -> dict[str, Any]:
        item = self._overlap.items[hit.item]
        which = {"how": hit.how, "benchmark": item.benchmark, "item": item.item}
        place = {"field": in_field, "start": hit.start, "end": hit.end}
        return {**which, **place, "words": hit.words, "share": hit.share}

    def _counts(self, hit: dict[str, Any]) -> bool:
        """Whether a hit says that the row has the item: a short run must be a good part of it."""
        if hit["how"] == "run":
            return bool(hit["words"] >= LONG or hit["share"] >= self.share)
        return hit["how"] == "whole" or bool(hit["share"] >= self.containment)

    def figures(self, features: pa.RecordBatch) -> list[Figure]:
        """How much of the likeliest item's words, weighted by how rare they are, a row has; from a floor on."""
        found = [[hit["share"] for hit in hits if hit["how"] == "words"] for hits in features["hits"].to_pylist()]
        best = np.array([max(shares, default=np.nan) for shares in found], np.float64)
        return [Figure("containment", best, least=None, most=self.containment)]

    def decide(self, features: pa.RecordBatch) -> Verdicts:
        """Reject or flag a row by the surest of its hits; the evidence is that hit."""
        verdicts = Verdicts()
        say = verdicts.reject if self.action == "reject" else verdicts.flag
        for id_, hits in zip(features["id"].to_pylist(), features["hits"].to_pylist(), strict=True):
            counted = [hit for hit in hits if self._counts(hit)]
            if not counted:
                verdicts.keep(id_)
                continue
            surest = min(counted, key=lambda hit: list(REASONS).index(hit["how"]))
            say(id_, REASONS[surest.pop("how")], **surest)
        return verdicts
