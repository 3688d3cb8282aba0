"""Near-duplicates: MinHash signatures, banding, an exact Jaccard check, clusters. One kernel for the whole project.

In      texts, as str or as an Arrow string array; or signatures made earlier, and a way to read texts again.
Out     a cluster label a text: the smallest index of its cluster.
Costs   linear in the texts. 4 * num_perm bytes a text (512 at 128), about 0.4 kB a text while candidates are looked
        for, and the shingles of at most `MAX_TEXTS` texts at once.
Source  MinHash: Broder 1997 (https://doi.org/10.1109/SEQUEN.1997.666900); its permutations and their seed are those
        of datasketch 2 ("affine32"). Banding: Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, 3.4. Dropping a
        candidate whose signatures agree too rarely: BayesLSH-Lite, Satuluri and Parthasarathy 2012 (arXiv:1110.1328).
        Neighbours inside a crowded bucket: LSH Forest, Bawa et al. 2005 (https://doi.org/10.1145/1060745.1060840).
"""

import math
from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from factory.shingles import Hashes32, Hashes64, Indices, Shingles, Texts, Unit, ragged, shingle_blocks, shingles

Signatures = NDArray[np.uint32]
Pairs = NDArray[np.int64]

__all__ = [
    "EMPTY",
    "Hashes64",
    "Indices",
    "Pairs",
    "Shingles",
    "Signatures",
    "Texts",
    "Unit",
    "agreement",
    "band_keys",
    "banding",
    "candidates",
    "clusters",
    "jaccard",
    "least_agreement",
    "near_duplicates",
    "near_duplicates_of",
    "proves",
    "ragged",
    "rank",
    "shingles",
    "signatures",
]

EMPTY = 0xFFFFFFFF  # each value in the signature of a text without words
MAX_PERM = 4096
MAX_TEXTS = 16_384  # texts whose shingles are held at once: 24 MB of shingles for texts of 2 kB
SLOTS = 1 << 16  # shingles permuted at once: 256 kB stay in a second-level cache
CROWD = 32  # a bucket of more members is not paired in full
NEIGHBOURS = 8  # what each member of a crowded bucket is paired with, besides the first
WRONGLY_MISSED = 5e-3  # chance for a pair at the threshold to be no candidate; higher up it falls fast
WRONGLY_DROPPED = 1e-6  # chance for a pair at the threshold that its signatures alone drop it
WRONGLY_JOINED = 1e-9  # chance for a pair below it that its signatures are equal in all columns


def signatures(
    texts: Texts,
    *,
    num_perm: int = 128,
    ngram: int = 5,
    unit: Unit = "word",
    seed: int = 1,
) -> Signatures:
    """MinHash signatures of the texts, one row a text.

    Returns uint32, shape (len(texts), num_perm); a row depends on its own text and the options only, on any machine.
    It equals the hashvalues of datasketch 2's MinHash(num_perm, seed) fed with the text's `shingles`. A text of fewer
    than `ngram` words is one shingle of them all; one without words is a row of 0xFFFFFFFF. Raises ValueError unless
    1 <= num_perm <= 4096, 1 <= ngram and 0 <= seed < 2**32.
    """
    if not 1 <= num_perm <= MAX_PERM:
        raise ValueError(f"num_perm is {num_perm}; it must be between 1 and {MAX_PERM}.")
    if not 0 <= seed < 1 << 32:
        raise ValueError(f"seed is {seed}; it must be between 0 and 2**32 - 1.")
    factors, terms = _permutations(num_perm, seed)
    rows = np.full((len(texts), num_perm), EMPTY, np.uint32)
    row = 0
    for hashes, offsets in shingle_blocks(texts, ngram=ngram, unit=unit):
        _permute(_murmur_mix(hashes), offsets, factors, terms, rows[row : row + offsets.size - 1])
        row += offsets.size - 1
    return rows


