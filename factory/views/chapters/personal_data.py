"""Personal data and secrets: what filters found at each stage, in which source, and what became of it; never a value.

It reads verdicts: edits and reasons that begin with `pii` or `secrets`. Which kinds were looked for stands beside, and
what no filter looked for is said in words.

pii.found.share   of the rows looked at, of all stages, those in which something was found, whatever became of it
pii.left_in       the rows in which something was found and flagged only
pii.share         those of the rows looked at: what a gate before training should ask for

secrets.found.share, secrets.left_in and secrets.share are the same for passwords, keys and tokens.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from factory import plugins, tables, verdicts
from factory.corpus import Table, all_tables
from factory.errors import WrongRequest
from factory.plural import many, noun
from factory.recipe import Use
from factory.runs import Run
from factory.stages.measure import SCHEMA as MEASURED_SCHEMA
from factory.views import declared
from factory.views.chapter import Chapter, Finding, share, some
from factory.views.mending import Mends
from factory.views.outlines import outlines

NAME, TITLE = "personal_data", "Personal data"
PII, SECRETS = "pii", "secrets"  # so the names of plugins that look for them begin, and their kinds and reasons
NOT_LOOKED_FOR = (
    "names of people",
    "organisations",
    "addresses without a word such as Street",
)  # they have no form, and no NER model ran
STAGES = ("documents", "passages", "records")
NAMES = "names"  # the instance of pii that reads names alone: it may have looked at a sample
MEASURED = "measured"  # records that a filter looked at without changing them


@dataclass
class _Stage:
    """What became of one family's rows of one stage. A row can be edited by one filter and rejected by the next."""

    family: str
    looked_at: int = 0
    filters: list[str] = field(default_factory=list)
    edits: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    flagged: Counter[str] = field(default_factory=Counter)
    rows: set[str] = field(default_factory=set)
    left_in: list[str] = field(default_factory=list)
    sources: dict[str, Counter[str]] = field(default_factory=dict)

    def take(self, verdict: dict[str, Any], sources: Sequence[str] = ()) -> None:
        """Count one verdict that is not a plain keep, of a row of these sources."""
        kinds = [edit["kind"] for edit in verdict["edits"] or () if edit["kind"].startswith(self.family)]
        reason = verdict["reason"] or ""
        self.edits.update(kinds)
        if kinds or reason.startswith(self.family):
            for source in sources:
                self.sources.setdefault(source, Counter()).update(kinds or [reason])
        if kinds:
            self.rows.add(verdict["id"])
        elif reason.startswith(self.family) and verdict["outcome"] == "reject":
            self.rejected[reason] += 1
            self.rows.add(verdict["id"])
        elif reason.startswith(self.family):
            self.flagged[reason] += 1
            self.rows.add(verdict["id"])
            self.left_in.append(verdict["id"])

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        done = {name: dict(sorted(its.items())) for name, its in
                (("edits", self.edits), ("rejected", self.rejected), ("flagged", self.flagged))}  # fmt: skip
        sources = {name: dict(sorted(its.items())) for name, its in sorted(self.sources.items())}
        counts = {"looked_at": self.looked_at, "rows": len(self.rows)}
        return {"filters": self.filters, **counts, **done, "sources": sources}


def chapter(run: Run) -> Chapter:
    """Type by stage; about 100 bytes a row with a finding are held."""
    pii, secrets = _found(run, PII), _found(run, SECRETS)
    numbers = _numbers(pii) | {
        "secrets": _numbers(secrets),
        "not_looked_for": _not_looked_for(run, secrets),
        "names_by": _names_by(run),
        "looked_for": _looked_for(run),
        "only": _only(run),
        "outlines": outlines(run, PII),
        "names": (names := _names(run)),
    }
    measures, why = _measures(SECRETS, secrets)
    of_names = ("names.looked_at", "names.rows", "names.share")
    if names:
        its = (names["looked_at"], names["rows"], share(names["rows"], names["looked_at"]))
        measures |= dict(zip(of_names, its, strict=True))
    else:
        why |= dict.fromkeys(of_names, "nobody read names: --slow does, with the extra ner")
    more = [_has_names(names)] if names else []
    mends = Mends.of(run)
    if not _ran_on(pii):
        why |= dict.fromkeys(("pii.edits", "pii.found.share", "pii.left_in", "pii.share"), "no pii filter ran")
        return Chapter(
            numbers, measures, [_nothing_ran(mends), _left_in(SECRETS, secrets, mends), *more], not_measured=why
        )
    measures |= {"pii.edits": sum(its.edits.total() for its in pii.values())} | _measures(PII, pii)[0]
    return Chapter(
        numbers, measures, [_left_in(PII, pii, mends), _left_in(SECRETS, secrets, mends), *more], not_measured=why
    )


