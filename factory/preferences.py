"""Pairs of a better and a worse answer: what is wrong with one, and what gives the labels of all of them away.

In      prompt, chosen and rejected as text, and what `meta` notes of the judgement.
Out     `compare`: facts of one pair. `Leanings`: how well length, format or position alone tell which was chosen. Pairs
        that contradict each other are found by `circles`.
Costs   0.1 ms a pair of 1 kB; 100 bytes a pair for `Leanings`.

Of `meta` these are read: `margin`, or the scores of both answers (`score_chosen` and `score_rejected`, also with
`rating` for `score` or the words the other way round); `judge_stable`: whether the judge said the same with the answers
swapped; `chosen_shown`: whether the chosen answer was shown to the judge `first` or `second`.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from math import sqrt
from typing import Any, NamedTuple, TypeGuard

import numpy as np
from numpy.typing import NDArray

from factory.folding import words
from factory.refusals import refuses
from factory.tokens import shared_prefix

Z = 1.96  # a normal's 95 %
FORMATS = {
    "list": re.compile(r"^[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t]+\S", re.MULTILINE),
    "bold": re.compile(r"\*\*[^*\n]+\*\*|__[^_\n]+__"),
    "code": re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE),
    "heading": re.compile(r"^#{1,6}[ \t]+\S", re.MULTILINE),
}
SCORES = ("words", *FORMATS)
SCORED = re.compile(r"chosen_(?P<after>[a-z0-9_]{1,40})|(?P<before>[a-z0-9_]{1,40})_chosen", re.ASCII)


class Compared(NamedTuple):
    """What one pair is like; lengths in characters without white space at the ends."""

    chosen_chars: int
    rejected_chars: int
    prompt_chars: int
    prefix: int  # characters with which both begin
    same: bool  # the same text
    same_words: bool  # the same but for case, accents, punctuation and spaces
    likeness: float  # words in common, each as often as in both, as a share of the longer answer
    chosen_refuses: bool  # and the rejected one does not
    margin: float | None
    stable: bool | None


def compare(prompt: str, chosen: str, rejected: str, meta: Mapping[str, Any]) -> Compared:
    """The facts of a pair."""
    one, other = chosen.strip(), rejected.strip()
    first, second = words(one), words(other)
    common = (Counter(first) & Counter(second)).total()
    return Compared(
        chosen_chars=len(one),
        rejected_chars=len(other),
        prompt_chars=len(prompt.strip()),
        prefix=shared_prefix(one, other),
        same=one == other,
        same_words=first == second and bool(first),
        likeness=round(common / max(1, len(first), len(second)), 4),
        chosen_refuses=refuses(one) is not None and refuses(other) is None,
        margin=margin(meta),
        stable=meta["judge_stable"] if isinstance(meta.get("judge_stable"), bool) else None,
    )


def margin(meta: Mapping[str, Any]) -> float | None:
    """By how much the chosen answer was scored above the other; None where nobody noted it."""
    if is_number(meta.get("margin")):
        return float(meta["margin"])
    for word in ("score", "rating"):
        for names in ((f"{word}_chosen", f"{word}_rejected"), (f"chosen_{word}", f"rejected_{word}")):
            if all(is_number(meta.get(name)) for name in names):
                return round(float(meta[names[0]]) - float(meta[names[1]]), 6)
    return None


def scored(cells: Mapping[str, Any]) -> dict[str, float]:
    """Of a row's columns those that are its pair's scores: `margin`, and numbers that stand there for both answers."""

    def counts(name: str) -> bool:
        other = name.replace("chosen", "rejected", 1) if "chosen" in name else name.replace("rejected", "chosen", 1)
        both = SCORED.fullmatch(name) or SCORED.fullmatch(other)
        return name == "margin" or bool(both and other != name and is_number(cells.get(other)))

    return {name: value for name, value in cells.items() if is_number(value) and counts(name)}


def is_number(value: Any) -> TypeGuard[float]:
    """Whether it is a number that can be compared, and written as JSON."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")


# --- what gives the label away -------------------------------------------------------------------------------------


class Estimate(NamedTuple):
    """How often the chosen answer has more of something, ties half: an AUC; 0.5 is a coin. 95 % interval."""

    auc: float
    low: float
    high: float
    pairs: int


