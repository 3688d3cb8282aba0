"""What texts share with the items of benchmarks: runs of words, most of an item's words, or a short item whole.

In      items as hashes (`benchmark_index`), then rows of texts.
Out     a `Hit` for the item that each way finds best: which one, where in the text. Never a word of an item.
Costs   some 10 kB of RAM an item; 3,400 rows of 60 words a second against 5,000 items.
Source  any shared n-gram: Brown et al. 2020 (GPT-3; n = 13), here 8 folded words; beside it `containment`.

Three ways to be found, each for what the others miss:

- `run`: n words in a row of a question or an answer, or a string that is the first half of a short question. What
  stands in more than COMMON items is a phrase that benchmarks are written with and does not count.
- `words`: the share of a question's weight that stands close together in a text. It finds what was thinned out.
- `whole`: a question too short for the others, word for word, with one of its answers anywhere in the row.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from factory.contamination.containment import Containment, flat, found
from factory.contamination.index import Hashed, Hashes, Indices, Tokens, chained, grams, rolled, tokens
from factory.folding import spans

COMMON = 8
_Gram = tuple[int, int, int]  # an n-gram of items in a row: its first word, how many words, which it is


class Hit(NamedTuple):
    """Where a row shares something with an item.

    `start` and `end` are code points of the row's string number `string`. Of a run `words` is its length and `share`
    that of its question or answer; else `words` is the size of the item, and `share` that of its weight.
    """

    how: str
    item: int
    string: int
    start: int
    end: int
    words: int
    share: float


class _Row(NamedTuple):
    texts: Sequence[str]
    words: Hashes  # of all its strings, one after the other
    starts: list[int]  # the first word of each string, and the end

    def string_of(self, word: int) -> int:
        return bisect_right(self.starts, word) - 1

    def place(self, first: int, last: int) -> tuple[int, int, int]:
        """The string that holds the first word, and where in it the words from `first` to `last` stand."""
        nth = self.string_of(first)
        where = spans(self.texts[nth])
        end = min(last, self.starts[nth + 1] - 1)
        return nth, where[first - self.starts[nth]][0], where[end - self.starts[nth]][1]


class Overlap:
    """Items of benchmarks, ready to be searched for."""

    def __init__(self, items: Sequence[Hashed], ngram: int) -> None:
        self.items = items
        self._ngram = ngram
        self._parts = [(nth, part) for nth, item in enumerate(items) for part in item.parts]
        self._grams, self._owners, self._bounds = _postings([part.grams for _, part in self._parts])
        self._begins = {
            begins: nth for nth, (_, part) in reversed(list(enumerate(self._parts))) for begins in part.begins
        }
        self._words = Containment([item.words for item in items])
        self._whole: dict[tuple[int, int], list[int]] = {}
        for nth, item in enumerate(items):
            if item.whole:
                self._whole.setdefault(item.whole[0], []).append(nth)
        self._short_ones = {
            length: np.unique(np.array([value for size, value in self._whole if size == length], np.uint64))
            for length in sorted({length for length, _ in self._whole})
        }

    def search(self, rows: Sequence[Sequence[str]]) -> list[list[Hit]]:
        """What each row, a list of strings, shares: the best of each way, of runs also that of the highest share."""
        said, offsets = tokens([text for texts in rows for text in texts])
        strings = np.cumsum([0, *map(len, rows)])  # the first of each row, and the end
        bounds = offsets[strings].tolist()
        shared, short = self._shared(said, offsets, bounds), self._with_short(said.exact, bounds)
        single, pair = self._words.places(said)
        hits = []
        for nth, texts in enumerate(rows):
            start, end = bounds[nth], bounds[nth + 1]
            starts = (offsets[strings[nth] : strings[nth + 1] + 1] - start).tolist()
            row = _Row(texts, said.exact[start:end], starts)
            its = [*self._runs(row, shared.get(nth, []))]
            its += self._close(row, single[start:end], pair[start : max(start, end - 1)])
            its += self._short(row) if nth in short else ()
            hits.append(its)
        return hits

    def _shared(self, said: Tokens, offsets: Indices, bounds: list[int]) -> dict[int, list[_Gram]]:
        """The n-grams of items that stand in rows, by the number of the row, in the order of their first words."""
        starts, values, sizes = grams(said, offsets, self._ngram)
        at = found(self._grams, values)
        seen = at >= 0
        shared: dict[int, list[_Gram]] = {}
        columns = (starts[seen].tolist(), sizes[seen].tolist(), at[seen].tolist())
        for start, size, gram in sorted(zip(*columns, strict=True)):
            nth = bisect_right(bounds, start) - 1
            shared.setdefault(nth, []).append((start - bounds[nth], size, gram))
        return shared

    def _with_short(self, words: Hashes, bounds: list[int]) -> set[int]:
        """The rows in which the question of a short item may stand."""
        rows: set[int] = set()
        for length, known in self._short_ones.items():
            starts = np.flatnonzero(found(known, rolled(words, length)) >= 0)
            rows.update((np.searchsorted(bounds, starts, side="right") - 1).tolist())
        return rows

    def _close(self, row: _Row, single: Indices, pair: Indices) -> Iterator[Hit]:
        """The question of which the most stands close together."""
        if (close := self._words.best(single, pair)) is not None:
            share, item, first, last = close
            yield Hit("words", item, *row.place(first, last), self.items[item].size, share)

    def _runs(self, row: _Row, shared: Sequence[_Gram]) -> Iterator[Hit]:
        """The longest run of words that an item has too, and that which is most of its question or answer."""
        runs = [(part, first, last) for (part, first), last in self._all_runs(shared).items()]
        runs += self._cut_short(row)
        if not runs:
            return
        by_length = min(runs, key=lambda run: (run[1] - run[2], *run))
        by_share = min(runs, key=lambda run: (-self._share(row, *run), *run))
        for nth, first, last in dict.fromkeys((by_length, by_share)):
            share = self._share(row, nth, first, last)
            yield Hit("run", self._parts[nth][0], *row.place(first, last), last - first + 1, share)

    def _share(self, row: _Row, nth: int, first: int, last: int) -> float:
        """How much a run is of its question or answer; all, where a string is a question's beginning and no more."""
        string = row.string_of(first)
        start, end = row.starts[string], row.starts[string + 1]
        part, length = self._parts[nth][1], min(self._ngram, end - start)
        if (start, end) == (first, last + 1) and (length, _hash_of(row, start, length)) in part.begins:
            return 1.0
        return round(min(1.0, (last - first + 1) / part.size), 4)

    def _all_runs(self, shared: Sequence[_Gram]) -> dict[tuple[int, int], int]:
        """(part, first word) -> last word, of every run of `ngram` words or more that the row shares with an item."""
        runs: dict[tuple[int, int], int] = {}
        open_runs: dict[int, tuple[int, int]] = {}  # the run of each part that goes on here
        for start, size, gram in shared:
            last = start + size - 1
            for part in self._owners[slice(*self._bounds[gram])].tolist():
                first, before = open_runs.get(part, (start, start))
                first = first if start <= before else start
                open_runs[part] = first, max(last, before)
                runs[part, first] = open_runs[part][1]
        return runs

    def _cut_short(self, row: _Row) -> Iterator[tuple[int, int, int]]:
        """The strings that are the beginning of a short question and nothing else: part, first and last word."""
        for start, end in pairwise(row.starts):
            if 0 < end - start < self._ngram:
                begins = end - start, _hash_of(row, start, end - start)
                if (part := self._begins.get(begins)) is not None:
                    yield part, start, end - 1

    def _short(self, row: _Row) -> list[Hit]:
        """A short item whose question and one of whose answers stand in the row, word for word."""
        for length, known in self._short_ones.items():
            at = found(known, rolled(row.words, length))
            for start in np.flatnonzero(at >= 0).tolist():
                for nth in self._whole[length, int(known[at[start]])]:
                    item = self.items[nth]
                    if all(_has(row, part) for part in item.whole) and any(_has(row, part) for part in item.answers):
                        return [Hit("whole", nth, *row.place(start, start + length - 1), length, 1.0)]
        return []


def _hash_of(row: _Row, start: int, length: int) -> int:
    return chained(row.words[start : start + length].tolist())


def _has(row: _Row, part: tuple[int, int]) -> bool:
    length, value = part
    return bool((rolled(row.words, length) == np.uint64(value)).any())


def _postings(hashes: Sequence[Hashes]) -> tuple[Hashes, Indices, Indices]:
    """The distinct hashes of all parts in order, without those that too many share; and the parts of each.

    The parts of hash number k are `parts[bounds[k, 0] : bounds[k, 1]]`.
    """
    everything, owner = flat(hashes)
    order = np.lexsort((owner, everything))
    values, firsts, counts = np.unique(everything[order], return_index=True, return_counts=True)
    few = counts <= COMMON
    return values[few], owner[order], np.stack([firsts, firsts + counts], axis=1)[few]
