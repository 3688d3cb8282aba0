"""`suspect` and `compare` stopped anywhere and run again: no proxy is trained twice, and the result is the same."""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from factory import Run
from factory.errors import DeadWorld
from factory.stages import joint, trainer_calls, training_process
from factory.stages.clean import clean
from factory.stages.compare import compare
from factory.stages.forget import forget
from factory.stages.suspect import suspect
from tests import corpora
from tests.cli.conftest import COMMAND, environment
from tests.corpora import finished
from tests.factory.installing import Package, on_the_path
from tests.laws.test_resume import Stopped, stopping_at, wait_until_nobody_lives

ABACUS = '''
"""Counts beads: losses follow from the rows that it was trained on, and from the row that is asked."""

import hashlib, json, os, time
from pathlib import Path
from factory.training import Finding, Loss, Trained, read

KINDS = ("sft",)
LOG = Path(os.environ.get("ABACUS", "/dev/null"))


def _rows(data):
    return [row for _, row in read(data.train, ("messages",))]


def preflight(data, model, **options):
    count = len(_rows(data))
    return [Finding("note", "train.size", "", values={"rows": count, "tokens": 10 * count, "epochs": 1.0})]


def start(data, model, out, *, seed=0):
    out.mkdir(parents=True)
    (out / "beads").write_text(str(seed))
    return str(out)


def losses(model, rows):
    beads = (Path(model) / "model" / "beads").read_bytes()
    for row in rows:
        digest = hashlib.blake2b(beads + json.dumps(row).encode(), digest_size=4).digest()
        yield Loss(row["id"], int.from_bytes(digest) / 2**32, 1 + int.from_bytes(digest[:2]) / 2**16, 3)


def abacus(data, model: str, out: Path, *, seed: int = 0, epochs: float = 1.0, faulty: str = "refuse") -> Trained:
    with LOG.open("a") as log:
        log.write(f"{data.digests} {seed}\\n")
    while (waits := LOG.with_name("waits")).exists() and len(LOG.read_text().splitlines()) == int(waits.read_text()):
        time.sleep(0.02)
    dies = LOG.with_name("dies")
    if dies.exists() and len(LOG.read_text().splitlines()) >= int(dies.read_text() or 0):
        dies.unlink()
        raise OSError(5, "the machine is gone")
    (out / "model").mkdir(exist_ok=True)
    (out / "model" / "beads").write_text(json.dumps([_rows(data), seed, epochs, (Path(model) / "beads").read_text()]))
    return Trained(out / "model", len(_rows(data)), 0, 1, 10)
'''


class Heard:
    """What the process that trains says."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def send(self, event: str, **values: Any) -> None:
        self.events.append({"event": event, **values})


def here(request: Path, models: Sequence[str], accelerate: Path | None = None) -> Iterator[dict[str, Any]]:
    """A trainer's process, without the process: what starting one costs is not what is asked here."""
    wire = Heard()
    try:
        training_process._work(json.loads(request.read_text()), wire)  # type: ignore[arg-type] # it only sends
    except OSError as error:
        raise DeadWorld("The trainer failed. Run the same command again: it goes on.") from error
    yield from wire.events


@pytest.fixture(autouse=True)
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the abacus notes each training; a file `dies` beside it ends the next one, or the nth."""
    monkeypatch.setenv("ABACUS", str(tmp_path / "log"))
    monkeypatch.setattr(trainer_calls, "events", here)
    with on_the_path(tmp_path / "path") as folder:
        Package(folder, "beads").declares("trainers", "abacus", ABACUS)
        yield tmp_path / "log"


@pytest.fixture
def done(tmp_path: Path) -> Run:
    """A run with rows that can be ranked, some of them held out."""
    terms = [f"**Gauge {n}{letter}**" for n in range(12) for letter in "abc"]
    lines = "\n\n".join(
        f"The {term} is a device that stands {n} metres above the old weir." for n, term in enumerate(terms)
    )
    files = {f"{n}.md": f"# Gauges {n}\n\n{part}\n" for n, part in enumerate(lines.split("\n\n"))}
    return finished(tmp_path, files, export={"split": {"validation": 0.3, "test": 0}})


def folder_of(done: Run, name: str, kept: slice) -> Path:
    """A dataset of some of a run's rows, with the rows that the run holds out."""
    place = done.path.parent / name
    (place / "sft").mkdir(parents=True, exist_ok=True)
    for split, rows in (("train", kept), ("validation", slice(None))):
        table = pq.read_table(done.path / f"dataset/sft/{split}-00000.parquet")
        pq.write_table(
            pa.Table.from_pylist(table.to_pylist()[rows], table.schema), place / f"sft/{split}-00000.parquet"
        )
    return place


