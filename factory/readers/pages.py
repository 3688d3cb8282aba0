"""The pages of a scanned file as they are read: counted for who waits, and kept for who is stopped in the middle.

A page takes seconds and a book an hour. Each page is a line of JSON in a file of its own, written as soon as it was
read; a line that was cut short is none. The file goes when the document stands elsewhere.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


class Pages:
    """The pages of one file. Without `kept` nothing is kept; `tell` is called with a number and how many there are."""

    def __init__(self, kept: Path | None = None, tell: Callable[[int, int], None] = lambda number, of: None) -> None:
        self.tell = tell
        self._kept = kept
        self._texts: dict[int, str] = {}
        for line in kept.read_bytes().splitlines() if kept is not None and kept.is_file() else ():
            with suppress(ValueError, KeyError, TypeError):
                its = json.loads(line)
                self._texts[int(its["page"])] = str(its["text"])

    def seen(self, number: int) -> str | None:
        """What was read on a page before; None where it was not."""
        return self._texts.get(number)

    def note(self, number: int, text: str) -> None:
        """A page was read."""
        if self._kept is None:
            return
        from factory import tables  # of scans alone: text files load no Arrow

        with tables.writing(self._kept):
            self._kept.parent.mkdir(parents=True, exist_ok=True)
            with self._kept.open("a", encoding="ascii") as file:  # a new line first: the one before may be cut
                file.write("\n" + json.dumps({"page": number, "text": text}))
