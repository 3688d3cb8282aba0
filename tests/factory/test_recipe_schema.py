"""The schema of recipes accepts what `factory` accepts, and refuses unknown keys and wrong types as it does."""

import copy
import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from factory import plugins, recipe
from factory.errors import WrongRequest
from factory.plugins import Group
from factory.recipe.file import parse
from factory.views.recipe_schema import LISTS, schema
from tests.docs.blocks import ROOT
from tests.factory.installing import Package, on_the_path
from tests.json_schema import is_valid

RECIPES = sorted([*(ROOT / "examples").rglob("*.yaml"), *(ROOT / "factory/quickstart").glob("*.yaml")])
GROUPS: tuple[Group, ...] = tuple(dict.fromkeys(LISTS.values()))
PLUGINS = [(group, name) for group in GROUPS for name in plugins.declared(group)]
WRONG: tuple[Any, ...] = ({"zzz": [1]}, [[["zzz"]]], -7.25)  # of a type, or with a key, that no value has at its place
FREE = (
    "glossary",
    "body",
    "vllm",
    "args",
    "headers",
    "caps",
    "map",
    "mix",
    "models",
)  # mappings of the user's own keys

Way = tuple[str | int, ...]


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return schema()


def parsed(file: Path) -> dict[str, Any]:
    return parse(file)[0]


@pytest.mark.parametrize("file", RECIPES, ids=lambda file: file.stem)
def test_every_recipe_of_ours_is_valid(made: dict[str, Any], file: Path) -> None:
    assert is_valid(parsed(file), made, made)


def ways(value: Any, way: Way = ()) -> Iterator[Way]:
    """Every way into a value, to mappings, lists and leaves."""
    yield way
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from ways(item, (*way, key))


def at(value: Any, way: Way) -> Any:
    for step in way:
        value = value[step]
    return value


def spoiled(whole: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """A recipe with one thing wrong: an unknown key in each mapping, a wrong value in each place."""
    for way in ways(whole):
        if isinstance(at(whole, way), dict) and not (way and way[-1] in FREE):
            changed = copy.deepcopy(whole)
            at(changed, way)["zzz"] = "zzz"
            yield f"a key more at {way}", changed
        for wrong in WRONG if way and not set(FREE) & set(way) else ():
            changed = copy.deepcopy(whole)
            at(changed, way[:-1])[way[-1]] = wrong
            yield f"{wrong} at {way}", changed


def is_accepted(whole: dict[str, Any], folder: Path) -> bool:
    """Whether `factory` accepts a recipe that lies in `folder`."""
    file = folder / "spoiled.yaml"
    file.write_text(yaml.safe_dump(whole), encoding="utf-8")
    try:
        recipe.load(str(file))
    except WrongRequest:
        return False
    return True


def test_a_wrong_type_or_an_unknown_key_anywhere_is_refused_by_both(made: dict[str, Any], tmp_path: Path) -> None:
    whole = yaml.safe_load((ROOT / "examples/recipes/questions.yaml").read_text(encoding="utf-8"))
    whole["passages"]["filter"] += [{"again": {"plugin": "pii", "action": "mask", "types": ["email"]}}]
    whole["train"] = [{"sft": {"model": "tiny", "epochs": 1}}]
    whole["audit"]["measure"] = ["length"]
    assert is_accepted(whole, tmp_path)
    assert is_valid(whole, made, made)
    for what, changed in spoiled(whole):
        assert is_valid(changed, made, made) == is_accepted(changed, tmp_path), what


@pytest.mark.parametrize(("group", "name"), PLUGINS)
def test_a_plugin_may_be_written_in_its_three_forms_with_its_defaults(
    made: dict[str, Any], group: Group, name: str
) -> None:
    its = made["$defs"][f"{group}.{name}"]
    defaults = {key: value["default"] for key, value in its["properties"].items() if "default" in value}
    needed = {key: {"from": ["qa"], "against": ["x"], "file": "x", "caps": {"document": 1}, "keep": 1}[key]
              for key in its["required"]}  # fmt: skip
    entries = [{name: {**defaults, **needed}}, {"another": {"plugin": name, **defaults, **needed}}]
    entries += [] if needed else [name, {name: None}]
    for entry in entries:
        assert is_valid(entry, {"$ref": f"#/$defs/{group}"}, made), entry
        assert not is_valid([entry], {"$ref": f"#/$defs/{group}"}, made)
    for entry in ({name: {"zzz": 1, **needed}}, {"another": {"plugin": name, "zzz": 1, **needed}}, {"another": needed}):
        assert not is_valid(entry, {"$ref": f"#/$defs/{group}"}, made), entry
    if needed:
        assert not is_valid(name, {"$ref": f"#/$defs/{group}"}, made)


@pytest.mark.parametrize(("group", "name"), PLUGINS)
def test_every_option_is_described_with_its_default(made: dict[str, Any], group: Group, name: str) -> None:
    properties = made["$defs"][f"{group}.{name}"]["properties"]
    for option in plugins.options_of(plugins.load(group, name)):
        its = properties[option.name]
        assert its["description"], option.name
        assert ("default" in its) == (option.default is not inspect.Parameter.empty), option.name


def test_every_key_is_described(made: dict[str, Any]) -> None:
    for name, its in {"Recipe": made, **made["$defs"]}.items():
        if "." not in name and name not in GROUPS:
            assert [key for key, value in its["properties"].items() if "description" not in value] == [], name


def test_a_strangers_plugin_is_in_it(tmp_path: Path) -> None:
    with on_the_path(tmp_path / "site") as site:
        Package(site, "stranger").declares(
            "generators",
            "echoing",
            '"""Says it again."""\n'
            "from factory.passages import Passage\n"
            "async def echoing(passage: Passage, *, times: int = 2):\n    yield None\n",
        )
        made = schema()
    assert made["$defs"]["generators.echoing"]["properties"]["times"] == {"default": 2, "type": "integer"}
    assert is_valid({"echoing": {"times": 3}}, {"$ref": "#/$defs/generators"}, made)
    assert not is_valid({"echoing": {"times": "3"}}, {"$ref": "#/$defs/generators"}, made)


def test_it_is_json(made: dict[str, Any]) -> None:
    assert json.loads(json.dumps(made)) == made
