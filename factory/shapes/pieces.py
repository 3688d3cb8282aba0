"""Text that knows where in a row it was cut from, so that an edit of a record finds its way back into the row.

A converter puts pieces into a record as if they were plain strings. A place in a row is a path of names and numbers:
`("messages", 0, "content")` is the first message's content.
"""

import json
from collections.abc import Iterable, Sequence
from copy import deepcopy
from typing import Any

from factory.edits import EditMap
from factory.readers.reading import storable

Path = tuple[str | int, ...]
Part = tuple[int, Path, int, int]  # where it begins in the piece; the string it is of, where it begins there; length


class Piece(str):
    """A string of a record, the parts of a row's strings that it is made of, and where else in the row it stands."""

    __slots__ = ("also", "parts")
    parts: tuple[Part, ...]
    also: "tuple[Piece, ...]"


def piece(text: str, path: Path) -> Piece:
    """A whole string of a row. What cannot be stored becomes U+FFFD, one for one: offsets stay."""
    made = Piece(storable(text)[0])
    made.parts, made.also = ((0, path, 0, len(made)),), ()
    return made


def cut(whole: Piece, start: int, end: int) -> Piece:
    """`whole[start:end]` of a piece that is one part."""
    made = Piece(whole[start:end])
    [(_, path, first, _)] = whole.parts
    made.parts, made.also = ((0, path, first + start, len(made)),), ()
    return made


def joined(between: str, pieces: Sequence[Piece]) -> Piece:
    """The pieces with `between` between them; what is between is of no row. One piece is itself."""
    if len(pieces) == 1:
        return pieces[0]
    made = Piece(between.join(pieces))
    parts: list[Part] = []
    at = 0
    for one in pieces:
        parts += [(at + start, path, first, length) for start, path, first, length in one.parts]
        at += len(one) + len(between)
    made.parts, made.also = tuple(parts), ()
    return made


def same(text: str, *others: str) -> Piece:
    """A piece that stands in several places of a row, letter for letter: an edit of it is made in all of them."""
    made = Piece(text)
    made.parts = text.parts if isinstance(text, Piece) else ()
    made.also = tuple(its for other in others if isinstance(other, Piece) for its in (other, *other.also))
    return made


def made_up(text: str) -> Piece:
    """Text that no string of the row holds: a number in words, a call as JSON. No edit of it can be written back."""
    made = Piece(storable(text)[0])
    made.parts, made.also = (), ()
    return made


def write_back(row: dict[str, Any], edited: Iterable[tuple[str, EditMap]]) -> dict[str, Any] | None:
    """The row with the edits of some of its pieces put into its own strings; None where one has no place there.

    `edited` are pieces with the edits made in each. A piece that stands in several records may come several times.
    """
    changes: dict[Path, set[tuple[int, int, str]]] = {}
    for text, edits in edited:
        for edit in edits.edits:
            places = (text, *text.also) if isinstance(text, Piece) else ()
            placed = [_place(its, edit.start, edit.end, edit.replacement, changes) for its in places]
            if not placed or not all(placed):
                return None
    made = deepcopy(row)
    packed = {path[0] for path in changes if len(path) > 1 and isinstance(row[str(path[0])], str)}
    for name in packed:  # a list that a CSV holds as JSON
        made[str(name)] = json.loads(made[str(name)])
    try:
        for path, its in changes.items():
            *outer, last = path
            at: Any = made
            for step in outer:
                at = at[step]
            at[last] = _changed(storable(at[last])[0], its)
    except (KeyError, IndexError, TypeError):  # an object of lists that was read as a list of objects
        return None
    for name in packed:
        made[str(name)] = json.dumps(made[str(name)], ensure_ascii=False)
    return made


def _place(text: Piece, start: int, end: int, replacement: str, changes: dict[Path, set[tuple[int, int, str]]]) -> bool:
    """Note an edit of a piece at the strings it touches; the first of several takes the replacement."""
    touched = covered = 0
    for at, path, first, length in text.parts:
        left, right = max(start, at), min(end, at + length)
        if left < right:
            its = changes.setdefault(path, set())
            its.add((first + left - at, first + right - at, "" if touched else replacement))
            touched, covered = touched + 1, covered + right - left
    return covered > 0


def _changed(text: str, edits: set[tuple[int, int, str]]) -> str:
    """The text with the edits made; where those of two records overlap, all that either covers goes."""
    merged: list[tuple[int, int, str]] = []
    for start, end, replacement in sorted(edits):
        if merged and start < merged[-1][1]:
            first, reached, before = merged[-1]
            merged[-1] = (first, max(reached, end), before)
        else:
            merged.append((start, end, replacement))
    for start, end, replacement in reversed(merged):
        text = text[:start] + replacement + text[end:]
    return text
