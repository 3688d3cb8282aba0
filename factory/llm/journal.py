"""The journal: every answer of a model, in one SQLite file, written before it is used.

Answers that arrive within a few milliseconds are committed together, and only then handed out. A process that is
killed loses nothing that was answered; what was in flight may be asked again. The write-ahead log is not synced at each
commit (`synchronous=NORMAL`): a power cut may lose the answers of the last half minute, never the file. Journals need a
local disk: SQLite's log does not work over network file systems.

    sqlite3 journal.sqlite "select method, finish, tokens_out, text from calls where reason is null limit 5"

`calls` has one row a call that ended, answered (`reason` null) or not; `requests` the bodies of those answered,
compressed by zlib, one for all samples; `sent` what may be spent on calls that were sent at a price and have not ended:
rows that stay there are of processes that were killed, and count as spent. A 2 kB prompt with an answer of 600
characters takes 2.2 kB in all.
"""

import asyncio
import hashlib
import sqlite3
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from factory.errors import DeadWorld
from factory.llm._journal_file import BUSY_S, guarded, is_busy, open_file, packed
from factory.llm.entries import Call, Stored

GROUP_S = 0.005  # how long an answer waits for others to be committed with it: little beside a model's own time
REMEMBERED = 4096  # bodies: the samples of a call end within a short time of each other
PATIENCE_S = 60.0  # how long attempts to write go on; a commit takes another process a millisecond


_COLUMNS = (*Call._fields, "request", "ended")
_REQUEST = "insert into requests (id, body) values (?, ?)"
_CALL = f"insert into calls ({', '.join(_COLUMNS)}) values ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608 # our own names
_SENT = "insert or replace into sent (id, model, spent) values (?, ?, ?)"
_OVER = "delete from sent where id = ?"
_TAKE = "insert into takes values (?, 1) on conflict (unit) do update set take = take + 1"
_STORED = f"select {', '.join(Stored._fields)} from calls where key = ? and reason is null order by id desc limit 1"  # noqa: S608 # our own names


