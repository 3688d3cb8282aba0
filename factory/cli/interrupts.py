"""Ctrl-C, SIGTERM, and time that is over: the work ends at once, where the same command can go on with it."""

import re
import signal
import sys
from types import FrameType
from typing import Any

PART = re.compile(r"(\d+(?:\.\d+)?)([dhms])")
SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
MOST_S = 100 * 86_400  # timers hold no more on every system, and nobody means it


class Interrupted(SystemExit):
    """Somebody asked the command to end. A SystemExit, for typer makes its own of a KeyboardInterrupt."""


class Interrupts:
    """Handles both signals from `install` on."""

    def __init__(self) -> None:
        self._cancelled: Any = None
        self.time_is_over = False  # what ended it was the clock of `stop_after`

    def install(self) -> None:
        """From now on a signal ends what is under way."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
            signal.signal(number, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        """Raise; or, in an event loop, cancel its tasks: an error in the midst of it would leave them half-made."""
        self.time_is_over = number == signal.SIGALRM
        asyncio = sys.modules.get("asyncio")  # not imported for this: only who runs a loop needs it
        running = getattr(asyncio, "_get_running_loop", None)  # nor is it whole while it is being imported
        loop = running() if running else None
        if asyncio is None or loop is None or loop is self._cancelled:  # a second Ctrl-C does not wait
            raise Interrupted
        self._cancelled = loop
        loop.call_soon_threadsafe(_cancel, asyncio.all_tasks(loop))


def seconds(duration: str) -> float:
    """`3h`, `90m`, `1h30m`, `45s` in seconds. Raises ValueError for what is none, or nothing."""
    parts = PART.findall(duration)
    if not parts or "".join(number + unit for number, unit in parts) != duration:
        raise ValueError(duration)
    total = sum(float(number) * SECONDS[unit] for number, unit in parts)
    if not 0 < total < MOST_S:
        raise ValueError(duration)
    return total


def stop_after(seconds_left: float) -> None:
    """From now on the clock runs: what is still under way then ends as by Ctrl-C, with another exit code."""
    signal.setitimer(signal.ITIMER_REAL, seconds_left)


def _cancel(tasks: Any) -> None:
    for task in tasks:
        task.cancel()


def is_interrupt(error: BaseException) -> bool:
    """Whether this is how an interrupt arrives: from `Interrupts`, or out of a cancelled event loop."""
    return isinstance(error, Interrupted) or type(error).__name__ == "CancelledError"
