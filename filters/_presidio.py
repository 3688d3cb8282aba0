"""presidio's engine with our recognisers: offline, without a model, and asked only where something can be.

Nothing here opens a socket: the engine gets a blank spaCy tokeniser instead of a model to fetch, and e-mail domains
are checked against the public suffix list inside tldextract. presidio and spaCy are loaded at the first text that a
gate lets through, once a process.
"""

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from filters._screen import KINDS, REACH, blank, can_hold, fold, pieces

if TYPE_CHECKING:
    from presidio_analyzer import AnalyzerEngine

SURE = 0.4  # presidio's own scale: a bare pattern of some worth, or a weak one with a context word
MIN_SCORE = 0.1  # below it nothing is a finding: at presidio's 0.01 every six digits are a driver's licence


class Finding(NamedTuple):
    """A span of one string and what it seems to be; never the value."""

    start: int
    end: int
    kind: str
    score: float


@cache
def engine() -> "AnalyzerEngine":
    """The engine of this process."""
    from filters._recognisers import build

    return build()


def find(text: str, kinds: Iterable[str] = tuple(KINDS), *, screened: bool = True) -> list[Finding]:
    """All findings in `text`, in order; they may overlap. Unscreened it is slower and finds the same."""
    wanted = tuple(kinds)
    folded = fold(text)
    if screened and not can_hold(wanted, folded):
        return []
    found: set[Finding] = set()
    lead = ""  # the end of the piece before, where context words stand; what was found there is filled
    for start, end in pieces(folded):
        fresh, filled = _settle(lead + folded[start:end], len(lead), wanted, screened=screened)
        shift = start - len(lead)
        found.update(Finding(f.start + shift, f.end + shift, f.kind, f.score) for f in fresh)
        lead = filled[-REACH:]
    return sorted(found)


def _settle(piece: str, start: int, kinds: tuple[str, ...], *, screened: bool) -> tuple[set[Finding], str]:
    """Look, fill what is sure and look again, until nothing sure is left: scrubbing twice then changes nothing.

    Once is not enough: of two numbers side by side the first may hide the second.
    """
    found: set[Finding] = set()
    while True:
        fresh = _look(piece, start, kinds, screened=screened)
        found.update(fresh)
        sure = [(f.start, f.end) for f in fresh if f.score >= SURE]
        if not sure:
            return found, piece
        piece = blank(piece, sure)


def _look(piece: str, start: int, kinds: tuple[str, ...], *, screened: bool) -> list[Finding]:
    """The findings of one piece that begin at or after `start`; before it stands context only."""
    asked = can_hold(kinds, piece, start) if screened else list(kinds)
    if not asked:
        return []
    results = engine().analyze(piece, language="en", entities=asked, score_threshold=MIN_SCORE)
    return [Finding(r.start, r.end, r.entity_type, round(r.score, 4)) for r in results if r.start >= start]
