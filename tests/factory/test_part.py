"""Parts of a records' table: what filters say of them is the same here and in another process, edits applied."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from factory import Run, plugins, workers
from factory.corpus import Kept, kept, record_tables
from factory.edits import Edit, EditMap
from factory.errors import DeadWorld
from factory.foreign import audit_dataset
from factory.stages import part, read
from factory.stages.measuring import Measuring
from factory.stages.part import Part, Said, parts, said_of
from factory.workers import Worker, Workers

ROWS = [
    {"instruction": "Where is the pump?", "output": "In the cellar. Ask joe@example.org for the key."},
    {"instruction": "How is the pump stopped?", "output": "By its red switch."},
    {"instruction": "Where is the pump?", "output": "In the cellar. Ask joe@example.org for the key."},
]
NAMES = ("exact_dedup", "format", "length", "pii")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    audit_dataset(file, into=tmp_path / "run")
    return Run(tmp_path / "run")


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Workers(1)
    yield made.each[0]
    made.close()


def of(run: Run) -> list[Part]:
    [table] = record_tables(run)
    return list(parts(table, kept(run, table)))


def plain(said: list[Said]) -> list[object]:
    return [(one.verdicts, one.features.to_pylist() if one.features is not None else None) for one in said]


def test_it_does_not_matter_who_says_it(run: Run, worker: Worker) -> None:
    filters = [plugins.filter_(name, {}) for name in NAMES]
    [one] = of(run)
    assert plain(worker.say(one, filters)) == plain(said_of(one, filters))
    by_name = dict(zip(NAMES, said_of(one, filters), strict=True))
    assert [verdict["reason"] for verdict in by_name["pii"].verdicts] == ["pii.email", "pii.email"]
    assert by_name["format"].verdicts == []  # plain keeps are not said
    assert by_name["exact_dedup"].features is not None  # it waits for all rows


def test_workers_that_loaded_their_filters_say_the_same(run: Run) -> None:
    filters = [plugins.filter_(name, {}) for name in NAMES]
    [one] = of(run)
    made = Workers(3, filters)
    try:
        assert all(plain(worker.say(one, filters)) == plain(said_of(one, filters)) for worker in made.each)
    finally:
        made.close()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere each worker loads for itself")
def test_filters_that_start_no_thread_are_loaded_once_for_all_workers(run: Run) -> None:
    filters = [plugins.filter_(name, {}) for name in (*NAMES, "pii", "language", "document_quality")]
    [one] = of(run)
    made = Workers(2, filters)
    try:
        made.each[1].say(one, filters)
        loader = made._process.pid
        assert len(Path(f"/proc/{loader}/task/{loader}/children").read_text().split()) == 2  # forks; it serves nobody
    finally:
        made.close()


def test_a_worker_that_is_no_fork_says_the_same(run: Run) -> None:
    filters = [plugins.filter_(name, {}) for name in NAMES]
    [one] = of(run)
    (reads, asks), (answers, writes) = os.pipe(), os.pipe()
    process = workers._run([(reads, writes)], "serve")
    os.close(reads)
    os.close(writes)
    worker = Worker(os.fdopen(asks, "wb"), os.fdopen(answers, "rb"))
    assert plain(worker.say(one, filters)) == plain(said_of(one, filters))
    worker.close()
    assert process.wait(60) == 0


def test_a_worker_that_is_killed_is_a_dead_world(run: Run) -> None:
    filters = [plugins.filter_("length", {})]
    [one] = of(run)
    made = Workers(2, filters)
    try:
        made.each[0].say(one, filters)
        made._process.terminate()  # it takes its forks with it
        made._process.wait(60)
        with pytest.raises(DeadWorld, match="measuring process"):
            made.each[1].say(one, filters)
    finally:
        made.close()


def test_processes_start_before_many_rows_are_read_and_change_nothing(tmp_path: Path, monkeypatch: Any) -> None:
    begun: list[int] = []
    begin = Measuring.begin
    monkeypatch.setattr(Measuring, "begin", lambda self, filters: (begun.append(len(filters)), begin(self, filters)))
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    one = audit_dataset(file, into=tmp_path / "one" / "run", workers=2)
    assert not begun
    monkeypatch.setattr(read, "MANY_BYTES", 1)
    assert audit_dataset(file, into=tmp_path / "two" / "run", workers=2) == one
    assert len(begun) == 1
    assert begun[0] > 10


def test_filters_see_rows_as_they_were_edited(run: Run, worker: Worker) -> None:
    [table] = record_tables(run)
    start = ROWS[0]["output"].index("joe@")
    edit = EditMap((Edit(start, start + len("joe@example.org"), "pii.email", "<EMAIL>"),))
    state = Kept.all(3)
    state.edits[2] = {"messages[1].content": edit}
    state.alive[1] = False
    [one] = parts(table, state)
    pii = plugins.filter_("pii", {})
    for said in (said_of(one, [pii]), worker.say(one, [pii])):
        assert [verdict["id"] for verdict in said[0].verdicts] == ["row:rows.jsonl:0000001"]


def test_large_rows_are_parts_of_their_own(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part, "BYTES", 1)
    cut = of(run)
    assert [len(one) for one in cut] == [1, 1, 1]
    assert np.concatenate([one.rows["id"].to_pylist() for one in cut]).tolist() == [
        f"row:rows.jsonl:000000{n}" for n in (1, 2, 3)
    ]
