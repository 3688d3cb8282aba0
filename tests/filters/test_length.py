"""Length: bounds in characters and words, both ends included."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.length import Length


def reasons(text: str, **options: int | None) -> list[str | None]:
    found = Length(**options)
    batch = pa.record_batch({"id": ["r"], "text": pa.array([text], pa.large_string())})
    return [row["reason"] for row in found.decide(found.measure(batch)).rows]


@pytest.mark.parametrize(
    ("text", "options", "reason"),
    [
        ("", {}, "length.too_short"),
        (" \n\t", {}, "length.too_short"),
        ("a", {}, None),
        ("  abc  ", {"min_chars": 3, "max_chars": 3}, None),
        ("abc", {"min_chars": 4}, "length.too_short"),
        ("abcd", {"max_chars": 3}, "length.too_long"),
        ("one two", {"min_words": 3}, "length.too_short"),
        ("one two three", {"min_words": 3, "max_words": 3}, None),
        ("one two three four", {"max_words": 3}, "length.too_long"),
        ("", {"min_chars": None}, None),
        ("🔧🔧", {"max_chars": 2}, None),
    ],
)
def test_a_row_is_kept_between_the_bounds(text: str, options: dict[str, int | None], reason: str | None) -> None:
    assert reasons(text, **options) == [reason]


def test_bounds_that_leave_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="the lower bound 9 is above the upper bound 3"):
        Length(min_words=9, max_words=3)


def test_the_evidence_is_numbers() -> None:
    batch = pa.record_batch({"id": ["r"], "text": pa.array(["secret"], pa.large_string())})
    [row] = Length(max_chars=2).decide(Length().measure(batch)).rows
    assert row["evidence"] == '{"chars": 6, "words": 1}'


@given(text=st.text(max_size=30), least=st.integers(0, 20), most=st.integers(20, 40))
def test_what_is_kept_is_within_the_bounds_and_nothing_else(text: str, least: int, most: int) -> None:
    kept = reasons(text, min_chars=least, max_chars=most) == [None]
    assert kept == (least <= len(text.strip()) <= most)
