"""The shapes of foreign datasets: found by looking, a row at a time turned into records of ours.

This is the only place that knows them. `looked_at` reads the first rows of a file and says which shape they have;
`Converter.records` turns each row into (kind, columns), or says why it is none of that shape. The texts in these
columns are `Piece`s: they know their place in the row, and `write_back` puts edits of them there.
"""

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any

from factory.errors import BadItem, WrongRequest
from factory.preferences import scored
from factory.readers.limits import Limits
from factory.readers.rows import Numbered, read_rows
from factory.shapes.answers import Made
from factory.shapes.cells import FIELDS, Cells, Names, NotThis, kind_of, resolved
from factory.shapes.known import FEEDBACK, RATED, REVIEWED, SHAPES, Shape, shape_of
from factory.shapes.messages import is_messages
from factory.shapes.pieces import Piece, write_back
from factory.shapes.rankings import numbered_otherwise
from factory.shapes.ratings import rater

__all__ = [
    "FEEDBACK",
    "FIELDS",
    "RATED",
    "REVIEWED",
    "SHAPES",
    "Converter",
    "Made",
    "Numbered",
    "Piece",
    "UnknownShape",
    "looked_at",
    "opened",
    "write_back",
]

LOOK_AT = 200  # rows that decide
NO_ROW = "No row in it could be read. Was it exported whole?"
MAX_NAMES = 30  # columns that a message lists
OWN_IDS = ("id", "_id", "uuid", "guid", "uid", "row_id", "example_id", "sample_id", "prompt_id", "question_id", "qid")


class UnknownShape(WrongRequest):
    """The rows are of no shape that is known; the message lists the columns and says how to name them."""


@dataclass
class Converter:
    """What was found out about one file, and its rows as records."""

    shape: Shape
    columns: list[str]  # that were read, in the file's order
    unused: list[str]
    conversational: bool
    names: Names
    class_names: Mapping[str, list[str]]
    among: Sequence[Shape] = SHAPES  # the shapes that its rows may have
    others: Counter[str] = field(default_factory=Counter)  # rows of other shapes, by the title of theirs
    _free: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self._free = frozenset(self.unused)

    @property
    def words(self) -> str:
        """`Alpaca (instruction, input, output)`."""
        chat = ", conversational" if self.conversational and self.shape.title.startswith("TRL") else ""
        return f"{self.shape.title}{chat} ({', '.join(self.columns)})"

    def records(self, row: Mapping[str, Any]) -> list[Made]:
        """The records of a row. Raises BadItem: ingest.other_shape, ingest.not_of_shape."""
        cells = Cells(row, self.names.of(row), self.class_names)
        try:
            return self.shape.records(cells)
        except NotThis as why:
            other = shape_of(cells, self.among)
            if other is None:
                raise BadItem(
                    "ingest.not_of_shape", f"Not a row of {self.shape.title}: {why}. Correct or remove it."
                ) from None
            self.others[other[0].title] += 1
            raise BadItem(
                "ingest.other_shape",
                f"A row of {other[0].title} in a file of {self.shape.title} ({why}). Put it into a file of its own.",
            ) from None

    def rater(self, row: Mapping[str, Any]) -> str | None:
        """Who said what a row of a feedback log says; None where it does not tell."""
        return rater(Cells(row, self.names.of(row)))

    def own_id(self, row: Mapping[str, Any]) -> str | int | None:
        """What a row itself says is its id: the first column of such a name that the shape does not read as text."""
        names = self.names.of(row)
        columns = [str(names[name][0]) for name in OWN_IDS if name in names]
        found = (row.get(column) for column in columns if column in self._free)
        return next((value for value in found if isinstance(value, str | int) and value != ""), None)

    def scores(self, row: Mapping[str, Any]) -> dict[str, float]:
        """The numbers of a row of pairs that say how good each answer is: columns the shape does not read as text."""
        paths = self.names.of(row).items()
        return scored({name: row.get(str(path[0])) for name, path in paths if str(path[0]) in self._free})


def opened(
    file: Path, *, mapping: Mapping[Any, str] | None = None, place: str, among: Sequence[Shape] = SHAPES
) -> tuple[Converter | None, Numbered]:
    """What the first rows of a file say of its shape, and all its rows with their numbers, each a row or a BadItem.

    None where none of the first rows could be read; then these are all that is given. Raises BadItem for a file that
    holds no rows, and what `looked_at` raises.
    """
    read = read_rows(file, Limits())
    begun = list(islice(read.rows, LOOK_AT))
    good = [row for _, row in begun if not isinstance(row, BadItem)]
    if not good:
        return None, iter(begun)
    converter = looked_at(good, mapping=mapping, class_names=read.class_names, place=place, among=among)
    return converter, chain(begun, read.rows)


