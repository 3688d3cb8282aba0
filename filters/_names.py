"""Names of people and organisations, and addresses and places without a form: what a model says, put right by rules.

In      a text and what patterns found in it; a reader, which is a model.
Out     findings more: person, organization, location, address.
Costs   what the model costs on the stretches where a name may stand, twice where it finds one; the gate 50 µs a kB.

What is found is taken out and the rest read again until nothing is left, in one form whatever stands in its place, so
that scrubbing twice changes nothing although a model reads. A name that is sure in one place is known in all others.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from factory.edits import Edit, EditMap
from filters._address_rest import goes_on
from filters._called_after import first_words, is_nothing, things_called_so
from filters._disguises import INVISIBLE
from filters._firm_rules import firm_called_so, firms
from filters._letterheads import letterheads
from filters._name_rules import BY_RULE, Place, hidden, named_by, parts_of, places
from filters._names_gate import stretches
from filters._place_rules import addresses_and_places
from filters._presidio import SURE
from filters._screen import fold
from filters._spans import FILL, Finding, blank
from filters._unfold import latin
from filters._whereabouts import whereabouts

KINDS = {"person": "<PERSON>", "organization": "<ORGANIZATION>", "location": "<LOCATION>"}
FOUND = ("address", *KINDS)
KNOWN = 0.82  # found elsewhere in the same text: surer than a place of the same name
SURE_ENOUGH = 0.64  # a name that makes itself known elsewhere
LEAST_KNOWN = 3  # letters of a word that is known again
RARE = 0.3  # how sure a word alone must be of being a name, to be known again by itself

_TAKEN_OUT = re.compile(rf"(?:<[A-Z][A-Z0-9_]+>|{FILL}+)+")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


class Reader(Protocol):
    """A model."""

    def read(self, texts: Sequence[str]) -> list[list[Finding]]:
        """The findings of each text, weak ones too."""

    def meet(self, words: set[str]) -> None:
        """Read at once what `alone` will be asked about."""

    def alone(self, word: str) -> float:
        """How sure `word` is a name where nothing stands around it."""


def find(
    text: str,
    found: Iterable[Finding],
    reader: Reader,
    kinds: Iterable[str],
    again: Callable[[str, Iterable[tuple[int, int]]], Iterable[Finding]] = lambda _, __: (),
) -> set[Finding]:
    """What a model and rules find beside what was `found`.

    `again` are the patterns, on what is then left, near the spans that were taken out.
    """
    wanted = frozenset(kinds)
    known: set[str] = set()
    firm_words: set[str] = set()
    read: dict[str, list[Finding]] = {}
    emails = [parts_of(text[f.start : f.end]) for f in found if f.kind == "email"]
    sure = [(f.start, f.end) for f in found if f.score >= SURE]
    rest = blank(text, [(f.start, f.end) for f in found if f.score >= SURE and f.kind != "address"])
    addresses = [f for f in found if f.kind == "address" and f.score >= SURE]  # those of patterns
    more = {f for f in letterheads(text, addresses) if f.kind in wanted}
    sure += [(f.start, f.end) for f in more]
    known.update(text[f.start : f.end] for f in more if f.kind == "person")
    new = [(f.start, f.end) for f in more]
    rest = blank(rest, new)
    while True:
        plain, back = _plain(rest)
        seen = [f for f in _seen(plain, reader, emails, known, read, firm_words) if FILL not in plain[f.start : f.end]]
        known.update(word for f in seen if f.kind == "person" for word in _known(plain, f, reader))
        there = [_to_source(f, back) for f in seen]
        sure_there = [f for f in there if f.kind == "address" and f.score >= SURE]
        fresh = set(_whole(text, addresses + sure_there, there))
        fresh = {f for f in fresh if f.kind in wanted}
        more |= fresh
        new += [(f.start, f.end) for f in fresh if f.score >= SURE]
        filled = blank(rest, sure + new)
        if filled == rest:
            return more
        rest = filled
        later = [f for f in again(rest, new) if f.score >= SURE]
        sure, new = sure + new, [(f.start, f.end) for f in later]
        more.update(later)
        rest = blank(rest, new)


def _whole(text: str, addresses: Sequence[Finding], found: Sequence[Finding]) -> Iterator[Finding]:
    """`found`, with addresses whole: places that go on from one are part of it, who a street is called after is not."""
    places = sorted((f.start, f.end) for f in found if f.kind == "location" and f.score >= SURE)
    whole = [(a, goes_on(text, a.start, a.end, places)) for a in addresses]
    yield from (
        a._replace(start=start, end=end, score=KNOWN) for a, (start, end) in whole if (start, end) != (a.start, a.end)
    )
    for one in found:
        if one.kind == "address" or not any(start < one.end and one.start < end for _, (start, end) in whole):
            yield one


def _plain(text: str) -> tuple[str, EditMap]:
    """`text` as the model reads it: disguises undone, one sign for all that was taken out."""
    text = latin(fold(text))
    edits = [Edit(*match.span(), "", FILL) for match in _TAKEN_OUT.finditer(text)]
    if not text.isascii():
        edits += [Edit(*match.span(), "", "") for match in INVISIBLE.finditer(text)]
    back = EditMap(tuple(edits))
    return back.apply(text), back


def _to_source(found: Finding, back: EditMap) -> Finding:
    start, end = back.to_source(found.start, found.end)
    return found._replace(start=start, end=end)


def _seen(
    text: str,
    reader: Reader,
    emails: Sequence[frozenset[str]],
    known: Iterable[str],
    read: dict[str, list[Finding]],
    firm_words: set[str],
) -> list[Finding]:
    """What the model, rules and what is known say of a text."""
    where = stretches(text, reader.alone, reader.meet)
    parts = [text[start:end] for start, end in where]
    if fresh := [part for part in dict.fromkeys(parts) if part not in read]:
        read.update(zip(fresh, reader.read(fresh), strict=True))
    said = [
        f._replace(start=f.start + start, end=f.end + start)
        for (start, _), part in zip(where, parts, strict=True)
        for f in read[part]
    ]
    said = [f for f in said if not is_nothing(text, f)]
    persons = [f for f in said if f.kind == "person" and f.score >= SURE]
    ruled = [*places(text), *firms(text), *addresses_and_places(text), *hidden(text), *named_by(text, emails)]
    ruled += whereabouts(text, persons)
    ruled += [Place(f.start, end, "organization", 0.0) for f in said if (end := firm_called_so(text, f))]
    firm_words |= first_words(text, ruled)
    ruled += things_called_so(text, persons, ruled, firm_words)
    return [*_without(said, ruled), *_by_rule(said, _firms_first(ruled)), *_again(text, known)]


def _firms_first(ruled: Sequence[Place]) -> list[Place]:
    """`ruled` without persons in whose place a firm stands: `From: Weber Industries`."""
    firms_ = [(place.start, place.end) for place in ruled if place.kind == "organization"]
    return [p for p in ruled if p.kind != "person" or not any(s < p.end and p.start < e for s, e in firms_)]


def _without(said: Sequence[Finding], ruled: Sequence[Place]) -> Iterator[Finding]:
    """What the model says, but of firms and streets: who one is called after is no person."""
    others = [(place.start, place.end) for place in ruled if place.kind != "person"]
    return (f for f in said if not any(start < f.end and f.start < end for start, end in others))


def _by_rule(said: Sequence[Finding], ruled: Sequence[Place]) -> Iterator[Finding]:
    for place in ruled:
        surest = max((f.score for f in said if f.start < place.end and place.start < f.end), default=0.0)
        if surest >= place.needs:
            yield Finding(place.start, place.end, place.kind, BY_RULE)


def _known(text: str, found: Finding, reader: Reader) -> Iterator[str]:
    """A sure name of several words, and of a surer one the words that are rare enough to be known again alone."""
    name = text[found.start : found.end]
    words = _WORD.findall(name) if not name.islower() else []
    if found.score >= SURE and len(words) > 1:
        yield name
    if found.score >= SURE_ENOUGH:
        rare = (word for word in words if len(word) >= LEAST_KNOWN and word[0].isupper())
        yield from (word for word in rare if reader.alone(word.lower()) >= RARE)


def _again(text: str, known: Iterable[str]) -> Iterator[Finding]:
    if words := sorted(known, key=lambda word: (-len(word), word)):
        pattern = re.compile(rf"(?<![\w@.-])(?:{'|'.join(map(re.escape, words))})(?![\w@])")
        yield from (Finding(*match.span(), "person", KNOWN) for match in pattern.finditer(text))
