"""Train, validation and test: no two share a document or a near-duplicate cluster (law 8).

Rows that share a document, and rows whose texts nearly repeat each other, form one group; a group goes to one split.
Groups are dealt in an order drawn from the seed, test and validation first, each until it has its share of the rows;
a group that would overfill a split by more than its share again goes to train.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from factory import near
from factory.drawing import draw

SPLITS = ("train", "validation", "test")
THRESHOLD = 0.8  # Jaccard of word 5-grams
Labels = NDArray[np.int64]


def groups(documents: Sequence[Sequence[str]], clusters: Labels) -> Labels:
    """The group of each row: rows that share a document or a cluster, however indirectly.

    `documents` are the ids each row was made from; `clusters` the label of each row's near-duplicate cluster.
    """
    first: dict[str, int] = {}
    pairs = [(row, int(cluster)) for row, cluster in enumerate(clusters.tolist()) if cluster != row]
    for row, names in enumerate(documents):
        for name in names:
            other = first.setdefault(name, row)
            if other != row:
                pairs.append((other, row))
    return near.clusters(len(documents), np.array(pairs, dtype=np.int64).reshape(-1, 2))


def deal(group: Labels, documents: Sequence[Sequence[str]], *, validation: float, test: float, seed: int) -> list[str]:
    """The split of each row."""
    sizes = np.bincount(group, minlength=len(group)) if len(group) else np.zeros(0, dtype=np.int64)
    name_of: dict[int, str] = {}
    for row, label in enumerate(group.tolist()):
        smallest = min(documents[row], default="")
        name_of[label] = min(smallest, name_of.get(label, smallest))
    order = sorted(name_of, key=lambda label: draw(seed, name_of[label]))
    room = {"test": test * len(group), "validation": validation * len(group)}
    split_of, left = {}, len(order)
    for label in order:
        left -= 1
        split_of[label] = _split(int(sizes[label]), room, last=left == 0)
    return [split_of[label] for label in group.tolist()]


def _split(size: int, room: dict[str, float], *, last: bool) -> str:
    for split, free in room.items():
        if free >= 0.5 and size <= 2 * free and not last:  # the last group trains: a dataset needs a train split first
            room[split] = free - size
            return split
    return "train"
