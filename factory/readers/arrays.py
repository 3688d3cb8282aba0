"""JSON files that are one list of objects, or one object that holds such a list: an item at a time.

Memory: one item, and 1 MB. An item that is no object costs only itself; where the text stops being JSON nothing after
it can be told apart, so the rest is given up.
"""

import json
from collections.abc import Iterator
from typing import Any, TextIO

from factory.errors import BadItem
from factory.readers.jsonl import kind, object_of
from factory.readers.limits import Limits

CHUNK = 1 << 20
NEAR = 16  # characters: an error this close to the end of what was read may be a word cut in half
HOLDERS = ("data", "rows", "train", "examples", "instances", "items", "records", "questions")

Items = Iterator[tuple[int, dict[str, Any] | BadItem]]


class _Doubled(Exception):
    """A key that stands twice."""


def read_array(file: TextIO, limits: Limits) -> Items:
    """Number (from 1) and object of each item of a list whose `[` was read."""
    window, number = _Window(file, limits), 0
    while True:
        number += 1
        try:
            if not window.at_item():
                return
            value = window.item()
        except _Doubled:
            detail = "A key stands twice in one object, and one of them would be lost. Keep one."
            yield number, BadItem("ingest.bad_json", detail)
            continue
        except BadItem as rejection:
            yield number, rejection
            return
        yield number, value if isinstance(value, dict) else BadItem("ingest.bad_json", f"{kind(value)}, not an object.")


class _Window:
    """The part of a list that is under the reader's eyes."""

    def __init__(self, file: TextIO, limits: Limits) -> None:
        self._file, self._most = file, limits.max_line_bytes
        self._text, self._at, self._ended = "", 0, False
        self._doubled = False
        self._decoder = json.JSONDecoder(object_pairs_hook=self._object)

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        self._doubled |= len(made) < len(pairs)
        return made

    def _more(self) -> bool:
        """Read on: as much again as is held, so that a long item is not parsed a thousand times."""
        read = self._file.read(max(CHUNK, len(self._text) - self._at))
        self._text, self._at = self._text[self._at :] + read, 0
        self._ended = not read
        return bool(read)

    def at_item(self) -> bool:
        """Step to the next item; False at the end of the list."""
        while True:
            here = self._text[self._at : self._at + 1]
            if not here:
                if not self._more():
                    raise BadItem("ingest.cut_short", "The list is not closed: the file ends too early.")
            elif here in " \t\r\n,":
                self._at += 1
            else:
                return here != "]"

    def item(self) -> Any:
        """The item here. Raises _Doubled, and BadItem where the rest is lost."""
        while True:
            self._doubled = False
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if self._may_be_cut(error) and len(self._text) - self._at <= self._most and self._more():
                    continue
                detail = "Not JSON from here on; nothing after it was read. Correct the file."
                raise BadItem("ingest.cut_short", detail) from None
            except (ValueError, RecursionError):
                detail = "Not usable JSON (nested too deep, or a number too long); nothing after it was read."
                raise BadItem("ingest.cut_short", detail) from None
            if self._is_whole(end):
                break
            self._more()  # and look again: the window moved
        self._at = end
        if self._doubled:
            raise _Doubled
        return value

    def _is_whole(self, end: int) -> bool:
        """Whether a value that ends here cannot go on: a number may, in what was not read yet."""
        return self._text[end - 1] in '}]"' or self._ended or len(self._text) - end >= NEAR

    def _may_be_cut(self, error: json.JSONDecodeError) -> bool:
        return not self._ended and (error.msg.startswith("Unterminated") or error.pos >= len(self._text) - NEAR)


def read_object(file: TextIO, limits: Limits) -> Items:
    """The items of a file that is one object: of the list that it holds, SQuAD's articles opened; else itself."""
    text = file.read(limits.max_bytes + 1)
    if len(text) > limits.max_bytes:
        detail = f"One JSON object of more than {limits.max_bytes} characters. Write it as JSON lines."
        raise BadItem("ingest.too_large", detail)
    value = object_of(text)
    held = _held(value)
    for number, row in enumerate(_opened(held) if held is not None else [value], 1):
        yield number, row if isinstance(row, dict) else BadItem("ingest.bad_json", f"{kind(row)}, not an object.")


def holds_rows(value: dict[str, Any]) -> bool:
    """Whether an object is a wrapper around a list of rows, and no row itself."""
    return _held(value) is not None


def _held(value: dict[str, Any]) -> list[Any] | None:
    return next((value[name] for name in HOLDERS if _is_list(value.get(name))), None)


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _opened(held: list[Any]) -> Iterator[Any]:
    """SQuAD's own files hold articles of paragraphs of questions; of each question its context."""
    for item in held:
        if not (isinstance(item, dict) and _is_list(item.get("paragraphs"))):
            yield item
            continue
        for paragraph in item["paragraphs"]:
            for question in paragraph.get("qas", ()):
                yield {"title": item.get("title"), "context": paragraph.get("context"), **question}
