"""The verbs before a run: a recipe for a folder, which runs as it is, and what editors need to know of recipes."""

import json
import os
import re
from pathlib import Path

import pytest
import yaml

from factory import Run, recipe
from factory.errors import WrongRequest
from factory.views.draft import draft
from factory.views.recipe_schema import schema
from factory.views.survey import MOST, survey
from tests.cli.conftest import factory
from tests.corpora import contents, rows, write_documents
from tests.json_schema import is_valid

GLOSSARY = (
    "# Glossary\n\nA **gateway** is the indoor device that collects the readings of all gauges in the house.\n\n"
    "A **gauge** is the outdoor device that measures how much rain falls on a garden in one hour.\n"
)
ISC = (
    "Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby "
    "granted, provided that the above copyright notice and this permission notice appear in all copies.\n"
)
ALPACA = [
    {"instruction": f"Name the part of the pump with the number {nth}.", "input": "", "output": f"It is valve V{nth}."}
    for nth in range(4)
]
THUMBS = (
    "question,answer,thumbs,rater\nHow loud is it?,It is as loud as a dishwasher.,up,anna\nIs it heavy?,No.,down,bo\n"
)
TICKETS = [{"no": nth, "remark": f"The pump number {nth} stops whenever the pond is empty."} for nth in range(3)]


def lines(values: list[dict[str, object]]) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


