"""Generate: plugins make records from passages; every call's fate is counted.

A unit is what one call gets: a passage, all kept passages of a document, or a kept record of another method. Units run
in a plan order fixed by the seed and spread over documents, in rounds: with a target, as many more as the counts so far
say are needed. Every unit ends once as made, empty or failed; every record it yields is kept in the table, the rejected
ones with their reason.

An answer of a model is in the journal before it is used, so a stage that is done again asks nothing twice.
"""

import asyncio
import math
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from factory import prompts, records, rejections, runs, tables
from factory.errors import DeadWorld
from factory.plural import many
from factory.progress import Progress
from factory.recipe import Checked
from factory.records import Record
from factory.runs import Run
from factory.stages import mix, models
from factory.stages.calling import Call, run_call, searches
from factory.stages.following import Plan, all_calls
from factory.stages.models import Models
from factory.stages.plan import Unit
from factory.stages.target import own
from factory.stages.units import UNITS, VERSION

FIRST_ROUND = 64  # units a method: enough to learn how many rows a unit gives
CAPPED_ROUND = 1024  # units at a time under a max_spend, in plan order: what it still allows is spread over documents
MOST_HELD = 8_000_000  # characters of documents at work: with passages and records each takes up to twelve bytes
WINDOW = 16  # times as many may wait for a slow one to be written before them


def fingerprint(run: Run, checked: Checked, before: str, limit: int | None) -> str:
    """What the records depend on. The record filters too, where they say how many are kept, or from which more come."""
    folder = checked.prompts_folder()
    methods = [
        [g.instance, g.plugin, g.digest, dict(g.options), dict(g.models), g.from_, prompts.replaced(folder, g.plugin)]
        for g in checked.generators
    ]
    target = [checked.recipe.generate.target, own(checked.generators)]
    looks = any(target) or any(g.from_ for g in checked.generators)
    looking = checked.filters["records"] if looks else ()
    filters = [[f.instance, f.plugin, f.digest, dict(f.options)] for f in looking]
    asked = models.fingerprint(run, checked, [*checked.generators, *looking])
    mixed = mix.declared(checked.recipe) if looks else None
    style = checked.recipe.generate.style.model_dump()
    made_of = [methods, checked.recipe.seed, style, target, filters, limit, asked, mixed]
    return runs.fingerprint(before, VERSION, records.VERSION, made_of, runs.core_digest())


def generate(
    run: Run,
    checked: Checked,
    before: str,
    progress: Progress,
    doors: Models,
    *,
    count_kept: Callable[[], Mapping[str, int]],
    limit: int | None = None,
) -> str:
    """Bring `records/` up to date; returns its fingerprint.

    `count_kept` runs the record filters and says how many records they leave of each method; it is asked after each
    round of a run with a target, or with methods that take records. `limit` is a number of units a method. A model's
    `max_spend` that is reached ends the stage with what there is; a run with a higher one goes on. Raises DeadWorld
    where a model cannot be asked.
    """
    mark = fingerprint(run, checked, before, limit)
    if run.is_done("generate", mark) and not models.may_spend_more(run.counts("generate"), checked):
        return mark
    asked = _has_asked(run, checked)
    run.undo("generate")
    for file in (file for pattern in ("records/*/part-*", "units/part-*") for file in run.path.glob(pattern)):
        file.unlink()  # not those of `read`, which lie beside them
    units = Plan(run, checked.generators, checked.recipe.seed, limit)
    doors.open(checked.generators)
    if asked and not doors.has_answers:
        progress.say(f"{run.path / models.FILE} is gone or empty: the answers that it held are asked, and paid, again.")
    with tables.PartWriter(rejections.path(run, "generate"), rejections.SCHEMA) as rejected:
        generating = _Generating(run, checked, progress, rejected, doors)
        rounds = 0
        for taken in _rounds(units, checked, count_kept):
            progress.start("generate", len(taken))
            doors.run(generating.round(rounds, taken))
            rounds += 1
            if generating.capped:
                break
    done, planned = generating.counts.units, units.taken + len(units)
    counts = {**generating.counts.as_dict(), "units": done, "planned": planned, "limit": limit, "rounds": rounds}
    if generating.capped:
        cut = generating.cut_short
        counts |= {"capped": models.caps(checked), "not_done": planned - done + cut, "cut_short": cut}
    run.done("generate", mark, counts)
    ended = f"{counts['made']} made some, {counts['empty']} none, {counts['failed']} failed"
    drafts = f"; {counts['rejected']:,} more were rejected by their method" if counts["rejected"] else ""
    left = many(counts["records"] - counts["rejected"], "record")  # those that the next stage reads
    progress.end("generate", f"{left} from {many(done, 'unit')} ({ended}){drafts}")
    if shared := models.shared(checked, checked.generators):
        progress.say(f"{'':<17} {shared}")
    for line in doors.said(checked.generators):
        progress.say(f"{'':<17} {line}")
    return mark


