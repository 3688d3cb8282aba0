"""Generate: plan order, limits, targets, and every unit's fate."""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from factory import Run, rejections, run, tables
from factory.corpus import kept_records, record_tables
from factory.errors import WrongRequest
from factory.stages.generate import FIRST_ROUND
from factory.stages.units import UNITS
from factory.views.ledger import entries
from factory.views.verify import broken, verify
from tests.corpora import contents, write_documents, write_recipe
from tests.factory.installing import Package, on_the_path

GENERATOR = """
from factory import Passage, Rejected, records
from factory.errors import BadItem, DeadWorld
from factory.passages import Quote

async def {name}({takes}, *, options: int = 0):
    {body}
"""


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[Package]:
    """A package whose generators the recipe may name."""
    with on_the_path(tmp_path / "site") as site:
        yield Package(site, "stranger")


def a_generator(name: str, body: str, *, takes: str = "passage: Passage") -> str:
    return GENERATOR.format(name=name, takes=takes, body=body.replace("\n", "\n    "))


def corpus(folder: Path, count: int = 10, parts: int = 1) -> None:
    """`count` documents of `parts` passages each."""
    section = "## Section {0}.{1}\n\n" + "The pump number {0}.{1} moves water from here to there, day and night. " * 3
    write_documents(
        folder, {f"{n:03d}.md": "\n\n".join(section.format(n, part) for part in range(parts)) for n in range(count)}
    )


def made(folder: Path, *, limit: int | None = None, until: Any = "generate", **keys: Any) -> Run:
    keys = {"methods": ["text"], "max_tokens": 64, **keys}
    return run(write_recipe(folder, **keys), limit=limit, until=until)


def units(done: Run) -> list[dict[str, Any]]:
    return sorted(tables.rows(done.path / "units", UNITS), key=lambda row: row["rank"])


def kept(done: Run) -> list[dict[str, Any]]:
    return [row for table in record_tables(done) for row in kept_records(done, table)]


ONE_A_PASSAGE = "yield records.text([passage], passage.text)"


# --- the plan


def test_the_plan_takes_one_passage_of_each_document_before_the_second_of_any(
    tmp_path: Path, stranger: Package
) -> None:
    stranger.declares("generators", "one", a_generator("one", ONE_A_PASSAGE))
    corpus(tmp_path, 4, parts=3)
    plan = [unit["unit"].split("/")[0] for unit in units(made(tmp_path, methods=["one"]))]
    assert len(plan) == 12
    assert [len(set(plan[n : n + 4])) for n in (0, 4, 8)] == [4, 4, 4]


def test_methods_take_turns(tmp_path: Path) -> None:
    corpus(tmp_path, 4)
    done = made(tmp_path, methods=["text", {"again": {"plugin": "text", "max_tokens": 99}}])
    assert [unit["method"] for unit in units(done)] == ["text", "again"] * 4
    assert [unit["rank"] for unit in units(done)] == list(range(8))


def test_the_seed_draws_the_plan_and_nothing_else_does(tmp_path: Path) -> None:
    for name in ("a", "b"):
        corpus(tmp_path / name)
    first, same = units(made(tmp_path / "a", seed=1)), units(made(tmp_path / "b", seed=1))
    assert first == same
    assert [u["unit"] for u in units(made(tmp_path / "a", seed=2))] != [u["unit"] for u in first]


def test_a_method_that_takes_documents_gets_their_kept_passages_in_order(tmp_path: Path, stranger: Package) -> None:
    body = "yield records.text(passages, '|'.join(str(p.index) for p in passages))"
    stranger.declares("generators", "whole", a_generator("whole", body, takes="passages: list[Passage]"))
    corpus(tmp_path, 2, parts=3)
    texts = [row["text"] for row in kept(made(tmp_path, methods=["whole"]))]
    assert texts == ["0|1|2"] * 2


# --- limits


def test_a_limit_is_the_first_units_of_each_method_in_plan_order(tmp_path: Path) -> None:
    corpus(tmp_path)
    methods = ["text", {"again": {"plugin": "text"}}]
    limited = units(made(tmp_path, limit=3, methods=methods))
    assert [unit["method"] for unit in limited] == ["text", "again"] * 3
    everything = units(made(tmp_path, methods=methods))
    assert len(everything) == 20
    assert limited == everything[:6]


def test_a_run_that_was_limited_first_ends_as_one_that_never_was(tmp_path: Path) -> None:
    for name in ("a", "b"):
        corpus(tmp_path / name)
    made(tmp_path / "a", limit=2, until="export")
    made(tmp_path / "a", limit=5, until="export")
    limited, never = (made(tmp_path / name, until="export") for name in ("a", "b"))
    for folder in ("records", "units", "verdicts", "dataset"):
        assert contents(limited.path / folder) == contents(never.path / folder)
    assert made(tmp_path / "a", until="export").did == []


