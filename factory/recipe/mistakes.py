"""How an error in a recipe is told: file, line, key, what is allowed there, and the nearest name."""

import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from factory.errors import WrongRequest, did_you_mean
from factory.recipe import file as recipe_file
from factory.recipe.file import Place, Places
from factory.recipe.keys import Recipe

SHAPES = {  # pydantic would name our classes
    "model_type": "this must be a mapping of keys and values",
    "dict_type": "this must be a mapping of keys and values",
    "list_type": "this must be a list",
}


def wrong(file: Path, places: Places, error: ValidationError) -> WrongRequest:
    """The first error, with line, key, what is allowed, and the nearest name."""
    first = error.errors(include_url=False)[0]
    place: Place = tuple(first["loc"])
    if place and place[-1] == "[key]":  # of a mapping whose keys are named: what is wrong is the key before
        place = place[:-1]
        return _unknown_key(
            file,
            places,
            place,
            str(first.get("ctx", {}).get("expected", "")).strip("'").replace("' or '", "', '").split("', '"),
        )
    if first["type"] == "extra_forbidden":
        return _unknown_key(file, places, place, _fields(place[:-1]))
    where, key = recipe_file.where(file, places, place), ".".join(str(part) for part in place)
    if first["type"] == "missing":
        return WrongRequest(f"{where}: the key '{key}' is missing.{_example(str(place[-1]))}")
    message = SHAPES.get(first["type"]) or first["msg"].removeprefix("Value error, ")
    return WrongRequest(f"{where}: '{key}' is not right: {message[0].lower()}{message[1:]}.{_example(str(place[-1]))}")


def _unknown_key(file: Path, places: Places, place: Place, known: list[str]) -> WrongRequest:
    where, key, name = recipe_file.where(file, places, place), ".".join(str(part) for part in place), str(place[-1])
    return WrongRequest(f"{where}: unknown key '{key}'.{did_you_mean(name, known)} Allowed here: {', '.join(known)}.")


def _example(name: str) -> str:
    examples = {"run": " For example: run: runs/handbook", "sources": " For example: sources: [{path: docs/}]"}
    return examples.get(name, "")


def _fields(place: Place) -> list[str]:
    """The keys that are allowed at a place of the recipe."""
    model: Any = Recipe
    for part in place:
        inner = getattr(model, "model_fields", None)
        model = (
            inner[_field(inner, part)].annotation if inner else model.__args__[-1]
        )  # else an item of a list, a value of a mapping
        there = [arg for arg in getattr(model, "__args__", ()) if arg is not type(None)]
        model = there[0] if isinstance(model, types.UnionType) and len(there) == 1 else model
    return sorted(field.alias or name for name, field in getattr(model, "model_fields", {}).items())


def _field(fields: Mapping[str, Any], key: Any) -> str:
    """The name of the field that a key is for: `as` is a word of Python's."""
    return next((name for name, field in fields.items() if field.alias == key), str(key))
