"""Filters whose vectors a model of the recipe gives: whole runs against a real server."""

import json
from pathlib import Path
from typing import Any

import pytest

from factory import Run, pipeline, run
from factory.corpus import kept_records, record_tables
from factory.errors import DeadWorld, WrongRequest
from factory.llm.embedding import TOGETHER
from factory.views.ledger import entries
from factory.views.verify import broken, verify
from tests.corpora import write_recipe
from tests.model_server import ModelServer

pytest.importorskip("wordllama", reason="needs the extra [embeddings]")

TEXT = "Where can I quickly buy a new filter for the pump of my big house?"
SAME = "Where can we quickly purchase a new filter for the pump of our large home?"
OTHER = "Twelve bolts hold the upper lid of the flow meter in its place."


def meaning(text: str) -> list[float]:
    """The vector of a model that knows two subjects."""
    about_filters = text.count("filter") + 0.01 * text.count("buy")
    return [about_filters + 0.001, float("bolts" in text) + 0.001, *[0.0] * 1534]


def rows_file(folder: Path, *questions: str) -> None:
    rows = [{"messages": [{"role": "user", "content": q}, {"role": "assistant", "content": "Yes."}]} for q in questions]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def written(folder: Path, url: str, filters: list[Any], stage: str = "records", **source: Any) -> Path:
    model = {"base_url": url, "model": "bge", "serves": "embeddings", "tries": 1}
    models = {"vectors": model, "llm": {"base_url": url, "model": "test"}}
    sources = [{"path": "rows.jsonl", "as": "records", **source}]
    keys: dict[str, Any] = {"audit": {"measure": filters}} if stage == "audit" else {stage: filters}
    return write_recipe(folder, sources=sources, methods=[], models=models, **keys)


def questions(done: Run) -> set[str]:
    return {row["messages"][0]["content"] for table in record_tables(done) for row in kept_records(done, table)}


def sent(server: ModelServer) -> list[str]:
    return [text for seen in server.seen for text in seen.body["input"]]


