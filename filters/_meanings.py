"""Which rows say what a better row says: candidates by the cosine of their vectors, each pair confirmed word by word.

In      rows, the best first: vectors (`_embeddings`), a digest of what must be exact, and what each tells on demand.
Out     for each row that goes the row that stays, and their cosine. What goes is confirmed against that very row.
Costs   time as `_nearest`; what is told of at most `MAX_TEXTS` rows at once.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from factory import near
from filters._embeddings import Vectors, alike
from filters._nearest import near_pairs
from filters._same_meaning import Told, same

Found = NDArray[np.float64]  # columns: the better row, the other, their cosine
Gone = dict[int, tuple[int, float]]
Tell = Callable[[list[int]], dict[int, Told]]
MAX_TEXTS = 16_384
NEAREST = 16  # better rows that one is confirmed against, the nearest
PENDING = 1 << 20  # pairs that are held before only the nearest are kept: 24 MB
ROUNDS = 4  # once some are gone, others come among the nearest; more rounds find next to nothing


def digest(exact: Sequence[str]) -> int:
    """Of what must be exactly the same, such as the numbers: rows whose digests differ are never compared."""
    return int.from_bytes(hashlib.blake2b("\n".join(exact).encode(), digest_size=8).digest(), "little")


def gone(vectors: Vectors, exact: NDArray[np.uint64], tell: Tell, *, threshold: float, synonym: float) -> Gone:
    """The rows that go; a cosine of `threshold` makes a candidate, one of `synonym` makes two words synonyms."""
    all_gone: Gone = {}
    left = np.arange(len(vectors))
    for _ in range(ROUNDS):
        found = _candidates(vectors[left], exact[left], threshold)
        found[:, :2] = left[found[:, :2].astype(np.int64)]
        stays = {better for better, _ in all_gone.values()}  # what a row went for does not go itself
        now = dict(_confirmed(found[~np.isin(found[:, 1], list(stays))], tell, synonym))
        all_gone |= now
        left = left[~np.isin(left, list(now))]
        if not now:
            break
    return all_gone


def _candidates(vectors: Vectors, exact: NDArray[np.uint64], threshold: float) -> Found:
    """Of each row the nearest better ones whose digest is its own, sorted by row, the nearest first."""
    found, pending = [np.empty((0, 3))], 0
    for pairs, cosines in near_pairs(vectors, threshold):
        fit = exact[pairs[:, 0]] == exact[pairs[:, 1]]
        found.append(np.column_stack([pairs[fit], cosines[fit]]))
        pending += len(found[-1])
        if pending > max(PENDING, len(found[0])):
            found, pending = [_nearest(np.concatenate(found))], 0
    return _nearest(np.concatenate(found))


def _confirmed(found: Found, tell: Tell, synonym: float) -> Iterator[tuple[int, tuple[int, float]]]:
    """Each row that says what a better one says that stays, with that and their cosine."""
    now: set[int] = set()
    for part in _parts(found):
        rows = part[:, :2].astype(np.int64)
        tells = tell(np.unique(rows).tolist())
        for (better, row), cosine in zip(rows.tolist(), part[:, 2].tolist(), strict=True):
            if row in now or better in now:
                continue
            if same(tells[better], tells[row], alike, synonym=synonym):
                now.add(row)
                yield row, (better, round(cosine, 3))


def _nearest(found: Found) -> Found:
    """Each pair once, and of each row at most `NEAREST`; of equally near ones the best."""
    found = np.unique(found, axis=0)
    found = found[np.lexsort((found[:, 0], -found[:, 2], found[:, 1]))]
    return found[near.rank(found[:, 1].astype(np.int64)) < NEAREST]


def _parts(found: Found) -> Iterator[Found]:
    """Cut between rows so that a part names at most about `MAX_TEXTS` rows."""
    most = MAX_TEXTS // (NEAREST + 1)
    _, starts = np.unique(found[:, 1], return_index=True)
    yield from np.split(found, starts[most::most]) if len(found) else ()
