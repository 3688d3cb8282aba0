"""Estimate: calls, tokens, money and time of a generation, from a sample of its units; no call is made.

The generators run on the sample with the answers that the journal has, the others out of thin air: what was paid is
taken off, and an answer that a lower limit cut counts as one to come. Filters that ask a model look at the rows that
come of it, as often as there will be such rows. What a model really says may be longer or shorter, may be asked again,
and may lead a method another way: it is an estimate, and is called one.

A method that takes rows of others is estimated on the rows that their sample made, until a run of as many units has
made real ones.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from factory import records
from factory.corpus import Row, record_row
from factory.errors import WrongRequest, did_you_mean
from factory.llm.spend import UNIT
from factory.lookup import Origins
from factory.origins import ORIGINS
from factory.plugins import Filter, Generator
from factory.recipe import Checked
from factory.runs import Run
from factory.stages.asking import Asking
from factory.stages.calling import Call, run_call, searches
from factory.stages.following import Plan, all_calls
from factory.stages.models import FILE, Models, journal
from factory.stages.plan import Unit

if TYPE_CHECKING:
    from factory.llm.calls import Stats

SAMPLE = 20  # units a method
TOKENS_A_SECOND = 50.0  # of one answer, where the journal knows nothing of the servers


@dataclass(frozen=True)
class Estimate:
    """Of one method, or filter, and one of its models. `price` is None where the model has none."""

    method: str
    model: str
    units: int
    sampled: int
    calls: int  # that are still to be made
    in_journal: int  # answers that are there, and are not asked for again
    tokens_in: int
    tokens_out: int
    price: float | None
    seconds: float
    of: str = "units"  # or rows, which a filter judges
    max_spend: float | None = None  # of the model
    spent: float = 0.0  # on the model so far, for whatever

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True)
class _Draft:
    """A row of the sample, and the call that made it."""

    row: Mapping[str, Any]
    kind: records.Kind
    nth: int  # of what its call made
    call: Call

    def shown(self) -> Row:
        """As a filter of records sees it."""
        return record_row(self.kind, self.row, self.nth)

    def unit_of(self, follower: Generator) -> Call:
        """The call of a method that takes it."""
        record, made_by = records.from_row(self.kind, self.row), self.call
        its = [*record.parents, *(quote.passage for quote in record.quotes)]
        by_id = {id_: passage for id_, passage in made_by.passages.items() if id_ in its}
        unit = Unit(0, follower.instance, made_by.unit.document, None, record=str(self.row["id"]))
        same = (made_by.document, made_by.size, made_by.parsed)
        return Call(unit, follower, *same, record, by_id, list(by_id.values()))


@dataclass
class _Sample:
    """What one method made of its sample, how many such samples there will be, and how many are still to be made."""

    drafts: list[_Draft]
    scale: float
    times: float


def estimate(run: Run, checked: Checked, limit: int | None) -> list[Estimate]:
    """What the methods and record filters that ask a model would ask, on all units; the run's passages must stand.

    A filter is counted on all rows that the methods would make, as if no other rejected any.
    """
    judging = [filter_ for filter_ in checked.filters["records"] if filter_.models]
    generators = checked.generators if judging else _asking(checked.generators)
    units = _planned(run, generators, checked, limit)
    known = {name: _known(run, name) for name in checked.recipe.models}
    found, samples = [], dict[str, _Sample]()
    for generator in generators:
        sample, count = _sampled(run, generator, units, samples, limit)
        with Models(run, checked, imagined=True, paid=True) as doors:
            doors.open([generator])
            drafts = doors.run(_ask(run, checked, generator, sample, doors))
            scale, open_ = count / max(1, len(sample)), 0.0 if run.stands("filter.records") else 1.0
            for name, stats in doors.stats([generator]).items():
                paid = doors.paid(name)
                open_ = (stats.calls - paid) / max(1, stats.calls)
                found.append(_scaled(known[name], checked, generator.instance, name, stats, paid, scale,
                                     units=count, sampled=len(sample)))  # fmt: skip
        samples[generator.instance] = _Sample(drafts, scale, scale * open_)
    return [*found, *(one for filter_ in judging for one in _judged(run, checked, known, filter_, samples.values()))]


def _asking(generators: Sequence[Generator]) -> list[Generator]:
    """The methods that ask a model, and those of whose rows they make theirs."""
    wanted: set[str] = set()
    for generator in reversed(generators):  # methods stand after those whose rows they take
        if generator.models or generator.instance in wanted:
            wanted |= {generator.instance, *generator.from_}
    return [generator for generator in generators if generator.instance in wanted]


def _sampled(
    run: Run, generator: Generator, units: Sequence[Unit], samples: Mapping[str, _Sample], limit: int | None
) -> tuple[list[Call], int]:
    """Calls of one method to estimate from, and how many units it will have."""
    its: Sequence[Unit | _Draft] = [unit for unit in units if unit.method == generator.instance]
    count = len(its)
    if generator.from_ and not _has_rows(run, generator, limit):
        its = [draft for name in generator.from_ for draft in samples[name].drafts]
        rows = round(sum(len(samples[name].drafts) * samples[name].scale for name in generator.from_))
        count = rows if limit is None else min(rows, limit)
    few = its[:: max(1, len(its) // SAMPLE)][: min(SAMPLE, count)]
    drafts = [one.unit_of(generator) for one in few if isinstance(one, _Draft)]
    chosen, by_name = [one for one in few if isinstance(one, Unit)], {generator.instance: generator}
    return [*drafts, *_calls(run, chosen, by_name)], count


def _calls(run: Run, units: Sequence[Unit], generators: Mapping[str, Generator]) -> list[Call]:
    return list(chain.from_iterable(all_calls(run, units, generators)))


def _has_rows(run: Run, follower: Generator, limit: int | None) -> bool:
    """Whether the run has made all the rows that a method takes, and not only those of fewer units."""
    if not (run.stands("generate") and run.stands("filter.records")):
        return False
    done = run.counts("generate")
    return done.get("limit") == limit and not done.get("capped") and set(follower.from_) <= set(done["methods"])


def _judged(
    run: Run, checked: Checked, known: "Mapping[str, _Known]", filter_: Filter, samples: Iterable[_Sample]
) -> list[Estimate]:
    """What a filter would ask on the rows of all samples, as many times as there would be such rows."""
    found: dict[str, Estimate] = {}
    for sample in samples:
        rows = [draft.shown() for draft in sample.drafts if filter_.kinds is None or draft.kind in filter_.kinds]
        if filter_.sees in ORIGINS:
            rows = list(Origins(run).attached(rows, [filter_.sees]))
        with Models(run, checked, imagined=True) as doors:
            doors.open([filter_])
            Asking(doors, checked.wording()).measure(rows, filter_)
            for name, stats in doors.stats([filter_]).items():
                one = _scaled(known[name], checked, filter_.instance, name, stats, 0, sample.times, of="rows",
                              units=round(len(rows) * sample.times), sampled=len(rows))  # fmt: skip
                found[name] = _both(found[name], one) if name in found else one
    return list(found.values())


def requests(run: Run, checked: Checked, method: str, unit: str | None) -> list[dict[str, Any]]:
    """The bodies of the requests that one unit of a method sends, the first as it will be, later ones as they follow
    from imagined answers. `unit` is the id of a passage or document; None takes the first of the plan.

    Raises WrongRequest for a method that there is not or that asks no model, or a unit that there is not.
    """
    generator = _that_asks(checked, method)
    by_name = {method: generator}
    units = _planned(run, [generator], checked, None)
    found = [one for one in units if unit in (None, one.id)][:1]
    if not found:
        raise WrongRequest(_no_unit(run, checked, generator, unit))
    with Models(run, checked, imagined=True) as doors:
        doors.open([generator])
        its = _calls(run, found, by_name)
        doors.run(_ask(run, checked, generator, its, doors))
        return doors.imagined.asked if doors.imagined else []


def _that_asks(checked: Checked, method: str) -> Generator:
    """The method of that name. Raises WrongRequest where the recipe has none, or it asks no model."""
    by_name = {generator.instance: generator for generator in checked.generators}
    if method in by_name and by_name[method].models:
        return by_name[method]
    asking = [name for name, generator in by_name.items() if generator.models]
    those = (
        f" Of its methods these ask a model: {', '.join(asking)}." if asking else " None of its methods asks a model."
    )
    if method in by_name:
        raise WrongRequest(f"The method '{method}' asks no model: it sends nothing.{those}")
    raise WrongRequest(f"{checked.file} has no method '{method}'.{did_you_mean(method, by_name)}{those}")


def _no_unit(run: Run, checked: Checked, generator: Generator, unit: str | None) -> str:
    """What to do where a method has no such unit, or none at all."""
    method, table = generator.instance, "records" if generator.from_ else "passages"
    if unit is not None:
        return f"{method} has no unit '{unit}'. 'factory show {run.path} {table} --ids' lists {table}."
    if generator.from_:
        others = ", ".join(generator.from_)
        run_it = f"factory run {checked.file} --limit 1"
        return f"{method} takes kept rows of {others}, of which there are none. Where none were made yet: {run_it}"
    return f"{run.path} has no passages left for {method}. 'factory ledger {run.path}' says why they were lost."


def _planned(run: Run, asking: Sequence[Generator], checked: Checked, limit: int | None) -> list[Unit]:
    """The units of these methods; of those that take records as many as there are records now."""
    units = Plan(run, asking, checked.recipe.seed, limit)
    if run.stands("filter.records"):
        units.follow()
    return units.take(None)


def _both(one: Estimate, other: Estimate) -> Estimate:
    """Of one filter on the rows of two methods."""
    summed = ("units", "sampled", "calls", "tokens_in", "tokens_out", "seconds")
    sums = {name: getattr(one, name) + getattr(other, name) for name in summed}
    price = None if one.price is None or other.price is None else one.price + other.price
    return replace(one, price=price, **sums)


async def _ask(run: Run, checked: Checked, generator: Generator, sample: Sequence[Call], doors: Models) -> list[_Draft]:
    """The rows that a generator makes of the sample and stands for."""
    corpus = searches(run, [generator], doors).get(generator.instance)
    made = []
    for call in sample:
        await run_call(call, corpus, doors, checked.wording())
        for nth, (record, reason, _, asked) in enumerate(call.made()):
            if record is not None and reason is None:
                made.append(_Draft(call.as_row(record, nth, asked), record.kind, nth, call))
    return made


class _Known(NamedTuple):
    """What the journal knows of a model: tokens of an answer a second, and the money spent so far."""

    pace: float = TOKENS_A_SECOND
    spent: float = 0.0


def _known(run: Run, name: str) -> _Known:
    if not (run.path / FILE).is_file():
        return _Known()
    with journal(run) as opened:
        return _Known(opened.pace(name) or TOKENS_A_SECOND, opened.spent(name) / UNIT)


def _scaled(
    known: _Known, checked: Checked, method: str, name: str, stats: "Stats", paid: int, scale: float, **counts: Any
) -> Estimate:
    """What a sample asked, `scale` times."""
    settings = checked.recipe.models[name]
    asked = (stats.calls - paid, paid, stats.tokens_in, stats.tokens_out)
    calls_, there, tokens_in, tokens_out = (round(n * scale) for n in asked)
    price = settings.price
    money = (tokens_in * price.input + tokens_out * price.output) / 1_000_000 if price else None
    seconds = tokens_out / known.pace / min(settings.in_flight, max(1, calls_))
    return Estimate(
        method=method, model=name, calls=calls_, in_journal=there, tokens_in=tokens_in, tokens_out=tokens_out,
        price=money, seconds=seconds, max_spend=settings.max_spend, spent=known.spent, **counts,
    )  # fmt: skip


def over(found: Sequence[Estimate]) -> dict[str, tuple[float, float]]:
    """The models that would cost more than their `max_spend`: what they would, with what is spent, and that."""
    needed: dict[str, tuple[float, float]] = {}
    for one in found:
        if one.max_spend is not None:
            before, _ = needed.get(one.model, (one.spent, 0.0))
            needed[one.model] = before + (one.price or 0.0), one.max_spend
    return {name: (cost, cap) for name, (cost, cap) in needed.items() if cost > cap}
