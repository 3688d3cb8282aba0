"""Degenerate answers: circles, lines again and again, the question copied; never what only looks like it."""

import json
import random
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory import plugins
from factory.errors import WrongRequest
from filters.degenerate import Degenerate
from tests.laws.strategies import STRANGE

VOCABULARY = [
    f"{first}{last}" for first in ("pump", "tank", "lid", "valve", "hose") for last in "abcdefghijklmnopqrstuvwxyz"
]
WORDS = random.Random(1).choices(VOCABULARY, k=90)  # noqa: S311 # no secret
PROSE = " ".join(WORDS)
LINES = [" ".join(WORDS[at : at + 9]) for at in range(0, 90, 9)]
QUESTION = (
    "Explain in your own words why the relief valve of the second tank opens before the first one is full, and say "
    "what the crew has to do when the gauge beside it shows more than two bar."
)

Row = list[tuple[str, str, str]]  # field, role, text


def sft(*texts: str) -> Row:
    """A conversation, question first."""
    roles = ("user", "assistant")
    return [(f"messages[{nth}].content", roles[nth % 2], text) for nth, text in enumerate(texts)]


def judged(*rows: Row, **options: Any) -> list[dict[str, Any]]:
    flat = [(str(nth), *string) for nth, row in enumerate(rows) for string in row]
    columns = zip(("id", "field", "role", "text"), zip(*flat, strict=True), strict=True)
    filter_ = Degenerate(**options)
    return filter_.decide(filter_.measure(pa.record_batch({name: list(its) for name, its in columns}))).rows


def reason(row: Row, **options: Any) -> str | None:
    [said] = judged(row, **options)
    return said["reason"] if said["outcome"] == "reject" else None


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (None, PROSE),
        (None, "Because."),
        (None, ""),
        (None, "\n".join(LINES)),
        ("degenerate.same_words", "the pump is on and " * 20),
        ("degenerate.same_words", f"{PROSE} " * 4 + "so it is and " * 300),
        (None, "yes yes yes " * 10),
        ("degenerate.same_lines", "\n".join([*LINES, *LINES[:2]])),
        ("degenerate.copied_question", f"You ask me to {QUESTION.lower()}"),
        (None, QUESTION[:40]),
        (None, QUESTION[:100]),  # so short an answer may be the question's own sentence
    ],
)
def test_each_rule_rejects_what_it_is_about(said: str | None, answer: str) -> None:
    assert reason(sft(QUESTION, answer)) == said


@pytest.mark.parametrize(
    "task",
    [
        "Rewrite this in the past tense: ",
        "Correct the grammar.\n",
        "Sort the lines of the text.\n",
        "Fill in the missing words. ",
        "Korrigiere die Fehler im Text.\n",
        "Corrige les fautes du texte.\n",
        "Reescribe el texto.\n",
    ],
)
def test_a_task_that_wants_its_text_again_gets_it(task: str) -> None:
    text = QUESTION.removeprefix("Explain in your own words ")
    assert reason(sft(task + text, text.upper())) is None
    assert reason(sft("Why? " + text, text.upper())) == "degenerate.copied_question"


def test_a_long_answer_is_not_rejected_for_its_length() -> None:
    many = [f"{word}{n}" for word in VOCABULARY for n in range(30)]
    drawn = random.Random(2)  # noqa: S311 # no secret
    words = [word for _ in range(8) for word in drawn.sample(many, 700)]  # 5,600 words, one in three for the first time
    assert len({*words}) / len(words) < 0.7
    assert reason(sft(QUESTION, " ".join(words))) is None
    assert reason(sft(QUESTION, " ".join([*words, *(["again", "and"] * 600)]))) == "degenerate.same_words"


def test_code_may_repeat_itself() -> None:
    code = "\n".join(["```python", *["    return x + y + z + w"] * 40, "```"])
    assert reason(sft(QUESTION, f"{PROSE}\n{code}")) is None


