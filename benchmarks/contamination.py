"""Planted benchmark items found, by how they were dressed: `contamination` beside any shared run of 13 words.

    python benchmarks/contamination.py [--data FOLDER [--plant]]

FOLDER holds benchmark files (*.jsonl, *.csv) and planted_contamination.jsonl, a line of which has `instruction`,
`input`, `output` and `planted`: null, or {"benchmark", "item", "transform"}. Rows are reported whole and, as a check
that nothing was fitted to them, for the odd hashes of their ids alone. With --plant, 60 items of 8 words or more of
each benchmark are planted here for each transform, in place of the planted rows of the file. Without --data, items and
rows are made here.
The baseline is that of GPT-3 (Brown et al. 2020, appendix C) as its re-implementations have it: small letters,
`\\w+`, a row is contaminated where it has any 13 words in a row of a question or an answer. datatrove's own stage
needs spaCy and lighteval and is not run. CPU seconds of one process; both are timed in one run.
"""

import argparse
import hashlib
import json
import random
import re
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from factory.contamination.items import read
from filters.contamination import Contamination

Row = dict[str, Any]
FIELDS = ("instruction", "input", "output")
PLANTED = "planted_contamination"
WORD = re.compile(r"\w+")
TRANSFORMS: dict[str, Callable[[str, random.Random], str]] = {
    "exact": lambda text, draw: text,
    "wrapped": lambda text, draw: f"Read carefully and answer step by step.\n\n{text}\n\nThanks in advance!",
    "case_punct_space": lambda text, draw: re.sub(r"[,.?]", " ", text.upper()).replace(" ", "  "),
    "unicode_confusables": lambda text, draw: text.translate(str.maketrans("aeopcxy", "аеорсху")),
    "numbers_changed": lambda text, draw: re.sub(r"\d+", lambda _: str(draw.randint(2, 99)), text),
    "first_60pct": lambda text, draw: " ".join(text.split()[: len(text.split()) * 6 // 10]),
    "word_dropout_15pct": lambda text, draw: " ".join(word for word in text.split() if draw.random() > 0.15),
    "sentences_reordered": lambda text, draw: ". ".join(reversed(text.split(". "))),
}


def made(folder: Path, seed: int = 7) -> None:
    """A benchmark of 2,000 items of made-up words, and rows with 40 of them planted a transform."""
    draw = random.Random(seed)  # noqa: S311 # data of a benchmark
    words = ["".join(draw.choices("etaoinshrdlucm", k=draw.randint(2, 9))) for _ in range(8_000)]
    weights = [1 / (rank + 10) for rank in range(len(words))]

    def text(least: int, most: int) -> str:
        sentences = (
            " ".join([*draw.choices(words, weights, k=draw.randint(5, 12)), str(draw.randint(2, 99))])
            for _ in range(draw.randint(least, most))
        )
        return ". ".join(sentences) + "?"

    items = [{"question": text(2, 5), "answer": text(1, 2)} for _ in range(2_000)]
    (folder / "made.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
    rows = [{"instruction": text(1, 3), "input": "", "output": text(1, 4), "planted": None} for _ in range(1_200)]
    for name, transform in TRANSFORMS.items():
        for nth in draw.sample(range(len(items)), 40):
            planted = {"benchmark": "made", "item": nth, "transform": name}
            question = transform(str(items[nth]["question"]), draw)
            rows.append({"instruction": question, "input": "", "output": text(1, 2), "planted": planted})
    lines = (json.dumps({**row, "id": nth}) + "\n" for nth, row in enumerate(rows))
    (folder / f"{PLANTED}.jsonl").write_text("".join(lines), encoding="utf-8")


def planted(files: Sequence[Path], each: int = 60, seed: int = 11) -> list[Row]:
    """Rows with items of all benchmarks, `each` a benchmark and transform; the answer is the row's output."""
    draw, rows = random.Random(seed), list[Row]()  # noqa: S311 # data of a benchmark
    for file in files:
        items = [item for item in read(file) if sum(len(WORD.findall(text)) for text in item.questions) >= 8]
        for name, transform in TRANSFORMS.items():
            for item in draw.sample(items, min(each, len(items))):
                question = transform("\n".join(item.questions), draw)
                where = {"benchmark": item.benchmark, "item": item.name, "transform": name}
                rows.append(
                    {"instruction": question, "input": "", "output": "".join(item.answers[:1]), "planted": where}
                )
    return rows


def runs_of_13(files: Sequence[Path], rows: Sequence[Row]) -> list[bool]:
    """Whether each row shares 13 words in a row with an item."""

    def grams(text: str) -> set[tuple[str, ...]]:
        found = WORD.findall(text.lower())
        return {tuple(found[nth : nth + 13]) for nth in range(len(found) - 12)}

    known: set[tuple[str, ...]] = set()
    for file in files:
        for item in read(file):
            known.update(*map(grams, item.questions), *map(grams, item.answers))
    return [any(not known.isdisjoint(grams(str(row[field] or ""))) for field in FIELDS) for row in rows]


def ours(files: Sequence[Path], rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The verdicts of `contamination`, by default."""
    filter_ = Contamination(list(files))
    flat = [(str(nth), field, "text", str(row[field] or "")) for nth, row in enumerate(rows) for field in FIELDS]
    columns = dict(zip(("id", "field", "role", "text"), map(list, zip(*flat, strict=True)), strict=True))
    return filter_.decide(filter_.measure(pa.record_batch(columns))).rows


def shares(rows: Sequence[Row], found: Sequence[bool]) -> dict[str, str]:
    """`found / planted` of each transform, and of the natural rows."""
    counts: dict[str, list[bool]] = defaultdict(list)
    for row, hit in zip(rows, found, strict=True):
        counts[(row["planted"] or {}).get("transform", "natural rows flagged")].append(hit)
    return {name: f"{sum(hits) / len(hits):.3f} ({sum(hits)}/{len(hits)})" for name, hits in sorted(counts.items())}


def is_odd(row: Row) -> bool:
    return hashlib.blake2b(str(row["id"]).encode(), digest_size=8).digest()[0] % 2 == 1


def report(files: Sequence[Path], rows: Sequence[Row]) -> None:
    began = time.process_time()
    verdicts = ours(files, rows)
    between = time.process_time()
    baseline = runs_of_13(files, rows)
    ended = time.process_time()
    found = [verdict["outcome"] == "reject" for verdict in verdicts]
    named, right = 0, 0
    for row, verdict in zip(rows, verdicts, strict=True):
        if row["planted"] and verdict["evidence"]:
            said = json.loads(verdict["evidence"])
            named += 1
            right += (said["benchmark"], said["item"]) == (row["planted"]["benchmark"], str(row["planted"]["item"]))
    odd = [nth for nth, row in enumerate(rows) if is_odd(row)]
    columns = {
        "contamination": shares(rows, found),
        "contamination, odd ids": shares([rows[nth] for nth in odd], [found[nth] for nth in odd]),
        "any 13 words": shares(rows, baseline),
    }
    print(f"{len(rows)} rows, {len(files)} benchmarks")
    print(f"{'':24}" + "".join(f"{name:>26}" for name in columns))
    for name in columns["contamination"]:
        print(f"{name:24}" + "".join(f"{column.get(name, '-'):>26}" for column in columns.values()))
    print(f"item named rightly: {right} of {named}")
    ours_s, theirs_s = between - began, ended - between
    print(f"CPU s, items read and rows searched: {ours_s:.2f}, any 13 words {theirs_s:.2f} ({ours_s / theirs_s:.1f}x)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of benchmarks and planted_contamination.jsonl")
    parser.add_argument("--plant", action="store_true", help="plant the benchmarks of --data here")
    given = parser.parse_args()
    folder = given.data
    with tempfile.TemporaryDirectory() as temporary:
        if folder is None:
            folder = Path(temporary)
            made(folder)
        files = sorted(file for file in folder.iterdir() if file.suffix in (".jsonl", ".csv") and file.stem != PLANTED)
        if not files or not (folder / f"{PLANTED}.jsonl").is_file():
            sys.exit(f"{folder} holds no benchmark, or no {PLANTED}.jsonl.")
        lines = (folder / f"{PLANTED}.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        if given.plant:
            rows = [row for row in rows if not row["planted"]] + planted(files)
        report(files, [{"id": nth, **row} for nth, row in enumerate(rows)])


if __name__ == "__main__":
    main()
