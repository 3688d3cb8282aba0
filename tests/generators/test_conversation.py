"""conversation through a whole run: the plan, the turns, the proof, and where it breaks off."""

import json
from pathlib import Path
from typing import Any

import pytest

from factory import Run, run
from factory.views.ledger import entries
from factory.views.verify import broken, verify
from tests.corpora import write_documents, write_recipe
from tests.generators.made import reasons, rows
from tests.model_server import ModelServer

KILN = "The Kiln K2 fires up to forty tiles at once. Its lid stays locked until the kiln has cooled."
TURNS = [("Can I open the kiln?", "ask_back"), ("The Kiln K2, still warm.", "answer"), ("And how many?", "answer")]
ANSWERS = {
    "still warm": ("No, the lid stays locked until it has cooled.", "Its lid stays locked until the kiln has cooled"),
    "how many": ("Up to forty tiles at once.", "up to forty tiles at once"),
}


def made(
    folder: Path, plan: list[tuple[str, str]], answers: dict[str, tuple[str, str]], *, back: str = "Which kiln?",
    enough: bool = True, **options: Any,
) -> Run:  # fmt: skip
    def reply(body: dict[str, Any]) -> str:
        prompt = body["messages"][-1]["content"]
        if "Plan a conversation" in prompt:
            planned = [{"user": user, "assistant": assistant} for user, assistant in plan]
            return json.dumps({"wants": "To open it.", "enough": enough, "turns": planned})
        if "leaves something open" in prompt:
            return json.dumps({"missing": "which kiln", "question": back})
        last = prompt.rsplit("<user", 1)[1]
        text, quote = next(answer for word, answer in answers.items() if word in last)
        return json.dumps({"quotes": [quote], "answerable": bool(text), "answer": text})

    write_documents(folder, {"kiln.md": KILN})
    with ModelServer(replies=reply) as server:
        settings = {"base_url": server.url, "model": "scripted", "tries": 1}
        recipe = write_recipe(folder, methods=[{"conversation": options}], models={"llm": settings})
        done = run(recipe, until="generate")
    assert not broken(verify(done))
    return done


def test_turns_alternate_and_each_answer_has_its_proof(tmp_path: Path) -> None:
    [row] = rows(made(tmp_path, TURNS, ANSWERS))
    assert [message["role"] for message in row["messages"]] == ["user", "assistant"] * 3
    assert [message["content"] for message in row["messages"]][1::2] == [
        "Which kiln?", ANSWERS["still warm"][0], ANSWERS["how many"][0],
    ]  # fmt: skip
    meta = json.loads(row["meta"])
    assert [quote["text"] for quote in meta["quotes"]] == [ANSWERS["still warm"][1], ANSWERS["how many"][1]]
    assert len(meta["journal"]) == 4


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({**ANSWERS, "how many": ("Up to fifty.", "up to fifty tiles")}, "conversation.quote_not_found"),
        ({**ANSWERS, "how many": ("", "")}, "conversation.not_answerable"),
        ({**ANSWERS, "how many": ("Forty.", " ")}, "conversation.quote_not_found"),
    ],
)
def test_it_breaks_off_where_an_answer_has_no_proof_and_is_kept_as_rejected(
    tmp_path: Path, answers: dict[str, tuple[str, str]], reason: str
) -> None:
    done = made(tmp_path, TURNS, answers)
    assert not rows(done)
    assert reasons(done) == [reason]
    [entry] = entries(done, stage="generate")
    assert entry.id.endswith("/conversation/0")  # what was said before is in the table


def test_nothing_to_ask_back_and_too_little_to_talk_about(tmp_path: Path) -> None:
    assert reasons(made(tmp_path / "a", TURNS, ANSWERS, back=" ")) == ["conversation.not_answerable"]
    assert reasons(made(tmp_path / "b", TURNS[:1], ANSWERS)) == ["conversation.too_little"]
    assert reasons(made(tmp_path / "c", TURNS, ANSWERS, enough=False)) == ["conversation.too_little"]


def test_no_more_turns_than_were_asked_for(tmp_path: Path) -> None:
    [row] = rows(made(tmp_path, TURNS, ANSWERS, turns=2))
    assert len(row["messages"]) == 4
