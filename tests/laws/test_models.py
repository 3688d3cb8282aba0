"""Laws 3 and 6, and the cap: what was answered is never asked again, and nobody sees what they may not.

The generators are a stranger's: one asks once, one asks and then asks about the answer, one searches first.
"""

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest

from factory import Run, run
from factory.corpus import kept_records, record_tables
from factory.errors import DeadWorld, WrongRequest
from factory.progress import Progress
from factory.views.ledger import entries
from factory.views.verify import broken, verify
from tests.corpora import contents, strings, write_documents, write_recipe
from tests.factory.installing import Package, on_the_path
from tests.model_server import ModelServer

ONCE = """
from factory import Passage, records
from factory.llm import LLM

async def once(passage: Passage, llm: LLM):
    [reply] = await llm.chat("Repeat: " + passage.text, temperature=0.5)
    yield records.text([passage], reply.text)
"""
TWICE = """
import asyncio
from factory import Passage, records
from factory.llm import LLM

async def twice(passage: Passage, llm: LLM, judge: LLM):
    replies = await llm.chat("Repeat: " + passage.text, n=2)
    said = await asyncio.gather(*(judge.chat("Is it good? " + reply.text) for reply in replies))
    for reply, [verdict] in zip(replies, said):
        yield records.text([passage], reply.text, verdict=verdict.text)
"""
SEARCHES = """
from factory import Passage, records
from factory.corpus import Corpus
from factory.llm import LLM

async def searches(passage: Passage, corpus: Corpus, llm: LLM):
    near = [found.text for found, _ in corpus.search("wheel", k=9)]
    [reply] = await llm.chat("Compare: " + passage.text + " with " + " and ".join(near))
    yield records.text([passage], reply.text)
"""
COUNT = 24


@pytest.fixture(autouse=True)
def stranger(tmp_path: Path) -> Iterator[Package]:
    with on_the_path(tmp_path / "site") as site:
        package = Package(site, "stranger")
        for name, source in {"once": ONCE, "twice": TWICE, "searches": SEARCHES}.items():
            package.declares("generators", name, source)
        yield package


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_documents(tmp_path, {f"{n:02d}.md": f"The wheel number {n} turns left." for n in range(COUNT)})
    return tmp_path


def reply(body: dict[str, Any]) -> str:
    """What was said, said again: every prompt has its own answer."""
    return "I say: " + str(body["messages"][-1]["content"]).removeprefix("Repeat: ")


