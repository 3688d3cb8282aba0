"""What texts are about, without a model: the words that tell them apart, and groups of texts that share such words.

In      texts. Looked at are words of letters alone, of up to LONGEST characters a text: no number, no address, no code.
Out     for each text its group, and of each group the words that stand in it more than elsewhere.
Source  tf-idf; latent semantic analysis (Deerwester et al. 1990) by a randomised range finder (Halko et al. 2011,
        arXiv:0909.4061); k-means on the sphere (Dhillon and Modha 2001), begun as by k-means++.
Costs   some 50 µs a short text to cut it, 0.6 s for the groups of 5,000; about 4 kB a text.

The seed is fixed: the same texts in the same order give the same groups.
"""

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from factory.stop_words import STOP_WORDS

SEED = 0
LONGEST = 4_000  # characters of a text
WORD = (3, 30)  # letters: below they say little, above they are no words, or a script without spaces
KNOWN = 20_000  # different words, the most frequent
COMMON = 0.5  # of the texts: a word that stands in more tells none of them apart
FEWEST = 5  # texts: a word that stands in fewer is neither used nor shown, since it may be somebody's name
NAMED = 0.01  # of the texts, for a word that nobody writes small: it may be a name, too
TERMS = 8  # words that are told of a group
DIRECTIONS, POWERS, ROUNDS, STARTS = 32, 2, 30, 3
A_GROUP = 40  # texts or more a group, and no more groups than MOST
MOST = 24
CHUNK = 200  # texts that are multiplied at once: 10 MB where they have 100 words each
BLOCK = 256  # rows of a dense matrix that are multiplied at once
MARKS = ".,;:!?…()[]{}\"'“”„‘’«»‹›*_`~|/\\-–—¿¡、。，．！？：；（）「」"

_LANGUAGES: dict[str, list[str]] = {}  # in which a word is a stop word
for _language, _words in STOP_WORDS.items():
    for _word in _words:
        _LANGUAGES.setdefault(_word, []).append(_language)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def words(text: str) -> dict[str, bool]:
    """The words of a text in small letters, those of its language that stand everywhere left out; is one written so?"""
    found: dict[str, bool] = {}
    for run in text[:LONGEST].split():
        word = run.strip(MARKS)
        if WORD[0] <= len(word) <= WORD[1] and word.isalpha():  # `<EMAIL>` is none
            lower = word.lower()
            found[lower] = found.get(lower, False) or word == lower
    its = dict.fromkeys(STOP_WORDS, 0)
    for word in found:
        for language in _LANGUAGES.get(word, ()):
            its[language] += 1
    stops = STOP_WORDS[max(its, key=its.__getitem__)]
    return {word: small for word, small in found.items() if word not in stops}


@dataclass(frozen=True)
class Group:
    """Texts that share words: which (places, those most like the others first), and the words."""

    members: Ints
    terms: list[str]
    likeness: float  # the mean cosine of its texts and their middle
    place: tuple[float, float]  # on a map from 0 to 1: near each other is alike