def _has_asked(run: Run, checked: Checked) -> bool:
    """Whether the records that stand were made by asking a model."""
    done = run.counts("generate").get("methods", {})
    return any(generator.models and done.get(generator.instance, {}).get("units") for generator in checked.generators)


@dataclass
class _Goal:
    """A target, and how many units are to be made for it in the next round."""

    target: int
    size: int
    done: int = 0

    def count(self, taken: int, accepted: int) -> None:
        """So many more units were made, and so many rows were accepted of all of them."""
        self.done += taken
        wanted = self.target - accepted
        if wanted <= 0:
            self.size = 0
        elif self.done:
            expected = math.ceil(wanted * self.done / accepted) if accepted else self.done
            self.size = min(expected, 4 * self.done)


def _rounds(units: Plan, checked: Checked, count_kept: Callable[[], Mapping[str, int]]) -> Iterator[list[Unit]]:
    """The units that come next: all without a target; else as many as the counts so far say are needed.

    Where a method takes records of others, those that the filters leave then wait too.
    """
    target, size = checked.recipe.generate.target, CAPPED_ROUND if models.caps(checked) else None
    goals = {name: _Goal(wanted, FIRST_ROUND) for name, wanted in own(checked.generators).items()}
    whole = None if target is None else _Goal(target, FIRST_ROUND * max(1, len(checked.generators)))
    while taken := units.take(whole.size if whole else size, {name: goal.size for name, goal in goals.items()}):
        yield taken
        is_followed = units.is_followed(taken)
        accepted = count_kept() if whole or goals or is_followed else {}
        if is_followed:
            units.follow()
        for name, goal in goals.items():
            goal.count(sum(unit.method == name for unit in taken), accepted.get(name, 0))
        if whole:
            bounded = (min(n, goals[name].target) if name in goals else n for name, n in accepted.items())
            whole.count(len(taken), sum(bounded))


@dataclass
class _Counts:
    made: int = 0
    empty: int = 0
    failed: int = 0
    records: int = 0
    rejected: int = 0
    methods: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def units(self) -> int:
        """The calls that ended."""
        return self.made + self.empty + self.failed

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


class _Held:
    """The documents of calls that were not written yet: their texts and passages are in memory."""

    def __init__(self) -> None:
        self._calls: Counter[str] = Counter()  # by document
        self._characters = 0

    @property
    def is_full(self) -> bool:
        """Whether they are too much for another one to be read."""
        return self._characters > MOST_HELD

    @property
    def is_too_much(self) -> bool:
        """Whether they are too much to begin a call; one by itself never is, be it as long as it may."""
        return self.is_full and len(self._calls) > 1

    def take(self, call: Call) -> None:
        """A call begins."""
        if not self._calls[call.document.id]:
            self._characters += call.size
        self._calls[call.document.id] += 1

    def drop(self, call: Call) -> None:
        """A call is written."""
        self._calls[call.document.id] -= 1
        if not self._calls[call.document.id]:
            del self._calls[call.document.id]
            self._characters -= call.size


