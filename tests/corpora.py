"""Small runs for tests: a folder of documents, a recipe beside it, and ways to look at what a run left behind.

with workspace() as folder:
    done = finished(folder, {"pump.md": "# Pump\\n\\nA pump moves water."}, methods=["text"])
    assert rows(done.path / "dataset")
"""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml

from factory import Run, run

Files = Mapping[str, str | bytes]
IN_MEMORY = "/dev/shm"  # noqa: S108 # only ever the parent of a TemporaryDirectory


@contextmanager
def workspace() -> Iterator[Path]:
    """A folder that is gone afterwards, in memory where there is a place for that: a run flushes often."""
    with tempfile.TemporaryDirectory(
        prefix="corpus-", dir=IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else None
    ) as name:
        yield Path(name)


def write_documents(folder: Path, files: Files) -> Path:
    """The files below `folder/documents`; text is written as it stands, line ends and all."""
    root = folder / "documents"
    for name, content in files.items():
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def recipe(
    *,
    run: str | Path = "run",
    sources: Sequence[Mapping[str, Any]] = ({"path": "documents"},),
    documents: Sequence[Any] = (),
    passages: Sequence[Any] = (),
    records: Sequence[Any] = (),
    methods: Sequence[Any] = ("text", "extractive_qa"),
    max_tokens: int = 512,
    target: int | None = None,
    **other: Any,
) -> dict[str, Any]:
    """A recipe as a mapping; `documents`, `passages` and `records` are the filters of the three stages."""
    generate: dict[str, Any] = {"methods": list(methods)} | ({"target": target} if target else {})
    return {
        "run": str(run),
        "sources": [dict(source) for source in sources],
        "documents": {"filter": list(documents)},
        "passages": {"max_tokens": max_tokens, "filter": list(passages)},
        "generate": generate,
        "filter": list(records),
        **other,
    }


def write_recipe(folder: Path, made: Mapping[str, Any] | None = None, **keys: Any) -> Path:
    """`folder/recipe.yaml`, whose run is `folder/run`; `keys` are those of `recipe`."""
    made = dict(made if made is not None else recipe(**keys))
    made["run"] = str(folder / made["run"])
    file = folder / "recipe.yaml"
    file.write_text(yaml.safe_dump(made, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return file


def finished(folder: Path, files: Files, made: Mapping[str, Any] | None = None, **keys: Any) -> Run:
    """The run of these documents and this recipe, exported."""
    write_documents(folder, files)
    return run(write_recipe(folder, made, **keys), until="export")


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path: two that are equal are the same bytes under the same names."""
    return {
        file.relative_to(folder).as_posix(): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()
    }


def rows(folder: Path) -> list[dict[str, Any]]:
    """The rows of every Parquet file below a folder, read without the project's own code."""
    return [row for file in sorted(folder.rglob("*.parquet")) for row in pq.ParquetFile(file).read().to_pylist()]


def strings(value: Any) -> Iterator[str]:
    """Every string in a value, however deep; bytes as Latin-1, so that text in them is found."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield value.decode("latin-1")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from strings(key)
            yield from strings(item)
    elif isinstance(value, Sequence):
        for item in value:
            yield from strings(item)
