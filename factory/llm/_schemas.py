"""JSON schemas in the form that servers hold replies to: no references, every property required, none beside them."""

import json
import re
from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]
NOT_NEEDED = {"title", "default", "examples", "discriminator"}
REFERENCE = re.compile(r'"\$ref": "#/\$defs/([^"]+)"')


def strict(schema: Mapping[str, Any], *, wrapped_as: str | None = None) -> Schema:
    """A schema as strict servers want it; a list under the name `wrapped_as`, since a root is an object.

    References are replaced by what they name. Only a type that holds itself keeps them, and its definition.
    """
    definitions = dict(schema.get("$defs", {}))
    recursive = {name for name in definitions if name in _reached(name, definitions)}
    plain = _plain({name: value for name, value in schema.items() if name != "$defs"}, definitions, recursive)
    if wrapped_as is not None:
        plain = _closed({"type": "object", "properties": {wrapped_as: plain}})
    if "$ref" in plain:  # the root holds itself
        plain = _plain(definitions[_named(plain["$ref"])], definitions, recursive)
    if recursive:
        plain["$defs"] = {name: _plain(definitions[name], definitions, recursive) for name in sorted(recursive)}
    return plain


def names(schema: Any) -> set[str]:
    """Every name of a property, anywhere in a schema."""
    if isinstance(schema, list):
        return {name for part in schema for name in names(part)}
    if not isinstance(schema, dict):
        return set()
    own = set(schema.get("properties", {})) if isinstance(schema.get("properties"), dict) else set()
    return own | {name for part in schema.values() for name in names(part)}


def _reached(name: str, definitions: Mapping[str, Schema]) -> set[str]:
    """The definitions that one leads to, itself only where it comes back to itself."""
    reached: set[str] = set()
    new = {name}
    while new:
        found = {other for one in new for other in REFERENCE.findall(json.dumps(definitions[one]))}
        new = found - reached
        reached |= found
    return reached


def _named(reference: str) -> str:
    return reference.rpartition("/")[2]


def _plain(schema: Mapping[str, Any], definitions: Mapping[str, Schema], recursive: set[str]) -> Schema:
    """One schema without what is not needed, its references replaced."""
    if "$ref" in schema:
        name = _named(schema["$ref"])
        if name in recursive:
            return {"$ref": schema["$ref"]}
        return _plain({**definitions[name], **{k: v for k, v in schema.items() if k != "$ref"}}, definitions, recursive)
    made: Schema = {}
    for key, value in schema.items():
        if key in NOT_NEEDED:
            continue
        if key == "properties":
            made[key] = {name: _plain(part, definitions, recursive) for name, part in value.items()}
        elif isinstance(value, dict) and key != "const":
            made[key] = _plain(value, definitions, recursive)
        elif isinstance(value, list):
            made[key] = [_plain(part, definitions, recursive) if isinstance(part, dict) else part for part in value]
        else:
            made[key] = value
    return _closed(made) if made.get("type") == "object" and "properties" in made else made


def _closed(schema: Schema) -> Schema:
    """An object with all of its properties and no others."""
    return {**schema, "required": list(schema["properties"]), "additionalProperties": False}
