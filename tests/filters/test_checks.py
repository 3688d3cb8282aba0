"""The checks that a judge makes: pass, reword and fail, each through a whole run with a real server."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from factory import Run, run
from factory.corpus import kept_records, record_tables
from factory.errors import WrongRequest
from factory.views.ledger import entries
from factory.views.verify import broken, verify
from tests.corpora import write_documents, write_recipe
from tests.factory.installing import Package, on_the_path
from tests.model_server import Choice, ModelServer

KILN = "The Kiln K2 fires up to forty tiles at once. Its lid stays locked until the kiln has cooled."
QUESTION, ANSWER = "How many tiles does it fire?", "Up to forty tiles."
CHECKS = {  # with what it judges, and the reason for which it rejects
    "answerable": ("question", "answerable.not_answered"),
    "right": ("answer", "right.wrong"),
    "only_from_source": ("answer", "only_from_source.unsupported_claim"),
    "self_contained": ("question", "self_contained.needs_context"),
}
Says = Callable[[str], dict[str, Any] | Choice]


def judgement(outcome: str, rewording: str = "") -> dict[str, Any]:
    return {"explanation": "Part by part: …", "outcome": outcome, "rewording": rewording}


def checked(folder: Path, check: Any, says: Says, *, retry: str | None = None) -> tuple[Run, list[str]]:
    """A run of one row and one check, and the prompts that the judge was sent."""

    def reply(body: dict[str, Any]) -> str | Choice:
        prompt = body["messages"][-1]["content"]
        if "write at most one question" in prompt:
            return json.dumps({"content": "A kiln.", "teaches": True, "questions": [{"wish": 1, "question": QUESTION}]})
        if "Answer this question" in prompt:
            return json.dumps({"quotes": ["up to forty tiles"], "answerable": True, "answer": ANSWER})
        said = says(prompt)
        return said if isinstance(said, Choice) else json.dumps(said)

    write_documents(folder, {"kiln.md": KILN})
    with ModelServer(replies=reply) as server:
        model = {"base_url": server.url, "model": "scripted", "tries": 1}
        recipe = write_recipe(folder, methods=[{"qa": {"pairs": 1}}], models={"llm": model}, records=[check])
        done = run(recipe, until="generate", retry=retry)
        sent = [seen.body["messages"][-1]["content"] for seen in server.seen]
    assert not broken(verify(done))
    return done, [prompt for prompt in sent if "to be judged" in prompt]


def rows(done: Run) -> list[dict[str, str]]:
    kept = [row for table in record_tables(done) for row in kept_records(done, table)]
    return [{"question": row["messages"][0]["content"], "answer": row["messages"][1]["content"]} for row in kept]


def reasons(done: Run) -> list[str]:
    return [entry.reason for entry in entries(done, stage="filter.records")]


@pytest.mark.parametrize("check", CHECKS)
def test_what_passes_stays_and_what_fails_goes(check: str, tmp_path: Path) -> None:
    done, sent = checked(tmp_path, check, lambda prompt: judgement("pass"))
    assert rows(done) == [{"question": QUESTION, "answer": ANSWER}]
    assert len(sent) == 1
    failing, _ = checked(tmp_path / "other", check, lambda prompt: judgement("fail"))
    assert not rows(failing)
    assert reasons(failing) == [CHECKS[check][1]]


@pytest.mark.parametrize("check", CHECKS)
def test_what_is_reworded_is_judged_once_more_and_becomes_an_edit(check: str, tmp_path: Path) -> None:
    def says(prompt: str) -> dict[str, Any]:
        return judgement("pass") if "Kiln K2, forty" in prompt else judgement("reword", "Kiln K2, forty.")

    done, sent = checked(tmp_path, check, says)
    part = CHECKS[check][0]
    assert rows(done) == [{"question": QUESTION, "answer": ANSWER} | {part: "Kiln K2, forty."}]
    assert len(sent) == 2


@pytest.mark.parametrize("rewording", ["", QUESTION, "Still bad."])
def test_a_rewording_that_does_not_pass_is_a_fail(rewording: str, tmp_path: Path) -> None:
    done, _ = checked(tmp_path, "answerable", lambda prompt: judgement("reword", rewording))
    assert reasons(done) == ["answerable.not_answered"]


def test_without_rewording_half_right_is_a_fail(tmp_path: Path) -> None:
    done, sent = checked(tmp_path, {"right": {"reword": False}}, lambda prompt: judgement("reword", "Forty."))
    assert reasons(done) == ["right.wrong"]
    assert len(sent) == 1


def test_the_judge_of_a_question_is_not_shown_its_answer_and_that_of_its_wording_not_its_source(tmp_path: Path) -> None:
    _, [answerable] = checked(tmp_path / "a", "answerable", lambda prompt: judgement("pass"))
    assert KILN in answerable
    assert ANSWER not in answerable
    _, [alone] = checked(tmp_path / "b", "self_contained", lambda prompt: judgement("pass"))
    assert KILN not in alone


def test_a_judge_that_gives_no_judgement_costs_the_row_and_a_retry_asks_again(tmp_path: Path) -> None:
    done, _ = checked(tmp_path, "right", lambda prompt: Choice("Fine, I think."))
    assert reasons(done) == ["llm.invalid_reply"]
    again, sent = checked(tmp_path, "right", lambda prompt: judgement("pass"), retry="llm.invalid_reply")
    assert len(rows(again)) == len(sent) == 1
    _, unasked = checked(tmp_path, "right", lambda prompt: judgement("pass"))
    assert not unasked


def test_a_retry_of_what_was_judged_bad_makes_the_row_anew(tmp_path: Path) -> None:
    checked(tmp_path, "right", lambda prompt: judgement("fail"))
    again, sent = checked(tmp_path, "right", lambda prompt: judgement("pass"), retry="right")
    assert not sent  # the answer was written anew, the same words: what was judged of them stands
    assert reasons(again) == ["right.wrong"]


def test_a_verdict_names_the_judgement_in_the_journal_and_not_its_words(tmp_path: Path) -> None:
    done, _ = checked(tmp_path, "right", lambda prompt: judgement("fail"))
    [entry] = entries(done, stage="filter.records")
    [key] = json.loads(entry.detail)["journal"]
    assert len(bytes.fromhex(key)) == 16
    assert "Part by part" not in entry.detail


def test_a_check_needs_a_model(tmp_path: Path) -> None:
    write_documents(tmp_path, {"kiln.md": KILN})
    with pytest.raises(WrongRequest, match=r"right asks a model 'judge'\. The recipe has no 'models:'"):
        run(write_recipe(tmp_path, records=["right"]))


# --- conversations

TALK = """
from factory import Passage, records

