"""The door to the readers: one file in, its documents or its rejections out.

The format is found by the extension and checked by looking at the bytes. One bad file, line or row costs only itself.
Adding a format: its file beside this one, and a line in FORMATS.
"""

import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from factory.errors import BadItem
from factory.readers import delimited, markdown, plain, rows
from factory.readers.decoding import decode
from factory.readers.limits import Limits
from factory.readers.ocr import Ocr
from factory.readers.packed import SUFFIXES as PACKED
from factory.readers.packed import unpacked_suffix
from factory.readers.pages import Pages
from factory.readers.reading import Parsed, Reading, reading, unreadable

Rows = Callable[[Path, Limits, Mapping[str, str] | None], Iterator[tuple[int, Reading | BadItem]]]


@dataclass(frozen=True, slots=True)
class Format:
    """How files of one kind are read: whole, as one document, or by rows, each its own; is the text Markdown?

    `seen` reads them whole where the source asks for OCR.
    """

    media_type: str
    whole: Callable[[Path, Limits], Parsed] | None = None
    seen: Callable[[Path, Limits, Ocr, Pages], Parsed] | None = None
    rows: Rows | None = None
    is_markdown: bool = False


def _here(parse: Callable[[str], Parsed], path: Path, limits: Limits) -> Parsed:
    """Text formats are read in this process."""
    return parse(decode(path.read_bytes()))


def _apart(parser: str, path: Path, limits: Limits) -> Parsed:
    """Formats with a parser that may hang, crash or eat memory are read in a process of their own."""
    from factory.readers.worker import worker  # 7 ms that a corpus of text files need not pay

    return worker(limits).parse(parser, path)


def _seen(is_pdf: bool, path: Path, limits: Limits, ocr: Ocr, pages: Pages) -> Parsed:
    """Pages and files that are pictures are read in that process, too."""
    from factory.readers import scans  # as above

    return (scans.read_pdf if is_pdf else scans.read_picture)(path, limits, ocr, pages)


def _whole(media_type: str, module: str) -> Format:
    """A format whose parser is `parse` of a module beside this one, which gives Markdown; in a process of its own."""
    return Format(media_type, whole=partial(_apart, f"factory.readers.{module}:parse"), is_markdown=True)


def _rows(media_type: str) -> Format:
    return Format(media_type, rows=partial(rows.read_documents, media_type))


_OFFICE = "application/vnd.openxmlformats-officedocument."
_MARKDOWN = Format("text/markdown", whole=partial(_here, markdown.parse), is_markdown=True)
_PLAIN = Format("text/plain", whole=partial(_here, plain.parse))
_PDF = Format("application/pdf", whole=partial(_apart, "factory.readers.pdf:parse"), seen=partial(_seen, True))
_PNG, _JPEG, _TIFF = (Format(f"image/{name}", seen=partial(_seen, False)) for name in ("png", "jpeg", "tiff"))
_HTML = _whole("text/html", "html")
_DOCX = _whole(f"{_OFFICE}wordprocessingml.document", "docx")
_PPTX = _whole(f"{_OFFICE}presentationml.presentation", "pptx")
_XLSX = _whole(f"{_OFFICE}spreadsheetml.sheet", "xlsx")
_JSONL = _rows("application/jsonl")
_PARQUET = _rows("application/vnd.apache.parquet")
_ARROW = _rows("application/vnd.apache.arrow.file")

FORMATS: dict[str, Format] = {
    ".md": _MARKDOWN,
    ".markdown": _MARKDOWN,
    ".txt": _PLAIN,
    ".text": _PLAIN,
    ".rst": _whole("text/x-rst", "rst"),
    ".html": _HTML,
    ".htm": _HTML,
    ".xhtml": _HTML,
    ".pdf": _PDF,
    ".docx": _DOCX,
    ".docm": _DOCX,  # with macros, which are not read
    ".pptx": _PPTX,
    ".pptm": _PPTX,
    ".xlsx": _XLSX,
    ".xlsm": _XLSX,
    ".epub": _whole("application/epub+zip", "epub"),
    ".jsonl": _JSONL,
    ".ndjson": _JSONL,
    ".json": _rows("application/json"),
    ".csv": Format("text/csv", rows=delimited.read_delimited),
    ".tsv": Format("text/tab-separated-values", rows=delimited.read_delimited),
    ".parquet": _PARQUET,
    ".pq": _PARQUET,
    ".arrow": _ARROW,
    ".feather": _ARROW,
    ".png": _PNG,
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".tif": _TIFF,
    ".tiff": _TIFF,
}
PICTURES = tuple(ending for ending, form in FORMATS.items() if not form.whole and not form.rows)
MARKDOWN = frozenset(form.media_type for form in FORMATS.values() if form.is_markdown)  # what split cuts as such
OLD = {".doc": ".docx", ".dot": ".docx", ".ppt": ".pptx", ".pps": ".pptx", ".xls": ".xlsx", ".xlsb": ".xlsx"}


