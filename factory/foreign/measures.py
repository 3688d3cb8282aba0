"""Which filters an audit measures: all that are installed and can say something without being told more."""

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from factory import plugins
from factory.errors import WrongRequest
from factory.origins import ORIGINS
from factory.plugins import Option

NOTED = "placeholder"  # of an option `action`: says what it found where, so that the report can mask it


def measured_by_default(against: Sequence[Path] = ()) -> list[Any]:
    """Entries for `audit: measure`, in alphabetical order.

    Left out are filters that ask a model, that call themselves `dear` (embeddings), that compare a row with the
    document it was made from, or that need an option; one that needs `against` gets the benchmarks, if there are any.
    """
    entries = []
    for name in plugins.declared("filters"):
        options = _options(name, against)
        if options is not None:
            entries.append({name: options} if options else name)
    return entries


def _options(name: str, against: Sequence[Path]) -> dict[str, Any] | None:
    """The options under which a filter is measured; None where it is not."""
    try:
        code = plugins.load("filters", name)
        known = plugins.options_of(code)
        options: dict[str, Any] = {
            option.name: NOTED for option in known if option.name == "action" and NOTED in get_args(option.type)
        }
        if any(option.name == "against" and _is_missing(option, {}) for option in known) and against:
            options["against"] = [str(file) for file in against]
        if getattr(code, "dear", False) or any(_is_missing(option, options) for option in known):
            return None
        made = plugins.filter_(name, options)
        return None if made.models or made.sees in ORIGINS else options
    except WrongRequest:  # an extra that is not installed, most likely
        return None


def _is_missing(option: Option, given: dict[str, Any]) -> bool:
    return option.default is inspect.Parameter.empty and option.name not in given
