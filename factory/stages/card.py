"""The dataset card: YAML that the hub reads and a page that a person does, made from the tables, not typed.

It holds no time, path of a machine, or host.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from factory import __version__
from factory.plural import many
from factory.recipe import Checked
from factory.runs import Run
from factory.stages import hub
from factory.wording import listed

TASKS = {"text": "text-generation", "sft": "text-generation", "labels": "text-classification"}
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
LANGUAGE = re.compile(r"[a-z]{2,3}")  # ISO 639-1 and -3: what the hub takes
AS_READ = "read as it stands"
# What the hub calls licences in a card: the end of an SPDX name that says how later versions count is not part of it.
HUB_LICENCES = listed(
    """afl-3.0 agpl-3.0 apache-2.0 artistic-2.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear bsl-1.0 c-uda cc0-1.0
    cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0
    cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-permissive-1.0
    cdla-permissive-2.0 cdla-sharing-1.0 ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 eupl-1.2 gfdl gpl-2.0 gpl-3.0 isc
    lgpl-2.1 lgpl-3.0 lppl-1.3c mit mpl-2.0 ms-pl ncsa odbl odc-by ofl-1.1 osl-3.0 pddl postgresql unlicense wtfpl
    zlib"""
)


@dataclass
class Origins:
    """Where the exported rows come from: how many of each source, licence, language, and how they were made."""

    rows: int = 0
    sources: Counter[str] = field(default_factory=Counter)
    terms: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)  # source, licence, who may see it, owner
    licences: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    made: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # kind, method, models

    def take(self, kind: str, meta: Mapping[str, Any], times: int = 1) -> None:
        """Count one row by its `meta`; `times=-1` takes it back."""
        its = (meta["licence"] or "", meta["confidentiality"], meta["copyright"] or "")
        self.rows += times
        for source in meta["sources"]:
            self.sources[source] += times
            self.terms[source, *its] += times
        self.licences[meta["licence"] or ""] += times
        if meta["language"]:
            self.languages[meta["language"]] += times
        models = meta.get("models")
        named = sorted(set(map(str, models.values()))) if isinstance(models, Mapping) else []
        self.made[kind, AS_READ if "row" in meta else meta["generator"], ", ".join(named)] += times


def card(run: Run, checked: Checked, rows: Mapping[str, Mapping[str, int]], origins: Origins, folder: Path) -> str:
    """The README.md of an export: `rows` are its rows by kind and split, `folder` where its files lie."""
    languages = sorted(name for name in +origins.languages if LANGUAGE.fullmatch(name))
    generated = any(method != AS_READ for _, method, _ in +origins.made)
    front = {
        **_licence(sorted(+origins.licences)),
        **({"language": languages} if languages else {}),
        "size_categories": [_size(origins.rows)],
        "task_categories": sorted({TASKS.get(kind, "text-generation") for kind in rows}),
        "tags": [*(["synthetic"] if generated else []), "dataset-factory"],
        "configs": [
            {"config_name": kind, "data_files": _data_files(folder, kind, splits)} for kind, splits in rows.items()
        ],
    }
    head = yaml.safe_dump(front, sort_keys=False, allow_unicode=True)
    return f"---\n{head}---\n\n{_body(run, checked, rows, origins)}"


def _licence(stated: list[str]) -> dict[str, Any]:
    """What the hub reads of licences: those of its list by its names, of others the names beside `other`."""
    known = {name: _of_hub(name) for name in stated}
    if stated and all(known.values()):
        names = sorted({str(name) for name in known.values()})
        return {"license": names if len(names) > 1 else names[0]}
    if not any(stated):
        return {"license": "unknown"}
    return {"license": "other", "license_name": "; ".join(name or "not stated" for name in stated)}


def _of_hub(licence: str) -> str | None:
    """`gpl-3.0` of `GPL-3.0-or-later`, `odc-by` of `ODC-By-1.0`; None where the hub has no name for it."""
    plain = re.sub(r"-(only|or-later)$", "", licence.strip().casefold())
    return next((name for name in (plain, re.sub(r"-[0-9.]+$", "", plain)) if name in HUB_LICENCES), None)


def _data_files(folder: Path, kind: str, splits: Mapping[str, int]) -> list[dict[str, Any]]:
    return [
        {"split": split, "path": sorted(f"{kind}/{p.name}" for p in (folder / kind).glob(f"{split}-*"))}
        for split in splits
    ]


def _size(count: int) -> str:
    return next((name for bound, name in SIZES if count < bound), "n>1M")


def _body(run: Run, checked: Checked, rows: Mapping[str, Mapping[str, int]], origins: Origins) -> str:
    name, revisions = Path(checked.recipe.run).name, hub.had(run)
    terms = [(source.name, *its) for source in checked.recipe.sources for its in _terms(origins, source)]
    sources = [
        f"| {_cell(_with_revision(name, revisions))} | {count:,} | {_cell(licence or 'not stated')} | {seen_by} "
        f"| {_cell(copyright_)} |"
        for name, licence, seen_by, copyright_, count in terms
    ]
    made = [f"| {kind} | {_cell(method)} | {_cell(models or 'none')} | {count:,} |"
            for (kind, method, models), count in sorted((+origins.made).items())]  # fmt: skip
    kinds = [
        f"| {kind} | {splits.get('train', 0):,} | {splits.get('validation', 0):,} | {splits.get('test', 0):,} |"
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
            _SPLIT[checked.recipe.export.split.by],
            "",
            "## How they were made",
            "",
            "| kind | method | models | rows |",
            "|---|---|---|--:|",
            *made,
            "",
            "## Sources",
            "",
            "| source | rows | licence | confidentiality | copyright |",
            "|---|--:|---|---|---|",
            *sources,
            "",
            "A row made from two sources counts in both.",
            "",
            "## What was taken out, and why",
            "",
            "| stage | filter | kept | edited | rejected | reasons |",
            "|---|---|--:|--:|--:|---|",
            *_filters(run),
            "",
        ]
    )


_SPLIT = {
    "draw": "Train, validation and test share no document and no near-duplicate.",
    "file": "Rows stand in the split that their file is named for; whether splits share rows, the audit says.",
}


def _terms(origins: Origins, source: Any) -> list[tuple[str, str, str, int]]:
    """Licence, confidentiality and owner of a source's rows, with their count; of one without rows what is stated."""
    its = [(*key[1:], count) for key, count in sorted((+origins.terms).items()) if key[0] == source.name]
    return its or [(source.licence or "", source.confidentiality, source.copyright or "", 0)]


def _with_revision(source: str, revisions: Mapping[str, str | None]) -> str:
    """`valves`, or of a dataset of the hub `valves (revision 1f0e…)`."""
    return f"{source} (revision {its})" if (its := revisions.get(source)) else source


def _made_from(run: Run) -> str:
    """`15 documents and 9,229 rows of other datasets`."""
    documents, rows = run.counts("ingest")["documents"], run.counts("read").get("rows", 0)
    said = [many(documents, "document")] if documents or not rows else []
    return " and ".join([*said, *([f"{many(rows, 'row')} of other datasets"] if rows else [])])


def _filters(run: Run) -> list[str]:
    lines = []
    for stage in ("documents", "passages", "records"):
        its = run.counts(f"filter.{stage}")
        for name in its.get("order", []):
            counts = its["filters"][name]
            reasons = ", ".join(f"{reason} {n:,}" for reason, n in counts["reasons"].items())
            lines.append(
                f"| {stage} | {name} | {counts['kept']:,} | {counts['edited']:,} | {counts['rejected']:,} | {reasons} |"
            )
    return lines


def _cell(text: str) -> str:
    """User's text in a table cell."""
    return text.replace("|", "\\|").replace("\n", " ")
