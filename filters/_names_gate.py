"""Where in a text a name or an address may stand: what a model is shown, and what it never sees.

In      a text, and how sure the model is that a word is a name where nothing stands around it.
Out     stretches of it, each of whole sentences.
Costs   50 µs a kB; a word is asked about once a process.

A sentence is shown if it holds a word with a capital that is no common word, no name of a thing in code, not written
small elsewhere in the text, with this ending or another, and was not shown often enough already: after MOST sentences
the model has said what it is.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache

from factory.sentences import sentences
from filters._called_after import SOFTWARE
from filters._name_spans import NOBODY

LONGEST = 400  # characters shown at once: in more the model finds less
MOST = 2  # sentences in which one word is shown
COMMON = 0.1  # below it a word that begins a sentence is a common one
NEVER = 0.01  # below it a word is common wherever it stands
LEAST_STEM = 4  # letters before an ending

_BLOCK = re.compile(r"\n[ \t>]*\n")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_WITH_CAPITAL = re.compile(r"[A-ZÀ-ÖØ-ÞĀ-ɏḀ-ỿ](?<![^\W\d_].)(?<![^\W\d_]['’-].)[^\W\d_]*(?:['’-][^\W\d_]+)*")
_SMALL = re.compile(r"(?<![\w@./])[a-zà-öø-ÿ]{3,}(?![\w@]|\.\w)")  # no part of an address
_CONTRACTED = re.compile(r"['’](?:s|ll|re|ve|d|t|m)$")
_ENDINGS = (("s", ""), ("es", ""), ("ies", "y"), ("ing", ""), ("ing", "e"), ("ed", ""), ("ed", "e"), ("ly", ""))
_INSIDE = frozenset("_@\\/=<{}()[]`$#")  # beside a word they say code
_PREFIX = re.compile(r"(?:Mc|Mac|De|Di|Da|La|Le|Van|Von|Fitz|O['’]|D['’])[A-Z]")
_BEGINS = re.compile(r"(?:^|[\n|:>*•\"“(-])[ \t>*#•\"“(-]*$|[.!?] *$")

Alone = Callable[[str], float]


def stretches(text: str, alone: Alone, meet: Callable[[set[str]], None] = lambda _: None) -> list[tuple[int, int]]:
    """The stretches of `text` in which a name may stand, in order; `alone`: how sure a word alone is one.

    `meet` is told all the words that `alone` will be asked about: a model reads many at once for less.
    """
    small = frozenset(_SMALL.findall(text)) if _has_capitals(text) else None
    units = [(start, end, list(_candidates(text, start, end, small))) for start, end in _units(text)]
    meet({word for _, _, candidates in units for word, _ in candidates})
    shown: Counter[str] = Counter()
    wanted: list[tuple[int, int]] = []
    for start, end, candidates in units:
        words = {word for word, least in candidates if alone(word) >= least}
        if any(shown[word] < MOST for word in words):
            shown.update(words)
            if wanted and end - wanted[-1][0] <= LONGEST and not text[wanted[-1][1] : start].strip():
                wanted[-1] = (wanted[-1][0], end)
            else:
                wanted.append((start, end))
    return wanted


def _has_capitals(text: str) -> bool:
    """Whether its author writes capitals: one letter in a hundred."""
    return sum(map(str.isupper, text)) * 100 >= sum(map(str.islower, text))


def _units(text: str) -> Iterator[tuple[int, int]]:
    """Sentences within paragraphs; long ones cut at a line's end, or a blank."""
    at = 0
    for end in [*(block.start() for block in _BLOCK.finditer(text)), len(text)]:
        for start, stop in sentences(text, at, end):
            while stop - start > LONGEST:
                cut = max(text.rfind("\n", start + LONGEST // 2, start + LONGEST), start)
                cut = cut if cut > start else max(text.rfind(" ", start + LONGEST // 2, start + LONGEST), start)
                cut = cut if cut > start else start + LONGEST
                yield start, cut
                start = cut
            yield start, stop
        at = end


def _candidates(text: str, start: int, end: int, small: frozenset[str] | None) -> Iterator[tuple[str, float]]:
    """The words of a sentence that may be a name, in small letters, and how sure each must be of it.

    `small`: words without a capital, None where none has one.
    """
    shouted = small is None or text[start:end].isupper()
    for match in (_WORD if shouted else _WITH_CAPITAL).finditer(text, start, end):
        word = _CONTRACTED.sub("", match.group())
        if len(word) < 2 or not _is_latin(word[0]) or _is_in_code(text, *match.span()):
            continue
        if shouted or small is None:
            if len(word) > 2:
                yield word.lower(), COMMON
        elif _is_written_as_name(word):
            least = COMMON if _begins(text, start, match.start()) else NEVER
            yield from ((part, least) for part in _parts(word.lower()) if not _is_common(part, small))


def _parts(word: str) -> list[str]:
    """Each side of a hyphen: `Non-Blocking` is as common as its parts."""
    return [part for part in word.split("-") if len(part) > 2] or [word]


def _is_common(word: str, small: frozenset[str]) -> bool:
    """Whether the text writes a word small as well, perhaps with another ending, or it is nobody's name."""
    return (
        word in small
        or word in NOBODY
        or word in SOFTWARE
        or any(
            word[: -len(ending)] + put in small
            for ending, put in _ENDINGS
            if word.endswith(ending) and len(word) - len(ending) >= LEAST_STEM
        )
    )


def _is_latin(letter: str) -> bool:
    return letter < "\u0250" or "\u1e00" <= letter <= "\u1eff"


def _is_in_code(text: str, start: int, end: int) -> bool:
    before, behind = text[start - 1 : start] if start else "", text[end : end + 1]
    if (before in _INSIDE and before) or (behind in _INSIDE and behind) or before.isdigit() or behind.isdigit():
        return True
    return (behind in (".", "(") and text[end + 1 : end + 2].isalpha()) or (
        before == "." and text[start - 2 : start - 1].isalnum()
    )


@lru_cache(maxsize=1 << 16)
def _is_written_as_name(word: str) -> bool:
    """Anne, O'Brien, McDonald, Weber-Lang; not HTTP, FastAPI or anne."""
    if not word[0].isupper() or len(word) < 2:
        return False
    parts = re.split("['’-]", word)
    return any(len(part) > 1 and part[0].isupper() and part[1:].islower() for part in parts) or bool(
        _PREFIX.match(word)
    )


def _begins(text: str, start: int, at: int) -> bool:
    """Whether a word stands where any would have a capital."""
    return at == start or bool(_BEGINS.search(text, max(start, at - 12), at))
