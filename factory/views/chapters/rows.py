"""The explorer: some exported rows in full, each with its quotes in the passage they come from, as filters left it.

The rows are the examples of the findings, then a sample by a hash of the id: the same rows in every audit.
"""

import hashlib
import heapq
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from factory import records
from factory.corpus import passages_by_document
from factory.documents import Document
from factory.passages import Passage
from factory.runs import Run
from factory.views import exported
from factory.views.chapter import Chapter
from factory.views.scrubbed import may_show_passages
from factory.views.visible import size

NAME, TITLE = "rows", "Rows"
MOST = 300  # rows on the page
LONGEST = 3_000  # characters of a row that are shown
AROUND = 240  # characters of the passage on each side of a quote
QUOTES = 5  # a row that are shown
BYTES = 3_500_000  # of all rows together: the page is mailed
Sourced = dict[str, tuple[Document, Passage]]


@dataclass(frozen=True)
class _Row:
    kind: str
    split: str
    row: dict[str, Any]
    meta: dict[str, Any]


def chapter(run: Run, examples: Iterable[str] = ()) -> Chapter:
    """Up to `MOST` rows: those of `examples` that are exported, and a sample of the others."""
    total, chosen = _chosen(run, set(examples))
    places = sorted(chosen)
    rows = exported.at(run, places, exported.WHOLE)
    found = [_Row(kind, split, row, json.loads(row["meta"])) for kind, split, row in rows]
    sourced = _passages(run, found) if may_show_passages(run) else {}
    told = dict(zip(places, (_told(row, sourced) for row in found), strict=True))
    shown = [told[place] for place in sorted(_fitting(chosen, told))]
    numbers = {"shown": len(shown), "of": total, "longest": LONGEST}
    values = {name: sorted({row[name] for row in shown}) for name in ("kind", "split", "method")}
    return Chapter(numbers, shown={"rows": shown, "values": values})


def _chosen(run: Run, examples: set[str]) -> tuple[int, list[int]]:
    """How many rows there are, and the places of those to show, the examples first."""
    total = 0

    def drawn() -> Iterator[tuple[bool, bytes, int]]:
        nonlocal total
        for position, id_ in enumerate(exported.ids(run)):
            total += 1
            yield id_ not in examples, hashlib.blake2b(id_.encode(), digest_size=8).digest(), position

    first = heapq.nsmallest(MOST, drawn())
    return total, [position for _, _, position in first]


def _passages(run: Run, rows: list[_Row]) -> Sourced:
    """The passages that the rows quote, and the first that each was made from; of the others nothing is held."""
    wanted = {quote["passage"] for row in rows for quote in row.meta["quotes"][:QUOTES]}
    wanted |= {parent for row in rows for parent in row.meta["parents"][:1]}
    documents = {name.split("/")[0] for name in wanted}
    return {
        passage.id: (document, passage)
        for document, group in passages_by_document(run, wanted=documents)
        for _, passage in group
        if passage.id in wanted
    }


def _told(row: _Row, sourced: Sourced) -> dict[str, Any]:
    """What the page shows of a row."""
    meta = row.meta
    texts = list(_cut(records.texts(row.kind, row.row)))
    first = sourced.get(next((quote["passage"] for quote in meta["quotes"]), next(iter(meta["parents"]), "")))
    return {
        "id": row.row["id"], "kind": row.kind, "split": row.split, "method": meta["generator"], "texts": texts,
        "label": row.row.get("label"), "quotes": list(_quotes(meta, sourced)),
        "more_quotes": max(0, len(meta["quotes"]) - QUOTES),
        "sources": meta["sources"], "paths": meta["paths"][:QUOTES], "place": _place(*first) if first else "",
        "licence": meta["licence"], "confidentiality": meta["confidentiality"], "language": meta["language"],
    }  # fmt: skip


def _cut(texts: Iterable[records.Text]) -> Iterator[dict[str, Any]]:
    """The strings of a row up to `LONGEST` characters; `more` is what is left out of each."""
    room = LONGEST
    for part in texts:
        group = part.field.split("[")[0]
        yield {"group": group, "role": part.role, "text": part.text[:room], "more": max(0, len(part.text) - room)}
        room = max(0, room - len(part.text))


def _quotes(meta: dict[str, Any], sourced: Sourced) -> Iterator[dict[str, Any]]:
    """Each quote between what stands before and after it in its passage, where that may be shown."""
    for quote in meta["quotes"][:QUOTES]:
        text = quote["text"]
        if quote["passage"] not in sourced:
            yield {
                "text": text[:LONGEST], "more": max(0, len(text) - LONGEST), "before": "", "after": "",
                "cut_before": True, "cut_after": True, "start": quote["start"], "end": quote["end"],
                "place": ", ".join(meta["paths"][:1]),
            }  # fmt: skip
            continue
        document, passage = sourced[quote["passage"]]
        first, last = passage.edits.to_edited(quote["start"] - passage.start, quote["end"] - passage.start)
        before, after = passage.text[max(0, first - AROUND) : first], passage.text[last : last + AROUND]
        yield {
            "text": text[:LONGEST], "more": max(0, len(text) - LONGEST), "before": before, "after": after,
            "cut_before": first > AROUND, "cut_after": last + AROUND < len(passage.text),
            "start": quote["start"], "end": quote["end"], "place": _place(document, passage),
        }  # fmt: skip


def _place(document: Document, passage: Passage) -> str:
    """`handbook/setup.md, page 3, Install › Linux`."""
    row = f":{document.row}" if document.row is not None else ""
    page = f"page {passage.page}" if passage.page else ""
    parts = (f"{document.source}/{document.path}{row}", page, " › ".join(passage.heading))
    return ", ".join(part for part in parts if part)


def _fitting(places: Iterable[int], told: Mapping[int, dict[str, Any]]) -> Iterator[int]:
    """The rows that fit on the page, in the order of `places`."""
    room = BYTES
    for place in places:
        room -= size(told[place])
        if room >= 0:
            yield place
