"""A package of somebody else's, built and installed by pip, is equal to ours."""

import importlib.util
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.corpora import recipe, rows, write_documents, write_recipe

ROOT = Path(__file__).parents[2]
PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "{name}"
version = "1.0"

[project.entry-points."factory.generators"]
shout = "{module}.shout:generate"

[project.entry-points."factory.filters"]
no_whisper = "{module}.no_whisper:NoWhisper"
"""
SHOUT = '''
from collections.abc import AsyncIterator

from factory.passages import Passage
from factory.records import Record, Rejected, sft


async def generate(passage: Passage, *, mark: str = "!") -> AsyncIterator[Record | Rejected]:
    """Ask for a passage in capitals, and quote it."""
    quote = passage.span(0, len(passage.text))
    yield sft(passage, f"Say it louder: {passage.text}", passage.text.upper() + mark, quotes=[quote])
'''
NO_WHISPER = '''
from dataclasses import dataclass, field
from typing import ClassVar

import pyarrow as pa

from factory.verdicts import Verdicts


@dataclass(frozen=True)
class NoWhisper:
    """Reject what holds no mark."""

    sees: ClassVar[str] = "text"
    marks: int = field(default=1, metadata={"decides": True})

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """How many marks a text holds."""
        marks = [text.count("!") for text in batch["text"].to_pylist()]
        return pa.record_batch({"id": batch["id"], "marks": pa.array(marks)})

    def decide(self, features: pa.RecordBatch) -> Verdicts:
        """Keep those with enough of them."""
        kept = [marks >= self.marks for marks in features["marks"].to_pylist()]
        return Verdicts.keep_where(features["id"].to_pylist(), kept, reason="no_whisper.too_quiet")
'''


def installed(folder: Path, name: str) -> Path:
    """A distribution `name` with a generator and a filter, built and installed; where it is."""
    for needed in ("hatchling", "pip"):
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed: pip install 'dataset-factory[test]' pip")
    source, site = folder / f"source-{name}", folder / f"site-{name}"
    module = source / name.replace("-", "_")
    module.mkdir(parents=True)
    (source / "pyproject.toml").write_text(PYPROJECT.format(name=name, module=module.name))
    for file, content in (("__init__.py", ""), ("shout.py", SHOUT), ("no_whisper.py", NO_WHISPER)):
        (module / file).write_text(content)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation",
               "--disable-pip-version-check", "--root-user-action", "ignore",
               "--target", str(site), str(source)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return site


def factory(folder: Path, *arguments: str, path: list[Path]) -> "subprocess.CompletedProcess[str]":
    """The command line in a process that finds packages on `path` too."""
    places = os.pathsep.join([*map(str, path), os.environ["PYTHONPATH"]])
    command = [sys.executable, "-c", "from factory.cli import main; main()", *arguments]
    return subprocess.run(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": places}, capture_output=True, text=True, check=False
    )


def test_a_package_from_pip_is_listed_runs_and_keeps_the_laws(tmp_path: Path) -> None:
    site = installed(tmp_path, "acme-shouting")
    listed = factory(tmp_path, "plugins", "--json", path=[site])
    assert listed.returncode == 0, listed.stderr
    assert {"shout", "no_whisper", "text", "pii"} <= set(words(json.loads(listed.stdout)))

    write_documents(tmp_path, {"a.txt": "The valve opens at once! Stand back.", "b.txt": "The tank fills slowly."})
    made = recipe(passages=[{"no_whisper": {"marks": 1}}], methods=[{"shout": {"mark": "!!"}}, "text"], records=["pii"])
    ran = factory(tmp_path, "run", str(write_recipe(tmp_path, made)), "--workers", "2", path=[site])
    assert ran.returncode == 0, ran.stderr
    assert {row["messages"][1]["content"] for row in rows(tmp_path / "run/dataset/sft")} == {
        "THE VALVE OPENS AT ONCE! STAND BACK.!!"
    }
    verified = factory(tmp_path, "verify", "run", path=[site])
    assert verified.returncode == 0, verified.stdout + verified.stderr
    lost = factory(tmp_path, "ledger", "run", "--rows", "--json", path=[site])
    assert "no_whisper.too_quiet" in lost.stdout

    gone = factory(tmp_path, "run", "run/recipe.yaml", path=[])
    assert gone.returncode == 2
    assert "no_whisper" in gone.stderr, "without its package, the name is unknown"


def words(value: object) -> list[str]:
    """Every string in a JSON value."""
    if isinstance(value, dict):
        return [word for pair in value.items() for item in pair for word in words(item)]
    if isinstance(value, list):
        return [word for item in value for word in words(item)]
    return [value] if isinstance(value, str) else []


def test_two_packages_with_one_name_are_refused_and_both_are_named(tmp_path: Path) -> None:
    sites = [installed(tmp_path, "acme-shouting"), installed(tmp_path, "loud")]
    said = factory(tmp_path, "plugins", path=sites)
    assert said.returncode == 2
    for name in ("acme-shouting", "loud", "Uninstall one"):
        assert name in said.stderr


@pytest.mark.parametrize("file", ["filters/__init__.py", "filters/length.py", "filters.py"])
def test_a_foreign_module_that_hides_ours_is_named_with_ours(tmp_path: Path, file: str) -> None:
    hiding = tmp_path / "foreign" / file
    hiding.parent.mkdir(parents=True)
    (hiding.parent / "__init__.py").touch()
    hiding.write_text("class Length:\n    pass\n")
    write_documents(tmp_path, {"a.txt": "The valve opens."})
    said = factory(
        tmp_path, "run", str(write_recipe(tmp_path, methods=["text"], records=["length"])), path=[tmp_path / "foreign"]
    )
    assert said.returncode == 2, said.stderr
    assert str(tmp_path / "foreign" / "filters") in said.stderr
    assert "dataset-factory" in said.stderr
    assert not (tmp_path / "run").exists(), "nothing was begun"


# --- the house itself ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("group", ["generators", "filters"])
def test_every_plugin_file_has_its_line_and_every_line_its_file(group: str) -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    lines = {name: target.split(":")[0] for name, target in declared[f"factory.{group}"].items()}
    files = {file.stem: f"{group}.{file.stem}" for file in (ROOT / group).glob("[!_]*.py")}
    assert lines == files


def test_the_quickstart_in_the_package_is_the_example() -> None:
    packaged, example = (ROOT / name for name in ("factory/quickstart/quickstart.yaml", "examples/quickstart.yaml"))
    assert packaged.read_bytes() == example.read_bytes()
    assert yaml.safe_load(packaged.read_text(encoding="utf-8"))["run"] == "runs/quickstart"
