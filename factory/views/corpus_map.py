"""The map of the corpus: of each kept passage how many rows were made and kept and why the others were lost, and which
of its sentences no exported row cites.

A record belongs to the passage that its id begins with, else to all that it was made from. A sentence is cited where a
quote shares a character with it; sentences are those of the passage as a generator saw it (`factory.sentences`).
Costs   60 bytes a passage and 24 a quote; each kept passage is read once, 10 MB a second. Reasons and sentences
        are held of the documents listed only: those that teach least.
"""

import json
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from factory import tables
from factory.corpus import kept, passages_by_document, record_tables
from factory.passages import Passage
from factory.runs import Run
from factory.sentences import sentences
from factory.views import ledger

DOCUMENTS = 50  # that are listed
PASSAGES = 1000  # of these, in all
SHOWN = 3  # sentences of a document that no row cites


class CorpusMap:
    """Counts by the number of a kept passage; `numbers` has the number of each id, in the order of the table.

    `quotes` holds passage, start, end, passage, start, end … of the rows that leave.
    """

    def __init__(self, run: Run, numbers: dict[str, int], quotes: "array[int]") -> None:
        self._run, self._numbers = run, numbers
        self._made, self._kept, self._sentences, self._cited = (array("q", bytes(8 * len(numbers))) for _ in range(4))
        by_passage = np.array(quotes, np.int64).reshape(-1, 3)
        self._quotes = by_passage[np.argsort(by_passage[:, 0], kind="stable")]
        self._count_records()
        for document, group in passages_by_document(run):
            del document  # it may be large
            for _, passage in group:
                nth, cited = numbers[passage.id], [is_cited for _, is_cited in self._each(passage)]
                self._sentences[nth], self._cited[nth] = len(cited), sum(cited)
            del group

    def _count_records(self) -> None:
        for table in record_tables(self._run):
            rows = tables.rows(table.folder, table.schema, columns=["id", "meta"])
            for row, lives in zip(rows, kept(self._run, table).alive, strict=True):
                for nth in self._passages_of(row["id"], row["meta"]):
                    self._made[nth] += 1
                    self._kept[nth] += bool(lives)

    def _passages_of(self, record: str, meta: str) -> list[int]:
        own = self._numbers.get(passage_of(record))
        if own is not None:
            return [own]
        return [self._numbers[name] for name in json.loads(meta)["parents"] if name in self._numbers]

    def _each(self, passage: Passage) -> Iterator[tuple[str, bool]]:
        """The sentences of a passage, each with whether a quote touches it in the coordinates of the document."""
        nth = self._numbers[passage.id]
        first, last = np.searchsorted(self._quotes[:, 0], (nth, nth + 1))
        if first == last:  # as where rows are the text itself: a search a sentence would be for nothing
            yield from ((passage.text[start:end], False) for start, end in sentences(passage.text))
            return
        starts, ends = self._quotes[first:last, 1], self._quotes[first:last, 2]
        for start, end in sentences(passage.text):
            own = passage.span(start, end)
            yield passage.text[start:end], bool(((starts < own.end) & (ends > own.start)).any())

    def totals(self) -> dict[str, int]:
        """Of all kept passages."""
        return {"all": sum(self._sentences), "cited": sum(self._cited)}

    def uncited(self, documents: Iterable[str]) -> dict[str, list[str]]:
        """The first sentences of these documents that no row cites, as a generator saw them.

        Not of passages of which no row was kept: what all their rows were rejected for may stand in them.
        """
        found = {}
        for document, group in passages_by_document(self._run, wanted=documents):
            found[document.id] = list(islice(self._missed(passage for _, passage in group), SHOWN))
            del document, group  # the next one is not read yet
        return found

    def _missed(self, passages: Iterable[Passage]) -> Iterator[str]:
        for passage in passages:
            if self._kept[self._numbers[passage.id]]:
                yield from (said for said, is_cited in self._each(passage) if not is_cited)

    def listed(self, places: dict[str, str]) -> list[dict[str, Any]]:
        """The documents that teach least: most passages of which no row was kept, then most sentences not cited."""
        by_document: dict[str, list[str]] = defaultdict(list)
        for id_ in self._numbers:
            by_document[id_.rpartition("/")[0]].append(id_)
        least = sorted(by_document, key=lambda document: (*self._silence(by_document[document]), document))[:DOCUMENTS]
        chosen: dict[str, list[str]] = {}
        room = PASSAGES
        for document in least:
            chosen[document] = by_document[document][:room]
            room -= len(chosen[document])
        lost = self._lost({id_ for ids in chosen.values() for id_ in ids})
        return [
            {"id": document, "place": places[document], "count": len(by_document[document]),
             "passages": [self._passage(id_, lost[id_]) for id_ in ids]}
            for document, ids in chosen.items() if ids
        ]  # fmt: skip

    def _lost(self, wanted: set[str]) -> dict[str, Counter[str]]:
        """Why units and rows of these passages were lost."""
        reasons: dict[str, Counter[str]] = {id_: Counter() for id_ in wanted}
        of_document = self._dead_of(wanted)
        for entry in ledger.entries(self._run):
            for id_ in of_document.get(entry.id, (passage_of(entry.id),)):
                if id_ in reasons:
                    reasons[id_][entry.reason] += 1
        return reasons

    def _dead_of(self, wanted: set[str]) -> dict[str, list[str]]:
        """The lost records of methods that take whole documents, with the passages among these that they come from."""
        found = {}
        for table in record_tables(self._run):
            rows = tables.rows(table.folder, table.schema, columns=["id", "meta"])
            for row, lives in zip(rows, kept(self._run, table).alive, strict=True):
                if not lives and passage_of(row["id"]) not in self._numbers:
                    found[row["id"]] = [name for name in json.loads(row["meta"])["parents"] if name in wanted]
        return {id_: passages for id_, passages in found.items() if passages}

    def _silence(self, ids: list[str]) -> tuple[int, int]:
        numbers = [self._numbers[id_] for id_ in ids]
        silent = sum(not self._kept[nth] for nth in numbers)
        return -silent, -sum(self._sentences[nth] - self._cited[nth] for nth in numbers)

    def _passage(self, id_: str, lost: Counter[str]) -> dict[str, Any]:
        nth = self._numbers[id_]
        rows = {"made": self._made[nth], "kept": self._kept[nth], "lost": dict(lost.most_common())}
        return {"id": id_, **rows, "sentences": self._sentences[nth], "cited": self._cited[nth]}


def passage_of(id_: str) -> str:
    """The passage that the id of a unit or record of a passage begins with: its first two parts."""
    return "/".join(id_.split("/", 2)[:2])