def _found(run: Run, family: str) -> dict[str, _Stage]:
    return {stage: _stage(run, stage, family) for stage in STAGES} | {MEASURED: _measured(run, family)}


def _ran_on(stages: dict[str, _Stage]) -> list[str]:
    return [stage for stage, its in stages.items() if its.filters]


def _numbers(stages: dict[str, _Stage]) -> dict[str, Any]:
    return {
        "stages": {stage: its.as_dict() for stage, its in stages.items()},
        "types": sorted({kind for its in stages.values() for kind in its.edits | its.rejected | its.flagged}),
        "ran_on": _ran_on(stages),
    }


def _measures(family: str, stages: dict[str, _Stage]) -> tuple[dict[str, float], dict[str, str]]:
    """A family's measures, or why there are none."""
    if not _ran_on(stages):
        names = (f"{family}.{name}" for name in ("found.share", "left_in", "share"))
        return {}, dict.fromkeys(names, f"no {family} filter ran")
    looked_at = sum(its.looked_at for its in stages.values())
    left_in = sum(len(its.left_in) for its in stages.values())
    return {
        f"{family}.found.share": share(sum(len(its.rows) for its in stages.values()), looked_at),
        f"{family}.left_in": left_in,
        f"{family}.share": share(left_in, looked_at),
    }, {}


def _uses(run: Run) -> Iterator[tuple[str, Use]]:
    """The filters of both families, and those that were measured: `pii on passages` and what the recipe says of it."""
    recipe = declared.recipe(run)
    for stage, uses in {**declared.filters(run), MEASURED: recipe.audit.measure}.items():
        yield from ((f"{use.instance} on {stage}", use) for use in uses if use.plugin.startswith((PII, SECRETS)))


def _names_by(run: Run) -> dict[str, str]:
    """Which model read names where: `pii on passages` -> `rampart`."""
    return {name: use.options["ner"] for name, use in _uses(run) if use.options.get("ner")}


def _looked_for(run: Run) -> dict[str, list[str]]:
    """The kinds that each filter looks for."""
    found = {}
    for name, use in _uses(run):
        with suppress(WrongRequest):  # no longer installed, or a file of its options is gone: nobody can say
            code = plugins.filter_(use.plugin, use.options).code
            found[name] = sorted(set(getattr(code, "looked_for", ())))
    return found


def _not_looked_for(run: Run, secrets: dict[str, _Stage]) -> list[str]:
    names = () if _names_by(run) else NOT_LOOKED_FOR
    return [*names, *([] if _ran_on(secrets) else ["passwords, keys and tokens (no secrets filter ran)"])]


def _only(run: Run) -> dict[str, str]:
    """What the recipe narrowed: the filters that were told to look for some types only, or to be surer than usual."""
    said = {}
    for stage, uses in declared.filters(run).items():
        for use in uses:
            options = use.options if use.plugin.startswith((PII, SECRETS)) else {}
            told = [f"only {', '.join(options['types'])}"] if options.get("types") else []
            told += [f"all but {', '.join(options['exclude'])}"] if options.get("exclude") else []
            told += [f"threshold {options['threshold']}"] if "threshold" in options else []
            told += [f"{many(len(options['allow']), 'value')} allowed"] if options.get("allow") else []  # never which
            if told:
                said[f"{use.instance} on {stage}"] = "; ".join(told)
    return said


def _stage(run: Run, stage: str, family: str) -> _Stage:
    """Every verdict of a stage's filters, whichever filter it is from."""
    counts = run.counts(f"filter.{stage}")
    order = counts.get("order", [])
    its = {use.instance: use.plugin for use in declared.filters(run)[stage]}
    found = _Stage(family, filters=[name for name in order if its.get(name, name).startswith(family)])
    found.looked_at = max((_looked_at(counts["filters"][name]) for name in found.filters), default=0)
    for table in all_tables(run, stage):
        files = [table.verdicts / f"{name}.parquet" for name in order]
        ids = {verdict["id"] for file in files for verdict in _of_note(file)} if found.filters else set()
        sources = _sources(table, ids)
        for file in files:
            for verdict in _of_note(file):
                found.take(verdict, sources.get(verdict["id"], ()))
    return found


