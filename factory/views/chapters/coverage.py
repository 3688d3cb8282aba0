"""What of the documents the rows teach: passages that a row was made from, characters and sentences that a row quotes,
and a map of what became of each passage (`factory.views.corpus_map`).

Costs   about 360 bytes a document and a passage, 24 bytes a quote.
"""

from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from factory import tables
from factory.corpus import document_table, kept, passage_table
from factory.documents import place
from factory.runs import Run
from factory.views import declared, exported, ledger
from factory.views.chapter import Chapter, Finding, share
from factory.views.corpus_map import CorpusMap
from factory.views.scrubbed import may_show_passages

NAME, TITLE = "coverage", "Coverage"
SHOWN = 50  # documents without a row that are listed
MEASURES = ("coverage.passages", "coverage.documents", "coverage.quoted", "coverage.sentences")
NOT_LOOKED_AT = "There are no documents to compare the rows with: they were read as they are."
TOO_LITTLE = 0.5  # of the kept passages


@dataclass
class _Passages:
    """The kept passages, and which of them rows of each kind were made from."""

    numbers: dict[str, int] = field(default_factory=dict)
    starts: "array[int]" = field(default_factory=lambda: array("q"))
    ends: "array[int]" = field(default_factory=lambda: array("q"))
    used: dict[str, set[int]] = field(default_factory=dict)
    quotes: "array[int]" = field(default_factory=lambda: array("q"))  # passage, start, end, passage, start, end …

    def take(self, kind: str, meta: dict[str, Any]) -> None:
        """Count one row."""
        used = self.used.setdefault(kind, set())
        used.update(self.numbers[name] for name in meta["parents"] if name in self.numbers)
        for quote in meta["quotes"]:
            if (number := self.numbers.get(quote["passage"])) is not None:
                used.add(number)
                self.quotes.extend((number, quote["start"], quote["end"]))

    def used_by_any(self) -> set[int]:
        """The passages that a row of some kind was made from."""
        return set().union(*self.used.values())

    def quoted(self) -> int:
        """Characters that lie in a quote, each counted once."""
        spans = np.array(self.quotes, np.int64).reshape(-1, 3)
        spans = spans[np.lexsort((spans[:, 1], spans[:, 0]))]
        total, passage, reached = 0, -1, 0
        for number, start, end in spans.tolist():
            reached = reached if number == passage else self.starts[number]
            passage = number
            total += max(0, min(end, self.ends[number]) - max(start, reached))
            reached = max(reached, end)
        return total


def chapter(run: Run) -> Chapter:
    """Shares of documents, passages and characters; the documents that no row comes from, and why."""
    if not declared.has_documents(run):
        return Chapter({"not_looked_at": NOT_LOOKED_AT}, not_measured=dict.fromkeys(MEASURES, "there are no documents"))
    passages, made, alive = _kept_passages(run)
    taught = _taught(run, passages)
    documents = _documents(run)
    places = {id_: its for id_, (its, _) in documents.items()}
    corpus = CorpusMap(run, passages.numbers, passages.quotes)
    kept_documents = [id_ for id_, (_, is_kept) in documents.items() if is_kept]
    counts = {
        "passages": {"made": made.total(), "kept": len(passages.numbers), "used": len(passages.used_by_any())},
        "documents": {
            "all": len(documents),
            "kept": len(kept_documents),
            "used": len(taught.intersection(kept_documents)),
        },
        "characters": {"kept": sum(passages.ends) - sum(passages.starts), "quoted": passages.quoted()},
        "sentences": corpus.totals(),
    }
    kinds = {
        kind: {"passages": len(used), "share": share(len(used), len(passages.numbers))}
        for kind, used in passages.used.items()
    }
    silent = [id_ for id_ in documents if id_ not in taught]
    listed = _listed(run, silent[:SHOWN], places, made, alive)
    mapped = corpus.listed(places)
    numbers = {
        **counts,
        "kinds": kinds,
        "map": {"documents": len(alive), "listed": mapped},
        "without_rows": {"count": len(silent), "documents": listed},
    }
    uncited = corpus.uncited([its["id"] for its in mapped]) if may_show_passages(run) else {}
    findings = _little(kinds, len(passages.numbers))
    return Chapter(numbers, _measures(counts, kinds), findings, shown={"uncited": uncited})


def _measures(counts: dict[str, dict[str, int]], kinds: dict[str, dict[str, Any]]) -> dict[str, float]:
    return {
        "coverage.passages": share(counts["passages"]["used"], counts["passages"]["kept"]),
        "coverage.documents": share(counts["documents"]["used"], counts["documents"]["kept"]),
        "coverage.quoted": share(counts["characters"]["quoted"], counts["characters"]["kept"]),
        "coverage.sentences": share(counts["sentences"]["cited"], counts["sentences"]["all"]),
        **{f"coverage.{kind}.passages": its["share"] for kind, its in kinds.items()},
    }


def _kept_passages(run: Run) -> tuple[_Passages, Counter[str], Counter[str]]:
    """The kept passages; how many were made of each document, and how many kept."""
    passages, made, alive = _Passages(), Counter[str](), Counter[str]()
    table = passage_table(run)
    rows = tables.rows(table.folder, table.schema, columns=["id", "document", "start", "end"])
    for row, lives in zip(rows, kept(run, table).alive, strict=True):
        made[row["document"]] += 1
        if lives:
            alive[row["document"]] += 1
            passages.numbers[row["id"]] = len(passages.numbers)
            passages.starts.append(row["start"])
            passages.ends.append(row["end"])
    return passages, made, alive


def _taught(run: Run, passages: _Passages) -> set[str]:
    """The documents that a row comes from; the passages are counted on the way."""
    taught: set[str] = set()
    for kind, _, _, meta in exported.metas(run):
        taught.update(meta["documents"])
        passages.take(kind, meta)
    return taught


def _documents(run: Run) -> dict[str, tuple[str, bool]]:
    """Each document's place and whether it was kept."""
    table = document_table(run)
    state = kept(run, table).alive
    rows = tables.rows(table.folder, table.schema, columns=["id", "source", "path", "row"])
    return {
        row["id"]: (place(row["source"], row["path"], row["row"]), bool(alive))
        for row, alive in zip(rows, state, strict=True)
    }


def _listed(
    run: Run, silent: list[str], places: dict[str, str], made: Counter[str], alive: Counter[str]
) -> list[dict[str, Any]]:
    """Documents without a row: what was made and kept of each, and the reasons for what was lost."""
    reasons: dict[str, Counter[str]] = {id_: Counter() for id_ in silent}
    for entry in ledger.entries(run):
        if (its := reasons.get(entry.id.split("/")[0])) is not None:
            its[entry.reason] += 1
    return [
        {"id": id_, "place": places[id_], "passages": made[id_], "kept": alive[id_], "reasons": dict(its)}
        for id_, its in reasons.items()
    ]


def _little(kinds: dict[str, dict[str, Any]], passages: int) -> list[Finding]:
    """Kinds whose rows come from less than half of the passages."""
    return [
        Finding(
            f"coverage.{kind}", "info", f"Rows of kind {kind} leave out more than half of the passages",
            "What those passages say is not taught in this form.", passages - its["passages"],
            "`factory ledger RUN --stage generate` says why they gave nothing; another method may read them",
        )
        for kind, its in kinds.items() if its["share"] < TOO_LITTLE
    ]  # fmt: skip
