"""Zip packages (Word, slides, sheets, books), opened with suspicion: encrypted, damaged, a bomb, or good.

Parts are read by name, into memory only: a part called `../../x` is written nowhere, and a target outside the package
is a name that is not in it. XML with entities is refused, so nothing in it grows or is fetched. Memory: what is read.
"""

import io
import lzma
import posixpath
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from factory.errors import BadItem

MAX_PART_BYTES = 100 * 2**20  # of one part, unpacked: kreuzberg's own limit
MAX_BYTES = 4 * MAX_PART_BYTES  # of all parts that are read; what stops a zip bomb of many parts
MAX_PARTS = 50_000  # a workbook of a thousand sheets has some thousand

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # the container of old Office files, and of encrypted new ones
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_BROKEN = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, RuntimeError, ValueError, KeyError,
)  # fmt: skip  # NotImplementedError, for a packing that zipfile does not know, is a RuntimeError
_RELATIONSHIP = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"


class Damaged(Exception):
    """The package is not what its name says; `opened` turns it into a rejection."""


@dataclass(frozen=True, slots=True)
class Relationship:
    """What one part says of another: the last word of its type (`slide`), and the name of the part."""

    type: str
    target: str


class Package:
    """The parts of a zip file, by name."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._read = 0
        if len(self.infos) > MAX_PARTS:
            raise _bomb(f"It has more than {MAX_PARTS} parts")

    @property
    def infos(self) -> list[zipfile.ZipInfo]:
        """What the directory says of the parts, in its order."""
        return self._archive.infolist()

    def has(self, name: str) -> bool:
        return name in self._archive.NameToInfo

    def read(self, name: str) -> bytes:
        """The bytes of a part. Raises BadItem: ingest.too_large; Damaged where it is not there."""
        with self._archive.open(name) as file:
            content = file.read(MAX_PART_BYTES + 1)  # what the directory says of sizes may be a lie
        self._read += len(content)
        if len(content) > MAX_PART_BYTES or self._read > MAX_BYTES:
            raise _bomb(
                f"Unpacked it is more than {MAX_PART_BYTES if len(content) > MAX_PART_BYTES else MAX_BYTES} bytes"
            )
        return content

    def check_sizes(self) -> None:
        """Refuse a package whose parts are too large together, before another library reads them."""
        sizes = [info.file_size for info in self.infos]  # zipfile reads no more of a part than it says here
        if max(sizes, default=0) > MAX_PART_BYTES or sum(sizes) > MAX_BYTES:
            raise _bomb(f"Unpacked it is more than {MAX_PART_BYTES} bytes")

    def xml(self, name: str) -> Any:
        """The root element of a part. Raises Damaged."""
        from defusedxml.common import DefusedXmlException
        from defusedxml.ElementTree import fromstring

        try:
            return fromstring(self.read(name))
        except (SyntaxError, DefusedXmlException) as error:  # SyntaxError: what ElementTree raises for bad XML
            raise Damaged from error

    def related(self, name: str) -> dict[str, Relationship]:
        """The parts that an Office part refers to, by id; what lies outside the package is left out."""
        folder, _, last = name.rpartition("/")
        beside = f"{folder}/_rels/{last}.rels" if folder else f"_rels/{last}.rels"
        if not self.has(beside):
            return {}
        found = [its.attrib for its in self.xml(beside).iter(_RELATIONSHIP) if its.get("TargetMode") != "External"]
        return {
            its.get("Id", ""): Relationship(
                its.get("Type", "").rpartition("/")[2], below(folder, its.get("Target", ""))
            )
            for its in found
        }


def below(folder: str, target: str) -> str:
    """The name of the part that `target` means, seen from `folder`: `/ppt/a.xml`, `../a.xml` and `a%20b.xml` too."""
    plain = unquote(target.partition("#")[0])
    return posixpath.normpath(posixpath.join("/", folder, plain)).lstrip("/")


@contextmanager
def opened(path: Path, damaged: str) -> Iterator[Package]:
    """The package at `path`; `damaged` (`ingest.corrupt_docx`) is the reason for one that is not what its name says.

    Raises BadItem: ingest.encrypted, ingest.too_large, and `damaged`, the last two also from inside.
    """
    data, ending = path.read_bytes(), path.suffix.lower()
    if data.startswith(_OLE) and _ENCRYPTED in data:
        raise encrypted()
    if data.startswith(_OLE):
        raise BadItem(damaged, f"In the old Office format under a {ending} name. Open it and save it as {ending}.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if any(info.flag_bits & 1 for info in archive.infolist()):
                raise encrypted()
            yield Package(archive)
    except (Damaged, *_BROKEN):
        detail = f"Not readable as {ending}: damaged or cut short. Open it and save it again."
        raise BadItem(damaged, detail) from None


def encrypted() -> BadItem:
    return BadItem("ingest.encrypted", "Needs a password to open. Save a copy without one.")


def _bomb(what: str) -> BadItem:
    return BadItem("ingest.too_large", f"{what}. Split the document.")
