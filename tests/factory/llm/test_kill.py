"""kill -9 at any moment: what was answered is there, is not asked again, and the file is whole."""

import json
import math
import random
import sqlite3
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest

from tests.factory.llm.asking import PRICE
from tests.model_server import ModelServer, digest, tokens

AT_ONCE = 32


def stored(path: Path) -> dict[str, str]:
    """Digest of the prompt -> answer, as another program reads them; the file is looked through on the way."""
    if not path.exists() or not path.stat().st_size:
        return {}
    file = sqlite3.connect(path)
    try:
        assert file.execute("pragma integrity_check").fetchall() == [("ok",)]
        found = file.execute("select body, text from calls join requests on requests.id = request").fetchall()
    finally:
        file.close()
    return {digest(json.loads(zlib.decompress(body))["messages"]): text for body, text in found}


def handed_out(path: Path) -> dict[str, str]:
    """Digest of the prompt -> answer, of all answers that were ever in a caller's hand."""
    lines = path.read_text().splitlines() if path.exists() else []
    pairs = [line.split(" ", 1) for line in lines if line.endswith(".")]
    return {digest([{"role": "user", "content": f"Say {nth}."}]): text for nth, text in pairs}


def start(server: ModelServer, folder: Path, prompts: int, *cap: float) -> subprocess.Popen[bytes]:
    given = [server.url, folder / "journal.sqlite", prompts, folder / "used", *cap]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.factory.llm.asking", *map(str, given)], stderr=subprocess.PIPE
    )


def ended(process: "subprocess.Popen[bytes]") -> str:
    """What a process that came to its end said on stderr."""
    _, said = process.communicate(timeout=120)
    return said.decode()


def kill(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.communicate(timeout=30)


@pytest.mark.parametrize(
    ("kills", "prompts"), [(5, 300), pytest.param(50, 2_000, marks=[pytest.mark.slow])], ids=["quick", "whole"]
)
def test_nothing_that_was_answered_is_asked_again(tmp_path: Path, kills: int, prompts: int) -> None:
    drawn = random.Random(kills)  # noqa: S311 # moments, no secret
    journal = tmp_path / "journal.sqlite"
    in_flight, settled = 0, dict[str, int]()
    with ModelServer(delay=0.02) as server:
        for nth in range(kills):
            child = start(server, tmp_path, prompts)
            until = server.requests + drawn.randint(1, 2 * prompts // kills)
            while server.requests < until and child.poll() is None:
                time.sleep(0.0005)
            time.sleep(drawn.random() * 0.02)
            kill(child)
            time.sleep(0.05)  # what was in flight arrives
            in_flight += AT_ONCE
            known, asked = stored(journal), dict(server.counts)
            used = handed_out(tmp_path / "used")
            assert used.items() <= known.items(), f"handed out before it was stored, at kill {nth}"
            assert server.repeats() <= in_flight
            # what was stored at the kill before was not asked again since
            assert all(asked[prompt] == times for prompt, times in settled.items())
            settled = {prompt: asked[prompt] for prompt in known}
        assert ended(start(server, tmp_path, prompts)) == ""
        assert len(stored(journal)) == prompts
        assert all(server.counts[prompt] == times for prompt, times in settled.items())
        assert server.repeats() <= in_flight
    assert len(handed_out(tmp_path / "used")) == prompts


def test_two_processes_share_what_either_was_answered(tmp_path: Path) -> None:
    with ModelServer(delay=0.005) as server:
        both = [start(server, tmp_path, 150) for _ in range(2)]
        assert [ended(process) for process in both] == ["", ""]
        assert len(stored(tmp_path / "journal.sqlite")) == 150
        assert server.requests <= 300
        assert ended(start(server, tmp_path, 150)) == ""
        assert len(server.counts) == 150
        asked = server.requests
        assert ended(start(server, tmp_path, 150)) == ""
        assert server.requests == asked


@pytest.mark.parametrize("first", [0.006, math.inf], ids=["capped", "uncapped"])
def test_the_cap_holds_over_kills(tmp_path: Path, first: float) -> None:
    cap = 0.006
    with ModelServer(delay=0.02) as server:
        for nth in range(1, 5):
            child = start(server, tmp_path, 300, first if nth == 1 else cap)
            before = server.requests
            while server.requests < before + 20 * nth and child.poll() is None:
                time.sleep(0.0005)
            kill(child)
        assert "SpendCapReached" in ended(start(server, tmp_path, 300, cap))
        time.sleep(0.05)
        # the server makes its answer and charges it, also where the one who asked was killed
        read = sum(tokens(json.dumps(seen.body["messages"])) for seen in server.seen)
        written = sum(tokens(f"The reply to {seen.digest}.") for seen in server.seen)
        spent = (read * PRICE["input"] + written * PRICE["output"]) / 1e6
        assert 0.1 * cap < spent <= cap
