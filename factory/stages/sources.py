"""The files that a recipe's sources name, in a fixed order, each with a digest of its bytes.

Files and folders whose name begins with a dot are not part of a source, nor are run folders and what links to folders
hold. A file whose size and time did not change since the last run keeps its known digest, as in git; one changed in
the last moments is read again. What lies at an address is fetched first (`factory.stages.fetched`).
"""

import contextlib
import errno
import glob
import hashlib
import os
import stat
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from factory import tables
from factory.errors import BadItem, DeadWorld, WrongRequest
from factory.progress import Progress
from factory.readers.reading import unreadable
from factory.readers.rows import is_rows
from factory.recipe import Checked, Source
from factory.recipe.file import WILD
from factory.runs import Run, is_run
from factory.stages.hub import files_of

RACY_NS = 2_000_000_000  # a file changed this shortly before it was read may change again within the clock's tick
SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("path", pa.string()),
        ("size", pa.int64()),
        ("mtime_ns", pa.int64()),
        ("digest", pa.string()),
    ],
    metadata={"factory.table": "files", "factory.version": "1"},
)


@dataclass(frozen=True, slots=True)
class File:
    """One file of a source. `path` is POSIX and below the source's root; `digest` is '' where it cannot be read."""

    source: Source
    path: str
    place: Path
    size: int
    mtime_ns: int
    digest: str = ""

    @property
    def label(self) -> str:
        """`source/path`: how messages and the ledger name it."""
        return f"{self.source.name}/{self.path}" if self.path != self.source.name else self.path


def list_files(
    checked: Checked, run: Run, as_: str = "documents", progress: Progress | None = None
) -> tuple[list[File], list[tuple[File, BadItem]]]:
    """Every file of every source that gives `as_` with its digest, and those that cannot be read, in plan order.

    What lies elsewhere is fetched. Raises WrongRequest for a source that names nothing.
    """
    from factory.stages.fetched import drop_others  # it knows licences, which know us

    drop_others(checked.recipe.sources, run)
    known = _known(run, as_)
    good: list[File] = []
    bad: list[tuple[File, BadItem]] = []
    for source in checked.recipe.sources:
        if source.gives != as_:
            continue
        found, lost = places(source, checked, run, progress or Progress())
        if not found and not lost:
            raise WrongRequest(f"The source '{source.path}' names no file{_why_none(source, checked, run)}.")
        bad += [_lost(source, path, why) for path, why in lost]
        for path, place in found:
            try:
                good.append(_stat(source, path, place, known))
            except OSError as error:
                nothing = File(source, path, place, 0, 0)
                why = unreadable(place, error)
                bad.append((nothing, BadItem(why.reason, why.detail, place=nothing.label)))
    return good, bad


def _why_none(source: Source, checked: Checked, run: Run) -> str:
    """What there is at a source that has no file of the kind that it gives."""
    if source.is_remote:
        return ""
    place = checked.source_path(source)
    others = len(below(place, source.path, run.path)) if source.gives == "records" else 0
    if not others:
        return f": {place} has none"
    return f" of rows: {place} has {others} others. Are they documents? 'factory init {place}' writes a recipe"


def places(
    source: Source, checked: Checked, run: Run, progress: Progress
) -> tuple[list[tuple[str, Path]], list[tuple[str, BadItem]]]:
    """(path below the root, place) of each file of a source, sorted by path; and what could not be fetched."""
    if source.is_on_hub:
        return files_of(source, run), []
    if source.is_remote:
        from factory.stages.fetched import fetch  # as above

        return fetch(source, run, progress)
    found = below(checked.source_path(source), source.path, run.path)
    folder = source.gives == "records" and checked.source_path(source).is_dir()
    return [(path, place) for path, place in found if is_rows(path)] if folder else found, []


def _lost(source: Source, path: str, why: BadItem) -> tuple[File, BadItem]:
    nothing = File(source, path, Path(path), 0, 0)
    return nothing, BadItem(why.reason, why.detail, place=nothing.label)


def below(path: Path, pattern: str, run_folder: Path) -> list[tuple[str, Path]]:
    """(path below the root, place) of each file of a file, folder or glob, sorted by path.

    `pattern` is how the recipe writes `path`: what is no folder and no file is a glob from its first wild part on.
    """
    if path.is_dir():
        root, places = path, list(_walk(path, run_folder))
    elif path.exists() or path.is_symlink():  # before globs: a name may hold a bracket
        root, places = path.parent, [path]
    else:
        root, places = _glob(path, pattern, run_folder)
    return sorted((_posix(place.relative_to(root)), place) for place in places)


