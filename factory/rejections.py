"""Rejections that have no verdict: files, lines, units. One table a stage in `rejected/`; the ledger reads it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa

from factory import tables
from factory.runs import Run

VERSION = 1
SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),  # the document, unit or record it would have been
        pa.field("place", pa.string(), nullable=False),  # source/path:line, or the unit
        pa.field("reason", pa.string(), nullable=False),
        pa.field("detail", pa.string()),
    ],
    metadata={"factory.table": "rejected", "factory.version": str(VERSION)},
)


def path(run: Run, stage: str) -> Path:
    """Where the rejections of a stage stand."""
    return run.path / "rejected" / f"{stage}.parquet"


def write(run: Run, stage: str, rows: Iterable[dict[str, Any]]) -> int:
    """Write a stage's rejections; returns how many."""
    return tables.write_parquet(path(run, stage), SCHEMA, [pa.Table.from_pylist(list(rows), schema=SCHEMA)])


def read(run: Run, stage: str) -> list[dict[str, Any]]:
    """The rejections of a stage; none where it had none."""
    return [row for batch in tables.read_file(path(run, stage), SCHEMA) for row in batch.to_pylist()]


def matches(reason: str, prefix: str) -> bool:
    """Whether a dotted reason is `prefix` or lies under it."""
    return reason == prefix or reason.startswith(prefix.rstrip(".") + ".")
