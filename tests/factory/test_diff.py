"""The diff of two datasets or runs: every row is in one place, matched as stated; gates decide the exit code."""

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory import Run
from factory.errors import CheckFailed, WrongRequest
from factory.foreign.diffs import diff, folder_of
from factory.views import matched
from factory.views.matched import Side, match
from tests.cli.conftest import factory
from tests.corpora import finished, recipe, workspace
from tests.factory.test_audit import FILES, MADE, Page

Row = dict[str, Any]
MAIL = "anna.weber@acme-pumps.example"


def row(nth: int, **other: Any) -> Row:
    return {
        "id": f"valve-{nth}",
        "instruction": f"Say what valve {nth} does, and why the keeper of pond {nth * 3} opens it.",
        "output": f"Valve {nth} closes pipe {nth * 7} for good, since the mill number {nth * nth} needs the water.",
        **other,
    }


def write(file: Path, rows: list[Row]) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(its) + "\n" for its in rows), encoding="utf-8")
    return file


def compared(folder: Path, before: list[Row], after: list[Row], **options: Any) -> dict[str, Any]:
    return diff(
        write(folder / "a.jsonl", before), write(folder / "b.jsonl", after), into=folder / "out", workers=1, **options
    )  # fmt: skip


def counts(made: dict[str, Any]) -> tuple[int, ...]:
    return tuple(made["rows"][f"diff.{name}"] for name in ("same", "added", "dropped", "changed", "moved"))


# --- what became of rows


def test_rows_are_the_same_wherever_they_stand(tmp_path: Path) -> None:
    made = compared(tmp_path, [row(n) for n in range(30)], [row(n) for n in reversed(range(30))])
    assert counts(made) == (30, 0, 0, 0, 0)
    assert made["verdict"] == "The rows are the same."


def test_a_row_is_changed_if_its_own_id_stayed(tmp_path: Path) -> None:
    """Whatever it says now; its place in the file says nothing."""
    after = [row(n) for n in range(5, 30)] + [row(3, output="Other words, not one of them from before.")]
    made = compared(tmp_path, [row(n) for n in range(30)], after)
    assert counts(made) == (25, 0, 4, 1, 0)
    assert made["fields"] == {"messages: assistant": 1}
    assert made["matched"]["id"] == 1
    assert made["examples"]["changed"] == [["row:a.jsonl:0000004", "row:b.jsonl:0000026"]]


def test_a_row_without_an_id_is_changed_if_it_is_a_near_copy(tmp_path: Path) -> None:
    before = [{name: value for name, value in row(n).items() if name != "id"} for n in range(20)]
    text = "The lever by the northern gate lifts the plank, so that boats may pass under it before the tide turns."
    before.append({"instruction": "What does the lever do?", "output": text})
    after = [*before[1:-1], {"instruction": "What does the lever do?", "output": text.replace("boats", "barges")}]
    made = compared(tmp_path, before, after)
    assert counts(made) == (19, 0, 1, 1, 0)
    assert made["matched"]["near"] == 1


def test_what_a_row_is_about_stands_in_its_fields(tmp_path: Path) -> None:
    after = [row(n) for n in range(20)]
    after[2] = row(2, instruction="Asked anew.")
    after[3] = row(3, system="You know valves.")
    made = compared(tmp_path, [row(n) for n in range(20)], after)
    assert made["fields"] == {"messages: system": 1, "messages: turns": 1, "messages: user": 1}


def test_copies_are_counted_one_by_one(tmp_path: Path) -> None:
    moon = row(2, instruction="How many moons are there?", output="There is one, seen by night and at times by day.")
    made = compared(tmp_path, [row(1), row(1), row(1), moon], [row(1), moon, moon])
    assert counts(made) == (2, 1, 2, 0, 0)


