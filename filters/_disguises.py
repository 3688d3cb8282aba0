"""How a value may be written so that no pattern for it fits, and what to read instead.

Each pattern begins with a literal or a class of few characters: it is found many times faster than one that asks what
stands before at every character. What stands on both sides is looked at afterwards.
"""

import html
import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote


class Disguise(NamedTuple):
    """text[start:end] reads as `reading`; `strict` ones are guesses, so that what they show must be surer."""

    start: int
    end: int
    reading: str
    strict: bool = False


INVISIBLE = re.compile(r"[\u00ad\u034f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]+")
_BACKSLASH = re.compile(r"\\(?=[_.@+*()-]\w|@)")
_ENTITY = re.compile(r"&(?:\#[0-9]{2,5}|\#[xX][0-9A-Fa-f]{2,4}|commat|period|nbsp|plus|hyphen|shy|zwj|zwnj);")
_PERCENT = re.compile(r"%(?:40|2[BbDdEe0]|3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa])")
_TAG = re.compile(r"</?(?:b|i|u|em|strong|span|wbr|mark|font|code|tt)(?:\s[^<>]{0,120})?/?>|\*\*|__|`")
_DOTS = r"(?:dot|punkt|punto|point)"
_AT_BRACKETS = re.compile(r"[(\[{]\s?(?i:at|@|arroba)\s?[)\]}]")
_AT_BARE = re.compile(r" (?i:at) (?=[\w-]{2,40}(?: |\s?[(\[{]\s?)(?i:dot|punkt|punto)\b)")  # not: at some point in
_DOT_BRACKETS = re.compile(rf"[(\[{{]\s?(?i:{_DOTS}|\.)\s?[)\]}}]")
_DOT_BARE = re.compile(rf" (?i:{_DOTS}) (?=[a-z]{{2,12}}\b)")
_LINE_END = re.compile(r"\n(?<=[0-9@. \t\r-].)[ \t>]{0,8}+", re.DOTALL)  # behind what may go on in the next line
_LINE_END_IN_NUMBER = re.compile(r"\n(?<=[0-9 \t\r-].)[ \t>]{0,8}+(?=[0-9(])", re.DOTALL)
_HOST_AND_MORE = re.compile(r"[\w.-]{1,40}@\w")
_LABEL = re.compile(r"[a-z0-9-]{1,40}")
_OPEN_DOMAIN = re.compile(r"[\w.+-]+@[^\W_][\w-]*[.-]$")
_IN_ADDRESS, _IN_NUMBER, _BEGINS_NUMBER, _BLANKS = (
    frozenset(signs) for signs in ("@.", "0123456789", "0123456789(", " \t")
)


def disguises(text: str) -> list[Disguise]:
    """The disguises of `text`, in order; none overlaps another."""
    found = sorted({*_signs(text), *_words(text), *_tags(text), *_line_ends(text)})
    apart: list[Disguise] = []
    for one in found:
        if not apart or one.start >= apart[-1].end:
            apart.append(one)
    return apart


def _signs(text: str) -> Iterator[Disguise]:
    if not text.isascii():
        yield from (Disguise(*match.span(), "") for match in INVISIBLE.finditer(text))
    if "\\" in text:
        yield from (Disguise(*match.span(), "") for match in _BACKSLASH.finditer(text))
    if "&" in text:
        yield from (Disguise(*match.span(), html.unescape(match.group())) for match in _ENTITY.finditer(text))
    if "%" in text:
        yield from (Disguise(*match.span(), unquote(match.group())) for match in _PERCENT.finditer(text))


def _words(text: str) -> Iterator[Disguise]:
    """`name (at) host (dot) tld`, in brackets or, where both are written out, bare."""
    ats = [_spaced(text, match) for match in _AT_BRACKETS.finditer(text)]
    ats += [match.span() for match in _AT_BARE.finditer(text)]
    yield from (Disguise(start, end, "@") for start, end in ats)
    if ats or "@" in text:
        yield from (Disguise(*_spaced(text, match), ".") for match in _DOT_BRACKETS.finditer(text))
        yield from (Disguise(*match.span(), ".") for match in _DOT_BARE.finditer(text))


def _spaced(text: str, match: re.Match[str]) -> tuple[int, int]:
    """The span of `match` with one blank on either side."""
    start, end = match.span()
    return start - (text[start - 1 : start] == " "), end + (text[end : end + 1] == " ")


def _tags(text: str) -> Iterator[Disguise]:
    """Inline markup that cuts a number or an address."""
    if "@" not in text and not any(sign in text for sign in ("<", "**", "__")):
        return
    for match in _TAG.finditer(text):
        start, end = match.span()
        left, right = text[start - 1 : start], text[end : end + 1]
        after_blank = left in (" ", "-") and text[start - 2 : start - 1] in _IN_NUMBER
        in_number = (left in _IN_NUMBER or after_blank) and (right in _IN_NUMBER or right in (" ", "-"))
        if in_number or (left in _IN_ADDRESS and right.isalnum()) or (left.isalnum() and right in _IN_ADDRESS):
            yield Disguise(start, end, "")


def _line_ends(text: str) -> Iterator[Disguise]:
    """Line breaks inside of a grouped number, and inside of an address."""
    for match in (_LINE_END if "@" in text else _LINE_END_IN_NUMBER).finditer(text):
        start, end = match.span()
        start -= text[start - 1 : start] == "\r"
        if text[end : end + 1] in _BEGINS_NUMBER:
            yield from _in_number(text, start, end)
        else:
            yield from _in_address(text, start, end)


def _in_number(text: str, start: int, end: int) -> Iterator[Disguise]:
    while text[start - 1 : start] in _BLANKS:
        start -= 1
    if text[start - 1 : start] in _IN_NUMBER:
        yield Disguise(start, end, " ", strict=True)
    elif text[start - 1 : start] == "-" and text[start - 2 : start - 1] in _IN_NUMBER:
        yield Disguise(start, end, "", strict=True)


def _in_address(text: str, start: int, end: int) -> Iterator[Disguise]:
    left = text[start - 1 : start]
    if left == "@" and text[end : end + 1].isalnum():
        yield Disguise(start, end, "", strict=True)
    elif left == "-" and _HOST_AND_MORE.match(text, end):
        yield Disguise(start - 1, end, "", strict=True)
    elif left in (".", "-") and _LABEL.match(text, end) and _OPEN_DOMAIN.search(text, max(0, start - 100), start):
        yield Disguise(start - (left == "-"), end, "", strict=True)
