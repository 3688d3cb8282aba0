"""Measure: what filters would say of the kept records, without a row being removed or changed.

`audit: {measure: […]}` of a recipe lists them. Each sees every row, as if it stood alone; what it says of a row that it
would not keep as it is stands in `measured/<kind>.parquet`, the counts in the manifest, and the audit shows them.
All filters share one pass over a table; of one that must see all rows the features wait on disk until then. One that
`audit: {sampled: {…}}` names looks at so many rows of each kind, those that the seed draws, in a pass of its own; so
has one that asks a model, before the others: its answers are in the journal, whatever ends the run, and its numbers are
counted. A row that a model gave no usable answer on is counted as not looked at, under the reason why.
"""

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from heapq import nsmallest
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from factory import figures, runs, tables, verdicts
from factory.corpus import Kept, Row, Table, kept, record_tables, rows
from factory.drawing import draw
from factory.lookup import Origins
from factory.origins import ORIGINS
from factory.plugins import Filter
from factory.progress import Progress
from factory.recipe import Checked, Recipe
from factory.runs import Run
from factory.stages import models
from factory.stages.asking import Asking
from factory.stages.judging import as_batch, decided, one_each
from factory.stages.measuring import Measuring
from factory.stages.models import Models
from factory.stages.part import Part, Said, parts, said_by, said_of
from factory.workers import Worker

VERSION = 1
UNANSWERED = "unanswered"
BATCH_ROWS = 512
BATCH_CHARS = 2_000_000
SCHEMA = pa.schema(
    [pa.field("filter", pa.string(), nullable=False), *verdicts.SCHEMA],
    metadata={"factory.table": "measured", "factory.version": str(VERSION)},
)


def measure(run: Run, checked: Checked, before: str, progress: Progress, doors: Models, measuring: Measuring) -> str:
    """Bring what the filters of `audit: measure` say up to date; returns what the audit depends on."""
    filters = checked.filters["measured"]
    if not filters:
        if (run.path / "measured").exists():  # by filters that are no longer in the recipe
            run.undo("measure")
            shutil.rmtree(run.path / "measured", ignore_errors=True)
        return before
    named = [[f.instance, f.plugin, f.digest, dict(f.options)] for f in filters]
    asked = [f for f in filters if f.models]
    drawn = [checked.recipe.audit.sampled, checked.recipe.seed] if checked.recipe.audit.sampled else []
    asking_of = models.fingerprint(run, checked, asked)
    mark = runs.fingerprint(before, VERSION, named, asking_of, runs.core_digest(), *drawn)
    if run.is_done("measure", mark):
        return mark
    run.undo("measure")
    shutil.rmtree(run.path / "measured", ignore_errors=True)
    found = record_tables(run)
    progress.start("measure", sum(tables.count(table.folder) for table in found))
    counts = {f.instance: _Counts() for f in filters}
    spreads = {f.instance: figures.Spreads() for f in filters}
    doors.open(asked)
    asking = Asking(doors, checked.wording())
    for table in found:
        _Pass(run, table, filters, counts, spreads, checked.recipe).over(measuring, asking, progress)
    told = {"filters": {name: its.as_dict() for name, its in counts.items()}, "figures": figures.told(spreads)}
    run.done("measure", mark, told)
    said = ", ".join(f"{name} {its.rejected + its.edited}" for name, its in counts.items() if its.rejected + its.edited)
    progress.end("measure", f"would be rejected or edited: {said or 'nothing'}")
    for line in doors.said(asked):
        progress.say(f"{'':<17} {line}")
    return mark


@dataclass
class _Counts:
    """What one filter would do."""

    read: int = 0
    not_looked_at: int = 0
    rejected: int = 0
    edited: int = 0
    flagged: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, str] = field(default_factory=dict)  # of a reason: reject, edit, keep (flagged), or UNANSWERED
    scores: dict[str, Counter[float]] = field(default_factory=dict)  # by name how often each, of those that ask a model

    def take(self, verdict: Mapping[str, Any]) -> None:
        reason, outcome = verdict["reason"], verdict["outcome"]
        if reason is None:
            return
        self.rejected += outcome == "reject"
        self.edited += outcome == "edit"
        self.flagged += outcome == "keep"
        self.reasons[reason] = self.reasons.get(reason, 0) + 1
        self.outcomes[reason] = outcome

    def take_unanswered(self, reason: str) -> None:
        self.not_looked_at += 1
        self.reasons[reason] = self.reasons.get(reason, 0) + 1
        self.outcomes[reason] = UNANSWERED

    def take_scores(self, features: pa.Table) -> None:
        for row in features.to_pylist():
            for name, score in _scores(row):
                self.scores.setdefault(name, Counter())[round(score, 1)] += 1

    def as_dict(self) -> dict[str, Any]:
        names = ("read", "not_looked_at", "rejected", "edited", "flagged")
        said = {"reasons": dict(sorted(self.reasons.items())), "outcomes": dict(sorted(self.outcomes.items()))}
        scores = {name: [[score, n] for score, n in sorted(its.items())] for name, its in sorted(self.scores.items())}
        return {**{name: getattr(self, name) for name in names}, **said, "scores": scores}


