"""What can be said of a string before presidio is asked: fold it, cut it, and see which kinds cannot be in it.

Standard library only, so that most rows never load presidio. Three facts make the answer the same however much is
skipped:

- folding is one code point to one, so offsets stay those of the text;
- no recogniser of ours matches across a line break, nor across the spaces at which a long line is cut;
- a gate is a necessary condition of its recogniser: where it does not match, nothing could be found.

What is cheap is asked first: literals and gates that begin with a digit, then words, and those near digits alone where
that is enough.
"""

import re
import sys
import unicodedata
from collections.abc import Iterator
from enum import IntEnum
from functools import lru_cache

from filters._kind_words import said_in
from filters._kinds import BEFORE, BEHIND, KINDS, Way
from filters._spans import FILL

PIECE = 1_000  # characters presidio sees at once: a row of 5 MB costs no more a character than a short one
CONTEXT = 60  # characters before a finding in which a context word counts: about as far as presidio's five words
REACH = CONTEXT + 20  # and a placeholder that begins before them

_DIGIT = re.compile(r"[0-9]")
_DIGITS = re.compile(rf"[0-9](?:[^0-9]{{0,{BEFORE}}}+[0-9])*+")  # those that stand near each other
_RARE = re.compile("|".join(way.gate.pattern for its in KINDS.values() for way in its.ways if way.rare))
_SILENT_BY_DIGIT = frozenset(kind for kind, its in KINDS.items() if its.words and not its.words_anywhere)
_SILENT_ANYWHERE = frozenset(kind for kind, its in KINDS.items() if its.words and its.words_anywhere)
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_LONG = re.compile(r"[0-9](?:[ .()/–-]{0,3}[0-9]){6}")
_BARRIER = re.compile(rf"<[A-Z_]{{2,}}>|{FILL}{{2,}}")
_SAFE_CUT = re.compile(r"(?<![0-9A-Z(+])[ \t](?![0-9(+])")  # inside no number, group of an IBAN or telephone number
_ANY_CUT = re.compile(r"\s")


class _Folding(dict[int, str]):
    """Digits of all scripts, full-width ASCII, dashes and blanks, each to one ASCII character; what is met is kept."""

    def __init__(self) -> None:
        super().__init__({code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)})
        # The dash is not among them: 201–22–1874 may be from page to page.
        self.update(dict.fromkeys([0x2010, 0x2011, 0x2212, 0xFE63], "-"))
        self.update(dict.fromkeys([0xA0, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], " "))

    def __missing__(self, code: int) -> str:
        digit = unicodedata.decimal(chr(code), None)
        self[code] = folded = chr(code) if digit is None else str(digit)
        return folded


_FOLDING = _Folding()


def fold(text: str) -> str:
    """`text` as recognisers read it: the same length, so that offsets hold."""
    for sign in () if text.isascii() else set(_NOT_ASCII.findall(text)):  # ten times as fast as `translate`
        if (plain := _FOLDING[ord(sign)]) != sign:
            text = text.replace(sign, plain)
    return text


def can_hold(kinds: tuple[str, ...], text: str, start: int = 0, end: int = sys.maxsize) -> tuple[str, ...]:
    """Which of `kinds` may be in text[start:end]; the others cannot be."""
    part = text[max(0, start - REACH) : end]  # a label may stand in the piece before
    small = part.lower()
    shown: set[str] = set()
    for gate, signs, marks, gate_first, several in _ways(kinds, _digits(part)):
        if marks and not any(map(part.__contains__, marks)):
            continue
        if gate_first and not gate.search(part):
            continue
        if signs and not any(map(small.__contains__, signs)):
            continue
        if gate_first or gate.search(part):
            shown |= several
    if not shown:
        return ()
    if not _SILENT_ANYWHERE.isdisjoint(shown):
        shown -= _SILENT_ANYWHERE - said_in(part)
    if not _SILENT_BY_DIGIT.isdisjoint(shown):
        shown -= _SILENT_BY_DIGIT - said_in(_near_digits(part))
    return tuple(kind for kind in kinds if kind in shown)


class _Digits(IntEnum):
    """What the digits of a text are like."""

    NONE, PLAIN, RARE, MANY = range(4)


def _digits(text: str) -> _Digits:
    if not _DIGIT.search(text):
        return _Digits.NONE
    if _LONG.search(text):
        return _Digits.MANY
    return _Digits.RARE if _RARE.search(text) else _Digits.PLAIN


_Shows = tuple[re.Pattern[str], tuple[str, ...], str, bool, set[str]]


@lru_cache
def _ways(kinds: tuple[str, ...], digits: _Digits) -> list[_Shows]:
    """How `kinds` may show in a text with such digits: each with the kinds that show so."""
    found: dict[Way, set[str]] = {}
    for kind in kinds:
        for way in KINDS[kind].ways:
            asks = _Digits.MANY if KINDS[kind].digits else _Digits.RARE if way.rare else _Digits.PLAIN
            if way.bare or digits >= asks:
                found.setdefault(way, set()).add(kind)
    return [(way.gate, way.signs, way.marks, way.gate_first, several) for way, several in found.items()]


def _near_digits(text: str) -> str:
    """What stands around the digits of `text`, in whole words: parts of them would be words that nobody met before."""
    parts = []
    for match in _DIGITS.finditer(text):
        start, end = match.span()
        first = max(0, start - BEFORE)
        first = text.find(" ", first, first + BEHIND) + 1 if first else 0
        last = text.find(" ", end, end + BEHIND)
        parts.append(text[first or max(0, start - BEFORE) : end + BEHIND if last < 0 else last])
    return "\n".join(parts)


def pieces(text: str) -> Iterator[tuple[int, int]]:
    """Cut `text` at line breaks into pieces of about PIECE characters; a long line at spaces inside no number."""
    start = 0
    while len(text) - start > PIECE:
        end = text.rfind("\n", start, start + PIECE) + 1 or _cut(text, start + PIECE)
        yield start, end
        start = end
    if start < len(text):
        yield start, len(text)


def _cut(text: str, wanted: int) -> int:
    """A place to cut at or soon after `wanted`: a safe space or the line's end; if both are far, any space or none."""
    limit = wanted + 20 * PIECE
    line = text.find("\n", wanted, limit) + 1 or (len(text) if len(text) <= limit else 0)
    space = _SAFE_CUT.search(text, wanted, line or limit)
    if not space and not line:
        space = _ANY_CUT.search(text, limit - PIECE, limit)
    return space.end() if space else line or limit


def context(text: str, start: int) -> str:
    """The words before `start` that may say what stands there.

    They never reach over something already found or replaced: else scrubbing one number would bring a word nearer to
    the next, and a second scrub would find more than the first.
    """
    before = text[max(0, start - REACH) : start]
    *_, barrier = [0, *(match.end() for match in _BARRIER.finditer(before))]
    return before[max(barrier, len(before) - CONTEXT) :]
