"""Whether two texts that are near each other as vectors say the same: the test that a cosine cannot make.

In      two texts, and how alike words are (`_embeddings.alike`).
Out     yes or no. No, unless there is a word or number that matters, and all of this holds:
        - the same numbers in the same order, in digits or in words;
        - the same names: each name of one stands in the other;
        - the same negations, question words, conditions and quantities;
        - of the other words that matter, those both have stand in the same order (whole halves may be swapped);
        - each that only one has is as like as a synonym to one that only the other has.
Source  alignment of words as evidence of the same meaning: Sultan, Bethard and Sumner 2014
        (https://aclanthology.org/Q14-1018/).

What may differ are, in English, articles, pronouns, forms of "be", "do", "have" and the like; in other languages only
articles, and there are no synonyms. It errs towards no.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from factory import facts
from factory.wording import listed
from filters._question_words import words

Alike = Callable[[Sequence[str], Sequence[str]], Any]
MAY_DIFFER = listed(
    """
    be is was were been being do did have has had i he she it they me him her us them his its their this that these
    those there can will would as and but so then very some get got on in at for from by with about what
    """
)
NEVER_ALIKE = listed(  # closed sets, in which the nearest word says something else
    """
    no not never none nobody nothing neither nor without all any only both each more most less least fewer always often
    before after above below over under between during since until unless if or when where how why who must may should
    january february march april may june july august september october november december monday tuesday wednesday
    thursday friday saturday sunday mother father son daughter brother sister husband wife uncle aunt king queen north
    south east west inhale exhale first second third last million billion trillion
    """
)
NO_NAME = frozenset(("i", "i'm", "i’m", "i've", "i’ve", "i'd", "i’d", "i'll", "i’ll"))
OPPOSITE = re.compile(r"(?:un|in|im|il|ir|dis|non|de|a|mis|anti|over|under)")
DEGREE = re.compile(r"(?:est|er|less|ful)$")
SWAPPED = 4  # words from which the halves of a text may change places: of two or three that turns it round


class Told(NamedTuple):
    """What a text tells: its words that matter, in order, and the others that may differ, sorted; numbers in order;
    names, and all words, folded.
    """

    words: tuple[str, ...]
    small: tuple[str, ...]
    numbers: tuple[str, ...]
    names: frozenset[str]
    vocabulary: frozenset[str]
    synonyms: bool  # whether how alike its words are is known


def told(text: str, language: str | None) -> Told:
    """What `text` tells; `language` is a code such as `en`."""
    english = language in (None, "en")
    found = words(text, language)
    small = [word for word in found if english and word in MAY_DIFFER]
    matter = [word for word in found if not (english and word in MAY_DIFFER)]
    spelled = [facts.SPELLED.get(word, word) for word in found]
    numbers = tuple(facts.plain(word) for word in spelled if word[0].isdigit())
    return Told(
        tuple(word for word in matter if word not in facts.SPELLED and not word[0].isdigit()),
        tuple(sorted(small)),
        numbers,
        frozenset(facts.names(text, language)) - NO_NAME,
        frozenset(facts.words(text)),
        language == "en",
    )


def same(one: Told, other: Told, alike: Alike, *, synonym: float) -> bool:
    """Whether two texts tell the same; words are synonyms from a cosine of `synonym`."""
    if not (one.words or one.numbers) or one.numbers != other.numbers:
        return False
    if not (one.names <= other.vocabulary and other.names <= one.vocabulary):
        return False
    ours, theirs = Counter(one.words), Counter(other.words)
    if not _in_order(*([word for word in told.words if word in ours and word in theirs] for told in (one, other))):
        return False
    alone, alone_there = list(ours - theirs), list(theirs - ours)
    if not alone and not alone_there:
        return True
    if not (alone and alone_there and one.synonyms and other.synonyms):
        return False
    found = alike(alone, alone_there)
    fit = [[_may_be(a, b) and found[i][j] >= synonym for j, b in enumerate(alone_there)] for i, a in enumerate(alone)]
    return all(map(any, fit)) and all(map(any, zip(*fit, strict=True)))


def _in_order(ours: list[str], theirs: list[str]) -> bool:
    """Whether two lists are equal, or one is the other with its halves swapped."""
    if ours == theirs:
        return True
    if len(ours) != len(theirs) or len(ours) < SWAPPED:
        return False
    return any(ours[cut:] + ours[:cut] == theirs for cut, word in enumerate(ours) if word == theirs[0])


def _may_be(word: str, other: str) -> bool:
    """Whether two words may be synonyms at all: letters only, of no closed set, not one with a turning prefix."""
    if not (word.isalpha() and other.isalpha()) or {word, other} & NEVER_ALIKE:
        return False
    short, long = sorted((word, other), key=len)
    turned = long.endswith(short) and OPPOSITE.fullmatch(long[: len(long) - len(short)])
    graded = long.startswith(short[:-1]) and DEGREE.search(long) and not DEGREE.search(short)
    return not (turned or graded)
