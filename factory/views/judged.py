"""What the audit knows of all pairs of a run: numbers, ids and digests, never texts.

In      pairs, one by one.
Out     how many have which fault, with some of their ids; lengths and margins; what alone tells the chosen answer.
Costs   0.3 ms a pair of two answers of 600 characters, and some 500 bytes of memory, whatever the texts.
"""

from array import array
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from factory import tokens
from factory.circles import Judgement, answer_digest, circular, digest
from factory.preferences import Compared, Estimate, Leanings, compare, estimate
from factory.refusals import refuses
from factory.views.chapter import EXAMPLES
from factory.views.pairs import Pair, is_minimal, scores_of, writers_of

LIKENESS, RATIO, MARGIN = 0.95, 10.0, 0.0  # where the filter preference_sanity draws the line
BEGINS = 20  # characters: two answers that both begin with `Yes` are not one cut short
MANY_NAMES = 20  # scores and couples of writers that are told apart


class Tells(NamedTuple):
    """How well one thing alone tells the chosen answer: of all pairs, and of those whose answers differ in it."""

    all: Estimate
    differ: Estimate | None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**self.all._asdict(), "differ": self.differ._asdict() if self.differ else None}


class _Wins:
    """Of the pairs that have something: their places; 1 where the chosen answer has more, 0 less, 0.5 as much."""

    def __init__(self) -> None:
        self.places, self.wins = array("q"), array("d")

    def add(self, place: int, chosen: float, rejected: float) -> None:
        self.places.append(place)
        self.wins.append(0.5 + 0.5 * ((chosen > rejected) - (chosen < rejected)))


