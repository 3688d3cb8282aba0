"""What `pii` and `pii_leak` look for: kinds that have a form, by patterns, and names, by a model if one is named."""

from collections.abc import Iterable, Iterator
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from filters import _names, _ner, _presidio, _spans
from filters._address_rest import goes_on
from filters._kinds import KINDS
from filters._spans import Finding

if TYPE_CHECKING:
    from filters._own import Own

PLACEHOLDERS = {name: kind.placeholder for name, kind in KINDS.items()} | _names.KINDS


def kinds(types: list[str] | None, exclude: list[str], ner: str | None) -> tuple[str, ...]:
    """The kinds to look for.

    Raises ValueError for a name that is no kind, where none is left, or where a kind needs a model and there is none.
    """
    for name in types or ():
        if name in _names.KINDS and ner is None:
            raise ValueError(f"type '{name}' has no form and needs a model: set ner, such as 'ner: rampart'")
    known = PLACEHOLDERS if ner else KINDS
    return _spans.chosen(known, types, [name for name in exclude if ner or name not in _names.KINDS])


def find(text: str, wanted: Iterable[str], ner: str | None = None, own: "Own | None" = None) -> list[Finding]:
    """All findings in `text`, in order; they may overlap. `own` are kinds that a recipe adds."""
    asked = tuple(wanted)
    formed = _with_form(asked)
    found = _settled(text, formed, own) if own and own.kinds else _formed(text, formed)
    if ner and any(kind in _names.FOUND for kind in asked):
        near = partial(_presidio.find_near, formed)
        found |= _names.find(text, found, _ner.reader(ner), asked, near)
    return sorted(found)


@lru_cache
def _with_form(asked: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(kind for kind in asked if kind in KINDS)


def _formed(text: str, kinds: tuple[str, ...]) -> set[Finding]:
    """What patterns find, addresses with the lines that go on from them.

    What those lines hid is looked for again: scrubbing twice changes nothing.
    """
    found: set[Finding] = set()
    while kinds:
        fresh = set(_presidio.find(text, kinds))
        longer = set(_longer(text, fresh))
        found |= fresh | longer
        if not longer:
            break
        text = _spans.blank(text, [(one.start, one.end) for one in fresh | longer if one.score >= _presidio.SURE])
    return found


def _longer(text: str, found: Iterable[Finding]) -> Iterator[Finding]:
    for one in found:
        if one.kind == "address" and one.score >= _presidio.SURE:
            start, end = goes_on(text, one.start, one.end)
            if (start, end) != (one.start, one.end):
                yield one._replace(start=start, end=end)


def _settled(text: str, kinds: tuple[str, ...], own: "Own") -> set[Finding]:
    """Look, fill what is sure and look again: what was glued to a value stands alone once that is replaced."""
    found: set[Finding] = set()
    while True:
        fresh = {*_formed(text, kinds), *own.find(text)}
        found |= fresh
        filled = _spans.blank(text, [(one.start, one.end) for one in fresh if one.score >= _presidio.SURE])
        if filled == text:
            return found
        text = filled
