"""All filters that an audit measures, over one dataset: rows a second, memory, and which of them is dear.

    python benchmarks/all_filters.py [--rows 100000] [--chars 1000] [--only NAME,NAME] [--workers 1]

The rows are questions and answers made here, of words as frequent as words are; every twentieth repeats another with a
few words changed. They are filtered as `factory filter` does it, in one run, then each filter alone on a sample, in CPU
seconds: what a row costs in each. The memory is the largest that this process had, with one worker all of it.
"""

import argparse
import json
import random
import resource
import time
from collections import deque
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from factory.foreign import filter_dataset
from factory.foreign.measures import measured_by_default

SAMPLE = 2000


def write(file: Path, rows: int, chars: int) -> None:
    """Rows of about `chars` characters."""
    draw = random.Random(1)  # noqa: S311 # no secret
    letters = "eeeeettttaaaooiinnsshhrrddllucmwfygpbvk"
    vocabulary = ["".join(draw.choices(letters, k=draw.randint(2, 9))) for _ in range(50_000)]
    weights = [1 / (rank + 2) for rank in range(len(vocabulary))]
    made: deque[list[str]] = deque(maxlen=4000)
    with file.open("w", encoding="utf-8") as out:
        for nth in range(rows):
            if nth % 20 == 19:
                words = list(draw.choice(made))
                for _ in range(3):
                    words[draw.randrange(len(words))] = draw.choice(vocabulary)
            else:
                words = draw.choices(vocabulary, weights, k=chars // 6)
                words = [word + draw.choice(("", "", "", "", "", ",", ".")) for word in words]
            made.append(words)
            asked = {"role": "user", "content": " ".join(words[:20]).capitalize() + "?"}
            said = {"role": "assistant", "content": " ".join(words[20:]).capitalize() + "."}
            out.write(json.dumps({"messages": [asked, said]}) + "\n")


def filtered(file: Path, filters: list[Any], workers: int) -> float:
    """CPU seconds, those of its workers included, for these filters over a file."""
    with TemporaryDirectory() as folder:
        before = spent()
        filter_dataset(file, filters, out=Path(folder) / "left.jsonl", workers=workers)
        return spent() - before


def spent() -> float:
    """CPU seconds of this process and of those that it waited for."""
    its, theirs = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return its.ru_utime + its.ru_stime + theirs.ru_utime + theirs.ru_stime


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--chars", type=int, default=1000)
    parser.add_argument("--only", help="filters, with commas between")
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    filters = given.only.split(",") if given.only else measured_by_default()[0]
    names = [next(iter(entry)) if isinstance(entry, dict) else entry for entry in filters]
    with TemporaryDirectory() as folder:
        few, many = Path(folder) / "few.jsonl", Path(folder) / "many.jsonl"
        write(few, SAMPLE, given.chars)
        filtered(few, filters, 1)  # loads what they need
        none = filtered(few, ["length"], 1)
        for name, entry in zip(names, filters, strict=True):
            seconds = max(0.0, filtered(few, [entry], 1) - none)
            print(f"{name:<22} {1e6 * seconds / SAMPLE:>8.0f} us a row more than reading and 'length'", flush=True)
        write(many, given.rows, given.chars)
        before = time.monotonic()
        seconds = filtered(many, filters, given.workers)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
        wall = time.monotonic() - before
    print(f"all {len(names)}: {given.rows} rows of {given.chars} characters, {seconds:.0f} CPU-s, "
          f"{wall:.0f} s of the clock, {given.rows / seconds:,.0f} rows a CPU-s, {memory:.0f} MB at most")  # fmt: skip


if __name__ == "__main__":
    main()
