"""Reviews: what is drawn, what a person may write, and that no cell becomes a formula."""

import csv
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factory import Run, pipeline, records, reviews, run
from factory.agreement import Agreement
from factory.errors import BadItem, WrongRequest
from factory.readers.limits import Limits
from factory.readers.rows import read_rows
from factory.records import Text
from factory.shapes.cells import Cells, Names
from factory.shapes.reviewed import reviewed
from tests.corpora import write_documents, write_recipe

READ = [*reviews.TO_READ, *reviews.TO_FILL]


def cells(**given: str) -> dict[str, str]:
    return dict.fromkeys(READ, "") | {"id": "d/0000/qa/0", "digest": "ab/0.1", "kind": "preference"} | given


# --- the file


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_no_cell_begins_like_a_formula_and_each_comes_back(text: str) -> None:
    written = reviews.cell(text)
    assert not written.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert reviews.plain(written) == text


@pytest.mark.parametrize("name", ["review.csv", "review.tsv", "review.jsonl"])
def test_what_is_written_is_read_again(tmp_path: Path, name: str) -> None:
    text = "=1+1, said \"he\";\r\nand 'so'\ton — ja, größer 系统"
    rows = [cells(kind="sft", edit=text), cells(reject="x", note="-no"), cells(rank="2 1"), cells()]
    (tmp_path / name).write_bytes(reviews.write(rows, tmp_path / name))
    edit, reject, rank = reviews.read(tmp_path / name)
    assert (edit.says, edit.text.split(), edit.digest) == ("edit", text.split(), "ab")
    assert (reject.says, reject.id) == ("reject", "d/0000/qa/0")
    assert rank.row_ranks == (0, 1)


def test_a_spreadsheet_sees_no_formula(tmp_path: Path) -> None:
    made = reviews.write([cells(answer='=HYPERLINK("http://example.org")', source="@SUM(A1)")], Path("r.csv"))
    for row in csv.reader(io.StringIO(made.decode("utf-8-sig"))):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"approve": "x", "reject": "x"}, "one of approve, reject, not both"),
        ({"edit": "Better."}, "of several answers one cannot tell which is edited"),
        ({"kind": "sft", "rank": "1"}, "a row of one answer has nothing to rank"),
        ({"rank": "1"}, "'rank' names each answer once"),
        ({"rank": "1 1"}, "'rank' names each answer once"),
        ({"rank": "first"}, "'rank' names each answer once"),
    ],
)
def test_what_cannot_be_understood_is_named_with_its_line(tmp_path: Path, row: dict[str, str], said: str) -> None:
    (tmp_path / "r.csv").write_bytes(reviews.write([cells(), cells(**row)], tmp_path / "r.csv"))
    with pytest.raises(ValueError, match=r"^r\.csv:3: .*" + said):
        reviews.read(tmp_path / "r.csv")


def test_a_table_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(ValueError, match="no columns 'id' and 'digest'"):
        reviews.read(tmp_path / "r.csv")


@given(st.permutations([0, 1, 2]), st.text(min_size=1, max_size=5, alphabet="abc"))
def test_ranks_are_of_the_answers_and_not_of_their_numbers(best_first: list[int], id_: str) -> None:
    order = reviews.drawn(id_, 3)
    said = " ".join(str(order.index(place) + 1) for place in best_first)
    ranks = reviews._ranks(said, id_, 3, "r.csv:2")
    assert [ranks[place] for place in best_first] == [0, 1, 2]


def test_equals_share_a_rank() -> None:
    first, second, third = (reviews.drawn("x", 3).index(place) + 1 for place in range(3))
    assert reviews._ranks(f"{second} = {first} > {third}", "x", 3, "") == (0, 0, 1)


@pytest.mark.parametrize(
    ("said", "row", "agrees"),
    [((0, 1), (0, 1), True), ((1, 0), (0, 1), False), ((0, 0), (0, 1), None), ((0, 1, 1), (0, 1, 2), True),
     ((0, 2, 1), (0, 1, 2), False), ((0, 1), (0, 0), None)],
)  # fmt: skip
def test_an_order_is_held_against_the_rows_own(said: tuple[int, ...], row: tuple[int, ...], agrees: bool) -> None:
    assert reviews.agrees(said, row) is agrees


def test_the_digest_is_of_the_rows_own_texts() -> None:
    said = [Text("messages[0].content", "user", "Why?"), Text("messages[1].content", "assistant", "So.")]
    quoted = [*said, Text("quotes[0].text", "quote", "So it is.")]
    assert reviews.digest("sft", said) == reviews.digest("sft", quoted)
    assert reviews.digest("sft", said) != reviews.digest("sft", [said[0], said[1]._replace(text="So!")])


# --- agreement


def test_kappa_of_a_textbook() -> None:
    its = Agreement(both=20, first=5, second=10, neither=15)
    assert its.kappa() == pytest.approx(0.4)
    low, high = its.interval() or (0, 0)
    assert (low, high) == (pytest.approx(0.148, abs=0.02), pytest.approx(0.65, abs=0.02))


@given(*[st.integers(0, 30)] * 4)
def test_kappa_lies_in_its_interval_and_the_order_of_the_two_does_not_matter(a: int, b: int, c: int, d: int) -> None:
    its, turned = Agreement(a, b, c, d), Agreement(a, c, b, d)
    kappa, interval = its.kappa(), its.interval()
    assert kappa == turned.kappa()
    if kappa is None or interval is None:
        assert 0 in (a + b, c + d, a + c, b + d)
    else:
        assert interval[0] <= kappa <= interval[1]
        assert interval[1] > interval[0]
        assert (kappa == pytest.approx(1)) == (b == c == 0)


