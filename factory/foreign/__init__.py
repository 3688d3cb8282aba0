"""Datasets that others made: audit one, or filter one and write back what is left, without a recipe.

Both make a run on the fly, whose one source is read `as: records`: everything that works on a run works on it
(`factory ledger`, `trace`, `show`, `verify`). An audit removes nothing: its filters are measured.

from factory.foreign import audit_dataset, filter_dataset
report = audit_dataset("alpaca.jsonl", into="audits/alpaca")
done = filter_dataset("alpaca.jsonl", ["exact_dedup"], out="clean.jsonl")
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from pydantic import ValidationError

from factory import addresses, pipeline, plugins, recipe, tables
from factory.errors import WrongRequest, did_you_mean
from factory.foreign.measures import SAMPLED, asked_by, measured_by_default, slow_ones
from factory.progress import Progress
from factory.readers.packed import SUFFIXES, unpacked_suffix
from factory.recipe.file import source_name
from factory.runs import Run, is_run

HUB = "hf:"
HUB_ID = re.compile(r"[\w-][\w.-]*/[\w.-]+")


@dataclass(frozen=True)
class Filtered:
    """What a filtered dataset became: its run, the files, and how many rows went where."""

    run: Run
    out: Path
    rejected: Path
    rows: int
    kept: int
    edited: int

    @property
    def lost(self) -> int:
        """The rows that are not in the output."""
        return self.rows - self.kept


def audit_dataset(
    dataset: str | Path,
    *,
    into: str | Path | None = None,
    mapping: Mapping[str, str] | None = None,
    against: Sequence[str | Path] = (),
    tokenizer: str | Path | None = None,
    sample: int | None = None,
    slow: bool = False,
    full: bool = False,
    asking: Sequence[Any] = (),
    models: str | Path | None = None,
    checks: Sequence[str] = (),
    workers: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Audit a file, a folder, an address or `hf:owner/name`; returns the report, which lies in the run folder `into`.

    `mapping` gives fields their columns, `against` are benchmarks to look for, `tokenizer` (a model's folder, or an id
    of the hub) is what the rows are for, `sample` how many rows are drawn and looked at instead of all. `slow` also
    looks for names and for rows that mean the same, where their extras are installed: on a sample of the rows, unless
    `full`, which makes the map of contents of all rows, too. `asking` are filters that ask a model, those of the recipe
    `models`; nothing is removed, but what is asked is paid for. Without `into` the run is `audits/<name of the
    dataset>`. Raises CheckFailed, once the report is written, where one of `checks` does not hold;
    WrongRequest for a dataset of no known shape, or without a row that could be read.
    """
    folder = Path(into) if into is not None else default_folder(dataset)
    files = [Path(name).expanduser().absolute() for name in against]
    missing = next((file for file in files if not file.exists()), None)
    if missing is not None:
        raise WrongRequest(f"--against {missing}: there is no such file.")
    named = {} if tokenizer is None else {"tokenizer": _tokenizer(str(tokenizer))}
    given, asked = asked_by(models, asking)
    made = _recipe(dataset, folder, mapping, sample) | given
    usual, broken = measured_by_default(files)
    long, absent = slow_ones() if slow else ([], [])
    made["audit"] = {"measure": [*usual, *long, *asked], **named}
    if full:
        made["audit"]["full"] = True
    elif long:
        made["audit"]["sampled"] = {name: rows for name, rows in SAMPLED.items() if any(name in one for one in long)}
    for why in [*broken, *absent]:
        (progress or Progress()).say(f"not measured      {why}")
    _run(dataset, folder, made, "export", workers, progress)
    return pipeline.audit(folder, checks=checks)


