"""The way of the data: what came into each step, and what it kept, edited and rejected."""

from collections import Counter

from factory import tables
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

FLAG = ("filter.documents", "filter.passages", "filter.records")  # keep rows with a reason to look at them


def chapter(run: Run) -> Chapter:
    """The steps in the order they ran."""
    steps = ledger.waterfall(run)
    lost = Counter(entry.stage for entry in ledger.entries(run))
    measures: dict[str, float] = {"rejected.total": lost.total()}
    measures |= {f"rejected.{stage}": lost[stage] for stage in LOSE if run.stands(stage)}
    flagged = {stage: sum(sum(step["flagged"].values()) for step in steps if step["stage"] == stage) for stage in LOSE}
    measures |= {f"flagged.{stage}": count for stage, count in flagged.items() if stage in FLAG and run.stands(stage)}
    return Chapter({"steps": steps}, measures | _kept(run), [_failed(run), _unfinished(run)])


def _kept(run: Run) -> dict[str, float]:
    """The rows alive after the filters of each stage."""
    found: dict[str, float] = {}
    for stage in ("documents", "passages", "records"):
        alive = {table.kind: int(kept(run, table).alive.sum()) for table in all_tables(run, stage)}
        found[f"{stage}.kept"] = sum(alive.values())
        if stage == "records":
            found |= {f"records.{kind}": count for kind, count in alive.items()}
    return found


def _failed(run: Run) -> Finding:
    units = tables.rows(run.path / "units", UNITS, columns=["unit", "method", "outcome"])
    failed = [f"{unit['unit']}/{unit['method']}" for unit in units if unit["outcome"] == "failed"]
    return Finding(
        "generate.units_failed", "warning", "Calls of a generator failed",
        "What they would have made is missing, and it is seldom a random part of the documents.", len(failed),
        "`factory ledger RUN --stage generate --rows` tells the cause; mend it, then `factory run RUN`", some(failed),
    )  # fmt: skip


def _unfinished(run: Run) -> Finding:
    return Finding(
        "export.not_done", "error", "Nothing is exported",
        "There is no dataset to train on; what is said of rows below is empty.", int(not run.stands("export")),
        "`factory export RUN`",
    )  # fmt: skip
