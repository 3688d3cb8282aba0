"""Reading the tables of a run as the filters left them: rejected rows gone, edits applied.

`Kept` is what the verdicts say of one table: which rows live (1 byte a row) and their edits (about 300 bytes an edited
row). Rows are read in order, a row group at a time. `Corpus` is what a generator may search.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from factory import documents, memory, origins, passages, records, tables, verdicts
from factory.documents import Document
from factory.edits import Edit, EditMap
from factory.errors import DeadWorld
from factory.origins import STRINGS, Origin
from factory.passages import Passage
from factory.policy import Policy
from factory.records import Text
from factory.runs import Run

LARGE = 4_000_000  # characters of a document
FIELD = re.compile(r"([a-z_]+)|\[(\d+)\]")


@dataclass(frozen=True)
class Table:
    """One table of a run and where its verdicts stand. `kind` is that of its rows: document, passage, or a record's."""

    stage: str
    kind: str
    folder: Path
    verdicts: Path
    schema: pa.Schema


def document_table(run: Run) -> Table:
    """The documents of a run."""
    return Table("documents", "document", run.path / "documents", run.path / "verdicts/documents", documents.SCHEMA)


def passage_table(run: Run) -> Table:
    """The passages of a run."""
    return Table("passages", "passage", run.path / "passages", run.path / "verdicts/passages", passages.SCHEMA)


def record_tables(run: Run) -> list[Table]:
    """The records of a run, one table a kind that has any."""
    found = [kind for kind in records.KINDS if tables.parts(run.path / "records" / kind)]
    return [
        Table("records", kind, run.path / "records" / kind, run.path / "verdicts/records" / kind, records.schema(kind))
        for kind in found
    ]


def all_tables(run: Run, stage: str) -> list[Table]:
    """The tables that the filters of a stage work on."""
    return {"documents": [document_table(run)], "passages": [passage_table(run)], "records": record_tables(run)}[stage]


@dataclass
class Kept:
    """What verdicts say of a table: `alive` by row position, `edits` by position and field, in the row's own text."""

    alive: "np.ndarray[Any, np.dtype[np.bool_]]"
    edits: dict[int, dict[str, EditMap]] = field(default_factory=dict)

    @classmethod
    def all(cls, count: int) -> "Kept":
        """Every row, as it is."""
        return cls(np.ones(count, dtype=bool))

    def take(self, position: int, verdict: Mapping[str, Any]) -> None:
        """Apply one verdict to the row at `position`."""
        if verdict["outcome"] == "reject":
            self.alive[position] = False
            self.edits.pop(position, None)
        elif verdict["outcome"] == "edit":
            for name, edits in by_field(verdict["edits"]).items():
                fields = self.edits.setdefault(position, {})
                fields[name] = fields.get(name, EditMap()).then(edits)


def by_field(edits: Iterable[Mapping[str, Any]]) -> dict[str, list[Edit]]:
    """The edits of one verdict, by the field they are in."""
    found: dict[str, list[Edit]] = {}
    for e in edits or ():
        found.setdefault(e["field"], []).append(Edit(e["start"], e["end"], e["kind"], e["replacement"]))
    return found


def kept(run: Run, table: Table, *, order: Sequence[str] | None = None) -> Kept:
    """What the filters of a table's stage left of it: those of the finished stage, or those in `order`."""
    state = Kept.all(tables.count(table.folder))
    if table.stage == "records":
        for batch, offset in _with_offset(tables.batches(table.folder, table.schema, columns=["reason"])):
            state.alive[offset : offset + len(batch)] = batch["reason"].is_null().to_numpy(zero_copy_only=False)
    for name in run.counts(f"filter.{table.stage}").get("order", []) if order is None else order:
        apply_verdicts(state, table.verdicts / f"{name}.parquet")
    return state


def _with_offset(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[pa.RecordBatch, int]]:
    """Each batch and the position of its first row. As all that is read here, it is not held while it is used."""
    offset = 0

    def placed(batch: pa.RecordBatch) -> tuple[pa.RecordBatch, int]:
        nonlocal offset
        first, offset = offset, offset + len(batch)
        return batch, first

    return map(placed, batches)


