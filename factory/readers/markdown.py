"""Markdown as it stands, with heading marks; YAML front matter is metadata and is left out."""

import re

from factory.readers.headings import headings
from factory.readers.reading import Mark, newlines

# every line a key, indented, an item, a comment, or empty: else the dashes are a rule, not front matter
_KEY = r"[\w\"'][^\n:]*:(?:[ \t][^\n]*)?"
_FRONT_MATTER = re.compile(
    rf"---[ \t]*\n(?:(?:{_KEY}|[ \t][^\n]*|-[ \t][^\n]*|#[^\n]*|)\n)*?(?:---|\.\.\.)[ \t]*(?:\n|$)"
)


def parse(text: str) -> tuple[str, tuple[Mark, ...]]:
    """The text without front matter, and its headings."""
    text = newlines(text)
    if front := _FRONT_MATTER.match(text):
        text = text[front.end() :]
    return text, headings(text)
