"""What holds for every filter that goes by rules: cuts, order, bounds, any text, and texts of a megabyte."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.plugins import options_of
from filters._rules import Rule, judge
from filters.c4 import C4
from filters.fineweb import Fineweb
from filters.gopher import Gopher
from tests.filters.texts import batch_of, judged
from tests.laws.strategies import STRANGE

FILTERS: list[Any] = [Gopher, C4, Fineweb]
PIECES = [
    *STRANGE,
    "The valve opens when the tank is full, and the pump stops with it.\n",
    "The valve opens when the tank is full, and the pump stops with it. ",
    "- Home\n",
    "...\n",
    "#",
    "\n\n",
    "[1]",
    "privacy policy",
]
TEXTS = st.one_of(st.text(max_size=120), st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
LOOSE = {"min_words": 3, "min_sentences": 1, "min_line_ends": 0.0, "min_alphabetic": 0.1, "min_stop_words": 1}


def loosened(filter_: Any) -> Any:
    """The filter with bounds that let more than long texts through."""
    names = {option.name for option in options_of(filter_)}
    return filter_(**{name: bound for name, bound in LOOSE.items() if name in names})


@pytest.mark.parametrize("filter_", FILTERS)
@given(texts=st.lists(TEXTS, max_size=6), cuts=st.lists(st.integers(0, 6), max_size=2))
@settings(max_examples=50)
def test_where_the_batches_are_cut_does_not_matter(filter_: Any, texts: list[str], cuts: list[int]) -> None:
    assert judged(loosened(filter_), texts, cuts) == judged(loosened(filter_), texts)


@pytest.mark.parametrize("filter_", FILTERS)
@given(texts=st.lists(TEXTS, max_size=6))
@settings(max_examples=50)
def test_the_order_does_not_matter(filter_: Any, texts: list[str]) -> None:
    there = [{**row, "id": ""} for row in judged(loosened(filter_), texts)]
    back = [{**row, "id": ""} for row in judged(loosened(filter_), texts[::-1])]
    assert there == back[::-1]


@pytest.mark.parametrize("filter_", FILTERS)
@given(texts=st.lists(TEXTS, max_size=3))
@settings(max_examples=20)
def test_a_changed_bound_measures_the_same(filter_: Any, texts: list[str]) -> None:
    decides = {option.name for option in options_of(filter_) if option.decides}
    assert decides >= set(LOOSE) & {option.name for option in options_of(filter_)}
    assert loosened(filter_).measure(batch_of(texts)).equals(filter_().measure(batch_of(texts)))


BAIT = [
    "a",
    "a ",
    "a.",
    ". ",
    "...",
    "\n",
    " \n",
    "[",
    "[1]",
    "]",
    "{",
    "'s",
    "-",
    "#",
    "e.g. ",
    "A. ",
    '"',
    "。",
    "\u0301",
]


@pytest.mark.parametrize("filter_", FILTERS)
@pytest.mark.parametrize("bait", BAIT)
def test_a_megabyte_of_one_thing_gets_a_verdict(filter_: Any, bait: str) -> None:
    [row] = judged(loosened(filter_), [bait * (1_000_000 // len(bait))])
    assert row["outcome"] in ("keep", "edit", "reject")


def test_the_first_rule_that_is_broken_decides() -> None:
    import pyarrow as pa

    features = pa.record_batch({"id": ["a", "b", "c"], "x": [1.0, 5.0, 3.0], "y": [1.0, 9.0, 9.0]})
    rules = [Rule("x", "r.low", least=2), Rule("x", "r.high", most=4), Rule("y", "r.y", most=8), Rule("y", "r.no")]
    assert [row["reason"] for row in judge(features, rules).rows] == ["r.low", "r.high", "r.y"]
