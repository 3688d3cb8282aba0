"""What may be said of a model, and that nothing said of it can be a secret."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from factory.errors import WrongRequest
from factory.llm.settings import Model

LOCAL = "http://localhost:8000/v1"


def model(**settings: Any) -> Model:
    return Model.of({"model": "qwen", "base_url": LOCAL, **settings})


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"base_url": "localhost:8000"}, "begins with http://"),
        ({"base_url": "ftp://localhost"}, "begins with http://"),
        ({"base_url": "http://me:hunter2@localhost/v1"}, "no user name or password"),
        ({"base_url": "http://127.0.0.1\\@elsewhere.example/v1"}, "no user name"),
        ({"base_url": "http://localhost/v1?key=hunter2"}, "no '?'"),
        ({"base_url": "http://localhost:99999/v1"}, "not readable"),
        ({"base_url": "http://münchen.example/v1"}, "plain letters"),
        ({"base_url": []}, "at least one"),
        ({"base_url": [LOCAL, LOCAL + "/"]}, "stands twice"),
        ({"base_url": 8000}, "is text"),
        ({"headers": {"Authorization": "Bearer hunter2"}}, "write {env: NAME}"),
        ({"headers": {"X-Api-Key": "hunter2"}}, "write {env: NAME}"),
        ({"headers": {"X-Team": "a\r\nX-Other: hunter2"}}, "one line"),
        ({"headers": {"X Team": "a"}}, "a header's name"),
        ({"headers": {"X-Key": {"env": "hunter2"}}}, "in capitals"),
        ({"headers": {"X-Key": {"file": "hunter2"}}}, "{env: NAME}"),
        ({"headers": {"Content-Length": "3"}}, "set by the client"),
        ({"headers": "hunter2"}, "a mapping"),
        ({"body": {"n": 3}}, "method's own option"),
        ({"body": {"max_completion_tokens": 3}}, "'max_tokens'"),
        ({"body": {"extra": [{"api_key": "hunter2"}]}}, "may hold a secret"),
        ({"body": {"temperature": float("nan")}}, "plain JSON"),
        ({"body": {"seed": object()}}, "plain JSON"),
        ({"max_spend": 5.0}, "needs a price and max_tokens"),
        ({"max_spend": 5.0, "price": {"input": 1.0, "output": 1.0}}, "needs a price and max_tokens"),
        ({"price": {"input": 1.0}}, "price.output: field required"),
        ({"api_key_env": "sk-hunter2"}, "never the secret itself"),
        ({"api_key_env": "KEY", "api_key_file": "key.txt"}, "name one of"),
        ({"api_key_env": "KEY", "headers": {"Authorization": {"env": "OTHER"}}}, "named twice"),
        ({"proxy": "http://me:hunter2@proxy:3128"}, "no user name"),
        ({"proxy": "yes"}, "proxy is 'env'"),
        ({"timeout": {"total": 0}}, "greater than 0"),
        ({"rpm": "5"}, "valid integer"),
        ({"structured": "maybe"}, "'auto'"),
        ({"may_see": "everything"}, "'public'"),
        ({"temperature": 0.5}, "there is no such setting"),
    ],
)
def test_what_is_not_right_is_said_in_plain_words_and_never_quoted(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(WrongRequest) as error:
        model(**settings)
    assert says in str(error.value)
    assert "hunter2" not in str(error.value)
    with pytest.raises(ValidationError) as raw:
        Model(**{"model": "qwen", "base_url": LOCAL, **settings})
    assert "hunter2" not in str(raw.value)


def test_text_stays_on_this_machine_or_is_public() -> None:
    here = ["http://localhost:8000/v1", "http://127.0.0.1/v1", "http://[::1]:8000/v1", "http://0.0.0.0:8000/v1"]
    assert all(model(base_url=url).sees == "restricted" for url in here)
    away = ["https://api.openai.com/v1", "http://127.0.0.1.example/v1", "http://2130706433/v1", "http://10.0.0.5/v1"]
    assert all(model(base_url=url).sees == "public" for url in away)
    assert model(base_url=[*here, away[0]]).sees == "public"
    assert model(base_url=away[0], may_see="internal").sees == "internal"
    assert model(may_see="public").sees == "public"


def test_a_proxy_elsewhere_sees_the_text_too() -> None:
    assert model(proxy="http://proxy.example:3128").sees == "public"
    assert model(proxy="env").sees == "public"
    assert model(proxy="http://localhost:3128").sees == "restricted"


def test_openai_s_key_goes_to_openai_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "hunter2")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "hunter3")
    assert Model(model="gpt").request_headers()["Authorization"] == "Bearer hunter2"
    assert set(model().request_headers()) == {"Content-Type", "User-Agent"}
    assert model(base_url=[LOCAL, "https://api.openai.com/v1"]).key() is None
    assert model(base_url="https://api.openai.com.example/v1").key() is None
    azure = model(base_url="https://acme.openai.azure.com", api_version="2024-10-21")
    assert azure.request_headers()["api-key"] == "hunter3"
    assert "Authorization" not in azure.request_headers()


def test_a_key_is_read_late_and_its_place_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = model(api_key_env="ACME_KEY")
    with pytest.raises(WrongRequest, match="ACME_KEY is not set"):
        named.key()
    monkeypatch.setenv("ACME_KEY", " hunter2\n")
    assert named.key() == "hunter2"
    file = tmp_path / "key.txt"
    filed = model(api_key_file=str(file))
    with pytest.raises(WrongRequest, match=r"key\.txt is not readable"):
        filed.key()
    for wrong in ("", "hunter2\nhunter3"):
        file.write_text(wrong, encoding="utf-8")
        with pytest.raises(WrongRequest, match="on one line") as error:
            filed.key()
        assert "hunter" not in str(error.value)
    file.write_text("hunter2\n", encoding="utf-8")
    assert filed.key() == "hunter2"


def test_headers_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    made = model(headers={"X-Team": "data", "Authorization": {"env": "GATEWAY"}})
    with pytest.raises(WrongRequest, match="GATEWAY"):
        made.request_headers()
    monkeypatch.setenv("GATEWAY", "Basic hunter2")
    sent = made.request_headers()
    assert (sent["X-Team"], sent["Authorization"]) == ("data", "Basic hunter2")
    assert "hunter2" not in repr(made) + made.model_dump_json()


def test_the_limit_has_the_name_that_the_server_takes() -> None:
    assert model().max_tokens_field == "max_tokens"
    assert Model(model="gpt").max_tokens_field == "max_completion_tokens"
    assert model(base_url="https://a.openai.azure.com", api_version="1").max_tokens_field == "max_completion_tokens"
    assert model(max_tokens_as="max_completion_tokens").max_tokens_field == "max_completion_tokens"
    assert model(max_tokens_as="max_tokens").identity() == model().identity()


def test_where_completions_are_asked_for() -> None:
    assert model(base_url=LOCAL + "/").urls() == ["http://localhost:8000/v1/chat/completions"]
    for base in ("https://a.openai.azure.com", "https://a.openai.azure.com/openai/"):
        [url] = model(base_url=base, api_version="2024-10-21").urls()
        wanted = "https://a.openai.azure.com/openai/deployments/qwen/chat/completions?api-version=2024-10-21"
        assert url == wanted


def test_a_dataset_depends_on_what_is_asked_and_not_on_where_or_how_fast() -> None:
    one = model(body={"temperature": 0.7}, rpm=5, max_tokens=100, api_key_env="A")
    other = model(base_url="http://elsewhere.example/v1", body={"temperature": 0.7}, in_flight=3, tries=9)
    assert one.identity() == other.identity()
    assert one.identity() != model(body={"temperature": 0.8}).identity()
    assert one.identity() != model(body={"temperature": 0.7}, model="other").identity()


def test_a_recipe_says_the_same_as_python() -> None:
    text = '{"model": "qwen", "base_url": ["http://a.example/v1"], "price": {"input": 1, "output": 2}, "rpm": 5}'
    assert Model.model_validate_json(text, strict=True) == Model(
        model="qwen", base_url=["http://a.example/v1"], price={"input": 1, "output": 2}, rpm=5
    )


@given(st.text(max_size=60))
def test_any_text_as_a_url_is_taken_or_refused_in_plain_words(text: str) -> None:
    try:
        made = model(base_url=text)
    except WrongRequest:
        return
    assert made.base_urls[0].startswith(("http://", "https://"))
    assert "@" not in made.base_urls[0].split("/")[2]
