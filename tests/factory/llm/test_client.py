"""The client against a real server: every answer once, every reply with its fate, money below its cap."""

import asyncio
import json
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from factory.errors import BadItem, DeadWorld, SpendCapReached, WrongRequest
from factory.llm import LLM, Journal, Model, Reply
from tests.model_server import Choice, ModelServer, tokens


class Pair(BaseModel):
    question: str
    answer: str


PAIR = '{"question": "When?", "answer": "In 1889."}'
PRICE = {"input": 1.0, "output": 2.0}


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@asynccontextmanager
async def opened(server: ModelServer, path: Path | Journal | None = None, **rest: Any) -> AsyncIterator[LLM]:
    async with LLM(model="test", base_url=server.url, journal=path, **rest) as llm:
        yield llm


def content(path: Path) -> bytes:
    return path.read_bytes()


async def until(true: Callable[[], bool]) -> None:
    """Wait for what the server's thread does."""
    while not true():  # noqa: ASYNC110 # a thread of its own sets no event of this loop
        await asyncio.sleep(0.005)


async def reason(asking: Any) -> str:
    """Why nothing came of it."""
    with pytest.raises(BadItem) as caught:
        await asking
    return caught.value.reason


# --- paid once


async def test_an_answer_is_never_asked_again(server: ModelServer, path: Path) -> None:
    async with opened(server, path) as llm:
        [first] = await llm.chat("Name a colour.")
        [again] = await llm.chat([{"role": "user", "content": "Name a colour."}])
    async with opened(server, path) as llm:
        [later] = await llm.chat("Name a colour.")
        assert (llm.stats.calls, llm.stats.from_journal) == (1, 1)
    assert first == again == later
    assert server.requests == 1


async def test_an_answer_stays_found_when_no_server_is_there(server: ModelServer, path: Path) -> None:
    async with opened(server, path) as llm:
        [first] = await llm.chat("Name a colour.")
    server.kill()
    async with opened(server, path, tries=1) as llm:
        assert await llm.chat("Name a colour.") == [first]


async def test_equal_calls_in_flight_are_sent_once(server: ModelServer) -> None:
    server.delay = 0.05
    async with opened(server) as llm:
        replies = await asyncio.gather(*(llm.chat("Name a colour.") for _ in range(20)))
        assert len({reply.text for [reply] in replies}) == 1
    assert server.requests == 1


async def test_equal_calls_share_a_failure_and_survive_each_others_end(server: ModelServer) -> None:
    server.delay = 0.05
    server.fails("http_400")
    async with opened(server) as llm:
        failed = await asyncio.gather(*(llm.chat("one") for _ in range(3)), return_exceptions=True)
        assert [getattr(error, "reason", None) for error in failed] == ["llm.request_refused"] * 3
        assert server.requests == 1
        first, second = (asyncio.create_task(llm.chat("two")) for _ in range(2))
        await asyncio.sleep(0.02)
        first.cancel()
        assert len(await second) == 1  # asks itself


async def test_samples_are_requests_of_their_own(server: ModelServer, path: Path) -> None:
    server.answers("red", "green", "blue")
    async with opened(server, path, in_flight=1) as llm:
        assert [reply.text for reply in await llm.chat("Name a colour.", n=2)] == ["red", "green"]
    async with opened(server, path) as llm:
        assert [reply.text for reply in await llm.chat("Name a colour.", n=3)] == ["red", "green", "blue"]
    assert server.requests == 3
    assert not any("n" in seen.body for seen in server.seen)


async def test_a_raised_limit_asks_only_for_what_was_cut(server: ModelServer, path: Path) -> None:
    server.replies = lambda body: "word " * (100 if "long" in body["messages"][0]["content"] else 1)
    async with opened(server, path, max_tokens=20) as llm:
        assert await reason(llm.chat("a long one")) == "llm.cut_by_length"
        await llm.chat("another")
    async with opened(server, path, max_tokens=10) as llm:
        assert await reason(llm.chat("a long one")) == "llm.cut_by_length"
    assert server.requests == 2
    async with opened(server, path, max_tokens=500) as llm:
        [reply] = await llm.chat("a long one")
        await llm.chat("another")
        assert await llm.chat("a long one") == [reply]
    assert server.requests == 3
    assert reply.text == "word " * 100


