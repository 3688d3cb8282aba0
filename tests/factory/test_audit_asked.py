"""Filters that ask a model in an audit (`--with`): scores in the report, nothing removed, nothing paid twice."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from factory import Run
from factory.errors import SpendCapReached, WrongRequest
from factory.foreign import audit_dataset
from factory.views.verify import broken, verify
from tests.cli.conftest import factory
from tests.corpora import rows
from tests.model_server import ModelServer

WORDS = "the judge's own words"


def dataset(folder: Path) -> Path:
    file = folder / "kilns.jsonl"
    said = [{"instruction": f"How hot is kiln {nth}?", "input": "", "output": f"{nth}00 degrees."} for nth in range(6)]
    file.write_text("".join(json.dumps(row) + "\n" for row in said), encoding="utf-8")
    return file


def grade(body: dict[str, Any]) -> str:
    """Kiln 1 is badly told, the others well."""
    poor = "kiln 1?" in body["messages"][-1]["content"]
    scores = {"helpful": 2 if poor else 4, "complete": 5, "clear": 5}
    return json.dumps({"explanation": WORDS, "scores": scores})


def recipe(folder: Path, url: str, **model: Any) -> Path:
    file = folder / "judging.yaml"
    (folder / "documents").mkdir(exist_ok=True)
    its = {"base_url": url, "model": "scripted", "tries": 1, **model}
    made = {"run": "runs/none", "sources": [{"path": "documents"}], "models": {"llm": its}}
    made["filter"] = [{"judge": {"min_score": 3.0}}]
    file.write_text(yaml.safe_dump(made), encoding="utf-8")
    return file


def test_the_scores_stand_in_the_report_and_nothing_is_removed(tmp_path: Path) -> None:
    with ModelServer(replies=grade) as server:
        file = recipe(tmp_path, server.url)
        report = audit_dataset(dataset(tmp_path), into=tmp_path / "audit", asking=["judge"], models=file)
        asked = len(server.seen)
        again = audit_dataset(tmp_path / "kilns.jsonl", into=tmp_path / "audit", asking=["judge"], models=file)
        elsewhere = len(server.seen)
    assert (asked, elsewhere) == (6, 6)
    assert again["measures"] == report["measures"]
    its = report["chapters"]["measured"]["filters"]["judge"]
    assert its["scores"]["helpful"] == {
        "rows": 6, "mean": 3.666667, "counts": [{"score": 2.0, "count": 1}, {"score": 4.0, "count": 5}]
    }  # fmt: skip
    assert [reason["rows"] for reason in its["reasons"].values()] == [["row:kilns.jsonl:0000002"]]
    assert report["measures"]["measured.judge.score.helpful"] == 3.666667
    assert report["measures"]["measured.judge.rejected"] == 1
    assert report["measures"]["models.calls"] == 6
    assert len(rows(tmp_path / "audit/dataset")) == report["measures"]["rows.total"] == 6
    page = (tmp_path / "audit/report.html").read_text(encoding="utf-8")
    assert "<b>2</b>: 1, <b>4</b>: 5" in page
    assert WORDS not in page
    assert not broken(verify(Run(tmp_path / "audit")))


def test_a_cap_stops_the_audit_and_a_higher_one_asks_only_what_is_left(tmp_path: Path) -> None:
    price = {"input": 0.0, "output": 1_000_000}  # one a token of the answer
    with ModelServer(replies=grade) as server:
        file = recipe(tmp_path, server.url, price=price, max_tokens=100, max_spend=150, in_flight=1)
        with pytest.raises(SpendCapReached):
            audit_dataset(dataset(tmp_path), into=tmp_path / "audit", asking=["judge"], models=file)
        before = len(server.seen)
        file = recipe(tmp_path, server.url, price=price, max_tokens=100, max_spend=10_000, in_flight=1)
        report = audit_dataset(tmp_path / "kilns.jsonl", into=tmp_path / "audit", asking=["judge"], models=file)
        after = len(server.seen)
    assert 0 < before < after == 6
    assert report["chapters"]["measured"]["filters"]["judge"]["looked_at"] == 6


def test_a_row_without_a_usable_answer_is_not_looked_at_and_says_why(tmp_path: Path) -> None:
    def reply(body: dict[str, Any]) -> str:
        return "I would rather not." if "kiln 4?" in json.dumps(body["messages"]) else grade(body)

    with ModelServer(replies=reply) as server:
        file = recipe(tmp_path, server.url)
        report = audit_dataset(dataset(tmp_path), into=tmp_path / "audit", asking=["judge"], models=file)
    its = report["chapters"]["measured"]["filters"]["judge"]
    assert (its["read"], its["not_looked_at"], its["rejected"], its["scores"]["clear"]["rows"]) == (6, 1, 1, 5)
    [(reason, told)] = [(reason, told) for reason, told in its["reasons"].items() if reason.startswith("llm.")]
    assert told == {"count": 1, "rows": ["row:kilns.jsonl:0000005"]}
    assert its["outcomes"][reason] == "unanswered"


def test_a_model_that_may_not_see_the_rows_is_sent_none(tmp_path: Path) -> None:
    file = recipe(tmp_path, "https://models.example/v1")
    with pytest.raises(WrongRequest, match="may see what is public, and every source is internal"):
        audit_dataset(dataset(tmp_path), into=tmp_path / "audit", asking=["judge"], models=file)
    assert not (tmp_path / "audit").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--with", "judge"], "--recipe FILE"),
        (["--with", "refusal", "--recipe", "judging.yaml"], "it asks no model"),
        (["--with", "jugde", "--recipe", "judging.yaml"], "Did you mean 'judge'?"),
    ],
)
def test_what_cannot_be_asked_is_a_wrong_request(tmp_path: Path, words: list[str], said: str) -> None:
    dataset(tmp_path)
    recipe(tmp_path, "http://127.0.0.1:9/v1")
    ended = factory("audit", "kilns.jsonl", *words, cwd=tmp_path)
    assert ended.code == 2
    assert said in ended.err


def test_an_option_on_the_command_line_stands_above_the_recipe(tmp_path: Path) -> None:
    dataset(tmp_path)
    with ModelServer(replies=grade) as server:
        recipe(tmp_path, server.url)
        words = ("--with", "judge:min_score=1.0", "--recipe", "judging.yaml", "--json")
        ended = factory("audit", "kilns.jsonl", *words, cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["measures"]["measured.judge.rejected"] == 0
    assert "llm: 6 answers" in ended.err
