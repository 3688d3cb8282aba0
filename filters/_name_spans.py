"""From words that may be part of a name, an address or a place, to spans with a kind and a score.

A model that does not see capitals, and that a list or a headline leads astray, is put right by how the words are
written: a name begins with a capital where others do not, its parts stand together, and what a firm is called is no
person. Scores are on presidio's scale: above 0.4 the text is surer than not.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from filters._countries import countries
from filters._spans import Finding

SURE = 0.5  # what the model must say of a word that stands alone
BESIDE = 0.15  # of one that stands beside a sure one
CODE = "_@\\=#$"  # beside a word they say that it is none
LONGEST_ACRONYM = 5
SCALE = 0.8  # 0.5 of the model is presidio's 0.4

_STOCK = "foo bar baz qux quux barz lorem ipsum"
_SHORT = "mon tue wed thu fri sat sun jan feb mar apr jun jul aug sep sept oct nov dec"
_CHAT = "lol lmao lmfao rofl omg wtf omfg imho btw tbh idk smh"
_WARD = "servicio médico médica varón mujer niña niño paciente gestante cirugía oncología urología"
NOBODY = frozenset(
    f"{_STOCK} {_SHORT} {_CHAT} {_WARD}".split()
)  # what examples are called, and short forms with a capital
_ALSO = "jordan georgia chad israel malta maurice dominique guadalupe mauricio montserrat"
NAMES_TOO = frozenset(_ALSO.split())  # countries, and what people are called
_LAUGHTER = re.compile(r"(?:h+[aei]+){2,}h*")
_KEY = re.compile(r"[\"'] ?:")  # the name of a value
_GAP = re.compile(r"[ \t]{1,2}|\.[ \t]?|-|[ \t]?['’][ \t]?|[ \t]\.[ \t]")
_ADDRESS_GAP = re.compile(r"(?:[\s,.;>/()#º°-]|\bnan\b|\b(?:de|del|la|der|du|of|the|and|corner)\b){1,12}")


class Word(NamedTuple):
    """A word, and how sure the model is that it is part of a person's name, of a street's address, of a place."""

    start: int
    end: int
    person: float
    street: float
    place: float


def spans(text: str, words: Sequence[Word]) -> Iterator[Finding]:
    """The persons, addresses and places of one stretch of text; they may overlap."""
    cased = _is_cased(text)
    yield from _persons(text, [word for word in words if _may_be_name(text, word, cased)], cased=cased)
    yield from _places(text, words, cased=cased)


def _is_cased(text: str) -> bool:
    """Whether capitals say something here: there are some, and more that is small."""
    small, large = sum(map(str.islower, text)), sum(map(str.isupper, text))
    return large > 0 and small > large


def _may_be_name(text: str, word: Word, cased: bool) -> bool:
    written = text[word.start : word.end]
    if _is_in_code(text, word) or any(map(str.isdigit, written)) or _KEY.match(text, word.end):
        return False
    if word.person < max(word.street, word.place):
        return False
    if any(left.islower() and right.isupper() for left, right in pairwise(written)) and not written.startswith(
        ("Mc", "Mac", "De", "Di", "La", "Le", "O'", "D'", "Van", "Von")
    ):
        return False
    return not (cased and written[0].islower())


def _persons(text: str, words: Sequence[Word], *, cased: bool) -> Iterator[Finding]:
    """Words that stand together, if one of them is sure enough."""
    for group in _groups(text, [word for word in words if word.person >= BESIDE], _GAP):
        written = text[group[0].start : group[-1].end]
        is_short = len(group) == 1 and cased and _is_short_for(written)
        somebody = max((w.person for w in group if not _is_nobody(text[w.start : w.end].casefold())), default=0.0)
        if not is_short and not _is_country(written.casefold()) and somebody >= BESIDE:
            yield Finding(group[0].start, group[-1].end, "person", round(SCALE * somebody, 4))


def _is_country(name: str) -> bool:
    return name in countries() and name not in NAMES_TOO


def _is_nobody(word: str) -> bool:
    return word in NOBODY or _LAUGHTER.fullmatch(word) is not None


def _is_short_for(written: str) -> bool:
    return written.isupper() and 1 < len(written) <= LONGEST_ACRONYM


def _places(text: str, words: Sequence[Word], *, cased: bool) -> Iterator[Finding]:
    """Words of addresses that stand together: a street and a number are an address, a place alone is one."""
    parts = [w for w in words if max(w.street, w.place) >= max(SURE, w.person) and not _is_in_code(text, w)]
    for group in _groups(text, parts, _ADDRESS_GAP):
        named = [word for word in group if _is_named(text[word.start : word.end], cased=cased)]
        street = max((word.street for word in named), default=0.0)
        place = max((word.place for word in named), default=0.0)
        numbered = any(character.isdigit() for character in text[group[0].start : group[-1].end])
        if street >= SURE and numbered:
            yield Finding(group[0].start, group[-1].end, "address", round(SCALE * street, 4))
        elif place >= SURE:
            yield Finding(group[0].start, group[-1].end, "location", round(SCALE * place, 4))


def _is_in_code(text: str, word: Word) -> bool:
    around = text[word.start - 1 : word.start] + text[word.end : word.end + 1]
    return any(sign in CODE for sign in around)


def _is_named(written: str, *, cased: bool) -> bool:
    return len(written) > 2 and written.isalpha() and (written[0].isupper() or not cased)


def _groups(text: str, words: Sequence[Word], gap: re.Pattern[str]) -> Iterator[list[Word]]:
    """The words that only `gap` parts, together."""
    group: list[Word] = []
    for word in words:
        if group and not gap.fullmatch(text, group[-1].end, word.start):
            yield group
            group = []
        group.append(word)
    if group:
        yield group