def apply_verdicts(state: Kept, file: Path) -> None:
    """Apply a verdict file, whose rows are those alive, in order. Raises DeadWorld where their number differs."""
    positions = np.flatnonzero(state.alive)
    at = 0
    for batch in tables.read_file(file, verdicts.SCHEMA, columns=["outcome", "edits"]):
        if at + len(batch) > len(positions):
            break
        changed = np.flatnonzero(pc.not_equal(batch["outcome"], "keep").to_numpy(zero_copy_only=False))
        for nth, verdict in zip(changed, batch.take(pa.array(changed)).to_pylist(), strict=True):
            state.take(int(positions[at + nth]), verdict)
        at += len(batch)
    if at != len(positions):
        raise DeadWorld(
            f"{file.parent.name}/{file.name} does not fit its table. Delete it and run the same command again."
        )


@dataclass
class Row:
    """One row as the next filter sees it: its strings (earlier edits applied) and what else is known of it."""

    position: int
    id: str
    strings: list[Text]
    info: dict[str, Any]
    meta: Mapping[str, Any] = field(default_factory=dict)  # of a record: all but the strings in it
    quotes: Sequence[Mapping[str, Any]] = ()  # of a record, as its generator made them
    origins: Mapping[str, Origin] = field(default_factory=dict)  # where a filter sees what it was made from

    @property
    def text(self) -> str:
        """The whole text, as `records.joined`: what stands beside the row, such as its quotes, is not in it."""
        return "\n".join(part.text for part in self.strings if part.role not in records.BESIDE)

    @property
    def chars(self) -> int:
        """About how many characters are held of it."""
        shown = (text for origin in self.origins.values() for text in (*origin.cited, *origin.passages))
        return sum(len(part.text) for part in self.strings) + sum(map(len, shown))

    @property
    def meta_json(self) -> str:
        """What is noted of a record, as JSON with sorted keys; of a document or passage `documents` and `sources`."""
        return records.in_order(self.meta)

    def apply(self, edits: Mapping[str, EditMap]) -> None:
        """Put edits into the strings."""
        self.strings = [s._replace(text=edits[s.field].apply(s.text)) if s.field in edits else s for s in self.strings]


def rows(run: Run, table: Table, state: Kept) -> Iterator[Row]:
    """The rows of a table that live, in order, with their edits applied."""
    if table.stage == "documents":
        return _document_rows(table, state)
    if table.stage == "passages":
        return _passage_rows(run, state)
    return _record_rows(table, state)


