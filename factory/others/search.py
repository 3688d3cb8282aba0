"""Which of our texts nearly repeat a text of an index: candidates by banding, each confirmed by exact Jaccard.

In      signatures of our texts, a way to read some of these again, and indexes (`factory.others.index`).
Out     of each of our texts that has one, the text of an index that it repeats: the likest by signature, of these the
        first.
Costs   linear in the indexes, which are read a row group at a time, whatever their size; about 0.4 kB of memory one of
        our texts, and of those that have candidates 40 bytes a candidate, at most `TRIES` of them.
Source  as `factory.near`, whose kernel this is.

A pair is decided by itself, not through others: a text that only resembles a text that resembles one of the index
stays. What can be missed is what `near.banding` says, and pairs of crowded buckets as in `near.candidates`.
"""

from collections.abc import Callable, Iterator, Sequence, Set
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from factory import near
from factory.others.buckets import Buckets
from factory.others.index import Index, Sketching

TRIES = 32  # candidates of one text that are confirmed, the likeliest: among these a pair above the threshold is first
PENDING = 1 << 20  # candidates that are held before only the likeliest are kept: 40 MB
APART = ("document", "passage")  # of another run: compared with their own kind only, since rows are made of them

Texts = Callable[[near.Indices], near.Texts]
Found = NDArray[np.int64]  # columns: our text, columns that agree, index, row group, row; likeliest first within a text


class Repeated(NamedTuple):
    """The text that one of ours repeats: the name of its index, and its id."""

    of: str
    id: str


def repeated(
    signatures: near.Signatures,
    texts_of: Texts,
    indexes: Sequence[Index],
    *,
    kinds: Set[str],
    threshold: float,
    sketching: Sketching,
) -> dict[int, Repeated]:
    """Of each text whose exact Jaccard with a text of an index is `threshold` or more, which one that is.

    `kinds` are those of our texts. `texts_of` is asked as by `near.near_duplicates_of`. Raises ValueError unless
    0 < threshold <= 1.
    """
    found = _candidates(signatures, indexes, kinds, threshold)
    sure = (found[:, 1] == sketching.num_perm) & near.proves(sketching.num_perm, threshold)
    unsure = found[~np.isin(found[:, 0], found[sure, 0])]
    hits = [found[sure]]
    for part in _parts(unsure, near.MAX_TEXTS):
        hits.append(part[_confirmed(part, texts_of, indexes, threshold, sketching)])
    return _named(_best(np.concatenate(hits), 1), indexes)


def _candidates(signatures: near.Signatures, indexes: Sequence[Index], kinds: Set[str], threshold: float) -> Found:
    """The likeliest texts of all indexes for each of ours."""
    buckets = Buckets(signatures, threshold)
    found, pending = [np.empty((0, 5), np.int64)], 0
    for number, index in enumerate(indexes):
        for group in range(index.groups):
            pairs, agreeing = _of_group(signatures, buckets, *index.sketched(group), kinds, threshold)
            place = np.full((len(pairs), 2), (number, group))
            found.append(np.column_stack([pairs[:, 0], agreeing, place, pairs[:, 1]]))
            pending += len(pairs)
            if pending > max(PENDING, len(found[0])):
                found, pending = [_best(np.concatenate(found), TRIES)], 0
    return _best(np.concatenate(found), TRIES)


def _of_group(
    signatures: near.Signatures,
    buckets: Buckets,
    others: Sequence[str],
    sketched: near.Signatures,
    kinds: Set[str],
    threshold: float,
) -> tuple[near.Pairs, near.Indices]:
    """The candidates of one row group, and in how many columns each agrees."""
    fit = np.array([kind not in APART or kind in kinds for kind in others], bool)
    pairs = buckets.candidates(sketched, fit)
    agreeing = near.agreement(signatures, pairs, sketched)
    likely = agreeing >= near.least_agreement(signatures.shape[1], threshold)
    return pairs[likely], agreeing[likely]


def _best(found: Found, most: int) -> Found:
    """At most `most` of each of our texts: those that agree most, of equals the first in the indexes."""
    found = found[np.lexsort((found[:, 4], found[:, 3], found[:, 2], -found[:, 1], found[:, 0]))]
    return found[near.rank(found[:, 0]) < most]


def _parts(found: Found, most: int) -> Iterator[Found]:
    """Cut so that a part holds all candidates of at most `most` of our texts."""
    _, starts = np.unique(found[:, 0], return_index=True)
    yield from np.split(found, starts[most::most]) if len(found) else ()


def _confirmed(
    found: Found, texts_of: Texts, indexes: Sequence[Index], threshold: float, sketching: Sketching
) -> NDArray[np.bool_]:
    """Which candidates reach the threshold; our texts are read once, the groups of the indexes one by one."""
    ours, nth = np.unique(found[:, 0], return_inverse=True)
    shingled = near.shingles(texts_of(ours), ngram=sketching.ngram, unit=sketching.unit)
    near_enough = np.zeros(len(found), bool)
    for number, group in np.unique(found[:, 2:4], axis=0).tolist():
        here = np.flatnonzero((found[:, 2] == number) & (found[:, 3] == group))
        rows, row = np.unique(found[here, 4], return_inverse=True)
        others = indexes[number].shingles(group, rows)
        both = near.Shingles(
            np.concatenate([shingled.values, others.values]),
            np.concatenate([shingled.offsets, others.offsets[1:] + shingled.offsets[-1]]),
        )
        pairs = np.stack([nth[here], len(ours) + row], axis=1)
        near_enough[here] = near.jaccard(both, pairs) >= threshold
    return near_enough


def _named(hits: Found, indexes: Sequence[Index]) -> dict[int, Repeated]:
    named: dict[int, Repeated] = {}
    for number, group in np.unique(hits[:, 2:4], axis=0).tolist():
        here = hits[(hits[:, 2] == number) & (hits[:, 3] == group)]
        ids = indexes[number].ids(group, here[:, 4].tolist())
        named |= {our: Repeated(indexes[number].name, id_) for our, id_ in zip(here[:, 0].tolist(), ids, strict=True)}
    return named
