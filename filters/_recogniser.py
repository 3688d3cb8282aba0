"""What a recogniser of ours is: it says where one kind may stand in a text, and how sure that is.

Standard library only. Ours are asked one by one, without presidio's engine: for each text it sorts results, copies them
and writes of each how it was made, which took longer than to look. What the engine does for an answer is done here:
context words raise a score, and of two findings that lie in each other the surer stays.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from filters._screen import context

BOOST, BOOSTED = 0.35, 0.4  # presidio's: what a context word adds, and the least a finding has with one


class Hit(NamedTuple):
    """text[start:end] is of the recogniser's kind, so sure."""

    start: int
    end: int
    score: float


class Recogniser(ABC):
    """Finds one kind. `words` are those of which one before a hit makes it surer."""

    kind: str
    words: tuple[str, ...] = ()

    @abstractmethod
    def hits(self, text: str) -> Iterable[Hit]:
        """Where the kind may stand in `text`."""


class Patterns(Recogniser):
    """Finds what patterns match, each as sure as it says; a check may make a match sure, or unmake it."""

    def __init__(self, kind: str, patterns: Iterable[tuple[str, float]], words: Iterable[str] = ()) -> None:
        self.kind, self.words = kind, tuple(words)
        self._patterns = [(re.compile(pattern), score) for pattern, score in patterns]

    def hits(self, text: str) -> list[Hit]:
        """The matches of `text` that the check leaves."""
        return apart(
            Hit(*match.span(), 1.0 if right else score)
            for pattern, score in self._patterns
            for match in pattern.finditer(text)
            if (right := self.is_sure(match.group())) is not False
        )

    def is_sure(self, value: str) -> bool | None:
        """True where a check makes it sure, False where it is none, None where there is no more to say."""
        return None


def raised(hits: Iterable[Hit], words: tuple[str, ...], text: str) -> list[Hit]:
    """`hits` with those raised that one of `words` stands before; whole words and phrases count."""
    if not words:
        return list(hits)
    said = any_of(words)
    return [
        hit._replace(score=min(max(hit.score + BOOST, BOOSTED), 1.0)) if said.search(context(text, hit.start)) else hit
        for hit in hits
    ]


@cache
def any_of(words: tuple[str, ...]) -> re.Pattern[str]:
    """One of `words`, in any case."""
    return re.compile(rf"(?i)(?<![^\W\d_])(?:{'|'.join(map(re.escape, words))})(?![^\W\d_])")


def apart(hits: Iterable[Hit]) -> list[Hit]:
    """`hits` without those that lie in one that is at least as sure."""
    several = sorted(set(hits), key=lambda hit: (hit.start, -hit.end, -hit.score))
    left: list[Hit] = []
    open_: list[Hit] = []  # those that reach as far as the one that is looked at
    for hit in several:
        open_ = [other for other in open_ if other.end > hit.start]
        if not any(hit.end <= other.end and hit.score <= other.score for other in open_):
            left.append(hit)
            open_.append(hit)
    return left
