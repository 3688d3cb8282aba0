"""presidio's recognisers and ours: offline, without a model, and asked only where something can be.

Nothing here opens a socket: no engine is built that would fetch a model, and e-mail domains are checked against the
public suffix list inside tldextract. What is slow to load is loaded once a process, by the first text that may hold a
kind which needs it: phonenumbers by a run of digits, tldextract by an `@`, presidio and spaCy (0.9 s) by a card,
an IBAN, a bitcoin or IPv6 address whose check digits are right.
"""

from collections.abc import Iterable, Iterator
from functools import cache

from filters._check_digits import may_be_bitcoin, may_be_card, may_be_iban, may_be_ipv6
from filters._kinds import KINDS
from filters._light import without_heavy
from filters._recogniser import Hit, Recogniser, apart, raised
from filters._screen import REACH, can_hold, fold, pieces
from filters._spans import Finding, blank
from filters._unfold import second_reading

SURE = 0.4  # presidio's own scale: a bare pattern of some worth, or a weak one with a context word
LONGEST = 200  # characters that a value and the signs around it take at most
MIN_SCORE = 0.1  # below it nothing is a finding: at presidio's 0.01 every six digits are a driver's licence

_PRESIDIOS = {  # what each of presidio's would have to find, said more exactly than by a gate: it is not asked for less
    "credit_card": may_be_card,
    "crypto": may_be_bitcoin,
    "iban": may_be_iban,
    "ip": may_be_ipv6,
}


def prepare() -> None:
    """Load what most texts of some size need: all but presidio."""
    for kind in KINDS:
        _ours(kind)


@cache
def _ours(kind: str) -> list[Recogniser]:
    """Our recognisers of a kind."""
    from filters._hosts import Hosts, Machines
    from filters._labelled import PATTERNS, Labelled
    from filters._national import national
    from filters._plain_numbers import plain_numbers

    by_form = (*national(), *plain_numbers(), Hosts(), Machines())
    found: list[Recogniser] = [one for one in by_form if one.kind == kind]
    if kind == "address":
        from filters._addresses import StreetAddresses

        found.append(StreetAddresses())
    elif kind == "email":
        from filters._emails import EmailAddresses

        found.append(EmailAddresses())
    elif kind == "phone":
        from filters._phones import TelephoneNumbers

        found.append(TelephoneNumbers())
    return [*found, Labelled(kind)] if kind in PATTERNS else found


@cache
def _presidios() -> dict[str, Recogniser]:
    """presidio's recognisers, by kind."""
    with without_heavy():
        from filters._recognisers import Presidios, recognisers

        return {one.kind: one for one in map(Presidios, recognisers())}


def find(text: str, kinds: Iterable[str] = tuple(KINDS), *, screened: bool = True) -> list[Finding]:
    """All findings in `text`, in order; they may overlap. Unscreened it is slower and finds the same."""
    wanted = tuple(kinds)
    rest = fold(text)
    found = _read(rest, wanted, screened=screened)
    while True:  # what was hidden may itself have hidden something
        hidden = {
            f for f in second_reading(rest, lambda part: _read(part, wanted, screened=screened)) if f.score >= SURE
        }
        filled = blank(rest, [(f.start, f.end) for f in found | hidden if f.score >= SURE])
        if filled == rest:
            return sorted(found)
        if hidden:
            found |= hidden | _read(filled, wanted, screened=screened)
        rest = filled


def find_near(kinds: Iterable[str], text: str, filled: Iterable[tuple[int, int]]) -> Iterator[Finding]:
    """What is found in `text` since these spans of it were filled, and what was found near them before."""
    for begin, last, end in _around(text, 0, list(filled)):
        before = max(0, begin - REACH)
        for one in find(text[before:end], kinds):
            if begin <= one.start + before < last:
                yield one._replace(start=one.start + before, end=one.end + before)


def _read(text: str, kinds: tuple[str, ...], *, screened: bool) -> set[Finding]:
    """The findings of a text as it stands, piece by piece."""
    if screened:
        kinds = can_hold(kinds, text)
    if not kinds:
        return set()
    found: set[Finding] = set()
    lead = ""  # the end of the piece before, where context words stand; what was found there is filled
    for start, end in pieces(text):
        seen_through = screened and (start, end) == (0, len(text))  # all of it is one piece, and was screened already
        piece = lead + text[start:end]
        fresh, filled = _settle(piece, len(lead), kinds, screened=screened, seen_through=seen_through)
        shift = start - len(lead)
        found.update(Finding(f.start + shift, f.end + shift, f.kind, f.score) for f in fresh)
        lead = filled[-REACH:]
    return found


def _settle(
    piece: str, start: int, kinds: tuple[str, ...], *, screened: bool, seen_through: bool
) -> tuple[set[Finding], str]:
    """Look, fill what is sure and look again, until nothing sure is left: scrubbing twice then changes nothing.

    Once is not enough: of two numbers side by side the first may hide the second. It can where something was filled,
    and not lines away.
    """
    found: set[Finding] = set()
    asked = can_hold(kinds, piece, start) if screened and not seen_through else kinds
    fresh = _look(piece, start, asked, screened=screened)
    while True:
        found.update(fresh)
        sure = [(f.start, f.end) for f in fresh if f.score >= SURE]
        if not sure:
            return found, piece
        piece = blank(piece, sure)
        fresh = []
        for begin, last, end in _around(piece, start, sure) if screened else [(start, len(piece), len(piece))]:
            asked = can_hold(kinds, piece, begin, end) if screened else kinds
            before = max(0, begin - REACH)
            here = _look(piece[before:end], begin - before, asked, screened=screened)
            fresh += [f._replace(start=f.start + before, end=f.end + before) for f in here if f.start + before < last]


def _around(piece: str, start: int, spans: list[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """Where to look again: begin, before where a finding must begin, end; none before `start`.

    It is the lines of `spans`, each with the one before and the one behind. Of a long line only what is near: what a
    span hid touches it or has its words before it there. A line of glued numbers, each of which hides the next, would
    else be read whole once a number.
    """
    stretches: list[tuple[int, int, int]] = []
    for first, last in sorted(spans):
        begin = max(start, piece.rfind("\n", 0, max(0, piece.rfind("\n", 0, first))) + 1, first - LONGEST)
        line = piece.find("\n", piece.find("\n", last) + 1 or len(piece)) + 1 or len(piece)
        near, end = (line, line) if line <= last + REACH + LONGEST else (last + REACH, last + REACH + LONGEST)
        if stretches and begin <= stretches[-1][1]:
            stretches[-1] = (stretches[-1][0], max(near, stretches[-1][1]), max(end, stretches[-1][2]))
        else:
            stretches.append((begin, near, end))
    return stretches


def _look(piece: str, start: int, kinds: tuple[str, ...], *, screened: bool) -> list[Finding]:
    """The findings of one piece that begin at or after `start`; before it stands context only."""
    found: list[Finding] = []
    for kind in kinds:
        hits: list[Hit] = []
        for recogniser in _recognisers(kind, piece, screened=screened):
            hits += raised(recogniser.hits(piece), recogniser.words, piece)
        for hit in apart(hit for hit in hits if hit.score >= MIN_SCORE):
            if hit.start >= start:
                found.append(Finding(hit.start, hit.end, kind, round(hit.score, 4)))
    return found


def _recognisers(kind: str, piece: str, *, screened: bool) -> list[Recogniser]:
    """Those that may find a kind in a piece."""
    may_be = _PRESIDIOS.get(kind)
    if may_be is None or (screened and not may_be(piece)):
        return _ours(kind)
    return [*_ours(kind), _presidios()[kind]]
