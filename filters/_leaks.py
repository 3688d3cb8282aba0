"""A value in whatever form it is written: the same digits with other gaps, the same name in another order.

In      a value and its kind; a text.
Out     where the text says the value again.
Costs   0.1 ms to make a pattern; a search is linear in the text.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import permutations

import phonenumbers

from filters import _leak_dates
from filters._screen import fold

GAP = r"[\s().\-/_·•,:]{0,3}"  # between the characters of one number
SHORTEST_PHONE = 7  # digits
SHORTEST_NUMBER = 6  # characters: a shorter one with other gaps is some other number
MOST_ORDERS = 3  # words of a name that are looked for in any order
_START, _END = r"(?<![^\W_])", r"(?![^\W_])"
_AT = r"\s{0,3}(?:@|%40|[\[({<]\s?(?:at|@)\s?[\])}>]|\b(?:at|arroba|bei|chez)\b)\s{0,3}"
_DOT = r"\s{0,3}(?:\.|[\[({<]\s?(?:dot|punkt|\.)\s?[\])}>]|\b(?:dot|punkt|punto|point)\b)\s{0,3}"
_EXTENSION = re.compile(r"[,;]?\s*(?:ext(?:ension|n)?[.:]?|x|#)\s*\d+\s*$", re.IGNORECASE)
_PREFIX = rf"(?<![0-9])(?:(?:\+|00)?[0-9]{{1,3}}{GAP})?(?:\(?0\)?{GAP})?"


def said_again(text: str, value: str, kind: str) -> Iterator[tuple[int, int]]:
    """The spans of `text` that are `value`, however it is written there."""
    for match in _pattern(fold(value), kind).finditer(fold(text)):
        yield match.span()


@lru_cache(maxsize=4096)
def _pattern(value: str, kind: str) -> re.Pattern[str]:
    written = _WRITTEN.get(kind, _number)(value)
    return re.compile(written, re.IGNORECASE)


def _number(value: str) -> str:
    """Its letters and digits, whatever stands between them; a short one as it is."""
    characters = re.findall(r"[^\W_]", value)
    return _START + GAP.join(map(re.escape, characters)) + _END if len(characters) >= SHORTEST_NUMBER else _words(value)


def _phone(value: str) -> str:
    """The national number: before it the code of any country, or none."""
    plain = _EXTENSION.sub("", value)
    digits = re.sub(r"\D", "", plain)
    national = _national(plain, digits)
    if len(national) < SHORTEST_PHONE:
        return _number(plain)
    return _PREFIX + GAP.join(national) + r"(?![0-9])"


def _national(written: str, digits: str) -> str:
    international = written.lstrip("( ").startswith("+") or digits.startswith("00")
    if international:
        try:
            return str(phonenumbers.parse("+" + digits.lstrip("0"), None).national_number)
        except phonenumbers.NumberParseException:
            return digits.lstrip("0")
    return digits.lstrip("0")


def _email(value: str) -> str:
    local, _, domain = value.replace("%40", "@").rpartition("@")
    parts = [_DOT.join(map(re.escape, side.split("."))) for side in (local, domain)]
    return _START + _AT.join(parts) + _END


def _ip(value: str) -> str:
    return _START + r"\[?\.\]?".join(map(re.escape, value.split("."))) + _END


def _name(value: str) -> str:
    """Its words in any order, if they are few: `Weber, Ines`; the last with the initials of the others: `I. Weber`."""
    words = re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", value) or [value]
    orders = permutations(words) if len(words) <= MOST_ORDERS else [words]
    written = [r"[\W_]{1,3}".join(map(re.escape, order)) for order in orders]
    *given, last = words
    if given and len(last) > 1:
        initials = r"\s?".join(rf"{re.escape(word[0])}\." for word in given)
        written += [rf"{initials}\s?{re.escape(last)}", rf"{re.escape(last)},?\s{initials}"]
    return _START + "(?:" + "|".join(written) + ")" + rf"(?:{_END}|(?<=\.))"


def _words(value: str) -> str:
    """Its words in their order, whatever stands between them."""
    return _START + r"[\W_]{1,3}".join(map(re.escape, re.findall(r"[^\W_]+", value) or [value])) + _END


def _day(value: str) -> str:
    """The day, in figures of either order or with a month's name in four languages."""
    days = _leak_dates.forms(value)
    return rf"(?<![0-9])(?:{days})(?![0-9])" if days else _words(value)


_IN_WORDS = ("organization", "address", "location", "coordinates", "username")
_WRITTEN = {
    "phone": _phone,
    "email": _email,
    "ip": _ip,
    "person": _name,
    "date_of_birth": _day,
    **dict.fromkeys(_IN_WORDS, _words),
}