def looked_at(
    rows: Sequence[Mapping[str, Any]],
    *,
    mapping: Mapping[Any, str] | None = None,
    class_names: Mapping[str, list[str]] | None = None,
    place: str,
    among: Sequence[Shape] = SHAPES,
) -> Converter:
    """The shape that most of these rows have; `mapping` gives fields their columns, `place` names the file.

    `among` are the shapes that count: all, or FEEDBACK, those of a log of what people said of answers.

    Raises UnknownShape where none is known, WrongRequest for a mapped column that no row has.
    """
    names = Names(mapping or {})
    cells = [Cells(row, names.of(row), class_names) for row in rows]
    _check_mapping(cells, mapping or {}, place)
    found = [shape_of(its, among) for its in cells]
    titles = Counter(its[0].name for its in found if its is not None)
    if not titles:
        raise UnknownShape((_no_feedback if among is FEEDBACK else _unknown)(cells, place))
    name, _ = titles.most_common(1)[0]
    shape = next(shape for shape in among if shape.name == name)
    of_it = [its for its, one in zip(cells, found, strict=True) if one is not None and one[0] is shape]
    if among is FEEDBACK:
        for its in of_it:
            rater(its)  # its column is read too
    read = {column for its in of_it for column in its.used}
    columns = list(dict.fromkeys(str(column) for its in of_it for column in its.row))
    unclear = numbered_otherwise(cells) if shape.name == "comparison" else None
    if unclear is not None:
        raise UnknownShape(_unclear(unclear, place))
    return Converter(
        shape, [column for column in columns if column in read], [column for column in columns if column not in read],
        any(is_messages(its.row.get(column)) for its in of_it[:1] for column in its.used), names,
        class_names or {}, among,
    )  # fmt: skip


def _check_mapping(cells: Sequence[Cells], mapping: Mapping[str, str], place: str) -> None:
    for name, column in mapping.items():
        if not any(resolved(its.row, column) is not None for its in cells):
            raise WrongRequest(f"{place}: no column '{column}' to read as {name}. Columns here: {_columns(cells)}.")


def _unknown(cells: Sequence[Cells], place: str) -> str:
    return (
        f"{place}: the rows are of no shape that is known. Columns: {_columns(cells)}. Say what they are, as in "
        f"{_example(cells)}. Fields: {', '.join(FIELDS)}."
    )


def _example(cells: Sequence[Cells]) -> str:
    """What to type: the fields of the first nested object that has several, else the longest text as one field."""
    nested: dict[str, dict[str, None]] = {}
    for its in cells:
        for name, value in its.row.items():
            for inner, one in value.items() if isinstance(value, Mapping) else ():
                if str(inner).lower() in FIELDS and isinstance(one, str):
                    nested.setdefault(_short(name), {})[str(inner)] = None
    group = next(((name, inner) for name, inner in nested.items() if len(inner) > 1), None)
    if group is None:
        return f"--map '{_longest(cells)}=text', or --map COLUMN=prompt --map COLUMN=completion"
    name, inner = group
    return " ".join(f"--map {shlex.quote(f'{name}.{field}={field.lower()}')}" for field in inner)


def _no_feedback(cells: Sequence[Cells], place: str) -> str:
    return (
        f"{place}: the rows are no feedback that is known. Columns: {_columns(cells)}. Say at the source what they "
        "are, as in 'map: {prompt: COLUMN, completion: COLUMN, rating: COLUMN}'; also edit, rater, chosen, rejected, "
        "completions, ranks, scores, winner."
    )


def _unclear(column: str, place: str) -> str:
    return (
        f"{place}: comparisons of answers 1 and 2, but '{column}' also holds 0, so it cannot be told what 1 means. Say "
        f"which: --map '{column}=winner_from_0' (0 is the first answer, 1 the second, else a tie) or "
        f"--map '{column}=winner_from_1' (1 is the first, 2 the second, else a tie)."
    )


def _columns(cells: Sequence[Cells]) -> str:
    """`a (text), meta.b (number)`: names and types, never values."""
    kinds: dict[str, str] = {}
    for its in cells:
        for name, value in its.row.items():
            nested = value.items() if isinstance(value, Mapping) else ()
            for inner, one in nested:
                kinds.setdefault(f"{_short(name)}.{_short(inner)}", kind_of(one))
            if not nested and kinds.get(_short(name), "null") == "null":
                kinds[_short(name)] = kind_of(value)
    shown = [f"{name} ({kind})" for name, kind in list(kinds.items())[:MAX_NAMES]]
    return ", ".join(shown) + (", …" if len(kinds) > MAX_NAMES else "") or "none"


def _longest(cells: Sequence[Cells]) -> str:
    """The column, or the place in a nested object, with the longest text."""
    lengths = Counter[str]()
    for its in cells:
        for name, value in its.row.items():
            nested = value if isinstance(value, Mapping) else {"": value}
            for inner, one in nested.items():
                lengths[f"{_short(name)}.{_short(inner)}".rstrip(".")] += len(one) if isinstance(one, str) else 0
    return max(lengths, key=lambda name: lengths[name], default="COLUMN")


def _short(name: object) -> str:
    text = str(name)
    return text if len(text) <= 40 else f"{text[:39]}…"
