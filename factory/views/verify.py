"""Verify: whether the laws hold on a real run, recomputed from its tables alone.

1  read = kept + rejected, by id, at every filter; every unit ended once; records = kept + rejected; what votes say
5  every quote leads back to its document
7  the report's numbers are those of the tables
8  train, validation and test share no document and no near-duplicate cluster; no row of the dataset tells what the
   exam asks as unseen, or asks it in the words of the exam
   and the exported rows, with the exam and what is held back for it, are exactly the kept records
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import zip_longest
from typing import Any

import numpy as np

from factory import near, records, rejections, tables, verdicts
from factory.corpus import Table, all_tables, kept, kept_documents, kept_records, record_tables
from factory.runs import Run
from factory.stages import exam, feedback, mix
from factory.stages.export import exported_rows
from factory.stages.splits import THRESHOLD
from factory.stages.units import UNITS
from factory.views import declared, exported
from factory.views.counted import counted

EXAMPLES = 5


@dataclass
class Finding:
    """What one check found: how many things it looked at, how many were wrong, and which (ids)."""

    law: int
    what: str
    checked: int = 0
    broken: int = 0
    examples: list[str] = field(default_factory=list)

    def note(self, fine: bool, name: str) -> None:
        """Count one thing."""
        self.checked += 1
        if not fine:
            self.broken += 1
            if len(self.examples) < EXAMPLES:
                self.examples.append(name)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def verify(run: Run) -> list[Finding]:
    """Every check that the finished stages of a run allow, and the text of its documents, where it was not dropped."""
    checks: list[tuple[str, Callable[[Run], Finding]]] = [
        ("filter.documents", lambda r: _verdicts(r, "documents")),
        ("filter.passages", lambda r: _verdicts(r, "passages")),
        ("read", _votes),
        ("generate", _units),
        ("filter.records", lambda r: _verdicts(r, "records")),
        ("filter.records", _mix),
        ("export", _exported),
        *([("export", _quotes)] if run.has_text else []),
        ("export", _splits),
        ("export", _exam),
        *([("audit", _report)] if run.has_text else []),
    ]
    return [check(run) for stage, check in checks if run.stands(stage)]


def _verdicts(run: Run, stage: str) -> Finding:
    """One verdict a row at every filter, in the order of the rows that the filters before left."""
    finding = Finding(1, f"{stage}: read = kept + rejected at every filter")
    order = run.counts(f"filter.{stage}")["order"]
    for table in all_tables(run, stage):
        for nth, name in enumerate(order):
            for shown, verdict in zip_longest(_alive_ids(run, table, order[:nth]), _verdict_ids(table, name)):
                finding.note(shown == verdict, f"{name}: {shown or verdict}")
    return finding


def _mix(run: Run) -> Finding:
    """Of each source of the mix as many rows are left as its cap and weight allow, of those that the filters left."""
    finding = Finding(1, "mix: as many rows of each source as its cap and weight allow")
    order = run.counts("filter.records")["order"]
    if mix.NAME in order:
        its, at = declared.recipe(run), order.index(mix.NAME)
        before, after = (mix.rows_of(run, its, order[:end]) for end in (at, at + 1))
        for name, (_, allowed) in mix.quotas(before, its.mix).items():
            finding.note(after[name] == allowed, name)
    return finding


def _alive_ids(run: Run, table: Table, order: list[str]) -> Iterator[str]:
    state, position = kept(run, table, order=order), 0
    for batch in tables.batches(table.folder, table.schema, columns=["id"]):
        for id_ in batch["id"].to_pylist():
            if state.alive[position]:
                yield id_
            position += 1


def _verdict_ids(table: Table, name: str) -> Iterator[str]:
    for batch in tables.read_file(table.verdicts / f"{name}.parquet", verdicts.SCHEMA, columns=["id"]):
        yield from batch["id"].to_pylist()


def _units(run: Run) -> Finding:
    """Every unit once; its number of records is that in the tables; those without any are in the ledger."""
    finding = Finding(1, "generate: every unit ended once, and its records are all there")
    made: dict[str, int] = {}
    for table in record_tables(run):
        for row in tables.rows(table.folder, table.schema, columns=["unit", "method"]):
            name = f"{row['unit']}/{row['method']}"
            made[name] = made.get(name, 0) + 1
    lost = {row["id"] for stage in ("read", "generate") for row in rejections.read(run, stage)}
    seen: set[str] = set()
    for row in tables.rows(run.path / "units", UNITS):
        name = f"{row['unit']}/{row['method']}"
        explained = row["outcome"] == "made" or name in lost
        finding.note(name not in seen and row["records"] == made.pop(name, 0) and explained, name)
        seen.add(name)
    for name in made:
        finding.note(False, name)
    return finding


def _votes(run: Run) -> Finding:
    """A record stands for all votes on it and says what most of them say; of a tie there is none."""
    finding = Finding(1, "feedback: each record says what most votes on it say")
    votes: dict[str, list[dict[str, Any]]] = {}
    file = run.path / feedback.PART
    for batch in tables.read_file(file, feedback.SCHEMA) if file.is_file() else ():
        for row in batch.to_pylist():
            votes.setdefault(row["item"], []).append(row)
    for table in record_tables(run) if votes else ():
        columns = ["id", "meta", *(["label"] if table.kind == "feedback" else [])]
        for row in tables.rows(table.folder, table.schema, columns=columns):
            if row["id"] in votes:
                finding.note(_says(row, votes.pop(row["id"])), row["id"])
    for item, cast in votes.items():
        finding.note(all(vote["decided"] is None for vote in cast), item)
    return finding


def _says(row: dict[str, Any], cast: list[dict[str, Any]]) -> bool:
    whole = json.loads(row["meta"])["raters"] == len(cast) and all(vote["decided"] for vote in cast if vote["vote"])
    up = sum(vote["vote"] == "up" for vote in cast)
    return whole and ("label" not in row or (2 * up != len(cast) and row["label"] == (2 * up > len(cast))))


def _dataset(run: Run) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(kind, split, row) of everything exported."""
    for kind, split, batch in exported.batches(run, exported.WHOLE):
        yield from ((kind, split, row) for row in batch.to_pylist())


