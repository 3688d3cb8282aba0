"""Datasets of the hub, asked for by `hf:owner/name[:config][@revision]`, through `datasets`.

To write it is to ask for the download; nothing else does. A folder of that name below the current one, laid out as on
the hub, is taken instead, as `datasets` does. What was had is noted in the run, with its revision and the licence of
its card, and not asked again; a note that is damaged is none.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from factory import tables
from factory.errors import DeadWorld, WrongRequest
from factory.recipe import Source
from factory.runs import Run

PREFIX = "hf:"
CARD = "README.md"


class Name(NamedTuple):
    """What stands behind `hf:`."""

    path: str
    config: str | None
    revision: str | None


def parse(spec: str) -> Name:
    """`hf:owner/name:config@revision` in its parts. Raises WrongRequest where it names none, as `hf://…` does."""
    rest, _, revision = spec.removeprefix(PREFIX).partition("@")
    path, _, config = rest.partition(":")
    if not path.strip("/") or path.startswith("//"):
        raise WrongRequest(f"'{spec}' names no dataset. Write hf:owner/name, hf:owner/name:config@revision.")
    return Name(path, config or None, revision or None)


def spec_of(source: Source) -> str:
    """What is asked for: the path, with the revision that stands beside it."""
    beside = source.revision is not None and "@" not in source.path
    return f"{source.path}@{source.revision}" if beside else source.path


def files_of(source: Source, run: Run) -> list[tuple[str, Path]]:
    """(split and number, Arrow file) of the dataset, in the order of its splits. Raises WrongRequest for none."""
    spec, known = spec_of(source), _noted(run)
    its = known.get(spec)
    if its is None or not all(Path(place).is_file() for _, place in its["files"]):
        its = _load(parse(spec), spec)
        tables.write_json(_note(run), {**known, spec: its})
    return [(path, Path(place)) for path, place in its["files"]]


def revisions(sources: Iterable[Source], run: Run) -> dict[str, str | None]:
    """The commit that was had of each source that is a dataset of the hub; None for a local folder."""
    known = _noted(run)
    return {source.name: known.get(spec_of(source), {}).get("revision") for source in sources if source.is_on_hub}


def licences(sources: Iterable[Source], run: Run) -> dict[str, str]:
    """The licence in the card of each source that is a dataset of the hub; those without one are left out."""
    known = _noted(run)
    found = {source.name: known.get(spec_of(source), {}).get("licence") for source in sources if source.is_on_hub}
    return {name: licence for name, licence in found.items() if licence}


def had(run: Run) -> dict[str, str | None]:
    """The same of everything that was read, as the finished stages noted it."""
    return {name: its for stage in ("ingest", "read") for name, its in run.counts(stage).get("revisions", {}).items()}


def _note(run: Run) -> Path:
    return run.path / "cache" / "hub.json"


def _noted(run: Run) -> dict[str, dict[str, Any]]:
    """What was had, by what was asked for; without what cannot be read, which is asked for again."""
    try:
        noted = json.loads(_note(run).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {spec: its for spec, its in noted.items() if _is_whole(its)} if isinstance(noted, dict) else {}


def _is_whole(its: Any) -> bool:
    files = its.get("files") if isinstance(its, dict) else None
    return (
        isinstance(files, list)
        and "licence" in its
        and all(
            isinstance(file, list) and len(file) == 2 and all(isinstance(part, str) for part in file) for file in files
        )
    )


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
    revision = _revision(loaded)
    return {"files": files, "revision": revision, "licence": licence_of(name, revision)}


def _revision(loaded: Any) -> str | None:
    """The commit in the addresses of what was downloaded: `hf://datasets/owner/name@COMMIT/…`."""
    for part in loaded.values():
        for address in part.info.download_checksums or {}:
            before, at, after = str(address).partition("@")
            if before.startswith("hf://") and at:
                return after.partition("/")[0]
    return None


def licence_of(name: Name, revision: str | None) -> str | None:
    """The licence in the card, which lies in the folder, or where `datasets` put it when it asked the hub."""
    from huggingface_hub import try_to_load_from_cache

    from factory.stages.licences import of_card  # it knows sources, which know us

    card: Any = Path(name.path) / CARD
    if not Path(name.path).is_dir():
        at = revision or name.revision
        card = try_to_load_from_cache(name.path, CARD, repo_type="dataset", revision=at) if "/" in name.path else None
    try:
        return of_card(Path(card).read_text(encoding="utf-8-sig")) if isinstance(card, str | Path) else None
    except (OSError, UnicodeDecodeError):
        return None
