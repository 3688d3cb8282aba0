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
from factory.readers import delimited, jsonl, markdown, plain
from factory.readers.decoding import decode
from factory.readers.limits import Limits
from factory.readers.reading import Mark, Reading, reading

Parsed = tuple[str, tuple[Mark, ...]]
Rows = Callable[[Path, Limits, Mapping[str, str] | None], Iterator[tuple[int, Reading | BadItem]]]


@dataclass(frozen=True, slots=True)
class Format:
    """How files of one kind are read: whole, as one document, or by rows, each its own."""

    media_type: str
    whole: Callable[[Path, Limits], Parsed] | None = None
    rows: Rows | None = None


def _here(parse: Callable[[str], Parsed], path: Path, limits: Limits) -> Parsed:
    """Text formats are read in this process."""
    return parse(decode(path.read_bytes()))


def _apart(parser: str, path: Path, limits: Limits) -> Parsed:
    """Formats with a parser that may hang, crash or eat memory are read in a process of their own."""
    from factory.readers.worker import worker  # 7 ms that a corpus of text files need not pay

    return worker(limits).parse(parser, path)


_MARKDOWN = Format("text/markdown", whole=partial(_here, markdown.parse))
_PLAIN = Format("text/plain", whole=partial(_here, plain.parse))
_HTML = Format("text/html", whole=partial(_apart, "factory.readers.html:parse"))
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_JSONL = Format("application/jsonl", rows=jsonl.read_jsonl)

FORMATS: dict[str, Format] = {
    ".md": _MARKDOWN,
    ".markdown": _MARKDOWN,
    ".txt": _PLAIN,
    ".text": _PLAIN,
    ".html": _HTML,
    ".htm": _HTML,
    ".xhtml": _HTML,
    ".pdf": Format("application/pdf", whole=partial(_apart, "factory.readers.pdf:parse")),
    ".docx": Format(_DOCX, whole=partial(_apart, "factory.readers.docx:parse")),
    ".jsonl": _JSONL,
    ".ndjson": _JSONL,
    ".csv": Format("text/csv", rows=delimited.read_delimited),
    ".tsv": Format("text/tab-separated-values", rows=delimited.read_delimited),
}


def read(
    path: Path, *, limits: Limits, columns: Mapping[str, str] | None = None, label: str | None = None
) -> Iterator[Reading | BadItem]:
    """The documents in `path`, and a BadItem for each that cannot be read; never nothing at all.

    `columns` maps our field to the file's column ({"text": "body"}), for jsonl and csv. `label` is how messages name
    the file: its path below the source's root; its name alone, if not given. BadItem is given, not raised.
    Raises DeadWorld where the parser process cannot be started.
    """
    label = label or path.name
    try:
        form = _format(path)
        if form.rows:
            yield from _by_row(form.rows(path, limits, columns), label)
        elif form.whole:
            text, marks = form.whole(_small_enough(path, limits), limits)
            yield _document(text, marks, form.media_type)
    except BadItem as rejection:
        yield _placed(rejection, label)
    except OSError as error:
        yield _placed(_unreadable(path, error), label)


def _format(path: Path) -> Format:
    """The format of a file that is there, is a file, and is not empty."""
    form = FORMATS.get(path.suffix.lower())
    if form is None:
        what = f"Files of type {path.suffix.lower()[:20]}" if path.suffix else "Files without an extension"
        raise BadItem("ingest.unsupported", f"{what} are not read. Supported: {', '.join(FORMATS)}.")
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise BadItem("ingest.unreadable", "Not a file but a folder, a pipe or a device. Name the files themselves.")
    if not status.st_size:
        raise BadItem("ingest.empty", "The file has 0 bytes. Was it saved, or copied whole?")
    return form


def _small_enough(path: Path, limits: Limits) -> Path:
    if (size := path.stat().st_size) > limits.max_bytes:
        detail = f"{size} bytes, and one document may have {limits.max_bytes}. Split it, or allow larger files."
        raise BadItem("ingest.too_large", detail)
    return path


def _document(text: str, marks: tuple[Mark, ...], media_type: str) -> Reading:
    if not text.strip():
        raise BadItem("ingest.empty", "Nothing but white space in it. Was it saved, or exported whole?")
    return reading(text, media_type, marks=marks)


def _by_row(rows: Iterator[tuple[int, Reading | BadItem]], label: str) -> Iterator[Reading | BadItem]:
    number = 0
    for number, item in rows:
        yield _placed(item, f"{label}:{number}") if isinstance(item, BadItem) else item
    if not number:
        raise BadItem("ingest.empty", "No rows in it, only blank lines or a header. Was it exported whole?")


def _unreadable(path: Path, error: OSError) -> BadItem:
    if path.is_symlink() and not path.exists():
        return BadItem("ingest.unreadable", "A symbolic link to nothing. Restore what it points to, or remove it.")
    why = (error.strerror or type(error).__name__).lower()
    return BadItem("ingest.unreadable", f"Could not be opened ({why}). Check that it is there and may be read.")


def _placed(rejection: BadItem, place: str) -> BadItem:
    return BadItem(rejection.reason, rejection.detail, place=place)
