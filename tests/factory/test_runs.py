"""The run folder: what is done is noted, one process holds it, and no other folder is taken for one."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from factory import Run, run
from factory.errors import DeadWorld, WrongRequest
from factory.runs import STAGES, fingerprint
from tests.corpora import write_documents, write_recipe

DOCUMENTS = {"pump.md": "# Pumps\n\nA pump moves water.", "valve.md": "# Valves\n\nA valve stops water."}


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe with two documents, whose run is `tmp_path/run`."""
    write_documents(tmp_path, DOCUMENTS)
    return write_recipe(tmp_path, methods=["text"])


# --- the folder


def test_a_run_is_its_owners_alone_and_not_for_version_control(recipe: Path) -> None:
    done = run(recipe, until="ingest")
    assert stat.S_IMODE(done.path.stat().st_mode) == 0o700
    assert (done.path / ".gitignore").read_text().splitlines()[-1] == "*"


def test_a_folder_that_was_empty_becomes_private(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir(mode=0o777)
    assert stat.S_IMODE(Run.create(tmp_path / "run").path.stat().st_mode) == 0o700


@pytest.mark.parametrize("stranger", ["documents/thesis.docx", "notes.txt", ".git/config", "manifest.json"])
def test_a_folder_that_holds_other_things_is_refused_and_left_alone(tmp_path: Path, stranger: str) -> None:
    place = tmp_path / "run" / stranger
    place.parent.mkdir(parents=True)
    place.write_text("{}")
    with pytest.raises(
        WrongRequest, match=r"run holds other things and is not a run\. Choose another folder for 'run:'\."
    ):
        Run.create(tmp_path / "run")
    assert [p for p in (tmp_path / "run").rglob("*") if p.is_file()] == [place]


def test_a_run_cannot_be_made_where_a_file_is(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(WrongRequest, match="holds other things"):
        Run.create(tmp_path / "run")
    with pytest.raises(
        WrongRequest,
        match=r"The run folder .*run/deeper cannot be made or written \(Not a directory\)\. Choose another",
    ):
        Run.create(tmp_path / "run/deeper")


def test_a_folder_that_is_no_run_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(
        WrongRequest,
        match=r"is not a run of dataset-factory: it has no manifest\.json\. Make it with: factory run RECIPE",
    ):
        Run(tmp_path)
    (tmp_path / "manifest.json").write_text('{"name": "a web page"}')
    with pytest.raises(
        WrongRequest, match=r"is not a run of dataset-factory: its manifest\.json is another program's\."
    ):
        Run(tmp_path)


# --- the manifest


def test_what_is_done_is_known_when_it_is_opened_again(tmp_path: Path) -> None:
    opened = Run.create(tmp_path / "run")
    opened.done("ingest", "mark", {"documents": 3})
    again = Run.create(tmp_path / "run")
    assert again.is_done("ingest", "mark")
    assert not again.is_done("ingest", "another mark")
    assert again.counts("ingest") == {"documents": 3}
    assert again.fingerprint("ingest") == "mark"
    assert not again.stands("split")
    assert again.counts("split") == {}
    assert (opened.did, again.did) == (["ingest"], [])


@pytest.mark.parametrize("nth", range(len(STAGES)))
def test_a_stage_that_is_done_anew_or_undone_takes_what_came_after_it_with_it(tmp_path: Path, nth: int) -> None:
    opened = Run.create(tmp_path / "run")
    for stage in STAGES:
        opened.done(stage, "old", {})
    opened.done(STAGES[nth], "new", {})
    assert [stage for stage in STAGES if opened.stands(stage)] == list(STAGES[: nth + 1])
    assert opened.fingerprint(STAGES[nth]) == "new"
    opened.undo(STAGES[nth])
    assert [stage for stage in STAGES if Run(opened.path).stands(stage)] == list(STAGES[:nth])


def test_a_fingerprint_hangs_on_every_part_and_not_on_the_order_of_keys() -> None:
    assert fingerprint({"a": 1, "b": [2]}) == fingerprint({"b": [2], "a": 1})
    assert len({fingerprint(*parts) for parts in ([], [1], ["1"], [1, 1], [[1, 1]], [None], [True], ["é"])}) == 8


def test_a_newer_runs_manifest_is_refused_with_the_version_that_made_it(recipe: Path) -> None:
    done = run(recipe, until="ingest")
    manifest = json.loads((done.path / "manifest.json").read_text())
    (done.path / "manifest.json").write_text(json.dumps({**manifest, "manifest": 2, "made_by": "7.1"}))
    for again in (lambda: Run(done.path), lambda: run(recipe)):
        with pytest.raises(WrongRequest, match=r"made by dataset-factory 7\.1, .* choose another folder for 'run:'"):
            again()


@pytest.mark.parametrize("content", [
    b"", b"{", b"[]", b"5", b"{}", b'{"manifest": 1}', b'{"manifest": 1, "stages": []}',
                                     b'{"manifest": 1, "stages": {"ingest": 3}}', b"\xff\xfe"])  # fmt: skip
def test_a_damaged_manifest_says_so_and_what_it_says_to_do_works(recipe: Path, content: bytes) -> None:
    done = run(recipe, until="export")
    before = {file.name: file.read_bytes() for file in (done.path / "dataset").rglob("*.parquet")}
    (done.path / "manifest.json").write_bytes(content)
    with pytest.raises(
        DeadWorld, match=r"manifest\.json is damaged\. Delete it and run the same recipe again: no document is"
    ):
        run(recipe, until="export")
    (done.path / "manifest.json").unlink()
    again = run(recipe, until="export")
    assert {file.name: file.read_bytes() for file in (again.path / "dataset").rglob("*.parquet")} == before


def test_a_run_without_its_manifest_says_how_to_make_it_again(recipe: Path) -> None:
    done = run(recipe, until="ingest")
    (done.path / "manifest.json").unlink()
    with pytest.raises(WrongRequest, match=f"Make it with: factory run {done.path}"):
        Run(done.path)
    assert run(done.path, until="ingest").path == done.path


@pytest.mark.parametrize(
    ("table", "key"), [("documents", "documents.filter"), ("passages", "passages.filter"), ("records/text", "filter")]
)
def test_a_damaged_table_says_what_to_do_and_that_works(recipe: Path, table: str, key: str) -> None:
    done = run(recipe, until="export")
    whole = {file.name: file.read_bytes() for file in (done.path / "dataset").rglob("*.parquet")}
    part = next((done.path / table).glob("*.parquet"))
    part.write_bytes(part.read_bytes()[:50])
    with pytest.raises(DeadWorld, match=r"part-00000\.parquet is damaged\. Delete manifest\.json in the run's folder"):
        run(recipe, set=[f"{key}=[length: {{min_chars: 2}}]"], until="export")
    (done.path / "manifest.json").unlink()
    again = run(recipe, until="export")
    assert {file.name: file.read_bytes() for file in (again.path / "dataset").rglob("*.parquet")} == whole


# --- the lock


def test_a_run_that_another_process_holds_is_left_alone(recipe: Path) -> None:
    done = run(recipe, until="ingest")
    with done.lock():
        ended = subprocess.run(
            [str(Path(sys.executable).with_name("factory")), "ingest", str(recipe)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert ended.returncode == 3
    assert ended.stderr == f"Another process works on {done.path}. Wait for it, then run the same command again.\n"
    assert run(recipe, until="ingest").did == []


def test_the_lock_goes_with_an_error(tmp_path: Path) -> None:
    opened = Run.create(tmp_path / "run")
    with pytest.raises(ValueError, match="x"), opened.lock():
        raise ValueError("x")
    with opened.lock():
        pass


# --- results


def test_the_log_holds_a_line_an_event_and_no_text(recipe: Path) -> None:
    done = run(recipe, until="export")
    lines = [json.loads(line) for line in (done.path / "run.log").read_text().splitlines()]
    assert [line["event"] for line in lines] == [stage for stage in STAGES if stage not in ("read", "measure", "audit")]
    assert "water" not in (done.path / "run.log").read_text()


def test_what_was_not_made_is_refused_with_what_there_is(recipe: Path) -> None:
    done = run(recipe, until="export")
    assert done.kinds == ["text"]
    with pytest.raises(WrongRequest, match=r"has no exported 'sft' rows\. It has: text\."):
        done.dataset("sft")
    with pytest.raises(WrongRequest, match=r"has no report yet\. Make it with: factory audit "):
        done.report()
