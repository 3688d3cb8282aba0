"""Much text on bounded memory: CPU seconds a MB and the memory of each stage, from files to exported rows of text.

    python benchmarks/large_text.py --data FOLDER [--size-mb 100] [--filters all] [--keep FOLDER] [--to passages]

Corpus    a third each: many small Markdown files, few text files of 50 MB, JSON lines. Its paragraphs are those of the
          .md, .rst and .txt files below `--data` (without it: sentences of drawn words), drawn again and again, a drawn
          word put into each, so that few passages are alike. All of a text are of one language, as in life.
Run       `factory run` with `generate: {methods: [text]}`; `--filters all` adds exact_dedup of documents, minhash_dedup
          and pii of passages, length and exact_dedup of records; `some` only those of records. With `--to passages`
          `factory ingest`: documents and passages alone.
Shown     of each stage the CPU seconds of all processes, for a MB of the corpus too; the most memory that the largest
          process had (anonymous, and with pages of mapped files), and all processes together (anonymous), sampled
          20 times a second.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

from factory.languages import told

FILTERS = {
    "none": "",
    "some": "filter: [length, exact_dedup]\n",
    "all": "documents: {filter: [policy, exact_dedup]}\n"
    "passages: {filter: [minhash_dedup, pii: {action: placeholder}]}\n"
    "filter: [length, exact_dedup]\n",
}
VERBS = {"rows": "run", "passages": "ingest"}
BIG, SMALL, ROW = 50_000_000, 8_000, 3_000  # bytes of a text file, of a Markdown file, of a line
LONGEST = 600  # characters of a paragraph
EVERY_S = 0.05
UNDER_WAY = re.compile(r"[a-z ]+ [\d,]+( of [\d,]+)?")  # of a stage that takes long: not its end
TICKS, PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")


def paragraphs(folder: Path | None) -> list[list[str]]:
    """What the corpus is drawn from, by language, each as often as there is text of it."""
    if folder is None:
        draw = random.Random(0)  # noqa: S311 # words, not secrets
        words = ["".join(draw.choices("abcdefghilmnoprstuv", k=draw.randint(2, 9))) for _ in range(20_000)]
        return [[" ".join(draw.choices(words, k=draw.randint(20, 80))).capitalize() + "." for _ in range(5_000)]]
    found: dict[str, list[str]] = {}
    for file in sorted(file for file in folder.rglob("*") if file.suffix in (".md", ".rst", ".txt")):
        text = file.read_bytes().decode("utf-8", "ignore").replace("\0", "")
        its = [part.strip() for part in text.split("\n\n") if 40 < len(part) < LONGEST]
        found.setdefault((told(text, 20) or ("", 0.0))[0], []).extend(its)
    return [its for _, its in sorted(found.items()) if len(its) > 20]


class Corpus:
    """Texts drawn from paragraphs."""

    def __init__(self, pools: list[list[str]]) -> None:
        self._pools, self._draw = pools, random.Random(1)  # noqa: S311 # as above
        self._shares = list(map(len, pools))

    def text(self, size: int) -> Iterator[str]:
        """Paragraphs of one language, of about so many bytes together."""
        [pool] = self._draw.choices(self._pools, self._shares)
        while size > 0:
            drawn = self._draw.choice(pool)
            first, space, rest = drawn.partition(" ")
            made = f"{first} w{self._draw.getrandbits(40):x}{space}{rest}\n\n"
            size -= len(made) if made.isascii() else len(made.encode())
            yield made

    def fill(self, folder: Path, size: int) -> None:
        """Write the three forms below a folder."""
        for nth in range(max(1, size // 3 // BIG)):
            self._write(folder / "long" / f"{nth:04d}.txt", min(BIG, size // 3))
        for nth in range(size // 3 // SMALL):
            self._write(folder / "small" / f"{nth // 1000:03d}" / f"{nth:06d}.md", SMALL, f"# Part {nth}\n\n")
        (folder / "rows").mkdir(parents=True)
        with (folder / "rows" / "rows.jsonl").open("w", encoding="utf-8") as file:
            for _ in range(size // 3 // ROW):
                file.write(json.dumps({"text": "".join(self.text(ROW))}, ensure_ascii=False) + "\n")

    def _write(self, place: Path, size: int, title: str = "") -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("w", encoding="utf-8") as file:
            file.write(title)
            file.writelines(self.text(size))


@dataclass
class Peak:
    """The most memory seen, in bytes."""

    anonymous: int = 0
    resident: int = 0
    together: int = 0


@dataclass
class Watch:
    """Looks at the memory of a process and its children while they run."""

    pid: int
    peak: Peak = field(default_factory=Peak)
    stopped: Event = field(default_factory=Event)

    def run(self) -> None:
        while not self.stopped.wait(EVERY_S):
            sizes = [_memory(pid) for pid in [self.pid, *_children(self.pid)]]
            anonymous = [its[0] for its in sizes]
            self.peak.anonymous = max(self.peak.anonymous, *anonymous)
            self.peak.resident = max(self.peak.resident, *(its[1] for its in sizes))
            self.peak.together = max(self.peak.together, sum(anonymous))

    def since(self) -> Peak:
        """The peak since the last call."""
        found, self.peak = self.peak, Peak()
        return found


def _children(pid: int) -> list[int]:
    try:
        tasks = Path(f"/proc/{pid}/task")
        found = [int(one) for task in tasks.iterdir() for one in (task / "children").read_text().split()]
    except OSError:
        return []
    return found + [below for one in found for below in _children(one)]


def _memory(pid: int) -> tuple[int, int]:
    """Anonymous and all resident memory."""
    try:
        _, resident, shared, *_ = map(int, Path(f"/proc/{pid}/statm").read_text().split())
    except (OSError, ValueError):
        return 0, 0
    return (resident - shared) * PAGE, resident * PAGE


def _spent(pid: int) -> float:
    """CPU seconds of a process, of its children that live, and of those that ended."""
    total = 0
    for one in [pid, *_children(pid)]:
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(map(int, fields[11:15]))
    return total / TICKS


def measure(verb: str, recipe: Path, size: int) -> None:
    """Run a recipe and print a line a stage."""
    began = time.monotonic()
    process = subprocess.Popen(  # noqa: S603 # our own interpreter and command
        [sys.executable, "-c", "from factory.cli import main; main()", verb, str(recipe)],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    watch = Watch(process.pid)
    thread = Thread(target=watch.run, daemon=True)
    thread.start()
    before, whole = 0.0, Peak()
    print(f"{'':18}{'CPU s':>8}{'ms/MB':>8}{'largest':>9}{'+ files':>9}{'together':>9}  MB")
    assert process.stderr is not None  # noqa: S101 # a pipe, above
    for line in process.stderr:
        if UNDER_WAY.fullmatch(line.strip()):
            continue
        now, peak = _spent(process.pid) or before, watch.since()
        whole = Peak(*(max(pair) for pair in zip(vars(whole).values(), vars(peak).values(), strict=True)))
        print(_row(line[:17], now - before, size, peak), line[18:].rstrip(), flush=True)
        before = now
    watch.stopped.set()
    code = process.wait()
    ended = os.times()
    spent = ended.children_user + ended.children_system
    print(_row("all", spent, size, whole), f"{size / 1e6 / spent:.1f} MB a CPU s, {time.monotonic() - began:.0f} s,")
    print(f"{'':18}exit code {code}")


def _row(name: str, spent: float, size: int, peak: Peak) -> str:
    mb = "".join(f"{its / 1e6:9.0f}" for its in vars(peak).values())
    return f"{name.strip():18}{spent:8.1f}{spent / (size / 1e6) * 1000:8.1f}{mb}  "


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--size-mb", type=int, default=100)
    parser.add_argument("--filters", choices=FILTERS, default="some")
    parser.add_argument("--to", choices=VERBS, default="rows", help="how far to go")
    parser.add_argument("--keep", type=Path, help="where corpus and run stay; a corpus that is there is taken")
    asked = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = asked.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "corpus").exists():
            Corpus(paragraphs(asked.data)).fill(folder / "corpus", asked.size_mb * 1_000_000)
        size = sum(file.stat().st_size for file in (folder / "corpus").rglob("*") if file.is_file())
        recipe = folder / "recipe.yaml"
        made = f"run: {folder / 'run'}\nsources: [{{path: corpus}}]\ngenerate: {{methods: [text]}}\n"
        recipe.write_text(made + FILTERS[asked.filters], encoding="utf-8")
        print(f"{size / 1e6:.0f} MB in {sum(file.is_file() for file in (folder / 'corpus').rglob('*')):,} files")
        measure(VERBS[asked.to], recipe, size)


if __name__ == "__main__":
    main()
