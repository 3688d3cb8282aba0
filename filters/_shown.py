"""What a batch holds, as Python reads it: made once for all filters that are shown the same batch.

Filters of one pass see one batch each in turn. Only the last one of each kind is kept, so that memory does not grow;
threads may lose it to each other, and no more. Nobody changes what is handed out.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import pyarrow as pa

Made = TypeVar("Made")
STRINGS = ("id", "field", "role", "text")
_last: dict[Callable[[pa.RecordBatch], Any], tuple[pa.RecordBatch, Any]] = {}


def _once(batch: pa.RecordBatch, make: Callable[[pa.RecordBatch], Made]) -> Made:
    known, made = _last.get(make, (None, None))
    if known is not batch:
        made = make(batch)
        _last[make] = batch, made
    return made  # type: ignore[no-any-return] # what `make` made


def strings(batch: pa.RecordBatch) -> list[tuple[str, str, str, str]]:
    """id, field, role and text of each string of a batch of `strings`; '' for a column that it is without."""
    return _once(batch, _strings)


def _strings(batch: pa.RecordBatch) -> list[tuple[str, str, str, str]]:
    there = batch.schema.names
    columns = (batch[name].to_pylist() if name in there else [""] * len(batch) for name in STRINGS)
    return list(zip(*columns, strict=True))


def rows(batch: pa.RecordBatch) -> list[list[dict[str, str]]]:
    """Of each row of a batch of `record` its strings: field, role, text."""
    return _once(batch, _rows)


def _rows(batch: pa.RecordBatch) -> list[list[dict[str, str]]]:
    column = batch["strings"]  # a list of structs: the columns inside are read as a whole, which is three times as fast
    inner = column.flatten()
    names = ("field", "role", "text")
    flat = [
        {"field": where, "role": role, "text": text}
        for where, role, text in zip(*(inner.field(name).to_pylist() for name in names), strict=True)
    ]
    made, at = [], 0
    for length in column.value_lengths().to_pylist():
        made.append(flat[at : at + (length or 0)])
        at += length or 0
    return made


def metas(batch: pa.RecordBatch) -> Sequence[dict[str, Any]]:
    """Of each row of a batch of `record` what its `meta` notes."""
    return _once(batch, _metas)


def _metas(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    return [json.loads(meta) for meta in batch["meta"].to_pylist()]
