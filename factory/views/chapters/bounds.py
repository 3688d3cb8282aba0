"""What filters compare with a bound: how each figure is spread over the rows, and how many lie past the bound.

Of filters that decide, in the recipe's `filter` lists, and of those that are only measured. It reads the manifest.
"""

from typing import Any

from factory.runs import Run
from factory.views.chapter import Chapter, share

NAME, TITLE = "bounds", "Figures and their bounds"
STAGES = ("filter.documents", "filter.passages", "filter.records", "measure")


def chapter(run: Run) -> Chapter:
    """By stage, filter and figure: rows, mean, bounds, share past them, and a histogram."""
    stages: dict[str, dict[str, Any]] = {}
    for stage in STAGES:
        filters = run.counts(stage).get("figures", {})
        if filters:
            stages[stage] = {name: _past(figures) for name, figures in filters.items()}
    if not stages:
        return Chapter({"stages": {}, "not_looked_at": "No filter of this run compares a figure with a bound."})
    return Chapter({"stages": stages})


def _past(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: {**its, "past": share(its["below"] + its["above"], its["rows"])} for name, its in figures.items()}
