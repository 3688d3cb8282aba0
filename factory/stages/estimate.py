"""Estimate: calls, tokens, money and time of a generation, from a sample of its units; no call is made.

The generators run on the sample with the answers that the journal has, the others out of thin air: what was paid is
taken off, and an answer that a lower limit cut counts as one to come. What a model really says may be longer or
shorter, may be asked again, and may lead a method another way: it is an estimate, and is called one.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from factory.errors import WrongRequest, did_you_mean
from factory.plugins import Generator
from factory.recipe import Checked
from factory.runs import Run
from factory.stages.calling import calls, run_call, searches
from factory.stages.following import Plan, calls_on_records
from factory.stages.models import Models
from factory.stages.plan import Unit

if TYPE_CHECKING:
    from factory.llm.calls import Stats

SAMPLE = 20  # units a method
TOKENS_A_SECOND = 50  # of one answer, where nothing is known of the server


@dataclass(frozen=True)
class Estimate:
    """Of one method and one of its models. `price` is None where the model has none."""

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

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def estimate(run: Run, checked: Checked, limit: int | None) -> list[Estimate]:
    """What the methods that ask a model would ask, on all their units; the run's passages must stand.

    Filters that ask a model are not counted: they look at what is not there yet.
    """
    asking = [generator for generator in checked.generators if generator.models]
    units = _planned(run, asking, checked, limit)
    found = []
    for generator in asking:
        its = [unit for unit in units if unit.method == generator.instance]
        with Models(run, checked, imagined=True, paid=True) as doors:
            doors.open([generator])
            sample = its[:: max(1, len(its) // SAMPLE)][:SAMPLE]
            doors.run(_ask(run, checked, generator, sample, doors))
            for name, stats in doors.stats([generator]).items():
                found.append(_scaled(checked, generator, name, stats, doors.paid(name), len(its), len(sample)))
    return found


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


async def _ask(run: Run, checked: Checked, generator: Generator, sample: Sequence[Unit], doors: Models) -> None:
    corpus = searches(run, [generator], doors).get(generator.instance)
    its = {generator.instance: generator}
    for call in chain(calls(run, sample, its), calls_on_records(run, sample, its)):
        await run_call(call, corpus, doors, checked.wording())


def _scaled(
    checked: Checked, generator: Generator, name: str, stats: "Stats", paid: int, units: int, sampled: int
) -> Estimate:
    """What a sample asked, as so many units would."""
    settings, scale = checked.recipe.models[name], units / max(1, sampled)
    counted = (stats.calls - paid, paid, stats.tokens_in, stats.tokens_out)
    asked, there, tokens_in, tokens_out = (round(n * scale) for n in counted)
    price = settings.price
    money = (tokens_in * price.input + tokens_out * price.output) / 1_000_000 if price else None
    seconds = tokens_out / TOKENS_A_SECOND / min(settings.in_flight, max(1, asked))
    waits_for = () if units else generator.from_
    return Estimate(
        generator.instance, name, units, sampled, asked, there, tokens_in, tokens_out, money, seconds, waits_for
    )
