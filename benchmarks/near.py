"""Near-duplicates: documents per CPU-second, against rensa and datasketch, and pairs right and wrong, from one run.

    python benchmarks/near.py [--docs 20000] [--data FOLDER] [--rounds 3]

Each tool takes the same list of str in memory to pairs at Jaccard >= 0.8 (128 permutations, shingles of 5 words), each
in a process of its own, in turn, on one thread; the median of the rounds is printed. The peers get 16 bands of 8, the
setting of rensa's README, and drop the pairs whose estimated Jaccard is below 0.8. Their words are split off with
str.split, or with \\w+ on the small letters where --data is given; the truth is the exact Jaccard of all pairs that
share a band of a wide net (42 bands of 3) or that any tool found. Without --data a corpus is planted: words drawn by
Zipf's law, and copies of earlier documents with 0 to 12 % of the words changed, moved, cut or added.
--data reads *.jsonl (text, content, body, output, ...), *.md and *.txt below the folder.
"""

import argparse
import json
import multiprocessing
import re
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from factory import near

THRESHOLD = 0.8
FIELDS = ("text", "content", "body", "document", "output", "response", "instruction")
Pairs = set[tuple[int, int]]
Tool = Callable[[list[str], bool], Any]
Run = tuple[float, float, Any]  # CPU seconds, extra MB, what was found


def plant(docs: int, seed: int = 7) -> list[str]:
    """Documents of about 2.2 kB; every fifth is an edited copy of an earlier one."""
    draw = np.random.default_rng(seed)
    letters = np.array(list("etaoinshrdlucmfwypvbgkjqxz"))
    sizes = np.clip(draw.poisson(5, 50_000), 1, 18)
    vocabulary = np.array(["".join(draw.choice(letters, size)) for size in sizes])
    weights = 1 / np.arange(10, 50_010)
    weights /= weights.sum()
    made: list[np.ndarray] = []
    for nth in range(docs):
        if nth and nth % 5 == 0:
            words = made[int(draw.integers(max(0, nth - 5_000), nth))].copy()
            edits = int(words.size * draw.uniform(0, 0.12) ** 1.5)
            where = draw.integers(0, words.size, edits)
            kind = draw.integers(0, 3)
            if kind == 0:
                words[where] = draw.integers(0, 50_000, edits)
            elif kind == 1:
                words = np.delete(words, where)
            else:
                words = np.insert(words, where, draw.integers(0, 50_000, edits))
        else:
            words = draw.choice(50_000, int(np.clip(draw.normal(360, 90), 40, 900)), p=weights)
        made.append(words)
    return [" ".join(vocabulary[words]) for words in made]


def read(folder: Path) -> list[str]:
    """The texts below a folder."""

    def lines(path: Path) -> Iterator[str]:
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            row = json.loads(line) if line.strip() else {}
            text = next((row[field] for field in FIELDS if isinstance(row.get(field), str)), "")
            if text.strip():
                yield text

    texts: list[str] = []
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".jsonl":
            texts.extend(lines(path))
        elif path.suffix in (".md", ".txt"):
            texts.append(path.read_text(encoding="utf-8", errors="replace"))
    return texts


def token_sets(texts: list[str], planted: bool) -> list[list[str]]:
    """Word-5 shingles as strings, as the peers want them."""
    found = []
    for text in texts:
        words = text.split() if planted else re.findall(r"\w+", text.lower())
        found.append(list({" ".join(words[at : at + 5]) for at in range(max(1, len(words) - 4))}))
    return found


def ours(texts: list[str], planted: bool) -> np.ndarray:
    return near.near_duplicates(texts, threshold=THRESHOLD)


def ours_pairs(texts: list[str], planted: bool) -> Pairs:
    """All pairs, those between texts of one signature written out: the kernel lets the first of them stand for all."""
    sketched = near.signatures(texts)
    bands, rows = near.banding(THRESHOLD, sketched.shape[1])
    pairs = near.candidates(sketched, bands=bands, rows=rows)
    equal = (sketched[pairs[:, 0]] == sketched[pairs[:, 1]]).all(axis=1)
    first = near.clusters(len(texts), pairs[equal])
    same: dict[int, list[int]] = {}
    for nth, head in enumerate(first.tolist()):
        same.setdefault(head, []).append(nth)
    close = pairs[near.jaccard(near.shingles(texts), pairs) >= THRESHOLD]
    written = {(left, right) for group in same.values() for left in group for right in group if left < right}
    for left, right in close[first[close[:, 0]] != first[close[:, 1]]].tolist():
        written.update((min(i, j), max(i, j)) for i in same[left] for j in same[right])
    return written


