"""unanswerable through a whole run: what is answered anywhere in the corpus is no unanswerable question."""

import json
from pathlib import Path
from typing import Any

import pytest

from factory import Run, run
from factory.views.verify import broken, verify
from tests.corpora import write_documents, write_recipe
from tests.generators.made import reasons, rows
from tests.model_server import Choice, ModelServer

FILES = {
    "kiln.md": "The Kiln K2 fires up to forty tiles at once. Its lid stays locked until it has cooled.",
    "price.md": "The price of the Kiln K2 is nine hundred crowns.",
}
PRICE, COLOUR = "What does the Kiln K2 cost?", "Which colour does the Kiln K2 have?"


def made(
    folder: Path, *questions: str, decline: Any = "Its colour is not given; its lid locks.", **options: Any
) -> Run:
    """A model that asks these of the kiln; a judge that finds an answer where the word `crowns` is shown to it."""

    def reply(body: dict[str, Any]) -> str | Choice:
        prompt = body["messages"][-1]["content"]
        if "write a question for each" in prompt:
            asked = questions if "forty tiles" in prompt else ()
            numbered = [{"wish": nth, "question": question} for nth, question in enumerate(asked, start=1)]
            return json.dumps({"about": "A kiln.", "questions": numbered})
        if "Do these documents answer" in prompt:
            answered = "yes" if PRICE in prompt and "crowns" in prompt else "no"
            return json.dumps({"explanation": "…", "answered": answered})
        return decline if isinstance(decline, Choice) else str(decline)

    write_documents(folder, FILES)
    with ModelServer(replies=reply) as server:
        settings = {"base_url": server.url, "model": "scripted", "tries": 1}
        recipe = write_recipe(folder, methods=[{"unanswerable": options}], models={"llm": settings})
        done = run(recipe, until="generate")
        done.sent = [seen.body["messages"][-1]["content"] for seen in server.seen]  # type: ignore[attr-defined]
    assert not broken(verify(done))
    return done


def test_a_question_that_another_document_answers_is_rejected(tmp_path: Path) -> None:
    done = made(tmp_path, PRICE, COLOUR)
    [row] = rows(done)
    assert [message["content"] for message in row["messages"]] == [COLOUR, "Its colour is not given; its lid locks."]
    meta = json.loads(row["meta"])
    assert (meta["unanswerable"], meta["searched"]) == ("false_premise", 2)
    assert sorted(reasons(done)) == ["unanswerable.answered", "unanswerable.nothing_yielded"]


def test_a_row_has_the_terms_of_all_that_was_shown_for_it(tmp_path: Path) -> None:
    [row] = rows(made(tmp_path, COLOUR))
    assert len(json.loads(row["meta"])["documents"]) == 2


@pytest.mark.parametrize(
    ("decline", "reason"),
    [("   ", "llm.empty_reply"), (Choice(None, finish="content_filter"), "llm.refused")],
)
def test_no_honest_answer_is_no_row(tmp_path: Path, decline: Any, reason: str) -> None:
    assert reason in reasons(made(tmp_path, COLOUR, decline=decline))


def test_kinds_take_turns_and_may_be_chosen(tmp_path: Path) -> None:
    done = made(tmp_path, COLOUR, "When was it built?", forms=["not_covered"], questions=2)
    assert [json.loads(row["meta"])["unanswerable"] for row in rows(done)] == ["not_covered", "not_covered"]
    assert not any("takes something for granted that the document shows" in prompt for prompt in done.sent)  # type: ignore[attr-defined]
