"""Refusals are flagged where an answer refuses, and not where its generator was asked for it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory import plugins
from factory.corpus import Row, batch_of
from factory.records import texts
from filters.refusal import Refusal

NO, YES = "I'm sorry, but I can't help with that.", "Wait until the dial shows sixty degrees."


def says(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def verdict(kind: str, data: dict[str, Any], generator: str | None = None, **options: Any) -> dict[str, Any]:
    row = Row(0, "r", texts(kind, data), {"kind": kind}, {"generator": generator} if generator else {})
    filter_ = Refusal(**options)
    [said] = filter_.decide(filter_.measure(batch_of([row], "record"))).rows
    return said


def sft(*contents: str) -> dict[str, Any]:
    return {"messages": [says(("user", "assistant")[nth % 2], content) for nth, content in enumerate(contents)]}


@pytest.mark.parametrize(
    ("kind", "data", "field"),
    [
        ("sft", sft("Open it?", NO), "messages[1].content"),
        ("sft", sft("Open it?", YES, "And now?", NO), "messages[3].content"),
        ("sft", sft(NO, YES), None),
        (
            "preference",
            {"prompt": [says("user", "Q")], "chosen": [says("assistant", NO)], "rejected": [says("assistant", YES)]},
            "chosen[0].content",
        ),
        (
            "preference",
            {"prompt": [says("user", "Q")], "chosen": [says("assistant", YES)], "rejected": [says("assistant", NO)]},
            None,
        ),
        ("feedback", {"prompt": [says("user", "Q")], "completion": [says("assistant", NO)], "label": True},
         "completion[0].content"),
    ],
)  # fmt: skip
def test_what_the_assistant_says_is_looked_at(kind: str, data: dict[str, Any], field: str | None) -> None:
    said = verdict(kind, data)
    assert said["outcome"] == "keep"
    assert said["reason"] == ("refusal.refuses" if field else None)
    assert json.loads(said["evidence"] or "null") == ({"field": field, "language": "en"} if field else None)


def test_it_rejects_when_asked_to() -> None:
    assert verdict("sft", sft("Open it?", NO), action="reject")["outcome"] == "reject"


def test_a_refusal_that_was_asked_for_is_kept() -> None:
    assert verdict("sft", sft("Open it?", NO), generator="unanswerable")["reason"] is None
    assert verdict("sft", sft("Open it?", NO), generator="qa")["reason"] == "refusal.refuses"
    assert verdict("sft", sft("Open it?", NO), generator="qa", wanted_from=["qa"])["reason"] is None


def test_its_options_only_decide() -> None:
    one, other = (plugins.filter_("refusal", options) for options in ({}, {"action": "reject", "wanted_from": []}))
    assert one.measuring == other.measuring == {}


@given(answers=st.lists(st.text(max_size=60), max_size=5), cut=st.integers(0, 5))
def test_where_batches_are_cut_does_not_matter(answers: list[str], cut: int) -> None:
    rows = [Row(n, f"{n}", texts("sft", sft("Q", text)), {"kind": "sft"}) for n, text in enumerate([*answers, NO])]
    filter_ = Refusal()
    whole = filter_.measure(batch_of(rows, "record")).to_pylist()
    parts = [filter_.measure(batch_of(part, "record")).to_pylist() for part in (rows[:cut], rows[cut:])]
    assert parts[0] + parts[1] == whole