def test_a_row_that_was_held_out_and_is_trained_on_is_said_aloud(tmp_path: Path) -> None:
    for name, kept in (("a", 20), ("b", 18)):
        write(tmp_path / name / "train.jsonl", [row(n) for n in range(40 - kept)])
        write(tmp_path / name / "test.jsonl", [row(n) for n in range(40 - kept, 40)])
    made = diff(tmp_path / "a", tmp_path / "b", into=tmp_path / "out", workers=1)
    assert made["moved"] == {"test to train": 2}
    assert made["rows"]["diff.held_out_trained"] == 2
    assert "a score on A’s test says nothing" in (tmp_path / "out/diff.html").read_text(encoding="utf-8")


def test_another_licence_changes_a_row(tmp_path: Path) -> None:
    with workspace() as folder:
        runs = []
        for licence in ("CC-BY-4.0", "CC0-1.0"):
            made = {**MADE, "sources": [{"path": "documents", "name": "manual", "licence": licence}]}
            runs.append(finished(folder / licence, FILES, made))
        found = diff(runs[0].path, runs[1].path, into=tmp_path / "out")
    assert set(found["fields"]) == {"licence"}
    assert found["rows"]["diff.changed"] == found["rows"]["diff.a"] > 0
    assert found["matched"]["content"] == found["rows"]["diff.a"]


def test_a_document_that_grew_changes_only_its_own_rows(tmp_path: Path) -> None:
    with workspace() as folder:
        made = recipe(
            sources=[{"path": "documents", "name": "manual"}], methods=[{"text": {"max_tokens": 16}}], max_tokens=16
        )
        long = "# Long\n\n" + "\n\n".join(f"Part {n} of the mill is the wheel number {n * n}." for n in range(8))
        one = finished(folder / "a", {"long.md": long}, made)
        other = finished(
            folder / "b", {"long.md": long.replace("# Long", "# Long\n\nA new part comes first here.")}, made
        )
        found = diff(one.path, other.path, into=tmp_path / "out")
    assert found["rows"]["diff.dropped"] == 0
    assert found["rows"]["diff.added"] >= 1
    assert found["rows"]["diff.same"] >= found["rows"]["diff.a"] - 2


sides = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 4), st.integers(0, 2)), max_size=12)


def side_of(rows: list[tuple[int, int, int, int]]) -> Side:
    columns = np.array(rows, np.uint64).reshape(-1, 4)
    content, policy, key, split = columns.T
    places = np.arange(len(rows), dtype=np.uint64)
    return Side(content, policy, key, places, places, np.zeros(len(rows), np.uint8), split.astype(np.uint8))


@given(a=sides, b=sides)
def test_every_row_is_in_one_pair_or_left_over(a: Any, b: Any) -> None:
    one, other = side_of(a), side_of(b)
    most, matched.MOST = matched.MOST, -1  # no texts to read
    try:
        found = match(None, None, one, other)  # type: ignore[arg-type] # no run is read
    finally:
        matched.MOST = most
    assert sorted([*found.a.tolist(), *found.only_a.tolist()]) == list(range(len(a)))
    assert sorted([*found.b.tolist(), *found.only_b.tolist()]) == list(range(len(b)))
    shared = Counter(one.contents.tolist()) & Counter(other.contents.tolist())
    assert (found.how == 0).sum() == shared.total()
    assert (one.contents[found.a[found.how == 0]] == other.contents[found.b[found.how == 0]]).all()
    assert (one.keys[found.a[found.how == 1]] == other.keys[found.b[found.how == 1]]).all()


# --- measures, gates, page


def test_a_change_of_a_share_is_tested_and_a_sum_is_not(tmp_path: Path) -> None:
    after = [row(n, output=f"Write to {MAIL}, {n}.") if n < 20 else row(n) for n in range(60)]
    made = compared(tmp_path, [row(n) for n in range(60)], after)
    measures = made["measures"]
    assert measures["pii.share"]["change"] == pytest.approx(1 / 3, abs=1e-5)
    assert measures["pii.share"]["test"] == "two proportions"
    assert measures["pii.share"]["clear"]
    assert measures["tokens.total"]["test"] is None
    assert measures["lengths.sft.tokens.median"]["test"] == "ranks"


