"""What a trainer can be given: the exported rows of a run, a folder of Parquet files, or one JSONL or Parquet file.

RUN                                     dataset/<kind>/{train,validation}-*.parquet, made by the export
FOLDER/<kind>/train-*.parquet           a copy of such a `dataset/`
FOLDER/train-*.parquet, FILE            the kind follows from the columns
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from factory import plugins, tables, training
from factory.errors import WrongRequest
from factory.policy import SCALE, Confidentiality, Policy
from factory.records import KINDS
from factory.runs import Run
from factory.training import Row, Split, Trainer

COLUMNS: Mapping[str, set[str]] = {  # what the exported rows of a kind have; the more telling ones first
    "preference": {"prompt", "chosen", "rejected"},
    "feedback": {"prompt", "completion", "label"},
    "sft": {"messages"},
    "labels": {"text", "label"},
    "text": {"text"},
}


def find(path: Path, trainer: Trainer) -> Split:
    """The rows at a place that a trainer takes. Raises WrongRequest that says what is there and what fits it."""
    found = _kinds(path)
    for kind in trainer.kinds:
        if kind in found:
            train, validation = found[kind]
            return Split(kind, tuple(train), tuple(validation), tuple(map(_digest, [*train, *validation])))
    there = ", ".join(sorted(found)) or "no rows that a trainer takes"
    fits = [f"'{name}' trains on {kind}" for kind in sorted(found) for name in fitting(kind)]
    hint = f" {'; '.join(fits)}." if fits else ""
    raise WrongRequest(
        f"'{trainer.plugin}' trains on {' or '.join(trainer.kinds)}, and {path} has {there}.{hint}"
    )  # fmt: skip


def documents(data: Split) -> list[str]:
    """The ids of the documents that its rows were made from, by their `meta`; rows without one have none."""
    found: set[str] = set()
    for file in [*data.train, *data.validation]:
        for meta in _metas(file):
            found.update(_documents(meta))
    return sorted(found)


def confidentiality(files: Iterable[Path]) -> Confidentiality:
    """The highest of the rows in these files, by their `meta`; rows that nobody labelled are internal."""
    unlabelled = Policy().confidentiality
    found: set[Confidentiality] = set()
    for file in files:
        levels = {meta.get("confidentiality") for meta in _metas(file)} or {None}
        found |= {level if level in SCALE else unlabelled for level in levels}
    return max(found, key=SCALE.index, default=unlabelled)


def documents_of(row: Row) -> list[str]:
    """The ids of the documents that one exported row was made from; without a `meta`, none."""
    return _documents(_object(row.get("meta")))


def _metas(file: Path) -> Iterator[dict[str, Any]]:
    if file.suffix != ".parquet" or "meta" not in pq.read_schema(file).names:
        return
    for batch in tables.parquet(file).iter_batches(columns=["meta"]):
        yield from map(_object, batch["meta"].to_pylist())


def _object(meta: Any) -> dict[str, Any]:
    """A row's `meta`. A stranger's column of that name may hold anything: what is no object says nothing."""
    try:
        its = json.loads(meta or "{}")
    except (ValueError, TypeError):
        return {}
    return its if isinstance(its, dict) else {}


def _documents(meta: Mapping[str, Any]) -> list[str]:
    named = meta.get("documents")
    return list(map(str, named)) if isinstance(named, list) else []


def fitting(kind: str) -> list[str]:
    """The trainers that take a kind."""
    return [name for name in plugins.declared("trainers") if kind in training.trainer(name).kinds]


def _kinds(path: Path) -> dict[str, tuple[list[Path], list[Path]]]:
    """The files of each kind, for training and for validation."""
    if path.is_file():
        return _by_columns([path], [])
    if (path / "manifest.json").is_file():
        if not Run(path).stands("export"):
            raise WrongRequest(f"{path} has no rows that are up to date. Make them with: factory export {path}")
        path = path / "dataset"
    if not path.is_dir():
        raise WrongRequest(f"There is nothing at {path}. Give a run, a folder with Parquet files, or a JSONL file.")
    found = {kind: _files(path / kind) for kind in KINDS if (path / kind).is_dir()}
    return {kind: files for kind, files in found.items() if files[0]} or _by_columns(*_files(path))


def _files(folder: Path) -> tuple[list[Path], list[Path]]:
    train, validation = (
        [*sorted(folder.glob(f"{split}*.parquet")), *sorted(folder.glob(f"{split}*.jsonl"))]
        for split in ("train", "validation")
    )
    return train, validation


def _by_columns(train: Sequence[Path], validation: Sequence[Path]) -> dict[str, tuple[list[Path], list[Path]]]:
    """One kind: the first whose columns the files have."""
    there = training.columns(train)
    kind = next((kind for kind, wanted in COLUMNS.items() if wanted <= there), None)
    if kind is None:
        names = f"the columns {', '.join(sorted(there))}" if there else "no rows"
        raise WrongRequest(
            f"{train[0] if train else 'The folder'} has {names}: no kind of training data has those. "
            "Known: " + "; ".join(f"{kind}: {', '.join(sorted(wanted))}" for kind, wanted in COLUMNS.items()) + ". "
            "Other shapes become such rows in a run: factory audit DATA makes one of a dataset, and that is trained on."
        )
    return {kind: (list(train), list(validation))}


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