def filter_dataset(
    dataset: str | Path,
    filters: Sequence[Any],
    *,
    out: str | Path,
    mapping: Mapping[str, str] | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Filtered:
    """Filter a dataset and write the rows that are left to `out`, in its own shape and columns.

    `filters` are entries as in a recipe (`"exact_dedup"`, `{"length": {"min_chars": 40}}`), in order; files that their
    options name are found from where we are. The ending of
    `out` says how it is written: .jsonl, .json, .csv or .parquet. Beside it lie the rejected rows with their reasons
    (`<out>.rejected.jsonl`) and the run (`<out>.run`).
    """
    from factory.foreign.outputs import check_name
    from factory.foreign.written import write_rows

    out = Path(out)
    check_name(out)
    if Path(dataset).exists() and out.resolve() == Path(dataset).resolve():
        raise WrongRequest(f"{out} is the dataset itself: what is rejected would be lost. Give -o another name.")
    packed = out.suffix if out.suffix.lower() in SUFFIXES else ""
    stem = Path(out.name.removesuffix(packed)).stem  # clean.v1 of clean.v1.jsonl.gz
    folder = out.with_name(f"{stem}.run")
    made = _recipe(dataset, folder, mapping) | {"filter": [_placed(entry) for entry in filters]}
    done = _run(dataset, folder, made, "generate", workers, progress)
    rejected = out.with_name(f"{stem}.rejected.jsonl")
    counts = write_rows(done, recipe.load(str(folder)), out, rejected)
    return Filtered(done, out, rejected, **counts)


def is_dataset(name: str | Path) -> bool:
    """Whether `name` is a dataset rather than a run or a recipe."""
    path = Path(name).expanduser()
    if _is_elsewhere(name):
        return True
    if path.is_dir():
        return not is_run(path) and not (path / "manifest.json").is_file()
    return path.exists()


def default_folder(dataset: str | Path) -> Path:
    """Where the audit of a dataset lies if nobody says where: `audits/<its name>`."""
    name = str(dataset).removeprefix(HUB)
    name = source_name(name) if addresses.is_remote(name) else addresses.last(name)  # the one may be a pattern
    suffix = unpacked_suffix(name)
    stem = name[: name.lower().rindex(suffix)] if suffix else name
    return Path("audits") / (stem or "dataset")


def _tokenizer(name: str) -> str:
    """Where a tokenizer lies, absolute, or its id on the hub. Raises WrongRequest for what can be neither."""
    place = Path(name).expanduser().absolute()
    if not place.exists() and not HUB_ID.fullmatch(name):
        raise WrongRequest(f"--tokenizer {name}: there is no such folder, and it is no id of the hub (OWNER/NAME).")
    return str(place) if place.exists() else name


def _recipe(
    dataset: str | Path, folder: Path, mapping: Mapping[str, str] | None, sample: int | None = None
) -> dict[str, Any]:
    elsewhere = _is_elsewhere(dataset)
    here = Path(addresses.LOCAL.sub("", str(dataset))).expanduser().absolute()
    place = addresses.bare(str(dataset)) if elsewhere else str(here)
    if not elsewhere and not Path(place).exists():
        parent = Path(place).parent
        there = [path.name for path in parent.iterdir()] if parent.is_dir() else []
        raise WrongRequest(f"There is no {dataset}.{did_you_mean(Path(place).name, there)}")
    source: dict[str, Any] = {"path": place, "as": "records"}
    if mapping:
        source["map"] = dict(mapping)
    if sample is not None:
        source["sample"] = sample
    return {"run": str(folder), "sources": [source], "export": {"split": {"by": "file"}}}


def _is_elsewhere(dataset: str | Path) -> bool:
    """Whether it is no path: a dataset of the hub, or an address."""
    return str(dataset).startswith(HUB) or addresses.is_remote(str(dataset))


def _credentials(dataset: str | Path) -> list[str]:
    """What gives the run the address as it was written, for this once: its recipe has it without credentials."""
    name = str(dataset)
    return [f"sources.0.path={json.dumps(name)}"] if addresses.is_remote(name) and addresses.bare(name) != name else []


def _placed(entry: Any) -> Any:
    """An entry of a filter with the paths in its options absolute, found from where we are.

    Raises WrongRequest for an option that is wrong, and for a path where nothing is.
    """
    try:
        use = recipe.Use.model_validate(entry)
    except ValidationError:
        return entry  # the recipe that it becomes part of says what is wrong with it
    made = plugins.filter_(use.plugin, use.options, instance=use.instance, folder=Path.cwd())
    plain = use.model_dump()
    recipe.with_absolute_paths([plain], [made])
    return {use.instance: {"plugin": use.plugin, **plain["options"]}}


def _run(
    dataset: str | Path,
    folder: Path,
    made: Mapping[str, Any],
    until: pipeline.Until,
    workers: int | None,
    progress: Progress | None,
) -> Run:
    """The run of a recipe made on the fly. Raises WrongRequest for a folder that is of something else."""
    file = folder / "recipe.yaml"
    if file.is_file():
        before = yaml.safe_load(file.read_text(encoding="utf-8"))
        is_other = [source["path"] for source in before["sources"]] != [source["path"] for source in made["sources"]]
        if is_other and Run(folder).stands("read"):  # one that read nothing protects nothing
            raise WrongRequest(
                f"{folder} is the run of another dataset. Choose another name with -o, or delete that folder."
            )
    text = yaml.safe_dump(dict(made), sort_keys=False, allow_unicode=True).encode()
    _check(text)
    Run.create(folder)
    tables.write_file(file, text)
    return pipeline.run(
        folder, set=_credentials(dataset), until=until, workers=workers, progress=_OfRows(progress or Progress())
    )


def _check(text: bytes) -> None:
    """Raise WrongRequest for filters or options that there are not, before a folder is made."""
    with TemporaryDirectory() as name:
        file = Path(name) / "recipe.yaml"
        file.write_bytes(text)
        try:
            recipe.load(str(file))
        except WrongRequest as error:
            raise WrongRequest(re.sub(rf"^{re.escape(str(file))}(:\d+)?: ", "", str(error))) from None


class _OfRows(Progress):
    """Says of a run without documents only what is done with its rows."""

    SILENT = ("ingest", "filter documents", "split", "filter passages", "generate")

    def __init__(self, inner: Progress) -> None:
        self._inner, self._speaks = inner, True

    def start(self, stage: str, total: int | None = None) -> None:
        self._speaks = stage not in self.SILENT
        if self._speaks:
            self._inner.start(stage, total)

    def advance(self, items: int = 1) -> None:
        if self._speaks:
            self._inner.advance(items)

    def end(self, stage: str, summary: str) -> None:
        if stage not in self.SILENT:
            self._inner.end(stage, summary)

    def say(self, line: str) -> None:
        self._inner.say(line)
