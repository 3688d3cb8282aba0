"""Parquet and Arrow files (also those of `save_to_disk`) as rows, a batch at a time, and the names of their classes.

A memory-mapped Arrow file costs one batch; of a Parquet file one row group's columns are held.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from factory.errors import BadItem

BATCH_ROWS = 512
ClassNames = dict[str, list[str]]


def read_parquet(path: Path) -> tuple[Iterator[pa.RecordBatch], ClassNames]:
    """The batches of a Parquet file. Raises BadItem: ingest.corrupt_table."""
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise _corrupt("Parquet") from error
    return _guarded(file.iter_batches(BATCH_ROWS, use_threads=False), "Parquet"), class_names(file.schema_arrow)


def read_arrow(path: Path) -> tuple[Iterator[pa.RecordBatch], ClassNames]:
    """The batches of an Arrow file, be it in the stream or in the file format. Raises BadItem: ingest.corrupt_table."""
    source = pa.memory_map(str(path))
    try:
        try:
            reader = pa.ipc.open_stream(source)
            batches = iter(reader)
        except pa.ArrowInvalid:
            reader = pa.ipc.open_file(source)
            batches = (reader.get_batch(nth) for nth in range(reader.num_record_batches))
    except (pa.ArrowInvalid, OSError) as error:
        raise _corrupt("Arrow") from error
    return _guarded(_cut(batches), "Arrow"), class_names(reader.schema)


def schema_of(path: Path, *, parquet: bool) -> pa.Schema:
    """The schema of a file. Raises BadItem: ingest.corrupt_table."""
    try:
        if parquet:
            return pq.read_schema(path)
        with pa.memory_map(str(path)) as source:
            try:
                return pa.ipc.open_stream(source).schema
            except pa.ArrowInvalid:
                return pa.ipc.open_file(source).schema
    except (pa.ArrowInvalid, OSError) as error:
        raise _corrupt("Parquet" if parquet else "Arrow") from error


def rows_of(batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[int, dict[str, Any] | BadItem]]:
    """Number (from 1) and cells by column of each row; what ends the batches early is the last."""
    number = 0
    try:
        for batch in batches:
            for row in _rows(batch):
                number += 1
                yield number, row
    except BadItem as rejection:
        yield number + 1, rejection


def _rows(batch: pa.RecordBatch) -> Iterator[dict[str, Any] | BadItem]:
    """The rows of a batch; one whose bytes are not the text they should be costs only itself."""
    try:
        yield from batch.to_pylist()
        return
    except UnicodeDecodeError:
        alone = [batch.slice(nth, 1) for nth in range(len(batch))]
    for row in alone:
        try:
            yield row.to_pylist()[0]
        except UnicodeDecodeError:
            yield BadItem("ingest.undecodable", "A text in it is not UTF-8. Write the file again.")


def class_names(schema: pa.Schema) -> ClassNames:
    """The names of a ClassLabel's numbers by column, as `datasets` writes them into a schema."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        return {
            name: list(its["names"]) for name, its in features.items()
            if isinstance(its, dict) and its.get("_type") == "ClassLabel"
        }  # fmt: skip
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}


def _cut(batches: Any) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        yield from (batch.slice(at, BATCH_ROWS) for at in range(0, len(batch), BATCH_ROWS))


def _guarded(batches: Any, what: str) -> Iterator[pa.RecordBatch]:
    try:
        yield from batches
    except (pa.ArrowInvalid, OSError) as error:
        raise _corrupt(what) from error


def _corrupt(what: str) -> BadItem:
    return BadItem(
        "ingest.corrupt_table", f"Not readable as {what}: damaged, or cut short. Download or write it again."
    )
