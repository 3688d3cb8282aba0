"""Preference pairs: each check strikes where it should and nowhere else, in whatever order the pairs come."""

import json
from functools import reduce
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from factory import plugins
from factory.corpus import Row, batch_of
from factory.errors import WrongRequest
from factory.records import texts
from filters.preference_sanity import CHECKS, REASONS, PreferenceSanity

GOOD = ("How hot is the kiln?", "It fires at 1,240 degrees.", "It is rather hot in there, I think.")
REFUSAL = "I'm sorry, but I can't help with that."


def rows_of(*pairs: tuple[str, str, str], metas: dict[int, dict[str, Any]] | None = None) -> list[Row]:
    made = []
    for nth, (prompt, chosen, rejected) in enumerate(pairs):
        data = {
            "prompt": [{"role": "user", "content": prompt}],
            "chosen": [{"role": "assistant", "content": chosen}],
            "rejected": [{"role": "assistant", "content": rejected}],
        }
        info = {"kind": "preference"}
        made.append(Row(nth, f"{nth:02d}", texts("preference", data), info, (metas or {}).get(nth, {})))
    return made


def judged(rows: list[Row], filter_: PreferenceSanity | None = None) -> list[dict[str, Any]]:
    filter_ = filter_ or PreferenceSanity()
    features = filter_.measure(batch_of(rows, "record"))
    return filter_.decide(features, filter_.settle(filter_.scan(features), None)).rows


def said(
    *pairs: tuple[str, str, str], meta: dict[str, Any] | None = None, **options: Any
) -> list[tuple[str, str | None]]:
    rows = judged(rows_of(*pairs, metas={0: meta or {}}), PreferenceSanity(**options))
    return [(row["outcome"], row["reason"]) for row in rows]


def test_a_good_pair_is_kept() -> None:
    assert said(GOOD) == [("keep", None)]
    assert said(GOOD, meta={"margin": 1.5, "judge_stable": True}) == [("keep", None)]


@pytest.mark.parametrize(
    ("check", "chosen", "rejected", "meta", "options"),
    [
        ("empty", "", "It is hot.", {}, {}),
        ("empty", "It is hot.", " \n", {}, {}),
        ("empty", " ", "", {}, {}),
        ("same", "It is hot.", "It is hot. ", {}, {}),
        ("same_when_cut", "Hot, and it glows.", "Hot, and dark.", {}, {"max_chars": 28}),
        ("same_when_cut", "Hot, and it glows.", "Hot, and dark.", {}, {"max_tokens": 7}),
        ("same_words", "It is hot.", "it is HOT", {}, {}),
        ("near_same", "It is very hot in there now", "It is very hot in there", {}, {"max_likeness": 0.8}),
        ("length_ratio", "Hot.", "It is hot, as hot as an oven that was lit can be.", {}, {}),
        ("chosen_refuses", REFUSAL, "Fill it to the mark and close the lid.", {}, {}),
        ("small_margin", "It is hot.", "It is not.", {"margin": 0}, {}),
        ("small_margin", "It is hot.", "It is not.", {"score_chosen": 7, "score_rejected": 6}, {"min_margin": 1.0}),
        ("unstable_judge", "It is hot.", "It is not.", {"judge_stable": False}, {}),
    ],
)
def test_each_check_strikes(
    check: str, chosen: str, rejected: str, meta: dict[str, Any], options: dict[str, Any]
) -> None:
    outcome = "reject" if check in PreferenceSanity().rejects else "keep"
    assert said(("How hot is the kiln?", chosen, rejected), meta=meta, **options) == [(outcome, REASONS[check])]


def test_what_two_rows_say_together() -> None:
    prompt, one, other = GOOD
    assert said((prompt, one, other), (prompt.upper(), f" {other}\n", one)) == [("reject", REASONS["contradicted"])] * 2
    assert (
        said((prompt, one, other), (prompt, other.upper(), one)) == [("keep", None)] * 2
    )  # case may be what is judged
    assert said((prompt, one, other), ("Another?", other, one)) == [("keep", None)] * 2
    third = "Nobody measured it so far."
    circle = said((prompt, one, other), (prompt, other, third), (prompt, third, one))
    assert circle == [("keep", REASONS["on_a_circle"])] * 3


