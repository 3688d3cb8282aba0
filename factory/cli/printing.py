"""What the verbs print: results on stdout, words for people on stderr, JSON where asked."""

import contextlib
import json as json_
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from factory.plural import many

if TYPE_CHECKING:
    from factory.plugins import Group
    from factory.runs import Run


GROUPS: "tuple[Group, ...]" = ("generators", "filters", "trainers", "recognisers")


def out(value: Any) -> None:
    """A result: JSON for anything that is not a line. Ends the program where its reader has left, as `head` does."""
    try:
        typer.echo(value if isinstance(value, str) else json_.dumps(value, ensure_ascii=False, indent=2))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is flushed at exit goes nowhere
        raise SystemExit(0) from None


def out_list(items: Iterable[Any]) -> None:
    """Many results as one JSON list, an item a line, none held."""
    lead = "["
    for item in items:
        out(lead + json_.dumps(item, ensure_ascii=False))
        lead = ","
    out("]" if lead == "," else "[]")


def say(line: str = "") -> None:
    """A line for a person, who may have stopped reading: the work goes on."""
    with contextlib.suppress(BrokenPipeError):
        sys.stderr.write(line + "\n")


def run(recipe: str, override: Sequence[str] | None, json: bool, **options: Any) -> None:
    """The verbs that do work: then the waterfall, the paths, the next command."""
    from factory import pipeline
    from factory.cli.bars import Bars
    from factory.cli.steps import lines
    from factory.views.ledger import waterfall

    with Bars() as bars:
        done = pipeline.run(recipe, set=list(override or []), progress=bars, **options)
    if json:
        out({"run": str(done.path), "did": done.did, "waterfall": waterfall(done), "paths": _paths(done.path)})
        return
    if not done.did:
        say(f"Nothing to do: {done.path} is up to date.")
    else:
        say("\n".join(["", *lines(waterfall(done)), ""]))
    for path in _paths(done.path):
        out(path)
    say(f"Next: {_next(done, options['until'])}")


def stop_after(duration: str) -> None:
    """Let the clock run. Raises WrongRequest for what is no duration."""
    from factory.cli import interrupts
    from factory.errors import WrongRequest

    try:
        interrupts.stop_after(interrupts.seconds(duration))
    except ValueError:
        raise WrongRequest(f"--max-time {duration}: write a time such as 3h, 90m or 1h30m.") from None


def refuse(given: Mapping[str, Any], why: str) -> None:
    """Raise WrongRequest for options that were given and would not count: none is ignored."""
    from factory.errors import WrongRequest

    if names := [name for name, value in given.items() if value not in (None, [])]:
        raise WrongRequest(f"{', '.join(names)}: {why}")


def estimate(recipe: str, override: Sequence[str] | None, json: bool, **options: Any) -> None:
    """What a generation would ask: a line a method and model, and the sum."""
    from factory import pipeline
    from factory.cli.bars import Bars
    from factory.stages.estimate import SAMPLE, over

    with Bars() as bars:
        found = pipeline.estimate(recipe, set=list(override or []), progress=bars, **options)
    if json:
        return out([one.as_dict() for one in found])
    if not found:
        return out("No method or filter of this recipe asks a model.")
    for one in found:
        money = "no price" if one.price is None else f"{one.price:.2f}"
        out(
            f"{one.method} asks {one.model}: about {many(one.calls, 'call')} for {one.units:,} {one.of}, "
            f"{many(one.tokens_in, 'token')} in, {one.tokens_out:,} out, {money}, {_about(one.seconds)}"
            + (f"; about {many(one.in_journal, 'answer is', 'answers are')} in the journal" if one.in_journal else "")
        )
    priced = [one.price for one in found if one.price is not None]
    out(
        f"An estimate from at most {SAMPLE} units a method, with answers of a likely size"
        + (f": {sum(priced):.2f} in all." if priced else ".")
        + " Prices are in the currency of the recipe's. Nothing was asked. Answers that will be cut, or asked for "
        "again, are not in it; filters, and methods on rows of others, as if no filter rejected a row before."
    )
    for name, (cost, cap) in over(found).items():
        out(
            f"The model '{name}' would cost {cost:.2f} in all, what is spent included, and its max_spend is {cap:g}: "
            "the run would end before it is whole. Raise max_spend, or make fewer rows: --limit, or a target."
        )


