"""What models were asked for this run: calls, tokens, money and what failed, by method and model.

Without the calls of an exam's judge: they come when nothing of the dataset changes. `factory journal RUN` has all.
"""

from typing import Any

from factory.runs import Run
from factory.stages import exam_judge
from factory.stages.models import FILE
from factory.views import journal
from factory.views.chapter import Chapter, Finding, share

NAME, TITLE = "models", "Models and what they cost"
COUNTED = ("answered", "failed", "tokens_in", "tokens_out", "spent")
MANY = 0.05  # of all calls


def chapter(run: Run) -> Chapter:
    """The journal's totals. A run whose recipe asks no model has none."""
    rows = journal.totals(run) if (run.path / FILE).is_file() else []
    asked = [
        {name: row[name] for name in ("method", "model", *COUNTED, "estimated")}
        for row in rows if row["method"] != exam_judge.METHOD
    ]  # fmt: skip
    sums = {name: sum(row[name] for row in asked) for name in COUNTED}
    measures = {
        "models.calls": sums["answered"] + sums["failed"],
        "models.failed.share": share(sums["failed"], sums["answered"] + sums["failed"]),
        "models.tokens.in": sums["tokens_in"],
        "models.tokens.out": sums["tokens_out"],
        "models.spent": round(sums["spent"], 6),
    }
    silent = {} if asked else {"not_looked_at": "No model was asked for this run."}
    return Chapter({"asked": asked, "sums": sums, **silent}, measures, [_failed(sums)])


def _failed(sums: dict[str, Any]) -> Finding:
    many = sums["failed"] > MANY * (sums["answered"] + sums["failed"])
    return Finding(
        "models.failed", "warning", "Many calls of a model failed",
        "What they should have made is missing, and it may be missing from one kind of passage more than from others.",
        sums["failed"] if many else 0,
        "`factory journal RUN --reason llm` says why; `factory run RUN --retry llm` asks only those again",
    )  # fmt: skip
