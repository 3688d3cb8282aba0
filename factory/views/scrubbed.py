"""Whether a page may show a passage beside a row: only where passages were edited by all that edits rows.

A filter of personal data that stands on records alone leaves its values in the passages: what stands around a quote,
and the headings above it, would show what was taken out of the row.
"""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import yaml

from factory import plugins
from factory.errors import WrongRequest
from factory.recipe import Use
from factory.runs import Run

FATES = ("action", "actions", "seed")


def may_show_passages(run: Run) -> bool:
    """Whether each filter of records that takes values out took as much out of documents or passages before."""
    recipe = yaml.safe_load((run.path / "recipe.yaml").read_text(encoding="utf-8"))
    try:
        before = [*_made(recipe.get("documents")), *_made(recipe.get("passages"))]
        return all(not _takes_out(its) or any(_covers(other, its) for other in before) for its in _made(recipe))
    except WrongRequest:
        return False  # a plugin that is no longer installed: nobody knows what it would have taken out


def last_scrubber(run: Run, order: Sequence[str]) -> int:
    """The place in `order` of the last filter of records that takes values out of rows; -1 where there is none.

    What a filter after it rejected was seen by all of them. Where a plugin is no longer installed, nobody knows which
    do, and all may.
    """
    recipe = yaml.safe_load((run.path / "recipe.yaml").read_text(encoding="utf-8"))
    names = [Use.model_validate(entry).instance for entry in recipe.get("filter") or []]
    try:
        scrub = {name for name, its in zip(names, _made(recipe), strict=True) if _takes_out(its)}
    except WrongRequest:
        return len(order) - 1
    return max((nth for nth, name in enumerate(order) if name in scrub), default=-1)


def _made(section: dict[str, Any] | None) -> list[plugins.Filter]:
    uses = [Use.model_validate(entry) for entry in (section or {}).get("filter") or []]
    return [plugins.filter_(use.plugin, use.options) for use in uses]


def _takes_out(its: plugins.Filter) -> bool:
    """Whether a filter may edit, or reject a row for a value in it: not one that sees no field, or only judges."""
    return its.sees == "strings" and not its.judges


def _covers(other: plugins.Filter, wanted: plugins.Filter) -> bool:
    """Whether another filter, before, left nothing to a filter: it is the same, or replaced all that both find."""
    if other.code == wanted.code:
        return True
    finds_the_same = other.plugin == wanted.plugin and other.measures == wanted.measures
    return finds_the_same and other.replaces and _bounds(other.code) == _bounds(wanted.code)


def _bounds(code: Any) -> dict[str, Any]:
    """The options of a filter but those that say what becomes of what it found."""
    return {field.name: getattr(code, field.name) for field in fields(code) if field.name not in FATES}
