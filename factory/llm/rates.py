"""How fast to ask: a window a server that follows what the server can do, rests that hold for all, ceilings a minute.

Nothing here waits or reads a clock: every method is told the time (seconds of a monotonic clock), so that the same code
runs under a simulated clock in the tests.

The window of a server is how many requests may be in flight there. It grows by one an answer until it was too large
(slow start), from there by a step that doubles with each clean round. A refusal (429, 503, 529, a timeout) takes its
own slot away at once: nothing new is sent because of a refusal. A round with many refusals, or with twice the latency
and no more throughput, ends the fast growth (AIMD; Chiu and Jain 1989). Where a smaller window changed nothing, the
window was not the cause, and it is given back: refusals that come at random would otherwise close it for good.

A rest is for all requests of a server: when refusals are the rule (many in a row, and nothing sent later was answered),
for as long as Retry-After says; when a server says that nothing remains; when it cannot be reached. After a rest the
window opens over one second, not at once.
"""

import math
import random
from typing import NamedTuple

START = 64  # in flight before anything is known: two rounds of answers from there to 256
ROUND = 32  # answers at least on which a round is judged
IN_A_ROW = 5  # refusals after which a server rests, if they are half of what was sent since the first of them
NOISE = 0.03  # share of refusals that is nothing
RAMP_S = 1.0  # a window opens over this time after a rest
LONGEST_PAUSE_S = 30.0  # where a server does not say how long
LONGEST_BACKOFF_S = 4.0  # of one request


class Sent(NamedTuple):
    """When a request went out, and as which of its server."""

    at: float
    nth: int


