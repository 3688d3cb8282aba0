"""Mixtures: of the rows that every filter kept, each source's cap and weight decide how many leave.

In      `mix: {SOURCE: {weight, cap}}`, and the sources of each row alive: of several the first in `mix` counts.
Out     verdicts of the pseudo-filter `mix` on every kind: `mix.over_cap`, `mix.over_weight`.
Rules   Caps first. Then, of the sources with a weight that have rows, as many of each as the scarcest allows. Which
        rows stay is drawn by the seed and the row's id, so neither order nor number of batches matters.
Costs   12 bytes of RAM a row, beside its verdict.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from factory import tables, verdicts
from factory.corpus import Table, kept, record_tables
from factory.drawing import draw
from factory.recipe import Recipe, Share
from factory.runs import Run

NAME = "mix"
OVER_CAP, OVER_WEIGHT = "mix.over_cap", "mix.over_weight"


def quotas(rows: Mapping[str, int], mix: Mapping[str, Share]) -> dict[str, tuple[int, int]]:
    """Of each source in `mix` how many rows its cap leaves, and how many of these its weight."""
    capped = {name: rows.get(name, 0) for name in mix}
    capped = {name: min(n, cap) if (cap := mix[name].cap) is not None else n for name, n in capped.items()}
    weights = {name: Fraction(str(its.weight)) for name, its in mix.items() if its.weight is not None and capped[name]}
    most = min((capped[name] / weight for name, weight in weights.items()), default=Fraction(0))
    return {name: (n, int(most * weights[name]) if name in weights else n) for name, n in capped.items()}


def declared(recipe: Recipe) -> list[Any] | None:
    """What the verdicts of a mix depend on beside the rows; None where there is none."""
    return [recipe.seed, [[name, its.weight, its.cap] for name, its in recipe.mix.items()]] if recipe.mix else None


def reject_surplus(run: Run, recipe: Recipe, order: Sequence[str]) -> dict[str, Any]:
    """Write the verdicts of `mix` on what the filters in `order` left; returns its counts."""
    found = record_tables(run)
    drawn = [_drawn(run, table, recipe, order) for table in found]
    names = list(recipe.mix)
    rows = {name: sum(int((sources == nth).sum()) for sources, _ in drawn) for nth, name in enumerate(names)}
    allowed = quotas(rows, recipe.mix)
    places = _places([rank for _, rank in drawn], [source for source, _ in drawn], len(names))
    counts: dict[str, Any] = {"read": 0, "kept": 0, "edited": 0, "rejected": 0, "not_looked_at": 0}
    reasons: dict[str, int] = {}
    for table, (sources, _), its in zip(found, drawn, places, strict=True):
        made = verdicts.Verdicts()
        for (id_, _), source, place in zip(_alive(run, table, order), sources.tolist(), its.tolist(), strict=True):
            reason = _reason(place, *allowed[names[source]]) if source >= 0 else None
            if reason is None:
                made.keep(id_)
            else:
                made.reject(id_, reason, source=names[source])
                reasons[reason] = reasons.get(reason, 0) + 1
        tables.write_parquet(table.verdicts / f"{NAME}.parquet", verdicts.SCHEMA, [made.to_arrow()])
        counts["read"] += len(sources)
    counts["rejected"] = sum(reasons.values())
    counts["kept"] = counts["read"] - counts["rejected"]
    return {**counts, "reasons": dict(sorted(reasons.items()))}


def rows_of(run: Run, recipe: Recipe, order: Sequence[str]) -> dict[str, int]:
    """How many rows of each source in `mix` the filters in `order` left."""
    counts = dict.fromkeys(recipe.mix, 0)
    names = list(recipe.mix)
    for table in record_tables(run):
        for _, sources in _alive(run, table, order):
            if (nth := source_of(sources, recipe)) >= 0:
                counts[names[nth]] += 1
    return counts


def _reason(place: int, by_cap: int, by_weight: int) -> str | None:
    return OVER_CAP if place >= by_cap else OVER_WEIGHT if place >= by_weight else None


def _alive(run: Run, table: Table, order: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Id and sources of the rows that the filters in `order` left."""
    state, position = kept(run, table, order=order), 0
    for batch in tables.batches(table.folder, table.schema, columns=["id", "meta"]):
        for id_, meta in zip(batch["id"].to_pylist(), batch["meta"].to_pylist(), strict=True):
            if state.alive[position]:
                yield id_, json.loads(meta)["sources"]
            position += 1


def source_of(sources: Sequence[str], recipe: Recipe) -> int:
    """The number of the source in `mix` that a row counts for, the first of several; -1: none of them."""
    return next((nth for nth, name in enumerate(recipe.mix) if name in sources), -1)


def _drawn(run: Run, table: Table, recipe: Recipe, order: Sequence[str]) -> tuple[Any, Any]:
    """Of each row alive the number of its source, and what it drew."""
    sources, draws = [], []
    for id_, names in _alive(run, table, order):
        sources.append(source_of(names, recipe))
        draws.append(int.from_bytes(draw(recipe.seed, id_)))
    return np.array(sources, np.int32), np.array(draws, np.uint64)


def _places(draws: Sequence[Any], sources: Sequence[Any], count: int) -> list[Any]:
    """Of each row its place among those of its source, table by table."""
    every = np.concatenate([np.zeros(0, np.uint64), *draws])
    whose = np.concatenate([np.zeros(0, np.int32), *sources])
    place = np.zeros(len(every), np.int64)
    for nth in range(count):
        its = np.flatnonzero(whose == nth)
        place[its[np.argsort(every[its], kind="stable")]] = np.arange(len(its))
    return np.split(place, np.cumsum([len(part) for part in draws])[:-1]) if draws else []
