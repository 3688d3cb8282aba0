"""Licences as SPDX expressions: what is one, in which ways it can be kept, and what a use of the data rules out.

In      `MIT`, `(Apache-2.0 OR MIT) AND CC-BY-SA-4.0`, `GPL-2.0-only WITH Classpath-exception-2.0`, `LicenseRef-Acme`;
        `unknown`, `NOASSERTION` and `NONE` are no licence that anybody stated.
Out     for an expression its ways: sets of licences that bind together, one set an alternative.
Costs   0.3 s for the list of licences, once a process and only where a licence is stated.
Source  SPDX 2.3, annex D, parsed by the library license-expression. What share-alike terms allow beside each other:
        creativecommons.org/share-your-work/licensing-considerations/compatible-licenses. It is no legal advice.
"""

import difflib
import re
from collections.abc import Callable, Iterable
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from license_expression import Licensing

Use = Literal["commercial", "research", "internal"]
USES: tuple[Use, ...] = get_args(Use)  # the widest first
Way = frozenset[str]

UNKNOWN = "unknown"
_UNKNOWN = {UNKNOWN, "noassertion", "none", "other"}
_NON_COMMERCIAL = {"POLYFORM-NONCOMMERCIAL-1.0.0", "POLYFORM-SMALL-BUSINESS-1.0.0", "NCGL-UK-2.0"}  # besides -NC-
_REFERENCE = re.compile(r"(DocumentRef-[A-Za-z0-9.-]+:)?LicenseRef-[A-Za-z0-9.-]+", re.IGNORECASE)
_SHARE_ALIKE = (  # who begins with this binds what is made of it to its own kind
    ("CC-BY-NC-SA-", "CC-BY-NC-SA"), ("CC-BY-SA-", "CC-BY-SA"), ("GPL-2.0-only", "GPL-2.0-only"), ("GPL-", "GPL"),
    ("AGPL-", "GPL"), ("LGPL-", "GPL"), ("ODbL-", "ODbL"), ("GFDL-", "GFDL"), ("CDLA-Sharing-", "CDLA-Sharing"),
    ("OSL-", "OSL"), ("EUPL-", "EUPL"), ("LAL-", "LAL"),
)  # fmt: skip
_TOGETHER = ({"CC-BY-SA", "GPL"}, {"CC-BY-SA", "LAL"}, {"EUPL", "GPL"}, {"OSL", "EUPL"})
MOST_WAYS = 64
LONGEST = 1000  # characters


class BadLicence(ValueError):
    """A text that is no SPDX expression; the message says why, and what to write."""


@cache
def _licensing() -> "Licensing":
    from license_expression import LicenseSymbol, Licensing, get_spdx_licensing

    listed = [its for key, its in get_spdx_licensing().known_symbols.items() if not _REFERENCE.fullmatch(key)]
    return Licensing(  # without the library's aliases for LicenseRef-…: what such a one means is its user's to say
        LicenseSymbol(
            its.key,
            aliases=[name for name in its.aliases if not _REFERENCE.fullmatch(name)],
            is_exception=its.is_exception,
        )
        for its in listed
    )


@cache
def ways(expression: str) -> tuple[Way, ...]:
    """The alternatives of an expression, each the set of the licences that then bind, in SPDX's spelling.

    Raises BadLicence for what is no expression, or names a licence that SPDX does not list.
    """
    from license_expression import ExpressionError

    if not expression.strip() or len(expression) > LONGEST:
        raise BadLicence("a licence is an SPDX expression, such as 'CC-BY-4.0' or 'MIT OR Apache-2.0'")
    try:
        tree = _licensing().parse(expression)
    except (ExpressionError, ValueError) as error:
        if (bare := _bare(expression)) is not None:
            raise BadLicence(_not_listed(bare)) from None
        why = str(error).splitlines()[0].partition(" for token")[0].partition(": '")[0] or "it cannot be parsed"
        raise BadLicence(f"'{expression}' is no SPDX expression ({why})") from None
    found = _ways(tree)
    if len(found) > MOST_WAYS:
        raise BadLicence("it has more alternatives than anybody could read")
    return tuple(dict.fromkeys(found))


