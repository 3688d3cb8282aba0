"""Files that options name: found from the recipe's folder, known by their content, in this process and in others."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from factory import inputs, plugins, recipe, run
from factory.corpus import Row, batch_of
from factory.errors import WrongRequest
from factory.records import Text
from factory.stages.filter import fingerprint
from factory.workers import Workers
from tests.corpora import recipe as a_recipe
from tests.corpora import write_documents, write_recipe

QUESTION = "How many rolls does the bakery of the small town sell on a Sunday in winter when it snows?"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "exams/.git").mkdir(parents=True)
    (tmp_path / "exams/.git/config.jsonl").write_text("{}", encoding="utf-8")
    for name in ("a", "b"):
        (tmp_path / f"exams/{name}.jsonl").write_text(json.dumps({"question": QUESTION}), encoding="utf-8")
    return tmp_path


def contamination(folder: Path, *against: str) -> plugins.Filter:
    return plugins.filter_("contamination", {"against": list(against)}, folder=folder)


def test_a_path_is_relative_to_the_folder_of_the_recipe(folder: Path) -> None:
    assert contamination(folder, "exams/a.jsonl").options == {"against": [folder / "exams/a.jsonl"]}
    assert contamination(Path("/"), str(folder / "exams")).options == {"against": [folder / "exams"]}


def test_what_is_not_there_is_refused_with_the_nearest_name(folder: Path) -> None:
    made = a_recipe(records=[{"contamination": {"against": ["exams/a.json"]}}])
    write_documents(folder, {"a.md": "Text."})
    with pytest.raises(
        WrongRequest, match=r"recipe.yaml:\d+: contamination: 'against' names exams/a.json.* Did you mean 'a.jsonl'"
    ):
        recipe.load(str(write_recipe(folder, made)))


def test_a_folder_is_its_files_but_for_hidden_ones(folder: Path) -> None:
    assert [file.name for file in inputs.files_of(folder / "exams")] == ["a.jsonl", "b.jsonl"]
    assert inputs.files_of(folder / "exams/a.jsonl") == [folder / "exams/a.jsonl"]


def test_the_digest_is_that_of_names_and_content(folder: Path) -> None:
    before = inputs.digest({"against": [folder / "exams"], "other": 3})
    moved = (folder / "elsewhere").with_name("moved")
    moved.mkdir()
    (folder / "exams").rename(moved / "exams")
    assert inputs.digest({"against": [moved / "exams"]}) == before
    (moved / "exams/b.jsonl").write_text("{}", encoding="utf-8")
    assert inputs.digest({"against": [moved / "exams"]}) != before
    assert inputs.digest({"other": 3}) == ""


def test_a_stage_depends_on_what_is_in_the_file_and_not_on_where_it_lies(folder: Path) -> None:
    here = contamination(folder, "exams/a.jsonl")
    (folder / "there").mkdir()
    (folder / "there/a.jsonl").write_bytes((folder / "exams/a.jsonl").read_bytes())
    assert fingerprint([here], "") == fingerprint([contamination(folder, "there/a.jsonl")], "")
    (folder / "exams/a.jsonl").write_text(json.dumps({"question": QUESTION + " Why?"}), encoding="utf-8")
    assert fingerprint([here], "") != fingerprint([contamination(folder, "exams/a.jsonl")], "")


def test_a_worker_gets_the_path(folder: Path) -> None:
    filter_ = contamination(folder, "exams/a.jsonl")
    shown = batch_of([Row(0, "r", [Text("text", "text", QUESTION)], {})], "strings")
    workers = Workers(1)
    try:
        assert workers.each[0].measure(filter_, shown).to_pylist() == filter_.code.measure(shown).to_pylist()
    finally:
        workers.close()


def test_the_recipe_in_the_run_folder_names_the_file_where_it_lies(folder: Path) -> None:
    write_documents(folder, {"a.md": "# Roll\n\nA roll is small and round and it is baked in the morning.\n"})
    options: dict[str, Any] = {"plugin": "contamination", "against": ["exams/a.jsonl"], "share": 0.5}
    made = a_recipe(documents=["exact_dedup"], records=[{"exam": options}], methods=["text"])
    done = run(write_recipe(folder, made), until="generate")
    written = yaml.safe_load((done.path / "recipe.yaml").read_text(encoding="utf-8"))
    assert written["filter"] == [{"exam": {**options, "against": [str(folder / "exams/a.jsonl")]}}]
    again = run(done.path / "recipe.yaml", until="generate")
    assert again.did == []
