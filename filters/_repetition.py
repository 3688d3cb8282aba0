"""How much of a text repeats itself: lines, paragraphs, and words in a row.

In      texts and their tokens.
Out     shares of each text's characters, or of its lines.
Costs   0.1 ms a 2 kB text that repeats little.
Source  Rae et al. 2021 (arXiv:2112.11446), table A1, as datatrove counts it
        (https://github.com/huggingface/datatrove): what repeats is counted from its second time on.

Words in a row are compared by 64-bit hashes: two that differ are taken for equal once in 10^19 pairs.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from filters._words import Counts, Tokens

Hashes = NDArray[np.uint64]
Shares = NDArray[np.float64]

MIX = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio, odd (Knuth, TAOCP 3, 6.4)


def repeated(pieces: Sequence[str]) -> tuple[float, int]:
    """The share of the pieces that stand there before, and the characters of these."""
    seen: set[str] = set()
    count = chars = 0
    for piece in pieces:
        if piece in seen:
            count += 1
            chars += len(piece)
        else:
            seen.add(piece)
    return count / max(1, len(pieces)), chars


class Ngrams:
    """The n tokens in a row of each text that stand there more than once, for growing n.

    What does not repeat with n tokens does not with more: after the first step few are left.
    """

    def __init__(self, tokens: Tokens) -> None:
        self._offsets, self._counts = tokens.offsets, tokens.counts
        self._text = np.repeat(np.arange(len(self._counts)), self._counts)
        self._left = np.repeat(self._offsets[1:], self._counts) - np.arange(len(tokens.ids))  # to the end of the text
        self._until = np.concatenate(([0], np.cumsum(tokens.vocabulary.lengths[tokens.ids], dtype=np.int64)))
        self._tokens = _mix(tokens.ids.astype(np.uint64) + np.uint64(1))
        self._at, self._hashes = np.arange(len(tokens.ids)), self._tokens
        self._sizes = np.empty(0, np.int64)
        self.n = 1

    def grow(self) -> None:
        """Go on to n + 1: afterwards equal n-grams stand together."""
        goes_on = self._left[self._at] > self.n
        at = self._at[goes_on]
        hashes = self._hashes[goes_on] * MIX + self._tokens[at + self.n]
        keys = _mix(hashes ^ _mix(self._text[at].astype(np.uint64)))
        order = np.argsort(keys)  # the order of equal ones is not promised: stable sorts take five times as long
        keys = keys[order]
        begins = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])[: len(keys)])
        sizes = np.diff(begins, append=len(keys))
        again = order[np.repeat(sizes > 1, sizes)]
        self._at, self._hashes, self._sizes = at[again], hashes[again], sizes[sizes > 1]
        self.n += 1

    def top_chars(self) -> Counts:
        """Characters of the most frequent n-gram of each text, blanks between, times its count; of equals the first."""
        chars = np.zeros(len(self._counts), np.int64)
        enough = self._counts >= self.n
        chars[enough] = self._chars(self._offsets[:-1][enough]) + self.n - 1  # where none repeats
        if len(self._at):
            first = np.minimum.reduceat(self._at, np.cumsum(self._sizes) - self._sizes)
            worth = self._sizes * len(self._until) - first
            best = np.zeros(len(self._counts), np.int64)
            np.maximum.at(best, self._text[first], worth)
            chosen = best[self._text[first]] == worth
            chars[self._text[first[chosen]]] = (self._chars(first[chosen]) + self.n - 1) * self._sizes[chosen]
        return chars

    def repeated_chars(self) -> Counts:
        """Characters of the n-grams that stood in their text before; what is counted is not counted again."""
        chars = np.zeros(len(self._counts), np.int64)
        order = np.argsort(self._at)
        at, group = self._at[order], np.repeat(np.arange(len(self._sizes)), self._sizes)[order]
        ends = np.flatnonzero(np.diff(self._text[at], append=-1)) + 1
        for start, end in pairwise([0, *ends.tolist()]):
            counted = _greedy(at[start:end].tolist(), group[start:end].tolist(), self.n)
            chars[self._text[at[start]]] = self._chars(np.array(counted, np.int64)).sum()
        return chars

    def _chars(self, at: Counts) -> Counts:
        """Characters of the n-grams at these places, without blanks."""
        chars: Counts = self._until[at + self.n] - self._until[at]
        return chars


def _greedy(places: Sequence[int], groups: Sequence[int], n: int) -> list[int]:
    """The places of what stood there before, each after the end of the one before."""
    seen: set[int] = set()
    found: list[int] = []
    free = 0
    for place, group in zip(places, groups, strict=True):
        if place < free:
            continue
        if group in seen:
            found.append(place)
            free = place + n
        else:
            seen.add(group)
    return found


def _mix(hashes: Hashes) -> Hashes:
    mixed: Hashes = hashes * MIX
    mixed ^= mixed >> np.uint64(32)
    return mixed
