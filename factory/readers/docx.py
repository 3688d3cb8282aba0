"""Word documents to Markdown with heading marks, through kreuzberg (its plain mode loses tables and form text).

Runs in the parser process. Pictures are left out. The text runs are protected first (punctuation.py): kreuzberg 4.10
drops every & < > of a docx (xberg-io/xberg issue 1242), and escapes others. Cost: 1 to 10 ms a file.
"""

import html
import io
import re
import zipfile
import zlib
from pathlib import Path

from factory.errors import BadItem
from factory.readers.extraction import NotReadable, extract
from factory.readers.headings import headings
from factory.readers.punctuation import protect, restore
from factory.readers.reading import Mark, newlines, storable

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MAX_PART_BYTES = 100 * 2**20  # of one part, unpacked; kreuzberg's own limit, and what stops a zip bomb

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # the container of old .doc files, and of encrypted .docx
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_TEXT_RUN = re.compile(r"(<(?:\w+:)?t(?: [^<>]*)?>)([^<]+)(?=</)")
_PICTURE = re.compile(r"!\[[^\]\n]*\]\([^)\n]*\)\n*")
_BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, KeyError)


def parse(path: Path) -> tuple[str, list[Mark]]:
    """The text as Markdown and its headings."""
    data = path.read_bytes()
    if data.startswith(_OLE) and _ENCRYPTED in data:
        raise BadItem("ingest.encrypted", "Needs a password to open. Save a copy without one.")
    if data.startswith(_OLE):
        raise BadItem("ingest.corrupt_docx", "In the old Word format under a .docx name. Save it as .docx in Word.")
    try:
        result = extract(_protected(data), MEDIA_TYPE, output_format="markdown")
    except (NotReadable, *_BROKEN_ZIP):
        raise BadItem("ingest.corrupt_docx", "Not readable as .docx: damaged or cut short. Save it again.") from None
    text = _PICTURE.sub("", newlines(result.content)).strip("\n")
    return restore(text), list(headings(text))


def _protected(data: bytes) -> bytes:
    """The same package with its text runs protected, and unpacked."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as package, zipfile.ZipFile(out, "w") as copy:
        for part in package.infolist():
            if part.filename.startswith("word/media/"):
                continue
            with package.open(part) as file:
                content = file.read(MAX_PART_BYTES + 1)  # what the directory says of sizes may be a lie
            if len(content) > MAX_PART_BYTES:
                detail = f"Unpacked it is more than {MAX_PART_BYTES} bytes. Split the document."
                raise BadItem("ingest.too_large", detail)
            if part.filename.startswith("word/") and part.filename.endswith(".xml"):
                content = _protected_part(content)
            copy.writestr(part.filename, content)
    return out.getvalue()


def _protected_part(content: bytes) -> bytes:
    try:
        text = content.decode()
    except UnicodeDecodeError:  # UTF-16: nobody writes it, and it is only read less well
        return content
    return _TEXT_RUN.sub(lambda run: run[1] + protect(storable(html.unescape(run[2]))[0]), text).encode()
