"""What countries are called, in English, German, French and Spanish."""

import re
from functools import cache

_ALSO = (  # what the lists of telephone codes leave out
    "usa|u.s.a.|uk|england|scotland|wales|northern ireland|great britain|britain|holland|the netherlands|czechia"
    "|ivory coast|north macedonia|burma|vatican city|vereinigte staaten|großbritannien|schottland|niederlande"
    "|états-unis|pays-bas|grande-bretagne|angleterre|écosse|países bajos|inglaterra|escocia|gran bretaña"
    "|república checa|corea del sur|emiratos árabes unidos"
)
ALSO = frozenset(_ALSO.split("|"))


@cache
def countries() -> frozenset[str]:
    """The names of all countries that telephones have a code for, in small letters."""
    from phonenumbers.geodata.locale import LOCALE_DATA

    said = ((of, of.get(language, "")) for of in LOCALE_DATA.values() for language in ("en", "de", "fr", "es"))
    names = (of[name[1:]] if name.startswith("*") else name for of, name in said)  # `*aa`: as in the language aa
    return frozenset(name.casefold() for name in names if name) | ALSO


@cache
def country() -> re.Pattern[str]:
    """A country's name, the longest first: *Guinea-Bissau* is not *Guinea*."""
    return re.compile(
        rf"(?i:{'|'.join(map(re.escape, sorted(countries(), key=lambda name: (-len(name), name))))})(?!\w)"
    )
