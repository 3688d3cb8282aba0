"""Datasets of the hub as documents, from a folder laid out like one: nothing here reaches the hub."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from factory import Run, run
from factory.errors import CheckFailed, WrongRequest
from factory.stages import hub
from factory.stages.hub import parse
from factory.views import verify
from tests.corpora import rows, write_recipe

TEXTS = [f"Valve {nth} opens at {nth + 2} bar and closes again below {nth + 1} bar." for nth in range(6)]
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, in which `acme/valves` is laid out as on the hub."""
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "hf")
    monkeypatch.chdir(tmp_path)
    for split, texts in {"train": TEXTS[:4], "test": TEXTS[4:]}.items():
        file = tmp_path / "acme/valves/data" / f"{split}.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(json.dumps({"nr": 7, "body": text}) + "\n" for text in texts), encoding="utf-8")
    return tmp_path


def recipe(folder: Path, **source: Any) -> Path:
    return write_recipe(
        folder, sources=[{"path": "hf:acme/valves", "map": {"text": "body"}, **source}], methods=["text"]
    )


def test_rows_become_documents_by_the_column_that_map_names(folder: Path) -> None:
    done = run(recipe(folder))
    documents = rows(done.path / "documents")
    assert [row["text"] for row in documents] == [*TEXTS[:4], *TEXTS[4:]]
    assert {(row["source"], row["path"]) for row in documents} == {
        ("valves", "train-00000.arrow"), ("valves", "test-00000.arrow")
    }  # fmt: skip
    assert [row["row"] for row in documents] == [1, 2, 3, 4, 1, 2]
    assert not verify.broken(verify.verify(done))
    assert run(recipe(folder)).did == []


def test_a_column_that_is_not_there_costs_each_row_alone(folder: Path) -> None:
    done = run(recipe(folder, map={"text": "boddy"}), until="ingest")
    assert [row["reason"] for row in pq.read_table(done.path / "rejected/ingest.parquet").to_pylist()] == [
        "ingest.no_text"
    ] * 6


@pytest.mark.parametrize(
    "damage", ["{", "[]", '"x"', '{"hf:acme/valves": {}}', '{"hf:acme/valves": {"files": [1]}}', "\udcff"]
)
def test_a_damaged_note_of_what_was_had_is_asked_for_again(folder: Path, damage: str) -> None:
    done = run(recipe(folder))
    note = done.path / "cache/hub.json"
    before = note.read_bytes()
    note.write_bytes(damage.encode("utf-8", "surrogateescape"))
    assert run(recipe(folder)).did == []
    assert note.read_bytes() == before


def test_the_revision_that_was_had_stands_in_manifest_report_and_card(folder: Path) -> None:
    done = run(recipe(folder), until="ingest")
    assert done.counts("ingest")["revisions"] == {"valves": None}, "a folder has none"
    note = done.path / "cache/hub.json"
    noted = json.loads(note.read_text(encoding="utf-8"))
    its = {**noted["hf:acme/valves"], "revision": COMMIT}  # as it is noted where the files came from the hub
    note.write_text(json.dumps({"hf:acme/valves@v1": its}), encoding="utf-8")
    again = run(recipe(folder, revision="v1"))
    assert again.counts("ingest")["revisions"] == {"valves": COMMIT}
    assert again.report()["chapters"]["sources"]["sources"]["valves"]["revision"] == COMMIT
    assert COMMIT in (again.path / "report.html").read_text(encoding="utf-8")
    assert f"| valves (revision {COMMIT}) |" in (again.path / "dataset/README.md").read_text(encoding="utf-8")
    assert Run(again.path).counts("ingest")["revisions"] == {"valves": COMMIT}


@pytest.mark.parametrize("path", ["hf:", "hf:/", "hf://datasets/acme/valves"])
def test_what_names_no_dataset_is_refused(path: str) -> None:
    with pytest.raises(WrongRequest, match=r"names no dataset\. Write hf:owner/name"):
        parse(path)


# --- the licence in its card

CARD = "---\nlicense: cc-by-nc-4.0\nlanguage: en\n---\n# Valves\n"


def test_the_licence_of_the_card_is_that_of_its_rows_and_is_held_against_the_use(folder: Path) -> None:
    (folder / "acme/valves/README.md").write_text(CARD, encoding="utf-8")
    done = run(recipe(folder))
    assert {row["licence"] for row in rows(done.path / "documents")} == {"cc-by-nc-4.0"}
    assert done.counts("ingest")["licences"]["found"] == {"valves": {"cc-by-nc-4.0": 6}}
    with pytest.raises(CheckFailed, match=r"valves \(cc-by-nc-4\.0 forbids commercial use: 6 rows\)"):
        run(recipe(folder), set=["use=commercial"])
    stated = run(recipe(folder, licence="MIT"), set=["use=commercial"])
    assert {row["licence"] for row in rows(stated.path / "documents")} == {"MIT"}
    assert stated.counts("ingest")["licences"]["against"]["valves"]["found"] == {"cc-by-nc-4.0": 6}


def test_records_have_the_licence_of_the_card_too(folder: Path) -> None:
    (folder / "acme/valves/README.md").write_text(CARD, encoding="utf-8")
    source = {"path": "hf:acme/valves", "as": "records", "map": {"text": "body"}}
    done = run(write_recipe(folder, sources=[source], methods=[]), until="export")
    rows_ = [row for split in done.dataset("text").values() for row in split]
    assert {json.loads(row["meta"])["licence"] for row in rows_} == {"cc-by-nc-4.0"}


@pytest.mark.parametrize("card", ["", "# Valves\n", "---\nlicense: other\n---\n", "---\nlicense: ours, mostly\n---\n"])
def test_a_card_that_states_no_licence_is_none(folder: Path, card: str) -> None:
    (folder / "acme/valves/README.md").write_text(card, encoding="utf-8")
    done = run(recipe(folder), until="ingest")
    assert {row["licence"] for row in rows(done.path / "documents")} == {None}


def test_of_a_dataset_that_came_from_the_hub_the_card_is_read_where_datasets_keeps_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(folder / "cache"))
    snapshot = folder / "cache/datasets--other--valves/snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (snapshot / "README.md").write_text(CARD, encoding="utf-8")
    name = hub.parse(f"hf:other/valves@{COMMIT}")
    assert hub.licence_of(name, COMMIT) == "cc-by-nc-4.0"
    assert hub.licence_of(name, "f" * 40) is None, "of another revision it says nothing"
