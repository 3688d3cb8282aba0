"""What `factory journal` shows: totals, a search, one call whole."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from factory.errors import BadItem, WrongRequest
from factory.llm import LLM, Journal
from factory.runs import Run
from factory.views.journal import search, show, totals
from tests.model_server import Choice, ModelServer

MONEY = {"max_tokens": 100, "price": {"input": 1.0, "output": 2.0}}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path / "run")


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


def ask(run: Run, server: ModelServer, *, keep_prompts: bool = True) -> list[str]:
    """Three calls for two methods, one of which fails; returns the keys of the answered ones."""

    async def all_calls() -> list[str]:
        with Journal(run.path / "journal.sqlite", keep_prompts=keep_prompts) as journal:
            async with LLM(model="test", base_url=server.url, journal=journal, name="llm", **MONEY) as llm:
                one = llm.bound("3f9a0c11d2e4/0001/qa", method="qa", take=0, sees="public")
                other = llm.bound("3f9a0c11d2e4/0012/text", method="text", take=1, sees="public")
                server.answers("The ÜBER kiln.", Choice("Blue.", reasoning="The sky."))
                await one.chat("What is hot?")
                await other.chat("Which colour?", temperature=0.5)
                server.fails("http_400")
                with suppress(BadItem):
                    await one.chat("What is refused?")
                return one.keys + other.keys

    return asyncio.run(all_calls())


def found(run: Run, words: str = "", **rest: Any) -> list[str | None]:
    return [row["text"] for row in search(run, words, **rest)]


def test_totals_are_by_method_and_model_in_the_currency(run: Run, server: ModelServer) -> None:
    ask(run, server)
    qa, text = totals(run)
    assert (qa["method"], qa["model"], qa["answered"], qa["failed"], qa["tries"]) == ("qa", "llm", 1, 1, 2)
    assert text["spent"] == pytest.approx((text["tokens_in"] + 2 * text["tokens_out"]) / 1e6)
    assert (text["method"], text["estimated"]) == ("text", False)


def test_a_search_takes_all_that_is_given(run: Run, server: ModelServer) -> None:
    ask(run, server)
    assert found(run) == ["The ÜBER kiln.", "Blue.", None]
    assert found(run, "über") == ["The ÜBER kiln."]
    assert found(run, "THE SKY") == ["Blue."]
    assert found(run, "which colour") == ["Blue."]  # in the prompt
    assert found(run, "nowhere") == []
    assert found(run, "%") == []
    assert found(run, method="qa") == ["The ÜBER kiln.", None]
    assert found(run, model="judge") == []
    assert found(run, unit="3f9a0c11d2e4/0001") == ["The ÜBER kiln.", None]
    assert found(run, unit="3f9a0c11d2e4/001") == []
    assert found(run, reason="llm") == found(run, reason="llm.request_refused") == [None]
    assert found(run, reason="ll") == []
    assert found(run, "kiln", method="text") == []


def test_one_call_is_shown_whole(run: Run, server: ModelServer) -> None:
    key, other = ask(run, server)
    [call] = show(run, other[:6])
    assert call["request"]["messages"] == [{"role": "user", "content": "Which colour?"}]
    assert call["request"]["temperature"] == 0.5
    assert (call["key"], call["text"], call["thinking"], call["take"]) == (other, "Blue.", "The sky.", 1)
    assert call["ended"].endswith("+00:00")
    assert show(run, key.upper())[0]["key"] == key
    for wrong in ("", "abc", "zzzzzz", "00000000"):
        with pytest.raises(WrongRequest, match="No call of"):
            show(run, wrong)


def test_prompts_that_were_not_kept_are_not_shown(run: Run, server: ModelServer) -> None:
    key, _ = ask(run, server, keep_prompts=False)
    assert show(run, key)[0]["request"] is None
    assert found(run, "what is hot") == []
    assert found(run, "kiln") == ["The ÜBER kiln."]


def test_a_run_that_asked_nothing_says_so(run: Run) -> None:
    for view in (lambda: totals(run), lambda: list(search(run)), lambda: show(run, "abcdef")):
        with pytest.raises(WrongRequest, match="has no journal"):
            view()
    assert not (run.path / "journal.sqlite").exists()
