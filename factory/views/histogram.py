"""Lengths told in a few numbers: quantiles, and a histogram whose bins grow by half an octave."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from factory.tokens import BYTES_A_TOKEN

EDGES = np.unique(np.round(2.0 ** (np.arange(0, 61) / 2)).astype(np.int64))  # 1, 2, 3, 4, 6, 8, 11, 16, 23, 32 …
QUANTILES = {"min": 0.0, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95, "max": 1.0}


def summary(lengths: NDArray[np.int64]) -> dict[str, Any]:
    """Count, total, mean and quantiles (each a length that occurs); of nothing only the count."""
    if not lengths.size:
        return {"count": 0, "total": 0}
    found = np.quantile(lengths, list(QUANTILES.values()), method="lower").tolist()
    quantiles = dict(zip(QUANTILES, found, strict=True))
    mean = round(float(lengths.mean()), 1)
    return {"count": int(lengths.size), "total": int(lengths.sum()), "mean": mean, **quantiles}


def bins(lengths: NDArray[np.int64]) -> list[dict[str, int]]:
    """How many lie in [from, to), from the first bin that holds any to the last."""
    counts, _ = np.histogram(np.maximum(lengths, 1), bins=EDGES)
    held = np.flatnonzero(counts)
    if not held.size:
        return []
    span = range(int(held[0]), int(held[-1]) + 1)
    return [{"from": int(EDGES[n]), "to": int(EDGES[n + 1]), "count": int(counts[n])} for n in span]


def tokens(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """An estimate of the tokens of texts, from their bytes in UTF-8."""
    return -(-sizes // BYTES_A_TOKEN)
