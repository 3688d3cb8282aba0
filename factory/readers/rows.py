"""The rows of a table file: JSON lines, a JSON list, CSV, Parquet, Arrow; also each of them as a document.

What a file is is seen from its bytes; the ending only tells JSON from CSV. Text may be packed (gzip, bzip2, xz,
Zstandard). A broken line or row costs only itself; nothing is held but one row, or one batch of a columnar file.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory.errors import BadItem
from factory.readers import arrays, delimited, jsonl
from factory.readers.jsonl import object_of
from factory.readers.limits import Limits
from factory.readers.lines import numbered, text_of
from factory.readers.packed import unpacked_suffix
from factory.readers.reading import Reading, newlines, reading

JSON_LINES = (".jsonl", ".ndjson")
JSON = (".json", *JSON_LINES)
CSV = (".csv", ".tsv")
COLUMNAR = (".parquet", ".pq", ".arrow", ".feather")
SUFFIXES = (*JSON, *CSV, *COLUMNAR)
BESIDE = {"dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json"}  # what `datasets` notes of rows
SPLITS = {
    "train": {"train", "training"},
    "validation": {"validation", "valid", "val", "dev", "eval"},
    "test": {"test", "testing"},
}

Numbered = Iterator[tuple[int, dict[str, Any] | BadItem]]


@dataclass(frozen=True)
class Rows:
    """The rows of one file with their numbers (lines of a text file), and the names of numbered classes by column."""

    rows: Numbered
    class_names: Mapping[str, list[str]]


def is_rows(name: str) -> bool:
    """Whether a file of this name holds rows, and is none that `datasets` keeps beside them."""
    last = name.rsplit("/", 1)[-1]
    cached = last.startswith("cache-") and last.endswith(".arrow")
    return unpacked_suffix(last) in SUFFIXES and last not in BESIDE and not cached


def split_of(path: str) -> str | None:
    """The split that a file's path names, as the hub reads it (`data/test-00000.parquet`); None: it names none."""
    words = re.split(r"[^a-z]+", path.lower())
    return next((split for word in words for split, names in SPLITS.items() if word in names), None)


def read_rows(path: Path, limits: Limits) -> Rows:
    """Open a file. Raises BadItem where it is none that holds rows; a bad row is given in its place, not raised."""
    with path.open("rb") as file:
        begins = file.read(8)
    if not begins:
        raise BadItem("ingest.empty", "The file has 0 bytes. Was it saved, or copied whole?")
    if begins.startswith(b"PAR1"):
        return _columnar("parquet", path)
    suffix = unpacked_suffix(path.name)
    if begins.startswith(b"ARROW1") or suffix in (".arrow", ".feather"):
        return _columnar("arrow", path)
    if suffix in (".parquet", ".pq"):
        raise BadItem("ingest.corrupt_table", "Not a Parquet file. Download or write it again.")
    if suffix in CSV:
        return Rows(_csv(path, limits), {})
    if suffix in JSON or not path.suffix:
        return Rows(_json(path, limits), {})
    raise BadItem("ingest.unsupported", f"Files of type {suffix[:20]} hold no rows. Read: {', '.join(SUFFIXES)}.")


def read_documents(
    media_type: str, path: Path, limits: Limits, columns: Mapping[str, str] | None
) -> Iterator[tuple[int, Reading | BadItem]]:
    """Number and document of each row: its text column, named by `columns` or found (`jsonl.text_of`)."""
    is_lines = unpacked_suffix(path.name) in JSON_LINES  # then an object that holds a list is a row all the same
    for number, row in _lines(path, limits) if is_lines else read_rows(path, limits).rows:
        try:
            if isinstance(row, BadItem):
                raise row
            yield number, reading(newlines(jsonl.text_of(row, columns)), media_type, row=number)
        except BadItem as rejection:
            yield number, rejection


def schema_of(path: Path) -> Any:
    """The Arrow schema of a columnar file; None where the file has no types of its own, or cannot be read."""
    with path.open("rb") as file:
        begins = file.read(8)
    if not begins.startswith((b"PAR1", b"ARROW1")) and unpacked_suffix(path.name) not in (".arrow", ".feather"):
        return None
    from factory.readers import columnar

    try:
        return columnar.schema_of(path, parquet=begins.startswith(b"PAR1"))
    except BadItem:
        return None


def _columnar(what: str, path: Path) -> Rows:
    from factory.readers import columnar

    batches, names = (columnar.read_parquet if what == "parquet" else columnar.read_arrow)(path)
    return Rows(columnar.rows_of(batches), names)


def _csv(path: Path, limits: Limits) -> Numbered:
    with text_of(path) as (file, encoding):
        yield from delimited.objects(numbered(file, encoding, limits), limits)


def _json(path: Path, limits: Limits) -> Numbered:
    """Lines of objects, one list of them, or one object that holds a list: by the first character and line."""
    with text_of(path) as (file, _):
        first = _first(file)
        if first == "[":
            yield from arrays.read_array(file, limits)
            return
    if first == "{" and not _is_lines(path, limits):
        with text_of(path) as (file, _):
            yield from arrays.read_object(file, limits)
        return
    yield from _lines(path, limits)


def _first(file: Any) -> str:
    """The first character that is not white space; it is read."""
    while (one := file.read(1)) and one.isspace():
        pass
    return str(one)


def _is_lines(path: Path, limits: Limits) -> bool:
    """Whether the first line that is not blank is an object of its own, not one that holds a list of rows."""
    with text_of(path) as (file, encoding):
        for _, line in numbered(file, encoding, limits):
            if isinstance(line, BadItem):
                return True
            if line.strip():
                try:
                    value = object_of(line)
                except BadItem:
                    return line.rstrip().endswith("}") or unpacked_suffix(path.name) != ".json"
                more = any(isinstance(other, BadItem) or other.strip() for _, other in numbered(file, encoding, limits))
                return more or not arrays.holds_rows(value)
    return True


def _lines(path: Path, limits: Limits) -> Numbered:
    with text_of(path) as (file, encoding):
        for number, line in numbered(file, encoding, limits):
            if isinstance(line, BadItem):
                yield number, line
            elif line.strip():
                try:
                    yield number, object_of(line)
                except BadItem as rejection:
                    yield number, rejection