def candidates(signatures: Signatures, *, bands: int = 20, rows: int = 6) -> Pairs:
    """Pairs of texts that may be near-duplicates: those whose signatures agree in all `rows` columns of a band.

    Returns int64, shape (m, 2), i < j, sorted, each once. With 20 bands of 6 a pair of Jaccard .8 is found with
    probability .9977, of .9 with 1 - 1e-7. Rows of 0xFFFFFFFF (empty texts) are in no pair.

    Never quadratic. Texts of one signature are paired with the first of them only, which stands for all of them. In a
    bucket of more than 32 members each is paired with the first, and with the 8 next to it when they are sorted by the
    columns after the band, that is with those most like it. A pair of such a bucket can be missed when no band puts
    it side by side; near-duplicates of which many stand in one bucket are still joined through one another.
    Raises ValueError unless bands * rows columns are there.
    """
    if bands < 1 or rows < 1 or bands * rows > signatures.shape[1]:
        columns = signatures.shape[1]
        raise ValueError(
            f"{bands} bands of {rows} rows are not in {columns} columns; bands * rows may be 1 to {columns}."
        )
    whole, keys = band_keys(signatures, bands, rows)
    first = _first_equal(signatures, whole)
    blank = np.flatnonzero(signatures[:, 0] == EMPTY)
    blank = blank[(signatures[blank] == EMPTY).all(axis=1)]
    copies = np.setdiff1d(np.flatnonzero(first != np.arange(first.size)), blank)
    alone = np.setdiff1d(np.flatnonzero(first == np.arange(first.size)), blank)
    found = [_pack(first[copies], copies)]
    pending = 0
    for band in range(bands):
        after = ((band + 1) * rows + np.arange(NEIGHBOURS)) % signatures.shape[1]
        near = _bucket_pairs(keys[band, alone], alone, signatures, after)
        found.append(near)
        pending += near.size
        if pending > 1 << 20:  # the same pairs come back band after band: keep them once
            found, pending = [np.unique(np.concatenate(found))], 0
    packed = np.unique(np.concatenate(found))
    return np.stack([packed >> np.uint64(32), packed & np.uint64(0xFFFFFFFF)], axis=1).astype(np.int64)


def jaccard(shingled: Shingles, pairs: Pairs) -> NDArray[np.float64]:
    """The Jaccard similarity of each pair of shingle sets: shared / all. Two texts without shingles have 0.

    `pairs` is int, shape (m, 2), indices into `shingled`. Returns float64, shape (m,).
    """
    starts, sizes = shingled.offsets[:-1], np.diff(shingled.offsets)
    both = sizes[pairs].sum(axis=1) if pairs.size else np.empty(0, np.int64)
    shared = np.zeros(both.size, np.int64)
    for begin, end in _spans(both, SLOTS):
        ends = pairs[begin:end].ravel()
        where = ragged(starts[ends], sizes[ends])
        keyed = np.repeat(np.arange(end - begin, dtype=np.uint64) << np.uint64(32), both[begin:end])
        keyed |= shingled.values[where]
        keyed.sort()  # each set has a value once, so a value twice under one pair is shared
        twice = keyed[1:][keyed[1:] == keyed[:-1]]
        shared[begin:end] = np.bincount((twice >> np.uint64(32)).astype(np.int64), minlength=end - begin)
    similarity: NDArray[np.float64] = shared / np.maximum(both - shared, 1)
    return similarity


def clusters(n: int, pairs: Pairs) -> Indices:
    """The connected components of `n` items joined by `pairs` (int, shape (m, 2)).

    Returns int64, shape (n,): the smallest index of each item's component. The order of the pairs does not matter.
    """
    labels = np.arange(n, dtype=np.int64)
    left, right = pairs[:, 0], pairs[:, 1]
    while left.size:
        low = np.minimum(left, right)
        np.minimum.at(labels, np.maximum(left, right), low)
        while not np.array_equal(labels, shorter := labels[labels]):
            labels = shorter
        left, right = labels[left], labels[right]
        apart = left != right
        left, right = left[apart], right[apart]
    return labels


def banding(threshold: float, num_perm: int) -> tuple[int, int]:
    """Bands and rows that miss at most one pair in 200 at `threshold`, with as few false candidates as that allows.

    At 128 columns .8 gives (21, 6), which misses .0017; .9 gives (14, 9); .5 gives (42, 3). Pairs above the threshold
    are missed less, those below become candidates less often. Raises ValueError unless 0 < threshold <= 1.
    """
    _check_threshold(threshold)
    for rows in range(num_perm, 1, -1):
        bands = num_perm // rows
        if (1 - threshold**rows) ** bands <= WRONGLY_MISSED:
            return bands, rows
    return num_perm, 1


