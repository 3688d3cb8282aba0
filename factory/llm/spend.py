"""Money: a hard cap over all calls of one model, also over several starts of a run.

A call's worst case is the bytes of its body at the input price and its `max_tokens` at the output price; it is sent
only when that fits below the cap together with all that was spent and all that is in flight. Calls are admitted in the
order in which they came: one that does not fit waits for those in flight, which mostly cost less than their worst
case, and where none is left the cap is reached. Holds on servers that honour `max_tokens`. Amounts are whole billionths
of the currency, rounded up.
"""

import asyncio
import hashlib
import math
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from factory.errors import DeadWorld, SpendCapReached
from factory.llm._journal_file import guarded
from factory.llm.settings import Price

if TYPE_CHECKING:
    from factory.llm.journal import Journal

UNIT = 1_000_000_000  # parts of the currency
FREE_FAULTS = ("connect", "timeout.connect", "certificate")  # nothing was sent
FREE_5XX = {
    500,
    503,
    529,
}  # the server's own refusal; 502 and 504 are a gateway's, behind which a model may have worked


def is_free(status: int | None, fault: str | None) -> bool:
    """Whether a try without an answer cost nothing: nothing was sent, or the server itself refused it."""
    if status is None or fault in FREE_FAULTS:
        return fault in FREE_FAULTS
    return 400 <= status < 500 or status in FREE_5XX


@contextmanager
def account(journal: "Journal", name: str, *, capped: bool) -> Iterator[None]:
    """Spend on a model from this journal: under a cap as the only one, since what another spends would not be counted.

    Raises DeadWorld where others spend, in this process or in another. A process that is killed lets go.
    """
    from filelock import ReadWriteLock, Timeout

    file = f"{journal.path.name}.{hashlib.blake2b(name.encode(), digest_size=4).hexdigest()}.lock"
    with guarded(journal.path):
        lock = ReadWriteLock(journal.path.with_name(file), blocking=False, is_singleton=False)
        try:
            (lock.acquire_write if capped else lock.acquire_read)()
        except Timeout:
            raise DeadWorld(
                f"Another client spends on the model '{name}' from {journal.path}, and one of the two has a max_spend "
                "that the other would pass. Wait for it, then run the same command again; or give each its own journal."
            ) from None
    try:
        yield
    finally:
        lock.close()


class Spend:
    """What was spent on one model, what may be spent on calls in flight, and the cap on both (None: no cap)."""

    def __init__(self, name: str, price: Price | None, max_spend: float | None, spent: int = 0) -> None:
        self._name, self._price = name, price
        self.cap = None if max_spend is None else math.floor(max_spend * UNIT)
        self.spent, self.in_flight = spent, 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._reached: str | None = None

    def worst(self, body: bytes, max_tokens: int | None) -> int:
        """What one try may cost: a token is at least a byte."""
        return self.cost(len(body), max_tokens or 0)

    def cost(self, tokens_in: int, tokens_out: int) -> int:
        """What so many tokens cost."""
        if self._price is None:
            return 0
        per_token = UNIT // 1_000_000  # prices are per million
        return math.ceil((tokens_in * self._price.input + tokens_out * self._price.output) * per_token)

    async def admit(self, worst: int, *, first: bool = False) -> None:
        """Return once `worst` fits; it is in flight from then on. Raises SpendCapReached.

        `first`: before those who wait, for a call that was admitted before them and lost a try.
        """
        if self.fits(worst, first=first):
            return
        future = asyncio.get_running_loop().create_future()
        (self._waiting.appendleft if first else self._waiting.append)((worst, future))
        self._go_on()
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                self.release(worst)  # admitted and cancelled at once
            raise

    def fits(self, worst: int, *, first: bool = False) -> bool:
        """Take `worst` into flight if that may be done at once."""
        if self._reached or (self._waiting and not first) or not self._is_room(worst):
            return False
        self.in_flight += worst
        return True

    def settle(self, worst: int, cost: int) -> None:
        """A try that was admitted is over and cost this."""
        self.in_flight -= worst
        self.spent += cost
        self._go_on()

    def lose(self, worst: int, *, again: bool) -> bool:
        """A try's answer never came: it counts in full. Whether it is made again at once, and is in flight as before.

        Where not, who lost it asks to be admitted first, or calls `release`.
        """
        self.spent += worst
        if again and self._is_room(0):
            return True
        self.in_flight -= worst
        return False

    def release(self, worst: int) -> None:
        """A try that was admitted is not made, or cost nothing."""
        self.settle(worst, 0)

    def _go_on(self) -> None:
        """Admit those who fit, in order; where one does not and nothing is in flight, the cap is reached."""
        while self._waiting:
            worst, future = self._waiting[0]
            if not future.done():  # else its task was cancelled
                if self._reached is None and not self._is_room(worst):
                    if self.in_flight:
                        return
                    self._reached = self._says(worst)
                if self._reached:
                    future.set_exception(SpendCapReached(self._reached))
                else:
                    self.in_flight += worst
                    future.set_result(None)
            self._waiting.popleft()

    def _is_room(self, worst: int) -> bool:
        return self.cap is None or self.spent + self.in_flight + worst <= self.cap

    def _says(self, worst: int) -> str:
        spent, cap, next_ = (f"{amount / UNIT:.6g}" for amount in (self.spent, self.cap or 0, worst))
        return (
            f"max_spend of the model '{self._name}' is reached: {spent} of {cap} is spent, and the next call may cost "
            f"{next_}. All answers are safe. Raise max_spend, then run the same command again."
        )
