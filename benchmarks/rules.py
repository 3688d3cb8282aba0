"""How fast the rules are beside datatrove, whether they decide the same, and what they say of what people rated.

    python benchmarks/rules.py                            speed on documents made here
    python benchmarks/rules.py --python ENV/bin/python    beside datatrove, installed in an environment of its own
    python benchmarks/rules.py --data DIR                 agreement with people, on DIR/*.jsonl (see _rated.py)

With both, speed and decisions are those on the documents of DIR. Both are timed in one run, in turns, in CPU seconds;
what a run keeps of the tokens of other texts is forgotten before each round.
"""

import argparse
import json
import random
import statistics
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import _rated
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from factory.refusals import refuses
from filters._words import forget
from filters.c4 import C4
from filters.degenerate import Degenerate
from filters.document_quality import PARTS, DocumentQuality, score
from filters.fineweb import Fineweb
from filters.gopher import Gopher
from filters.language import Language

RULES: dict[str, Any] = {"gopher": Gopher(), "c4": C4(), "fineweb": Fineweb()}
FIGURES = ("words", "word_length", "alphabetic", "stop_words", "top_2", "repeated_5", "line_ends", "short_lines",
           "repeated_chars", "newlines_a_word")  # fmt: skip
FLAGS = ("same_words", "same_lines", "copied_question", "disagrees", "refuses")
BATCH, ROUNDS = 512, 3


def batches(texts: Sequence[str]) -> Iterator[pa.RecordBatch]:
    for start in range(0, len(texts), BATCH):
        some = texts[start : start + BATCH]
        none = pa.nulls(len(some), pa.string())
        ids = [str(start + nth) for nth in range(len(some))]
        yield pa.record_batch({"id": ids, "text": pa.array(some, pa.large_string()), "language": none})


def kept(filter_: Any, texts: Sequence[str]) -> NDArray[np.bool_]:
    """Whether a filter keeps each text."""
    said = [row for batch in batches(texts) for row in filter_.decide(filter_.measure(batch)).rows]
    return np.array([row["outcome"] != "reject" for row in said])


