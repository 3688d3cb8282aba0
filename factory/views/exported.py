"""Reading `dataset/`: the rows that leave, in one order: by kind, split, id. Nothing where the export is not done."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from factory import records, tables
from factory.errors import DeadWorld
from factory.runs import Run
from factory.stages.export import EXPORTED
from factory.stages.splits import SPLITS

Columns = list[str] | None
PAIR = re.compile(r"/\d+-\d+$")
WHOLE: dict[str, Columns] = dict.fromkeys(EXPORTED)
TEXTS: dict[str, Columns] = {kind: [name for name, _ in columns] for kind, columns in EXPORTED.items()}
IDS: dict[str, Columns] = {kind: ["id"] for kind in EXPORTED}
METAS: dict[str, Columns] = {kind: ["id", "meta"] for kind in EXPORTED}


def files(run: Run) -> Iterator[tuple[str, str, Path]]:
    """(kind, split, file) of everything exported."""
    if run.stands("export"):
        for kind in run.kinds:
            for split in SPLITS:
                for file in sorted((run.path / "dataset" / kind).glob(f"{split}-*.parquet")):
                    yield kind, split, file


@dataclass(frozen=True)
class _Group:
    """A row group, which is decoded when it is asked for."""

    path: Path
    opened: pq.ParquetFile
    nth: int

    @property
    def rows(self) -> int:
        return int(self.opened.metadata.row_group(self.nth).num_rows)

    def read(self, columns: Columns) -> pa.Table:
        with _reading(self.path):
            return self.opened.read_row_group(self.nth, columns=columns, use_threads=False)


def _groups(run: Run) -> Iterator[tuple[str, str, _Group]]:
    for kind, split, file in files(run):
        opened = _open(file)
        yield from ((kind, split, _Group(file, opened, nth)) for nth in range(opened.num_row_groups))


def _open(file: Path) -> pq.ParquetFile:
    with _reading(file):
        return tables.parquet(file, memory_map=True)


@contextmanager
def _reading(file: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowInvalid, OSError) as error:
        place = f"dataset/{file.parent.name}/{file.name}"
        raise DeadWorld(f"{place} is damaged. Delete dataset/ and export the run again: it is rebuilt.") from error


def batches(run: Run, columns: dict[str, Columns]) -> Iterator[tuple[str, str, pa.RecordBatch]]:
    """(kind, split, batch) of all rows in order, of those kinds that `columns` names."""
    for kind, split, group in _groups(run):
        if kind in columns:
            read = group.read(columns[kind])
            yield from ((kind, split, batch) for batch in read.to_batches(tables.BATCH_ROWS))


def count(run: Run) -> int:
    """How many rows there are, without reading them."""
    return sum(_open(file).metadata.num_rows for _, _, file in files(run))


def ids(run: Run) -> Iterator[str]:
    """The id of every row."""
    for _, _, batch in batches(run, IDS):
        yield from batch["id"].to_pylist()


def metas(run: Run) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """(kind, split, id, meta) of every row."""
    for kind, split, batch in batches(run, METAS):
        for id_, meta in zip(batch["id"].to_pylist(), batch["meta"].to_pylist(), strict=True):
            yield kind, split, id_, json.loads(meta)


def texts(run: Run) -> Iterator[tuple[str, str, list[str]]]:
    """(kind, split, joined texts) of every row, batch by batch."""
    for kind, split, batch in batches(run, TEXTS):
        yield kind, split, [records.joined(kind, row) for row in batch.to_pylist()]


def record_of(id_: str) -> str:
    """The id of the record that an exported row is of: a ranking leaves as pairs, `…/0-1`."""
    return PAIR.sub("", id_)


def at(run: Run, positions: Sequence[int], columns: dict[str, Columns]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(kind, split, row) of some rows, by their place in the order; `positions` ascend."""
    nth = first = 0
    for kind, split, group in _groups(run):
        end = first + group.rows
        here = []
        while nth < len(positions) and positions[nth] < end:
            here.append(positions[nth] - first)
            nth += 1
        if here:
            picked = group.read(columns[kind]).take(pa.array(here))
            yield from ((kind, split, row) for row in picked.to_pylist())
        first = end


def ids_at(run: Run, positions: Sequence[int]) -> list[str]:
    """The ids of some rows, by their place in the order; `positions` ascend."""
    return [row["id"] for _, _, row in at(run, positions, IDS)]


def texts_at(run: Run, positions: Sequence[int]) -> list[str]:
    """The joined texts of some rows, by their place in the order; `positions` ascend."""
    return [records.joined(kind, row) for kind, _, row in at(run, positions, TEXTS)]
