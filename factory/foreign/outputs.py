"""Writing rows as they came: JSON lines, a JSON list, CSV, Parquet, by the ending of the name. Whole or not at all."""

import csv
import gzip
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

import pyarrow as pa
import pyarrow.parquet as pq

from factory import tables
from factory.errors import WrongRequest
from factory.readers.packed import unpacked_suffix

ENDINGS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")
BATCH_ROWS = 1024


class Sink(Protocol):
    """Takes rows."""

    def write(self, row: dict[str, Any]) -> None:
        """One more row."""
        ...


def check_name(out: Path) -> None:
    """Raise WrongRequest for a name whose ending says no format, or a format that is not packed that way."""
    packed = out.suffix.lower() == ".gz"
    if (
        unpacked_suffix(out.name) not in ENDINGS
        or (packed and unpacked_suffix(out.name) == ".parquet")
        or (not packed and out.suffix.lower() not in ENDINGS)
    ):
        raise WrongRequest(
            f"-o {out}: the ending says how rows are written. Use one of {', '.join(ENDINGS)}, .jsonl.gz."
        )


@contextmanager
def opened(out: Path, schema: pa.Schema | None) -> Iterator[Sink]:
    """A sink for `out`, which appears when the block ends without an error. `schema` is that of columnar sources."""
    beside = out.with_name(out.name + ".tmp")
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tables.writing(out):
            if unpacked_suffix(out.name) == ".parquet":
                with _parquet(beside, schema) as sink:
                    yield sink
            else:
                with _bytes(beside, packed=out.suffix.lower() == ".gz") as raw:
                    text = io.TextIOWrapper(raw, encoding="utf-8", newline="")
                    sink = _TEXT[unpacked_suffix(out.name)](text)
                    yield sink
                    sink.end()
                    text.flush()
                    text.detach()
            beside.replace(out)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def _bytes(path: Path, *, packed: bool) -> Iterator[BinaryIO]:
    with path.open("wb") as raw:
        if packed:
            with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as inner:  # the same rows, the same bytes
                yield cast(BinaryIO, inner)
        else:
            yield raw


def as_json(value: Any) -> str:
    """A row as JSON on one line; what JSON has no word for (a date) as text."""
    return json.dumps(value, ensure_ascii=False, default=_plain)


def sayable(row: dict[str, Any] | None) -> Any:
    """A row for people: what JSON has no word for as text, bytes by their number."""
    return json.loads(json.dumps(row, default=lambda v: f"{len(v)} bytes" if isinstance(v, bytes) else str(v)))


def _plain(value: Any) -> str:
    if isinstance(value, bytes | bytearray):
        raise WrongRequest("A column holds bytes, which JSON has no word for. Write to a .parquet file.")
    return str(value)


class _Lines:
    def __init__(self, file: io.TextIOBase) -> None:
        self._file = file

    def write(self, row: dict[str, Any]) -> None:
        self._file.write(as_json(row) + "\n")

    def end(self) -> None:
        """Nothing closes a file of lines."""


class _List:
    def __init__(self, file: io.TextIOBase) -> None:
        self._file, self._lead = file, "["

    def write(self, row: dict[str, Any]) -> None:
        self._file.write(f"{self._lead}\n{as_json(row)}")
        self._lead = ","

    def end(self) -> None:
        self._file.write("\n]\n" if self._lead == "," else "[]\n")


class _Table:
    """CSV: the columns of the first row; a later one with others has no place."""

    def __init__(self, file: io.TextIOBase, delimiter: str = ",") -> None:
        self._writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        self._columns: list[str] | None = None

    def write(self, row: dict[str, Any]) -> None:
        if self._columns is None:
            self._columns = list(row)
            self._writer.writerow(self._columns)
        if not set(row) <= set(self._columns):
            raise WrongRequest("The rows have several sets of columns, which a CSV cannot hold. Write to .jsonl.")
        self._writer.writerow([self._cell(row.get(name)) for name in self._columns])

    def end(self) -> None:
        """Nothing closes a table."""

    @staticmethod
    def _cell(value: Any) -> Any:
        return as_json(value) if isinstance(value, list | dict) else value


class _Tabs(_Table):
    def __init__(self, file: io.TextIOBase) -> None:
        super().__init__(file, "\t")


_TEXT: dict[str, Any] = {
    ".jsonl": _Lines, ".ndjson": _Lines, ".json": _List, ".csv": _Table, ".tsv": _Tabs,
}  # fmt: skip


@contextmanager
def _parquet(path: Path, schema: pa.Schema | None) -> Iterator[Sink]:
    """Rows of a known schema are written as they come; of others the types are known when all were seen."""
    if schema is not None:
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            sink = _Batches(lambda rows: writer.write_table(pa.Table.from_pylist(rows, schema=schema)))
            yield sink
            sink.end()
        return
    spool = path.with_name(path.name + ".spool")
    try:
        with spool.open("w", encoding="utf-8") as file:
            found = _Schema()
            lines, batches = _Lines(file), _Batches(found.take)
            yield _Both(lines, batches)
            batches.end()
        with pq.ParquetWriter(path, found.schema, compression="zstd") as writer, spool.open(encoding="utf-8") as file:
            sink = _Batches(lambda rows: writer.write_table(pa.Table.from_pylist(rows, schema=found.schema)))
            for line in file:
                sink.write(json.loads(line))
            sink.end()
    finally:
        spool.unlink(missing_ok=True)


class _Batches:
    def __init__(self, take: Any) -> None:
        self._take, self._rows = take, list[dict[str, Any]]()

    def write(self, row: dict[str, Any]) -> None:
        self._rows.append(row)
        if len(self._rows) >= BATCH_ROWS:
            self.end()

    def end(self) -> None:
        if self._rows:
            self._take(self._rows)
            self._rows = []


class _Both:
    def __init__(self, *sinks: Sink) -> None:
        self._sinks: Sequence[Sink] = sinks

    def write(self, row: dict[str, Any]) -> None:
        for sink in self._sinks:
            sink.write(row)


class _Schema:
    """The types that hold all rows seen."""

    def __init__(self) -> None:
        self.schema = pa.schema([])

    def take(self, rows: Iterable[dict[str, Any]]) -> None:
        try:
            columns: dict[str, None] = {}
            for row in rows:
                columns |= dict.fromkeys(row)
            here = pa.schema([(name, pa.array([row.get(name) for row in rows]).type) for name in columns])
            self.schema = pa.unify_schemas([self.schema, here], promote_options="permissive")
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            raise WrongRequest(
                "A column holds values of several types, which Parquet cannot hold. Write to .jsonl."
            ) from None
