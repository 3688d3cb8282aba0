"""Work on several runs at once: what each of them left in another one is found from each, and can be removed.

A comparison trains proxies on the rows of two datasets. What is trained on one lies in that one; but what they begin
with knows words of both, and rows that are asked lie beside the proxy that is asked. So every run or folder that took
part has a note of where the work lies in the others: who forgets a document of one removes it there too.

PLACE/with.json   the places of the same work in the others, by their whole paths
"""

import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from factory import tables

COMPARED = "cache/compare"  # of a run: below it a place for each comparison that was stopped
NOTE = "with.json"


def begin(places: Sequence[Path]) -> None:
    """Make the places of one work, each with its note, before anything else is there."""
    for place in places:
        place.mkdir(parents=True, exist_ok=True)
    for place in places:
        tables.write_json(place / NOTE, [str(other.resolve()) for other in places if other != place])


def elsewhere(run: Path) -> list[Path]:
    """Where work on a run that was stopped lies in other runs and folders.

    A run may come from somebody else, and what is named here is removed: only a place counts whose own note leads back.
    """
    found: set[Path] = set()
    for note in run.glob(f"{COMPARED}/*/{NOTE}"):
        here = note.parent.resolve()
        found.update(other for other in map(Path, _named(note)) if str(here) in _named(other / NOTE))
    return sorted(found)


def _named(note: Path) -> list[str]:
    """The places that a note names; none where there is no such note."""
    try:
        names = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def end(places: Sequence[Path]) -> None:
    """Remove the work; the notes last, for while there is anything they must lead to it."""
    for place in places:
        for inside in place.glob("*"):
            if inside.is_dir():
                shutil.rmtree(inside, ignore_errors=True)
            elif inside.name != NOTE:
                inside.unlink(missing_ok=True)
    for place in places:
        shutil.rmtree(place, ignore_errors=True)
        with suppress(OSError):
            place.parent.rmdir()  # unless something else was stopped there
