"""Law 2: stopped anywhere and run again = never stopped: the same bytes in `dataset/`."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory import Run, run
from factory.views import verify
from tests.corpora import contents, recipe, workspace, write_documents, write_recipe
from tests.laws.strategies import Drawn, corpora, recipes

FACTORY = [sys.executable, "-c", "from factory.cli import main; main()"]


class Stopped(BaseException):
    """Stands for the end of the process: nothing in the project may catch it and go on."""


@contextmanager
def stopping_at(nth: int) -> Iterator[list[int]]:
    """Stop at the `nth` change on disk from now on (never, where that is 0); gives how many there were.

    From then on nothing can be changed: what the project would tidy up as the error passes stays as a kill leaves it.
    """
    seen = [0]

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*args: Any, **named: Any) -> Any:
            seen[0] += 1
            if 0 < nth <= seen[0]:
                raise Stopped
            return call(*args, **named)

        return counting

    with pytest.MonkeyPatch.context() as patch:
        for place, names in ((os, ["fsync"]), (Path, ["replace", "rename", "unlink", "mkdir"]), (shutil, ["rmtree"])):
            for name in names:
                patch.setattr(place, name, counted(getattr(place, name)))
        yield seen


def finish(recipe: Path) -> Run:
    return run(recipe, until="export", workers=1)


def stopped_ends_the_same(folder: Path, made: dict[str, Any], moments: Iterable[float | None]) -> None:
    """Stop a recipe's run at shares of its changes on disk, one after the other; what is finished then has no trace."""
    with stopping_at(0) as changes:
        undisturbed = contents(finish(write_recipe(folder, made)).path / "dataset")
    stopped = write_recipe(folder, {**made, "run": "stopped/run"})
    for moment in moments:
        if moment is not None:
            with stopping_at(1 + int(moment * (changes[0] - 1))), contextlib.suppress(Stopped):
                finish(stopped)  # the second time it may come to its end: less is left to do
    done = finish(stopped)
    assert contents(done.path / "dataset") == undisturbed
    assert not verify.broken(verify.verify(done))
    assert not [file.name for file in done.path.rglob("*.tmp")], "nothing half written is left behind"
    assert finish(stopped).did == []


@settings(max_examples=40)
@given(drawn=corpora(), made=recipes(), share=st.floats(0, 1), again=st.none() | st.floats(0, 1))
def test_a_run_that_was_stopped_anywhere_ends_in_the_same_bytes(
    drawn: Drawn, made: dict[str, Any], share: float, again: float | None
) -> None:
    with workspace() as folder:
        write_documents(folder, drawn.files)
        stopped_ends_the_same(folder, made, [share, again])


FILES = {
    "manual.md": "# Flow meter\n\nA flow meter is a part that measures the volume of water in a pipe.\n\n"
    "## How do I reset the flow meter?\n\nHold the button of the flow meter for five seconds.\n",
    "contacts.md": "# Contacts\n\nWrite to anna.weber@example.org before noon.\n",
    "copy.md": "# Contacts\n\nWrite to anna.weber@example.org before noon.\n",
}


@pytest.mark.slow
def test_every_single_change_on_disk_may_be_the_last_one() -> None:
    made = recipe(
        documents=["policy", "exact_dedup"], passages=["minhash_dedup", "pii"], records=["length", "pii"], target=3
    )
    with workspace() as folder:
        write_documents(folder, FILES)
        with stopping_at(0) as changes:
            undisturbed = contents(finish(write_recipe(folder, made)).path / "dataset")
        for nth in range(1, changes[0] + 1):
            stopped = write_recipe(folder, {**made, "run": f"stopped-{nth}/run"})
            with stopping_at(nth), pytest.raises(Stopped):
                finish(stopped)
            assert contents(finish(stopped).path / "dataset") == undisturbed, f"stopped at change {nth} of {changes[0]}"


# --- kill -9 ---------------------------------------------------------------------------------------------------------

KILLS = 10


def members(session: int) -> list[int]:
    """The processes of a session that live. `stat` tells it in its sixth field, after a name with any brackets."""
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, its_session = (
                place.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[:4]
            )
        except (OSError, ValueError):
            continue  # it ended while we looked
        if int(its_session) == session and state != "Z":
            found.append(int(place.parent.name))
    return found


def quickstart(folder: Path, *, kill_after_s: float | None = None) -> int:
    """`factory run quickstart` in `folder`, killed after a while; gives its session."""
    folder.mkdir(exist_ok=True)
    process = subprocess.Popen([*FACTORY, "run", "quickstart"], cwd=folder, start_new_session=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)  # fmt: skip
    try:
        _, said = process.communicate(timeout=kill_after_s or 300)
        assert process.returncode == 0, said
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    return process.pid


def wait_until_nobody_lives(session: int, within_s: float = 10) -> list[int]:
    end = time.monotonic() + within_s
    while (alive := members(session)) and time.monotonic() < end:
        time.sleep(0.05)
    return alive


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for orphans in /proc")
def test_a_run_killed_at_any_moment_ends_in_the_same_bytes_and_leaves_no_process(tmp_path: Path) -> None:
    quickstart(tmp_path / "warm")  # the first start compiles
    began = time.monotonic()
    quickstart(tmp_path / "undisturbed")
    took_s = time.monotonic() - began
    undisturbed = contents(tmp_path / "undisturbed/runs/quickstart/dataset")
    draw = random.Random(1)  # noqa: S311 # moments, not secrets
    for nth in range(KILLS):
        folder = tmp_path / f"killed-{nth}"
        session = quickstart(folder, kill_after_s=max(0.05, took_s * (nth + draw.random()) / KILLS))
        assert wait_until_nobody_lives(session) == [], "a process outlived the run"
        quickstart(folder)
        done = Run(folder / "runs/quickstart")
        assert contents(done.path / "dataset") == undisturbed, f"killed in tenth {nth + 1} of its time"
        assert not verify.broken(verify.verify(done))
