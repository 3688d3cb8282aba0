"""What a vote of a feedback log means: a word, a thumb, true or false, a number on a scale.

In      the values of a column of votes, as they stand; the scale that the recipe states, where it states one.
Out     True for good, False for bad; nothing for the middle of a scale, or where nobody voted.
Costs   nothing to speak of: three numbers are kept, whatever the number of votes.

A number is read on the scale of its whole source: one vote alone does not say whether 1 is the best or the worst.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from factory.errors import BadItem, WrongRequest
from factory.shapes.cells import kind_of, plain

Bound = float | Sequence[str] | None  # the number from which on (down) it is, the words for it, or not stated
Meaning = bool | float | None  # good or bad; a number, until the scale is known; nobody voted

GOOD = frozenset(
    [
        "up",
        "true",
        "yes",
        "good",
        "positive",
        "like",
        "liked",
        "helpful",
        "correct",
        "right",
        "accept",
        "accepted",
        "approve",
        "approved",
        "upvote",
        "upvoted",
        "thumbs_up",
        "thumbsup",
        "thumb_up",
        "desirable",
        "satisfied",
        "useful",
        "👍",
        "❤",
        "✅",
        "😀",
        "🙂",
        "😊",
        "😍",
    ]
)
BAD = frozenset(
    [
        "down",
        "false",
        "no",
        "bad",
        "negative",
        "dislike",
        "disliked",
        "unhelpful",
        "not_helpful",
        "incorrect",
        "wrong",
        "reject",
        "rejected",
        "disapprove",
        "disapproved",
        "downvote",
        "downvoted",
        "thumbs_down",
        "thumbsdown",
        "thumb_down",
        "undesirable",
        "unsatisfied",
        "dissatisfied",
        "useless",
        "👎",
        "❌",
        "😞",
        "🙁",
        "😡",
        "😠",
    ]
)
NOBODY = frozenset(["", "none", "null", "nan", "n/a", "na", "skip", "skipped", "not_rated", "unrated"])
MIDDLE = frozenset(["neutral", "mixed", "partly", "partially_helpful", "neither", "😐"])
_DRESS = dict.fromkeys((0xFE0F, *range(0x1F3FB, 0x1F400)))  # of emoji: their colour, and that of the skin
USUAL = (1.0, 5.0)  # the ends of the one scale that need not be stated
LIKELY_BEST = 4.0  # the least that must have been given: votes of 1 to 3 alone may be on a scale of three


def word(text: str) -> str:
    """A vote in words without case, spaces, dashes and the colour of a thumb."""
    return plain(text.translate(_DRESS))


@dataclass
class Scale:
    """The scale of a source's votes: what was stated of it, and what was seen so far."""

    good: Bound = None
    bad: Bound = None
    low: float = math.inf
    high: float = -math.inf
    thumbs: set[float] = field(default_factory=set)  # those of -1, 0 and 1 that were seen
    is_graded: bool = False  # whether any other number was

    def meaning(self, value: Any) -> Meaning:
        """What a cell says. Raises BadItem where it is no vote: feedback.not_understood, feedback.middle."""
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            return None if math.isnan(value) else float(value)
        if not isinstance(value, str):
            raise _not_understood(kind_of(value))
        return self._of_text(value)

    def _of_text(self, text: str) -> Meaning:
        said = word(text)
        for bound, is_good in ((self.good, True), (self.bad, False)):
            if isinstance(bound, Sequence) and said in map(word, bound):
                return is_good
        if said in NOBODY:
            return None
        if said in GOOD or said in BAD:
            return said in GOOD
        if said in MIDDLE:
            raise BadItem("feedback.middle", "The vote is neither good nor bad. Nothing is to be done.")
        try:
            number = float(text)
        except ValueError:
            raise _not_understood("a word that is none of the known votes") from None
        return number if math.isfinite(number) else None

    def see(self, number: float) -> None:
        """Take a number into account."""
        self.low, self.high = min(self.low, number), max(self.high, number)
        if number in (-1, 0, 1):
            self.thumbs.add(number)
        else:
            self.is_graded = True

    def bounds(self, place: str) -> tuple[float, float]:
        """From which number on a vote is good, and down from which it is bad; between them is the middle.

        Raises WrongRequest, naming `place`, where nobody can tell.
        """
        good, bad = (bound if isinstance(bound, int | float) else None for bound in (self.good, self.bad))
        if good is not None or bad is not None:
            up = good if good is not None else math.nextafter(bad or 0.0, math.inf)
            return up, bad if bad is not None else math.nextafter(up, -math.inf)
        if self.low > self.high:
            return 1, -1  # no number was seen
        if not self.is_graded and self.thumbs != {0}:
            return 1, (-1 if -1 in self.thumbs else 0)
        if self.is_graded and self.low >= USUAL[0] and LIKELY_BEST <= self.high <= USUAL[1]:
            return 4, 2
        raise WrongRequest(
            f"{place}: the votes are numbers from {self.low:g} to {self.high:g}, and nobody can tell which are good. "
            "Say so at the source, as in 'feedback: {good: 8, bad: 4}'; what lies between is left out."
        )


def _not_understood(what: str) -> BadItem:
    return BadItem(
        "feedback.not_understood",
        f"The vote is {what}. Say what it means at the source: 'feedback: {{good: [WORD], bad: [WORD]}}'.",
    )
