"""Exact targets: of the rows that every filter kept, those past the target are rejected as surplus, in plan order.

A method may have a target of its own, and all together one.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from factory import tables, verdicts
from factory.corpus import Table, kept, record_tables
from factory.plugins import Generator
from factory.runs import Run
from factory.stages.units import UNITS

NAME = "target"
REASON = "target.surplus"
READ = -1  # the rank of a unit whose records were read from a dataset: a target is for what generators make


def own(generators: Sequence[Generator]) -> dict[str, int]:
    """The targets of methods that have one."""
    return {generator.instance: generator.target for generator in generators if generator.target is not None}


def reject_surplus(run: Run, target: int | None, targets: Mapping[str, int], order: list[str]) -> dict[str, Any]:
    """Write the verdicts of the pseudo-filter `target` on every kind; returns its counts, `made` what it looked at.

    `targets` are those of methods, which count first; `made_by` is what each method made.
    """
    found = record_tables(run)
    alive = {table.kind: _alive(run, table, order) for table in found}
    ranks = _ranks(run)
    everyone = sorted(
        (rank, int(id_.rsplit("/", 1)[1]), id_, method) for rows in alive.values() for id_, unit, method in rows
        if (rank := ranks[unit, method]) != READ
    )  # fmt: skip
    made_by = Counter[str]()
    over: dict[str, int] = {}
    for *_, id_, method in everyone:
        made_by[method] += 1
        if made_by[method] > targets.get(method, len(everyone)):
            over[id_] = targets[method]
    left = [id_ for *_, id_, _ in everyone if id_ not in over]
    over |= {} if target is None else dict.fromkeys(left[target:], target)
    for table in found:
        made = verdicts.Verdicts()
        for id_, *_ in alive[table.kind]:
            if id_ in over:
                made.reject(id_, REASON, target=over[id_])
            else:
                made.keep(id_)
        tables.write_parquet(table.verdicts / f"{NAME}.parquet", verdicts.SCHEMA, [made.to_arrow()])
    reasons = {REASON: len(over)} if over else {}
    read = sum(map(len, alive.values()))
    return {
        "read": read,
        "made": len(everyone),
        "made_by": dict(sorted(made_by.items())),
        "kept": read - len(over),
        "edited": 0,
        "rejected": len(over),
        "not_looked_at": 0,
        "reasons": reasons,
    }


def in_plan_order(run: Run) -> list[tuple[str, str]]:
    """(id, method) of the records that generators made and the filters now leave, in plan order."""
    order, ranks = run.counts("filter.records").get("order", []), _ranks(run)
    everyone = sorted(
        (rank, int(id_.rsplit("/", 1)[1]), id_, method)
        for table in record_tables(run) for id_, unit, method in _alive(run, table, order)
        if (rank := ranks[unit, method]) != READ
    )  # fmt: skip
    return [(id_, method) for _, _, id_, method in everyone]


def _alive(run: Run, table: Table, order: list[str]) -> list[tuple[str, str, str]]:
    """(id, unit, method) of the rows that the filters in `order` left."""
    state, position, rows = kept(run, table, order=order), 0, []
    for batch in tables.batches(table.folder, table.schema, columns=["id", "unit", "method"]):
        for row in batch.to_pylist():
            if state.alive[position]:
                rows.append((row["id"], row["unit"], row["method"]))
            position += 1
    return rows


def _ranks(run: Run) -> dict[tuple[str, str], int]:
    rows = tables.rows(run.path / "units", UNITS, columns=["unit", "method", "rank"])
    return {(row["unit"], row["method"]): row["rank"] for row in rows}
