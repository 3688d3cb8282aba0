"""Which filters an audit measures: all that are installed and can say something without being told more.

Those that ask a model are measured where somebody names them, and a recipe whose models they may ask.
"""

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import yaml

from factory import plugins, recipe
from factory.errors import WrongRequest
from factory.origins import ORIGINS
from factory.plugins import Option

NOTED = "placeholder"  # of an option `action`: says what it found where, so that the report can mask it


def measured_by_default(against: Sequence[Path] = ()) -> tuple[list[Any], list[str]]:
    """Entries for `audit: measure`, in alphabetical order; and which filters cannot be loaded, with the reason.

    Left out are filters that ask a model, that call themselves `dear` (embeddings), that compare a row with the
    document it was made from, or that need an option; one that needs `against` gets the benchmarks, if there are any.
    """
    entries: list[Any] = []
    missing = []
    for name in plugins.declared("filters"):
        try:
            options = _options(name, against)
        except WrongRequest as error:  # an extra that is not installed, or a broken filter of others
            missing.append(f"{name}: {error}")
            continue
        if options is not None:
            entries.append({name: options} if options else name)
    return entries, missing


def _options(name: str, against: Sequence[Path]) -> dict[str, Any] | None:
    """The options under which a filter is measured; None where it is not. Raises WrongRequest where it cannot be."""
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


SAMPLED = {"names": 200, "semantic_dedup": 2_000}  # rows that what is slow looks at, unless all are asked for
SLOW: dict[str, dict[str, Any]] = {
    "names": {"plugin": "pii", "ner": "rampart", "types": ["person", "organization", "location"], "action": NOTED},
    "semantic_dedup": {},
}
EXTRAS = "pip install 'dataset-factory[ner,embeddings]'"


def slow_ones() -> tuple[list[Any], list[str]]:
    """Entries for what takes long and is installed, and why the others are not measured.

    Raises WrongRequest where nothing of it is installed.
    """
    entries, missing = [], []
    for name, options in SLOW.items():
        given = {key: value for key, value in options.items() if key != "plugin"}
        try:
            plugins.filter_(options.get("plugin", name), given, instance=name)
            entries.append({name: options} if options else name)
        except WrongRequest as error:
            missing.append(f"{name}: {error}")
    if not entries:
        raise WrongRequest(f"--slow needs an extra: {EXTRAS}")
    return entries, missing


def asked_by(file: str | Path | None, entries: Sequence[Any]) -> tuple[dict[str, Any], list[Any]]:
    """The keys of a recipe that say which models there are, and the filters that are to ask them.

    A filter without options of its own gets those that it has in the recipe. Raises WrongRequest where there is no
    recipe, or where a filter asks no model.
    """
    if not entries:
        if file is not None:
            raise WrongRequest("--recipe says whose models a filter asks. Name the filter: --with NAME.")
        return {}, []
    if file is None:
        raise WrongRequest(f"--with {_name(entries[0])}: a model is asked, so say of which recipe: --recipe FILE.")
    resolved = yaml.safe_load(recipe.load(str(file)).resolved())
    known = {_name(entry): entry for entry in resolved.get("filter", ())}
    asked = [known.get(entry, entry) if isinstance(entry, str) else entry for entry in entries]
    for entry in asked:
        use = recipe.Use.model_validate(entry)
        if not plugins.filter_(use.plugin, use.options, instance=use.instance, folder=Path.cwd()).models:
            raise WrongRequest(
                f"--with {use.instance}: it asks no model, and is measured anyway where it needs no option."
            )
    given = {key: resolved[key] for key in ("models", "prompts", "journal") if key in resolved}
    style = resolved.get("generate", {}).get("style")
    return given | ({"generate": {"style": style}} if style else {}), asked


def _name(entry: Any) -> str:
    return entry if isinstance(entry, str) else next(iter(entry))


def _is_missing(option: Option, given: dict[str, Any]) -> bool:
    return option.default is inspect.Parameter.empty and option.name not in given
