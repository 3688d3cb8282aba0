"""A second reading, of places where a value may hide from the first: undo the disguise, look, map back what is found.

Undone  what `_disguises` names: invisible characters, entities and escapes, `name (at) host (dot) tld`, markup and line
        breaks inside of a value; letters of other alphabets in Latin words; letters that a scanner read for digits.
Kept    only what touches a place that was undone, so that the first reading's answers stand as they are.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from factory.edits import Edit, EditMap
from filters._disguises import disguises
from filters._screen import PIECE, fold
from filters._spans import Finding

AROUND = 120  # characters read on both sides of an undone place: a value and the words before it
SURER = 0.75  # what a guess must reach: a check digit, a valid number, or a word before it

_SCANNED = re.compile(
    r"[+(0-9OolISBZ](?<![\w@.].)(?:(?<=[+(])[0-9OolISBZ])?(?:[ ().-]{0,2}[0-9OolISBZ]){8,18}(?![\w@])"
)
_HALF_SCANNED = re.compile(r"[0-9](?:(?=[ ().-]?[OolISBZ])|(?<=[OolISBZ].)|(?<=[OolISBZ][ ().-].))")
_DIGITS = str.maketrans("OolISBZ", "0011582")
_WORD = re.compile(r"[\w.@+-]+")
_LETTER = re.compile("[A-Za-z]")
_FOREIGN = re.compile(r"[\u0370-\u052f]")
_LATIN = str.maketrans(
    dict(zip("авеѕіјкӏмнорстухԁɡАВЕЅІЈКМНОРСТУХ", "abesijklmhopctyxdgABESIJKMHOPCTYX", strict=True))
    | dict(zip("αεικνορυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "aeikvopuxABEZHIKMNOPTYX", strict=True))
)


class _Undone(NamedTuple):
    start: int
    end: int
    strict: bool


def second_reading(text: str, find: Callable[[str], Iterable[Finding]]) -> list[Finding]:
    """What `find` finds in `text` with its disguises undone, where it touches one of them."""
    found: list[Finding] = []
    hidden = disguises(text)
    if not hidden and not _has_letters(text):
        return found
    back = EditMap(tuple(Edit(one.start, one.end, "", one.reading) for one in hidden))
    plain, places = _letters(fold(back.apply(text)) if hidden else text)
    shift = 0
    for one in hidden:
        places.append(_Undone(one.start + shift, one.start + shift + len(one.reading), one.strict))
        shift += len(one.reading) - (one.end - one.start)
    for start, end, inside in _windows(sorted(places), len(plain)):
        for seen in find(plain[start:end]):
            here = seen._replace(start=seen.start + start, end=seen.end + start)
            if _is_believed(here, inside):
                first, last = back.to_source(here.start, here.end)
                found.append(here._replace(start=first, end=last))
    return found


def _has_letters(text: str) -> bool:
    """Whether `_letters` may change anything."""
    return _HALF_SCANNED.search(text) is not None or (not text.isascii() and _FOREIGN.search(text) is not None)


def _letters(text: str) -> tuple[str, list[_Undone]]:
    """`text` with the letters and digits that others look like, and where; its length stays."""
    put = [(_Undone(*match.span(), strict=False), match.group().translate(_LATIN)) for match in _mixed(text)]
    if _HALF_SCANNED.search(text):
        for match in _SCANNED.finditer(text):
            letters, digits = (sum(map(kind, match.group())) for kind in (str.isalpha, str.isdigit))
            if 0 < letters <= 3 and digits >= 2 * letters + 4:
                put.append((_Undone(*match.span(), strict=True), match.group().translate(_DIGITS)))
    parts, at = [], 0
    for place, reading in sorted(put):
        if place.start >= at:
            parts += [text[at : place.start], reading]
            at = place.end
    return "".join([*parts, text[at:]]), [place for place, _ in put]


def latin(text: str) -> str:
    """`text` with letters of other alphabets in Latin words read as those they look like; its length stays."""
    parts, at = [], 0
    for match in _mixed(text):
        parts += [text[at : match.start()], match.group().translate(_LATIN)]
        at = match.end()
    return "".join([*parts, text[at:]])


def _mixed(text: str) -> Iterator[re.Match[str]]:
    """The words of two alphabets."""
    if not text.isascii() and _FOREIGN.search(text):
        for match in _WORD.finditer(text):
            if _FOREIGN.search(match.group()) and _LETTER.search(match.group()):
                yield match


def _windows(places: list[_Undone], length: int) -> Iterator[tuple[int, int, list[_Undone]]]:
    """The stretches of text around undone places: those that overlap as one, up to about PIECE characters."""
    group: list[_Undone] = []
    for place in places:
        if group and (place.start - AROUND > group[-1].end + AROUND or place.start > group[0].start + PIECE):
            yield max(0, group[0].start - AROUND), min(length, group[-1].end + AROUND), group
            group = []
        group.append(place)
    if group:
        yield max(0, group[0].start - AROUND), min(length, group[-1].end + AROUND), group


def _is_believed(found: Finding, places: list[_Undone]) -> bool:
    """Whether a finding lies over an undone place, and is sure enough where that was a guess."""
    over = [place for place in places if _is_over(found, place)]
    return bool(over) and (found.score >= SURER or not any(place.strict for place in over))


def _is_over(found: Finding, place: _Undone) -> bool:
    if place.start == place.end:  # something was taken out here
        return found.start < place.start < found.end
    return place.start < found.end and found.start < place.end
