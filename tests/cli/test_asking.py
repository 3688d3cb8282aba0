"""`factory prompts`, `factory journal` and `--estimate`: what is printed, and that nothing is sent."""

import json
from pathlib import Path

import pytest

from factory import run
from tests.cli.conftest import Ended, factory
from tests.corpora import write_documents, write_recipe
from tests.model_server import ModelServer

KILN = "The Kiln K2 fires up to forty tiles at once. Its lid stays locked until the kiln has cooled."
NOTHING = json.dumps({"content": "A kiln.", "teaches": False, "questions": []})


@pytest.fixture
def recipe(tmp_path: Path) -> str:
    """A run that has asked one question, and a recipe whose server is gone."""
    write_documents(tmp_path, {"kiln.md": KILN})
    with ModelServer(replies=lambda body: NOTHING) as server:
        models = {"llm": {"base_url": server.url, "model": "gone", "price": {"input": 1.0, "output": 1.0}}}
        file = write_recipe(tmp_path, methods=["qa", "text"], models=models)
        run(file, until="generate")
    return str(file)


def printed(*words: str, code: int = 0) -> str:
    """What a command prints, on stderr where it ends with another code than 0."""
    ended = factory(*words, cwd=Path.cwd())
    assert ended.code == code, ended.err
    return ended.out if code == 0 else ended.err


def test_prompts_shows_the_passage_in_its_place_and_the_size(recipe: str) -> None:
    out = printed("prompts", recipe, "qa")
    assert out.startswith("--- request 1, user, about ")
    assert f"<document>\n{KILN}\n</document>" in out
    assert out.rstrip().endswith("Nothing was sent.")
    [first, *_] = json.loads(printed("prompts", recipe, "qa", "--json"))
    assert first["model"] == "gone"


def test_prompts_of_what_there_is_not(recipe: str) -> None:
    assert "The method 'text' asks no model: it sends nothing." in printed("prompts", recipe, "text", code=2)
    said = printed("prompts", recipe, "qaa", code=2)
    assert said == f"{recipe} has no method 'qaa'. Did you mean 'qa'? Of its methods these ask a model: qa.\n"
    assert "qa has no unit 'x/0001'" in printed("prompts", recipe, "qa", "--passage", "x/0001", code=2)


def test_the_journal_in_sum_in_part_and_whole(recipe: str) -> None:
    folder = str(Path(recipe).parent / "run")
    [total] = json.loads(printed("journal", folder, "--json"))
    assert (total["method"], total["answered"], total["failed"]) == ("qa", 1, 0)
    assert "qa                   llm" in printed("journal", folder)
    [call] = json.loads(printed("journal", folder, "--search", "FORTY tiles", "--json"))
    assert printed("journal", folder, "--method", "qa").startswith(call["key"][:12])
    assert "no call of the method 'nobody'. It has: qa." in printed("journal", folder, "--method", "nobody", code=2)
    assert "no call of the model 'lm'. Did you mean 'llm'?" in printed("journal", folder, "--model", "lm", code=2)
    whole = printed("journal", folder, call["key"][:8])
    assert KILN in whole
    assert NOTHING in whole
    assert "No call of" in printed("journal", folder, "ffff", code=2)
    lost = printed("journal", folder, "--reason", "qa.teaches_nothing")  # the call was answered, and its unit lost
    assert lost.startswith(call["key"][:12])
    assert factory("journal", folder, "--reason", "llm", cwd=Path.cwd()) == Ended(0, "", "No call fits.\n")
    ended = factory("journal", folder, "--reason", "qa.teaches_nohting", cwd=Path.cwd())
    assert ended == Ended(0, "", "No call fits. Did you mean 'qa.teaches_nothing'?\n")


def test_an_estimate_on_the_command_line(recipe: str) -> None:
    out = printed("run", recipe, "--estimate")
    assert "qa asks llm: about 0 calls for 1 unit" in out
    assert "about 1 answer is in the journal" in out
    assert "Nothing was asked." in out
    [one] = json.loads(printed("run", recipe, "--estimate", "--json", "--set", "generate.methods.qa.pairs=9"))
    assert (one["calls"], one["in_journal"]) == (5, 0)
    sets = ("models.llm.max_spend=0.0000001", "models.llm.max_tokens=99", "generate.methods.qa.pairs=9")
    capped = printed("run", recipe, "--estimate", *(word for set_ in sets for word in ("--set", set_)))
    assert (
        "The model 'llm' would cost 0.00 in all, what is spent included, and its max_spend is 1e-07: the run" in capped
    )
    assert "max_spend" not in out
    assert "No method" in printed("run", "quickstart", "--estimate", "--set", f"run={Path(recipe).parent}/q")
