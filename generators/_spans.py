"""Which stretches of a text are a whole answer: plain words that end, nothing cut, announced and missing, or markup.

In      a page and blocks of it.
Out     start and end of the answer; None where these blocks are none.
"""

import re

from factory.wording import NO_PLACEHOLDER, without_code
from generators._markdown import Block, Section
from generators._questions import Page
from generators._wording import announces

ENDS = re.compile(r"[.!?…。！？।॥][\"'“”’)\]*_`]*$")
TAG = re.compile(rf"<{NO_PLACEHOLDER}/?[a-zA-Z][^<>]*>|!\[|\{{[*%{{:]")
FOREIGN = re.compile(
    r"(?<!\w):[a-z:]+:`|`[^`<>\n]+<[^<>\n]+>`_|`_(?!\w)|\|\w+\||\{[%{]|\b(?:TODO|TBD|FIXME)\b|[Ll]orem ipsum|&#?\w+;"
    r"|\]\[[^\[\]\n]*\]"
)
_SPHINX = re.compile(r"^[ \t]*[`:~]{3,}(?:rst\b|\{)", re.MULTILINE)  # what only Sphinx can show
_VERSION = re.compile(r"(?:Added|Changed|Removed|Deprecated) (?:in|since) version \S+\s*")  # a line by itself
_BARE_NUMBER = re.compile(r"[*_]{0,3}\(?(?:\d+(?:\.\d+)*|[A-Za-z]|[ivxIVX]+)[.)]{0,2}[*_]{0,3}")  # that of what follows
_BRACKET = re.compile(r"(?<![:;])(?<![:;]-)[(\[]|[)\]]")  # ":(" opens nothing
_CLOSES_NOTHING = re.compile(r"(?:(?:^|\s)\w{1,3}|[:;]-?)$", re.MULTILINE)  # "a) ", ":)"
_LINK = re.compile(r"\[[^\[\]]*\]\([^()\s]*\)|https?://\S+")


def answer_of(page: Page, part: Section) -> tuple[int, int] | None:
    """The span of a section's text; None where it has subsections, or may go on in the next passage."""
    if part.has_parts:
        return None
    held = list(part.blocks)
    while held and _VERSION.fullmatch(page.text, held[0].start, held[0].end):
        held = held[1:]
    return answer_in(page, held)


def answer_in(page: Page, blocks: list[Block]) -> tuple[int, int] | None:
    """From the first block to the last, where together they are a whole answer; else None."""
    while blocks and _BARE_NUMBER.fullmatch(page.text, blocks[-1].start, blocks[-1].end):
        blocks = blocks[:-1]
    if not blocks or any(block.kind == "markup" or not block.is_closed for block in blocks):
        return None
    start, end = blocks[0].start, blocks[-1].end
    answer = page.text[start:end].lstrip()
    prose = without_code(answer)
    if not prose.strip() or TAG.search(prose) or blocks[0].kind == "code" or answer.endswith(":"):
        return None
    if _SPHINX.search(answer):
        return None
    if blocks[-1].kind == "paragraph" and not ENDS.search(answer):
        return None
    if 2 * sum(len(link.group()) for link in _LINK.finditer(prose)) > len(prose):
        return None  # a list of links, not an answer
    holds = any(block.kind in ("list", "table", "code") for block in blocks)
    return (end - len(answer), end) if holds or not announces(answer) else None


def is_balanced(text: str) -> bool:
    """Whether each bracket of its prose has its partner: else a piece is missing, or a piece of another is there."""
    prose, depth = without_code(_LINK.sub("", text)), 0
    for mark in _BRACKET.finditer(prose):
        if mark[0] in "([":
            depth += 1
        elif depth:
            depth -= 1
        elif not _CLOSES_NOTHING.search(prose, max(0, mark.start() - 5), mark.start()):
            return False
    return depth == 0
