"""The judge of an exam: blind, asked in both orders, paid once, and never shown what it may not see."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from factory import Run, run, scores
from factory.errors import DeadWorld, WrongRequest
from factory.llm import scrub
from factory.progress import Progress
from factory.stages import evaluation, exam_judge, forget
from factory.stages.asked import Asked, Question
from factory.stages.evaluation import Evaluation
from factory.stages.exam_judge import Answered, Judge, Judged
from factory.views import checks, journal
from factory.views.chapters import models
from tests.corpora import write_documents, write_recipe
from tests.model_server import ModelServer

RIGHT, WRONG = "Up to forty tiles.", "Nobody knows."
Says = Callable[[str, str], str]  # of the first and the second answer: which is better


def answered(nth: int, before: str = WRONG, after: str = RIGHT, document: str = "d") -> Answered:
    return Answered(
        f"{document}/0000/qa/{nth}", f"How many tiles does kiln {nth} fire?", RIGHT, ["forty"], before, after
    )


def by_reference(first: str, second: str) -> str:
    return "tie" if (first == RIGHT) == (second == RIGHT) else "A" if first == RIGHT else "B"


def judging(says: Says) -> Callable[[dict[str, Any]], str]:
    """A server's judge, which reads both answers off the prompt."""

    def reply(body: dict[str, Any]) -> str:
        first, second = (its.partition(">\n")[2].partition("\n</")[0] for its in _prompt(body).split("<answer ")[1:])
        better = says(first, second)
        points = {"A": (5, 2), "B": (2, 5), "tie": (3, 3)}[better]
        return json.dumps(
            {"explanation": "Point by point.", "score_a": points[0], "score_b": points[1], "better": better}
        )

    return reply


def _prompt(body: dict[str, Any]) -> str:
    return str(body["messages"][-1]["content"])


def ingested(folder: Path, server: ModelServer | None = None, **model: Any) -> Run:
    """A run of one document, whose recipe has a judge where a server is given."""
    write_documents(folder, {"kiln.md": "The Kiln K2 fires up to forty tiles at once."})
    settings = {"base_url": server.url, "model": "owl", "tries": 1, "reasks": 0, **model} if server else {}
    keys: dict[str, Any] = {"models": {"judge": settings}} if server else {}
    return run(write_recipe(folder, methods=["text"], **keys), until="ingest")


def judge(done: Run, asked: list[Answered], by: Judge | None = None) -> list[Judged]:
    its = by or exam_judge.named("judge", done, None)
    return exam_judge.judge(asked, its, done, confidentiality="internal", progress=Progress())


def test_the_better_answer_is_preferred_whichever_model_gave_it(tmp_path: Path) -> None:
    with ModelServer(replies=judging(by_reference)) as server:
        done = ingested(tmp_path, server)
        said = judge(done, [answered(0), answered(1, RIGHT, WRONG), answered(2, WRONG, "No idea.")])
    assert [its.outcome for its in said] == ["after", "before", "tie"]
    assert [its.grades for its in said] == [(2, 5), (5, 2), (3, 3)]
    prompts = [_prompt(seen.body) for seen in server.seen]
    assert len(prompts) == 6
    assert all(f"<reference answer>\n{RIGHT}\n</reference answer>" in prompt for prompt in prompts)
    assert all("<source>\nforty\n</source>" in prompt for prompt in prompts)


def test_which_model_said_what_is_not_asked(tmp_path: Path) -> None:
    with ModelServer(replies=judging(by_reference)) as server:
        done = ingested(tmp_path, server)
        [one], [other] = judge(done, [answered(0)]), judge(done, [answered(0, RIGHT, WRONG)])
        assert server.requests == 2  # the other way round they are the same requests
    assert (one.preferred, other.preferred) == ("after", "before")


def test_what_depends_on_the_order_counts_for_neither(tmp_path: Path) -> None:
    with ModelServer(replies=judging(lambda first, second: "A")) as server:
        done = ingested(tmp_path, server)
        said = judge(done, [answered(nth) for nth in range(12)])
        counts = exam_judge.counted(said, exam_judge.named("judge", done, None))
    assert {its.outcome for its in said} == {"unstable"}
    assert (counts["asked"], counts["stable"], counts["unstable"], counts["model"]) == (12, 0, 12, "owl")
    found = evaluated(said)
    assert found.sets["unseen"]["preferred"].verdict == "too few to say"
    assert found.measures()["judged.stable"] == 0


