"""Long lists of words and patterns, written over several lines as one reads them."""

import re


def listed(words: str) -> frozenset[str]:
    """The words of a list that is written as one string."""
    return frozenset(words.split())


def phrases(written: str) -> re.Pattern[str]:
    """A pattern, case aside, for any of the phrases between `|`; white space at a `|` or a line end means nothing."""
    joined = "|".join(part.strip() for part in " ".join(written.split()).split("|"))
    return re.compile(rf"(?:{joined})", re.IGNORECASE)


# What a filter put in the place of a value: `<EMAIL>` is no tag. Upper-case HTML that old pages have is one.
NO_PLACEHOLDER = (
    r"(?!(?!(?:BR|HR|TD|TR|TH|LI|UL|OL|DL|DT|DD|IMG|DIV|SPAN|TABLE|FONT|CENTER|PRE|CODE|HTML|HEAD|BODY)>)"
    r"[A-Z][A-Z_]+>)"
)
