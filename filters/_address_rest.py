"""What belongs to an address beside the street: a number before, flat, place, short form of a state and code behind."""

import re
from collections.abc import Iterable

_BETWEEN = r"[\s,.>?;|]{1,16}"
_FLAT = r"(?i:apt|apartment|suite|ste|unit|flat|p\.o\. box)\.? ?[0-9][\w-]{0,5}"
_REST = re.compile(rf"{_BETWEEN}(?:{_FLAT}|nan|[A-Z]{{2,3}}|(?:[A-Z]{{1,2}}-)?[0-9]{{4,6}})(?!\w|[-/:][0-9])")
_NUMBER_BEFORE = re.compile(r"(?<![\w,.:/-])[0-9]{2,6}[\s>?]{1,6}$")
_PLACE_BETWEEN = re.compile(_BETWEEN)


def goes_on(text: str, start: int, end: int, places: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """Where an address begins and ends with all that belongs to it; `places` are spans of the same text."""
    if number := _NUMBER_BEFORE.search(text, max(0, start - 12), start):
        start = number.start()
    before = -1
    while before != end:
        before = end
        if rest := _REST.match(text, end):
            end = rest.end()
        for first, last in places:
            if first < end < last or (first >= end and _PLACE_BETWEEN.fullmatch(text, end, first)):
                end = last
    return start, end
