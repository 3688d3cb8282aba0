"""Rows as a filter that sees rows is shown them."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import pyarrow as pa


def rows_of(
    texts: Mapping[str, str], licences: Mapping[str, str] | None = None, levels: Mapping[str, str] | None = None
) -> pa.RecordBatch:
    """Texts by id, all under one policy but for what `licences` and `levels` (of confidentiality) say."""
    ids = list(texts)
    return pa.record_batch(
        {
            "id": pa.array(ids, pa.string()),
            "kind": pa.array(["document"] * len(ids), pa.string()),
            "text": pa.array(list(texts.values()), pa.large_string()),
            "licence": pa.array([(licences or {}).get(id_) for id_ in ids], pa.string()),
            "confidentiality": pa.array([(levels or {}).get(id_, "internal") for id_ in ids], pa.string()),
        }
    )


def settled(
    dedup: Any, shown: pa.RecordBatch, texts: Mapping[str, str], *, cuts: Sequence[int] = (), backwards: bool = False
) -> dict[str, dict[str, Any]]:
    """The verdict of a deduplicating filter on each id; batches are cut at `cuts`, and scanned from the last if
    `backwards`."""

    def asked(ids: Sequence[str]) -> Iterator[tuple[str, str]]:
        yield from ((id_, texts[id_]) for id_ in sorted(ids, reverse=True))

    bounds = [0, *sorted(min(cut, len(texts)) for cut in cuts), len(texts)]
    parts = [dedup.measure(shown.slice(start, end - start)) for start, end in pairwise(bounds)]
    scanned = [dedup.scan(part) for part in (reversed(parts) if backwards else parts)]
    state = scanned[0]
    for other in scanned[1:]:
        state = dedup.merge(state, other)
    state = dedup.settle(state, asked)
    return {row["id"]: row for part in parts for row in dedup.decide(part, state).rows}
