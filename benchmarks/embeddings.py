"""What a vector from a server costs: CPU a text with the journal, asked and found again, and bytes of the journal.

    python benchmarks/embeddings.py [--texts 5000] [--numbers 1024]     # from the root of the repository

Texts of 20 words, 256 at once, to a server on loopback in a process of its own that has one vector for all.
"""

import argparse
import asyncio
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from factory.llm import LLM

SERVER = """
import random, sys, threading
from tests.model_server import ModelServer
vector = [random.uniform(-0.1, 0.1) for _ in range(int(sys.argv[1]))]
with ModelServer(vectors=lambda text: vector, keep=False) as server:
    print(server.url, flush=True)
    threading.Event().wait()
"""
WORDS = ["pump", "valve", "lid", "opens", "fan", "house", "filter", "bolt", "dial", "kiln"]
AT_ONCE = 256


async def asked(url: str, journal: Path, texts: list[str]) -> float:
    """CPU seconds for the vectors of all texts."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(text: str) -> None:
        async with slots:
            await llm.vector(text)

    before = time.process_time()
    async with LLM(model="loopback", serves="embeddings", base_url=url, journal=journal) as llm:
        await asyncio.gather(*map(one, texts))
    return time.process_time() - before


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=5000)
    parser.add_argument("--numbers", type=int, default=1024)
    given = parser.parse_args()
    texts = [" ".join(f"{WORDS[(nth + at) % 10]}{nth}" for at in range(20)) for nth in range(given.texts)]
    command = [sys.executable, "-c", SERVER, str(given.numbers)]
    root = Path(__file__).parent.parent
    with (
        TemporaryDirectory() as folder,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as server,  # noqa: S603 # ours
    ):
        try:
            assert server.stdout is not None  # noqa: S101 # opened as a pipe
            url, journal = server.stdout.readline().strip(), Path(folder) / "journal.sqlite"
            first, again = (1e3 * asyncio.run(asked(url, journal, texts)) / given.texts for _ in range(2))
            size = journal.stat().st_size / given.texts
        finally:
            server.terminate()
    print(f"{given.texts} texts, {given.numbers} numbers: {first:.2f} ms CPU a text, {again:.2f} ms found in the "
          f"journal, {size:,.0f} bytes a text")  # fmt: skip


if __name__ == "__main__":
    main()
