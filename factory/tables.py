"""Parquet tables on disk: written whole or not at all, read in batches.

A table is a folder of parts. It is written beside its place and renamed when complete, so a reader sees the old one
or the new one. Every table carries its name and schema version; one of a newer version is refused, not guessed at.
"""

import contextlib
import errno
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from factory.errors import DeadWorld, TextDropped, WrongRequest

GROUP_ROWS = 4096
GROUP_BYTES = 16 << 20  # a row group is decoded whole: it bounds what one reader holds
BATCH_ROWS = 1024
DROPPED = b"factory.dropped"  # in the metadata of a part: its column whose values were dropped


def write_file(path: Path, content: bytes, *, private: bool = False) -> None:
    """Write `path` whole or not at all: temporary file, fsync, rename. Raises DeadWorld where the disk refuses.

    A `private` file is its owner's alone (mode 0600) from its first moment.
    """
    beside = path.with_name(path.name + ".tmp")
    with writing(path), _unless_whole(beside):
        path.parent.mkdir(parents=True, exist_ok=True)
        if private:
            beside.unlink(missing_ok=True)  # what a kill left might be open to others
            beside.touch(mode=0o600)
        with beside.open("wb") as file:
            file.write(content)
            sync(file)
        beside.replace(path)
        _sync_folder(path.parent)


def sync(file: IO[Any]) -> None:
    """What was written to an open file is on disk."""
    file.flush()
    os.fsync(file.fileno())


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON with sorted keys."""
    write_file(path, (json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode())


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """While `path` is written: what the disk refuses is a dead world, not a fault of ours."""
    try:
        yield
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        what = "Make room" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "Mend that"
        raise DeadWorld(f"Could not write {path.name}: {why}. {what}, then run the same command again.") from error


@contextmanager
def _unless_whole(beside: Path) -> Iterator[None]:
    """Remove a half-written file where an error or an interrupt ends the block."""
    try:
        yield
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


class PartWriter:
    """Writes one Parquet file, whole or not at all, in row groups of at most `group_rows` rows and about 16 MB.

    The file appears when the `with` block ends without an error. With `once_filled`, only if it has rows. `plain`
    columns are written without a dictionary and the least and greatest of their values: where one value may have 50 MB,
    these take six times as much while it is written.
    """

    def __init__(
        self,
        path: Path,
        schema: pa.Schema,
        *,
        group_rows: int = GROUP_ROWS,
        once_filled: bool = False,
        plain: Sequence[str] = (),
    ) -> None:
        self.rows = self.groups = 0
        self._path, self._schema, self._group_rows, self._once_filled = path, schema, group_rows, once_filled
        others = [name for name in schema.names if name not in plain] if plain else True
        self._described = {"use_dictionary": others, "write_statistics": others}
        self._beside = path.with_name(path.name + ".tmp")
        self._pending: list[dict[str, Any]] = []
        self._pending_bytes = 0

    def __enter__(self) -> "PartWriter":
        with writing(self._path), _unless_whole(self._beside):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = pq.ParquetWriter(
                self._beside, self._schema, compression="zstd", write_page_checksum=True, **self._described
            )
        return self

    def write(self, row: Mapping[str, Any], *, size: int = 0) -> None:
        """Add one row; `size` is about its bytes, for the row group's limit."""
        self._pending.append(dict(row))
        self._pending_bytes += size
        if len(self._pending) >= self._group_rows or self._pending_bytes >= GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._pending:
            table = pa.Table.from_pylist(self._pending, schema=self._schema)
            self._pending, self._pending_bytes = [], 0
            self.write_table(table)

    def write_table(self, table: pa.Table) -> None:
        """Add many rows at once, as row groups of at most `group_rows`."""
        self._flush()
        with writing(self._path):
            self._writer.write_table(table.cast(self._schema), row_group_size=self._group_rows)
        self.groups += 1
        self.rows += table.num_rows

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._drop()
            return
        try:
            self._flush()
            with writing(self._path):
                self._writer.close()
                self._put_in_place()
        except BaseException:
            self._drop()
            raise

    def _put_in_place(self) -> None:
        if self._once_filled and not self.rows:
            self._beside.unlink()
            with contextlib.suppress(OSError):
                self._path.parent.rmdir()  # if nothing else is in it
            return
        with self._beside.open("rb+") as file:
            os.fsync(file.fileno())
        self._beside.replace(self._path)
        _sync_folder(self._path.parent)

    def _drop(self) -> None:
        with contextlib.suppress(OSError):  # the error under way says more
            self._writer.close()
        self._beside.unlink(missing_ok=True)


