"""What an audit costs, whole and by stage and chapter: CPU seconds and memory, beside others that describe a dataset.

    python benchmarks/audit.py [--rows 100000 1000000] [--chars 1000] [--workers 1]
    python benchmarks/audit.py --data DIR                      rows whose sentences are those of DIR/*.jsonl
    python benchmarks/audit.py --ydata ENV/bin/python --datatrove ENV/bin/python

Without --data the words of a row are made here, see all_filters.py; with it each field of a row is made of sentences
that stand in some row of DIR under the same name, so that there are as many rows as are asked for, and no two alike.
Every tool is a process of its own that reads the same file of JSON lines. Its seconds are those of the CPU, its
processes and imports included, so that a busy machine changes little; its memory is the most that its largest process
held. Others stand in environments of their own, see _described.py; that of datatrove needs spaCy as well. "python" is
twenty lines of plain Python: lengths, empty fields, repeated rows, addresses. It is the floor, and says how fast this
machine is.
A chapter is measured by itself, on the run that the audit left, and so pays for its imports and for reading its rows.
"""

import argparse
import json
import multiprocessing
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from _rated import rows_of
from all_filters import spent, write
from near import peak_mb

from factory import pandas_later
from factory.foreign import audit_dataset
from factory.progress import Progress
from factory.runs import Run
from factory.views.audit import CHAPTERS, audit
from factory.views.chapter import Writes

SENTENCE = re.compile(r"(?<=[.!?])\s+")
DESCRIBED = Path(__file__).with_name("_described.py")


@dataclass(frozen=True)
class Cost:
    """What something cost: CPU seconds, seconds of the clock, the most megabytes; and what it gave."""

    seconds: float
    wall: float
    mb: float
    gave: Any = None

    def line(self, name: str, rows: int, mine: float | None = None) -> str:
        """A row of the table; `mine` are the seconds of our audit."""
        ratio = "" if mine is None else f"   ours / its {mine / self.seconds:.1f}"
        each = 1e6 * self.seconds / rows
        return f"{name:<24} {self.seconds:>8.1f} CPU-s {each:>9.0f} us a row {self.mb:>7.0f} MB{ratio}"


class Stages(Progress):
    """The CPU seconds of each stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = spent()

    def end(self, stage: str, summary: str) -> None:
        now = spent()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._last
        self._last = now


def forked(work: Callable[[], Any]) -> Cost:
    """What `work` costs in a process of its own."""
    receive, send = multiprocessing.Pipe(duplex=False)

    def inside() -> None:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak from here on
        began, clock = spent(), time.monotonic()
        gave = work()
        send.send(Cost(spent() - began, time.monotonic() - clock, peak_mb(), gave))

    child = multiprocessing.get_context("fork").Process(target=inside)
    child.start()
    send.close()  # a child that fails ends the wait
    cost: Cost = receive.recv()
    child.join()
    return cost


def audited(file: Path, folder: Path, workers: int) -> Cost:
    """The whole audit, as the command makes it, with the seconds of its stages."""

    def work() -> dict[str, float]:
        pandas_later.put_off()  # as the command does
        stages = Stages()
        audit_dataset(file, into=folder, workers=workers, progress=stages)
        stages.end("report", "")
        return stages.seconds

    return forked(work)


def chapters(folder: Path) -> Iterator[tuple[str, Cost]]:
    """Each chapter of the report, and the report whole."""
    for module in CHAPTERS:
        yield module.NAME, forked(partial(_written, module, folder))
    yield "the report whole", forked(lambda: bool(audit(Run(folder))))


def _written(module: Writes, folder: Path) -> None:
    module.chapter(Run(folder))


def described(python: str, tool: str, file: Path) -> Cost:
    """What another tool costs under its own Python; what it gives is the seconds and memory that it found."""
    began = time.monotonic()
    done = subprocess.run([python, str(DESCRIBED), tool, str(file)], capture_output=True, text=True, check=True)  # noqa: S603 # the user's own
    seconds, mb = json.loads(done.stdout.splitlines()[-1])
    return Cost(seconds, time.monotonic() - began, mb)


def write_alike(file: Path, data: Path, rows: int, chars: int) -> None:
    """Rows of about `chars` characters whose fields are made of sentences that stand in rows of `data`."""
    draw = random.Random(1)  # noqa: S311 # no secret
    known = [row for one in sorted(data.glob("*.jsonl")) for row in rows_of(one)]
    names = [name for name, value in known[0].items() if isinstance(value, str)]
    said = {name: [row[name] for row in known if row.get(name)] for name in names}
    sentences = {
        name: [part for text in texts for part in SENTENCE.split(text) if part] for name, texts in said.items()
    }
    longest = max(names, key=lambda name: sum(map(len, sentences[name])))
    with file.open("w", encoding="utf-8") as out:
        for _ in range(rows):
            like = draw.choice(known)
            row = {name: draw.choice(sentences[name]) if like.get(name) else "" for name in names}
            while sum(map(len, row.values())) < chars:
                row[longest] = f"{row[longest]} {draw.choice(sentences[longest])}".strip()
            out.write(json.dumps(row) + "\n")


def compare(rows: int, given: argparse.Namespace, folder: Path) -> None:
    """One size: ours, the others, then what of ours is dear."""
    file, run = folder / f"{rows}.jsonl", folder / f"run-{rows}"
    if given.data:
        write_alike(file, given.data, rows, given.chars)
    else:
        write(file, rows, given.chars)
    print(f"\n{rows:,} rows, {file.stat().st_size / 1e6:,.0f} MB", flush=True)
    ours = audited(file, run, given.workers)
    print(ours.line("factory audit", rows), f"  {ours.wall:.0f} s of the clock", flush=True)
    others = {"python": sys.executable, "ydata-profiling": given.ydata, "datatrove": given.datatrove}
    for tool, python in others.items():
        if python is None:
            print(f"{tool:<24} absent: name a Python that has it")
        else:
            print(described(python, tool, file).line(tool, rows, ours.seconds), flush=True)
    for stage, seconds in ours.gave.items():
        print(f"  stage {stage:<16} {seconds:>8.1f} CPU-s {1e6 * seconds / rows:>9.0f} us a row")
    for name, cost in chapters(run):
        print("  " + cost.line(name if " " in name else f"chapter {name}", rows), flush=True)


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000], help="sizes, one after the other")
    parser.add_argument("--chars", type=int, default=1000)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--ydata", metavar="PYTHON", help="a Python that has ydata-profiling")
    parser.add_argument("--datatrove", metavar="PYTHON", help="a Python that has datatrove")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        for rows in given.rows:
            compare(rows, given, Path(folder))


if __name__ == "__main__":
    main()
