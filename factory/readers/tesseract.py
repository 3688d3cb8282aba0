"""One call of the program tesseract: a page of a PDF, drawn by pdfium, or a picture as it lies on disk.

Runs in the parser process, whose bound on memory the program inherits. Its own bound on time is below that of the
process, so that it is gone before the process is. It has one thread: with more, a busy machine reads four times slower.
"""

import os
import re
import subprocess
from pathlib import Path

from factory.errors import BadItem
from factory.readers.limits import Limits
from factory.readers.pdf import join, opened
from factory.readers.reading import Mark

PAGE_S = 0.75 * Limits().timeout_s  # the rest is for drawing the page
DPI = 300  # what tesseract's own guide asks for
POINTS = 72  # of a PDF, to the inch
MAX_PIXELS = 60_000_000  # A3 at 300 dpi has 17 million; a plan larger than A1 is drawn coarser
PAGE_ENDS = "\f"
UPRIGHT = "1"  # tesseract's page segmentation that finds out first which way up a page is

_CUT = re.compile(r"(?<=\w)[-\u00ad\u2010]\n(?=\w)")
CUT_AS_PDFIUM_WRITES_IT = "\ufffe\n"  # so that words are made whole by one rule


def page(path: Path, *, number: int, languages: list[str], turns: bool) -> tuple[str, list[Mark]]:
    """What is seen on one page of a PDF, from 1; nothing of one that is all of one colour."""
    with opened(path) as document:
        drawn = document[number - 1]
        width, height = (side / POINTS * DPI for side in drawn.get_size())
        shrunk = min(1.0, (MAX_PIXELS / max(1.0, width * height)) ** 0.5)
        bitmap = drawn.render(scale=DPI / POINTS * shrunk, grayscale=True)
        pixels = bitmap.to_numpy()  # a view, which ends with the bitmap
        is_blank = bool(pixels.min() == pixels.max())
        image = b"P5 %d %d 255\n" % (bitmap.width, bitmap.height) + pixels.tobytes()  # PGM: written without a library
    if is_blank:
        return "", []
    return _read("stdin", languages, turns, image, dpi=round(DPI * shrunk)).replace(PAGE_ENDS, "\n"), []


def picture(path: Path, *, languages: list[str], turns: bool) -> tuple[str, list[Mark]]:
    """What is seen in a file of one picture or several, each a page."""
    return join(_read(str(path), languages, turns).removesuffix(PAGE_ENDS).split(PAGE_ENDS))


def _read(image: str, languages: list[str], turns: bool, data: bytes = b"", *, dpi: int | None = None) -> str:
    """The program's answer. Raises BadItem where it cannot read the picture, or its time is up."""
    options = [*(["--dpi", str(dpi)] if dpi else []), *(["--psm", UPRIGHT] if turns else [])]
    command = ["tesseract", image, "stdout", "-l", "+".join(languages), *options]
    try:
        done = subprocess.run(  # noqa: S603 # a fixed program; languages were held against those that it has
            command, input=data, capture_output=True, timeout=PAGE_S, env=os.environ | {"OMP_THREAD_LIMIT": "1"}
        )
    except subprocess.TimeoutExpired:
        raise BadItem("ingest.timeout", f"tesseract was stopped after {PAGE_S:g} s. Is it a page of text?") from None
    if done.returncode:
        detail = f"tesseract cannot read it (exit {done.returncode}): damaged, or no picture that it knows."
        raise BadItem("ingest.ocr_failed", f"{detail} Save it again, as PNG or PDF.")
    return _CUT.sub(CUT_AS_PDFIUM_WRITES_IT, done.stdout.decode("utf-8", "replace"))
