"""The audit: report.json for machines, report.html for people, from the tables of a run. It changes no table.

    {"schema", "run", "verdict", "measures", "not_measured", "findings", "chapters", "checks"}

`report.schema.json` beside this file is its published form. The same run gives the same bytes: no time, host or path of
the machine is in it. A new chapter is one module and one template in `chapters/`, and its line in CHAPTERS.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from factory import memory, tables
from factory.plural import many
from factory.runs import Run
from factory.views import checks as checking
from factory.views import mending
from factory.views.chapter import SEVERITIES, Chapter, Finding, Writes
from factory.views.chapters import (
    asks,
    bounds,
    content,
    coverage,
    duplicates,
    learning,
    lengths,
    measured,
    models,
    people,
    personal_data,
    preferences,
    quotes,
    raters,
    rejections,
    rows,
    shapes,
    sources,
    splits,
    template,
    waterfall,
)
from factory.views.page import page
from factory.views.visible import visible

SCHEMA = "dataset-factory/report/1"
TITLES = 5  # that the command line prints: what fits under a line, and is read
CHAPTERS: tuple[Writes, ...] = (
    waterfall,
    shapes,
    sources,
    lengths,
    asks,
    content,
    splits,
    duplicates,
    preferences,
    raters,
    template,
    measured,
    bounds,
    people,
    personal_data,
    quotes,
    coverage,
    rejections,
    models,
    learning,
)


def audit(run: Run, *, checks: Sequence[str] = ()) -> dict[str, Any]:
    """Write report.json and report.html, and return the report.

    Raises WrongRequest, before anything is written, for a check that is malformed or names an unknown measure.
    """
    made, chapters = _make(run, checks)
    tables.write_file(run.path / "report.html", page(made, chapters).encode())
    tables.write_json(run.path / "report.json", made)
    return made


def report(run: Run, *, checks: Sequence[str] = ()) -> dict[str, Any]:
    """What `audit` writes to report.json; nothing is written."""
    return _make(run, checks)[0]


def _make(run: Run, checks: Sequence[str]) -> tuple[dict[str, Any], dict[str, tuple[str, Chapter]]]:
    asked = [checking.parse(check) for check in checks]  # before hours of work
    chapters = {module.NAME: (module.TITLE, _written(module, run)) for module in CHAPTERS}
    findings = _in_order([finding for _, chapter in chapters.values() for finding in chapter.findings])
    examples = [id_ for finding in findings for id_ in finding.rows]
    chapters[rows.NAME] = (rows.TITLE, rows.chapter(run, examples))
    graves = {f"findings.{name}s": sum(f.severity == name for f in findings) for name in ("error", "warning")}
    measures = _together([chapter.measures for _, chapter in chapters.values()] + [graves])
    not_measured = _together([chapter.not_measured for _, chapter in chapters.values()])
    dataset = mending.named(run)
    results = checking.evaluate(asked, measures, not_measured)
    made = {
        "schema": SCHEMA,
        "run": run.path.resolve().name,
        "verdict": verdict(findings, results),
        "measures": measures,
        "not_measured": not_measured,
        "findings": [
            its | {"fix": its["fix"].replace(mending.DATASET, dataset)} for its in map(Finding.as_dict, findings)
        ],
        "chapters": {name: chapter.numbers for name, (_, chapter) in chapters.items()},
        "checks": results,
    }
    return made, chapters


def _written(module: Writes, run: Run) -> Chapter:
    made = module.chapter(run)
    memory.give_back()
    return made


def _in_order(findings: Sequence[Finding]) -> list[Finding]:
    """Those that found something: the gravest first, else in the order of the chapters."""
    return sorted(
        (finding for finding in findings if finding.count), key=lambda finding: SEVERITIES.index(finding.severity)
    )


def _together(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return dict(sorted((name, value) for part in parts for name, value in part.items()))


def titles(findings: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The errors and warnings of a report, a line each; of those after the first TITLES only how many there are."""
    grave = [finding for finding in findings if finding["severity"] != "info"]
    for finding in grave[:TITLES]:
        times = f" × {finding['count']:,}" if finding["count"] > 1 else ""
        yield f"{finding['severity']:<9}{visible(finding['title'])}{times}"
    if grave[TITLES:]:
        yield f"and {len(grave) - TITLES:,} more, in the report"


def verdict(findings: Sequence[Finding], checks: Sequence[Mapping[str, Any]]) -> str:
    """The report in a sentence."""
    errors, warnings = (sum(f.severity == severity for f in findings) for severity in ("error", "warning"))
    failed = sum(not check["holds"] for check in checks)
    against = [many(errors, "error")] if errors else []
    against += [many(warnings, "warning")] if warnings else []
    against += [f"{many(failed, 'check')} failed"] if failed else []
    if errors or failed:
        return f"Do not train yet: {', '.join(against)}."
    if warnings:
        return f"Nothing forbids training; read {many(warnings, 'warning')} first."
    return "Nothing stands against training."