class Journal:
    """The journal of a run, or of whoever asks. For one thread; other processes may use the same file.

    Without a path it is a temporary file that goes with `close`. Raises DeadWorld for a damaged file or a full disk,
    WrongRequest for a file that is no journal.
    """

    def __init__(self, path: str | Path | None = None, *, keep_prompts: bool = True) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="journal-") if path is None else None
        self.path = Path(path or Path(self._temporary.name if self._temporary else "") / "journal.sqlite")
        self._keep_prompts = keep_prompts
        self._ended: list[tuple[Call, bytes]] = []
        self._rows: dict[str, list[tuple[Any, ...]]] = {sql: [] for sql in (_SENT, _OVER, _TAKE)}  # in this order
        self._bodies: dict[bytes, int] = {}  # digest -> id of the bodies written last
        self._waiting: list[asyncio.Future[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None  # the one that will write what waits
        self._busy_since: float | None = None
        with guarded(self.path):
            self._file = open_file(self.path)

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write what waits and close the file; a temporary one goes."""
        try:
            self.flush()
        finally:
            self._file.close()
            if self._temporary:
                self._temporary.cleanup()

    # --- answers

    def get(self, key: bytes) -> Stored | None:
        """The newest answer under a key."""
        with guarded(self.path):
            row = self._file.execute(_STORED, (key,)).fetchone()
        return Stored._make(row) if row else None

    async def put(self, call: Call, body: bytes, *, sent: int | None = None) -> None:
        """Note a call that ended, and that `sent` is over; returns once both are on disk.

        Whoever is cancelled here loses nothing: the rows are written all the same.
        """
        self._ended.append((call, body))
        if sent is not None:
            self._rows[_OVER].append((sent,))
        await self._written()

    async def sending(self, sent: int, model: str, spent: int) -> None:
        """Note under the number `sent` what a call may cost, before it is sent; returns once that is on disk."""
        self._rows[_SENT].append((sent, model, spent))
        await self._written()

    def sending_again(self, sent: int, model: str, spent: int) -> None:
        """The same at once: a try was lost and the next one is about to be sent."""
        self._rows[_SENT].append((sent, model, spent))
        self.flush()

    def over(self, sent: int) -> None:
        """Note that nothing was or will be spent under `sent`."""
        self._rows[_OVER].append((sent,))
        self._write_soon()

    def spent(self, model: str) -> int:
        """Billionths spent on a model so far, with what may have been spent on calls that never ended."""
        sums = "select coalesce(sum(spent), 0) from {} where model = ?"
        with guarded(self.path):
            return sum(self._file.execute(sums.format(table), (model,)).fetchone()[0] for table in ("calls", "sent"))

    # --- writing

    def _written(self) -> "asyncio.Future[None]":
        """Done when all that waits now is on disk."""
        future = self._write_soon().create_future()
        self._waiting.append(future)
        return future

    def _write_soon(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:  # none, or one that ended before it wrote
            self._loop = loop
            loop.call_later(GROUP_S, self._write)
        return loop

    def flush(self) -> None:
        """Write what waits, now. Raises DeadWorld where that cannot be done."""
        given_up = time.monotonic() + PATIENCE_S
        while not self._commit():
            if time.monotonic() > given_up:
                raise self._held()
        self._wake(None)

    def _write(self) -> None:
        """What the loop calls: write what waits, or try again later where another process holds the file."""
        loop, self._loop = self._loop, None
        try:
            if self._commit():
                self._busy_since = None
                self._wake(None)
                return
        except DeadWorld as error:
            self._wake(error)
            return
        self._busy_since = self._busy_since or time.monotonic()
        if time.monotonic() - self._busy_since > PATIENCE_S:
            self._busy_since = None
            self._wake(self._held())
        elif loop is not None:
            self._loop = loop
            loop.call_later(BUSY_S, self._write)

    def _commit(self) -> bool:
        """Write what waits in one transaction; False where another process holds the file."""
        if not self._ended and not any(self._rows.values()):
            return True
        with guarded(self.path):
            try:
                self._file.execute("begin immediate")
            except sqlite3.OperationalError as error:
                if is_busy(error):
                    return False
                raise
            with self._file:  # commits, or rolls back
                new = self._write_ended() if self._ended else {}
                for sql, rows in self._rows.items():
                    if rows:
                        self._file.executemany(sql, rows)
        self._remember(new)
        self._ended.clear()
        for rows in self._rows.values():
            rows.clear()
        return True

    def _write_ended(self) -> dict[bytes, int]:
        """Write the calls that ended, and the bodies of those answered that were not written lately; returns these."""
        [last] = self._file.execute("select coalesce(max(id), 0) from requests").fetchone()
        calls, bodies, new = [], [], dict[bytes, int]()
        now = time.time()
        for call, body in self._ended:
            id_ = None
            if self._keep_prompts and call.reason is None:
                digest = hashlib.blake2b(body, digest_size=16).digest()
                id_ = self._bodies.get(digest) or new.get(digest)
                if id_ is None:
                    id_ = new[digest] = last + len(new) + 1
                    bodies.append((id_, packed(body)))
            calls.append((*call, id_, now))
        self._file.executemany(_REQUEST, bodies)
        self._file.executemany(_CALL, calls)
        return new

    def _remember(self, new: dict[bytes, int]) -> None:
        self._bodies |= new
        if len(self._bodies) > 2 * REMEMBERED:
            self._bodies = dict(list(self._bodies.items())[-REMEMBERED:])

    def _wake(self, error: DeadWorld | None) -> None:
        """Tell those who wait that their rows are on disk, or why not."""
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if future.done():  # its task was cancelled
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(DeadWorld(str(error)))

    def _held(self) -> DeadWorld:
        return DeadWorld(
            f"{self.path} is held by another process for more than {PATIENCE_S:.0f} s. "
            "End that one, then run the same command again."
        )

    # --- takes

    def take(self, unit: str) -> int:
        """Which take of a unit is asked for: 0, and one more each time it was raised."""
        with guarded(self.path):
            row = self._file.execute("select take from takes where unit = ?", (unit,)).fetchone()
        return int(row[0]) if row else 0

    def raise_takes(self, units: Iterable[str]) -> None:
        """From now on these units are asked anew; what they got before stays in the file and is not used."""
        self._rows[_TAKE] += [(unit,) for unit in sorted(set(units))]
        self.flush()

    def takes_digest(self) -> str:
        """A digest of all takes: what generation depends on beside its own options. '' where none was raised."""
        with guarded(self.path):
            takes = self._file.execute("select unit, take from takes order by unit").fetchall()
        return hashlib.blake2b(repr(takes).encode(), digest_size=16).hexdigest() if takes else ""

    def was_cut_below(self, model: str, max_tokens: int) -> bool:
        """Whether an answer of a model was cut by a limit lower than this one."""
        sql = "select 1 from calls where model = ? and finish = 'length' and max_tokens < ? limit 1"
        return any(True for _ in self.select(sql, (model, max_tokens)))

    def pace(self, model: str) -> float | None:
        """Tokens a second of one answer of a model, as its servers gave them so far; None where none did."""
        sql = (
            "select sum(tokens_out) as tokens, sum(seconds) as seconds from calls "
            "where model = ? and reason is null and seconds > 0"
        )
        [row] = self.select(sql, (model,))
        return row["tokens"] / row["seconds"] if row["tokens"] else None

    # --- for people

    def totals(self) -> list[dict[str, Any]]:
        """Per method and model: calls answered and failed, tokens, billionths spent, seconds, tries."""
        sql = (
            "select method, model, count(*) - count(reason) as answered, count(reason) as failed, "
            "sum(tokens_in) as tokens_in, sum(tokens_out) as tokens_out, max(estimated) as estimated, "
            "sum(spent) as spent, sum(seconds) as seconds, sum(tries) as tries "
            "from calls group by method, model order by method, model"
        )
        return list(self.select(sql))

    def select(self, sql: str, values: Iterable[Any] = ()) -> Iterator[dict[str, Any]]:
        """What a query finds; it may use contains(text, folded words) and unpacked(body)."""
        self.flush()
        with guarded(self.path):
            found = self._file.execute(sql, tuple(values))
            names = [column[0] for column in found.description]
            for row in found:
                yield dict(zip(names, row, strict=True))
