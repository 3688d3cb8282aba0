"""PDF to text with page marks, through kreuzberg's plain mode (pdfium): words kept apart, two columns in order.

Runs in the parser process. Pages are joined by an empty line; a page without text is an empty page and keeps its mark.
No OCR, no network, no cache. Headings are not marked: kreuzberg guesses them from font sizes.
Cost: 2 to 5 ms a page.
"""

import re
from pathlib import Path

from factory.errors import BadItem
from factory.readers.extraction import NotReadable, extract
from factory.readers.reading import Mark, newlines

BETWEEN_PAGES = "\n\n"
_CONTROLS = re.compile(r"\x02\n?|[\x01-\x08\x0b\x0c\x0e-\x1f]")  # \x02 is pdfium's hyphen at a line's end


def parse(path: Path) -> tuple[str, list[Mark]]:
    """The text of all pages and a mark where each begins."""
    data = path.read_bytes()
    if b"%PDF-" not in data[:1024]:
        raise BadItem(
            "ingest.corrupt_pdf", "Does not begin as a PDF (no %PDF- in the first 1024 bytes). Export it again."
        )
    try:
        result = extract(data, "application/pdf", output_format="plain", pages=True)
    except NotReadable as error:
        raise _rejection(str(error)) from None
    text, marks = join([page["content"] for page in result.pages or []])
    if not text.strip():
        count = len(marks)
        raise BadItem("ingest.no_text_layer", f"No text on its {count} page(s): scanned images? Run OCR on it first.")
    return text, marks


def join(pages: list[str]) -> tuple[str, list[Mark]]:
    """The pages as one text, and where each begins."""
    marks, parts, start = [], [], 0
    for number, page in enumerate(pages, 1):
        part = "\n".join(line.rstrip() for line in _CONTROLS.sub("", newlines(page)).split("\n")).strip("\n")
        marks.append(Mark("page", start, start, number))
        parts.append(part)
        start += len(part) + len(BETWEEN_PAGES)
    return BETWEEN_PAGES.join(parts), marks


def _rejection(message: str) -> BadItem:
    if "password" in message.lower():
        return BadItem("ingest.encrypted", "Needs a password to open. Save a copy without one.")
    return BadItem("ingest.corrupt_pdf", "Not readable as PDF: damaged or cut short. Open it and export it again.")
