"""Which vectors are near each other, by exact cosine, without comparing all with all.

In      int8 vectors (`_embeddings`, or other features of that kind).
Out     pairs of rows whose cosine reaches a threshold.
Costs   the vectors, and some 30 MB besides; time grows with n * sqrt(n): 100,000 rows of 256 numbers take some 18 s of
        one core. Where most rows lie in one cell it grows with n * n, the memory does not.
Source  an inverted file: Sivic and Zisserman 2003 (https://doi.org/10.1109/ICCV.2003.1238663). Each row lies in the
        cell of its nearest centre and is compared with the rows of the `PROBED` cells nearest to it; the centres are
        made by k-means on a sample.

Products of these whole numbers sum to at most 2**24 (`quantised`), which float32 holds exactly: neither the machine,
its threads nor the shape of a block changes a result.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from filters._embeddings import Vectors, quantised

FEW = 4096  # rows that are compared all with all
PROBED = 8
ROUNDS = 6  # of k-means; later ones move few rows
A_CENTRE = 40  # rows of the sample a centre
BLOCK = 1024  # rows compared with all centres at once
TINY = 1e-6  # by which a cosine may be off: two equal rows have one of 0.9999999
AT_ONCE = 1 << 22  # cosines worked out at once: 16 MB
Floats = NDArray[np.float32]
Indices = NDArray[np.int64]
Pairs = NDArray[np.int64]


def cosines(left: Vectors, right: Vectors) -> Floats:
    """The cosine of each row of `left` with each of `right`: float32; with a row of zeros it is 0."""
    found: Floats = left.astype(np.float32) @ right.astype(np.float32).T
    found /= lengths(left)[:, None] * lengths(right)
    return found


def lengths(vectors: Vectors) -> Floats:
    """The length of each row, 1 of a row of zeros."""
    squares = np.einsum("ij,ij->i", vectors, vectors, dtype=np.int64)
    lengths: Floats = np.maximum(np.sqrt(squares), 1).astype(np.float32)
    return lengths


def near_pairs(vectors: Vectors, threshold: float) -> Iterator[tuple[Pairs, Floats]]:
    """Pairs of rows (int64, shape (m, 2), i < j) whose cosine is `threshold` or more, and the cosine; some at a time.

    Up to 4,096 rows no pair is missed; above, one that lies in no common cell: at a cosine of .8 some 2 %. A pair may
    be given twice.
    """
    whole = np.arange(len(vectors))
    cells = [(whole, whole)] if len(vectors) <= FEW else _cells(vectors)
    for members, askers in cells:
        theirs = vectors[members]
        step = max(1, AT_ONCE // max(1, len(members)))
        for begin in range(0, len(askers), step):
            some = askers[begin : begin + step]
            found = cosines(vectors[some], theirs)
            row, column = np.nonzero(found >= threshold - TINY)
            left, right = some[row], members[column]
            apart = left != right
            pairs = np.sort(np.stack([left[apart], right[apart]], axis=1), axis=1)
            yield pairs, found[row[apart], column[apart]]


def _cells(vectors: Vectors) -> Iterator[tuple[Indices, Indices]]:
    """Of each cell the rows that lie in it, and those that look into it."""
    centres = _centres(vectors)
    looks = np.empty((len(vectors), PROBED), np.int64)
    for begin in range(0, len(vectors), BLOCK):
        near = cosines(vectors[begin : begin + BLOCK], centres)
        looks[begin : begin + BLOCK] = np.argsort(-near, axis=1, kind="stable")[:, :PROBED]
    order = np.argsort(looks.ravel(), kind="stable")
    bounds = np.searchsorted(looks.ravel()[order], np.arange(len(centres) + 1))
    for begin, end in pairwise(bounds.tolist()):
        askers, probe = np.divmod(order[begin:end], PROBED)
        yield askers[probe == 0], askers


def _centres(vectors: Vectors) -> Vectors:
    """Centres by k-means on rows taken at even steps: the same for the same rows, on any machine."""
    count = int(np.sqrt(len(vectors)))
    sample = vectors[:: max(1, len(vectors) // (count * A_CENTRE))]
    centres = sample[:: max(1, len(sample) // count)][:count].copy()
    for _ in range(ROUNDS):
        nearest = np.concatenate(
            [cosines(sample[begin : begin + BLOCK], centres).argmax(axis=1) for begin in range(0, len(sample), BLOCK)]
        )
        order = np.argsort(nearest, kind="stable")
        held, starts = np.unique(nearest[order], return_index=True)
        unit = np.rint(sample[order] / lengths(sample[order])[:, None] * (1 << 16)).astype(np.int64)
        centres[held] = quantised(np.add.reduceat(unit, starts, axis=0).astype(np.float64))
    return centres
