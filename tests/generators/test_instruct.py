"""instruct through a whole run: instruction, context and response apart, and every reason."""

import json
from pathlib import Path
from typing import Any

import pytest

from factory import Run, run
from factory.views.verify import broken, verify
from tests.corpora import write_documents, write_recipe
from tests.generators.made import reasons, rows
from tests.model_server import Choice, ModelServer

KILN = "The Kiln K2 fires up to forty tiles at once. Its lid stays locked until the kiln has cooled."
TASK = "Explain to a new colleague when the lid of the kiln opens."


def made(folder: Path, reply: Any, *, useful: bool = True, **options: Any) -> Run:
    def said(body: dict[str, Any]) -> str | Choice:
        if "You set tasks" in body["messages"][-1]["content"]:
            tasks = [{"wish": 1, "instruction": TASK}, {"wish": 9, "instruction": "Dance."}]
            return json.dumps({"content": "A kiln.", "useful": useful, "tasks": tasks})
        return reply if isinstance(reply, Choice) else str(reply)

    write_documents(folder, {"kiln.md": KILN})
    with ModelServer(replies=said) as server:
        settings = {"base_url": server.url, "model": "scripted", "tries": 1}
        method = {"instruct": {"forms": ["explain"], **options}}
        done = run(write_recipe(folder, methods=[method], models={"llm": settings}), until="generate")
    assert not broken(verify(done))
    return done


def test_instruction_context_and_response_stand_apart(tmp_path: Path) -> None:
    [row] = rows(made(tmp_path, "It opens once the kiln is cool."))
    assert [message["content"] for message in row["messages"]] == [TASK, "It opens once the kiln is cool."]
    assert row["context"] == KILN
    meta = json.loads(row["meta"])
    assert meta["task"] == "explain"
    assert [quote["text"] for quote in meta["quotes"]] == [KILN]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("It opens at 60 degrees.", "instruct.number_invented"),
        ("NOT POSSIBLE", "instruct.not_possible"),
        (Choice(None, finish="content_filter"), "llm.refused"),
        ("", "llm.empty_reply"),
    ],
)
def test_what_cannot_stand_has_its_reason(tmp_path: Path, reply: Any, reason: str) -> None:
    done = made(tmp_path, reply)
    assert reasons(done) == [reason]
    assert not rows(done)


@pytest.mark.parametrize("reply", ["1. Wait.\n2. Open the lid.", "Up to 40 tiles."])
def test_numbers_of_a_list_and_of_the_text_are_not_invented(tmp_path: Path, reply: str) -> None:
    assert rows(made(tmp_path, reply))


def test_a_case_has_numbers_of_its_own(tmp_path: Path) -> None:
    assert rows(made(tmp_path, "At 95 degrees it is locked.", forms=["check"]))


def test_a_passage_without_use_costs_one_call(tmp_path: Path) -> None:
    assert reasons(made(tmp_path, "", useful=False)) == ["instruct.no_task"]
