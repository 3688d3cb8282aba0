"""Addresses that have no number of a house: corners of streets, ships of a navy, Greek streets.

They are looked for beside names only: over line ends, where recognisers do not look.
"""

import re
from collections.abc import Iterator

from filters._name_rules import UP, Place

_STREET = rf"{UP}(?:[ ](?:{UP}|[0-9]{{1,4}})\.?){{0,4}}"
_FORMS = [
    re.compile(pattern)
    for pattern in (
        rf"(?i:\bcorner of) (?P<value>{_STREET} (?:and|&|y|et|und) {_STREET})",
        r"(?i)\b(?P<value>US(?:NV|NS|CGC|S) [\w-]{2,20}(?: [\w-]{2,20})?)(?=,?\s{1,3}(?:FPO|DPO|APO)\b)",
        r"(?<!\w)(?P<value>(?:Λεωφόρος|Λεωφ\.|Λ\.|Οδός|οδός) [^\W\d_]{2,24}(?: [^\W\d_]{2,24}){0,2},?"
        r" [0-9]{1,4})(?!\w)",
    )
]


def corners(text: str) -> Iterator[Place]:
    """Where rules see an address."""
    for pattern in _FORMS:
        for match in pattern.finditer(text):
            yield Place(*match.span("value"), "address", 0.0)
