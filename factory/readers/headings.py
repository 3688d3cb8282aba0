"""Find the headings of Markdown: `# ATX` and setext (a line of = or - below a title of one line), outside fenced code.

A mark covers the title alone: no `#`, no closing `#`, no `{#anchor}`, no emphasis or link around the whole of it.
Markup inside a title stays, since a mark is a slice. Cost: one pass over the lines.
"""

import re
from collections.abc import Iterator

from factory.readers.reading import Mark

_ATX = re.compile(r" {0,3}(#{1,6})(?=[ \t]|$)")
_FENCE = re.compile(r" {0,3}(`{3,}(?!.*`)|~{3,})")
_FENCES = ("`", "~")
_RULES = {"=": 1, "-": 2}  # the level of the title above such a line
_UNDERLINE = re.compile(r" {0,3}(?:=+|-+)[ \t]*")
_NO_TITLE = re.compile(r" {4}|\t| {0,3}(?:[>|<]|[-*+][ \t]|\d{1,9}[.)][ \t]|-{3}|:{3})")  # code, lists, tables, HTML
_ANCHOR = re.compile(r"\{:?[ \t]*[#.][^{}]*\}")
_WRAPPINGS = (
    re.compile(r"\[([^\[\]]+)\]\([^()]*(?:\([^()]*\)[^()]*)*\)"),
    re.compile(r"\*\*((?:(?!\*\*).)+)\*\*"),
    re.compile(r"__((?:(?!__).)+)__"),
    re.compile(r"\*([^*]+)\*"),
    re.compile(r"_([^_]+)_"),
    re.compile(r"`([^`]+)`"),
)


def headings(text: str) -> tuple[Mark, ...]:
    """The headings of the Markdown `text`, in order."""
    return tuple(_mark(start, line, level) for start, line, level in _titles(text) if line.strip())


def _titles(text: str) -> Iterator[tuple[int, str, int]]:
    """Offset, raw title and level of each heading."""
    fence, inside, above = "", False, None  # open fence; inside a paragraph; (offset, line) that may be a setext title
    for here, line in _lines(text):
        if fence:
            fence = "" if _closes(line, fence) else fence
            continue
        sign = line.lstrip(" ")[:1]
        if sign in _FENCES and (opening := _FENCE.match(line)):
            fence = opening[1]
        elif sign == "#" and (atx := _ATX.match(line)):
            yield here + atx.end(), line[atx.end() :], len(atx[1])
        elif above and sign in _RULES and _UNDERLINE.fullmatch(line):
            yield *above, _RULES[sign]
        elif line.strip():
            above = None if inside or _NO_TITLE.match(line) else (here, line)
            inside = True
            continue
        inside, above = False, None


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Each line with its offset, one at a time: a list of all lines would hold the text twice."""
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield start, text[start:end]
        start = end + 1
    yield start, text[start:]


def _closes(line: str, fence: str) -> bool:
    bare = line.strip()
    return len(bare) >= len(fence) and set(bare) == {fence[0]}


def _mark(start: int, title: str, level: int) -> Mark:
    """The mark of `title` without what stands around it."""
    bare = title.rstrip()
    if bare.endswith("}") and _ANCHOR.fullmatch(bare, max(bare.rfind("{"), 0)):
        bare = bare[: bare.rfind("{")].rstrip()
    unhashed = bare.rstrip("#")
    if unhashed != bare and (not unhashed or unhashed[-1] in " \t"):  # `# C#` keeps its `#`
        bare = unhashed.rstrip()
    start += len(bare) - len(bare.lstrip())
    bare = bare.lstrip()
    while inner := next((found for pattern in _WRAPPINGS if (found := pattern.fullmatch(bare))), None):
        start, bare = start + inner.start(1), inner[1]
    return Mark("heading", start, start + len(bare), level)
