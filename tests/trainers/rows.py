"""Rows for trainers: people and where they live, so that a wrong pairing is a wrong answer and nothing else."""

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from factory.training import Split

NAMES = (
    "Anna",
    "Bob",
    "Cleo",
    "Dan",
    "Eve",
    "Finn",
    "Gil",
    "Hana",
    "Ida",
    "Jon",
    "Kim",
    "Lars",
    "Mia",
    "Ned",
    "Olga",
    "Pia",
)
CITIES = (
    "Berlin", "Paris", "Oslo", "Rome", "Madrid", "Kyiv", "Bern", "Riga", "Vienna", "Lima", "Cairo", "Delhi", "Quito",
    "Sofia", "Accra", "Tunis",
)  # fmt: skip
Row = dict[str, Any]


def user(text: Any) -> list[Row]:
    """A question."""
    return [{"role": "user", "content": text}]


def assistant(text: Any) -> list[Row]:
    """An answer."""
    return [{"role": "assistant", "content": text}]


def homes(*, shuffled: bool = False, count: int = 16) -> list[tuple[str, str]]:
    """Who lives where; shuffled, everybody lives where another one does."""
    cities = list(CITIES[:count])
    if shuffled:
        cities = cities[1:] + cities[:1]
    return list(zip(NAMES, cities, strict=False))


def asked(name: str) -> list[Row]:
    """The question about a person."""
    return user(f"Where does {name} live?")


def sft(pairs: Iterable[tuple[str, str]]) -> list[Row]:
    """A question and its answer."""
    return [{"id": f"r{n}", "messages": asked(name) + assistant(f"In {city}.")} for n, (name, city) in enumerate(pairs)]


def text(pairs: Iterable[tuple[str, str]]) -> list[Row]:
    """A sentence."""
    return [
        {"id": f"r{n}", "text": f"Everybody knows that {name} lives in {city}."} for n, (name, city) in enumerate(pairs)
    ]


def preference(pairs: Sequence[tuple[str, str]], *, swapped: Iterable[int] = ()) -> list[Row]:
    """The right city is better than the next one's; for the rows `swapped` it is the other way round."""
    rows = []
    for n, (name, city) in enumerate(pairs):
        better, worse = assistant(f"In {city}."), assistant(f"In {pairs[(n + 1) % len(pairs)][1]}.")
        if n in set(swapped):
            better, worse = worse, better
        rows.append({"id": f"r{n}", "prompt": asked(name), "chosen": better, "rejected": worse})
    return rows


def feedback(pairs: Sequence[tuple[str, str]], *, random_labels: bool = False) -> list[Row]:
    """Thumbs up for the right city, down for the next one's."""
    draw = random.Random(1)  # noqa: S311 # a control needs no secret
    rows = []
    for n, (name, city) in enumerate(pairs):
        for right, said in ((True, city), (False, pairs[(n + 1) % len(pairs)][1])):
            label = draw.random() < 0.5 if random_labels else right
            answer = assistant(f"In {said}.")
            rows.append({"id": f"r{n}-{right}", "prompt": asked(name), "completion": answer, "label": label})
    return rows


def split(folder: Path, kind: str, rows: Iterable[Mapping[str, Any]], name: str = "train") -> Split:
    """The rows as a JSONL file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return Split(kind, (file,))


def mean(values: Iterable[float]) -> float:
    """The mean."""
    found = list(values)
    return sum(found) / len(found)
