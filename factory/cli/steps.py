"""The table of stages, as the end of a run and `factory show RUN` print it, and what the reasons in it mean.

A line counts what its columns name: `in` what came to the step (files, units), `out` what it let go on, `rejected` what
it did not; the reasons behind these add up to `rejected`. What never was a record stands behind `not made`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from factory.plural import many

SILENT = ".nothing_yielded"  # of a unit that gave nothing: said in words


def lines(steps: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The steps as the lines of a table."""
    wide = max(16, 1 + max((len(step["by"]) for step in steps), default=0))
    yield f"{'stage':<17}{'by':<{wide}}{'in':>16}{'out':>18}{'edited':>9}{'rejected':>10}  why"
    for step in steps:
        came, went = f"{step['read']:,} {step['of']}", f"{step['kept']:,} {step['gives']}"
        line = (
            f"{step['stage']:<17}{step['by']:<{wide}}{came:>16}{went:>18}{step['edited']:>9,}{step['rejected']:>10,}  "
            f"{'; '.join(_why(step))}"
        )
        yield line.rstrip()
    yield from _legend([(reason, step["stage"]) for step in steps for reason in step["reasons"]])


def _why(step: Mapping[str, Any]) -> Iterator[str]:
    """What became of units that gave no record; the reasons of what was rejected; what could not be made at all."""
    unmade = step.get("unmade", {})
    for name, what in (("empty", "gave nothing"), ("failed", "failed")):
        if step.get(name):
            yield f"{many(step[name], 'unit')} {what}"
    if step.get("exam"):
        yield f"{many(step['exam'], 'record')} kept apart for the exam"
    rejected = {reason: count - unmade.get(reason, 0) for reason, count in step["reasons"].items()}
    if lost := ", ".join(f"{reason} {count:,}" for reason, count in rejected.items() if count):
        yield lost
    if lost := ", ".join(f"{reason} {count:,}" for reason, count in unmade.items() if not reason.endswith(SILENT)):
        yield f"not made: {lost}"


def _legend(reasons: Iterable[tuple[str, str]]) -> Iterator[str]:
    """What the reasons of a table mean, each once."""
    from factory.reasons import words

    told = {reason: words(reason, stage).means for reason, stage in reasons if not reason.endswith(SILENT)}
    if any(told.values()):
        width = max(map(len, told))
        yield ""
        yield from (f"{reason:<{width}}  {means}" for reason, means in told.items() if means)
