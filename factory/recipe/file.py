"""The file of a recipe as a value, and where each part of it stands: `recipe.yaml:7`, or the `--set` that gave it.

Every error names file and line. Keys that stand twice are refused, and so are aliases that multiply.
"""

import re
from pathlib import Path
from typing import Any

import yaml

from factory import addresses
from factory.errors import WrongRequest

Place = tuple[str | int, ...]
Places = dict[Place, str]  # where each value of a recipe stands: `recipe.yaml:7`, or the --set that gave it
WILD = "*?["  # what makes a path a glob
MAX_NODES = 100_000  # a recipe is written by a person; aliases that multiply are not


class Loader(yaml.SafeLoader):
    """YAML in which `2e-5` is a number, as in YAML 1.2; PyYAML takes it for text, since there is no point in it."""


Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def value_of(text: str) -> Any:
    """The value that is written after a `--set name=`. Raises YAMLError or ValueError for what is none."""
    return yaml.load(text, Loader)  # noqa: S506 # a SafeLoader


def parse(file: Path) -> tuple[dict[str, Any], Places]:
    """The value of a recipe's file and its places. Raises WrongRequest for a file that is no mapping in YAML."""
    try:
        source = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongRequest(f"{file}: not readable as UTF-8 text ({error.__class__.__name__}).") from None
    places: Places = {}
    try:
        loader = Loader(source)
        root = loader.get_single_node()
        value = _value(loader, root, (), places, file) if root else None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise WrongRequest(
            f"{file}{line}: not YAML: {getattr(error, 'problem', None) or 'it cannot be parsed'}."
        ) from None
    if not isinstance(value, dict):
        raise WrongRequest(f"{file}: a recipe is a mapping with 'run:' and 'sources:'; see 'factory run --help'.")
    return value, places


def _value(loader: Loader, node: yaml.Node, place: Place, places: Places, file: Path) -> Any:
    places[place] = f"{file}:{node.start_mark.line + 1}"
    if len(places) > MAX_NODES or len(place) > 50:
        raise WrongRequest(f"{file}: more than {MAX_NODES} values or 50 levels; aliases that multiply are refused.")
    if isinstance(node, yaml.SequenceNode):
        return [_value(loader, item, (*place, nth), places, file) for nth, item in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return _scalar(loader, node, places[place])
    made: dict[str, Any] = {}
    for key_node, value_node in node.value:
        here = f"{file}:{key_node.start_mark.line + 1}"
        key = str(_scalar(loader, key_node, here))
        if key in made:
            first = places[(*place, key)].rpartition(":")[2]
            raise WrongRequest(f"{here}: the key '{key}' stands twice (first on line {first}). Keep one.")
        made[key] = _value(loader, value_node, (*place, key), places, file)
        places[(*place, key)] = here
    return made


def _scalar(loader: Loader, node: yaml.Node, where: str) -> Any:
    try:
        return loader.construct_object(node)
    except (ValueError, TypeError):  # 2024-99-99 looks like a date; a list as a key cannot be one
        raise WrongRequest(f"{where}: not a value that YAML knows. If it is text, put it in quotes.") from None


def apply_override(value: dict[str, Any], override: str, places: Places) -> None:
    """Put `dotted.key=value` into a recipe; what is wrong with it is then said of `--set`, not of a line."""
    path, equals, given = override.partition("=")
    override = addresses.bare(override)  # it is said in messages, and an address may hold credentials
    *outer, last = names = path.split(".")
    if not equals or not all(names):
        raise WrongRequest(f"--set {override}: write --set dotted.key=value, as in --set generate.target=200.")
    at: Any = value
    place: Place = ()
    for name in outer:
        at, step = _step(at, name, override)
        place += step
        places.setdefault(place, f"--set {override}")
    try:
        parsed = value_of(given)
    except (yaml.YAMLError, ValueError):
        raise WrongRequest(f"--set {override}: the value is not YAML. If it is text, put it in quotes.") from None
    if isinstance(at, list):
        raise WrongRequest(
            f"--set {override}: '{outer[-1]}' is a list; name an entry and then its option.{_entries(at)}"
        )
    if not isinstance(at, dict):
        raise WrongRequest(f"--set {override}: '{'.'.join(outer)}' is a value and has no keys below it.")
    at[last] = parsed
    places[(*place, last)] = f"--set {override}"


def add_method(value: dict[str, Any], name: str, places: Places) -> None:
    """Put a generator into a recipe that does not have it; a recipe of another shape is refused when it is checked."""
    generate = value.get("generate") or {}
    entries = generate.get("methods") or [] if isinstance(generate, dict) else None
    if isinstance(entries, list) and not any(
        entry == name or (isinstance(entry, dict) and name in entry) for entry in entries
    ):
        value["generate"] = {**generate, "methods": [*entries, name]}
        places[("generate", "methods", len(entries))] = "METHOD"


def _step(at: Any, name: str, override: str) -> tuple[Any, Place]:
    """One level down and how it is called there, a mapping made where there is none; in a list by name or number."""
    if isinstance(at, dict):
        if at.get(name) is None:
            at[name] = {}
        return at[name], (name,)
    for nth, entry in enumerate(at if isinstance(at, list) else []):
        if isinstance(entry, dict) and "path" in entry:  # a source
            if name in (str(nth), entry.get("name"), source_name(str(entry["path"]))):
                return entry, (nth,)
        elif name in (str(nth), _entry_name(entry)):
            plugin = _entry_name(entry)
            options = (entry.get(plugin) if isinstance(entry, dict) else None) or {}
            at[nth] = {plugin: options}
            return options, (nth, plugin)
    raise WrongRequest(f"--set {override}: there is no '{name}' in the recipe at that place.{_entries(at)}")


def _entry_name(entry: Any) -> str:
    """What an entry of a list of plugins is called."""
    return str(next(iter(entry), "")) if isinstance(entry, dict) else str(entry)


def _entries(at: Any) -> str:
    """' There are: text, qa.', or '' where there is nothing to name."""
    if not isinstance(at, list) or not at:
        return ""
    names = [
        str(entry.get("name") or source_name(str(entry["path"])))
        if isinstance(entry, dict) and "path" in entry
        else _entry_name(entry)
        for entry in at
    ]
    return f" There are: {', '.join(names)}."


def source_name(path: str) -> str:
    """What a source is called where it has no name: the last part of its path that is no pattern."""
    plain = [part for part in addresses.names(path).rstrip("/").split("/") if not any(c in part for c in WILD)]
    return plain[-1] if plain else "source"


def where(file: Path, places: Places, place: Place) -> str:
    """Where a place stands, or the nearest above it."""
    while place and place not in places:
        place = place[:-1]
    return places.get(place, str(file)) if place else str(file)
