"""Texts as a filter that sees texts is shown them, and what it says of them."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pyarrow as pa


def batch_of(texts: Sequence[str]) -> pa.RecordBatch:
    """Texts under the ids 0, 1, 2 …"""
    ids = pa.array([str(nth) for nth in range(len(texts))], pa.string())
    return pa.record_batch({"id": ids, "text": pa.array(texts, pa.large_string())})


def judged(filter_: Any, texts: Sequence[str], cuts: Sequence[int] = ()) -> list[dict[str, Any]]:
    """The verdicts on texts, measured in batches that are cut at `cuts`."""
    bounds = [0, *sorted(min(cut, len(texts)) for cut in cuts), len(texts)]
    whole = batch_of(texts)
    parts = [whole.slice(start, end - start) for start, end in pairwise(bounds)]
    return [row for part in parts for row in filter_.decide(filter_.measure(part)).rows]


def reason(filter_: Any, text: str) -> str | None:
    """Why a text is rejected; None where it is kept."""
    [row] = judged(filter_, [text])
    return row["reason"] if row["outcome"] == "reject" else None
