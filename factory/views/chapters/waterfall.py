"""The way of the data: what came into each step, and what it kept, edited and rejected."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from factory import rejections, tables
from factory.corpus import all_tables, kept
from factory.runs import Run
from factory.stages.units import UNITS
from factory.views import ledger
from factory.views.chapter import Chapter, Finding, some

NAME, TITLE = "waterfall", "What came in, what was kept"
LOSE = (
    "ingest",
    "filter.documents",
    "filter.passages",
    "read",
    "generate",
    "filter.records",
    "export",
)  # stages that can

OURS = "dataset-factory"
PACKAGE = re.compile(r"\(\S+ of (?P<package>\S+) \S+\)\.$")  # of a plugin that raised, as `plugins.origin` names it
FLAG = ("filter.documents", "filter.passages", "filter.records")  # keep rows with a reason to look at them


def chapter(run: Run) -> Chapter:
    """The steps in the order they ran."""
    steps = ledger.waterfall(run)
    lost = Counter(entry.stage for entry in ledger.entries(run))
    measures: dict[str, float] = {"rejected.total": lost.total()}
    measures |= {f"rejected.{stage}": lost[stage] for stage in LOSE if run.stands(stage)}
    flagged = {stage: sum(sum(step["flagged"].values()) for step in steps if step["stage"] == stage) for stage in LOSE}
    measures |= {f"flagged.{stage}": count for stage, count in flagged.items() if stage in FLAG and run.stands(stage)}
    return Chapter({"steps": steps}, measures | _kept(run), [*_failed(run), _unfinished(run)])


def _kept(run: Run) -> dict[str, float]:
    """The rows alive after the filters of each stage."""
    found: dict[str, float] = {}
    for stage in ("documents", "passages", "records"):
        alive = {table.kind: int(kept(run, table).alive.sum()) for table in all_tables(run, stage)}
        found[f"{stage}.kept"] = sum(alive.values())
        if stage == "records":
            found |= {f"records.{kind}": count for kind, count in alive.items()}
    return found


def _failed(run: Run) -> Iterator[Finding]:
    """Units that failed: by a fault of a plugin, which its user cannot mend, or by what can be."""
    units = tables.rows(run.path / "units", UNITS, columns=["unit", "method", "outcome", "reason"])
    failed: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    for unit in units:
        if unit["outcome"] == "failed":
            failed[unit["reason"] == f"{unit['method']}.failed"].append(unit)
    yield Finding(
        "generate.units_failed", "warning", "Calls of a generator failed",
        "What they would have made is missing, and it is seldom a random part of the documents.", len(failed[False]),
        "`factory ledger RUN --stage generate --rows` tells the cause; mend it, then `factory run RUN`",
        some(map(_id, failed[False])),
    )  # fmt: skip
    yield _faulty(run, failed[True])


def _faulty(run: Run, failed: list[dict[str, Any]]) -> Finding:
    reasons = list(dict.fromkeys(unit["reason"] for unit in failed))
    said = [row["detail"] or "" for row in rejections.read(run, "generate") if row["reason"] in reasons]
    packages = sorted({found["package"] for found in map(PACKAGE.search, said) if found})
    ours = f"a fault of {OURS} itself, " if packages == [OURS] else ""
    lists = " and ".join(f"`factory ledger RUN --reason {reason} --rows`" for reason in reasons)
    return Finding(
        "generate.plugin_failed", "warning", "A generator has a fault",
        "It could not make anything of these units, and they are left out; what it made of others is whole.",
        len(failed),
        f"{ours}nothing that you can mend: {lists} prints plugin, version, error and place. Send these lines, "
        f"which hold no text of yours, to the authors of {' and '.join(packages) or 'the plugin'}; with the version "
        "that mends it `factory run RUN` makes what is missing", some(map(_id, failed)),
    )  # fmt: skip


def _id(unit: dict[str, Any]) -> str:
    return f"{unit['unit']}/{unit['method']}"


def _unfinished(run: Run) -> Finding:
    return Finding(
        "export.not_done", "error", "Nothing is exported",
        "There is no dataset to train on; what is said of rows below is empty.", int(not run.stands("export")),
        "`factory export RUN`",
    )  # fmt: skip
