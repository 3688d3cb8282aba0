"""Length: bounds in characters, words and tokens and for the answer beside its question, both ends included."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from factory import plugins
from factory.corpus import Row, batch_of
from factory.errors import WrongRequest
from factory.records import Text, texts
from filters.length import Length


def verdict(strings: list[Text], **options: Any) -> dict[str, Any]:
    found = Length(**options)
    [row] = found.decide(found.measure(batch_of([Row(0, "r", strings, {})], "strings"))).rows
    return row


def reasons(text: str, **options: Any) -> list[str | None]:
    return [verdict([Text("text", "text", text)], **options)["reason"]]


def chat(question: str, answer: str) -> list[Text]:
    return [Text("messages[0].content", "user", question), Text("messages[1].content", "assistant", answer)]


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
    strings = [Text("text", "text", "secret")]
    assert verdict(strings, max_chars=2)["evidence"] == '{"chars": 6, "words": 1}'
    assert verdict(strings, max_tokens=1)["evidence"] == '{"chars": 6, "tokens": 2, "words": 1}'


def test_all_messages_of_a_row_are_its_text_and_quotes_are_not() -> None:
    strings = [*chat("Open?", "No."), Text("quotes[0].text", "quote", "x" * 99)]
    assert verdict(strings, min_chars=9, max_chars=9)["reason"] is None


@pytest.mark.parametrize(
    ("question", "answer", "options", "reason"),
    [
        ("How hot is it?", "Hot.", {"min_ratio": 0.2}, None),
        ("How hot is it, in degrees?", "Hot.", {"min_ratio": 0.2}, "length.answer_too_short"),
        ("Hot?", "It is.", {"max_ratio": 1.5}, None),
        ("Hot?", "It is so.", {"max_ratio": 1.5}, "length.answer_too_long"),
        ("Hot?", "", {"min_ratio": 0.5}, None),
        ("", "It is.", {"max_ratio": 0.5}, None),
    ],
)
def test_an_answer_has_a_length_beside_its_question(
    question: str, answer: str, options: dict[str, Any], reason: str | None
) -> None:
    assert verdict(chat(question, answer), **options)["reason"] == reason


def test_of_a_preference_the_chosen_side_is_the_answer() -> None:
    sides = {"prompt": ("user", "Hot?"), "chosen": ("assistant", "Yes."), "rejected": ("assistant", "No. " * 99)}
    data = {side: [{"role": role, "content": text}] for side, (role, text) in sides.items()}
    assert verdict(texts("preference", data), max_ratio=1.0)["reason"] is None


def test_tokens_are_estimated_or_those_of_the_tokenizer(tmp_path: Path) -> None:
    assert reasons("abcd efgh", max_tokens=3) == [None]
    assert reasons("abcd efghi jk", max_tokens=3) == ["length.too_long"]
    assert reasons("abcd", min_tokens=2) == ["length.too_short"]
    file = tmp_path / "tokenizer.json"
    tokenizer = Tokenizer(WordLevel({"?": 0, "abcd": 1}, unk_token="?"))  # noqa: S106 # no password
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(file))
    assert reasons("abcd efghi jk", max_tokens=3, tokenizer=file) == [None]
    assert reasons("abcd efghi jk l", max_tokens=3, tokenizer=file) == ["length.too_long"]


def test_a_tokenizer_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(WrongRequest, match=r"is no tokenizer.json that can be read"):
        plugins.filter_("length", {"tokenizer": "tokenizer.json"}, folder=tmp_path)


def test_another_bound_measures_nothing_again() -> None:
    one, other = (plugins.filter_("length", options) for options in ({}, {"max_tokens": 9, "max_ratio": 2.0}))
    assert one.measuring == other.measuring


@given(text=st.text(max_size=30), least=st.integers(0, 20), most=st.integers(20, 40))
def test_what_is_kept_is_within_the_bounds_and_nothing_else(text: str, least: int, most: int) -> None:
    kept = reasons(text, min_chars=least, max_chars=most) == [None]
    assert kept == (least <= len(text.strip()) <= most)
