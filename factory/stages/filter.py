"""Filter: each filter gives every row it is shown one verdict; nothing is rewritten, nothing disappears.

Filters run in recipe order on the rows still kept, earlier edits applied. Neighbours that look at rows one by one
share a pass over the table; one that must see all rows (`scan`) has a pass of its own. Where batches are cut and how
many processes measure makes no difference to a verdict.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from factory import features, figures, runs, tables, verdicts
from factory.corpus import Kept, Row, Table, all_tables, kept, rows
from factory.errors import WrongRequest
from factory.lookup import Origins
from factory.origins import ORIGINS
from factory.plugins import Filter
from factory.progress import Progress
from factory.recipe import Checked
from factory.runs import Run
from factory.stages import mix, models
from factory.stages.asking import Asking
from factory.stages.judging import Measured, as_batch, decided, edits_of, keep, measure, one_each, survives, with_key
from factory.stages.measuring import Measuring
from factory.stages.models import Models
from factory.stages.target import NAME as SURPLUS
from factory.stages.target import own, reject_surplus
from factory.workers import Worker

BATCH_ROWS = 512
BATCH_CHARS = 2_000_000


def fingerprint(filters: Sequence[Filter], before: str, ends: Sequence[Any] = (), asked: str = "") -> str:
    """What a stage's verdicts depend on: its rows, each filter's code and options, the models `asked`.

    `ends` says how many rows are to be left at the end: the targets, and the mix.
    """
    return runs.fingerprint(before, verdicts.VERSION, [_name(f) for f in filters], ends, asked, runs.core_digest())


def _name(filter_: Filter) -> list[Any]:
    return [filter_.instance, filter_.plugin, filter_.digest, dict(filter_.options), dict(filter_.models)]


def filter_stage(
    run: Run,
    checked: Checked,
    stage: str,
    before: str,
    progress: Progress,
    doors: Models,
    *,
    workers: int | None = None,
) -> str:
    """Bring the verdicts on one stage's tables up to date; returns their fingerprint.

    `stage` is documents, passages or records. `workers` is how many processes may measure; None: the machine's cores.
    """
    name, filters = f"filter.{stage}", [with_key(f, run) for f in checked.filters[stage]]
    target, targets = (checked.recipe.generate.target, own(checked.generators)) if stage == "records" else (None, {})
    mixed = mix.declared(checked.recipe) if stage == "records" else None
    mark = fingerprint(filters, before, [target, targets, mixed], models.fingerprint(run, checked, filters))
    if run.is_done(name, mark):
        return mark
    run.undo(name)
    order = [f.instance for f in filters]
    counts: dict[str, Any] = {
        "order": order,
        "read": 0,
        "kept": 0,
        "filters": {f.instance: {**Counts().as_dict(), **_notes(f)} for f in filters},
    }
    found = all_tables(run, stage)
    counts["skips"] = {f.instance: kinds for f in filters if (kinds := [t.kind for t in found if _skips(f, t)])}
    progress.start(f"filter {stage}", sum(tables.count(t.folder) for t in found) * max(1, len(_segments(filters))))
    doors.open(filters)
    asking = Asking(doors, checked.wording())
    spreads = {f.instance: figures.Spreads() for f in filters}
    with Measuring(workers, [f for f in filters if not f.models]) as measuring:
        for table in found:
            one = TableFilter(run, table, measuring, progress, asking, spreads)
            one.all(filters)
            _add(counts, one)
    counts["figures"] = figures.told(spreads)
    if mixed:
        counts["filters"][mix.NAME] = mix.reject_surplus(run, checked.recipe, order)
        order.append(mix.NAME)
        counts["kept"] = counts["filters"][mix.NAME]["kept"]
    if target is not None or targets:
        its = counts["filters"][SURPLUS] = reject_surplus(run, target, targets, order)
        counts |= {"order": [*order, SURPLUS], "kept": its["kept"], "target": target, "targets": targets}
    run.done(name, mark, counts)
    progress.end(f"filter {stage}", f"{counts['kept']} of {counts['read']} {stage} kept{_why(counts['filters'])}")
    if shared := models.shared(checked, filters):
        progress.say(f"{'':<17} {shared}")
    for line in doors.said(filters):
        progress.say(f"{'':<17} {line}")
    return mark


def _why(filters: Mapping[str, Any]) -> str:
    """What was lost, and what was kept with a reason to look at it."""
    lost, flagged = (_by_reason(filters, what) for what in ("reasons", "flagged"))
    said = [lost, f"kept, to be looked at: {flagged}" if flagged else ""]
    return f" ({'; '.join(part for part in said if part)})" if lost or flagged else ""


def _by_reason(filters: Mapping[str, Any], what: str) -> str:
    sums: Counter[str] = Counter()
    for counts in filters.values():
        sums.update(counts.get(what, {}))
    return ", ".join(f"{reason} {n}" for reason, n in sorted(sums.items()))


def _notes(filter_: Filter) -> dict[str, Any]:
    """What a filter has to say of itself, whatever the rows: how much of its benchmark it cannot look for."""
    return {"notes": dict(filter_.code.notes())} if hasattr(filter_.code, "notes") else {}


def _skips(filter_: Filter, table: Table) -> bool:
    return filter_.kinds is not None and table.kind not in filter_.kinds


def _add(counts: dict[str, Any], one: "TableFilter") -> None:
    counts["read"] += one.read
    counts["kept"] += int(one.state.alive.sum())
    for name, its in one.counts.items():
        into = counts["filters"][name]
        for key, value in its.as_dict().items():
            if key in ("reasons", "flagged"):
                for reason, n in value.items():
                    into[key][reason] = into[key].get(reason, 0) + n
            else:
                into[key] += value


@dataclass
class Counts:
    """What one filter said, by outcome and reason."""

    read: int = 0
    kept: int = 0
    edited: int = 0
    rejected: int = 0
    not_looked_at: int = 0
    measured: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    flagged: dict[str, int] = field(default_factory=dict)  # kept as they are, with a reason to look at them

    def take(self, verdict: Mapping[str, Any], *, skipped: bool = False) -> None:
        """Count one verdict; `skipped`: on a row of a kind that the filter does not handle."""
        self.read += 1
        self.not_looked_at += skipped or verdicts.is_skip(verdict)
        if verdict["outcome"] == "reject":
            self.rejected += 1
            self.reasons[verdict["reason"]] = self.reasons.get(verdict["reason"], 0) + 1
            return
        self.kept += 1
        self.edited += verdict["outcome"] == "edit"
        if verdict["outcome"] == "keep" and verdict["reason"]:
            self.flagged[verdict["reason"]] = self.flagged.get(verdict["reason"], 0) + 1

    def as_dict(self) -> dict[str, Any]:
        return {
            "read": self.read, "kept": self.kept, "edited": self.edited, "rejected": self.rejected,
            "not_looked_at": self.not_looked_at, "reasons": dict(sorted(self.reasons.items())),
            "flagged": dict(sorted(self.flagged.items())),
        }  # fmt: skip


def _segments(filters: Sequence[Filter]) -> list[list[Filter]]:
    """Filters that share a pass: neighbours without a scan; each one alone that scans, or asks a model."""
    grouped = groupby(enumerate(filters), key=lambda pair: pair[0] if pair[1].scans or pair[1].models else -1)
    return [[f for _, f in pairs] for _, pairs in grouped]


class TableFilter:
    """The filters of a stage over one table."""

    def __init__(
        self,
        run: Run,
        table: Table,
        measuring: "Measuring",
        progress: Progress,
        asking: Asking | None = None,
        spreads: Mapping[str, figures.Spreads] | None = None,
    ) -> None:
        self._spreads = spreads or {}
        self._run, self._table, self._measuring, self._progress = run, table, measuring, progress
        self._asking = asking  # None: there is no filter that asks a model
        self.state = kept(run, table)  # this stage was undone: of records, those their generator stands for
        self.read = int(self.state.alive.sum())
        self.counts: dict[str, Counts] = {}

    def all(self, filters: Sequence[Filter]) -> None:
        """Run them in order; verdict files of filters that are no longer in the recipe go."""
        wanted = {f"{f.instance}.parquet" for f in filters}  # the surplus is rejected anew, after them
        for folder in (self._table.verdicts, self._features_folder()):
            for file in folder.glob("*.parquet*"):  # and what a killed run left half written
                if file.name not in wanted:
                    file.unlink()
        for segment in _segments(filters):
            if segment[0].scans:
                _Scan(self, segment[0]).run()
            else:
                self._pass(segment)

    def _features_folder(self) -> Path:
        return self._run.path / "features" / self._table.verdicts.relative_to(self._run.path / "verdicts")

    def features_file(self, filter_: Filter) -> Path:
        """Where a filter's features of this table stand."""
        return self._features_folder() / f"{filter_.instance}.parquet"

    def batches(self, filters: Sequence[Filter]) -> Iterator[list[Row]]:
        """The living rows in batches bounded in rows and characters, with what these filters see of them."""
        batch: list[Row] = []
        size = 0
        for row in self._rows(filters):
            batch.append(row)
            size += row.chars
            if len(batch) >= BATCH_ROWS or size >= BATCH_CHARS:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _rows(self, filters: Sequence[Filter]) -> Iterator[Row]:
        found = rows(self._run, self._table, self.state)
        wanted = [sees for sees in ORIGINS if any(f.sees == sees and not self.skips(f) for f in filters)]
        return Origins(self._run).attached(found, wanted) if wanted else found

    def skips(self, filter_: Filter) -> bool:
        """Whether a filter does not handle rows of this kind; they pass and are counted as not looked at."""
        return _skips(filter_, self._table)

    def _pass(self, filters: Sequence[Filter]) -> None:
        outputs = [self.output(f) for f in filters]
        before = Kept(self.state.alive.copy(), self.state.edits)  # rows are read as they stood when the pass began
        for batch, results in self._over(filters, outputs):
            for output, result in zip(outputs, results, strict=True):
                output.write(result.measured)
                for position, verdict in zip(result.positions, result.verdicts, strict=True):
                    output.verdict(verdict)
                    before.take(position, verdict)
            self._progress.advance(len(batch))
        for output in outputs:
            output.close()
        self.state = before

    def _over(self, filters: Sequence[Filter], outputs: "Sequence[_Output]") -> Iterator[tuple[list[Row], Any]]:
        """Each batch with what these filters say of it; a model is asked in this process, of many rows at once."""
        batches = self.batches(filters)
        if any(filter_.models for filter_ in filters):
            return ((batch, _one_by_one(batch, outputs, None, self._asking)) for batch in batches)
        return self._measuring.over(batches, lambda rows, worker: _one_by_one(rows, outputs, worker))

    def output(self, filter_: Filter) -> "_Output":
        """Where this filter's features and verdicts of this table go."""
        counts = self.counts[filter_.instance] = Counts()
        known = features.Known(self.features_file(filter_), features.stamp(filter_))
        spreads = self._spreads.get(filter_.instance, figures.Spreads())
        file, folder = self.features_file(filter_), self._table.verdicts
        return _Output(filter_, self.skips(filter_), known, file, folder, counts, spreads)


