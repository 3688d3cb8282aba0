"""Save what can be read of a damaged journal: `python -m factory.llm.rebuild journal.sqlite`.

Every row that SQLite can still read goes into a new file, which takes the old one's place; the old one stays beside it
as `journal.sqlite.damaged`. A row that cannot be read is an answer that will be asked again.
"""

import sqlite3
import sys
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from factory.errors import DeadWorld, FactoryError, WrongRequest
from factory.llm._journal_file import guarded, open_file

AT_ONCE = 512  # rows that are read together while all is well
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
    with guarded(path), closing(open_file(whole)) as into, closing(sqlite3.connect(path)) as damaged:
        calls = _copy(damaged, into, path.stat().st_size // SMALLEST_ROW)
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


def _copy(damaged: sqlite3.Connection, into: sqlite3.Connection, last: int) -> int:
    """Write every row that can be read, with ids up to `last`; returns how many calls they are."""
    calls = 0
    with into:
        into.execute("begin immediate")
        for row in _rows(damaged, "requests", 1, last):
            if _is_whole(row[1]):
                into.execute("insert into requests values (?, ?)", row)
        for row in _rows(damaged, "calls", 1, last):
            into.execute(f"insert or ignore into calls values ({', '.join('?' * len(row))})", row)  # noqa: S608 # marks
            calls += 1
        for table in ("sent", "takes"):  # small; where they are lost, so is what they say
            for row in _read(damaged, f"select * from {table}") or ():  # noqa: S608 # our own names
                into.execute(f"insert into {table} values ({', '.join('?' * len(row))})", row)  # noqa: S608 # our own names
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