async def test_a_raised_take_asks_anew_and_only_that_unit(server: ModelServer, path: Path) -> None:
    async with opened(server, path) as llm:
        for take in (0, 0, 1, 1, 2):
            await llm.bound("d/0001", method="qa", take=take, sees="public").chat("Name a colour.")
    assert server.requests == 3


async def test_a_failed_call_is_noted_and_asked_again(server: ModelServer, path: Path) -> None:
    server.fails("http_400")
    async with opened(server, path) as llm:
        view = llm.bound("d/0001", method="qa", take=0, sees="public")
        assert await reason(view.chat("Name a colour.")) == "llm.request_refused"
        assert (llm.stats.failed, view.keys) == (1, [])
        await view.chat("Name a colour.")
    with Journal(path) as journal:
        found = list(journal.select("select unit, method, model, reason, tries from calls"))
    assert [tuple(row.values()) for row in found] == [
        ("d/0001", "qa", "llm", "llm.request_refused", 1), ("d/0001", "qa", "llm", None, 1),
    ]  # fmt: skip


# --- replies of every kind


@pytest.mark.parametrize(
    "reply",
    [
        PAIR, f"```json\n{PAIR}\n```", f"Of course!\n{PAIR}\nAnything else?", PAIR.replace('"', "'"),
        f"<think>The passage says {{1889}}.</think>\n{PAIR}", f"The passage says so.</think>{PAIR}",
        f"[THINK]It says {{1889}}.[/THINK]{PAIR}",
        Choice(PAIR, reasoning="The passage says so."), Choice(f"\n{PAIR}", finish="eos"),
    ],
    ids=str,
)  # fmt: skip
async def test_a_good_reply_is_found_whatever_is_around_it(server: ModelServer, reply: str | Choice) -> None:
    server.answers(reply)
    async with opened(server) as llm:
        assert await llm.ask("Ask.", Pair) == Pair(question="When?", answer="In 1889.")
    assert server.requests == 1


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("I do not know.", "llm.invalid_reply"), ('{"question": "When?"}', "llm.invalid_reply"),
        (PAIR[:-12], "llm.invalid_reply"), ("<think>Hm.</think>\nNo.", "llm.invalid_reply"),
        ("", "llm.empty_reply"), ("<think>Hm, what</think>", "llm.empty_reply"), (Choice(None), "llm.empty_reply"),
        ("[THINK]Hm, what", "llm.empty_reply"),
    ],
    ids=str,
)  # fmt: skip
async def test_a_bad_reply_is_asked_again_and_then_named(server: ModelServer, reply: Any, expected: str) -> None:
    server.replies = lambda _: reply
    async with opened(server, reasks=1) as llm:
        assert await reason(llm.ask("Ask.", Pair)) == expected
        assert llm.stats.failed == 1
    assert server.requests == 2


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Choice(PAIR[:-12], finish="length"), "llm.cut_by_length"), (Choice("", finish="length"), "llm.cut_by_length"),
        (Choice("<think>Hm, wh", finish="length"), "llm.cut_by_length"),
        (Choice("", finish="content_filter"), "llm.refused"), (Choice(None, refusal="I will not."), "llm.refused"),
        (Choice("x", finish="MAX_TOKENS"), "llm.cut_by_length"), (Choice("x", finish="SAFETY"), "llm.refused"),
    ],
    ids=str,
)  # fmt: skip
async def test_what_asking_again_would_not_help_is_not_asked_again(
    server: ModelServer, reply: Choice, expected: str
) -> None:
    server.replies = lambda _: reply
    async with opened(server) as llm:
        assert await reason(llm.ask("Ask.", Pair)) == expected
        assert await reason(llm.chat("Say.")) == expected
    assert server.requests == 2


async def test_asking_again_uses_our_own_words_and_is_paid_once_too(server: ModelServer, path: Path) -> None:
    server.answers('{"question": "secret-value"}', "", PAIR)
    async with opened(server, path) as llm:
        view = llm.bound("d/0001", method="qa", take=0, sees="public")
        await view.ask("Ask.", Pair)
        assert len(view.keys) == 3
    async with opened(server, path) as llm:
        assert await llm.ask("Ask.", Pair) == Pair(question="When?", answer="In 1889.")
    assert server.requests == 3
    first, second, third = (seen.body["messages"] for seen in server.seen)
    assert first == [{"role": "user", "content": "Ask."}]
    assert second[:2] == [*first, {"role": "assistant", "content": '{"question": "secret-value"}'}]
    assert second[2]["content"].startswith("That answer cannot be used: answer is missing. Answer again")
    assert [message["role"] for message in third] == ["user", "assistant", "user"]  # no empty turn
    assert "Your last answer was empty." in third[2]["content"]


