"""Words and marks: what is one token, that nothing is lost, and that it is nearly what spaCy says."""

from collections import Counter
from itertools import chain
from pathlib import Path

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st

import factory
from filters._words import LONGEST, Tokens, cut, forget, pieces_of, tokens

QUICKSTART = Path(factory.__file__).parent / "quickstart/documents"


def of(found: Tokens, nth: int) -> list[str]:
    """The tokens of one text."""
    return [found.vocabulary[number] for number in found.of(nth)]


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ("pump", ["pump"]),
        ('("Stop!")', ["(", '"', "Stop", "!", '"', ")"]),
        ("valve,pump", ["valve", ",", "pump"]),
        ("well-known", ["well", "-", "known"]),
        ("COVID-19", ["COVID-19"]),
        ("and/or", ["and/or"]),
        ("either/or", ["either", "/", "or"]),
        ("don't", ["do", "n't"]),
        ("It’s", ["It", "’s"]),
        ("they'll.", ["they", "'ll", "."]),
        ("U.S.", ["U.S."]),
        ("(e.g.", ["(", "e.g."]),
        ("Dr.", ["Dr."]),
        ("end.", ["end", "."]),
        ("NASA.", ["NASA", "."]),
        ("3.14", ["3.14"]),
        ("1,000", ["1,000"]),
        ("5km", ["5", "km"]),
        ("$20", ["$", "20"]),
        ("wait...", ["wait", "..."]),
        ("one.Two", ["one", ".", "Two"]),
        ("https://example.com/a-b,", ["https://example.com/a-b", ","]),
        ("jane@example.com", ["jane@example.com"]),
        ("泵会停止。", ["泵", "会", "停", "止", "。"]),
        ("हिन्दी।", ["हिन्दी", "।"]),
        ("---", ["---"]),
    ],
)
def test_a_run_is_cut_at_its_marks(run: str, expected: list[str]) -> None:
    assert list(pieces_of(run)) == expected


def test_the_tokens_are_nearly_those_of_spacy() -> None:
    texts = [file.read_text(encoding="utf-8") for file in sorted(QUICKSTART.rglob("*.md"))]
    tokenise = spacy.blank("en").tokenizer
    theirs = [[token.text.strip() for token in tokenise(text) if token.text.strip()] for text in texts]
    found = tokens(texts)
    ours = [of(found, nth) for nth in range(len(texts))]
    differing = Counter(chain(*ours)), Counter(chain(*theirs))
    total = sum(map(len, theirs))
    assert total > 2000
    assert sum(((differing[0] - differing[1]) + (differing[1] - differing[0])).values()) < 0.01 * total


@given(run=st.from_regex(r"[A-Za-z]{1,6}[-,;:!?).'’\"]?[a-z.,)]{0,3}", fullmatch=True))
def test_what_is_cut_the_short_way_is_cut_as_by_the_rules(run: str) -> None:
    assert pieces_of(run) == cut(run)


@given(texts=st.lists(st.text(max_size=80), min_size=1, max_size=6), picked=st.data())
def test_what_is_left_of_a_batch_has_the_tokens_that_it_had(texts: list[str], picked: st.DataObject) -> None:
    before = [of(tokens(texts), nth) for nth in range(len(texts))]
    left = picked.draw(st.lists(st.integers(0, len(texts) - 1), max_size=6))
    found = tokens([texts[nth] for nth in left])
    assert [of(found, nth) for nth in range(len(left))] == [before[nth] for nth in left]
    forget()
    assert [of(tokens(texts), nth) for nth in range(len(texts))] == before


@given(texts=st.lists(st.text(max_size=300), max_size=6))
def test_no_character_is_lost_and_none_is_added(texts: list[str]) -> None:
    found = tokens(texts)
    assert ["".join(of(found, nth)) for nth in range(len(texts))] == ["".join(text.split()) for text in texts]


@given(texts=st.lists(st.text("ab.'’-(\"中1 \n", max_size=60), max_size=6))
def test_a_text_has_the_same_tokens_in_any_batch(texts: list[str]) -> None:
    together = tokens(texts)
    assert [of(together, nth) for nth in range(len(texts))] == [of(tokens([text]), 0) for text in texts]


def test_sums_are_of_the_texts_also_where_one_is_empty() -> None:
    found = tokens(["", "Two words.", "", "ÉTÉ 42"])
    assert found.counts.tolist() == [0, 3, 0, 2]
    assert found.sums(found.vocabulary.lengths).tolist() == [0, 9, 0, 5]
    assert found.sums(found.vocabulary.symbols).tolist() == [0, 1, 0, 0]
    assert found.sums(found.vocabulary.chars(str.isupper)).tolist() == [0, 1, 0, 3]
    assert tokens([]).counts.tolist() == tokens([]).sums(tokens([]).vocabulary.symbols).tolist() == []


@pytest.mark.parametrize("bait", ["a", "(", ".", "'s", "a-", "x@", "http://", "a.bc/", "中。", "<a", "€", "1."])
def test_a_megabyte_without_a_space_is_cut_and_read_once(bait: str) -> None:
    text = bait * (1_000_000 // len(bait))
    found = tokens([text])
    assert "".join(of(found, 0)) == text
    assert found.vocabulary.lengths.max() <= LONGEST
