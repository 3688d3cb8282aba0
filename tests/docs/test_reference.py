"""The reference says what the code does: every key, option, reason and command, and no others."""

import ast
import inspect
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import pyarrow.parquet as pq
import pytest
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from factory import Run, plugins, recipe, records, run
from factory.chat import ROLES
from factory.corpus import Row, batch_of
from factory.origins import ORIGINS, Origin
from factory.reasons import Words, words
from filters._kinds import KINDS
from filters.secrets import PLACEHOLDERS
from tests.docs.blocks import ROOT, Block, blocks, load_fragment, without_blocks
from tests.model_server import ModelServer

REFERENCE = ROOT / "docs/reference"
GROUPS = ("filters", "generators")
PLUGINS = sorted((group, f.stem) for group in GROUPS for f in (ROOT / group).glob("*.py") if f.stem[0] != "_")
FILTERS = [name for group, name in PLUGINS if group == "filters"]
PARTS = ["What it does", "Why it matters", "One kept, one rejected", "Options", "Known misses", "Source"]
BELOW = {list: "[]", dict: ".NAME"}
FILE_ENDINGS = (
    ".parquet",
    ".arrow",
    ".run",
    ".tmp",
    ".json",
    ".jsonl",
    ".yaml",
    ".md",
    ".py",
    ".part",
    ".partial",
    ".lock",
)


def asks_a_model(name: str) -> bool:
    """Whether a filter's `measure` is asynchronous; by its text: tests are collected before plugins load."""
    text = (ROOT / f"filters/{name}.py").read_text(encoding="utf-8")
    return "async def measure" in text or "(Check):" in text


def cells(page: Path, columns: int) -> list[list[str]]:
    """The cells of all tables of a page that have so many columns, heads and rules apart."""
    lines = page.read_text(encoding="utf-8").splitlines()
    rows = [re.split(r" *\| *", line.strip("|")) for line in lines if line.startswith("| ")]
    return [[cell.strip().strip("`") for cell in row] for row in rows if len(row) == columns]


def written(default: Any) -> str:
    """A default as the pages write it."""
    if default is inspect.Parameter.empty:
        return "required"
    return default if isinstance(default, str) else json.dumps(default)


# --- recipe ----------------------------------------------------------------------------------------------------------