@dataclass
class Leanings:
    """Wins of the chosen answer in length, formats and position, pair by pair. `merge` in any order."""

    prompts: list[bytes] = field(default_factory=list)
    wins: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in (*SCORES, "position")})
    prefixes: list[float] = field(default_factory=list)

    def add(self, prompt: str, chosen: str, rejected: str, meta: Mapping[str, Any]) -> None:
        """Count one pair."""
        self.prompts.append(blake2b(" ".join(words(prompt)).encode(), digest_size=8).digest())
        one, other = scores(chosen), scores(rejected)
        for name in SCORES:
            self.wins[name].append(0.5 + 0.5 * ((one[name] > other[name]) - (one[name] < other[name])))
        shown = {"first": 1.0, "second": 0.0}.get(str(meta.get("chosen_shown")), float("nan"))
        self.wins["position"].append(shown)
        shorter = min(len(chosen.strip()), len(rejected.strip()))
        self.prefixes.append(shared_prefix(chosen.strip(), rejected.strip()) / shorter if shorter else 0.0)

    def merge(self, other: "Leanings") -> "Leanings":
        """Append `other`, in place."""
        self.prompts += other.prompts
        self.prefixes += other.prefixes
        for name, wins in other.wins.items():
            self.wins[name] += wins
        return self

    def estimates(self) -> dict[str, Estimate]:
        """How well each alone tells which answer was chosen; without what no pair notes."""
        found = {name: estimate(self.prompts, wins) for name, wins in self.wins.items()}
        return {name: value for name, value in found.items() if value is not None}

    def mean_prefix(self) -> float:
        """The mean share of the shorter answer with which both begin; 0 of nothing."""
        return round(float(np.mean(self.prefixes)), 4) if self.prefixes else 0.0


def scores(text: str) -> dict[str, int]:
    """The words of an answer, and how many list items, bold spans, code fences and headings it has."""
    return {"words": len(text.split()), **{name: len(pattern.findall(text)) for name, pattern in FORMATS.items()}}


def estimate(prompts: Sequence[bytes], wins: Sequence[float]) -> Estimate | None:
    """The mean of wins (1, 0, ties 0.5) with Wilson's interval; None where no pair has a value.

    Pairs of one prompt are not independent: the interval is that of as many pairs as their spread between prompts is
    worth, at most as many as there are.
    """
    values = np.array(wins, float)
    known = ~np.isnan(values)
    if not known.any():
        return None
    _, group = np.unique(np.array(prompts, "S8")[known], return_inverse=True)
    values = values[known]
    mean, count = float(values.mean()), len(values)
    off = np.bincount(group, values - mean)
    spread = float((off**2).sum()) / count**2  # the variance of the mean, clustered by prompt
    groups = int(group.max()) + 1
    worth = min(float(count), mean * (1 - mean) / spread) if spread > 1e-12 else float(groups)
    return Estimate(round(mean, 4), *_wilson(mean, worth), count)


def separation(values: NDArray[np.float64], labels: NDArray[np.bool_]) -> Estimate | None:
    """How often an answer labelled true has a greater value than one labelled false, ties half: for single answers.

    `pairs` is the number of answers. The interval is Wilson's, of as many comparisons as DeLong's variance is worth
    (DeLong et al. 1988). None where all labels are the same.
    """
    good, bad = np.sort(values[labels]), np.sort(values[~labels])
    if not good.size or not bad.size:
        return None
    over = (np.searchsorted(bad, good, "left") + np.searchsorted(bad, good, "right")) / (2 * bad.size)
    under = 1 - (np.searchsorted(good, bad, "left") + np.searchsorted(good, bad, "right")) / (2 * good.size)
    mean = float(over.mean())
    spread = float(over.var() / good.size + under.var() / bad.size)
    worth = min(float(values.size), mean * (1 - mean) / spread) if spread > 1e-12 else float(min(good.size, bad.size))
    return Estimate(round(mean, 4), *_wilson(mean, worth), int(values.size))


def _wilson(mean: float, worth: float) -> tuple[float, float]:
    """The bounds of a share seen in `worth` independent trials."""
    middle = (mean + Z * Z / (2 * worth)) / (1 + Z * Z / worth)
    half = Z * sqrt(mean * (1 - mean) / worth + (Z / (2 * worth)) ** 2) / (1 + Z * Z / worth)
    return round(max(0.0, middle - half), 4), round(min(1.0, middle + half), 4)