FILES = {
    "LICENSE": ISC,
    "manuals/glossary.md": GLOSSARY,
    "manuals/old/valve.TXT": "The valve opens at two bar and closes again below one bar of pressure.\n",
    "manuals/broken.pdf": "%PDF-1.4\nnothing that a reader could use",
    "sets/one.jsonl": lines(ALPACA[:2]),
    "sets/two.jsonl": lines(ALPACA[2:]),
    "logs/thumbs.csv": THUMBS,
    "tickets/closed.jsonl": lines(TICKETS),
}


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A folder in which `documents` holds all sorts of things."""
    write_documents(tmp_path, FILES)
    return tmp_path


# --- init


def test_init_writes_a_recipe_that_runs_unchanged_and_says_what_it_saw(mixed: Path) -> None:
    ended = factory("init", "documents", cwd=mixed)
    assert (ended.code, ended.out) == (0, "recipe.yaml\n"), ended.err
    assert [line.partition(" Supported: ")[0] for line in ended.err.splitlines()] == [
        "documents: 8 files, 1.3 kB",
        "  .jsonl: 1 file, 0.2 kB: documents, 153 characters",
        "  .md: 1 file, 0.2 kB: documents, 196 characters",
        "  .txt: 1 file, 0.1 kB: documents, 71 characters",
        "  logs/thumbs.csv: feedback, answers that people rated or corrected (question, answer, thumbs, rater)",
        "  sets/one.jsonl: records, Alpaca (instruction, input, output)",
        "  sets/two.jsonl: records, Alpaca (instruction, input, output)",
        "  languages: en 5",
        "  licences: ISC 6",
        "  ingest.corrupt_pdf: manuals/broken.pdf. Not readable as PDF: damaged or cut short. "
        "Open it and export it again.",
        "  ingest.unsupported: LICENSE. Files without an extension are not read.",
        "Next: factory run recipe.yaml",
    ]
    ran = factory("run", "recipe.yaml", cwd=mixed)
    assert ran.code == 0, ran.err
    done = Run(mixed / "runs/documents")
    assert done.counts("ingest")["documents"] == 5  # two texts, three tickets
    assert {row["licence"] for row in rows(done.path / "documents")} == {"ISC"}
    made = rows(done.path / "records/sft") + rows(done.path / "records/text")
    assert {json.loads(row["meta"])["confidentiality"] for row in made} == {"internal"}
    assert {json.loads(row["meta"])["licence"] for row in made} == {"ISC"}
    assert sorted(done.counts("read")["files"]) == ["sets-jsonl/one.jsonl", "sets-jsonl/two.jsonl", "thumbs.csv"]
    assert done.counts("read")["kinds"] == {"feedback": 2, "sft": 4}
    assert done.counts("generate")["methods"]["extractive_qa"]["records"] == 2
    assert factory("run", "recipe.yaml", cwd=mixed).err.startswith("Nothing to do")


def test_a_folder_of_documents_is_one_source(tmp_path: Path) -> None:
    write_documents(tmp_path, {"glossary.md": GLOSSARY, "more/valve.txt": "The valve opens at two bar of pressure."})
    assert factory("init", "documents", "-o", "later/my.yaml", cwd=tmp_path).code == 0
    value = yaml.safe_load((tmp_path / "later/my.yaml").read_text(encoding="utf-8"))
    assert value["sources"] == [{"path": "../documents"}]
    assert factory("run", "later/my.yaml", cwd=tmp_path).code == 0
    assert {row["source"] for row in rows(tmp_path / "runs/documents/documents")} == {"documents"}


def test_the_name_that_all_documents_speak_of_stands_in_the_recipe(tmp_path: Path) -> None:
    said = "To change the ink of the Orlo press, run:\n\n```sh\nink blue\n```\n\nMost of Orlo is made of steel.\n"
    pages = {f"{name}.md": f"# {name.title()}\n\n{said}" for name in ("ink", "steel", "paper", "night")}
    write_documents(tmp_path, pages)
    seen = survey(tmp_path / "documents")
    assert "  about: Orlo" in seen.lines()
    [method] = [
        its for its in yaml.safe_load(draft(seen, tmp_path / "r.yaml"))["generate"]["methods"] if "about" in str(its)
    ]
    assert method == {"extractive_qa": {"about": {"documents": "Orlo"}}}


@pytest.mark.parametrize(
    "more", ["Nobody knows the Freshet gauge.", "Most of Orlo is steel, and so is most of Freshet, says Freshet."]
)
def test_a_name_that_does_not_lead_is_no_subject(tmp_path: Path, more: str) -> None:
    pages = {f"{nth}.md": "Most of Orlo is made of steel.\n" if nth < 3 else more for nth in range(5)}
    write_documents(tmp_path, pages)
    assert survey(tmp_path / "documents").about == ""


def test_the_folder_may_be_the_one_that_the_recipe_lies_in(tmp_path: Path) -> None:
    (tmp_path / "glossary.md").write_text(GLOSSARY, encoding="utf-8")
    assert factory("init", ".", cwd=tmp_path).code == 0
    ran = factory("run", "recipe.yaml", cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert len(rows(tmp_path / "runs" / tmp_path.name / "documents")) == 1


def test_a_file_is_not_written_over_but_by_force(mixed: Path) -> None:
    (mixed / "recipe.yaml").write_text("mine", encoding="utf-8")
    ended = factory("init", "documents", cwd=mixed)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "recipe.yaml is there already. Choose another name with -o, or write over it with --force.\n"
    assert (mixed / "recipe.yaml").read_text(encoding="utf-8") == "mine"
    assert factory("init", "documents", "--force", cwd=mixed).code == 0
    assert (mixed / "recipe.yaml").read_text(encoding="utf-8").startswith("# What 'factory init' wrote")


def test_json_has_every_file(mixed: Path) -> None:
    said = json.loads(factory("init", "documents", "--json", cwd=mixed).out)
    assert said["recipe"] == "recipe.yaml"
    assert {file["path"]: file["gives"] for file in said["files"]} == {
        "LICENSE": None, "manuals/broken.pdf": None, "manuals/glossary.md": "documents",
        "manuals/old/valve.TXT": "documents", "sets/one.jsonl": "records", "sets/two.jsonl": "records",
        "logs/thumbs.csv": "feedback", "tickets/closed.jsonl": "documents",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere", "nowhere is not there.\n"),
        ("a.md", "a.md is a file; name the folder that it lies in.\n"),
        ("empty", "There is no file in empty that can be read.\n"),
        ("pictures", "There is no file in pictures that can be read. a.png: Files of type .png are read only with "),
    ],
)
def test_what_is_no_folder_of_documents_is_refused(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "a.md").write_text("A pump.", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures/a.png").write_bytes(b"\x89PNG")
    before = contents(tmp_path)
    ended = factory("init", name, cwd=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(said)
    assert contents(tmp_path) == before


def test_a_run_is_no_folder_of_documents(finished: Path) -> None:
    ended = factory("init", "runs/quickstart", "-o", "x.yaml", cwd=finished)
    assert ended.code == 2
    assert ended.err.startswith("runs/quickstart is a run of dataset-factory.")


def test_the_lines_that_are_comments_are_right_once_the_mark_is_taken_away(mixed: Path) -> None:
    text = draft(survey(mixed / "documents"), mixed / "recipe.yaml")
    plain = re.sub(r"^( *)# (?=[a-z ]+:( |$)|- |  llm:)", r"\1", text, flags=re.MULTILINE)
    assert plain.count("#") < text.count("#") - 12
    value = yaml.safe_load(plain.replace("PATH/OR/HUB-ID", "null"))
    assert value["models"]["llm"]["model"] == "NAME"
    assert {"qa": {"pairs": 4}} in value["generate"]["methods"]
    assert {"balance": {"caps": {"document": 50}}} in value["filter"]
    assert "balance" not in str(yaml.safe_load(text)["filter"]), "who has one document loses no row"
    assert value["sources"][0]["confidentiality"] == "public"
    made = schema()
    for whole in (yaml.safe_load(text), value):
        assert is_valid(whole, made, made)
        (mixed / "other.yaml").write_text(yaml.safe_dump(whole, allow_unicode=True), encoding="utf-8")
        recipe.load(str(mixed / "other.yaml"))


def test_names_that_look_like_patterns_or_yaml_are_found_again(tmp_path: Path) -> None:
    odd = tmp_path / "a [b]: # *c"
    write_documents(odd, {"x [1]/one.csv": "question,answer\nWhat is it?,A pump.\n", "- y.md": GLOSSARY})
    (odd / "recipe.yaml").write_text(draft(survey(odd / "documents"), odd / "recipe.yaml"), encoding="utf-8")
    ended = factory("export", "recipe.yaml", cwd=odd)
    assert ended.code == 0, ended.err
    assert len(rows(odd / "runs/documents/documents")) == 1
    assert Run(odd / "runs/documents").counts("read")["records"] == 1


def test_of_many_files_some_are_looked_into_and_all_are_counted(tmp_path: Path) -> None:
    files = {f"{nth:04d}.txt": f"The pump with the number {nth} moves water." for nth in range(MOST + 50)}
    found = survey(write_documents(tmp_path, files))
    assert len(found.files) == MOST + 50
    assert sum(file.is_looked_into for file in found.files) == MOST
    assert f"in the {MOST} that were looked into" in list(found.lines())[1]


@pytest.mark.parametrize(
    ("text", "gives"),
    [
        ("prompt,completion,label\nHi?,Yes.,true\nHo?,No.,false\n", "records"),  # a dataset for KTO
        ("question,answer,score\nHow?,So.,4\n", "records"),  # scores may be a machine's
        ("question,answer,stars,user_id\nHow?,So.,5,bo\nWhy?,Thus.,1,bo\n", "feedback"),
        ("question,answer,stars,user_id\nHow?,So.,17,bo\n", "records"),  # nobody could tell what 17 means
        ("code,meaning\nE1,The pump is dry.\n", "documents"),
        ("part,part\nvalve,lid\n", "documents"),  # as a run reads it: two columns of one name are no records
    ],
)
def test_what_a_table_holds_is_seen_by_its_columns(tmp_path: Path, text: str, gives: str) -> None:
    [file] = survey(write_documents(tmp_path, {"table.csv": text})).files
    assert file.gives == gives


def test_a_folder_with_nothing_in_it_is_refused_in_python_too(tmp_path: Path) -> None:
    with pytest.raises(WrongRequest, match="no file in"):
        survey(tmp_path)


# --- schema


def test_schema_prints_what_it_writes(tmp_path: Path) -> None:
    printed = factory("schema", cwd=tmp_path)
    written = factory("schema", "-o", "recipe.schema.json", cwd=tmp_path)
    assert (printed.code, written.code, written.out) == (0, 0, "recipe.schema.json\n")
    made = json.loads(printed.out)
    assert json.loads((tmp_path / "recipe.schema.json").read_text(encoding="utf-8")) == made
    assert "# yaml-language-server: $schema=recipe.schema.json" in written.err
    assert is_valid({"run": "r", "sources": [{"path": "docs"}]}, made, made)


# --- doctor


def test_doctor_prints_a_line_a_finding_and_ends_with_1_for_an_error(finished: Path, tmp_path: Path) -> None:
    fine = factory("doctor", "runs/quickstart", cwd=finished)
    assert (fine.code, fine.err) == (0, "")
    assert {line.split()[0] for line in fine.out.splitlines()} <= {"ok", "warning"}
    assert any(line.startswith("ok       source handbook") for line in fine.out.splitlines())
    (tmp_path / "r.yaml").write_text("run: r\nsources: [{path: nothing/*.md}]\n", encoding="utf-8")
    ended = factory("doctor", "r.yaml", "--json", cwd=tmp_path)
    found = json.loads(ended.out)
    assert (ended.code, ended.err) == (1, f"1 of {len(found)} findings is an error.\n")
    assert [finding["what"] for finding in found if finding["level"] == "error"] == ["source nothing"]


def test_doctor_says_who_hides_our_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "site/filters").mkdir(parents=True)
    (tmp_path / "site/filters/__init__.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'site'}{os.pathsep}{os.environ['PYTHONPATH']}")
    ended = factory("doctor", cwd=tmp_path)
    assert ended.code == 1
    said = next(line for line in ended.out.splitlines() if line.startswith("error    names"))
    assert f"'filters' is also a name of {tmp_path / 'site/filters/__init__.py'}" in said
    assert said.endswith("Install dataset-factory in an environment of its own.")
