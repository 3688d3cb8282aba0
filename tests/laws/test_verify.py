"""Law 7: the report's numbers are those of the tables; and `verify` is not blind: what was changed by hand is found."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings

from factory import Run, run
from factory.errors import DeadWorld
from factory.stages.splits import SPLITS
from factory.views import ledger, verify
from factory.views.chapters import duplicates
from factory.views.counted import counted
from tests.corpora import finished, recipe, rows, workspace
from tests.laws import foreign
from tests.laws.strategies import Drawn, corpora, recipes


@settings(max_examples=15)
@given(drawn=corpora(), made=recipes())
def test_the_reports_numbers_are_recomputed_from_the_tables(drawn: Drawn, made: dict[str, Any]) -> None:
    with workspace() as folder:
        finished(folder, drawn.files, made)
        done = run(folder / "recipe.yaml")
        [finding] = [finding for finding in verify.verify(done) if finding.law == 7]
        assert finding.checked > 20
        assert not finding.broken, finding.examples
        measures = done.report()["measures"]
        exported = rows(done.path / "dataset")
        quotes = [quote for row in exported for quote in json.loads(row["meta"])["quotes"]]
        assert measures["records.kept"] == measures["rows.total"] == len(exported)
        assert measures["quotes.checked"] == len(quotes)
        assert measures["rejected.total"] == len(list(ledger.entries(done)))
        split_of = {
            split: sum(len(rows_of(file)) for file in done.path.glob(f"dataset/*/{split}-*")) for split in SPLITS
        }
        assert {split: measures[f"rows.{split}"] for split in SPLITS} == split_of


def test_a_chapter_that_counts_wrongly_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finished(tmp_path, {"a.md": "# Pump\n\nA charge pump is a part that keeps the line free of air.\n"}, recipe())
    monkeypatch.setattr(duplicates, "share", lambda part, whole: 0.5)
    done = run(tmp_path / "recipe.yaml")
    assert len(counted(done)) >= 20
    [finding] = verify.broken(verify.verify(Run(done.path)))
    assert (finding.law, finding.examples) == (7, ["duplicates.exact.share"])


def test_a_number_changed_in_the_report_is_found(tmp_path: Path) -> None:
    finished(tmp_path, {"a.md": "# Pump\n\nA charge pump is a part that keeps the line free of air.\n"}, recipe())
    done = run(tmp_path / "recipe.yaml")
    report = json.loads((done.path / "report.json").read_text(encoding="utf-8"))
    report["measures"]["records.kept"] += 1
    (done.path / "report.json").write_text(json.dumps(report), encoding="utf-8")
    [finding] = verify.broken(verify.verify(Run(done.path)))
    assert (finding.law, finding.broken, finding.examples) == (7, 1, ["records.kept"])


def rows_of(file: Path) -> list[dict[str, Any]]:
    return list(pq.ParquetFile(file).read().to_pylist())


def change(file: Path, edit: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
    """Rewrite a Parquet file with other rows."""
    table = pq.ParquetFile(file).read()  # the schema with it: it names the table
    pq.write_table(pa.Table.from_pylist(edit(table.to_pylist()), schema=table.schema), file)


def misquoted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    meta = json.loads(rows[0]["meta"])
    meta["quotes"][0]["text"] += "!"
    return [{**rows[0], "meta": json.dumps(meta)}, *rows[1:]]


CHANGES: dict[str, tuple[int, str, str, Callable[[list[dict[str, Any]]], list[dict[str, Any]]]]] = {
    "a row is gone": (1, "export", "dataset/sft/train-*", lambda rows: rows[1:]),
    "a row is new": (1, "export", "dataset/sft/train-*", lambda rows: [*rows, {**rows[0], "id": "new"}]),
    "a quote says more": (5, "quotes", "dataset/sft/train-*", misquoted),
    "a document changed": (5, "quotes", "documents/part-*", lambda rows: [{**row, "text": "x" * 999} for row in rows]),
    "a unit ended twice": (1, "generate", "units/part-*", lambda rows: [rows[0], *rows]),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_was_changed_by_hand_is_found(tmp_path: Path, what: str) -> None:
    law, words, file, edit = CHANGES[what]
    files = {f"{nth}.txt": " ".join(f"word{nth}x{n}" for n in range(40)) for nth in range(6)}
    with foreign.declared(quoting=foreign.quoting):
        made = recipe(methods=["quoting"], records=["length"], export={"split": {"validation": 0.2, "test": 0.2}})
        done = finished(tmp_path, files, made)
        assert not verify.broken(verify.verify(done))
        change(next(done.path.glob(file)), edit)
        found = verify.broken(verify.verify(Run(done.path)))
        assert any(finding.law == law and finding.what.startswith(words) for finding in found), found


def test_a_row_moved_from_train_to_test_is_found(tmp_path: Path) -> None:
    files = {f"{nth}.txt": " ".join(f"word{nth}x{n}" for n in range(40)) for nth in range(6)}
    with foreign.declared(quoting=foreign.quoting):
        split = {"validation": 0.2, "test": 0.2}
        done = finished(tmp_path, files, recipe(methods=["quoting"], export={"split": split}))
        train, test = (next(done.path.glob(f"dataset/sft/{split}-*")) for split in ("train", "test"))
        moved = rows_of(train)[0]
        change(train, lambda rows: rows[1:])
        change(test, lambda rows: [moved, *rows])
        [finding] = verify.broken(verify.verify(Run(done.path)))
        assert finding.law == 8


@pytest.mark.parametrize("gone", ["verdicts/records/text/length.parquet", "records/text/part-00000.parquet"])
def test_verdicts_that_do_not_fit_their_table_are_named(tmp_path: Path, gone: str) -> None:
    files = {f"{nth}.txt": f"A drain valve opens when tank {nth} is full." for nth in range(3)}
    done = finished(tmp_path, files, recipe(methods=["text"], records=["length"]))
    change(done.path / gone, lambda rows: rows[1:])
    with pytest.raises(DeadWorld, match=r"text/length\.parquet does not fit its table"):
        verify.verify(Run(done.path))
