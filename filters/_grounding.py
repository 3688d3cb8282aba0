"""How much of a sentence stands in a source: its words, its runs of words, its numbers, its names.

In      a source and the sentences of an answer, as text.
Out     for each sentence a support between 0 and 1, and how many of its numbers and names the source lacks.
Costs   about 0.5 ms a passage of 400 words and 0.1 ms a sentence; linear in both.
Source  extractive fragments: Grusky, Naaman and Artzi 2018 (https://arxiv.org/abs/1804.11283), section 4.

A sentence is cut from left to right into the longest runs of words that the source has too, as far as 4-grams tell.
Between two runs lies a seam, where the answer leaves what the source says. Of n words, k of them in the source, in r
runs, the support is (k - (r - 1)) / n and not below 0: 1 for what was copied, about 0.5 where every other word goes on
as the source does, 0 for words picked from anywhere. In scripts without spaces each character is a word; there one that
stands alone in its run is no evidence and counts as missing.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from factory.facts import SPELLED
from factory.folding import IS_ALONE, words
from factory.sentences import sentences

LONGEST = 4  # words of a gram; longer ones tell errors no better
MIX = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio, odd: a gram is a polynomial of its words mod 2**64
Keys = NDArray[np.uint64]

_BLOCK = re.compile(r"\n\s*\n|\n(?=[ \t]*(?:[-*+•>#|]|[0-9]{1,3}[.)]\s))")
_MARKER = re.compile(r"[ \t\n]*(?:(?:[-*+•>|]|#{1,6}|[0-9]{1,3}[.)])[ \t]+)*")
_NUMBER = re.compile(r"\d{1,40}(?:[.,]\d{1,40}){0,5}")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+|\d{1,3}(?:\.\d{3}){2,}")
_NAME = re.compile(r"(?<=[^\s.!?:…\"“„«(*_#>|–—•]\s)[^\W\d_][\w'’-]*")  # behind those marks a capital makes no name
_PLACEHOLDER = re.compile(r"<[A-Z][A-Z_]+>")  # what a filter put in the place of a value
_SPELLED = {folded: number for word, number in SPELLED.items() for folded in words(word)}


class Sentence(NamedTuple):
    """What a source says of a sentence, text[start:end] of its string."""

    start: int
    end: int
    words: int
    support: float
    numbers: int  # that the source lacks
    names: int


@dataclass(frozen=True)
class Known:
    """Words and numbers that an answer may use besides those of the source: what it was asked with."""

    words: frozenset[str]
    numbers: frozenset[str]


class Source:
    """The words of some texts, and the runs of them; no run goes from one text into the next."""

    def __init__(self, texts: Sequence[str]) -> None:
        found = [words(text) for text in texts]
        self._ids: dict[str, int] = {}
        for word in chain.from_iterable(found):
            self._ids.setdefault(word, len(self._ids) + 2)  # 0 is between texts, 1 a word that is not there
        ids = [number for one in found for number in (*(self._ids[word] for word in one), 0)]
        self._grams = [np.unique(keys) for keys in _grams(np.array(ids, np.uint64))]
        self._joined = "\n".join(" ".join(one) for one in found)
        self.known = Known(frozenset(self._ids), numbers_of(texts, self._ids))

    def support(self, sentence_words: Sequence[Sequence[str]]) -> list[float]:
        """The support of each sentence of an answer, given as its folded words."""
        ids = [self._ids.get(word, 1) for one in sentence_words for word in one]
        stands = [
            _stands(keys, grams) for keys, grams in zip(_grams(np.array(ids, np.uint64)), self._grams, strict=True)
        ]
        found, at = [], 0
        for one in sentence_words:
            runs = list(_runs(stands, at, at + len(one)))
            alone = sum(size == 1 and bool(IS_ALONE.match(one[start - at])) for start, size in runs)
            missing = ids[at : at + len(one)].count(1)
            found.append(max(0.0, len(one) - missing - alone - (len(runs) - 1)) / max(1, len(one)))
            at += len(one)
        for nth in {0, len(found) - 1} if found else ():  # a quote may begin and end inside a word
            if found[nth] < 1 and " ".join(sentence_words[nth]) in self._joined:
                found[nth] = 1.0
        return found


def _grams(ids: Keys) -> list[Keys]:
    """The keys of the grams of two to LONGEST words: the n-th is of those that begin at word n."""
    keys, found = ids, []
    for size in range(2, LONGEST + 1):
        keys = keys[:-1] * MIX + ids[size - 1 :] if len(ids) >= size else ids[:0]
        found.append(keys)
    return found


def _stands(keys: Keys, among: Keys) -> list[bool]:
    if not len(among):
        return [False] * len(keys)
    places = np.minimum(np.searchsorted(among, keys), len(among) - 1)
    return [bool(same) for same in among[places] == keys]


def _runs(stands: list[list[bool]], start: int, end: int) -> Iterator[tuple[int, int]]:
    """First word and size of the longest runs, from left to right, that the grams of a source make up."""
    begin = start
    for at in range(start + 1, end):
        size = min(at - begin + 1, LONGEST)
        if not stands[size - 2][at - size + 1]:
            yield begin, at - begin
            begin = at
    if begin < end:
        yield begin, end - begin


def grounded(text: str, source: Source, asked: Known) -> list[Sentence]:
    """What `source` says of each sentence of `text`; of one without a word nothing is said.

    Of what was replaced by a placeholder after the source was seen, only the words around it are looked for.
    """
    spans = [(start, end, found) for start, end in _sentences(text) if (found := words(text[start:end]))]
    supports = source.support([found for _, _, found in spans])
    if _PLACEHOLDER.search(text):
        around = source.support([words(_PLACEHOLDER.sub(" ", text[start:end])) for start, end, _ in spans])
        supports = [max(pair) for pair in zip(supports, around, strict=True)]
    judged = []
    for (start, end, found), support in zip(spans, supports, strict=True):
        strange = _strange(text[start:end], source, asked) if support < 1 else (0, 0)
        judged.append(Sentence(start, end, len(found), round(support, 4), *strange))
    return judged


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    """The sentences of an answer; items of a list and paragraphs end one, and their marks are left out."""
    begin = 0
    for stop in [*(block.start() for block in _BLOCK.finditer(text)), len(text)]:
        marker = _MARKER.match(text, begin, stop)
        yield from sentences(text, marker.end() if marker else begin, stop)
        begin = stop


def _strange(sentence: str, source: Source, asked: Known) -> tuple[int, int]:
    """How many numbers and names of a sentence neither the source nor the question has."""
    numbers = {form for form in _numbers(sentence) if form not in source.known.numbers | asked.numbers}
    return len(numbers), sum(
        not all(word in source.known.words or word in asked.words for word in words(name)) for name in _names(sentence)
    )


def known(texts: Sequence[str]) -> Known:
    """The words and numbers of some texts."""
    found = frozenset(word for text in texts for word in words(text))
    return Known(found, numbers_of(texts, found))


def numbers_of(texts: Sequence[str], vocabulary: Any) -> frozenset[str]:
    """The numbers that texts state, as they are compared: 1,200 is 1200, 3.50 is 3.5, and 2.1.3 is also 2.1 and 2."""
    found = {_SPELLED[word] for word in _SPELLED.keys() & vocabulary}
    for number in (number for text in texts for number in _numbers(text)):
        parts = number.split(".")
        found.update(".".join(parts[:size]) for size in range(1, len(parts) + 1))
    return frozenset(found)


def _numbers(text: str) -> Iterator[str]:
    for match in _NUMBER.finditer(text):
        written = match.group()
        plain = re.sub("[.,]", "", written) if _THOUSANDS.fullmatch(written) else written.replace(",", ".")
        whole, dot, rest = plain.partition(".")
        rest = rest.rstrip("0") if "." not in rest else rest
        yield (whole.lstrip("0") or "0") + (dot + rest if rest else "")


def _names(sentence: str) -> Iterator[str]:
    """Words with a capital that no stop, quotation mark or list mark before them explains."""
    for match in _NAME.finditer(sentence):
        if match.group()[0].isupper():
            yield match.group()
