"""Files whose rows are documents: JSON lines, JSON, Parquet and Arrow, packed or not, give the same ones."""

import bz2
import datetime
import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from factory.errors import BadItem
from factory.readers.limits import Limits
from tests.reading import all_of, rejected, texts

ROWS: list[dict[str, Any]] = [
    {"id": 1, "text": "The kiln is hot.", "note": "a"},
    {"id": 2, "text": None, "note": "b"},
    {"id": 3, "text": "Ofen – 窯\nline", "note": "c"},
    {"id": 4, "text": " ", "note": "d"},
]
WANTED = ["The kiln is hot.", "ingest.no_text", "Ofen – 窯\nline", "ingest.empty"]


def parquet(path: Path, rows: list[dict[str, Any]]) -> bytes:
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path.read_bytes()


def arrow(path: Path, rows: list[dict[str, Any]]) -> bytes:
    pyarrow.feather.write_feather(pa.Table.from_pylist(rows), str(path), compression="uncompressed")
    return path.read_bytes()


def lines(path: Path, rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


WRITERS: dict[str, Callable[[Path, list[dict[str, Any]]], bytes]] = {
    "a.jsonl": lines,
    "a.jsonl.gz": lambda path, rows: gzip.compress(lines(path, rows)),
    "a.ndjson.xz": lambda path, rows: lzma.compress(lines(path, rows)),
    "a.jsonl.bz2": lambda path, rows: bz2.compress(lines(path, rows)),
    "a.jsonl.zst": lambda path, rows: pa.compress(lines(path, rows), "zstd", asbytes=True),
    "a.json": lambda path, rows: json.dumps(rows, indent=2).encode(),
    "b.json": lambda path, rows: json.dumps({"version": 1, "data": rows}).encode(),
    "a.json.gz": lambda path, rows: gzip.compress(json.dumps(rows).encode()),
    "a.parquet": parquet,
    "a.pq": parquet,
    "a.arrow": arrow,
    "a.feather": arrow,
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_form_gives_the_same_documents(tmp_path: Path, name: str) -> None:
    items = all_of(tmp_path / name, WRITERS[name](tmp_path / name, ROWS))
    assert texts(items) == WANTED
    assert [item.place if isinstance(item, BadItem) else item.row for item in items] == [1, f"{name}:2", 3, f"{name}:4"]


@pytest.mark.parametrize("name", WRITERS)
def test_a_mapped_column_is_the_text(tmp_path: Path, name: str) -> None:
    items = all_of(tmp_path / name, WRITERS[name](tmp_path / name, ROWS), columns={"text": "note"})
    assert texts(items) == ["a", "b", "c", "d"]


def test_a_packed_table_is_read(tmp_path: Path) -> None:
    table = gzip.compress(b"id,text\n1,Hello\n2,\n")
    assert texts(all_of(tmp_path / "a.csv.gz", table)) == ["Hello", "ingest.empty"]


def test_a_line_that_holds_a_list_is_a_row_all_the_same(tmp_path: Path) -> None:
    row = {"text": "words", "data": [{"text": "not this"}]}
    assert texts(all_of(tmp_path / "a.jsonl", json.dumps(row))) == ["words"]


def test_a_value_of_a_kind_that_json_has_not_is_no_text(tmp_path: Path) -> None:
    rows = [{"text": datetime.date(2024, 3, 1)}]
    got = rejected(tmp_path / "a.parquet", parquet(tmp_path / "a.parquet", rows))
    assert (got.reason, "another kind of value" in got.detail) == ("ingest.no_text", True)


def test_a_text_that_is_not_utf8_costs_only_its_row(tmp_path: Path) -> None:
    broken = pa.array([b"good", b"\xff\xfe", b"fine"], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"text": broken}), tmp_path / "a.parquet")
    items = all_of(tmp_path / "a.parquet", (tmp_path / "a.parquet").read_bytes())
    assert texts(items) == ["good", "ingest.undecodable", "fine"]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.parquet", b"PAR1 and nothing", "ingest.corrupt_table"),
        ("a.parquet", b"words", "ingest.corrupt_table"),
        ("a.arrow", b"ARROW1\x00\x00", "ingest.corrupt_table"),
        ("a.json", b"[]", "ingest.empty"),
        ("a.json", b'{"name": "a package"}', "ingest.no_text"),
        ("a.json", b"[1]", "ingest.bad_json"),
        ("a.json", b"no json", "ingest.bad_json"),
        ("a.jsonl.gz", gzip.compress(b'{"text": "x"}' * 9, mtime=0)[:20], "ingest.cut_short"),
        ("a.csv.gz", b"\x1f\x8b", "ingest.cut_short"),
        ("a.md.gz", gzip.compress(b"words", mtime=0), "ingest.unsupported"),
        ("a.parquet.gz", b"x", "ingest.unsupported"),
        ("a.zip", b"PK\x03\x04", "ingest.unsupported"),
        ("a.doc", b"\xd0\xcf\x11\xe0", "ingest.unsupported"),
    ],
)
def test_a_file_that_gives_nothing_says_why(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    assert rejected(tmp_path / name, content).reason == reason


def test_what_is_not_supported_says_what_to_do(tmp_path: Path) -> None:
    assert "save it as .docx" in rejected(tmp_path / "a.doc", "x").detail
    assert "Unpack it." in rejected(tmp_path / "a.txt.gz", "x").detail


def test_a_packed_bomb_is_read_past_without_being_held(tmp_path: Path) -> None:
    bomb = gzip.compress(b'{"text": "' + b"a" * 40_000_000 + b'"}\n{"text": "after"}\n')
    items = all_of(tmp_path / "a.jsonl.gz", bomb, limits=Limits(max_line_bytes=100_000))
    assert texts(items) == ["ingest.line_too_long", "after"]
