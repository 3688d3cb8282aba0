"""What the run's recipe says: the report names sources and filters as the user did."""

import yaml

from factory.recipe import Recipe, Use
from factory.runs import Run


def recipe(run: Run) -> Recipe:
    """The resolved recipe of a run."""
    return Recipe.model_validate(yaml.safe_load((run.path / "recipe.yaml").read_text(encoding="utf-8")))


def has_documents(run: Run) -> bool:
    """Whether any source is read as documents; else there are no passages, quotes and generators to speak of."""
    return any(source.gives == "documents" for source in recipe(run).sources)


def filters(run: Run) -> dict[str, list[Use]]:
    """The filters of each stage, in order."""
    its = recipe(run)
    return {stage: its.filters(stage) for stage in ("documents", "passages", "records")}
