"""How fast `pii` is beside presidio as shipped, and what is found in texts that should hold nothing.

    python benchmarks/pii.py                        speed on documents made here
    python benchmarks/pii.py --data DIR             and on DIR/*.jsonl
    python benchmarks/pii.py --clean DIR            what is found in texts that should hold nothing, each in its line
    python benchmarks/pii.py --clean DIR --ner rampart   names, too

Both are timed in one run, in turns, in CPU seconds of one process. How right it is: benchmarks/pii_accuracy.py.
"""

import argparse
import random
import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from _personal_data import SURE, Span, rows_of, shipped

from filters import _personal, _spans
from filters._presidio import find

WORDS = re.findall(r"\w+", "The gauge reports a level every ten minutes, and an alarm when it passes a limit.")
VALUES = [
    "jane.doe@example.com", "020 7946 0112", "(303) 555-0147", "4111 1111 1111 1111", "GB82 WEST 1234 5698 7654 32",
    "203.0.113.24", "SSN 536-22-1874", "00:1A:2B:3C:4D:5E",
]  # fmt: skip


def ours(text: str) -> list[Span]:
    return [(f.kind, f.start, f.end) for f in find(text) if f.score >= SURE]


def documents(count: int, size: int, with_values: float, seed: int = 1) -> list[str]:
    """`count` texts of about `size` characters, a share of which holds three values."""
    draw = random.Random(seed)  # noqa: S311 # no secret
    made = []
    for _ in range(count):
        words = [draw.choice(WORDS) if draw.random() > 0.03 else str(draw.randrange(3000)) for _ in range(size // 5)]
        if draw.random() < with_values:
            for value in draw.sample(VALUES, 3):
                words[draw.randrange(len(words))] = value
        made.append(" ".join(words[i] + ("\n" if i % 40 == 39 else "") for i in range(len(words))))
    return made


def speed(name: str, texts: list[str], presidio: Callable[[str], list[Span]], rounds: int = 3) -> None:
    """Print documents a CPU second of both, and their ratio: the median of interleaved rounds."""
    ours(texts[0]), presidio(texts[0])
    taken: dict[str, list[float]] = {"pii": [], "presidio": []}
    for _ in range(rounds):
        for tool, run in (("pii", ours), ("presidio", presidio)):
            start = time.process_time()
            for text in texts:
                run(text)
            taken[tool].append(time.process_time() - start)
    fast, slow = (len(texts) / statistics.median(taken[tool]) for tool in ("pii", "presidio"))
    print(f"{name:34} pii {fast:9,.0f} docs/s   presidio {slow:7,.0f} docs/s   ratio {fast / slow:5.1f}")


def clean(folder: Path, ner: str | None) -> None:
    """Print every finding in the texts of a folder, in its line."""
    texts = [p for p in sorted(folder.rglob("*")) if p.suffix in {".md", ".rst", ".txt"}]
    kinds = _personal.kinds(None, [], ner)
    total, size = 0, 0
    for path in texts:
        text = path.read_text(encoding="utf-8", errors="replace")
        size += len(text)
        found = [f._asdict() | {"field": ""} for f in _personal.find(text, kinds, ner) if f.score >= SURE]
        for start, end, kind in ((one["start"], one["end"], one["kind"]) for one in _spans._disjoint(found)):
            total += 1
            line = text[text.rfind("\n", 0, start) + 1 : start][-50:] + "[[" + text[start:end] + "]]"
            print(f"  {path.relative_to(folder)}:{text.count(chr(10), 0, start) + 1} {kind}: {line}")
    share = total / max(1, size) * 10_000
    print(f"{total} findings in {size:,} characters of {len(texts)} files: {share:.2f} in 10 kB")


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of JSONL files with spans")
    parser.add_argument(
        "--half", choices=["all", "even", "odd"], default="all", help="which rows, by the hash of their id"
    )
    parser.add_argument("--ner", help="the model that reads names, with --clean")
    parser.add_argument("--clean", type=Path, help="folder of texts without personal data")
    given = parser.parse_args()
    if given.clean:
        clean(given.clean, given.ner)
        return
    presidio = shipped()
    for size, share in [(2200, 0.0), (2200, 0.45), (300, 0.02)]:
        speed(f"{size} characters, values in {share:.0%}", documents(100, size, share), presidio)
    if given.data:
        for path in sorted(given.data.glob("*.jsonl")):
            texts = [row["text"] for row in rows_of(path, given.half)[:150]]
            speed(path.name, texts, presidio)


if __name__ == "__main__":
    main()
