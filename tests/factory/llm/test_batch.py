"""Batch files through a whole run: rounds, and every way in which answers come back."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from factory import Run, run
from factory.errors import Waiting, WrongRequest
from factory.llm import LLM, Model
from factory.views.ledger import entries
from factory.views.verify import broken, verify
from tests.corpora import contents, write_documents, write_recipe
from tests.model_server import ModelServer

COUNT = 8
FOLDER = "batch"
Answered = list[dict[str, Any]]


def says(body: dict[str, Any]) -> str:
    """A model that asks one question a document and answers it with its first words."""
    prompt = body["messages"][-1]["content"]
    text = prompt.split("<document>\n")[1].split("\n</document>")[0]
    if "write at most one question" in prompt:
        question = {"wish": 1, "question": f"What does this say: {text[:20]}?"}
        return json.dumps({"content": "Wheels.", "teaches": True, "questions": [question]})
    return json.dumps({"quotes": [text[:12]], "answerable": True, "answer": text})


def line(custom_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """What a provider writes for one request."""
    message = {"role": "assistant", "content": says(body)}
    completion = {
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20},
    }
    return {"id": "b", "custom_id": custom_id, "response": {"status_code": 200, "body": completion}, "error": None}


def requests(folder: Path, name: str = "llm-*") -> list[dict[str, Any]]:
    files = sorted((folder / FOLDER).glob(f"{name}.jsonl"))
    return [json.loads(one) for file in files for one in file.read_text(encoding="utf-8").splitlines()]


def answer(folder: Path, name: str, change: Callable[[Answered], Answered] = lambda lines: lines) -> None:
    """Put a file of answers beside the requests of one file."""
    lines = change([line(request["custom_id"], request["body"]) for request in requests(folder, name)])
    file = folder / FOLDER / f"answers-of-{name}.jsonl"
    file.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in lines), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_documents(tmp_path, {f"{n}.md": f"The wheel number {n} turns left, às vezes." for n in range(COUNT)})
    return tmp_path


def goes(folder: Path, **model: Any) -> Run:
    settings = {"model": "parrot", "may_see": "internal", "batch": {"folder": FOLDER}, **model}
    return run(write_recipe(folder, methods=[{"qa": {"pairs": 1}}], models={"llm": settings}), until="generate")


def waits(folder: Path) -> str:
    with pytest.raises(Waiting) as error:
        goes(folder)
    return str(error.value)


def test_two_rounds_make_what_a_server_makes(folder: Path) -> None:
    said = waits(folder)
    assert f"{COUNT} requests of the model 'llm' are in" in said
    assert "then run the same command again" in said
    first = requests(folder, "llm-0001")
    assert {(one["method"], one["url"], one["body"]["model"]) for one in first} == {
        ("POST", "/v1/chat/completions", "parrot")
    }
    answer(folder, "llm-0001", lambda lines: lines[::-1])
    waits(folder)
    answer(folder, "llm-0002")
    done = goes(folder)
    assert not broken(verify(done))
    with ModelServer(replies=says) as server:
        models = {"llm": {"base_url": server.url, "model": "parrot"}}
        online = run(
            write_recipe(folder, methods=[{"qa": {"pairs": 1}}], models=models, run="online"), until="generate"
        )
    assert contents(online.path / "records") == contents(done.path / "records")
    assert goes(folder).did == []


def test_run_again_without_answers_hands_nothing_out_twice(folder: Path) -> None:
    waits(folder)
    assert f"{COUNT} were handed out before and have no answer yet" in waits(folder)
    assert len(requests(folder)) == COUNT


def test_what_its_answers_left_open_or_failed_goes_into_the_next_file(folder: Path) -> None:
    waits(folder)

    def spoil(lines: Answered) -> Answered:
        lines[0] = {**lines[0], "response": {"status_code": 500, "body": {}}}
        lines[1] = {**lines[1], "response": None, "error": {"code": "expired"}}
        return lines[:-1]

    answer(folder, "llm-0001", spoil)
    said = waits(folder)
    again = {one["custom_id"] for one in requests(folder, "llm-0002")}
    first = [one["custom_id"] for one in requests(folder, "llm-0001")]
    assert {first[0], first[1], first[-1]} < again
    assert len(again) == 3 + (COUNT - 3)  # and the second calls of those that were answered
    assert "2 failed" in said


def test_foreign_double_and_broken_lines_do_no_harm_and_are_counted(folder: Path) -> None:
    waits(folder)
    answer(folder, "llm-0001", lambda lines: [*lines, lines[0], {**lines[0], "custom_id": "somebody-else"}])
    with (folder / FOLDER / "half.jsonl").open("w") as file:
        file.write('{"custom_id": "x", "resp\n[1]\n\n')
    said = waits(folder)
    assert f"{COUNT} answers; 1 twice, 1 foreign, 2 broken" in said
    answer(folder, "llm-0002")
    assert goes(folder).counts("generate")["made"] == COUNT


def test_an_answer_that_was_used_is_not_foreign_when_its_request_is_gone(folder: Path) -> None:
    waits(folder)
    answer(folder, "llm-0001", lambda lines: [*lines, {**lines[0], "custom_id": "somebody-else"}])
    waits(folder)
    (folder / FOLDER / "llm-0001.jsonl").unlink()
    assert f"{COUNT} answers; 1 foreign" in waits(folder)


def test_a_reply_of_the_wrong_shape_is_asked_again_in_the_next_round(folder: Path) -> None:
    waits(folder)

    def prose(lines: Answered) -> Answered:
        lines[0]["response"]["body"]["choices"][0]["message"]["content"] = "I would rather not."
        return lines

    answer(folder, "llm-0001", prose)
    waits(folder)
    assert any("I would rather not." in json.dumps(one["body"]) for one in requests(folder, "llm-0002"))


def test_a_completion_that_was_cut_is_the_loss_of_its_unit(folder: Path) -> None:
    waits(folder)

    def cut(lines: Answered) -> Answered:
        lines[0]["response"]["body"]["choices"][0]["finish_reason"] = "length"
        return lines

    answer(folder, "llm-0001", cut)
    waits(folder)
    answer(folder, "llm-0002")
    assert [entry.reason for entry in entries(goes(folder), stage="generate")] == ["llm.cut_by_length"]


def test_large_rounds_are_cut_into_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("factory.llm.batch.MAX_LINES", 3)
    said = waits(folder)
    assert [len(requests(folder, f"llm-{n:04d}")) for n in (1, 2, 3)] == [3, 3, 2]
    assert "llm-0003.jsonl" in said


def test_a_cap_and_a_batch_are_refused_together() -> None:
    with pytest.raises(WrongRequest, match="a batch is handed out whole"):
        Model.of({"model": "x", "batch": {"folder": "b"}, "max_spend": 1.0, "max_tokens": 5,
                  "price": {"input": 1.0, "output": 1.0}})  # fmt: skip


def test_a_request_that_was_refused_for_good_is_not_handed_out_again(folder: Path) -> None:
    waits(folder)
    answer(folder, "llm-0001", lambda lines: [{**lines[0], "response": {"status_code": 400, "body": {}}}, *lines[1:]])
    waits(folder)
    answer(folder, "llm-0002")
    assert [entry.reason for entry in entries(goes(folder), stage="generate")] == ["llm.request_refused"]
    assert len(requests(folder)) == COUNT + COUNT - 1


def test_an_answer_counts_without_its_request(folder: Path) -> None:
    waits(folder)
    answer(folder, "llm-0001")
    (folder / FOLDER / "llm-0001.jsonl").unlink()
    waits(folder)
    assert len(requests(folder)) == COUNT  # the second calls


def test_a_raised_limit_hands_out_what_it_cut(folder: Path) -> None:
    def cut(lines: Answered) -> Answered:
        lines[0]["response"]["body"]["choices"][0]["finish_reason"] = "length"
        return lines

    with pytest.raises(Waiting):
        goes(folder, max_tokens=10)
    answer(folder, "llm-0001", cut)
    with pytest.raises(Waiting):
        goes(folder, max_tokens=10)
    answer(folder, "llm-0002")
    assert goes(folder, max_tokens=10).counts("generate")["failed"] == 1
    with pytest.raises(Waiting):
        goes(folder, max_tokens=500)
    assert len(requests(folder, "llm-0003")) == 1
    answer(folder, "llm-0003")
    with pytest.raises(Waiting):
        goes(folder, max_tokens=500)
    answer(folder, "llm-0004")
    assert goes(folder, max_tokens=500).counts("generate")["made"] == COUNT
    assert len(requests(folder)) == 2 * COUNT + 1


async def test_alone_a_batch_is_refused() -> None:
    with pytest.raises(WrongRequest, match="only a run makes"):
        async with LLM(Model.of({"model": "x", "batch": {"folder": "b"}})):
            pass
