"""How well the support of a sentence finds what its source does not bear out, beside the share of its 4-grams.

    python benchmarks/grounded.py                         # sentences made from the quickstart's documents
    python benchmarks/grounded.py --data feedback.jsonl   # sentences that people marked

A line of the file is an answer: `id`, `question`, `passages` (lists of a title and sentences), `prediction 1`, and
`feedback.errors` with `error type`, `start` and `end`, as in the QA feedback of Wu et al. 2023 (arXiv:2306.01693).
Marked are the sentences that an error of the type Unverifiable or Wrong-Grounding touches.

AUC is the share of pairs of a marked and another sentence in which the marked one has the lower figure, ties half; the
interval is a bootstrap over answers. Thresholds are chosen on answers whose id has an even digest; the odd are shown.
"""

import argparse
import hashlib
import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from factory.folding import words
from factory.sentences import sentences
from filters._grounding import Known, Source, grounded, known

MARKS = ("Unverifiable", "Wrong-Grounding")
THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
RESAMPLED = 1000
ROUNDS = 3


@dataclass(frozen=True)
class Answer:
    """An answer with its source, and the spans in it that are wrong."""

    id: str
    question: str
    text: str
    passages: list[str]
    wrong: list[tuple[int, int]]

    @property
    def is_odd(self) -> bool:
        """Whether it is one of those that are shown."""
        return bool(hashlib.blake2b(self.id.encode(), digest_size=8).digest()[-1] % 2)


def read(file: Path) -> Iterator[Answer]:
    """The answers of a feedback file."""
    for line in file.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        errors = [e for e in row["feedback"]["errors"] if e["error type"] in MARKS]
        passages = ["\n".join(passage) for passage in row["passages"]]
        wrong = [(e["start"], e["end"]) for e in errors]
        yield Answer(row["id"], row["question"], row["prediction 1"], passages, wrong)


def made() -> Iterator[Answer]:
    """Answers of two sentences of a paragraph, every other one with a sentence of another document behind them."""
    folder = Path(__file__).parents[1] / "factory/quickstart/documents"
    draw = random.Random(0)  # noqa: S311 # not for secrets
    by_document = [
        [block for block in file.read_text(encoding="utf-8").split("\n\n") if len(sentences(block)) > 1]
        for file in sorted(folder.rglob("*.md"))
    ]
    for nth, blocks in enumerate(by_document):
        others = [block for other, found in enumerate(by_document) if other != nth for block in found]
        for place, block in enumerate(blocks):
            (start, _), (_, end), *_ = sentences(block)
            answer, wrong = block[start:end], []
            if place % 2 and others:
                strange = draw.choice(others)
                first, last = sentences(strange)[0]
                wrong = [(len(answer) + 1, len(answer) + 1 + last - first)]
                answer += " " + strange[first:last]
            yield Answer(f"{nth}/{place}", "", answer, [block], wrong)


def support(answer: Answer) -> list[tuple[int, int, float]]:
    """Each sentence and its support, as the filter measures it."""
    source = Source(["\n\n".join(answer.passages)])
    asked: Known = known([answer.question])
    return [(one.start, one.end, one.support) for one in grounded(answer.text, source, asked)]


def four_grams(answer: Answer) -> list[tuple[int, int, float]]:
    """Each sentence and the share of its 4-grams that the source has; one of fewer words is one gram."""

    def grams(text: str) -> list[tuple[str, ...]]:
        said = words(text)
        return [tuple(said[at : at + 4]) for at in range(max(1, len(said) - 3))]

    source = set(grams("\n\n".join(answer.passages)))
    found = [(start, end, grams(answer.text[start:end])) for start, end in sentences(answer.text)]
    return [(start, end, sum(gram in source for gram in own) / len(own)) for start, end, own in found]


@dataclass(frozen=True)
class Scored:
    """The figures of all sentences, which are right, and whose they are."""

    figure: NDArray[np.float64]
    right: NDArray[np.bool_]
    owner: NDArray[np.int64]

    def auc(self) -> float:
        """The share of pairs in the right order."""
        good, bad = self.figure[self.right], np.sort(self.figure[~self.right])
        below, upto = np.searchsorted(bad, good, "left"), np.searchsorted(bad, good, "right")
        return float((below + upto).sum() / 2 / (len(good) * len(bad)))

    def interval(self) -> tuple[float, float]:
        """95 % of the AUCs of answers drawn with replacement."""
        draw, owners = np.random.default_rng(0), np.unique(self.owner)
        places = {owner: np.flatnonzero(self.owner == owner) for owner in owners}
        found = []
        for _ in range(RESAMPLED):
            picked = np.concatenate([places[owner] for owner in draw.choice(owners, len(owners))])
            sample = Scored(self.figure[picked], self.right[picked], self.owner[picked])
            if 0 < sample.right.sum() < len(picked):
                found.append(sample.auc())
        low, high = np.percentile(found, [2.5, 97.5])
        return float(low), float(high)


def scored(answers: list[Answer], figure: Callable[[Answer], list[tuple[int, int, float]]]) -> Scored:
    """The figure of each sentence of some answers."""
    rows = [
        (value, not any(a < end and start < b for a, b in answer.wrong), nth)
        for nth, answer in enumerate(answers)
        for start, end, value in figure(answer)
    ]
    values, right, owner = zip(*rows, strict=True)
    return Scored(np.array(values), np.array(right), np.array(owner))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="feedback file; without it sentences are made")
    given = parser.parse_args()
    answers = list(read(given.data) if given.data else made())
    figures = {"support": support, "4-grams": four_grams}
    for label, some in (("all", answers), ("odd", [answer for answer in answers if answer.is_odd])):
        for name, figure in figures.items():
            found = scored(some, figure)
            low, high = found.interval()
            counts = f"{len(some)} answers, {len(found.right)} sentences, {(~found.right).sum()} marked"
            print(f"{label}  {name:8}  AUC {found.auc():.3f} [{low:.3f}, {high:.3f}]   {counts}")
    found = scored([answer for answer in answers if answer.is_odd], support)
    for threshold in THRESHOLDS:
        lost = found.figure < threshold
        print(f"odd  support < {threshold}: {lost[~found.right].mean():.2f} of the marked, "
              f"{lost[found.right].mean():.2f} of the others")  # fmt: skip
    seconds = dict.fromkeys(figures, 0.0)
    for _ in range(ROUNDS):  # interleaved, so that what else the machine does falls on both
        for name, figure in figures.items():
            began = time.process_time()
            scored(answers, figure)
            seconds[name] += time.process_time() - began
    ratio = seconds["support"] / seconds["4-grams"]
    per_answer = 1000 * seconds["support"] / ROUNDS / len(answers)
    print(f"support costs {ratio:.1f} times what 4-grams cost: {per_answer:.2f} ms an answer")


if __name__ == "__main__":
    main()
