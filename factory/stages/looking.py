"""A file of rows of a source, opened: its shape, seen by looking at the first rows; and the ids of what they give."""

from typing import NamedTuple

from factory import records, shapes
from factory.shapes import Converter, Numbered
from factory.stages.sources import File


class Where(NamedTuple):
    """The place of a record: which file, which row, which of the row's records."""

    file: str
    number: int
    nth: int = 0
    of: int = 1

    @property
    def id(self) -> str:
        """The record's id."""
        return records.row_id(*self)


def looked_into(file: File) -> tuple[Converter | None, Numbered]:
    """Open a file. Raises BadItem where it holds no rows, UnknownShape where nobody knows what they are."""
    among = shapes.FEEDBACK if file.source.as_ == "feedback" else shapes.SHAPES
    return shapes.opened(file.place, mapping=file.source.map, place=file.label, among=among)
