"""Gopher's rules: each rejects what it is about and nothing else; repetition is counted as its definition says."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory import plugins
from factory.errors import WrongRequest
from filters._repetition import Ngrams
from filters._words import tokens
from filters.gopher import REPEATED, Gopher
from tests.filters.texts import judged, reason

SENTENCES = [
    "The pump of the first tank stops when its valve opens.",
    "Never lift a lid that still shows more than sixty degrees.",
    "Write down each reading, and sign it with your own name.",
    "Oil from the crane has to be changed twice in a year.",
    "Those who work at night should have a lamp with them.",
    "A gauge without glass belongs in the box beside that door.",
    "Every hose is marked by colour, red for steam and blue for air.",
    "If water stands under a motor, switch the current off at once.",
    "Keys are kept in the office, where somebody is always awake.",
    "After four weeks a new filter costs less than cleaning an old one.",
    "Do not paint over labels, because nobody can read them later.",
    "Spare parts come on Tuesday unless rain has closed our road.",
]
NUMBERS = [f"{first}{last}" for first in ("north", "south", "upper", "lower") for last in ("gate", "hall", "yard")]
GOOD = "\n".join(SENTENCES)
OFF = {"max_top_ngrams": [None] * 3, "max_repeated_ngrams": [None] * 6}


def test_running_text_breaks_no_rule() -> None:
    assert reason(Gopher(), GOOD) is None


@pytest.mark.parametrize(
    ("said", "text", "options"),
    [
        ("gopher.too_few_words", " ".join(GOOD.split()[:49]), {}),
        ("gopher.too_many_words", GOOD, {"max_words": 60}),
        ("gopher.short_words", "a to of be " * 40, {}),
        ("gopher.long_words", "incomprehensibilities and extraordinarily-complicated " * 20 + "the", OFF),
        ("gopher.too_many_symbols", GOOD + " # " * 40, {}),
        ("gopher.too_many_symbols", GOOD.replace(" ", " … ", 40), {}),
        ("gopher.too_many_bullets", "\n".join(f"- {line}" for line in SENTENCES), {}),
        ("gopher.too_many_ellipses", "\n".join(line[:-1] + "..." for line in SENTENCES[:12]), {"max_symbols": 0.2}),
        ("gopher.too_few_letters", GOOD.replace(" ", " 12 "), {}),
        ("gopher.too_few_stop_words", " ".join(f"word{n} letter" for n in range(60)).replace("1", "i"), OFF),
        ("gopher.repeated_paragraphs", "\n\n".join([*SENTENCES[:6], *SENTENCES[:6]]), {}),
        ("gopher.repeated_lines", "\n".join([*SENTENCES[:6], *SENTENCES[:6]]), {}),
        ("gopher.top_ngram", " ".join(f"the pump to {n}" for n in NUMBERS * 2), {}),
        ("gopher.repeated_ngrams", " ".join([*SENTENCES, *SENTENCES]), {}),
    ],
)
def test_each_rule_rejects_what_it_is_about(said: str, text: str, options: dict[str, Any]) -> None:
    assert reason(Gopher(**options), text) == said


def test_the_evidence_is_the_figure_and_its_bound() -> None:
    [row] = judged(Gopher(), ["Keep the lid closed."])
    assert row["evidence"] == '{"least": 50, "words": 4.0}'


def test_without_bounds_nothing_is_rejected() -> None:
    names = [option.name for option in plugins.options_of(Gopher) if option.name[:4] in ("min_", "max_")]
    off = {name: OFF.get(name) for name in names}
    assert [row["outcome"] for row in judged(Gopher(**off), ["", "#", "a a a a a a a", GOOD])] == ["keep"] * 4


def test_stop_words_of_another_language_may_be_named() -> None:
    german = " ".join(f"Die Pumpe {a} steht und der Kessel {b} ist nicht voll." for a in NUMBERS for b in NUMBERS[:2])
    assert reason(Gopher(**OFF), german) == "gopher.too_few_stop_words"
    assert reason(Gopher(stop_words=["die", "der", "und", "nicht"], **OFF), german) is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"min_words": -1}, "gopher: min_words cannot be -1."),
        ({"max_top_ngrams": [0.1]}, "gopher: max_top_ngrams needs 3 bounds, for 2 to 4 words in a row."),
        ({"max_repeated_ngrams": [0.1, -1.0, 0.1, 0.1, 0.1, 0.1]}, "gopher: max_repeated_ngrams cannot be -1.0."),
    ],
)
def test_bounds_that_are_none_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(WrongRequest) as error:
        plugins.filter_("gopher", options)
    assert str(error.value) == said


def top_chars(words: Sequence[str], n: int) -> int:
    """The definition: characters of the most frequent n-gram times its count."""
    grams = Counter(" ".join(words[at : at + n]) for at in range(len(words) - n + 1))
    [(gram, count)] = grams.most_common(1) or [("", 0)]
    return len(gram) * count


def repeated_chars(words: Sequence[str], n: int) -> int:
    """The definition: from left to right, what stood there before counts and is stepped over."""
    seen: set[tuple[str, ...]] = set()
    chars = at = 0
    while at + n <= len(words):
        gram = tuple(words[at : at + n])
        if gram in seen:
            chars += sum(map(len, gram))
            at += n
        else:
            seen.add(gram)
            at += 1
    return chars


WORDS = st.lists(st.sampled_from(["a", "bb", "ccc"]), max_size=40)


@given(rows=st.lists(WORDS, max_size=5))
def test_repetition_is_counted_as_it_is_defined(rows: list[list[str]]) -> None:
    ngrams = Ngrams(tokens([" ".join(words) for words in rows]))
    for n in range(2, REPEATED[-1] + 1):
        ngrams.grow()
        assert ngrams.top_chars().tolist() == [top_chars(words, n) for words in rows]
        assert ngrams.repeated_chars().tolist() == [repeated_chars(words, n) for words in rows]
