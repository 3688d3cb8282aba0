"""Rows of table files: every format, packed or not, a bad line alone, and a clear word for what is none."""

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.errors import BadItem
from factory.readers import arrays
from factory.readers.limits import Limits
from factory.readers.rows import is_rows, read_rows, schema_of, split_of
from tests.corpora import workspace

ROWS: list[dict[str, Any]] = [{"text": f"Row {nth}.", "nth": nth} for nth in range(700)]
LINES = "\n".join(json.dumps(row) for row in ROWS).encode()


def read(path: Path, limits: Limits | None = None) -> tuple[list[dict[str, Any]], list[tuple[int, BadItem]]]:
    """The rows of a file, and what was rejected with its number."""
    found = list(read_rows(path, limits or Limits()).rows)
    good = [row for _, row in found if not isinstance(row, BadItem)]
    return good, [(number, row) for number, row in found if isinstance(row, BadItem)]


def written(folder: Path, name: str, content: bytes) -> Path:
    file = folder / name
    file.write_bytes(content)
    return file


def zstd(content: bytes) -> bytes:
    return bytes(pa.compress(content, codec="zstd", asbytes=True))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", LINES),
        ("a.json", LINES),
        ("a.json", json.dumps(ROWS).encode()),
        ("a.jsonl", json.dumps(ROWS, indent=2).encode()),
        ("a.json", json.dumps({"version": 1, "data": ROWS}, indent=2).encode()),
        ("a.jsonl.gz", gzip.compress(LINES, mtime=0)),
        ("a.json.gz", gzip.compress(json.dumps(ROWS).encode(), mtime=0)),
        ("a.jsonl.zst", zstd(LINES)),
        ("a.jsonl", gzip.compress(LINES, mtime=0)),  # seen from its bytes
        ("a", LINES),
    ],
)
def test_json_in_every_form_gives_the_same_rows(tmp_path: Path, name: str, content: bytes) -> None:
    assert read(written(tmp_path, name, content)) == (ROWS, [])


def test_parquet_and_arrow_in_both_formats_give_the_same_rows(tmp_path: Path) -> None:
    table = pa.Table.from_pylist(ROWS)
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=100)
    for name, new in (("stream.arrow", pa.ipc.new_stream), ("file.arrow", pa.ipc.new_file)):
        with new(str(tmp_path / name), table.schema) as writer:
            writer.write_table(table)
    for name in ("a.parquet", "stream.arrow", "file.arrow"):
        assert read(tmp_path / name) == (ROWS, [])
        assert schema_of(tmp_path / name) == table.schema


def test_a_csv_gives_cells_by_column_with_the_line_of_each_row(tmp_path: Path) -> None:
    file = written(tmp_path, "a.csv", b'question,answer\n"Why,\nso?",Because.\nHow?\nWho?,\n')
    found = list(read_rows(file, Limits()).rows)
    assert found[0] == (2, {"question": "Why,\nso?", "answer": "Because."})
    assert found[2] == (5, {"question": "Who?", "answer": ""})
    assert isinstance(found[1][1], BadItem)
    assert (found[1][0], found[1][1].reason) == (4, "ingest.bad_csv_row")


def test_two_csv_columns_of_one_name_are_refused_with_a_word(tmp_path: Path) -> None:
    with pytest.raises(BadItem, match="Two columns have the same name"):
        read(written(tmp_path, "a.csv", b"text,text\na,b\n"))


def test_squad_files_are_opened_to_their_questions(tmp_path: Path) -> None:
    asked = {"question": "When?", "id": "1", "answers": [{"text": "1887", "answer_start": 3}]}
    content = {"version": "1.1", "data": [{"title": "Kiln", "paragraphs": [{"context": "In 1887.", "qas": [asked]}]}]}
    good, bad = read(written(tmp_path, "a.json", json.dumps(content).encode()))
    assert (good, bad) == ([{"title": "Kiln", "context": "In 1887.", **asked}], [])


def test_one_object_is_one_row(tmp_path: Path) -> None:
    row = {"messages": [{"role": "user", "content": "Hi"}]}
    assert read(written(tmp_path, "a.json", json.dumps(row, indent=1).encode())) == ([row], [])
    assert read(written(tmp_path, "b.jsonl", json.dumps(row).encode())) == ([row], [])


# --- what is broken --------------------------------------------------------------------------------------------------


def test_a_broken_line_costs_only_itself(tmp_path: Path) -> None:
    file = written(tmp_path, "a.jsonl", b'{"text": "a"}\n{"text": \n\n[1]\n{"text": "b", "text": "c"}\n{"text": "d"}\n')
    good, bad = read(file)
    assert good == [{"text": "a"}, {"text": "d"}]
    assert [(number, error.reason) for number, error in bad] == [(nth, "ingest.bad_json") for nth in (2, 4, 5)]


def test_an_item_of_a_list_that_is_no_object_costs_only_itself(tmp_path: Path) -> None:
    good, bad = read(written(tmp_path, "a.json", b'[{"text": "a"}, 12, "x", {"k": 1, "k": 2}, {"text": "b"}]'))
    assert good == [{"text": "a"}, {"text": "b"}]
    assert [number for number, _ in bad] == [2, 3, 4]


