"""The filter stage: one verdict a row, in recipe order, earlier edits applied, nothing measured twice."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from factory import Run, run
from factory.corpus import kept_records, record_tables
from factory.errors import WrongRequest
from factory.stages import filter as stage
from factory.stages import measuring
from factory.views.ledger import entries
from filters.length import Length
from filters.minhash_dedup import MinhashDedup
from tests.corpora import contents, rows, write_documents, write_recipe
from tests.factory.installing import Package, on_the_path

DOCUMENTS = {
    f"{n}.md": f"# Part {n}\n\n" + f"Pump number {n} moves water of kind {n * n} from here to there. " * 3
    for n in range(12)
}


def filtered(folder: Path, *records: Any, workers: int | None = 1, **keys: Any) -> Run:
    if not (folder / "documents").exists():
        write_documents(folder, DOCUMENTS)
    keys = {"methods": ["text"], **keys}
    return run(write_recipe(folder, records=records, **keys), until="generate", workers=workers)


def verdicts(done: Run, name: str, table: str = "records/text") -> list[dict[str, Any]]:
    return rows_of(done.path / "verdicts" / table / f"{name}.parquet")


def rows_of(file: Path) -> list[dict[str, Any]]:
    return list(pq.read_table(file).to_pylist())


def texts(done: Run) -> list[str]:
    return [row["text"] for table in record_tables(done) if table.kind == "text" for row in kept_records(done, table)]


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each call of a dear measurement saw."""
    seen: list[int] = []
    for code in (Length, MinhashDedup):
        real = code.measure

        def measure(self: Any, batch: Any, real: Any = real) -> Any:
            seen.append(len(batch))
            return real(self, batch)

        monkeypatch.setattr(code, "measure", measure)
    return seen


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[Package]:
    """A package whose filters the recipe may name."""
    with on_the_path(tmp_path / "site") as site:
        yield Package(site, "stranger")


FILTER = """
from dataclasses import dataclass
import pyarrow as pa
from factory.edits import Edit
from factory.verdicts import Verdicts

@dataclass(frozen=True)
class {name}:
    {options}

    def measure(self, batch):
        {measure}

    def decide(self, features):
        verdicts = Verdicts()
        for row in features.to_pylist():
            {decide}
        return verdicts
"""


def a_filter(name: str, *, options: str = "pass", measure: str = "return batch", decide: str) -> str:
    return FILTER.format(name=name, options=options, measure=measure, decide=decide)


FRAGILE = a_filter(
    "fragile",
    measure="texts = batch['text'].to_pylist()\n"
    "        if any('number 7' in text for text in texts):\n"
    "            raise ValueError(texts)\n"
    "        return batch",
    decide="verdicts.keep(row['id'])",
)


# --- order and edits


def test_each_filter_sees_what_those_before_it_left(tmp_path: Path) -> None:
    done = filtered(
        tmp_path, {"length": {"max_chars": 200}}, "minhash_dedup", {"none": {"plugin": "length", "min_chars": 9999}}
    )
    counts = done.counts("filter.records")
    assert counts["order"] == ["length", "minhash_dedup", "none"]
    read = [counts["filters"][name]["read"] for name in counts["order"]]
    kept = [counts["filters"][name]["kept"] for name in counts["order"]]
    assert read == [counts["read"], *kept[:2]]
    assert counts["kept"] == kept[-1] == 0
    for name in counts["order"]:
        its = counts["filters"][name]
        assert its["read"] == its["kept"] + its["rejected"] == len(verdicts(done, name))
        assert its["rejected"] == sum(its["reasons"].values())


def test_the_first_filter_that_rejects_a_row_is_the_one_that_is_named(tmp_path: Path) -> None:
    short, shorter = {"length": {"min_chars": 9999}}, {"other": {"plugin": "length", "min_chars": 9998}}
    done = filtered(tmp_path, shorter, short)
    assert {entry.by for entry in entries(done, stage="filter.records")} == {"other"}


def test_edits_are_seen_by_the_next_filter_and_composed(tmp_path: Path, stranger: Package) -> None:
    edit = "at = row['text'].index('{0}'); verdicts.edit(row['id'], [('text', Edit(at, at + {1}, 'k', '{2}'))], 'x.y')"
    stranger.declares("filters", "first", a_filter("first", decide=edit.format("Pump", 4, "[THING]")))
    stranger.declares("filters", "second", a_filter("second", decide=edit.format("[THING] number", 14, "It")))
    done = filtered(tmp_path, "first", "second")
    assert done.counts("filter.records")["filters"]["second"]["edited"] == 12
    assert all("\n\nIt " in text for text in texts(done))
    assert all("THING" not in text for text in texts(done))


