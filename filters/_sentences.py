"""Where sentences end: a mark that ends one, closing quotes and brackets, and then something else in the same line.

The dots of an ellipsis, of an initial and of the abbreviations below end none; so spaCy's sentencizer says, too.
"""

import re

CLOSING = "\"'”’»)\\]*_」』”）"
MARKS = ".!?…։؟۔।።"  # followed by a blank
WIDE_MARKS = "。！？．"  # followed by anything
ENDS_NONE = r"""(?<!\.\.)(?!\.)(?<![\s.(][A-Za-z]\.)(?<!\b(?:Mr|Ms|Dr|St|Jr|Sr|Co|vs|Mt)\.)
    (?<!\b(?:Mrs|Inc|Ltd|Gen|Gov|Sen|Rep|Rev|Ave)\.)"""
END = re.compile(rf"[{MARKS}]{ENDS_NONE}[{CLOSING}]*+[^\S\n]++(?=\S)", re.VERBOSE)
WIDE_END = re.compile(rf"[{WIDE_MARKS}][{CLOSING}]*+(?=\S)")
LINE_END = re.compile(rf"[{MARKS}{WIDE_MARKS}:;][{CLOSING}]*\Z")


def inner_ends(text: str) -> int:
    """How many sentences end before their line does."""
    return len(END.findall(text)) + (0 if text.isascii() else len(WIDE_END.findall(text)))


def ends_as_text(line: str) -> bool:
    """Whether a line ends as one of running text does, also one that announces what follows."""
    return LINE_END.search(line, max(0, len(line) - 5)) is not None
