"""Sources that lie at an address, fetched into the run: `s3://bucket/folder/`, `https://host/file.pdf`.

    cache/fetched/<source>/files/      the copies, laid out as where they come from; they are read like any files
    cache/fetched/<source>/had.jsonl   a line a copy: its size, and a digest of what was said of the original

To write an address is to ask for the download. Each run lists it again and fetches what is new or changed, by size and
ETag, checksum or time; where a server says none of these, everything. A copy is there whole or not at all, so that a
run that was stopped goes on with the next file. What no reader takes, or was forgotten, is not fetched.

What was had by an address with credentials is not asked for without them, for their place may then show something
else, and stays usable when they are refused: they expire, and no file of the run holds them.
"""

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from factory import runs, tables
from factory.documents import document_id
from factory.errors import BadItem, WrongRequest
from factory.forgotten import DETAIL, REASON, Forgotten
from factory.plural import many
from factory.progress import Progress
from factory.readers.read import unsupported
from factory.recipe import Source
from factory.runs import Run
from factory.stages.licences import NAMES as LICENCES
from factory.stages.remote import Remote, There, bad_name

FOLDER = "cache/fetched"
AT_ONCE = 16  # files; of filesystems that can


class Fetched(NamedTuple):
    """What a source gave: the path below its root and the copy of each file, and those that could not be had."""

    files: list[tuple[str, Path]]
    lost: list[tuple[str, BadItem]]


def fetch(source: Source, run: Run, progress: Progress) -> Fetched:
    """Bring the copies of a source up to date. Raises WrongRequest where it is not there or may not be read."""
    copies = Copies(_folder(source, run))
    has_credentials = source.address != source.path
    try:
        if copies.secret and not has_credentials:
            raise WrongRequest(f"{source.path} was fetched with credentials, which no run keeps: run its own recipe.")
        remote = Remote(source)
        there = remote.listed()
    except WrongRequest:
        if not copies.stand:
            raise
        return copies.all()
    forgotten = Forgotten.of(run.path)
    folders = {parent.as_posix() for path in there for parent in PurePosixPath(path).parents}
    lost = {path: bad_name() for path in there if path in folders or "" in path.split("/")}
    lost |= {path: why for path in there if (why := _unwanted(source, path, forgotten)) is not None}
    wanted = {path: its for path, its in there.items() if path not in lost}
    copies.drop_all_but(wanted)
    lost |= _get(remote, copies, {path: its for path, its in wanted.items() if not copies.has(path, its)}, progress)
    copies.end(lost, secret=has_credentials)
    return copies.all()


def drop_others(sources: Iterable[Source], run: Run) -> None:
    """Remove the copies of sources that are no longer in the recipe."""
    kept = {_folder(source, run) for source in sources if source.is_remote}
    for folder in (run.path / FOLDER).iterdir() if (run.path / FOLDER).is_dir() else ():
        if folder not in kept:
            shutil.rmtree(folder)


def _folder(source: Source, run: Run) -> Path:
    return run.path / FOLDER / runs.fingerprint(source.name, source.path, source.storage)


def _unwanted(source: Source, path: str, forgotten: Forgotten) -> BadItem | None:
    """Why a file is not fetched, though it could be."""
    if source.gives != "documents":
        return None
    if forgotten.has_id(document_id(source.name, path)):
        return BadItem(REASON, DETAIL)
    return None if LICENCES.match(PurePosixPath(path).name) else unsupported(path, with_ocr=source.ocr is not None)


def _get(remote: Remote, copies: "Copies", todo: Mapping[str, There], progress: Progress) -> dict[str, BadItem]:
    """Fetch files; returns those that could not be had. Raises DeadWorld where none can any more."""
    lost: dict[str, BadItem] = {}
    if not todo:
        return lost
    progress.start("fetch", len(todo))
    pool = ThreadPoolExecutor(AT_ONCE if remote.many else 1)
    try:
        asked = {
            pool.submit(remote.get, its, copies.place(path), copies.part(path)): path for path, its in todo.items()
        }
        for done in as_completed(asked):
            path = asked[done]
            try:
                copies.note(path, done.result(), todo[path].mark)
            except BadItem as why:
                lost[path] = why
            progress.advance()
    finally:
        remote.stopped.set()
        pool.shutdown(cancel_futures=True)
    progress.end("fetch", f"{len(todo) - len(lost)} of {many(len(todo), 'file')} from {remote.path}")
    return lost


class Copies:
    """The copies of one source, and what is known of them. A line of the note that is damaged is none."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._note = folder, folder / "had.jsonl"
        self._had: dict[str, tuple[int, str]] = {}  # by path: size and mark
        self._lost: dict[str, BadItem] = {}
        self.secret = self._whole = False
        for line in self._note.read_bytes().splitlines() if self._note.is_file() else ():
            with suppress(ValueError, KeyError, TypeError, AttributeError):
                self._take(json.loads(line))

    def _take(self, its: Mapping[str, Any]) -> None:
        self._whole = "whole" in its
        self.secret = self.secret or bool(its.get("secret"))
        if "mark" in its:
            self._had[its["path"]] = (its["size"], its["mark"])
        elif "reason" in its:
            self._lost[its["path"]] = BadItem(its["reason"], its["detail"])

    def place(self, path: str) -> Path:
        """Where the copy of a file lies."""
        return self._folder / "files" / path

    def part(self, path: str) -> Path:
        """Where it lies until it is whole."""
        return self._folder / "parts" / runs.fingerprint(path)

    @property
    def stand(self) -> bool:
        """Whether they are all that there was, had with credentials: they may serve where those are refused."""
        return self.secret and self._whole and all(self.place(path).is_file() for path in self._had)

    def has(self, path: str, there: There) -> bool:
        """Whether the copy is that of the file as it is now."""
        try:
            return bool(there.mark) and self._had.get(path) == (self.place(path).stat().st_size, there.mark)
        except OSError:
            return False

    def note(self, path: str, size: int, mark: str) -> None:
        """A copy is whole."""
        self._had[path] = (size, mark)
        with tables.writing(self._note), self._note.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"path": path, "size": size, "mark": mark}) + "\n")

    def drop_all_but(self, paths: Iterable[str]) -> None:
        """Remove the copies of files that are not there any more, and half ones."""
        kept = {self.place(path) for path in paths}
        with tables.writing(self._note):
            shutil.rmtree(self._folder / "parts", ignore_errors=True)
            (self._folder / "parts").mkdir(parents=True)
            for at, _, names in os.walk(self._folder / "files", topdown=False):
                for name in names:
                    if Path(at, name) not in kept:
                        Path(at, name).unlink()
                with suppress(OSError):  # not empty
                    Path(at).rmdir()
        self._had = {path: its for path, its in self._had.items() if self.place(path) in kept}

    def end(self, lost: Mapping[str, BadItem], *, secret: bool) -> None:
        """Everything was asked for once: note what there is, and what could not be had."""
        self._lost = dict(lost)
        self._had = {path: its for path, its in self._had.items() if path not in lost}
        lines: list[dict[str, Any]] = [{"path": p, "size": size, "mark": m} for p, (size, m) in self._had.items()]
        lines += [{"path": path, "reason": why.reason, "detail": why.detail} for path, why in lost.items()]
        lines.append({"whole": True, "secret": secret})
        tables.write_file(self._note, "".join(json.dumps(line) + "\n" for line in lines).encode())

    def all(self) -> Fetched:
        """What the source gives."""
        return Fetched(
            [(path, self.place(path)) for path in sorted(self._had)],
            [(path, self._lost[path]) for path in sorted(self._lost)],
        )
