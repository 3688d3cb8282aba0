"""One call of a model: found in the journal, or admitted, sent, written down, and only then handed out.

What all calls of one model share stands here once: the journal, the spend, the pool, and the calls in flight.
"""

import asyncio
import secrets
import time
from collections.abc import Coroutine
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from factory.errors import BadItem, DeadWorld, FactoryError, WrongRequest
from factory.llm import replies
from factory.llm.entries import Call, Stored
from factory.llm.journal import Journal
from factory.llm.request import Request
from factory.llm.spend import Spend, is_free

if TYPE_CHECKING:
    from factory.llm.pool import Answer, Pool, Tried
    from factory.llm.settings import Model

BYTES_A_TOKEN = 3  # few tokens are shorter: what rate limits are told before the server has counted
_TRIES: ContextVar["_Tries"] = ContextVar("the tries of the call that this task makes")


class Posting(Protocol):
    """What a call is sent through: a pool of servers, or what stands for one."""

    async def post(self, request: Request, *, tokens: int) -> "Answer":
        """One chat completion. Raises BadItem where there is none, DeadWorld where there will be none."""


class Servers:
    """A pool of servers, which is sent bodies."""

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool

    def post(self, request: Request, *, tokens: int) -> "Coroutine[Any, Any, Answer]":
        """The pool's own."""
        return self._pool.post(request.body, tokens=tokens)

    def stop(self, why: str) -> None:
        """The pool's own."""
        self._pool.stop(why)


@dataclass
class Stats:
    """What one model was asked so far, for the progress bar. `spent` is in the currency, earlier starts included."""

    calls: int = 0  # that were answered
    from_journal: int = 0
    failed: int = 0
    in_flight: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    estimated: bool = False  # a server did not count its tokens
    spent: float = 0.0


class NoRoom(Exception):
    """Leaves the pool after a lost try: the next one does not fit below the cap until others have ended."""


@dataclass
class _Tries:
    """The tries of one call as the pool makes them."""

    worst: int  # what one may cost
    sent: int | None = None  # the call's number in the journal, where it costs something
    admitted: bool = False  # `worst` is in flight
    made: int = 0
    lost: int = 0  # spent on tries whose answer never came


