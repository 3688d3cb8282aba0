"""What the key of an answer depends on, and what leaves for the server."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.errors import BadItem, WrongRequest
from factory.llm.request import Maker, Request, check_sampling, messages
from factory.llm.settings import Model

URL = "http://127.0.0.1:1/v1"
ASKED = [{"role": "user", "content": "Name a colour."}]


def make(name: str = "llm", *, asked: list[dict[str, Any]] = ASKED, take: int = 0, **rest: Any) -> Request:
    settings = {"model": "m", "base_url": URL, **rest.pop("settings", {})}
    sampling = rest.pop("sampling", {})
    [request] = Maker(name, Model.of(settings)).requests(
        asked, samples=[rest.pop("sample", 0)], take=take, sampling=sampling, **rest
    )
    return request


SAME_KEY: list[dict[str, Any]] = [
    {"settings": {"max_tokens": 7}},
    {"sampling": {"max_tokens": 9}},
    {"sampling": {"max_completion_tokens": 9}},
    {"settings": {"base_url": "http://127.0.0.1:2/v1"}},
    {"settings": {"in_flight": 2, "price": {"input": 1.0, "output": 1.0}, "tries": 3}},
]
OTHER_KEY: list[dict[str, Any]] = [
    {"name": "judge"},
    {"settings": {"model": "n"}},
    {"settings": {"body": {"temperature": 0.4}}},
    {"sampling": {"temperature": 0.5}},
    {"sampling": {"seed": 1}},
    {"asked": [{"role": "system", "content": "Name a colour."}]},
    {"asked": [*ASKED, *ASKED]},
    {"schema": '{"type":"object"}'},
    {"sample": 1},
    {"take": 1},
]


@pytest.mark.parametrize("change", SAME_KEY, ids=str)
def test_where_and_how_it_is_sent_does_not_change_the_key(change: dict[str, Any]) -> None:
    assert make(**change).key == make().key


def test_what_the_answer_depends_on_changes_the_key() -> None:
    keys = [make(**change).key for change in [{}, *OTHER_KEY]]
    assert len(set(keys)) == len(keys)


def test_how_a_schema_is_conveyed_does_not_change_the_key() -> None:
    schema = '{"type":"object"}'
    held, shown = make(schema=schema), make(schema=schema, sent=[{"role": "user", "content": f"As JSON: {schema}"}])
    assert held.key == shown.key
    assert json.loads(held.body)["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert json.loads(shown.body) == {"model": "m", "messages": [{"role": "user", "content": f"As JSON: {schema}"}]}


def test_numbers_that_are_equal_and_other_json_have_other_keys() -> None:
    maker = Maker("llm", Model.of({"model": "m", "base_url": URL}))
    made = [maker.requests(ASKED, samples=[0], take=0, sampling={"x": x})[0] for x in (1, 1.0, True, 1)]
    assert len({request.key for request in made}) == len({request.body for request in made}) == 3
    assert made[0] == made[3]


def test_the_order_of_fields_does_not_matter_and_a_call_overrides_the_recipe() -> None:
    one, other = {"top_p": 0.9, "temperature": 0.1}, {"temperature": 0.1, "top_p": 0.9}
    assert make(sampling=one) == make(sampling=other) == make(settings={"body": {**one, "top_p": 0.2}}, sampling=other)


@given(st.lists(st.text(st.characters(codec="utf-8")), min_size=1), st.integers(0, 9), st.integers(0, 9))
def test_a_body_is_json_and_its_messages_come_first(texts: list[str], sample: int, take: int) -> None:
    asked = [{"role": "user", "content": text} for text in texts]
    made = make(asked=asked, sample=sample, take=take, sampling={"temperature": 0.1, "max_tokens": 5})
    body = json.loads(made.body)
    assert list(body) == ["model", "messages", "temperature", "max_tokens"]
    assert (body["messages"], body["max_tokens"], made.max_tokens) == (asked, 5, 5)
    assert b"\\u" not in made.body or any("\\u" in text or min(text, default="x") < " " for text in texts)


def test_without_fields_a_body_is_whole_too() -> None:
    assert json.loads(make().body) == {"model": "m", "messages": ASKED}


def test_openai_has_another_name_for_the_limit() -> None:
    settings = {"base_url": "https://api.openai.com/v1", "max_tokens": 5}
    assert json.loads(make(settings=settings).body)["max_completion_tokens"] == 5


def test_samples_share_a_body_unless_they_have_a_seed() -> None:
    maker = Maker("llm", Model.of({"model": "m", "base_url": URL}))
    plain = maker.requests(ASKED, samples=range(3), take=0, sampling={})
    assert len({request.body for request in plain}) == 1
    assert len({request.key for request in plain}) == 3
    seeds = [json.loads(make(sampling={"seed": 7}, sample=s, take=t).body)["seed"] for s in range(3) for t in range(3)]
    assert len(set(seeds)) == 9
    assert seeds[0] == 7


def test_a_prompt_is_text_or_messages() -> None:
    assert messages("Name a colour.") == ASKED
    assert messages(tuple(ASKED)) == ASKED
    for wrong in ([], ["text"], [{"role": "user"}], [{"content": "x"}]):
        with pytest.raises(WrongRequest, match="A prompt is text"):
            messages(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["model", "messages", "n", "stream", "response_format"])
def test_what_is_no_sampling_is_refused(name: str) -> None:
    with pytest.raises(WrongRequest, match=f"'{name}' is no sampling option"):
        check_sampling({name: 1})


@pytest.mark.parametrize("name", ["temprature", "top_logprob", "frequency_penality", "reasoning_efort"])
def test_what_is_nearly_sampling_is_refused_since_servers_ignore_it(name: str) -> None:
    with pytest.raises(WrongRequest, match=f"A server would ignore '{name}'. Did you mean '"):
        check_sampling({name: 1})
    with pytest.raises(WrongRequest, match=f"body: a server would ignore '{name}'"):
        Model.of({"model": "m", "body": {name: 1}})


def test_fields_of_other_servers_are_passed_on() -> None:
    others = {"top_a": 0.1, "mirostat": 2, "dry_multiplier": 0.5, "guided_choice": ["a"], "think": False, "min_p": 0.1}
    check_sampling(others)
    assert Model.of({"model": "m", "body": others}).body == others


@pytest.mark.parametrize("limit", [0, -1, 1.5, "5", True, None])
def test_a_limit_is_a_whole_number(limit: Any) -> None:
    with pytest.raises(WrongRequest, match="max_tokens"):
        check_sampling({"max_tokens": limit})


def test_what_is_no_json_is_refused_without_being_quoted() -> None:
    with pytest.raises(BadItem, match="half a character") as caught:
        make(asked=[{"role": "user", "content": "secret \ud800"}])
    assert caught.value.reason == "llm.not_unicode"
    assert "secret" not in str(caught.value)
    for wrong in (float("nan"), {1, 2}, object()):
        with pytest.raises(WrongRequest, match="not JSON"):
            make(sampling={"temperature": wrong})
