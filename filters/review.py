"""Apply what people decided on rows: approved ones stay, rejected ones go, edited answers replace those they read.

Sees    a row's own texts and its kind; the decisions come from files that `factory export --review` wrote and
        a person filled in.
Misses  rows that nobody read: they pass, and count as not looked at. A row whose text is another one now than a person
        read is flagged, and the decision on it is not applied; put this filter last, where rows are as they were read.
Costs   no model call; the files are held in memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from factory import reviews
from factory.edits import Edit
from factory.records import Text
from factory.reviews import Decision
from factory.verdicts import Verdicts

REASONS = {"reject": "review.rejected", "other_order": "review.other_order", "no_better": "review.no_better"}


@dataclass(frozen=True)
class Review:
    """Keep, edit or reject the rows of these files as people decided; a later file may speak of a row once more."""

    sees: ClassVar[str] = "record"
    file: Path | list[Path]

    def __post_init__(self) -> None:
        self._decisions()

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """A row -> `id`, `said` (what becomes of it, '' where nobody decided), `place`, and the edit, if any."""
        decisions = self._decisions()
        rows = [_applied(row, decisions.get(row["id"], [])) for row in batch.to_pylist()]
        names = {"said": pa.string(), "place": pa.string(), "field": pa.string(), "length": pa.int64(),
                 "text": pa.large_string()}  # fmt: skip
        columns = {name: pa.array([row.get(name) for row in rows], type_) for name, type_ in names.items()}
        return pa.record_batch({"id": batch["id"], **columns})

    def decide(self, features: pa.RecordBatch) -> Verdicts:
        """One verdict a row; the evidence names file and line."""
        verdicts = Verdicts()
        for row in features.to_pylist():
            said, place = row["said"], {"place": row["place"]}
            if said in REASONS:
                verdicts.reject(row["id"], REASONS[said], **place)
            elif said == "edit":
                edit = Edit(0, row["length"], "review", row["text"])
                verdicts.edit(row["id"], [(row["field"], edit)], "review.edited", **place)
            elif said == "changed":
                verdicts.flag(row["id"], "review.changed_since", **place)
            elif said == "approve":
                verdicts.keep(row["id"])
            else:
                verdicts.skip(row["id"], "nobody decided")
        return verdicts

    def _decisions(self) -> dict[str, list[Decision]]:
        files = self.file if isinstance(self.file, list) else [self.file]
        stats = [file.stat() for file in files]
        return _read(tuple(files), tuple((stat.st_mtime_ns, stat.st_size) for stat in stats))


@cache
def _read(files: tuple[Path, ...], _: tuple[tuple[int, int], ...]) -> dict[str, list[Decision]]:
    return dict(reviews.each_once([decision for file in files for decision in reviews.read(file)]))


def _applied(row: dict[str, Any], decisions: Sequence[Decision]) -> dict[str, Any]:
    """What the decisions on a row come to, each applied to the text that the one before left."""
    kind, strings = row["kind"], [Text(**string) for string in row["strings"]]
    found: dict[str, Any] = {"said": "changed" if decisions else "", "place": "".join(d.place for d in decisions[-1:])}
    length = {string.field: len(string.text) for string in strings}
    edited: dict[str, Any] = {}
    for decision in decisions:
        if decision.digest != reviews.digest(kind, strings):
            continue
        found = {"said": _said(decision), "place": decision.place}
        if decision.says == "edit":
            [answer] = reviews.answers(kind, strings)
            strings = [s._replace(text=decision.text) if s.field == answer.field else s for s in strings]
            edited = {"field": answer.field, "length": length[answer.field], "text": decision.text}
    return {**found, **edited, "said": "edit"} if edited and found["said"] in ("edit", "approve") else found


def _said(decision: Decision) -> str:
    """What a decision comes to: an order of answers is held against the row's own."""
    if decision.says != "rank":
        return decision.says
    agrees = reviews.agrees(decision.ranks, decision.row_ranks)
    return "no_better" if agrees is None else "approve" if agrees else "other_order"
