"""A row of a dataset as the shapes look at it: columns by plain names, their values by type, or why they are not.

Names are compared without case, blanks and dashes: `Best Answer` is `best_answer`. A mapping gives a column the name of
a field (`{"instruction": "task.question"}`: a dot goes into a nested object).
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

from factory.shapes.pieces import Path, Piece, made_up, piece

Field = Literal[  # what a column may be mapped to
    "text", "label", "messages", "conversations", "tools", "system", "history", "instruction", "input", "output",
    "prompt", "completion", "response", "question", "context", "answer", "choices", "chosen", "rejected",
    "completions", "ranks", "scores", "winner", "winner_from_0", "winner_from_1", "kto_tag",
    "rating", "edit", "rater",
]  # fmt: skip
FIELDS: tuple[str, ...] = get_args(Field)
JSON_COLUMNS = {  # which a CSV holds as JSON
    "messages", "conversations", "conversation", "chosen", "rejected", "prompt", "completion", "completions",
    "choices", "history", "ranks", "scores", "answers", "replies", "responses",
}  # fmt: skip
_UNSAID = re.compile(r"[\s\-.]+")
_KINDS = {bool: "true or false", int: "number", float: "number", str: "text", list: "list", dict: "object"}


class NotThis(Exception):
    """A row is not of the shape that was tried; the message says what is missing. It quotes no value."""


def plain(name: str) -> str:
    """A column's name without case, blanks and dashes."""
    return _UNSAID.sub("_", name.strip().lower())


def kind_of(value: Any) -> str:
    """What a message calls the type of a value."""
    return "null" if value is None else _KINDS.get(type(value), type(value).__name__)


class Names:
    """Which column each plain name stands for; the same for all rows with the same columns."""

    def __init__(self, mapping: Mapping[str, str]) -> None:
        self._mapping = dict(mapping)
        self._known: dict[tuple[str, ...], dict[str, Path]] = {}

    def of(self, row: Mapping[str, Any]) -> dict[str, Path]:
        """The paths of a row's columns by plain name; mapped ones by the name of their field alone."""
        columns = tuple(row)
        if columns not in self._known:
            if len(self._known) > 1000:  # rows that all have other columns
                self._known.clear()
            self._known[columns] = self._named(row)
        return self._known[columns]

    def _named(self, row: Mapping[str, Any]) -> dict[str, Path]:
        paths = {field: resolved(row, column) for field, column in self._mapping.items()}
        taken = {path for path in paths.values() if path is not None}
        found: dict[str, Path] = {}
        for name in row:
            if (name,) not in taken:
                found.setdefault(plain(name), (name,))
        return found | {field: path for field, path in paths.items() if path is not None}


def resolved(row: Mapping[str, Any], column: str) -> Path | None:
    """The path of a column, which may have dots in its name or name a place in a nested object; None: not there."""
    if column in row:
        return (column,)
    at: Any = row
    steps = column.split(".")
    for step in steps:
        if not isinstance(at, Mapping) or step not in at:
            return None
        at = at[step]
    return tuple(steps)


class Cells:
    """One row. What is asked for and not there, or of another type, raises NotThis."""

    __slots__ = ("_class_names", "_names", "row", "used")

    def __init__(
        self, row: Mapping[str, Any], names: Mapping[str, Path], class_names: Mapping[str, list[str]] | None = None
    ) -> None:
        self.row, self._names, self._class_names = row, names, class_names or {}
        self.used: set[str] = set()

    def path(self, name: str) -> Path:
        """Where a column stands."""
        if name not in self._names:
            raise NotThis(f"there is no column '{name}'")
        return self._names[name]

    def value(self, name: str) -> Any:
        """A column's value; None where it is null or not there. Lists that came as JSON text are opened."""
        if name in self._names:
            self.used.add(str(self._names[name][0]))
        return self._at(name)

    def _at(self, name: str) -> Any:
        path = self._names.get(name)
        if path is None:
            return None
        at: Any = self.row[path[0]]  # type: ignore[index] # the first step is a name
        if len(path) > 1:
            for step in path[1:]:
                at = at.get(step) if isinstance(at, Mapping) else None
        return _opened(at) if name in JSON_COLUMNS and isinstance(at, str) and at[:1] in ("[", "{") else at

    def has(self, *names: str) -> bool:
        """Whether all these columns are there and not null."""
        for name in names:  # noqa: SIM110 # asked some ten times a row, and a generator costs more than the answer
            if self._at(name) is None:
                return False
        return True

    def there(self, name: str) -> bool:
        """Whether there is such a column, be it null."""
        return name in self._names

    def peek(self, name: str) -> Any:
        """A column's value, without its being read."""
        return self._at(name)

    def names(self) -> Iterable[str]:
        """The plain names of all columns."""
        return self._names

    def first(self, names: Iterable[str]) -> str | None:
        """The first of these columns that is there and not null."""
        known = self._names
        for name in names:
            if name in known and self._at(name) is not None:
                return name
        return None

    def text(self, name: str) -> Piece:
        """A column's text; a number as its digits."""
        path, value = self.path(name), self.value(name)
        if isinstance(value, str):
            return piece(value, path)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return made_up(json.dumps(value))
        raise NotThis(f"'{path[-1]}' holds {kind_of(value)}, not text")

    def class_name(self, name: str) -> Piece:
        """A column's label in words: the name of its class where the file has names, else the value itself."""
        path, value = self.path(name), self.value(name)
        names = self._class_names.get(str(path[-1]))
        if names and isinstance(value, int) and 0 <= value < len(names):
            return made_up(names[value])
        if isinstance(value, str):
            return piece(value, path)
        if isinstance(value, bool | int):
            return made_up(json.dumps(value))
        raise NotThis(f"'{path[-1]}' holds {kind_of(value)}, not a label")


def _opened(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