def test_the_order_of_the_recipe_decides(tmp_path: Path, stranger: Package) -> None:
    decide = "verdicts.edit(row['id'], [('text', Edit(0, 1, 'k', '{}'))], 'x.y')"
    for name in ("a", "b"):
        stranger.declares("filters", name, a_filter(name, decide=decide.format(name)))
    assert {text[0] for text in texts(filtered(tmp_path, "a", "b"))} == {"b"}
    assert {text[0] for text in texts(filtered(tmp_path, "b", "a"))} == {"a"}


# --- features are kept


def test_a_new_threshold_measures_nothing(tmp_path: Path, measured: list[int]) -> None:
    filtered(tmp_path, {"length": {"min_chars": 1}}, {"minhash_dedup": {"threshold": 0.9}})
    assert sum(measured) == 24
    measured.clear()
    done = filtered(tmp_path, {"length": {"min_chars": 2, "max_chars": 9999}}, {"minhash_dedup": {"threshold": 0.5}})
    assert measured == []
    assert done.did == ["filter.records"]


def test_a_measuring_option_measures_again(tmp_path: Path, measured: list[int]) -> None:
    filtered(tmp_path, "minhash_dedup")
    measured.clear()
    filtered(tmp_path, {"minhash_dedup": {"ngram": 3}})
    assert sum(measured) == 12


def test_a_changed_document_is_measured_alone(tmp_path: Path, measured: list[int]) -> None:
    filtered(tmp_path, "length", "minhash_dedup")
    measured.clear()
    (tmp_path / "documents/3.md").write_text("# New\n\nA valve stops the water that a pump has moved before.")
    filtered(tmp_path, "length", "minhash_dedup")
    assert measured == [1, 1]


def test_the_same_verdicts_come_from_kept_features_as_from_fresh_ones(tmp_path: Path) -> None:
    filtered(tmp_path / "a", {"length": {"min_chars": 9}}, {"minhash_dedup": {"threshold": 0.9}})
    kept = filtered(tmp_path / "a", {"length": {"min_chars": 150}}, {"minhash_dedup": {"threshold": 0.6}})
    fresh = filtered(tmp_path / "b", {"length": {"min_chars": 150}}, {"minhash_dedup": {"threshold": 0.6}})
    assert rows(kept.path / "verdicts") == rows(fresh.path / "verdicts")


def test_damaged_features_are_measured_anew(tmp_path: Path, measured: list[int]) -> None:
    done = filtered(tmp_path, "minhash_dedup")
    file = done.path / "features/records/text/minhash_dedup.parquet"
    file.write_bytes(file.read_bytes()[:-40])
    measured.clear()
    filtered(tmp_path, {"minhash_dedup": {"threshold": 0.5}})
    assert sum(measured) == 12


def test_the_files_of_a_filter_that_left_the_recipe_go(tmp_path: Path) -> None:
    filtered(tmp_path, "length", "minhash_dedup")
    done = filtered(tmp_path, "minhash_dedup")
    assert sorted(contents(done.path / "verdicts/records")) == ["text/minhash_dedup.parquet"]
    assert sorted(contents(done.path / "features/records")) == ["text/minhash_dedup.parquet"]


# --- kinds


def test_rows_of_kinds_that_a_filter_does_not_handle_pass_and_are_counted(tmp_path: Path, stranger: Package) -> None:
    only = a_filter("only", options="kinds = ('sft',)", decide="verdicts.reject(row['id'], 'only.no')")
    stranger.declares("filters", "only", only.replace("class only:", "class only:\n    from typing import ClassVar"))
    done = filtered(tmp_path, "only")
    counts = done.counts("filter.records")["filters"]["only"]
    assert counts["not_looked_at"] == counts["read"] == counts["kept"] == 12
    assert [v["outcome"] for v in verdicts(done, "only")] == ["keep"] * 12
    assert "features" not in {p.name for p in done.path.iterdir()} or not list((done.path / "features").rglob("only*"))


# --- what a filter may do wrong


def test_a_row_on_which_a_filter_fails_is_rejected_alone_and_its_text_is_nowhere(
    tmp_path: Path, stranger: Package
) -> None:
    stranger.declares("filters", "fragile", FRAGILE)
    done = filtered(tmp_path, "fragile")
    counts = done.counts("filter.records")["filters"]["fragile"]
    assert (counts["kept"], counts["rejected"], counts["reasons"]) == (11, 1, {"fragile.failed": 1})
    [lost] = entries(done, reason="fragile")
    assert lost.detail == '{"error": "ValueError"}'
    assert "number 7" not in "".join(v["evidence"] or "" for v in verdicts(done, "fragile"))


