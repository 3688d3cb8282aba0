"""The models of a run: each opened once, when a stage first asks it; handed to each call for its own unit.

Law 6: a text goes to no model that may not see it. Its door is refused before the plugin runs.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from factory import runs
from factory.errors import DeadWorld, Waiting
from factory.passages import Passage
from factory.policy import SCALE, Confidentiality
from factory.recipe import Checked
from factory.records import Record
from factory.runs import Run

if TYPE_CHECKING:
    from factory.llm import LLM, Journal
    from factory.llm.batch import Batch
    from factory.llm.calls import Posting, Stats
    from factory.llm.imagined import Imagined

FILE = "journal.sqlite"
SETTLE_S = 60  # most answers come sooner; a run that is to end should not look as if it hung
AT_ONCE = 256  # items under way; a model's door throttles below this
CAPPED_AT_ONCE = 16  # under a max_spend: more would all be paid half, and none be whole
Item = TypeVar("Item")
T = TypeVar("T")


class Plugin(Protocol):
    """What asks models: a generator, a filter, or a stage that does."""

    @property
    def instance(self) -> str:
        """What its calls are noted under."""

    @property
    def models(self) -> Mapping[str, str]:
        """The recipe's name of the model behind each of its parameters."""


@dataclass(frozen=True)
class Bound:
    """The doors of one call, by the plugin's parameter."""

    doors: Mapping[str, "LLM"]
    served: Mapping[str, str]  # by parameter: the name that the server knows the model by

    def asked(self) -> dict[str, Any]:
        """What `meta` says of the answers so far: the models, and the keys of the answers in the journal."""
        keys = [key for door in self.doors.values() for key in door.keys]
        return {"models": dict(self.served), "journal": list(dict.fromkeys(keys))} if keys else {}


class Models:
    """The models of a recipe, and the loop that asks them. A context manager; what is asked by nobody is not opened.

    One door a model, whichever stage asks: its rate, its spend and its journal are those of the run. `imagined` sends
    nothing, keeps nothing, and answers out of thin air; with `paid` what the run's journal has comes from there.
    """

    def __init__(self, run: Run, checked: Checked, *, imagined: bool = False, paid: bool = False) -> None:
        self._run, self._recipe, self._imagined, self._paid = run, checked.recipe, imagined, paid
        self._doors: dict[str, LLM] = {}
        self._told: dict[str, tuple[int, int]] = {}  # answers, and those from the journal, that `said` told of
        self._batches: dict[str, Batch] = {}
        self.imagined: Imagined | None = None  # where nothing is sent: what would have been
        self._journal: Journal | None = None
        self._stack = AsyncExitStack()
        self._runner = asyncio.Runner()
        self._thread: ThreadPoolExecutor | None = None

    def __enter__(self) -> "Models":
        return self

    def __exit__(self, *raised: Any) -> None:
        try:
            if self._journal is not None:
                self.run(self._stack.aclose())
        finally:
            self._here(self._runner.close)
            if self._thread is not None:
                self._thread.shutdown()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do some work on the loop on which the doors were opened."""
        return self._here(lambda: self._runner.run(work))

    def _here(self, do: Callable[[], T]) -> T:
        """Do it in this thread; in one of its own where this one has a loop under way already, as in a notebook."""
        if self._thread is None and _has_loop():
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="models")
        return self._thread.submit(do).result() if self._thread else do()

    def open(self, plugins: Iterable[Plugin]) -> None:
        """Open the models that these ask, before work on the loop begins."""
        missing = [name for name in names(plugins) if name not in self._doors]
        if missing:
            self.run(self._open(missing))

    async def _open(self, missing: Iterable[str]) -> None:
        from factory.llm import LLM
        from factory.llm.batch import Batch
        from factory.llm.imagined import Imagined

        if self._journal is None:
            self._journal = self._stack.enter_context(self._its_journal())
        for name in missing:
            settings = self._recipe.models[name]
            if self._imagined:
                settings = settings.model_copy(update={"max_spend": None, "structured": "response_format"})
            pool: Posting | None = None
            if self._imagined:
                pool = self.imagined = Imagined()
            if settings.batch and not self._imagined:
                provider = None
                if settings.batch.submit:
                    from factory.llm.submitting import Submitting

                    provider = self._stack.enter_context(closing(Submitting(name, settings)))
                batch = Batch(name, settings.batch.folder, self._journal, provider)
                pool = self._batches[name] = await self._stack.enter_async_context(batch)
            door = LLM(settings, name=name, journal=self._journal, pool=pool)
            self._doors[name] = await self._stack.enter_async_context(door)

    def _its_journal(self) -> "Journal":
        from factory.llm import Journal
        from factory.llm.imagined import Paid

        if not self._imagined:
            return journal(self._run, self._recipe.journal.keep_prompts)
        if self._paid and (self._run.path / FILE).is_file():
            return Paid(self._stack.enter_context(journal(self._run)))
        return Journal()

    def bind(self, plugin: Plugin, unit: str, confidentiality: Confidentiality) -> Bound:
        """The doors of one call, on a text of this confidentiality. They count and stop for that unit alone.

        Raises BadItem where one of the models may not see the text.
        """
        if not plugin.models or self._journal is None:
            return Bound({}, {})
        id_ = f"{unit}/{plugin.instance}"
        take = self._journal.take(id_)
        doors = {
            parameter: self._doors[name].bound(id_, method=plugin.instance, take=take, sees=confidentiality)
            for parameter, name in plugin.models.items()
        }
        return Bound(doors, {parameter: self._recipe.models[name].model for parameter, name in plugin.models.items()})

    def visible(self, plugin: Plugin, passages: Iterable[Passage]) -> list[Passage]:
        """The passages that every model of a generator may see: what its corpus holds, since it may send them."""
        limits = [self._recipe.models[name].sees for name in plugin.models.values()]
        return [p for p in passages if all(may_see(limit, p.policy.confidentiality) for limit in limits)]

    @property
    def has_answers(self) -> bool:
        """Whether the journal, if one is open, holds a call at all."""
        return self._journal is None or any(True for _ in self._journal.select("select 1 from calls limit 1"))

    def hand_out(self) -> None:
        """Write the batch files of what waits. Raises Waiting, with what to do now, where anything does."""
        said = [words for batch in self._batches.values() if (words := batch.hand_out())]
        if said:
            raise Waiting(" ".join([*said, *(words for batch in self._batches.values() if (words := batch.said()))]))

    def paid(self, name: str) -> int:
        """How many calls of a model the run's journal served while nothing was sent."""
        from factory.llm.imagined import Paid

        return self._journal.used(name) if isinstance(self._journal, Paid) else 0

    async def each(
        self, do: Callable[[Item], Awaitable[T]], items: Iterable[Item], *, at_once: int = AT_ONCE
    ) -> list[T]:
        """What `do` makes of each item, in order; begun in order, many at once. Where the world dies, all end."""
        slots = asyncio.Semaphore(at_once)

        async def one(item: Item) -> T:
            async with slots:
                return await do(item)

        tasks = [asyncio.create_task(one(item)) for item in items]
        try:
            return await asyncio.gather(*tasks)
        except DeadWorld as error:
            await self.settled(tasks, str(error))
            raise
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def settled(self, tasks: Iterable["asyncio.Task[Any]"], why: str) -> None:
        """Ask nothing more, and wait a while for what was sent: it is paid for, and its answers go into the journal."""
        for door in self._doors.values():
            door.stop(why)
        if under_way := [task for task in tasks if not task.done()]:
            await asyncio.wait(under_way, timeout=SETTLE_S)

    def stats(self, plugins: Iterable[Plugin]) -> "dict[str, Stats]":
        """What each model that these ask was asked so far."""
        return {name: self._doors[name].stats for name in names(plugins)}

    def said(self, plugins: Iterable[Plugin]) -> list[str]:
        """For people, a line a model: answers since the last time, how many were paid before, and money in all."""
        lines = []
        for name, stats in self.stats(plugins).items():
            before, paid_before = self._told.get(name, (0, 0))
            self._told[name] = (stats.calls, stats.from_journal)
            answers, paid = stats.calls - before, stats.from_journal - paid_before
            cost = f", {stats.spent:.4f} spent in all" if self._recipe.models[name].price else ""
            lines.append(f"{name}: {answers} answers, {paid} of them from the journal{cost}")
        return lines

    def spent(self) -> str:
        """What stands beside the bar: the money so far, '' where no model has a price."""
        priced = [door.stats.spent for name, door in self._doors.items() if self._recipe.models[name].price]
        return f"{sum(priced):.2f} spent" if priced else ""