def measured(filter_: Any, texts: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """A filter's figures of all texts."""
    table = pa.Table.from_batches([filter_.measure(batch) for batch in batches(texts)])
    return {
        name: table[name].to_numpy() for name in table.column_names if name != "id" and table[name].type != pa.string()
    }


def made(count: int, size: int = 2200) -> list[str]:
    """`count` texts of about `size` characters, of 50,000 words as frequent as words are."""
    draw = random.Random(1)  # noqa: S311 # no secret
    letters = "eeeeettttaaaooiinnsshhrrddllucmwfygpbvk"
    words = ["".join(draw.choices(letters, k=draw.randint(2, 9))) for _ in range(50_000)]
    weights = [1 / (rank + 2) for rank in range(len(words))]
    texts = []
    for _ in range(count):
        drawn = draw.choices(words, weights, k=size // 6)
        marks = draw.choices(["", "", "", "", "", "", ",", ".", ".\n"], k=len(drawn))
        texts.append(" ".join(word + mark for word, mark in zip(drawn, marks, strict=True)) + ".")
    return texts


@contextmanager
def datatrove(python: str) -> Iterator[Any]:
    """A function that gives datatrove's seconds and decisions on texts."""
    command = [python, str(Path(__file__).with_name("_datatrove.py"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 # the user's own

        def ask(texts: Sequence[str]) -> dict[str, Any]:
            process.stdin.write(json.dumps({"texts": list(texts)}) + "\n")
            process.stdin.flush()
            return dict(json.loads(process.stdout.readline()))

        yield ask
        process.stdin.close()


def ours(texts: Sequence[str]) -> tuple[dict[str, float], dict[str, NDArray[np.bool_]]]:
    """CPU seconds and decisions of each of our filters: batch by batch through all of them, as in a run."""
    forget()
    seconds = dict.fromkeys(RULES, 0.0)
    said: dict[str, list[bool]] = {name: [] for name in RULES}
    for batch in batches(texts):
        for name, filter_ in RULES.items():
            start = time.process_time()
            rows = filter_.decide(filter_.measure(batch)).rows
            seconds[name] += time.process_time() - start
            said[name] += [row["outcome"] != "reject" for row in rows]
    return seconds, {name: np.array(its) for name, its in said.items()}


def speed(texts: Sequence[str], python: str | None) -> None:
    """Print documents a CPU second, and where decisions differ: medians of interleaved rounds."""
    ours(texts[:8])
    if python is None:
        rounds = [ours(texts) for _ in range(ROUNDS)]
        print("datatrove is absent: name a Python that has it with --python")
    else:
        with datatrove(python) as ask:
            both = [(ours(texts), ask(texts)) for _ in range(ROUNDS)]
        rounds = [mine for mine, _ in both]
        theirs = len(texts) / statistics.median(said["seconds"] for _, said in both)
        mine = len(texts) / statistics.median(sum(seconds.values()) for seconds, _ in rounds)
        print(f"all three: {mine:,.0f} docs/s   datatrove {theirs:,.0f} docs/s   ratio {mine / theirs:.1f}")
        for name, its in both[0][1]["kept"].items():
            same = np.mean(rounds[0][1][name] == np.array(its))
            print(f"{name:10} the same decision on {same:.2%} of {len(texts)}")
    for name in RULES:
        print(f"{name:10} {len(texts) / statistics.median(seconds[name] for seconds, _ in rounds):9,.0f} docs/s")
    chars = sum(map(len, texts)) / len(texts)
    print(f"{len(texts)} documents of {chars:,.0f} characters, {ROUNDS} rounds, medians")


def scores_of(texts: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """Every score of every filter; higher is better, as far as the rule thinks so."""
    quality = measured(DocumentQuality(), texts)
    figures = measured(RULES["gopher"], texts) | measured(RULES["fineweb"], texts)
    return {
        "document_quality": score(quality),
        **{f"  part {name}": np.nan_to_num(PARTS[name].of(quality[name]), nan=0.5) for name in PARTS},
        **{f"{name} keeps it": kept(filter_, texts).astype(float) for name, filter_ in RULES.items()},
        **{f"  figure {name}": figures[name] for name in FIGURES},
    }


def line(name: str, value: float, low: float, high: float) -> str:
    return f"{name:26} {value:.3f} [{low:.2f}, {high:.2f}]{' *' if low <= 0.5 <= high else ''}"


def documents(folder: Path) -> None:
    """Print the AUC of every score on rated documents, and what each bound of document_quality costs."""
    rows = _rated.documents(folder)
    texts, good = [row["text"] for row in rows], np.array([bool(row["good"]) for row in rows])
    odd = np.array([_rated.is_odd(row["id"]) for row in rows])
    scores = scores_of(texts)
    value, low, high = _rated.auc_between(scores["document_quality"][odd], good[odd])
    print(f"\n{len(rows)} rated documents; AUC with 95 % interval, * where it holds 0.5: predicts nothing")
    print(f"{line('document_quality', value, low, high)}   on the {odd.sum()} that set no weight")
    for name, its in scores.items():
        value, low, high = _rated.auc_between(its, good)
        print(line(name, value, low, high))
    for bound in (0.4, 0.5, 0.6, 0.7):
        stays = scores["document_quality"] >= bound
        good_kept, bad_kept = stays[odd & good].mean(), stays[odd & ~good].mean()
        print(f"min_score {bound}: of these it keeps {good_kept:.0%} of the good and {bad_kept:.0%} of the bad")


def answers(folder: Path) -> None:
    """Print how often the preferred answer has the higher score."""
    for name, its in _rated.pairs(folder).items():
        prompts = [pair.prompt for pair in its]
        better, worse = (scores_of([getattr(pair, side) for pair in its]) for side in ("better", "worse"))
        print(f"\n{name}: {len(its)} pairs; how often the preferred one scores higher, * where the interval holds 0.5")
        for score_name in better:
            wins = (np.sign(better[score_name] - worse[score_name]) + 1) / 2
            value, low, high = _rated.preferred(wins, prompts)
            print(line(score_name, value, low, high))


def flags(folder: Path) -> None:
    """Print how often the answer that alone has a flag of `degenerate`, `language` or `refusal` lost."""
    found = _rated.pairs(folder)
    head = " ".join(f"{name[:12]:>12}" for name in ("all", *found))
    print(f"\nflags: how often their bearer lost (pairs where one answer has it)\n{'':16} {head}")
    table: dict[str, dict[str, list[bool]]] = {}
    for name, its in found.items():
        better, worse = ([reasons_of(pair.prompt, getattr(pair, side)) for pair in its] for side in ("better", "worse"))
        for flag in FLAGS:
            lost = [flag in two for one, two in zip(better, worse, strict=True) if (flag in one) != (flag in two)]
            table.setdefault(flag, {})[name] = lost
    for flag, by_set in table.items():
        columns = [[lost for its in by_set.values() for lost in its], *by_set.values()]
        cells = (f"{np.mean(its):.2f} ({len(its)})" if its else "-" for its in columns)
        print(f"{flag:16} " + " ".join(f"{cell:>12}" for cell in cells))


def reasons_of(prompt: str, answer: str) -> set[str]:
    """Every flag of an answer: each rule by itself."""
    row = {"id": ["r", "r"], "field": ["messages[0].content", "messages[1].content"], "role": ["user", "assistant"]}
    batch = pa.record_batch({**row, "text": pa.array([prompt, answer], pa.large_string())})
    features = Degenerate().measure(batch)
    rules = ("min_type_token_ratio", "max_repeated_line_chars", "max_copied")
    alone = [Degenerate(**{other: None for other in rules if other != rule}) for rule in rules]
    said = [filter_.decide(features).rows[0]["reason"] for filter_ in alone]
    said.append(Language().decide(Language().measure(batch)).rows[0]["reason"])
    refuses_ = {"refuses"} if refuses(answer) else set()
    return refuses_ | {reason.rpartition(".")[2] for reason in said if reason}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", help="the Python of an environment that has datatrove and spaCy")
    parser.add_argument("--data", type=Path, help="a folder with rated documents and pairs")
    asked = parser.parse_args()
    rated = [row["text"] for row in _rated.documents(asked.data)] if asked.data else []
    speed(rated or made(600), asked.python)
    if asked.data:
        documents(asked.data)
        answers(asked.data)
        flags(asked.data)


if __name__ == "__main__":
    main()
