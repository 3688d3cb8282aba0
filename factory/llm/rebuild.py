"""Save what can be read of a damaged journal: `python -m factory.llm.rebuild journal.sqlite`.

Every row that SQLite can still read goes into a new file, which takes the old one's place; the old one stays beside it
as `journal.sqlite.damaged`. A row that cannot be read is an answer that will be asked again.

Of a file that was cut short, or whose first page is lost, SQLite reads nothing by itself. It reads a copy that is as
long as its first page says, with zeros for what is gone, and, if that does not help, one with the first page of a new
journal: the tables of each begin at the same pages.
"""

import shutil
import sqlite3
import sys
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from factory import tables
from factory.errors import DeadWorld, FactoryError, WrongRequest
from factory.llm._journal_file import guarded, open_file

AT_ONCE = 512  # rows that are read together while all is well
MAGIC = b"SQLite format 3\0"  # with which a first page begins that can be believed
SMALLEST_ROW = 40  # bytes: how many rows a file can have at most
Row = tuple[Any, ...]


def rebuild(path: Path) -> int:
    """Put a whole journal in the place of a damaged one; returns how many calls it has.

    Raises WrongRequest where there is no such file, DeadWorld where nothing in it can be read: where the few pages are
    damaged from which all others are found.
    """
    if not path.is_file():
        raise WrongRequest(f"There is no journal {path}.")
    whole, old = path.with_name(path.name + ".rebuilt"), path.with_name(path.name + ".damaged")
    whole.unlink(missing_ok=True)
    last = path.stat().st_size // SMALLEST_ROW
    with guarded(path), closing(open_file(whole)) as into:
        for mended in _as_it_is, _of_full_length, _with_a_first_page:
            with mended(path, whole) as place, closing(sqlite3.connect(place)) as damaged:
                calls = _copy(damaged, into, last)
            if calls:
                break
    if not calls:
        whole.unlink()
        raise DeadWorld(
            f"Nothing can be read of {path}, which stays as it is. Move it away, then run the same command again: all "
            "its answers are asked and paid again."
        )
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)  # the log of the damaged file is not the new one's
    path.rename(old)
    whole.rename(path)
    return calls


@contextmanager
def _as_it_is(path: Path, whole: Path) -> Iterator[Path]:
    yield path


@contextmanager
def _of_full_length(path: Path, whole: Path) -> Iterator[Path]:
    """A copy that is as long as its first page says."""
    with _copied(path, with_log=True) as copy:
        with copy.open("rb+") as file:
            head = file.read(32)
            if head.startswith(MAGIC):
                file.truncate(max(copy.stat().st_size, _page_size(head) * int.from_bytes(head[28:32], "big")))
        yield copy


@contextmanager
def _with_a_first_page(path: Path, whole: Path) -> Iterator[Path]:
    """A copy with the first page of a new journal, which says that the copy has all the pages that are there."""
    with _copied(path) as copy, closing(sqlite3.connect(whole)) as new:
        new.execute("pragma wal_checkpoint(truncate)")
        first = bytearray(whole.read_bytes())
        size = _page_size(first)
        pages = -(-copy.stat().st_size // size)
        first[28:32] = pages.to_bytes(4, "big")
        first[32:40] = bytes(8)  # no page is free: those that were are not known
        with copy.open("rb+") as file:
            file.write(first[:size])
            file.truncate(pages * size)
        yield copy


@contextmanager
def _copied(path: Path, *, with_log: bool = False) -> Iterator[Path]:
    """A copy beside the file, on demand with the log of what was not yet in it; it is gone afterwards."""
    copy = path.with_name(path.name + ".copied")
    try:
        with tables.writing(copy):
            for ending in ("", "-wal") if with_log else ("",):
                if (there := path.with_name(path.name + ending)).is_file():
                    copy.with_name(copy.name + ending).touch(mode=0o600)  # it holds other people's texts
                    shutil.copyfile(there, copy.with_name(copy.name + ending))
        yield copy
    finally:
        for ending in ("", "-wal", "-shm"):
            copy.with_name(copy.name + ending).unlink(missing_ok=True)


def _page_size(head: bytes | bytearray) -> int:
    said = int.from_bytes(head[16:18], "big")
    return 65536 if said == 1 else said


def _copy(damaged: sqlite3.Connection, into: sqlite3.Connection, last: int) -> int:
    """Write every row that can be read, with ids up to `last`; returns how many calls they are."""
    calls = 0
    with into:
        into.execute("begin immediate")
        for row in _rows(damaged, "requests", 1, last):
            if _is_whole(row[1]):
                into.execute("insert or ignore into requests values (?, ?)", row)
        for row in _rows(damaged, "calls", 1, last):
            if any(isinstance(value, str) and "\0" in value for value in row):
                continue  # the rest of a long answer lay on a page that is gone, of which zeros are left
            marks = ", ".join("?" * len(row))
            calls += into.execute(f"insert or ignore into calls values ({marks})", row).rowcount  # noqa: S608 # marks
        for table in ("sent", "takes"):  # small; where they are lost, so is what they say
            for row in _read(damaged, f"select * from {table}") or ():  # noqa: S608 # our own names
                into.execute(f"insert or ignore into {table} values ({', '.join('?' * len(row))})", row)  # noqa: S608 # our own names
    return calls


def _rows(damaged: sqlite3.Connection, table: str, first: int, last: int) -> Iterator[Row]:
    """The rows that can be read, by id: where some together cannot, each half by itself."""
    if last - first >= AT_ONCE:
        found = _read(damaged, f"select max(id) from {table}")  # noqa: S608 # our own names
        last = found[0][0] or 0 if found else last
        for start in range(first, last + 1, AT_ONCE):
            yield from _rows(damaged, table, start, min(start + AT_ONCE - 1, last))
        return
    rows = _read(damaged, f"select * from {table} where id between {first} and {last} order by id")  # noqa: S608 # numbers
    if rows is not None:
        yield from rows
    elif first < last:
        middle = (first + last) // 2
        yield from _rows(damaged, table, first, middle)
        yield from _rows(damaged, table, middle + 1, last)


def _read(damaged: sqlite3.Connection, query: str) -> list[Row] | None:
    try:
        return damaged.execute(query).fetchall()
    except sqlite3.DatabaseError:
        return None


def _is_whole(body: Any) -> bool:
    try:
        return bool(zlib.decompress(body))
    except (zlib.error, TypeError):
        return False


def main(arguments: list[str]) -> int:
    """The command line; returns the exit code."""
    try:
        [path] = arguments
        sys.stdout.write(f"{path}: {rebuild(Path(path))} calls are saved; the old file is {path}.damaged.\n")
    except ValueError:
        sys.stderr.write("Say: python -m factory.llm.rebuild JOURNAL\n")
        return 2
    except FactoryError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