def test_gates_fail_on_what_is_not_to_be(tmp_path: Path) -> None:
    before, after = [row(n) for n in range(20)], [row(n) for n in range(15)]
    with pytest.raises(CheckFailed, match=r"1 of 2 gates fails: diff.dropped > 0 \(it is 5\)"):
        compared(tmp_path, before, after, gates=["diff.dropped > 0", "pii.share > 0"])
    assert json.loads((tmp_path / "out/diff.json").read_text(encoding="utf-8"))["gates"][0]["fails"]
    with pytest.raises(WrongRequest, match=r"no 'diff.droped'. Did you mean 'diff.dropped'"):
        compared(tmp_path, before, after, gates=["diff.droped > 0"])
    with pytest.raises(WrongRequest, match="is not a check"):
        compared(tmp_path, before, after, gates=["dropped"])


def test_a_gate_on_what_was_not_measured_in_both_fails(tmp_path: Path) -> None:
    with pytest.raises(CheckFailed, match="not measured in both"):
        compared(
            tmp_path, [row(n) for n in range(9)], [{"text": "Plain text."}], gates=["rows.total > 5", "records.sft > 5"]
        )


def test_the_page_shows_what_changed_and_masks_what_was_found(tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script> {{ 7 * 7 }}"
    after = [row(0, output=f"Valve 0 is {hostile}, says {MAIL}."), *(row(n) for n in range(1, 9))]
    compared(tmp_path, [row(n) for n in range(9)], after)
    text = (tmp_path / "out/diff.html").read_text(encoding="utf-8")
    page = Page(text)
    assert MAIL not in text
    assert MAIL not in (tmp_path / "out/diff.json").read_text(encoding="utf-8")
    assert page.count("script") == 1
    assert page.count("ins") >= 1
    assert "{{" in "".join(page.words)
    assert all(str(attributes.get("href", "#")).startswith("#") for _, attributes in page.tags)


def test_the_same_two_give_the_same_bytes(tmp_path: Path) -> None:
    rows = [row(n) for n in range(9)]
    compared(tmp_path, rows, rows[1:])
    first = {name: (tmp_path / "out" / name).read_bytes() for name in ("diff.json", "diff.html")}
    shutil.rmtree(tmp_path / "out")
    compared(tmp_path, rows, rows[1:])
    assert first == {name: (tmp_path / "out" / name).read_bytes() for name in first}
    assert str(tmp_path).encode() not in b"".join(first.values())


def test_by_command_it_says_what_changed_and_where_that_lies(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", [row(n) for n in range(9)])
    write(tmp_path / "b.jsonl", [row(n) for n in range(8)])
    ended = factory("diff", "a.jsonl", "b.jsonl", "--fail-on", "diff.dropped > 0", cwd=tmp_path)
    assert ended.code == 1, ended.err
    assert "diff.dropped > 0 (it is 1)" in ended.err
    ended = factory("diff", "a.jsonl", "b.jsonl", cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert ended.out.split() == ["diffs/a..b/diff.html", "diffs/a..b/diff.json"]
    assert "Rows: 1 dropped." in ended.err
    listed = factory("diff", "a.jsonl", "b.jsonl", "--list-measures", cwd=tmp_path).out
    assert "diff.dropped " in listed
    assert factory("diff", "a.jsonl", "none.jsonl", cwd=tmp_path).code == 2
    assert (tmp_path / "diffs/a..b").stat().st_mode & 0o77 == 0


def test_a_folder_is_named_for_both_and_a_run_without_an_export_is_refused(tmp_path: Path) -> None:
    assert folder_of("x/v1.jsonl.gz", "hf:owner/name@v2") == Path("diffs/v1..name@v2")
    made = Run.create(tmp_path / "run")
    with pytest.raises(WrongRequest, match="factory export"):
        diff(made.path, made.path, into=tmp_path / "out")