class TableWriter:
    """Writes one table: a folder of parts, each of at most `groups_a_part` row groups.

    `folder` appears when the `with` block ends without an error, replacing the table that stood there. Until then the
    parts lie in `<folder>.tmp`, the finished ones readable: what a killed run leaves there can be used again. What an
    error or an interrupt ends is removed, or with `keep_parts` left there too, with all rows written so far. For
    `plain` see PartWriter.
    """

    def __init__(
        self,
        folder: Path,
        schema: pa.Schema,
        *,
        groups_a_part: int = 64,
        keep_parts: bool = False,
        plain: Sequence[str] = (),
    ) -> None:
        self.rows = 0
        self._folder, self._schema, self._groups_a_part, self._keep_parts = folder, schema, groups_a_part, keep_parts
        self._plain = plain
        self._beside = folder.with_name(folder.name + ".tmp")
        self._parts = 0

    def __enter__(self) -> "TableWriter":
        shutil.rmtree(self._beside, ignore_errors=True)
        with writing(self._folder):
            self._beside.mkdir(parents=True)
        self._part = self._next_part()
        return self

    def _next_part(self) -> PartWriter:
        part = PartWriter(self._beside / f"part-{self._parts:05d}.parquet", self._schema, plain=self._plain)
        self._parts += 1
        return part.__enter__()

    def write(self, row: Mapping[str, Any], *, size: int = 0) -> None:
        """Add one row; `size` is about its bytes, for the row group's limit."""
        if self._part.groups >= self._groups_a_part:
            self._part.__exit__(None, None, None)
            self._part = self._next_part()
        self._part.write(row, size=size)
        self.rows += 1

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is not None and self._keep_parts:
            with contextlib.suppress(DeadWorld):  # the error under way says more
                self._part.__exit__(None)
            return
        try:
            self._part.__exit__(kind, *rest)
            if kind is None:
                with writing(self._folder):
                    swap(self._beside, self._folder)
        finally:
            if not self._keep_parts:
                shutil.rmtree(self._beside, ignore_errors=True)