class Content:
    """The words of texts, and their groups."""

    def __init__(self, texts: Iterable[str]) -> None:
        known: dict[str, int] = {}  # a number for each word: texts are held as numbers
        said, small = [], Counter[str]()
        for text in texts:
            its = words(text)
            said.append(array("l", [known.setdefault(word, len(known)) for word in its]))
            small.update(word for word, is_small in its.items() if is_small)
        self.count, self._small = len(said), small
        counts = np.bincount(np.concatenate([np.empty(0, np.int64), *map(np.asarray, said)]), minlength=len(known))
        self._frequency = dict(zip(known, counts.tolist(), strict=True))
        kept = sorted(
            (-n, word) for word, n in self._frequency.items() if n >= FEWEST and n <= max(FEWEST, COMMON * self.count)
        )
        self.vocabulary = [word for _, word in kept[:KNOWN]]
        numbers = np.full(len(known), -1, np.int64)
        numbers[[known[word] for word in self.vocabulary]] = np.arange(len(self.vocabulary))
        ids = [(placed := np.sort(numbers[np.asarray(its, np.int64)]))[placed >= 0] for its in said]
        self.placed = np.flatnonzero([len(its) > 0 for its in ids])  # texts with no such word lie nowhere
        self._rows = _Rows([ids[nth] for nth in self.placed], self._rarity())

    def _rarity(self) -> Floats:
        return np.array([math.log(self.count / self._frequency[word]) + 1 for word in self.vocabulary])

    def groups(self) -> list[Group]:
        """The groups, the largest first. None where there are too few texts for two."""
        many = min(MOST, len(self.placed) // A_GROUP)
        if many < 2:
            return []
        draw = np.random.default_rng(SEED)
        points = _laid_out(self._rows, draw)
        labels, middles = _grouped(points, many, draw)
        found = [np.flatnonzero(labels == nth) for nth in range(many)]
        places, terms = _places(middles), self._terms(labels, many)
        made = [
            self._group(its, _product(points[its], middles[nth]), terms[nth], places[nth])
            for nth, its in enumerate(found) if len(its)
        ]  # fmt: skip
        return sorted(made, key=lambda group: (-len(group.members), int(group.members.min())))

    def _group(self, its: Ints, likeness: Floats, terms: list[str], place: Floats) -> Group:
        order = np.lexsort((its, -likeness.round(6)))
        x, y = place.round(3).tolist()
        return Group(self.placed[its[order]], terms, round(float(likeness.mean()), 3), (x, y))

    def _terms(self, labels: Ints, many: int) -> list[list[str]]:
        """Of each group the words that stand in it oftener than elsewhere, and in FEWEST of its texts."""
        size = len(self.vocabulary)
        counts = np.bincount(labels[self._rows.which] * size + self._rows.ids, minlength=many * size)
        counts = counts.reshape(many, size)
        inside = counts / np.maximum(1, np.bincount(labels, minlength=many))[:, None]
        worth = inside * np.log(np.maximum(inside, 1e-12) / (counts.sum(axis=0) / len(labels)))
        worth[(counts < FEWEST) | ~self._may_be_shown] = 0
        best = np.argsort(-worth.round(9), axis=1, kind="stable")[:, :TERMS]
        return [[self.vocabulary[at] for at in its if worth[nth, at] > 0] for nth, its in enumerate(best)]

    @cached_property
    def _may_be_shown(self) -> NDArray[np.bool_]:
        often = NAMED * self.count
        return np.array([self._small[word] >= FEWEST or self._frequency[word] >= often for word in self.vocabulary])


class _Rows:
    """A sparse matrix of texts by words: each text's words weighed by rarity, of length 1."""

    def __init__(self, rows: Sequence[Ints], rarity: Floats) -> None:
        sizes = np.array([len(row) for row in rows], np.int64)
        self.starts = np.concatenate([[0], np.cumsum(sizes)])
        self.ids = np.concatenate([np.empty(0, np.int64), *rows])
        self.which = np.repeat(np.arange(len(rows)), sizes)
        lengths = np.sqrt(np.bincount(self.which, rarity[self.ids] ** 2, minlength=len(rows)))
        self.weights = rarity[self.ids] / lengths[self.which]
        self.shape = (len(rows), len(rarity))

    def times(self, other: Floats) -> Floats:
        made = np.empty((self.shape[0], other.shape[1]))
        for first in range(0, self.shape[0], CHUNK):
            last = min(first + CHUNK, self.shape[0])
            here = slice(self.starts[first], self.starts[last])
            weighed = self.weights[here, None] * other[self.ids[here]]
            made[first:last] = np.add.reduceat(weighed, self.starts[first:last] - self.starts[first])
        return made

    def transposed_times(self, other: Floats) -> Floats:
        columns = [np.bincount(self.ids, self.weights * its[self.which], self.shape[1]) for its in other.T]
        return np.stack(columns, axis=1)


def _laid_out(rows: _Rows, draw: np.random.Generator) -> Floats:
    """Each text as a point on the sphere of the directions in which the texts differ most."""
    basis = rows.times(draw.standard_normal((rows.shape[1], min(DIRECTIONS, *rows.shape))))
    for _ in range(POWERS):
        basis = rows.times(rows.transposed_times(_qr(basis)[0]))
    of_words, inner = _qr(rows.transposed_times(_qr(basis)[0]))
    return _unit(rows.times(_product(of_words, np.linalg.svd(inner)[0])))


def _qr(tall: Floats) -> tuple[Floats, Floats]:
    """The QR decomposition of a matrix with many rows: of blocks of it, then of their R (Demmel et al. 2012, TSQR)."""
    blocks = [np.linalg.qr(block) for block in _blocks(tall)]
    if len(blocks) == 1:
        return blocks[0]
    inner, triangle = _qr(np.concatenate([its for _, its in blocks]))
    ends = np.cumsum([len(its) for _, its in blocks])[:-1]
    parts = zip((its for its, _ in blocks), np.split(inner, ends), strict=True)
    return np.concatenate([_product(its, part) for its, part in parts]), triangle


def _product(tall: Floats, other: Floats) -> Floats:
    """`tall @ other`, block by block."""
    made: Floats = np.concatenate([block @ other for block in _blocks(tall)])
    return made


def _blocks(tall: Floats) -> list[Floats]:
    """Its rows in pieces on which BLAS starts no threads: on more, its threads wait far longer than they work."""
    return [tall[first : first + BLOCK] for first in range(0, len(tall), BLOCK)]


def _unit(points: Floats) -> Floats:
    made: Floats = points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-12)
    return made


