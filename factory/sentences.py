"""Sentences of prose, with offsets. Rules, no model: when unsure, two sentences stay one.

A sentence ends at a full stop, question or exclamation mark before white space, unless what follows begins small or the
stop belongs to an abbreviation; in scripts without spaces at their own marks, whatever follows. Costs linear time.
"""

import re
from collections.abc import Iterator

_END = re.compile(
    r"(?P<free>(?<![。！？｡])[。！？｡]++[」』”’）)\]】》]*+)"  # no white space is written behind these
    r"|(?<![.!?…।॥؟۔])[.!?…।॥؟۔]++[\"'”’)\]*_`]*+(?=\s)"
)
_NEXT = re.compile(r"\s+[\"'“‘(\[*_`]*[^\W_a-z]")  # a capital, a digit, or a letter of a script without case
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|incl|resp|ca|no|nos|fig|figs|sec|art|eq|vol|ch|pp|p|mr|mrs|ms|dr|prof|st|inc"
    r"|ltd|co|corp|dept|est|min|max|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|z\.b|bzw|d\.h|u\.a|usw|nr|abs|vgl|ggf"
    r"|sr|sra|p\.ej|av|env|etc)|\b[A-Z]|\b[a-zA-Z]\.[a-zA-Z])\.$",
    re.IGNORECASE,
)


def sentences(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """The sentences of text[start:end], as spans without the white space around them."""
    end = len(text) if end is None else end
    spans = []
    begin = start
    for stop in [*_stops(text, start, end), end]:
        said = text[begin:stop]
        first = begin + len(said) - len(said.lstrip())
        if said.strip():
            spans.append((first, begin + len(said.rstrip())))
        begin = stop
    return spans


def _stops(text: str, start: int, end: int) -> Iterator[int]:
    begin = at = start
    ticks = 0  # since the last stop: an odd number means inside a code span
    for stop in _END.finditer(text, start, end):
        ticks += text.count("`", at, stop.end())
        at = stop.end()
        if ticks % 2 == 0 and (stop["free"] or _is_end(text, begin, at, end)):
            begin, ticks = at, 0
            yield at


def _is_end(text: str, begin: int, stop: int, end: int) -> bool:
    if not _NEXT.match(text, stop, end):
        return False
    return not _ABBREVIATION.search(text[max(begin, stop - 12) : stop])
