"""Trace: where a row came from and what happened to it, back to the sentence in the document.

It shows edited text only. `trace` takes the id of a record, a passage or a document.
"""

import json
from collections.abc import Iterator
from typing import Any

from factory import tables, verdicts
from factory.corpus import Table, all_tables, document_table, edited, kept, passages_by_document, titles_at
from factory.documents import Document
from factory.errors import WrongRequest
from factory.passages import Passage
from factory.runs import Run
from factory.views.scrubbed import may_show_passages

AROUND = 160  # characters of the passage shown on each side of a quote


def trace(run: Run, id_: str) -> dict[str, Any]:
    """What is known of a row. Raises WrongRequest for an id that the run does not have.

    {"id", "stage", "kind", "kept": bool, "verdicts": [{"by", "outcome", "reason", "evidence"}], "parents": the same of
    what it was made from, and of a kept record also "row", "meta" and "quotes": [{"text", "before", "after",
    "document", "path", "page", "heading"}]}. Nothing of a row that a filter rejected but its verdicts: it was not
    scrubbed by the filters that come later; and nothing around a quote that only rows were scrubbed of. Where the text
    of the documents was dropped: no passages, and of a quote only its words and its place.
    """
    for stage in ("records", "passages", "documents"):
        for table in all_tables(run, stage):
            position = _position(table, id_)
            if position is not None:
                return _traced(run, table, id_, position)
    raise WrongRequest(
        f"{run.path} has no record, passage or document '{id_}'. List the records with: factory show {run.path} --ids"
    )


def _position(table: Table, id_: str) -> int | None:
    offset = 0
    for batch in tables.batches(table.folder, table.schema, columns=["id"]):
        ids = batch["id"].to_pylist()
        if id_ in ids:
            return offset + int(ids.index(id_))
        offset += len(ids)
    return None


def _traced(run: Run, table: Table, id_: str, position: int) -> dict[str, Any]:
    state = kept(run, table)
    said = [*_generators_word(table, position), *_verdicts_on(run, table, id_)]
    found: dict[str, Any] = {
        "id": id_,
        "stage": table.stage,
        "kind": table.kind,
        "kept": bool(state.alive[position]),
        "verdicts": said,
    }
    found["parents"] = [_parent(run, parent) for parent in _parents(table, id_, position)]
    if not found["kept"]:
        return found
    if table.stage == "records":
        row = edited(_row(table, position), state.edits.get(position, {}))
        meta = json.loads(row["meta"])
        columns = {name: row[name] for name in row if name not in ("id", "unit", "method", "digest", "meta", "reason")}
        return {
            **found,
            "row": columns,
            "meta": {k: v for k, v in meta.items() if k != "quotes"},
            "quotes": _quotes(run, meta),
        }
    if not run.has_text:
        return found
    document_id = id_.split("/")[0]
    for document, group in passages_by_document(run, wanted=[document_id]):
        found |= _of_document(document)
        shown = [p for _, p in group if table.stage == "documents" or p.id == id_]
        found["passages"] = [_of_passage(p) for p in shown]
    return found


def _parents(table: Table, id_: str, position: int) -> list[str]:
    """Ids of what a row was made from: a record from passages, records, documents; a passage from its document."""
    if table.stage == "records":
        meta = json.loads(_row(table, position)["meta"])
        return [*meta["parents"], *meta["documents"]]
    return [id_.split("/")[0]] if table.stage == "passages" else []


def _parent(run: Run, id_: str) -> dict[str, Any]:
    if id_.count("/") > 1:
        return _parent_record(run, id_)
    [table] = all_tables(run, "passages" if "/" in id_ else "documents")
    return {"id": id_, "kind": table.kind, "verdicts": list(_verdicts_on(run, table, id_))}


