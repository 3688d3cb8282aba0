"""What filters would say of the rows, measured and not enforced: how many each would reject or edit, and why.

Costs   one pass over what they would not keep as it is; the counts stand in the manifest.
"""

import re
from collections.abc import Iterator
from typing import Any

from factory import tables
from factory.faults import FAULTS
from factory.runs import Run
from factory.stages.measure import SCHEMA
from factory.views import declared
from factory.views.chapter import Chapter, Finding, Severity, share, some
from factory.views.mending import Mends

NAME, TITLE = "measured", "Filters measured"
EXAMPLES = 5  # ids a reason
MANY = 0.01  # of the rows looked at: below this a finding is no warning
WEB = ("c4", "document_quality", "fineweb", "gopher")  # made for pages of the web: much that is no fault falls to them
TOLD = {f"format.{name}" for name in FAULTS if name != "control_token"}  # by the chapter on what the trainer sees
A_WORD = re.compile(r"[A-Za-z0-9_-]+")  # what the name of a measure is made of
ELSEWHERE = ("pii", "exact_dedup", "minhash_dedup", "preference_sanity")  # plugins whose findings other chapters tell


def chapter(run: Run) -> Chapter:
    """A line a filter and reason. Says that nothing was measured where nothing was."""
    counts: dict[str, Any] = run.counts("measure").get("filters", {})
    if not counts:
        return Chapter({"filters": {}, "not_looked_at": "No filter was measured: the recipe has no audit: measure."})
    examples = _examples(run)
    filters = {}
    for name, its in counts.items():
        looked_at = its["read"] - its["not_looked_at"]
        reasons = {
            reason: {"count": count, "rows": examples.get((name, reason), [])}
            for reason, count in sorted(its["reasons"].items(), key=lambda pair: (-pair[1], pair[0]))
        }
        told = {"looked_at": looked_at, "share": share(its["rejected"], looked_at), "reasons": reasons}
        filters[name] = {**its, **told, "scores": {of: _told(scores) for of, scores in its["scores"].items()}}
    measures: dict[str, float] = {}
    for name, its in filters.items():
        if its["looked_at"]:
            measures |= {f"measured.{name}.{what}": its[what] for what in ("rejected", "edited", "flagged", "share")}
        scores = {of: told for of, told in its["scores"].items() if A_WORD.fullmatch(of)}
        measures |= {f"measured.{name}.score.{of}": told["mean"] for of, told in scores.items()}
    silent = {
        f"measured.{name}.{what}": "it handles no row of these kinds"
        for name, its in filters.items() if not its["looked_at"] for what in ("rejected", "edited", "flagged", "share")
    }  # fmt: skip
    return Chapter({"filters": filters}, measures, list(_findings(run, filters)), not_measured=silent)


def _told(scores: list[list[float]]) -> dict[str, Any]:
    """Pairs of score and count, with their mean."""
    rows = sum(int(count) for _, count in scores)
    mean = round(sum(score * count for score, count in scores) / rows, 6)
    return {"rows": rows, "mean": mean, "counts": [{"score": score, "count": int(count)} for score, count in scores]}


def _examples(run: Run) -> dict[tuple[str, str], list[str]]:
    """The first ids of each filter and reason."""
    found: dict[tuple[str, str], list[str]] = {}
    for file in tables.parts(run.path / "measured"):
        for batch in tables.read_file(file, SCHEMA, columns=["filter", "id", "reason"]):
            for row in batch.to_pylist():
                ids = found.setdefault((row["filter"], row["reason"]), [])
                if len(ids) < EXAMPLES:
                    ids.append(row["id"])
    return found


def _findings(run: Run, filters: dict[str, dict[str, Any]]) -> Iterator[Finding]:
    mends = Mends.of(run)
    plugins = {use.instance: use.plugin for use in declared.recipe(run).audit.measure}
    for name, its in filters.items():
        plugin = plugins.get(name, name)
        for outcome, verb in (("reject", "reject"), ("edit", "edit")) if plugin not in ELSEWHERE else ():
            said = {
                reason: one for reason, one in its["reasons"].items()
                if its["outcomes"].get(reason) == outcome and reason not in TOLD
            }  # fmt: skip
            count = sum(one["count"] for one in said.values())
            why = ", ".join(f"{reason} {one['count']:,}" for reason, one in said.items())
            yield Finding(
                f"measured.{name}" + (".edits" if outcome == "edit" else ""),
                _gravity(plugin, count, its["looked_at"]),
                f"The filter {name} would {verb} rows",
                f"It says: {why}.", count,
                f"{mends.by(plugin)}; `factory plugins {plugin}` says what it looks for",
                some(id_ for one in said.values() for id_ in one["rows"]),
            )  # fmt: skip


def _gravity(plugin: str, count: int, looked_at: int) -> Severity:
    """How grave it is what a filter says of so many rows."""
    return "warning" if plugin not in WEB and count >= MANY * looked_at else "info"
