"""How right `pii` and `secrets` are, kind by kind, beside presidio as shipped or with a model, and the NER alone.

    python benchmarks/pii_accuracy.py --data DIR                        precision, recall and F1 on DIR/*.jsonl
    python benchmarks/pii_accuracy.py --data DIR --half even            on the rows that rules may be tuned on
    python benchmarks/pii_accuracy.py --data DIR --spacy en_core_web_sm one column more
    python benchmarks/pii_accuracy.py --data DIR --show key             each false alarm and each miss of a kind

A finding is right when a true span of its kind overlaps it; a true span is found when a finding of its kind does. The
last column is the share of true spans that `pii` finds under any kind, so that they are scrubbed: a city may be found
as a part of an address.
Reported are rows whose id has an odd hash. `pii` runs with `ner: rampart` (another by `--ner`, none by `--ner ""`); the
NER alone is that model as its makers use it: words of 0.5 and more, those that stand together as one, in all of a text.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

from _personal_data import NAMES, SURE, Span, rows_of, shipped

from filters import _ner, _personal, _spans, secrets

Tool = Callable[[str], list[Span]]
WIDEST = 400  # characters that the NER alone sees at once


def ours(ner: str | None) -> Tool:
    """`pii` and `secrets`, overlaps settled as the filters do; keys of all kinds are one kind."""
    kinds = _personal.kinds(None, [], ner)
    renamed = {"password": "password", "connection_string": "password"}

    def find(text: str) -> list[Span]:
        found = [f._asdict() | {"field": ""} for f in _personal.find(text, kinds, ner) if f.score >= SURE]
        settled = [(span["kind"], span["start"], span["end"]) for span in _spans._disjoint(found)]
        return settled + sorted({(renamed.get(f.kind, "key"), f.start, f.end) for f in secrets.find(text)})

    return find


def ner_alone(name: str) -> Tool:
    """The model without gate, rules and patterns."""
    reader = _ner.reader(name)

    def find(text: str) -> list[Span]:
        return [span for start, part in _windows(text) for span in _alone(part, start)]

    def _alone(part: str, start: int) -> Iterator[Span]:
        for words in reader.words([part]):  # type: ignore[attr-defined] # Rampart's own
            kinds = [(_kind(word.person, word.street, word.place), word) for word in words]
            for kind, group in groupby((one for one in kinds if one[0]), key=lambda one: one[0]):
                for first, last in _together(part, [word for _, word in group]):
                    yield kind, start + first, start + last

    return find


def _kind(person: float, street: float, place: float) -> str:
    surest = max(person, street, place)
    return "" if surest < 0.5 else "person" if surest == person else "address" if surest == street else "location"


def _together(text: str, words: list) -> Iterator[tuple[int, int]]:  # type: ignore[type-arg] # Rampart's words
    start, end = words[0].start, words[0].end
    for word in words[1:]:
        if text[end : word.start].strip():
            yield start, end
            start = word.start
        end = word.end
    yield start, end


def _windows(text: str) -> Iterator[tuple[int, str]]:
    at = 0
    while at < len(text):
        end = len(text) if len(text) - at <= WIDEST else max(text.rfind(" ", at, at + WIDEST), at) + 1
        end = end if end > at + 1 else at + WIDEST
        yield at, text[at:end]
        at = end


def accuracy(path: Path, half: str, tools: dict[str, Tool], most: int | None, show: str | None) -> None:
    """Print precision, recall and F1 a kind; of the kind `show` also where the first tool is wrong."""
    rows = rows_of(path, half)[:most]
    counts = {name: Counter[str]() for name in tools}
    true_of: Counter[str] = Counter()
    for row in rows:
        true = [(NAMES.get(s["type"], s["type"]), s["start"], s["end"]) for s in row["spans"]]
        true_of.update(kind for kind, _, _ in true)
        for name, tool in tools.items():
            found = tool(row["text"])
            if show and name == next(iter(tools)):
                _show(row["text"], [[one for one in side if one[0] == show] for side in (found, true)])
            for one in found:
                counts[name][f"found {one[0]}"] += 1
                counts[name][f"right {one[0]}"] += any(_overlap(one, other) for other in true)
            for one in true:
                counts[name][f"hit {one[0]}"] += any(_overlap(one, other) for other in found)
                counts[name][f"gone {one[0]}"] += any(one[1] < end and start < one[2] for _, start, end in found)
    print(
        f"\n{path.name}: {len(rows)} rows ({half})\n{'':15}{'true':>6}  "
        + "".join(f"{name:^29}" for name in tools)
        + "any kind"
    )
    known = set(NAMES.values())
    first = next(iter(counts.values()))
    for kind in sorted({k for k in true_of if k in known} | {key[6:] for key in first if key.startswith("found ")}):
        scores = "".join(_scores(its, kind, true_of[kind]) for its in counts.values())
        gone = f"{first[f'gone {kind}'] / true_of[kind]:.3f}" if true_of[kind] else "  -  "
        print(f"{kind:15}{true_of[kind]:6}  {scores}{gone}")


def _show(text: str, sides: list[list[Span]]) -> None:
    """Each false alarm and each miss, with what stands around: to be read one by one, for data has gaps, too."""
    found, true = sides
    for what, ours, theirs in (("false alarm", found, true), ("miss", true, found)):
        for one in ours:
            if not any(_overlap(one, other) for other in theirs):
                _, start, end = one
                print(f"{what}: {text[max(0, start - 60) : start]!r} {text[start:end]!r} {text[end : end + 30]!r}")


def _overlap(one: Span, other: Span) -> bool:
    return one[0] == other[0] and one[1] < other[2] and other[1] < one[2]


def _scores(counts: Counter[str], kind: str, true: int) -> str:
    found, right, hit = (counts[f"{what} {kind}"] for what in ("found", "right", "hit"))
    precision, recall = right / found if found else None, hit / true if true else None
    f1 = 2 * precision * recall / (precision + recall) if precision and recall else None
    said = ("  -  " if value is None else f"{value:.3f}" for value in (precision, recall, f1))
    return f"{' '.join(said)} {found:6}     "


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of JSONL files with spans")
    parser.add_argument(
        "--half", choices=["all", "even", "odd"], default="odd", help="which rows, by the hash of the id"
    )
    parser.add_argument("--ner", default="rampart", help="the model of pii; empty: none")
    parser.add_argument("--spacy", help="a model of spaCy for presidio")
    parser.add_argument("--show", metavar="KIND", help="print each false alarm and miss of this kind")
    parser.add_argument("--rows", type=int, help="so many rows a file at most")
    parser.add_argument("--only", default="", help="files whose name begins so")
    parser.add_argument("--no-presidio", action="store_true", help="leave presidio out: it takes most of the time")
    given = parser.parse_args()
    tools = {"pii": ours(given.ner or None)}
    if not given.no_presidio:
        tools["presidio"] = shipped()
    if given.spacy:
        tools[f"presidio {given.spacy[:16]}"] = shipped(given.spacy)
    if given.ner == "rampart":
        tools["rampart alone"] = ner_alone(given.ner)
    print(" " * 23 + "each: precision, recall, F1, found")
    for path in sorted(given.data.glob(f"{given.only}*.jsonl")):
        accuracy(path, given.half, tools, given.rows, given.show)


if __name__ == "__main__":
    main()
