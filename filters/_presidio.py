"""presidio's engine with our recognisers: offline, without a model, and asked only where something can be.

Nothing here opens a socket: the engine gets a blank spaCy tokeniser instead of a model to fetch, and e-mail domains
are checked against the public suffix list inside tldextract. presidio and spaCy are loaded at the first text that a
gate lets through, once a process.
"""

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from filters._kinds import KINDS
from filters._light import without_heavy
from filters._screen import REACH, can_hold, fold, pieces
from filters._spans import Finding, blank
from filters._unfold import second_reading

if TYPE_CHECKING:
    from presidio_analyzer import AnalyzerEngine

SURE = 0.4  # presidio's own scale: a bare pattern of some worth, or a weak one with a context word
MIN_SCORE = 0.1  # below it nothing is a finding: at presidio's 0.01 every six digits are a driver's licence


@cache
def engine() -> "AnalyzerEngine":
    """The engine of this process."""
    with without_heavy():
        from filters._recognisers import build

        return build()


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

    Once is not enough: of two numbers side by side the first may hide the second.
    """
    found: set[Finding] = set()
    asked = can_hold(kinds, piece, start) if screened and not seen_through else kinds
    while True:
        fresh = _look(piece, start, asked)
        found.update(fresh)
        sure = [(f.start, f.end) for f in fresh if f.score >= SURE]
        if not sure:
            return found, piece
        piece = blank(piece, sure)
        asked = can_hold(kinds, piece, start) if screened else kinds


def _look(piece: str, start: int, kinds: tuple[str, ...]) -> list[Finding]:
    """The findings of one piece that begin at or after `start`; before it stands context only."""
    if not kinds:
        return []
    results = engine().analyze(piece, language="en", entities=list(kinds), score_threshold=MIN_SCORE)
    return [Finding(r.start, r.end, r.entity_type, round(r.score, 4)) for r in results if r.start >= start]