class _Output:
    """A filter's two files while they are written, and its counts."""

    def __init__(
        self,
        filter_: Filter,
        skip: bool,
        known: features.Known,
        file: Path,
        folder: Path,
        counts: Counts,
        spreads: figures.Spreads,
    ) -> None:
        self.filter, self.skip, self.known, self.counts = filter_, skip, known, counts
        self._spreads = spreads
        self._features = features.Writer(file, features.stamp(filter_))
        self._verdicts = tables.PartWriter(folder / f"{filter_.instance}.parquet", verdicts.SCHEMA).__enter__()

    def write(self, measured: Measured | None) -> None:
        if measured is not None:
            self.counts.measured += measured.fresh
            if measured.features is not None:
                self._features.write(measured.keys, measured.features)
                self._spreads.take(figures.of(self.filter, as_batch(measured.features)))

    def verdict(self, verdict: Mapping[str, Any]) -> None:
        self.counts.take(verdict, skipped=self.skip)
        self._verdicts.write(verdict)

    def close_features(self) -> None:
        self._features.close()

    def close(self) -> None:
        self._features.close()
        self._verdicts.__exit__(None, None, None)


@dataclass
class _Result:
    """What one filter said of one batch; `positions` and `verdicts` go together."""

    measured: Measured | None  # None where the filter does not handle these rows
    positions: list[int]
    verdicts: list[Mapping[str, Any]]