def rensa(texts: list[str], planted: bool) -> Pairs:
    from rensa import RMinHash, RMinHashLSH  # type: ignore[import-untyped]  # ships no types

    made: list[RMinHash] = []
    for begin in range(0, len(texts), 10_000):  # in batches: the lists of shingles are most of its memory
        made += RMinHash.from_token_sets(token_sets(texts[begin : begin + 10_000], planted), num_perm=128, seed=42)
    index = RMinHashLSH(threshold=THRESHOLD, num_perm=128, num_bands=16)
    pairs: Pairs = set()
    for nth, one in enumerate(made):
        pairs.update((other, nth) for other in index.query(one) if one.jaccard(made[other]) >= THRESHOLD)
        index.insert(nth, one)
    return pairs


def datasketch(texts: list[str], planted: bool) -> Pairs:
    from datasketch import MinHash, MinHashLSH

    made: list[MinHash] = []
    for begin in range(0, len(texts), 10_000):
        sets = token_sets(texts[begin : begin + 10_000], planted)
        made += MinHash.bulk([[token.encode() for token in tokens] for tokens in sets], num_perm=128)
    index = MinHashLSH(num_perm=128, params=(16, 8))
    pairs: Pairs = set()
    for nth, one in enumerate(made):
        pairs.update((other, nth) for other in index.query(one) if one.jaccard(made[other]) >= THRESHOLD)
        index.insert(nth, one)
    return pairs


def measure(tool: Tool, texts: list[str], planted: bool) -> Run:
    """CPU seconds, extra peak MB, and what the tool found; in a fresh process, which has only the texts."""
    receive, send = multiprocessing.Pipe(duplex=False)

    def work() -> None:
        tool(texts[:50], planted)  # imports are not what is measured
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak from here on
        before = peak_mb()
        begin = time.process_time()
        found = tool(texts, planted)
        spent = time.process_time() - begin
        send.send((spent, peak_mb() - before, found))

    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    try:
        result: Run = receive.recv()
    finally:
        child.join()
    return result


def peak_mb() -> float:
    """The most memory this process has held since its peak was cleared."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except FileNotFoundError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def truth(texts: list[str], found: list[Pairs]) -> tuple[np.ndarray, np.ndarray]:
    """Every pair in question and its exact Jaccard."""
    wide = near.candidates(near.signatures(texts, seed=2), bands=42, rows=3)
    pairs = np.array(sorted(set(map(tuple, wide.tolist())).union(*found)), np.int64).reshape(-1, 2)
    return pairs, near.jaccard(near.shingles(texts), pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--docs", type=int, default=20_000, help="documents to plant, or to read at most")
    parser.add_argument("--data", type=Path, help="folder of texts instead of a planted corpus")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    planted = options.data is None
    texts = plant(options.docs) if planted else read(options.data)[: options.docs]
    size = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
    print(f"{len(texts)} documents, {size / 1e6:.1f} MB, {size / max(1, len(texts)):.0f} bytes each")

    tools: dict[str, Tool] = {"ours": ours}
    peers: dict[str, Tool] = {"rensa": rensa, "datasketch": datasketch}
    for name, tool in peers.items():
        try:
            __import__(name)
        except ImportError:
            print(f"{name}: absent, not compared. pip install {name}")
        else:
            tools[name] = tool
    runs: dict[str, list[Run]] = {name: [] for name in tools}
    for _ in range(options.rounds):
        for name, tool in tools.items():
            runs[name].append(measure(tool, texts, planted))

    report(texts, runs, planted)


def report(texts: list[str], runs: dict[str, list[Run]], planted: bool) -> None:
    """Print one line a tool, and whether our labels are those of the exact pairs."""
    size = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
    found = {name: run[0][2] for name, run in runs.items() if name != "ours"} | {"ours": ours_pairs(texts, planted)}
    pairs, similarity = truth(texts, list(found.values()))
    true = set(map(tuple, pairs[similarity >= THRESHOLD].tolist()))
    close = np.count_nonzero((similarity >= THRESHOLD - 0.1) & (similarity < THRESHOLD))
    print(f"{len(true)} pairs at Jaccard >= {THRESHOLD}; {close} less than 0.1 below")
    print("tool         docs per CPU-s   MB/s  ours is   extra MB  precision  recall     F1")
    rates = {name: len(texts) / statistics.median(spent for spent, *_ in run) for name, run in runs.items()}
    for name, run in runs.items():
        right = len(found[name] & true)
        precision, recall = right / max(1, len(found[name])), right / max(1, len(true))
        f1 = 2 * right / max(1, len(found[name]) + len(true))
        speed = (
            f"{rates[name]:>14,.0f} {rates[name] * size / len(texts) / 1e6:>6.1f} {rates['ours'] / rates[name]:>7.2f}x"
        )
        extra = max(extra for _, extra, _ in run)
        print(f"{name:<12} {speed} {extra:>10.0f} {precision:>10.4f} {recall:>7.4f} {f1:>6.4f}")
    exact = near.clusters(len(texts), pairs[similarity >= THRESHOLD])
    differ = np.count_nonzero(runs["ours"][0][2] != exact)
    print(f"our labels against those of the exact pairs: {differ} of {len(texts)} differ")


if __name__ == "__main__":
    main()