def _parent_record(run: Run, id_: str) -> dict[str, Any]:
    for table in all_tables(run, "records"):
        position = _position(table, id_)
        if position is not None:
            said = [*_generators_word(table, position), *_verdicts_on(run, table, id_)]
            return {"id": id_, "kind": table.kind, "verdicts": said}
    return {"id": id_, "kind": "record", "verdicts": []}


def _row(table: Table, position: int) -> dict[str, Any]:
    for batch in tables.batches(table.folder, table.schema):
        if position < len(batch):
            return dict(batch.slice(position, 1).to_pylist()[0])
        position -= len(batch)
    raise IndexError(position)


def _generators_word(table: Table, position: int) -> Iterator[dict[str, Any]]:
    """A record's generator may have rejected it itself."""
    if table.stage == "records":
        row = _row(table, position)
        if row["reason"]:
            yield {"by": row["method"], "outcome": "reject", "reason": row["reason"], "evidence": None}


def _verdicts_on(run: Run, table: Table, id_: str) -> Iterator[dict[str, Any]]:
    for name in run.counts(f"filter.{table.stage}").get("order", []):
        for batch in tables.read_file(table.verdicts / f"{name}.parquet", verdicts.SCHEMA):
            ids = batch["id"].to_pylist()
            if id_ in ids:
                verdict = batch.slice(ids.index(id_), 1).to_pylist()[0]
                evidence = json.loads(verdict["evidence"]) if verdict["evidence"] else None
                yield {"by": name, "outcome": verdict["outcome"], "reason": verdict["reason"], "evidence": evidence}


def _quotes(run: Run, meta: dict[str, Any]) -> list[dict[str, Any]]:
    """Each quote with what stands around it in its passage, as the filters left both."""
    if not run.has_text:
        return _bare_quotes(run, meta)
    documents = {
        document.id: (document, {passage.id: passage for _, passage in group})
        for document, group in passages_by_document(run, wanted=meta["documents"])
    }
    found, may_show = [], may_show_passages(run)
    for quote in meta["quotes"]:
        document, passages = documents[quote["document"]]
        passage = passages[quote["passage"]]
        heading = list(titles_at(document, list(passages.values()), quote["start"])) if may_show else []
        place = {**_of_document(document), "page": passage.page, "heading": heading}
        found.append({"text": quote["text"], **_around(quote, passage, AROUND if may_show else 0), **place})
    return found


def _bare_quotes(run: Run, meta: dict[str, Any]) -> list[dict[str, Any]]:
    """Each quote with its place, where there is no text to show it in."""
    table = document_table(run)
    columns = [name for name in table.schema.names if name not in ("text", "marks")]
    rows = {row["id"]: row for row in tables.rows(table.folder, table.schema, columns=columns)}
    found = []
    for quote in meta["quotes"]:
        document = Document.from_row({**rows[quote["document"]], "text": "", "marks": []})
        at = {"start": quote["start"], "end": quote["end"], "passage": quote["passage"], "page": None, "heading": []}
        found.append({"text": quote["text"], "before": "", "after": "", **at, **_of_document(document)})
    return found


def _around(quote: dict[str, Any], passage: Passage, most: int) -> dict[str, Any]:
    first, last = passage.edits.to_edited(quote["start"] - passage.start, quote["end"] - passage.start)
    before, after = passage.text[max(0, first - most) : first], passage.text[last : last + most]
    return {"before": before, "after": after, "start": quote["start"], "end": quote["end"], "passage": passage.id}


def _of_document(document: Document) -> dict[str, Any]:
    return {
        "document": document.id,
        "path": document.place,
        "row": document.row,
        **document.policy.as_dict(),
    }


def _place(passage: Passage) -> dict[str, Any]:
    return {"page": passage.page, "heading": list(passage.heading)}


def _of_passage(passage: Passage) -> dict[str, Any]:
    place = {"id": passage.id, "start": passage.start, "end": passage.end, "tokens": passage.tokens}
    return {**place, **_place(passage), "text": passage.text}
