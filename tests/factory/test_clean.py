"""Cleaning removes what can be made again, and nothing else: the run stands as it stood."""

import json
from pathlib import Path

import pytest

from factory import Run, run
from factory.errors import DeadWorld
from factory.stages.clean import clean
from factory.views import verify
from tests.corpora import contents, write_documents, write_recipe

DOCUMENTS = {"pump.md": "# Pumps\n\nA pump moves water.", "broken.pdf": b"%PDF-1.4 and no more"}


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    write_documents(tmp_path, DOCUMENTS)
    return write_recipe(tmp_path, methods=["text"], records=["length", "pii"])


def test_what_goes_can_be_made_again_and_the_run_is_up_to_date(recipe: Path) -> None:
    done = run(recipe)
    before = contents(done.path)
    found = clean(done.path)
    assert [sort.what for sort in found] == ["features", "caches"]
    after = contents(done.path)
    gone = {name for name in before if name not in after}
    assert {name.split("/")[0] for name in gone} == {"features", "cache"}
    assert sum(len(before[name]) for name in gone) == sum(sort.size_bytes for sort in found)
    assert {name: after[name] for name in after if name != "run.log"} == {
        name: before[name] for name in after if name != "run.log"
    }
    assert run(recipe).did == []
    assert not verify.broken(verify.verify(Run(done.path)))
    tighter = run(recipe, set=["filter.length.min_chars=5"])
    assert "filter.records" in tighter.did
    assert (done.path / "features").is_dir()


def test_a_dry_run_removes_nothing(recipe: Path) -> None:
    done = run(recipe)
    before = contents(done.path)
    assert sum(sort.size_bytes for sort in clean(done.path, dry_run=True)) > 0
    assert contents(done.path) == before


def test_checkpoints_of_a_training_that_goes_on_stay(recipe: Path) -> None:
    done = run(recipe)
    for name, ended in {"ended": True, "stopped": False}.items():
        (done.path / "models" / name / "checkpoints").mkdir(parents=True)
        (done.path / "models" / name / "checkpoints" / "weights").write_bytes(b"1234")
        (done.path / "models" / name / "training.json").write_text(json.dumps({"done": ended}))
    [checkpoints] = [sort for sort in clean(done.path) if sort.what == "checkpoints"]
    assert checkpoints.size_bytes == 4
    assert (done.path / "models/stopped/checkpoints/weights").exists()
    assert not (done.path / "models/ended/checkpoints").exists()


def test_what_a_stopped_ingest_goes_on_with_stays_and_what_is_half_written_goes(tmp_path: Path) -> None:
    begun = Run.create(tmp_path / "run")
    for name in ("documents.tmp", "documents.partial", "passages.tmp"):
        (begun.path / name).mkdir()
        (begun.path / name / "part-00000.parquet").write_bytes(b"1234")
    [sort] = clean(begun.path)
    assert (sort.what, sort.size_bytes) == ("half-written files", 4)
    assert sorted(folder.name for folder in begun.path.glob("documents.*")) == ["documents.partial", "documents.tmp"]


def test_a_run_that_somebody_works_on_is_left_alone(recipe: Path) -> None:
    done = run(recipe)
    before = contents(done.path)
    with done.lock(), pytest.raises(DeadWorld, match="Another process works on"):
        clean(Run(done.path).path)
    assert contents(done.path) == before
