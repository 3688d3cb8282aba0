"""Datasets of the hub, asked for by `hf:owner/name[:config][@revision]`, through `datasets`.

To write it is to ask for the download; nothing else does. A folder of that name below the current one, laid out as on
the hub, is taken instead, as `datasets` does. What was had is noted in the run, with the revision, and not asked again.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

from factory import tables
from factory.errors import DeadWorld, WrongRequest
from factory.recipe import Source
from factory.runs import Run

PREFIX = "hf:"


class Name(NamedTuple):
    """What stands behind `hf:`."""

    path: str
    config: str | None
    revision: str | None


def parse(spec: str) -> Name:
    """`hf:owner/name:config@revision` in its parts."""
    rest, _, revision = spec.removeprefix(PREFIX).partition("@")
    path, _, config = rest.partition(":")
    if not path.strip("/"):
        raise WrongRequest(f"'{spec}' names no dataset. Write hf:owner/name, hf:owner/name:config@revision.")
    return Name(path, config or None, revision or None)


def files_of(source: Source, run: Run) -> list[tuple[str, Path]]:
    """(split and number, Arrow file) of the dataset, in the order of its splits. Raises WrongRequest for none."""
    noted = run.path / "cache" / "hub.json"
    known: dict[str, Any] = json.loads(noted.read_text(encoding="utf-8")) if noted.is_file() else {}
    its = known.get(source.path)
    if its is None or not all(Path(place).is_file() for _, place in its["files"]):
        its = _load(parse(source.path), source.path)
        tables.write_json(noted, {**known, source.path: its})
    return [(path, Path(place)) for path, place in its["files"]]


def revision_of(source: Source, run: Run) -> str | None:
    """The commit that was had; None for a local folder."""
    noted = run.path / "cache" / "hub.json"
    known: dict[str, dict[str, str | None]] = json.loads(noted.read_text(encoding="utf-8")) if noted.is_file() else {}
    return known.get(source.path, {}).get("revision")


def _load(name: Name, spec: str) -> dict[str, Any]:
    import datasets

    datasets.disable_progress_bars()
    try:
        loaded = datasets.load_dataset(name.path, name.config, revision=name.revision)
    except (ConnectionError, TimeoutError) as error:
        raise DeadWorld(f"{spec} could not be had: the hub does not answer. Run the same command again.") from error
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WrongRequest(f"{spec} could not be loaded: {why[:300]}") from error
    if not isinstance(loaded, datasets.DatasetDict):
        raise WrongRequest(f"{spec} has no splits.")
    files = [
        (f"{split}-{nth:05d}.arrow", str(its["filename"]))
        for split, part in loaded.items() for nth, its in enumerate(part.cache_files)
    ]  # fmt: skip
    return {"files": files, "revision": _revision(loaded)}


def _revision(loaded: Any) -> str | None:
    """The commit in the addresses of what was downloaded: `hf://datasets/owner/name@COMMIT/…`."""
    for part in loaded.values():
        for address in part.info.download_checksums or {}:
            before, at, after = str(address).partition("@")
            if before.startswith("hf://") and at:
                return after.partition("/")[0]
    return None
