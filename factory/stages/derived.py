"""What was made from a document: by what is noted of it, and by its words.

Most of it is noted: ids begin with those of their document, records name documents, quotes, parents and the answers
they were made from. What a generator found by searching, or put into a row without a word, is found by its text: runs
of eight words of the document that stand in no document that stays.

Costs   one pass over records and journal, about 1 µs a word; where words are found elsewhere, one over the documents.
Misses  what a model said in other words about a document that it was shown by a search, in a call that is not kept in
        the journal (`keep_prompts: false`).
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from factory import tables
from factory.corpus import record_tables
from factory.documents import SCHEMA
from factory.folding import words
from factory.llm import scrub
from factory.runs import Run
from factory.stages.models import FILE

RUN_WORDS = 8  # as many in a row are seldom in two texts by chance


@dataclass(frozen=True)
class Gone:
    """What is to be erased: documents, and units (`passage/method`) of others that were shown something of them."""

    documents: Set[str]
    units: Set[str] = field(default_factory=frozenset)
    listed: Set[str] = field(default_factory=frozenset)  # the documents that the run has a row of

    def __call__(self, id_: str) -> bool:
        """Whether what has this id goes: a document, a passage, a unit, a record, a filter's call on one."""
        return (
            id_.split("/", 1)[0] in self.documents
            or id_ in self.units
            or any(above in self.units for above in _above(id_))
        )


def _above(id_: str) -> Iterator[str]:
    """`unit/method` of a record `unit/method/n`, and of a filter's call on it, `unit/method/n/filter`."""
    for _ in range(2):
        id_ = id_.rpartition("/")[0]
        yield id_


def units_of(run: Run, documents: Collection[str], texts: Iterable[str]) -> set[str]:
    """The units of other documents that were shown something of these, whose words are `texts`."""
    known = Gone(frozenset(documents))
    traces = _Traces(texts)
    found, keys = set[str](), set[str]()
    by_words: dict[str, set[int]] = {}
    for call in scrub.calls(run.path / FILE):
        if not known(call.unit) and (hit := traces.in_texts(call.texts)):
            by_words.setdefault(call.unit, set()).update(hit)
    for unit, row in _rows(run):
        meta = json.loads(row["meta"])
        if known(unit):
            keys.update(meta.get("journal", ()))
        elif _names(meta, known):
            found.add(unit)
        elif hit := traces.in_texts(_strings(row)):
            by_words.setdefault(unit, set()).update(hit)
    if by_words:
        own = traces.without(_staying(run, documents))
        found |= {unit for unit, hit in by_words.items() if hit & own}
    return found | _that_used(run, keys, known)


def _rows(run: Run) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each record under its `unit/method`."""
    for table in record_tables(run):
        for row in tables.rows(table.folder, table.schema):
            yield f"{row['unit']}/{row['method']}", row


def _names(meta: Mapping[str, Any], known: Gone) -> bool:
    """Whether a record names one of the documents as what it was made from."""
    quoted = (quote["document"] for quote in meta["quotes"])
    return any(map(known, [*meta["documents"], *meta["parents"], *quoted]))


def _that_used(run: Run, keys: Set[str], known: Gone) -> set[str]:
    """The units of other documents whose records were made from the same answers: equal calls are asked once."""
    if not keys:
        return set()
    return {
        unit for unit, row in _rows(run) if not known(unit) and keys & set(json.loads(row["meta"]).get("journal", ()))
    }


def _staying(run: Run, documents: Collection[str]) -> Iterator[str]:
    for row in tables.rows(run.path / "documents", SCHEMA, columns=["id", "text"]):
        if row["id"] not in documents:
            yield row["text"]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _strings(item)


class _Traces:
    """The runs of words of some texts, as hashes: about 100 bytes a word."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._runs = {run for text in texts for run in _runs(text)}

    def in_texts(self, texts: Iterable[str]) -> set[int]:
        """The runs that these have too."""
        return {run for text in texts for run in _runs(text) if run in self._runs} if self._runs else set()

    def without(self, texts: Iterable[str]) -> set[int]:
        """The runs that none of these has."""
        left = set(self._runs)
        for text in texts:
            left.difference_update(_runs(text))
        return left


def _runs(text: str) -> Iterator[int]:
    said = words(text)
    for nth in range(len(said) - RUN_WORDS + 1):
        yield hash(" ".join(said[nth : nth + RUN_WORDS]))
