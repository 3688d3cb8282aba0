"""Ctrl-C and SIGTERM: the work ends at once, where the same command can go on with it."""

import signal
import sys
from types import FrameType
from typing import Any


class Interrupted(SystemExit):
    """Somebody asked the command to end. A SystemExit, for typer makes its own of a KeyboardInterrupt."""


class Interrupts:
    """Handles both signals from `install` on."""

    def __init__(self) -> None:
        self._cancelled: Any = None

    def install(self) -> None:
        """From now on a signal ends what is under way."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        """Raise; or, in an event loop, cancel its tasks: an error in the midst of it would leave them half-made."""
        asyncio = sys.modules.get("asyncio")  # not imported for this: only who runs a loop needs it
        loop = asyncio._get_running_loop() if asyncio else None
        if asyncio is None or loop is None or loop is self._cancelled:  # a second Ctrl-C does not wait
            raise Interrupted
        self._cancelled = loop
        loop.call_soon_threadsafe(_cancel, asyncio.all_tasks(loop))


def _cancel(tasks: Any) -> None:
    for task in tasks:
        task.cancel()


def is_interrupt(error: BaseException) -> bool:
    """Whether this is how an interrupt arrives: from `Interrupts`, or out of a cancelled event loop."""
    return isinstance(error, Interrupted) or type(error).__name__ == "CancelledError"
