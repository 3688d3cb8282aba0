"""A run: the folder that holds everything of it, and the manifest that says which stages are done.

    recipe.yaml  manifest.json  run.log  fakes.key (where a filter is keyed; 0600)
    documents/  passages/  records/<kind>/  features/  verdicts/  rejected/
    dataset/<kind>/<split>-*.parquet  exports/<format>/  report.json  report.html

A stage is done when the manifest holds its fingerprint: a digest of what went in, of the options, and of the code.
Never of concurrency, paths of the machine, or time.
"""

import hashlib
import json
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory import __version__, tables
from factory.errors import DeadWorld, WrongRequest

if TYPE_CHECKING:
    from datasets import DatasetDict

VERSION = 1
STAGES = (
    "ingest", "filter.documents", "split", "filter.passages", "read", "generate", "filter.records", "export",
    "measure", "audit",
)  # fmt: skip
MARK = b"# A run folder of dataset-factory: none of it belongs into version control.\n*\n"
KEY_FILE, KEY_BYTES = "fakes.key", 32
NOT_PART_OF_RESULTS = ("views", "cli")  # what only reads; a better page does not redo a stage


class Run:
    """The folder of a run. `Run(path)` opens one that stands; the pipeline makes new ones with `Run.create`."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not (self.path / "manifest.json").is_file():
            raise WrongRequest(
                f"{self.path} is not a run of dataset-factory: {_what_is_missing(self.path)}.{_how_to_make(self.path)}"
            )
        self._manifest = _read_manifest(self.path)
        self.did: list[str] = []  # the stages done since it was opened

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    @classmethod
    def create(cls, path: str | Path) -> "Run":
        """The run at `path`, made where it does not stand. Raises WrongRequest for a folder that holds other things."""
        folder = Path(path)
        if not is_run(folder) or not (folder / "manifest.json").exists():
            _make_folder(folder)
            tables.write_file(folder / ".gitignore", MARK)  # first: what a killed start leaves is known as ours
            tables.write_json(folder / "manifest.json", {"manifest": VERSION, "made_by": __version__, "stages": {}})
        return cls(folder)

    # --- stages

    def is_done(self, stage: str, fingerprint: str) -> bool:
        """Whether a stage stands, made from exactly this."""
        return bool(self._manifest["stages"].get(stage, {}).get("fingerprint") == fingerprint)

    def done(self, stage: str, fingerprint: str, counts: Mapping[str, Any]) -> None:
        """Note that a stage stands. What came after it was made from something else, so those notes go."""
        kept = {name: note for name, note in self._manifest["stages"].items() if name in STAGES[: STAGES.index(stage)]}
        if stage == "ingest":
            self._manifest.pop("text", None)
        self._save({**kept, stage: {"fingerprint": fingerprint, "counts": dict(counts)}})
        self.did.append(stage)
        self.log(stage, **counts)

    def undo(self, stage: str) -> None:
        """Forget that a stage and those after it stand: called before its tables are replaced."""
        kept = {name: note for name, note in self._manifest["stages"].items() if name in STAGES[: STAGES.index(stage)]}
        if kept != self._manifest["stages"]:
            self._save(kept)

    def counts(self, stage: str) -> dict[str, Any]:
        """What a finished stage counted; empty where it does not stand."""
        return dict(self._manifest["stages"].get(stage, {}).get("counts", {}))

    def stands(self, stage: str) -> bool:
        """Whether a stage is finished, made from whatever."""
        return stage in self._manifest["stages"]

    def notes(self) -> dict[str, Any]:
        """What the manifest says of every finished stage."""
        return dict(self._manifest["stages"])

    def fingerprint(self, stage: str) -> str:
        """The fingerprint that a finished stage was made under; '' where it does not stand."""
        return str(self._manifest["stages"].get(stage, {}).get("fingerprint", ""))

    @property
    def has_text(self) -> bool:
        """Whether `documents/` holds the text of the documents; a run may have dropped it once its export stood."""
        return bool(self._manifest.get("text") != "dropped")

    def drop_text(self) -> None:
        """Drop the text of the documents: first said, then done, so that nobody counts on it. Ends the same twice."""
        self._manifest = {**self._manifest, "text": "dropped"}
        self._save(self._manifest["stages"])
        tables.drop_column(self.path / "documents", "text")

    def key(self) -> bytes:
        """The run's own key, for digests that nobody without it can try values against; made when first asked for."""
        file = self.path / KEY_FILE
        if not file.exists():
            tables.write_file(file, secrets.token_bytes(KEY_BYTES), private=True)
        return file.read_bytes()

    def _save(self, stages: dict[str, Any]) -> None:
        noted = json.loads(json.dumps(stages, sort_keys=True))  # as a later process reads it: the same order of keys
        self._manifest = {**self._manifest, "made_by": __version__, "stages": noted}
        tables.write_json(self.path / "manifest.json", self._manifest)

    def log(self, event: str, **values: Any) -> None:
        """One JSON line in run.log: counts and names, never text."""
        line = json.dumps(
            {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "event": event, **values}, sort_keys=True
        )
        log = self.path / "run.log"
        with tables.writing(log), log.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    @contextmanager
    def lock(self, *, forgetting: bool = False) -> Iterator[None]:
        """Hold the run for one process. Raises DeadWorld where another one holds it.

        Only who is `forgetting` may hold one in which documents are half erased.
        """
        from filelock import FileLock, Timeout

        from factory.forgotten import Forgotten

        lock = FileLock(self.path / "run.lock", timeout=0)
        with tables.writing(self.path / "run.lock"):
            try:
                lock.acquire()
            except Timeout:
                raise DeadWorld(
                    f"Another process works on {self.path}. Wait for it, then run the same command again."
                ) from None
        try:
            if not forgetting and Forgotten.of(self.path).pending is not None:
                raise DeadWorld(
                    f"Documents of {self.path} are half forgotten. Finish that first: factory forget {self.path} --yes"
                )
            yield
        finally:
            lock.release()

    # --- results, for notebooks

    @property
    def kinds(self) -> list[str]:
        """The kinds of records that were exported."""
        return sorted(p.name for p in (self.path / "dataset").glob("*") if p.is_dir())

    def dataset(self, kind: str) -> "DatasetDict":
        """The exported rows of one kind as a `datasets.DatasetDict` of train, validation and test."""
        from datasets import load_dataset

        if not self.stands("export"):
            raise WrongRequest(
                f"The records of {self.path} changed since they were exported. Run: factory export {self.path}"
            )
        folder = self.path / "dataset" / kind
        files = {
            split: [str(p) for p in sorted(folder.glob(f"{split}-*.parquet"))]
            for split in ("train", "validation", "test")
        }
        files = {split: paths for split, paths in files.items() if paths}
        if not files:
            raise WrongRequest(f"{self.path} has no exported '{kind}' rows. It has: {', '.join(self.kinds) or 'none'}.")
        return load_dataset("parquet", data_files=files, cache_dir=str(self.path / "cache"))

    def report(self) -> dict[str, Any]:
        """The audit's report.json. Raises WrongRequest before the audit."""
        file = self.path / "report.json"
        if not file.is_file():
            raise WrongRequest(f"{self.path} has no report yet. Make it with: factory audit {self.path}")
        return dict(json.loads(file.read_text(encoding="utf-8")))


