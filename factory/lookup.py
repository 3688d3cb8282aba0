"""Finds what records were made from: the slices that they cite, and their passages, edited or as parsed.

Records point at documents in about the order in which these stand, and now and then back: tables are read by row
group, and what was read last is kept.

Memory  about 300 bytes a document, two row groups of each table, and passages of the last documents up to `KEEP_CHARS`.
Costs   about 0.1 ms a record whose document was read just before, one row group (up to 16 MB) for another.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from factory import tables
from factory.corpus import Row, Table, document_table, kept, passage_table, passages_of
from factory.documents import Document
from factory.edits import EditMap
from factory.origins import ORIGINS, Origin
from factory.passages import Passage
from factory.records import edits_from
from factory.runs import Run

RAW = ORIGINS[1]
KEEP_CHARS = 8_000_000
KEEP_GROUPS = 2


class _Groups:
    """The rows of a table by position; the row groups read last are kept."""

    def __init__(self, table: Table) -> None:
        self._schema = table.schema
        self._places = [(part, nth) for part in tables.parts(table.folder) for nth in range(_groups_of(part, table))]
        sizes = [tables.open_part(part, self._schema).metadata.row_group(nth).num_rows for part, nth in self._places]
        self._starts = [0]
        for size in sizes:
            self._starts.append(self._starts[-1] + size)
        self._read: OrderedDict[int, pa.Table] = OrderedDict()

    def rows(self, first: int, count: int) -> list[dict[str, Any]]:
        """`count` rows from position `first` on."""
        found: list[dict[str, Any]] = []
        while count > 0:
            nth = bisect_right(self._starts, first) - 1
            piece = self._group(nth).slice(first - self._starts[nth], count)
            found += piece.to_pylist()
            first, count = first + piece.num_rows, count - piece.num_rows
        return found

    def _group(self, nth: int) -> pa.Table:
        if nth not in self._read:
            self._read[nth] = tables.read_group(*self._places[nth], self._schema)
            while len(self._read) > KEEP_GROUPS:
                self._read.popitem(last=False)
        self._read.move_to_end(nth)
        return self._read[nth]


def _groups_of(part: Any, table: Table) -> int:
    return int(tables.open_part(part, table.schema).num_row_groups)


@dataclass(frozen=True, slots=True)
class _Read:
    """A document and its kept passages by id, for each sort of origin that is wanted."""

    document: Document
    passages: Mapping[str, Mapping[str, Passage]]

    @property
    def chars(self) -> int:
        """About as many characters as it holds."""
        return len(self.document.text) * (1 + len(self.passages))


class Origins:
    """What the records of a run were made from, for filters that see it."""

    def __init__(self, run: Run, wanted: Sequence[str] = ORIGINS) -> None:
        documents, passages = document_table(run), passage_table(run)
        self._documents, self._passages = _Groups(documents), _Groups(passages)
        self._edits, self._kept = kept(run, documents).edits, kept(run, passages)
        self._position = {id_: nth for nth, id_ in enumerate(_column(documents, "id"))}
        self._group: dict[str, tuple[int, int]] = {}  # document -> its first passage, how many
        for nth, document in enumerate(_column(passages, "document")):
            first, count = self._group.get(document, (nth, 0))
            self._group[document] = (first, count + 1)
        self._read: OrderedDict[str, _Read] = OrderedDict()
        self._wanted: tuple[str, ...] = tuple(wanted)

    def attached(self, rows: Iterable[Row], wanted: Sequence[str]) -> Iterator[Row]:
        """The rows, each with its origins of the `wanted` sorts: `sourced`, `raw_sourced`."""
        self._wanted = tuple(wanted)
        self._read.clear()  # was read for others
        for row in rows:
            row.origins = {sees: self._origin(row, sees) for sees in wanted}
            yield row

    def passages(self, ids: Sequence[str], sees: str) -> list[Passage]:
        """The passages behind these ids of parents, each once. A record's are asked only where no other is named."""
        named = [id_ for id_ in ids if id_.count("/") <= 1] or ids
        found = [passage for id_ in named for passage in self._passages_at(id_, sees)]
        return list({passage.id: passage for passage in found}.values())

    def document(self, id_: str) -> Document:
        """A document of the run. Raises KeyError for one that is not there."""
        read = self._document(id_)
        if read is None:
            raise KeyError(id_)
        return read.document

    def _origin(self, row: Row, sees: str) -> Origin:
        made_from = self.passages(self._ids(row), sees)
        titles = dict.fromkeys(title for passage in made_from for title in passage.heading)
        cited = [text for quote in row.quotes if (text := self._cited(quote, sees))]
        return Origin(tuple(cited), tuple(passage.text for passage in made_from), tuple(titles))

    def _ids(self, row: Row) -> list[str]:
        """The ids of what a record was made from: its parents, and the passages of its quotes."""
        return [*row.meta.get("parents", ()), *(quote["passage"] for quote in row.quotes)]

    def _passages_at(self, id_: str, sees: str) -> list[Passage]:
        """The passage of this id; of a document's all kept ones; of a record's, `unit/method/n`, those of its unit."""
        read = self._document(id_.split("/")[0])
        if read is None:
            return []
        passages = read.passages[sees]
        if id_ in passages:
            return [passages[id_]]
        if id_ == read.document.id:
            return list(passages.values())
        above = "/".join(id_.split("/")[:-2])
        return self._passages_at(above, sees) if above else []

    def _cited(self, quote: Mapping[str, Any], sees: str) -> str:
        read = self._document(quote["document"])
        if read is None:
            return ""
        piece = read.document.text[quote["start"] : quote["end"]]
        return piece if sees == RAW else edits_from(quote["edits"]).apply(piece)

    def _document(self, id_: str) -> _Read | None:
        """A document with its passages; None where the run has none of this id."""
        if id_ not in self._position:
            return None
        if id_ not in self._read:
            self._read[id_] = self._made(id_)
            while len(self._read) > 1 and sum(read.chars for read in self._read.values()) > KEEP_CHARS:
                self._read.popitem(last=False)
        self._read.move_to_end(id_)
        return self._read[id_]

    def _made(self, id_: str) -> _Read:
        position = self._position[id_]
        document = Document.from_row(self._documents.rows(position, 1)[0])
        first, count = self._group.get(id_, (0, 0))
        group = list(enumerate(self._passages.rows(first, count), start=first))
        made = {}
        for sees in self._wanted:
            edits = EditMap() if sees == RAW else self._edits.get(position, {}).get("text", EditMap())
            state = replace(self._kept, edits={}) if sees == RAW else self._kept
            made[sees] = {passage.id: passage for _, passage in passages_of(document, edits, group, state)}
        return _Read(document, made)


def _column(table: Table, name: str) -> Iterator[str]:
    for batch in tables.batches(table.folder, table.schema, columns=[name]):
        yield from batch[name].to_pylist()
