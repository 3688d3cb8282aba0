"""How much of what is planted `boilerplate` takes out, and how much else.

    python benchmarks/boilerplate.py [--data DIR] [--sites 8]

Menus, cookie notices and footers of so many sites are put around (and notices into) the texts of DIR/*.jsonl, or around
texts made here that share headings and phrases; then lines are counted. No peer takes such lines out by recurrence in
one process: there is none to compare with.
"""

import argparse
import json
import random
import time
from collections import Counter
from pathlib import Path

import pyarrow as pa

from filters.boilerplate import Boilerplate

MENU = "Home Products Services Support Contact Blog Careers Help Search Login Shop News Imprint Press"
SENTENCE = "the pump valve of a tank opens and closes when water or steam is under more pressure than oil in each pipe"
ITEMS, WORDS = MENU.split(), SENTENCE.split()


def made(count: int, draw: random.Random) -> list[str]:
    """Texts of a dozen lines with headings and phrases that many of them share."""
    shared = ["Overview", "Parameters", "Warning!", "See below.", "Notes", "For example:"]
    return [
        "\n".join(
            draw.choice(shared) if draw.random() < 0.2 else " ".join(draw.choices(WORDS, k=draw.randint(8, 30))) + "."
            for _ in range(12)
        )
        for _ in range(count)
    ]


def planted(texts: list[str], sites: int, draw: random.Random) -> list[list[tuple[str, str]]]:
    """Each text as lines with what they are, under the menu and over the footer of a site."""
    menus = [[f"{item} {chr(65 + site)}" for item in draw.sample(ITEMS, draw.randint(4, 9))] for site in range(sites)]
    found = []
    for text in texts:
        site = draw.randrange(sites)
        name = f"Company {chr(65 + site)}"
        lines = [("text", line) for line in text.split("\n")]
        lines.insert(draw.randint(0, len(lines)), ("notice", f"{name} uses cookies to give you the best experience."))
        year = draw.randint(2010, 2024)
        footer = [("footer", f"© {year} {name} Ltd. All rights reserved."), ("footer", f"Terms | Privacy | {name}")]
        found.append([*(("menu", item) for item in menus[site]), *lines, *footer])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a folder of *.jsonl whose rows have a text")
    parser.add_argument("--sites", type=int, default=8, help="how many sites the texts are spread over")
    asked = parser.parse_args()
    draw = random.Random(1)  # noqa: S311 # no secret
    files = sorted(asked.data.glob("*.jsonl")) if asked.data else []
    rows = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    texts = [row["text"] for row in rows if "text" in row] or made(300, draw)
    documents = planted(texts, asked.sites, draw)
    whole = ["\n".join(line for _, line in lines) for lines in documents]
    batch = pa.record_batch({"id": [str(nth) for nth in range(len(whole))], "text": pa.array(whole, pa.large_string())})
    start = time.process_time()
    filter_ = Boilerplate()
    features = filter_.measure(batch)
    said = filter_.decide(features, filter_.settle(filter_.scan(features), None)).rows
    seconds = time.process_time() - start
    there, gone = Counter(), Counter()
    for row, lines in zip(said, documents, strict=True):
        at, edits = 0, row["edits"] or ()
        for kind, line in lines:
            if line.strip():
                there[kind] += 1
                gone[kind] += any(edit["start"] <= at < edit["end"] for edit in edits)
            at += len(line) + 1
    for kind in there:
        print(f"{kind:8} {gone[kind]:6} of {there[kind]:6} lines taken out, {gone[kind] / there[kind]:.1%}")
    flagged = sum(row["reason"] == "boilerplate.mostly_shared" for row in said)
    print(f"{flagged} of {len(said)} documents left as they are; {len(said) / seconds:,.0f} documents a CPU second")


if __name__ == "__main__":
    main()
