"""What models learned of the documents: the exam, what it said of each model, and the rows that are suspects.

The numbers of models come from `factory evaluate` and `factory suspect`, which leave them beside the models: no model
is asked here, and they are no measures, since they change when nothing of the dataset does.
"""

import json
from pathlib import Path
from typing import Any

from factory.runs import Run
from factory.stages import exam, suspect
from factory.views import declared
from factory.views.chapter import Chapter

NAME, TITLE = "learning", "What models learned"
SHOWN = ("f1", "exact", "choice", "margin", "loss", "preferred", "grade")
NOTHING = (
    "The run has no exam, and no model was evaluated on it. With `generate: {exam: {share: 0.1}}` in the recipe "
    "questions are kept apart to ask a model afterwards; `factory evaluate MODEL RUN` asks them."
)
NOT_ASKED = "the recipe has no exam"


def chapter(run: Run) -> Chapter:
    """The exam's size; each evaluated model; the first suspects."""
    counts = exam.count(run.path / "exam") if run.stands("export") else {}
    models = [_model(found) for found in map(_json, sorted(run.path.glob("models/*/exam.json"))) if found]
    suspects = [found for found in map(_json, sorted((run.path / suspect.FOLDER).glob("*.json"))) if found]
    numbers: dict[str, Any] = {"exam": counts, "models": models, "suspects": suspects}
    if not counts and not models and not suspects:
        numbers["not_looked_at"] = NOTHING
    asked = declared.recipe(run).generate.exam is not None
    measures = {f"exam.{name}": counts.get(name, 0) for name in exam.SETS} if asked else {}
    not_measured = {} if asked else {f"exam.{name}": NOT_ASKED for name in exam.SETS}
    return Chapter(numbers, measures, not_measured=not_measured)


def _model(found: dict[str, Any]) -> dict[str, Any]:
    sets = {name: {measure: its[measure] for measure in SHOWN if measure in its} for name, its in found["sets"].items()}
    return {"model": found["model"], "before": found["before"], "sets": sets, "rows": found["rows"],
            "verdicts": found["verdicts"]}  # fmt: skip


def _json(file: Path) -> dict[str, Any]:
    """What stands there; nothing where it does not, or was cut short."""
    try:
        return dict(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}
