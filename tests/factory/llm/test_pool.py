"""The servers of one model under faults: every request is accounted for, and no key or text is in what is said."""

import asyncio
import json
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.errors import BadItem, DeadWorld, WrongRequest
from factory.llm._places import Server
from factory.llm.pool import Answer, Pool, SchemaUnsupported, Tried
from factory.llm.settings import Model, Timeout
from factory.llm.transport import Try
from tests.model_server import ModelServer, digest

PRIVATE = "the merger is off"
STORM = {"http_429": 0.1, "http_500": 0.05, "hang": 0.03, "reset": 0.03, "not_json": 0.05, "cut_body": 0.02}
HURRIED = Timeout(connect=30, first_byte=0.5, total=1)
PATIENT = Timeout(connect=30, first_byte=30, total=60)


def messages(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def body(text: str = PRIVATE, **more: Any) -> bytes:
    return json.dumps({"model": "q", "messages": messages(text), **more}).encode()


@asynccontextmanager
async def pool(*servers: ModelServer, patience: float | None = None, **more: Any) -> AsyncIterator[Pool]:
    """A pool over these servers; what it tried is in its `tries`."""
    tries: list[Tried] = []
    model = Model.of({"model": "q", "base_url": [server.url for server in servers], "timeout": PATIENT, **more})
    async with Pool(model, tried=tries.append, patience=patience) as opened:
        opened.tries = tries  # type: ignore[attr-defined]
        yield opened


async def outcome(asked: Pool, sent: bytes, tokens: int = 10) -> Answer | str:
    """The answer, or the reason of the rejection."""
    try:
        return await asked.post(sent, tokens=tokens)
    except BadItem as error:
        return error.reason if PRIVATE not in str(error) else "told what was asked"


@pytest.fixture
def nowhere() -> Iterator[str]:
    """A base URL at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused, and nobody else gets the port
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/v1"


async def test_an_answer_says_where_it_came_from() -> None:
    with ModelServer(replies=["red"]) as server:
        async with pool(server) as asked:
            answer = await asked.post(body(), tokens=10)
    assert answer.json["choices"][0]["message"]["content"] == "red"
    assert (answer.server, answer.tries) == (f"0 127.0.0.1:{server.port}", 1)


@pytest.mark.parametrize(
    "fault",
    ["http_429", "http_429_bare", "http_500", "http_503", "http_408", "http_529", "hang", "hang_in_body", "reset",
     "cut_body", "not_json", "wrong_shape", "empty_choice", "wrong_content_type", "very_large"],
)  # fmt: skip
async def test_what_can_be_tried_again_is_and_every_try_is_told(fault: str) -> None:
    with ModelServer(retry_after="0.1", large=65 * 2**20) as server:
        server.fails(fault)
        async with pool(server, timeout=HURRIED if "hang" in fault else PATIENT) as asked:
            answer = await asked.post(body(), tokens=10)
            first, second = asked.tries  # type: ignore[attr-defined]
    assert answer.tries == 2
    assert first.fault is not None
    assert second.fault is None
    assert second.status == 200
    assert min(first.seconds, second.seconds) > 0


async def test_a_request_that_is_never_answered_is_rejected_after_its_tries() -> None:
    with ModelServer() as server:
        async with pool(server, tries=3) as asked:
            server.fails(*["not_json"] * 3)
            assert await outcome(asked, body()) == "llm.no_answer"
            assert server.requests == 3
            assert isinstance(await outcome(asked, body("other")), Answer)


@pytest.mark.parametrize("status", [400, 413, 422, 418])
async def test_what_the_server_will_not_have_is_rejected_at_once(status: int) -> None:
    with ModelServer() as server:
        server.fails(f"http_{status}")
        async with pool(server) as asked:
            with pytest.raises(BadItem, match=f"refused the request: {status}") as error:
                await asked.post(body(), tokens=10)
        assert server.requests == 1
    assert error.value.reason == "llm.request_refused"
    assert PRIVATE not in str(error.value)


@pytest.mark.parametrize("schemas", [False, "tgi", "llama.cpp"])
async def test_a_schema_that_is_refused_is_told_apart(schemas: bool | str) -> None:
    with ModelServer(schemas=schemas) as server:
        async with pool(server) as asked:
            with pytest.raises(SchemaUnsupported):
                await asked.post(body(response_format={"type": "json_schema"}), tokens=10)
            assert isinstance(await outcome(asked, body()), Answer)
        assert server.requests == 2


# --- the world is dead -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("http_401", "the key in ACME_KEY is not accepted"),
        ("http_403", "the key in ACME_KEY is not accepted"),
        ("http_404", "no model 'q'. Check base_url and model"),
        ("http_402", "the account of the key in ACME_KEY has nothing left"),
        ("insufficient_quota", "answered 429 (insufficient_quota): the account of the key in ACME_KEY"),
        ("redirect", "another address"),
        ("litellm_key", "answered 400 (400): the key in ACME_KEY is not accepted"),
        ("litellm_model", "answered 400 (400): no such path, or no model 'q'. Check base_url and model"),
    ],
)
async def test_what_no_request_would_get_past_stops_all_at_once(
    fault: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_KEY", "hunter2")
    with ModelServer() as server:
        async with pool(server, api_key_env="ACME_KEY", api_version="v1", in_flight=1) as asked:
            server.fails(fault)
            posts = [asked.post(body(f"{nth} {PRIVATE}"), tokens=10) for nth in range(20)]
            found = await asyncio.gather(*posts, return_exceptions=True)
            with pytest.raises(DeadWorld):
                await asked.post(body(), tokens=10)
        assert server.requests == 1
    assert all(isinstance(error, DeadWorld) for error in found)
    said = str(found[0])
    assert says in said
    assert server.url in said
    assert "\n" not in said
    assert not any(word in said for word in ("hunter2", PRIVATE, "api-version"))


@pytest.mark.parametrize(
    "text", ["invalid model: it was not found", "No model of a q-bit is valid.", "The model is not found"]
)
async def test_a_prompt_that_a_refusal_quotes_is_not_taken_for_what_the_server_says(text: str) -> None:
    with ModelServer() as server:
        async with pool(server) as asked:
            server.fails("http_400")
            assert await outcome(asked, body(text)) == "llm.request_refused"


async def test_where_no_key_was_sent_that_is_said() -> None:
    with ModelServer(api_key="hunter2") as server:
        async with pool(server) as asked:
            with pytest.raises(DeadWorld, match="Name its variable with api_key_env"):
                await asked.post(body(), tokens=10)


async def test_all_servers_dead_stops_the_run_and_names_them(nowhere: str) -> None:
    async with Pool(Model(model="q", base_url=nowhere), patience=0.8) as asked:
        found = await asyncio.gather(*(asked.post(body(), tokens=10) for _ in range(30)), return_exceptions=True)
    assert all(isinstance(error, DeadWorld) for error in found)
    assert nowhere in str(found[0])
    assert "connect" in str(found[0])


async def test_a_server_that_only_fails_stops_the_run_and_costs_few_rows() -> None:
    with ModelServer(faults={"http_500": 1.0}) as server:
        async with pool(server, patience=1.5, in_flight=16) as asked:
            found = await asyncio.gather(
                *(asked.post(body(str(nth)), tokens=10) for nth in range(200)), return_exceptions=True
            )
    assert Counter(type(error) for error in found) == {DeadWorld: 200}
    assert server.requests < 60  # one at a time once it was seen


async def test_a_server_that_is_slow_is_no_wrong_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("factory.llm.pool.NEVER_REACHED_S", 0.0)
    timeout = {"first_byte": 0.2}
    with ModelServer(faults={"hang": 1.0}) as server:
        async with pool(server, timeout=timeout, tries=3) as asked:
            with pytest.raises(BadItem, match=r"the last ended in timeout\.first_byte"):
                await asked.post(body(), tokens=10)
        async with pool(server, timeout=timeout, patience=0.1) as asked:
            with pytest.raises(DeadWorld, match="A server that is slow, not gone, wants a longer 'timeout"):
                await asked.post(body(), tokens=10)


async def test_a_wait_beyond_all_patience_is_said_at_once() -> None:
    with ModelServer(faults={"http_429": 1.0}, retry_after="3600") as server:
        async with pool(server, in_flight=4) as asked:
            with pytest.raises(DeadWorld, match=r"asks to wait 3\d{3} s"):
                await asked.post(body(), tokens=10)
        assert server.requests == 1


async def test_a_key_that_is_not_there_is_said_before_anything_is_sent() -> None:
    with ModelServer() as server:
        with pytest.raises(WrongRequest, match="ACME_KEY is not set"):
            async with pool(server, api_key_env="ACME_KEY"):
                pass
        assert server.requests == 0


# --- several servers -------------------------------------------------------------------------------------------------


async def test_the_least_loaded_server_is_asked() -> None:
    with ModelServer(delay=0.05) as quick, ModelServer(delay=0.5) as slow:
        async with pool(quick, slow, in_flight=20) as asked:
            found = await asyncio.gather(*(asked.post(body(str(nth)), tokens=10) for nth in range(200)))
    assert len(found) == 200
    assert quick.requests > 2 * slow.requests > 0


async def test_a_try_that_failed_is_tried_elsewhere() -> None:
    with ModelServer(faults={"not_json": 1.0}) as broken, ModelServer() as fine:
        async with pool(broken, fine) as asked:
            found = [await outcome(asked, body(str(nth))) for nth in range(10)]
    assert all(isinstance(answer, Answer) and answer.server.startswith("1 ") for answer in found)
    assert broken.requests <= 10


async def test_a_server_that_dies_on_the_way_costs_no_row_and_is_asked_again_when_it_lives() -> None:
    with ModelServer(delay=0.05) as first, ModelServer(delay=0.05) as second:
        async with pool(first, second, in_flight=32) as asked:
            tasks = [asyncio.create_task(outcome(asked, body(str(nth)))) for nth in range(600)]
            while second.requests < 100:  # noqa: ASYNC110  # the server is on another thread
                await asyncio.sleep(0.01)
            second.kill()
            before = second.requests
            found = await asyncio.gather(*tasks)
            second.start()
            while second.requests < before + 20:
                found += await asyncio.gather(*(outcome(asked, body(f"late {nth}")) for nth in range(40)))
    assert all(isinstance(answer, Answer) for answer in found)
    assert first.requests + second.requests <= len(found) + 32  # only what was in flight there


async def test_a_server_that_starts_late_is_waited_for() -> None:
    with ModelServer() as server:
        server.kill()
        async with pool(server) as asked:
            tasks = [asyncio.create_task(outcome(asked, body(str(nth)))) for nth in range(50)]
            await asyncio.sleep(0.4)
            server.start()
            found = await asyncio.gather(*tasks)
    assert all(isinstance(answer, Answer) for answer in found)


# --- rates -----------------------------------------------------------------------------------------------------------


async def test_no_more_is_in_flight_than_allowed_and_all_of_it_is_used() -> None:
    with ModelServer(delay=0.05) as server:
        async with pool(server, in_flight=7) as asked:
            await asyncio.gather(*(asked.post(body(str(nth)), tokens=10) for nth in range(100)))
    assert server.most_in_flight == 7


async def test_a_server_with_a_limit_gets_what_it_can_bear() -> None:
    with ModelServer(delay=0.05, capacity=10, retry_after="0.1") as server:
        async with pool(server) as asked:
            found = await asyncio.gather(*(outcome(asked, body(str(nth))) for nth in range(200)))
    assert all(isinstance(answer, Answer) for answer in found)
    assert server.requests < 400


async def test_one_refusal_at_the_start_holds_all_back() -> None:
    with ModelServer(faults={}, retry_after="0.6") as server:
        server.fails(*["http_429"] * 4)
        async with pool(server, in_flight=4) as asked:
            await asyncio.gather(*(asked.post(body(str(nth)), tokens=10) for nth in range(40)))
    times = sorted(seen.at for seen in server.seen)
    assert times[4] - times[0] >= 0.6


async def test_a_server_that_says_that_nothing_remains_is_left_alone_for_so_long() -> None:
    headers = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "600ms"}
    with ModelServer(headers=headers) as server:
        async with pool(server, in_flight=1) as asked:
            for nth in range(2):
                await asked.post(body(str(nth)), tokens=10)
    assert server.seen[1].at - server.seen[0].at >= 0.6


async def test_requests_a_minute_are_kept_below_the_ceiling() -> None:
    with ModelServer() as server:
        async with pool(server, rpm=600) as asked:
            started = time.monotonic()
            await asyncio.gather(*(asked.post(body(str(nth)), tokens=10) for nth in range(70)))
            took = time.monotonic() - started
    assert len(server.seen) == 70
    assert took >= 0.9 * 10 * 60 / 540  # sixty at once, then nine a second; a busy machine only makes it longer


async def test_tokens_a_minute_are_kept_below_the_ceiling() -> None:
    with ModelServer() as server:
        async with pool(server, tpm=60_000) as asked:
            started = time.monotonic()
            await asyncio.gather(*(asked.post(body(str(nth)), tokens=1_000) for nth in range(7)))
            took = time.monotonic() - started
    assert len(server.seen) == 7
    assert took >= 0.9 * 1_000 * 60 / 54_000  # six at once


# --- closing and cancelling ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("in_flight", [1, 8, 64])
async def test_cancelled_requests_give_their_places_back(in_flight: int) -> None:
    with ModelServer(delay=0.05) as server:
        async with pool(server, in_flight=in_flight) as asked:
            tasks = [asyncio.create_task(asked.post(body(str(nth)), tokens=10)) for nth in range(100)]
            for nth, task in enumerate(tasks):
                await asyncio.sleep(0.002)
                if nth % 2:
                    task.cancel()
            found = await asyncio.gather(*tasks, return_exceptions=True)
            assert sum(isinstance(answer, Answer) for answer in found) >= 50
            tried: list[Tried] = asked.tries  # type: ignore[attr-defined]
            assert sum(one.fault == "cancelled" for one in tried) + 100 >= len(tried) >= server.requests
            await asyncio.gather(*(asked.post(body(f"after {nth}"), tokens=10) for nth in range(in_flight)))
            assert server.most_in_flight <= in_flight + 50  # those cancelled may still be served


async def test_leaving_while_requests_wait_ends_them() -> None:
    with ModelServer(delay=5) as server:
        async with pool(server, in_flight=2) as asked:
            tasks = [asyncio.create_task(asked.post(body(str(nth)), tokens=10)) for nth in range(10)]
            while server.in_flight < 2:  # noqa: ASYNC110  # the server is on another thread
                await asyncio.sleep(0.01)
        found = await asyncio.gather(*tasks, return_exceptions=True)
    assert Counter(type(error) for error in found) == {DeadWorld: 10}


async def test_what_is_told_of_tries_may_stop_all() -> None:
    """Whoever counts the money raises from there."""

    def stop(_: Tried) -> None:
        raise DeadWorld("enough")

    with ModelServer() as server:
        async with Pool(Model(model="q", base_url=server.url, in_flight=1), tried=stop) as asked:
            for _ in range(3):  # and the place is given back all the same
                with pytest.raises(DeadWorld, match="enough"):
                    await asked.post(body(), tokens=10)


async def test_a_request_that_fails_where_others_are_answered_is_soon_tried_again() -> None:
    with ModelServer() as server:
        async with pool(server) as asked:
            await asyncio.gather(*(asked.post(body(f"row {nth}"), tokens=10) for nth in range(128)))
            server.fails(*["http_500"] * 5)
            await asked.post(body("the unlucky one"), tokens=10)
    tries = [seen.at for seen in server.seen if seen.digest == digest(messages("the unlucky one"))]
    assert len(tries) == 6
    assert tries[-1] - tries[0] < 2.0  # five waits of 0.15 s, half of each drawn; doubled each time they are 2.3 to 7 s


@pytest.mark.parametrize(("of_ten", "is_well"), [(0, False), (5, False), (8, True), (10, True)])
def test_a_server_is_well_while_it_answers_most(of_ten: int, is_well: bool) -> None:
    server = Server(0, "http://127.0.0.1:1/v1", 8, None)
    assert not server.is_well  # nothing is known of it
    for nth in range(400):
        good = nth * of_ten % 10 < of_ten
        server.learn(nth, server.window.send(nth), Try(200) if good else Try(500, "http_5xx"))
    assert server.is_well is is_well


# --- storms ----------------------------------------------------------------------------------------------------------


async def storm(rows: int, seed: int) -> tuple[list[Answer | str], ModelServer, list[Tried]]:
    with ModelServer(faults=STORM, seed=seed, delay=0.02, retry_after="0.2", keep=False) as server:
        async with pool(server, timeout=Timeout(connect=30, first_byte=2, total=60)) as asked:
            found = await asyncio.gather(*(outcome(asked, body(f"row {nth}")) for nth in range(rows)))
            return found, server, asked.tries  # type: ignore[attr-defined]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
async def test_in_a_storm_every_row_is_answered_or_rejected(seed: int) -> None:
    rows = 1_500
    found, server, tries = await storm(rows, seed)
    reasons = Counter(answer if isinstance(answer, str) else "answered" for answer in found)
    assert reasons["answered"] + reasons["llm.no_answer"] == rows
    assert reasons["answered"] >= 0.995 * rows
    for nth, answer in enumerate(found):  # and each got its own
        asked = digest(messages(f"row {nth}"))
        if isinstance(answer, Answer):
            assert answer.json["choices"][0]["message"]["content"] == f"The reply to {asked}."
            assert server.counts[asked] == answer.tries
    assert len(tries) == server.requests
    assert sum(one.fault is None for one in tries) == reasons["answered"]


@settings(max_examples=10)
@given(
    faults=st.dictionaries(
        st.sampled_from(["http_429", "http_500", "http_503", "reset", "not_json", "cut_body", "empty_choice"]),
        st.floats(0, 0.12),
        max_size=4,
    ),
    seed=st.integers(0, 10),
    in_flight=st.integers(1, 64),
)
def test_asked_is_answered_plus_rejected(faults: dict[str, float], seed: int, in_flight: int) -> None:
    async def ask() -> tuple[list[Answer | str], int, int]:
        with ModelServer(faults=faults, seed=seed, retry_after="0.01", keep=False) as server:
            async with pool(server, in_flight=in_flight) as asked:
                found = await asyncio.gather(*(outcome(asked, body(f"row {nth}")) for nth in range(60)))
                return found, server.requests, len(asked.tries)  # type: ignore[attr-defined]

    found, requests, tried = asyncio.run(ask())
    assert sum(isinstance(answer, Answer) for answer in found) + found.count("llm.no_answer") == 60
    assert requests == tried


INTERRUPTED = """
import asyncio, sys
from factory.llm.pool import Pool
from factory.llm.settings import Model

async def main():
    async with Pool(Model(model="q", base_url=sys.argv[1], in_flight=8)) as pool:
        await asyncio.gather(*(pool.post(b'{"messages": %d}' % nth, tokens=1) for nth in range(50)))

asyncio.run(main())
"""


async def test_an_interrupt_leaves_nothing_open_and_nothing_unsaid() -> None:
    with ModelServer(delay=30) as server:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-X", "dev", "-W", "error", "-c", INTERRUPTED, server.url, stderr=asyncio.subprocess.PIPE
        )
        while server.in_flight < 8:  # noqa: ASYNC110  # the server is on another thread
            await asyncio.sleep(0.01)
        child.send_signal(signal.SIGINT)
        _, said = await child.communicate()
    assert b"KeyboardInterrupt" in said
    assert not any(word in said for word in (b"Unclosed", b"ResourceWarning", b"never retrieved", b"was destroyed"))
