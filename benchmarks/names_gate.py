"""What the gate before a model of names saves, and what it loses, against a model that is shown everything.

    python benchmarks/names_gate.py --data DIR           names lost on DIR/*.jsonl, whose lines have spans
    python benchmarks/names_gate.py --texts DIR          how fast on DIR/*.md, *.rst, *.txt: manuals, papers
    python benchmarks/names_gate.py                      how fast on a manual made here

Both sides do the same but for the gate: patterns, rules, a second look, what is known is found again. A first pass
begins with no word known; the second knows them all. CPU seconds of one process.
"""

import argparse
import random
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from _personal_data import NAMES, SURE, rows_of

from filters import _names, _names_gate, _ner, _personal
from filters._spans import Finding

WORDS = (
    "The gauge reports a level every ten minutes, and an alarm when it passes a limit. Set the limit in the menu. "
    "A cable that is too long weakens the signal, so use one of less than forty metres."
)
OTHERS = (
    "Modbus",
    "Ethernet",
    "Linux",
    "Python",
    "Configuration",
    "Kalibrierung",
    "Firmware",
    "Tarnwick",
    "Ines Weber",
)
Place = tuple[int, int]


def _everything(text: str, *_: Any) -> list[Place]:
    return list(_names_gate._units(text))


class Side:
    """The names of texts, with the gate or without."""

    def __init__(self, model: str, *, gate: bool) -> None:
        self._model, self._kinds = model, _personal.kinds(None, [], model)
        self._reader, self._stretches = _ner.reader(model), _names_gate.stretches if gate else _everything

    def names(self, text: str) -> list[Finding]:
        """What `pii` finds in a text, sure enough."""
        _names.stretches = self._stretches  # type: ignore[assignment] # the one thing that differs
        return [f for f in _personal.find(text, self._kinds, self._model) if f.score >= SURE]

    def forget(self) -> None:
        """As in a process that has read nothing."""
        getattr(self._reader, "_of_word", {}).clear()
        if phrase := getattr(self._reader, "phrase", None):
            phrase.cache_clear()


def speed(name: str, texts: list[str], gated: Side, all_: Side) -> None:
    """Print what both take, in turns; first the gate with no word known, then with all."""
    seconds = {}
    for which, side in (("first", gated), ("all", all_), ("second", gated)):
        if which != "second":
            side.forget()
        start = time.process_time()
        for text in texts:
            side.names(text)
        seconds[which] = time.process_time() - start
    size = sum(map(len, texts)) / 1000
    first, second = (seconds["all"] / seconds[one] for one in ("first", "second"))
    print(
        f"{name:30} {size:7,.0f} kB  everything {seconds['all'] / size * 1000:4.0f} ms a kB   gate "
        f"{seconds['first'] / size * 1000:5.1f}   ratio {first:5.1f}, {second:5.1f} once its words are known",
        flush=True,
    )


def lost(path: Path, rows: list[dict[str, Any]], gated: Side, all_: Side) -> None:
    """Print how many true names are found with everything looked at, and which of them the gate loses."""
    found = gone = 0
    for row in rows:
        text = row["text"]
        ours, theirs = gated.names(text), all_.names(text)
        for span in row["spans"]:
            start, end = span["start"], span["end"]
            if NAMES.get(span["type"], span["type"]) == "person" and _is_found(start, end, theirs):
                found += 1
                if not _is_found(start, end, ours):
                    gone += 1
                    print(f"  {text[max(0, start - 40) : start]!r} {text[start:end]!r} {text[end : end + 20]!r}")
    print(f"{path.name:30} {len(rows)} rows: of {found} names {gone} lost, {gone / max(1, found):.1%}", flush=True)


def _is_found(start: int, end: int, found: list[Finding]) -> bool:
    return any(f.start < end and start < f.end for f in found if f.kind == "person")


def manual(paragraphs: int, seed: int = 1) -> str:
    """A text in whose sentences a word in fifty is written with a capital."""
    draw = random.Random(seed)  # noqa: S311 # no secret
    words = re.findall(r"\w+", WORDS.lower())

    def sentence() -> str:
        said = [draw.choice(OTHERS) if draw.random() < 0.02 else draw.choice(words) for _ in range(14)]
        return f"{said[0][0].upper()}{said[0][1:]} {' '.join(said[1:])}."

    return "\n\n".join(" ".join(sentence() for _ in range(5)) for _ in range(paragraphs))


def _texts(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".md", ".rst", ".txt"}:
            yield path.read_text(encoding="utf-8", errors="replace")


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of JSONL files with spans")
    parser.add_argument("--only", default="", help="files whose name begins so")
    parser.add_argument("--half", choices=["all", "even", "odd"], default="all", help="which rows, by their ids' hash")
    parser.add_argument("--rows", type=int, help="so many rows a file at most")
    parser.add_argument("--texts", type=Path, nargs="*", help="folders of texts")
    parser.add_argument("--ner", default="rampart", help="the model")
    given = parser.parse_args()
    gated, all_ = Side(given.ner, gate=True), Side(given.ner, gate=False)
    for path in sorted(given.data.glob(f"{given.only}*.jsonl")) if given.data else []:
        lost(path, rows_of(path, given.half)[: given.rows], gated, all_)
    for folder in given.texts or []:
        speed(folder.name, list(_texts(folder)), gated, all_)
    if not given.data and not given.texts:
        speed("made here", [manual(60)], gated, all_)


if __name__ == "__main__":
    main()