def _info(kind: str, row: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    names = ("language", "licence", "copyright", "confidentiality")
    return {"kind": kind, **{name: row[name] for name in names}, **more}


def _document_rows(table: Table, state: Kept) -> Iterator[Row]:
    columns = ["id", "text", "language", "licence", "copyright", "confidentiality", "source"]
    for row, position in _living(table, state, columns):
        info = _info("document", row, sources=[row["source"]])
        meta = {"documents": [row["id"]], "sources": [row["source"]]}
        made = Row(position, row["id"], [Text("text", "text", row["text"])], info, meta)
        made.apply(state.edits.get(position, {}))
        yield made
        del made, row


def _living(table: Table, state: Kept, columns: Sequence[str]) -> Iterator[tuple[dict[str, Any], int]]:
    """The rows alive with their positions; of the others nothing is decoded."""
    for batch, offset in _with_offset(tables.batches(table.folder, table.schema, columns=columns)):
        alive = np.flatnonzero(state.alive[offset : offset + len(batch)])
        if len(alive):
            picked = (batch if len(alive) == len(batch) else batch.take(pa.array(alive))).to_pylist()
            del batch
            picked.reverse()
            for position in (alive + offset).tolist():
                yield picked.pop(), position


def _passage_rows(run: Run, state: Kept) -> Iterator[Row]:
    for document, group in passages_by_document(run, state):
        del document  # it may be large
        for position, passage in group:
            policy = passage.policy.as_dict()
            info = _info("passage", {"language": passage.language, **policy}, sources=[passage.source])
            meta = {"documents": [passage.document], "sources": [passage.source]}
            yield Row(position, passage.id, [Text("text", "text", passage.text)], info, meta)
        del group


def _record_rows(table: Table, state: Kept) -> Iterator[Row]:
    columns = [name for name in table.schema.names if name not in ("unit", "digest", "reason")]
    for row, position in _living(table, state, columns):
        made = record_row(table.kind, row, position)
        made.apply(state.edits.get(position, {}))
        yield made


def record_row(kind: str, row: Mapping[str, Any], position: int) -> Row:
    """A row of a records' table as its generator made it."""
    meta = json.loads(row["meta"])
    return Row(
        position,
        row["id"],
        [*records.texts(kind, row), *records.texts_beside(meta)],
        _info(kind, meta, sources=meta["sources"]),
        {name: value for name, value in meta.items() if name not in ("quotes", "rewordings")},
        meta["quotes"],
    )


def batch_of(rows: Sequence[Row], sees: str) -> pa.RecordBatch:
    """What a filter is shown of these rows.

    text: id, text. strings: id, field, role, text, several rows an id. row: id, kind, text, language, licence,
    copyright, confidentiality, sources. record: id, kind, strings (a list of field, role, text), meta (JSON).
    pair, sourced, raw_sourced: see `factory.origins`.
    """
    if sees in origins.SEES:
        return origins.batch_of(rows, sees)
    ids = pa.array([row.id for row in rows], pa.string())
    if sees == "strings":
        flat = [(row.id, *string) for row in rows for string in row.strings or [Text("", "", "")]]  # each row is seen
        names = ("id", "field", "role", "text")
        types = (pa.string(), pa.string(), pa.string(), pa.large_string())
        return pa.record_batch(
            {n: pa.array([f[i] for f in flat], t) for i, (n, t) in enumerate(zip(names, types, strict=True))}
        )
    if sees == "record":
        strings = pa.array([[string._asdict() for string in row.strings] for row in rows], STRINGS)
        kinds = pa.array([row.info["kind"] for row in rows], pa.string())
        metas = pa.array([row.meta_json for row in rows], pa.large_string())
        return pa.record_batch({"id": ids, "kind": kinds, "strings": strings, "meta": metas})
    texts = pa.array([row.text for row in rows], pa.large_string())
    if sees == "text":
        return pa.record_batch({"id": ids, "text": texts})
    columns = {name: pa.array([row.info[name] for row in rows], pa.string()) for name in
               ("kind", "language", "licence", "copyright", "confidentiality")}  # fmt: skip
    sources = pa.array([row.info["sources"] for row in rows], pa.list_(pa.string()))
    return pa.record_batch({"id": ids, "text": texts, **columns, "sources": sources})


# --- documents and passages -----------------------------------------------------------------------------------------


def kept_documents(run: Run) -> Iterator[tuple[int, Document, EditMap]]:
    """The documents alive: position, document as parsed, and its edits."""
    table = document_table(run)
    return _documents(table, kept(run, table))


def _documents(table: Table, state: Kept) -> Iterator[tuple[int, Document, EditMap]]:
    def made(found: tuple[dict[str, Any], int]) -> tuple[int, Document, EditMap]:
        row, position = found
        return position, Document.from_row(row), state.edits.get(position, {}).get("text", EditMap())

    return _one_by_one(map(made, _living(table, state, table.schema.names)))


def _one_by_one(found: Iterator[tuple[int, Document, EditMap]]) -> Iterator[tuple[int, Document, EditMap]]:
    """Before the next one is read, what was made of a large one, such as its passages, is given back."""
    for its in found:
        size, handed_on = len(its[1].text), [its]
        del its  # not held here while it is used
        yield handed_on.pop()
        if size > LARGE:
            memory.give_back()


def passages_by_document(
    run: Run, state: Kept | None = None, *, wanted: Iterable[str] | None = None
) -> Iterator[tuple[Document, list[tuple[int, Passage]]]]:
    """Each document that has passages alive, with them and their positions, in order.

    `wanted` are document ids: of the others no text is decoded.
    """
    table = passage_table(run)
    of_all = state if state is not None else kept(run, table)
    groups = _groups(table)

    def made(its: tuple[int, Document, EditMap]) -> tuple[Document, list[tuple[int, Passage]]]:
        _, document, edits = its
        group = next(rows for name, rows in groups if name == document.id)  # those of others were not asked for
        return document, passages_of(document, edits, group, of_all)

    return filter(lambda its: its[1], map(made, _documents_cut(run, wanted)))


def _documents_cut(run: Run, wanted: Iterable[str] | None) -> Iterator[tuple[int, Document, EditMap]]:
    """The documents alive that have passages, of all or of those `wanted`; 30 bytes of memory each."""
    table = document_table(run)
    state, ids = kept(run, table), pa.chunked_array(_column(table, "id"), pa.string()).combine_chunks()
    named = [batch.unique() for batch in _column(passage_table(run), "document")]
    state.alive &= _is_among(ids, pa.chunked_array(named, pa.string()).unique())
    if wanted is not None:
        state.alive &= _is_among(ids, pa.array(list(wanted), pa.string()))
    return _documents(table, state)


def _column(table: Table, name: str) -> Iterator[pa.Array]:
    return (batch[name] for batch in tables.batches(table.folder, table.schema, columns=[name]))


def _is_among(ids: pa.Array, chosen: pa.Array) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    found: np.ndarray[Any, np.dtype[np.bool_]] = pc.is_in(ids, value_set=chosen).to_numpy(zero_copy_only=False)
    return found


def _groups(table: Table) -> Iterator[tuple[str, list[tuple[int, dict[str, Any]]]]]:
    """The passages of each document, with their positions."""
    numbered = enumerate(tables.rows(table.folder, table.schema))
    return ((name, list(rows)) for name, rows in groupby(numbered, key=lambda pair: str(pair[1]["document"])))


def passages_of(
    document: Document, edits: EditMap, group: list[tuple[int, dict[str, Any]]], state: Kept
) -> list[tuple[int, Passage]]:
    """The passages alive of a document, with their positions; `group` are their rows, `edits` the document's."""
    made: list[tuple[int, Passage]] = []
    end_before = 0
    for position, row in group:
        start, end = row["start"], row["end"]
        gap, end_before = document.text[end_before:start], end
        if not state.alive[position]:
            continue
        own = edits.within(start, end)
        later = state.edits.get(position, {}).get("text")
        own = own.then(later.edits) if later else own
        policy = Policy(row["licence"], row["copyright"], row["confidentiality"])
        passage = Passage(
            id=row["id"],
            text=own.apply(document.text[start:end]),
            document=document.id,
            index=row["index"],
            start=start,
            end=end,
            tokens=row["tokens"],
            edits=own,
            gap=gap if not gap.strip() else "\n\n",
            source=row["source"],
            language=row["language"],
            policy=policy,
        )
        made.append((position, passage))
    return _with_marks(document, made)


def _with_marks(document: Document, made: list[tuple[int, Passage]]) -> list[tuple[int, Passage]]:
    """The passages with page and headings. A heading is shown as its own passage shows it, or not at all."""
    if not document.marks:
        return made
    result, stack, page = [], list[tuple[int, str]](), None
    marks = list(document.marks)
    at = 0
    everyone = [passage for _, passage in made]
    seen = [(mark.start, mark.end) for mark in marks if mark.kind == "ocr"]
    for position, passage in made:
        while at < len(marks) and marks[at].start < passage.start:
            page, stack = _after(marks[at], page, stack, everyone)
            at += 1
        opens_page = at < len(marks) and marks[at].kind == "page" and marks[at].start == passage.start
        here = marks[at].level if opens_page else page
        own = _opening_level(document, passage, marks[at : at + 2])
        titles = tuple(title for level, title in stack if title and level < own)
        by_ocr = any(start < passage.end and passage.start < end for start, end in seen)
        result.append((position, replace(passage, heading=titles, page=here, by_ocr=by_ocr)))
    return result


def _opening_level(document: Document, passage: Passage, marks: Sequence[Any]) -> int:
    """The level of the heading that a passage begins with, which ends those before it; 7 where it begins with none."""
    for mark in marks:
        if mark.kind == "heading" and not document.text[passage.start : mark.start].strip("#*_ \t"):
            return int(mark.level)
    return 7


def titles_at(document: Document, passages: Sequence[Passage], place: int) -> tuple[str, ...]:
    """The titles above a place of the document (code points as parsed), as their passages show them."""
    stack: list[tuple[int, str]] = []
    for mark in document.marks:
        if mark.start > place:
            break
        _, stack = _after(mark, None, stack, list(passages))
    return tuple(title for _, title in stack if title)


def _after(
    mark: Any, page: int | None, stack: list[tuple[int, str]], shown: list[Passage]
) -> tuple[int | None, list[tuple[int, str]]]:
    if mark.kind != "heading":
        return mark.level, stack  # of a page, or of what was read of it by OCR
    above = [entry for entry in stack if entry[0] < mark.level]
    return page, [*above, (mark.level, _title(mark, shown))]


def _title(mark: Any, shown: list[Passage]) -> str:
    nth = bisect_right(shown, mark.start, key=lambda passage: passage.start) - 1
    if nth < 0 or mark.end > shown[nth].end:
        return ""  # its passage was rejected: nobody sees it
    passage = shown[nth]
    first, last = passage.edits.to_edited(mark.start - passage.start, mark.end - passage.start)
    return passage.text[first:last].strip()


# --- records ---------------------------------------------------------------------------------------------------------


def kept_records(run: Run, table: Table, state: Kept | None = None) -> Iterator[dict[str, Any]]:
    """The records of one kind that live, as rows of their table, edits applied to columns and to `meta`."""
    state = state or kept(run, table)
    for row, position in _living(table, state, table.schema.names):
        yield edited(row, state.edits.get(position, {}))


def edited(row: dict[str, Any], edits: Mapping[str, EditMap]) -> dict[str, Any]:
    """A record's row with edits applied. Quotes in `meta` keep their way back to the source."""
    if not edits:
        return row
    meta = json.loads(row["meta"])
    made = json.loads(json.dumps({name: row[name] for name in row if name not in ("meta", "id")}))
    done = []
    for name, changes in edits.items():
        done += [{"field": name, **records.edit_as_dict(edit)} for edit in changes.edits]
        if name.startswith("quotes["):
            quote = meta["quotes"][int(name[7 : name.index("]")])]
            quote["text"] = changes.apply(quote["text"])
            quote["edits"] = [
                records.edit_as_dict(e) for e in records.edits_from(quote["edits"]).then(changes.edits).edits
            ]
        else:
            _change(meta if name.startswith("rewordings[") else made, name, changes)
    meta["edits"] = done
    return {**row, **made, "meta": json.dumps(meta, ensure_ascii=False, sort_keys=True)}


def _change(row: dict[str, Any], name: str, changes: EditMap) -> None:
    """Apply `changes` at a field such as `messages[1].content`."""
    *outer, last = [word or int(number) for word, number in FIELD.findall(name)]
    at: Any = row
    for step in outer:
        at = at[step]
    at[last] = changes.apply(at[last])


# --- search ----------------------------------------------------------------------------------------------------------


class Corpus:
    """Read-only search over the kept passages of a run (BM25), built when first asked.

    Memory: the passages' texts and an index of about as many bytes.
    """

    def __init__(self, found: Sequence[Passage]) -> None:
        self._passages = list(found)
        self._by_id = {passage.id: passage for passage in self._passages}

    def __len__(self) -> int:
        return len(self._passages)

    def __iter__(self) -> Iterator[Passage]:
        return iter(self._passages)

    def __getitem__(self, id_: str) -> Passage:
        return self._by_id[id_]

    @cached_property
    def _index(self) -> Any:
        import bm25s

        index = bm25s.BM25()
        index.index(
            bm25s.tokenize([p.text for p in self._passages], stopwords=None, show_progress=False), show_progress=False
        )
        return index

    def search(self, query: str, *, k: int = 5) -> list[tuple[Passage, float]]:
        """The `k` passages that match best, with their BM25 scores (Robertson and Zaragoza 2009), best first."""
        import bm25s

        if not self._passages or not query.strip():
            return []
        tokens = bm25s.tokenize([query], stopwords=None, show_progress=False)
        found, scores = self._index.retrieve(tokens, k=min(k, len(self._passages)), show_progress=False)
        pairs = zip(found[0].tolist(), scores[0].tolist(), strict=True)
        return [(self._passages[nth], score) for nth, score in pairs if score > 0]
