"""What the finished stages of a run counted, counted again from its tables: after rows were taken out of them."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from factory import rejections, tables, verdicts
from factory.corpus import Table, all_tables, kept, record_tables
from factory.runs import Run
from factory.stages.filter import Counts
from factory.stages.target import READ
from factory.stages.units import UNITS


def recounted(run: Run, stage: str, before: Mapping[str, Any]) -> dict[str, Any]:
    """The counts of a stage; what cannot be counted from tables (limits, notes, shapes) is as it was `before`."""
    if stage == "ingest":
        documents, rejected = tables.count(run.path / "documents"), len(rejections.read(run, "ingest"))
        return {**before, "documents": documents, "rejected": rejected}
    if stage == "split":
        read = run.counts("filter.documents")["kept"]
        return {**before, "documents": read, "passages": tables.count(run.path / "passages")}
    if stage == "generate":
        return _generated(run, before)
    if stage.startswith("filter."):
        return _filtered(run, stage.removeprefix("filter."), before)
    return dict(before)


def _filtered(run: Run, stage: str, before: Mapping[str, Any]) -> dict[str, Any]:
    found = all_tables(run, stage)
    order, skips = before["order"], before.get("skips", {})
    read, left = (sum(int(kept(run, t, order=order[:some]).alive.sum()) for t in found) for some in (0, len(order)))
    filters = {name: {**its, **_said(found, name, skips.get(name, ()), its)} for name, its in before["filters"].items()}
    its = {**before, "read": read, "kept": left, "filters": filters}
    return {key: value for key, value in its.items() if key != "figures"}  # no table has them


def _said(found: list[Table], name: str, skips: Any, before: Mapping[str, Any]) -> dict[str, Any]:
    """What one filter said of all tables, in the counts that it had."""
    counts, made = Counts(), list[str]()
    for table in found:
        for batch in tables.read_file(table.verdicts / f"{name}.parquet", verdicts.SCHEMA):
            for verdict in batch.to_pylist():
                counts.take(verdict, skipped=table.kind in skips)
                made += [] if verdict["id"].startswith("row:") else [verdict["id"]]
    again: dict[str, Any] = {**counts.as_dict(), "made": len(made)}
    if "made_by" in before:  # of records, whose ids are unit/method/n
        again["made_by"] = dict(sorted(Counter(id_.rsplit("/", 2)[1] for id_ in made).items()))
    return {key: value for key, value in again.items() if key in before}


def _generated(run: Run, before: Mapping[str, Any]) -> dict[str, Any]:
    methods = {name: dict.fromkeys(its, 0) for name, its in before["methods"].items()}
    for unit in tables.rows(run.path / "units", UNITS):
        if unit["rank"] != READ:
            methods[unit["method"]]["units"] += 1
            methods[unit["method"]][unit["outcome"]] += 1
    for table in record_tables(run):
        for row in tables.rows(table.folder, table.schema, columns=["id", "method", "reason"]):
            if row["method"] in methods and not row["id"].startswith("row:"):
                methods[row["method"]]["records"] += 1
                methods[row["method"]]["rejected"] += row["reason"] is not None
    sums = {name: sum(its[name] for its in methods.values()) for name in ("units", "made", "empty", "failed")}
    sums |= {name: sum(its[name] for its in methods.values()) for name in ("records", "rejected")}
    return {**before, **sums, "planned": before["planned"] - before["units"] + sums["units"], "methods": methods}
