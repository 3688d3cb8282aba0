"""Whose turn it is: the servers of a pool, their places, and the line of requests that wait for one."""

import asyncio
from collections import deque
from dataclasses import dataclass

from yarl import URL

from factory.errors import DeadWorld
from factory.llm.rates import Ceiling, Sent, Window
from factory.llm.settings import Model
from factory.llm.transport import OVERLOADED, Try

LONGEST_REST_S = 15.0  # of a server that is down
DOWN_AFTER = 12  # faults in a row: two requests that no server can answer do not make one look down
WELL = 0.6  # share of answers: where half of all fails for a while, longer waits outlast it
LATELY = 64  # tries over which it is taken: the six of one request alone do not make a server look unwell
SLOW = frozenset({"timeout.first_byte", "timeout.total"})  # connected, and asked
UNREACHED = ("connect", "timeout.connect")
LATER = frozenset({408, 409, 425, 499}) | OVERLOADED  # refusals that a later try may not meet, besides 5xx


class Server:
    """One server: where it is, its window, its faults in a row, and how often in a row it was found down."""

    __slots__ = ("answers", "down", "faults", "label", "proxy", "reached", "shown", "url", "window")

    def __init__(self, nth: int, url: str, ceiling: int, proxy: str | None) -> None:
        self.url = URL(url, encoded=True)
        self.shown = url.partition("?")[0]
        self.label = f"{nth} {self.url.host}:{self.url.port}"
        self.proxy = proxy
        self.window = Window(ceiling)
        self.faults = self.down = 0
        self.answers = 0.0  # the share of answers in what came lately
        self.reached = False

    @property
    def is_well(self) -> bool:
        """Whether most requests are answered: a fault then says little of the next try."""
        return self.answers >= WELL and not self.down

    def room(self, now: float) -> bool:
        """Whether a request may go there now; where it is down, one at a time."""
        return self.window.room(now) and (not self.down or not self.window.in_flight)

    def learn(self, now: float, sent: Sent, came: Try) -> bool:
        """Take in what came of a try; whether it was an answer, if only a refusal of this one request."""
        status = came.status
        self.reached |= status is not None or came.fault in SLOW
        self.answers += ((came.fault is None) - self.answers) / LATELY
        if came.fault is None or (status is not None and 300 <= status < 500 and status not in LATER):
            self.faults = self.down = 0
            self.window.answered(now, sent)
            return True
        if status in OVERLOADED:
            self.window.refused(now, sent, came.wait)
            self.faults = self.down = 0  # it is up, and busy
        elif not self.window.overtaken(sent):  # what was sent later is no better off
            self.faults += 1
        if came.fault in SLOW:
            self.window.timed_out(now, sent)
        if (came.fault in UNREACHED or self.faults >= DOWN_AFTER) and now >= self.window.rest_until:
            self.down += 1
            self.window.rest(now, min(LONGEST_REST_S, 0.25 * 2**self.down))
        return False


@dataclass(eq=False, slots=True)
class _Waiting:
    """One request in line."""

    turn: "asyncio.Future[Server]"
    tokens: int
    avoid: Server | None


class Places:
    """The places at all servers of a model, at most `in_flight` together, and who waits for one."""

    def __init__(self, model: Model, servers: list[Server]) -> None:
        self.servers = servers
        self.in_flight = 0
        self.dead: str | None = None  # why nothing is sent any more
        self._most = model.in_flight
        self._rpm = Ceiling(model.rpm) if model.rpm else None
        self._tpm = Ceiling(model.tpm) if model.tpm else None
        self._line: deque[_Waiting] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    async def turn(self, tokens: int, avoid: Server | None) -> Server:
        """Wait for a place at a server. What was tried before goes first in line."""
        if self.dead is not None:
            raise DeadWorld(self.dead)
        if not self._line:
            server = self._place(tokens, avoid)
            if server is not None:
                return server
        waiting = _Waiting(self._loop.create_future(), tokens, avoid)
        (self._line.append if avoid is None else self._line.appendleft)(waiting)
        if self._line[0] is waiting:
            self._move()
        try:
            return await waiting.turn
        except asyncio.CancelledError:
            turn = waiting.turn
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.give_back(turn.result())  # the place came in the same moment
            raise

    def _place(self, tokens: int, avoid: Server | None) -> Server | None:
        """Take a place at the least loaded server that has room, at another than `avoid` if one has."""
        if self.in_flight >= self._most:
            return None
        now = self._loop.time()
        best, least = None, 0.0
        for server in self.servers:
            if server.room(now):
                load = server.window.in_flight / server.window.limit + (2.0 if server is avoid else 0.0)
                if best is None or load < least:
                    best, least = server, load
        if best is None or self._ceilings_open(now, tokens) > now:
            return None
        if self._rpm is not None:
            self._rpm.take(now)
        if self._tpm is not None:
            self._tpm.take(now, tokens)
        best.window.in_flight += 1
        self.in_flight += 1
        return best

    def _ceilings_open(self, now: float, tokens: int) -> float:
        """When the ceilings a minute let a request pass: now or later."""
        requests = self._rpm.room_at(now) if self._rpm is not None else now
        return max(requests, self._tpm.room_at(now, tokens)) if self._tpm is not None else requests

    def give_back(self, server: Server) -> None:
        """A place is free again."""
        server.window.in_flight -= 1
        self.in_flight -= 1
        if self._line:
            self._move()

    def _move(self) -> None:
        """Let go who can go, from the head of the line; where time alone opens a place, look again then."""
        while self._line:
            first = self._line[0]
            server = None if first.turn.done() else self._place(first.tokens, first.avoid)
            if server is None and not first.turn.done():
                self._look_again(first.tokens)
                return
            self._line.popleft()
            if server is not None:
                first.turn.set_result(server)

    def _look_again(self, tokens: int) -> None:
        now = self._loop.time()
        opens = min(now if server.room(now) else server.window.opens_at(now) for server in self.servers)
        at = max(opens, self._ceilings_open(now, tokens), now + 0.001)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.in_flight < self._most and at < float("inf"):
            self._timer = self._loop.call_at(at, self._move)

    def close(self, why: str) -> None:
        """From now on every request ends with this."""
        self.dead = self.dead or why
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._line:
            waiting = self._line.popleft()
            if not waiting.turn.done():
                waiting.turn.set_exception(DeadWorld(self.dead))