# --- targets


@pytest.mark.parametrize("target", [1, 7, 30])
def test_a_target_is_met_exactly_and_what_is_over_is_named(tmp_path: Path, target: int) -> None:
    corpus(tmp_path, 30)
    done = made(tmp_path, target=target, records=["length"])
    assert len(kept(done)) == target
    surplus = list(entries(done, reason="target.surplus"))
    assert len(surplus) == 30 - target  # one round was enough: it made them all
    assert done.counts("filter.records")["filters"]["target"]["reasons"] == (
        {"target.surplus": len(surplus)} if surplus else {}
    )


def test_a_method_has_a_target_of_its_own(tmp_path: Path, stranger: Package) -> None:
    for name in ("one", "two", "three"):
        stranger.declares("generators", name, a_generator(name, "yield records.text([passage], passage.id)"))
    corpus(tmp_path, 200)
    done = made(tmp_path, methods=[{"one": {"target": 150}}, {"two": {"target": 5}}, "three"])
    rows = Counter(row["method"] for row in kept(done))
    assert rows == {"one": 150, "two": 5, "three": 200}
    methods = done.counts("generate")["methods"]
    assert 150 <= methods["one"]["units"] < 200
    assert methods["two"]["units"] == FIRST_ROUND
    over = Counter(entry.id.split("/")[-2] for entry in entries(done, reason="target.surplus"))
    assert over == Counter({"one": methods["one"]["units"] - 150, "two": FIRST_ROUND - 5})
    assert not broken(verify(done))


def test_a_target_of_all_is_met_around_those_of_methods(tmp_path: Path, stranger: Package) -> None:
    for name in ("one", "two"):
        stranger.declares("generators", name, a_generator(name, "yield records.text([passage], passage.id)"))
    corpus(tmp_path, 120)
    done = made(tmp_path, methods=["one", {"two": {"target": 4}}], target=100)
    assert Counter(row["method"] for row in kept(done)) == {"one": 96, "two": 4}
    few = made(tmp_path, methods=["one", {"two": {"target": 4}}], target=1000)
    assert Counter(row["method"] for row in kept(few)) == {"one": 120, "two": 4}


def test_a_method_with_a_target_takes_as_many_records_of_another(tmp_path: Path, stranger: Package) -> None:
    stranger.declares("generators", "one", a_generator("one", "yield records.text([passage], passage.id)"))
    body = "yield records.sft(record, 'What?', record.data['text'])"
    after = a_generator("after", body, takes="record: records.Record")
    stranger.declares("generators", "after", after)
    corpus(tmp_path, 90)
    done = made(tmp_path, methods=["one", {"after": {"from": ["one"], "target": 7}}])
    assert Counter(row["method"] for row in kept(done)) == {"one": 90, "after": 7}


@pytest.mark.parametrize("target", [0, -1, True, "many", 1.5])
def test_a_target_of_a_method_is_a_whole_number(tmp_path: Path, target: Any) -> None:
    corpus(tmp_path, 1)
    with pytest.raises(WrongRequest, match="text: 'target' is how many of its rows are wanted"):
        made(tmp_path, methods=[{"text": {"target": target}}])


def test_those_past_the_target_are_the_last_in_plan_order(tmp_path: Path) -> None:
    corpus(tmp_path, 20)
    done = made(tmp_path, target=5)
    rank = {unit["unit"]: unit["rank"] for unit in units(done)}
    assert sorted(rank[row["unit"]] for row in kept(done)) == [0, 1, 2, 3, 4]


def test_a_target_counts_what_the_filters_keep(tmp_path: Path, stranger: Package) -> None:
    stranger.declares(
        "generators",
        "mixed",
        a_generator(
            "mixed", "yield records.text([passage], 'x' * (int(passage.document, 16) % 2 * 50 + 1) + passage.id)"
        ),
    )
    corpus(tmp_path, 60)
    done = made(tmp_path, methods=["mixed"], target=12, records=[{"length": {"min_chars": 50}}])
    assert len(kept(done)) == 12
    assert all(len(row["text"]) > 50 for row in kept(done))


def test_a_target_that_cannot_be_met_uses_everything_and_ends(tmp_path: Path) -> None:
    corpus(tmp_path, 10)
    done = made(tmp_path, target=1000)
    assert len(kept(done)) == 10
    assert done.counts("generate")["units"] == 10


