"""Plugins as others write them, the good and the faulty; `declared` makes the factory find them for one test."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import EntryPoint
from typing import Any, ClassVar

import pyarrow as pa
import pytest

from factory import plugins, records
from factory.edits import Edit, EditMap
from factory.errors import BadItem
from factory.passages import Passage, Quote
from factory.records import Record, Rejected
from factory.verdicts import Verdicts


@contextmanager
def declared(**named: Any) -> Iterator[None]:
    """While it lasts, the functions and classes of this module are plugins under these names."""
    known = {group: dict(plugins.declared(group)) for group in ("generators", "filters")}
    for name, plugin in named.items():
        group = "filters" if isinstance(plugin, type) else "generators"
        known[group][name] = EntryPoint(name, f"{plugin.__module__}:{plugin.__qualname__}", f"factory.{group}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plugins, "declared", known.__getitem__)
        yield


# --- generators ------------------------------------------------------------------------------------------------------


async def with_context(passage: Passage) -> AsyncIterator[Record | Rejected]:
    """The same short question and answer of every passage, over its own context."""
    question, answer = (
        "Which valve has to be closed before the filter of the pump is taken out?",
        "The one that is marked red.",
    )
    yield records.sft(passage, question, answer, context=passage.text)


async def quoting(passage: Passage, *, step: int = 7) -> AsyncIterator[Record | Rejected]:
    """Quotes of everywhere: spans that begin and end in the middle of words, of code points and of replacements."""
    length = len(passage.text)
    spans = [(start, min(length, start + 1 + start % 23)) for start in range(0, length, step)]
    quotes = [passage.span(start, end) for start, end in [*spans, (0, length)]]
    for nth in range(0, len(quotes), 10):
        some = quotes[nth : nth + 10]
        yield records.sft(passage, f"What stands at {nth}?", " ".join(quote.text for quote in some), quotes=some)


async def ranked(passage: Passage) -> AsyncIterator[Record | Rejected]:
    """Three answers in an order."""
    answers = [[{"role": "assistant", "content": f"{word} of {passage.id}"}] for word in ("best", "good", "worst")]
    data = {"prompt": [{"role": "user", "content": passage.text}], "completions": answers, "ranks": [0, 1, 1]}
    yield replace(records.text([passage], ""), kind="ranking", data=data)


async def raises(passage: Passage) -> AsyncIterator[Record | Rejected]:
    """Fails on passages with a certain word, after a record."""
    yield records.text([passage], passage.text)
    if "secret" in passage.text:
        raise KeyError(passage.text)


async def refuses(passage: Passage) -> AsyncIterator[Record | Rejected]:
    """Says itself that it cannot use a passage."""
    raise BadItem("refuses.not_for_me", "It is about something else.")
    yield


async def nothing(passage: Passage) -> AsyncIterator[Record | Rejected]:
    """Yields nothing."""
    return
    yield


async def rejects(passage: Passage) -> AsyncIterator[Record | Rejected]:
    """A record that it does not stand for, and a word on the unit."""
    yield Rejected(records.text([passage], passage.text), "rejects.too_dull")
    yield Rejected(None, "rejects.no_idea", "Nothing comes to mind.")


async def lies(passage: Passage, *, how: str = "text") -> AsyncIterator[Record | Rejected]:
    """A quote that its document does not hold, in several ways."""
    true = passage.span(0, min(10, len(passage.text)))
    forged = EditMap((Edit(0, true.end - true.start, "made.up", "what nobody wrote"),))
    quotes = {
        "text": replace(true, text="what nobody wrote"),
        "place": replace(true, start=true.start + 1, end=true.end + 1),
        "document": replace(true, document="000000000000"),
        "passage": replace(true, passage="000000000000/0000"),
        "edits": replace(true, text="what nobody wrote", edits=forged),
        "outside": replace(true, edits=EditMap((Edit(0, 10_000, "made.up", true.text),))),
        "negative": Quote(true.document, true.passage, -5, -1, "", EditMap()),
        "true": true,
    }
    yield records.sft(passage, "What does it say?", "This.", quotes=[quotes[how]])


async def strange(passage: Passage, *, how: str = "item") -> AsyncIterator[Any]:
    """What is no record."""
    good = records.text([passage], passage.text)
    yield {
        "item": "a string",
        "kind": replace(good, kind="poem"),
        "columns": replace(good, data={"words": passage.text}),
        "type": replace(good, data={"text": 7}),
        "meta": replace(good, meta={"when": object()}),
        "surrogate": replace(good, data={"text": "\ud800"}),
        "null": replace(good, data={"text": None}),
        "empty": records.sft(passage, "", ""),
        "no messages": replace(good, kind="sft", data={"messages": [], "context": None, "tools": None}),
    }[how]


# --- filters ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RaisesOn:
    """Fails where it meets a word: when it measures, or when it decides."""

    sees: ClassVar[str] = "text"
    word: str = "secret"
    when: str = field(default="measure", metadata={"decides": True})

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Whether the word is in the text."""
        found = [self.word in text for text in batch["text"].to_pylist()]
        if self.when == "measure" and any(found):
            raise ValueError(f"what it read: {batch['text'].to_pylist()}")
        return pa.record_batch({"id": batch["id"], "found": pa.array(found)})

    def decide(self, features: pa.RecordBatch) -> Verdicts:
        """Keep all."""
        if self.when == "decide" and any(features["found"].to_pylist()):
            raise ValueError("what it read is not told")
        ids = features["id"].to_pylist()
        return Verdicts.keep_where(ids, [True] * len(ids), reason="never")