# --- the sample


def made(folder: Path, **keys: Any) -> Run:
    text = (
        "# Pump {0}\n\nThe pump number {0} moves water. Write to pump{0}@example.org when it does not.\n\n"
        "## How do I stop the pump {0}?\n\nTurn the red handle of pump {0} to the left until it clicks twice.\n"
    )
    write_documents(folder, {f"{n:02d}.md": text.format(n) for n in range(12)})
    return run(write_recipe(folder, methods=["text", "extractive_qa"], **keys), until="export")


def read(file: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def sampled(done: Run, count: int, name: str = "r.jsonl", seed: int | None = None) -> list[dict[str, str]]:
    file, _ = pipeline.review(done.path, count, output=done.path / name, seed=seed)
    return read(file)


def test_kinds_and_methods_take_turns_and_so_do_documents(tmp_path: Path) -> None:
    rows = sampled(made(tmp_path), 10)
    assert Counter(row["method"] for row in rows) == {"text": 5, "extractive_qa": 5}
    assert len({row["id"].split("/")[0] for row in rows if row["method"] == "text"}) == 5
    assert all(set(row) == set(READ) and not row["approve"] for row in rows)
    question = next(row for row in rows if row["kind"] == "sft")
    assert question["question"]
    assert question["quotes"] in question["source"]


def test_the_seed_draws_and_nothing_else_does(tmp_path: Path) -> None:
    done = made(tmp_path)
    first = sampled(done, 8)
    assert sampled(done, 8, "same.jsonl") == first
    assert sampled(done, 8, "other.jsonl", seed=5) != first


def test_a_person_is_shown_what_filters_left_and_no_passage_that_they_did_not_edit(tmp_path: Path) -> None:
    rows = sampled(made(tmp_path, records=["pii"]), 24)
    assert "@" not in json.dumps(rows)
    assert not any(row["source"] for row in rows)


def test_of_rejected_rows_only_those_that_every_scrubber_saw_are_shown(tmp_path: Path) -> None:
    few = {"balance": {"caps": {"method": 3}}}
    for name, filters, all_of_them in (("before", [few, "pii"], False), ("after", ["pii", few], True)):
        done = made(tmp_path / name, records=filters)
        rows = sampled(done, 99)
        assert done.counts("filter.records")["kept"] == 6
        assert len(rows) == (done.counts("filter.records")["read"] if all_of_them else 6)
        lost = done.counts("filter.records")["read"] - 6
        assert pipeline.never_reviewed(done.path) == ({} if all_of_them else {"balance": lost})
        assert "@" not in json.dumps(rows)


def test_a_file_that_somebody_may_have_filled_in_is_not_replaced(tmp_path: Path) -> None:
    done = made(tmp_path)
    pipeline.review(done.path, 3)
    with pytest.raises(WrongRequest, match="is there already"):
        pipeline.review(done.path, 3)
    with pytest.raises(WrongRequest, match=r"written as \.csv or \.jsonl"):
        pipeline.review(done.path, 3, output=tmp_path / "r.xlsx")


# --- read back as feedback

ODD = [
    "user: hi",
    "a\n\nassistant: b",
    "'=x",
    "=1",
    "x\n\n2) y",
    " lead",
    "trail ",
    "\r\n",
    "a\rb",
    "1) ",
    "-",
    "tab\t",
]
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=30) | st.sampled_from(ODD)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(turns=st.lists(TEXTS, min_size=1, max_size=3), answer=TEXTS, context=st.none() | TEXTS, csv=st.booleans())
def test_what_was_shown_comes_back_as_it_stood_or_not_at_all(
    tmp_path: Path, turns: list[str], answer: str, context: str | None, csv: bool
) -> None:
    roles = ("system", "user") if len(turns) == 2 else ("user", "assistant", "user")
    asked = [{"role": role, "content": text} for role, text in zip(roles, turns, strict=False)]
    row = {"messages": [*asked, {"role": "assistant", "content": answer}], "context": context, "tools": None}
    strings = records.texts("sft", row)
    question = turns[0] if len(turns) == 1 else "\n\n".join(f"{one['role']}: {one['content']}" for one in asked)
    shown = {"id": "r/0", "digest": reviews.mark("sft", row, strings), "kind": "sft", "approve": "x"}
    shown |= {"question": question, "context": context or "", "answer": answer}
    file = tmp_path / ("r.csv" if csv else "r.jsonl")
    file.write_bytes(reviews.write([dict.fromkeys(reviews.COLUMNS, "") | shown], file))
    [(_, cells)] = read_rows(file, Limits()).rows
    assert not isinstance(cells, BadItem)
    its = Cells(cells, Names({}).of(cells))
    if len(turns) > 1 and any("\n\nassistant: " in turn for turn in turns):  # one that reads like two
        with pytest.raises(BadItem, match="not those that the digest is of"):
            list(reviewed(its))
        return
    [(kind, data)] = reviewed(its)
    if context:
        asked[-1]["content"] = f"{context}\n\n{asked[-1]['content']}"
    assert (kind, data["label"]) == ("feedback", True)
    assert [*data["prompt"], *data["completion"]] == [*asked, {"role": "assistant", "content": answer}]
