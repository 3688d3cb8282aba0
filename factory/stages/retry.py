"""Retry: what was lost for a reason is asked again, and nothing else.

The journal keeps a take for each unit, which is part of the key of its answers: a raised take asks anew, and what the
other units were answered is used as before.
"""

from factory import rejections
from factory.progress import Progress
from factory.recipe import Checked
from factory.runs import Run
from factory.stages.models import journal
from factory.views.ledger import by_reason, entries  # it reads what is there, and knows where a reason can stand


def ask_again(run: Run, checked: Checked, reason: str, progress: Progress) -> int:
    """Raise the take of the units that lost something for `reason` (or below it); returns how many they are.

    Says what there is to be retried where that is nothing, unless it is files, which ingest speaks of.
    Only units of plugins that ask a model: what makes or judges rows without one would do the same again.
    """
    methods = {generator.instance for generator in checked.generators if generator.models}
    filters = {filter_.instance for stage in checked.filters.values() for filter_ in stage if filter_.models}
    lost = _lost(run, reason, methods, filters) if methods or filters else set()
    if lost:
        with journal(run) as opened:
            opened.raise_takes(sorted(lost))
    elif (methods or filters) and not rejections.matches(reason, "ingest"):
        there = ", ".join(by_reason(entries(run)))
        progress.say(f"No unit that asked a model lost anything as {reason}. Reasons here: {there or 'none'}.")
    return len(lost)


def _lost(run: Run, reason: str, methods: set[str], filters: set[str]) -> set[str]:
    """The units, as `unit/method` or `row/filter`, that were lost, or one of whose records was."""
    found = set()
    for entry in entries(run, reason=reason):
        if entry.by in filters and rejections.matches(entry.reason, "llm"):  # it was not judged: a bad row is made anew
            found.add(f"{entry.id}/{entry.by}")
        elif entry.stage in ("generate", "filter.records"):
            parts = entry.id.split("/")
            unit = parts if parts[-1] in methods else parts[:-1]  # the id of a unit ends with its method, not a number
            if unit[-1] in methods:
                found.add("/".join(unit))
    return found
