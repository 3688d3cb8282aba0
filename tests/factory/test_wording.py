"""Wording: markup read as words, code left out of them, and lists and patterns as one writes them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.wording import in_small, listed, phrases, plain, without_code


def test_plain_words_keep_code_and_lose_all_other_markup() -> None:
    assert plain("**Set** the [`a_b`](c.md) of *x* to __1__ <br> \\*") == "Set the `a_b` of x to 1 *"


def test_what_a_filter_put_in_the_place_of_a_value_is_no_tag() -> None:
    assert plain("Write to <EMAIL> or <b>us</b>.") == "Write to <EMAIL> or us."


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Set `a` to 1.", "Set to 1."),
        ("One\n```sh\nls\n```\ntwo", "One two"),
        ("One ~~~", "One ~~~"),
        ("``a ` b`` c", "c"),
    ],
)
def test_code_is_left_out(text: str, left: str) -> None:
    assert " ".join(without_code(text).split()) == left


def test_phrases_and_lists_are_written_over_lines() -> None:
    assert listed("""a b
        c""") == {"a", "b", "c"}
    assert phrases("""in this
        case | see below""").findall("See below, in THIS case.") == ["See below", "in THIS case"]


@given(text=st.text(st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("aKikſıİßΣς"))))
def test_in_small_letters_patterns_find_what_they_find_case_aside(text: str) -> None:
    small = in_small(text)
    if small is not None:
        found = re.finditer(r"[a-z]\w?|\W", text, re.IGNORECASE)
        assert [its.span() for its in found] == [its.span() for its in re.finditer(r"[a-z]\w?|\W", small)]


def test_letters_of_which_case_says_more_are_not_made_small() -> None:
    assert [in_small(text) for text in ("PUMP", "ÉÑ", "ſ", "İstanbul", "ı")] == ["pump", "éñ", None, None, None]