async def talk(passage: Passage):
    said = [
        ("system", "You know kilns."), ("user", "How many?"), ("assistant", "Of which kiln?"),
        ("user", "Of the K2."), ("assistant", "Forty."), ("user", "And its lid?"), ("assistant", "It stays locked."),
    ]
    yield records.conversation(passage, said)
"""


def talked(folder: Path, check: Any, says: Says) -> tuple[Run, list[str]]:
    sent = []

    def reply(body: dict[str, Any]) -> str:
        sent.append(body["messages"][-1]["content"])
        return json.dumps(says(sent[-1]))

    write_documents(folder, {"kiln.md": KILN})
    with on_the_path(folder / "site") as site, ModelServer(replies=reply) as server:
        Package(site, "stranger").declares("generators", "talk", TALK)
        model = {"base_url": server.url, "model": "scripted", "tries": 1}
        done = run(write_recipe(folder, methods=["talk"], models={"llm": model}, records=[check]), until="generate")
    assert not broken(verify(done))
    return done, sent


@pytest.mark.parametrize("check", CHECKS)
def test_each_answer_of_a_conversation_is_judged_but_none_that_asks_back(check: str, tmp_path: Path) -> None:
    done, sent = talked(tmp_path / "all", check, lambda prompt: judgement("pass"))
    assert (len(sent), len(rows(done))) == (2, 1)
    assert "Of the K2." in sent[0]
    assert "And its lid?" not in sent[0]
    _, last = talked(tmp_path / "last", {check: {"turns": "last"}}, lambda prompt: judgement("pass"))
    assert last == sent[1:]


def test_a_turn_that_fails_fails_the_row_and_no_later_one_is_asked(tmp_path: Path) -> None:
    done, sent = talked(tmp_path, "right", lambda prompt: judgement("fail"))
    assert (reasons(done), len(sent)) == (["right.wrong"], 1)


def test_several_turns_are_reworded_in_one_verdict(tmp_path: Path) -> None:
    def says(prompt: str) -> dict[str, Any]:
        answer = prompt.split("<answer>")[1].split("</answer>")[0].strip()
        return judgement("pass") if answer.startswith("So: ") else judgement("reword", f"So: {answer}")

    done, sent = talked(tmp_path, "right", says)
    [row] = [row for table in record_tables(done) for row in kept_records(done, table)]
    assert [m["content"] for m in row["messages"] if m["role"] == "assistant"] == [
        "Of which kiln?", "So: Forty.", "So: It stays locked."]  # fmt: skip
    assert len(sent) == 4
