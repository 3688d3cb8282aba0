"""A file of rows, opened: its shape, seen by looking at the first rows; all its rows, and the ids of what they give."""

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any, NamedTuple

from factory import shapes
from factory.errors import BadItem
from factory.readers.limits import Limits
from factory.readers.rows import read_rows
from factory.shapes import Converter
from factory.stages.sources import File

Numbered = Iterator[tuple[int, dict[str, Any] | BadItem]]


class Where(NamedTuple):
    """A vote's place: which file, which row, which of the row's records."""

    file: str
    number: int
    nth: int = 0
    of: int = 1

    @property
    def id(self) -> str:
        """`row:faq.jsonl:0000017`, which sorts as the file does; of a row that gives several records `….0`, `….1` …"""
        whole = f"row:{self.file}:{self.number:07d}"
        return f"{whole}.{self.nth}" if self.of > 1 else whole


class Looked(NamedTuple):
    """`converter` is None where not one of the first rows could be read; `rows` are then these."""

    converter: Converter | None
    rows: Numbered


def looked_into(file: File) -> Looked:
    """Open a file. Raises BadItem where it holds no rows, UnknownShape where nobody knows what they are."""
    opened = read_rows(file.place, Limits())
    begun = list(islice(opened.rows, shapes.LOOK_AT))
    good = [row for _, row in begun if not isinstance(row, BadItem)]
    if not good:
        return Looked(None, iter(begun))
    among = shapes.FEEDBACK if file.source.as_ == "feedback" else shapes.SHAPES
    converter = shapes.looked_at(
        good, mapping=file.source.map, class_names=opened.class_names, place=file.label, among=among
    )
    return Looked(converter, chain(begun, opened.rows))
