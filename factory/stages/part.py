"""A part of a records' table, and what filters that remove nothing say of its rows: worked out here or elsewhere.

A part is Arrow as it lies in the table, with the edits of earlier filters beside it, so that whoever works it out makes
rows of it once, for all filters. What is plainly kept is not said: of most rows nothing comes back.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from factory import figures, tables
from factory.corpus import Kept, Row, Table, batch_of, record_row
from factory.edits import Edit, EditMap
from factory.figures import Figure
from factory.plugins import Filter
from factory.stages.judging import as_batch, decided, fresh_of, one_each
from factory.workers import Worker

ROWS = 512
BYTES = 4_000_000  # of a part, where it has more than one row
UNUSED = ("unit", "digest", "reason")  # columns that no filter sees

# by row of the part and field: start, end, kind, replacement; as JSON has it
Edits = dict[int, dict[str, list[list[Any]]]]


@dataclass(frozen=True)
class Part:
    """Some rows of one kind, in order, all of them alive."""

    kind: str
    rows: pa.RecordBatch
    edits: Edits

    def __len__(self) -> int:
        return len(self.rows)

    def as_rows(self) -> list[Row]:
        """The rows as filters see them, edits applied."""
        made = [record_row(self.kind, row, nth) for nth, row in enumerate(self.rows.to_pylist())]
        for nth, by_field in self.edits.items():
            made[nth].apply({name: EditMap(tuple(Edit(*edit) for edit in its)) for name, its in by_field.items()})
        return made


@dataclass(frozen=True)
class Said:
    """What one filter gave for a part: verdicts but for plain keeps, its figures, the features that wait for others."""

    verdicts: list[Mapping[str, Any]]
    features: pa.Table | None = None
    figures: Sequence[Figure] = ()


def parts(table: Table, state: Kept) -> Iterator[Part]:
    """The rows of a records' table that live, in order."""
    columns = [name for name in table.schema.names if name not in UNUSED]
    offset = 0
    for batch in tables.batches(table.folder, table.schema, columns=columns, rows=ROWS):
        alive = np.flatnonzero(state.alive[offset : offset + len(batch)])
        living = batch if len(alive) == len(batch) else batch.take(pa.array(alive))
        at = (alive + offset).tolist()
        offset += len(batch)
        for start, end in _cuts(living, 0, len(living)):
            edits = {nth: _as_lists(state.edits[its]) for nth, its in enumerate(at[start:end]) if its in state.edits}
            yield Part(table.kind, living.slice(start, end - start), edits)


def _cuts(rows: pa.RecordBatch, start: int, end: int) -> Iterable[tuple[int, int]]:
    """Halves of halves until none is large."""
    if end - start <= 1 or rows.slice(start, end - start).nbytes <= BYTES:
        return [(start, end)] if end > start else []
    middle = (start + end) // 2
    return [*_cuts(rows, start, middle), *_cuts(rows, middle, end)]


def _as_lists(edits: Mapping[str, EditMap]) -> dict[str, list[list[Any]]]:
    return {name: [[e.start, e.end, e.kind, e.replacement] for e in its.edits] for name, its in edits.items()}


def said_of(part: Part, filters: Sequence[Filter]) -> list[Said]:
    """What each filter says of a part, as if it stood alone. Those that must see all rows only measure."""
    rows = part.as_rows()
    sights = {sees: batch_of(rows, sees) for sees in {filter_.sees for filter_ in filters}}
    return [said_by(filter_, rows, sight=sights[filter_.sees]) for filter_ in filters]


def said_by(
    filter_: Filter, rows: Sequence[Row], worker: Worker | None = None, sight: pa.RecordBatch | None = None
) -> Said:
    """What one filter says of rows; `sight` is what it sees of them, where that is made already."""
    features, raised = fresh_of(rows, filter_, worker, sight)
    failed = [verdict for _, verdict in raised]
    if features is None or filter_.scans:
        return Said(failed, features)
    gone = {row.id for row, _ in raised}
    shown = [row for row in rows if row.id not in gone] if gone else rows
    measured = as_batch(features)
    its = one_each(filter_, decided(filter_, measured), shown).values()
    told = [*failed, *(verdict for verdict in its if verdict["reason"] is not None or verdict["evidence"])]
    return Said(told, figures=figures.of(filter_, measured))
