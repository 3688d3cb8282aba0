"""Outlines of what filters replaced: signs and gaps as they stood, letters and digits hidden; never a value.

`j•••@•••.com`, `+••• ••• •••`: enough to see that the right things were found. Of an e-mail address its first letter
and its last label stay. What was replaced is read from the tables, as the filter saw it, and hidden in memory.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from factory import tables, verdicts
from factory.corpus import Kept, Table, all_tables, kept, passages_by_document, rows
from factory.runs import Run
from factory.views import declared

MOST = 3  # of a kind
LONGEST = 60  # characters of one
_HIDDEN = re.compile(r"[^\s!-/:-@\[-^`{-~]+")  # all but blanks and ASCII's signs
_EMAIL = re.compile(r"([A-Za-z])[^@\s]*@[^@\s]+\.([A-Za-z]{2,24})")
_Spans = dict[int, list[Mapping[str, Any]]]  # edits by the position of their row


def outline(value: str) -> str:
    """`value` with each run of letters and digits as three dots, whatever its length."""
    if email := _EMAIL.fullmatch(value):
        return f"{email[1]}•••@•••.{email[2]}"
    return _HIDDEN.sub("•••", " ".join(value.split()))[:LONGEST]


def outlines(run: Run, family: str) -> dict[str, list[str]]:
    """Some of what the filters of a family replaced, by kind, each once."""
    found: dict[str, dict[str, None]] = {}
    for table in (table for stage in declared.filters(run) for table in all_tables(run, stage)):
        for name, before in _filters(run, table, family):
            for kind, value in _replaced(run, table, name, before, found):
                its = found.setdefault(kind, {})
                if len(its) < MOST:
                    its[outline(value)] = None
    return {kind: list(its) for kind, its in sorted(found.items())}


def _filters(run: Run, table: Table, family: str) -> Iterator[tuple[str, list[str]]]:
    """The filters of a family on a table, each with those before it."""
    plugins = {use.instance: use.plugin for use in declared.filters(run)[table.stage]}
    order = run.counts(f"filter.{table.stage}").get("order", [])
    for nth, name in enumerate(order):
        if plugins.get(name, name).startswith(family):
            yield name, order[:nth]


def _replaced(
    run: Run, table: Table, name: str, before: list[str], known: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Kind and value of the first places that a filter replaced."""
    state = kept(run, table, order=before)
    enough = {kind for kind, shown in known.items() if len(shown) >= MOST}
    wanted = _first_edits(table, name, np.flatnonzero(state.alive), enough)
    if not wanted:
        return
    state.alive[:] = False
    state.alive[list(wanted)] = True
    for position, strings in _strings(run, table, state):
        for edit in wanted[position]:
            yield edit["kind"], strings[edit["field"]][edit["start"] : edit["end"]]


def _first_edits(table: Table, name: str, positions: "np.ndarray[Any, Any]", enough: set[str]) -> _Spans:
    """Some edits of each kind of which there are not enough yet."""
    found: _Spans = {}
    counts: dict[str, int] = {}
    at = 0
    for batch in tables.read_file(table.verdicts / f"{name}.parquet", verdicts.SCHEMA, columns=["edits"]):
        for nth in np.flatnonzero(batch["edits"].is_valid().to_numpy(zero_copy_only=False)):
            for edit in batch["edits"][int(nth)].as_py():
                counts[edit["kind"]] = counts.get(edit["kind"], 0) + 1
                if counts[edit["kind"]] <= 2 * MOST and edit["kind"] not in enough:  # some have the same outline
                    found.setdefault(int(positions[at + int(nth)]), []).append(edit)
        at += len(batch)
    return found


def _strings(run: Run, table: Table, state: Kept) -> Iterator[tuple[int, dict[str, str]]]:
    """The strings of the rows alive, by field, with their positions."""
    if table.stage != "passages":
        yield from ((row.position, {text.field: text.text for text in row.strings}) for row in rows(run, table, state))
        return
    ids = (row["id"] for row in tables.rows(table.folder, table.schema, columns=["id"]))
    wanted = [id_.partition("/")[0] for id_, alive in zip(ids, state.alive, strict=True) if alive]
    for document, group in passages_by_document(run, state, wanted=wanted):
        del document  # it may be large
        yield from ((position, {"text": passage.text}) for position, passage in group)
        del group
