"""The JSON Schema of a recipe, for editors: every key, and every option of every plugin that is installed.

In      the models of `factory.recipe`, the signatures of the plugins, and `descriptions.json`: what the pages of the
        reference say of each key and option, put there by docs/build_reference.py.
Out     a schema of draft 7, which editors know best. A recipe that is accepted is valid; one with an unknown key or a
        value of a wrong type is not. What only shows when values are held against each other is left to `factory run`.
"""

import inspect
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from factory import plugins
from factory.plugins import Group, Option
from factory.recipe import OWN, Recipe

Schema = dict[str, Any]
LISTS: dict[str, Group] = {  # what each list of plugins holds, by its key
    "filter": "filters", "measure": "filters", "methods": "generators", "train": "trainers",
}  # fmt: skip
DESCRIPTIONS = Path(__file__).with_name("descriptions.json")
DRAFT = "http://json-schema.org/draft-07/schema#"
USE = "#/$defs/Use"
BINDING = {"type": ["string", "null"], "description": "The model that is asked: its name under 'models:'."}
FROM = {
    "type": "array", "items": {"type": "string"}, "minItems": 1,
    "description": "Methods before it, whose kept rows are its units.",
}  # fmt: skip
TARGET = {"type": "integer", "minimum": 1, "description": "How many of its rows are wanted."}
MODEL = {"type": "string", "description": "What is trained: tiny, a path, an id of the hub, or an entry before it."}


def schema() -> Schema:
    """The whole schema. Raises WrongRequest where a plugin cannot be loaded."""
    said = json.loads(DESCRIPTIONS.read_text(encoding="utf-8"))
    made = Recipe.model_json_schema()
    definitions = made.pop("$defs")
    del definitions["Use"]  # people write it in short forms
    _describe(made, definitions, said["recipe"])
    for group in dict.fromkeys(LISTS.values()):
        definitions.update(_of_group(group, said[group]))
    whole = {"$schema": DRAFT, **made, "$defs": definitions}
    return {"title": "A recipe of dataset-factory", **_readable(whole)}


# --- keys ------------------------------------------------------------------------------------------------------------


def _describe(at: Schema, definitions: Mapping[str, Schema], said: Mapping[str, str], above: str = "") -> None:
    """Put what the page says of each key into its schema, and lists of plugins in their place; all in place."""
    for key, its in at["properties"].items():
        if above + key in said:
            its["description"] = said[above + key]
        if its.get("items") == {"$ref": USE}:
            its["items"] = {"$ref": f"#/$defs/{LISTS[key]}"}
        for below, part in _parts(its):
            if name := _definition(part):
                _describe(definitions[name], definitions, said, f"{above}{key}{below}.")


def _parts(its: Schema) -> Iterator[tuple[str, Any]]:
    """What may stand at a key, with how the page writes the way there."""
    yield from (("", one) for one in [its, *its.get("anyOf", ())])
    yield "[]", its.get("items")
    yield ".NAME", its.get("additionalProperties")


def _definition(part: Any) -> str:
    """The name of a definition with keys of its own that a part of a schema refers to; '' for any other part."""
    name = str(part.get("$ref", "")).rpartition("/")[2] if isinstance(part, dict) else ""
    return "" if name in LISTS.values() else name


def _readable(value: Any) -> Any:
    """The schema without the titles that pydantic makes of names, and with nothing beside a reference but in `allOf`:
    draft 7 would not see it."""
    if isinstance(value, list):
        return [_readable(item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {key: _readable(item) for key, item in value.items() if key != "title" or not isinstance(item, str)}
    return {"allOf": [{"$ref": made.pop("$ref")}], **made} if "$ref" in made and len(made) > 1 else made


# --- plugins ---------------------------------------------------------------------------------------------------------


def _of_group(group: Group, said: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, Schema]]:
    """The definitions of a group: the options of each plugin, and an entry of its lists in its three forms."""
    names = list(plugins.declared(group))
    made = {name: _options(group, name, said.get(name, {})) for name in names}
    for name, (options, its_own) in made.items():
        options["properties"]["plugin"] = {"enum": names}
        yield f"{group}.{name}", options
        yield from its_own.items()
    bare = [name for name, (options, _) in made.items() if not options["required"]]
    yield f"{group}.renamed", _renamed(group, names)
    yield group, {"anyOf": [{"enum": bare}, _named(group, names, bare)]}


def _named(group: Group, names: list[str], bare: list[str]) -> Schema:
    """`name: {options}` of each plugin, and any other name for one that says which plugin it is."""
    renamed = {"$ref": f"#/$defs/{group}.renamed"}
    properties: Schema = {}
    for name in names:
        options: Schema = {"$ref": f"#/$defs/{group}.{name}"}
        properties[name] = {
            "description": inspect.cleandoc(sys.modules[plugins.load(group, name).__module__].__doc__ or ""),
            "if": {"type": "object", "required": ["plugin"]},
            "then": renamed,
            "else": {"anyOf": [options, {"type": "null"}]} if name in bare else options,
        }
    return {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "propertyNames": {"not": {"enum": list(OWN)}},
        "properties": properties,
        "additionalProperties": renamed,
    }


def _renamed(group: Group, names: list[str]) -> Schema:
    """The options of the plugin that `plugin` names."""
    cases = [
        {"if": {"properties": {"plugin": {"const": name}}}, "then": {"$ref": f"#/$defs/{group}.{name}"}}
        for name in names
    ]
    return {"type": "object", "required": ["plugin"], "properties": {"plugin": {"enum": names}}, "allOf": cases}


def _options(group: Group, name: str, said: Mapping[str, str]) -> tuple[Schema, dict[str, Schema]]:
    """What a plugin takes, as the schema of a mapping; and definitions of its own."""
    loaded = plugins.load(group, name)
    properties, required = _beside(group, loaded)
    definitions: dict[str, Schema] = {}
    for option in plugins.options_of(loaded):
        properties[option.name] = its = _option(option, f"{group}.{name}")
        for its_name, definition in its.pop("$defs", {}).items():
            definitions[f"{group}.{name}.{its_name}"] = definition
        if option.name in said:
            its["description"] = said[option.name]
        if option.default is inspect.Parameter.empty:
            required.append(option.name)
    made = {"type": "object", "additionalProperties": False, "required": required, "properties": properties}
    return made, definitions


def _option(option: Option, owner: str) -> Schema:
    """One option: its type, and its default as a recipe would have it."""
    from pydantic import TypeAdapter

    adapter: TypeAdapter[Any] = TypeAdapter(option.type)
    made = adapter.json_schema(ref_template=f"#/$defs/{owner}.{{model}}")
    if option.default is not inspect.Parameter.empty:
        made["default"] = adapter.dump_python(option.default, mode="json")
    return made


def _beside(group: Group, loaded: Any) -> tuple[Schema, list[str]]:
    """The keys of an entry that are no options of its plugin, and those of them that it must have."""
    if group == "trainers":
        return {"model": MODEL}, []
    keys: Schema = dict.fromkeys(plugins.models_of(loaded), BINDING)
    if group != "generators":
        return keys, []
    keys["target"], takes = TARGET, plugins.takes(loaded)
    if takes in ("record", "either"):
        keys["from"] = FROM
    return keys, ["from"] if takes == "record" else []