def _grouped(points: Floats, many: int, draw: np.random.Generator) -> tuple[Ints, Floats]:
    """Each point's group, and the groups' middles: the best of a few starts."""
    columns = np.ascontiguousarray(points.T)
    found = [_from_start(points, columns, _start(points, many, draw)) for _ in range(STARTS)]
    return max(found, key=lambda one: float(np.einsum("ij,ij->", points, one[1][one[0]])))


def _start(points: Floats, many: int, draw: np.random.Generator) -> Floats:
    """Points apart from each other."""
    chosen = [int(draw.integers(len(points)))]
    apart = np.maximum(0, 1 - _product(points, points[chosen[0]]))
    while len(chosen) < many:
        until = np.cumsum(apart)
        chosen.append(min(int(np.searchsorted(until, draw.random() * until[-1], side="right")), len(points) - 1))
        apart = np.minimum(apart, np.maximum(0, 1 - _product(points, points[chosen[-1]])))
    return points[chosen]


def _from_start(points: Floats, columns: Floats, middles: Floats) -> tuple[Ints, Floats]:
    labels: Ints = np.full(len(points), -1)
    for _ in range(ROUNDS):
        nearest = np.argmax(_product(points, middles.T), axis=1)
        if np.array_equal(nearest, labels):
            break
        labels = nearest
        sums: Floats = np.stack([np.bincount(labels, its, len(middles)) for its in columns], axis=1).astype(np.float64)
        some = np.bincount(labels, minlength=len(middles)) > 0
        middles = np.where(some[:, None], _unit(sums), middles)  # one that nobody is near stays where it is
    return labels, middles


def _places(middles: Floats) -> Floats:
    """The middles on a map from 0 to 1, along the two directions in which they differ most."""
    centred = middles - middles.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    flat: Any = centred @ directions[:2].T
    flat = np.pad(flat, ((0, 0), (0, 2 - flat.shape[1])))
    flat *= np.where(flat[np.abs(flat).argmax(axis=0), [0, 1]] < 0, -1, 1)  # a direction has no sign of its own
    span = np.ptp(flat, axis=0)
    made: Floats = np.where(span > 0, (flat - flat.min(axis=0)) / np.where(span > 0, span, 1), 0.5)
    ranks = flat.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable") / max(1, len(flat) - 1)
    made = (made + ranks) / 2  # half by its place among the others: else what is alike would hide each other
    return made
