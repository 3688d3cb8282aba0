"""One call of a generator: what it is given, what it yields, and what the core checks of that."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from factory import plugins, prompts, records
from factory.corpus import Corpus, passages_by_document
from factory.documents import Document
from factory.errors import BadItem, FactoryError, SpendCapReached, Waiting, WrongRequest, where
from factory.passages import Passage, Quote
from factory.plugins import Generator
from factory.records import Record, Rejected
from factory.runs import Run
from factory.stages.models import Bound, Models, highest
from factory.stages.plan import Unit


@dataclass
class Call:
    """One call's input and what came of it."""

    unit: Unit
    generator: Generator
    document: Document  # without its text, which may have 50 MB: what can be quoted of it is in the passages
    size: int  # characters of that text
    parsed: Mapping[str, str]  # of the passages that a filter edited, by id: their slices of the document
    given: Passage | list[Passage] | Record
    passages: Mapping[str, Passage]  # that its records may quote: the kept ones of the document, or of the record
    made_from: list[Passage]  # what it is given, or what the record that it is given was made from
    items: list[tuple[Record | Rejected, dict[str, Any]]] = field(default_factory=list)  # with what was asked for it
    failure: tuple[str, str] | None = None  # reason, detail
    capped: bool = False  # a model's max_spend ended it
    waiting: bool = False  # for an answer in a batch file

    @property
    def shown(self) -> list[Passage | Record]:
        """All that it was given."""
        return [*self.made_from, *([self.given] if isinstance(self.given, Record) else [])]

    def made(self) -> Iterator[tuple[Record | None, str | None, str, dict[str, Any]]]:
        """Of each item: its record, why it is rejected (None: it is not), a detail, and what was asked for it.

        Each is let go of as it is handed on: together they are as large as the document.
        """
        self.items.reverse()
        while self.items:
            item, asked = self.items.pop()
            yield *_verdict(self, item), asked

    def as_row(
        self, record: Record, nth: int, asked: Mapping[str, Any], *, rejected: str | None = None
    ) -> dict[str, Any]:
        """The record of its item `nth` as a row of its kind's table."""
        unit = self.unit
        return records.as_row(
            record, id_=f"{unit.id}/{unit.method}/{nth}", unit=unit.id, method=unit.method,
            sources=[self.document.source, *record.sources], paths=[self.document.path], rejected=rejected, asked=asked,
            by_ocr=any(self.passages[id_].by_ocr for id_ in record.parents if id_ in self.passages),
        )  # fmt: skip


def calls(run: Run, units: Sequence[Unit], generators: Mapping[str, Generator]) -> Iterator[list[Call]]:
    """The calls on passages, those of a document together, in the order in which these stand: each is read once."""
    by_document: dict[str, list[Unit]] = {}
    for unit in units:
        if unit.record is None:
            by_document.setdefault(unit.document, []).append(unit)
    for document, group in passages_by_document(run, wanted=by_document):
        made = _on(document, [passage for _, passage in group], by_document[document.id], generators)
        del document, group  # they may be large, and the calls hold what they need of them
        yield made


def _on(
    document: Document, passages: list[Passage], units: Sequence[Unit], generators: Mapping[str, Generator]
) -> list[Call]:
    """The calls on one document."""
    by_id = {passage.id: passage for passage in passages}
    without, size, parsed = replace(document, text=""), len(document.text), as_parsed(document, passages)
    made = []
    for unit in units:
        given = passages if unit.passage is None else by_id[unit.passage]
        shown = given if isinstance(given, list) else [given]
        made.append(Call(unit, generators[unit.method], without, size, parsed, given, by_id, shown))
    return made


def as_parsed(document: Document, passages: Iterable[Passage]) -> dict[str, str]:
    """The slices of a document behind those passages of it that a filter edited; the others are their own."""
    edited = (passage for passage in passages if passage.edits and passage.document == document.id)
    return {passage.id: document.text[passage.start : passage.end] for passage in edited}


