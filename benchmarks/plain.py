"""What the filters cost and find that no other tool has a like of: exact_dedup, policy, balance, review, pii_leak.

    python benchmarks/plain.py [--rows 20000]

Rows of about 1 kB of words as frequent as words are. Every tenth repeats another in other letters (capitals, full-width
forms) or spaces; every tenth has a licence that forbids its use; one document has nine rows of ten; people decided on
every tenth row. Personal values are drawn with right check digits, put into a passage, and said again by the row of it
in another dress; as many rows say a value of their own. Time is of one core, reading and writing apart: `measure` and
`decide`, with `scan` and `merge` where a filter has them, in batches of 512 rows. Memory is that of the state.
"""

import argparse
import json
import random
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
from all_filters import write

from factory import plugins, reviews
from factory.corpus import Row, batch_of
from factory.origins import Origin
from factory.records import Text, texts

BATCH = 512
LICENCES = ("MIT", "Apache-2.0", None, "CC-BY-4.0", "MIT OR GPL-2.0-only")
FORBIDDEN = "CC-BY-NC-4.0"
Value = tuple[str, str]  # as the source writes it, and as the row does


def rows_of(count: int, draw: random.Random) -> tuple[list[Row], set[str]]:
    """Rows of questions and answers, and the ids of those that repeat another."""
    with TemporaryDirectory() as folder:
        write(Path(folder) / "rows.jsonl", count, 1000)
        found = [json.loads(line) for line in (Path(folder) / "rows.jsonl").read_text(encoding="utf-8").splitlines()]
    made, copies = [], set[str]()
    for nth, data in enumerate(found):
        id_ = f"{nth:06d}"
        if nth % 10 == 9:
            copies.add(id_)
            disguise = draw.choice((str.upper, full_width, lambda text: text.replace(" ", "\u00a0 ")))
            source = draw.randrange(nth // 10 * 10, nth)
            data = {"messages": [{**m, "content": disguise(m["content"])} for m in found[source]["messages"]]}
            licence = made[source].info["licence"]  # of copies the one under stricter terms would stay
        else:
            licence = FORBIDDEN if nth % 10 == 5 else draw.choice(LICENCES)
        made.append(row(nth, id_, data, licence=licence))
    return made, copies


def full_width(text: str) -> str:
    """The ASCII letters of a text in their full-width forms."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def row(nth: int, id_: str, data: dict[str, Any], *, licence: str | None = None, passage: str = "") -> Row:
    """A row as filters are shown it."""
    document = "d0" if nth % 10 else f"e{nth}"
    policy = {"licence": licence, "copyright": None, "confidentiality": "internal"}
    info = {"kind": "sft", "language": "en", **policy, "sources": ["s"]}
    known = {"language": "en", **policy, "documents": [document], "sources": ["s"], "generator": "qa"}
    strings: list[Text] = texts("sft", {**data, "meta": '{"quotes": []}'}, beside=True)
    origins = {"raw_sourced": Origin((), (passage,), ())} if passage else {}
    return Row(nth, id_, strings, info, known, (), origins)


def said(code: Any, sees: str, rows: Sequence[Row]) -> tuple[set[str], float, int]:
    """The ids of the rows that do not stay, the CPU seconds, and the bytes of the state."""
    batches = [batch_of(rows[begin : begin + BATCH], sees) for begin in range(0, len(rows), BATCH)]
    before = time.process_time()
    features = [code.measure(batch) for batch in batches]
    seconds = time.process_time() - before
    size, state = 0, ()
    if hasattr(code, "scan"):
        before = time.process_time()
        folded(code, features)  # once for its time, and once for its size: to look at memory takes time
        seconds += time.process_time() - before
        tracemalloc.start()
        state = (folded(code, features),)
        size = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
    before = time.process_time()
    verdicts = [verdict for its in features for verdict in code.decide(its, *state).rows]
    seconds += time.process_time() - before
    return {verdict["id"] for verdict in verdicts if verdict["outcome"] == "reject"}, seconds, size


def folded(code: Any, features: Sequence[pa.RecordBatch]) -> Any:
    """The state of all batches."""
    state = code.scan(features[0])
    for its in features[1:]:
        state = code.merge(state, code.scan(its))
    return state


def tell(name: str, rows: Sequence[Row], gone: tuple[set[str], float, int], wanted: set[str]) -> None:
    """A line for one filter."""
    rejected, seconds, size = gone
    right, found = len(rejected & wanted) / max(1, len(rejected)), len(rejected & wanted) / max(1, len(wanted))
    print(f"{name:<12} {len(rows) / seconds:>9,.0f} rows a CPU-s  {size / len(rows):>4.0f} bytes a row  "
          f"rejected {len(rejected):>6,}  right {right:.4f}  found {found:.4f}")  # fmt: skip


# --- personal values -------------------------------------------------------------------------------------------------


def digits(draw: random.Random, count: int) -> str:
    """So many digits, the first no zero."""
    return str(draw.randrange(10 ** (count - 1), 10**count))


def email(draw: random.Random) -> Value:
    name, host = draw.choice(("ines", "tomas", "priya", "olga")) + digits(draw, 3), f"fernweir{digits(draw, 2)}"
    return f"{name}@{host}.com", f"{name} at {host} dot com"


def phone(draw: random.Random) -> Value:
    number = digits(draw, 6)
    return f"+49 30 90{number[:4]} {number[4:]}", f"030/90{number}"


def iban(draw: random.Random) -> Value:
    account = "37040044" + digits(draw, 10)
    check = 98 - int(account + "131400") % 97
    whole = f"DE{check:02d}{account}"
    return " ".join(whole[nth : nth + 4] for nth in range(0, len(whole), 4)), whole


def card(draw: random.Random) -> Value:
    known = "4" + digits(draw, 14)
    doubled = [int(c) * (2 - nth % 2) for nth, c in enumerate(known)]
    whole = known + str(-sum(n - 9 * (n > 9) for n in doubled) % 10)
    fours = [whole[nth : nth + 4] for nth in range(0, 16, 4)]
    return " ".join(fours), "-".join(fours)


def address(draw: random.Random) -> Value:
    parts = [str(draw.randrange(11, 250)) for _ in range(4)]
    return ".".join(parts), "[.]".join(parts)


KINDS: dict[str, tuple[Callable[[random.Random], Value], str, str]] = {  # how a value is made; before it in the source
    "email": (email, "Write to", "Which address do I write to?"),
    "phone": (phone, "Call the caretaker at", "Whom do I call?"),
    "iban": (iban, "The rent goes to the account", "Where does the rent go?"),
    "credit_card": (card, "It was paid by the card", "How was it paid?"),
    "ip": (address, "The pump is reached at", "Where is the pump reached?"),
}


def leaking(count: int, draw: random.Random) -> Iterator[tuple[str, Row, bool]]:
    """Kind, row, and whether it says the value of its passage; the others say another of the kind."""
    for nth in range(count):
        kind = list(KINDS)[nth % len(KINDS)]
        make, before, question = KINDS[kind]
        (there, dressed), (_, other) = make(draw), make(draw)
        leaks = nth // len(KINDS) % 2 == 0
        answer = f"The note says: {dressed if leaks else other}."
        data = {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}
        yield kind, row(nth, f"{nth:06d}", data, passage=f"{before} {there} before the kiln is opened."), leaks


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000)
    given = parser.parse_args()
    draw = random.Random(1)  # noqa: S311 # no secret
    rows, copies = rows_of(given.rows, draw)
    tell("exact_dedup", rows, said(plugins.filter_("exact_dedup").code, "row", rows), copies)
    forbidden = {one.id for one in rows if one.info["licence"] == FORBIDDEN}
    tell("policy", rows, said(plugins.filter_("policy").code, "row", rows), forbidden)
    cap = given.rows // 4
    balance = said(plugins.filter_("balance", {"caps": {"document": cap}}).code, "record", rows)
    largest = {one.id for one in rows if one.meta["documents"] == ["d0"]}
    tell("balance", rows, balance, balance[0] & largest)
    print(f"{'':<12} of the largest document {len(largest - balance[0]):,} stay, the cap is {cap:,}")
    with TemporaryDirectory() as folder:
        decided = [one for one in rows if one.position % 10 == 3]
        marks = [reviews.mark("sft", {}, one.strings) for one in decided]
        lines = [
            {"id": one.id, "digest": mark, "kind": "sft", "reject": "wrong"}
            for one, mark in zip(decided, marks, strict=True)
        ]
        (Path(folder) / "decided.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
        review = plugins.filter_("review", {"file": str(Path(folder) / "decided.jsonl")}).code
        tell("review", rows, said(review, "record", rows), {one.id for one in decided})
    planted = list(leaking(given.rows // 5, draw))
    leaks = plugins.filter_("pii_leak").code
    said(leaks, "raw_sourced", [one for _, one, _ in planted[:10]])  # loads what it needs
    gone = said(leaks, "raw_sourced", [one for _, one, _ in planted])  # at once: a text that comes again costs nothing
    tell("pii_leak", [one for _, one, _ in planted], gone, {one.id for _, one, leaks_ in planted if leaks_})
    for kind in KINDS:
        wanted = {one.id for of, one, leaks_ in planted if leaks_ and of == kind}
        print(f"{'':<12} {kind}: {len(gone[0] & wanted)} of {len(wanted)}")


if __name__ == "__main__":
    main()