class Pairs:
    """What is known of all pairs. `cut`: the tokens that a trainer sees of prompt and answer."""

    def __init__(self, cut: int) -> None:
        self._cut = cut
        self.ids: list[str] = []
        self.struck, self.examples = Counter[str](), dict[str, list[str]]()
        self.ratios, self.margins, self.parts_at = array("d"), array("d"), array("q")
        self.judged = self.unstable = 0
        self.leanings = Leanings()
        self._wins: dict[str, _Wins] = {}
        self.writers: dict[tuple[str, str], _Wins] = {}
        self._digests = array("Q")  # of prompt, chosen and rejected

    def add(self, pair: Pair) -> None:
        """Look at one pair."""
        facts = compare(pair.prompt, pair.chosen, pair.rejected, pair.meta)
        self.leanings.add(pair.prompt, pair.chosen, pair.rejected, pair.meta)
        for its in (digest(pair.prompt), answer_digest(pair.chosen), answer_digest(pair.rejected)):
            self._digests.append(int.from_bytes(its))
        for name in self._faults(facts, pair):
            self._strike(name, pair.id)
        self._judgement(pair, facts)
        self._others(pair, _refusing(pair, facts))
        self.ids.append(pair.id)

    def _strike(self, name: str, id_: str) -> None:
        self.struck[name] += 1
        ids = self.examples.setdefault(name, [])
        if len(ids) < EXAMPLES:
            ids.append(id_)

    def _faults(self, facts: Compared, pair: Pair) -> Iterator[str]:
        """The names of what is wrong with two answers, and the token at which they part."""
        less, more = sorted((facts.chosen_chars, facts.rejected_chars))
        if not less:
            yield "empty"
        else:
            self.ratios.append(facts.chosen_chars / facts.rejected_chars)
            if more > RATIO * less:
                yield "length_ratio"
        if facts.same:
            self.parts_at.append(0)
            yield "same"
            return
        [before] = tokens.count([pair.prompt.strip()], None)
        self.parts_at.append(before + tokens.shared(pair.chosen.strip(), pair.rejected.strip(), None))
        if self.parts_at[-1] >= self._cut:
            yield "same_when_cut"
        if facts.same_words or facts.likeness >= LIKENESS:
            yield "minimal" if is_minimal(pair.meta) else "near_same"
        elif facts.prefix == less and less >= BEGINS:
            yield "cut_short"

    def _judgement(self, pair: Pair, facts: Compared) -> None:
        """What is noted of how the pair was judged."""
        if facts.margin is not None:
            self.margins.append(facts.margin)
            if facts.margin <= MARGIN:
                self._strike("small_margin", pair.id)
        counts = (pair.meta.get("judged"), pair.meta.get("unstable"))
        judged, unstable = counts if all(type(its) is int for its in counts) else (0, 0)
        if facts.stable is not None:
            judged, unstable = 1, int(not facts.stable)
            self.struck["flipped"] += unstable  # this very pair, not another one of its question
        self.judged += judged or 0
        self.unstable += unstable or 0
        if unstable:
            self._strike("unstable", pair.id)

    def _others(self, pair: Pair, sides: tuple[bool, bool]) -> None:
        """Who refuses, who is scored higher, and who wrote the better answer."""
        place = len(self.ids)
        for side, it_does in zip(("chosen", "rejected"), sides, strict=True):
            if it_does:
                self._strike(f"{side}_refuses", pair.id)
        self._win("refusal", place, *sides)
        for name, values in scores_of(pair.meta):
            self._win(f"meta_{name}", place, *values)
        own, writers = writers_of(pair.meta)
        if len(set(writers)) == 2:
            couple = (min(writers), max(writers))
            if couple in self.writers or len(self.writers) < MANY_NAMES:
                self.writers.setdefault(couple, _Wins()).add(place, writers[0] == couple[0], writers[1] == couple[0])
            if own in writers:
                self._win("own_answer", place, writers[0] == own, writers[1] == own)

    def _win(self, name: str, place: int, chosen: float, rejected: float) -> None:
        if name in self._wins or len(self._wins) < MANY_NAMES:
            self._wins.setdefault(name, _Wins()).add(place, chosen, rejected)

    # --- of all pairs

    def tells(self) -> dict[str, Tells]:
        """By name: words, the formats, position, refusal, scores of `meta` (`meta_…`), own_answer (of the judge)."""
        found = {name: self._tells(*self._won(name)) for name in (*self.leanings.wins, *self._wins)}
        return {name: tells for name, tells in found.items() if tells is not None}

    def written(self) -> dict[tuple[str, str], Tells]:
        """Of two writers, how often the answer of the first is chosen."""
        found = {couple: self._tells(_places(its), np.array(its.wins)) for couple, its in self.writers.items()}
        return {couple: tells for couple, tells in sorted(found.items()) if tells is not None}

    def following(self, name: str, *, more: bool) -> tuple[int, list[str]]:
        """How many pairs choose the answer that has more (or less) of it, and the first of their ids."""
        places, wins = self._won(name)
        chosen = places[wins == (1.0 if more else 0.0)]
        return len(chosen), [self.ids[place] for place in chosen[:EXAMPLES]]

    def parted_after(self, limit: int) -> int:
        """The pairs whose answers differ, but not within so many tokens."""
        return int((np.array(self.parts_at) >= limit).sum()) if self.parts_at else 0

    def circular(self) -> tuple[list[str], list[str]]:
        """The ids of pairs that another pair contradicts, and of those on a circle; only prompts of several count."""
        digests = np.frombuffer(self._digests, np.uint64).reshape(-1, 3)
        _, inverse, counts = np.unique(digests[:, 0], return_inverse=True, return_counts=True)
        several = np.flatnonzero(counts[inverse] > 1)
        judgements = (self._judged_as(digests[place].tolist(), self.ids[place]) for place in several)
        contradicted, circling = circular(judgements)
        return sorted(contradicted), sorted(circling)

    @staticmethod
    def _judged_as(digests: list[int], id_: str) -> Judgement:
        prompt, better, worse = (number.to_bytes(8) for number in digests)
        return Judgement(prompt, better, worse, id_)

    def _won(self, name: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        if name in self._wins:
            return _places(self._wins[name]), np.array(self._wins[name].wins)
        wins = np.array(self.leanings.wins[name], float)
        known = np.flatnonzero(~np.isnan(wins))
        return known, wins[known]

    def _tells(self, places: NDArray[np.int64], wins: NDArray[np.float64]) -> Tells | None:
        prompts = [self.leanings.prompts[place] for place in places]
        overall = estimate(prompts, wins.tolist())
        apart = np.flatnonzero(wins != 0.5)
        differ = estimate([prompts[nth] for nth in apart], wins[apart].tolist())
        return Tells(overall, differ) if overall is not None else None


def _places(wins: _Wins) -> NDArray[np.int64]:
    return np.array(wins.places, np.int64)


def _refusing(pair: Pair, facts: Compared) -> tuple[bool, bool]:
    """Whether the chosen and the rejected answer refuse; the chosen one is asked only where it may."""
    if facts.chosen_refuses:
        return True, False
    return (refuses(pair.chosen) is not None, True) if refuses(pair.rejected) is not None else (False, False)
