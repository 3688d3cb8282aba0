"""What people said of texts: data sets as they are published, and how well a score agrees, with an interval.

Documents   {"id", "text", "good": 0 or 1}
Pairs       {"prompt", "better", "worse"}, or the columns of AutoJ, LLMBar, llmfao or ranked replies of Open Assistant.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROUNDS = 2000  # of the bootstrap


@dataclass(frozen=True)
class Pair:
    """Two answers to one prompt, the first of which people preferred."""

    prompt: str
    better: str
    worse: str


def rows_of(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def documents(folder: Path) -> list[dict[str, Any]]:
    """The rated documents of a folder."""
    return [row for file in sorted(folder.glob("*.jsonl")) for row in rows_of(file) if {"text", "good"} <= row.keys()]


def pairs(folder: Path) -> dict[str, list[Pair]]:
    """The pairs of a folder by file, ties left out."""
    found = {
        file.stem: [pair for row in rows_of(file) for pair in _pairs(row)] for file in sorted(folder.glob("*.jsonl"))
    }
    return {name: its for name, its in found.items() if its}


def _pairs(row: dict[str, Any]) -> Iterator[Pair]:
    if {"prompt", "better", "worse"} <= row.keys():
        yield Pair(row["prompt"], row["better"], row["worse"])
    elif "response 1" in row:  # AutoJ: 0 first, 1 second, 2 tie
        yield from _ordered(row["prompt"], row["response 1"], row["response 2"], {0: 1, 1: 2}.get(row["label"]))
    elif "output_1" in row:  # LLMBar
        yield from _ordered(row["instruction"], row["output_1"], row["output_2"], row["better"])
    elif "answer_x" in row:  # llmfao
        yield from _ordered(row["prompt"], row["answer_x"], row["answer_y"], {"x": 1, "y": 2}.get(row["winner"]))
    elif "replies" in row:  # Open Assistant: rank 0 is best
        ranked = sorted(row["replies"], key=lambda reply: reply["rank"])
        for one, other in combinations(ranked, 2):
            if one["rank"] < other["rank"]:
                yield Pair(row["context"][-1], one["text"], other["text"])


def _ordered(prompt: str, first: str, second: str, better: int | None) -> Iterator[Pair]:
    if better in (1, 2):
        yield Pair(prompt, *((first, second) if better == 1 else (second, first)))


def is_odd(id_: str) -> bool:
    """Whether a row is one to report: bounds and weights were set on the others."""
    return hashlib.sha256(id_.encode()).digest()[-1] % 2 == 1


def auc(scores: NDArray[np.float64], good: NDArray[np.bool_]) -> float:
    """How often a good text scores above a bad one; a tie is half."""
    above = scores[good][:, None] - scores[~good][None]
    return float((above > 0).mean() + 0.5 * (above == 0).mean())


def auc_between(scores: NDArray[np.float64], good: NDArray[np.bool_]) -> tuple[float, float, float]:
    """AUC with its 95 % bootstrap interval over texts."""
    draw = np.random.default_rng(0)
    drawn = [draw.integers(0, len(good), len(good)) for _ in range(ROUNDS)]
    values = [auc(scores[these], good[these]) for these in drawn if 0 < good[these].sum() < len(these)]
    return (auc(scores, good), *np.quantile(values, [0.025, 0.975]).tolist())


def preferred(wins: Sequence[float], prompts: Sequence[str]) -> tuple[float, float, float]:
    """How often the better answer has the higher score (0, 0.5 or 1 a pair), with an interval over prompts."""
    which = np.unique(np.array(prompts), return_inverse=True)[1]
    sums, counts = np.bincount(which, weights=wins), np.bincount(which)
    draw = np.random.default_rng(0)
    drawn = draw.integers(0, len(sums), (ROUNDS, len(sums)))
    values = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    return (float(np.mean(wins)), *np.quantile(values, [0.025, 0.975]).tolist())
