"""Erase calls from a journal, so that no byte of their prompts and answers is left in its file or its log.

What they cost stays on the account of their model: a `max_spend` counts what was paid, whatever is remembered of it.
Costs   the file is written anew once: as much room as it takes, and some seconds a GB.
"""

import json
import secrets
import sqlite3
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from factory.errors import DeadWorld
from factory.llm._journal_file import guarded, open_file


class Asked(NamedTuple):
    """One call as it is looked through: the number of its row, its unit (`passage/method`), and every text in it."""

    id: int
    unit: str
    texts: tuple[str, ...]


def calls(path: Path) -> Iterator[Asked]:
    """Every call of a journal with its texts; none where there is no journal."""
    if not path.exists():
        return
    sql = "select c.id, c.unit, c.text, c.thinking, r.body from calls c left join requests r on r.id = c.request"
    with guarded(path), closing(open_file(path)) as file:
        for id_, unit, text, thinking, body in file.execute(sql):
            asked = list(_strings(json.loads(zlib.decompress(body)))) if body else []
            yield Asked(id_, unit, tuple(filter(None, [text, thinking, *asked])))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)


def units(path: Path) -> set[str]:
    """The units of all calls, `passage/method`."""
    if not path.exists():
        return set()
    with guarded(path), closing(open_file(path)) as file:
        return {unit for (unit,) in file.execute("select distinct unit from calls")}


def erase(path: Path, gone: Callable[[str], bool]) -> int:
    """Erase the calls and takes of the units that are `gone`; returns how many calls they were.

    Raises DeadWorld where another process holds the file, or the disk has no room to write it anew.
    """
    if not path.exists():
        return 0
    with guarded(path), closing(open_file(path)) as file:
        file.execute("pragma secure_delete = on")
        file.execute("begin immediate")
        with file:  # commits, or rolls back
            erased = _delete(file, gone)
        file.execute("vacuum")
        [busy, *_] = file.execute("pragma wal_checkpoint(truncate)").fetchone()
    if busy:
        raise DeadWorld(f"{path} is held by another process. End that one, then run the same command again.")
    return erased


def _delete(file: sqlite3.Connection, gone: Callable[[str], bool]) -> int:
    spent: Counter[str] = Counter()
    ids = []
    for id_, unit, model, cost in file.execute("select id, unit, model, spent from calls"):
        if gone(unit):
            ids.append((id_,))
            spent[model] += cost
    file.executemany("delete from calls where id = ?", ids)
    file.execute("delete from requests where id not in (select request from calls where request is not null)")
    takes = [(unit,) for (unit,) in file.execute("select unit from takes") if gone(unit)]
    file.executemany("delete from takes where unit = ?", takes)
    paid = [(secrets.randbits(62), model, cost) for model, cost in spent.items() if cost]
    file.executemany("insert into sent (id, model, spent) values (?, ?, ?)", paid)
    return len(ids)