def _scores(row: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The numbers among the features of a row, each with its name; text that a model wrote is none of them."""
    for name, value in row.items():
        if isinstance(value, int | float):
            yield name, float(value)
        for each in value if isinstance(value, list) else ():  # `scores` of a rubric: {criterion, score}
            if isinstance(each, dict) and {"criterion", "score"} <= each.keys():
                yield each["criterion"], float(each["score"])


class _Pass:
    """All filters over one table."""

    def __init__(
        self,
        run: Run,
        table: Table,
        filters: Sequence[Filter],
        counts: Mapping[str, _Counts],
        spreads: Mapping[str, figures.Spreads],
        recipe: Recipe,
    ) -> None:
        self._seed, sampled = recipe.seed, recipe.audit.sampled
        self._run, self._table, self._counts, self._spreads = run, table, counts, spreads
        self._state: Kept = kept(run, table)
        handled = [f for f in filters if f.kinds is None or table.kind in f.kinds]
        self._asked = [f for f in handled if f.models]
        self._sourced = [f for f in handled if f.sees in ORIGINS and not f.models]
        self._filters = [f for f in handled if f.sees not in ORIGINS and not f.models and f.instance not in sampled]
        self._sampled = [(f, sampled[f.instance]) for f in handled if not f.models and f.instance in sampled]
        self._skipped = [f for f in filters if f not in handled]
        self._waiting = {f.instance: _Waiting(run, f) for f in handled if f.scans}

    def over(self, measuring: Measuring, asking: Asking, progress: Progress) -> None:
        """Write what they say of the rows that live."""
        file = self._run.path / "measured" / f"{self._table.kind}.parquet"
        with tables.PartWriter(file, SCHEMA) as self._part:
            for filter_ in self._asked:
                for batch in self._batches([filter_]):
                    self._ask(filter_, batch, asking)
            for filter_, size in self._sampled:
                self._of_sample(filter_, size, measuring)
            if self._sourced:
                for batch, said in measuring.over(self._batches(self._sourced), self._measured):
                    self._take(self._sourced, said, len(batch))
            work = partial(_said, self._filters)
            for part, said in measuring.over(parts(self._table, self._state), work, rows=self._state.alive.sum()):
                self._take(self._filters, said, len(part))
                for filter_ in self._skipped:
                    self._counts[filter_.instance].read += len(part)
                    self._counts[filter_.instance].not_looked_at += len(part)
                progress.advance(len(part))
            while self._waiting:  # what one has seen of all rows is let go before the next one looks for copies
                waiting = self._waiting.pop(next(iter(self._waiting)))
                for its in waiting.verdicts(self._texts):
                    self._note(waiting.filter, its)
                del waiting
        shutil.rmtree(self._run.path / "cache" / "measured", ignore_errors=True)

    def _of_sample(self, filter_: Filter, size: int, measuring: Measuring) -> None:
        """What a filter says of the rows that are drawn; the others count as not looked at."""
        drawn = self._drawn(size)
        for part, said in measuring.over(parts(self._table, drawn), partial(_said, [filter_])):
            self._take([filter_], said, len(part))
        left_out = int(self._state.alive.sum()) - int(drawn.alive.sum())
        self._counts[filter_.instance].read += left_out
        self._counts[filter_.instance].not_looked_at += left_out

    def _drawn(self, size: int) -> Kept:
        """The rows with the smallest draws of the seed: those of a smaller sample are among those of a larger one."""
        batches = tables.batches(self._table.folder, self._table.schema, columns=["id"])
        ids = (id_ for batch in batches for id_ in batch["id"].to_pylist())
        alive = ((draw(self._seed, id_), nth) for nth, id_ in enumerate(ids) if self._state.alive[nth])
        chosen = np.zeros(len(self._state.alive), bool)
        chosen[[nth for _, nth in nsmallest(size, alive)]] = True
        return Kept(chosen, self._state.edits)

    def _ask(self, filter_: Filter, batch: list[Row], asking: Asking) -> None:
        features, unanswered = asking.measure(batch, filter_)
        counts = self._counts[filter_.instance]
        counts.read += len(batch)
        for _, verdict in unanswered:
            counts.take_unanswered(verdict["reason"])
            self._part.write({"filter": filter_.instance, **verdict})
        if features is not None and filter_.scans:
            self._waiting[filter_.instance].add(features)
        elif features is not None:
            self._spreads[filter_.instance].take(figures.of(filter_, as_batch(features)))
            gone = {row.id for row, _ in unanswered}
            shown = [row for row in batch if row.id not in gone]
            counts.take_scores(features)
            self._note(filter_, list(one_each(filter_, decided(filter_, as_batch(features)), shown).values()))

    def _batches(self, filters: Sequence[Filter]) -> Iterator[list[Row]]:
        found = rows(self._run, self._table, self._state)
        wanted = [sees for sees in ORIGINS if any(f.sees == sees for f in filters)]
        batch: list[Row] = []
        size = 0
        for row in Origins(self._run).attached(found, wanted) if wanted else found:
            batch.append(row)
            size += row.chars
            if len(batch) >= BATCH_ROWS or size >= BATCH_CHARS:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _measured(self, batch: list[Row], worker: Worker | None) -> list[Said]:
        """What filters say that see where a row is from: its documents lie here, so rows are made here."""
        return [said_by(filter_, batch, worker) for filter_ in self._sourced]

    def _take(self, filters: Sequence[Filter], said: Sequence[Said], count: int) -> None:
        for filter_, its in zip(filters, said, strict=True):
            self._counts[filter_.instance].read += count
            self._note(filter_, its.verdicts)
            self._spreads[filter_.instance].take(its.figures)
            if its.features is not None:
                self._waiting[filter_.instance].add(its.features)

    def _note(self, filter_: Filter, said: Sequence[Mapping[str, Any]]) -> None:
        counts = self._counts[filter_.instance]
        for verdict in said:
            counts.not_looked_at += verdicts.is_skip(verdict)
            counts.take(verdict)
            if verdict["reason"] is not None:
                self._part.write({"filter": filter_.instance, **verdict})

    def _texts(self, ids: Sequence[str]) -> Iterator[tuple[str, str]]:
        for row in rows(self._run, self._table, Kept(self._alive(set(ids)), self._state.edits)):
            yield row.id, row.text

    def _alive(self, wanted: set[str]) -> "np.ndarray[Any, np.dtype[np.bool_]]":
        """Which rows live and are wanted: of the others nothing is decoded."""
        batches = tables.batches(self._table.folder, self._table.schema, columns=["id"])
        asked = np.array([id_ in wanted for batch in batches for id_ in batch["id"].to_pylist()], dtype=bool)
        both: np.ndarray[Any, np.dtype[np.bool_]] = self._state.alive & asked
        return both


def _said(filters: Sequence[Filter], part: Part, worker: Worker | None) -> list[Said]:
    return worker.say(part, filters) if worker else said_of(part, filters)


class _Waiting:
    """A filter that must see all rows: its state so far, and its features on disk until it can decide."""

    def __init__(self, run: Run, filter_: Filter) -> None:
        self.filter = filter_
        self._file: Path = run.path / "cache" / "measured" / f"{filter_.instance}.arrow"
        self._state: Any = None
        self._writer: Any = None

    def add(self, features: pa.Table) -> None:
        """Take the features of one batch."""
        code = self.filter.code
        scanned = code.scan(as_batch(features))
        self._state = scanned if self._writer is None else code.merge(self._state, scanned)
        with tables.writing(self._file):
            if self._writer is None:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                self._writer = pa.ipc.new_stream(str(self._file), features.schema)
            self._writer.write_batch(as_batch(features))

    def verdicts(self, texts: Any) -> Iterator[Sequence[Mapping[str, Any]]]:
        """What it says, batch by batch."""
        if self._writer is None:
            return
        self._writer.close()
        if hasattr(self.filter.code, "settle"):
            self._state = self.filter.code.settle(self._state, texts)
        with pa.memory_map(str(self._file)) as source:
            for batch in pa.ipc.open_stream(source):
                yield decided(self.filter, batch, self._state)