def _one_by_one(
    batch: list[Row], outputs: Sequence[_Output], worker: Worker | None, asking: Asking | None = None
) -> list[_Result]:
    """Filters without a scan, one after the other on what the one before left of the batch."""
    living, results = list(batch), []
    for output in outputs:
        if output.skip:
            results.append(_Result(None, [row.position for row in living], [keep(row.id) for row in living]))
            continue
        measured = measure(living, output.filter, output.known, worker, asking)
        verdict_of = dict(measured.failed)
        if measured.features is not None:
            said_of_rest = decided(output.filter, as_batch(measured.features))
            verdict_of |= one_each(output.filter, said_of_rest, measured.rows)
        said = [verdict_of[row.id] for row in living]
        results.append(_Result(measured, [row.position for row in living], said))
        living = [row for row, verdict in zip(living, said, strict=True) if survives(output.filter, row, verdict)]
    return results


class _Scan:
    """A filter that must see all rows of a table before it decides: measure and scan, then decide."""

    def __init__(self, table: TableFilter, filter_: Filter) -> None:
        self._table, self._filter = table, filter_
        self._output = table.output(filter_)
        self._failed: dict[int, Mapping[str, Any]] = {}
        self._positions: list[int] = []

    def run(self) -> None:
        """Both passes; the table's state is what is left."""
        if self._output.skip:
            self._keep_all()
            return
        state = self._scan()
        code = self._filter.code
        if state is not None and hasattr(code, "settle"):
            state = code.settle(state, self._texts)
        self._decide(state)

    def _keep_all(self) -> None:
        for batch in self._table.batches(()):
            for row in batch:
                self._output.verdict(keep(row.id))
        self._output.close()

    def _scan(self) -> Any:
        code, state = self._filter.code, None

        for batch, measured in self._measured():
            self._failed |= {row.position: measured.failed[row.id] for row in batch if row.id in measured.failed}
            self._positions += [row.position for row in measured.rows]
            self._output.write(measured)
            if measured.features is not None:
                scanned = code.scan(as_batch(measured.features))
                state = scanned if state is None else code.merge(state, scanned)
            self._table._progress.advance(len(batch))
        self._output.close_features()
        return state

    def _measured(self) -> Iterator[tuple[list[Row], Measured]]:
        """Each batch with its features; a model is asked in this process, of many rows at once."""
        batches, asking = self._table.batches([self._filter]), self._table._asking
        if self._filter.models:
            return ((batch, measure(batch, self._filter, self._output.known, None, asking)) for batch in batches)

        def work(batch: list[Row], worker: Worker | None) -> Measured:
            return measure(batch, self._filter, self._output.known, worker)

        return self._table._measuring.over(batches, work)

    def _texts(self, ids: Sequence[str]) -> Iterator[tuple[str, str]]:
        """(id, text) of the named rows, as the filter saw them, in table order."""
        wanted = set(ids)
        for row in rows(self._table._run, self._table._table, self._table.state):
            if row.id in wanted:
                yield row.id, row.text

    def _decide(self, state: Any) -> None:
        said: list[tuple[int, Mapping[str, Any]]] = list(self._failed.items())
        at = 0
        for piece in features.read(self._table.features_file(self._filter)) if self._positions else ():
            verdict_rows = decided(self._filter, piece, state)
            if [v["id"] for v in verdict_rows] != piece["id"].to_pylist():
                raise WrongRequest(f"The filter '{self._filter.instance}' must give one verdict a row, in order.")
            said += zip(self._positions[at : at + len(verdict_rows)], verdict_rows, strict=True)
            at += len(verdict_rows)
        self._check_edits({position: verdict for position, verdict in said if verdict["outcome"] == "edit"})
        for position, verdict in sorted(said, key=lambda pair: pair[0]):
            self._output.verdict(verdict)
            self._table.state.take(position, verdict)
        self._output.close()

    def _check_edits(self, editing: Mapping[int, Mapping[str, Any]]) -> None:
        """Whether edits fit their rows; these are read once more, and only for a filter that edits."""
        for row in rows(self._table._run, self._table._table, self._table.state) if editing else ():
            if row.position in editing:
                edits_of(self._filter, row, editing[row.position])
