"""Pages that are pictures, where a source asks for OCR: of a PDF those without a text layer, and PNG, JPEG and TIFF.

Out     the text with page marks, and a mark "ocr" over what of it was seen.
Bounds  each page is a request of its own to the parser process (tesseract.py), with that process's time and memory; a
        page that cannot be read costs its file, since a book with a hole in it would look whole.
Turned  a page on its side or upside down is turned first, where tesseract has its data "osd": .1 to .3 s. Of 27 drawn
        pages that were turned 25 gave their words in order (all of ten lines and more), of 9 upright ones all.
Costs   1.3 s (a page of a novel) to 5.3 s (three columns of small print) a page on one core, one after the other.
Misses  a page with any text layer keeps it, be it a stamp over a scan; handwriting; at times the order of columns.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from factory.errors import BadItem
from factory.plural import many
from factory.readers import pdf
from factory.readers.limits import Limits
from factory.readers.ocr import Ocr
from factory.readers.pages import Pages
from factory.readers.reading import Mark, Parsed
from factory.readers.worker import worker


def read_pdf(path: Path, limits: Limits, ocr: Ocr, kept: Pages) -> Parsed:
    """The text of all pages, those without a text layer seen by tesseract."""
    text, marks = worker(limits).parse("factory.readers.pdf:layer", path)
    pages = list(_pages(text, marks))
    seen = {number for number, page in enumerate(pages, 1) if not page.strip()}
    for nth, number in enumerate(sorted(seen), 1):
        kept.tell(nth, len(seen))
        known = kept.seen(number)
        if known is None:
            kept.note(number, known := _seen(path, number, limits, ocr))
        pages[number - 1] = known
    return _marked(pages, seen)


def read_picture(path: Path, limits: Limits, ocr: Ocr, _: Pages) -> Parsed:
    """The text of a picture, or of all pictures of a TIFF."""
    text, marks = worker(limits).parse(
        "factory.readers.tesseract:picture", path, languages=ocr.languages, turns=ocr.turns
    )
    pages = list(_pages(text, marks))
    return _marked(pages, set(range(1, len(pages) + 1)))


def _seen(path: Path, number: int, limits: Limits, ocr: Ocr) -> str:
    """What tesseract reads on one page of a PDF."""
    try:
        parser = worker(limits)
        return parser.parse(
            "factory.readers.tesseract:page", path, number=number, languages=ocr.languages, turns=ocr.turns
        )[0]
    except BadItem as why:
        raise BadItem(why.reason, f"Page {number}: {why.detail}") from None


def _pages(text: str, marks: Sequence[Mark]) -> Iterator[str]:
    """The text of each page."""
    for start, end in pairwise([*(mark.start for mark in marks), len(text)]):
        yield text[start:end].removesuffix(pdf.BETWEEN_PAGES)


def _marked(pages: list[str], seen: set[int]) -> Parsed:
    """The pages as one text, with their marks and those of what was seen on pages of these numbers."""
    text, marks = pdf.join(pages)
    if not text.strip():
        detail = (
            f"No text on its {many(len(pages), 'page')}, and OCR found none either: blank, or pictures without words."
        )
        raise BadItem("ingest.ocr_found_nothing", detail)
    found = [
        Mark("ocr", mark.start, mark.start + len(page), mark.level)
        for mark, page in zip(marks, _pages(text, marks), strict=True)
        if mark.level in seen and page
    ]
    return text, (*marks, *found)
