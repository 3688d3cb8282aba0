"""Law 1: read = kept + rejected, by id, at every filter; every unit ends once; records = kept + rejected.

Counted here from the Parquet files and the manifest, without the code that wrote them; `verify` must agree.
"""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from hypothesis import given, settings

from factory import Run
from factory.views import ledger, verify
from tests.corpora import finished, rows, workspace
from tests.laws.strategies import Drawn, corpora, recipes

Rows = list[dict[str, Any]]


def through(
    run: Run, stage: str, order: list[str], ids: list[str], below: str = ""
) -> tuple[list[str], dict[str, str]]:
    """The ids that the filters of a stage leave, and the reason of each that they reject. Checks every verdict file."""
    rejected: dict[str, str] = {}
    for name in order:
        said = rows_of(run.path / "verdicts" / stage / below / f"{name}.parquet")
        assert [verdict["id"] for verdict in said] == ids, f"{name} must say one thing of each row it read, in order"
        assert {verdict["outcome"] for verdict in said} <= {"keep", "edit", "reject"}
        gone = {verdict["id"]: verdict["reason"] for verdict in said if verdict["outcome"] == "reject"}
        assert all(gone.values())
        rejected |= gone
        ids = [id_ for id_ in ids if id_ not in gone]
    return ids, rejected


def rows_of(file: Path) -> Rows:
    return pq.ParquetFile(file).read().to_pylist() if file.exists() else []


def counted(run: Run, stage: str) -> dict[str, Any]:
    return json.loads((run.path / "manifest.json").read_text(encoding="utf-8"))["stages"][stage]["counts"]


def check_filters(run: Run, stage: str, tables: dict[str, list[str]]) -> tuple[set[str], dict[str, str]]:
    """Law 1 at every filter of a stage; `tables` are ids by table. Returns who is kept, and why others are not."""
    counts = counted(run, f"filter.{stage}")
    kept: set[str] = set()
    rejected: dict[str, str] = {}
    for below, ids in tables.items():
        left, gone = through(run, stage, counts["order"], ids, below)
        kept |= set(left)
        rejected |= gone
    read = sum(map(len, tables.values()))
    assert (counts["read"], counts["kept"]) == (read, len(kept))
    assert read == len(kept) + len(rejected)
    reasons: dict[str, int] = {}
    for its in counts["filters"].values():
        assert its["read"] == its["kept"] + its["rejected"]
        assert its["rejected"] == sum(its["reasons"].values())
        for reason, n in its["reasons"].items():
            reasons[reason] = reasons.get(reason, 0) + n
    assert reasons == {reason: list(rejected.values()).count(reason) for reason in set(rejected.values())}
    return kept, rejected


@settings(max_examples=60)
@given(drawn=corpora(), made=recipes())
def test_every_row_that_came_in_is_kept_or_rejected_once_with_a_reason(drawn: Drawn, made: dict[str, Any]) -> None:
    with workspace() as folder:
        run = finished(folder, drawn.files, made)

        documents = rows(run.path / "documents")
        unread = rows_of(run.path / "rejected/ingest.parquet")
        lines = sum(text.count("\n") if name.endswith("jsonl") else 1 for name, text in drawn.files.items())
        assert lines == len(documents) + len(unread)
        kept_documents, why_documents = check_filters(run, "documents", {"": [row["id"] for row in documents]})

        passages = rows(run.path / "passages")
        assert {row["document"] for row in passages} <= kept_documents
        kept_passages, why_passages = check_filters(run, "passages", {"": [row["id"] for row in passages]})

        records = {kind.name: rows(kind) for kind in sorted((run.path / "records").glob("*"))}
        lost_units = rows_of(run.path / "rejected/generate.parquet")
        check_units(run, made, passages, kept_passages, [row for its in records.values() for row in its], lost_units)

        standing = {kind: [row["id"] for row in its if row["reason"] is None] for kind, its in records.items()}
        kept_records, why_records = check_filters(
            run, "records", {kind: ids for kind, ids in standing.items() if records[kind]}
        )
        assert sorted(row["id"] for row in rows(run.path / "dataset")) == sorted(kept_records)

        lost = [(entry.id, entry.reason) for entry in ledger.entries(run)]
        by_generators = [(row["id"], row["reason"]) for its in records.values() for row in its if row["reason"]]
        expected = [(row["id"], row["reason"]) for row in unread + lost_units] + by_generators
        assert sorted(lost) == sorted([*expected, *why_documents.items(), *why_passages.items(), *why_records.items()])
        assert all(finding.broken == 0 for finding in verify.verify(run))


def check_units(run: Run, made: dict[str, Any], passages: Rows, kept: set[str], records: Rows, lost: Rows) -> None:
    """Each kept passage (or document with one) is a unit of each method, and each unit ends once."""
    units = rows(run.path / "units")
    names = [(row["unit"], row["method"]) for row in units]
    assert len(names) == len(set(names))
    of_documents = {row["document"] for row in passages if row["id"] in kept}
    of = {"text": of_documents, "extractive_qa": of_documents}
    methods = [method if isinstance(method, str) else next(iter(method)) for method in made["generate"]["methods"]]
    planned = {(unit, method) for method in methods for unit in of[method]}
    if "target" in str(made["generate"]):  # of all, or of a method
        assert set(names) <= planned
        assert sorted(row["rank"] for row in units) == list(range(len(units))), (
            "rounds take the plan from its beginning"
        )
    else:
        assert set(names) == planned
    made_by = {name: [row["id"] for row in records if (row["unit"], row["method"]) == name] for name in names}
    explained = {row["id"] for row in lost}
    for row in units:
        name = (row["unit"], row["method"])
        assert row["records"] == len(made_by[name])
        assert row["outcome"] == ("made" if made_by[name] else "empty")
        assert (f"{row['unit']}/{row['method']}" in explained) == (row["outcome"] == "empty")
    assert len(records) == sum(row["records"] for row in units)
    assert len({row["id"] for row in records}) == len(records)
    counts = counted(run, "generate")
    assert (counts["made"], counts["records"]) == (sum(row["outcome"] == "made" for row in units), len(records))
