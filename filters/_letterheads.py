"""The lines above an address: who lives or works there, and for whom.

    Ines Weber
    Head of Sales          (perhaps)
    Fritz-Armstrong
    12 Main Street

Of two lines and more right above an address the first is a person and the last a firm, if the first is written as a
person's name; where the name is said again the firm stands between.
"""

import re
from collections.abc import Iterable, Iterator

from filters._name_rules import BY_RULE
from filters._spans import Finding

MOST = 4  # lines above an address
LONGEST = 60  # characters of one
_SIGNS = " \t>?*|#"
_PERSON = re.compile(r"[^\W\d_]{2,20}(?:['’-][^\W\d_]+)*(?: [^\W\d_]\.?)?(?: [^\W\d_]{2,20}(?:['’-][^\W\d_]+)*){1,2}")
_FIRM = re.compile(r"[^\W\d_][\w&'’.-]*(?:,? [\w&'’.-]+){0,4}")


def letterheads(text: str, addresses: Iterable[Finding]) -> Iterator[Finding]:
    """The persons and organisations above each address that begins a line."""
    for address in addresses:
        begin = text.rfind("\n", 0, address.start) + 1
        if text[begin : address.start].strip(_SIGNS + "0123456789"):
            continue
        above = list(_lines_above(text, begin))
        if len(above) < 2:
            continue
        (first, last), *rest = reversed(above)
        name = text[first:last]
        others = [(start, end) for start, end in rest if text[start:end] != name]
        if not _PERSON.fullmatch(name) or not others:
            continue
        is_title = name.istitle() and len(others) > 1
        yield Finding(first, last, "person", BY_RULE)
        start, end = others[-1]
        if _FIRM.fullmatch(text, start, end) and (is_title or len(others) <= 2):
            yield Finding(start, end, "organization", BY_RULE)


def _lines_above(text: str, begin: int) -> Iterator[tuple[int, int]]:
    """The lines right above, the nearest first, without the signs around them; an empty line or a digit ends them."""
    for _ in range(MOST):
        if not begin:
            return
        end = begin - 1
        begin = text.rfind("\n", 0, end) + 1
        line = text[begin:end]
        bare = line.strip(_SIGNS + "\r")
        if not bare or len(bare) > LONGEST or any(map(str.isdigit, bare)) or bare[-1] in ".:;!":
            return
        start = begin + line.index(bare)
        yield start, start + len(bare)
