"""The reference says what the code does: every key, option, reason and command, and no others."""

import ast
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pyarrow.parquet as pq
import pytest
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from factory import plugins, recipe, run
from filters._screen import KINDS
from tests.docs.blocks import ROOT, Block, blocks, load_fragment, without_blocks

REFERENCE = ROOT / "docs/reference"
GROUPS = ("filters", "generators")
PLUGINS = sorted((group, f.stem) for group in GROUPS for f in (ROOT / group).glob("*.py") if f.stem[0] != "_")
PARTS = ["What it does", "Why it matters", "One kept, one rejected", "Options", "Known misses", "Source"]
FILE_ENDINGS = (".parquet", ".tmp", ".json", ".jsonl", ".yaml", ".md", ".py", ".partial", ".lock")


def cells(page: Path, columns: int) -> list[list[str]]:
    """The cells of all tables of a page that have so many columns, heads and rules apart."""
    lines = page.read_text(encoding="utf-8").splitlines()
    rows = [re.split(r" *\| *", line.strip("|")) for line in lines if line.startswith("| ")]
    return [[cell.strip().strip("`") for cell in row] for row in rows if len(row) == columns]


def written(default: Any) -> str:
    """A default as the pages write it."""
    return default if isinstance(default, str) else json.dumps(default)


# --- recipe ----------------------------------------------------------------------------------------------------------


def keys(model: type[BaseModel], above: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every key that a recipe may have, dotted; `[]` below a list."""
    for name, field in model.model_fields.items():
        yield above + name, field
        for its_model in (field.annotation, *get_args(field.annotation)):
            is_model = isinstance(its_model, type) and issubclass(its_model, BaseModel)
            if is_model and its_model is not recipe.Use:  # that is written in short forms, which the page shows
                yield from keys(its_model, f"{above}{name}{'[]' if its_model is not field.annotation else ''}.")


def test_every_key_of_a_recipe_is_documented_with_its_default() -> None:
    documented = {row[0]: row[2] for row in cells(REFERENCE / "recipe.md", 4) if row[0] != "key"}
    expected = dict(keys(recipe.Recipe))
    assert sorted(documented) == sorted(expected)
    for key, field in expected.items():
        default = field.default
        if default is PydanticUndefined:
            assert documented[key] == "required", key
        elif default != "" and not isinstance(default, BaseModel):
            assert documented[key] == written(default), key


def test_the_example_recipe_loads(tmp_path: Path) -> None:
    [whole, short] = [block for block in blocks(REFERENCE / "recipe.md") if block.language == "yaml"]
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/kiln.md").write_text("# Kiln\n", encoding="utf-8")
    (tmp_path / "tickets.csv").write_text("body\nIt works.\n", encoding="utf-8")
    (tmp_path / "recipe.yaml").write_text(whole.text, encoding="utf-8")
    checked = recipe.load(str(tmp_path / "recipe.yaml"))
    assert [f.instance for f in checked.filters["records"]] == ["length", "exact_dedup", "near_questions"]
    load_fragment(short.text, tmp_path)


# --- command line ----------------------------------------------------------------------------------------------------


def test_the_page_of_the_command_line_is_what_the_help_says() -> None:
    command = [sys.executable, "docs/build_reference.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# --- reasons ---------------------------------------------------------------------------------------------------------


def reasons_in(tree: ast.AST) -> Iterator[str]:
    """The dotted reasons that a source file can give: constants, and f-strings whose one end is fixed."""
    known = re.compile(rf"(?:{'|'.join(['ingest', 'target', *(name for _, name in PLUGINS)])})\.[a-z_]+")
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and known.fullmatch(node.value):
            yield node.value
        if isinstance(node, ast.JoinedStr) and len(node.values) == 2:
            head, tail = (part.value if isinstance(part, ast.Constant) else None for part in node.values)
            if head == "pii.":
                yield from (f"pii.{kind}" for kind in KINDS)
            if tail not in FILE_ENDINGS and re.fullmatch(r"\.[a-z_]+", str(tail)):
                yield f"NAME{tail}"


READ_ONLY = ("views", "cli")  # their dotted names are measures
NOT_A_REASON = {"NAME.rejected"}  # what a plugin's Rejected without a reason gets; none of ours leaves it out


def test_every_reason_in_the_code_is_documented_and_no_other() -> None:
    files = [file for folder in ("factory", *GROUPS) for file in (ROOT / folder).rglob("*.py")]
    files = [file for file in files if file.parts[len(ROOT.parts) + 1] not in READ_ONLY]
    given = {reason for file in files for reason in reasons_in(ast.parse(file.read_text(encoding="utf-8")))}
    documented = {row[0] for row in cells(REFERENCE / "reasons.md", 3) if row[0] != "reason"}
    assert sorted(given - documented - NOT_A_REASON) == [], "give these a line in docs/reference/reasons.md"
    assert sorted(documented - given) == [], "no code gives these"


# --- plugins ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("group", "name"), PLUGINS)
def test_a_plugin_has_a_page_in_the_order_of_the_others(group: str, name: str) -> None:
    text = without_blocks(REFERENCE / group / f"{name}.md")
    assert text.startswith(f"# {name}\n")
    assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == PARTS


@pytest.mark.parametrize(("group", "name"), PLUGINS)
def test_the_options_on_the_page_are_those_of_the_signature(group: str, name: str) -> None:
    documented = {row[0]: row[2] for row in cells(REFERENCE / group / f"{name}.md", 4) if row[0] != "option"}
    options = plugins.options_of(plugins.load(group, name))  # type: ignore[arg-type] # one of the two groups
    assert documented == {option.name: written(option.default) for option in options}


def example(group: str, name: str) -> tuple[list[Block], list[tuple[str, str]], str]:
    """The blocks of a plugin's page, its examples with what is said of each, and what the examples are."""
    page = REFERENCE / group / f"{name}.md"
    table = without_blocks(page).split("## One kept, one rejected")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")]
    return blocks(page), [(text.strip("`"), said.strip("`")) for text, said in rows[1:]], rows[0][0]


@pytest.mark.parametrize("name", [name for group, name in PLUGINS if group == "filters"])
def test_the_examples_of_a_filter_get_the_verdicts_on_its_page(name: str, tmp_path: Path) -> None:
    [block, *_], examples, given = example("filters", name)
    sources = []
    for nth, (shown, _) in enumerate(examples):
        text, licence = (shown, None) if given == "text" else ("A text of whatever length.", shown)
        (tmp_path / f"{nth}.txt").write_text(text, encoding="utf-8")
        sources.append({"path": f"{nth}.txt", "licence": licence})
    whole = {"run": str(tmp_path / "run"), "sources": sources, "documents": yaml.safe_load(block.text)}
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(whole), encoding="utf-8")
    done = run(tmp_path / "recipe.yaml", until="ingest", workers=1)
    assert Counter(verdicts(done.path, name)) == Counter(said for _, said in examples)
    if name != "exact_dedup":  # which of two equals stays is a matter of their ids
        assert verdicts(done.path, name) == [said for _, said in examples]


