"""Diff of any two: runs, datasets, revisions of the hub.

from factory.foreign.diffs import diff
made = diff("v1.jsonl", "v2.jsonl")
made = diff("hf:owner/name@v1.0", "hf:owner/name@main")
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from factory import addresses
from factory.errors import CheckFailed, WrongRequest
from factory.foreign import audit_dataset, default_folder, is_dataset
from factory.plural import many, noun
from factory.progress import Progress
from factory.runs import Run
from factory.views import checks
from factory.views import diff as view


def diff(
    one: str | Path,
    other: str | Path,
    *,
    into: str | Path | None = None,
    mapping: Mapping[str, str] | None = None,
    gates: Sequence[str] = (),
    workers: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Compare two runs or datasets; diff.json and diff.html lie in `into`, the audits of datasets below it.

    Without `into` that is `diffs/<one>..<other>`. `gates` name what is not to be (`diff.dropped > 0`, or a measure, of
    which the change is meant). Raises CheckFailed, once all is written, where one fails; WrongRequest for a run without
    an export, and for what `audit_dataset` refuses.
    """
    asked = [checks.parse(gate) for gate in gates]  # before hours of work
    folder = Path(into) if into is not None else folder_of(one, other)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # it holds rows of both
    pair = [
        _run(name, folder / letter, mapping, workers, progress)
        for name, letter in ((one, "a"), (other, "b"))
    ]  # fmt: skip
    made = view.diff(pair[0], pair[1], folder, names=(_name(one), _name(other)), gates=asked)
    failed = [gate for gate in made["gates"] if gate["fails"]]
    if failed:
        said = "; ".join(f"{gate['gate']} (it is {_said(gate['value'])})" for gate in failed)
        raise CheckFailed(
            f"{len(failed)} of {many(len(asked), 'gate')} {noun(len(failed), 'fails', 'fail')}: {said}. See "
            f"{folder / 'diff.html'}"
        )
    return made


def folder_of(one: str | Path, other: str | Path) -> Path:
    """Where a diff lies if nobody says where."""
    return Path("diffs") / f"{default_folder(one).name}..{default_folder(other).name}"


def _run(
    name: str | Path, into: Path, mapping: Mapping[str, str] | None, workers: int | None, progress: Progress | None
) -> Run:
    if is_dataset(name) or not Path(name).exists():
        audit_dataset(name, into=into, mapping=mapping, workers=workers, progress=progress)
        return Run(into)
    run = Run(name)
    if not run.stands("export"):
        raise WrongRequest(f"{name} has no rows that stand to compare. Export them first: factory export {name}")
    return run


def _name(name: str | Path) -> str:
    """What a page calls it: no path of the machine."""
    if str(name).startswith("hf:") or addresses.is_remote(str(name)):
        return addresses.bare(str(name))
    return Path(name).expanduser().absolute().name


def _said(value: float | None) -> str:
    return "not measured in both" if value is None else f"{value:g}"
