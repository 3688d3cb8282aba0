"""Web pages to Markdown with heading marks: the main text, without navigation (pruning.py says what goes).

Runs in the parser process; kreuzberg writes the Markdown. The page's title goes in as the first heading where the page
has no heading of level 1 and none that the title repeats. Cost: 0.3 ms a kB.
"""

import re
from pathlib import Path

from factory.errors import BadItem
from factory.readers.decoding import decode
from factory.readers.extraction import NotReadable, extract
from factory.readers.headings import headings
from factory.readers.pruning import prune
from factory.readers.punctuation import protect, restore
from factory.readers.reading import Mark, newlines, storable

_CHARSET = re.compile(rb"""<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*["']?([\w.:-]{2,40})""", re.IGNORECASE)
_INDENT = re.compile(r"^(?:[ \xa0]*\xa0[ \xa0]*| (?=\w))")  # what only moves a line; code is not touched


def parse(path: Path) -> tuple[str, list[Mark]]:
    """The main text as Markdown and its headings."""
    data = path.read_bytes()
    declared = _CHARSET.search(data[:4096])
    text, title = markdown(decode(data, declared[1].decode() if declared else ""))
    if text and title and not _is_titled(text, title):
        text = f"# {protect(title)}\n\n{text}"
    return restore(text), list(headings(text))


def markdown(page: str) -> tuple[str, str]:
    """The main text of a page as Markdown, protected (punctuation.py; the caller restores it), and its title."""
    title, main = prune(storable(newlines(page))[0])
    try:
        result = extract(f"<html><body>{main}</body></html>".encode(), "text/html", output_format="markdown")
    except NotReadable:
        raise BadItem("ingest.parser_crashed", "Not readable as HTML. Save it again from a browser.") from None
    return _tidy(result.content), title


def _tidy(text: str) -> str:
    """The Markdown without what kreuzberg adds for looks: padded tables, and rules where menus were."""
    lines: list[str] = []
    in_code = False
    for line in newlines(text).split("\n"):
        in_code ^= line.startswith("```")
        if lines and lines[-1].startswith("|") and line and not line.startswith("|"):
            lines.append("")  # else the line would be one more row of the table above
        lines.append(line.rstrip() if in_code else _tidy_line(line))
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
    text = re.sub(r"^(>\n){2,}", ">\n", text, flags=re.MULTILINE)
    return re.sub(r"\A(?:---\n+)+|(?:\n+---)+\Z", "", text)


def _tidy_line(line: str) -> str:
    if line.startswith("|"):
        line = re.sub(r" +\|", " |", re.sub(r"-{4,}", "---", line))
    return _INDENT.sub("", line).rstrip()


def _is_titled(text: str, title: str) -> bool:
    """Has it a heading of level 1, or one that is the title or most of it (without ` | Site name`)?"""
    marks = headings(text)
    shown = [restore(text[mark.start : mark.end]) for mark in marks if 2 * (mark.end - mark.start) >= len(title)]
    return any(mark.level == 1 for mark in marks) or any(part.casefold() in title.casefold() for part in shown)
