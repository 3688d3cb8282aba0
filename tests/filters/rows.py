"""Rows as a filter that sees rows is shown them."""

from collections.abc import Mapping

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
