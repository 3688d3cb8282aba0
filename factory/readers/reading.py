"""What a reader gives: one text, the places marked in it, and where it came from; or why a path is no file to read."""

import re
from dataclasses import dataclass
from pathlib import Path

from factory.errors import BadItem

REPLACEMENT = "\ufffd"
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # no database, no JSON reader and no tokenizer takes these


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a text: offsets count code points.

    A heading's [start, end) is exactly its title, without `#` or outer markup, and `level` is 1 to 6.
    A page, a slide or a sheet has start == end, where it begins, and `level` is its number from 1.
    What of a page was read by OCR is [start, end), and `level` the page's number.
    """

    kind: str  # "heading" | "page" | "ocr"
    start: int
    end: int
    level: int


Parsed = tuple[str, tuple[Mark, ...]]


@dataclass(frozen=True, slots=True)
class Reading:
    """One document as read. `row` is the line of a jsonl or the data row of a csv, from 1; None for a whole file."""

    text: str
    marks: tuple[Mark, ...]
    row: int | None
    replaced: int  # characters that became U+FFFD
    media_type: str


def reading(text: str, media_type: str, *, marks: tuple[Mark, ...] = (), row: int | None = None) -> Reading:
    """A Reading whose text can be stored anywhere: NUL and lone surrogates become U+FFFD, one for one."""
    text, replaced = storable(text)
    return Reading(text, tuple(sorted(marks, key=lambda mark: mark.start)), row, replaced, media_type)


def storable(text: str) -> tuple[str, int]:
    """`text` with U+FFFD for each NUL and lone surrogate, and how many there were."""
    if text.isascii() and "\x00" not in text:  # most are, and this is told without a look at each character
        return text, 0
    return _UNSTORABLE.subn(REPLACEMENT, text)


def newlines(text: str) -> str:
    r"""`text` with every line end as \n. Before marks are made: it moves offsets."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def unreadable(path: Path, error: OSError | None = None) -> BadItem:
    """Why what lies at `path` cannot be read as a file.

    Its reason is ingest.broken_link, ingest.linked_folder, ingest.looping_folder or ingest.unreadable.
    """
    why = error.strerror if error else None
    if path.is_symlink() and not path.exists():
        return BadItem("ingest.broken_link", "This link points to nothing: mend or remove it.")
    if path.is_symlink() and path.is_dir():
        if path.absolute().is_relative_to(path.resolve()):
            return BadItem("ingest.looping_folder", "A link to a folder that it lies in would never end: remove it.")
        detail = "A link to a folder is not followed: name the folder itself as a source."
        return BadItem("ingest.linked_folder", detail)
    if path.is_dir():
        detail = f"The folder cannot be listed ({why}): check its permissions." if why else "This is a folder, no file."
        return BadItem("ingest.unreadable", detail)
    if path.exists() and not path.is_file():
        return BadItem(
            "ingest.unreadable", "This is no file but a pipe, a socket or a device: name the files themselves."
        )
    detail = f"The file cannot be read ({why or 'not a file'}): check that it is there, and its permissions."
    return BadItem("ingest.unreadable", detail)
