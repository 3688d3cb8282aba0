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
from tests.cli.conftest import factory
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


# --- the same file as feedback


def learned(folder: Path, file: str) -> Run:
    """The file as the source of another run."""
    sources = [{"path": file, "as": "feedback"}]
    written = write_recipe(folder, sources=sources, methods=[], records=[], run="learned")
    done = run(written, until="export")
    assert not broken(verify(done))
    return done


def rows_of(done: Run, kind: str) -> list[dict[str, Any]]:
    return [row for table in record_tables(done) if table.kind == kind for row in kept_records(done, table)]


@pytest.mark.parametrize("name", ["reviewed.csv", "reviewed.jsonl"])
def test_what_people_decided_becomes_thumbs_pairs_and_rankings(tmp_path: Path, name: str) -> None:
    seen = {"sft": -1, "preference": -1, "ranking": -1}

    def fill(row: dict[str, str]) -> None:
        nth = seen[row["kind"]] = seen[row["kind"]] + 1
        if row["kind"] == "sft":
            says = [{"approve": "x"}, {"reject": "x"}, {"edit": "=It does nothing."}, {}][nth]
        elif row["kind"] == "preference":
            says = [{"approve": "x"}, {"reject": "x"}, {"rank": "1 2"}, {"rank": "2 1"}][nth]
        else:
            says = {"rank": "3 > 1 = 2"} if nth else {}
        row.update(says)

    shown: list[dict[str, str]] = []
    whole = made(tmp_path)
    file = reviewed(whole, lambda row: (fill(row), shown.append(dict(row)))[0], name)
    done = learned(tmp_path, file)
    thumbs = {row["completion"][0]["content"]: row["label"] for row in rows_of(done, "feedback")}
    by_kind = {kind: [row for row in shown if row["kind"] == kind] for kind in ("sft", "preference", "ranking")}
    assert thumbs == {by_kind["sft"][0]["answer"]: True, by_kind["sft"][1]["answer"]: False}
    [pair] = rows_of(done, "preference")
    assert pair["prompt"] == [{"role": "user", "content": by_kind["sft"][2]["question"]}]
    assert pair["chosen"][0]["content"] == "=It does nothing."
    assert pair["rejected"][0]["content"] == by_kind["sft"][2]["answer"]
    ranked = {row["prompt"][0]["content"]: row for row in rows_of(done, "ranking")}
    assert len(ranked) == 3 + 3
    approved, _, first, second = by_kind["preference"]
    pump = approved["question"].split()[2]
    assert best(ranked[approved["question"]]) == [f"Pump {pump} is not."]
    for row, number in ((first, "1"), (second, "2")):
        assert best(ranked[row["question"]]) == [numbered(row["answer"])[number]]
    for row in by_kind["ranking"][1:]:
        its = numbered(row["answer"])
        assert best(ranked[row["question"]]) == [its["3"]]
        assert len(set(ranked[row["question"]]["ranks"])) == 2
    assert sorted(entry.reason for entry in entries(done)) == ["feedback.not_rated"] * 3


def test_a_folder_with_a_review_is_seen_to_hold_feedback(tmp_path: Path) -> None:
    file = reviewed(made(tmp_path), lambda row: row.update(approve="x"), "reviewed.csv")
    (tmp_path / "box").mkdir()
    (tmp_path / file).rename(tmp_path / "box" / file)
    ended = factory("init", "box", "-o", "other.yaml", cwd=tmp_path)
    assert "reviewed.csv: feedback, rows of a run that people reviewed (id, digest, kind" in ended.out + ended.err


def best(row: dict[str, Any]) -> list[str]:
    return [its[0]["content"] for its, rank in zip(row["completions"], row["ranks"], strict=True) if rank == 0]


def numbered(text: str) -> dict[str, str]:
    """The answers by their numbers; none of them holds a line end."""
    return dict(part.split(") ", 1) for part in text.split("\n\n"))


TALKS = """
from dataclasses import replace
from factory import Passage, records

async def talks(passage: Passage):
    said = records.sft(passage, "Is it loud?", "Very.")
    turns = ["It\\n\\nhums.", "So 1) what? 2) why?", "'=Nobody knows."]
    messages = [{"role": role, "content": text} for role, text in zip(("user", "assistant", "user"), turns)]
    yield replace(said, data={**said.data, "messages": [*messages, {"role": "assistant", "content": "-No\\n\\n1) one"}],
                              "context": "+Pumps hum."})
    yield records.text([passage], passage.text)
    yield records.feedback(passage, "Is it quiet?", "No.", False)
"""


@pytest.mark.parametrize("name", ["reviewed.csv", "reviewed.jsonl"])
def test_turns_and_contexts_are_put_together_as_they_stood(tmp_path: Path, stranger: Package, name: str) -> None:
    stranger.declares("generators", "talks", TALKS)
    write_documents(tmp_path, {"a.md": "The pump p1 moves water."})
    whole = run(write_recipe(tmp_path, methods=["talks"], records=[]), until="export")
    done = learned(tmp_path, reviewed(whole, lambda row: row.update(approve="x"), name))
    thumbs = {row["label"]: row for row in rows_of(done, "feedback")}
    assert [message["content"] for message in thumbs[True]["prompt"]] == [
        "It\n\nhums.",
        "So 1) what? 2) why?",
        "+Pumps hum.\n\n'=Nobody knows.",
    ]
    assert thumbs[True]["completion"][0]["content"] == "-No\n\n1) one"
    assert thumbs[False]["prompt"][0]["content"] == "Is it quiet?"  # approved: the row's label is right
    assert [entry.reason for entry in entries(done)] == ["feedback.no_question"]


def test_what_does_not_read_as_it_did_is_no_feedback(tmp_path: Path) -> None:
    def fill(row: dict[str, str]) -> None:
        row["approve"] = "x"
        if row["kind"] == "sft":
            row["question"] += " "
        if row["kind"] == "ranking":
            row["reject"] = "x"

    done = learned(tmp_path, reviewed(made(tmp_path), fill, "reviewed.csv"))
    assert len(rows_of(done, "ranking")) == 4
    assert {entry.reason for entry in entries(done)} == {"feedback.not_understood"}
    details = {entry.detail for entry in entries(done)}
    assert details == {
        "Its texts are not those that the digest is of. Put the cells back as they were written.",
        "The row: one of approve, reject, not both.",
    }