def ranked(done: Run) -> tuple[dict[str, Any], list[Any]]:
    """What a suspect left in the run."""
    folder = done.path / "suspects"
    return json.loads((folder / "sft.json").read_text()), pq.read_table(folder / "sft.parquet").to_pylist()


def trainings(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


MOMENTS = (0.15, 0.4, 0.65, 0.9)


def test_suspects_of_a_stopped_command_are_those_of_one_that_never_stopped(done: Run, log: Path) -> None:
    with stopping_at(0) as changes:
        suspect(done.path, method="abacus", folds=2)
    undisturbed = ranked(done)
    for moment in MOMENTS:
        for name in ("sft.json", "sft.parquet"):
            (done.path / "suspects" / name).unlink()
        log.unlink()
        with stopping_at(1 + int(moment * (changes[0] - 1))), contextlib.suppress(Stopped):
            suspect(done.path, method="abacus", folds=2)
        suspect(done.path, method="abacus", folds=2)
        assert ranked(done) == undisturbed
        assert len(trainings(log)) <= 3, "at most the one that was stopped is trained again"
        assert not (done.path / "cache/suspects").exists()


def test_a_fold_that_was_judged_is_trained_no_more_and_another_question_is_another_work(done: Run, log: Path) -> None:
    kept = done.path / "cache/suspects"
    for folds in (3, 2):  # what one of them left does not serve the other
        log.write_text("")
        log.with_name("dies").touch()
        with pytest.raises(DeadWorld, match="goes on"):
            suspect(done.path, method="abacus", folds=folds)
        assert len(trainings(log)) == 1
    assert len([*kept.iterdir()]) == 2
    [sort] = [sort for sort in clean(done.path, dry_run=True) if sort.what == "evaluations"]
    assert sort.paths == (kept,)
    log.write_text("")
    suspect(done.path, method="abacus", folds=3)
    assert len(set(trainings(log))) == len(trainings(log)) == 3
    assert len([*kept.iterdir()]) == 1, "the other one still waits"
    log.write_text("")
    suspect(done.path, method="abacus", folds=3, options={"seed": 1})
    assert len(trainings(log)) == 3, "another seed trains anew"


@pytest.mark.parametrize("in_a_run", [True, False])
def test_a_comparison_that_was_stopped_says_what_one_that_never_stopped_says(
    in_a_run: bool, done: Run, log: Path
) -> None:
    one = done.path if in_a_run else folder_of(done, "one", slice(0, 15))
    other = folder_of(done, "other", slice(5, None))
    with stopping_at(0) as changes:
        undisturbed = compare(one, other, seeds=2)
    assert len(set(trainings(log))) == len(trainings(log)) == 4
    for moment in MOMENTS[:: 1 if in_a_run else 2]:
        log.unlink()
        with stopping_at(1 + int(moment * (changes[0] - 1))), contextlib.suppress(Stopped):
            compare(one, other, seeds=2)
        assert compare(one, other, seeds=2) == undisturbed
        assert len(trainings(log)) <= 5, "at most the one that was stopped is trained again"
    assert not [file for place in (one, other) for file in (*place.glob("**/compare"), *place.glob(".compare*"))]


def test_a_dataset_is_as_good_as_itself(done: Run) -> None:
    found = compare(done.path, done.path, seeds=2)
    assert (found.loss.verdict, found.loss.before) == ("no difference", found.loss.after)


@pytest.mark.parametrize("gone", ["forget", "clean"])
def test_what_a_stopped_comparison_knows_of_a_run_lies_there_and_goes_with_it(gone: str, done: Run, log: Path) -> None:
    """What all proxies begin with lies in the first, and words of all are in that: it is found from each."""
    first, other = folder_of(done, "first", slice(0, 12)), folder_of(done, "other", slice(8, None))
    log.with_name("dies").write_text("4")
    with pytest.raises(DeadWorld, match="goes on"):
        compare(first, done.path, on=other, seeds=2)
    assert len(trainings(log)) == 4
    [place] = [its for its in (first / ".compare").iterdir() if its.is_dir()]
    assert {its.name for its in place.iterdir()} == {"a-0.json", "a-1.json", "start", "with.json"}
    assert {its.name for its in (done.path / "cache/compare" / place.name).iterdir()} == {
        "b-0.json",
        "b-1",
        "with.json",
    }
    if gone == "clean":
        clean(done.path)
    else:
        document = corpora.rows(done.path / "documents")[0]["id"]
        forget(done.path, [document], yes=True)
    left = [its for folder in (first, other, done.path) for its in folder.rglob("*") if place.name in its.parts]
    assert left == []


def test_more_seeds_go_on_from_those_of_a_stopped_comparison(
    done: Run, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = folder_of(done, "other", slice(5, None))

    def stop(places: Sequence[Path]) -> None:
        raise Stopped

    with monkeypatch.context() as patched, contextlib.suppress(Stopped):
        patched.setattr(joint, "end", stop)
        compare(done.path, other, seeds=1)
    assert len(trainings(log)) == 2
    compare(done.path, other, seeds=2)
    assert len(set(trainings(log))) == len(trainings(log)) == 4


def test_two_at_once_do_not_meet(done: Run) -> None:
    one, other = folder_of(done, "one", slice(0, 15)), folder_of(done, "other", slice(5, None))
    with done.lock(), pytest.raises(DeadWorld, match="Another process works on"):
        compare(done.path, other, seeds=1)
    from filelock import FileLock

    (one / ".compare").mkdir()
    with FileLock(one / ".compare/lock"), pytest.raises(DeadWorld, match="Another process compares"):
        compare(one, other, seeds=1)


COMMANDS = {
    "suspect": ["suspect", "run", "--method", "abacus", "--folds", "2", "--json"],
    "compare": ["compare", "run", "other", "--seeds", "1", "--json"],
}


def command(verb: str, folder: Path) -> tuple[int, str, str]:
    """The whole command, processes and all: code, output, and what it said."""
    ended = subprocess.run(
        [COMMAND, *COMMANDS[verb]], cwd=folder, env=environment(), capture_output=True, text=True, timeout=900
    )
    return ended.returncode, ended.stdout, ended.stderr


@pytest.mark.slow
@pytest.mark.parametrize("verb", COMMANDS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_command_that_is_killed_in_its_second_training_goes_on_with_that(
    verb: str, number: int, done: Run, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(log.with_name("path")))  # where the abacus is
    folder_of(done, "other", slice(5, None))
    code, undisturbed, said = command(verb, done.path.parent)
    assert code == 0, said
    count = len(trainings(log))
    log.unlink()
    log.with_name("waits").write_text("2")
    process = subprocess.Popen(
        [COMMAND, *COMMANDS[verb]], cwd=done.path.parent, env=environment(), stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    until = time.monotonic() + 600
    while len(trainings(log)) < 2 and time.monotonic() < until:
        time.sleep(0.02)
    (os.kill if number == signal.SIGKILL else os.killpg)(process.pid, number)  # a terminal tells the children as well
    _, said = process.communicate(timeout=600)
    assert wait_until_nobody_lives(process.pid) == []
    if number != signal.SIGKILL:
        assert process.returncode == 130
        assert said.endswith("run the same command again and it goes on.\n")
    log.with_name("waits").unlink()
    code, again, said = command(verb, done.path.parent)
    assert (code, again) == (0, undisturbed), said
    assert len(trainings(log)) == count + 1, "the one that was stopped is trained again, and no other"