def test_the_same_answer_twice_is_a_tie_and_asked_once(tmp_path: Path) -> None:
    with ModelServer(replies=judging(lambda first, second: "B")) as server:
        [said] = judge(ingested(tmp_path, server), [answered(0, RIGHT, RIGHT)])
    assert (said.preferred, server.requests) == ("tie", 1)


def test_a_reply_that_cannot_be_used_costs_its_question_alone(tmp_path: Path) -> None:
    def reply(body: dict[str, Any]) -> str:
        return "I like both." if "kiln 1 " in _prompt(body) else judging(by_reference)(body)

    with ModelServer(replies=reply) as server:
        done = ingested(tmp_path, server)
        said = judge(done, [answered(nth) for nth in range(3)])
    assert [its.outcome for its in said] == ["after", "llm.invalid_reply", "after"]
    assert exam_judge.counted(said, exam_judge.named("judge", done, None))["not_judged"] == {"llm.invalid_reply": 1}


def test_an_answer_is_paid_once_also_where_the_server_dies_in_between(tmp_path: Path) -> None:
    asked = [answered(nth) for nth in range(8)]
    with ModelServer(replies=judging(by_reference)) as server:
        done = ingested(tmp_path, server, in_flight=1)
        server.fails(*[None] * 5, "http_401")
        with pytest.raises(DeadWorld):
            judge(done, asked)
        said = judge(done, asked)
        assert server.answered.total() == 16
        assert judge(done, asked) == said
        assert server.answered.total() == 16


def test_max_spend_holds_and_what_it_allowed_is_judged(tmp_path: Path) -> None:
    priced = {"price": {"input": 0, "output": 1_000_000}, "max_tokens": 100, "max_spend": 800}
    with ModelServer(replies=judging(by_reference)) as server:
        said = judge(ingested(tmp_path, server, **priced), [answered(nth) for nth in range(40)])
    outcomes = [its.outcome for its in said]
    assert set(outcomes) == {"after", "llm.max_spend"}
    assert outcomes.count("after") >= 4


def test_a_judge_that_may_not_see_the_texts_is_refused_before_any_work(tmp_path: Path) -> None:
    with ModelServer() as server:
        done = ingested(tmp_path, server, may_see="public")
        by = exam_judge.named("judge", done, None)
        exam_judge.check_sight(by, "public")
        with pytest.raises(WrongRequest, match=r"is internal, .* public at most.*may_see: internal"):
            exam_judge.check_sight(by, "internal")
        assert {its.outcome for its in judge(done, [answered(0)], by)} == {"llm.may_not_see"}
        assert server.requests == 0


def test_the_judge_is_one_of_the_runs_recipe_or_of_another(tmp_path: Path) -> None:
    done = ingested(tmp_path / "bare")
    with pytest.raises(WrongRequest, match=r"has no model 'judge'\. It has no 'models:'\..*--recipe FILE"):
        exam_judge.named("judge", done, None)
    with ModelServer(replies=judging(by_reference)) as server:
        ingested(tmp_path / "other", server)
        other = tmp_path / "other/recipe.yaml"
        with pytest.raises(WrongRequest, match=r"no model 'jugde'\. Did you mean 'judge'\? It has judge\.$"):
            exam_judge.named("jugde", done, other)
        [said] = judge(done, [answered(0)], exam_judge.named("judge", done, other))
    assert said.preferred == "after"


def test_a_run_whose_sources_are_elsewhere_can_be_judged(tmp_path: Path) -> None:
    with ModelServer(replies=judging(by_reference)) as server:
        done = ingested(tmp_path, server)
        (tmp_path / "documents/kiln.md").unlink()
        (tmp_path / "documents").rmdir()
        [said] = judge(done, [answered(0)])
    assert said.preferred == "after"


def test_a_prompt_of_ones_own_comes_first(tmp_path: Path) -> None:
    own = tmp_path / "own/exam_judge/compare.j2"
    own.parent.mkdir(parents=True)
    own.write_text("Which one? {{ first | fenced('answer A') }} {{ second | fenced('answer B') }}\n", encoding="utf-8")
    with ModelServer(replies=judging(by_reference)) as server:
        write_documents(tmp_path, {"kiln.md": "The Kiln K2 fires up to forty tiles at once."})
        models = {"judge": {"base_url": server.url, "model": "owl"}}
        done = run(write_recipe(tmp_path, methods=["text"], models=models, prompts="own"), until="ingest")
        judge(done, [answered(0)])
    assert all(_prompt(seen.body).startswith("Which one?") for seen in server.seen)