def verdicts(folder: Path, name: str) -> list[str]:
    """`kept` or the reason, in the order of the files."""
    documents = pq.read_table(folder / "documents", columns=["id", "path"]).to_pylist()
    said = {row["id"]: row for row in pq.read_table(folder / f"verdicts/documents/{name}.parquet").to_pylist()}
    in_order = [said[row["id"]] for row in sorted(documents, key=lambda row: row["path"])]
    return [verdict["reason"] if verdict["outcome"] == "reject" else "kept" for verdict in in_order]


@pytest.mark.parametrize("name", [name for group, name in PLUGINS if group == "generators"])
def test_the_examples_of_a_generator_are_made_as_its_page_says(name: str, tmp_path: Path) -> None:
    [block, document, *_], examples, _ = example("generators", name)
    (tmp_path / "document.md").write_text(document.text, encoding="utf-8")
    whole = {"run": str(tmp_path / "run"), "sources": [{"path": "document.md"}], **yaml.safe_load(block.text)}
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(whole), encoding="utf-8")
    done = run(tmp_path / "recipe.yaml", until="generate", workers=1)
    files = sorted((done.path / "records").rglob("*.parquet"))
    made = [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]
    outcomes = [
        (row["reason"] or "kept", row["text"] if "text" in row else row["messages"][1]["content"]) for row in made
    ]
    for begins, said in examples:
        assert any(outcome == said and answer.startswith(begins) for outcome, answer in outcomes), outcomes