def near_duplicates(
    texts: Texts,
    *,
    threshold: float = 0.8,
    num_perm: int = 128,
    ngram: int = 5,
    unit: Unit = "word",
    seed: int = 1,
) -> Indices:
    """Label the clusters of near-duplicate texts: those joined by pairs whose exact Jaccard is `threshold` or more.

    Returns int64, shape (len(texts),): the smallest index of the text's cluster. A text without words is alone.
    What can be missed: `banding`, `candidates`. Raises ValueError for what `signatures` refuses, and unless
    0 < threshold <= 1.
    """
    _check_threshold(threshold)
    sketched = signatures(texts, num_perm=num_perm, ngram=ngram, unit=unit, seed=seed)

    def texts_of(indices: Indices) -> Texts:
        if isinstance(texts, pa.Array | pa.ChunkedArray):
            return texts.take(pa.array(indices))
        return [texts[index] for index in indices.tolist()]

    return near_duplicates_of(sketched, texts_of, threshold=threshold, ngram=ngram, unit=unit)


def near_duplicates_of(
    signatures: Signatures,
    texts_of: Callable[[Indices], Texts],
    *,
    threshold: float = 0.8,
    ngram: int = 5,
    unit: Unit = "word",
    max_texts: int = MAX_TEXTS,
) -> Indices:
    """`near_duplicates` where the signatures are made already and texts are dear to hold.

    `texts_of` gets ascending indices (int64, at most `max_texts`) and returns their texts in that order. It is asked
    only for texts in a candidate pair, for each of them once unless more than `max_texts` hang together. `ngram` and
    `unit` must be those of the signatures. Two kinds of pairs are settled unread: those of one signature are joined if
    that is wrong less than once in 1e9 (at 128 columns: thresholds up to .85), those whose signatures agree so seldom
    that a pair at the threshold would not in one case of 1e6 are dropped. Raises ValueError as `near_duplicates` does,
    unless max_texts >= 2, and when `texts_of` returns another number of texts than it was asked for.
    """
    _check_threshold(threshold)
    if max_texts < 2:
        raise ValueError(f"max_texts is {max_texts}; a pair needs 2.")
    n, num_perm = signatures.shape
    bands, rows = banding(threshold, num_perm)
    pairs = candidates(signatures, bands=bands, rows=rows)
    agreeing = agreement(signatures, pairs)
    sure = (agreeing == num_perm) & proves(num_perm, threshold)
    labels = clusters(n, pairs[sure])
    likely = ~sure & (agreeing >= least_agreement(num_perm, threshold))
    pairs, agreeing = pairs[likely], agreeing[likely]
    while pairs.size:
        part, rest = _reading_order(n, pairs, agreeing, max_texts)
        members = np.unique(pairs[part])
        texts = texts_of(members)
        if len(texts) != members.size:
            raise ValueError(f"texts_of returned {len(texts)} texts for {members.size} indices.")
        shingled = shingles(texts, ngram=ngram, unit=unit)
        joined = _confirm(np.searchsorted(members, pairs[part]), shingled, threshold)
        labels = _join(labels, members[joined])
        rest = rest[labels[pairs[rest, 0]] != labels[pairs[rest, 1]]]
        pairs, agreeing = pairs[rest], agreeing[rest]
    return labels


# Confirming candidates


def agreement(signatures: Signatures, pairs: Pairs, others: Signatures | None = None) -> Indices:
    """In how many columns the signatures of each pair are equal; with `others` the second of a pair is one of them."""
    agreeing = np.empty(len(pairs), np.int64)
    for begin in range(0, len(pairs), 1024):  # two times 512 kB of rows at 128 columns
        ours, theirs = pairs[begin : begin + 1024].T
        left, right = signatures[ours], (signatures if others is None else others)[theirs]
        bits = np.bitwise_count(np.packbits(left == right, axis=1))
        agreeing[begin : begin + 1024] = bits.sum(axis=1, dtype=np.int64)
    return agreeing


def least_agreement(num_perm: int, threshold: float) -> int:
    """The smallest number of equal columns that a pair of Jaccard `threshold` seldom falls below: `WRONGLY_DROPPED`."""
    if threshold == 1:
        return num_perm
    below = 0.0
    for equal in range(num_perm):
        ways = math.lgamma(num_perm + 1) - math.lgamma(equal + 1) - math.lgamma(num_perm - equal + 1)
        below += math.exp(ways + equal * math.log(threshold) + (num_perm - equal) * math.log1p(-threshold))
        if below > WRONGLY_DROPPED:
            return equal
    return num_perm


