"""Exact duplicates: case, width and spacing aside; of each text the smallest id stays, in whatever order they come."""

from functools import reduce

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.exact_dedup import ExactDedup, fold_digest
from tests.filters.rows import rows_of

DEDUP = ExactDedup()
TEXTS = st.lists(st.sampled_from(["a", "A", " a ", "b", "", "ｂ", "c"]), max_size=30)


def batch(texts: list[str]) -> pa.RecordBatch:
    ids = [f"{n:03d}" for n in range(len(texts))]
    return rows_of(dict(zip(ids, texts, strict=True)))


def verdicts(texts: list[str]) -> list[str]:
    features = DEDUP.measure(batch(texts))
    return [row["outcome"] for row in DEDUP.decide(features, DEDUP.scan(features)).rows]


@pytest.mark.parametrize("same", ["The Pump", "the  pump", " THE\npump ", "ｔｈｅ pump", "the\u00a0pump"])
def test_case_width_and_spacing_do_not_make_a_text_another(same: str) -> None:
    assert fold_digest(same) == fold_digest("the pump")


@pytest.mark.parametrize("other", ["the pumps", "thepump", "the pump.", "thé pump", ""])
def test_another_word_or_mark_does(other: str) -> None:
    assert fold_digest(other) != fold_digest("the pump")


def test_the_smallest_id_stays_and_the_others_name_it() -> None:
    features = DEDUP.measure(batch(["x", "y", "X", " x"]))
    rows = DEDUP.decide(features, DEDUP.scan(features)).rows
    assert [row["outcome"] for row in rows] == ["keep", "keep", "reject", "reject"]
    assert [(row["reason"], row["evidence"]) for row in rows[2:]] == [("exact_dedup.same_text", '{"kept": "000"}')] * 2


@given(texts=TEXTS)
def test_one_of_each_text_is_left(texts: list[str]) -> None:
    assert verdicts(texts).count("keep") == len({fold_digest(text) for text in texts})


@given(texts=TEXTS, cut=st.integers(0, 30), swap=st.booleans())
def test_where_the_batches_are_cut_and_in_which_order_they_come_does_not_matter(
    texts: list[str], cut: int, swap: bool
) -> None:
    whole = DEDUP.measure(batch(texts))
    cut = min(cut, len(texts))
    parts = [whole.slice(0, cut), whole.slice(cut)]
    if swap:
        parts.reverse()
    assert reduce(DEDUP.merge, map(DEDUP.scan, parts)) == DEDUP.scan(whole)


def test_of_two_copies_the_one_under_the_strictest_terms_stays() -> None:
    texts = {"1": "the pump", "2": "The Pump", "3": "the  pump"}
    shown = rows_of(texts, {"1": "MIT", "2": "MIT", "3": "CC-BY-NC-4.0"}, {"2": "restricted"})
    features = DEDUP.measure(shown)
    said = DEDUP.decide(features, DEDUP.scan(features)).rows
    assert [row["outcome"] for row in said] == ["reject", "keep", "reject"]
    assert said[2]["evidence"] == '{"kept": "2"}'
