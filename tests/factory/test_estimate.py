"""Estimates: from a sample, in proportion to the units, and without a call."""

import json
from pathlib import Path
from typing import Any

import pytest

from factory import pipeline, run
from factory.llm.imagined import ITEMS, Said
from factory.llm.structured import shape
from factory.stages.estimate import SAMPLE, TOKENS_A_SECOND, Estimate, over
from factory.stages.models import journal
from generators.qa import Answer, Questions
from tests.corpora import write_documents, write_recipe
from tests.model_server import Choice, ModelServer

PRICE = {"input": 2.0, "output": 8.0}


def estimated(folder: Path, server: ModelServer, count: int, **model: object) -> list[Estimate]:
    write_documents(folder, {f"{n}.md": f"# Wheel {n}\n\nThe wheel number {n} turns left." for n in range(count)})
    models = {"llm": {"base_url": server.url, "model": "never-asked", "price": PRICE, **model}}
    return pipeline.estimate(write_recipe(folder, methods=["qa", "text"], models=models))


def test_an_estimate_asks_nothing_and_grows_with_the_units(tmp_path: Path) -> None:
    with ModelServer() as server:
        [few] = estimated(tmp_path / "few", server, 5)
        [many] = estimated(tmp_path / "many", server, 100)
    assert server.requests == 0
    assert (few.units, few.sampled, many.units, many.sampled) == (5, 5, 100, SAMPLE)
    assert few.calls == 5 * (1 + ITEMS)  # one to ask, one for each question of an imagined list
    assert many.calls == 20 * few.calls
    assert many.tokens_in == pytest.approx(20 * few.tokens_in, rel=0.05)
    expected = (many.tokens_in * PRICE["input"] + many.tokens_out * PRICE["output"]) / 1e6
    assert many.price == pytest.approx(expected)
    assert not (tmp_path / "many/run/journal.sqlite").exists()


def test_an_estimate_is_not_bounded_by_the_cap_that_it_is_made_for(tmp_path: Path) -> None:
    with ModelServer() as server:
        [capped] = estimated(tmp_path, server, 30, max_spend=0, max_tokens=100)
    assert capped.calls == 30 * (1 + ITEMS)


def test_a_run_goes_on_after_its_estimate(tmp_path: Path) -> None:
    with ModelServer(replies=lambda body: json.dumps({"content": "", "teaches": False, "questions": []})) as server:
        [few] = estimated(tmp_path, server, 5)
        done = run(tmp_path / "recipe.yaml", until="generate")
    assert done.counts("generate")["methods"]["qa"]["units"] == few.units
    assert "ingest" not in done.did


def test_what_the_journal_has_is_taken_off_and_what_a_lower_limit_cut_is_not(tmp_path: Path) -> None:
    def nothing(body: dict[str, Any]) -> str | Choice:
        said = json.dumps({"content": "", "teaches": False, "questions": []})
        return Choice(said[:9], finish="length") if "number 1 " in str(body) else said

    with ModelServer(replies=nothing) as server:
        [before] = estimated(tmp_path, server, 6, max_tokens=50)
        run(tmp_path / "recipe.yaml", until="generate", limit=3)
        done = server.requests
        [some] = estimated(tmp_path, server, 6, max_tokens=50)
        run(tmp_path / "recipe.yaml", until="generate")
        [same] = estimated(tmp_path, server, 6, max_tokens=50)
        [raised] = estimated(tmp_path, server, 6, max_tokens=500)
    assert (before.calls, before.in_journal, done) == (6 * (1 + ITEMS), 0, 3)
    assert (some.calls, some.in_journal) == (3 * (1 + ITEMS), 3)
    assert (same.calls, same.tokens_in, same.in_journal) == (0, 0, 6)
    assert (raised.calls, raised.in_journal) == (1 + ITEMS, 5)


def test_filters_that_ask_a_model_are_counted_on_the_rows_that_would_come(tmp_path: Path) -> None:
    made = {"methods": ["qa", "text"], "records": ["exact_dedup", "answerable", {"judge": {"judge": "other"}}]}
    write_documents(tmp_path, {f"{n}.md": f"# Wheel {n}\n\nThe wheel number {n} turns left." for n in range(40)})

    def found(server: ModelServer) -> dict[str, Estimate]:
        model = {"base_url": server.url, "model": "m", "price": PRICE}
        models = {"llm": model, "judge": model, "other": model}
        return {one.method: one for one in pipeline.estimate(write_recipe(tmp_path, models=models, **made))}

    def nothing(body: dict[str, Any]) -> str:
        return json.dumps({"content": "", "teaches": False, "questions": []})

    with ModelServer(replies=nothing) as server:
        before = found(server)
        assert server.requests == 0
        run(tmp_path / "recipe.yaml", until="generate", limit=20)
        some = found(server)
    assert (before["answerable"].of, before["qa"].of, before["answerable"].model) == ("rows", "units", "judge")
    assert before["answerable"].calls == before["answerable"].units == 40 * ITEMS
    assert (before["judge"].model, before["judge"].calls) == ("other", 40 * ITEMS + 40)  # it looks at text, too
    assert before["judge"].price == pytest.approx(
        (before["judge"].tokens_in * PRICE["input"] + before["judge"].tokens_out * PRICE["output"]) / 1e6
    )
    assert 0 < some["answerable"].calls < before["answerable"].calls


