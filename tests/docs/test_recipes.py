"""The recipes in examples/recipes: each says what it would ask, and nothing is asked; one that asks nobody runs."""

from pathlib import Path

import pytest

from factory import pipeline, recipe
from tests.docs.blocks import ROOT

RECIPES = sorted((ROOT / "examples/recipes").glob("*.yaml"))
ASKING = [file for file in RECIPES if "\nmodels:" in file.read_text(encoding="utf-8")]


@pytest.mark.parametrize("file", [file for file in RECIPES if file not in ASKING], ids=lambda file: file.stem)
def test_a_recipe_that_asks_no_model_runs(file: Path, tmp_path: Path) -> None:
    assert not recipe.load(str(file)).recipe.models
    done = pipeline.run(file, set=[f"run={tmp_path / 'run'}"], workers=1)
    assert done.report()["measures"]["records.kept"] > 0
    assert file.read_text(encoding="utf-8").startswith("# ")


@pytest.mark.parametrize("file", ASKING, ids=lambda file: file.stem)
def test_a_recipe_makes_its_passages_and_an_estimate(file: Path, tmp_path: Path) -> None:
    found = pipeline.estimate(file, set=[f"run={tmp_path / 'run'}"], workers=1)
    assert found
    assert all(one.calls >= one.units > 0 for one in found)
    assert file.read_text(encoding="utf-8").startswith("# ")
