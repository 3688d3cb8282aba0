"""An answer is on disk before it is used, in a file that others can read and that survives what happens to files."""

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.errors import DeadWorld, WrongRequest
from factory.llm import journal as journals
from factory.llm.entries import Call, Stored
from factory.llm.journal import Journal

PROMPT = b'{"model":"m","messages":[{"role":"user","content":"What is a kiln?"}]}'


def call(nth: int, **changes: Any) -> Call:
    made = Call(
        key=nth.to_bytes(16, "big"), unit=f"d/{nth:04d}", method="qa", model="llm", take=0, sample=0, max_tokens=100,
        finish="stop", text=f"answer {nth}", tokens_in=10, tokens_out=5, spent=7, server="0 127.0.0.1:1", tries=1,
        seconds=0.5,
    )  # fmt: skip
    return made._replace(**changes)


def rows(path: Path, sql: str = "select * from calls") -> list[Any]:
    """What another program reads."""
    file = sqlite3.connect(path)
    try:
        return file.execute(sql).fetchall()
    finally:
        file.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


async def test_what_was_put_is_on_disk_and_found_again(path: Path) -> None:
    with Journal(path) as journal:
        await journal.put(call(1, thinking="hm", finish="length"), PROMPT)
        assert rows(path, "select text, spent, reason from calls") == [("answer 1", 7, None)]
        assert journal.get(call(1).key) == Stored("answer 1", "hm", "length", 100, 10, 5)
        assert journal.get(call(2).key) is None
    with Journal(path) as journal:
        assert journal.get(call(1).key) == Stored("answer 1", "hm", "length", 100, 10, 5)


def test_the_file_is_its_owners_and_has_no_log_beside_it_once_closed(path: Path) -> None:
    Journal(path).close()
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["journal.sqlite"]


async def test_answers_that_arrive_together_are_committed_together(path: Path) -> None:
    with Journal(path) as journal:
        await asyncio.gather(*(journal.put(call(nth), PROMPT) for nth in range(300)))
    assert rows(path, "select count(*), count(distinct ended) from calls") == [(300, 1)]


async def test_a_failed_call_is_noted_and_never_an_answer(path: Path) -> None:
    with Journal(path) as journal:
        await journal.put(call(1, reason="llm.no_answer", text=None, finish=None), PROMPT)
        assert journal.get(call(1).key) is None
        await journal.put(call(1), PROMPT)
        await journal.put(call(1, reason="llm.no_answer", text=None, finish=None), PROMPT)
        assert journal.get(call(1).key) is not None
        [total] = journal.totals()
    assert (total["answered"], total["failed"], total["tokens_in"], total["spent"]) == (1, 2, 30, 21)


async def test_the_newest_answer_counts() -> None:
    with Journal() as journal:
        await journal.put(call(1, text="short", finish="length"), PROMPT)
        await journal.put(call(1, text="whole", max_tokens=200), PROMPT)
        stored = journal.get(call(1).key)
    assert stored is not None
    assert stored.text == "whole"


@pytest.mark.parametrize(
    ("finish", "then", "now", "serves"),
    [
        ("stop", 100, 50, True), ("stop", 100, 500, True), ("stop", 100, None, True),
        ("length", 100, 100, True), ("length", 100, 50, True), ("length", 100, 101, False),
        ("length", 100, None, False), ("length", None, 50, True), ("length", None, None, True),
    ],
)  # fmt: skip
def test_an_answer_that_was_cut_serves_until_the_limit_rises(
    finish: str, then: int | None, now: int | None, serves: bool
) -> None:
    assert Stored("x", None, finish, then, 1, 1).serves(now) is serves


async def test_a_body_is_stored_once_for_all_samples_and_compressed(path: Path) -> None:
    long = PROMPT * 50
    with Journal(path) as journal:
        await asyncio.gather(*(journal.put(call(nth), long) for nth in range(4)))
        await journal.put(call(5), long)
        await journal.put(call(6), PROMPT)
        [found] = journal.select("select unpacked(body) as body, length(body) as size from requests where id = 1")
        assert (found["body"], found["size"] < len(long) / 4) == (long.decode(), True)
    assert rows(path, "select request from calls order by id") == [(1,), (1,), (1,), (1,), (1,), (2,)]


async def test_prompts_are_not_kept_where_that_is_said(path: Path) -> None:
    with Journal(path, keep_prompts=False) as journal:
        await journal.put(call(1), PROMPT)
        assert list(journal.select("select * from requests")) == []
    assert not [row for row in rows(path) if "kiln" in repr(row)]


