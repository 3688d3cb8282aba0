"""Tests of significance: known values, symmetry, and what there is none for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.significance import Test as Result
from factory.significance import clear, proportions, ranks


def test_two_proportions_as_in_a_textbook() -> None:
    """45 of 100 against 30 of 100: z = 2.19089, p = .02846."""
    found = proportions((45, 100), (30, 100))
    assert found is not None
    assert found.name == "two proportions"
    assert found.p == pytest.approx(0.028459, abs=1e-5)


def test_few_expected_counts_are_compared_exactly() -> None:
    """Fisher's tea: 3 of 4 against 1 of 4 has p = .4857."""
    assert proportions((3, 4), (1, 4)) == Result("Fisher", pytest.approx(0.485714, abs=1e-6))


def test_of_nothing_there_is_no_test() -> None:
    assert proportions((0, 0), (1, 10)) is None
    assert ranks(np.arange(3), np.arange(90)) is None
    assert ranks(np.ones(90, np.int64), np.ones(90, np.int64)) is None


def test_ranks_as_in_a_textbook() -> None:
    """All ten of one side above the other: U = 100, z = 3.7796."""
    found = ranks(np.arange(10, 20), np.arange(10))
    assert found is not None
    assert found.p == pytest.approx(0.000157, abs=1e-6)


@given(counts=st.tuples(*[st.integers(0, 60)] * 4))
def test_the_order_of_two_samples_does_not_matter(counts: tuple[int, int, int, int]) -> None:
    a, b, more, others = counts
    one, other = (a, a + more), (b, b + others)
    found, turned = proportions(one, other), proportions(other, one)
    assert (found is None) == (turned is None)
    if found is not None and turned is not None:
        assert found.p == pytest.approx(turned.p)
        assert 0 <= found.p <= 1


def test_many_tests_ask_more_of_each() -> None:
    tests = {"a": Result("t", 0.001), "b": Result("t", 0.03), "c": Result("t", 0.02)}
    assert clear(tests) == {"a", "b", "c"}
    assert clear({**tests, "d": Result("t", 0.5)}) == {"a"}
    assert clear({"b": Result("t", 0.03)}) == {"b"}