def is_run(folder: Path) -> bool:
    """Whether a folder was made as a run, even where its manifest is gone."""
    try:
        return (folder / ".gitignore").read_bytes() == MARK
    except OSError:
        return False


def _make_folder(folder: Path) -> None:
    """An empty folder for a run. Raises WrongRequest where there cannot be one, or where other things lie in it."""
    try:
        begun = folder / ".gitignore.tmp"  # all that a start has written when it is killed before it could say whose
        if not is_run(folder) and folder.exists() and (not folder.is_dir() or set(folder.iterdir()) - {begun}):
            raise WrongRequest(f"{folder} holds other things and is not a run. Choose another folder for 'run:'.")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)  # it holds other people's documents
    except OSError as error:
        why = f"{folder} cannot be made or written ({error.strerror})"
        raise WrongRequest(f"The run folder {why}. Choose another one for 'run:'.") from error


def _what_is_missing(path: Path) -> str:
    return "it has no manifest.json" if path.exists() else "there is nothing of that name"


def _how_to_make(folder: Path) -> str:
    again = is_run(folder) and (folder / "recipe.yaml").is_file()
    return f" Make it with: factory run {folder if again else 'RECIPE'}"


def _read_manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        version, stages = manifest["manifest"], manifest["stages"]
        if not isinstance(version, int) or not all(
            "counts" in note and "fingerprint" in note for note in stages.values()
        ):
            raise ValueError("not a manifest")
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        if not is_run(folder):
            raise WrongRequest(
                f"{folder} is not a run of dataset-factory: its manifest.json is another program's."
            ) from error
        raise DeadWorld(
            f"{folder}/manifest.json is damaged. Delete it and run the same recipe again: no document is parsed twice."
        ) from error
    if version != VERSION:
        made_by = manifest.get("made_by", "another version")
        raise WrongRequest(
            f"{folder} was made by dataset-factory {made_by}, whose runs this one ({__version__}) does not read. "
            f"Use that version, or choose another folder for 'run:'."
        )
    return dict(manifest)


def fingerprint(*parts: Any) -> str:
    """A digest of everything that a stage's result depends on."""
    return hashlib.blake2b(_as_json(parts).encode(), digest_size=16).hexdigest()


def _named(value: Any) -> str:
    """A path by its last part: where a file lies changes nothing, and what is in it has a digest of its own."""
    return value.name if isinstance(value, Path) else str(value)


_as_json = json.JSONEncoder(sort_keys=True, ensure_ascii=False, default=_named).encode  # once: it is asked for each row


@cache
def core_digest() -> str:
    """A digest of the core's own source, views and command line apart: better code makes new results."""
    root = Path(__file__).parent
    return _digest(f for f in root.rglob("*.py") if f.relative_to(root).parts[0] not in NOT_PART_OF_RESULTS)


@cache
def views_digest() -> str:
    """A digest of what makes the report: code and templates."""
    return _digest((Path(__file__).parent / "views").rglob("*"))


def _digest(files: Iterable[Path]) -> str:
    root = Path(__file__).parent
    total = hashlib.blake2b(digest_size=16)
    for file in sorted(f for f in files if f.is_file() and f.suffix != ".pyc"):
        total.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes())
    return total.hexdigest()