def _about(seconds: float) -> str:
    """A time as one says it."""
    if seconds < 60:
        return "under a minute" if seconds else "no time"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def _paths(run: Path) -> list[str]:
    """What a person may want to open."""
    formats = sorted(f"exports/{folder.name}" for folder in (run / "exports").glob("*") if folder.is_dir())
    names = ("dataset", *formats, "report.html", "report.json")
    return [str(run / name) for name in names if (run / name).exists()]


def _next(run: "Run", until: str) -> str:
    """The command that a person most likely wants now."""
    made = run.counts("generate").get("planned") or run.counts("read").get("records")
    if until != "ingest" and not made:  # no method, or nothing for one to work on
        return (
            f"factory generate {run.path} text"
            if run.counts("filter.passages").get("kept")
            else f"factory ledger {run.path}"
        )
    if run.stands("filter.records") and not run.counts("filter.records")["kept"]:
        return f"factory ledger {run.path}   (no record was kept)"
    after = {"ingest": "generate", "filter": "generate", "generate": "export", "export": "audit"}
    if until == "filter" and run.stands("filter.records"):
        until = "generate"
    if until in after:
        return f"factory {after[until]} {run.path}"
    rows, page = f"factory show {run.path} records", f"open {run.path / 'report.html'}"
    measures = run.report()["measures"]
    is_warned = measures["findings.errors"] or measures["findings.warnings"]
    return f"{page}   (or {rows})" if is_warned else f"{rows}   (or {page})"


def audit(run: Path, checks: Sequence[str], list_measures: bool, json: bool) -> None:
    """The report's paths, or the report."""
    from factory import pipeline

    report = pipeline.audit(run, checks=checks)
    measured(report, report["measures"], run / "report", list_measures=list_measures, json=json)


def measured(
    report: dict[str, Any], measures: Mapping[str, Any], page: Path, *, list_measures: bool, json: bool
) -> None:
    """The names that checks may use, or the report, or its verdict and paths: those of `page` with their suffixes."""
    if list_measures:
        from factory.views.meanings import meaning

        for name, value in measures.items():
            out(f"{name:<40} {value!s:<12} {meaning(name)}".rstrip())
    elif json:
        out(report)
    else:
        from factory.views.audit import titles

        say(report["verdict"])
        for line in titles(report.get("findings", [])):  # a comparison has none
            say(f"  {line}")
        out(f"{page}.html")
        out(f"{page}.json")


def verify(run: Path, json: bool) -> None:
    """A line a law; CheckFailed where one is broken."""
    from factory.errors import CheckFailed
    from factory.runs import Run
    from factory.views.verify import broken
    from factory.views.verify import verify as check

    opened = Run(run)
    findings = check(opened)
    if (run / "dataset").exists() and not opened.stands("export"):
        say(f"dataset/ is older than the records and was not checked. Make it anew: factory export {run}")
    if (run / "report.json").exists() and not opened.stands("audit"):
        say(f"The report is older than the tables and was not checked. Make it anew: factory audit {run}")
    if not opened.has_text:
        say(
            "The text of the documents was dropped: quotes and the report's numbers were not checked. "
            f"With it they are: factory ingest {run}, then factory run {run}"
        )
    if json:
        out([finding.as_dict() for finding in findings])
    else:
        for found in findings:
            result = (
                f"{found.broken:,} of {found.checked:,} broken: {', '.join(found.examples)}"
                if found.broken
                else f"holds ({found.checked:,} checked)"
            )
            out(f"law {found.law}  {found.what}: {result}")
    if broken(findings):
        raise CheckFailed(f"{len(broken(findings))} of {many(len(findings), 'check')} found something wrong.")


def plugins(name: str | None, json: bool) -> None:
    """All plugins, or one with its options."""
    from factory import plugins as known
    from factory.cli.describing import describe

    found = [describe(group, plugin) for group in GROUPS for plugin in known.declared(group)]
    if name is not None:
        found = [entry for entry in found if entry["name"] == name] or [
            _no_such(name, [entry["name"] for entry in found])
        ]
    if json:
        out(found)
    elif name is not None:
        out(
            "\n".join(
                [
                    f"{found[0]['name']} ({found[0]['group']}, from {found[0]['package']})",
                    "",
                    found[0]["doc"],
                    "",
                    *found[0]["options"],
                ]
            )
        )
    else:
        for entry in found:
            out(f"{entry['group']:<11} {entry['name']:<16} {entry['summary']}")


def _no_such(name: str, names: Sequence[str]) -> Any:
    from factory.errors import WrongRequest, did_you_mean

    raise WrongRequest(
        f"There is no plugin '{name}'.{did_you_mean(name, names)} 'factory plugins' lists all {len(names)}."
    )
