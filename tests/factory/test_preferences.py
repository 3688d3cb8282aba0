"""Pairs: what two answers have in common, what meta notes of the judgement, and what gives the label away."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.circles import Judgement, circular, digest
from factory.preferences import FORMATS, Leanings, compare, estimate, margin, scores
from factory.tokens import count, shared, shared_prefix

TEXTS = st.text(max_size=60)


def test_two_answers_are_compared() -> None:
    facts = compare("How hot?", " It is very hot. ", "It is very cold.", {"judge_stable": False})
    assert (facts.chosen_chars, facts.rejected_chars, facts.prefix) == (15, 16, 11)
    assert (facts.same, facts.same_words, facts.likeness) == (False, False, 0.75)
    assert (facts.margin, facts.stable) == (None, False)


@pytest.mark.parametrize(
    ("one", "other", "same", "same_words"),
    [
        ("Hot.", " Hot.\n", True, True),
        ("Hot!", "hot", False, True),
        ("Héiß", "HEISS", False, True),
        ("Heiß", "HEISS.", False, True),
        ("...", "!!!", False, False),
        ("Not hot", "Hot not", False, False),
        ("", "", True, False),
    ],
)
def test_what_makes_answers_the_same(one: str, other: str, same: bool, same_words: bool) -> None:
    facts = compare("", one, other, {})
    assert (facts.same, facts.same_words) == (same, same_words)


@pytest.mark.parametrize(
    ("meta", "expected"),
    [
        ({"margin": 2}, 2.0),
        ({"score_chosen": 8.5, "score_rejected": 6}, 2.5),
        ({"chosen_rating": 3, "rejected_rating": 4}, -1.0),
        ({"margin": True}, None),
        ({"margin": float("nan")}, None),
        ({"score_chosen": "8", "score_rejected": 6}, None),
        ({}, None),
    ],
)
def test_the_margin_is_what_meta_notes(meta: dict[str, Any], expected: float | None) -> None:
    assert margin(meta) == expected


def test_only_a_refusal_of_the_chosen_answer_counts() -> None:
    refusal, answer = "I'm sorry, but I can't help with that.", "Fill the pan to the mark."
    assert compare("", refusal, answer, {}).chosen_refuses
    assert not compare("", answer, refusal, {}).chosen_refuses
    assert not compare("", refusal, "As an AI language model, I cannot do that.", {}).chosen_refuses


@given(prompt=TEXTS, one=TEXTS, other=TEXTS)
def test_any_pair_can_be_compared(prompt: str, one: str, other: str) -> None:
    facts, turned = compare(prompt, one, other, {}), compare(prompt, other, one, {})
    assert facts.likeness == turned.likeness
    assert (facts.same, facts.prefix) == (turned.same, turned.prefix)
    assert 0 <= facts.likeness <= 1
    assert not facts.same or facts.likeness in (0, 1)


# --- tokens


@given(one=st.text(max_size=30), other=st.text(max_size=30))
def test_what_two_texts_begin_with(one: str, other: str) -> None:
    length = shared_prefix(one, other)
    assert one[:length] == other[:length]
    assert one[length : length + 1] != other[length : length + 1] or length == min(len(one), len(other))


def test_without_a_tokenizer_tokens_are_estimated() -> None:
    assert count(["", "a", "abcde", "ééé"], None) == [0, 1, 2, 2]
    assert shared("abcdefgh", "abcdefxx", None) == 1


# --- circles


def judged(*pairs: str, prompt: str = "p") -> list[Judgement]:
    """`ab` = a was preferred to b; the id of each row is its place."""
    return [Judgement(digest(prompt), pair[0].encode(), pair[1].encode(), f"{nth}") for nth, pair in enumerate(pairs)]


@pytest.mark.parametrize(
    ("pairs", "contradicted", "circling"),
    [
        (["ab", "bc", "ac"], {}, {}),
        (["ab", "ba"], {"0": "1", "1": "0"}, {}),
        (["ab", "ba", "ab"], {"1": "0"}, {}),
        (["ab", "bc", "ca"], {}, {"0": "1", "1": "2", "2": "0"}),
        (["ab", "bc", "cd", "da", "de"], {}, {"0": "1", "1": "2", "2": "3", "3": "0"}),
        (["ab", "bc", "ca", "ac", "ca"], {"3": "2"}, {"0": "1", "1": "2", "2": "0", "4": "0"}),
        (["aa"], {}, {}),
    ],
)
def test_contradictions_and_circles(pairs: list[str], contradicted: dict[str, str], circling: dict[str, str]) -> None:
    assert circular(judged(*pairs)) == (contradicted, circling)


def test_another_prompt_is_another_matter() -> None:
    assert circular([*judged("ab"), *judged("ba", prompt="q")]) == ({}, {})


@given(data=st.data(), pairs=st.lists(st.text("abcd", min_size=2, max_size=2), max_size=14))
def test_the_order_of_rows_does_not_matter(data: st.DataObject, pairs: list[str]) -> None:
    rows = judged(*pairs)
    assert circular(data.draw(st.permutations(rows))) == circular(rows)


@given(pairs=st.lists(st.text("abcd", min_size=2, max_size=2), max_size=10))
def test_without_what_is_circular_there_is_an_order(pairs: list[str]) -> None:
    rows = judged(*pairs)
    contradicted, circling = circular(rows)
    left = {(r.better, r.worse) for r in rows if r.id not in {*contradicted, *circling} and r.better != r.worse}
    while left:
        ends = {worse for _, worse in left} - {better for better, _ in left}
        assert ends
        left = {pair for pair in left if pair[1] not in ends}


def test_a_long_chain_is_no_circle() -> None:
    chain = [Judgement(b"p", f"{nth:08d}".encode(), f"{nth + 1:08d}".encode(), str(nth)) for nth in range(20_000)]
    assert circular(chain) == ({}, {})
    closed = [*chain, Judgement(b"p", b"00020000", b"00000000", "last")]
    assert len(circular(closed)[1]) == 20_001


# --- what gives the label away


def test_the_format_of_an_answer_is_counted() -> None:
    text = "# Steps\n\n1. Open it.\n2. **Close** it.\n- or not\n\n```sh\nls\n```\n"
    assert scores(text) == {"words": 14, "list": 3, "bold": 1, "code": 2, "heading": 1}
    assert scores("2 * 3 * 4 - 1") == {"words": 7, "list": 0, "bold": 0, "code": 0, "heading": 0}


def test_length_that_tells_the_label_is_seen_and_chance_is_not() -> None:
    draw, told, chance = np.random.default_rng(3), Leanings(), Leanings()
    for nth in range(400):
        short, long = "w " * draw.integers(1, 6), "w " * draw.integers(4, 21)
        told.add(f"p {nth}", long, short, {"chosen_shown": "first"})
        chance.add(f"p {nth}", *draw.permutation([short, long]).tolist(), {})
    assert told.estimates()["words"].low > 0.9
    assert told.estimates()["position"] == estimate([b"%d" % n for n in range(400)], [1.0] * 400)
    assert chance.estimates()["words"].low < 0.5 < chance.estimates()["words"].high
    assert "position" not in chance.estimates()
    assert told.estimates()["list"][:3] == (0.5, *estimate([b"%d" % n for n in range(400)], [0.5] * 400)[1:3])


def test_pairs_of_one_prompt_are_worth_less_than_pairs_of_many() -> None:
    wins = [1.0, 1.0, 1.0, 0.0] * 50
    many = estimate([b"%d" % nth for nth in range(200)], wins)
    few = estimate([b"%d" % (nth % 4) for nth in range(200)], wins)
    assert many is not None
    assert few is not None
    assert many.auc == few.auc == 0.75
    assert few.high - few.low > 3 * (many.high - many.low)


def test_the_interval_holds_its_promise() -> None:
    draw, inside = np.random.default_rng(5), 0
    for _ in range(400):
        found = estimate([b"%d" % n for n in range(60)], [float(draw.random() < 0.7) for _ in range(60)])
        assert found is not None
        inside += found.low <= 0.7 <= found.high
    assert 0.92 * 400 <= inside <= 0.98 * 400


def test_leanings_of_nothing() -> None:
    assert (Leanings().estimates(), Leanings().mean_prefix()) == ({}, 0.0)


@given(pairs=st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=8), cut=st.integers(0, 8))
def test_leanings_merge_in_any_cut(pairs: list[tuple[str, str, str]], cut: int) -> None:
    def of(some: list[tuple[str, str, str]]) -> Leanings:
        made = Leanings()
        for pair in some:
            made.add(*pair, {})
        return made

    whole, merged = of(pairs), of(pairs[cut:]).merge(of(pairs[:cut]))
    assert merged.estimates().keys() == whole.estimates().keys()
    for name, found in merged.estimates().items():
        assert found == pytest.approx(whole.estimates()[name])
    assert set(whole.wins) == {"words", *FORMATS, "position"}
