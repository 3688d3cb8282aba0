"""What the model half believes in its sentence, it is asked again by itself.

A sentence that is unlike those the model learned hides names in it: of *Unlike the Johnson novel* it is no tenth sure,
of *Johnson* alone it is quite. A word with a capital counts as part of a name where the model has some doubt in the
sentence and none alone; several such words must all be sure.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from filters._name_spans import SURE, Word

DOUBT = 0.05  # in the sentence, of one word of a phrase
DOUBT_ALONE = 0.07  # of a word that stands alone
SURE_PHRASE, SURE_WORD = 0.8, 0.86  # without the sentence
RARE = 0.3  # of each word of a phrase, small
MOST = 4  # words of a phrase

_PREFIXES = ("Mc", "Mac", "De", "Di", "La", "Le", "O'", "D'", "O’", "D’")

_PART = r"(?:[A-ZÀ-ÖØ-Þ][^\W\d_]+(?:['’-][^\W\d_]+)*|[A-Z]\.?)"
_PHRASE = re.compile(rf"(?<![\w.@/-]){_PART}(?: {_PART}){{0,{MOST - 1}}}(?![\w@/-])")
_BEGINS = re.compile(r"(?:^|[.!?:\n>*•–(\"“-])\W*$")
_WORD = re.compile(r"[^\W\d_]{2,}(?:['’][^\W\d_]+)*")


def raised(text: str, words: Sequence[Word], alone: Callable[[str], float]) -> list[Word]:
    """`words` with those of phrases that are names by themselves made sure, in order; `alone` is the model."""
    doubted = [word for word in words if DOUBT <= word.person < SURE and word.person > max(word.street, word.place)]
    if not doubted:
        return list(words)
    by_start = {word.start: word for word in words}
    for match in _PHRASE.finditer(text):
        inside = [word for word in doubted if match.start() <= word.start < match.end()]
        for start, end in _names(match, inside, alone):
            old = by_start.get(start, Word(start, end, 0.0, 0.0, 0.0))
            by_start[start] = old._replace(person=max(old.person, SURE))
    return [by_start[start] for start in sorted(by_start)]


def _is_name(word: str, alone: Callable[[str], float]) -> bool:
    """Whether a word of a phrase may be a name by itself: written so, and not a common word with a capital."""
    return (word[1:].islower() or word.startswith(_PREFIXES)) and alone(word.lower()) >= RARE


def _names(match: re.Match[str], doubted: Sequence[Word], alone: Callable[[str], float]) -> Iterator[tuple[int, int]]:
    """The words of a phrase, where they are a name."""
    parts = [part.span() for part in _WORD.finditer(match.string, *match.span())]
    if not parts or not doubted or not all(_is_name(match.string[start:end], alone) for start, end in parts):
        return
    doubt = max(word.person for word in doubted)
    if len(parts) == 1 and _BEGINS.search(match.string, max(0, match.start() - 8), match.start()):
        return  # any word has a capital there
    least, sure = (DOUBT, SURE_PHRASE) if len(parts) > 1 else (DOUBT_ALONE, SURE_WORD)
    if doubt >= least and alone(match.group()) >= sure:
        yield from parts
