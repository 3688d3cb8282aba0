"""The plan: which calls are to be made, in an order fixed by the seed and spread over documents."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from factory import tables
from factory.corpus import kept, passage_table
from factory.drawing import draw
from factory.plugins import Generator
from factory.runs import Run


@dataclass(frozen=True, slots=True)
class Unit:
    """One call to be made: of which method, on which document, and which passage of it (None: on all) or record."""

    rank: int  # in plan order
    method: str
    document: str
    passage: str | None
    record: str | None = None  # where it is one of another method

    @property
    def id(self) -> str:
        """The record's, the passage's or the document's id: what a reader of a record id recognises."""
        return self.record or self.passage or self.document


def plan(run: Run, generators: Sequence[Generator], seed: int, limit: int | None) -> list[Unit]:
    """All units in plan order, methods taking turns; with `limit` the first so many of each method."""
    plans = [_of_one(run, generator, seed)[:limit] for generator in generators]
    turns = (unit for unit in chain.from_iterable(zip_longest(*plans)) if unit)
    return [Unit(rank, *unit) for rank, unit in enumerate(turns)]


def _of_one(run: Run, generator: Generator, seed: int) -> list[tuple[str, str, str | None]]:
    """(method, document, passage) in plan order: one unit of each document before the second of any, by the seed."""
    by_document: dict[str, list[str]] = {}
    table = passage_table(run)
    state, position = kept(run, table), 0
    for batch in tables.batches(table.folder, table.schema, columns=["id", "document"]):
        for id_, document in zip(batch["id"].to_pylist(), batch["document"].to_pylist(), strict=True):
            if state.alive[position]:
                by_document.setdefault(document, []).append(id_)
            position += 1
    order = sorted(by_document, key=lambda document: draw(seed, document))
    if generator.takes == "passages":
        return [(generator.instance, document, None) for document in order]
    shuffled = [sorted(by_document[document], key=lambda id_: draw(seed, id_)) for document in order]
    turns = chain.from_iterable(zip_longest(*shuffled))
    return [(generator.instance, id_.split("/")[0], id_) for id_ in turns if id_ is not None]