@pytest.mark.parametrize("cut", [1, 7, 40, 5000])
def test_a_list_that_is_cut_short_gives_what_it_has_and_says_so(tmp_path: Path, cut: int) -> None:
    good, bad = read(written(tmp_path, "a.json", json.dumps(ROWS).encode()[:-cut]))
    assert good == ROWS[: len(good)]
    [(number, error)] = bad
    assert (number, error.reason) == (len(good) + 1, "ingest.cut_short")


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
def test_half_a_packed_file_gives_a_word_and_no_traceback(tmp_path: Path, pack: Any) -> None:
    packed = pack(b"\n".join(json.dumps({"text": f"{nth * 7919 % 10007} {nth}"}).encode() for nth in range(20_000)))
    file = written(tmp_path, "a.jsonl.packed.jsonl", packed[: len(packed) // 2])
    try:
        good, bad = read(file)
    except BadItem as error:
        good, bad = [], [(1, error)]
    assert bad[-1][1].reason == "ingest.cut_short"
    assert len(good) < 20_000


def test_the_rows_before_the_end_of_half_a_gzip_are_read(tmp_path: Path) -> None:
    packed = gzip.compress(
        b"\n".join(json.dumps({"text": f"{nth * 7919 % 10007} {nth}"}).encode() for nth in range(20_000))
    )
    good, bad = read(written(tmp_path, "a.jsonl.gz", packed[: len(packed) // 2]))
    assert 5_000 < len(good) < 20_000
    assert [error.reason for _, error in bad] == ["ingest.cut_short"]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.jsonl", b"", "ingest.empty"),
        ("a.jsonl", bytes(range(256)) * 20, "ingest.binary"),
        ("a.parquet", b"hello", "ingest.corrupt_table"),
        ("a.parquet", b"PAR1 and no more", "ingest.corrupt_table"),
        ("a.arrow", b"ARROW1 and no more", "ingest.corrupt_table"),
        ("a.pdf", b"%PDF-1.4 text", "ingest.unsupported"),
    ],
)
def test_what_is_no_file_of_rows_is_refused_with_its_reason(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    with pytest.raises(BadItem) as caught:
        read(written(tmp_path, name, content))
    assert caught.value.reason == reason


def test_deep_nesting_is_a_bad_row_and_not_a_crash(tmp_path: Path) -> None:
    deep = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    good, bad = read(written(tmp_path, "a.jsonl", deep + b'\n{"text": "b"}'))
    assert good == [{"text": "b"}]
    assert [error.reason for _, error in bad] == ["ingest.bad_json"]
    good, bad = read(written(tmp_path, "b.json", b'[{"text": "a"},' + deep + b"]"))
    assert good == [{"text": "a"}]
    assert [error.reason for _, error in bad] == ["ingest.cut_short"]


def test_a_line_over_the_limit_costs_only_itself(tmp_path: Path) -> None:
    long = json.dumps({"text": "x" * 10_000}).encode()
    good, bad = read(written(tmp_path, "a.jsonl", long + b'\n{"text": "b"}'), Limits(max_line_bytes=5_000))
    assert good == [{"text": "b"}]
    assert [(number, error.reason) for number, error in bad] == [(1, "ingest.line_too_long")]


def test_a_line_of_ten_million_characters_is_read(tmp_path: Path) -> None:
    good, _ = read(written(tmp_path, "a.jsonl", json.dumps({"text": "word " * 2_000_000}).encode()))
    assert len(good[0]["text"]) == 10_000_000


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(items=st.lists(VALUES, max_size=8), chunk=st.integers(1, 40), indent=st.sampled_from([None, 0, 2]))
def test_where_a_list_is_cut_for_reading_makes_no_difference(items: list[Any], chunk: int, indent: int | None) -> None:
    with workspace() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrays, "CHUNK", chunk)
        file = written(folder, "a.json", json.dumps(items, indent=indent).encode())
        good, bad = read(file)
    assert good == [item for item in items if isinstance(item, dict)]
    assert [number for number, _ in bad] == [nth for nth, item in enumerate(items, 1) if not isinstance(item, dict)]


# --- names -----------------------------------------------------------------------------------------------------------


def test_which_files_of_a_folder_hold_rows() -> None:
    for name in ("a.jsonl", "b/c.PARQUET", "d.csv.gz", "data-00000-of-00001.arrow"):
        assert is_rows(name), name
    for name in ("README.md", "dataset_info.json", "x/state.json", "cache-1f2e.arrow", "a.txt", "jsonl"):
        assert not is_rows(name), name


@pytest.mark.parametrize(
    ("path", "split"),
    [
        ("train.jsonl", "train"),
        ("data/test-00000-of-00001.parquet", "test"),
        ("validation/part.csv", "validation"),
        ("my_dev_set.json", "validation"),
        ("contest.jsonl", None),
        ("rows.jsonl", None),
    ],
)
def test_the_split_that_a_file_is_named_for(path: str, split: str | None) -> None:
    assert split_of(path) == split


def test_class_names_are_those_that_datasets_writes(tmp_path: Path) -> None:
    features = {
        "label": {"names": ["bad", "good"], "_type": "ClassLabel"},
        "text": {"dtype": "string", "_type": "Value"},
    }
    table = pa.table({"text": ["a"], "label": [1]})
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(table, tmp_path / "a.parquet")
    assert read_rows(tmp_path / "a.parquet", Limits()).class_names == {"label": ["bad", "good"]}
