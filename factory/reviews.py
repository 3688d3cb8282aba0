"""Reviews: the file in which a person reads rows and fills in what they are worth, written and read in one place.

Columns to read   id, digest, kind, method, place, label, score, question, context, answer, quotes, source
Columns to fill   approve, edit, reject, rank, note: empty until somebody writes into them

A mark in `approve` or `reject` is any word; `edit` is the whole answer as it should be; `rank` puts the numbered
answers of a preference or a ranking in order, the best first: `2 1`, `2 = 1 > 3`. Answers are numbered in an order
drawn from the row's id, so that the place of an answer does not give away what the row says of it. `digest` is that of
the row as it was read, with the ranks of its answers: what a person decided on one text is not applied to another.

A cell of a CSV that a spreadsheet would take for a formula gets an apostrophe before it, and loses it on reading.
"""

import csv
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from factory.drawing import draw
from factory.errors import BadItem, WrongRequest
from factory.records import BESIDE, Text

TO_READ = ("id", "digest", "kind", "method", "place", "label", "score", "question", "context", "answer", "quotes",
           "source")  # fmt: skip
TO_FILL = ("approve", "edit", "reject", "rank", "note")
COLUMNS = (*TO_READ, *TO_FILL)
FORMULA = r"[=+\-@\t\r\n]"  # what a spreadsheet takes for the beginning of one (OWASP)
CSV = (".csv", ".tsv")
RANKED = {"preference": ("chosen", "rejected"), "ranking": ("completions",)}
Says = Literal["approve", "edit", "reject", "rank"]


@dataclass(frozen=True)
class Decision:
    """What a person says of one row. `ranks` are those of the answers in the row's own order, 0 is best."""

    id: str
    digest: str
    says: Says
    place: str  # file:line
    text: str = ""  # of an edit
    ranks: tuple[int, ...] = ()
    row_ranks: tuple[int, ...] = ()  # what the row itself says


def digest(kind: str, strings: Sequence[Text]) -> str:
    """16 hex digits of a row's own texts and where they stand; what its quotes say is no part of it."""
    total = hashlib.blake2b(kind.encode(), digest_size=8)
    for string in own(strings):
        for part in (string.field, string.role, string.text):
            total.update(len(part).to_bytes(8, "little") + part.encode())
    return total.hexdigest()


def mark(kind: str, row: Mapping[str, Any], strings: Sequence[Text]) -> str:
    """What stands in the column `digest`: `16 hex digits/ranks`, as `…/0.1` for a preference."""
    ranks = {"preference": [0, 1], "ranking": row.get("ranks")}.get(kind) or []
    return f"{digest(kind, strings)}/{'.'.join(map(str, ranks))}"


def own(strings: Sequence[Text]) -> list[Text]:
    """The strings of a row without those that say where it is from."""
    return [string for string in strings if string.role not in BESIDE]


def answers(kind: str, strings: Sequence[Text]) -> list[Text]:
    """What a person judges of a row: its last answer, or its text; of a preference or ranking all answers, in order."""
    if kind in RANKED:
        return [string for string in own(strings) if string.field.startswith(RANKED[kind])]
    if kind in ("text", "labels"):
        return [string for string in own(strings) if string.field == "text"]
    said = [s for s in own(strings) if s.role == "assistant" and not s.field.startswith("prompt")]
    return said[-1:]


def drawn(id_: str, count: int) -> list[int]:
    """The order in which the answers of a row are shown: places in the row."""
    return sorted(range(count), key=lambda nth: draw(id_, nth))


def cell(text: str) -> str:
    """`text` as no spreadsheet takes it for a formula."""
    return f"'{text}" if re.match(f"'*{FORMULA}", text) else text


def plain(text: str) -> str:
    """What stands in a cell, without the apostrophe of ours."""
    return text[1:] if re.match(f"'+{FORMULA}", text) else text


