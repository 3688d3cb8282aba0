"""The journal's file: its tables, how it is opened, and what is said where SQLite or the disk refuse."""

import os
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from factory.errors import DeadWorld, WrongRequest

VERSION = 1
APPLICATION = 0x64666A6C  # "dfjl", in the file's header
BUSY_S = 0.1  # how long one attempt waits for another process: the caller's loop stands still meanwhile
OPENING_S = 60.0
DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
TABLES = (
    "create table requests (id integer primary key, body blob not null)",
    "create table calls (id integer primary key, key blob not null, unit text not null, "
    "method text not null, model text not null, take int not null, sample int not null, max_tokens int, finish text, "
    "text text, thinking text, tokens_in int not null, tokens_out int not null, estimated int not null, "
    "spent int not null, server text, tries int not null, seconds real not null, reason text, request int, "
    "ended real not null)",
    "create index answered on calls (key) where reason is null",
    "create table sent (id integer primary key, model text not null, spent int not null)",
    "create table takes (unit text primary key, take int not null) without rowid",
    f"pragma application_id = {APPLICATION}",
    f"pragma user_version = {VERSION}",
)


def open_file(path: Path) -> sqlite3.Connection:
    """The journal at `path`, made where there is none. Raises WrongRequest for a file that is not ours to write."""
    if not path.exists():
        path.touch(mode=0o600)  # it holds other people's texts
    file = sqlite3.connect(path, timeout=OPENING_S, isolation_level=None, check_same_thread=False)
    try:
        _prepare(file, path)
    except BaseException:
        file.close()
        raise
    return file


def _prepare(file: sqlite3.Connection, path: Path) -> None:
    with file:  # commits, or rolls back
        file.execute("begin immediate")  # two processes that make it at once: the second one finds it made
        [application], [version] = (
            file.execute(f"pragma {name}").fetchone() for name in ("application_id", "user_version")
        )
        is_empty = file.execute("select count(*) from sqlite_master").fetchone() == (0,)
        if is_empty and application == 0:
            for statement in TABLES:
                file.execute(statement)
        elif application != APPLICATION:
            raise WrongRequest(f"{path} is another program's SQLite file. Name a new file for the journal.")
        elif version != VERSION:
            raise WrongRequest(
                f"{path} was written by another version of dataset-factory (its journal is {version}, ours {VERSION}). "
                "Use that version, or move the file away: its answers are then asked and paid again."
            )
    file.execute("pragma journal_mode = wal")
    file.execute("pragma synchronous = normal")
    file.execute(f"pragma busy_timeout = {BUSY_S * 1000:.0f}")
    file.create_function("unpacked", 1, _unpacked, deterministic=True)
    file.create_function("contains", 2, _contains, deterministic=True)


def packed(body: bytes) -> bytes:
    """zlib at its fastest; a small window halves the time and costs few bytes with prompts of some kB."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 13, 6)
    return packer.compress(body) + packer.flush()


def _unpacked(body: bytes | None) -> str | None:
    return None if body is None else zlib.decompress(body).decode()


def _contains(text: str | None, words: str) -> bool:
    return text is not None and words in text.casefold()


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another process holds the file."""
    return _code(error) == sqlite3.SQLITE_BUSY


def _code(error: BaseException) -> int:
    return int(getattr(error, "sqlite_errorcode", None) or 0) & 0xFF  # without what SQLite adds to say more


@contextmanager
def guarded(path: Path) -> Iterator[None]:
    """What SQLite or the disk refuse is a dead world, said with the way out."""
    try:
        yield
    except (sqlite3.DatabaseError, OSError) as error:
        raise DeadWorld(_refused(path, error)) from error


def _refused(path: Path, error: Exception) -> str:
    if _code(error) in DAMAGED:
        return (
            f"{path} is damaged. Save what can be read of it with 'python -m factory.llm.rebuild {path}', then run the "
            "same command again: only answers that are lost are asked and paid again."
        )
    if _code(error) == sqlite3.SQLITE_FULL:
        return f"No room to write {path}. What was answered before is safe. Make room, then run the same command again."
    if is_busy(error):  # type: ignore[arg-type] # only SQLite's errors have its codes
        return f"{path} is held by another process. End that one, then run the same command again."
    why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else type(error).__name__
    return (
        f"{path} cannot be read or written ({getattr(error, 'sqlite_errorname', why)}). What was answered before is "
        "safe. Mend that, then run the same command again."
    )
