"""Figures of filters: bins that add up, and the chapter that shows them."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory import Run, plugins, run
from factory.errors import WrongRequest
from factory.figures import EDGES, Figure, Spread, of
from factory.views import page
from factory.views.audit import audit
from filters.length import Length
from tests.corpora import write_documents, write_recipe

NUMBERS = st.lists(st.floats(-1, 2.0**20) | st.just(float("nan")) | st.integers(0, 9).map(float), max_size=30)
TEXT = "The pump has two valves. Turn the upper one to the left, and wait until the dial shows less than sixty."


@given(NUMBERS, NUMBERS, st.floats(0, 100), st.floats(0, 100))
def test_numbers_counted_together_or_apart_are_spread_alike(
    some: list[float], others: list[float], least: float, most: float
) -> None:
    whole, parts = Spread(least, most), Spread(least, most)
    whole.take(np.array(some + others))
    for part in (others, some):
        parts.take(np.array(part))
    known = [number for number in some + others if number == number]
    assert parts.bins == whole.bins
    assert (parts.rows, parts.below, parts.above) == (whole.rows, whole.below, whole.above)
    assert whole.rows == len(known) == sum(its["count"] for its in whole.as_dict()["bins"])
    assert whole.below == sum(number < least for number in known)
    assert whole.above == sum(number > most for number in known)


@given(st.floats(0, 2.0**20))
def test_a_number_lies_in_the_bin_that_is_shown(number: float) -> None:
    spread = Spread(None, None)
    spread.take(np.array([number]))
    [its] = spread.as_dict()["bins"]
    assert its["from"] <= number < its["to"]
    assert page.place([its], number) == pytest.approx(
        100 * (number - its["from"]) / (its["to"] - its["from"]), abs=1e-3
    )


def test_a_bound_that_no_number_comes_near_has_a_bin_of_its_own() -> None:
    spread = Spread(None, 0.5)
    spread.take(np.array([0.01, 0.03]))
    bins = spread.as_dict()["bins"]
    assert [its["count"] for its in bins] == [1, 1, *[0] * 24]
    assert page.place(bins, 0.5) == pytest.approx(100 * 25 / 26, abs=1e-3)


def test_the_bins_grow_and_hold_any_count_of_characters() -> None:
    assert (np.diff(EDGES) > 0).all()
    assert EDGES[0] == 0
    assert EDGES[-1] >= 2**30


def audited(folder: Path, **keys: Any) -> tuple[Run, dict[str, Any]]:
    write_documents(folder, {"pump.md": TEXT, "short.md": "Too short."})
    done = run(write_recipe(folder, methods=["text"], **keys), until="export")
    audit(done)
    return done, json.loads((done.path / "report.json").read_text(encoding="utf-8"))["chapters"]["bounds"]


def test_a_filter_that_decides_shows_what_its_bound_left_out(tmp_path: Path) -> None:
    done, chapter = audited(tmp_path, documents=[{"length": {"min_chars": 20}}])
    its = chapter["stages"]["filter.documents"]["length"]["chars"]
    assert (its["rows"], its["least"], its["most"], its["below"], its["above"], its["past"]) == (2, 20, None, 1, 0, 0.5)
    assert sum(each["count"] for each in its["bins"]) == 2
    shown = (done.path / "report.html").read_text(encoding="utf-8")
    assert "chars: 2 rows, mean 56.5; 1 below 20 (50 %)" in shown
    assert '<line class="bound"' in shown


def test_one_that_only_measures_does_so_too_and_a_run_without_any_says_that_there_is_none(tmp_path: Path) -> None:
    _, chapter = audited(tmp_path / "a", audit={"measure": ["length", "exact_dedup", "document_quality"]})
    assert set(chapter["stages"]) == {"measure"}
    assert set(chapter["stages"]["measure"]) == {"length", "document_quality"}
    assert chapter["stages"]["measure"]["document_quality"]["score"]["least"] == 0.5
    _, chapter = audited(tmp_path / "b")
    assert chapter == {"stages": {}, "not_looked_at": "No filter of this run compares a figure with a bound."}


def test_another_bound_is_shown_without_measuring_again(tmp_path: Path) -> None:
    audited(tmp_path, documents=[{"length": {"min_chars": 20}}])
    done, chapter = audited(tmp_path, documents=[{"length": {"min_chars": 5}}])
    assert chapter["stages"]["filter.documents"]["length"]["chars"]["below"] == 0
    assert done.counts("filter.documents")["filters"]["length"]["rejected"] == 0


@dataclass(frozen=True)
class Broken(Length):
    """A filter whose figures cannot be told."""

    min_chars: int | None = field(default=1, metadata={"decides": True})

    def figures(self, features: Any) -> list[Figure]:
        """Nothing."""
        raise KeyError("chars")


def test_a_filter_that_cannot_tell_its_figures_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "load", lambda group, name: Broken)
    with pytest.raises(WrongRequest, match=r"The filter 'broken' cannot tell its figures \(KeyError"):
        of(plugins.filter_("broken"), None)
