"""corrupt through a whole run: one planted fault, found by a judge, and every reason why a pair does not stand."""

import json
from pathlib import Path
from typing import Any

import pytest

from factory import Run, run
from factory.stages.models import journal
from factory.views.verify import broken, verify
from generators.corrupt import FAULTS
from tests.corpora import recipe, write_documents, write_recipe
from tests.factory.installing import Package, on_the_path
from tests.generators.made import reasons, rows
from tests.model_server import Choice, ModelServer

KILN = "The Kiln K2 fires up to forty tiles at once. Its lid stays locked until the kiln has cooled."
GOOD, BAD = "The Kiln K2 fires up to forty tiles.", "The Kiln K2 fires up to fifty tiles."


def answer(text: str = GOOD, quote: str = "up to forty tiles") -> dict[str, Any]:
    return {"quotes": [quote], "answerable": True, "answer": text}


def planted(text: str = BAD, possible: bool = True) -> dict[str, Any]:
    return {"where": "the number", "possible": possible, "answer": text}


def made(folder: Path, *, said: Any = None, plant: Any = None, find: Any = "fact_changed", **options: Any) -> Run:
    def reply(body: dict[str, Any]) -> str | Choice:
        prompt = body["messages"][-1]["content"]
        if "write at most one question" in prompt:
            return json.dumps({"content": "", "teaches": True, "questions": [{"wish": 1, "question": "How many?"}]})
        if "Answer this question from" in prompt:
            return json.dumps(said or answer())
        if "with exactly one fault" in prompt:
            return plant if isinstance(plant, Choice) else json.dumps(plant or planted())
        return find if isinstance(find, Choice) else json.dumps({"explanation": "…", "fault": find})

    write_documents(folder, {"kiln.md": KILN})
    with ModelServer(replies=reply) as server:
        settings = {"base_url": server.url, "model": "scripted", "tries": 1}
        method = {"corrupt": {"questions": 1, "faults": ["fact_changed"], **options}}
        done = run(write_recipe(folder, methods=[method], models={"llm": settings}), until="generate")
    assert not broken(verify(done))
    return done


def test_a_pair_differs_in_the_fault_that_the_judge_found(tmp_path: Path) -> None:
    [row] = rows(made(tmp_path))
    assert (row["chosen"][0]["content"], row["rejected"][0]["content"]) == (GOOD, BAD)
    meta = json.loads(row["meta"])
    assert meta["fault"] == "fact_changed"
    assert [quote["text"] for quote in meta["quotes"]] == ["up to forty tiles"]


@pytest.mark.parametrize(
    ("replies", "reason"),
    [
        ({"said": answer(quote="up to sixty tiles")}, "corrupt.answer_not_proved"),
        ({"plant": planted("", possible=False)}, "corrupt.fault_not_possible"),
        ({"plant": planted(f" {GOOD} ")}, "corrupt.unchanged"),
        ({"plant": planted("")}, "corrupt.unchanged"),
        ({"plant": planted(BAD + " And so it was for years.")}, "corrupt.lengths_differ"),
        ({"find": "none"}, "corrupt.fault_not_seen"),
        ({"find": "step_dropped"}, "corrupt.another_fault"),
        ({"plant": Choice("No.")}, "llm.invalid_reply"),
        ({"find": Choice(None, finish="content_filter")}, "llm.refused"),
    ],
)
def test_what_cannot_stand_has_its_reason(tmp_path: Path, replies: dict[str, Any], reason: str) -> None:
    done = made(tmp_path, **replies)
    assert reasons(done) == [reason]
    assert not rows(done)


def test_longer_is_allowed_where_it_is_asked_for(tmp_path: Path) -> None:
    assert rows(made(tmp_path, plant=planted(BAD + " And so it was."), max_length_difference=1.0))


def test_the_judge_is_not_told_which_fault_was_planted(tmp_path: Path) -> None:
    done = made(tmp_path)
    assert done.counts("generate")["made"] == 1
    with journal(done) as opened:
        asked = [row["asked"] for row in opened.select("select unpacked(body) as asked from requests")]
    [found] = [text for text in asked if "name what is wrong" in text]
    assert all(found.count(name) >= 1 for name in FAULTS)
    assert "exactly one fault" not in found


# --- on rows of other methods

FAULT = "fact_changed"
QA = {"content": "", "teaches": True, "questions": [{"wish": 1, "question": "How many tiles does it fire?"}]}
TURNS = """
from factory import Passage, records

async def turns(passage: Passage):
    said = [("user", "Tell me of it."), ("assistant", "Of what?"), ("user", "The kiln."), ("assistant", passage.text)]
    yield records.conversation(passage, said, quotes=[passage.span(0, 9)])
    yield records.sft(passage, "Is it a kiln?", "Yes.", context=passage.text, quotes=[passage.span(0, 9)])
    yield records.sft(passage, "Is it a kiln?", "Yes, of course it is.")
"""


def on_rows(folder: Path, *first: Any) -> tuple[Run, list[str]]:
    """A run of `corrupt` on the rows of the first method, and what was asked."""
    asked = []

    def reply(body: dict[str, Any]) -> str:
        asked.append(body["messages"][-1]["content"])
        if "write at most one question" in asked[-1]:
            return json.dumps(QA)
        if "Answer this question from" in asked[-1]:
            return json.dumps(answer())
        return json.dumps(planted() if "with exactly one fault" in asked[-1] else {"explanation": "…", "fault": FAULT})

    write_documents(folder, {"kiln.md": KILN})
    with ModelServer(replies=reply) as server:
        settings = {"base_url": server.url, "model": "scripted", "tries": 1}
        methods = [*first, {"corrupt": {"from": [next(iter(first[0]))], "faults": [FAULT]}}]
        style = {"methods": methods, "style": {"system": "You know kilns."}}
        made = recipe(models={"llm": settings}, generate=style)
        done = run(write_recipe(folder, made), until="generate")
    assert not broken(verify(done))
    return done, asked


def test_an_accepted_row_is_the_better_side_and_is_not_asked_for_again(tmp_path: Path) -> None:
    done, asked = on_rows(tmp_path, {"qa": {"pairs": 1}})
    [pair, row] = sorted(rows(done), key=lambda row: len(row["id"]), reverse=True)
    assert pair["id"] == f"{row['id']}/corrupt/0"
    assert [m["content"] for m in pair["prompt"]] == ["You know kilns.", "How many tiles does it fire?"]
    assert (pair["chosen"][0]["content"], pair["rejected"][0]["content"]) == (GOOD, BAD)
    assert json.loads(pair["meta"])["quotes"] == json.loads(row["meta"])["quotes"]
    assert len(asked) == 4  # two for the row; to plant and to find


def test_a_row_that_is_no_single_question_is_rejected(tmp_path: Path) -> None:
    with on_the_path(tmp_path / "site") as site:
        Package(site, "stranger").declares("generators", "turns", TURNS)
        done, asked = on_rows(tmp_path, {"turns": {}})
    assert reasons(done).count("corrupt.no_single_question") == 3
    assert not asked
