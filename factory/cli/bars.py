"""Progress for people: a bar a stage on a terminal, a line a stage elsewhere; all on stderr."""

import contextlib
import sys
from typing import Any

from factory.progress import Progress


class Bars(Progress):
    """Draws what the core says of its work."""

    def __init__(self) -> None:
        self._tty = sys.stderr.isatty()
        self._bar: Any = None
        self._task: Any = None

    def start(self, stage: str, total: int | None = None) -> None:
        """A bar begins."""
        self.close()
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
        """The bar moves."""
        if self._bar is not None:
            self._bar.advance(self._task, items)

    def note(self, text: str) -> None:
        """It stands right of the bar."""
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