def _sources(table: Table, ids: set[str]) -> dict[str, list[str]]:
    """The sources of some rows."""
    found: dict[str, list[str]] = {}
    column = "meta" if table.stage == "records" else "source"
    for batch in tables.batches(table.folder, table.schema, columns=["id", column]) if ids else ():
        for id_, value in zip(batch["id"].to_pylist(), batch[column].to_pylist(), strict=True):
            if id_ in ids:
                found[id_] = json.loads(value)["sources"] if column == "meta" else [value]
    return found


def _measured(run: Run, family: str) -> _Stage:
    """What filters that were measured found: all of it is still in the rows."""
    counts = run.counts("measure").get("filters", {})
    its = {use.instance: use.plugin for use in declared.recipe(run).audit.measure}
    filters = [name for name in counts if its.get(name, name).startswith(family) and name != NAMES]
    return _of_measured(run, _Stage(family, filters=filters), counts)


def _of_measured(run: Run, found: _Stage, counts: dict[str, Any]) -> _Stage:
    found.looked_at = max((_looked_at(counts[name]) for name in found.filters), default=0)
    for file in tables.parts(run.path / "measured"):
        for batch in tables.read_file(file, MEASURED_SCHEMA, columns=["filter", "id", "reason", "edits"]):
            for row in batch.to_pylist():
                if row["filter"] in found.filters:
                    found.flagged.update({edit["kind"] for edit in row["edits"] or ()} or {row["reason"]})
                    found.rows.add(row["id"])
                    found.left_in.append(row["id"])
    return found


def _names(run: Run) -> dict[str, Any]:
    """What the model found that reads names; of how many rows it read how many. Empty where none was asked for."""
    counts = run.counts("measure").get("filters", {})
    if NAMES not in counts:
        return {}
    found = _of_measured(run, _Stage(PII, filters=[NAMES]), counts)
    return {
        "looked_at": found.looked_at,
        "of": counts[NAMES]["read"],
        "rows": len(found.rows),
        "types": dict(sorted(found.flagged.items())),
        "examples": some(sorted(found.rows)),
    }


def _has_names(names: dict[str, Any]) -> Finding:
    part = "" if names["looked_at"] == names["of"] else f" of {names['looked_at']:,} that were looked at"
    return Finding(
        "personal_data.names", "warning", "Names are in the rows",
        f"A model may learn who is behind them; {many(names['rows'], 'row')}{part} "
        f"{noun(names['rows'], 'holds', 'hold')} what a model read as a name.",
        names["rows"],
        "look at their rows; `factory filter DATASET -f 'pii: {ner: rampart}' -o clean.jsonl` replaces names",
        names["examples"],
    )  # fmt: skip


def _looked_at(counts: dict[str, Any]) -> int:
    return int(counts["read"] - counts.get("not_looked_at", 0))


def _of_note(file: Path) -> Any:
    """The verdicts that have a reason or edits, decoded; the others are not."""
    for batch in tables.read_file(file, verdicts.SCHEMA, columns=["id", "outcome", "reason", "edits"]):
        chosen = pc.or_(pc.is_valid(batch["reason"]), pc.is_valid(batch["edits"]))
        yield from pa.RecordBatch.filter(batch, chosen).to_pylist()


def _nothing_ran(mends: Mends) -> Finding:
    return Finding(
        "personal_data.not_looked_for", "warning", "Nobody looked for personal data",
        "A model repeats e-mail addresses and numbers that it was trained on.", 1,
        "in the recipe `passages: {filter: [pii: {action: placeholder}]}`" if mends.of_documents else mends.by(PII),
    )  # fmt: skip


def _left_in(family: str, stages: dict[str, _Stage], mends: Mends) -> Finding:
    rows = [id_ for its in stages.values() for id_ in its.left_in]
    name, what = (
        ("personal_data.left_in", "Personal data was") if family == PII else ("secrets.left_in", "Secrets were")
    )
    return Finding(
        name, "warning", f"{what} found and left in",
        "A model repeats what it was trained on.", len(rows),
        mends.by(family, **({"action": "placeholder"} if mends.of_documents else {})),
        some(rows),
    )  # fmt: skip
