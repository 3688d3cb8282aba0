"""A sample of the rows of a source: which of them are read, where the recipe says `sample: N`.

Each row draws a key from the seed and its place, and the N smallest keys stay: a reservoir that does not mind in which
order files and rows come, and that keeps its rows where others are added or taken away.

Costs   one reading of the files more, and about 300 bytes a row of the sample.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from factory import drawing
from factory.errors import BadItem
from factory.readers.limits import Limits
from factory.readers.rows import read_rows
from factory.stages.sources import File


@dataclass(frozen=True)
class Sample:
    """The rows that were drawn, by file and number, of how many there are."""

    rows: dict[str, frozenset[int]]
    files: frozenset[str]  # that hold rows
    size: int
    of: int
    seed: int

    def has(self, file: File, number: int) -> bool:
        """Whether a row was drawn."""
        return number in self.rows.get(file.label, ())

    def as_dict(self) -> dict[str, Any]:
        """For the manifest and the report."""
        return {"rows": self.size, "of": self.of, "seed": self.seed}


def draw(files: Sequence[File], size: int, seed: int) -> Sample:
    """`size` rows of these files, all where there are no more. A file that cannot be opened holds none."""
    held: list[tuple[int, str, int]] = []
    count, files_with_rows = 0, set()
    for label, number in _places(files):
        count += 1
        files_with_rows.add(label)
        entry = (-int.from_bytes(drawing.draw(seed, label, number)), label, number)
        if len(held) < size:
            heapq.heappush(held, entry)
        else:
            heapq.heappushpop(held, entry)  # the largest key goes
    found: dict[str, set[int]] = {}
    for _, label, number in held:
        found.setdefault(label, set()).add(number)
    rows = {label: frozenset(numbers) for label, numbers in found.items()}
    return Sample(rows, frozenset(files_with_rows), len(held), count, seed)


def _places(files: Sequence[File]) -> Iterator[tuple[str, int]]:
    for file in files:
        try:
            for number, _ in read_rows(file.place, Limits()).rows:
                yield file.label, number
        except BadItem:
            continue
