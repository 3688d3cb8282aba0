"""Filter: each filter gives every row it is shown one verdict; nothing is rewritten, nothing disappears.

Filters run in recipe order on the rows still kept, earlier edits applied. Neighbours that look at rows one by one
share a pass over the table; one that must see all rows (`scan`) has a pass of its own. Where batches are cut and how
many processes measure makes no difference to a verdict.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from factory import features, runs, tables, verdicts
from factory.corpus import Kept, Row, Table, all_tables, batch_of, by_field, kept, rows
from factory.edits import EditMap
from factory.errors import WrongRequest
from factory.plugins import Filter
from factory.progress import Progress
from factory.recipe import Checked
from factory.runs import Run
from factory.stages.target import NAME as SURPLUS
from factory.stages.target import reject_surplus
from factory.verdicts import Verdicts
from factory.workers import MeasureFailed, Worker, measure_here

BATCH_ROWS = 512
BATCH_CHARS = 2_000_000
PATIENCE_S = 2.0  # of measuring in this process before others are started: they cost about a second each


def fingerprint(filters: Sequence[Filter], before: str, target: int | None = None) -> str:
    """What a stage's verdicts depend on: its rows, and each filter's code and options."""
    return runs.fingerprint(before, verdicts.VERSION, [_name(f) for f in filters], target, runs.core_digest())


def _name(filter_: Filter) -> list[Any]:
    return [filter_.instance, filter_.plugin, filter_.digest, dict(filter_.options)]


def filter_stage(
    run: Run, checked: Checked, stage: str, before: str, progress: Progress, *, workers: int | None = None
) -> str:
    """Bring the verdicts on one stage's tables up to date; returns their fingerprint.

    `stage` is documents, passages or records. `workers` is how many processes may measure; None: the machine's cores.
    """
    name, filters = f"filter.{stage}", checked.filters[stage]
    target = checked.recipe.generate.target if stage == "records" else None
    mark = fingerprint(filters, before, target)
    if run.is_done(name, mark):
        return mark
    run.undo(name)
    order = [f.instance for f in filters]
    counts: dict[str, Any] = {
        "order": order,
        "read": 0,
        "kept": 0,
        "filters": {f.instance: _Counts().as_dict() for f in filters},
    }
    found = all_tables(run, stage)
    progress.start(f"filter {stage}", sum(tables.count(t.folder) for t in found) * max(1, len(_segments(filters))))
    with Measuring(workers) as measuring:
        for table in found:
            one = TableFilter(run, table, measuring, progress)
            one.all(filters)
            _add(counts, one)
    if target is not None:
        counts["filters"][SURPLUS] = reject_surplus(run, target, order)
        counts |= {"order": [*order, SURPLUS], "kept": counts["filters"][SURPLUS]["kept"], "target": target}
    run.done(name, mark, counts)
    progress.end(f"filter {stage}", f"{counts['kept']} of {counts['read']} {stage} kept{_why(counts['filters'])}")
    return mark


def _why(filters: Mapping[str, Any]) -> str:
    reasons: dict[str, int] = {}
    for counts in filters.values():
        for reason, n in counts["reasons"].items():
            reasons[reason] = reasons.get(reason, 0) + n
    return f" ({', '.join(f'{reason} {n}' for reason, n in sorted(reasons.items()))})" if reasons else ""


def _add(counts: dict[str, Any], one: "TableFilter") -> None:
    counts["read"] += one.read
    counts["kept"] += int(one.state.alive.sum())
    for name, its in one.counts.items():
        into = counts["filters"][name]
        for key, value in its.as_dict().items():
            if key == "reasons":
                for reason, n in value.items():
                    into["reasons"][reason] = into["reasons"].get(reason, 0) + n
            else:
                into[key] += value


@dataclass
class _Counts:
    read: int = 0
    kept: int = 0
    edited: int = 0
    rejected: int = 0
    not_looked_at: int = 0
    measured: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def take(self, verdict: Mapping[str, Any]) -> None:
        self.read += 1
        if verdict["outcome"] == "reject":
            self.rejected += 1
            self.reasons[verdict["reason"]] = self.reasons.get(verdict["reason"], 0) + 1
            return
        self.kept += 1
        self.edited += verdict["outcome"] == "edit"

    def as_dict(self) -> dict[str, Any]:
        return {
            "read": self.read, "kept": self.kept, "edited": self.edited, "rejected": self.rejected,
            "not_looked_at": self.not_looked_at, "reasons": dict(sorted(self.reasons.items())),
        }  # fmt: skip


def _segments(filters: Sequence[Filter]) -> list[list[Filter]]:
    """Filters that share a pass: neighbours without a scan; each scanning one alone."""
    grouped = groupby(enumerate(filters), key=lambda pair: pair[0] if pair[1].scans else -1)
    return [[f for _, f in pairs] for _, pairs in grouped]


class TableFilter:
    """The filters of a stage over one table."""

    def __init__(self, run: Run, table: Table, measuring: "Measuring", progress: Progress) -> None:
        self._run, self._table, self._measuring, self._progress = run, table, measuring, progress
        self.state = kept(run, table)  # this stage was undone: of records, those their generator stands for
        self.read = int(self.state.alive.sum())
        self.counts: dict[str, _Counts] = {}

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

    def batches(self) -> Iterator[list[Row]]:
        """The living rows in batches bounded in rows and characters."""
        batch: list[Row] = []
        size = 0
        for row in rows(self._run, self._table, self.state):
            batch.append(row)
            size += sum(len(s.text) for s in row.strings)
            if len(batch) >= BATCH_ROWS or size >= BATCH_CHARS:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def skips(self, filter_: Filter) -> bool:
        """Whether a filter does not handle rows of this kind; they pass and are counted as not looked at."""
        return filter_.kinds is not None and self._table.kind not in filter_.kinds

    def _pass(self, filters: Sequence[Filter]) -> None:
        outputs = [self.output(f) for f in filters]
        before = Kept(self.state.alive.copy(), self.state.edits)  # rows are read as they stood when the pass began
        for batch, results in self._measuring.over(
            self.batches(), lambda rows, worker: _one_by_one(rows, outputs, worker)
        ):
            for output, result in zip(outputs, results, strict=True):
                output.write(result.keys, result.features, result.measured)
                for position, verdict in zip(result.positions, result.verdicts, strict=True):
                    output.verdict(verdict)
                    before.take(position, verdict)
            self._progress.advance(len(batch))
        for output in outputs:
            output.close()
        self.state = before

    def output(self, filter_: Filter) -> "_Output":
        """Where this filter's features and verdicts of this table go."""
        counts = self.counts[filter_.instance] = _Counts()
        known = features.Known(self.features_file(filter_), features.stamp(filter_))
        return _Output(filter_, self.skips(filter_), known, self.features_file(filter_), self._table.verdicts, counts)


