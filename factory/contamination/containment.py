"""The share of a question's words that stand close together in a text: what is left of one that was thinned out.

In      the hashed words and word pairs of questions (`benchmark_index.features`), then those of a row.
Out     the question of which the most stands within a stretch of the row, the share, and where.
Costs   some 5 kB of RAM a question; 0.2 ms a row of 60 words against 5,000 questions.
Source  our own. Each word and pair weighs ln((questions + 1) / (questions with it + 0.5)). A question is a candidate
        where a row shares some of its rarest words (prefix filtering: Chaudhuri, Ganti and Kaushik 2006).
"""

from collections.abc import Iterator, Sequence

import numpy as np

from factory.contamination.index import Hashes, Indices, Tokens, features

WINDOW, STEP = 256, 128  # words of a text that are looked at together; a stretch is never longer than a step
SHORTEST_STRETCH, STRETCH = 32, 1.5  # words: at least, and for each word and pair of the question
FLOOR = 0.5  # of a question's weight: less is not noted
RARE = 0.8  # of a question's weight: its rarest words, by which it becomes a candidate


def found(known: Hashes, values: Hashes) -> Indices:
    """The place of each value in the sorted `known`; -1 where it is not there."""
    if not len(known):
        return np.full(len(values), -1, np.int64)
    at = np.minimum(np.searchsorted(known, values), len(known) - 1)
    return np.where(known[at] == values, at, -1)


def flat(arrays: Sequence[Hashes]) -> tuple[Hashes, Indices]:
    """All values one after the other, and whose each is."""
    sizes = np.array([len(array) for array in arrays], np.int64)
    joined = np.concatenate([*arrays, np.zeros(0, np.uint64)])
    return joined, np.repeat(np.arange(len(arrays), dtype=np.int64), sizes)


class Containment:
    """The words and word pairs of questions, weighted by how few questions have them."""

    def __init__(self, sets: Sequence[Hashes]) -> None:
        everything, owner = flat(sets)
        self._known, feature = np.unique(everything, return_inverse=True)
        asked = sum(1 for words in sets if len(words))
        df = np.bincount(feature, minlength=len(self._known))
        self._weight = np.log((asked + 1) / (df + 0.5))
        self._total = np.bincount(owner, self._weight[feature], minlength=len(sets))
        self._bounds = np.searchsorted(owner, np.arange(len(sets) + 1))
        self._features = feature
        self._index_rare(owner, feature, df)
        self._present = np.zeros(len(self._known), bool)

    def _index_rare(self, owner: Indices, feature: Indices, df: Indices) -> None:
        """Postings of each item's rarest features that make up RARE of its weight: the others choose no candidate."""
        order = np.lexsort((feature, df[feature], owner))
        weight = self._weight[feature[order]]
        sums = np.cumsum(weight)
        before = np.concatenate([[0.0], sums])[self._bounds[owner[order]]]  # of the items before
        is_rare = sums - weight - before < RARE * self._total[owner[order]]
        rare, its = feature[order][is_rare], owner[order][is_rare]
        self._rest = self._total - np.bincount(its, self._weight[rare], minlength=len(self._total))
        by_feature = np.argsort(rare, kind="stable")
        self._posted = its[by_feature]
        self._posting = np.searchsorted(rare[by_feature], np.arange(len(self._known) + 1))

    def places(self, said: Tokens) -> tuple[Indices, Indices]:
        """Which of the questions' words, and of their word pairs, each word begins; -1 where it is none."""
        single, pair = (found(self._known, values) for values in features(said))
        return single, pair

    def best(self, single: Indices, pair: Indices) -> tuple[float, int, int, int] | None:
        """The question of which the most stands close together: the share, which, the first word and the last."""
        best: tuple[float, int, int, int] | None = None  # minus the share first: the smallest is the best
        for start in range(0, max(1, len(single) - WINDOW + STEP), STEP):
            here = np.concatenate([single[start : start + WINDOW], pair[start : start + WINDOW - 1]])
            for item, share in self._shares(np.unique(here[here >= 0])):
                if best is None or -share <= best[0]:
                    close = self._close(item, single[start : start + WINDOW], pair[start : start + WINDOW - 1])
                    said = (-close[0], item, start + close[1], start + close[2])
                    best = min(best, said) if best else said
        return (round(-best[0], 4), *best[1:]) if best and -best[0] >= FLOOR else None

    def _shares(self, present: Indices) -> Iterator[tuple[int, float]]:
        """The items of whose weight at least FLOOR is present, with the share."""
        counts = self._posting[present + 1] - self._posting[present]
        if not counts.any():
            return
        ends = np.cumsum(counts)
        places = np.arange(ends[-1]) + np.repeat(self._posting[present] - (ends - counts), counts)
        rare = np.bincount(self._posted[places], np.repeat(self._weight[present], counts), minlength=len(self._total))
        may = np.flatnonzero((rare > 0) & (rare + self._rest >= FLOOR * self._total))
        self._present[present] = True
        for item in may.tolist():
            its = self._features[self._bounds[item] : self._bounds[item + 1]]
            share = float(self._weight[its[self._present[its]]].sum() / self._total[item])
            if share >= FLOOR:
                yield item, share
        self._present[present] = False

    def _close(self, item: int, single: Indices, pair: Indices) -> tuple[float, int, int]:
        """The largest share of a question that stands within a stretch: the share, the first word and the last."""
        its = self._features[self._bounds[item] : self._bounds[item + 1]]
        events = sorted(
            (int(at), int(at) + wide, int(row[at]))
            for wide, row in enumerate((single, pair))
            for at in np.flatnonzero(np.isin(row, its))
        )
        stretch = min(STEP, max(SHORTEST_STRETCH, int(STRETCH * len(its))))
        best, weight, left = (0.0, 0, 0), 0.0, 0
        inside: dict[int, int] = {}  # the features of the stretch, and how often each stands in it
        for _, last, feature in events:
            inside[feature] = inside.get(feature, 0) + 1
            weight += float(self._weight[feature]) if inside[feature] == 1 else 0.0
            while last - events[left][0] >= stretch:
                gone = events[left][2]
                inside[gone] -= 1
                weight -= float(self._weight[gone]) if not inside[gone] else 0.0
                left += 1
            while inside[events[left][2]] > 1:  # it stands once more further on: no need to begin so early
                inside[events[left][2]] -= 1
                left += 1
            if weight > best[0] + 1e-9:
                best = weight, events[left][0], last
        return best[0] / float(self._total[item]), best[1], best[2]