def _bare(expression: str) -> str | None:
    """The expression itself, where it is one name with a space or a slash and no operator."""
    return None if re.search(r"\b(and|or|with)\b|[()]", expression, re.IGNORECASE) else expression


def _ways(tree: Any) -> list[Way]:
    from license_expression import AND, OR, LicenseWithExceptionSymbol

    if isinstance(tree, AND | OR):
        parts = [_ways(part) for part in tree.args]
        if isinstance(tree, OR):
            return [way for part in parts for way in part]
        if _count(parts) > MOST_WAYS:
            raise BadLicence("it has more alternatives than anybody could read")
        return [frozenset().union(*each) for each in product(*parts)]
    if isinstance(tree, LicenseWithExceptionSymbol):
        licence, exception = _name(tree.license_symbol.key), tree.exception_symbol.key
        if not _is_exception(exception):
            raise BadLicence(f"'{exception}' is no exception that SPDX lists for 'WITH'")
        return [frozenset([f"{licence} WITH {exception}"])]
    return [frozenset([_name(tree.key)])]


def _count(parts: Iterable[list[Way]]) -> int:
    total = 1
    for part in parts:
        total *= len(part)
    return total


def _is_exception(key: str) -> bool:
    known = _licensing().known_symbols.get(key)
    return known is not None and known.is_exception


def _name(key: str) -> str:
    """A licence as SPDX writes it. Raises BadLicence for one that is not listed."""
    if key.casefold() in _UNKNOWN:
        return UNKNOWN
    if _REFERENCE.fullmatch(key):
        return key
    if key not in _licensing().known_symbols or _is_exception(key):
        raise BadLicence(_not_listed(key))
    return key


def _not_listed(key: str) -> str:
    if _is_exception(key):
        return f"'{key}' is an exception, and stands after a licence and 'WITH'"
    listed = [its for its in _licensing().known_symbols.values() if not its.is_exception]
    by_case = {name.casefold(): its.key for its in listed for name in (*its.aliases, its.key)}
    written = re.sub(r"v(\d)$", r"-\1.0", key.casefold().replace(" ", "-"))  # gplv3
    near = difflib.get_close_matches(written, by_case, n=1, cutoff=0.6)
    meant = f" Did you mean '{by_case[near[0]]}'?" if near else ""
    return f"SPDX lists no licence '{key}'.{meant} One of your own is written LicenseRef-NAME"


def is_stated(licence: str | None) -> bool:
    """Whether anybody said what the licence is."""
    return licence is not None and licence.strip().casefold() not in _UNKNOWN


def refusal(expression: str, refuses: Callable[[str], str | None]) -> str | None:
    """Why none of the ways passes, by what `refuses(licence)` says of each; None where one does."""
    reasons = [next((why for one in sorted(way) if (why := refuses(one))), None) for way in ways(expression)]
    return None if None in reasons else reasons[0]


def forbids(licence: str, use: Use) -> str | None:
    """Which terms of one licence rule a use out; None where none is known to."""
    parts = licence.partition(" WITH ")[0].upper()
    if use == "commercial" and ("NC" in parts.split("-") or parts in _NON_COMMERCIAL):
        return "policy.non_commercial"
    if use != "internal" and "ND" in parts.split("-"):
        return "policy.no_derivatives"
    return None


def share_alike(way: Way) -> frozenset[str]:
    """The kinds of share-alike terms among licences."""
    kinds = (next((kind for start, kind in _SHARE_ALIKE if one.startswith(start)), None) for one in way)
    return frozenset(kind for kind in kinds if kind)


def go_together(kinds: Iterable[str]) -> bool:
    """Whether one work can be under all these share-alike terms."""
    every = sorted(set(kinds))
    return all({one, other} in _TOGETHER for nth, one in enumerate(every) for other in every[nth + 1 :])


def can_mix(expressions: Iterable[str]) -> bool:
    """Whether each of these can be kept in some way, so that the share-alike terms of all go together."""
    states = {frozenset[str]()}
    for expression in sorted(set(expressions)):
        kinds = {share_alike(way) for way in ways(expression)}
        states = {state | its for state in states for its in kinds if go_together(state | its)}
        if not states:
            return False
    return True


def contradicts(stated: str, found: str) -> bool:
    """Whether a licence that was found is none of what was stated."""
    return not any(one <= other for one in ways(found) for other in ways(stated))
