"""Addresses that have no number of a house, and places behind a label such as *City:* or *Country:*.

They are looked for beside names only: corners of streets, ships of a navy, Greek streets, and what a form says.
"""

import re
from collections.abc import Iterator

from filters._name_rules import AT_LINE, MARKS, UP, VALUE_END, Place, any_of

_STREET = rf"{UP}(?:[ ](?:{UP}|[0-9]{{1,4}})\.?){{0,4}}"
_FORMS = [  # a pattern, and words of which one is in each match, in small letters
    (re.compile(pattern), words)
    for pattern, words in (
        (rf"(?i:\bcorner of) (?P<value>{_STREET} (?:and|&|y|et|und) {_STREET})", ("corner of",)),
        (
            r"(?i)\b(?P<value>US(?:NV|NS|CGC|S) [\w-]{2,20}(?: [\w-]{2,20})?)(?=,?\s{1,3}(?:FPO|DPO|APO)\b)",
            ("fpo", "dpo", "apo"),
        ),
        (
            r"(?<!\w)(?P<value>(?:Λεωφόρος|Λεωφ\.|Λ\.|Οδός|οδός) [^\W\d_]{2,24}(?: [^\W\d_]{2,24}){0,2},?"
            r" [0-9]{1,4})(?!\w)",
            ("λ", "οδός"),
        ),
    )
]
_TOWN = any_of(
    "city town country(?:_of_birth)? place_of_birth birthplace nationality stadt wohnort ort geburtsort ville pays "
    "localidad(?:/_?provincia)? provincia ciudad población país(?:_de_nacimiento)? pais lugar_de_nacimiento"
)
_CODE = any_of("cp c\\.p\\. zip(?:_?code)? post(?:al_?)?code plz postleitzahl code_postal código_postal")
_LABELLED = [
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        rf"{AT_LINE}(?i:{_TOWN}){MARKS}(?P<value>{UP}(?:[ -](?:(?:de|del|la|am|an) ){{0,2}}{UP}){{0,3}}){VALUE_END}",
        rf"(?<!\w)(?i:{_CODE})(?:{MARKS}| )(?P<value>[0-9]{{4,6}})(?![\w-])",
    )
]


def addresses_and_places(text: str) -> Iterator[Place]:
    """Where rules see an address or a place."""
    lower = text.lower()
    for pattern, words in _FORMS:
        for match in pattern.finditer(text) if any(map(lower.__contains__, words)) else ():
            yield Place(*match.span("value"), "address", 0.0)
    for pattern in _LABELLED:
        for match in pattern.finditer(text):
            yield Place(*match.span("value"), "location", 0.0)
