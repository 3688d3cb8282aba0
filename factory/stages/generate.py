"""Generate: plugins make records from passages; every call's fate is counted.

A unit is what one call gets: a passage, or all kept passages of a document. Units run in a plan order fixed by the
seed and spread over documents, in rounds: with a target, as many more as the counts so far say are needed. Every unit
ends once as made, empty or failed; every record it yields is kept in the table, the rejected ones with their reason.
"""

import asyncio
import hashlib
import math
import shutil
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

import pyarrow as pa

from factory import records, rejections, runs, tables
from factory.corpus import Corpus, kept, passage_table, passages_by_document
from factory.documents import Document
from factory.errors import BadItem, FactoryError, WrongRequest, where
from factory.passages import Passage, Quote
from factory.plugins import Generator
from factory.progress import Progress
from factory.recipe import Checked
from factory.records import Record, Rejected
from factory.runs import Run

VERSION = 1
UNITS = pa.schema(
    [
        pa.field("unit", pa.string(), nullable=False),
        pa.field("method", pa.string(), nullable=False),
        pa.field("rank", pa.int64(), nullable=False),  # in plan order
        pa.field("outcome", pa.string(), nullable=False),  # made | empty | failed
        pa.field("records", pa.int32(), nullable=False),
        pa.field("reason", pa.string()),
    ],
    metadata={"factory.table": "units", "factory.version": str(VERSION)},
)
FIRST_ROUND = 64  # units a method: enough to learn how many rows a unit gives
CONCURRENCY = 256  # calls under way at once; a model's door throttles below this


@dataclass(frozen=True, slots=True)
class Unit:
    """One call to be made: of which method, on which document, and which passage of it (None: on all)."""

    rank: int  # in plan order
    method: str
    document: str
    passage: str | None

    @property
    def id(self) -> str:
        """The passage's or the document's id: what a reader of a record id recognises."""
        return self.passage or self.document


def fingerprint(checked: Checked, before: str, limit: int | None) -> str:
    """What the records depend on. With a target they depend on the record filters too: those say how many are kept."""
    methods = [[g.instance, g.plugin, g.digest, dict(g.options)] for g in checked.generators]
    target = checked.recipe.generate.target
    filters = [[f.instance, f.plugin, f.digest, dict(f.options)] for f in checked.filters["records"]] if target else []
    return runs.fingerprint(
        before, VERSION, records.VERSION, methods, checked.recipe.seed, target, filters, limit, runs.core_digest()
    )


def generate(
    run: Run,
    checked: Checked,
    before: str,
    progress: Progress,
    *,
    count_kept: Callable[[], int],
    limit: int | None = None,
) -> str:
    """Bring `records/` up to date; returns its fingerprint.

    `count_kept` runs the record filters and says how many records they leave; it is asked after each round of a run
    with a target. `limit` is a number of units a method.
    """
    mark = fingerprint(checked, before, limit)
    if run.is_done("generate", mark):
        return mark
    run.undo("generate")
    for folder in ("records", "units"):
        shutil.rmtree(run.path / folder, ignore_errors=True)
    plans = [_plan(run, generator, checked.recipe.seed)[:limit] for generator in checked.generators]
    units = [Unit(rank, *unit) for rank, unit in enumerate(u for u in chain.from_iterable(zip_longest(*plans)) if u)]
    generating = _Generating(run, checked, progress)
    progress.start("generate", len(units))
    with tables.PartWriter(rejections.path(run, "generate"), rejections.SCHEMA) as rejected:
        generating.rejected, done = rejected, 0
        for nth, size in enumerate(_rounds(len(units), checked.recipe.generate.target, len(plans), count_kept)):
            asyncio.run(generating.round(nth, units[done : done + size]))
            done += size
    counts = {
        **generating.counts.as_dict(),
        "units": done,
        "planned": len(units),
        "limit": limit,
        "rounds": nth + 1 if units else 0,
    }
    run.done("generate", mark, counts)
    ended = f"{counts['made']} made some, {counts['empty']} none, {counts['failed']} failed"
    progress.end("generate", f"{counts['records']} records from {done} units: {ended}")
    return mark


def _rounds(total: int, target: int | None, methods: int, count_kept: Callable[[], int]) -> Iterator[int]:
    """How many units come next: all without a target; else what the counts so far say is needed."""
    if target is None:
        yield from [total] if total else []
        return
    done, size = 0, min(total, FIRST_ROUND * max(1, methods))
    while size > 0:
        yield size
        done += size
        accepted = count_kept()
        wanted = target - accepted
        expected = math.ceil(wanted * done / accepted) if accepted else done
        size = min(total - done, expected, 4 * done) if wanted > 0 else 0