def test_a_target_stops_when_it_is_met_and_not_a_round_later(tmp_path: Path, stranger: Package) -> None:
    stranger.declares("generators", "one", a_generator("one", "yield records.text([passage], passage.id)"))
    corpus(tmp_path, 100, parts=3)
    done = made(tmp_path, methods=["one"], target=70)
    counts = done.counts("generate")
    assert counts["planned"] == 300
    assert counts["rounds"] == 2
    assert FIRST_ROUND < counts["units"] < 80
    assert len(kept(done)) == 70


def test_rounds_make_the_same_records_as_one_pass_does(tmp_path: Path, stranger: Package) -> None:
    stranger.declares("generators", "one", a_generator("one", "yield records.text([passage], passage.id)"))
    for name in ("a", "b"):
        corpus(tmp_path / name, 100)
    rounds = kept(made(tmp_path / "a", methods=["one"], target=100))
    whole = kept(made(tmp_path / "b", methods=["one"]))
    assert sorted(row["id"] for row in rounds) == sorted(row["id"] for row in whole)


def test_a_new_filter_on_a_run_with_a_target_makes_up_for_what_it_rejects(tmp_path: Path) -> None:
    corpus(tmp_path, 30)
    made(tmp_path, target=10)
    done = made(tmp_path, target=10, records=[{"length": {"min_words": 1}}])
    assert len(kept(done)) == 10


# --- units and their fates


FATES = """if passage.document[0] in '01234':
    yield records.text([passage], passage.text)
    yield records.text([passage], passage.text + ' again')
elif passage.document[0] in '56789':
    return
elif passage.document[0] in 'ab':
    yield Rejected(records.text([passage], 'bad'), 'fates.bad', 'why')
elif passage.document[0] in 'c':
    yield Rejected(None, 'fates.none_at_all', 'why not')
elif passage.document[0] in 'd':
    yield records.text([passage], 'incomplete')
    raise BadItem('fates.bad_reply', 'The reply is cut.')
else:
    yield records.text([passage], 'incomplete')
    raise KeyError(passage.text)
"""


@pytest.mark.parametrize(("most", "at_once"), [(10**6, 6), (1, 1), (10**3, 2)])
def test_documents_at_work_at_once_are_bounded_by_their_size_and_records_are_the_same(
    tmp_path: Path, stranger: Package, monkeypatch: pytest.MonkeyPatch, most: int, at_once: int
) -> None:
    monkeypatch.setattr("factory.stages.generate.MOST_HELD", most)
    corpus(tmp_path, count=6, parts=2)  # some 400 characters a document
    body = """at_work.append(passage.document)
seen.append(len(set(at_work)))
await __import__("asyncio").sleep(0.02)
at_work.remove(passage.document)
yield records.text(passage, passage.text)"""
    stranger.declares("generators", "slow", a_generator("slow", body) + "\n\nat_work, seen = [], []\n")
    done = made(tmp_path, methods=["slow"])
    assert max(sys.modules["stranger_slow"].seen) == at_once
    assert [row["id"].split("/")[2] for row in kept(done)] == ["slow"] * 12
    assert not broken(verify(done))


def test_every_unit_ends_once_as_made_empty_or_failed(tmp_path: Path, stranger: Package) -> None:
    stranger.declares("generators", "fates", a_generator("fates", FATES))
    corpus(tmp_path, 80)
    done = made(tmp_path, methods=["fates"], until="export")
    counts, found = done.counts("generate"), units(done)
    assert len(found) == counts["units"] == counts["planned"] == 80
    assert counts["made"] + counts["empty"] + counts["failed"] == 80
    for unit in found:
        letter = unit["unit"][0]
        outcome, number, reason = (
            ("made", 2, None) if letter in "01234"
            else ("empty", 0, "fates.nothing_yielded") if letter in "56789"
            else ("made", 1, None) if letter in "ab"
            else ("empty", 0, "fates.nothing_yielded") if letter == "c"
            else ("failed", 1, "fates.bad_reply") if letter == "d"
            else ("failed", 1, "fates.failed")
        )  # fmt: skip
        assert (unit["outcome"], unit["records"], unit["reason"]) == (outcome, number, reason)
    assert counts["records"] == sum(unit["records"] for unit in found)
    assert counts["rejected"] == sum(unit["records"] for unit in found if unit["unit"][0] in "abdef")
    assert len(kept(done)) == counts["records"] - counts["rejected"]
    assert not broken(verify(done))


