"""Show: what a run holds, and its rows as the filters left them."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from heapq import nsmallest
from itertools import islice
from typing import Any, TypeGuard

from factory.corpus import kept_documents, kept_records, passages_by_document, record_tables
from factory.drawing import draw
from factory.errors import WrongRequest, did_you_mean
from factory.runs import STAGES, Run
from factory.views.pairs import is_minimal

SIDES = ("chosen", "rejected")
TABLES = ("documents", "passages", "records")


def overview(run: Run) -> dict[str, Any]:
    """Which stages stand and what they counted."""
    counts = {stage: run.counts(stage) for stage in STAGES if run.stands(stage)}
    for its in counts.values():
        its.pop("figures", None)  # histograms, for the page
    return {"run": run.path.name, "stages": counts}


def rows(
    run: Run,
    table: str,
    *,
    limit: int | None = 10,
    kind: str | None = None,
    method: str | None = None,
    form: str | None = None,
    seed: int | None = None,
) -> Iterator[dict[str, Any]]:
    """The first rows of a table that are kept, edited text only; with a `seed` that many that it draws from all.

    Raises WrongRequest for a table, a kind, a method or a form that there is not.
    """
    _check("table", table, TABLES)
    _check("kind", kind, [found.kind for found in record_tables(run)])
    sources = [its["source"] for its in run.counts("read").get("files", {}).values()]  # a row's method is its source
    _check("method", method, [*run.counts("generate").get("methods", {}), *dict.fromkeys(sources)])
    if form is not None:
        _check("form", form, _forms(run, kind, method))
    found = {"documents": _documents, "passages": _passages, "records": _records}[table](run, kind, method, form)
    if seed is None:
        return islice(found, limit)
    drawn = nsmallest(limit or sys.maxsize, found, key=lambda row: (draw(seed, row["id"]), row["id"]))
    return iter(drawn)


def changed(row: Mapping[str, Any]) -> str:
    """What the generator of a pair planted in its worse answer: the kind, and the words where no filter moved them."""
    meta = row["meta"]
    if row.get("kind") != "preference" or not is_minimal(meta):
        return ""
    its = meta.get("change") or {"kind": meta["fault"]}
    if not isinstance(its, dict):
        return str(its)
    kind, spans = str(its.get("kind")), [its[side] for side in SIDES if _is_span(its.get(side))]
    if meta.get("edits") or len(spans) < len(SIDES):
        return kind
    old, new = (row[side][0]["content"][first:last] for side, (first, last) in zip(SIDES, spans, strict=True))
    return f"{kind}: {old!r} became {new!r}"


def _is_span(its: Any) -> TypeGuard[list[int]]:
    return isinstance(its, list) and len(its) == 2 and all(type(place) is int for place in its)


def _forms(run: Run, kind: str | None, method: str | None) -> list[str]:
    return sorted({row["meta"]["form"] for row in _records(run, kind, method) if row["meta"].get("form")})


def _check(what: str, name: str | None, known: Sequence[str]) -> None:
    if name is not None and name not in known:
        there = ", ".join(known) or "none"
        raise WrongRequest(f"There is no {what} '{name}'.{did_you_mean(name, known)} There are: {there}.")


def _documents(run: Run, *_: Any) -> Iterator[dict[str, Any]]:
    for _position, document, edits in kept_documents(run):
        where = {"id": document.id, "source": document.source, "path": document.path, "row": document.row}
        yield {**where, "language": document.language, **document.policy.as_dict(), "text": edits.apply(document.text)}


def _passages(run: Run, *_: Any) -> Iterator[dict[str, Any]]:
    for _document, group in passages_by_document(run):
        for _position, p in group:
            place = {"page": p.page, **({"by_ocr": True} if p.by_ocr else {}), "heading": list(p.heading)}
            yield {"id": p.id, "tokens": p.tokens, **place, "text": p.text}


def _records(run: Run, kind: str | None, method: str | None, form: str | None = None) -> Iterator[dict[str, Any]]:
    for table in record_tables(run):
        if kind is not None and table.kind != kind:
            continue
        for row in kept_records(run, table):
            if method is None or row["method"] == method:
                left = {
                    name: row[name]
                    for name in row
                    if name not in ("unit", "digest", "reason", "meta") and row[name] is not None
                }
                meta = json.loads(row["meta"])
                if form is None or meta.get("form") == form:
                    yield {"kind": table.kind, **left, "meta": meta}
