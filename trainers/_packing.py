"""Rows packed into sequences of one length, their documents kept apart: position ids restart with each of them.

Attention (`_varlen`, flash, or SDPA for models with windows) reads the ends of documents, so that no token sees another
document's: the losses are those of the rows alone.
"""

from typing import Any


def pack(dataset: Any, max_length: int, *, split: bool) -> Any:
    """TRL's best-fit-decreasing packing; with `split`, rows that are longer go on in another sequence.

    Each token carries the number of its row, so that a sequence knows its rows.
    """
    from trl import pack_dataset

    spread = dataset.map(
        lambda row: {"row": [row["row"]] * len(row["input_ids"])}, new_fingerprint=f"{dataset._fingerprint}-spread"
    )
    return pack_dataset(spread, max_length, "bfd_split" if split else "bfd")