async def test_a_server_without_schemas_is_found_out_once(server: ModelServer, path: Path) -> None:
    server.schemas = False
    server.replies = lambda _: PAIR
    async with opened(server, path) as llm:
        for nth in range(5):
            await llm.ask(f"Ask {nth}.", Pair)
    refused = [seen for seen in server.seen if "response_format" in seen.body]
    assert (len(refused), server.requests) == (1, 6)
    assert "JSON Schema" in server.seen[1].body["messages"][0]["content"]
    server.schemas = True
    async with opened(server, path) as llm:  # the same answers, whichever way they were asked for
        await llm.ask("Ask 3.", Pair)
    assert server.requests == 6


async def test_a_request_that_is_refused_with_or_without_a_schema_says_nothing_of_schemas(server: ModelServer) -> None:
    server.fails("no_schemas", "http_400")
    server.replies = lambda _: PAIR
    async with opened(server) as llm:
        assert await reason(llm.ask("Ask.", Pair)) == "llm.request_refused"
        await llm.ask("Ask something else.", Pair)
    assert "response_format" in server.seen[2].body


async def test_the_recipe_may_say_how_a_schema_is_given(server: ModelServer) -> None:
    server.schemas = False
    server.replies = lambda _: PAIR
    async with opened(server, structured="prompt") as llm:
        await llm.ask("Ask.", Pair)
        assert server.requests == 1
    async with opened(server, structured="response_format") as llm:
        with pytest.raises(WrongRequest, match="structured: prompt"):
            await llm.ask("Ask.", Pair)


async def test_chat_gives_what_is_whole_and_the_first_reason_where_nothing_is(server: ModelServer) -> None:
    server.answers("red", Choice("gr", finish="length"), "", Choice(None, refusal="No."))
    async with opened(server, in_flight=1) as llm:
        view = llm.bound("d/0001", method="qa", take=0, sees="public")
        [reply] = await view.chat("Name a colour.", n=4)
        assert (reply.text, view.keys, llm.stats.failed) == ("red", [reply.key], 3)
        server.answers(Choice("gr", finish="length"), "")
        assert await reason(view.chat("Name another.", n=2)) == "llm.cut_by_length"


async def test_thinking_is_kept_apart_and_shown_where_that_is_wanted(server: ModelServer, path: Path) -> None:
    server.answers("<think>\nGrass is.\n</think>\n\ngreen", Choice("blue", reasoning="Sky is."))
    async with opened(server, path, in_flight=1) as llm:
        one, two = await llm.chat("Name a colour.", n=2)
    assert [(reply.text, reply.thinking) for reply in (one, two)] == [("green", ""), ("blue", "")]
    async with opened(server, path, keep_thinking=True) as llm:
        one, two = await llm.chat("Name a colour.", n=2)
    assert [(reply.text, reply.thinking) for reply in (one, two)] == [("green", "Grass is."), ("blue", "Sky is.")]
    assert server.requests == 2


@pytest.mark.parametrize(
    "text", ["博物馆于1889年开放。", "افتُتح المتحف عام ١٨٨٩", "naïve “quotes” — 👩‍👩‍👧", "a\u2028b\x7f"]
)
async def test_any_script_comes_back_as_it_is(server: ModelServer, path: Path, text: str) -> None:
    server.replies = lambda _: text
    for _ in range(2):
        async with opened(server, path) as llm:
            assert [reply.text for reply in await llm.chat(text)] == [text]
    assert server.seen[0].body["messages"][0]["content"] == text


async def test_half_a_character_and_nul_in_a_reply_become_marks(server: ModelServer, path: Path) -> None:
    server.replies = lambda _: "a\ud83d b\x00 c\ud83d\ude00"
    for _ in range(2):
        async with opened(server, path) as llm:
            assert [reply.text for reply in await llm.chat("Say.")] == ["a\ufffd b\ufffd c\U0001f600"]


