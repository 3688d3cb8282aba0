"""Recipes: the YAML file that says what a run is. Checked whole before any work.

Every error names file, line and key, what is allowed there, and the nearest name. Duplicate keys are refused. A key
that this version does not act on is refused too: nothing is read and ignored.

Paths of sources and in options are relative to the recipe's file; `package:factory/quickstart/…` names files of an
installed package. `run:` is relative to the current folder.

    file       YAML with the place of every key, overrides
    keys       what may stand in a recipe
    loading    from the file to a recipe that was checked
    binding    its plugins, with their options and models
    checked    what a run then knows of it
    mistakes   how an error is told
"""

from factory.recipe.checked import Checked, with_absolute_paths
from factory.recipe.keys import OWN, Recipe, Share, Source, Use
from factory.recipe.loading import declared_audit, find, load

__all__ = [
    "OWN", "Checked", "Recipe", "Share", "Source", "Use", "declared_audit", "find", "load", "with_absolute_paths",
]  # fmt: skip
