"""What belongs to an address beside the street: a number before; flat, town, state, code and country behind.

The lines of a postal address follow each other, so what is read on is only ever what comes next: a flat, a town before
a code or a country, a state, a code, a country, each after a line's end, a comma or a blank.
"""

import re
from collections.abc import Iterable

from filters._countries import country

_BETWEEN = r"[\s,.>?;|]{1,16}"
_LINE_OR_COMMA = r"[ \t]{0,3}(?:[,.]?\s{0,2}\n[ \t,>?|*#]{0,8}|,\s{0,2})"
_FLAT = r"(?i:apt|apartment|suite|ste|unit|flat|floor|room|piso|etage|app|appt|bât|p\.? ?o\.? box)\.? ?[0-9][\w-]{0,5}"
_CODE = (
    r"(?:(?:[A-Z]{1,2}-)?[0-9]{5,6}(?:-[0-9]{4})?|[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}|[0-9]{4} ?[A-Z]{2}"
    r"|(?!19|20)[0-9]{4}(?=[ \t]*(?:$|[\n,;]))|[0-9]{4}(?= [A-Z]))"  # four digits may be a year
)
_STATE = rf"[A-Z]{{2,3}}(?=,?\s{{1,3}}{_CODE}|[ \t]*(?:$|[\n,;]))"
_REST = re.compile(rf"{_BETWEEN}(?:{_FLAT}|nan|{_STATE}|(?<!\.)(?<!\. ){_CODE})(?!\w|[-/:][0-9])")
_UP = r"[A-ZÀ-ÖØ-ÞŁŚŻĆČŠŽ][\w'’-]{1,24}"
_SMALL = r"(?:(?:de|la|le|les|sur|am|an|der|del|di|upon|on|in|z|u) )"
_TOWN = re.compile(
    rf"{_LINE_OR_COMMA}(?:{_CODE} {{1,2}})?{_UP}(?:[ -]{_SMALL}{{0,2}}{_UP}){{0,3}}"
    rf"(?={_BETWEEN}(?:[A-Z]{{2,3}}{_BETWEEN})?{_CODE}(?![\w/:]))"
)
_TOWN_AFTER_CODE = re.compile(rf"{_LINE_OR_COMMA}(?:[A-Z]{{1,2}}-)?[0-9]{{4,5}} {_UP}(?:[ -]{_UP}){{0,2}}")
_TOWN_BEFORE_COUNTRY = re.compile(
    rf"{_LINE_OR_COMMA}[^\W\d_][\w'’-]{{1,24}}(?:[ -][^\W\d_][\w'’-]{{1,24}}){{0,3}}(?={_LINE_OR_COMMA})"
)
_BEFORE_COUNTRY = re.compile(_LINE_OR_COMMA)
_NUMBER_BEFORE = re.compile(r"(?<![\w,.:/-])[0-9]{2,6}[ \t>?]{1,6}$")
_PLACE_BETWEEN = re.compile(_BETWEEN)


def goes_on(text: str, start: int, end: int, places: Iterable[tuple[int, int]] = ()) -> tuple[int, int]:
    """Where an address begins and ends with all that belongs to it; `places` are spans of the same text."""
    if number := _NUMBER_BEFORE.search(text, max(0, start - 12), start):
        start = number.start()
    before = -1
    while before != end:
        before = end
        end = _next(text, end)
        for first, last in places:
            if first < end < last or (first >= end and _PLACE_BETWEEN.fullmatch(text, end, first)):
                end = last
    return start, end


def _next(text: str, end: int) -> int:
    """The end of what comes next, where that belongs to the address; else `end`."""
    for what in (_TOWN_AFTER_CODE, _TOWN, _REST):
        if match := what.match(text, end):
            return match.end()
    town = _TOWN_BEFORE_COUNTRY.match(text, end)
    for at in ((town.end(),) if town else ()) + (end,):
        if (gap := _BEFORE_COUNTRY.match(text, at)) and (found := country().match(text, gap.end())):
            return found.end()
    return end
