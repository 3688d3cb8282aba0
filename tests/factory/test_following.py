"""Methods on kept records of others: which become units, when, under which ids, and what goes with the row."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from factory import Run, run, tables
from factory.corpus import kept_records, record_tables
from factory.errors import WrongRequest
from factory.stages.units import UNITS
from factory.views.audit import report
from factory.views.ledger import entries
from factory.views.trace import trace
from factory.views.verify import broken, verify
from tests.corpora import contents, write_documents, write_recipe
from tests.factory.installing import Package, on_the_path
from tests.model_server import ModelServer

FIRST = """
from factory import Passage, records

async def first(passage: Passage, *, rows: int = 2):
    for nth in range(rows):
        said = " And again: ".join([passage.text] * (nth + 1))
        yield records.sft(passage, f"What stands there, try {nth}?", said, quotes=[passage.span(0, 9)])
"""
SECOND = """
from dataclasses import replace
from factory import Passage, Record, Rejected, records

async def second(record: Record, passages: list[Passage], *, says: str = "Not so.", odd: str = ""):
    question, answer = (message["content"] for message in record.data["messages"][-2:])
    if odd == "raise":
        raise KeyError(answer)
    if odd == "lie":
        lies = [replace(record.quotes[0], text="something else")]
        yield records.preference(record, question, answer, says, quotes=lies)
        return
    quotes = [*record.quotes, passages[0].span(0, 5)]
    yield records.preference(record, question, answer, says, quotes=quotes, saw=[p.id for p in passages])
"""
THIRD = """
from factory import Record, records

async def third(record: Record):
    yield records.feedback(record, record.data["prompt"][-1]["content"], "No.", False, quotes=record.quotes)
"""
ASKS = """
from factory import Record, records
from factory.llm import LLM

async def asks(record: Record, llm: LLM):
    [reply] = await llm.chat("Worse: " + record.data["messages"][-1]["content"])
    yield records.preference(record, "Q?", record.data["messages"][-1]["content"], reply.text)
