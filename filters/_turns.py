"""Questions and their answers, from the strings of a row as a filter is shown them."""

from collections.abc import Iterator

import pyarrow as pa


def turns(batch: pa.RecordBatch) -> dict[str, list[tuple[str, str]]]:
    """For each id its (question, answer) pairs, in order; an answer is what an assistant says and a row stands for.

    The question is what the user said last before it. What was rejected in a preference row, and what says where an
    answer is from (context, quotes), is neither.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    asked: dict[str, str] = {}
    for id_, field, role, text in _strings(batch):
        pairs = found.setdefault(id_, [])
        if field.startswith("rejected"):
            continue
        if role == "user":
            asked[id_] = text
        elif role == "assistant" and not field.startswith("prompt"):
            pairs.append((asked.get(id_, ""), text))
    return found


def _strings(batch: pa.RecordBatch) -> Iterator[tuple[str, str, str, str]]:
    columns = (batch[name].to_pylist() for name in ("id", "field", "role", "text"))
    yield from zip(*columns, strict=True)
