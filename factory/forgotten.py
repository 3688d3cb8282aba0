"""What a run was told to forget: keyed digests of documents that must not come back, and what is still to be erased.

    forgotten.json   {"key", "digests", "pending"}

A document that is a whole file is known again by its id, by the bytes of the file and by its words; one that is a row
of a file by its words alone, for rows move up when one is taken out. The key is drawn once a run: the digests tell
nobody who has not the document, and are not those of another run.

`pending` stands from before the first table is touched until the last: a forgetting that was killed is finished by the
same command, and until then no other one may write to the run.
"""

import hashlib
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from factory import tables
from factory.documents import Document
from factory.errors import DeadWorld
from factory.folding import words

FILE = "forgotten.json"
REASON = "ingest.forgotten"
DETAIL = "This document was forgotten. Take it out of the source; if it is another one, give it another name."


@dataclass
class Forgotten:
    """The memory of one run's forgetting."""

    folder: Path
    key: str = ""
    digests: set[str] = field(default_factory=set)
    pending: dict[str, Any] | None = None

    @classmethod
    def of(cls, folder: Path) -> "Forgotten":
        """That of the run in `folder`. Raises DeadWorld for a file that cannot be read: without it, what was forgotten
        would come back."""
        file = folder / FILE
        if not file.exists():
            return cls(folder)
        try:
            noted = json.loads(file.read_text(encoding="utf-8"))
            return cls(folder, noted["key"], set(noted["digests"]), noted["pending"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DeadWorld(
                f"{folder.name}/{FILE} cannot be read: it says what was forgotten and must not come back. Restore it; "
                "or take those documents out of the sources, delete it, and run the same command again."
            ) from error

    def __bool__(self) -> bool:
        return bool(self.digests)

    @property
    def mark(self) -> str:
        """What ingest depends on: '' where nothing was forgotten."""
        return hashlib.blake2b("".join(sorted(self.digests)).encode(), digest_size=16).hexdigest() if self else ""

    def add(self, documents: Iterable[Document]) -> None:
        """Know these again."""
        self.key = self.key or secrets.token_hex(16)
        for document in documents:
            self.digests.add(self._digest("words", _said(document.text)))
            if document.row is None:
                self.digests |= {self._digest("id", document.id), self._digest("bytes", document.file_digest)}

    def add_id(self, id_: str) -> None:
        """Know a document again of which the run has no text any more."""
        self.key = self.key or secrets.token_hex(16)
        self.digests.add(self._digest("id", id_))

    def has_file(self, id_: str, file_digest: str) -> bool:
        """Whether a file that would be one document was forgotten, by where it lies or by its bytes."""
        return self.has_id(id_) or self._digest("bytes", file_digest) in self.digests

    def has_id(self, id_: str) -> bool:
        """Whether the document of this id was forgotten, where it was a whole file."""
        return bool(self) and self._digest("id", id_) in self.digests

    def has_text(self, text: str) -> bool:
        """Whether a document with these words was forgotten; case, accents and punctuation apart."""
        return bool(self) and self._digest("words", _said(text)) in self.digests

    def save(self) -> None:
        """Put it on disk."""
        noted = {"key": self.key, "digests": sorted(self.digests), "pending": self.pending}
        tables.write_json(self.folder / FILE, noted)

    def _digest(self, what: str, value: str) -> str:
        return hashlib.blake2b(f"{what}\0{value}".encode(), digest_size=16, key=self.key.encode()).hexdigest()


def _said(text: str) -> str:
    return " ".join(words(text)) or text