class Said(Progress):
    """Keeps what it is told to say."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


def generated(
    folder: Path,
    server: ModelServer,
    *,
    method: str = "once",
    retry: str | None = None,
    progress: Progress | None = None,
    **keys: Any,
) -> Run:
    settings = {"base_url": server.url, "model": "parrot", "tries": 3, "timeout": {"total": 5}, **keys.pop("model", {})}
    names = ("llm", "judge") if method == "twice" else ("llm",)
    made = write_recipe(folder, methods=[method], models=dict.fromkeys(names, settings), **keys)
    return run(made, until="generate", retry=retry, progress=progress)


def rows(done: Run) -> list[dict[str, Any]]:
    return [row for table in record_tables(done) for row in kept_records(done, table)]


def reasons(done: Run) -> list[str]:
    return [entry.reason for entry in entries(done, stage="generate")]


# --- law 3


@pytest.mark.parametrize("method", ["once", "twice"])
def test_a_server_that_dies_costs_no_answer_twice(folder: Path, method: str) -> None:
    with ModelServer(replies=reply) as whole:
        expected = contents(generated(folder, whole, method=method, run="whole").path / "records")
    server = ModelServer(replies=reply, delay=0.02)
    server.start()
    slow = {"in_flight": 4}
    server.fails(*[None] * 9, *["http_401"])
    with pytest.raises(DeadWorld):
        generated(folder, server, method=method, model=slow)
    server.fails(*[])
    done = generated(folder, server, method=method, model=slow)
    server.kill()
    assert contents(done.path / "records") == expected
    assert set(server.answered.values()) == {1} if method == "once" else max(server.answered.values()) <= 2  # n=2
    assert not broken(verify(done))


def test_faults_and_the_order_of_answers_change_no_byte(folder: Path) -> None:
    with ModelServer(replies=reply) as server:
        quiet = contents(generated(folder, server, run="quiet").path / "records")
    faults = {"http_500": 0.1, "cut_body": 0.1, "reset": 0.05, "not_json": 0.05}
    for seed in (1, 2):
        with ModelServer(replies=reply, faults=faults, seed=seed) as server:
            stormy = generated(folder, server, run=f"stormy {seed}", model={"tries": 20})
            assert server.requests > COUNT
        assert contents(stormy.path / "records") == quiet


def test_that_the_answers_are_gone_is_said_before_they_are_paid_again(folder: Path) -> None:
    with ModelServer(replies=reply) as server:
        done = generated(folder, server)
        quiet, told = Said(), Said()
        generated(folder, server, seed=1, progress=quiet)
        assert server.requests == COUNT
        (done.path / "journal.sqlite").write_bytes(b"")
        generated(folder, server, seed=2, progress=told)
        assert server.requests == 2 * COUNT
    line = f"{done.path / 'journal.sqlite'} is gone or empty: the answers that it held are asked, and paid, again."
    assert line in told.lines
    assert line not in quiet.lines


def test_a_retry_asks_the_units_that_were_lost_and_no_other(folder: Path) -> None:
    with ModelServer(replies=reply) as server:
        server.fails(*["http_500"] * 3)
        first = generated(folder, server, model={"tries": 1, "in_flight": 1})
        assert reasons(first) == ["llm.no_answer"] * 3
        assert len(rows(first)) == COUNT - 3
        before = server.requests
        assert generated(folder, server, model={"tries": 1, "in_flight": 1}).did == []
        again = generated(folder, server, model={"tries": 1, "in_flight": 1}, retry="llm")
        assert server.requests == before + 3
        assert len(rows(again)) == COUNT
        assert not reasons(again)
        assert generated(folder, server, model={"tries": 1, "in_flight": 1}).did == []


def test_a_retry_for_what_nothing_was_lost_says_so_and_does_nothing(folder: Path) -> None:
    said = Said()
    with ModelServer(replies=reply) as server:
        server.fails("http_500")
        done = generated(folder, server, model={"tries": 1, "in_flight": 1})
        before = server.requests
        again = run(folder / "recipe.yaml", until="generate", retry="once.nonsense", progress=said)
    assert "No unit that asked a model lost anything as once.nonsense. Reasons here: llm.no_answer." in said.lines
    assert (server.requests, again.did) == (before, [])
    assert reasons(done) == ["llm.no_answer"]


def test_another_temperature_asks_anew_and_another_address_does_not(folder: Path) -> None:
    with ModelServer(replies=reply) as one, ModelServer(replies=reply) as other:
        done = generated(folder, one)
        done.undo("generate")
        generated(folder, other)
        assert other.requests == 0
        generated(folder, other, model={"body": {"top_p": 0.5}})
        assert other.requests == COUNT


# --- law 6


def test_a_model_is_sent_only_what_it_may_see(tmp_path: Path) -> None:
    write_documents(tmp_path, {"open/a.md": "The wheel is green.", "shut/b.md": "The wheel costs nine crowns."})
    sources = [
        {"path": "documents/open", "confidentiality": "public"},
        {"path": "documents/shut", "confidentiality": "confidential"},
    ]
    for method in ("once", "searches"):
        with ModelServer(replies=reply) as server:
            done = generated(tmp_path, server, method=method, sources=sources, model={"may_see": "public"}, run=method)
            sent = " ".join(text for seen in server.seen for text in strings(seen.body))
        assert "green" in sent
        assert "crowns" not in sent
        assert reasons(done) == ["llm.may_not_see"]
        assert b"crowns" not in b"".join(
            body for name, body in contents(done.path).items() if not name.startswith("documents/")
        )


def test_a_model_that_may_see_no_source_is_refused_with_the_lines_that_would_allow_it(folder: Path) -> None:
    with ModelServer() as server, pytest.raises(WrongRequest) as error:
        generated(folder, server, model={"may_see": "public"})
    assert "the model 'llm' may see what is public, and every source is internal or above" in str(error.value)
    assert "'may_see: internal'" in str(error.value)
    assert "'confidentiality: public'" in str(error.value)
    assert server.requests == 0


def test_no_key_stands_anywhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHEEL_KEY", "sk-very-secret-wheel")
    with ModelServer(replies=reply, api_key="sk-very-secret-wheel") as server:
        done = generated(folder, server, model={"api_key_env": "WHEEL_KEY"})
    assert len(rows(done)) == COUNT
    assert not [name for name, body in contents(done.path).items() if b"very-secret" in body]


# --- money

PRICED = {"price": {"input": 1_000_000, "output": 1_000_000}, "max_tokens": 40}  # one a token


def test_a_cap_ends_the_stage_with_what_there_is_and_a_higher_one_goes_on(folder: Path) -> None:
    with ModelServer(replies=reply) as server:
        said = Said()
        done = generated(folder, server, model={**PRICED, "max_spend": 400, "in_flight": 2}, progress=said)
        some = rows(done)
        assert any(line.startswith("max_spend is reached: ") for line in said.lines)
        assert not any("units failed" in line for line in said.lines)  # the same ones, told twice
        assert 0 < len(some) < COUNT
        assert set(reasons(done)) <= {"llm.max_spend"}
        assert not broken(verify(done))
        assert generated(folder, server, model={**PRICED, "max_spend": 400, "in_flight": 2}).did == []
        more = generated(folder, server, model={**PRICED, "max_spend": 100_000})
        assert len(rows(more)) == COUNT
        assert set(server.answered.values()) == {1}
    with ModelServer(replies=reply) as server:
        uncapped = generated(folder, server, model=PRICED, run="uncapped")
    assert contents(uncapped.path / "records") == contents(more.path / "records")


def test_what_was_asked_stands_in_each_row(folder: Path) -> None:
    with ModelServer(replies=reply) as server:
        done = generated(folder, server, method="twice")
    for row in rows(done):
        meta = json.loads(row["meta"])
        assert meta["models"] == {"llm": "parrot", "judge": "parrot"}
        assert len(meta["journal"]) == 3  # both samples said the same, so the judge was asked once


def test_a_raised_limit_asks_again_what_it_cut_and_nothing_else(folder: Path) -> None:
    def long_and_short(body: dict[str, Any]) -> str:
        said = reply(body)
        return said + " and on" * 40 if "number 1 turns" in said or "number 2 turns" in said else said

    with ModelServer(replies=long_and_short) as server:
        done = generated(folder, server, model={"max_tokens": 30})
        assert reasons(done) == ["llm.cut_by_length"] * 2
        before = server.requests
        assert generated(folder, server, model={"max_tokens": 30}).did == []
        assert generated(folder, server, model={"max_tokens": 20}).did == []
        raised = generated(folder, server, model={"max_tokens": 500})
        assert server.requests == before + 2
        assert len(rows(raised)) == COUNT
        assert not reasons(raised)
        assert generated(folder, server, model={"max_tokens": 500}).did == []


@pytest.mark.parametrize(
    ("kills", "count", "at_once"),
    [(5, COUNT, 4), pytest.param(50, 2_000, 32, marks=pytest.mark.slow)],
    ids=["quick", "whole"],
)
def test_a_run_killed_while_it_asks_ends_in_the_same_bytes_and_pays_nothing_twice(
    folder: Path, kills: int, count: int, at_once: int
) -> None:
    """The whole command, killed by the system at random moments, each when a few more answers have left the server."""
    write_documents(folder, {f"{n:02d}.md": f"The wheel number {n} turns left." for n in range(COUNT, count)})
    drawn = Random(kills)  # noqa: S311 # moments, no secret
    with ModelServer(replies=reply, keep=False) as server:
        settings = {"base_url": server.url, "model": "parrot", "in_flight": at_once}
        expected = run(
            write_recipe(folder, methods=["once"], models={"llm": settings}, run="whole/run"), until="export"
        )
    with ModelServer(replies=reply, delay=0.03, keep=False) as server:
        settings["base_url"] = server.url
        file = write_recipe(folder, methods=["once"], models={"llm": settings})
        killed = sum(_killed(file, server, drawn.randint(1, 2 * count // kills), drawn.random()) for _ in range(kills))
        assert killed > kills // 2
        done = run(file, until="export")
        assert server.repeats() <= killed * at_once  # what was in flight when it was killed
        assert len(server.counts) == count
    assert contents(done.path / "dataset") == contents(expected.path / "dataset")
    assert not broken(verify(done))


def _killed(file: Path, server: ModelServer, answers: int, later: float) -> bool:
    """Whether the command was killed before its end: when so many more answers had left the server, and a bit later."""
    command = [str(Path(sys.executable).with_name("factory")), "export", str(file)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    until = server.answered.total() + answers
    child = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    while child.poll() is None and server.answered.total() < until:
        time.sleep(0.005)
    time.sleep(0.03 * later)
    was_running = child.poll() is None
    child.kill()
    child.wait()
    time.sleep(0.05)  # what was in flight is answered to nobody
    with closing(sqlite3.connect(file.parent / "run/journal.sqlite")) as journal:
        assert journal.execute("pragma integrity_check").fetchall() == [("ok",)]
    return was_running
