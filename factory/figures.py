"""What filters compare with a bound: numbers of rows, counted in bins that are always the same, so that they add up.

A filter may have `figures(features) -> list[Figure]`. Of each the audit shows how it is spread, and what its bound
would leave out.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from factory.errors import WrongRequest, where
from factory.plugins import Filter

# 0, 0.02 … 0.98, then 1, 2, 3, 4, 6, 8, 11 …: shares evenly, what is counted by half octaves
EDGES = np.array([*np.arange(50) / 50, *np.unique(np.round(2.0 ** (np.arange(61) / 2)))])
Numbers = NDArray[np.float64]


class Figure(NamedTuple):
    """One number a row, NaN where there is none, and what it may be; a bound of None is no bound."""

    name: str
    values: Numbers
    least: float | None = None
    most: float | None = None


@dataclass
class Spread:
    """How the numbers of one figure are spread. `below` and `above` count those past a bound."""

    least: float | None
    most: float | None
    rows: int = 0
    total: float = 0.0
    below: int = 0
    above: int = 0
    bins: Counter[int] = field(default_factory=Counter)

    def take(self, values: Numbers) -> None:
        """Count some numbers; one below 0 lies in the first bin."""
        known = values[np.isfinite(values)]
        self.rows += len(known)
        self.total += float(known.sum())
        self.below += 0 if self.least is None else int((known < self.least).sum())
        self.above += 0 if self.most is None else int((known > self.most).sum())
        found, counts = np.unique(_bins(known), return_counts=True)
        self.bins.update(dict(zip(found.tolist(), counts.tolist(), strict=True)))

    def as_dict(self) -> dict[str, Any]:
        """For the manifest; `bins` from the first to the last that holds any number or a bound."""
        bounds_at = _bins(np.array([bound for bound in (self.least, self.most) if bound is not None], np.float64))
        held = [*self.bins, *bounds_at.tolist()]
        span = range(min(held, default=0), max(held, default=-1) + 1)
        bins = [{"from": float(EDGES[n]), "to": float(EDGES[n + 1]), "count": self.bins[n]} for n in span]
        mean = round(self.total / self.rows, 6) if self.rows else 0.0
        bounds = {"least": self.least, "most": self.most, "below": self.below, "above": self.above}
        return {"rows": self.rows, "mean": mean, **bounds, "bins": bins}


def _bins(numbers: Numbers) -> NDArray[np.int64]:
    """In which bin each lies; in an outer one where it lies outside."""
    return np.clip(np.searchsorted(EDGES, numbers, side="right") - 1, 0, len(EDGES) - 2)


class Spreads:
    """The figures of one filter."""

    def __init__(self) -> None:
        self._its: dict[str, Spread] = {}

    def take(self, figures: Iterable[Figure]) -> None:
        """Count the figures of some rows."""
        for figure in figures:
            self._its.setdefault(figure.name, Spread(figure.least, figure.most)).take(figure.values)

    def as_dict(self) -> dict[str, Any]:
        """By name, those that any row has."""
        return {name: spread.as_dict() for name, spread in self._its.items() if spread.rows}


def of(filter_: Filter, features: pa.RecordBatch) -> list[Figure]:
    """The figures of rows that a filter measured; none of one that compares nothing."""
    if not hasattr(filter_.code, "figures"):
        return []
    try:
        return list(filter_.code.figures(features))
    except Exception as error:
        raise WrongRequest(
            f"The filter '{filter_.instance}' cannot tell its figures ({where(error)}): mend 'figures'."
        ) from error


def told(spreads: dict[str, Spreads]) -> dict[str, Any]:
    """The figures of several filters, for the manifest."""
    return {name: its for name, spread in spreads.items() if (its := spread.as_dict())}
