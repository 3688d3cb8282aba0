"""Show: what a run holds, and its rows as the filters left them."""

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from factory.corpus import kept_documents, kept_records, passages_by_document, record_tables
from factory.errors import WrongRequest, did_you_mean
from factory.runs import STAGES, Run

TABLES = ("documents", "passages", "records")


def overview(run: Run) -> dict[str, Any]:
    """Which stages stand and what they counted."""
    counts = {stage: run.counts(stage) for stage in STAGES if run.stands(stage)}
    for its in counts.values():
        its.pop("figures", None)  # histograms, for the page
    return {"run": run.path.name, "stages": counts}


def rows(
    run: Run, table: str, *, limit: int | None = 10, kind: str | None = None, method: str | None = None
) -> Iterator[dict[str, Any]]:
    """The first rows of a table that are kept, edited text only.

    Raises WrongRequest for a table, a kind or a method that there is not.
    """
    _check("table", table, TABLES)
    _check("kind", kind, [found.kind for found in record_tables(run)])
    sources = [its["source"] for its in run.counts("read").get("files", {}).values()]  # a row's method is its source
    _check("method", method, [*run.counts("generate").get("methods", {}), *dict.fromkeys(sources)])
    return islice(
        {"documents": _documents, "passages": _passages, "records": _records}[table](run, kind, method), limit
    )


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


def _records(run: Run, kind: str | None, method: str | None) -> Iterator[dict[str, Any]]:
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
                yield {"kind": table.kind, **left, "meta": json.loads(row["meta"])}
