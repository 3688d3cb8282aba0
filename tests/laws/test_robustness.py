"""What a faulty plugin costs: its unit, its row, or a clear refusal; never the others' work, never a word of text."""

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from factory import Run
from factory.errors import WrongRequest
from factory.views import ledger, verify
from tests.corpora import contents, finished, recipe, rows, strings
from tests.laws import foreign

FILES = {
    "one.txt": "The drain valve opens when the tank is full of water.",
    "two.txt": "The secret of the relief valve is a spring inside of it.",
    "three.txt": "The level sensor sends a signal to the controller at once.",
}


def with_methods(folder: Path, *methods: Any, **keys: Any) -> Run:
    with foreign.declared(
        **{name: getattr(foreign, name) for method in methods for name in [name_of(method)] if name != "text"}
    ):
        run = finished(folder, FILES, recipe(methods=methods, **keys))
        assert not verify.broken(verify.verify(run))
        return run


def name_of(method: Any) -> str:
    return method if isinstance(method, str) else next(iter(method))


def reasons(run: Run) -> dict[str, int]:
    return ledger.by_reason(ledger.entries(run))


def details(run: Run) -> str:
    return json.dumps([entry.as_dict() for entry in ledger.entries(run)], ensure_ascii=False) + (
        run.path / "run.log"
    ).read_text(encoding="utf-8")


# --- generators ------------------------------------------------------------------------------------------------------


def test_a_generator_that_raises_costs_its_unit_and_no_other(tmp_path: Path) -> None:
    run = with_methods(tmp_path, "raises", "text")
    assert reasons(run) == {"raises.failed": 2}, "the unit, and the record that came before the fault"
    assert [unit["outcome"] for unit in rows(run.path / "units") if unit["method"] == "raises"].count("failed") == 1
    assert len(rows(run.path / "dataset")) == 2 + 3
    assert "KeyError at foreign.py" in details(run)
    assert "secret" not in details(run), "an error's message may quote the document"


def test_a_generator_may_refuse_a_unit_with_a_reason_of_its_own(tmp_path: Path) -> None:
    run = with_methods(tmp_path, "refuses", "text")
    assert reasons(run) == {"refuses.not_for_me": 3}
    assert len(rows(run.path / "dataset")) == 3


def test_a_generator_that_yields_nothing_is_in_the_ledger(tmp_path: Path) -> None:
    run = with_methods(tmp_path, "nothing")
    assert reasons(run) == {"nothing.nothing_yielded": 3}
    assert {unit["outcome"] for unit in rows(run.path / "units")} == {"empty"}
    assert rows(run.path / "dataset") == []


def test_what_a_generator_rejects_is_kept_with_its_reason_and_not_exported(tmp_path: Path) -> None:
    run = with_methods(tmp_path, "rejects")
    assert reasons(run) == {"rejects.too_dull": 3, "rejects.no_idea": 3}
    assert len(rows(run.path / "records")) == 3
    assert rows(run.path / "dataset") == []


@pytest.mark.parametrize("how", ["text", "place", "document", "passage", "edits", "outside", "negative"])
def test_a_record_with_a_quote_that_its_document_does_not_hold_is_rejected(tmp_path: Path, how: str) -> None:
    run = with_methods(tmp_path, {"lies": {"how": how}})
    assert reasons(run) == {"lies.quote_not_in_source": 3}
    assert rows(run.path / "dataset") == []


def test_a_record_with_a_true_quote_is_not(tmp_path: Path) -> None:
    assert reasons(with_methods(tmp_path, {"lies": {"how": "true"}})) == {}


@pytest.mark.parametrize("how", ["item", "kind", "columns", "type", "null", "meta"])
def test_what_is_no_record_is_refused_by_the_generators_name(tmp_path: Path, how: str) -> None:
    with pytest.raises(WrongRequest, match=r"The generator 'strange' yielded"):
        with_methods(tmp_path, {"strange": {"how": how}})


def test_a_record_of_half_characters_is_rejected_alone(tmp_path: Path) -> None:
    run = with_methods(tmp_path, {"strange": {"how": "surrogate"}}, "text")
    assert reasons(run) == {"strange.not_unicode": 3}
    assert len(rows(run.path / "dataset")) == 3


@pytest.mark.parametrize("how", ["empty", "no messages"])
@pytest.mark.parametrize("records", [[], ["pii"], ["exact_dedup", "minhash_dedup"], [{"length": {"min_chars": 1}}]])
def test_a_record_without_a_word_goes_through_every_filter(tmp_path: Path, how: str, records: list[Any]) -> None:
    run = with_methods(tmp_path, {"strange": {"how": how}}, records=records)
    assert sum(reasons(run).values()) + len(rows(run.path / "dataset")) == 3


# --- filters ---------------------------------------------------------------------------------------------------------


def filtered(folder: Path, plugin: type, options: Mapping[str, Any]) -> Run:
    with with_filter(plugin):
        run = finished(folder, FILES, recipe(methods=["text"], records=[{"faulty": dict(options)}, "length"]))
        assert not verify.broken(verify.verify(run))
        return run


def with_filter(plugin: type) -> AbstractContextManager[None]:
    return foreign.declared(faulty=plugin)


@pytest.mark.parametrize("when", ["measure", "decide"])
@pytest.mark.parametrize("plugin", [foreign.RaisesOn, foreign.ScansAndRaises])
def test_a_filter_that_raises_on_a_row_costs_that_row(tmp_path: Path, plugin: type, when: str) -> None:
    run = filtered(tmp_path, plugin, {"when": when})
    assert reasons(run) == {"faulty.failed": 1}
    assert len(rows(run.path / "dataset")) == 2
    assert "secret" not in "".join(strings(rows(run.path / "dataset")))
    assert "ValueError" in details(run)
    assert "secret" not in details(run), "an error's message may quote the row"


@pytest.mark.parametrize("how", ["few", "short", "stranger", "twice"])
@pytest.mark.parametrize("plugin", [foreign.Careless, foreign.ScansCarelessly])
def test_a_filter_that_does_not_give_each_row_one_verdict_is_refused(tmp_path: Path, plugin: type, how: str) -> None:
    with pytest.raises(WrongRequest, match="The filter 'faulty'"):
        filtered(tmp_path, plugin, {"how": how})


@pytest.mark.parametrize("how", ["overlap", "outside", "field", "insertion"])
@pytest.mark.parametrize("plugin", [foreign.Careless, foreign.ScansCarelessly])
def test_a_filter_whose_edits_cannot_be_applied_is_refused(tmp_path: Path, plugin: type, how: str) -> None:
    with pytest.raises(WrongRequest, match="The filter 'faulty' gave edits that cannot be applied"):
        filtered(tmp_path, plugin, {"how": how})


def test_after_a_refusal_the_mended_recipe_goes_on(tmp_path: Path) -> None:
    with pytest.raises(WrongRequest):
        filtered(tmp_path / "stopped", foreign.Careless, {"how": "few"})
    keys = {"methods": ["text"], "records": ["length"]}
    mended = finished(tmp_path / "stopped", FILES, recipe(**keys))
    undisturbed = finished(tmp_path / "undisturbed", FILES, recipe(**keys))
    assert contents(mended.path / "dataset") == contents(undisturbed.path / "dataset")
    assert sorted(file.name for file in (mended.path / "verdicts/records/text").iterdir()) == ["length.parquet"]
    assert "generate" not in mended.did