def searches(run: Run, generators: Iterable[Generator], models: Models) -> dict[str, Corpus]:
    """What each generator that searches may search; those that ask the same models, or none, share one."""
    searching = [generator for generator in generators if generator.corpus]
    if not searching:
        return {}
    everything = [passage for its in passages_by_document(run) for _, passage in its[1]]
    made: dict[frozenset[str], Corpus] = {}
    for generator in searching:
        asked = frozenset(generator.models.values())
        if asked not in made:
            made[asked] = Corpus(models.visible(generator, everything))
    return {generator.instance: made[frozenset(generator.models.values())] for generator in searching}


async def run_call(call: Call, corpus: Corpus | None, models: Models, wording: prompts.Wording) -> None:
    """Collect what one call yields. A generator's own fault costs its unit, not the run."""
    generator = call.generator
    extra: dict[str, Any] = {generator.corpus: corpus} if generator.corpus else {}
    extra |= {generator.passages: call.made_from} if generator.passages else {}
    try:
        bound = models.bind(generator, call.unit.id, highest(call.shown))
        with prompts.used(wording) as rendered:
            stream: AsyncIterator[Record | Rejected] = generator.function(
                call.given, **extra, **bound.doors, **generator.options
            )
            async for item in stream:
                call.items.append((item, _asked(bound, rendered)))
    except BadItem as error:
        call.failure = (error.reason, error.detail)
    except SpendCapReached as error:
        call.failure, call.capped = ("llm.max_spend", str(error)), True
    except Waiting:
        call.waiting = True
    except FactoryError:
        raise  # a wrong request or a dead world ends the run
    except Exception as error:  # noqa: BLE001 # the run's loop: whatever a plugin raises becomes a rejection
        its = plugins.origin("generators", generator.plugin)
        call.failure = (f"{call.unit.method}.failed", f"The generator raised {where(error)} ({its}).")


def _asked(bound: Bound, rendered: Mapping[str, str]) -> dict[str, Any]:
    """What goes into `meta`: the models, the keys of their answers in the journal, the templates of the prompts."""
    asked = bound.asked()
    return {**asked, "prompts": dict(sorted(rendered.items()))} if asked and rendered else asked


def _verdict(call: Call, item: Record | Rejected) -> tuple[Record | None, str | None, str]:
    """Its record, why it is rejected (None: it is not), and a detail. Checks what the core vouches for."""
    record, reason, detail = (item.record, item.reason, item.detail) if isinstance(item, Rejected) else (item, None, "")
    if record is None:
        return None, reason, detail
    if not isinstance(record, Record) or record.kind not in records.KINDS:
        raise WrongRequest(
            f"The generator '{call.unit.method}' yielded {type(record).__name__}, not a Record or Rejected."
        )
    if set(record.data) != {name for name, _ in records.COLUMNS[record.kind]}:
        raise WrongRequest(
            f"The generator '{call.unit.method}' yielded a '{record.kind}' record with other columns than that kind's."
        )
    try:
        records.check(record)
    except UnicodeEncodeError:
        return None, f"{call.unit.method}.not_unicode", "It holds half a character (a lone surrogate)."
    except ValueError as error:
        raise WrongRequest(
            f"The generator '{call.unit.method}' yielded a '{record.kind}' record that cannot be kept: {error}."
        ) from None
    if call.failure and reason is None:
        reason = call.failure[0]  # what came before the failure is incomplete
    if isinstance(call.given, Record):
        record = records.descended(record, call.given, call.unit.id)
    if reason is None and not all(_is_true(quote, call) for quote in record.quotes):
        reason = f"{call.unit.method}.quote_not_in_source"
    return record, reason, detail


def _is_true(quote: Quote, call: Call) -> bool:
    """Whether the quote leads back: its slice of the document, edited as its passage is, is its text (law 5)."""
    if isinstance(call.given, Record) and quote in call.given.quotes:
        return True  # it led back there, and filters of records may have edited it since
    passage = call.passages.get(quote.passage)
    if passage is None or quote.document != call.document.id:
        return False
    first, last = quote.start - passage.start, quote.end - passage.start
    if not 0 <= first < last <= passage.end - passage.start:
        return False
    edits = passage.edits.within(first, last)
    touched = sum(edit.start < last and first < edit.end for edit in passage.edits.edits)
    if quote.edits != edits or touched != len(edits.edits):  # edits of its own, or half of a replacement
        return False
    return edits.apply(call.parsed.get(passage.id, passage.text)[first:last]) == quote.text