def proves(num_perm: int, threshold: float) -> bool:
    """Whether equal signatures alone say that two texts reach `threshold`: wrong less than `WRONGLY_JOINED`."""
    return threshold**num_perm < WRONGLY_JOINED


def _reading_order(n: int, pairs: Pairs, agreeing: Indices, max_texts: int) -> tuple[Indices, Indices]:
    """Which pairs to confirm next, of at most `max_texts` texts, and which later; the likeliest first.

    Pairs that hang together come together, so that each text is read once. Where more than `max_texts` texts hang
    together, they are read pair by pair: most of their pairs are joined by others before their turn comes.
    """
    hanging = clusters(n, pairs)
    sizes = np.bincount(hanging, minlength=n)
    group = hanging[pairs[:, 0]]
    group[sizes[group] > max_texts] = n
    order = np.lexsort((-agreeing, group))
    group = group[order]
    texts = np.where(_first_of_run(group), sizes[np.minimum(group, n - 1)], 0)
    texts[group == n] = 2
    end = np.searchsorted(np.cumsum(texts), max_texts, side="right")
    return order[:end], order[end:]


def _confirm(pairs: Pairs, shingled: Shingles, threshold: float) -> Pairs:
    """Those of `pairs` at or above `threshold` that are needed to join all that are; the likeliest stand first.

    In rounds: each cluster tries its first pair, then its next four, sixteen ...; what the round joined is not tried.
    """
    labels = np.arange(shingled.offsets.size - 1)
    joined = [np.empty((0, 2), np.int64)]
    tries = 1
    while pairs.size:
        tried = (rank(labels[pairs[:, 0]]) < tries) | (rank(labels[pairs[:, 1]]) < tries)
        near = pairs[tried][jaccard(shingled, pairs[tried]) >= threshold]
        joined.append(near)
        labels = _join(labels, near)
        pairs = pairs[~tried]
        pairs = pairs[labels[pairs[:, 0]] != labels[pairs[:, 1]]]
        tries *= 4
    return np.concatenate(joined)


def _join(labels: Indices, pairs: Pairs) -> Indices:
    """The labels after `pairs` join what they join."""
    return clusters(labels.size, labels[pairs])[labels]


# Buckets


def band_keys(signatures: Signatures, bands: int, rows: int) -> tuple[Hashes64, Hashes64]:
    """A 64-bit hash of each row, shape (n,), and of each band of it, shape (bands, n)."""
    factors = np.random.RandomState(0).randint(0, 1 << 63, signatures.shape[1], dtype=np.uint64) * 2 + 1
    whole = np.empty(len(signatures), np.uint64)
    keys = np.empty((bands, len(signatures)), np.uint64)
    for begin in range(0, len(signatures), 1024):
        weighted = signatures[begin : begin + 1024] * factors
        whole[begin : begin + 1024] = weighted.sum(axis=1)
        banded = weighted[:, : bands * rows].reshape(-1, bands, rows)
        keys[:, begin : begin + 1024] = banded.sum(axis=2).T
    return whole, keys


def _first_equal(signatures: Signatures, keys: Hashes64) -> Indices:
    """The smallest index whose signature is the same, for each row."""
    order = np.argsort(keys, kind="stable")
    first = _first_of_run(keys[order])
    for begin in range(0, order.size, 1024):  # equal keys are not proof
        at = begin + np.flatnonzero(~first[begin : begin + 1024])
        first[at] = (signatures[order[at]] != signatures[order[at - 1]]).any(axis=1)
    heads = np.empty(order.size, np.int64)
    heads[order] = order[first][np.cumsum(first) - 1]
    return heads


def _bucket_pairs(keys: Hashes64, ids: Indices, signatures: Signatures, after: Indices) -> Hashes64:
    """The pairs, packed, of the ids (ascending) that have one key; a crowd is sorted by the columns `after`."""
    bits = np.uint64(ids.size.bit_length())
    packed = (keys >> bits << bits) | np.arange(ids.size, dtype=np.uint64)
    packed.sort()  # many times faster than argsort; two keys that differ in their low bits only are a false candidate
    bucket = packed >> bits
    members = ids[(packed ^ (bucket << bits)).astype(np.int64)]
    starts = np.flatnonzero(_first_of_run(bucket))
    sizes = np.diff(np.append(starts, bucket.size))
    shared = sizes > 1
    starts, sizes = starts[shared], sizes[shared]
    small = sizes <= CROWD
    found = [_nearby(members[ragged(starts[small], sizes[small])], sizes[small], CROWD)]
    for start, size in zip(starts[~small].tolist(), sizes[~small].tolist(), strict=True):
        crowd = members[start : start + size]
        order = np.lexsort(signatures[crowd[:, None], after[::-1]].T)
        found.append(_nearby(crowd[order], np.array([size]), NEIGHBOURS))
        found.append(_pack(np.full(size - 1, crowd[0]), crowd[1:]))
    return np.concatenate(found)