def test_the_ledger_has_every_loss_with_its_reason_and_no_text(tmp_path: Path, stranger: Package) -> None:
    stranger.declares("generators", "fates", a_generator("fates", FATES))
    corpus(tmp_path, 80)
    done = made(tmp_path, methods=["fates"])
    letters = {unit["unit"][0] for unit in units(done)}
    reasons = {entry.reason for entry in entries(done, stage="generate")}
    wanted = {
        "56789": "fates.nothing_yielded", "ab": "fates.bad", "c": "fates.none_at_all", "d": "fates.bad_reply",
        "ef": "fates.failed",
    }  # fmt: skip
    assert reasons == {reason for those, reason in wanted.items() if letters & set(those)}
    raised = [row["detail"] for row in rejections.read(done, "generate") if row["reason"] == "fates.failed"]
    assert raised
    assert all(detail.startswith("The generator raised KeyError at stranger_fates.py:") for detail in raised)
    assert all(detail.endswith(" (fates of stranger 1.0).") for detail in raised)


def test_a_quote_that_is_not_in_its_source_is_rejected_by_the_core(tmp_path: Path, stranger: Package) -> None:
    body = (
        "yield records.text([passage], 'x', quotes=[passage.span(0, 9)])\n"
        "at = passage.start\n"
        "yield records.text([passage], 'y', quotes=[Quote(passage.document, passage.id, at, at + 4, 'lies')])"
    )
    stranger.declares("generators", "liar", a_generator("liar", body))
    corpus(tmp_path, 2)
    done = made(tmp_path, methods=["liar"])
    assert [row["text"] for row in kept(done)] == ["x", "x"]
    assert {entry.reason for entry in entries(done)} == {"liar.quote_not_in_source"}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("yield 'text'", "The generator 'odd' yielded str, not a Record or Rejected."),
        (
            "import dataclasses\nyield dataclasses.replace(records.text([passage], 'x'), data={'txt': 'x'})",
            "The generator 'odd' yielded a 'text' record with other columns than that kind's.",
        ),
    ],
)
def test_a_generator_that_yields_something_else_is_refused(
    tmp_path: Path, stranger: Package, body: str, said: str
) -> None:
    stranger.declares("generators", "odd", a_generator("odd", body))
    corpus(tmp_path, 1)
    with pytest.raises(WrongRequest) as error:
        made(tmp_path, methods=["odd"])
    assert str(error.value) == said


def test_records_are_named_by_their_unit_method_and_turn_and_carry_their_source(tmp_path: Path) -> None:
    corpus(tmp_path, 1, parts=3)
    done = made(
        tmp_path,
        methods=[{"text": {"max_tokens": 64}}],
        sources=[{"path": "documents", "licence": "MIT", "copyright": "© P"}],
    )
    rows = kept(done)
    document = rows[0]["unit"]
    assert [row["id"] for row in rows] == [f"{document}/text/{n}" for n in range(3)]
    meta = json.loads(rows[0]["meta"])
    assert meta["parents"] == [f"{document}/0000"]
    assert meta["documents"] == [document]
    assert (meta["sources"], meta["paths"]) == (["documents"], ["000.md"])
    assert (meta["licence"], meta["copyright"], meta["confidentiality"]) == ("MIT", "© P", "internal")
    assert (meta["generator"], meta["part"], meta["parts"]) == ("text", 1, 3)


def test_a_recipe_without_methods_makes_nothing_and_ends_well(tmp_path: Path) -> None:
    corpus(tmp_path, 2)
    done = made(tmp_path, methods=[], until="export")
    assert done.counts("generate")["units"] == 0
    assert done.kinds == []
    assert made(tmp_path, methods=[], until="export").did == []


def test_a_changed_generator_makes_its_records_again(tmp_path: Path, stranger: Package) -> None:
    corpus(tmp_path, 2)
    for text in ("first", "second"):
        stranger.declares("generators", "one", a_generator("one", f"yield records.text([passage], '{text}')"))
        (tmp_path / "site/stranger-1.0.dist-info/entry_points.txt").write_text(
            "[factory.generators]\none = stranger_one:one\n"
        )
        assert {row["text"] for row in kept(made(tmp_path, methods=["one"]))} == {text}


def test_to_export_a_limited_run_is_no_wish_for_the_rest(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for nth in range(4):
        text = f"The gauge number {nth} of the brook measures the level of the water at its own bridge."
        (tmp_path / f"docs/{nth}.md").write_text(text, encoding="utf-8")
    file = tmp_path / "recipe.yaml"
    file.write_text(
        f"run: {tmp_path / 'out'}\nsources: [{{path: docs}}]\ngenerate: {{methods: [text]}}\n", encoding="utf-8"
    )
    assert run(file, limit=1).counts("export")["rows"] == {"text": {"train": 1}}
    assert run(tmp_path / "out", until="export").counts("export")["rows"] == {"text": {"train": 1}}
    assert run(tmp_path / "out").counts("generate")["units"] == 4
