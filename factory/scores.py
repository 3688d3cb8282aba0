"""How an answer is scored beside the right one, and whether two models differ.

exact        the same words, case, accents and punctuation aside
f1           words that both have: the harmonic mean of precision and recall (Rajpurkar et al. 2016, arXiv:1606.05250)
quoted       the share of the cited source's word 4-grams that the answer says again

A difference is that of the same questions under two models. Its interval comes from a bootstrap over documents (Efron
1979; questions on one document hang together), or over questions where they come from few documents. At 99 %: of a
hundred comparisons of equals one is called a difference by chance.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from factory.folding import words

NGRAM = 4
ROUNDS = 4000  # of the bootstrap: a 99 % bound is then the 20th value from the end
LEVEL = 0.99
FEW_DOCUMENTS = 10  # fewer say too little of how documents vary: questions are drawn instead
FEW = 10  # questions, below which no verdict is given
Numbers = Sequence[float] | Sequence[Sequence[float]]  # a number a question, or such a list for each seed
Table = np.ndarray[Any, np.dtype[np.float64]]
Verdict = Literal["better", "worse", "no difference", "too few to say"]


def exact(said: str, right: str) -> float:
    """1 where both have the same words."""
    return float(words(said) == words(right))


def f1(said: str, right: str) -> float:
    """F1 of the words of both, each as often as it stands; 1 where neither has any."""
    one, other = Counter(words(said)), Counter(words(right))
    shared = (one & other).total()
    if not one or not other:
        return float(not one and not other)
    return 2 * shared / (one.total() + other.total())


def quoted(said: str, cited: str) -> float:
    """The share of the cited word 4-grams (fewer words are one) that stand in the answer; 0 of none."""
    wanted = _ngrams(words(cited), NGRAM)
    if not wanted:
        return 0.0
    size = len(next(iter(wanted)))
    return len(wanted & _ngrams(words(said), size)) / len(wanted)


def _ngrams(its: Sequence[str], size: int) -> set[tuple[str, ...]]:
    size = min(size, len(its))
    return {tuple(its[nth : nth + size]) for nth in range(len(its) - size + 1)} if size else set()


@dataclass(frozen=True)
class Difference:
    """A measure under two models: both means, the mean difference with its interval, and what that says."""

    before: float
    after: float
    difference: float
    low: float
    high: float
    count: int
    verdict: Verdict


def compare(before: Numbers, after: Numbers, documents: Sequence[str], *, higher_is_better: bool = True) -> Difference:
    """The difference of two models on the same questions; `documents` is where each comes from.

    Of models that were trained with several seeds, a list of numbers a seed: then the seeds are drawn as well. The
    draws themselves are fixed: the same numbers give the same interval.
    """
    one, other = (np.atleast_2d(np.asarray(values, float)) for values in (before, after))
    count = len(documents)
    low, high = interval(other - one, documents)
    means = (float(one.mean()), float(other.mean()), float((other - one).mean())) if count else (0.0, 0.0, 0.0)
    was, now, by, least, most = (round(value, 6) for value in (*means, low, high))
    return Difference(was, now, by, least, most, count, _verdict(count, low, high, higher_is_better))


def interval(values: Table, groups: Sequence[str]) -> tuple[float, float]:
    """A 99 % bootstrap interval of the mean of `values` (seeds, questions), of which both are drawn.

    Questions are drawn by whole groups, or one by one where groups are few.
    """
    if not len(groups):
        return 0.0, 0.0
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    if len(names) < FEW_DOCUMENTS:
        member = np.arange(len(groups))
    sums, sizes = np.array([np.bincount(member, seed) for seed in values]), np.bincount(member)
    rng = np.random.default_rng(0)
    means = np.empty(ROUNDS)
    for nth in range(ROUNDS):
        seeds, drawn = rng.integers(0, len(sums), len(sums)), rng.integers(0, len(sizes), len(sizes))
        means[nth] = sums[seeds].mean(axis=0)[drawn].sum() / sizes[drawn].sum()
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _verdict(count: int, low: float, high: float, higher_is_better: bool) -> Verdict:
    if count < FEW:
        return "too few to say"
    if low <= 0 <= high:
        return "no difference"
    return "better" if (low > 0) == higher_is_better else "worse"