@pytest.mark.parametrize("usage", [None, {}, [], {"prompt_tokens": "7"}, {"prompt_tokens": -1, "completion_tokens": 2}])
async def test_tokens_that_a_server_does_not_count_are_estimated(server: ModelServer, path: Path, usage: Any) -> None:
    choices = [{"message": {"content": [{"type": "text", "text": "x" * 40}]}, "finish_reason": None}]
    server.replies = lambda _: {"choices": choices, "usage": usage}
    async with opened(server, path, max_tokens=50, price=PRICE) as llm:
        [reply] = await llm.chat("Say.")
        size = len(json.dumps(server.seen[0].body, separators=(",", ":")))
        assert (reply.finish, reply.tokens_in, reply.tokens_out) == ("stop", size // 4, 10)
        assert llm.stats.estimated
        assert llm.stats.spent == pytest.approx((size + 50 * 2) / 1e6)  # in full: nobody knows better
    with Journal(path) as journal:
        assert [row["estimated"] for row in journal.select("select estimated from calls")] == [1]


async def test_the_order_of_answers_makes_no_difference(path: Path) -> None:
    async def asked(seed: int) -> tuple[list[Any], list[list[str]]]:
        with ModelServer(faults={"http_500": 0.1, "bad_content": 0.2, "length": 0.1}, seed=1) as server:
            server.replies = lambda body: json.dumps([json.loads(PAIR)] * len(body["messages"]))
            async with opened(server, path.with_name(f"{seed}.sqlite"), in_flight=1 + 15 * seed) as llm:
                views = [llm.bound(f"d/{nth}", method="qa", take=0, sees="public") for nth in range(24)]

                async def unit(nth: int, view: LLM) -> list[Any]:
                    await asyncio.sleep(0.003 * ((nth * 7 + seed * 5) % 11))
                    both = view.ask(f"Ask {nth}.", list[Pair]), view.chat(f"Say {nth}.")
                    return await asyncio.gather(*both, return_exceptions=True)

                got = await asyncio.gather(*(unit(nth, view) for nth, view in enumerate(views)))
                return [[repr(one) for one in both] for both in got], [view.keys for view in views]

    assert await asked(0) == await asked(1)


# --- what may be seen, and what is said


async def test_a_text_above_what_the_model_may_see_does_not_leave(server: ModelServer) -> None:
    async with opened(server, may_see="internal") as llm:
        for sees in ("public", "internal"):
            await llm.bound("d", method="qa", take=0, sees=sees).chat(sees)  # type: ignore[arg-type]
        for sees in ("confidential", "restricted"):
            with pytest.raises(BadItem, match=f"may_see: {sees}") as caught:
                llm.bound("d", method="qa", take=0, sees=sees)  # type: ignore[arg-type]
            assert caught.value.reason == "llm.may_not_see"
    assert server.requests == 2


async def test_no_error_holds_a_key_a_prompt_or_a_reply(
    server: ModelServer, path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SECRET_KEY", "sk-very-secret")
    faults = ["http_400", "http_413", *["http_500", "not_json", "wrong_shape", "cut_body", "reset", "empty_choice"] * 2]
    server.fails(*faults)
    replies = ['{"prompt-text": "reply-text"}', Choice("reply-text", finish="length"), Choice("", refusal="reply-text")]
    server.answers(*replies)
    said = []
    caplog.set_level("DEBUG")
    async with opened(server, path, tries=2, reasks=0, api_key_env="SECRET_KEY", in_flight=1) as llm:
        for nth in range(11):
            with pytest.raises(BadItem) as caught:
                await llm.ask(f"prompt-text {nth}", Pair)
            said.append(f"{caught.value!r} {caught.value.detail} {caught.value.__cause__!r}")
        server.fails("http_401")
        with pytest.raises(DeadWorld) as dead:
            await llm.chat("prompt-text")
        said.append(repr(dead.value) + repr(llm) + repr(llm.stats))
    assert len(said) == 12
    whole = " ".join(said) + caplog.text
    for unwanted in ("sk-very-secret", "prompt-text", "reply-text"):
        assert unwanted not in whole
    assert b"sk-very-secret" not in content(path)


def test_the_package_is_imported_for_nothing_until_it_is_used() -> None:
    look = "import sys, factory.llm; print({'aiohttp', 'pydantic', 'sqlite3', 'openai'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "set()\n"


def test_a_client_is_made_of_a_model_or_of_settings() -> None:
    model = Model(model="m", base_url="http://127.0.0.1:1/v1")
    assert LLM(model).model == LLM(model="m", base_url="http://127.0.0.1:1/v1").model
    with pytest.raises(WrongRequest, match="not both"):
        LLM(model, max_tokens=5)
    with pytest.raises(WrongRequest, match=r"no such setting\. Did you mean 'base_url'\?"):
        LLM(model="m", base_ulr="http://127.0.0.1:1/v1")


async def test_a_client_that_is_not_open_says_how_to_open_it() -> None:
    llm = LLM(model="m", base_url="http://127.0.0.1:1/v1")
    with pytest.raises(WrongRequest, match="async with"):
        await llm.chat("Name a colour.")
    async with llm:
        for wrong in ({"n": 0}, {"n": 1, "stream": True}, {"n": 1, "max_tokens": "many"}):
            with pytest.raises(WrongRequest):
                await llm.chat("Name a colour.", **wrong)  # type: ignore[arg-type]


async def test_keys_stand_in_the_order_of_asking_whichever_answer_is_first(server: ModelServer, path: Path) -> None:
    server.replies = lambda body: body["messages"][0]["content"]
    async with opened(server, path) as llm:
        view = llm.bound("d", method="qa", take=0, sees="public")
        texts = [str(nth) for nth in range(10)]
        replies = await asyncio.gather(*(view.chat(text) for text in texts))
        assert view.keys == [reply.key for [reply] in replies]
        assert llm.keys == []
        assert isinstance(replies[0][0], Reply)
    with Journal(path) as journal:
        assert journal.get(bytes.fromhex(view.keys[3])) is not None


# --- stopping


async def test_who_is_cancelled_leaves_a_journal_that_closes_and_goes_on(server: ModelServer, path: Path) -> None:
    server.delay = 0.05
    with Journal(path) as journal:
        async with opened(server, journal, max_tokens=10, price=PRICE, max_spend=1.0, in_flight=8) as llm:
            tasks = [asyncio.create_task(llm.chat(f"Say {nth}.")) for nth in range(60)]
            await until(lambda: len(server.answered) >= 12)
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            done = sum(not isinstance(one, BaseException) for one in ended)
            spend = llm.stats.spent
        assert journal.spent("llm") / 1e9 == pytest.approx(spend)
        assert 0 < done < 60
        async with opened(server, journal) as llm:
            await asyncio.gather(*(llm.chat(f"Say {nth}.") for nth in range(60)))
            assert llm.stats.from_journal >= done
        assert list(journal.select("pragma integrity_check")) == [{"integrity_check": "ok"}]


async def test_n_asked_is_n_answered_and_n_failed(path: Path) -> None:
    faults = {"http_429": 0.1, "http_500": 0.05, "reset": 0.05, "cut_body": 0.05, "http_400": 0.1, "not_json": 0.05}
    with ModelServer(faults=faults, seed=3, retry_after="0") as server:
        async with opened(server, path, tries=3) as llm:
            ended = await asyncio.gather(*(llm.chat(f"Say {n}.") for n in range(200)), return_exceptions=True)
            failed = [one for one in ended if isinstance(one, BadItem)]
            assert len(failed) + sum(isinstance(one, list) for one in ended) == 200
            assert 0 < llm.stats.failed == len(failed) < 60
    with Journal(path) as journal:
        [total] = journal.totals()
        assert (total["answered"], total["failed"]) == (200 - len(failed), len(failed))
        assert total["tries"] == server.requests


# --- money


def truly_spent(server: ModelServer) -> float:
    """What the server would charge: every completion it made, also those whose body was cut on the way."""
    cost = 0.0
    for seen in server.seen:
        if seen.fault in (None, "length", "cut_body", "bad_content"):
            read = tokens(json.dumps(seen.body["messages"]))
            cost += read * PRICE["input"] + seen.body["max_tokens"] * PRICE["output"]
    return cost / 1e6


@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(
    cap=st.floats(0.0, 0.004),
    limit=st.integers(1, 60),
    shares=st.fixed_dictionaries(
        {name: st.sampled_from([0.0, 0.1, 0.3]) for name in ("cut_body", "http_500", "length")}
    ),
    in_flight=st.sampled_from([1, 4, 64]),
)
def test_what_is_spent_stays_below_the_cap_also_over_starts(
    tmp_path_factory: pytest.TempPathFactory, cap: float, limit: int, shares: dict[str, float], in_flight: int
) -> None:
    path = tmp_path_factory.mktemp("spend") / "journal.sqlite"
    money = {"max_tokens": limit, "price": PRICE}

    async def start(server: ModelServer, cap: float) -> int:
        async with opened(server, path, **money, max_spend=cap, in_flight=in_flight, tries=2) as llm:
            ended = await asyncio.gather(*(llm.chat(f"Say {nth}.") for nth in range(30)), return_exceptions=True)
            assert all(isinstance(one, list | BadItem | SpendCapReached) for one in ended)
            assert llm.stats.spent <= cap
            return sum(isinstance(one, SpendCapReached) for one in ended)

    with ModelServer(faults=shares, seed=5, replies=lambda _: "x" * 400) as server:
        for _ in range(2):
            asyncio.run(start(server, cap))
            assert truly_spent(server) <= cap
        assert asyncio.run(start(server, cap + 1)) == 0  # raised, it goes on to the end
        assert truly_spent(server) <= cap + 1


async def test_a_cap_lets_through_what_fits_and_says_what_to_do(server: ModelServer, path: Path) -> None:
    server.replies = lambda _: "x"
    money = {"max_tokens": 100, "price": PRICE, "max_spend": 0.001}
    async with opened(server, path, **money) as llm:
        ended = await asyncio.gather(*(llm.chat(f"Say {nth}.") for nth in range(100)), return_exceptions=True)
        stopped = [one for one in ended if isinstance(one, SpendCapReached)]
        # each may cost 0.00029 and costs 0.000012: far more than the three that fit at once are answered
        assert 50 < 100 - len(stopped) < 100
        assert [isinstance(one, list) for one in ended] == sorted(
            (isinstance(one, list) for one in ended), reverse=True
        )
        assert 0.0006 < llm.stats.spent <= 0.001
    assert "max_spend of the model 'llm' is reached" in str(stopped[0])
    assert stopped[0].exit_code == 3


async def test_under_a_cap_each_call_needs_a_limit(server: ModelServer) -> None:
    model = Model.of({"model": "m", "base_url": server.url, "price": PRICE, "max_tokens": 5, "max_spend": 1.0})
    async with LLM(model) as llm:
        await llm.chat("Say.", max_tokens=9)
    with pytest.raises(WrongRequest, match="max_spend needs"):
        LLM(model="m", base_url=server.url, max_spend=1.0)


@pytest.mark.parametrize("cap", [{"max_spend": 1.0}, {}], ids=["capped", "uncapped"])
async def test_what_was_in_flight_at_a_kill_counts_in_full(
    server: ModelServer, path: Path, cap: dict[str, float]
) -> None:
    server.delay = 5.0
    money = {"max_tokens": 100, "price": PRICE, "max_spend": 1.0}
    async with opened(server, path, **{"max_tokens": 100, "price": PRICE} | cap) as llm:
        task = asyncio.create_task(llm.chat("Say."))
        await until(lambda: server.in_flight > 0)
        file = sqlite3.connect(path)  # as another process finds it after a kill
        [(spent,)] = file.execute("select spent from sent").fetchall()
        file.close()
        task.cancel()
        await asyncio.wait([task])
        assert llm.stats.spent == spent / 1e9 > 100 * 2 / 1e6
    async with opened(server, path, **money) as llm:
        assert llm.stats.spent == spent / 1e9


async def test_who_spends_under_a_cap_spends_alone(server: ModelServer, tmp_path: Path) -> None:
    money = {"max_tokens": 100, "price": PRICE, "max_spend": 1.0}
    path = tmp_path / "journal.sqlite"
    async with opened(server, path, **money) as llm:
        for rest in (money, {}):  # another one that has no cap would pass this one's, too
            with pytest.raises(DeadWorld, match="Another client spends on the model 'llm' from"):
                async with opened(server, path, **rest):
                    pass
        async with opened(server, path, name="judge"), opened(server, tmp_path / "other.sqlite", **money):
            pass  # another model, or a journal of its own
        await llm.chat("Hello")
    async with opened(server, path) as one, opened(server, path) as other:  # the first one has let go
        await asyncio.gather(one.chat("One."), other.chat("Two."))
        with pytest.raises(DeadWorld, match="Another client spends"):
            async with opened(server, path, **money):
                pass


async def test_what_was_spent_without_a_cap_counts_against_one(server: ModelServer, path: Path) -> None:
    async with opened(server, path, max_tokens=100, price=PRICE) as llm:
        await asyncio.gather(*(llm.chat(f"Say {n}.") for n in range(5)))
        spent = llm.stats.spent
    assert spent > 0
    async with opened(server, path, max_tokens=100, price=PRICE, max_spend=spent) as llm:
        assert llm.stats.spent == spent
        with pytest.raises(SpendCapReached):
            await llm.chat("One more.")
