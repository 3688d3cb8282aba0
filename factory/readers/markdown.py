"""Markdown as it stands, with heading marks; YAML front matter is metadata and is left out, but for its title.

What Sphinx adds to Markdown (`myst.py`) becomes plain words.
"""

import re
from dataclasses import replace

import yaml

from factory.readers import myst
from factory.readers.headings import headings
from factory.readers.reading import Mark, newlines

# every line a key, indented, an item, a comment, or empty: else the dashes are a rule, not front matter
_KEY = r"[\w\"'][^\n:]*:(?:[ \t][^\n]*)?"
_FRONT_MATTER = re.compile(
    rf"---[ \t]*\n(?:(?:{_KEY}|[ \t][^\n]*|-[ \t][^\n]*|#[^\n]*|)\n)*?(?:---|\.\.\.)[ \t]*(?:\n|$)"
)
_TITLE = re.compile(r"^title:[ \t]+\S[^\n]*$", re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_TEMPLATE = re.compile(r"\{[{%]")


def parse(text: str) -> tuple[str, tuple[Mark, ...]]:
    """The text without front matter, and its headings.

    Where a page has its title in the front matter, as generators of sites want it, the title becomes the heading above
    all others, unless the page opens with a heading of the first level.
    """
    text = newlines(text)
    front = _FRONT_MATTER.match(text)
    text = myst.plain(text[front.end() :] if front else text)
    if front is None:
        return text, headings(text)
    title = _title(front[0])
    marks = headings(text)
    opens = bool(marks) and not _COMMENT.sub("", text[: marks[0].start]).strip(" #\n")
    if title is None or not text.strip() or (opens and marks[0].level == 1):
        return text, marks
    return _under(title, text, marks, repeats=opens and text[marks[0].start : marks[0].end] == title)


def _under(title: str, text: str, marks: tuple[Mark, ...], *, repeats: bool) -> tuple[str, tuple[Mark, ...]]:
    """`text` below `title`, which it says once where it `repeats` it; headings as high as that go one level lower."""
    if repeats:
        text = text[marks[0].end :].partition("\n")[2]
    text = f"# {title}\n\n{text.lstrip(chr(10))}"
    first, *others = headings(text)
    lower = any(mark.level == 1 for mark in others)
    return text, (first, *(replace(mark, level=min(mark.level + lower, 6)) for mark in others))


def _title(front: str) -> str | None:
    """The title in front matter, as one line; None where it has none, or a template would make it."""
    found = _TITLE.search(front)
    try:
        title = yaml.safe_load(found[0])["title"] if found else None
    except yaml.YAMLError:
        return None
    if not isinstance(title, str) or _TEMPLATE.search(title):
        return None
    return " ".join(title.split()) or None