def swap(beside: Path, folder: Path) -> None:
    """Put a complete folder, whose files are synced, in its place."""
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    beside.rename(folder)
    _sync_folder(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def parts(folder: Path) -> list[Path]:
    """The files of a table, in order; none where it does not stand."""
    return sorted(folder.glob("*.parquet"))


def count(folder: Path) -> int:
    """Rows of a table, without reading it."""
    total = 0
    for part in parts(folder):
        with _reading(part):
            total += pq.read_metadata(part).num_rows
    return total


def batches(
    folder: Path, schema: pa.Schema, *, columns: Sequence[str] | None = None, rows: int = BATCH_ROWS
) -> Iterator[pa.RecordBatch]:
    """The rows of a table in order, in batches of at most `rows`. An absent table has no rows.

    Raises WrongRequest for a table of a newer schema version, DeadWorld for one that cannot be read.
    """
    for part in parts(folder):
        yield from _batches(part, schema, columns, rows)


def _batches(part: Path, schema: pa.Schema, columns: Sequence[str] | None, rows: int) -> Iterator[pa.RecordBatch]:
    file = open_part(part, schema)
    _check_dropped(part, file.schema_arrow, columns)
    for group in range(file.num_row_groups):  # one group at a time: iter_batches alone reads ahead
        with _reading(part):
            found = file.read_row_group(group, columns=columns, use_threads=False).to_batches(max_chunksize=rows)
        found.reverse()
        while found:
            yield found.pop()  # not held here: whoever is done with it lets go of a text that may have 50 MB


@contextmanager
def _reading(part: Path) -> Iterator[None]:
    """While `part` is read: what cannot be is a dead world, with what to do about it."""
    try:
        yield
    except (pa.ArrowInvalid, OSError) as error:
        what = "Delete manifest.json in the run's folder and run the same command again: what is damaged is made anew."
        raise DeadWorld(f"{_place(part)} is damaged. {what}") from error


def parquet(file: Path, *, memory_map: bool = False) -> pq.ParquetFile:
    """One of our own Parquet files; a page that is not as it was written is an OSError, never another word.

    Without checksums two of three flipped bits change a value and nothing else.
    """
    return pq.ParquetFile(file, memory_map=memory_map, page_checksum_verification=True)


def open_part(part: Path, schema: pa.Schema) -> pq.ParquetFile:
    """One part, its name and version checked."""
    with _reading(part):
        file = parquet(part, memory_map=True)
    check_version(file.schema_arrow, schema, _place(part))
    return file


def read_group(part: Path, nth: int, schema: pa.Schema) -> pa.Table:
    """One row group of a part, its name and version checked."""
    file = open_part(part, schema)
    _check_dropped(part, file.schema_arrow, None)
    with _reading(part):
        return file.read_row_group(nth, use_threads=False)


def _check_dropped(part: Path, found: pa.Schema, columns: Sequence[str] | None) -> None:
    dropped = dropped_column(found)
    if dropped and (columns is None or dropped in columns):
        run = part.parent.parent
        raise TextDropped(
            f"The {dropped} of the {part.parent.name} of {run} was dropped, and this needs it. "
            f"Read the sources again: factory ingest {run}"
        )


def dropped_column(found: pa.Schema) -> str:
    """The column of a part whose values were dropped; '' for none."""
    return str((found.metadata or {}).get(DROPPED, b"").decode())


def check_version(found: pa.Schema, wanted: pa.Schema, place: str) -> None:
    """Raise WrongRequest where `found` is not a table of `wanted`'s name and version."""
    have, want = found.metadata or {}, wanted.metadata or {}
    if have.get(b"factory.table") != want.get(b"factory.table"):
        raise WrongRequest(f"{place} is not a {want.get(b'factory.table', b'?').decode()} table of dataset-factory.")
    if have.get(b"factory.version") != want.get(b"factory.version"):
        version, known = have.get(b"factory.version", b"?").decode(), want.get(b"factory.version", b"?").decode()
        raise WrongRequest(
            f"{place} has schema version {version}; this dataset-factory reads {known}. Use a new run folder."
        )


def _place(part: Path) -> str:
    return f"{part.parent.name}/{part.name}"


def rows(folder: Path, schema: pa.Schema, *, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
    """The rows of a table in order, as dicts."""
    for batch in batches(folder, schema, columns=columns):
        yield from batch.to_pylist()


def write_parquet(path: Path, schema: pa.Schema, tables: Iterable[pa.Table], *, group_rows: int = GROUP_ROWS) -> int:
    """One Parquet file whole or not at all; returns its rows."""
    with PartWriter(path, schema, group_rows=group_rows) as part:
        for table in tables:
            part.write_table(table)
    return part.rows


def drop_rows(part: Path, gone: Callable[[pa.Table], Sequence[bool]]) -> int:
    """Write one Parquet file again without the rows that are `gone`; returns how many those were.

    Row groups stay where they were cut, and a file that loses nothing is not touched.
    """
    with _reading(part):
        file = parquet(part)
        dropped = [list(gone(file.read_row_group(nth, use_threads=False))) for nth in range(file.num_row_groups)]
    if not any(map(any, dropped)):
        return 0
    with PartWriter(part, file.schema_arrow) as left:
        for nth, rows in enumerate(dropped):
            with _reading(part):
                group = file.read_row_group(nth, use_threads=False)
            if not all(rows):
                left.write_table(group.filter(pa.array([not row for row in rows])))
    return sum(map(sum, dropped))


def drop_column(folder: Path, column: str) -> None:
    """Write each part of a table again with empty text in a column, and a note of that; one that has it stays.

    Stopped in between, some parts have it: the same call goes on.
    """
    for part in parts(folder):
        with _reading(part):
            file = parquet(part)
        schema = file.schema_arrow
        if dropped_column(schema):
            continue
        at = schema.get_field_index(column)
        with PartWriter(part, schema.with_metadata({**(schema.metadata or {}), DROPPED: column.encode()})) as left:
            for nth in range(file.num_row_groups):
                with _reading(part):
                    group = file.read_row_group(nth, use_threads=False)
                empty = pa.array([""] * group.num_rows, schema.field(at).type)
                left.write_table(group.set_column(at, schema.field(at), empty))


def read_file(path: Path, schema: pa.Schema, *, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """The rows of one Parquet file in batches; none where it does not stand."""
    if path.exists():
        yield from _batches(path, schema, columns, BATCH_ROWS)