class _Output:
    """A filter's two files while they are written, and its counts."""

    def __init__(
        self, filter_: Filter, skip: bool, known: features.Known, file: Path, folder: Path, counts: _Counts
    ) -> None:
        self.filter, self.skip, self.known, self.counts = filter_, skip, known, counts
        self._features = features.Writer(file, features.stamp(filter_))
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{filter_.instance}.parquet"
        self._beside = self._path.with_name(self._path.name + ".tmp")
        self._verdicts = pq.ParquetWriter(self._beside, verdicts.SCHEMA, compression="zstd")
        self._rows: list[Mapping[str, Any]] = []

    def write(self, keys: Sequence[bytes], measured: pa.Table | None, fresh: int) -> None:
        self.counts.measured += fresh
        if measured is not None and len(keys):
            self._features.write(keys, measured)

    def verdict(self, verdict: Mapping[str, Any]) -> None:
        if self.skip:
            self.counts.not_looked_at += 1
        self.counts.take(verdict)
        self._rows.append(verdict)
        if len(self._rows) >= tables.GROUP_ROWS:
            self._flush()

    def _flush(self) -> None:
        self._verdicts.write_table(pa.Table.from_pylist(self._rows, schema=verdicts.SCHEMA))
        self._rows = []

    def close_features(self) -> None:
        self._features.close()

    def close(self) -> None:
        self._features.close()
        self._flush()
        self._verdicts.close()
        self._beside.replace(self._path)


@dataclass
class _Result:
    """What one filter said of one batch; `positions` and `verdicts` go together."""

    keys: list[bytes]
    features: pa.Table | None
    measured: int
    positions: list[int]
    verdicts: list[Mapping[str, Any]]


