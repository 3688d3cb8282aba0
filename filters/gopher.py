"""Reject what the rules of Gopher reject: too short or long, odd words, lists, no stop words, repetition.

Sees    the whole text of a document, passage or plain-text row.
Misses  languages other than English, unless their stop words are named; answers, which it does not look at.
Source  Rae et al. 2021 (arXiv:2112.11446), section A1.1; each bound is the published one. Counted as datatrove does
        (https://github.com/huggingface/datatrove): marks are words of their own, where a share of the words is meant.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from factory.figures import Figure
from factory.verdicts import Verdicts
from filters._repetition import Ngrams, repeated
from filters._rules import Rule, check_bounds, figures_of, judge
from filters._words import Tokens, tokens

STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")
TOP = (2, 3, 4)  # words in a row whose most frequent is counted
REPEATED = (5, 6, 7, 8, 9, 10)  # words in a row of which every repetition is counted
PARAGRAPHS, LINES = re.compile(r"\n{2,}"), re.compile(r"\n+")


def _bound(default: Any) -> Any:
    return field(default=default, metadata={"decides": True})


@dataclass(frozen=True)
class Gopher:
    """Keep texts that break no rule; a bound of null is no rule, of a list of bounds each stands for one n."""

    sees: ClassVar[str] = "text"
    kinds: ClassVar[tuple[str, ...]] = ("document", "passage", "text")
    min_words: int | None = _bound(50)
    max_words: int | None = _bound(100_000)
    min_word_length: float | None = _bound(3.0)
    max_word_length: float | None = _bound(10.0)
    max_symbols: float | None = _bound(0.1)
    max_bullet_lines: float | None = _bound(0.9)
    max_ellipsis_lines: float | None = _bound(0.3)
    min_alphabetic: float | None = _bound(0.8)
    min_stop_words: int | None = _bound(2)
    stop_words: list[str] = field(default_factory=lambda: list(STOP_WORDS))
    max_repeated_lines: float | None = _bound(0.3)
    max_repeated_paragraphs: float | None = _bound(0.3)
    max_repeated_line_chars: float | None = _bound(0.2)
    max_repeated_paragraph_chars: float | None = _bound(0.2)
    max_top_ngrams: list[float | None] = field(default_factory=lambda: [0.20, 0.18, 0.16], metadata={"decides": True})
    max_repeated_ngrams: list[float | None] = field(
        default_factory=lambda: [0.15, 0.14, 0.13, 0.12, 0.11, 0.10], metadata={"decides": True}
    )

    def __post_init__(self) -> None:
        """Raise ValueError for a bound that is negative, or a list that does not have one for each n."""
        check_bounds(self)
        for name, bounds, sizes in (
            ("max_top_ngrams", self.max_top_ngrams, TOP),
            ("max_repeated_ngrams", self.max_repeated_ngrams, REPEATED),
        ):
            if len(bounds) != len(sizes):
                raise ValueError(f"{name} needs {len(sizes)} bounds, for {sizes[0]} to {sizes[-1]} words in a row")

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """`id`, `text` -> `id` and a figure for each rule."""
        texts = batch["text"].to_pylist()
        found = tokens(texts)
        columns = {**_of_words(texts, found, self.stop_words), **_of_lines(texts), **_of_ngrams(texts, found)}
        return pa.record_batch({"id": batch["id"], **{name: pa.array(its) for name, its in columns.items()}})

    def decide(self, features: pa.RecordBatch) -> Verdicts:
        """Reject for the first rule that is broken, in the order of the options."""
        return judge(features, self._rules())

    def figures(self, features: pa.RecordBatch) -> list[Figure]:
        """What each rule looks at."""
        return figures_of(features, self._rules())

    def _rules(self) -> list[Rule]:
        return [
            Rule("words", "gopher.too_few_words", least=self.min_words),
            Rule("words", "gopher.too_many_words", most=self.max_words),
            Rule("word_length", "gopher.short_words", least=self.min_word_length),
            Rule("word_length", "gopher.long_words", most=self.max_word_length),
            Rule("hashes", "gopher.too_many_symbols", most=self.max_symbols),
            Rule("ellipses", "gopher.too_many_symbols", most=self.max_symbols),
            Rule("bullet_lines", "gopher.too_many_bullets", most=self.max_bullet_lines),
            Rule("ellipsis_lines", "gopher.too_many_ellipses", most=self.max_ellipsis_lines),
            Rule("alphabetic", "gopher.too_few_letters", least=self.min_alphabetic),
            Rule("stop_words", "gopher.too_few_stop_words", least=self.min_stop_words),
            Rule("repeated_paragraphs", "gopher.repeated_paragraphs", most=self.max_repeated_paragraphs),
            Rule("repeated_paragraph_chars", "gopher.repeated_paragraphs", most=self.max_repeated_paragraph_chars),
            Rule("repeated_lines", "gopher.repeated_lines", most=self.max_repeated_lines),
            Rule("repeated_line_chars", "gopher.repeated_lines", most=self.max_repeated_line_chars),
            *(
                Rule(f"top_{n}", "gopher.top_ngram", most=most)
                for n, most in zip(TOP, self.max_top_ngrams, strict=True)
            ),
            *(
                Rule(f"repeated_{n}", "gopher.repeated_ngrams", most=most)
                for n, most in zip(REPEATED, self.max_repeated_ngrams, strict=True)
            ),
        ]


def _of_words(texts: Sequence[str], found: Tokens, stop_words: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Figures of the words; shares are of all tokens, marks too."""
    is_word = ~found.vocabulary.symbols
    words, every = found.sums(is_word), np.maximum(found.counts, 1)
    wanted = frozenset(stop_words)
    stops = np.fromiter((token in wanted for token in found.vocabulary), np.bool_, len(found.vocabulary))
    return {
        "words": words,
        "word_length": found.sums(found.vocabulary.lengths * is_word) / np.maximum(words, 1),
        "hashes": np.array([text.count("#") for text in texts]) / every,
        "ellipses": np.array([text.count("...") + text.count("…") for text in texts]) / every,
        "alphabetic": found.sums(found.vocabulary.chars(str.isalpha) > 0) / every,
        "stop_words": found.distinct(stops),
    }