def _plan(run: Run, generator: Generator, seed: int) -> list[tuple[str, str, str | None]]:
    """(method, document, passage) in plan order: one unit of each document before the second of any, by the seed."""
    by_document: dict[str, list[str]] = {}
    table = passage_table(run)
    state, position = kept(run, table), 0
    for batch in tables.batches(table.folder, table.schema, columns=["id", "document"]):
        for id_, document in zip(batch["id"].to_pylist(), batch["document"].to_pylist(), strict=True):
            if state.alive[position]:
                by_document.setdefault(document, []).append(id_)
            position += 1
    order = sorted(by_document, key=lambda document: _draw(seed, document))
    if generator.takes == "passages":
        return [(generator.instance, document, None) for document in order]
    shuffled = [sorted(by_document[document], key=lambda id_: _draw(seed, id_)) for document in order]
    turns = chain.from_iterable(zip_longest(*shuffled))
    return [(generator.instance, id_.split("/")[0], id_) for id_ in turns if id_ is not None]


def _draw(seed: int, name: str) -> bytes:
    return hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=8).digest()


@dataclass
class _Counts:
    made: int = 0
    empty: int = 0
    failed: int = 0
    records: int = 0
    rejected: int = 0
    methods: dict[str, dict[str, int]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        methods = {name: dict(sorted(n.items())) for name, n in sorted(self.methods.items())}
        outcomes = {"made": self.made, "empty": self.empty, "failed": self.failed}
        return {**outcomes, "records": self.records, "rejected": self.rejected, "methods": methods}

    def take(self, method: str, outcome: str, made: int, rejected: int) -> None:
        its = self.methods.setdefault(
            method, {"units": 0, "made": 0, "empty": 0, "failed": 0, "records": 0, "rejected": 0}
        )
        for name, n in {"units": 1, outcome: 1, "records": made, "rejected": rejected}.items():
            its[name] += n
        setattr(self, outcome, getattr(self, outcome) + 1)
        self.records += made
        self.rejected += rejected


@dataclass
class _Call:
    """One call's input and what came of it."""

    unit: Unit
    generator: Generator
    document: Document
    given: Passage | list[Passage]
    passages: Mapping[str, Passage]  # the kept ones of the document
    items: list[Record | Rejected] = field(default_factory=list)
    failure: tuple[str, str] | None = None  # reason, detail


class _Generating:
    """Runs units and writes what they yield, in the order of the documents, whatever finished first."""

    rejected: tables.PartWriter

    def __init__(self, run: Run, checked: Checked, progress: Progress) -> None:
        self._run, self._progress = run, progress
        self._generators = {g.instance: g for g in checked.generators}
        self.counts = _Counts()
        self._corpus: Corpus | None = None
        if any(g.corpus for g in checked.generators):
            self._corpus = Corpus([passage for _, group in passages_by_document(run) for _, passage in group])

    async def round(self, nth: int, units: Sequence[Unit]) -> None:
        """Run some units; their records are one part of each kind's table."""
        with ExitStack() as files:
            self._parts = {kind: files.enter_context(self._part(nth, kind)) for kind in records.KINDS}
            self._units = files.enter_context(
                tables.PartWriter(self._run.path / f"units/part-{nth:05d}.parquet", UNITS)
            )
            waiting: deque[tuple[_Call, asyncio.Task[None]]] = deque()
            for call in self._calls(units):
                waiting.append((call, asyncio.create_task(_run_call(call, self._corpus))))
                if len(waiting) >= CONCURRENCY:
                    await self._finish(*waiting.popleft())
            while waiting:
                await self._finish(*waiting.popleft())

    def _part(self, nth: int, kind: records.Kind) -> tables.PartWriter:
        path: Path = self._run.path / "records" / kind / f"part-{nth:05d}.parquet"
        return tables.PartWriter(path, records.schema(kind), once_filled=True)

    def _calls(self, units: Sequence[Unit]) -> Iterator[_Call]:
        """The calls in the order in which their documents stand: each document is read once a round."""
        by_document: dict[str, list[Unit]] = {}
        for unit in units:
            by_document.setdefault(unit.document, []).append(unit)
        for document, group in passages_by_document(self._run, wanted=by_document):
            passages = [passage for _, passage in group]
            by_id = {passage.id: passage for passage in passages}
            for unit in by_document[document.id]:
                given = passages if unit.passage is None else by_id[unit.passage]
                yield _Call(unit, self._generators[unit.method], document, given, by_id)

    async def _finish(self, call: _Call, task: "asyncio.Task[None]") -> None:
        await task
        made = rejected = 0
        for n, item in enumerate(call.items):
            record, reason, detail = _verdict(call, item)
            if record is None:
                self._reject(call.unit.id, call, reason or f"{call.unit.method}.rejected", detail)
                continue
            made, rejected = made + 1, rejected + (reason is not None)
            self._write(call, n, record, reason)
        outcome = "failed" if call.failure else "made" if made else "empty"
        reason, detail = call.failure or (f"{call.unit.method}.nothing_yielded", "")
        if call.failure or not call.items:
            self._reject(call.unit.id, call, reason, detail)
        unit = call.unit
        row = {"unit": unit.id, "method": unit.method, "rank": unit.rank, "outcome": outcome, "records": made}
        self._units.write({**row, "reason": None if outcome == "made" else reason})
        self.counts.take(unit.method, outcome, made, rejected)
        self._progress.advance()

    def _write(self, call: _Call, n: int, record: Record, reason: str | None) -> None:
        unit = call.unit
        row = records.as_row(
            record, id_=f"{unit.id}/{unit.method}/{n}", unit=unit.id, method=unit.method,
            sources=[call.document.source], paths=[call.document.path], rejected=reason,
        )  # fmt: skip
        self._parts[record.kind].write(
            row, size=len(row["meta"]) + sum(len(t.text) for t in records.texts(record.kind, row))
        )

    def _reject(self, id_: str, call: _Call, reason: str, detail: str) -> None:
        place = call.document.place
        self.rejected.write(
            {"id": f"{id_}/{call.unit.method}", "place": place, "reason": reason, "detail": detail or None}
        )


async def _run_call(call: _Call, corpus: Corpus | None) -> None:
    """Collect what one call yields. A generator's own fault costs its unit, not the run."""
    generator = call.generator
    extra = {generator.corpus: corpus} if generator.corpus else {}
    stream: AsyncIterator[Record | Rejected] = generator.function(call.given, **extra, **generator.options)
    try:
        async for item in stream:
            call.items.append(item)
    except BadItem as error:
        call.failure = (error.reason, error.detail)
    except FactoryError:
        raise  # a wrong request or a dead world ends the run
    except Exception as error:  # noqa: BLE001 # the run's loop: whatever a plugin raises becomes a rejection
        call.failure = (f"{call.unit.method}.failed", f"The generator raised {where(error)}.")


def _verdict(call: _Call, item: Record | Rejected) -> tuple[Record | None, str | None, str]:
    """Its record, why it is rejected (None: it is not), and a detail. Checks what the core vouches for."""
    record, reason, detail = (item.record, item.reason, item.detail) if isinstance(item, Rejected) else (item, None, "")
    if record is None:
        return None, reason, detail
    if not isinstance(record, Record) or record.kind not in records.KINDS:
        raise WrongRequest(
            f"The generator '{call.unit.method}' yielded {type(record).__name__}, not a Record or Rejected."
        )
    if set(record.data) != {name for name, _ in records.COLUMNS[record.kind]}:
        raise WrongRequest(
            f"The generator '{call.unit.method}' yielded a '{record.kind}' record with other columns than that kind's."
        )
    try:
        records.check(record)
    except UnicodeEncodeError:
        return None, f"{call.unit.method}.not_unicode", "It holds half a character (a lone surrogate)."
    except ValueError as error:
        raise WrongRequest(
            f"The generator '{call.unit.method}' yielded a '{record.kind}' record that cannot be kept: {error}."
        ) from None
    if call.failure and reason is None:
        reason = call.failure[0]  # what came before the failure is incomplete
    if reason is None and not all(_is_true(quote, call) for quote in record.quotes):
        reason = f"{call.unit.method}.quote_not_in_source"
    return record, reason, detail


def _is_true(quote: Quote, call: _Call) -> bool:
    """Whether the quote leads back: its slice of the document, edited as its passage is, is its text (law 5)."""
    passage = call.passages.get(quote.passage)
    if passage is None or quote.document != call.document.id:
        return False
    first, last = quote.start - passage.start, quote.end - passage.start
    if not 0 <= first < last <= passage.end - passage.start:
        return False
    edits = passage.edits.within(first, last)
    touched = sum(edit.start < last and first < edit.end for edit in passage.edits.edits)
    if quote.edits != edits or touched != len(edits.edits):  # edits of its own, or half of a replacement
        return False
    return edits.apply(call.document.text[quote.start : quote.end]) == quote.text