def _nearby(members: Indices, sizes: Indices, reach: int) -> Hashes64:
    """Each member with the next `reach` of its bucket, packed; `sizes` are those of the buckets, one after another."""
    ends = np.repeat(np.cumsum(sizes), sizes)
    at = np.arange(members.size)
    found = [np.empty(0, np.uint64)]
    for distance in range(1, reach + 1):
        at = at[at + distance < ends[at]]
        if not at.size:
            break
        found.append(_pack(members[at], members[at + distance]))
    return np.concatenate(found)


def _pack(left: Indices, right: Indices) -> Hashes64:
    """Each pair as one number, the smaller index in the high half: numbers sort much faster than rows."""
    low, high = np.minimum(left, right), np.maximum(left, right)
    return (low.astype(np.uint64) << np.uint64(32)) | high.astype(np.uint64)


# Shingles and their permutations


def _permutations(num_perm: int, seed: int) -> tuple[Hashes32, Hashes32]:
    """datasketch's: odd factors and terms of h -> factor * h + term mod 2**32."""
    draw = np.random.RandomState(seed)
    factors = draw.randint(0, 1 << 31, num_perm, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return factors, draw.randint(0, 1 << 32, num_perm, dtype=np.uint32)


def _murmur_mix(hashes: Hashes32) -> Hashes32:
    """MurmurHash3's finaliser, which datasketch applies once before its permutations."""
    mixed = hashes ^ (hashes >> np.uint32(16))
    mixed *= np.uint32(0x85EBCA6B)
    mixed ^= mixed >> np.uint32(13)
    mixed *= np.uint32(0xC2B2AE35)
    mixed ^= mixed >> np.uint32(16)
    return mixed


def _permute(hashes: Hashes32, offsets: Indices, factors: Hashes32, terms: Hashes32, rows: Signatures) -> None:
    """Fill `rows` with the minimum of each permutation over each text's hashes; an empty text's row is left alone."""
    full = np.flatnonzero(np.diff(offsets))
    starts = offsets[full]
    lowest = np.full((factors.size, full.size), EMPTY, np.uint32)
    scratch = np.empty(min(SLOTS, hashes.size), np.uint32)
    for begin in range(0, hashes.size, SLOTS):
        some = hashes[begin : begin + SLOTS]
        permuted = scratch[: some.size]
        texts = slice(np.searchsorted(starts, begin, "right") - 1, np.searchsorted(starts, begin + some.size))
        cuts = np.maximum(starts[texts] - begin, 0)
        for row, factor, term in zip(lowest[:, texts], factors, terms, strict=True):
            np.multiply(some, factor, out=permuted)
            np.add(permuted, term, out=permuted)
            np.minimum(row, np.minimum.reduceat(permuted, cuts), out=row)  # a long text goes on from slot to slot
    rows[full] = lowest.T


# Arrays


def _first_of_run(values: NDArray[np.generic]) -> NDArray[np.bool_]:
    """True where a value differs from the one before."""
    first = np.ones(values.size, bool)
    np.not_equal(values[1:], values[:-1], out=first[1:])
    return first


def rank(groups: Indices) -> Indices:
    """How many of its group come before each item; the groups may be mixed."""
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(_first_of_run(groups[order]))
    rank = np.empty(groups.size, np.int64)
    rank[order] = np.arange(groups.size) - np.repeat(starts, np.diff(np.append(starts, groups.size)))
    return rank


def _spans(sizes: Indices, most: int) -> Iterator[tuple[int, int]]:
    """Cut a list into stretches whose sizes sum to at most `most`, but at least one item each."""
    total = np.cumsum(sizes)
    begin = 0
    while begin < total.size:
        before = total[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(total, before + most, side="right")))
        yield begin, end
        begin = end


def _check_threshold(threshold: float) -> None:
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold is {threshold}; it must be above 0 and at most 1.")
