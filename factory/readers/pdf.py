"""PDF to text with page marks, by pdfium's own order: columns one after the other, right-to-left script as it is read.

Runs in the parser process. Pages are joined by an empty line; a page without text is an empty page and keeps its mark.
A word that was cut at a line's end is joined; its hyphen stays where it is the word's own. Headings are not marked: a
PDF only has font sizes. Left out: what fields of a form were filled with, pictures (ocr.py sees pages that are nothing
else). Cost: 3 to 10 ms a page.

Measured (against kreuzberg's plain mode, which rests on the same library): the same words, in a third of the time, and
lines of Arabic and Hebrew are not turned round.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from factory.errors import BadItem
from factory.plural import many
from factory.readers.package import encrypted
from factory.readers.reading import Mark, newlines

BETWEEN_PAGES = "\n\n"
LOCKED = (4, 5)  # pdfium's codes for a password that is not there, and for a handler that it does not know

_CUT = re.compile(r"(\w+(?:-\w+)*)[\ufffe\x02]\n?(\w+(?:-\w+)*)")  # how pdfium writes a hyphen at a line's end
_CONTROLS = re.compile(r"[\ufffe\uffff\x01-\x08\x0b\x0c\x0e-\x1f]")
_RAISED = re.compile(r"\n(?=[,;:] )")  # pdfium ends the line after a footnote's number; no line begins like this


def parse(path: Path) -> tuple[str, list[Mark]]:
    """The text of all pages and a mark where each begins."""
    text, marks = layer(path)
    if not text.strip():
        detail = (
            f"No text on its {many(len(marks), 'page')}: scanned images? 'ocr: tesseract' at the source has them read."
        )
        raise BadItem("ingest.no_text_layer", detail)
    return text, marks


def layer(path: Path) -> tuple[str, list[Mark]]:
    """The text layer of all pages, which may be empty, and a mark where each begins."""
    with path.open("rb") as file:
        if b"%PDF-" not in file.read(1024):
            detail = "Does not begin as a PDF (no %PDF- in the first 1024 bytes). Export it again."
            raise BadItem("ingest.corrupt_pdf", detail)
    return join(list(_pages(path)))


def _pages(path: Path) -> Iterator[str]:
    with opened(path) as document:
        for page in document:
            yield page.get_textpage().get_text_range()
            page.close()  # its text goes with it: a thousand open pages take a gigabyte


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """pdfium's document. Raises BadItem where it is locked or damaged, be that seen only while it is read."""
    import pypdfium2

    try:
        with pypdfium2.PdfDocument(path) as document:
            yield document
    except pypdfium2.PdfiumError as error:
        raise encrypted() if error.err_code in LOCKED else _corrupt() from None


def _corrupt() -> BadItem:
    return BadItem("ingest.corrupt_pdf", "Not readable as PDF: damaged or cut short. Open it and export it again.")


def join(pages: list[str]) -> tuple[str, list[Mark]]:
    """The pages as one text, and where each begins."""
    pages = [newlines(page) for page in pages]
    whole_words = set(re.findall(r"\w+(?:-\w+)*", " ".join(pages)))
    marks, parts, start = [], [], 0
    for number, page in enumerate(pages, 1):
        part = _CUT.sub(lambda cut: _whole(cut[1], cut[2], whole_words), page)
        part = _RAISED.sub("", _CONTROLS.sub("", part))
        part = "\n".join(line.rstrip() for line in part.split("\n")).strip("\n")
        marks.append(Mark("page", start, start, number))
        parts.append(part)
        start += len(part) + len(BETWEEN_PAGES)
    return BETWEEN_PAGES.join(parts), marks


def _whole(left: str, right: str, words: set[str]) -> str:
    """The word that was cut in two: with its hyphen where the document has it so elsewhere, or no word goes on so."""
    joined, hyphened = left + right, f"{left}-{right}"
    if joined in words:
        return joined
    return hyphened if hyphened in words or (not right[0].islower() and left[-1].islower()) else joined
