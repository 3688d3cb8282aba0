"""Two real servers of a real model, by hand: MODEL=folder VLLM=venv/bin/python pytest -m real_model.

MODEL is a folder with safetensors and a chat template, VLLM a Python that has vllm (by default this one). Any model
will do, however small: what is looked at is the way there and back.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import aiohttp
import pytest
from pydantic import BaseModel

from factory.llm import LLM
from factory.llm.inprocess import QUIET

STARTS_S = 600
SMALL = {"HF_HUB_OFFLINE": "1", "VLLM_CPU_KVCACHE_SPACE": "1"}
pytestmark = [
    pytest.mark.real_model,
    pytest.mark.skipif("MODEL" not in os.environ, reason="names no model: MODEL=folder VLLM=python-with-vllm"),
]


class Capital(BaseModel):
    """A city."""

    city: str
    is_large: bool


@contextmanager
def serving(log: Path) -> "Iterator[tuple[str, subprocess.Popen[bytes]]]":
    """A server that is starting: its base URL and its process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        os.environ.get("VLLM", sys.executable), "-m", "vllm.entrypoints.openai.api_server", "--host", "127.0.0.1",
        "--port", str(port), "--model", os.environ["MODEL"], "--served-model-name", "real", "--max-model-len", "2048",
        "--enforce-eager",
    ]  # fmt: skip
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, env=os.environ | QUIET | SMALL, start_new_session=True
        )
    try:
        yield f"http://127.0.0.1:{port}/v1", process
    finally:
        kill(process)
        process.wait()


def kill(process: "subprocess.Popen[bytes]") -> None:
    """The server and its engine, which is a process of its own."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


async def ready(url: str, process: "subprocess.Popen[bytes]") -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(STARTS_S):
            assert process.poll() is None, "the server ended: its log is in tmp_path"
            try:
                async with session.get(f"{url}/models"):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(1)
    raise AssertionError("the server did not start")


async def test_a_schema_samples_and_a_pool_of_which_one_is_killed(tmp_path: Path) -> None:
    with ExitStack() as stack:
        servers = [stack.enter_context(serving(tmp_path / f"{nth}.log")) for nth in range(2)]
        await asyncio.gather(*(ready(*server) for server in servers))
        urls = [url for url, _ in servers]
        async with LLM(model="real", base_url=urls, max_tokens=60, journal=tmp_path / "journal.sqlite") as llm:
            city = await llm.ask("What is the capital of Germany?", Capital, temperature=0.0)
            assert city.city
            said = await llm.chat("Name a colour, and stop.", n=4, temperature=1.0)
            assert 1 <= len(said) <= 4  # a small model runs on now and then, and what is cut is left out
            asked = [asyncio.create_task(llm.ask(f"{n} + {n} = ?", Capital)) for n in range(24)]
            await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
            kill(servers[0][1])
            ended = await asyncio.gather(*asked, return_exceptions=True)
            stats = llm.stats
    assert all(isinstance(one, Capital) or getattr(one, "reason", "") == "llm.cut_by_length" for one in ended)
    assert stats.calls >= len(asked) + 5  # each was answered, also those that the killed one had