@pytest.mark.parametrize(
    ("decide", "said"),
    [
        ("pass", "The filter 'odd' gave 0 verdicts on 12 rows; each row needs one."),
        (
            "verdicts.keep(row['id']); verdicts.keep(row['id'])",
            "The filter 'odd' gave 24 verdicts on 12 rows; each row needs one.",
        ),
        ("verdicts.keep('x')", "The filter 'odd' gave 12 verdicts on 12 rows; each row needs one."),
    ],
)
def test_a_filter_that_does_not_say_one_thing_of_each_row_is_refused(
    tmp_path: Path, stranger: Package, decide: str, said: str
) -> None:
    stranger.declares("filters", "odd", a_filter("odd", decide=decide))
    with pytest.raises(WrongRequest) as error:
        filtered(tmp_path, "odd")
    assert str(error.value) == said


def test_a_filter_that_measures_fewer_rows_than_it_saw_is_refused(tmp_path: Path, stranger: Package) -> None:
    stranger.declares(
        "filters", "odd", a_filter("odd", measure="return batch.slice(1)", decide="verdicts.keep(row['id'])")
    )
    with pytest.raises(WrongRequest, match="The filter 'odd' measured 11 rows of 12"):
        filtered(tmp_path, "odd")


# --- processes


def test_how_many_processes_measure_makes_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = ("pii", {"length": {"min_chars": 100}}, "exact_dedup", "minhash_dedup")
    one = filtered(tmp_path / "one", *chain, passages=["pii"])
    monkeypatch.setattr(measuring, "PATIENCE_S", 0.0)
    monkeypatch.setattr(stage, "BATCH_ROWS", 3)
    many = filtered(tmp_path / "many", *chain, passages=["pii"], workers=3)
    assert rows(one.path / "verdicts") == rows(many.path / "verdicts")


def test_a_filter_that_fails_in_another_process_costs_its_row_there_too(
    tmp_path: Path, stranger: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger.declares("filters", "fragile", FRAGILE)
    monkeypatch.setattr(measuring, "PATIENCE_S", 0.0)
    counts = filtered(tmp_path, "fragile", workers=2).counts("filter.records")["filters"]["fragile"]
    assert counts["reasons"] == {"fragile.failed": 1}


# --- nothing there


@pytest.mark.parametrize("where", ["documents", "passages", "records"])
def test_filters_that_reject_everything_leave_a_run_that_ends_well(tmp_path: Path, where: str) -> None:
    write_documents(tmp_path, DOCUMENTS)
    recipe = write_recipe(
        tmp_path, methods=["text"], **{where: [{"length": {"min_chars": 99999}}, "minhash_dedup", "exact_dedup"]}
    )
    done = run(recipe, until="export")
    assert done.counts(f"filter.{where}")["kept"] == 0
    assert done.counts("export")["rows"] == {}
    assert run(recipe, until="export").did == []


def test_rows_that_an_earlier_run_kept_are_not_made_again_and_another_such_run_measures_nothing(
    tmp_path: Path, measured: list[int]
) -> None:
    for name in ("v1", "v2"):
        (tmp_path / name).mkdir()
    few = dict(list(DOCUMENTS.items())[:5])
    write_documents(tmp_path / "v1", few)
    filtered(tmp_path / "v1", {"length": {"min_chars": 1}})
    done = filtered(tmp_path / "v2", {"minhash_dedup": {"threshold": 1.0}})
    assert all(row["outcome"] == "keep" for row in verdicts(done, "minhash_dedup"))
    measured.clear()
    against = {"minhash_dedup": {"threshold": 1.0, "against": ["../v1/run"]}}
    filtered(tmp_path / "v2", against)
    assert not measured
    gone = {row["id"] for row in verdicts(done, "minhash_dedup") if row["outcome"] == "reject"}
    assert gone == {row["id"] for row in rows(tmp_path / "v1/run/records/text")}
    stamp = (done.path / "verdicts/records/text/minhash_dedup.parquet").stat().st_mtime_ns
    (tmp_path / "v1/run/report.json").write_text("{}")  # what only reads a run is no reason to compare anew
    filtered(tmp_path / "v2", against)
    assert (done.path / "verdicts/records/text/minhash_dedup.parquet").stat().st_mtime_ns == stamp


def test_a_run_is_not_compared_with_itself(tmp_path: Path) -> None:
    filtered(tmp_path, "minhash_dedup")
    with pytest.raises(WrongRequest) as error:
        filtered(tmp_path, {"minhash_dedup": {"against": ["run"]}})
    assert "minhash_dedup names this run itself" in str(error.value)
