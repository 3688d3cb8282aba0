"""What people decided on rows, and how well each filter agrees with them: what a judge's threshold rests on.

A row is fine to a person who approved it, or whose order of its answers is the row's; it is fine to a filter that did
not reject it. Rows whose text changed since they were read are named and left out.

Costs   one pass over the records, and the decisions in memory.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from factory import records, reviews, tables, verdicts
from factory.agreement import Agreement
from factory.corpus import kept_records, record_tables
from factory.reviews import Decision
from factory.runs import Run
from factory.stages.measure import SCHEMA
from factory.stages.target import NAME as TARGET
from factory.views import declared
from factory.views.chapter import Chapter, Finding, some
from factory.views.review import PLUGIN, shown

NAME, TITLE = "people", "What people decided"
WHY_NOT = "no filter 'review' is in the recipe"


@dataclass
class _Read:
    """The rows that people decided on: which are fine to them, which changed since, which there are at all."""

    fine: dict[str, bool] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("approve", "edit", "reject", "rank"), 0))


def chapter(run: Run) -> Chapter:
    """Counts of decisions, and kappa with its interval for each filter that also looked at the rows."""
    uses = [use for use in declared.filters(run)["records"] if use.plugin == PLUGIN]
    if not uses or not run.stands("filter.records"):
        return _silent(WHY_NOT)
    try:
        decisions = [one for use in uses for file in _files(use.options["file"]) for one in reviews.read(file)]
    except (OSError, ValueError):
        why = "the file of the review is no longer what the filter read"
        return _silent(why)
    by_id = dict(reviews.each_once(decisions))
    read = _read(run, by_id)
    unknown = sorted(by_id.keys() - _known(run, by_id))
    reviewing = {use.instance for use in uses}
    agreement = {name: its for name, its in _agreement(run, read.fine, reviewing) if its.rows}
    numbers = {
        "decided": len(by_id), "applied": len(read.fine), **read.counts,
        "changed": {"count": len(read.changed), "rows": list(some(read.changed))},
        "unknown": {"count": len(unknown), "rows": list(some(unknown))},
        "agreement": {name: _as_dict(its) for name, its in agreement.items()},
    }  # fmt: skip
    measures = {"people.decided": len(by_id), "people.approved.share": _share(read.fine),
                "people.changed": len(read.changed), "people.unknown": len(unknown)}  # fmt: skip
    silent: dict[str, str] = {}
    for name, its in agreement.items():
        kappa, interval = its.kappa(), its.interval()
        if kappa is None or interval is None:
            why = "one of the two says the same of every row"
            silent |= {f"people.{name}.kappa": why, f"people.{name}.kappa.low": why}
        else:
            measures |= {f"people.{name}.kappa": round(kappa, 4), f"people.{name}.kappa.low": round(interval[0], 4)}
    return Chapter(numbers, measures, _findings(read, unknown), not_measured=silent)


def _silent(why: str) -> Chapter:
    said = f"Nobody’s decisions are part of this run: {why}."
    return Chapter({"not_looked_at": said}, not_measured={"people.decided": why})


def _files(option: str | Sequence[str]) -> list[Path]:
    return [Path(option)] if isinstance(option, str) else [Path(one) for one in option]


def _share(fine: Mapping[str, bool]) -> float:
    return round(sum(fine.values()) / len(fine), 6) if fine else 0.0


def _read(run: Run, by_id: Mapping[str, Sequence[Decision]]) -> _Read:
    """Hold the decisions against the rows as people read them: before the review edited or rejected any."""
    found = _Read()
    for table, state, _ in shown(run, as_read=True):
        for row in kept_records(run, table, state):
            if (decisions := by_id.get(row["id"])) is None:
                continue
            now = reviews.digest(table.kind, records.texts(table.kind, row))
            said = next((decision for decision in decisions if decision.digest == now), None)
            if said is None:
                found.changed.append(row["id"])
                continue
            agrees = said.says == "rank" and reviews.agrees(said.ranks, said.row_ranks)
            found.fine[row["id"]] = said.says == "approve" or bool(agrees)
            found.counts[said.says] += 1
    return found


def _known(run: Run, by_id: Mapping[str, Any]) -> set[str]:
    return {
        id_
        for table in record_tables(run)
        for batch in tables.batches(table.folder, table.schema, columns=["id"])
        for id_ in batch["id"].to_pylist()
        if id_ in by_id
    }


def _agreement(run: Run, fine: Mapping[str, bool], reviewing: set[str]) -> Iterator[tuple[str, Agreement]]:
    """Each filter that looked at rows which people decided on, those of the audit too."""
    for name in run.counts("filter.records")["order"]:
        if name not in reviewing and name != TARGET:
            yield name, _of(_verdicts(run, name, fine), fine)
    for name in run.counts("measure").get("filters", {}):
        yield name, _of(_measured(run, name, fine), fine)


def _of(keeps: Mapping[str, bool], fine: Mapping[str, bool]) -> Agreement:
    cells = {(True, True): 0, (True, False): 0, (False, True): 0, (False, False): 0}
    for id_, keep in keeps.items():
        cells[keep, fine[id_]] += 1
    return Agreement(cells[True, True], cells[True, False], cells[False, True], cells[False, False])


def _verdicts(run: Run, name: str, fine: Mapping[str, bool]) -> dict[str, bool]:
    """Of the rows that people decided on: whether a filter let them stand. What it did not look at is left out."""
    found = {}
    for table in record_tables(run):
        for batch in tables.read_file(table.verdicts / f"{name}.parquet", verdicts.SCHEMA):
            for nth, id_ in enumerate(batch["id"].to_pylist()):
                if id_ in fine:
                    [verdict] = batch.slice(nth, 1).to_pylist()
                    if not verdicts.is_skip(verdict):
                        found[id_] = verdict["outcome"] != "reject"
    return found


def _measured(run: Run, name: str, fine: Mapping[str, bool]) -> dict[str, bool]:
    """The same of a filter that the audit measures: what it would keep as it is has no line there."""
    found: dict[str, bool] = {}
    for table in record_tables(run):
        found |= {row["id"]: True for row in kept_records(run, table) if row["id"] in fine}
    for file in tables.parts(run.path / "measured"):
        for batch in tables.read_file(file, SCHEMA):
            for row in batch.to_pylist():
                if row["filter"] == name and row["id"] in found:
                    found[row["id"]] = row["outcome"] != "reject"
    return found


def _as_dict(its: Agreement) -> dict[str, Any]:
    kappa, interval = its.kappa(), its.interval()
    rounded = [round(bound, 4) for bound in interval] if interval else None
    cells = {"both": its.both, "filter_only": its.first, "person_only": its.second, "neither": its.neither}
    return {"rows": its.rows, **cells, "kappa": None if kappa is None else round(kappa, 4), "interval": rounded}


def _findings(read: _Read, unknown: Sequence[str]) -> list[Finding]:
    return [
        Finding(
            "people.changed", "warning", "Rows that people decided on have changed since",
            "What was decided on another text is not applied: nobody has read these rows as they are.",
            len(read.changed), "`factory export RUN --review 100` gives the rows as they are now", some(read.changed),
        ),
        Finding(
            "people.unknown", "warning", "A review names rows that there are not",
            "It is of another run, or its ids were changed: what it says of them is lost.",
            len(unknown), "Put the run's own file under `filter: [review: {file: …}]`", some(unknown),
        ),
    ]  # fmt: skip
