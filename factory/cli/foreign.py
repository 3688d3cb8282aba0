"""The verbs that take a dataset instead of a run: what they are given, and what they print."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from factory import pandas_later
from factory.cli.printing import measured, out, say
from factory.errors import WrongRequest, did_you_mean
from factory.plural import many

RECIPES = (".yaml", ".yml")


def is_dataset(name: str, *, dataset_options: bool) -> bool:
    """Whether an audit is asked of a dataset. Raises WrongRequest where a run is given what only a dataset takes."""
    from factory.foreign import is_dataset as is_one

    found = is_one(name)
    if dataset_options and not found and Path(name).exists():
        raise WrongRequest(
            f"{name} is a run: -o, --map, --against, --tokenizer, --sample, --slow, --full, --with and --recipe are "
            "for datasets. In its recipe: audit: {measure: […], sampled: {…}, full: true, tokenizer: …}"
        )
    return found or dataset_options or not Path(name).exists()


def audit(
    dataset: str,
    into: Path | None,
    maps: Sequence[str],
    against: Sequence[str],
    tokenizer: str | None,
    sample: int | None,
    asked: tuple[Sequence[str], Path | None],
    depth: tuple[bool, bool],
    checks: Sequence[str],
    workers: int | None,
    *,
    list_measures: bool,
    json: bool,
) -> None:
    """The report of a dataset's audit, or its paths; `asked` are filters and the recipe of their models,
    `depth` whether what is slow is looked for, too, and whether all rows are looked at.
    """
    from factory.cli.bars import Bars
    from factory.foreign import audit_dataset, default_folder

    pandas_later.put_off()
    folder = into or default_folder(dataset)
    with Bars() as bars:
        report = audit_dataset(
            dataset, into=folder, mapping=mapping(maps), against=against, tokenizer=tokenizer, sample=sample,
            slow=depth[0], full=depth[1], asking=[entry(text) for text in asked[0]], models=asked[1], checks=checks,
            workers=workers, progress=bars,
        )  # fmt: skip
    measured(report, report["measures"], folder / "report", list_measures=list_measures, json=json)


def filter_dataset(
    dataset: str, filters: Sequence[str], output: Path | None, maps: Sequence[str], workers: int | None, json: bool
) -> None:
    """The file of what is left, and what became of the rest."""
    from factory.cli.bars import Bars
    from factory.foreign import filter_dataset as filtered
    from factory.runs import is_run

    pandas_later.put_off()
    if Path(dataset).suffix in RECIPES or is_run(Path(dataset)):
        raise WrongRequest(
            f"{dataset} is a recipe or a run: -f, -o and --map are for datasets. Its filters stand under 'filter:'."
        )
    if not filters or output is None:
        raise WrongRequest(
            f"{dataset} is a dataset: say which filters and where what is left goes, as in "
            f"factory filter {dataset} -f exact_dedup -o clean.jsonl"
        )
    with Bars() as bars:
        done = filtered(
            dataset, [entry(text) for text in filters], out=output, mapping=mapping(maps), workers=workers,
            progress=bars,
        )  # fmt: skip
    counts = {"rows": done.rows, "kept": done.kept, "edited": done.edited, "rejected": done.lost}
    if json:
        out({"out": str(done.out), "rejected": str(done.rejected), "run": str(done.run.path), "counts": counts})
        return
    out(str(done.out))
    out(str(done.rejected))
    say(f"{done.kept:,} of {many(done.rows, 'row')} kept, {done.edited:,} of them edited.")
    say(f"Next: factory ledger {done.run.path}   (or factory audit {done.out})")


def diff(
    one: str,
    other: str,
    into: Path | None,
    maps: Sequence[str],
    gates: Sequence[str],
    workers: int | None,
    *,
    list_measures: bool,
    json: bool,
) -> None:
    """What changed, or its paths."""
    from factory.cli.bars import Bars
    from factory.foreign.diffs import diff as compared
    from factory.foreign.diffs import folder_of
    from factory.views.diff import names_of

    pandas_later.put_off()
    folder = into or folder_of(one, other)
    with Bars() as bars:
        made = compared(
            one, other, into=folder, mapping=mapping(maps), gates=gates, workers=workers, progress=bars
        )  # fmt: skip
    names = {name: "not measured in both" if value is None else value for name, value in names_of(made).items()}
    measured(made, names, folder / "diff", list_measures=list_measures, json=json)


def mapping(maps: Sequence[str]) -> dict[str, str]:
    """Field to column of `COLUMN=FIELD` entries. Raises WrongRequest for what is none, or for a field there is not."""
    from factory.shapes import FIELDS

    made: dict[str, str] = {}
    for text in maps:
        column, equals, field = text.rpartition("=")
        if not equals or not column or not field:
            raise WrongRequest(f"--map {text}: write COLUMN=FIELD, as in --map body=text.")
        if field not in FIELDS:
            swapped = f" Did you mean --map {field}={column}?" if column in FIELDS else did_you_mean(field, FIELDS)
            raise WrongRequest(f"--map {text}: there is no field '{field}'.{swapped} Fields: {', '.join(FIELDS)}.")
        if field in made:
            raise WrongRequest(f"--map {text}: the field '{field}' is mapped twice.")
        made[field] = column
    return made


def entry(text: str) -> Any:
    """`minhash_dedup:threshold=0.7,unit=char` as an entry of a recipe; values are YAML."""
    name, colon, rest = text.partition(":")
    if not colon:
        return name
    from factory.recipe.file import value_of

    options: dict[str, Any] = {}
    for part in _parts(rest):
        key, equals, value = part.partition("=")
        if not equals or not key.strip():
            raise WrongRequest(f"-f {text}: write NAME:OPTION=VALUE,OPTION=VALUE, as in -f length:min_chars=40.")
        try:
            options[key.strip()] = value_of(value)
        except yaml.YAMLError:
            raise WrongRequest(
                f"-f {text}: the value of '{key}' is not YAML. If it is text, put it in quotes."
            ) from None
    return {name: options}


def _parts(text: str) -> list[str]:
    """Cut at commas that stand in no bracket: `types=[email, phone],threshold=0.5` has two parts."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "[{") - (letter in "]}")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts
