"""The lines of a text file of any size, one at a time, in any encoding; a bad line costs only itself.

Memory: one line, at most `max_line_bytes`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from factory.errors import BadItem
from factory.readers.decoding import SAMPLE_BYTES, sniff
from factory.readers.limits import Limits


def lines(path: Path, limits: Limits) -> Iterator[tuple[int, str | BadItem]]:
    """Number (from 1) and text of each line with its line end, or why it cannot be used.

    Raises BadItem where the file as a whole is no text: ingest.binary, ingest.undecodable.
    """
    with path.open("rb") as raw:
        encoding, skip = sniff(raw.read(SAMPLE_BYTES))
    errors = "surrogatepass" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"
    with path.open(encoding=encoding, errors=errors, newline="") as file:
        file.read(1 if skip else 0)  # the byte order mark is one character
        yield from _numbered(file, encoding, limits.max_line_bytes)


def _numbered(file: TextIO, encoding: str, limit: int) -> Iterator[tuple[int, str | BadItem]]:
    number = 0
    try:
        while line := file.readline(limit + 2):
            number += 1
            yield number, _too_long(file, line, limit) or _undecoded(line, encoding) or line
    except UnicodeDecodeError:
        yield number + 1, _undecodable(encoding, "; nothing after it was read")


def _too_long(file: TextIO, line: str, limit: int) -> BadItem | None:
    """The rejection of a line over the limit, the rest of it read past."""
    if 4 * len(line) <= limit:  # no character takes more than four bytes
        return None
    part = line
    while len(part) >= limit and part[-1] not in "\r\n" and (more := file.readline(limit)):
        part = more
    if len(line.rstrip("\r\n").encode(errors="surrogatepass")) <= limit:
        return None
    return BadItem("ingest.line_too_long", f"Longer than {limit} bytes. Split it, or allow longer lines.")


def _undecoded(line: str, encoding: str) -> BadItem | None:
    """A byte that the encoding has no character for was read as a lone surrogate (PEP 383)."""
    if line.isascii() or encoding.startswith(("utf-16", "utf-32")):
        return None
    try:
        line.encode()
    except UnicodeEncodeError:
        return _undecodable(encoding, "")
    return None


def _undecodable(encoding: str, more: str) -> BadItem:
    return BadItem("ingest.undecodable", f"Not readable as {encoding}{more}. Save the file as UTF-8.")
