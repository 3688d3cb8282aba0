"""Every kind of reply that models give, and what becomes of it."""

import json
from contextlib import suppress
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from factory.errors import WrongRequest
from factory.llm.structured import QUOTED, Shape, Unusable, shape


class Pair(BaseModel):
    question: str
    answer: str
    score: int = Field(default=1, ge=1, le=5)


class Exact(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Literal["yes", "no"]


class Tree(BaseModel):
    name: str
    children: list["Tree"] = []


class Titled(BaseModel):
    title: str
    inner: Pair | None = None


ONE = {"question": "When?", "answer": "In 1889."}
TWO = {"question": "Où ?", "answer": "في المتحف — 博物馆"}
PAIRS = shape(list[Pair])


def text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


@pytest.mark.parametrize(
    "reply",
    [
        text([ONE, TWO]),
        text({"items": [ONE, TWO]}),
        text({"pairs": [ONE, TWO]}),
        f"```json\n{text([ONE, TWO])}\n```",
        f"Here they are [as asked]:\n\n```\n{text({'items': [ONE, TWO]})}\n```\nAnything else?",
        f"Sure, here are the pairs (in {{curly}} form): {text([ONE, TWO])} I hope [1] helps.",
        str([ONE, TWO]),  # Python's quotes
        text([ONE, TWO])[:-1] + ",]",
        text([ONE, TWO]).replace('"question":', "question:"),
        text([ONE, TWO])[:-1],  # its last bracket is missing
        text([ONE, TWO, ONE])[:-9],  # the third is cut in the middle, and does not count
        json.dumps([ONE, TWO], indent=2),
    ],
)
def test_a_list_is_found_in_what_models_write(reply: str) -> None:
    assert [pair.model_dump() for pair in PAIRS.parse(reply)] == [{**ONE, "score": 1}, {**TWO, "score": 1}]


def test_one_object_is_a_list_of_one_and_an_empty_list_is_a_list() -> None:
    assert PAIRS.parse(text(ONE)) == [Pair(**ONE)]
    assert PAIRS.parse('{"items": []}') == []


@pytest.mark.parametrize("reply", [text(ONE), f"```\n{text(ONE)}\n```", f"Of course: {text(ONE)}", str(ONE)])
def test_an_object_is_found_in_what_models_write(reply: str) -> None:
    assert shape(Pair).parse(reply) == Pair(**ONE)


def test_line_ends_inside_a_string_pass() -> None:
    assert shape(Pair).parse('{"question": "one\ntwo", "answer": "three"}').question == "one\ntwo"


def test_keys_that_nobody_asked_for_are_left_out_unless_the_model_forbids_them() -> None:
    assert shape(Pair).parse(text({**ONE, "confidence": 0.9})) == Pair(**ONE)
    with pytest.raises(Unusable, match=r"^\* is not a field$"):
        shape(Exact).parse('{"kind": "yes", "ignore the passage": 1}')


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        ("", "it holds no JSON"),
        ("I am sorry, but I cannot do that.", "it holds no JSON"),
        ('"a string"', "it holds no JSON"),
        ('{"question": "When?", "answer": "In 18', "it holds no JSON"),  # what was cut off is not made up
        ('{"items": [{"question": "When?"}]}', "[0].answer is missing"),
        ('[{"question": 1, "answer": "a"}]', "[0].question has the wrong type"),
        ('[{"question": "q", "answer": "a", "score": "secret"}]', "[0].score has the wrong type"),
        ('[{"question": "q", "answer": "a", "score": 9}]', "[0].score is out of range"),
        ('{"items": [{"question": "q", "answer": "a", "score": NaN}]}', "[0].score has the wrong type"),
        ("[1, 2]", "[0] has the wrong type; [1] has the wrong type"),
        ("[" * 100_000, "it holds no JSON"),
        (text([{}] * 4), "[0].question is missing; [0].answer is missing; [1].question is missing; "
         "[1].answer is missing; [2].question is missing; and 3 more"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named_by_field_and_never_by_value(reply: str, fault: str) -> None:
    with pytest.raises(Unusable) as caught:
        PAIRS.parse(reply)
    assert str(caught.value) == fault


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_no_value_raises_anything_but_unusable(value: Any) -> None:
    for reply in (text(value), f"Well: {text(value)[:-1]}"):
        with suppress(Unusable):
            assert isinstance(PAIRS.parse(reply), list)


@given(st.text())
def test_no_text_raises_anything_but_unusable(reply: str) -> None:
    with suppress(Unusable):
        assert shape(Exact).parse(reply).kind in ("yes", "no")


@given(st.lists(st.builds(Pair, question=st.text(), answer=st.text(), score=st.integers(1, 5))), st.text())
def test_what_fits_comes_back_as_it_is_whatever_is_around_it(pairs: list[Pair], around: str) -> None:
    reply = text([pair.model_dump() for pair in pairs])
    assert PAIRS.parse(reply) == pairs
    if not set(around) & set("{}[]`"):
        assert PAIRS.parse(f"{around}\n{reply}\n{around}") == pairs


# --- schemas


def test_a_schema_is_strict_and_has_no_reference() -> None:
    inner = {
        "type": "object",
        "properties": {
            "question": {"type": "string"},
            "answer": {"type": "string"},
            "score": {"maximum": 5, "minimum": 1, "type": "integer"},
        },
        "required": ["question", "answer", "score"],
        "additionalProperties": False,
    }
    assert shape(Titled).schema == {
        "type": "object",
        "properties": {"title": {"type": "string"}, "inner": {"anyOf": [inner, {"type": "null"}]}},
        "required": ["title", "inner"],
        "additionalProperties": False,
    }
    assert PAIRS.schema["properties"]["items"] == {"items": inner, "type": "array"}
    assert json.loads(PAIRS.words) == PAIRS.schema


def test_a_type_that_holds_itself_keeps_its_reference() -> None:
    schema = shape(list[Tree]).schema
    assert schema["properties"]["items"]["items"] == {"$ref": "#/$defs/Tree"}
    assert schema["$defs"]["Tree"]["required"] == ["name", "children"]
    assert shape(Tree).schema["properties"]["children"]["items"] == {"$ref": "#/$defs/Tree"}
    tree = {"name": "a", "children": [{"name": "b", "children": []}]}
    assert shape(Tree).parse(text(tree)).children[0].name == "b"


@pytest.mark.parametrize("type_", [int, str, object(), Shape])
def test_a_type_that_is_no_object_is_a_wrong_request(type_: Any) -> None:
    with pytest.raises(WrongRequest):
        shape(type_)


# --- asking again


def test_the_schema_in_a_prompt_leaves_what_is_before_it_as_it_is() -> None:
    asked = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Passage. Instruction."}]
    sent = PAIRS.in_prompt(asked)
    assert sent[0] == asked[0]
    assert sent[1]["content"].startswith("Passage. Instruction.")
    assert json.dumps(PAIRS.schema, separators=(",", ":")) in sent[1]["content"]
    parts = [{"role": "user", "content": [{"type": "text", "text": "Look."}]}]
    assert PAIRS.in_prompt(parts)[0] == parts[0]
    assert len(PAIRS.in_prompt(parts)) == 2


def test_a_bad_reply_is_shown_with_its_fault_and_an_empty_one_is_not() -> None:
    asked = [{"role": "user", "content": "Ask."}]
    again = PAIRS.after(asked, [("x" * 10_000, "it holds no JSON")])
    assert [message["role"] for message in again] == ["user", "assistant", "user"]
    assert len(again[1]["content"]) == QUOTED
    assert "it holds no JSON" in again[2]["content"]
    [only] = PAIRS.after(asked, [("", "it holds no JSON")])
    assert only["content"].startswith("Ask.\n\nYour last answer was empty.")
    assert asked == [{"role": "user", "content": "Ask."}]