def test_the_evidence_names_the_other_row_and_what_else_struck() -> None:
    prompt, one, other = GOOD
    rows = rows_of((prompt, one, other), (prompt, other, one), metas={0: {"margin": -1}})
    first, second = judged(rows)
    assert json.loads(first["evidence"]) == {"by": "01", "also": ["small_margin"]}
    assert json.loads(second["evidence"]) == {"by": "00"}


def test_which_checks_reject_is_an_option() -> None:
    pair = (GOOD[0], "It is hot.", "It is not.")
    meta = {"margin": 0, "judge_stable": False}
    assert said(pair, meta=meta, rejects=["unstable_judge"]) == [("reject", REASONS["unstable_judge"])]
    assert said((GOOD[0], "", ""), rejects=[]) == [("keep", REASONS["empty"])]
    with pytest.raises(WrongRequest, match="option 'rejects' is not right"):
        plugins.filter_("preference_sanity", {"rejects": ["lenght_ratio"]})


def test_tokens_are_those_of_the_tokenizer(tmp_path: Any) -> None:
    words = {word: nth for nth, word in enumerate(["?", "hot", "and", "it", "glows", "dark"])}
    tokenizer = Tokenizer(WordLevel(words, unk_token="?"))  # noqa: S106 # no password
    tokenizer.pre_tokenizer = Whitespace()  # type: ignore[assignment] # the stubs know no setter
    file = tmp_path / "tokenizer.json"
    tokenizer.save(str(file))
    pair = ("how hot", "hot and it glows", "hot and dark")
    assert said(pair, tokenizer=file, max_tokens=4) == [("reject", REASONS["same_when_cut"])]
    assert said(pair, tokenizer=file, max_tokens=5) == [("keep", None)]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_tokens": 0}, "max_tokens must be at least 1"),
        ({"max_likeness": 0.0}, "max_likeness must be above 0"),
        ({"max_ratio": 0.5}, "max_ratio must be at least 1"),
        ({"tokenizer": "."}, "Name the tokenizer.json in it"),
    ],
)
def test_wrong_options_are_named(options: dict[str, Any], words: str) -> None:
    with pytest.raises(WrongRequest, match=words):
        plugins.filter_("preference_sanity", options)


def test_other_limits_measure_nothing_again() -> None:
    one = plugins.filter_("preference_sanity", {"max_chars": 9, "rejects": []})
    other = plugins.filter_("preference_sanity", {"max_tokens": 99, "max_ratio": 2.0, "min_margin": 1.0})
    assert one.measuring == other.measuring


def test_verdicts_hold_no_text() -> None:
    rows = judged(rows_of(("secret", "secret one two", "secret two one"), ("secret", "", "x")))
    assert "secret" not in json.dumps(rows)


PAIRS = st.lists(st.tuples(*[st.sampled_from(["a", "b", "c", "A!", "", REFUSAL])] * 3), min_size=1, max_size=10)


@given(pairs=PAIRS, cut=st.integers(0, 10), swap=st.booleans())
def test_where_batches_are_cut_and_in_which_order_they_come_does_not_matter(
    pairs: list[tuple[str, str, str]], cut: int, swap: bool
) -> None:
    filter_ = PreferenceSanity()
    whole = filter_.measure(batch_of(rows_of(*pairs), "record"))
    parts = [whole.slice(0, cut), whole.slice(min(cut, len(whole)))]
    if swap:
        parts.reverse()
    state = filter_.settle(reduce(filter_.merge, map(filter_.scan, parts)), None)
    expected = filter_.settle(filter_.scan(whole), None)
    assert filter_.decide(whole, state).rows == filter_.decide(whole, expected).rows
    assert [filter_.decide(whole.slice(n, 1), state).rows[0] for n in range(len(whole))] == filter_.decide(
        whole, state
    ).rows


@given(pair=st.tuples(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40)))
def test_any_pair_has_one_verdict(pair: tuple[str, str, str]) -> None:
    [(outcome, reason)] = said(pair, max_chars=20)
    assert outcome == "reject" or reason is None or reason.split(".")[1] in CHECKS


def test_it_is_shown_preferences_only() -> None:
    assert plugins.filter_("preference_sanity").kinds == ("preference",)
    empty = PreferenceSanity().measure(batch_of([], "record"))
    assert isinstance(empty, pa.RecordBatch)
    assert empty.num_rows == 0
