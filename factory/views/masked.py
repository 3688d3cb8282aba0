"""Rows as a page may show them: with what measured filters would replace (personal data, secrets) replaced.

An audit of a dataset changes no row, so what a filter found is still in it; a page that shows the row must not show it.
"""

from collections.abc import Iterable
from typing import Any

from factory import tables
from factory.corpus import by_field, edited, record_tables
from factory.edits import Edit, EditMap
from factory.runs import Run
from factory.stages.export import exported_rows
from factory.stages.measure import SCHEMA
from factory.views import declared
from factory.views.exported import record_of


def masked(run: Run, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The exported rows, of those with these ids, in which something was found: with it replaced."""
    wanted = {record_of(id_) for id_ in ids}
    edits = _edits(run, wanted)
    its = declared.recipe(run).export
    how: dict[str, Any] = {"open_book": its.context == "open-book", "template": its.template}
    found: dict[str, dict[str, Any]] = {}
    for table in record_tables(run) if edits else ():
        for batch in tables.batches(table.folder, table.schema):
            here = [nth for nth, id_ in enumerate(batch["id"].to_pylist()) if id_ in edits]
            for row in batch.take(here).to_pylist() if here else ():
                shown = edited(row, edits[row["id"]])
                found |= {out["id"]: out for _, out in exported_rows(table.kind, shown, **how)}
    return found


def _edits(run: Run, wanted: set[str]) -> dict[str, dict[str, EditMap]]:
    """What all measured filters would replace, by record and field."""
    raw: dict[str, dict[str, list[Edit]]] = {}
    for file in tables.parts(run.path / "measured"):
        for batch in tables.read_file(file, SCHEMA, columns=["id", "edits"]):
            for row in batch.to_pylist():
                if row["edits"] and row["id"] in wanted:
                    fields = raw.setdefault(row["id"], {})
                    for name, edits in by_field(row["edits"]).items():
                        fields.setdefault(name, []).extend(edits)
    return {id_: {name: EditMap(_apart(edits)) for name, edits in its.items()} for id_, its in raw.items()}


def _apart(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """Where two filters found what overlaps, one edit for all that either covers."""
    made: list[Edit] = []
    for edit in sorted(edits):
        if made and edit.start < made[-1].end:
            last = made[-1]
            made[-1] = Edit(last.start, max(last.end, edit.end), last.kind, last.replacement)
        else:
            made.append(edit)
    return tuple(made)
