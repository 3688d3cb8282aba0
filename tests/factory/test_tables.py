"""Tables: whole or not at all, of a known version, damaged parts by name, and what a full disk does."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from factory import tables
from factory.errors import DeadWorld, WrongRequest

SCHEMA = pa.schema(
    [("id", pa.int64()), ("text", pa.string())], metadata={"factory.table": "things", "factory.version": "2"}
)


def row(n: int, size: int = 1) -> dict[str, Any]:
    return {"id": n, "text": "x" * size}


def fill(folder: Path, count: int, **options: Any) -> Path:
    with tables.TableWriter(folder, SCHEMA, **options) as table:
        for n in range(count):
            table.write(row(n))
    return folder


def ids(folder: Path, **options: Any) -> list[int]:
    return [id_ for batch in tables.batches(folder, SCHEMA, **options) for id_ in batch["id"].to_pylist()]


def stopped(writer: Any, rows: int, error: type[BaseException]) -> None:
    """Write some rows and then fail."""
    with writer as opened:
        for n in range(rows):
            opened.write(row(n))
        raise error


def left_in(folder: Path) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*"))


class FullDisk:
    """Lets through so many bytes of writing, then has no room; `with` it is so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, after: int) -> None:
        self.left = after
        self._patch = monkeypatch

    def __enter__(self) -> "FullDisk":
        real = pq.ParquetWriter.write_table

        def write(writer: Any, table: pa.Table, *args: Any, **options: Any) -> None:
            self.left -= table.num_rows
            if self.left < 0:
                raise OSError(errno.ENOSPC, "Error writing bytes to file")
            real(writer, table, *args, **options)

        self._patch.setattr(pq.ParquetWriter, "write_table", write)
        return self

    def __exit__(self, *_: object) -> None:
        self._patch.undo()


# --- whole or nothing


def test_a_table_comes_back_as_it_was_written(tmp_path: Path) -> None:
    fill(tmp_path / "things", 5000)
    assert ids(tmp_path / "things") == list(range(5000))
    assert tables.count(tmp_path / "things") == 5000
    assert next(tables.rows(tmp_path / "things", SCHEMA)) == {"id": 0, "text": "x"}
    assert left_in(tmp_path) == ["things", "things/part-00000.parquet"]


def test_a_table_replaces_the_one_before_it_whole(tmp_path: Path) -> None:
    fill(tmp_path / "things", 9000, groups_a_part=1)
    fill(tmp_path / "things", 3)
    assert left_in(tmp_path) == ["things", "things/part-00000.parquet"]
    assert ids(tmp_path / "things") == [0, 1, 2]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_table_that_is_not_finished_leaves_the_old_one_and_nothing_else(
    tmp_path: Path, error: type[BaseException]
) -> None:
    fill(tmp_path / "things", 3)
    with pytest.raises(error):
        stopped(tables.TableWriter(tmp_path / "things", SCHEMA), 1, error)
    assert ids(tmp_path / "things") == [0, 1, 2]
    assert left_in(tmp_path) == ["things", "things/part-00000.parquet"]


