"""Vectors through the door, from a real server: many texts a request, each asked once, and what a bad one costs."""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.errors import BadItem, DeadWorld, FactoryError, SpendCapReached, WrongRequest
from factory.llm import LLM, Model
from factory.llm.embedding import TOGETHER, said, vector
from tests.model_server import ModelServer

SECRET = "s3cr3t-of-the-test"  # noqa: S105 # of a server on loopback


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(vectors=lambda text: [float(len(text)), 1.0, -2.0]) as server:
        yield server


@asynccontextmanager
async def opened(server: ModelServer, path: Path | None = None, **rest: Any) -> AsyncIterator[LLM]:
    async with LLM(model="test", serves="embeddings", base_url=server.url, journal=path, **rest) as llm:
        yield llm


async def vectors(llm: LLM, *texts: str) -> list[Any]:
    """The vector of each text, or the error in its place."""
    return await asyncio.gather(*map(llm.vector, texts), return_exceptions=True)


def reasons(made: list[Any]) -> list[str | None]:
    return [one.reason if isinstance(one, BadItem) else None for one in made]


def texts(server: ModelServer) -> list[str]:
    """All that was sent, in order."""
    return [text for seen in server.seen for text in seen.body["input"]]


async def test_many_texts_go_in_one_request_and_each_gets_its_own_direction(server: ModelServer) -> None:
    asked = ["a" * nth for nth in range(1, TOGETHER + 9)]
    async with opened(server, body={"dimensions": 3}) as llm:
        made = await vectors(llm, *asked)
    assert [len(seen.body["input"]) for seen in server.seen] == [TOGETHER, 8]
    assert {(seen.path, seen.body["model"], seen.body["dimensions"]) for seen in server.seen} == {
        ("/v1/embeddings", "test", 3)
    }
    for text, its in zip(asked, made, strict=True):
        wanted = np.array([len(text), 1, -2]) / max(len(text), 2)
        assert np.abs(its - wanted).max() < 1e-3


async def test_what_the_journal_has_is_not_asked_again_however_texts_come_together(
    server: ModelServer, tmp_path: Path
) -> None:
    path = tmp_path / "journal.sqlite"
    async with opened(server, path) as llm:
        before = await vectors(llm, "one", "three", "fifteen")
    async with opened(server, path) as llm:
        after = await vectors(llm, "fifteen", "another text", "one")
        assert (llm.stats.calls, llm.stats.from_journal) == (3, 2)
    assert texts(server) == ["one", "three", "fifteen", "another text"]
    assert (after[0] == before[2]).all()
    assert (after[2] == before[0]).all()


async def test_equal_texts_in_flight_are_sent_once(server: ModelServer) -> None:
    async with opened(server) as llm:
        one, other = await vectors(llm, "the same", "the same")
    assert texts(server) == ["the same"]
    assert (one == other).all()


async def test_a_text_that_the_server_refuses_costs_itself_alone(server: ModelServer, tmp_path: Path) -> None:
    server.longest = 100
    asked = [*("a" * nth for nth in range(1, 20)), "b" * 101]
    async with opened(server, tmp_path / "journal.sqlite") as llm:
        made = await vectors(llm, *asked)
        assert reasons(made) == [None] * 19 + ["llm.request_refused"]
        server.longest = None
        assert reasons(await vectors(llm, *asked)) == [None] * 20
    assert texts(server).count("b" * 101) > texts(server).count("a") > 1  # halves, and in the end by itself
    assert server.seen[-1].body["input"] == ["b" * 101]  # only it was asked again


@pytest.mark.parametrize("fault", ["http_429", "http_500", "cut_body", "not_json", "wrong_shape", "reset"])
async def test_what_may_pass_is_tried_again(server: ModelServer, fault: str) -> None:
    server.retry_after = "0"
    server.fails(fault)
    async with opened(server) as llm:
        assert reasons(await vectors(llm, "one", "two")) == [None, None]
    assert server.requests == 2


@pytest.mark.parametrize(
    "data",
    [
        [{"embedding": [1.0, 2.0]}],
        [{"embedding": [1.0, float("nan")]}, {"embedding": [1.0, 2.0]}],
        [{"embedding": []}, {"embedding": [1.0]}],
        [{"embedding": "no base64!"}, {"embedding": [1.0]}],
        [{"embedding": {"a": 1}}, {"embedding": [[1.0]]}],
    ],
)
async def test_what_is_no_vector_a_text_is_an_invalid_reply(server: ModelServer, data: list[Any]) -> None:
    server.answers({"data": data})
    async with opened(server) as llm:
        assert reasons(await vectors(llm, "one", "two")) == ["llm.invalid_reply"] * 2


async def test_vectors_in_base64_are_read(server: ModelServer) -> None:
    raw = base64.b64encode(np.array([4, 2, -1], "<f4").tobytes()).decode()
    server.answers({"data": [{"index": 0, "embedding": raw}]})
    async with opened(server) as llm:
        assert (await llm.vector("one")).tolist() == [1.0, 0.5, -0.25]


async def test_vectors_of_another_length_end_the_run(server: ModelServer) -> None:
    server.vectors = lambda text: [1.0] * len(text)
    async with opened(server) as llm:
        await llm.vector("one")
        with pytest.raises(DeadWorld, match="vectors of 3 and of 5 numbers"):
            await llm.vector("three")


async def test_tokens_are_shared_out_and_cost_what_the_server_counted(server: ModelServer) -> None:
    async with opened(server, price={"input": 1.0, "output": 9.0}) as llm:
        await vectors(llm, "a" * 40, "b" * 400)
        assert (llm.stats.tokens_in, llm.stats.tokens_out) == (110, 0)
        assert llm.stats.spent == pytest.approx(110 / 1_000_000)


