"""review through whole runs: what people decided becomes verdicts, once, and on the text that they read."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from factory import Run, pipeline, reviews, run
from factory.corpus import kept_records, record_tables
from factory.errors import WrongRequest
from factory.views.ledger import entries
from factory.views.verify import broken, verify
from tests.corpora import write_documents, write_recipe
from tests.factory.installing import Package, on_the_path

MAKES = """
from factory import Passage, records

async def makes(passage: Passage, *, loud: bool = False):
    name = passage.text.split()[2]
    says = f"It moves water through pipe {name}." + ("!" if loud else "")
    yield records.sft(passage, f"What does pump {name} do?", says)
    yield records.preference(passage, f"Is pump {name} loud?", f"Pump {name} is not.", f"Pump {name} is, very.")
    yield records.ranking(passage, f"Where is {name}?", ["Here.", "There.", "Gone."], [0, 1, 1])
"""


@pytest.fixture(autouse=True)
def stranger(tmp_path: Path) -> Iterator[Package]:
    with on_the_path(tmp_path / "site") as site:
        package = Package(site, "stranger")
        package.declares("generators", "makes", MAKES)
        yield package


def made(folder: Path, *filters: Any, loud: bool = False, **keys: Any) -> Run:
    write_documents(folder, {f"{n}.md": f"The pump p{n} moves water." for n in range(4)})
    file = write_recipe(folder, methods=[{"makes": {"loud": loud}}], records=list(filters), **keys)
    done = run(file, until="audit" if filters else "export")
    assert not broken(verify(done))
    return done


def reviewed(done: Run, fill: Callable[[dict[str, str]], None], name: str) -> str:
    """The rows of a run as a person leaves them, each filled in by `fill`."""
    drawn, file = done.path.parent / f"{name}.jsonl", done.path.parent / name
    pipeline.review(done.path, 99, output=drawn)
    rows = [json.loads(line) for line in drawn.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        fill(row)
    file.write_bytes(reviews.write(rows, file))
    return name


def verdicts(done: Run) -> dict[str, tuple[str, str | None]]:
    found = [
        row for file in done.path.glob("verdicts/records/*/review.parquet") for row in pq.read_table(file).to_pylist()
    ]
    return {row["id"]: (row["outcome"], row["reason"]) for row in found}


def answers(done: Run) -> list[str]:
    rows = [row for table in record_tables(done) if table.kind == "sft" for row in kept_records(done, table)]
    return [row["messages"][-1]["content"] for row in rows]


def better(row: dict[str, str], wanted: str) -> str:
    """The number of the answer that says so."""
    first = row["answer"].split("\n\n")[0]
    return "1 2" if wanted in first else "2 1"


def test_what_people_decide_becomes_verdicts(tmp_path: Path) -> None:
    def fill(row: dict[str, str]) -> None:
        if "pump p0" in row["question"]:
            row["approve" if row["kind"] == "sft" else "rank"] = "x" if row["kind"] == "sft" else better(row, "not")
        if "pump p1" in row["question"]:
            row["reject" if row["kind"] == "sft" else "rank"] = "no" if row["kind"] == "sft" else better(row, "very")
        if "pump p2" in row["question"]:
            row["edit" if row["kind"] == "sft" else "rank"] = "=All of it." if row["kind"] == "sft" else "1 = 2"
        if row["kind"] == "ranking" and "p0" in row["question"]:
            row["rank"] = " > ".join(str(reviews.drawn(row["id"], 3).index(place) + 1) for place in (1, 0, 2))

    for name in ("r.csv", "r.jsonl"):
        file = reviewed(made(tmp_path / name), fill, name)
        done = made(tmp_path / name, {"review": {"file": file}})
        said = sorted(value for value in verdicts(done).values() if value != ("keep", None))
        assert said == sorted(
            [("edit", "review.edited"), ("reject", "review.rejected"), ("reject", "review.no_better")]
            + [("reject", "review.other_order")] * 2
        )
        assert sorted(answers(done)) == [
            "=All of it.",
            "It moves water through pipe p0.",
            "It moves water through pipe p3.",
        ]
        assert done.counts("filter.records")["filters"]["review"]["not_looked_at"] == 12 - 7
        assert {entry.reason for entry in entries(done, stage="filter.records")} == {
            "review.rejected", "review.no_better", "review.other_order"}  # fmt: skip


def test_a_row_that_changed_since_is_named_and_left_as_it_is(tmp_path: Path) -> None:
    def fill(row: dict[str, str]) -> None:
        row["reject"] = "x" if row["kind"] == "sft" else ""

    file = reviewed(made(tmp_path), fill, "r.csv")
    done = made(tmp_path, {"review": {"file": file}}, loud=True)
    assert len(answers(done)) == 4
    counts = done.counts("filter.records")["filters"]["review"]
    assert (counts["flagged"], counts["rejected"]) == ({"review.changed_since": 4}, 0)
    report = done.report()
    assert report["measures"]["people.changed"] == 4
    [finding] = [finding for finding in report["findings"] if finding["id"] == "people.changed"]
    assert len(finding["rows"]) == 4


def test_a_second_review_speaks_of_rows_as_the_first_left_them(tmp_path: Path) -> None:
    def edit(row: dict[str, str]) -> None:
        row["edit"] = "Much." if row["kind"] == "sft" else ""

    def approve_one(row: dict[str, str]) -> None:
        if row["kind"] == "sft":
            assert row["answer"] == "Much."
            row["approve" if "p0" in row["question"] else "reject"] = "x"

    first = reviewed(made(tmp_path), edit, "first.csv")
    second = reviewed(made(tmp_path, {"review": {"file": first}}), approve_one, "second.csv")
    done = made(tmp_path, {"review": {"file": [first, second]}})
    assert answers(done) == ["Much."]


def test_ids_that_there_are_not_are_named(tmp_path: Path) -> None:
    def other(row: dict[str, str]) -> None:
        row["id"], row["approve"] = f"nowhere/{row['id']}", "x"

    done = made(tmp_path, {"review": {"file": reviewed(made(tmp_path), other, "r.csv")}})
    report = done.report()
    assert (report["measures"]["people.unknown"], report["measures"]["people.decided"]) == (12, 12)
    [finding] = [finding for finding in report["findings"] if finding["id"] == "people.unknown"]
    assert finding["rows"][0].startswith("nowhere/")


def test_how_well_a_filter_agrees_with_people_stands_in_the_report(tmp_path: Path) -> None:
    """`balance` lets two rows a method stand; the person finds one of these bad, and one that it rejected good."""
    few = {"balance": {"caps": {"method": 2}}}
    before = made(tmp_path, few)
    kept = {row["id"] for table in record_tables(before) for row in kept_records(before, table)}

    def fill(row: dict[str, str]) -> None:
        if row["kind"] == "sft":
            fine = (row["id"] in kept) != ("p0" in row["question"])
            row["approve" if fine else "reject"] = "x"

    report = made(tmp_path, few, {"review": {"file": reviewed(before, fill, "r.csv")}}).report()
    [its] = report["chapters"]["people"]["agreement"].values()
    assert (its["rows"], its["both"] + its["neither"]) == (4, 3)
    assert report["measures"]["people.balance.kappa"] == its["kappa"] == 0.5
    assert its["interval"][0] < 0.5 < its["interval"][1]


def test_without_a_review_the_report_says_so(tmp_path: Path) -> None:
    report = made(tmp_path, "exact_dedup").report()
    assert report["not_measured"]["people.decided"] == "no filter 'review' is in the recipe"


@pytest.mark.parametrize(("content", "said"), [("a\n1\n", "no columns 'id' and 'digest'"), ("", "r.csv: ")])
def test_a_file_that_is_no_review_is_refused_before_any_work(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "r.csv").write_text(content, encoding="utf-8")
    with pytest.raises(WrongRequest) as error:
        made(tmp_path, {"review": {"file": "r.csv"}})
    assert said in str(error.value)
    assert "recipe.yaml:" in str(error.value)
