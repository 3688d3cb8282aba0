"""The rows that filters left of a dataset, written back in its own shape; the others beside it, with their reasons.

The dataset is read again and each row's records are met in the tables of the run, in the order in which they were
written: nothing is looked up, and memory is one batch and what was rejected or edited.
"""

import json
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from factory import records, shapes, tables, verdicts
from factory.corpus import kept, record_tables
from factory.edits import EditMap
from factory.errors import BadItem, DeadWorld
from factory.foreign.outputs import opened, sayable
from factory.readers.limits import Limits
from factory.readers.rows import read_rows, schema_of
from factory.recipe import Checked
from factory.runs import Run
from factory.stages.looking import Where
from factory.stages.sources import File, list_files

NO_PLACE = "write_back.no_place"  # an edit of text that no string of the row holds as it stands


Why = tuple[str, str, Any]  # by whom, for what reason, with what evidence


class _Fate(NamedTuple):
    """What became of one record."""

    id: str
    reason: Why | None  # None where it was kept
    edits: Mapping[str, EditMap]


def write_rows(run: Run, checked: Checked, out: Path, rejected: Path) -> dict[str, int]:
    """Write `out` and `rejected`; returns how many rows were read, kept, edited."""
    files, _ = list_files(checked, run, "records")
    fates = {table.kind: _fates(run, table) for table in record_tables(run)}
    counts = {"rows": 0, "kept": 0, "edited": 0}
    with opened(out, _schema(files)) as good, opened(rejected, None) as bad:
        for file in files:
            for place, row, left, why in _rows(file, fates):
                counts["rows"] += 1
                if left is None:
                    by, reason, evidence = why
                    bad.write({"place": place, "by": by, "reason": reason, "evidence": evidence, "row": sayable(row)})
                else:
                    counts["kept"] += 1
                    counts["edited"] += left is not row
                    good.write(left)
    return counts


def _schema(files: list[File]) -> pa.Schema | None:
    """The schema of files that all are columnar; None where one has no types."""
    found = [schema_of(file.place) for file in files]
    if not found or any(schema is None for schema in found):
        return None
    return pa.unify_schemas(found, promote_options="permissive").with_metadata(found[0].metadata)


def _rows(file: File, fates: Mapping[str, Iterator[_Fate]]) -> Iterator[tuple[str, Any, Any, Any]]:
    """(place, the row as it came, what is written of it, why nothing is) of each row of a file."""
    try:
        source = read_rows(file.place, Limits())
    except BadItem as error:
        yield file.label, None, None, ("read", error.reason, error.detail)
        return
    begun = list(islice(source.rows, shapes.LOOK_AT))
    good = [row for _, row in begun if not isinstance(row, BadItem)]
    try:
        converter = shapes.looked_at(good, mapping=file.source.map, class_names=source.class_names, place=file.label)
    except shapes.UnknownShape as error:
        yield file.label, None, None, ("read", "ingest.unknown_shape", str(error))
        return
    for number, row in chain(begun, source.rows):
        place = f"{file.label}:{number}"
        try:
            if isinstance(row, BadItem):
                raise row
            made = converter.records(row)
        except BadItem as error:
            its_row = None if isinstance(row, BadItem) else row
            yield place, its_row, None, ("read", error.reason, error.detail)
            continue
        yield place, row, *_fate(file, number, row, made, fates)


def _fate(
    file: File, number: int, row: dict[str, Any], made: list[shapes.Made], fates: Mapping[str, Iterator[_Fate]]
) -> tuple[dict[str, Any] | None, Why | None]:
    """The row with its edits, or why it is left out: one of its records is enough for that."""
    edited: list[tuple[str, EditMap]] = []
    lost: Why | None = None
    for nth, (kind, data) in enumerate(made):
        its = next(fates[kind], None)
        if its is None or its.id != Where(file.label, number, nth, len(made)).id:
            raise DeadWorld(f"{file.label} changed while it was filtered. Run the same command again.")
        lost = lost or its.reason
        if its.edits:
            pieces = {text.field: text.text for text in records.texts(kind, data)}
            edited += [(pieces[name], edits) for name, edits in its.edits.items()]
    if lost is None and edited:
        changed = shapes.write_back(row, edited)
        return (changed, None) if changed is not None else (None, ("write_back", NO_PLACE, None))
    return (row, None) if lost is None else (None, lost)


def _fates(run: Run, table: Any) -> Iterator[_Fate]:
    """What became of each record of a kind, in the order of its table."""
    state = kept(run, table)
    why = _reasons(run, table)
    position = 0
    for batch in tables.batches(table.folder, table.schema, columns=["id"]):
        for id_ in batch["id"].to_pylist():
            yield _Fate(id_, why.get(id_), state.edits.get(position, {}))
            position += 1


def _reasons(run: Run, table: Any) -> dict[str, Why]:
    found: dict[str, Why] = {}
    for name in run.counts("filter.records").get("order", []):
        for batch in tables.read_file(table.verdicts / f"{name}.parquet", verdicts.SCHEMA):
            for verdict in batch.to_pylist():
                if verdict["outcome"] == "reject":
                    evidence = json.loads(verdict["evidence"]) if verdict["evidence"] else None
                    found[verdict["id"]] = (name, verdict["reason"], evidence)
    return found