def read(
    path: Path,
    *,
    limits: Limits,
    columns: Mapping[str, str] | None = None,
    label: str | None = None,
    ocr: Ocr | None = None,
    pages: Pages | None = None,
) -> Iterator[Reading | BadItem]:
    """The documents in `path`, and a BadItem for each that cannot be read; never nothing at all.

    `columns` maps our field to the file's column ({"text": "body"}), where rows are documents. `label` is how messages
    name the file: its path below the source's root; its name alone, if not given. `ocr` reads pages and files that are
    pictures; without it they are rejected. `pages` hears of each page of a PDF, and has those that were read before.
    BadItem is given, not raised.
    Raises DeadWorld where the parser process cannot be started.
    """
    label = label or path.name
    try:
        form = _format(path, ocr is not None)
        if form.rows:
            yield from _by_row(form.rows(path, limits, columns), label)
        elif form.seen and ocr:
            yield _document(form.seen(_small_enough(path, limits), limits, ocr, pages or Pages()), form.media_type)
        elif form.whole:
            yield _document(form.whole(_small_enough(path, limits), limits), form.media_type)
    except BadItem as rejection:
        yield _placed(rejection, label)
    except OSError as error:
        yield _placed(unreadable(path, error), label)


def unsupported(name: str, *, with_ocr: bool = False) -> BadItem | None:
    """Why no reader takes a file of this name; None where one does."""
    suffix = Path(name).suffix.lower()
    return None if _named(name) and (with_ocr or suffix not in PICTURES) else _unsupported(suffix)


def may_be_seen(name: str) -> bool:
    """Whether OCR can make a difference to a file of this name."""
    form = _named(name)
    return form is not None and form.seen is not None


def _named(name: str) -> Format | None:
    """The format of a file by its name."""
    return FORMATS.get(Path(name).suffix.lower()) or _packed(name)


def _format(path: Path, with_ocr: bool) -> Format:
    """The format of a file that is there, is a file, and is not empty."""
    form = _named(path.name)
    if form is None or (path.suffix.lower() in PICTURES and not with_ocr):
        raise _unsupported(path.suffix.lower())
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise unreadable(path)
    if not status.st_size:
        raise BadItem("ingest.empty", "The file has 0 bytes. Was it saved, or copied whole?")
    return form


def _packed(name: str) -> Format | None:
    """The format of rows in a packed file, `a.jsonl.gz`; what is one document is not read packed."""
    form = FORMATS.get(unpacked_suffix(name))
    return form if form and form.rows and unpacked_suffix(name) not in rows.COLUMNAR else None


def _unsupported(suffix: str) -> BadItem:
    what = f"Files of type {suffix[:20]}" if suffix else "Files without an extension"
    if suffix in OLD:
        return BadItem("ingest.unsupported", f"{what} are not read. Open it and save it as {OLD[suffix]}.")
    if suffix in PICTURES:
        return BadItem("ingest.unsupported", f"{what} are read only with 'ocr: tesseract' at the source.")
    todo = "Unpack it. " if suffix in (*PACKED, ".zip") else ""
    always = ", ".join(ending for ending in FORMATS if ending not in PICTURES)
    said = f"{what} are not read. {todo}Supported: {always}; with OCR also {', '.join(PICTURES)}."
    return BadItem("ingest.unsupported", said)


def _small_enough(path: Path, limits: Limits) -> Path:
    if (size := path.stat().st_size) > limits.max_bytes:
        detail = f"{size} bytes, and one document may have {limits.max_bytes}. Split it, or allow larger files."
        raise BadItem("ingest.too_large", detail)
    return path


def _document(parsed: Parsed, media_type: str) -> Reading:
    text, marks = parsed
    if not text or text.isspace():
        raise BadItem("ingest.empty", "Nothing but white space in it. Was it saved, or exported whole?")
    return reading(text, media_type, marks=marks)


def _by_row(rows: Iterator[tuple[int, Reading | BadItem]], label: str) -> Iterator[Reading | BadItem]:
    number = 0
    for number, item in rows:
        yield _placed(item, f"{label}:{number}") if isinstance(item, BadItem) else item
    if not number:
        raise BadItem("ingest.empty", "No rows in it, only blank lines or a header. Was it exported whole?")


def _placed(rejection: BadItem, place: str) -> BadItem:
    return BadItem(rejection.reason, rejection.detail, place=place)
