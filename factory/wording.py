"""How rules of wording are written and what they look at: patterns as one reads them, and text as plain words.

Generators ask these rules whether a row can stand alone before they make it, filters afterwards.
"""

import re
from collections import Counter

# What a filter put in the place of a value: `<EMAIL>` is no tag. Upper-case HTML that old pages have is one.
AHEAD = 2  # times as often as the name that comes next: then a name leads
NO_PLACEHOLDER = (
    r"(?!(?!(?:BR|HR|TD|TR|TH|LI|UL|OL|DL|DT|DD|IMG|DIV|SPAN|TABLE|FONT|CENTER|PRE|CODE|HTML|HEAD|BODY)>)"
    r"[A-Z][A-Z_]+>)"
)
_CODE_SPAN = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
_FENCED = re.compile(r"^[ \t]*(`{3,}|~{3,}).*?(?:^[ \t]*\1|\Z)", re.DOTALL | re.MULTILINE)
_INLINE = (  # each with the signs of which it needs one
    (("![",), re.compile(r"!\[[^\]]*\]\([^()]*\)"), ""),
    (("](", "]["), re.compile(r"\[([^\[\]]+)\](?:\((?:[^()]|\([^()]*\))*\)|\[[^\[\]]*\])"), r"\1"),
    (("<",), re.compile(rf"<{NO_PLACEHOLDER}[!/a-zA-Z][^<>]*>"), ""),
    (("**", "__", "~~"), re.compile(r"(\*\*|__|~~)(?=\S)(.+?)(?<=\S)\1"), r"\2"),
    (("*",), re.compile(r"(?<![\w*])\*(?=[^\s*])([^*]+?)(?<=\S)\*(?![\w*])"), r"\1"),
    (("_",), re.compile(r"(?<!\w)_(?=[^\s_])([^_]+?)(?<=\S)_(?!\w)"), r"\1"),
    (("\\",), re.compile(r"\\([!-/:-@\[-`{-~])"), r"\1"),
)


def listed(words: str) -> frozenset[str]:
    """The words of a list that is written as one string."""
    return frozenset(words.split())


def phrases(written: str) -> re.Pattern[str]:
    """A pattern, case aside, for any of the phrases between `|`; white space at a `|` or a line end means nothing."""
    joined = "|".join(part.strip() for part in " ".join(written.split()).split("|"))
    return re.compile(rf"(?:{joined})", re.IGNORECASE)


def pattern(*written: str) -> re.Pattern[str]:
    """A pattern, case aside, for any of some; lines are put together without the white space at their ends."""
    return re.compile("|".join("".join(line.strip() for line in one.split("\n")) for one in written), re.IGNORECASE)


def in_small(text: str) -> str | None:
    """`text` in small letters, letter by letter, in which a pattern finds what it finds in `text` case aside.

    None where that is not so: case aside `ſ` is an s, `ı` and `İ` are an i.
    """
    return text.lower() if text.isascii() or not any(letter in text for letter in "ſıİ") else None


def plain(inline: str) -> str:
    """Inline markup as words on one line: `**x**` is x, a link its text; code spans keep their backticks."""
    if "`" not in inline and "\0" not in inline:
        return " ".join(_without_marks(inline).split())
    spans: list[str] = []

    def put_aside(code: re.Match[str]) -> str:
        spans.append(code.group())
        return f"\0{len(spans) - 1}\0"

    words = _without_marks(_CODE_SPAN.sub(put_aside, inline.replace("\0", "")))
    return " ".join(re.sub("\0(\\d+)\0", lambda place: spans[int(place[1])], words).split())


def _without_marks(inline: str) -> str:
    for signs, pattern, kept in _INLINE:
        if any(sign in inline for sign in signs):
            inline = pattern.sub(kept, inline)
    return inline


def leader(counts: Counter[str], least: int) -> str | None:
    """What is counted `least` times or more, and AHEAD times as often as whatever comes next; None where nothing is."""
    (first, most), (_, second) = [*counts.most_common(2), ("", 0), ("", 0)][:2]
    return first if most >= max(least, AHEAD * second) else None


def without_code(text: str) -> str:
    """`text` with code spans and fenced code taken out."""
    if "`" not in text and "~~~" not in text:
        return text
    return _CODE_SPAN.sub(" ", _FENCED.sub(" ", text))
