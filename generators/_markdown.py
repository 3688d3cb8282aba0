"""Markdown as generators read it: blocks with offsets, sections under their headings, and titles as plain words.

A reader for the common constructs, not a renderer: what it does not know (HTML, includes, admonition fences, rules) is
a block of the kind "markup", which no answer may hold. Text without any markup is paragraphs and indented code.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from factory.readers.headings import headings
from factory.readers.reading import Mark
from factory.wording import NO_PLACEHOLDER, plain

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_INDENTED = re.compile(r"(?: {4}|\t)[ \t]*\S")
_ITEM = re.compile(r"( {0,3})([-*+•]|\d{1,9}[.)])[ \t]+(?=\S)")
_SEPARATOR = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-*:?[ \t]*)*")
_MARKUP = re.compile(
    rf" {{0,3}}(?:<{NO_PLACEHOLDER}[!/a-zA-Z]"
    r"|\{[*%{]|\.\. (?=[_|\w])|/{3}|:{3}|!{3}|!\[|\[[^\]]+\]:[ \t]|(?:[-*_][ \t]*){3,}$|={3,}$)"
)


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of the text; `end` is before the line end. `items` are the contents of a list's items, without marks."""

    kind: str  # heading | paragraph | list | code | table | quote | markup
    start: int
    end: int
    title: str = ""  # of a heading, as it stands
    level: int = 0
    is_ordered: bool = False
    is_closed: bool = True  # False: a code fence that the end of the text cut
    items: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the blocks up to the next heading of any level; title "" is the text before the first heading."""

    title: str
    above: tuple[str, ...]  # the titles above, outermost first
    blocks: tuple[Block, ...]
    is_first: bool  # nothing of the text stands before its heading
    is_last: bool  # it runs to the end of the text
    has_parts: bool  # its first subsection follows


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    text: str

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def is_blank(self) -> bool:
        return not self.text.strip()


def sections(text: str, heading: tuple[str, ...]) -> list[Section]:
    """The sections of a passage; `heading` holds the titles above it."""
    found: list[Section] = []
    stack = [(nth, title) for nth, title in enumerate(heading, start=1)]  # levels as they usually are
    title, above, held = "", heading, list[Block]()
    opened = 0
    for block in blocks(text):
        if block.kind != "heading":
            held.append(block)
            continue
        if title or held:
            found.append(_section(title, above, held, opened))
        if not found and stack and _same(stack[-1][1], block.title):
            stack.pop()  # the heading at the very start, named among the titles above as well
        has_parts = bool(found) and bool(found[-1].title) and block.level > _level(stack)
        if has_parts:
            found[-1] = replace(found[-1], has_parts=True)
        stack = [(level, name) for level, name in stack if level < block.level]
        title, above, held, opened = block.title, tuple(name for _, name in stack), [], block.start
        stack.append((block.level, block.title))
    if title or held:
        found.append(replace(_section(title, above, held, opened), is_last=True))
    return found


def _section(title: str, above: tuple[str, ...], held: list[Block], opened: int) -> Section:
    return Section(title, above, tuple(held), is_first=bool(title) and opened == 0, is_last=False, has_parts=False)


def _same(one: str, other: str) -> bool:
    return plain(one).casefold() == plain(other).casefold()


def _level(stack: list[tuple[int, str]]) -> int:
    return stack[-1][0] if stack else 0


def blocks(text: str) -> list[Block]:
    """The blocks of a text, in order, without blank lines."""
    lines = list(_lines(text))
    marks = {text.rfind("\n", 0, mark.start) + 1: mark for mark in headings(text) if mark.kind == "heading"}
    found, at = [], 0
    while at < len(lines):
        if lines[at].is_blank:
            at += 1
            continue
        block, at = _block(lines, at, marks)
        found.append(block)
    return found


def _lines(text: str) -> Iterator[_Line]:
    start = 0
    for line in text.split("\n"):
        yield _Line(start, line)
        start += len(line) + 1


def _block(lines: list[_Line], at: int, marks: dict[int, Mark]) -> tuple[Block, int]:
    """The block that begins at line `at`, and the line after it."""
    line = lines[at]
    kind = _kind(lines, at, marks)
    if kind == "heading":
        mark = marks[line.start]
        last = at if line.text.lstrip().startswith("#") else min(at + 1, len(lines) - 1)
        title = line.text[mark.start - line.start : mark.end - line.start]
        return Block(kind, line.start, lines[last].end, title=title, level=mark.level), last + 1
    if kind == "fence":
        after, is_closed = _fenced(lines, at)
        return Block("code", line.start, lines[after - 1].end, is_closed=is_closed), after
    if kind == "list":
        return _list(lines, at, marks)
    after = at + 1
    if kind == "code":
        while after < len(lines) and (lines[after].is_blank or _INDENTED.match(lines[after].text)):
            after += 1
        while lines[after - 1].is_blank:
            after -= 1
    elif kind != "markup" or line.text.lstrip().startswith("<"):
        while after < len(lines) and not lines[after].is_blank and not _interrupts(lines, after, marks, kind):
            after += 1
    return Block(kind, line.start, lines[after - 1].end), after


def _kind(lines: list[_Line], at: int, marks: dict[int, Mark]) -> str:
    line = lines[at].text
    if lines[at].start in marks:
        return "heading"
    for kind, pattern in (("fence", _FENCE), ("markup", _MARKUP), ("list", _ITEM), ("code", _INDENTED)):
        if pattern.match(line):
            return kind
    if "|" in line and at + 1 < len(lines) and "-" in lines[at + 1].text and _SEPARATOR.fullmatch(lines[at + 1].text):
        return "table"
    return "quote" if line.lstrip().startswith(">") else "paragraph"


def _interrupts(lines: list[_Line], at: int, marks: dict[int, Mark], kind: str) -> bool:
    """Whether a block of another kind begins at line `at`, inside one of `kind`."""
    if kind == "table":
        return "|" not in lines[at].text
    other = _kind(lines, at, marks)
    return other not in ("paragraph", "code", kind)


def _fenced(lines: list[_Line], at: int) -> tuple[int, bool]:
    """The line after the fence that opens at line `at`, and whether it was closed."""
    mark = lines[at].text.strip()
    fence = mark[: len(mark) - len(mark.lstrip(mark[0]))]
    for nth in range(at + 1, len(lines)):
        bare = lines[nth].text.strip()
        if len(bare) >= len(fence) and set(bare) == {fence[0]}:
            return nth + 1, True
    return len(lines), False


def _list(lines: list[_Line], at: int, marks: dict[int, Mark]) -> tuple[Block, int]:
    """A list with all that belongs to its items; items of another kind of mark begin another list."""
    first = _item(lines[at])
    is_ordered, indent = first[2][0].isdigit(), len(first[1])
    begins = [(at, first.end())]  # line and column of each item's content
    after, is_closed = at + 1, True
    while after < len(lines):
        line = lines[after]
        item = _ITEM.match(line.text)
        if line.is_blank:
            if not _goes_on(lines, after, is_ordered):
                break
        elif item and len(item[1]) <= indent + 1:
            if item[2][0].isdigit() != is_ordered:
                break
            begins.append((after, item.end()))
        elif _FENCE.match(line.text.lstrip()) and line.text[0] in " \t":
            after, is_closed = _fenced(lines, after)
            continue
        elif line.text[0] not in " \t" and _kind(lines, after, marks) != "paragraph":
            break
        after += 1
    while lines[after - 1].is_blank:
        after -= 1
    stops = [*(nth for nth, _ in begins[1:]), after]
    items = tuple(
        (lines[nth].start + column, _last_written(lines, nth, stop).end)
        for (nth, column), stop in zip(begins, stops, strict=True)
    )
    span = (lines[at].start, lines[after - 1].end)
    return Block("list", *span, is_ordered=is_ordered, is_closed=is_closed, items=items), after


def _item(line: _Line) -> re.Match[str]:
    found = _ITEM.match(line.text)
    if found is None:
        raise ValueError(f"no list item at {line.start}")
    return found


def _last_written(lines: list[_Line], first: int, stop: int) -> _Line:
    return next(line for line in reversed(lines[first:stop]) if not line.is_blank)


def _goes_on(lines: list[_Line], at: int, is_ordered: bool) -> bool:
    """Whether the list goes on after the blank line `at`: with an indented line, or an item of the same kind."""
    following = next((line for line in lines[at:] if not line.is_blank), None)
    if following is None:
        return False
    item = _ITEM.match(following.text)
    return following.text[:2] in ("  ", "\t") or bool(item and item[2][0].isdigit() == is_ordered)