def _of_lines(texts: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Figures of the lines and paragraphs."""
    rows = []
    for text in texts:
        lines = [line.strip() for line in text.splitlines()]
        bullets = sum(line.startswith(("•", "-")) for line in lines) / max(1, len(lines))
        ellipses = sum(line.endswith(("...", "…")) for line in lines) / max(1, len(lines))
        paragraphs, paragraph_chars = repeated(PARAGRAPHS.split(text.strip()))
        again, line_chars = repeated(LINES.split(text))
        size = max(1, len(text))
        rows.append((bullets, ellipses, paragraphs, paragraph_chars / size, again, line_chars / size))
    names = ("bullet_lines", "ellipsis_lines", "repeated_paragraphs", "repeated_paragraph_chars", "repeated_lines",
             "repeated_line_chars")  # fmt: skip
    return dict(zip(names, np.array(rows, np.float64).reshape(-1, len(names)).T, strict=True))


def _of_ngrams(texts: Sequence[str], found: Tokens) -> dict[str, NDArray[Any]]:
    """Shares of the characters in words in a row that come again."""
    sizes = np.maximum([len(text) for text in texts], 1)
    ngrams, shares = Ngrams(found), {}
    for n in range(TOP[0], REPEATED[-1] + 1):
        ngrams.grow()
        if n in TOP:
            shares[f"top_{n}"] = ngrams.top_chars() / sizes
        if n in REPEATED:
            shares[f"repeated_{n}"] = ngrams.repeated_chars() / sizes
    return shares
