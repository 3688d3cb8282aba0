"""What `pii` and `pii_leak` look for: kinds that have a form, by patterns, and names, by a model if one is named."""

from collections.abc import Iterable

from filters import _names, _ner, _presidio, _screen, _spans
from filters._spans import Finding

PLACEHOLDERS = {name: kind.placeholder for name, kind in _screen.KINDS.items()} | _names.KINDS


def kinds(types: list[str] | None, exclude: list[str], ner: str | None) -> tuple[str, ...]:
    """The kinds to look for.

    Raises ValueError for a name that is no kind, where none is left, or where a kind needs a model and there is none.
    """
    for name in types or ():
        if name in _names.KINDS and ner is None:
            raise ValueError(f"type '{name}' has no form and needs a model: set ner, such as 'ner: rampart'")
    known = PLACEHOLDERS if ner else _screen.KINDS
    return _spans.chosen(known, types, [name for name in exclude if ner or name not in _names.KINDS])


def find(text: str, wanted: Iterable[str], ner: str | None = None, own: Iterable[Finding] = ()) -> list[Finding]:
    """All findings in `text`, in order; they may overlap. `own` are those of a recipe's patterns."""
    asked = tuple(wanted)
    formed = tuple(kind for kind in asked if kind in _screen.KINDS)
    found = {*own, *(_presidio.find(text, formed) if formed else ())}
    if ner and any(kind in _names.FOUND for kind in asked):
        found |= _names.find(text, found, _ner.reader(ner), asked, lambda rest: _presidio.find(rest, formed))
    return sorted(found)
