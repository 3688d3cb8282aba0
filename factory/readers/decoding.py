"""Bytes to text: byte order mark, then strict UTF-8, then a guess among the encodings that old files have.

A guess is made once a file. It can be wrong on a few words of text; give such files as UTF-8 to be sure.
"""

import codecs
import re

from factory.errors import BadItem

SAMPLE_BYTES = 2**20  # what a stream is judged by
WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")

_BOMS = (  # longest first: the UTF-32 mark begins with the UTF-16 one
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SIGNATURES = (
    (b"%PDF-", "a PDF", ".pdf"),
    (b"PK\x03\x04", "a zip archive or an Office document", ".docx if it is one"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old or encrypted Office document", ".docx after saving it as one"),
    (b"\x89PNG", "an image", ""),
    (b"\xff\xd8\xff", "an image", ""),
    (b"GIF8", "an image", ""),
    (b"II*\x00", "an image", ""),
    (b"MM\x00*", "an image", ""),
    (b"\x1f\x8b", "a compressed file", ""),
    (b"BZh", "a compressed file", ""),
    (b"\xfd7zXZ\x00", "a compressed file", ""),
    (b"(\xb5/\xfd", "a compressed file", ""),
    (b"7z\xbc\xaf'\x1c", "an archive", ""),
    (b"Rar!\x1a", "an archive", ""),
    (b"PAR1", "a Parquet file", ""),
    (b"SQLite format 3\x00", "a database", ""),
    (b"\x7fELF", "a program", ""),
)
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_HIGH = re.compile(rb"[\x80-\xff]")
_AS_BROWSERS_DO = {
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "us-ascii": "cp1252",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "euc-kr": "cp949",
}


def decode(data: bytes, declared: str = "") -> str:
    """The text of a whole file; `declared` is what it says of itself, believed where the bytes allow it.

    Raises BadItem: ingest.binary, ingest.undecodable.
    """
    encoding, skip = sniff(data, declared, whole=True)
    try:
        return data[skip:].decode(encoding, errors="surrogatepass" if encoding in WIDE else "strict")
    except UnicodeDecodeError as error:
        raise undecodable(encoding, error.start + skip) from None


def undecodable(encoding: str, at_byte: int) -> BadItem:
    """The rejection of bytes that are not text in `encoding`."""
    detail = f"Not readable as text ({encoding} fails at byte {at_byte}). Save it as UTF-8."
    return BadItem("ingest.undecodable", detail)


def sniff(sample: bytes, declared: str = "", *, whole: bool = False) -> tuple[str, int]:
    """The encoding of a file that begins with `sample`, and how many bytes its byte order mark takes.

    `whole` says that the sample is the whole file: then its last character must be complete.
    Raises BadItem: ingest.binary, ingest.undecodable.
    """
    for mark, encoding in _BOMS:
        if sample.startswith(mark):
            return encoding, len(mark)
    if wide := _wide(sample):
        return wide, 0
    _refuse_binary(sample)
    if _is_utf8(sample, whole=whole) or _is_broken_utf8(sample):
        return "utf-8", 0
    return _allowed(sample, declared) or _guessed(sample), 0


def _refuse_binary(sample: bytes) -> None:
    """8-bit text has no control characters but tabs and line ends, packed data has 10 %; UTF-8 may have a few NULs."""
    controls = len(_CONTROLS.findall(sample))
    is_utf8 = _is_utf8(sample, whole=False)
    if controls or not is_utf8 or sample.startswith(b"%PDF-"):
        _refuse_signatures(sample)
    if controls * (2 if is_utf8 else 50) > len(sample):
        raise BadItem("ingest.binary", "Binary data under a text name. Remove it or give it its right extension.")


def _refuse_signatures(sample: bytes) -> None:
    for signature, what, extension in _SIGNATURES:
        if sample.startswith(signature):
            todo = f"Rename it to {extension}." if extension else "Remove it from the source."
            raise BadItem("ingest.binary", f"{what[0].upper()}{what[1:]} under a text name. {todo}")


def _wide(sample: bytes) -> str:
    """UTF-16 or UTF-32 without a mark: where Latin letters, spaces and line ends put their zero bytes."""
    sample = sample[: 2**16 // 4 * 4]
    quads = len(sample) // 4
    if not quads or b"\x00" not in sample:
        return ""
    zeros = [sample[place : quads * 4 : 4].count(0) / quads for place in range(4)]
    if zeros[2] > 0.9 and zeros[3] > 0.9 and zeros[0] < 0.1:
        return "utf-32-le"
    if zeros[0] > 0.9 and zeros[1] > 0.9 and zeros[3] < 0.1:
        return "utf-32-be"
    even, odd = (zeros[0] + zeros[2]) / 2, (zeros[1] + zeros[3]) / 2
    if odd > 0.1 and even < 0.01:
        return "utf-16-le"
    if even > 0.1 and odd < 0.01:
        return "utf-16-be"
    return ""


def _is_utf8(sample: bytes, *, whole: bool) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample, final=whole)
    except UnicodeDecodeError:
        return False
    return True


def _allowed(sample: bytes, declared: str) -> str:
    """The declared encoding, '' where it is unknown or cannot be."""
    declared = _AS_BROWSERS_DO.get(declared.lower(), declared)
    try:
        sample.decode(declared or "ascii")
    except (LookupError, UnicodeError):
        return ""
    return declared


def _is_broken_utf8(sample: bytes) -> bool:
    """Is it UTF-8 but for a few bytes? To read that in another encoding would garble all the rest."""
    ascii_bytes = len(sample) - len(_HIGH.findall(sample))
    valid = len(sample.decode(errors="ignore").encode()) - ascii_bytes
    return valid >= 0.8 * (len(sample) - ascii_bytes)


def _guessed(sample: bytes) -> str:
    from factory.readers.guessing import guess  # only the few files that are no Unicode need its tables

    if not (encoding := guess(sample)):
        raise undecodable("every known encoding", 0)
    return encoding