def test_the_time_is_what_the_servers_took_so_far(tmp_path: Path) -> None:
    def nothing(body: dict[str, Any]) -> str:
        return json.dumps({"content": "", "teaches": False, "questions": []})

    with ModelServer(replies=nothing, delay=0.2) as server:
        [before] = estimated(tmp_path, server, 40)
        done = run(tmp_path / "recipe.yaml", until="generate", limit=4)
        [after] = estimated(tmp_path, server, 40)
    with journal(done) as opened:
        [took] = opened.totals()
        pace = opened.pace("llm")
        assert opened.pace("another") is None
    assert pace == pytest.approx(took["tokens_out"] / took["seconds"])
    assert before.seconds == pytest.approx(before.tokens_out / TOKENS_A_SECOND / before.calls)
    assert after.seconds == pytest.approx(after.tokens_out / pace / after.calls)


FOLLOWING = ["qa", {"corrupt": {"from": ["qa"]}}]


def test_methods_on_rows_of_others_are_estimated_on_what_the_sample_makes(tmp_path: Path) -> None:
    write_documents(tmp_path, {f"{n}.md": f"# Wheel {n}\n\nThe wheel number {n} turns left." for n in range(40)})

    def found(server: ModelServer, **more: Any) -> dict[str, Estimate]:
        models = {"llm": {"base_url": server.url, "model": "never-asked", "price": PRICE}}
        recipe = write_recipe(tmp_path, methods=FOLLOWING, models=models, records=["answerable"])
        return {one.method: one for one in pipeline.estimate(recipe, **more)}

    with ModelServer() as server:
        every, few = found(server), found(server, limit=6)
        assert server.requests == 0
    rows = 40 * ITEMS
    assert (every["qa"].units, every["corrupt"].units) == (40, rows)
    assert every["corrupt"].sampled == SAMPLE
    assert rows <= every["corrupt"].calls <= 2 * rows  # a fault is planted, and looked for
    assert every["corrupt"].price > 0
    assert every["answerable"].units == rows  # and no pair: it takes what answers a question
    assert (few["qa"].units, few["corrupt"].units) == (6, 6)  # so many units a method


def test_once_the_rows_are_there_the_estimate_is_of_those_that_the_filters_left(tmp_path: Path) -> None:
    write_documents(tmp_path, {f"{n}.md": f"# Wheel {n}\n\nThe wheel number {n} turns left." for n in range(4)})

    def nothing(body: dict[str, Any]) -> str:
        return json.dumps({"content": "", "teaches": False, "questions": []})

    with ModelServer(replies=nothing) as server:
        models = {"llm": {"base_url": server.url, "model": "m"}}
        recipe = write_recipe(tmp_path, methods=FOLLOWING, models=models)
        run(recipe, limit=2)
        of_few = pipeline.estimate(recipe, limit=2)
        of_all = pipeline.estimate(recipe)
    assert [(one.method, one.units) for one in of_few] == [("qa", 2), ("corrupt", 0)]
    # of the sample's four units two are answered, and give no row
    assert [(one.method, one.units) for one in of_all] == [("qa", 4), ("corrupt", 2 * ITEMS)]


def test_what_would_cost_more_than_its_cap_is_named_with_what_is_spent() -> None:
    def costs(model: str, price: float | None, cap: float | None, spent: float = 0.0) -> Estimate:
        return Estimate("qa", model, 1, 1, 1, 0, 10, 10, price, 1.0, max_spend=cap, spent=spent)

    found = [costs("a", 2.0, 5.0, 1.0), costs("a", 2.5, 5.0, 1.0), costs("b", 4.0, 5.0, 1.0), costs("c", 9.0, None)]
    assert over(found) == {"a": (5.5, 5.0)}


def test_no_two_imagined_answers_are_the_same_so_that_a_judge_has_pairs(tmp_path: Path) -> None:
    write_documents(tmp_path, {"a.md": "# Wheel\n\nThe wheel turns left."})
    models = {"llm": {"base_url": "http://127.0.0.1:9/v1", "model": "never-asked"}}
    methods = [{"preference": {"questions": 1, "n": 4}}]
    [one] = pipeline.estimate(write_recipe(tmp_path, methods=methods, models=models))
    assert one.calls == 1 + 4 + 12  # to ask; four answers; six pairs in both orders


def test_an_answer_that_is_written_once_more_is_as_long_as_the_one_that_is_shown(tmp_path: Path) -> None:
    sources = [{"path": "package:factory/quickstart/documents/handbook"}]
    models = {"llm": {"base_url": "http://127.0.0.1:9/v1", "model": "never-asked"}}
    methods = ["extractive_qa", {"corrupt": {"from": ["extractive_qa"]}}]
    [one] = pipeline.estimate(write_recipe(tmp_path, sources=sources, methods=methods, models=models))
    assert one.units > 20
    assert 1.8 * one.units < one.calls <= 2 * one.units  # a fault is planted, and looked for where lengths are alike


@pytest.mark.parametrize("type_", [Questions, Answer, list[Answer]])
def test_what_is_imagined_fits_its_schema(type_: type) -> None:
    its = shape(type_)
    assert its.parse(json.dumps(Said("The wheel turns left.", 3).like(its.schema)))