def _has_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def names(plugins: Iterable[Plugin]) -> list[str]:
    """The names of the models that these ask."""
    return sorted({name for plugin in plugins for name in plugin.models.values()})


def shared(checked: Checked, plugins: Iterable[Plugin]) -> str:
    """Which roles the only model of a recipe plays beside its own; '' where there are several, or no other role."""
    if len(checked.recipe.models) != 1:
        return ""
    [name] = checked.recipe.models
    roles = sorted({parameter for plugin in plugins for parameter in plugin.models} - {name})
    return f"The only model, '{name}', is also {', '.join(roles)}." if roles else ""


def caps(checked: Checked) -> dict[str, float]:
    """The `max_spend` of each model that a generator asks and that has one."""
    found = {name: checked.recipe.models[name].max_spend for name in names(checked.generators)}
    return {name: cap for name, cap in found.items() if cap is not None}


def may_spend_more(counts: Mapping[str, Any], checked: Checked) -> bool:
    """Whether a stage that a `max_spend` ended could go on now: one was raised, or is gone."""
    now = caps(checked)
    return any(name not in now or now[name] > cap for name, cap in counts.get("capped", {}).items())


def journal(run: Run, keep_prompts: bool = True) -> "Journal":
    """The journal of a run: every answer that was ever paid."""
    from factory.llm import Journal

    return Journal(run.path / FILE, keep_prompts=keep_prompts)


def fingerprint(run: Run, checked: Checked, plugins: Iterable[Plugin]) -> str:
    """What the answers depend on: the models' names and bodies, and which units were asked anew. '' without models."""
    used = names(plugins)
    if not used:
        return ""
    takes, raised = "", {}
    if (run.path / FILE).exists():
        with journal(run) as opened:
            takes = opened.takes_digest()
            raised = {name: limit for name in used if (limit := _raised(opened, name, checked))}
    return runs.fingerprint({name: checked.recipe.models[name].identity() for name in used}, takes, raised)


def _raised(opened: "Journal", name: str, checked: Checked) -> int | None:
    """A model's limit, where answers were cut by a lower one: those are asked again, so the stage is done again."""
    limit = checked.recipe.models[name].max_tokens
    return limit if limit is not None and opened.was_cut_below(name, limit) else None


def highest(shown: Iterable[Passage | Record]) -> Confidentiality:
    """The highest confidentiality among what is shown."""
    return max((one.policy.confidentiality for one in shown), key=SCALE.index, default="public")


def may_see(limit: str, text: str) -> bool:
    """Whether what may see `limit` may see a text of this confidentiality."""
    return SCALE.index(text) <= SCALE.index(limit)
