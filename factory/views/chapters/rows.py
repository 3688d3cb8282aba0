"""The explorer: some exported rows in full, with what filters said of them, and with their quotes in the passage they
come from, as filters left it.

What measured filters found is masked. Where only records were scrubbed a quote stands alone: what is around it in its
passage may hold what was taken out.
The rows are the examples of the findings, then a sample by a hash of the id: the same rows in every audit.
"""

import heapq
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from factory import records, tables, verdicts
from factory.corpus import passages_by_document, record_tables, titles_at
from factory.documents import Document
from factory.drawing import draw
from factory.passages import Passage
from factory.runs import Run
from factory.stages.measure import SCHEMA
from factory.views import exported
from factory.views.chapter import Chapter
from factory.views.masked import masked
from factory.views.scrubbed import may_show_passages
from factory.views.visible import size

NAME, TITLE = "rows", "Rows"
MOST = 1_000  # rows on the page
LONGEST = 3_000  # characters of a row that are shown
AROUND = 240  # characters of the passage on each side of a quote
QUOTES = 5  # a row that are shown
VERDICTS = 12
SAID = ["id", "outcome", "reason"]
BYTES = 3_500_000  # of all rows together: the page is mailed


@dataclass(frozen=True)
class _Row:
    kind: str
    split: str
    row: dict[str, Any]
    meta: dict[str, Any]


@dataclass(frozen=True)
class _Source:
    """A passage with the place of its document, and the titles above each of its characters that a quote begins at."""

    place: str
    passage: Passage
    titles: dict[int, tuple[str, ...]]

    def at(self, start: int, *, titles: bool) -> str:
        """`handbook/setup.md, page 3, Install › Linux`."""
        page = f"page {self.passage.page}" if self.passage.page else ""
        above = " › ".join(self.titles.get(start, ())) if titles else ""
        return ", ".join(part for part in (self.place, page, above) if part)


Sources = dict[str, _Source]


def chapter(run: Run, examples: Iterable[str] = ()) -> Chapter:
    """Up to `MOST` rows: those of `examples` that are exported, and a sample of the others."""
    total, chosen = _chosen(run, set(examples))
    places = sorted(chosen)
    rows = exported.at(run, places, exported.WHOLE)
    found = [_Row(kind, split, row, json.loads(row["meta"])) for kind, split, row in rows]
    hidden = masked(run, [row.row["id"] for row in found])
    found = [replace(row, row=hidden.get(row.row["id"], row.row)) for row in found]
    sources, around = _sources(run, found), may_show_passages(run)
    said = _said(run, {exported.record_of(row.row["id"]) for row in found})
    told = dict(zip(places, (_told(row, sources, said, around) for row in found), strict=True))
    shown = [told[place] for place in sorted(_fitting(chosen, told))]
    numbers = {"shown": len(shown), "of": total, "longest": LONGEST, "around_quotes": around}
    values = {name: sorted({row[name] for row in shown}) for name in ("kind", "split", "method")}
    return Chapter(numbers, shown={"rows": shown, "values": values})


def _chosen(run: Run, examples: set[str]) -> tuple[int, list[int]]:
    """How many rows there are, and the places of those to show, the examples first."""
    total = 0

    def drawn() -> Iterator[tuple[bool, bytes, int]]:
        nonlocal total
        for position, id_ in enumerate(exported.ids(run)):
            total += 1
            yield id_ not in examples, draw(id_), position

    first = heapq.nsmallest(MOST, drawn())
    return total, [position for _, _, position in first]


def _sources(run: Run, rows: list[_Row]) -> Sources:
    """The passages that the rows quote, and the first that each was made from; of the others nothing is held."""
    wanted: dict[str, set[int]] = {}
    for row in rows:
        for quote in row.meta["quotes"][:QUOTES]:
            wanted.setdefault(quote["passage"], set()).add(quote["start"])
        for parent in row.meta["parents"][:1]:
            wanted.setdefault(parent, set())
    documents = {name.split("/")[0] for name in wanted}
    found: Sources = {}
    for document, group in passages_by_document(run, wanted=documents):
        its = [passage for _, passage in group]
        found |= {one.id: _source(document, its, one, wanted[one.id]) for one in its if one.id in wanted}
        del document, group, its  # the next one is not read yet
    return found


