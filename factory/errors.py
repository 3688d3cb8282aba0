"""Everything that can go wrong, on one screen.

    FactoryError
    ├── WrongRequest   a name, an option, a file the user must change: stops before any work, exit 2 (one below)
    ├── CheckFailed    a check the user asked for does not hold: exit 1
    ├── DeadWorld      a disk, a lock, an endpoint that is gone: stops clean, resumable, exit 3 (two below)
    └── BadItem        one file, line, row or reply: becomes a rejection with its reason; the run goes on

No message holds a key, a header, a URL query or text of a document: it names the place, and what to do next.
"""

import difflib
from collections.abc import Iterable
from pathlib import PurePath


class FactoryError(Exception):
    """The root. `exit_code` is what the command line ends with."""

    exit_code = 2


class WrongRequest(FactoryError):
    """Something the user named or wrote is not right; nothing was done."""

    exit_code = 2


class TextDropped(WrongRequest):
    """The text of a run's documents was dropped, and this needs it; the pipeline then reads the sources again."""


class CheckFailed(FactoryError):
    """A check that the user asked for does not hold."""

    exit_code = 1


class DeadWorld(FactoryError):
    """The world around the run is gone; what is done is safe, and the same command goes on."""

    exit_code = 3


class SpendCapReached(DeadWorld):
    """A model's `max_spend` does not allow the next call. Raised before the call; what was paid is in the journal."""


class Waiting(DeadWorld):
    """An answer is not there yet: its request lies in a batch file. What else can be asked is asked before the end."""


class BadItem(FactoryError):
    """One item cannot be used.

    `reason` is dotted and never renamed (`ingest.corrupt_pdf`), `place` says where (`faq.jsonl:1407`), `detail` says
    in a sentence what is wrong and what to do. Neither holds text of the item.
    """

    def __init__(self, reason: str, detail: str, *, place: str = "") -> None:
        super().__init__(f"{place}: {detail} Rejected as {reason}." if place else f"{detail} Rejected as {reason}.")
        self.reason = reason
        self.detail = detail
        self.place = place


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """' Did you mean 'x'?' for the nearest of `known`, or '' where none is near."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f" Did you mean '{near[0]}'?" if near else ""


def where(error: BaseException) -> str:
    """`KeyError at qa.py:41`: type and place of an error. Never its message, which may quote a document."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    place = f" at {PurePath(last.tb_frame.f_code.co_filename).name}:{last.tb_lineno}" if last else ""
    return f"{type(error).__name__}{place}"