@dataclass(frozen=True)
class ScansAndRaises(RaisesOn):
    """The same for one that must see all rows."""

    def scan(self, features: pa.RecordBatch) -> int:
        """How many rows."""
        return int(features.num_rows)

    def merge(self, into: int, other: int) -> int:
        """Their sum."""
        return into + other

    def decide(self, features: pa.RecordBatch, rows: int) -> Verdicts:  # type: ignore[override] # a scanning filter's
        """Keep all."""
        return super().decide(features)


@dataclass(frozen=True)
class Careless:
    """Verdicts that are not what they should be."""

    sees: ClassVar[str] = "text"
    how: str = field(default="few", metadata={"decides": True})

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Nothing but ids; with `how: short` not all of them."""
        ids = batch["id"].slice(1) if self.how == "short" else batch["id"]
        return pa.record_batch({"id": ids})

    def decide(self, features: pa.RecordBatch) -> Verdicts:
        """One verdict too few, or edits that cannot be applied."""
        said = Verdicts()
        for id_ in features["id"].to_pylist():
            match self.how:
                case "overlap":
                    said.edit(id_, [("text", Edit(0, 4, "a", "x")), ("text", Edit(2, 6, "b", "y"))], "careless.edit")
                case "outside":
                    said.edit(id_, [("text", Edit(0, 10_000, "a", "x"))], "careless.edit")
                case "field":
                    said.edit(id_, [("title", Edit(0, 1, "a", "x"))], "careless.edit")
                case "insertion":
                    said.edit(id_, [("text", Edit(1, 1, "a", "x"))], "careless.edit")
                case "stranger":
                    said.keep(id_ + "?")
                case "twice":
                    said.keep(id_)
                    said.keep(id_)
                case _:
                    said.keep(id_)
        if self.how == "few":
            said.rows.pop()
        return said


@dataclass(frozen=True)
class ScansCarelessly(Careless):
    """The same for one that must see all rows."""

    def scan(self, features: pa.RecordBatch) -> int:
        """How many rows."""
        return int(features.num_rows)

    def merge(self, into: int, other: int) -> int:
        """Their sum."""
        return into + other

    def decide(self, features: pa.RecordBatch, rows: int) -> Verdicts:  # type: ignore[override] # a scanning filter's
        """As the other."""
        return super().decide(features)