def _exported(run: Run) -> Finding:
    """The rows of dataset/, and those apart for the exam, are the kept records, no more and no fewer."""
    finding = Finding(1, "export: the rows are the kept records")
    left = set(exported.ids(run)) | {row["id"] for row in rejections.read(run, "export")}
    left |= {item["id"] for name, item in exam.read(run.path / "exam") if name == "unseen"}
    for table in record_tables(run):
        for row in kept_records(run, table):
            for _, out in exported_rows(table.kind, row, open_book=False):
                finding.note(out["id"] in left, out["id"])
                left.discard(out["id"])
    for id_ in sorted(left):
        finding.note(False, id_)
    return finding


def _quotes(run: Run) -> Finding:
    """edit(source[start:end]) == quote, for every quote of every exported row."""
    finding = Finding(5, "quotes: each leads back to its document")
    wanted: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for _, _, row in _dataset(run):
        for quote in json.loads(row["meta"])["quotes"]:
            wanted.setdefault(quote["document"], []).append((row["id"], quote))
    for _, document, _ in kept_documents(run):
        for id_, quote in wanted.pop(document.id, []):
            source = document.text[quote["start"] : quote["end"]]
            finding.note(records.edits_from(quote["edits"]).apply(source) == quote["text"], id_)
    for quotes in wanted.values():
        for id_, _ in quotes:
            finding.note(False, id_)
    return finding


def _splits(run: Run) -> Finding:
    """No document and no near-duplicate cluster in two splits."""
    if declared.recipe(run).export.split.by == "file":
        return Finding(8, "splits: those of the files, which may share what they like")
    finding = Finding(8, "splits: no document and no near-duplicate in two of them")
    split_of: dict[str, str] = {}
    splits, texts, ids = [], [], []
    for kind, split, row in _dataset(run):
        for document in json.loads(row["meta"])["documents"]:
            finding.note(split_of.setdefault(document, split) == split, row["id"])
        splits.append(split)
        ids.append(row["id"])
        texts.append(records.joined(kind, row))
    labels = near.near_duplicates(texts, threshold=THRESHOLD) if texts else np.zeros(0, dtype=np.int64)
    for nth, label in enumerate(labels.tolist()):
        finding.note(splits[nth] == splits[label], ids[nth])
    return finding


def _exam(run: Run) -> Finding:
    """No question of the exam is trained, and no instruction row cites what an unseen one does."""
    finding = Finding(8, "exam: the dataset neither asks its questions nor tells its unseen answers")
    items = list(exam.read(run.path / "exam"))
    if not items:
        return finding
    trained: set[bytes] = set()
    places: list[tuple[exam.Span, ...]] = []
    for kind, _, row in _dataset(run):
        if kind in exam.TELLING:
            trained.add(exam.folded(exam.question(kind, row)))
            places.append(exam.cites(json.loads(row["meta"])))
    unseen = [item for name, item in items if name == "unseen"]
    told = {
        one for pair in exam.overlapping([*places, *(exam.cites(json.loads(item["meta"])) for item in unseen)])
        for one in pair if min(pair) < len(places) <= max(pair)
    }  # fmt: skip
    for nth, item in enumerate(unseen, start=len(places)):
        finding.note(nth not in told, item["id"])
    for _, item in items:
        finding.note(exam.folded(exam.question("feedback", item)) not in trained, item["id"])
    return finding


def _report(run: Run) -> Finding:
    """report.json says what the tables say now: to the chapters, and of some numbers also to a count of their own."""
    from factory.views.audit import report

    finding = Finding(7, "report: its numbers are those of the tables")
    said, found, again = run.report()["measures"], report(run)["measures"], counted(run)
    for name in sorted({*said, *found}):
        finding.note(said.get(name) == found.get(name) == again.get(name, found.get(name)), name)
    return finding


def broken(findings: Iterable[Finding]) -> list[Finding]:
    """The checks that found something wrong."""
    return [finding for finding in findings if finding.broken]