async def test_only_bodies_written_lately_are_remembered(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "REMEMBERED", 2)
    with Journal(path) as journal:
        for nth in (1, 2, 3, 4, 5, 5, 1):
            await journal.put(call(nth), PROMPT + bytes([nth]))
    assert rows(path, "select request from calls order by id") == [(1,), (2,), (3,), (4,), (5,), (5,), (6,)]


@given(st.lists(st.tuples(st.text(), st.none() | st.text(), st.binary()), max_size=8))
def test_whatever_text_comes_back_as_it_was(given: list[tuple[str, str | None, bytes]]) -> None:
    async def put_all(journal: Journal) -> None:
        calls = [(call(nth, text=text, thinking=thinking), body) for nth, (text, thinking, body) in enumerate(given)]
        await asyncio.gather(*(journal.put(*one) for one in calls))

    with Journal() as journal:
        asyncio.run(put_all(journal))
        for nth, (text, thinking, _) in enumerate(given):
            stored = journal.get(call(nth).key)
            assert stored is not None
            assert (stored.text, stored.thinking) == (text, thinking)


# --- stopping


async def test_who_is_cancelled_loses_nothing(path: Path) -> None:
    journal = Journal(path)
    task = asyncio.create_task(journal.put(call(1), PROMPT))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await journal.put(call(2), PROMPT)
    journal.close()
    assert rows(path, "select count(*) from calls") == [(2,)]


def test_a_loop_that_ended_before_it_wrote_is_no_loss(path: Path) -> None:
    journal = Journal(path)

    async def begin() -> None:
        journal_put = asyncio.create_task(journal.put(call(1), PROMPT))
        await asyncio.sleep(0)
        journal_put.cancel()

    asyncio.run(begin())
    asyncio.run(journal.put(call(2), PROMPT))
    assert rows(path, "select count(*) from calls") == [(2,)]
    asyncio.run(begin())
    journal.close()
    assert rows(path, "select count(*) from calls") == [(3,)]


# --- others


WRITER = """
import asyncio, sys
from pathlib import Path
from factory.llm.journal import Journal
from tests.factory.llm.test_journal import PROMPT, call

async def main():
    first = int(sys.argv[2])
    with Journal(sys.argv[1]) as journal:
        for start in range(first, first + 400, 8):
            await asyncio.gather(*(journal.put(call(n), PROMPT + b"%d" % n) for n in range(start, start + 8)))
            assert journal.get(call(start).key) is not None

asyncio.run(main())
"""


def test_processes_that_write_to_one_journal_leave_it_whole(path: Path) -> None:
    started = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(first)]) for first in (0, 1000, 2000)]
    assert [process.wait(120) for process in started] == [0, 0, 0]
    assert rows(path, "pragma integrity_check") == [("ok",)]
    assert rows(path, "select count(*), count(distinct key), count(distinct request) from calls") == [(1200,) * 3]
    wrong = "select count(*) from calls join requests on requests.id = request where calls.key is null"
    assert rows(path, wrong) == [(0,)]


async def test_another_process_that_holds_the_file_is_waited_for_and_the_loop_goes_on(path: Path) -> None:
    with Journal(path) as journal:
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        other.execute("begin immediate")
        put = asyncio.create_task(journal.put(call(1), PROMPT))
        await asyncio.sleep(0.3)
        assert not put.done()
        assert journal.get(call(1).key) is None
        other.execute("commit")
        await asyncio.wait_for(put, 10)
        other.execute("begin immediate")
        threading.Timer(0.3, other.execute, ["commit"]).start()
        journal.raise_takes(["u"])  # waits too
        assert journal.take("u") == 1
        other.close()


