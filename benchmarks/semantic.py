"""Merges of texts that say the same: how many are right, on pairs that people judged; and what they cost.

    python benchmarks/semantic.py --pairs FOLDER [--rows FILE.jsonl] [--embedder sentence-transformers:FOLDER]

--pairs reads *.jsonl with `id`, `a`, `b` and `label` (1: the same): the precision and recall of `semantic_dedup`'s two
tests on each file, beside its cosine alone at several thresholds, and of `question_dedup`, with its second sense
(`other_words`) and without. The defaults were chosen on ids with an even digest; the odd are shown too. --rows times
the filter on the first strings of a file, counts what goes, and prints some of it to be read.
"""

import argparse
import json
import resource
import time
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from factory import near
from filters._embedders import DEFAULT, embedded
from filters._embeddings import alike
from filters._nearest import cosines
from filters._question_words import words
from filters._same_meaning import same, told
from filters.question_dedup import NGRAM, QuestionDedup, exactly
from filters.semantic_dedup import SemanticDedup

Flags = NDArray[np.bool_]
THRESHOLDS = (0.6, 0.7, 0.8, 0.9, 0.95)


def even(id_: str) -> bool:
    return blake2b(id_.encode(), digest_size=1).digest()[0] % 2 == 0


def line(what: str, merged: Flags, label: Flags) -> None:
    right = int((merged & label).sum())
    precision = right / max(1, int(merged.sum()))
    print(f"  {what:<44} merged {merged.sum():>5}  right {precision:.3f}  found {right / max(1, label.sum()):.3f}")


def asks_same(one: str, other: str) -> bool:
    """As `question_dedup` finds it by words alone."""
    if words(one, "en") != words(other, "en"):
        return False
    shingled = near.shingles([one, other], ngram=NGRAM, unit="char")
    return bool(near.jaccard(shingled, np.array([[0, 1]]))[0] >= QuestionDedup().threshold)


def pairs(file: Path, embedder: str) -> None:
    """What each test says of the pairs of a file."""
    rows = [json.loads(text) for text in file.read_text(encoding="utf-8").splitlines()]
    ours, theirs = (embedded([row[side] for row in rows], embedder) for side in ("a", "b"))
    cosine = np.array([cosines(ours[nth : nth + 1], theirs[nth : nth + 1])[0, 0] for nth in range(len(rows))])
    label = np.array([row["label"] == 1 for row in rows])
    its = SemanticDedup()
    tells = [(told(row["a"], "en"), told(row["b"], "en")) for row in rows]
    confirmed = np.array([same(a, b, alike, synonym=its.synonym) for a, b in tells])
    fits = np.array([exactly(a) == exactly(b) for a, b in tells])
    asked = np.array([asks_same(row["a"], row["b"]) for row in rows])
    half = np.array([even(row["id"]) for row in rows])
    for name, which in (("even, tuned on", half), ("odd", ~half)):
        print(f"{file.name}, {name}: {which.sum()} pairs, {label[which].mean():.2f} the same")
        for threshold in THRESHOLDS:
            line(f"cosine {threshold} alone", (cosine >= threshold)[which], label[which])
            line(f"cosine {threshold} and the second test", ((cosine >= threshold) & confirmed)[which], label[which])
        line("question_dedup", asked[which], label[which])
        line("question_dedup, other_words", (asked | (cosine >= its.threshold) & confirmed & fits)[which], label[which])


def rows(file: Path, show: int, embedder: str) -> None:
    """What the filter costs and takes of a file of rows."""
    texts = [
        "\n".join(value for value in json.loads(text).values() if isinstance(value, str) and value)
        for text in file.read_text(encoding="utf-8").splitlines()
    ]
    by_id = {f"{nth:07d}": text for nth, text in enumerate(texts)}
    its, before = SemanticDedup(embedder=embedder), time.process_time()
    ids = list(by_id)
    null, said = pa.array([None] * len(ids), pa.string()), pa.array(["en"] * len(ids))
    batch = {"id": pa.array(ids), "text": pa.array(texts, pa.large_string()), "language": said, "licence": null}
    shown = pa.record_batch({**batch, "confidentiality": pa.array(["internal"] * len(ids))})
    features = its.measure(shown)
    measured = time.process_time()
    state = its.settle(its.scan(features), lambda wanted: [(id_, by_id[id_]) for id_ in wanted])
    gone: dict[str, Any] = state.kept_for
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(f"{file.name}: {len(ids)} rows, measured in {measured - before:.1f} CPU-s, settled in "
          f"{time.process_time() - measured:.1f}; {memory:.0f} MB in all; {len(gone)} go")  # fmt: skip
    for id_, (kept, cosine) in list(gone.items())[:show]:
        print(f"--- {cosine}\n{by_id[id_]}\n--- stays:\n{by_id[kept]}")


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=Path, help="folder of *.jsonl with a, b and label")
    parser.add_argument("--rows", type=Path, help="file of rows")
    parser.add_argument("--embedder", default=DEFAULT, help="as in a recipe")
    parser.add_argument("--show", type=int, default=0, help="merges to print")
    given = parser.parse_args()
    for file in sorted(given.pairs.glob("*.jsonl")) if given.pairs else ():
        if '"label"' in file.open(encoding="utf-8").readline():
            pairs(file, given.embedder)
    if given.rows:
        rows(given.rows, given.show, given.embedder)


if __name__ == "__main__":
    main()
