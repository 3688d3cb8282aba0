"""Law 4: where batches are cut, in which order they come and how many processes measure makes no difference."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory import run, tables
from factory.stages import filter as stage
from factory.stages import measuring
from tests.corpora import contents, recipe, rows, workspace, write_documents, write_recipe
from tests.laws.strategies import STRANGE, Drawn, corpora, recipes

RELAXED = {"chars": stage.BATCH_CHARS, "group": tables.GROUP_ROWS, "batch": tables.BATCH_ROWS, "rows": stage.BATCH_ROWS}


@contextmanager
def cut(*, rows: int, chars: int, batch: int, group: int) -> Iterator[None]:
    """Other sizes of everything that cuts a table."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage, "BATCH_ROWS", rows)
        patch.setattr(stage, "BATCH_CHARS", chars)
        patch.setattr(tables, "BATCH_ROWS", batch)
        patch.setattr(tables, "GROUP_ROWS", group)
        patch.setitem(tables.batches.__kwdefaults__, "rows", batch)  # bound when the module was loaded
        patch.setitem(tables.PartWriter.__init__.__kwdefaults__, "group_rows", group)
        yield


def results(folder: Path) -> dict[str, Any]:
    """What must be the same: the bytes of the dataset, and every row of the verdicts."""
    said = {
        file.relative_to(folder).as_posix(): rows(file.parent) for file in sorted(folder.glob("verdicts/**/*.parquet"))
    }
    return {"dataset": contents(folder / "dataset"), "exports": contents(folder / "exports"), "verdicts": said}


@settings(max_examples=30)
@given(
    drawn=corpora(),
    made=recipes(),
    sizes=st.tuples(*[st.integers(1, 3)] * 2, st.integers(1, 4)),
    chars=st.integers(1, 200),
)
def test_where_tables_are_cut_changes_no_byte(
    drawn: Drawn, made: dict[str, Any], sizes: tuple[int, int, int], chars: int
) -> None:
    with workspace() as folder:
        write_documents(folder, drawn.files)
        whole = run(write_recipe(folder, made), until="export", workers=1)
        row, batch, group = sizes
        with cut(rows=row, chars=chars, batch=batch, group=group):
            pieces = run(write_recipe(folder, {**made, "run": "pieces/run"}), until="export", workers=1)
        assert results(pieces.path) == results(whole.path)


MIXED = {
    **{
        f"{nth}.md": f"# Part {nth}\n\nA valve opens when tank {nth} is full. Mail a{nth}@example.org, 10.0.0.{nth}.\n"
        for nth in range(8)
    },
    "copy.md": "# Part 1\n\nA valve opens when tank 1 is full. Write to a1@example.org or 10.0.0.1.\n",
    "strange.txt": "\n\n".join(STRANGE),
}
EVERYTHING = recipe(
    documents=[{"policy": {"use": "commercial"}}, "exact_dedup", "length"],
    passages=["length", "pii", {"minhash_dedup": {"threshold": 0.5}}, {"again": {"plugin": "pii", "action": "mask"}}],
    records=[
        "grounded",
        "pii",
        "exact_dedup",
        {"length": {"min_chars": 10}},
        "minhash_dedup",
        "pii_leak",
        "self_contained_rules",
    ],
)


@pytest.mark.slow
def test_how_many_processes_measure_changes_no_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []

    class Counted(measuring.Workers):
        def __init__(self, *told: Any) -> None:
            super().__init__(*told)
            started.extend(self.each)

    monkeypatch.setattr(measuring, "Workers", Counted)
    with workspace() as folder, cut(**{**RELAXED, "rows": 3}):
        write_documents(folder, MIXED)
        alone = run(write_recipe(folder, EVERYTHING), until="export", workers=1)
        assert not started
        monkeypatch.setattr(measuring, "PATIENCE_S", 0.0)
        threaded = run(write_recipe(folder, {**EVERYTHING, "run": "1/run"}), until="export", workers=1)
        assert results(threaded.path) == results(alone.path)
        for workers in (2, 3):
            several = run(
                write_recipe(folder, {**EVERYTHING, "run": f"{workers}/run"}), until="export", workers=workers
            )
            assert results(several.path) == results(alone.path)
        assert len(started) == 3 * (2 + 3), "each stage has its own processes"


@settings(max_examples=20)
@given(drawn=corpora(), made=recipes(), order=st.randoms(use_true_random=False))
def test_the_order_in_which_files_are_found_changes_no_byte(drawn: Drawn, made: dict[str, Any], order: Any) -> None:
    shuffled = list(drawn.files.items())
    order.shuffle(shuffled)
    with workspace() as one, workspace() as other:
        write_documents(one, drawn.files)
        write_documents(other, dict(shuffled))
        found = [results(run(write_recipe(folder, made), until="export").path) for folder in (one, other)]
        assert found[0] == found[1]
