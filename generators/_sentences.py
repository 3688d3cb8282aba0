"""Sentences of English prose, with offsets. Rules, no model: when unsure, two sentences stay one."""

import re
from itertools import pairwise

_END = re.compile(r"[.!?…]+[\"'”’)\]*_]*(?=\s)")
_NEXT = re.compile(r"\s+[\"'“‘(\[*_`]*[^\W_a-z]")  # a capital, a digit, or a letter of a script without case
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|incl|resp|ca|no|nos|fig|figs|sec|art|eq|vol|ch|pp|p|mr|mrs|ms|dr|prof|st|inc"
    r"|ltd|co|corp|dept|est|min|max|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)|\b[A-Z]|\b[a-zA-Z]\.[a-zA-Z])\.$",
    re.IGNORECASE,
)


def sentences(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The sentences of text[start:end], as spans without the white space around them."""
    piece = text[start:end]
    stops = [0]
    for stop in _END.finditer(piece):
        if _is_end(piece, stops[-1], stop.end()):
            stops.append(stop.end())
    spans = []
    for begin, stop_at in pairwise([*stops, len(piece)]):
        said = piece[begin:stop_at].strip()
        if said:
            first = piece.index(said, begin)
            spans.append((start + first, start + first + len(said)))
    return spans


def _is_end(piece: str, begin: int, stop: int) -> bool:
    if piece.count("`", begin, stop) % 2:
        return False  # inside a code span
    if not _NEXT.match(piece, stop):
        return False
    return not _ABBREVIATION.search(piece[max(begin, stop - 12) : stop])
