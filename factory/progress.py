"""What long work tells a person: the core calls this, the command line draws it."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


class Progress:
    """Says nothing. The command line has one that draws a bar a stage on stderr."""

    def start(self, stage: str, total: int | None = None) -> None:
        """A stage begins; `total` items are to come, None where that is not known."""

    def advance(self, items: int = 1) -> None:
        """So many more items are done."""

    def note(self, text: str) -> None:
        """What stands beside the bar, such as money spent; '' for nothing."""

    def end(self, stage: str, summary: str) -> None:
        """A stage is over, and this is what it gave; others may have run inside it."""

    def say(self, line: str) -> None:
        """One line for a person, outside any stage."""

    def over(self, items: Iterable[T], stage: str, total: int | None = None) -> Iterator[T]:
        """`items`, each counted as it is handed on."""
        self.start(stage, total)
        for item in items:
            yield item
            del item  # it may be large, and the next one is not made yet
            self.advance()