def test_what_it_was_asked_of_a_document_is_forgotten_with_it(tmp_path: Path) -> None:
    with ModelServer(replies=judging(by_reference)) as server:
        done = ingested(tmp_path, server)
        [document] = forget_ids(done)
        judge(done, [answered(0, document=document), answered(1, document="another")])
    forget.forget(done.path, ["documents/kiln.md"], yes=True)
    left = {unit.split("/")[0] for unit in scrub.units(done.path / "journal.sqlite")}
    assert left == {"another"}


def test_what_it_was_asked_is_in_the_journal_and_changes_nothing_of_the_report(tmp_path: Path) -> None:
    with ModelServer(replies=judging(by_reference)) as server:
        done = ingested(tmp_path, server)
        before = models.chapter(done).measures
        judge(done, [answered(0)])
    assert [(row["method"], row["answered"]) for row in journal.totals(done)] == [("exam_judge", 2)]
    assert models.chapter(done).measures == before


def forget_ids(done: Run) -> list[str]:
    from factory import documents, tables

    return [row["id"] for row in tables.rows(done.path / "documents", documents.SCHEMA, columns=["id"])]


# --- what is said of it


def evaluated(said: list[Judged]) -> Evaluation:
    """An evaluation of as many questions, each of its own document."""
    questions = [
        Question("unseen", {"id": f"q{nth}"}, {"documents": [f"d{nth}"]}, ()) for nth in range(len(said))
    ]  # fmt: skip
    work = Asked(questions, (), judged=said)
    values = {name: its for name, its in work.judgements().items()}
    found = Evaluation(Path(), "after it", "before it")
    found.sets = {"unseen": work.differences(values, range(len(said)))}
    found.judge = {"model": "owl", "asked": len(said), "stable": sum(its.preferred is not None for its in said)}
    return found


def test_shares_are_of_what_both_orders_agree_on() -> None:
    said = [Judged("after", (2, 5))] * 12 + [Judged("before", (5, 1))] * 2 + [Judged("tie", (3, 3))] * 2
    said += [Judged(None, (5, 5))] * 4 + [Judged(reason="llm.max_spend")]
    found = evaluated(said)
    preferred, grade = found.sets["unseen"]["preferred"], found.sets["unseen"]["grade"]
    assert (preferred.before, preferred.after, preferred.difference, preferred.count) == (0.125, 0.75, 0.625, 16)
    assert preferred.verdict == "better"
    assert 0 < preferred.low < preferred.difference < preferred.high <= 1
    assert (grade.before, grade.after, grade.count) == (2.5, 4.25, 16)
    assert found.measures()["judged.stable"] == round(16 / 21, 6)
    assert found.measures()["unseen.preferred.after"] == 0.75


def test_a_judge_of_two_equal_models_says_no_difference() -> None:
    said = [Judged("after", (2, 5)), Judged("before", (5, 2))] * 10
    assert evaluated(said).sets["unseen"]["preferred"].verdict == "no difference"


@pytest.mark.parametrize(("pieces", "said"), [(3, "has too few pieces to say"), (30, "is as likely as before")])
def test_what_is_said_of_another_text_is_no_more_than_is_known(pieces: int, said: str) -> None:
    found, losses = evaluated([Judged("after", (2, 5))]), [2.0 + nth % 3 for nth in range(pieces)]
    found.sets, found.judge = {}, {}
    found.forgetting = scores.compare(losses, losses[::-1], [str(nth) for nth in range(pieces)], higher_is_better=False)
    assert [said in sentence for sentence in evaluation.verdicts(found)] == [True]


def test_every_measure_of_an_evaluation_may_be_checked_and_no_other() -> None:
    found = evaluated([Judged("after", (2, 5))] * 12)
    assert set(found.measures()) <= set(evaluation.names())
    checks.check_names([checks.parse("paraphrase.grade.after >= 4")], evaluation.names(), "")
    with pytest.raises(WrongRequest, match=r"no measure 'paraphase\.f1\.after'\. Did you mean 'paraphrase\.f1\.after'"):
        checks.check_names([checks.parse("paraphase.f1.after > 0.5")], evaluation.names(), "")
