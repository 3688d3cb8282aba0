"""The dataset card: YAML that the hub reads and a page that a person does, made from the tables, not typed.

It holds no time, path of a machine, or host.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from factory import __version__
from factory.recipe import Checked
from factory.runs import Run
from factory.stages import hub

TASKS = {"text": "text-generation", "sft": "text-generation", "labels": "text-classification"}
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


@dataclass
class Origins:
    """Where the exported rows come from: how many of each source, licence and language."""

    sources: Counter[str] = field(default_factory=Counter)
    licences: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)

    def take(self, meta: Mapping[str, Any]) -> None:
        """Count one row by its `meta`."""
        self.sources.update(meta["sources"])
        self.licences.update([meta["licence"] or ""])
        self.languages.update([meta["language"]] if meta["language"] else [])


def card(run: Run, checked: Checked, rows: Mapping[str, Mapping[str, int]], origins: Origins, folder: Path) -> str:
    """The README.md of an export: `rows` are its rows by kind and split, `folder` where its files lie."""
    licences = sorted(origins.licences)
    front = {
        "license": licences[0].lower() if len(licences) == 1 and licences[0] else "other",
        "language": sorted(origins.languages),
        "size_categories": [_size(sum(sum(splits.values()) for splits in rows.values()))],
        "task_categories": sorted({TASKS.get(kind, "text-generation") for kind in rows}),
        "tags": ["synthetic", "dataset-factory"],
        "configs": [
            {"config_name": kind, "data_files": _data_files(folder, kind, splits)} for kind, splits in rows.items()
        ],
    }
    head = yaml.safe_dump(front, sort_keys=False, allow_unicode=True)
    return f"---\n{head}---\n\n{_body(run, checked, rows, origins)}"


def _data_files(folder: Path, kind: str, splits: Mapping[str, int]) -> list[dict[str, Any]]:
    return [
        {"split": split, "path": sorted(f"{kind}/{p.name}" for p in (folder / kind).glob(f"{split}-*"))}
        for split in splits
    ]


def _size(count: int) -> str:
    return next((name for bound, name in SIZES if count < bound), "n>1M")


def _body(run: Run, checked: Checked, rows: Mapping[str, Mapping[str, int]], origins: Origins) -> str:
    name, revisions = Path(checked.recipe.run).name, hub.had(run)
    sources = [
        f"| {_cell(_with_revision(s.name, revisions))} | {origins.sources[s.name]} "
        f"| {_cell(s.licence or 'not stated')} | {s.confidentiality} | {_cell(s.copyright or '')} |"
        for s in checked.recipe.sources
    ]
    kinds = [
        f"| {kind} | {splits.get('train', 0)} | {splits.get('validation', 0)} | {splits.get('test', 0)} |"
        for kind, splits in rows.items()
    ]
    return "\n".join(
        [
            f"# {name}",
            "",
            f"Made by dataset-factory {__version__} from {_made_from(run)}. Every row "
            "names its source in `meta` (a JSON string): documents, passages, quotes with offsets, licence, "
            "confidentiality.",
            "",
            "## Rows",
            "",
            "| kind | train | validation | test |",
            "|---|--:|--:|--:|",
            *kinds,
            "",
            "Train, validation and test share no document and no near-duplicate.",
            "",
            "## Sources",
            "",
            "| source | rows | licence | confidentiality | copyright |",
            "|---|--:|---|---|---|",
            *sources,
            "",
            "## What was taken out, and why",
            "",
            "| stage | filter | kept | edited | rejected | reasons |",
            "|---|---|--:|--:|--:|---|",
            *_filters(run),
            "",
        ]
    )


def _with_revision(source: str, revisions: Mapping[str, str | None]) -> str:
    """`valves`, or of a dataset of the hub `valves (revision 1f0e…)`."""
    return f"{source} (revision {its})" if (its := revisions.get(source)) else source


def _made_from(run: Run) -> str:
    """`15 documents and 9,229 rows of other datasets`."""
    documents, rows = run.counts("ingest")["documents"], run.counts("read").get("rows", 0)
    said = [f"{documents} documents"] if documents or not rows else []
    return " and ".join([*said, *([f"{rows} rows of other datasets"] if rows else [])])


def _filters(run: Run) -> list[str]:
    lines = []
    for stage in ("documents", "passages", "records"):
        its = run.counts(f"filter.{stage}")
        for name in its.get("order", []):
            counts = its["filters"][name]
            reasons = ", ".join(f"{reason} {n}" for reason, n in counts["reasons"].items())
            lines.append(
                f"| {stage} | {name} | {counts['kept']} | {counts['edited']} | {counts['rejected']} | {reasons} |"
            )
    return lines


def _cell(text: str) -> str:
    """User's text in a table cell."""
    return text.replace("|", "\\|").replace("\n", " ")