def _posix(path: Path) -> str:
    """The path as text that can be stored: bytes of a name that are not UTF-8 become U+FFFD."""
    return os.fsencode(path.as_posix()).decode("utf-8", "replace")


def _glob(path: Path, pattern: str, run_folder: Path) -> tuple[Path, list[Path]]:
    """The folder above the first wild part of `pattern`, and what matches below it."""
    parts = Path(pattern).parts
    wild = next((n for n, part in enumerate(parts) if any(c in part for c in WILD)), len(parts))
    root = Path(*path.parts[: len(path.parts) - len(parts) + wild])
    if not parts[wild:]:
        return root, []
    names = glob.glob(str(Path(*parts[wild:])), root_dir=root, recursive=True)  # noqa: PTH207 # Path.glob follows links
    found = (root / name for name in names)
    shown = {_link_above(place, root) or place for place in found if _is_file(place)}
    return root, [
        place for place in shown if not any(_is_a_run(folder, run_folder) for folder in _between(place, root))
    ]


def _is_file(place: Path) -> bool:
    return place.is_symlink() or (place.exists() and not place.is_dir())


def _link_above(place: Path, root: Path) -> Path | None:
    """The link to a folder, which may loop, through which the way from `root` to `place` goes: itself a finding."""
    return next((folder for folder in reversed(_between(place, root)) if folder.is_symlink()), None)


def _between(place: Path, root: Path) -> list[Path]:
    return [folder for folder in place.parents if folder != root and folder.is_relative_to(root)]


def _is_a_run(folder: Path, run_folder: Path) -> bool:
    return is_run(folder) or folder.resolve() == run_folder.resolve()


def _walk(folder: Path, run_folder: Path) -> Iterator[Path]:
    unlisted: list[Path] = []  # folders that cannot be read: each is a rejection, not a silence
    for at, folders, files in os.walk(folder, onerror=lambda error: unlisted.append(Path(error.filename))):
        here = Path(at)  # links to folders are not followed: they may loop
        shown = [name for name in folders if not name.startswith(".")]
        linked = [name for name in shown if (here / name).is_symlink()]
        folders[:] = [name for name in shown if not _is_a_run(here / name, run_folder)]
        yield from (here / name for name in [*files, *linked] if not name.startswith("."))
    yield from unlisted


def _stat(source: Source, path: str, place: Path, known: Mapping[tuple[str, str], tuple[int, int, str]]) -> File:
    found = place.stat()
    if not stat.S_ISREG(found.st_mode):  # a pipe would be waited for
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))
    size, mtime_ns, digest = known.get((source.name, path), (-1, -1, ""))
    if (size, mtime_ns) != (found.st_size, found.st_mtime_ns):
        digest = _digest(place)
    return File(source, path, place, found.st_size, found.st_mtime_ns, digest)


def _digest(place: Path) -> str:
    total = hashlib.blake2b(digest_size=16)
    with place.open("rb") as file:
        while block := file.read(1 << 20):
            total.update(block)
    return total.hexdigest()


def _known(run: Run, as_: str) -> dict[tuple[str, str], tuple[int, int, str]]:
    known = {}
    with contextlib.suppress(DeadWorld):  # damaged: the files are read for their digests
        for batch in tables.read_file(_cache(run, as_), SCHEMA):
            for row in batch.to_pylist():
                known[(row["source"], row["path"])] = (row["size"], row["mtime_ns"], row["digest"])
    return known


def _cache(run: Run, as_: str) -> Path:
    return run.path / "cache" / ("files.parquet" if as_ == "documents" else f"files-{as_}.parquet")


def remember(run: Run, files: list[File], as_: str = "documents") -> None:
    """Keep the digests of files that have rested for a while."""
    now = time.time_ns()
    rows = [
        {"source": f.source.name, "path": f.path, "size": f.size, "mtime_ns": f.mtime_ns, "digest": f.digest}
        for f in files
        if f.mtime_ns < now - RACY_NS
    ]
    tables.write_parquet(_cache(run, as_), SCHEMA, [pa.Table.from_pylist(rows, schema=SCHEMA)])
