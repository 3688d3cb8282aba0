"""`factory run --preview`: what was asked stands beside what was said, and every row has its verdicts."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import factory
from tests.corpora import write_documents, write_recipe
from tests.model_server import ModelServer

KILN = "The Kiln K2 fires up to forty tiles at once. Its lid stays locked until the kiln has cooled."
ASKED = {
    "content": "",
    "teaches": True,
    "questions": [{"wish": 1, "question": "How many \x1b[31mtiles?"}, {"wish": 2, "question": "Why?"}],
}
FORTY = {"quotes": ["up to forty tiles"], "answerable": True, "answer": "Up to forty tiles, 窯 K2."}
LIE = {"quotes": ["up to sixty tiles"], "answerable": True, "answer": "Up to sixty."}


def reply(body: dict[str, Any]) -> str:
    prompt = body["messages"][-1]["content"]
    if "write at most one question" in prompt:
        return json.dumps(ASKED)
    if "Does the document answer this question" in prompt:
        return json.dumps({"explanation": "The first sentence does.", "outcome": "pass", "rewording": ""})
    return json.dumps(FORTY if "tiles?" in prompt else LIE)


@pytest.fixture
def recipe(tmp_path: Path) -> Iterator[Path]:
    write_documents(tmp_path, {f"{n}.md": f"{KILN} It is number {n}." for n in range(3)})
    with ModelServer(replies=reply) as server:
        models = {"llm": {"base_url": server.url, "model": "scripted"}}
        methods = [{"qa": {"pairs": 2}}, "text"]
        yield write_recipe(tmp_path, methods=methods, records=["answerable"], models=models)


def test_a_preview_shows_each_unit_from_prompt_to_verdict(recipe: Path) -> None:
    ended = factory("run", str(recipe), "--preview", "2", cwd=recipe.parent)
    assert ended.code == 0, ended.err
    lines = ended.out.splitlines()
    assert all(len(line) <= 100 for line in lines)
    assert sum(line.startswith("── qa on ") for line in lines) == 2
    assert sum(line.startswith("── text on ") for line in lines) == 2
    assert any("<document>" in line and '{"content"' in line for line in lines), "prompt and reply side by side"
    assert "The first sentence does." in ended.out
    assert "    qa: qa.quote_not_found" in ended.out
    assert "    answerable: keep" in ended.out
    assert "\x1b" not in ended.out
    assert "4 units, 6 rows, 4 kept." in ended.err
    assert not (recipe.parent / "run/dataset").exists()


def test_a_preview_as_json_has_everything(recipe: Path) -> None:
    [first, _, text, _] = json.loads(factory("run", str(recipe), "--preview", "2", "--json", cwd=recipe.parent).out)
    assert (first["method"], first["outcome"], len(first["calls"]), len(first["rows"])) == ("qa", "made", 3, 2)
    assert KILN in first["calls"][0]["prompt"]
    kept, rejected = first["rows"]
    assert [verdict["by"] for verdict in kept["verdicts"]] == ["answerable"]
    assert json.loads(kept["verdicts"][0]["calls"][0]["reply"])["outcome"] == "pass"
    assert (rejected["kept"], rejected["texts"]) == (False, [])
    assert (text["calls"], text["rows"][0]["kept"]) == ([], True)


def test_each_stage_tells_of_its_own_answers(recipe: Path) -> None:
    told = factory("run", str(recipe), cwd=recipe.parent).err.splitlines()
    assert [line.strip() for line in told if "answers," in line] == [
        "llm: 9 answers, 0 of them from the journal",
        "llm: 3 answers, 0 of them from the journal",
    ]