def keys(model: type[BaseModel], above: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every key that a recipe may have, dotted; `[]` below a list, `.NAME` below a mapping of names."""
    for name, field in model.model_fields.items():
        name = field.alias or name  # `as` is a word of Python's
        yield above + name, field
        for its_model in (field.annotation, *get_args(field.annotation)):
            is_model = isinstance(its_model, type) and issubclass(its_model, BaseModel)
            if is_model and its_model is not recipe.Use:  # that is written in short forms, which the page shows
                yield from keys(its_model, f"{above}{name}{BELOW.get(get_origin(field.annotation), '')}.")


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
    [whole, models, short, from_] = [block for block in blocks(REFERENCE / "recipe.md") if block.language == "yaml"]
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/kiln.md").write_text("# Kiln\n", encoding="utf-8")
    (tmp_path / "tickets.csv").write_text("body\nIt works.\n", encoding="utf-8")
    (tmp_path / "recipe.yaml").write_text(whole.text, encoding="utf-8")
    checked = recipe.load(str(tmp_path / "recipe.yaml"))
    assert [f.instance for f in checked.filters["records"]] == ["length", "exact_dedup", "near_questions"]
    load_fragment(models.text, tmp_path)
    load_fragment(short.text, tmp_path)
    load_fragment(models.text + from_.text, tmp_path)


# --- command line ----------------------------------------------------------------------------------------------------


def test_the_page_of_the_command_line_is_what_the_help_says() -> None:
    command = [sys.executable, "docs/build_reference.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# --- reasons ---------------------------------------------------------------------------------------------------------


def reasons_in(tree: ast.AST) -> Iterator[str]:
    """The dotted reasons that a source file can give: constants, and f-strings whose one end is fixed."""
    stages = ["ingest", "feedback", "mix", "target", "llm", "export", "exam"]
    known = re.compile(rf"(?:{'|'.join([*stages, *(name for _, name in PLUGINS)])})\.[a-z_]+")
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and known.fullmatch(node.value):
            yield node.value
        if isinstance(node, ast.JoinedStr) and len(node.values) == 2:
            _, tail = (part.value if isinstance(part, ast.Constant) else None for part in node.values)
            if tail not in FILE_ENDINGS and re.fullmatch(r"\.[a-z_]+", str(tail)):
                yield f"NAME{tail}"


READ_ONLY = ("views", "cli")  # their dotted names are measures
SPANS = {f"pii.{kind}" for kind in (*KINDS, "several")} | {f"secrets.{kind}" for kind in (*PLACEHOLDERS, "several")}
NOT_A_REASON = {
    "NAME.several",  # of SPANS
    "NAME.rejected",  # what a plugin's Rejected without a reason gets; none of ours leaves it out
    "llm.client",  # a module
    "exam.json",  # a file
}


def test_every_reason_in_the_code_is_documented_and_no_other() -> None:
    files = [file for folder in ("factory", *GROUPS) for file in (ROOT / folder).rglob("*.py")]
    files = [file for file in files if file.parts[len(ROOT.parts) + 1] not in READ_ONLY]
    given = {reason for file in files for reason in reasons_in(ast.parse(file.read_text(encoding="utf-8")))}
    given |= SPANS
    documented = {row[0] for row in cells(REFERENCE / "reasons.md", 3) if row[0] != "reason"}
    assert sorted(given - documented - NOT_A_REASON) == [], "give these a line in docs/reference/reasons.md"
    assert sorted(documented - given) == [], "no code gives these"


def test_a_reason_of_any_plugin_is_told_by_its_stage() -> None:
    assert words("qa.failed", "generate").means.startswith("The generator raised")
    assert words("pii.failed", "filter.records").means.startswith("The filter raised")
    assert words("acme.unheard_of", "generate") == Words()


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


@pytest.mark.parametrize("name", [name for name in FILTERS if asks_a_model(name)])
def test_the_examples_of_a_filter_that_asks_a_model_get_the_verdicts_on_its_page(name: str, tmp_path: Path) -> None:
    done, examples, given = made_as_on_the_page("filters", name, tmp_path)
    said = {row["id"]: row for row in pq.read_table(done.path / f"verdicts/records/sft/{name}.parquet").to_pylist()}
    part = ["question", "answer"].index(given)
    outcomes = [
        (row["messages"][part]["content"], said[row["id"]]["reason"] or "kept")
        for row in pq.read_table(done.path / "records/sft").to_pylist()
    ]
    assert outcomes == examples


@pytest.mark.parametrize("name", [name for name in FILTERS if not asks_a_model(name)])
def test_the_examples_of_a_filter_get_the_verdicts_on_its_page(name: str, tmp_path: Path) -> None:
    found, examples, given = example("filters", name)
    [block, *_] = [one for one in found if one.language == "yaml"]
    for beside in [one for one in found if one.language == "jsonl"]:
        (tmp_path / "exam.jsonl").write_text(beside.text, encoding="utf-8")
    if given == "record":
        entries = yaml.safe_load(block.text)["filter"]
        said_of = verdicts_on([json.loads(shown) for shown, _ in examples], name, entries, tmp_path)
        assert said_of == [said for _, said in examples]
        return
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


def verdicts_on(shown: list[dict[str, str]], name: str, entries: list[Any], folder: Path) -> list[str]:
    """What a filter says of records as a page writes them: the sides of a preference, or what each role says; meta."""
    options = next((entry[name] for entry in entries if isinstance(entry, dict)), {})
    filter_, rows = plugins.filter_(name, options, folder=folder), []
    for nth, record in enumerate(shown):
        kind = "preference" if "chosen" in record else "sft"
        roles = {"prompt": "user", "chosen": "assistant", "rejected": "assistant"}
        meta = {"language": "en"} | {key: value for key, value in record.items() if key not in {*roles, *ROLES}}
        if kind == "preference":
            data: dict[str, Any] = {side: [{"role": role, "content": record[side]}] for side, role in roles.items()}
        else:
            data = {"messages": [{"role": role, "content": record[role]} for role in record if role in ROLES]}
        rows.append(Row(nth, f"{nth:03d}", records.texts(kind, data), {"kind": kind, "language": "en"}, meta))
        rows[-1].origins = dict.fromkeys(ORIGINS, Origin(passages=(record["source"],))) if "source" in record else {}
    features = filter_.code.measure(batch_of(rows, filter_.sees))
    state = [filter_.code.scan(features)] if filter_.scans else []
    if hasattr(filter_.code, "settle"):
        state = [filter_.code.settle(state[0], lambda ids: [(row.id, row.text) for row in rows if row.id in ids])]
    said = filter_.code.decide(features, *state).rows
    return [verdict["reason"] if verdict["outcome"] == "reject" else "kept" for verdict in said]


def verdicts(folder: Path, name: str) -> list[str]:
    """`kept` or the reason, in the order of the files."""
    documents = pq.read_table(folder / "documents", columns=["id", "path"]).to_pylist()
    said = {row["id"]: row for row in pq.read_table(folder / f"verdicts/documents/{name}.parquet").to_pylist()}
    in_order = [said[row["id"]] for row in sorted(documents, key=lambda row: row["path"])]
    return [verdict["reason"] if verdict["outcome"] == "reject" else "kept" for verdict in in_order]


def made_as_on_the_page(group: str, name: str, folder: Path) -> tuple[Run, list[tuple[str, str]], str]:
    """The run of a page's recipe on its document, with a model that says what the page has it say; the examples."""
    [block, document, *more], examples, given = example(group, name)
    (folder / "document.md").write_text(document.text, encoding="utf-8")
    whole = {"run": str(folder / "run"), "sources": [{"path": "document.md"}], **yaml.safe_load(block.text)}
    said_by_model = [json.loads(b.text) for b in more if b.language == "json"]
    with ModelServer(replies=lambda body: reply(said_by_model[0], body)) as server:
        if said_by_model:
            whole["models"] = {"llm": {"base_url": server.url, "model": "scripted"}}
        (folder / "recipe.yaml").write_text(yaml.safe_dump(whole), encoding="utf-8")
        return run(folder / "recipe.yaml", until="generate", workers=1), examples, given


def reply(said: dict[str, Any], body: dict[str, Any]) -> str:
    """What a model says, as a page has it: by words of the prompt."""
    asked = body["messages"][-1]["content"]
    answer = next(answer for words, answer in said.items() if words in asked)
    return answer if isinstance(answer, str) else json.dumps(answer)


def answer_of(row: dict[str, Any]) -> str:
    """What a row would teach to say."""
    if "text" in row:
        return str(row["text"])
    said = row.get("chosen") or row.get("completion") or row.get("messages") or row["completions"][0]
    return str(said[-1]["content"])


@pytest.mark.parametrize("name", [name for group, name in PLUGINS if group == "generators"])
def test_the_examples_of_a_generator_are_made_as_its_page_says(name: str, tmp_path: Path) -> None:
    done, examples, _ = made_as_on_the_page("generators", name, tmp_path)
    files = sorted((done.path / "records").rglob("*.parquet"))
    made = [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]
    outcomes = [(row["reason"] or "kept", answer_of(row)) for row in made]
    for begins, said in examples:
        assert any(outcome == said and answer.startswith(begins) for outcome, answer in outcomes), outcomes