def test_a_chinese_answer_is_not_taken_for_a_circle() -> None:
    drawn = random.Random(3)  # noqa: S311 # no secret
    text = "".join(
        chr(drawn.randint(0x4E00, 0x4E00 + 250)) for _ in range(900)
    )  # as many characters as a long answer has
    assert reason(sft("为什么?", text)) is None
    assert reason(sft("为什么?", "泵会停止。" * 60)) == "degenerate.same_words"


def test_the_worst_answer_of_a_conversation_counts() -> None:
    [row] = judged(sft(QUESTION, PROSE, "And then?", "the pump is on and " * 20))
    assert row["reason"] == "degenerate.same_words"
    assert json.loads(row["evidence"]) == {"type_token_ratio": 0.05, "least": 0.3}


def test_of_a_preference_only_the_chosen_answer_is_looked_at() -> None:
    circle = "the pump is on and " * 20
    row = [("prompt[0].content", "user", QUESTION), ("chosen[0].content", "assistant", PROSE)]
    assert reason([*row, ("rejected[0].content", "assistant", circle)]) is None
    assert reason([row[0], ("chosen[0].content", "assistant", circle), row[1]]) == "degenerate.same_words"


def test_a_passage_may_be_quoted() -> None:
    quoted = [("context", "text", PROSE), *sft("What does it say?", PROSE), ("quotes[0].text", "quote", PROSE)]
    assert reason(quoted) is None


def test_a_row_may_be_flagged_instead() -> None:
    [row] = judged(sft(QUESTION, QUESTION), action="flag")
    assert (row["outcome"], row["reason"]) == ("keep", "degenerate.copied_question")


@pytest.mark.parametrize("option", ["min_type_token_ratio", "max_repeated_line_chars", "max_copied"])
def test_a_rule_may_be_left_out(option: str) -> None:
    bad = {
        "min_type_token_ratio": "the pump is on and " * 20,
        "max_repeated_line_chars": "\n".join([*LINES, *LINES[:2]]),
        "max_copied": QUESTION,
    }
    assert reason(sft(QUESTION, bad[option])) is not None
    assert reason(sft(QUESTION, bad[option]), **{option: None}) is None


def test_a_bound_below_zero_is_refused() -> None:
    with pytest.raises(WrongRequest, match="degenerate: max_copied cannot be -1"):
        plugins.filter_("degenerate", {"max_copied": -1.0})


ANSWERS = st.one_of(
    st.text(max_size=80), st.sampled_from([*STRANGE, PROSE, QUESTION, "a b " * 60, "```\n", "\n".join(LINES * 2)])
)
ROWS = st.lists(st.lists(ANSWERS, min_size=1, max_size=4).map(lambda texts: sft(*texts)), min_size=1, max_size=5)


@given(rows=ROWS)
@settings(max_examples=60)
def test_a_row_gets_the_same_verdict_in_any_batch(rows: list[Row]) -> None:
    together = [{**row, "id": ""} for row in judged(*rows)]
    assert together == [{**judged(row)[0], "id": ""} for row in rows]


@given(row=ROWS.map(lambda rows: rows[0]))
@settings(max_examples=30)
def test_a_changed_bound_measures_the_same(row: Row) -> None:
    columns = dict(zip(("field", "role", "text"), map(list, zip(*row, strict=True)), strict=True))
    batch = pa.record_batch({"id": ["r"] * len(row), **columns})
    others = Degenerate(action="flag", min_type_token_ratio=0.9, max_repeated_line_chars=0.5, max_copied=None)
    assert others.measure(batch).equals(Degenerate().measure(batch))


@pytest.mark.slow
@pytest.mark.parametrize("bait", ["a ", "a", "\n", "```\n", "中", "a\n", "."])
def test_a_megabyte_of_one_thing_gets_a_verdict(bait: str) -> None:
    assert judged(sft(bait * (1_000_000 // len(bait)), bait * (1_000_000 // len(bait))))[0]["outcome"] in (
        "keep",
        "reject",
    )