class Window:
    """How many requests may be in flight at one server, at most `ceiling`."""

    def __init__(self, ceiling: int, *, rng: random.Random | None = None) -> None:
        self.ceiling = ceiling
        self.limit = float(min(START, ceiling))
        self.in_flight = 0
        self.rest_until = -math.inf
        self._rng = rng or random.Random()  # noqa: S311  # jitter, no secret
        self._fast_below = float(ceiling)  # below it the window grows by one an answer
        self._step = 1.0  # above it, by this much a round
        self._sends = 0
        self._answered_last = 0  # the latest request that was answered
        self._in_a_row = self._rests = 0
        self._row_began = 0  # the first of the refusals in a row
        self._usual_share = 0.0  # of refusals that a smaller window did not change
        self._usual_seconds = self._usual_rate = 0.0
        self._blamed: tuple[float, float] | None = None  # of the round that was cut: share, seconds
        self._new_round(-math.inf)

    def _new_round(self, now: float) -> None:
        self._began = now
        self._size = max(ROUND, self.limit)
        self._answers = self._refusals = 0
        self._seconds = self._busy = 0.0
        self._opened_with = self.limit

    # --- may something be sent? -------------------------------------------------------------------------------------

    def room(self, now: float) -> bool:
        """Whether one more request may be sent now."""
        if now < self.rest_until:
            return False
        opened = (now - self.rest_until) / RAMP_S
        limit = self.limit if opened >= 1 else self.limit * opened
        return self.in_flight == 0 or self.in_flight + 1 <= limit

    def opens_at(self, now: float) -> float:
        """When to look again where there is no room, if nothing comes back before."""
        if now < self.rest_until:
            return self.rest_until
        return now + RAMP_S / 20 if now - self.rest_until < RAMP_S else math.inf

    def send(self, now: float) -> Sent:
        """Note that a request goes out."""
        self._sends += 1
        return Sent(now, self._sends)

    # --- what came back ---------------------------------------------------------------------------------------------

    def answered(self, now: float, sent: Sent) -> None:
        """An answer to what was sent then."""
        if sent.nth > self._row_began:  # what was sent before the first refusal says nothing of it
            self._in_a_row = self._rests = 0
        self._answered_last = max(self._answered_last, sent.nth)
        if self.limit < self._fast_below:
            self.limit = min(self.limit + 1, self.ceiling)
        else:
            self.limit = min(self.limit + self._step / self._size, self.ceiling)
        if sent.at >= self._began:
            self._answers += 1
            self._seconds += now - sent.at
            self._busy += self.in_flight
            if self._answers + self._refusals >= self._size:
                self._judge(now)

    def overtaken(self, sent: Sent) -> bool:
        """Whether something that was sent later has been answered."""
        return sent.nth < self._answered_last

    def refused(self, now: float, sent: Sent, wait: float | None = None) -> None:
        """A refusal; `wait` is what Retry-After said, in seconds."""
        if sent.at < self.rest_until:  # sent before the rest began: it says nothing new
            return
        if not self.overtaken(sent):
            self._row_began = min(self._row_began, sent.nth) if self._in_a_row else sent.nth
            self._in_a_row += 1
        often = self._in_a_row >= IN_A_ROW and 2 * self._in_a_row > self._sends - self._row_began
        if often or not self._answered_last:  # before any answer one is enough
            self._pause(now, wait)
        else:
            self.timed_out(now, sent)

    def timed_out(self, now: float, sent: Sent) -> None:
        """No answer in time: for the window a refusal, but no ground to rest."""
        self.limit = max(1.0, self.limit - 1)
        if sent.at >= self._began:
            self._refusals += 1
            if self._answers + self._refusals >= self._size:
                self._judge(now)

    def _pause(self, now: float, wait: float | None) -> None:
        if wait is None:
            wait = min(LONGEST_PAUSE_S, 0.5 * 2**self._rests)
        before = max(self.limit, self._opened_with)
        self._rests += 1
        self._in_a_row = 0
        self.limit, self._fast_below = max(1.0, before / 2), max(1.0, 0.75 * before)
        self._step = max(1.0, before / 16)
        self.rest(now, wait)

    def rest(self, now: float, seconds: float) -> None:
        """Send nothing for so long, and up to a tenth longer: many clients wait for the same moment."""
        self.rest_until = max(self.rest_until, now + seconds * (1 + 0.1 * self._rng.random()))
        self._new_round(self.rest_until)

    # --- one round of answers ---------------------------------------------------------------------------------------

    def _judge(self, now: float) -> None:
        """Close a round: was the window too large, and did a smaller one help?"""
        share = self._refusals / (self._answers + self._refusals)
        seconds = self._seconds / self._answers if self._answers else math.inf
        rate = self._busy / self._answers / seconds if self._answers and seconds > 0 else math.inf
        if self._blamed is not None:
            self._see_whether_it_helped(share, seconds, *self._blamed)
            self._blamed = None
        if share > 2 * self._usual_share + NOISE or self._only_queues(seconds, rate):
            self._blamed = (share, seconds)
            could = 0.8 * self._opened_with  # slow, and nothing was refused
            if share > NOISE:  # in fast growth what was answered made up for what was refused
                could = self.limit if self.limit > self._fast_below else self._opened_with * (1 - share)
            self.limit = max(1.0, min(self.limit, could))
            # from there on what refusals take comes back slowly
            self._fast_below = min(0.95 * self.limit, self.limit - 1)
            self._step = max(1.0, self.limit / 32)
        else:
            self._step = min(2 * self._step, self.ceiling)
            self._usual_share = min(self._usual_share, (self._usual_share + share) / 2)
            if not self._usual_seconds or seconds < self._usual_seconds:
                self._usual_seconds, self._usual_rate = seconds, rate
        self._new_round(now)

    def _only_queues(self, seconds: float, rate: float) -> bool:
        """Whether answers take twice as long as they did and no more of them come."""
        return bool(self._usual_seconds) and seconds > 2 * self._usual_seconds and rate < 1.2 * self._usual_rate

    def _see_whether_it_helped(self, share: float, seconds: float, before: float, took: float) -> None:
        """Where less in flight changed nothing, take what was measured for usual and give the whole window back.

        The whole: cuts before this one may have seemed to help by chance, as rounds of few answers make it look.
        """
        if (before > NOISE and share > 0.6 * before) or (before <= NOISE and seconds > 0.9 * took):
            self._usual_share = max(self._usual_share, (before + share) / 2)
            self._usual_seconds = 0.0  # measured anew
            self._fast_below = float(self.ceiling)


class Ceiling:
    """At most `per_minute` of something in any minute; a tenth of it may go at once.

    One item that is larger than that tenth goes alone, when the tenth has filled up.
    """

    def __init__(self, per_minute: int) -> None:
        self._most = max(1.0, per_minute / 10)
        self._rate = (per_minute - self._most + (1 if self._most == 1 else 0)) / 60
        self._level, self._at = self._most, -math.inf

    def _fill(self, now: float) -> float:
        if self._at == -math.inf:
            self._at = now
        self._level = min(self._most, self._level + (now - self._at) * self._rate)
        self._at = now
        return self._level

    def room_at(self, now: float, size: float = 1) -> float:
        """When an item of this size may go: now or later."""
        missing = min(size, self._most) - self._fill(now)
        return now if missing <= 1e-9 else now + float(missing / self._rate)

    def take(self, now: float, size: float = 1) -> None:
        """One item goes."""
        self._fill(now)
        self._level -= size


def backoff(tries: int, rng: random.Random) -> float:
    """Seconds before a request is tried again that failed so often: 0.15, doubling, half of it drawn."""
    return min(LONGEST_BACKOFF_S, 0.15 * 2.0 ** (tries - 1)) * (0.5 + rng.random())
