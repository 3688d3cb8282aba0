"""The chapter on models: the journal's sums, a finding where many calls failed, and nothing where nobody was asked."""

import json
from pathlib import Path

from factory import audit, run
from factory.views.verify import broken, verify
from tests.corpora import finished, write_documents, write_recipe
from tests.model_server import ModelServer

PRICE = {"input": 1_000_000, "output": 1_000_000}  # one a token
NOTHING = json.dumps({"content": "<b>A kiln.</b>", "teaches": False, "questions": []})


def test_calls_tokens_and_money_stand_in_the_report(tmp_path: Path) -> None:
    write_documents(tmp_path, {f"{n}.md": f"The kiln number {n} is hot." for n in range(10)})
    with ModelServer(replies=lambda body: NOTHING) as server:
        server.fails("http_500", "http_500")
        model = {"base_url": server.url, "model": "kiln-expert", "price": PRICE, "tries": 1, "in_flight": 1}
        file = write_recipe(tmp_path, methods=["qa", "text"], models={"llm": model})
        done = run(file)
    report = done.report()
    [asked] = report["chapters"]["models"]["asked"]
    assert (asked["method"], asked["model"], asked["answered"], asked["failed"]) == ("qa", "llm", 8, 2)
    measures = report["measures"]
    assert (measures["models.calls"], measures["models.failed.share"]) == (10, 0.2)
    assert measures["models.spent"] == measures["models.tokens.in"] + measures["models.tokens.out"]
    assert "models.failed" in {finding["id"] for finding in report["findings"]}
    assert not broken(verify(done))
    page = (done.path / "report.html").read_text(encoding="utf-8")
    assert "<b>A kiln.</b>" not in page
    assert "Many calls of a model failed" in page


def test_a_run_without_models_says_so(tmp_path: Path) -> None:
    done = finished(tmp_path, {"a.md": "The kiln is hot."}, methods=["text"])
    assert audit(done.path)["measures"]["models.calls"] == 0
    assert "No model was asked for this run." in (done.path / "report.html").read_text(encoding="utf-8")
