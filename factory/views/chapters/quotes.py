"""Evidence: every quote of every exported row, looked up again in its document.

A quote holds when the slice of the document as parsed, with the quote's edits applied, is the quote's text.
Costs   40 bytes a quote, and one pass over the documents.
"""

import hashlib
from array import array
from typing import Any

import numpy as np
import pyarrow as pa

from factory import records, tables
from factory.corpus import document_table
from factory.edits import EditMap
from factory.runs import Run
from factory.views import declared, exported
from factory.views.chapter import EXAMPLES, Chapter, Finding, share, some

NAME, TITLE = "quotes", "Evidence"
NOT_LOOKED_AT = "The rows were read as they are: no document stands behind them in which an answer could be looked up."


def chapter(run: Run) -> Chapter:
    """How many quotes were looked up, how many do not hold; rows with and without a quote."""
    if not declared.has_documents(run):
        why = dict.fromkeys(("quotes.checked", "quotes.broken"), "there are no documents")
        return Chapter({"not_looked_at": NOT_LOOKED_AT}, not_measured=why)
    quotes = _Quotes()
    rows: dict[str, dict[str, int]] = {}
    for position, (kind, _, _, meta) in enumerate(exported.metas(run)):
        its = rows.setdefault(kind, {"rows": 0, "with_quotes": 0, "quotes": 0})
        its["rows"] += 1
        its["with_quotes"] += bool(meta["quotes"])
        its["quotes"] += len(meta["quotes"])
        for quote in meta["quotes"]:
            quotes.add(position, quote)
    broken = quotes.broken(run)
    checked = len(quotes.rows)
    measures = {"quotes.checked": checked, "quotes.broken": len(broken)}
    numbers = {"checked": checked, "broken": len(broken), "broken_share": share(len(broken), checked), "kinds": rows}
    return Chapter(numbers, measures, [_found(run, broken, quotes.rows)])


class _Quotes:
    """The quotes of all rows: where each stands, and a digest of its text."""

    def __init__(self) -> None:
        self.rows = array("q")  # position of the row
        self._documents, self._starts, self._ends, self._digests = array("q"), array("q"), array("q"), array("Q")
        self._edits: dict[int, EditMap] = {}  # few quotes are edited
        self._numbers: dict[str, int] = {}  # of documents

    def add(self, row: int, quote: dict[str, Any]) -> None:
        """Take one quote of a row."""
        if quote["edits"]:
            self._edits[len(self.rows)] = records.edits_from(quote["edits"])
        self.rows.append(row)
        self._documents.append(self._numbers.setdefault(quote["document"], len(self._numbers)))
        self._starts.append(quote["start"])
        self._ends.append(quote["end"])
        self._digests.append(_digest(quote["text"]))

    def broken(self, run: Run) -> list[int]:
        """The quotes that do not hold, by number; one of a document that is not there does not."""
        owners = np.array(self._documents, np.int64)
        order = np.argsort(owners, kind="stable")
        bounds = np.searchsorted(owners[order], np.arange(len(self._numbers) + 1))
        pending = dict(self._numbers)
        found: list[int] = []
        for id_, text in _documents(run, pending):
            number = pending.pop(id_)
            found += [q for q in order[bounds[number] : bounds[number + 1]].tolist() if not self._holds(q, text)]
        for number in pending.values():
            found += order[bounds[number] : bounds[number + 1]].tolist()
        return sorted(found)

    def _holds(self, quote: int, text: str) -> bool:
        source = text[self._starts[quote] : self._ends[quote]]
        try:
            shown = self._edits[quote].apply(source) if quote in self._edits else source
        except ValueError:  # an edit lies outside of the slice
            return False
        return bool(source) and _digest(shown) == self._digests[quote]


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def _documents(run: Run, wanted: dict[str, int]) -> Any:
    """(id, text as parsed) of some documents; of the others no text is decoded."""
    table = document_table(run)
    for batch in tables.batches(table.folder, table.schema, columns=["id", "text"]):
        here = [nth for nth, id_ in enumerate(batch["id"].to_pylist()) if id_ in wanted]
        picked = batch.take(pa.array(here, pa.int64()))
        yield from zip(picked["id"].to_pylist(), picked["text"].to_pylist(), strict=True)


def _found(run: Run, broken: list[int], rows: "array[int]") -> Finding:
    positions = sorted({rows[quote] for quote in broken})
    return Finding(
        "quotes.broken", "error", "Quotes do not stand in their document",
        "The answer is not proved by its source, and may be made up.", len(broken),
        "`factory verify RUN` checks again; `factory run RUN` makes rows from the documents as they are now",
        some(exported.ids_at(run, positions[:EXAMPLES])),
    )  # fmt: skip
