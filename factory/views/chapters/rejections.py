"""Everything that was lost, by reason, with a few examples of each: ids, places, evidence; never text.

A rejected row was not seen by the filters after the one that rejected it, so it may hold what they would remove.
"""

import json
from typing import Any

from factory.runs import Run
from factory.views import ledger
from factory.views.chapter import Chapter, Finding, some
from factory.views.chapters.shapes import BROKEN, OTHER

NAME, TITLE = "rejections", "What was lost, and why"
EACH = 3  # examples a reason
DETAIL = 300  # characters of it
MANY = 0.01  # of the rows of datasets that are read as they are: so many lost lines are no accident


def chapter(run: Run) -> Chapter:
    """Reasons, the most frequent first, with their stage and who said it."""
    reasons: dict[str, dict[str, Any]] = {}
    for entry in ledger.entries(run):
        its = reasons.setdefault(entry.reason, {"stage": entry.stage, "by": entry.by, "count": 0, "examples": []})
        its["count"] += 1
        if len(its["examples"]) < EACH:
            its["examples"].append({"id": entry.id, "place": entry.place, "detail": _detail(entry.detail)})
    ordered = dict(sorted(reasons.items(), key=lambda pair: (-pair[1]["count"], pair[0])))
    return Chapter({"reasons": ordered}, findings=[_not_read(run)])


def _detail(text: str) -> str:
    """A sentence as it is; evidence as `name: value`."""
    try:
        evidence = json.loads(text) if text.startswith("{") else None
    except ValueError:
        evidence = None
    told = ", ".join(f"{name}: {value}" for name, value in evidence.items()) if isinstance(evidence, dict) else text
    return told if len(told) <= DETAIL else told[:DETAIL] + "…"


def _not_read(run: Run) -> Finding:
    lost = [*ledger.entries(run, stage="ingest"), *ledger.entries(run, stage="read")]
    reasons = ", ".join(f"{reason} {count}" for reason, count in ledger.by_reason(lost).items())
    lines = sum(entry.stage == "read" and entry.reason not in (OTHER, BROKEN) for entry in lost)
    many = lines >= max(1, MANY * run.counts("read").get("rows", 0))
    return Finding(
        "ingest.rejected", "warning" if many else "info", "Files or lines were not read",
        f"What they hold is not in the dataset ({reasons}).", len(lost),
        "`factory ledger RUN --reason ingest --rows` says for each what to do", some(entry.place for entry in lost),
    )  # fmt: skip
