"""Which kinds of personal data a text has a word for: without one of its words a kind is not looked for.

Texts are full of the same words: what was met once is known, so that a text costs little more than to be cut at its
blanks. One memory a process, of what stands between blanks: at most MOST_KNOWN of up to LONGEST_KNOWN characters, which
are 7 MB, 14 while it grows; when it is full it is emptied.
"""

import re
from collections.abc import Callable, Mapping

from filters._kinds import KINDS

MOST_KNOWN, LONGEST_KNOWN = 1 << 16, 30

_MARKS = "=^~+"
_GLUED = ("n", "id", "code", "ref", "is", "was", "lautet", "es")  # number, no, nr, ID … and what a label says of it
_LETTERS = re.compile(r"[^\W\d_]+")
_NONE = frozenset[str]()
_silent: set[str] = set()  # what stood between blanks and has a word of no kind
_loud: dict[str, frozenset[str]] = {}  # what has, and of which; it is emptied with the others


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
_ONLY_SIGNS = [sign for sign, _ in _SIGNS]

# Most words are of no kind, and these say so ten times as fast as looking for each.
_ANY_BEGINNING, _ANY_END = (*_words("^"), *_LABELS), tuple(_words("~"))


def said_in(text: str) -> frozenset[str]:
    """The kinds of whose words one is in `text`."""
    return _remembered(set(text.split()), _said_by)  # no word and no sign has a blank in it


def _remembered(tokens: set[str], said_by: Callable[[str], frozenset[str]]) -> frozenset[str]:
    return _NONE.union(*[_loud.get(token) or _met(token, said_by(token)) for token in tokens - _silent])


def _met(token: str, kinds: frozenset[str]) -> frozenset[str]:
    """The kinds of `token`, which are remembered."""
    if len(_silent) + len(_loud) >= MOST_KNOWN:
        _silent.clear()
        _loud.clear()
    if len(token) <= LONGEST_KNOWN:
        if kinds:
            _loud[token] = kinds
        else:
            _silent.add(token)
    return kinds


def _said_by(token: str) -> frozenset[str]:
    """The kinds of whose words one is in what stands between blanks: an address is seldom met twice, its words are."""
    if token.isalpha():
        return _said_by_word(token)
    kinds = _remembered(set(_LETTERS.findall(token)), _said_by_word)
    if any(map(token.__contains__, _ONLY_SIGNS)):
        return kinds.union(kind for sign, kind in _SIGNS if sign in token)
    return kinds


def _said_by_word(word: str) -> frozenset[str]:
    lower = word.lower()
    if not (
        lower in _EXACT
        or word in _WHOLE
        or lower.startswith(_ANY_BEGINNING)
        or lower.endswith(_ANY_END)
        or any(map(lower.__contains__, _WITHIN))
    ):
        return _NONE
    kinds = {*_WHOLE.get(word, ()), *_EXACT.get(lower, ())}
    for size in _BEGINS:
        kinds.update(_BEGINS[size].get(lower[:size], ()))
    for size in _ENDS:
        kinds.update(_ENDS[size].get(lower[-size:], ()))
    kinds.update(*(its for within, its in _WITHIN.items() if within in lower))
    kinds.update(*(its for label, its in _LABELS.items() if lower.startswith(label) and _is_label(word, len(label))))
    return frozenset(kinds)


def _is_label(word: str, size: int) -> bool:
    """Whether what is glued to a label, if anything, may still belong to it, or be the value."""
    glued = word[size:]
    return not glued or glued[0].isupper() or glued.lower().startswith(_GLUED)
