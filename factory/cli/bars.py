"""Progress for people: a bar a stage on a terminal, a line a stage elsewhere; all on stderr."""

import contextlib
import sys
import time
from typing import Any

from factory.progress import Progress

EVERY_S = 30.0  # between two lines where there is no terminal


class Bars(Progress):
    """Draws what the core says of its work."""

    def __init__(self) -> None:
        self._tty = sys.stderr.isatty()
        self._stage, self._done, self._note = "", 0, ""  # for the lines that stand in for a bar
        self._total: int | None = None
        self._said = time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> "Bars":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, stage: str, total: int | None = None) -> None:
        """A bar begins."""
        self.close()
        self._stage, self._done, self._total, self._note = stage, 0, total, ""
        self._said = time.monotonic()
        if self._tty:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
            from rich.progress import Progress as RichProgress

            columns = (
                TextColumn("{task.description:<17}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.fields[note]}"),
            )
            self._bar = RichProgress(*columns, console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task(stage, total=total, note="")
            self._bar.start()

    def advance(self, items: int = 1) -> None:
        """The bar moves; without a terminal a line every half minute says how far it is."""
        if self._bar is not None:
            self._bar.advance(self._task, items)
        self._done += items
        if not self._tty and time.monotonic() - self._said > EVERY_S:
            self._said = time.monotonic()
            of = f" of {self._total:,}" if self._total else ""
            self.say(f"{self._stage:<17} {self._done:,}{of}{f', {self._note}' if self._note else ''}")

    def note(self, text: str) -> None:
        """It stands right of the bar."""
        self._note = text
        if self._bar is not None:
            self._bar.update(self._task, note=text)

    def end(self, stage: str, summary: str) -> None:
        """The bar gives way to a line."""
        self.close()
        self.say(f"{stage:<17} {summary}")

    def say(self, line: str) -> None:
        """One line."""
        with contextlib.suppress(BrokenPipeError):  # nobody reads any more; the work goes on
            sys.stderr.write(line + "\n")

    def close(self) -> None:
        """No bar is left behind, whatever happened."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
