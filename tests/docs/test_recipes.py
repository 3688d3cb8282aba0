"""The recipes in examples/recipes: each loads, and says what it would ask; nothing is asked."""

from pathlib import Path

import pytest

from factory import pipeline
from tests.docs.blocks import ROOT

RECIPES = sorted((ROOT / "examples/recipes").glob("*.yaml"))


@pytest.mark.parametrize("file", RECIPES, ids=lambda file: file.stem)
def test_a_recipe_makes_its_passages_and_an_estimate(file: Path, tmp_path: Path) -> None:
    found = pipeline.estimate(file, set=[f"run={tmp_path / 'run'}"], workers=1)
    assert found
    assert all(one.calls >= one.units > 0 for one in found)
    assert file.read_text(encoding="utf-8").startswith("# ")