def _one_by_one(batch: list[Row], outputs: Sequence[_Output], worker: Worker | None) -> list[_Result]:
    """Filters without a scan, one after the other on what the one before left of the batch."""
    living, results = list(batch), []
    for output in outputs:
        if output.skip:
            results.append(_Result([], None, 0, [r.position for r in living], [_keep(r.id) for r in living]))
            continue
        good, failed, keys, measured, fresh = measure(living, output, worker)
        verdict_of = {r.id: v for r, v in failed}
        if measured is not None:
            verdict_of.update(_checked(output.filter, _decided(output.filter, _whole(measured)), good))
        said = [verdict_of[row.id] for row in living]
        results.append(_Result(keys, measured, fresh, [r.position for r in living], said))
        living = [row for row, verdict in zip(living, said, strict=True) if _survives(output.filter, row, verdict)]
    return results


def _whole(table: pa.Table) -> pa.RecordBatch:
    """The table as one batch."""
    [batch] = table.combine_chunks().to_batches()
    return batch


def _survives(filter_: Filter, row: Row, verdict: Mapping[str, Any]) -> bool:
    """Whether a row goes on to the next filter; its strings change where the verdict edits."""
    if verdict["outcome"] == "edit":
        row.apply(_edits(filter_, row, verdict))
    return bool(verdict["outcome"] != "reject")


def _edits(filter_: Filter, row: Row, verdict: Mapping[str, Any]) -> dict[str, EditMap]:
    """A verdict's edits by field. Raises WrongRequest for a filter whose edits do not fit the row."""
    lengths = {string.field: len(string.text) for string in row.strings}
    try:
        made = {name: EditMap(tuple(edits)) for name, edits in by_field(verdict["edits"]).items()}
        fit = all(edits.edits[-1].end <= lengths.get(name, 0) for name, edits in made.items())
    except ValueError:
        fit = False
    if not fit:
        raise WrongRequest(
            f"The filter '{filter_.instance}' gave edits that cannot be applied to {row.id}: they overlap, replace "
            "nothing, or lie outside the field that they name."
        )
    return made


def _decided(filter_: Filter, measured: pa.RecordBatch, *state: Any) -> list[Mapping[str, Any]]:
    """The verdicts of one batch; where the filter raises, find the rows on which it does by halving."""
    try:
        return list(filter_.code.decide(measured, *state).rows)
    except Exception as error:  # noqa: BLE001 # as where it measures: a filter's fault costs its row, not the run
        if len(measured) == 1:
            return [_failure(filter_, measured["id"][0].as_py(), type(error).__name__)]
        middle = len(measured) // 2
        halves = (measured.slice(0, middle), measured.slice(middle))
        return [verdict for half in halves for verdict in _decided(filter_, half, *state)]


def _keep(id_: str) -> Mapping[str, Any]:
    return {"id": id_, "outcome": "keep", "reason": None, "edits": None, "evidence": None}


def _checked(filter_: Filter, said: Sequence[Mapping[str, Any]], shown: Sequence[Row]) -> dict[str, Mapping[str, Any]]:
    """The verdicts by id. Raises WrongRequest for a filter that does not give each row exactly one."""
    found: dict[str, Mapping[str, Any]] = {verdict["id"]: verdict for verdict in said}
    if len(found) != len(said) or set(found) != {row.id for row in shown}:
        raise WrongRequest(
            f"The filter '{filter_.instance}' gave {len(said)} verdicts on {len(shown)} rows; each row needs one."
        )
    return found


def measure(
    batch: Sequence[Row], output: _Output, worker: Worker | None
) -> tuple[list[Row], list[tuple[Row, Mapping[str, Any]]], list[bytes], pa.Table | None, int]:
    """Features of a batch, from what is known or fresh.

    Returns the rows measured, those on which the filter failed with their verdict, the keys, the features in the order
    of the rows (with their ids), and how many were measured now.
    """
    filter_ = output.filter
    keys = [features.key(row, filter_.sees) for row in batch]
    fresh = [nth for nth, key in enumerate(keys) if key not in output.known]
    made, failed = _fresh([batch[nth] for nth in fresh], filter_, worker)
    bad = {row.id: _failure(filter_, row.id, why) for row, why in failed}
    good = [nth for nth, row in enumerate(batch) if row.id not in bad]
    pieces, order = [], []
    old = [nth for nth in good if keys[nth] in output.known]
    if old:
        pieces.append(output.known.take([keys[nth] for nth in old]))
        order += old
    if made is not None:
        pieces.append(made)
        order += [nth for nth in fresh if batch[nth].id not in bad]
    shown = [batch[nth] for nth in good]
    if not pieces:
        return shown, [(row, bad[row.id]) for row in batch if row.id in bad], [], None, 0
    together = pa.concat_tables(pieces, promote_options="permissive").take(pa.array(np.argsort(order)))
    ids = pa.array([row.id for row in shown], pa.string())
    together = together.set_column(together.schema.get_field_index("id"), "id", ids)
    return shown, [(row, bad[row.id]) for row in batch if row.id in bad], [keys[n] for n in good], together, len(fresh)


