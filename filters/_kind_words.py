"""Which kinds of personal data a text has a word for: without one of its words a kind is not looked for.

Texts are full of the same words: what was met once and has none is known, so that a text costs little more than to
be cut at its blanks.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from filters._kinds import KINDS

MOST_KNOWN, LONGEST_KNOWN = 1 << 16, 30  # words that a process remembers, at most 6 MB; letters of one

_MARKS = "=^~+"
_GLUED = ("n", "id", "code", "ref", "is", "was", "lautet", "es")  # number, no, nr, ID … and what a label says of it
_LETTERS = re.compile(r"[^\W\d_]+")
_silent: set[str] = set()  # what was met and has no word of a kind


def _words(mark: str) -> dict[str, tuple[str, ...]]:
    """The kinds of each word of letters alone that has this mark before it; of `A`, a capital, the word is whole."""
    found: dict[str, tuple[str, ...]] = {}
    for kind, its in KINDS.items():
        for word in its.words:
            bare = word.lstrip(_MARKS)
            if bare.isalpha() and mark == ("A" if word[0].isupper() else word[0] if word[0] in _MARKS else ""):
                found[bare] = (*found.get(bare, ()), kind)
    return found


def _by_size(words: Mapping[str, tuple[str, ...]]) -> dict[int, dict[str, tuple[str, ...]]]:
    return {size: {word: its for word, its in words.items() if len(word) == size} for size in {*map(len, words)}}


_WHOLE, _EXACT, _WITHIN, _LABELS = _words("A"), _words("="), _words(""), _words("+")
_BEGINS, _ENDS = _by_size(_words("^")), _by_size(_words("~"))
_SIGNS = [(word, kind) for kind, its in KINDS.items() for word in its.words if not word.strip(_MARKS).isalpha()]


def said_in(text: str) -> frozenset[str]:
    """The kinds of whose words one is in `text`."""
    tokens = set(text.split())  # no word and no sign has a blank in it
    said = frozenset[str]().union(*map(_said_by, tokens - _silent))
    if len(_silent) > MOST_KNOWN:
        _silent.clear()
    return said


@lru_cache(maxsize=1 << 12)
def _said_by(token: str) -> frozenset[str]:
    """The kinds of whose words one is in what stands between blanks."""
    kinds = {kind for sign, kind in _SIGNS if sign in token}
    kinds.update(*map(_said_by_word, _LETTERS.findall(token)))
    if not kinds and len(token) <= LONGEST_KNOWN:
        _silent.add(token)
    return frozenset(kinds)


def _said_by_word(word: str) -> set[str]:
    lower = word.lower()
    kinds = {*_WHOLE.get(word, ()), *_EXACT.get(lower, ())}
    for size in _BEGINS:
        kinds.update(_BEGINS[size].get(lower[:size], ()))
    for size in _ENDS:
        kinds.update(_ENDS[size].get(lower[-size:], ()))
    kinds.update(*(its for within, its in _WITHIN.items() if within in lower))
    kinds.update(*(its for label, its in _LABELS.items() if lower.startswith(label) and _is_label(word, len(label))))
    return kinds


def _is_label(word: str, size: int) -> bool:
    """Whether what is glued to a label, if anything, may still belong to it, or be the value."""
    glued = word[size:]
    return not glued or glued[0].isupper() or glued.lower().startswith(_GLUED)
