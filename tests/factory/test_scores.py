"""Scores of answers, and when two models differ: equals are called equal, others are not."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory import scores


@pytest.mark.parametrize(("said", "right", "exact", "f1"), [
    ("In Berlin.", "in berlin", 1, 1.0),
    ("It is in Berlin", "In Berlin.", 0, 2 * 2 / 6),
    ("Paris", "In Berlin.", 0, 0.0),
    ("", "In Berlin.", 0, 0.0),
    ("", "", 1, 1.0),
    ("東京です", "東京", 0, 2 * 2 / 6),
])  # fmt: skip
def test_an_answer_beside_the_right_one(said: str, right: str, exact: int, f1: float) -> None:
    assert scores.exact(said, right) == exact
    assert scores.f1(said, right) == pytest.approx(f1)


@pytest.mark.parametrize(("said", "share"), [
    ("It says: close the lid before you heat the kiln, always.", 1.0),
    ("Close the lid before it gets hot.", 1 / 5),
    ("Nothing of that.", 0.0),
])  # fmt: skip
def test_what_of_the_source_an_answer_says_again(said: str, share: float) -> None:
    assert scores.quoted(said, "Close the lid before you heat the kiln.") == pytest.approx(share)


def test_a_source_of_fewer_words_than_four_is_looked_for_whole() -> None:
    assert scores.quoted("At 60 degrees.", "60 degrees") == 1
    assert scores.quoted("At 60.", "60 degrees") == scores.quoted("x", "") == 0


@given(st.text(max_size=60), st.text(max_size=60))
def test_f1_is_a_share_and_the_same_either_way(one: str, other: str) -> None:
    assert 0 <= scores.f1(one, other) == scores.f1(other, one) <= 1
    assert scores.f1(one, one) == 1


def drawn(seed: int, shift: float, *, documents: int, each: int) -> tuple[list[float], list[float], list[str]]:
    """Two models' numbers on questions that hang together by document; the later one is better by `shift`."""
    draw = random.Random(seed)  # noqa: S311 # a test needs no secret
    before, after, names = [], [], []
    for document in range(documents):
        moved = draw.gauss(0, 0.15)
        for _ in range(each):
            before.append(draw.random())
            after.append(before[-1] + moved + shift + draw.gauss(0, 0.2))
            names.append(f"d{document}")
    return before, after, names


@pytest.mark.parametrize(("documents", "each"), [(40, 5), (60, 1), (4, 15)])
def test_equal_models_are_called_equal_in_nineteen_of_twenty_tries(documents: int, each: int) -> None:
    """Of few documents questions are drawn one by one; there what a document does to all its questions is not known."""
    tries = [drawn(seed, 0, documents=documents, each=each) for seed in range(20)]
    if documents < scores.FEW_DOCUMENTS:
        tries = [(one, [a + random.Random(n).gauss(0, 0.2) for n, a in enumerate(one)], d) for one, _, d in tries]  # noqa: S311
    found = [scores.compare(*numbers).verdict for numbers in tries]
    assert found.count("no difference") >= 19


def test_a_better_model_is_called_better_and_by_its_loss_too() -> None:
    for seed in range(5):
        before, after, names = drawn(seed, 0.3, documents=40, each=5)
        assert scores.compare(before, after, names).verdict == "better"
        assert scores.compare(after, before, names).verdict == "worse"
        assert scores.compare(after, before, names, higher_is_better=False).verdict == "better"


def test_of_a_few_questions_nothing_is_said() -> None:
    assert scores.compare([0.0] * 9, [1.0] * 9, list("abcdefghi")).verdict == "too few to say"
    assert scores.compare([], [], []).verdict == "too few to say"


def test_seeds_that_disagree_make_the_interval_wide() -> None:
    names = [f"d{n}" for n in range(40)]
    agreeing = scores.compare([[0.0] * 40] * 3, [[0.2] * 40] * 3, names)
    disagreeing = scores.compare([[0.0] * 40] * 3, [[0.9] * 40, [0.0] * 40, [-0.3] * 40], names)
    assert agreeing.verdict == "better"
    assert disagreeing.difference == pytest.approx(agreeing.difference)
    assert disagreeing.verdict == "no difference"
