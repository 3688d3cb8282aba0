"""A validator for the part of JSON Schema (draft 7) that the schema of recipes uses; it refuses any other word."""

import re
from collections.abc import Callable
from typing import Any

TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}
SAYS_NOTHING = {"$schema", "$defs", "title", "description", "default", "format", "then", "else"}


def is_valid(value: Any, schema: Any, root: dict[str, Any]) -> bool:
    """Whether a value is valid under a schema, whose references lead into `root`."""
    if isinstance(schema, bool):
        return schema
    for word in schema:
        if word not in SAYS_NOTHING and word not in CHECKS:
            raise ValueError(f"the schema has a word that this validator does not know: {word}")
    return all(CHECKS[word](value, schema, root) for word in schema if word in CHECKS)


def _referred(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    if len(schema) > 1:
        raise ValueError("draft 7 sees nothing beside a reference")
    at: Any = root
    for step in schema["$ref"].removeprefix("#/").split("/"):
        at = at[step]
    return is_valid(value, at, root)


def _type(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    named = schema["type"]
    return any(TYPES[one](value) for one in ([named] if isinstance(named, str) else named))


def _conditional(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    branch = "then" if is_valid(value, schema["if"], root) else "else"
    return is_valid(value, schema.get(branch, True), root)


def _properties(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    its = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    return not isinstance(value, dict) or all(is_valid(item, its.get(k, others), root) for k, item in value.items())


def _of(type_: type | tuple[type, ...], holds: Callable[[Any, Any], bool], word: str) -> Callable[..., bool]:
    """A check of values of one type; all others are fine."""
    return lambda value, schema, root: not isinstance(value, type_) or holds(value, schema[word])


NUMBER = (int, float)
CHECKS: dict[str, Callable[[Any, dict[str, Any], dict[str, Any]], bool]] = {
    "$ref": _referred,
    "type": _type,
    "if": _conditional,
    "properties": _properties,
    "additionalProperties": _properties,
    "enum": lambda value, schema, root: any(value == one and type(value) is type(one) for one in schema["enum"]),
    "const": lambda value, schema, root: value == schema["const"],
    "not": lambda value, schema, root: not is_valid(value, schema["not"], root),
    "anyOf": lambda value, schema, root: any(is_valid(value, one, root) for one in schema["anyOf"]),
    "allOf": lambda value, schema, root: all(is_valid(value, one, root) for one in schema["allOf"]),
    "items": lambda value, schema, root: (
        not isinstance(value, list) or all(is_valid(item, schema["items"], root) for item in value)
    ),
    "propertyNames": lambda value, schema, root: (
        not isinstance(value, dict) or all(is_valid(key, schema["propertyNames"], root) for key in value)
    ),
    "required": _of(dict, lambda value, names: set(names) <= set(value), "required"),
    "minProperties": _of(dict, lambda value, bound: len(value) >= bound, "minProperties"),
    "maxProperties": _of(dict, lambda value, bound: len(value) <= bound, "maxProperties"),
    "minItems": _of(list, lambda value, bound: len(value) >= bound, "minItems"),
    "minLength": _of(str, lambda value, bound: len(value) >= bound, "minLength"),
    "pattern": _of(str, lambda value, pattern: re.search(pattern, value) is not None, "pattern"),
    "minimum": _of(NUMBER, lambda value, bound: value >= bound, "minimum"),
    "maximum": _of(NUMBER, lambda value, bound: value <= bound, "maximum"),
    "exclusiveMinimum": _of(NUMBER, lambda value, bound: value > bound, "exclusiveMinimum"),
    "exclusiveMaximum": _of(NUMBER, lambda value, bound: value < bound, "exclusiveMaximum"),
}
