"""Figures of running text: how long its sentences are, how its lines end, and what it is written with.

In      texts and their languages.
Out     for each figure an array, NaN where a figure says nothing of a text.
Costs   0.3 ms a 2 kB text.

Looked at are the lines that are left of a text without code between fences (``` or ~~~), targets of links, tags and
the marks of lists, headings and emphasis. A line that begins with a small letter goes on with the line before: texts of
PDFs are broken anywhere. In scripts without spaces two characters count as a word.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from factory.stop_words import STOP_WORDS
from filters._sentences import ends_as_text, inner_ends
from filters._words import HAS_NO_SPACES, Tokens, tokens

Figures = NDArray[np.float64]

SHORT_LINE = 60  # columns: less than a line of running text has in any layout
CHARS_A_WORD = 2  # in scripts without spaces
LETTERS_A_WORD = 5  # in the others
FENCES = ("```", "~~~")
MARKUP = re.compile(
    r"""\]\([^()\s]{0,500}\) | \[(?=[^\]\s]) | </?[A-Za-z][^<>]{0,300}>
    | ^\s*+(?:[-+*•>]|\#{1,6}|[0-9]{1,3}[.)])\s | [*_]{1,3}(?=\w) | (?<=\w)[*_]{1,3} | (?<!`)`(?!``)""",
    re.VERBOSE,
)
ELLIPSIS = re.compile(r"\.{3,}|…")  # it trails off: what follows is another sentence
WIDE = re.compile("[\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7ff\uf900-\ufaff\uff00-\uff60\U00020000-\U0003ffff]")
ENDS_IN_SPACE = re.compile("[\u0e00-\u0eff]")  # Thai and Lao end a sentence with a space
LATIN = re.compile("[A-Za-zª-ɏḀ-ỿ]")


def prose_figures(texts: Sequence[str], languages: Sequence[str | None]) -> dict[str, Figures]:
    """The figures of each text by name."""
    lines = [list(_lines(text)) for text in texts]
    prose = ["\n".join(its) for its in lines]
    found = tokens(prose)
    letters, latin, unspaced, unstopped = (
        found.sums(found.vocabulary.chars(test))
        for test in (str.isalpha, LATIN.match, HAS_NO_SPACES.match, ENDS_IN_SPACE.match)
    )
    words = np.maximum(found.sums(~found.vocabulary.symbols) - unspaced, 0) + unspaced / CHARS_A_WORD
    letters_worth = found.sums(found.vocabulary.lengths) + unspaced * (LETTERS_A_WORD / CHARS_A_WORD - 1)
    sentences = np.array(
        [len(its) + inner_ends(text) + len(ELLIPSIS.findall(text)) for its, text in zip(lines, prose, strict=True)]
    )
    figures = {
        "words": words,
        "words_a_sentence": words / np.maximum(sentences, 1),
        "special_chars": found.sums(found.vocabulary.chars(_is_special)) / np.maximum(letters_worth, 1),
        "upper_case": found.sums(found.vocabulary.chars(str.isupper)) / np.maximum(letters, 1),
        "stop_words": _stop_words(found, languages) / np.maximum(words, 1),
        "short_lines": np.array([_short(its) for its in lines]),
        "line_ends": np.array([sum(map(ends_as_text, its)) / max(1, len(its)) for its in lines]),
    }
    for name, says_nothing in (
        ("upper_case", 2 * latin < letters),
        ("stop_words", 2 * latin < letters),
        ("words_a_sentence", 2 * unstopped > letters),
        ("line_ends", 2 * unstopped > letters),
    ):
        figures[name] = np.where(says_nothing, np.nan, figures[name])
    return figures


def _lines(text: str) -> Iterator[str]:
    """The lines of a text's prose; where all of it is code, the lines of that."""
    lines = [MARKUP.sub("", line).strip() for line in text.splitlines()]
    pieces: list[str] = []
    for line in list(outside_fences(lines)) or filter(None, lines):
        if pieces and not line[0].islower():
            yield " ".join(pieces)
            pieces = []
        pieces.append(line)
    if pieces:
        yield " ".join(pieces)


def outside_fences(lines: Iterable[str]) -> Iterator[str]:
    """The lines that are not blank, without code between fences."""
    fence = ""
    for line in lines:
        mark = line.lstrip()[:3]
        if mark in FENCES and fence in ("", mark):
            fence = "" if fence else mark
        elif mark and not fence:
            yield line


def _is_special(char: str) -> bool:
    """Whether a character is punctuation, a symbol or a control."""
    return unicodedata.category(char)[0] in "PSC"


def _stop_words(found: Tokens, languages: Sequence[str | None]) -> Figures:
    """The stop words of each text in the language in which it has most; NaN where it is in one that has no list."""
    lowered = [token.lower() for token in found.vocabulary]
    most = np.max([found.sums(_among(lowered, words)) for words in STOP_WORDS.values()], axis=0)
    known = np.array([language is None or language in STOP_WORDS for language in languages], np.bool_)
    return np.where(known, most, np.nan)


def _among(tokens_: Sequence[str], words: frozenset[str]) -> NDArray[np.bool_]:
    return np.fromiter((token in words for token in tokens_), np.bool_, len(tokens_))


def _short(lines: Sequence[str]) -> float:
    """The share of the characters that stands in short lines; a wide character takes two columns."""
    short = sum(len(line) for line in lines if len(line) <= SHORT_LINE and _columns(line) <= SHORT_LINE)
    return short / max(1, sum(map(len, lines)))


def _columns(line: str) -> int:
    return len(line) if line.isascii() else len(line) + len(WIDE.findall(line))