async def test_a_file_that_is_held_for_ever_stops_the_run(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "PATIENCE_S", 0.2)
    journal = Journal(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(DeadWorld, match="held by another process"):
        await journal.put(call(1), PROMPT)
    with pytest.raises(DeadWorld, match="held by another process"):
        journal.flush()
    other.execute("commit")
    other.close()
    journal.close()
    assert len(rows(path)) == 1  # it was written as soon as it could be


# --- takes and money


def test_takes_begin_at_nothing_and_rise(path: Path) -> None:
    with Journal(path) as journal:
        assert (journal.take("d/0001/qa"), journal.takes_digest()) == (0, "")
        journal.raise_takes(["d/0001/qa", "d/0002/qa", "d/0001/qa"])
        journal.raise_takes(iter(["d/0002/qa"]))
        assert [journal.take(f"d/000{nth}/qa") for nth in (1, 2, 3)] == [1, 2, 0]
        digest = journal.takes_digest()
    with Journal(path) as journal:
        assert journal.takes_digest() == digest
        journal.raise_takes(["d/0001/qa"])
        assert journal.takes_digest() != digest


async def test_what_may_have_been_spent_counts_until_it_is_known(path: Path) -> None:
    with Journal(path) as journal:
        await journal.put(call(1), PROMPT)
        await journal.sending(8, "llm", 100)
        await journal.sending(9, "judge", 1_000)
        assert (journal.spent("llm"), journal.spent("judge"), journal.spent("weak")) == (107, 1_000, 0)
        journal.sending_again(8, "llm", 200)
        assert journal.spent("llm") == 207
    with Journal(path) as journal:  # as after a kill
        assert journal.spent("llm") == 207
        await journal.put(call(2, spent=30), PROMPT, sent=8)
        journal.over(9)
        await asyncio.sleep(3 * journals.GROUP_S)
        assert (journal.spent("llm"), journal.spent("judge")) == (37, 0)


# --- files that are not as they should be


def filled(path: Path) -> None:
    async def fill() -> None:
        with Journal(path) as journal:
            await asyncio.gather(*(journal.put(call(nth, text="x" * 900), os.urandom(900)) for nth in range(400)))

    asyncio.run(fill())


def read_all(path: Path) -> None:
    with Journal(path) as journal:
        for nth in range(400):
            journal.get(call(nth).key)


def test_a_damaged_journal_says_what_is_lost_and_how_to_save_the_rest(path: Path) -> None:
    filled(path)
    content = bytearray(path.read_bytes())
    content[8192:-8192] = os.urandom(len(content) - 16384)
    path.write_bytes(content)
    with pytest.raises(DeadWorld) as caught:
        read_all(path)
    assert "is damaged" in str(caught.value)
    assert f"'python -m factory.llm.rebuild {path}'" in str(caught.value)
    assert "only answers that are lost are asked and paid again" in str(caught.value)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("content", [b"not a database at all" * 500, os.urandom(5000)])
def test_a_file_that_is_no_database_is_not_written_over(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(DeadWorld, match="is damaged"):
        Journal(path)
    assert path.read_bytes() == content


def test_another_programs_database_and_another_version_are_wrong_requests(path: Path) -> None:
    sqlite3.connect(path).execute("create table theirs (x)").connection.close()
    with pytest.raises(WrongRequest, match="another program's"):
        Journal(path)
    path.unlink()
    Journal(path).close()
    file = sqlite3.connect(path)
    file.execute("pragma user_version = 99")
    file.close()
    with pytest.raises(WrongRequest, match="another version"):
        Journal(path)


def test_a_journal_that_was_killed_while_it_was_made_is_made_again(path: Path) -> None:
    path.touch()
    Journal(path).close()
    assert rows(path) == []


def test_a_place_that_cannot_be_written_is_a_dead_world(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nothing" / "journal.sqlite"):
        with pytest.raises(DeadWorld, match="cannot be read or written"):
            Journal(place)


FULL = """
import asyncio, os, resource, sys
from factory.errors import DeadWorld
from factory.llm.journal import Journal
from tests.factory.llm.test_journal import call

async def main():
    journal = Journal(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
    for nth in range(10_000):
        await journal.put(call(nth), os.urandom(900))
        print(nth, flush=True)

try:
    asyncio.run(main())
except DeadWorld as error:
    print(error, file=sys.stderr)
"""


def test_a_full_disk_loses_nothing_that_was_handed_out(path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, timeout=120)
    assert "What was answered before is safe." in done.stderr
    assert "same command again" in done.stderr
    handed_out = done.stdout.split()
    assert len(handed_out) > 10
    assert rows(path, "pragma integrity_check") == [("ok",)]
    with Journal(path) as journal:
        assert all(journal.get(call(int(nth)).key) for nth in handed_out)


def test_totals_are_by_method_and_model() -> None:
    async def fill(journal: Journal) -> None:
        for nth, (method, model) in enumerate([("qa", "llm"), ("qa", "judge"), ("qa", "llm"), ("text", "llm")]):
            await journal.put(call(nth, method=method, model=model, estimated=nth == 3), PROMPT)

    with Journal() as journal:
        asyncio.run(fill(journal))
        totals = journal.totals()
    assert [(t["method"], t["model"], t["answered"], t["tokens_out"], t["estimated"]) for t in totals] == [
        ("qa", "judge", 1, 5, 0), ("qa", "llm", 2, 10, 0), ("text", "llm", 1, 5, 1),
    ]  # fmt: skip
