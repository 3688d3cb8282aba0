"""Whether a model learned the documents: it says so of one that did, and of no other."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from factory import Run, run
from factory.errors import WrongRequest
from factory.stages.evaluate import evaluate
from factory.stages.train import train
from tests.corpora import write_documents, write_recipe
from tests.factory.installing import Package, on_the_path
from tests.trainers.rows import CITIES, NAMES

ASKING = '''
from collections.abc import AsyncIterator
from factory.passages import Passage
from factory.records import Record, sft

async def asking(passage: Passage, *, shuffled: bool = False) -> AsyncIterator[Record]:
    """Where each person lives; shuffled, with the home of the next one."""
    at, found = 0, []
    for sentence in passage.text.strip().split("\\n\\n"):
        name, _, city = sentence.rstrip(".").partition(" lives in ")
        found.append((name, city, passage.span(at, at + len(sentence))))
        at += len(sentence) + 2
    for nth, (name, city, quote) in enumerate(found):
        told = found[(nth + 1) % len(found)][1] if shuffled else city
        yield sft(
            passage, f"Where does {name} live?", f"In {told}.", quotes=[quote], right=f"In {city}.",
            rewordings=[f"In which town is {name} at home?"],
        )
'''


@pytest.fixture(scope="module", autouse=True)
def _plugin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with on_the_path(tmp_path_factory.mktemp("site")) as site:
        Package(site, "stranger").declares("generators", "asking", ASKING)
        yield


def people(folder: Path, *, shuffled: bool = False) -> Run:
    """A run whose documents say who lives where: each of four documents four people."""
    for nth in range(4):
        lines = [f"{NAMES[n]} lives in {CITIES[n]}." for n in range(4 * nth, 4 * nth + 4)]
        write_documents(folder, {f"{nth}.md": "\n\n".join(lines) + "\n"})
    split = {"split": {"validation": 0, "test": 0}}
    made = write_recipe(folder, methods=[{"asking": {"shuffled": shuffled}}], export=split)
    return run(made, set=["generate.exam.share=0.25"], until="export")
