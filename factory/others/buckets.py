"""Which rows of two tables of signatures share a band: candidates, as `near.candidates` finds them within one table.

In      our signatures, once; then those of others, some at a time.
Out     pairs: a row of ours, a row of the others.
Costs   16 bytes a band and row of ours (320 at 20 bands); of the others only what is given. Of each of our rows at most
        `CROWD` pairs a band: never quadratic.
Source  as `factory.near`: banding, and within a crowded bucket the neighbours in the order of the columns after the
        band (LSH Forest).
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from factory import near

CROWD = 32  # others in a bucket up to which each of ours is paired with all of them
NEIGHBOURS = 8  # others before and behind ours in a crowded bucket, sorted


class Buckets:
    """Our rows by the key of each band."""

    def __init__(self, signatures: near.Signatures, threshold: float) -> None:
        self._signatures = signatures
        self._bands, self._rows = near.banding(threshold, signatures.shape[1])
        self._filled = _filled(signatures)
        keys = near.band_keys(signatures[self._filled], self._bands, self._rows)[1]
        self._order = np.argsort(keys, axis=1, kind="stable")
        self._keys = np.take_along_axis(keys, self._order, axis=1)

    def candidates(self, others: near.Signatures, fit: NDArray[np.bool_]) -> near.Pairs:
        """Pairs that share a band: int64, shape (m, 2), our row and the other's, sorted, each once.

        Rows of `others` that are not `fit` are in no pair, nor are those of texts without words.
        """
        there = np.intersect1d(np.flatnonzero(fit), _filled(others))
        keys = near.band_keys(others[there], self._bands, self._rows)[1]
        found = [np.empty((0, 2), np.int64)]
        for band in range(self._bands):
            found += self._of_band(band, keys[band], others, there)
        return np.unique(np.concatenate(found), axis=0)

    def _of_band(
        self, band: int, keys: near.Hashes64, others: near.Signatures, there: near.Indices
    ) -> Iterator[near.Pairs]:
        ours = self._keys[band]
        begins, ends = np.searchsorted(ours, keys, "left"), np.searchsorted(ours, keys, "right")
        meets = np.flatnonzero(ends > begins)
        meets = meets[np.argsort(begins[meets], kind="stable")]  # others of one bucket side by side
        buckets, starts, sizes = np.unique(begins[meets], return_index=True, return_counts=True)
        crowded = np.repeat(sizes > CROWD, sizes)
        some = meets[~crowded]
        yield self._paired(band, begins[some], ends[some], there[some])
        for bucket, start, size in zip(*(part[sizes > CROWD] for part in (buckets, starts, sizes)), strict=True):
            members = there[meets[start : start + size]]
            mine = self._filled[self._order[band, bucket : ends[meets[start]]]]
            yield self._nearest(band, mine, members, others)

    def _paired(self, band: int, begins: near.Indices, ends: near.Indices, others: near.Indices) -> near.Pairs:
        sizes = ends - begins
        mine = self._filled[self._order[band, near.ragged(begins, sizes)]]
        return np.stack([mine, np.repeat(others, sizes)], axis=1)

    def _nearest(self, band: int, mine: near.Indices, others: near.Indices, signatures: near.Signatures) -> near.Pairs:
        """Each of ours with the others next to it when all are sorted by the columns after the band."""
        after = ((band + 1) * self._rows + np.arange(NEIGHBOURS)) % signatures.shape[1]
        columns = np.concatenate([signatures[others[:, None], after], self._signatures[mine[:, None], after]])
        order = np.lexsort(columns[:, ::-1].T)
        is_other = order < len(others)
        in_order = others[order[is_other]]
        before = np.cumsum(is_other)[~is_other]  # how many others stand before each of ours
        at = np.clip(before[:, None] + np.arange(-NEIGHBOURS, NEIGHBOURS), 0, len(others) - 1)
        who = mine[order[~is_other] - len(others)]
        return np.stack([np.repeat(who, at.shape[1]), in_order[at].ravel()], axis=1)


def _filled(signatures: near.Signatures) -> near.Indices:
    """The rows of texts that have words."""
    return np.flatnonzero((signatures != near.EMPTY).any(axis=1))