def _failure(filter_: Filter, id_: str, why: str) -> Mapping[str, Any]:
    verdict = Verdicts()
    verdict.reject(id_, f"{filter_.instance}.failed", error=why)
    return verdict.rows[0]


def _fresh(
    batch: Sequence[Row], filter_: Filter, worker: Worker | None
) -> tuple[pa.Table | None, list[tuple[Row, str]]]:
    """Measure rows; where the filter raises, find the rows on which it does by halving."""
    if not batch:
        return None, []
    shown = batch_of(batch, filter_.sees)
    try:
        measured = worker.measure(filter_, shown) if worker else measure_here(filter_, shown)
    except MeasureFailed as error:
        if len(batch) == 1:
            return None, [(batch[0], str(error))]
        middle = len(batch) // 2
        left, left_failed = _fresh(batch[:middle], filter_, worker)
        right, right_failed = _fresh(batch[middle:], filter_, worker)
        both = [table for table in (left, right) if table is not None]
        return (pa.concat_tables(both) if both else None), left_failed + right_failed
    if measured.num_rows != len(batch):
        raise WrongRequest(f"The filter '{filter_.instance}' measured {measured.num_rows} rows of {len(batch)}.")
    return measured, []


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
        for batch in self._table.batches():
            for row in batch:
                self._output.verdict(_keep(row.id))
        self._output.close()

    def _scan(self) -> Any:
        code, state = self._filter.code, None

        def work(batch: list[Row], worker: Worker | None) -> Any:
            return measure(batch, self._output, worker)

        for batch, (good, failed, keys, measured, fresh) in self._table._measuring.over(self._table.batches(), work):
            self._failed.update({row.position: verdict for row, verdict in failed})
            self._positions += [row.position for row in good]
            self._output.write(keys, measured, fresh)
            if measured is not None:
                scanned = code.scan(_whole(measured))
                state = scanned if state is None else code.merge(state, scanned)
            self._table._progress.advance(len(batch))
        self._output.close_features()
        return state

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
            verdict_rows = _decided(self._filter, piece, state)
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
                _edits(self._filter, row, editing[row.position])


class Measuring:
    """Runs work over batches in order: in this process first, in others too once it has taken a while."""

    def __init__(self, workers: int | None = None) -> None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self._count = max(1, workers if workers is not None else cores)
        self._pool: ThreadPoolExecutor | None = None
        self._idle: SimpleQueue[Worker] = SimpleQueue()
        self._made: list[Worker] = []

    def __enter__(self) -> "Measuring":
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        for worker in self._made:
            worker.close()

    def over(
        self, batches: Iterator[list[Row]], work: Callable[[list[Row], Worker | None], Any]
    ) -> Iterator[tuple[list[Row], Any]]:
        """Each batch with what `work` made of it, in order; at most two batches a process are held."""
        spent = 0.0
        waiting: list[tuple[list[Row], Future[Any]]] = []
        for batch in batches:
            if self._pool is None and spent < PATIENCE_S:
                began = time.monotonic()
                yield batch, work(batch, None)
                spent += time.monotonic() - began
                continue
            waiting.append((batch, self._submit(work, batch)))
            if len(waiting) >= 2 * self._count:
                first, future = waiting.pop(0)
                yield first, future.result()
        for first, future in waiting:
            yield first, future.result()

    def _submit(self, work: Callable[[list[Row], Worker | None], Any], batch: list[Row]) -> "Future[Any]":
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._count, thread_name_prefix="measure")
            for _ in range(self._count if self._count > 1 else 0):
                self._made.append(Worker())
                self._idle.put(self._made[-1])
        return self._pool.submit(self._with_worker, work, batch)

    def _with_worker(self, work: Callable[[list[Row], Worker | None], Any], batch: list[Row]) -> Any:
        if not self._made:
            return work(batch, None)
        worker = self._idle.get()
        try:
            return work(batch, worker)
        finally:
            self._idle.put(worker)
