"""Files that an option of a plugin names: found from the recipe's folder, known by what is in them.

An option whose type is `Path` (or a list of them) names a file, or a folder of files. In a recipe it is relative to the
recipe's file; the plugin gets it absolute. What is in the file is part of the plugin's digest, its place is not: a
changed benchmark measures again, one that was moved does not. Of a run its tables and what filters said of them count.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from factory.errors import WrongRequest, did_you_mean
from factory.runs import is_run

BLOCK = 1 << 20  # bytes read at once
TABLES = ("documents", "passages", "records", "verdicts")  # of a run


def located(instance: str, options: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The options with each path absolute, those that are relative below `folder`.

    Raises WrongRequest for a path where nothing is.
    """
    return {name: _located(instance, name, value, folder) for name, value in options.items()}


def _located(instance: str, name: str, value: Any, folder: Path) -> Any:
    if isinstance(value, list | tuple):
        return type(value)(_located(instance, name, item, folder) for item in value)
    if not isinstance(value, Path):
        return value
    place = (folder / value.expanduser()).absolute()
    if not place.exists():
        beside = [path.name for path in place.parent.iterdir()] if place.parent.is_dir() else []
        raise WrongRequest(
            f"{instance}: '{name}' names {value}, and there is no {place}.{did_you_mean(place.name, beside)} "
            "In a recipe, paths are relative to its file."
        )
    return place


def paths(options: Mapping[str, Any]) -> Iterator[Path]:
    """The paths among some options, in their order."""
    for value in options.values():
        for item in value if isinstance(value, list | tuple) else [value]:
            if isinstance(item, Path):
                yield item


def written(value: Any) -> Any:
    """An option as it stands in a recipe: paths as text."""
    if isinstance(value, list | tuple):
        return [written(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def files_of(path: Path) -> list[Path]:
    """The file itself, or the files below a folder, sorted; those whose name begins with a dot are not part of it."""
    if not path.is_dir():
        return [path]
    found = [file for file in path.rglob("*") if file.is_file()]
    return sorted(file for file in found if not any(part.startswith(".") for part in file.relative_to(path).parts))


def digest(options: Mapping[str, Any]) -> str:
    """A digest of the names and the bytes of all files that options name; '' where they name none.

    Raises WrongRequest for a file that cannot be read.
    """
    total, found = hashlib.blake2b(digest_size=16), False
    for path in paths(options):
        for file in _counted(path):
            found = True
            total.update(file.relative_to(path.parent).as_posix().encode() + b"\0" + _of_bytes(file))
    return total.hexdigest() if found else ""


def _counted(path: Path) -> list[Path]:
    """The files whose bytes count: of a run not its journal, its reports and what was made of it."""
    if not is_run(path):
        return files_of(path)
    return [file for name in TABLES for file in files_of(path / name) if file.is_file()]


def _of_bytes(file: Path) -> bytes:
    total = hashlib.blake2b(digest_size=16)
    try:
        with file.open("rb") as opened:
            while block := opened.read(BLOCK):
                total.update(block)
    except OSError as error:
        raise WrongRequest(f"{file} cannot be read ({error.strerror}): check its permissions.") from None
    return total.digest()
