"""The verbs that keep a run in order: what is forgotten, and what can be removed."""

from collections.abc import Sequence
from pathlib import Path

from factory.cli.printing import out, say
from factory.plural import many


def forget(run: Path, names: Sequence[str], yes: bool, json: bool) -> None:
    """What would go, or what went; then what a forgetting does not reach."""
    from factory.cli.bars import Bars
    from factory.stages.forget import forget as erase

    with Bars() as bars:
        plan = erase(run, names, yes=yes, progress=bars)
    if json:
        return out(plan.as_dict())
    if not plan.documents:
        return say(f"Nothing to do: {run} has forgotten that.")
    for name in plan.documents:
        out(name)
    for name in plan.copies:
        out(f"{name}   (has the same words)")
    counts = f"{many(plan.passages, 'passage')}, {many(plan.records, 'record')}, {many(plan.calls, 'call')} of models"
    say(f"{'Erased' if plan.done else 'This would go'}, with {counts}.")
    for name in plan.models:
        say(f"The model {run / 'models' / name} was trained on it. Remove it, or train it again.")
    for name in plan.perhaps:
        say(f"The model {run / 'models' / name} may have been trained on it: what it learned is not noted.")
    for folder in plan.outside:
        say(f"Not touched: {folder} holds batch files of this run, with their prompts.")
    if plan.done:
        say(f"Take it out of the sources too. Next: factory run {run}")
    else:
        say("Nothing was changed. With --yes it is done, and cannot be undone.")


def clean(run: Path, dry_run: bool, json: bool) -> None:
    """A line a sort: how much, and what it costs to have it again."""
    from factory.stages.clean import clean as remove

    found = remove(run, dry_run=dry_run)
    if json:
        sizes = [{"what": sort.what, "size_bytes": sort.size_bytes, "again": sort.again} for sort in found]
        return out({"removed": not dry_run, "what": sizes})
    for sort in found:
        out(f"{sort.size_bytes / 1e6:>10,.1f} MB  {sort.what}   (again: {sort.again})")
    total = sum(sort.size_bytes for sort in found)
    if not found:
        say(f"Nothing to remove: {run} holds only what cannot be made again.")
    else:
        say(f"{total / 1e6:,.1f} MB {'would be' if dry_run else 'were'} removed.")
