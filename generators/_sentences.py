"""Sentences of English prose, with offsets. Rules, no model: when unsure, two sentences stay one."""

import re

_END = re.compile(r"[.!?…]+[\"'”’)\]*_]*(?=\s)")
_NEXT = re.compile(r"\s+[\"'“‘(\[*_`]*[^\W_a-z]")  # a capital, a digit, a letter of a script without case, or markup before one
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|incl|resp|ca|no|nos|fig|figs|sec|art|eq|vol|ch|pp|p|mr|mrs|ms|dr|prof|st|inc"
    r"|ltd|co|corp|dept|est|min|max|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)|\b[A-Z]|\b[a-zA-Z]\.[a-zA-Z])\.$",
    re.IGNORECASE,
)


def sentences(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The sentences of text[start:end], as spans without the white space around them."""
    spans = []
    piece = text[start:end]
    begin = 0
    for stop in _END.finditer(piece):
        if stop.end() > begin and _is_end(piece, begin, stop.end()):
            spans.append((begin, stop.end()))
            begin = stop.end()
    spans.append((begin, len(piece)))
    trimmed = ((start + a + len(piece[a:b]) - len(piece[a:b].lstrip()), start + a + len(piece[a:b].rstrip())) for a, b in spans)
    return [(a, b) for a, b in trimmed if a < b]


def _is_end(piece: str, begin: int, stop: int) -> bool:
    if piece.count("`", begin, stop) % 2:
        return False  # inside a code span
    if not _NEXT.match(piece, stop):
        return False
    return not _ABBREVIATION.search(piece[max(begin, stop - 12) : stop])
