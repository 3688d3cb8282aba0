"""Whether two counts or two sets of numbers differ by more than chance: what a diff says beside a change.

Takes   counts of two samples, or their values.
Gives   the name of the test and its p-value, two-sided.
Source  two proportions, pooled z: Fleiss, Levin, Paik, Statistical Methods for Rates and Proportions, 2.3; where an
        expected count is below 5 (Cochran 1954), Fisher's exact test (Fisher 1935). Values: Mann and Whitney 1947, with
        the normal approximation corrected for ties. Many tests at once: Holm 1979.

The formulas take the samples for independent. Two versions of one dataset share rows, so that a change is less often
called clear than it could be, never more often.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

EXPECTED = 5.0  # below it the normal approximation of a count is poor
FEW = 8  # values a side: below it that of ranks is
LEVEL = 0.05  # of all tests together


class Test(NamedTuple):
    """The name of a test, and how likely so great a difference is by chance."""

    name: str
    p: float


def proportions(one: tuple[int, int], other: tuple[int, int]) -> Test | None:
    """Two shares, each (count, of how many); None where one is of nothing."""
    (a, n), (b, m) = one, other
    if not n or not m:
        return None
    share = (a + b) / (n + m)
    if min(n, m) * min(share, 1 - share) < EXPECTED:
        return Test("Fisher", _fisher(a, n, b, m))
    z = (a / n - b / m) / math.sqrt(share * (1 - share) * (1 / n + 1 / m))
    return Test("two proportions", _two_sided(z))


def _fisher(a: int, n: int, b: int, m: int) -> float:
    """The chance of all tables of these margins that are no likelier than this one."""
    both = a + b
    found = np.arange(max(0, both - m), min(n, both) + 1)
    logs = np.array([_log_choose(n, k) + _log_choose(m, both - k) for k in found.tolist()])
    logs -= _log_choose(n + m, both)
    seen = logs[a - int(found[0])]
    return float(min(1.0, np.exp(logs[logs <= seen + 1e-7]).sum()))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def ranks(one: NDArray[np.int64], other: NDArray[np.int64]) -> Test | None:
    """Whether values of one sample tend to be greater; None where a side has too few, or all values are the same."""
    n, m = len(one), len(other)
    if min(n, m) < FEW:
        return None
    values, counts = np.unique(np.concatenate([one, other]), return_counts=True)
    if len(values) == 1:
        return None
    below = np.concatenate([[0], np.cumsum(counts)[:-1]])
    middle = below + (counts + 1) / 2  # the rank that all of one value share
    u = float(middle[np.searchsorted(values, one)].sum()) - n * (n + 1) / 2
    ties = float((counts.astype(float) ** 3 - counts).sum()) / ((n + m) * (n + m - 1))
    spread = math.sqrt(n * m / 12 * (n + m + 1 - ties))
    return Test("ranks", _two_sided((u - n * m / 2) / spread))


def _two_sided(z: float) -> float:
    return math.erfc(abs(z) / math.sqrt(2))


def clear(tests: Mapping[str, Test]) -> set[str]:
    """The names of the tests that stand when all of them are looked at together."""
    found: set[str] = set()
    for nth, (name, test) in enumerate(sorted(tests.items(), key=lambda pair: (pair[1].p, pair[0]))):
        if test.p > LEVEL / (len(tests) - nth):
            break
        found.add(name)
    return found