class Calls:
    """The calls of one model."""

    def __init__(self, name: str, model: "Model", journal: Journal) -> None:
        self.journal, self.stats = journal, Stats()
        self.spend = Spend(name, model.price, model.max_spend, journal.spent(name) if model.price else 0)
        self.refused_schemas: set[str] = set()  # found out once each: some servers take none, some not every one
        self._name, self._model = name, model
        self._length: int | None = None  # of the vectors of a model that serves embeddings
        # a place is held until the answer is on disk: after a kill no more than these are asked again
        self._places = asyncio.Semaphore(model.in_flight)
        self._in_flight: dict[bytes, asyncio.Future[Stored | FactoryError | None]] = {}

    async def answer(self, request: Request, *, unit: str, method: str, pool: Posting) -> Stored:
        """The answer to a request, from the journal or from a server. Equal requests in flight are sent once."""
        while True:
            stored = self.journal.get(request.key)
            if stored is not None and stored.serves(request.max_tokens):
                self.stats.calls += 1
                self.stats.from_journal += 1
                return stored
            other = self._in_flight.get(request.key)
            if other is None:
                stored = await self._lead(request, unit, method, pool)
                self.stats.calls += 1
                return stored
            outcome = await asyncio.shield(other)
            if isinstance(outcome, FactoryError):
                raise outcome

    def check_length(self, length: int) -> None:
        """Raise DeadWorld for a vector that is longer or shorter than those before it."""
        self._length = self._length or length
        if length != self._length:
            raise DeadWorld(
                f"The model '{self._name}' gave vectors of {self._length} and of {length} numbers: its servers do not "
                "serve one model, or not that of before. Give it another name under 'models:', and all is asked anew."
            )

    async def _lead(self, request: Request, unit: str, method: str, pool: Posting) -> Stored:
        """Ask, and tell those who wait for the same: an answer to be found, an error, or None to try themselves."""
        future = self._in_flight[request.key] = asyncio.get_running_loop().create_future()
        outcome: Stored | FactoryError | None = None
        try:
            async with self._places:
                outcome = await self._ask(request, unit, method, pool)
            return outcome
        except FactoryError as error:
            outcome = error
            raise
        finally:
            del self._in_flight[request.key]
            future.set_result(outcome)

    async def _ask(self, request: Request, unit: str, method: str, pool: Posting) -> Stored:
        """Send it, write down how it ended, and hand it out."""
        if self.spend.cap is not None and request.max_tokens is None:
            raise WrongRequest(f"The model '{self._name}' has max_spend, so each call needs max_tokens.")
        tries = _Tries(self.spend.worst(request.body, request.max_tokens))
        who = (request.key, unit, method, self._name, request.take, request.sample, request.max_tokens)
        began = time.monotonic()
        self.stats.in_flight += 1
        try:
            answer = await self._send(request, tries, pool)
        except BadItem as error:
            seconds = time.monotonic() - began
            failed = Call(*who, reason=error.reason, spent=tries.lost, tries=tries.made, seconds=seconds)
            await self.journal.put(failed, request.body, sent=tries.sent)
            raise
        finally:
            self.stats.in_flight -= 1
        said = replies.read(answer.json, request.body)
        cost = self._settle(said, request, tries)
        call = Call(*who, *said, tries.lost + cost, answer.server, max(tries.made, answer.tries), answer.seconds)
        await self.journal.put(call, request.body, sent=tries.sent)
        return Stored(said.text, said.thinking, said.finish, request.max_tokens, said.tokens_in, said.tokens_out)

    def _settle(self, said: replies.Said, request: Request, tries: _Tries) -> int:
        """Count what an answer cost: in full where its server did not count and there is a limit."""
        unknown = said.estimated and request.max_tokens is not None
        cost = tries.worst if unknown else self.spend.cost(said.tokens_in, said.tokens_out)
        self.spend.settle(tries.worst, cost)
        self.stats.tokens_in += said.tokens_in
        self.stats.tokens_out += said.tokens_out
        self.stats.estimated |= said.estimated
        return cost

    async def _send(self, request: Request, tries: _Tries, pool: Posting) -> "Answer":
        """Post below the cap. Whatever ends it, nothing stays in flight but the try of an answer that is returned."""
        await self._admit(tries)
        token = _TRIES.set(tries)
        try:
            while True:
                try:
                    tokens = len(request.body) // BYTES_A_TOKEN + (request.max_tokens or 0)
                    return await pool.post(request, tokens=tokens)
                except NoRoom:
                    await self.spend.admit(tries.worst, first=True)
                    tries.admitted = True
                    self._note_sent(tries)
        except BadItem:
            self._take_back(tries)
            raise
        except BaseException:
            self._take_back(tries)
            self._note_sent(tries)
            raise
        finally:
            _TRIES.reset(token)

    async def _admit(self, tries: _Tries) -> None:
        """Wait for room below the cap, and have it on disk that this may be spent: also for a cap that comes later."""
        await self.spend.admit(tries.worst)
        tries.admitted = True
        if not tries.worst or self._model.batch is not None:  # a batch that is out counts once it is answered
            return
        tries.sent = secrets.randbits(62)
        try:
            await self.journal.sending(tries.sent, self._name, tries.worst)
        except BaseException:
            self._take_back(tries)
            self.journal.over(tries.sent)
            raise

    def tried(self, tried: "Tried") -> None:
        """What the pool tells of each try, in the task that makes the call. Raises NoRoom where the next must wait."""
        tries = _TRIES.get()
        tries.made += 1
        if tried.fault is None or is_free(tried.status, tried.fault):
            return
        tries.lost += tries.worst  # it may have been answered, and paid for
        again = tried.fault != "cancelled"
        tries.admitted = self.spend.lose(tries.worst, again=again)
        if again and not tries.admitted:
            raise NoRoom
        self._note_sent(tries)

    def _note_sent(self, tries: _Tries) -> None:
        """Have it on disk before anything else is sent what this call may have cost so far."""
        spent = tries.lost + tries.worst * tries.admitted
        if tries.sent is not None and spent:
            self.journal.sending_again(tries.sent, self._name, spent)
        elif tries.sent is not None:
            self.journal.over(tries.sent)

    def _take_back(self, tries: _Tries) -> None:
        """No try is under way any more: what was admitted for one is free again."""
        self.spend.release(tries.worst * tries.admitted)
        tries.admitted = False
