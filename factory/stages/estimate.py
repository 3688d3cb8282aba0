"""Estimate: calls, tokens, money and time of a generation, from a sample of its units; no call is made.

The generators run on the sample with the answers that the journal has, the others out of thin air: what was paid is
taken off, and an answer that a lower limit cut counts as one to come. Filters that ask a model look at the rows that
come of it, as often as there will be such rows. What a model really says may be longer or shorter, may be asked again,
and may lead a method another way: it is an estimate, and is called one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from factory.corpus import Row, record_row
from factory.errors import WrongRequest, did_you_mean
from factory.lookup import Origins
from factory.origins import ORIGINS
from factory.plugins import Filter, Generator
from factory.recipe import Checked
from factory.runs import Run
from factory.stages.asking import Asking
from factory.stages.calling import calls, run_call, searches
from factory.stages.following import Plan, calls_on_records
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
    waits_for: Sequence[str] = ()  # methods of whose records it has none yet, so that nothing is known of its calls
    of: str = "units"  # or rows, which a filter judges

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass
class _Sample:
    """What one method made of its sample, and how many such samples are still to be made."""

    rows: dict[str, list[Row]]  # by kind
    times: float


def estimate(run: Run, checked: Checked, limit: int | None) -> list[Estimate]:
    """What the methods and record filters that ask a model would ask, on all units; the run's passages must stand.

    A filter is counted on all rows that the methods would make, as if no other rejected any.
    """
    judging = [filter_ for filter_ in checked.filters["records"] if filter_.models]
    generators = [generator for generator in checked.generators if generator.models or judging]
    units = _planned(run, generators, checked, limit)
    found, samples = [], []
    pace = {name: _pace(run, name) for name in checked.recipe.models}  # the journal is read for it
    for generator in generators:
        its = [unit for unit in units if unit.method == generator.instance]
        sample = its[:: max(1, len(its) // SAMPLE)][:SAMPLE]
        with Models(run, checked, imagined=True, paid=True) as doors:
            doors.open([generator])
            made = doors.run(_ask(run, checked, generator, sample, doors))
            scale, open_ = len(its) / max(1, len(sample)), 0.0 if run.stands("filter.records") else 1.0
            for name, stats in doors.stats([generator]).items():
                paid = doors.paid(name)
                open_ = (stats.calls - paid) / max(1, stats.calls)
                waits_for = () if its else generator.from_
                found.append(_scaled(pace, checked, generator.instance, name, stats, paid, scale, waits_for=waits_for,
                                     units=len(its), sampled=len(sample)))  # fmt: skip
        samples.append(_Sample(made, scale * open_))
    return [*found, *(one for filter_ in judging for one in _judged(run, checked, pace, filter_, samples))]


def _judged(
    run: Run, checked: Checked, pace: Mapping[str, float], filter_: Filter, samples: Sequence[_Sample]
) -> list[Estimate]:
    """What a filter would ask on the rows of all samples, as many times as there would be such rows."""
    found: dict[str, Estimate] = {}
    for sample in samples:
        rows = [
            row for kind, its in sample.rows.items() if filter_.kinds is None or kind in filter_.kinds for row in its
        ]
        if filter_.sees in ORIGINS:
            rows = list(Origins(run).attached(rows, [filter_.sees]))
        with Models(run, checked, imagined=True) as doors:
            doors.open([filter_])
            Asking(doors, checked.wording()).measure(rows, filter_)
            for name, stats in doors.stats([filter_]).items():
                one = _scaled(pace, checked, filter_.instance, name, stats, 0, sample.times, of="rows",
                              units=round(len(rows) * sample.times), sampled=len(rows))  # fmt: skip
                found[name] = _both(found[name], one) if name in found else one
    return list(found.values())


def requests(run: Run, checked: Checked, method: str, unit: str | None) -> list[dict[str, Any]]:
    """The bodies of the requests that one unit of a method sends, the first as it will be, later ones as they follow
    from imagined answers. `unit` is the id of a passage or document; None takes the first of the plan.

    Raises WrongRequest for a method that asks no model, or a unit that there is not.
    """
    asking = {generator.instance: generator for generator in checked.generators if generator.models}
    if method not in asking:
        known = f" Those that do: {', '.join(asking)}." if asking else ""
        raise WrongRequest(f"No method '{method}' of this recipe asks a model.{did_you_mean(method, asking)}{known}")
    units = _planned(run, [asking[method]], checked, None)
    found = [one for one in units if unit in (None, one.id)][:1]
    if not found:
        table = "records" if asking[method].from_ else "passages"
        raise WrongRequest(f"{method} has no unit '{unit}'. 'factory show {run.path} {table} --ids' lists {table}.")
    with Models(run, checked, imagined=True) as doors:
        doors.open([asking[method]])
        doors.run(_ask(run, checked, asking[method], found, doors))
        return doors.imagined.asked if doors.imagined else []


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


async def _ask(
    run: Run, checked: Checked, generator: Generator, sample: Sequence[Unit], doors: Models
) -> dict[str, list[Row]]:
    """The rows, by kind, that a generator makes of the sample and stands for."""
    corpus = searches(run, [generator], doors).get(generator.instance)
    its = {generator.instance: generator}
    made: dict[str, list[Row]] = {}
    for call in chain(calls(run, sample, its), calls_on_records(run, sample, its)):
        await run_call(call, corpus, doors, checked.wording())
        for nth, (record, reason, _, asked) in enumerate(call.made()):
            if record is not None and reason is None:
                made.setdefault(record.kind, []).append(record_row(record.kind, call.as_row(record, nth, asked), nth))
    return made


def _pace(run: Run, name: str) -> float:
    """How many tokens of an answer a model gives a second."""
    if not (run.path / FILE).is_file():
        return TOKENS_A_SECOND
    with journal(run) as opened:
        return opened.pace(name) or TOKENS_A_SECOND


def _scaled(
    pace: Mapping[str, float],
    checked: Checked,
    method: str,
    name: str,
    stats: "Stats",
    paid: int,
    scale: float,
    **counts: Any,
) -> Estimate:
    """What a sample asked, `scale` times."""
    settings = checked.recipe.models[name]
    asked = (stats.calls - paid, paid, stats.tokens_in, stats.tokens_out)
    calls_, there, tokens_in, tokens_out = (round(n * scale) for n in asked)
    price = settings.price
    money = (tokens_in * price.input + tokens_out * price.output) / 1_000_000 if price else None
    seconds = tokens_out / pace[name] / min(settings.in_flight, max(1, calls_))
    return Estimate(
        method=method, model=name, calls=calls_, in_journal=there, tokens_in=tokens_in, tokens_out=tokens_out,
        price=money, seconds=seconds, **counts,
    )  # fmt: skip