class _Generating:
    """Runs units and writes what they yield, in the order of the documents, whatever finished first."""

    def __init__(
        self, run: Run, checked: Checked, progress: Progress, rejected: tables.PartWriter, doors: Models
    ) -> None:
        self._run, self._progress, self._rejected, self._doors = run, progress, rejected, doors
        self._generators = {g.instance: g for g in checked.generators}
        self._wording, self._system = checked.wording(), checked.recipe.generate.style.system
        wide = max([models.AT_ONCE, *(model.in_flight for model in checked.recipe.models.values())])
        self._at_once = models.CAPPED_AT_ONCE if models.caps(checked) else wide
        self._corpora = searches(run, checked.generators, doors)
        self.counts = _Counts()
        self.capped, self.cut_short = False, 0  # by a max_spend

    async def round(self, nth: int, units: Sequence[Unit]) -> None:
        """Run some units; their records are one part of each kind's table."""
        with ExitStack() as files:
            self._parts = {kind: files.enter_context(self._part(nth, kind)) for kind in records.KINDS}
            self._units = files.enter_context(
                tables.PartWriter(self._run.path / f"units/part-{nth:05d}.parquet", UNITS)
            )
            waiting: deque[tuple[Call, asyncio.Task[None]]] = deque()
            try:
                await self._all(all_calls(self._run, units, self._generators), waiting)
            except DeadWorld as error:
                await self._doors.settled((task for _, task in waiting), str(error))
                raise
            finally:
                for _, task in waiting:
                    task.cancel()
                await asyncio.gather(*(task for _, task in waiting), return_exceptions=True)

    async def _all(self, groups: Iterator[list[Call]], waiting: "deque[tuple[Call, asyncio.Task[None]]]") -> None:
        slots, held = asyncio.Semaphore(self._at_once), _Held()

        async def finish(enough: Callable[[], bool]) -> None:
            while waiting and not enough():
                held.drop(waiting[0][0])
                await self._finish(*waiting.popleft())

        for group in groups:
            group.reverse()
            while group and not self.capped:
                call = group.pop()
                held.take(call)
                await finish(lambda: not held.is_too_much)
                await slots.acquire()
                if self.capped:
                    break
                waiting.append((call, asyncio.create_task(self._one(call, slots))))
                del call  # whoever is written lets go of its document
                await finish(lambda: not waiting[0][1].done() and len(waiting) < WINDOW * self._at_once)
            if self.capped:
                break
            del group  # as the last call did
            await finish(lambda: not held.is_full)
        while waiting:
            await self._finish(*waiting.popleft())
        self._doors.hand_out()

    async def _one(self, call: Call, slots: asyncio.Semaphore) -> None:
        try:
            await run_call(call, self._corpora.get(call.generator.instance), self._doors, self._wording)
        finally:
            slots.release()
        self.capped, self.cut_short = self.capped or call.capped, self.cut_short + call.capped
        self._progress.advance()
        self._progress.note(self._doors.spent())

    def _part(self, nth: int, kind: records.Kind) -> tables.PartWriter:
        path: Path = self._run.path / "records" / kind / f"part-{nth:05d}.parquet"
        plain = [name for name, _ in records.COLUMNS[kind]]
        return tables.PartWriter(path, records.schema(kind), once_filled=True, plain=plain)

    async def _finish(self, call: Call, task: "asyncio.Task[None]") -> None:
        await task
        if call.waiting:
            return  # the round ends without its rows
        made = rejected = 0
        is_silent = not call.items
        for n, (record, reason, detail, asked) in enumerate(call.made()):
            if record is None:
                self._reject(call.unit.id, call, reason or f"{call.unit.method}.rejected", detail)
                continue
            made, rejected = made + 1, rejected + (reason is not None)
            self._write(call, n, record, reason, asked)
        outcome = "failed" if call.failure else "made" if made else "empty"
        reason, detail = call.failure or (f"{call.unit.method}.nothing_yielded", "")
        if call.failure or is_silent:
            self._reject(call.unit.id, call, reason, detail)
        unit = call.unit
        row = {"unit": unit.id, "method": unit.method, "rank": unit.rank, "outcome": outcome, "records": made}
        self._units.write({**row, "reason": None if outcome == "made" else reason})
        self.counts.take(unit.method, outcome, made, rejected)

    def _write(self, call: Call, n: int, record: Record, reason: str | None, asked: Mapping[str, Any]) -> None:
        row = call.as_row(records.with_system(record, self._system), n, asked, rejected=reason)
        self._parts[record.kind].write(
            row, size=len(row["meta"]) + sum(len(t.text) for t in records.texts(record.kind, row))
        )

    def _reject(self, id_: str, call: Call, reason: str, detail: str) -> None:
        place = call.document.place
        self._rejected.write(
            {"id": f"{id_}/{call.unit.method}", "place": place, "reason": reason, "detail": detail or None}
        )