"""


@pytest.fixture(autouse=True)
def stranger(tmp_path: Path) -> Iterator[Package]:
    with on_the_path(tmp_path / "site") as site:
        package = Package(site, "stranger")
        for name, source in {"first": FIRST, "second": SECOND, "third": THIRD, "asks": ASKS}.items():
            package.declares("generators", name, source)
        yield package


def corpus(folder: Path, count: int = 6, **more: str) -> Path:
    text = "The pump number {0} moves water from here to there. Mail to pump{0}@example.org for spare parts."
    write_documents(folder, {f"{n:03d}.md": text.format(n) for n in range(count)} | more)
    return folder


def made(folder: Path, *methods: Any, until: Any = "generate", limit: int | None = None, **keys: Any) -> Run:
    chosen = methods or ("first", {"second": {"from": ["first"]}})
    done = run(write_recipe(folder, methods=list(chosen), **keys), until=until, limit=limit)
    assert not broken(verify(done))
    return done


def rows(done: Run, kind: str) -> list[dict[str, Any]]:
    return [row for table in record_tables(done) if table.kind == kind for row in kept_records(done, table)]


def units(done: Run, method: str) -> list[dict[str, Any]]:
    found = [row for row in tables.rows(done.path / "units", UNITS) if row["method"] == method]
    return sorted(found, key=lambda row: row["rank"])


# --- which records


def test_each_kept_record_is_a_unit_whose_id_its_rows_bear(tmp_path: Path) -> None:
    done = made(corpus(tmp_path))
    parents, children = rows(done, "sft"), rows(done, "preference")
    assert len(parents) == len(children) == 12
    assert {row["id"] for row in children} == {f"{row['id']}/second/0" for row in parents}
    assert {row["unit"] for row in children} == {row["id"] for row in parents}
    for row in children:
        meta = json.loads(row["meta"])
        passage = "/".join(row["unit"].split("/")[:2])
        assert meta["parents"] == [passage, row["unit"]]
        assert meta["documents"] == [passage.split("/")[0]]
        assert meta["saw"] == [passage]


def test_only_what_the_filters_keep_is_taken_as_they_left_it(tmp_path: Path) -> None:
    done = made(corpus(tmp_path), records=[{"length": {"max_chars": 160}}, "pii"], until="export")
    assert 0 < len(rows(done, "sft")) < 12
    assert [row["id"] for row in rows(done, "sft")] == [row["unit"] for row in rows(done, "preference")]
    for row in rows(done, "preference"):
        assert "<EMAIL" in row["chosen"][0]["content"].upper() or "@" not in row["chosen"][0]["content"]


def test_quotes_that_record_filters_edited_still_lead_back(tmp_path: Path, stranger: Package) -> None:
    source = FIRST.replace("first(", "whole(").replace("passage.span(0, 9)", "passage.span(0, len(passage.text))")
    stranger.declares("generators", "whole", source)
    methods = [{"whole": {"rows": 1}}, {"second": {"from": ["whole"]}}]
    done = made(corpus(tmp_path), *methods, records=["pii"], until="export")
    for row in rows(done, "preference"):
        first, second = json.loads(row["meta"])["quotes"]
        assert first["edits"]
        assert "@" not in first["text"]
        assert second["text"] == "The p"
    assert len(rows(done, "preference")) == 6


def test_the_plan_of_records_is_that_of_their_units(tmp_path: Path) -> None:
    done = made(corpus(tmp_path))
    parents = [unit["unit"] for unit in units(done, "first")]
    expected = [f"{unit}/first/{n}" for unit in parents for n in (0, 1)]
    assert [unit["unit"] for unit in units(done, "second")] == expected


def test_records_of_records_of_records(tmp_path: Path) -> None:
    methods = ["first", {"second": {"from": ["first"]}}, {"third": {"from": ["second"]}}]
    done = made(corpus(tmp_path), *methods, until="audit")
    row = rows(done, "feedback")[0]
    assert row["unit"].endswith("/second/0")
    assert [parent.count("/") for parent in json.loads(row["meta"])["parents"]] == [1, 3, 5]
    assert done.counts("generate")["rounds"] == 3
    assert report(done)["measures"]["coverage.feedback.passages"] == 1.0
    parents = trace(done, row["id"])["parents"]
    assert [parent["kind"] for parent in parents] == ["passage", "sft", "preference", "document"]


def test_a_limit_is_of_units_of_each_method(tmp_path: Path) -> None:
    limited = made(corpus(tmp_path), limit=3)
    begun = [unit["unit"] for unit in units(limited, "second")]
    assert (len(units(limited, "first")), len(begun)) == (3, 3)
    assert [unit["unit"] for unit in units(made(tmp_path), "second")][:3] == begun
    assert made(tmp_path).did == []


def test_a_changed_record_filter_makes_the_rows_on_records_again(tmp_path: Path) -> None:
    made(corpus(tmp_path))
    done = made(tmp_path, records=[{"length": {"max_chars": 160}}])
    assert "generate" in done.did
    assert [row["id"] for row in rows(done, "sft")] == [row["unit"] for row in rows(done, "preference")]


def test_a_target_sees_the_accepted_rows_of_earlier_rounds_and_is_met(tmp_path: Path) -> None:
    methods = [{"first": {"rows": 1}}, {"second": {"from": ["first"]}}]
    done = made(corpus(tmp_path, 300), *methods, target=250)
    parents, children = rows(done, "sft"), rows(done, "preference")
    assert len(parents) + len(children) == 250
    assert len(children) > 50
    ranks = {f"{unit['unit']}/{unit['method']}": unit["rank"] for unit in tables.rows(done.path / "units", UNITS)}
    assert all(ranks[f"{row['unit']}/second"] > ranks[row["unit"].rsplit("/", 1)[0]] for row in children)
    assert done.counts("generate")["rounds"] > 1
    again = made(corpus(tmp_path / "again", 300), *methods, target=250)
    assert contents(again.path / "records") == contents(done.path / "records")


# --- what can go wrong


def test_a_false_quote_and_a_fault_cost_their_row(tmp_path: Path) -> None:
    methods = ["first", {"second": {"from": ["first"], "odd": "lie"}}]
    done = made(corpus(tmp_path), *methods, {"broken": {"plugin": "second", "from": ["first"], "odd": "raise"}})
    assert not rows(done, "preference")
    reasons = [entry.reason for entry in entries(done)]
    assert (reasons.count("second.quote_not_in_source"), reasons.count("broken.failed")) == (12, 12)
    assert all("pump" not in entry.detail for entry in entries(done))


@pytest.mark.parametrize(
    ("methods", "said"),
    [
        ([{"second": {"from": ["first"]}}, "first"], "no method of that name stands before it."),
        (["first", {"second": {"from": ["frist"]}}], "Did you mean 'first'? There is: first."),
        (["first", "second"], "second takes records of other methods: say of which, 'second: {from: [qa]}'."),
        (["first", {"second": {"from": "first"}}], "second: 'from' is a list of methods"),
        (["first", {"second": {"from": []}}], "second: 'from' is a list of methods"),
        (["first", {"text": {"from": ["first"]}}], "text takes passages, not records of other methods"),
    ],
)
def test_a_recipe_that_takes_what_is_not_made_is_refused(tmp_path: Path, methods: list[Any], said: str) -> None:
    with pytest.raises(WrongRequest) as error:
        made(corpus(tmp_path), *methods)
    assert said in str(error.value)
    assert "recipe.yaml:" in str(error.value)


# --- models


def asked(folder: Path, server: ModelServer, *, retry: str | None = None, **keys: Any) -> Run:
    models = {"llm": {"base_url": server.url, "model": "m", "tries": 1, "in_flight": 1, **keys.pop("model", {})}}
    file = write_recipe(folder, methods=["first", {"asks": {"from": ["first"]}}], models=models, **keys)
    done = run(file, until="generate", retry=retry)
    assert not broken(verify(done))
    return done


def test_a_retry_asks_the_records_that_were_lost_and_no_other(tmp_path: Path) -> None:
    with ModelServer(replies=lambda body: "Worse.") as server:
        server.fails("http_500", "http_500")
        first = asked(corpus(tmp_path), server)
        assert len(rows(first, "preference")) == 10
        before = server.requests
        assert asked(tmp_path, server).did == []
        again = asked(tmp_path, server, retry="llm.no_answer")
        assert (server.requests, len(rows(again, "preference"))) == (before + 2, 12)


def test_a_model_is_sent_no_record_that_it_may_not_see(tmp_path: Path) -> None:
    write_documents(tmp_path, {"open/a.md": "The wheel is green today.", "shut/b.md": "The wheel costs nine crowns."})
    sources = [
        {"path": "documents/open", "confidentiality": "public"},
        {"path": "documents/shut", "confidentiality": "confidential"},
    ]
    with ModelServer(replies=lambda body: "Worse.") as server:
        done = asked(tmp_path, server, sources=sources, model={"may_see": "public"})
        assert server.requests == 2
        assert all("crowns" not in str(seen.body) for seen in server.seen)
    assert [entry.reason for entry in entries(done, stage="generate")] == ["llm.may_not_see"] * 2