def write(rows: Sequence[Mapping[str, str]], file: Path) -> bytes:
    """The rows as the bytes of such a file: CSV for spreadsheets, or JSONL. Raises WrongRequest for another ending."""
    if file.suffix in (".jsonl", ".ndjson"):
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    if file.suffix not in CSV:
        raise WrongRequest(f"{file}: a review is written as .csv or .jsonl.")
    lines = io.StringIO()
    writer = csv.writer(lines, delimiter="\t" if file.suffix == ".tsv" else ",", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([cell(row[name]) for name in COLUMNS] for row in rows)
    return lines.getvalue().encode("utf-8-sig")  # without the mark Excel reads UTF-8 as Windows-1252


def without(file: Path, gone: Callable[[str], bool]) -> bytes:
    """The bytes of such a file without the rows whose ids are `gone`; what people filled into the others stays."""
    if file.suffix in (".jsonl", ".ndjson"):
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        return "".join(line for line in lines if not gone(str(json.loads(line)["id"]))).encode()
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened))
    return write([{name: plain(row[name] or "") for name in COLUMNS} for row in rows if not gone(row["id"])], file)


def read(file: Path) -> list[Decision]:
    """The decisions in a file, in order; rows with nothing filled in are none.

    Raises ValueError, naming file and line, for a file that is no review or a row that cannot be understood.
    """
    from factory.readers.limits import Limits
    from factory.readers.rows import read_rows

    found = []
    try:
        for number, row in read_rows(file, Limits()).rows:
            place = f"{file.name}:{number}"
            if isinstance(row, BadItem):
                raise ValueError(f"{place}: {row.detail}")
            cells = {name: "" if row.get(name) is None else str(row[name]) for name in COLUMNS}
            if file.suffix in CSV:
                cells = {name: plain(text) for name, text in cells.items()}
            if not {"id", "digest"} <= set(row):
                raise ValueError(
                    f"{place}: no columns 'id' and 'digest'. Make a review with 'factory export RUN --review 100'"
                )
            decision = decided(cells, place)
            found += [decision] if decision else []
    except BadItem as error:
        raise ValueError(f"{file.name}: {error.detail}") from None
    return found


def decided(cells: Mapping[str, str], place: str) -> Decision | None:
    """What the cells of a row say; None where nothing is filled in. Raises ValueError for what cannot be understood."""
    says = [name for name in TO_FILL[:-1] if cells[name].strip()]
    if not says:
        return None
    if len(says) > 1:
        raise ValueError(f"{place}: one of {', '.join(says)}, not {'both' if len(says) == 2 else 'all'}")
    [what] = says
    kind, id_ = cells["kind"], cells["id"].strip()
    if what == "edit" and kind in RANKED:
        raise ValueError(f"{place}: of several answers one cannot tell which is edited. Reject the row, or rank them")
    if what == "rank" and kind not in RANKED:
        raise ValueError(f"{place}: a row of one answer has nothing to rank")
    its, _, ranked = cells["digest"].strip().partition("/")
    row_ranks = tuple(int(rank) for rank in ranked.split(".") if rank.isdigit())
    ranks = _ranks(cells["rank"], id_, len(row_ranks), place) if what == "rank" else ()
    text = cells["edit"] if what == "edit" else ""
    return Decision(id_, its, what, place, text, ranks, row_ranks)  # type: ignore[arg-type] # one of TO_FILL


def _ranks(text: str, id_: str, count: int, place: str) -> tuple[int, ...]:
    """`2 = 1 > 3`, as numbered in the file -> the rank of each answer in the row's order."""
    parts = re.findall(r"\d+|[=>,]", text)
    numbers = [int(part) for part in parts if part.isdigit()]
    if re.sub(r"[\d\s=>,]", "", text) or sorted(numbers) != list(range(1, count + 1)):
        raise ValueError(f"{place}: 'rank' names each answer once, the best first, as in '2 1' or '2 = 1 > 3'")
    ranks, rank, tied = dict[int, int](), -1, False
    for part in parts:
        if part.isdigit():
            rank += not tied
            ranks[int(part) - 1] = rank
        tied = part == "="
    order = drawn(id_, len(numbers))
    return tuple(ranks[order.index(nth)] for nth in range(len(numbers)))


def agrees(said: Sequence[int], row: Sequence[int]) -> bool | None:
    """Whether a person's ranks put no two answers of a row the other way round; None where they prefer none of them."""
    pairs = [(i, j) for i in range(len(row)) for j in range(len(row)) if row[i] < row[j]]
    if any(said[i] > said[j] for i, j in pairs):
        return False
    return True if any(said[i] < said[j] for i, j in pairs) else None


def each_once(decisions: Sequence[Decision]) -> Iterator[tuple[str, list[Decision]]]:
    """The decisions on each row, in their order."""
    found: dict[str, list[Decision]] = {}
    for decision in decisions:
        found.setdefault(decision.id, []).append(decision)
    yield from found.items()
