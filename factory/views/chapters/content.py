"""What the rows are about: groups of rows that share words, their sizes, and which subjects are thin or over-full.

Looked at are at most LOOKED_AT rows (with `audit: {full: true}` all), spread evenly, and as many passages, where there
are documents: then a subject is thin or over-full beside what the documents speak of, and else beside an even share.
Words are those of `factory.views.content`: none with a digit or an `@`, none that only a few rows have, and none of
what measured filters found in a row.
"""

from collections.abc import Iterator
from itertools import islice, zip_longest
from typing import Any

import numpy as np

from factory import records
from factory.corpus import kept, passage_table, rows
from factory.runs import Run
from factory.views import declared, exported
from factory.views.chapter import Chapter, Finding, share, some
from factory.views.content import A_GROUP, FEWEST, LONGEST, Content, Group
from factory.views.masked import masked

NAME, TITLE = "content", "What it is about"
LOOKED_AT = 5_000  # rows, and passages
TIMES = 3  # as much as its part, or a part of it, is over-full or thin
EXAMPLES = 5  # ids of a group
TEXTS: dict[str, exported.Columns] = {kind: ["id", *(names or ())] for kind, names in exported.TEXTS.items()}


def chapter(run: Run) -> Chapter:
    """Nothing where there are too few rows to speak of groups."""
    ids, texts = _rows(run)
    passages = list(_passages(run))
    content = Content([*texts, *passages])
    groups = content.groups()
    if not groups:
        why = f"There are too few rows for groups of {A_GROUP} and more that share words."
        names = ("groups", "largest.share", "thin", "over_full")
        return Chapter(
            {"groups": [], "not_looked_at": why}, not_measured={f"content.{n}": "too few rows" for n in names}
        )
    told = [_told(group, ids, len(passages)) for group in groups]
    placed = np.bincount(content.placed >= len(ids), minlength=2).tolist()
    for its in told:
        its["share"], its["passages_share"] = share(its["rows"], placed[0]), share(its["passages"], placed[1])
        its["is"] = _state(its["share"], its["passages_share"] if placed[1] else 1 / len(told))
    numbers = {
        "groups": told, "rows": exported.count(run), "looked_at": len(ids), "passages_looked_at": len(passages),
        "placed": placed[0], "fewest": FEWEST,
    }  # fmt: skip
    measures = {
        "content.groups": len(told), "content.largest.share": max(its["share"] for its in told),
        "content.thin": sum(its["is"] == "thin" for its in told),
        "content.over_full": sum(its["is"] == "over_full" for its in told),
    }  # fmt: skip
    return Chapter(numbers, measures, [_over_full(told), _thin(told, bool(passages))])


def _rows(run: Run) -> tuple[list[str], list[str]]:
    """Ids and texts of the rows that are looked at, what was found in them masked."""
    count = exported.count(run)
    size = count if declared.recipe(run).audit.full else min(count, LOOKED_AT)
    places = [nth * count // size for nth in range(size)]
    ids = exported.ids_at(run, places)
    hidden = masked(run, ids)
    found = exported.at(run, places, TEXTS)  # one by one: whole rows may be long
    return ids, [records.joined(kind, hidden.get(row["id"], row))[:LONGEST] for kind, _, row in found]


def _passages(run: Run) -> Iterator[str]:
    """The texts of kept passages, as filters left them."""
    if declared.has_documents(run):
        state = kept(run, passage_table(run))
        step = -(-int(state.alive.sum()) // LOOKED_AT) or 1
        yield from (row.text for row in islice(rows(run, passage_table(run), state), 0, None, step))


def _told(group: Group, ids: list[str], passages: int) -> dict[str, Any]:
    its = [ids[nth] for nth in group.members.tolist() if nth < len(ids)]
    return {
        "terms": group.terms, "rows": len(its), "passages": len(group.members) - len(its) if passages else 0,
        "likeness": group.likeness, "place": list(group.place), "examples": its[:EXAMPLES],
    }  # fmt: skip


def _state(its: float, part: float) -> str:
    """Whether a share is far above or below the part that it stands beside."""
    if its > TIMES * part:
        return "over_full"
    return "thin" if its * TIMES < part else "even"


def _over_full(groups: list[dict[str, Any]]) -> Finding:
    full = [its for its in groups if its["is"] == "over_full"]
    return Finding(
        "content.over_full", "info", "Some subjects take up much more than their part",
        f"The model learns them best, and their wording with them: {_named(full)}.", sum(its["rows"] for its in full),
        "look at their rows; a cap for each source is `mix: {SOURCE: {cap: N}}` in a recipe",
        in_turn(full),
    )  # fmt: skip


def _thin(groups: list[dict[str, Any]], beside_documents: bool) -> Finding:
    thin = [its for its in groups if its["is"] == "thin"]
    what = "Subjects of the documents have few rows" if beside_documents else "Some subjects have few rows"
    return Finding(
        "content.thin", "info", what, f"The model learns least of them: {_named(thin)}.", len(thin),
        "`factory ledger RUN` says what was lost of them; else add rows or documents",
        in_turn(thin),
    )  # fmt: skip


def in_turn(groups: list[dict[str, Any]]) -> tuple[str, ...]:
    """Rows of all groups in turn: else the first few would take the places of the others."""
    dealt = zip_longest(*(its["examples"] for its in groups))
    return some(id_ for ids in dealt for id_ in ids if id_ is not None)


def _named(groups: list[dict[str, Any]]) -> str:
    return "; ".join(" ".join(its["terms"][:3]) or "no words of their own" for its in groups)