FILTERS = {
    "semantic_dedup": {"embedder": "model:vectors", "threshold": 0.9},
    "question_dedup": {"embedder": "model:vectors", "cosine": 0.9, "other_words": True},
    "diversity": {"embedder": "model:vectors", "vectors": "embeddings", "keep": 9},
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_model_of_the_recipe_finds_what_says_the_same(name: str, tmp_path: Path) -> None:
    rows_file(tmp_path, TEXT, SAME, OTHER)
    with ModelServer(vectors=meaning) as server:
        recipe = written(tmp_path, server.url, [{name: FILTERS[name]}])
        done = run(recipe, until="generate")
        assert len(sent(server)) == 3
        assert {seen.path for seen in server.seen} == {"/v1/embeddings"}
    assert not broken(verify(done))
    assert len(questions(done)) == 2
    assert OTHER in questions(done)


def test_another_threshold_asks_nothing_and_a_new_row_only_itself(tmp_path: Path) -> None:
    rows_file(tmp_path, TEXT, OTHER)
    with ModelServer(vectors=meaning) as server:
        run(written(tmp_path, server.url, [{"semantic_dedup": FILTERS["semantic_dedup"]}]), until="generate")
        filters = [{"semantic_dedup": {**FILTERS["semantic_dedup"], "threshold": 0.95}}]
        run(written(tmp_path, server.url, filters), until="generate")
        assert server.requests == 1
        rows_file(tmp_path, TEXT, OTHER, SAME)
        done = run(written(tmp_path, server.url, filters), until="generate")
        assert len(sent(server)) == 3
        assert SAME in sent(server)[-1]
    assert len(questions(done)) == 2


def test_what_was_answered_before_a_run_was_stopped_is_not_asked_again(tmp_path: Path) -> None:
    rows_file(tmp_path, *(f"How many bolts has the lid of pump {nth}?" for nth in range(TOGETHER + 8)))
    with ModelServer(vectors=meaning) as server:
        recipe = written(tmp_path, server.url, [{"semantic_dedup": FILTERS["semantic_dedup"]}])
        server.fails(None, "http_401")
        with pytest.raises(DeadWorld):
            run(recipe, until="generate")
        done = run(recipe, until="generate")
    answered, refused, again = (seen.body["input"] for seen in server.seen)
    assert sorted(again) == sorted(refused)
    assert len({*answered, *again}) == len(questions(done)) == TOGETHER + 8


def test_text_goes_to_no_model_of_embeddings_that_may_not_see_it(tmp_path: Path) -> None:
    rows_file(tmp_path, TEXT, SAME)
    (tmp_path / "secret.jsonl").write_text(
        (tmp_path / "rows.jsonl").read_text(encoding="utf-8").replace("pump", "reactor"), encoding="utf-8"
    )
    with ModelServer(vectors=meaning) as server:
        recipe = written(tmp_path, server.url, [{"semantic_dedup": FILTERS["semantic_dedup"]}])
        text = recipe.read_text(encoding="utf-8").replace("tries: 1", "tries: 1\n    may_see: internal")
        hidden = "- {path: secret.jsonl, as: records, confidentiality: restricted}"
        recipe.write_text(text.replace("sources:\n", f"sources:\n{hidden}\n"), encoding="utf-8")
        done = run(recipe, until="generate")
        assert len(sent(server)) == 2
        assert not [text for text in sent(server) if "reactor" in text]
    assert [entry.reason for entry in entries(done, stage="filter.records")].count("llm.may_not_see") == 2
    assert not broken(verify(done))


def test_in_an_audit_it_is_asked_and_nothing_is_removed(tmp_path: Path) -> None:
    rows_file(tmp_path, TEXT, SAME, OTHER)
    with ModelServer(vectors=meaning) as server:
        done = run(
            written(tmp_path, server.url, [{"semantic_dedup": FILTERS["semantic_dedup"]}], "audit"), until="audit"
        )
        assert len(sent(server)) == 3
    assert len(questions(done)) == 3
    counts = done.counts("measure")["filters"]["semantic_dedup"]
    assert (counts["read"], counts["reasons"]) == (3, {"semantic_dedup.same_meaning": 1})


@pytest.mark.parametrize(
    ("embedder", "said"),
    [
        ("model:vector", "asks a model 'vector'. Did you mean 'vectors'?"),
        ("model:llm", "asks the model 'llm' for embeddings. If that is what it serves, write 'serves: embeddings'"),
        ("model:", "'model:' is no model."),
    ],
)
def test_a_model_that_cannot_be_asked_is_refused_before_any_work(embedder: str, said: str, tmp_path: Path) -> None:
    rows_file(tmp_path, TEXT)
    with ModelServer() as server, pytest.raises(WrongRequest) as error:
        run(written(tmp_path, server.url, [{"semantic_dedup": {"embedder": embedder}}]), until="generate")
    assert said in str(error.value)
    assert not server.requests


def test_a_generator_is_not_given_a_model_of_embeddings(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "a.md").write_text(OTHER, encoding="utf-8")
    model = {"base_url": "http://127.0.0.1:9/v1", "model": "bge", "serves": "embeddings"}
    with pytest.raises(WrongRequest, match="asks a model 'llm'"):
        run(write_recipe(tmp_path, methods=["qa"], models={"vectors": model}), until="generate")


def test_what_it_would_ask_is_estimated_and_nothing_is_sent(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "a.md").write_text(f"{OTHER} {TEXT}", encoding="utf-8")
    with ModelServer() as server:
        model = {"base_url": server.url, "model": "bge", "serves": "embeddings", "price": {"input": 1.0, "output": 0.0}}
        filters = [{"semantic_dedup": FILTERS["semantic_dedup"]}]
        [one] = pipeline.estimate(write_recipe(tmp_path, methods=["text"], records=filters, models={"vectors": model}))
        assert (one.method, one.calls, one.tokens_out, server.requests) == ("semantic_dedup", 1, 0, 0)
    assert one.price is not None
    assert one.price > 0