async def test_a_server_that_counts_nothing_costs_the_worst(server: ModelServer) -> None:
    server.answers({"data": [{"embedding": [1.0]}]})
    async with opened(server, price={"input": 1.0, "output": 0.0}) as llm:
        await llm.vector("a" * 40)
        assert llm.stats.tokens_in > 40  # a byte is at least a token


async def test_no_more_is_spent_than_the_cap(server: ModelServer, tmp_path: Path) -> None:
    price, asked = {"input": 1.0, "output": 0.0}, [f"{nth} " * 100 for nth in range(100, 200)]
    cap = 3000 / 1_000_000
    async with opened(server, tmp_path / "journal.sqlite", price=price, max_spend=cap) as llm:
        made = await vectors(llm, *asked)
        assert 0 < llm.stats.spent <= cap
    refused = [one for one in made if isinstance(one, SpendCapReached)]
    assert refused
    assert not [one for one in made if isinstance(one, Exception) and one not in refused]


async def test_tries_that_are_lost_under_a_cap_are_counted_once_for_each_text(server: ModelServer) -> None:
    server.fails("cut_body", "cut_body")
    async with opened(server, price={"input": 1.0, "output": 0.0}, max_spend=1.0) as llm:
        made = await vectors(llm, "a" * 50, "b" * 50)
        worst = sum(len(b'{"model":"test","input":["') + 50 + len(b'"]}') for _ in made)
        assert reasons(made) == [None, None]
        assert llm.stats.spent == pytest.approx((2 * worst + 2 * 13) / 1_000_000, rel=0.01)


async def test_where_only_some_texts_of_a_lost_try_still_fit_below_the_cap_the_others_are_told_so(
    server: ModelServer,
) -> None:
    server.fails("cut_body")
    cap = 3.05 * len('{"model":"test","input":["' + "a" * 50 + '"]}') / 1_000_000
    async with opened(server, price={"input": 1.0, "output": 0.0}, max_spend=cap) as llm:
        one, other = await vectors(llm, "a" * 50, "b" * 50)
        assert llm.stats.spent <= cap
    assert sorted([isinstance(one, np.ndarray), isinstance(other, np.ndarray)]) == [False, True]
    assert server.seen[-1].body["input"] in (["a" * 50], ["b" * 50])


async def test_whoever_is_cancelled_leaves_the_others_their_vectors(server: ModelServer) -> None:
    server.delay = 0.2
    async with opened(server, price={"input": 1.0, "output": 0.0}) as llm:
        gone, stays = (asyncio.ensure_future(llm.vector(text)) for text in ("gone", "stays"))
        while not server.in_flight:  # noqa: ASYNC110 # the server is on a thread of its own
            await asyncio.sleep(0.005)
        gone.cancel()
        assert (await stays).shape == (3,)
        assert llm.stats.spent > 13 / 1_000_000  # what was sent for nobody counts in full


async def test_a_server_that_is_not_there_ends_all(server: ModelServer) -> None:
    server.kill()
    async with opened(server, timeout={"connect": 0.2}) as llm:
        llm._pool._servers._patience = (0.1, 0.1)
        made = await vectors(llm, "one", "two")
    assert all(isinstance(one, DeadWorld) for one in made)


async def test_a_key_that_is_refused_is_named_and_not_told(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.api_key = "another"
    monkeypatch.setenv("EMBEDDINGS_KEY", SECRET)
    async with opened(server, api_key_env="EMBEDDINGS_KEY") as llm:
        [made] = await vectors(llm, "one")
    assert isinstance(made, DeadWorld)
    assert "EMBEDDINGS_KEY is not accepted" in str(made)
    assert SECRET not in str(made)
    server.api_key = SECRET
    async with opened(server, api_key_env="EMBEDDINGS_KEY") as llm:
        assert (await llm.vector("one")).shape == (3,)


async def test_what_a_model_serves_is_what_it_is_asked_for(server: ModelServer) -> None:
    async with opened(server) as llm:
        with pytest.raises(WrongRequest, match="serves embeddings, and is asked for chat"):
            await llm.chat("Hello.")
    async with LLM(model="test", base_url=server.url) as llm:
        with pytest.raises(WrongRequest, match="serves chat, and is asked for embeddings"):
            await llm.vector("Hello.")
    assert not server.requests


@pytest.mark.parametrize("more", [{"vllm": {}}, {"batch": {"folder": "batches"}}])
def test_embeddings_are_asked_of_a_server(more: dict[str, Any]) -> None:
    with pytest.raises(FactoryError, match="name neither batch nor vllm"):
        Model.of({"model": "test", "serves": "embeddings", **more})


def test_azure_has_a_path_of_its_own() -> None:
    azure = {"base_url": "https://acme.openai.azure.com", "api_version": "2024-10-21"}
    model = Model.of({"model": "small", "serves": "embeddings", **azure})
    assert model.urls() == ["https://acme.openai.azure.com/openai/deployments/small/embeddings?api-version=2024-10-21"]


@settings(deadline=None)
@given(st.lists(st.floats(-(2.0**99), 2.0**99, width=32), min_size=1, max_size=50))
def test_a_vector_keeps_its_direction_in_the_journal(numbers: list[float]) -> None:
    whole = np.array(numbers, np.float64)
    kept = vector(said(whole.astype(np.float32), 0)["choices"][0]["message"]["content"])
    largest = np.abs(whole).max()
    assert np.allclose(kept, whole / (largest or 1), atol=6e-4)
