"""The files that a recipe's sources name, in a fixed order, each with a digest of its bytes.

Files and folders whose name begins with a dot are not part of a source; nor is the run folder. A file whose size and
time did not change since the last run keeps its known digest, as in git; one changed in the last moments is read again.
"""

import glob
import hashlib
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from factory import tables
from factory.errors import BadItem, WrongRequest
from factory.recipe import Checked, Source
from factory.runs import Run

RACY_NS = 2_000_000_000  # a file changed this shortly before it was read may change again within the clock's tick
SCHEMA = pa.schema(
    [("source", pa.string()), ("path", pa.string()), ("size", pa.int64()), ("mtime_ns", pa.int64()), ("digest", pa.string())],
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


def list_files(checked: Checked, run: Run) -> tuple[list[File], list[tuple[File, BadItem]]]:
    """Every file of every source with its digest, and those that cannot be read, in plan order.

    Raises WrongRequest for a source that names nothing.
    """
    known = _known(run)
    good: list[File] = []
    bad: list[tuple[File, BadItem]] = []
    for source in checked.recipe.sources:
        found = list(_below(source, checked.source_path(source), run.path))
        if not found:
            raise WrongRequest(f"The source '{source.path}' names no file. Looked at {checked.source_path(source)}.")
        for path, place in found:
            try:
                good.append(_stat(source, path, place, known))
            except OSError as error:
                nothing = File(source, path, place, 0, 0)
                bad.append((nothing, BadItem("ingest.unreadable", _unreadable(place, error), place=nothing.label)))
    return good, bad


def _unreadable(place: Path, error: OSError) -> str:
    if place.is_symlink() and not place.exists():
        return "This link points to nothing: mend or remove it."
    return f"The file cannot be read ({error.strerror}): check its permissions."


def _below(source: Source, path: Path, run_folder: Path) -> Iterator[tuple[str, Path]]:
    """(path below the root, place) of each file, sorted by path."""
    if any(c in source.path for c in "*?["):
        root = Path(*path.parts[: next(n for n, part in enumerate(path.parts) if any(c in part for c in "*?["))])
        found = [Path(name) for name in glob.glob(str(path), recursive=True)]
        places = [p for p in found if p.is_file() or p.is_symlink()]
    elif path.is_dir():
        root, places = path, list(_walk(path, run_folder.absolute()))
    else:
        root, places = path.parent, [path] if path.exists() or path.is_symlink() else []
    yield from sorted((place.relative_to(root).as_posix(), place) for place in places)


def _walk(folder: Path, run_folder: Path) -> Iterator[Path]:
    for at, folders, files in os.walk(folder):  # links to folders are not followed: they may loop
        here = Path(at)
        linked = [name for name in folders if (here / name).is_symlink() and not name.startswith(".")]
        folders[:] = [n for n in folders if not n.startswith(".") and (here / n).absolute() != run_folder]
        yield from (here / name for name in [*files, *linked] if not name.startswith("."))


def _stat(source: Source, path: str, place: Path, known: Mapping[tuple[str, str], tuple[int, int, str]]) -> File:
    stat = place.stat()
    if place.is_dir():
        raise OSError(0, "a link to a folder is not followed; name the folder itself as a source")
    size, mtime_ns, digest = known.get((source.name, path), (-1, -1, ""))
    if (size, mtime_ns) != (stat.st_size, stat.st_mtime_ns):
        digest = _digest(place)
    return File(source, path, place, stat.st_size, stat.st_mtime_ns, digest)


def _digest(place: Path) -> str:
    total = hashlib.blake2b(digest_size=16)
    with place.open("rb") as file:
        while block := file.read(1 << 20):
            total.update(block)
    return total.hexdigest()


def _known(run: Run) -> dict[tuple[str, str], tuple[int, int, str]]:
    known = {}
    for batch in tables.read_file(run.path / "cache" / "files.parquet", SCHEMA):
        for row in batch.to_pylist():
            known[(row["source"], row["path"])] = (row["size"], row["mtime_ns"], row["digest"])
    return known


def remember(run: Run, files: list[File]) -> None:
    """Keep the digests of files that have rested for a while."""
    now = time.time_ns()
    rows = [
        {"source": f.source.name, "path": f.path, "size": f.size, "mtime_ns": f.mtime_ns, "digest": f.digest}
        for f in files
        if f.mtime_ns < now - RACY_NS
    ]
    tables.write_parquet(run.path / "cache" / "files.parquet", SCHEMA, [pa.Table.from_pylist(rows, schema=SCHEMA)])
