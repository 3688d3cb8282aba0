"""What can be read of a damaged journal is saved."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factory.errors import DeadWorld, WrongRequest
from factory.llm.journal import Journal
from factory.llm.rebuild import rebuild
from tests.factory.llm.test_journal import call, filled, rows

PAGE = 4096


def damage(path: Path, first: int, size: int) -> None:
    """Write noise over a part of a file."""
    content = bytearray(path.read_bytes())
    content[first : first + size] = os.urandom(len(content[first : first + size]))
    path.write_bytes(content)


def answers(path: Path) -> list[int]:
    """Which of the 400 calls of a filled journal are answered, each with its own text."""
    with Journal(path) as journal:
        stored = {nth: journal.get(call(nth).key) for nth in range(400)}
    assert {one.text for one in stored.values() if one} == {"x" * 900}
    return [nth for nth, one in stored.items() if one]


def test_what_can_be_read_is_saved_and_the_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    filled(path)
    size = path.stat().st_size // PAGE * PAGE
    damage(path, size // 2 // PAGE * PAGE, 8 * PAGE)
    command = [sys.executable, "-m", "factory.llm.rebuild", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert f"the old file is {path}.damaged" in done.stdout
    assert len(answers(path)) > 340
    assert rows(path, "pragma integrity_check") == [("ok",)]
    assert (tmp_path / "journal.sqlite.damaged").stat().st_size >= size


@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(page=st.integers(8, 200), pages=st.integers(1, 5))
def test_wherever_it_is_damaged_no_answer_is_wrong(
    tmp_path_factory: pytest.TempPathFactory, page: int, pages: int
) -> None:
    path = tmp_path_factory.mktemp("rebuild") / "journal.sqlite"
    filled(path)
    damage(path, page * PAGE, pages * PAGE)
    rebuild(path)
    assert answers(path)
    assert rows(path, "pragma integrity_check") == [("ok",)]


@pytest.mark.parametrize(("share", "least"), [(0.6, 60), (0.95, 340)])  # the first half are the requests
def test_of_a_file_that_was_cut_the_pages_that_are_left_are_saved(tmp_path: Path, share: float, least: int) -> None:
    path = tmp_path / "journal.sqlite"
    filled(path)
    os.truncate(path, int(path.stat().st_size * share))
    with pytest.raises(DeadWorld, match="is damaged"):
        Journal(path)
    rebuild(path)
    assert {file.name for file in tmp_path.iterdir()} == {"journal.sqlite", "journal.sqlite.damaged"}
    assert len(answers(path)) > least
    assert rows(path, "pragma integrity_check") == [("ok",)]


@pytest.mark.parametrize("size", [100, PAGE])
def test_without_its_first_page_all_others_are_saved(tmp_path: Path, size: int) -> None:
    path = tmp_path / "journal.sqlite"
    filled(path)
    damage(path, 0, size)
    with pytest.raises(DeadWorld, match="is damaged"):
        Journal(path)
    assert rebuild(path) == len(answers(path)) == 400


def test_takes_and_what_was_sent_are_saved_too(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    filled(path)
    with Journal(path) as journal:
        journal.raise_takes(["d/0001/qa"])
        journal.sending_again(3, "llm", 500)
        spent = journal.spent("llm")
    assert rebuild(path) == 400
    with Journal(path) as journal:
        assert (journal.take("d/0001/qa"), journal.spent("llm")) == (1, spent)


def test_what_is_no_journal_stays_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(WrongRequest, match="no journal"):
        rebuild(tmp_path / "journal.sqlite")
    (tmp_path / "journal.sqlite").write_bytes(b"noise" * 1000)
    with pytest.raises(DeadWorld, match="Nothing can be read"):
        rebuild(tmp_path / "journal.sqlite")
    assert (tmp_path / "journal.sqlite").read_bytes() == b"noise" * 1000
    said = subprocess.run([sys.executable, "-m", "factory.llm.rebuild"], capture_output=True, text=True, timeout=60)
    assert (said.returncode, said.stderr) == (2, "Say: python -m factory.llm.rebuild JOURNAL\n")
