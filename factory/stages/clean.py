"""Clean: remove from a run what can be made again, and say what that will cost.

Nothing goes that was paid for (the journal), that a reader of the run needs (tables, dataset, report, models), or that
a stopped stage goes on with: parts of a stopped ingest, checkpoints of a training that has not ended.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from factory.runs import Run
from factory.stages import joint
from factory.stages.erase import remove
from factory.stages.fetched import FOLDER as FETCHED

CACHES = ("cache/files*.parquet", "cache/rejected.parquet", "cache/parquet", "cache/export", "cache/measured")
ASKED = ("cache/asked", "cache/start", "cache/calls-*", "cache/suspects", joint.COMPARED)
HALF_WRITTEN = (
    "*.tmp",
    "*.old",
    "records/**/*.tmp",
    "verdicts/**/*.tmp",
    "rejected/*.tmp",
    "units/*.tmp",
    "cache/*.tmp",
)
TRAINING = ("checkpoints", "work")


@dataclass(frozen=True)
class Rubbish:
    """One sort of thing that can go."""

    what: str
    again: str  # what it costs to have it again
    paths: tuple[Path, ...]
    size_bytes: int


def clean(path: Path, *, dry_run: bool = False) -> list[Rubbish]:
    """Remove what can be made again; with `dry_run` only find it. Sorts of which there is nothing are not listed.

    Raises WrongRequest for a folder that is no run, DeadWorld where another process works on it.
    """
    run = Run(path)
    with run.lock():
        found = [sort for sort in _sorts(run) if sort.paths]
        for sort in found if not dry_run else ():
            for place in sort.paths:
                remove(place)
        if found and not dry_run:
            run.log("clean", size_bytes=sum(sort.size_bytes for sort in found))
    return found


def _sorts(run: Run) -> Iterator[Rubbish]:
    again = "only where a filter or its options change, rows are measured again; what models said is in the journal"
    yield _sort("features", again, [run.path / "features"])
    again = "sources are read again for their digests, and files that were rejected are parsed again"
    yield _sort("caches", again, [place for name in CACHES for place in run.path.glob(name)])
    again = "both models of an evaluation are asked again; proxies of a stopped suspect or compare are trained again"
    there = [place for name in ASKED for place in run.path.glob(name)]
    yield _sort("evaluations", again, [*joint.elsewhere(run.path), *there])  # while the notes here lead to them
    again = "sources that lie at an address are fetched again"
    yield _sort("fetched files", again, [run.path / FETCHED])
    again = "nothing: the training has ended"
    folders = [folder for folder in run.path.glob("models/*") if _has_ended(folder)]
    yield _sort("checkpoints", again, [folder / name for folder in folders for name in TRAINING])
    names = HALF_WRITTEN + (("*.partial",) if run.stands("ingest") else ())
    left = {place for name in names for place in run.path.glob(name)}
    if not run.stands("ingest"):
        left.discard(run.path / "documents.tmp")  # the next ingest takes its parts
    yield _sort("half-written files", "nothing", sorted(left))


def _has_ended(model: Path) -> bool:
    try:
        return bool(json.loads((model / "training.json").read_text(encoding="utf-8")).get("done"))
    except (OSError, ValueError):
        return False


def _sort(what: str, again: str, places: list[Path]) -> Rubbish:
    there = tuple(place for place in places if place.exists())
    return Rubbish(what, again, there, sum(map(_size, there)))


def _size(place: Path) -> int:
    files = place.rglob("*") if place.is_dir() else [place]
    return sum(file.lstat().st_size for file in files if not file.is_dir())
