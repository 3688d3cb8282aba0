"""Erase rows from every file of a run, and bring back what the manifest says of it.

A file that loses nothing is not touched. One that cannot be read is removed whole, since nobody knows what is in it:
the stages are then done again. Done twice, or after a kill, it ends the same.
"""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from factory import recipe as recipes
from factory import rejections, reviews, tables
from factory.documents import document_id
from factory.errors import DeadWorld, WrongRequest
from factory.forgotten import DETAIL, REASON
from factory.llm import scrub
from factory.progress import Progress
from factory.recipe import Checked
from factory.runs import STAGES, Run
from factory.stages import joint
from factory.stages.derived import Gone
from factory.stages.export import write_export
from factory.stages.models import FILE
from factory.stages.recount import recounted
from factory.views import audit, declared

Notes = Mapping[str, Any]  # the stages of a manifest
TABLES = ("documents", "passages", "records", "verdicts", "measured", "rejected/generate.parquet")
KEPT_CACHES = ("files.parquet", "files-records.parquet", "rejected.parquet", "hub.json")  # digests and places, no text
LEFT_BEHIND = (
    "*.tmp", "*.old", "*.partial", f"{FILE}.*", "models/*/work", "records/**/*.tmp", "cache/*",
    "suspects", "models/*/exam.*", "models/*/rows.parquet",  # what models said of rows
)  # fmt: skip
TEXT = ("dataset", "exports", "exam")


def erase(run: Run, gone: Gone, before: Notes, progress: Progress) -> None:
    """Take all that is `gone` out of a run whose manifest noted `before`."""
    run.undo("ingest")
    scrub.erase(run.path / FILE, gone)
    whole = all([_rows(run, gone), _units(run, gone)])
    _features(run, gone)
    _caches(run, gone)
    _rejections(run, gone, before)
    for file in run.path.glob("rows-to-review*"):  # what `factory export --review` leaves in the run
        tables.write_file(file, reviews.without(file, gone))
    _left_behind(run)
    if not whole or "export" not in before:
        for name in TEXT:
            remove(run.path / name)
    if whole:
        _notes(run, before, progress)
    if not run.stands("audit"):
        for name in ("report.json", "report.html"):
            remove(run.path / name)


def _left_behind(run: Run) -> None:
    """Caches, and what stopped work left here and in other runs: there first, while the notes here lead to it."""
    for path in joint.elsewhere(run.path):
        remove(path)
    for place in LEFT_BEHIND:
        for path in run.path.glob(place):
            if path.name not in KEPT_CACHES:
                remove(path)


def remove(path: Path) -> None:
    """A file or a folder, where it stands."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _rows(run: Run, gone: Gone) -> bool:
    """Take rows out by their ids; False where a file had to go whole."""
    parts = [part for name in TABLES for part in _parts(run.path / name)]
    return all([_drop(part, lambda rows: [gone(id_) for id_ in rows["id"].to_pylist()]) for part in parts])


def _units(run: Run, gone: Gone) -> bool:
    def named(rows: pa.Table) -> list[bool]:
        pairs = zip(rows["unit"].to_pylist(), rows["method"].to_pylist(), strict=True)
        return [gone(f"{unit}/{method}") for unit, method in pairs]

    return all([_drop(part, named) for part in _parts(run.path / "units")])


def _parts(place: Path) -> list[Path]:
    return sorted(place.rglob("*.parquet")) if place.is_dir() else [place] if place.is_file() else []


def _drop(part: Path, gone: Callable[[pa.Table], list[bool]]) -> bool:
    try:
        dropped = tables.drop_rows(part, gone)
    except DeadWorld as error:
        if isinstance(error.__cause__, OSError) and error.__cause__.errno:
            raise  # the disk refuses; a damaged file has no such number
        part.unlink()
        return False
    if dropped and part.parent.parent.name == "records" and pq.read_metadata(part).num_rows == 0:
        part.unlink()  # a kind without records has no table
        if not any(part.parent.iterdir()):
            part.parent.rmdir()
    return True


def _features(run: Run, gone: Gone) -> None:
    """What was measured: a cache, so that a file without ids, or one that is damaged, just goes."""
    for file in _parts(run.path / "features"):
        try:
            named = "id" in pq.read_schema(file).names
        except (pa.ArrowInvalid, OSError):
            named = False
        if not named:
            file.unlink()
            continue
        _drop(file, lambda rows: [gone(id_) for id_ in rows["id"].to_pylist()])


def _caches(run: Run, gone: Gone) -> None:
    """The digests of the files: a file that is forgotten has none here."""
    file = run.path / "cache" / "files.parquet"
    if file.exists():
        _drop(file, lambda rows: [gone(document_id(row["source"], row["path"])) for row in rows.to_pylist()])


def _rejections(run: Run, gone: Gone, before: Notes) -> None:
    """Each document that stood has a line in the ledger, without a name."""
    if "ingest" not in before:
        return
    rows = [row for row in rejections.read(run, "ingest") if row["id"] not in gone.documents]
    rows += [{"id": id_, "place": id_, "reason": REASON, "detail": DETAIL} for id_ in sorted(gone.listed)]
    rejections.write(run, "ingest", sorted(rows, key=lambda row: (row["place"], row["id"])))


def _notes(run: Run, before: Notes, progress: Progress) -> None:
    """Note the stages again that stood, with counts of what is left; export and audit are made anew."""
    measured = "measure" in before  # what filters would say of rows is counted where they run: the next run does
    for stage in STAGES:
        if stage not in before or stage == "measure" or (stage == "audit" and measured):
            continue
        mark, counts = before[stage]["fingerprint"], before[stage]["counts"]
        if stage == "export":
            if not _export(run, mark, progress):
                return
        elif stage == "audit":
            _audit(run, mark)
        else:
            run.done(stage, mark, recounted(run, stage, counts))


def _export(run: Run, mark: str, progress: Progress) -> bool:
    """Whether it could be made: its template may be gone, and then the rows go too until the next run."""
    checked = Checked(declared.recipe(run), run.path / "recipe.yaml", (), {})
    template = checked.recipe.export.template
    if template is not None and not template.is_file():
        for name in TEXT:
            remove(run.path / name)
        return False
    run.done("export", mark, write_export(run, checked, progress))
    return True


def _audit(run: Run, mark: str) -> None:
    try:
        report = audit.audit(run, checks=recipes.declared_audit(run.path / "recipe.yaml").get("checks", []))
    except WrongRequest:
        return  # a check names a measure that there is no row for: the next run says so
    run.done("audit", mark, {"verdict": report["verdict"], "checks": report["checks"]})