def test_a_table_that_keeps_its_parts_leaves_all_rows_so_far_where_they_can_be_read(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        stopped(tables.TableWriter(tmp_path / "things", SCHEMA, keep_parts=True), 7, KeyboardInterrupt)
    assert left_in(tmp_path) == ["things.tmp", "things.tmp/part-00000.parquet"]
    assert ids(tmp_path / "things.tmp") == list(range(7))


def test_what_a_kill_left_behind_is_in_nobodys_way(tmp_path: Path) -> None:
    for name in ("things.tmp", "things.old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "part-00000.parquet").write_bytes(b"half")
    fill(tmp_path / "things", 2)
    assert left_in(tmp_path) == ["things", "things/part-00000.parquet"]


def test_a_file_that_is_not_finished_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^$"):
        stopped(tables.PartWriter(tmp_path / "one.parquet", SCHEMA), 1, ValueError)
    assert left_in(tmp_path) == []


def test_a_file_that_may_be_absent_is_so_where_it_has_no_rows(tmp_path: Path) -> None:
    with tables.PartWriter(tmp_path / "one.parquet", SCHEMA, once_filled=True):
        pass
    assert left_in(tmp_path) == []
    with tables.PartWriter(tmp_path / "one.parquet", SCHEMA):
        pass
    assert list(tables.read_file(tmp_path / "one.parquet", SCHEMA)) == []


def test_json_is_the_same_bytes_for_the_same_value(tmp_path: Path) -> None:
    tables.write_json(tmp_path / "a.json", {"b": "é", "a": 1})
    tables.write_json(tmp_path / "b.json", {"a": 1, "b": "é"})
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert "é" in (tmp_path / "a.json").read_text(encoding="utf-8")


# --- parts, groups, batches


def test_a_table_rolls_over_into_parts_and_keeps_the_order(tmp_path: Path) -> None:
    count = tables.GROUP_ROWS * 3 + 5
    fill(tmp_path / "things", count, groups_a_part=2)
    parts = tables.parts(tmp_path / "things")
    assert [part.name for part in parts] == ["part-00000.parquet", "part-00001.parquet"]
    assert [pq.read_metadata(part).num_row_groups for part in parts] == [2, 2]
    assert ids(tmp_path / "things") == list(range(count))


def test_a_row_group_is_bounded_in_bytes_too(tmp_path: Path) -> None:
    with tables.TableWriter(tmp_path / "things", SCHEMA) as table:
        for n in range(6):
            table.write(row(n), size=tables.GROUP_BYTES // 2)
    assert pq.read_metadata(tables.parts(tmp_path / "things")[0]).num_row_groups == 3


@pytest.mark.parametrize("rows", [1, 7, 1024, 100_000])
def test_batches_hold_at_most_so_many_rows_and_all_of_them_in_order(tmp_path: Path, rows: int) -> None:
    fill(tmp_path / "things", 3000)
    sizes = [len(batch) for batch in tables.batches(tmp_path / "things", SCHEMA, rows=rows)]
    assert max(sizes) <= rows
    assert sum(sizes) == 3000
    assert ids(tmp_path / "things", rows=rows) == list(range(3000))


def test_only_the_columns_asked_for_are_read(tmp_path: Path) -> None:
    fill(tmp_path / "things", 2)
    assert list(tables.rows(tmp_path / "things", SCHEMA, columns=["id"])) == [{"id": 0}, {"id": 1}]


def test_a_table_that_is_not_there_has_no_rows(tmp_path: Path) -> None:
    assert ids(tmp_path / "nothing") == []
    assert tables.count(tmp_path / "nothing") == 0
    assert list(tables.read_file(tmp_path / "nothing.parquet", SCHEMA)) == []


# --- versions and damage


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        (
            {"factory.table": "things", "factory.version": "3"},
            "things/part-00000.parquet has schema version 3; this dataset-factory reads 2. Use a new run folder.",
        ),
        (
            {"factory.table": "things", "factory.version": "1"},
            "things/part-00000.parquet has schema version 1; this dataset-factory reads 2. Use a new run folder.",
        ),
        (
            {"factory.table": "others", "factory.version": "2"},
            "things/part-00000.parquet is not a things table of dataset-factory.",
        ),
        (None, "things/part-00000.parquet is not a things table of dataset-factory."),
    ],
)
def test_a_table_of_another_name_or_version_is_refused(
    tmp_path: Path, metadata: dict[str, str] | None, said: str
) -> None:
    tables.write_parquet(tmp_path / "things/part-00000.parquet", SCHEMA.with_metadata(metadata), [])
    with pytest.raises(WrongRequest) as error:
        ids(tmp_path / "things")
    assert str(error.value) == said


def damages() -> Iterator[tuple[str, Any]]:
    yield "cut short", lambda content: content[:-100]
    yield "empty", lambda content: b""
    yield "overwritten", lambda content: b"PAR1" + bytes(len(content) - 8) + b"PAR1"
    yield "broken inside", lambda content: content[:4] + bytes(400) + content[404:]


@pytest.mark.parametrize("damage", [pytest.param(change, id=name) for name, change in damages()])
def test_a_damaged_part_is_named_with_what_to_do(tmp_path: Path, damage: Any) -> None:
    with tables.TableWriter(tmp_path / "things", SCHEMA) as table:
        for n in range(3000):
            table.write({"id": n * n * 7919 % 104729, "text": str(n**5)})
    part = tables.parts(tmp_path / "things")[0]
    part.write_bytes(damage(part.read_bytes()))
    with pytest.raises(DeadWorld) as error:
        ids(tmp_path / "things")
    assert str(error.value).startswith(
        "things/part-00000.parquet is damaged. Delete manifest.json in the run's folder and"
    )
    assert error.value.exit_code == 3


# --- a full disk


@pytest.mark.parametrize("after", [0, 5000])
def test_a_full_disk_ends_a_table_with_its_name_and_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    fill(tmp_path / "things", 3)
    with FullDisk(monkeypatch, after=after), pytest.raises(DeadWorld) as error:
        fill(tmp_path / "things", 20_000)
    assert str(error.value) == (
        "Could not write part-00000.parquet: No space left on device. Make room, then run the same command again."
    )
    assert error.value.exit_code == 3
    assert ids(tmp_path / "things") == [0, 1, 2]
    assert left_in(tmp_path) == ["things", "things/part-00000.parquet"]


def test_a_full_disk_leaves_no_half_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    tables.write_file(tmp_path / "manifest.json", b"old")
    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(DeadWorld, match=r"Could not write manifest\.json: No space left on device\. Make room"):
        tables.write_file(tmp_path / "manifest.json", b"new")
    with pytest.raises(DeadWorld, match=r"Could not write one\.parquet: No space left on device"):
        tables.write_parquet(tmp_path / "one.parquet", SCHEMA, [])
    assert left_in(tmp_path) == ["manifest.json"]
    assert (tmp_path / "manifest.json").read_bytes() == b"old"


def test_a_folder_that_cannot_be_written_is_a_dead_world_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for write in (
        lambda: tables.write_file(tmp_path / "file/x.json", b""),
        lambda: tables.write_parquet(tmp_path / "file/x.parquet", SCHEMA, []),
        lambda: fill(tmp_path / "file/x", 1),
    ):
        with pytest.raises(
            DeadWorld, match=r"Could not write x.*: (Not a directory|File exists)\. Mend that, then run"
        ):
            write()