def _source(document: Document, group: list[Passage], passage: Passage, starts: set[int]) -> _Source:
    titles = {start: titles_at(document, group, start) for start in {passage.start, *starts}}
    return _Source(document.place, passage, titles)


def _said(run: Run, wanted: set[str]) -> dict[str, list[dict[str, Any]]]:
    """What filters said of these records, where they gave a reason: those of the run, then those that were measured."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, batch in _verdicts(run):
        for row in batch.filter(pc.is_valid(batch["reason"])).to_pylist():
            if row["id"] in wanted:
                by = {"by": name or row["filter"], "measured": not name}
                found.setdefault(row["id"], []).append({**by, "outcome": row["outcome"], "reason": row["reason"]})
    return found


def _verdicts(run: Run) -> Iterator[tuple[str, pa.RecordBatch]]:
    """The verdicts on records by filter; of measured filters, whose name stands in the rows, under ''."""
    for table in record_tables(run):
        for name in run.counts("filter.records").get("order", []):
            for batch in tables.read_file(table.verdicts / f"{name}.parquet", verdicts.SCHEMA, columns=SAID):
                yield name, batch
    for file in tables.parts(run.path / "measured"):
        for batch in tables.read_file(file, SCHEMA, columns=["filter", *SAID]):
            yield "", batch


def _told(row: _Row, sources: Sources, said: Mapping[str, Any], around: bool) -> dict[str, Any]:
    """What the page shows of a row; with `around` also of the passages that it quotes."""
    meta = row.meta
    first = sources.get(next(iter(meta["parents"]), ""))
    return {
        "id": row.row["id"], "kind": row.kind, "split": row.split, "method": meta["generator"],
        "texts": list(_cut(records.texts(row.kind, row.row))), "label": row.row.get("label"),
        "quotes": [_quote(quote, sources[quote["passage"]], AROUND if around else 0)
                   for quote in meta["quotes"][:QUOTES] if quote["passage"] in sources],
        "more_quotes": max(0, len(meta["quotes"]) - QUOTES), "paths": meta["paths"][:QUOTES],
        "place": first.at(first.passage.start, titles=around) if first else "",
        "verdicts": said.get(exported.record_of(row.row["id"]), [])[:VERDICTS],
        "size": len(records.joined(row.kind, row.row)),
        "licence": meta["licence"], "confidentiality": meta["confidentiality"], "language": meta["language"],
    }  # fmt: skip


def _cut(texts: Iterable[records.Text]) -> Iterator[dict[str, Any]]:
    """The strings of a row up to `LONGEST` characters; `more` is what is left out of each."""
    room = LONGEST
    for part in texts:
        group = part.field.split("[")[0]
        yield {"group": group, "role": part.role, "text": part.text[:room], "more": max(0, len(part.text) - room)}
        room = max(0, room - len(part.text))


def _quote(quote: Mapping[str, Any], source: _Source, reach: int) -> dict[str, Any]:
    """A quote between up to `reach` characters of what stands before and after it in its passage."""
    passage, text = source.passage, quote["text"]
    first, last = passage.edits.to_edited(quote["start"] - passage.start, quote["end"] - passage.start)
    return {
        "text": text[:LONGEST], "more": max(0, len(text) - LONGEST),
        "before": passage.text[max(0, first - reach) : first], "after": passage.text[last : last + reach],
        "cut_before": first > reach, "cut_after": last + reach < len(passage.text),
        "start": quote["start"], "end": quote["end"], "place": source.at(quote["start"], titles=reach > 0),
    }  # fmt: skip


def _fitting(places: Iterable[int], told: Mapping[int, dict[str, Any]]) -> Iterator[int]:
    """The rows that fit on the page, in the order of `places`."""
    room = BYTES
    for place in places:
        room -= size(told[place])
        if room >= 0:
            yield place
