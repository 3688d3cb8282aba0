"""Files as bytes, unpacked where their first bytes say that they are packed: gzip, bzip2, xz, Zstandard.

Zstandard comes with pyarrow. What is damaged or cut short is noticed while it is read: an error of `BROKEN`.
"""

import bz2
import gzip
import io
import lzma
import zlib
from pathlib import Path
from typing import BinaryIO, cast

GZIP, BZIP2, XZ, ZSTD = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"(\xb5/\xfd"
SUFFIXES = (".gz", ".bz2", ".xz", ".zst", ".zstd")
BROKEN = (EOFError, zlib.error, lzma.LZMAError, OSError)  # of a disk, too: what cannot be read ends the file


def opened(path: Path) -> BinaryIO:
    """The bytes of a file, unpacked."""
    with path.open("rb") as file:
        begins = file.read(6)
    if begins.startswith(GZIP):
        return cast(BinaryIO, gzip.open(path))
    if begins.startswith(BZIP2):
        return cast(BinaryIO, bz2.open(path))
    if begins.startswith(XZ):
        return cast(BinaryIO, lzma.open(path))
    if begins.startswith(ZSTD):
        import pyarrow as pa

        return cast(BinaryIO, io.BufferedReader(pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")))
    return path.open("rb")


def unpacked_suffix(name: str) -> str:
    """The ending of a file below that of its packing, in small letters: `.jsonl` of `a.jsonl.gz`."""
    path = Path(name)
    if path.suffix.lower() in SUFFIXES:
        path = path.with_suffix("")
    return path.suffix.lower()
