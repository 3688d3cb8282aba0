"""Rows of foreign datasets under the laws: counted by id, resumed to the same bytes, split apart, verified."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory import Run, run
from factory.errors import WrongRequest
from factory.views import ledger, verify
from tests.corpora import recipe, workspace, write_documents, write_recipe
from tests.laws.test_resume import finish, stopped_ends_the_same

DOCUMENT = (
    "# Kiln\n\nA kiln is an oven that fires clay.\n\n## How do I close the kiln?\n\nPut the lid on and turn the dial.\n"
)
SOURCES = [
    {"path": "documents/kiln.md"},
    {"path": "documents/rows.jsonl", "as": "records", "name": "rows", "licence": "CC0-1.0"},
    {"path": "documents/more", "as": "records", "name": "more", "confidentiality": "confidential"},
]


def alpaca(nth: int) -> dict[str, Any]:
    return {
        "instruction": f"Name part {nth} of the machine.",
        "input": "",
        "output": f"Part {nth} is the {'xyz'[nth % 3]} valve.",
    }


def ranked(nth: int) -> dict[str, Any]:
    return {
        "prompt": f"Which valve is number {nth}?",
        "completions": [f"The valve {nth}.", "None.", "All."],
        "ranks": [0, 1, 1],
    }


def lines(rows: list[Any]) -> str:
    return "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)


def files(count: int = 30) -> dict[str, str | bytes]:
    rows = [
        *map(alpaca, range(count)),
        "no json",
        alpaca(0),
        {"text": "of another shape"},
        {"instruction": "No answer."},
    ]
    return {
        "kiln.md": DOCUMENT,
        "rows.jsonl": lines(rows),
        "more/train.jsonl": lines([ranked(nth) for nth in range(6)]),
        "more/test.json": json.dumps([ranked(nth) for nth in range(6, 9)]),
        "more/README.md": "not rows",
        "more/odd.csv": "a,b\n1,2\n",
    }


def made(**keys: Any) -> dict[str, Any]:
    return recipe(sources=SOURCES, records=["exact_dedup", "length"], **keys)


def read_rows(done: Run, kind: str) -> list[dict[str, Any]]:
    return pq.read_table(done.path / "records" / kind / "read-00000.parquet").to_pylist()


def test_every_row_is_a_record_or_a_rejection_with_its_place_and_reason() -> None:
    with workspace() as folder:
        write_documents(folder, files())
        done = finish(write_recipe(folder, made()))
        counts = done.counts("read")
        assert counts["kinds"] == {"ranking": 9, "sft": 31}
        assert counts["rows"] == 34 + 9
        lost = {entry.place: entry.reason for entry in ledger.entries(done, stage="read")}
        assert lost == {
            "rows/rows.jsonl:31": "ingest.bad_json",
            "rows/rows.jsonl:33": "ingest.other_shape",
            "rows/rows.jsonl:34": "ingest.other_shape",
            "more/odd.csv": "ingest.unknown_shape",
        }
        assert not verify.broken(verify.verify(done))


def test_a_row_has_its_id_its_source_and_the_policy_of_it() -> None:
    with workspace() as folder:
        write_documents(folder, files())
        done = finish(write_recipe(folder, made()))
        first = read_rows(done, "sft")[0]
        meta = json.loads(first["meta"])
        assert (first["id"], first["method"]) == ("row:rows/rows.jsonl:0000001", "rows")
        assert (meta["licence"], meta["confidentiality"], meta["sources"]) == ("CC0-1.0", "internal", ["rows"])
        assert (meta["documents"], meta["quotes"], meta["parents"]) == ([], [], [])
        of_more = json.loads(read_rows(done, "ranking")[0]["meta"])
        assert of_more["confidentiality"] == "confidential"


def test_rows_stand_beside_what_generators_make_and_filters_see_both() -> None:
    with workspace() as folder:
        write_documents(folder, files())
        done = finish(write_recipe(folder, made()))
        exported = [
            row for file in (done.path / "dataset/sft").glob("*.parquet") for row in pq.read_table(file).to_pylist()
        ]
        assert len([row for row in exported if row["id"].startswith("row:")]) == 30  # the copy of row 0 is gone
        assert [row for row in exported if not row["id"].startswith("row:")]
        assert done.counts("filter.records")["filters"]["exact_dedup"]["reasons"] == {"exact_dedup.same_text": 1}


def test_a_target_counts_what_generators_make_and_leaves_rows_alone() -> None:
    with workspace() as folder:
        write_documents(folder, files())
        done = finish(write_recipe(folder, made(methods=["text"], target=1)))
        its = done.counts("filter.records")["filters"]["target"]
        assert (its["made"], its["kept"]) == (1, 30 + 9 + 1)
        assert not verify.broken(verify.verify(done))


def test_the_pairs_of_one_ranking_go_to_one_split() -> None:
    with workspace() as folder:
        write_documents(folder, {"rows.jsonl": lines([ranked(nth) for nth in range(60)])})
        sources = [{"path": "documents/rows.jsonl", "as": "records"}]
        done = finish(write_recipe(folder, recipe(sources=sources, methods=[], export={"split": {"validation": 0.3}})))
        split_of: dict[str, set[str]] = {}
        for file in (done.path / "dataset/preference").glob("*.parquet"):
            for id_ in pq.read_table(file)["id"].to_pylist():
                split_of.setdefault(id_.rsplit("/", 1)[0], set()).add(file.name.split("-")[0])
        assert len(split_of) == 60
        assert {len(splits) for splits in split_of.values()} == {1}
        assert len(set.union(*split_of.values())) > 1
        assert not verify.broken(verify.verify(done))


def test_with_by_file_rows_keep_the_split_of_their_file() -> None:
    with workspace() as folder:
        write_documents(folder, files())
        split = {"export": {"split": {"by": "file"}}}
        done = finish(write_recipe(folder, recipe(sources=[SOURCES[2]], methods=[], **split)))
        assert done.counts("export")["rows"] == {"preference": {"train": 12, "test": 6}}
        assert not verify.broken(verify.verify(done))


def test_only_what_changed_is_read_again() -> None:
    with workspace() as folder:
        root = write_documents(folder, files())
        where = write_recipe(folder, made())
        first = finish(where)
        assert "read" in first.did
        assert finish(where).did == []
        (root / "rows.jsonl").write_text(lines([alpaca(nth) for nth in range(5)]), encoding="utf-8")
        again = finish(where)
        assert again.did[0] == "read"
        assert len(read_rows(again, "sft")) == 5
        (root / "kiln.md").write_text(DOCUMENT + "\nMore.\n", encoding="utf-8")
        assert "ingest" in finish(where).did


def test_rows_of_a_source_that_left_the_recipe_are_gone() -> None:
    with workspace() as folder:
        write_documents(folder, files())
        finish(write_recipe(folder, made()))
        done = finish(write_recipe(folder, recipe(sources=[SOURCES[0]], records=["exact_dedup"])))
        assert not list(done.path.glob("**/read-*"))
        assert not verify.broken(verify.verify(done))


@settings(max_examples=15)
@given(share=st.floats(0, 1), again=st.none() | st.floats(0, 1))
def test_a_run_that_was_stopped_while_it_read_ends_in_the_same_bytes(share: float, again: float | None) -> None:
    with workspace() as folder:
        write_documents(folder, files())
        stopped_ends_the_same(folder, made(), [share, again])


def test_a_source_without_a_row_stops_with_a_word(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("\n\n", encoding="utf-8")
    where = write_recipe(tmp_path, recipe(sources=[{"path": "rows.jsonl", "as": "records"}], methods=[]))
    with pytest.raises(WrongRequest, match=r"Not one row could be read\. rows\.jsonl: "):
        run(where)


def test_a_single_file_of_no_known_shape_stops_and_map_mends_it(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(lines([{"a": "Say this.", "b": "This."}]), encoding="utf-8")
    source: dict[str, Any] = {"path": "rows.jsonl", "as": "records"}
    with pytest.raises(WrongRequest, match="no shape that is known"):
        run(write_recipe(tmp_path, recipe(sources=[source], methods=[])))
    source["map"] = {"prompt": "a", "completion": "b"}
    done = run(write_recipe(tmp_path, recipe(sources=[source], methods=[])), until="export")
    assert done.counts("read")["files"]["rows.jsonl"]["name"] == "prompt_completion"


def test_a_mapping_of_records_is_refused_for_documents(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(lines([alpaca(0)]), encoding="utf-8")
    source = {"path": "rows.jsonl", "map": {"instruction": "x"}}
    with pytest.raises(WrongRequest, match="add 'as: records'"):
        run(write_recipe(tmp_path, recipe(sources=[source])))
