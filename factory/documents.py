"""Documents: one text each, with its origin, marks, language, policy and digest.

`text` is the text as parsed; every offset in the project counts its Unicode code points. A document's id is 12 hex
digits of BLAKE2b over source name, path below the source's root, and row: no absolute path, no content.
"""

import hashlib
from dataclasses import dataclass

import pyarrow as pa

from factory.policy import Policy
from factory.readers.reading import Mark

VERSION = 1
MARK = pa.struct([("kind", pa.string()), ("start", pa.int64()), ("end", pa.int64()), ("level", pa.int32())])
SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("path", pa.string(), nullable=False),  # POSIX, below the source's root
        pa.field("row", pa.int64()),  # of a file whose rows are documents; null for a whole file
        pa.field("media_type", pa.string(), nullable=False),
        pa.field("text", pa.large_string(), nullable=False),
        pa.field("marks", pa.list_(MARK), nullable=False),
        pa.field("language", pa.string()),  # ISO 639-1, null where the text is too short to tell
        pa.field("licence", pa.string()),
        pa.field("copyright", pa.string()),
        pa.field("confidentiality", pa.string(), nullable=False),
        pa.field("digest", pa.string(), nullable=False),  # BLAKE2b-128 of the text
        pa.field("file_digest", pa.string(), nullable=False),  # BLAKE2b-128 of the file's bytes
        pa.field("replaced", pa.int64(), nullable=False),  # characters that became U+FFFD at ingest
    ],
    metadata={"factory.table": "documents", "factory.version": str(VERSION)},
)


@dataclass(frozen=True, slots=True)
class Document:
    """One text of the user's, as parsed."""

    id: str
    text: str
    source: str = ""
    path: str = ""
    row: int | None = None
    marks: tuple[Mark, ...] = ()
    language: str | None = None
    policy: Policy = Policy()
    media_type: str = "text/plain"
    replaced: int = 0
    file_digest: str = ""

    @property
    def place(self) -> str:
        """`source/path:row`: how messages and the ledger name it."""
        return place(self.source, self.path, self.row)

    def as_row(self) -> dict[str, object]:
        """As a row of SCHEMA."""
        marks = [{"kind": m.kind, "start": m.start, "end": m.end, "level": m.level} for m in self.marks]
        return {
            "id": self.id,
            "source": self.source,
            "path": self.path,
            "row": self.row,
            "media_type": self.media_type,
            "text": self.text,
            "marks": marks,
            "language": self.language,
            **self.policy.as_dict(),
            "digest": digest(self.text),
            "file_digest": self.file_digest,
            "replaced": self.replaced,
        }

    @classmethod
    def from_row(cls, row: dict[str, object]) -> "Document":
        """The document of a row of SCHEMA."""
        marks = tuple(Mark(**mark) for mark in row["marks"])  # type: ignore[attr-defined] # the schema says: a list
        policy = Policy(row["licence"], row["copyright"], row["confidentiality"])  # type: ignore[arg-type] # checked at ingest
        names = ("id", "text", "source", "path", "row", "language", "media_type", "replaced", "file_digest")
        plain = {name: row[name] for name in names}
        return cls(marks=marks, policy=policy, **plain)  # type: ignore[arg-type] # typed by the schema


def place(source: str, path: str, row: int | None = None) -> str:
    """`source/path:row`; a source that is one file has its name already."""
    file = path if path == source else f"{source}/{path}"
    return file if row is None else f"{file}:{row}"


def document_id(source: str, path: str, row: int | None = None) -> str:
    """12 hex digits that name a document by where it comes from."""
    name = "\0".join([source, path, "" if row is None else str(row)])
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def digest(text: str) -> str:
    """BLAKE2b-128 of the exact content, in hex."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
