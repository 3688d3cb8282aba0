"""Questions and their answers, from the strings of a row as a filter is shown them."""

import pyarrow as pa

from filters import _shown


def turns(batch: pa.RecordBatch) -> dict[str, list[tuple[str, str]]]:
    """For each id its (question, answer) pairs, in order; an answer is what an assistant says and a row stands for.

    The question is what the user said last before it. What was rejected in a preference row, and what says where an
    answer is from (context, quotes), is neither.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    asked: dict[str, str] = {}
    for id_, field, role, text in _shown.strings(batch):
        pairs = found.setdefault(id_, [])
        if field.startswith("rejected"):
            continue
        if role == "user":
            asked[id_] = text
        elif role == "assistant" and not field.startswith("prompt"):
            pairs.append((asked.get(id_, ""), text))
    return found
