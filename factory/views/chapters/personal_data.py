"""Personal data: what filters found at each stage and what became of it, by type; never a value.

It reads verdicts: edits and reasons that begin with `pii`. What no filter looked for is said in words.

pii.found.share   of the rows looked at, of all stages, those in which something was found, whatever became of it
pii.left_in       the rows in which something was found and flagged only
pii.share         those of the rows looked at: what a gate before training should ask for
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from factory import tables, verdicts
from factory.corpus import all_tables
from factory.runs import Run
from factory.views import declared
from factory.views.chapter import Chapter, Finding, share, some

NAME, TITLE = "personal_data", "Personal data"
FILTER = "pii"  # plugins of this name or prefix look for personal data; so do their kinds and reasons begin
NOT_LOOKED_FOR = ("names of people", "postal addresses", "organisations")  # they have no form, and no NER model ran
STAGES = ("documents", "passages", "records")


@dataclass
class _Stage:
    """What became of the rows of one stage. A row can be edited by one filter and rejected by the next."""

    looked_at: int = 0
    filters: list[str] = field(default_factory=list)
    edits: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    flagged: Counter[str] = field(default_factory=Counter)
    rows: set[str] = field(default_factory=set)
    left_in: list[str] = field(default_factory=list)

    def take(self, verdict: dict[str, Any]) -> None:
        """Count one verdict that is not a plain keep."""
        kinds = [edit["kind"] for edit in verdict["edits"] or () if edit["kind"].startswith(FILTER)]
        reason = verdict["reason"] or ""
        self.edits.update(kinds)
        if kinds:
            self.rows.add(verdict["id"])
        elif reason.startswith(FILTER) and verdict["outcome"] == "reject":
            self.rejected[reason] += 1
            self.rows.add(verdict["id"])
        elif reason.startswith(FILTER):
            self.flagged[reason] += 1
            self.rows.add(verdict["id"])
            self.left_in.append(verdict["id"])

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        done = {name: dict(sorted(its.items())) for name, its in
                (("edits", self.edits), ("rejected", self.rejected), ("flagged", self.flagged))}  # fmt: skip
        return {"filters": self.filters, "looked_at": self.looked_at, "rows": len(self.rows), **done}


def chapter(run: Run) -> Chapter:
    """Type by stage; about 100 bytes a row with a finding are held."""
    stages = {stage: _stage(run, stage) for stage in STAGES}
    ran = [stage for stage, its in stages.items() if its.filters]
    numbers = {
        "stages": {stage: its.as_dict() for stage, its in stages.items()},
        "types": sorted({kind for its in stages.values() for kind in its.edits | its.rejected | its.flagged}),
        "ran_on": ran, "not_looked_for": list(NOT_LOOKED_FOR), "only": _only(run),
    }  # fmt: skip
    if not ran:
        why = dict.fromkeys(("pii.edits", "pii.found.share", "pii.left_in", "pii.share"), "no pii filter ran")
        return Chapter(numbers, findings=[_nothing_ran()], not_measured=why)
    touched, looked_at = sum(len(its.rows) for its in stages.values()), sum(its.looked_at for its in stages.values())
    left_in = [id_ for its in stages.values() for id_ in its.left_in]
    measures = {
        "pii.edits": sum(its.edits.total() for its in stages.values()),
        "pii.found.share": share(touched, looked_at),
        "pii.left_in": len(left_in),
        "pii.share": share(len(left_in), looked_at),
    }
    return Chapter(numbers, measures, [_left_in(left_in)])


def _only(run: Run) -> dict[str, str]:
    """What the recipe narrowed: the filters that were told to look for some types only, or to be surer than usual."""
    said = {}
    for stage, uses in declared.filters(run).items():
        for use in uses:
            options = use.options if use.plugin.startswith(FILTER) else {}
            told = [f"only {', '.join(options['types'])}"] if options.get("types") else []
            told += [f"threshold {options['threshold']}"] if "threshold" in options else []
            told += [f"{len(options['allow'])} values allowed"] if options.get("allow") else []  # never which
            if told:
                said[f"{use.instance} on {stage}"] = "; ".join(told)
    return said


def _stage(run: Run, stage: str) -> _Stage:
    """Every verdict of a stage's filters, whichever filter it is from."""
    counts = run.counts(f"filter.{stage}")
    order = counts.get("order", [])
    plugins = {use.instance: use.plugin for use in declared.filters(run)[stage]}
    found = _Stage(filters=[name for name in order if plugins.get(name, name).startswith(FILTER)])
    found.looked_at = max((_looked_at(counts["filters"][name]) for name in found.filters), default=0)
    for name in order:
        for table in all_tables(run, stage):
            for verdict in _of_note(table.verdicts / f"{name}.parquet"):
                found.take(verdict)
    return found


def _looked_at(counts: dict[str, Any]) -> int:
    return int(counts["read"] - counts.get("not_looked_at", 0))


def _of_note(file: Path) -> Any:
    """The verdicts that have a reason or edits, decoded; the others are not."""
    for batch in tables.read_file(file, verdicts.SCHEMA, columns=["id", "outcome", "reason", "edits"]):
        chosen = pc.or_(pc.is_valid(batch["reason"]), pc.is_valid(batch["edits"]))
        yield from pa.RecordBatch.filter(batch, chosen).to_pylist()


def _nothing_ran() -> Finding:
    return Finding(
        "personal_data.not_looked_for", "warning", "Nobody looked for personal data",
        "A model repeats e-mail addresses and numbers that it was trained on.", 1,
        "in the recipe `passages: {filter: [pii: {action: placeholder}]}`",
    )  # fmt: skip


def _left_in(rows: list[str]) -> Finding:
    return Finding(
        "personal_data.left_in", "warning", "Personal data was found and left in",
        "The filter was told to flag it only; a model repeats what it was trained on.", len(rows),
        "in the recipe `pii: {action: placeholder}` instead of flag", some(rows),
    )  # fmt: skip
