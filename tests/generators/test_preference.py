"""preference through a whole run: rankings, pairs and thumbs from a scripted judge, every reason provoked."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from factory import Run, run
from factory.rubric import Judgement
from factory.views.verify import broken, verify
from generators.preference import Pair, _pair
from tests.corpora import write_documents, write_recipe
from tests.factory.installing import Package, on_the_path
from tests.generators.made import reasons, rows
from tests.model_server import Choice, ModelServer

KILN = "The Kiln K2 fires up to forty tiles at once. Its lid stays locked until the kiln has cooled."
QUESTION = "How many tiles does the Kiln K2 fire at once?"
FORTY, FEW = "Up to forty tiles, says its maker.", "Up to forty."
FIFTY, HUNDRED = "Fifty tiles, I believe.", "It fires a hundred tiles at once."
SCORES = {FORTY: 5, FEW: 4, FIFTY: 2, HUNDRED: 1}
QUOTE = "up to forty tiles"


def answer(text: str, *quotes: str, answerable: bool = True) -> str:
    return json.dumps({"quotes": list(quotes), "answerable": answerable, "answer": text})


class Model:
    """A model that answers in turns, and judges by `scores`; `biased` prefers what stands first."""

    def __init__(
        self, proved: list[Any], blind: list[Any], *, scores: dict[str, int] | None = None, biased: bool = False
    ) -> None:
        self._scores, self._biased = scores or SCORES, biased
        self._proved, self._blind = iter(proved), iter(blind)
        self.judged = 0

    def __call__(self, body: dict[str, Any]) -> str | Choice:
        prompt = body["messages"][-1]["content"]
        if "write at most one question" in prompt:
            return json.dumps({"content": "", "teaches": True, "questions": [{"wish": 1, "question": QUESTION}]})
        if "Two answers to one question" in prompt:
            return self._judge(prompt)
        said: str | Choice = next(self._proved if "Answer this question from" in prompt else self._blind)
        return said

    def _judge(self, prompt: str) -> str:
        self.judged += 1
        a, b = (found.strip() for found in re.findall(r"<answer [AB]>\n(.*?)\n</answer [AB]>", prompt, re.DOTALL))
        of_a, of_b = self._scores[a], self._scores[b]
        better = "A" if self._biased or of_a > of_b else "tie" if of_a == of_b else "B"
        return json.dumps({"explanation": "By the rubric …", "score_a": of_a, "score_b": of_b, "better": better})


def made(folder: Path, model: Model, **options: Any) -> Run:
    write_documents(folder, {"kiln.md": KILN})
    with ModelServer(replies=model) as server:
        settings = {"base_url": server.url, "model": "scripted", "tries": 1, "in_flight": 1}
        method = {"preference": {"questions": 1, **options}}
        done = run(write_recipe(folder, methods=[method], models={"llm": settings}), until="generate")
    assert not broken(verify(done))
    return done


def four() -> tuple[list[Any], list[Any]]:
    return [answer(FORTY, QUOTE), answer(FEW, "forty")], [FIFTY, HUNDRED]


def test_all_answers_are_ranked_and_the_pair_furthest_apart_is_the_preference(tmp_path: Path) -> None:
    model = Model(*four())
    [ranking] = rows(made(tmp_path / "ranked", model, yields="rankings"), "ranking")
    texts = [completion[0]["content"] for completion in ranking["completions"]]
    assert dict(zip(texts, ranking["ranks"], strict=True)) == {FORTY: 0, FEW: 1, FIFTY: 2, HUNDRED: 3}
    done = made(tmp_path, Model(*four()))
    assert not rows(done, "ranking")
    [pair] = rows(done, "preference")
    assert (pair["chosen"][0]["content"], pair["rejected"][0]["content"]) == (FORTY, HUNDRED)
    meta = json.loads(pair["meta"])
    assert (meta["margin"], meta["written_by"], meta["explanation"]) == (4.0, ["llm", "weak"], "By the rubric …")
    assert (meta["judged"], meta["ties"], meta["unstable"]) == (6, 0, 0)
    assert [quote["text"] for quote in meta["quotes"]] == [QUOTE]
    assert model.judged == 12  # every pair of four in both orders


def test_thumbs_come_by_threshold_and_up_needs_proof(tmp_path: Path) -> None:
    scores = {**SCORES, FIFTY: 5}  # the judge likes it, and nothing proves it
    done = made(tmp_path, Model(*four(), scores=scores), good=4, bad=1)
    thumbs = {row["completion"][0]["content"]: row["label"] for row in rows(done, "feedback")}
    assert thumbs == {FORTY: True, FEW: True, HUNDRED: False}


def test_a_judge_that_prefers_what_stands_first_makes_no_pair(tmp_path: Path) -> None:
    done = made(tmp_path, Model(*four(), biased=True))
    assert reasons(done) == ["preference.no_stable_pair"]
    ranked = made(tmp_path / "ranked", Model(*four(), biased=True), yields="rankings")
    assert reasons(ranked) == ["preference.no_stable_pair"]
    assert not rows(ranked, "ranking")


def test_a_tie_both_ways_is_no_unstable_judgement(tmp_path: Path) -> None:
    alike = dict.fromkeys(SCORES, 3) | {HUNDRED: 1}
    [row] = rows(made(tmp_path, Model(*four(), scores=alike), yields="rankings"), "ranking")
    meta = json.loads(row["meta"])
    assert (meta["judged"], meta["ties"], meta["unstable"]) == (6, 3, 0)
    assert sorted(row["ranks"]) == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("proved", "scores", "options", "reason"),
    [
        ([answer(FORTY, "forty cups"), answer(FEW)], SCORES, {}, "preference.chosen_not_proved"),
        ([answer(FORTY, QUOTE), answer(FEW, QUOTE)], dict.fromkeys(SCORES, 3) | {FORTY: 4}, {"min_margin": 2},
         "preference.margin_too_small"),
        ([answer(FORTY, QUOTE), answer(FEW, QUOTE)], SCORES, {"max_length_ratio": 1.01, "min_margin": 3.5},
         "preference.lengths_differ"),
    ],
)  # fmt: skip
def test_a_pair_that_may_not_stand_has_a_reason(
    proved: list[str], scores: dict[str, int], options: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    done = made(tmp_path, Model(proved, [FIFTY, HUNDRED], scores=scores), **options)
    assert reasons(done) == [reason]
    assert not rows(done, "preference")


def test_lengths_within_the_ratio_make_the_pair(tmp_path: Path) -> None:
    [pair] = rows(made(tmp_path, Model(*four()), max_length_ratio=1.1), "preference")
    assert json.loads(pair["meta"])["length_ratio"] <= 1.1


@pytest.mark.parametrize(
    ("proved", "blind", "reason"),
    [
        ([answer(FORTY, QUOTE)] * 2, [FORTY] * 2, "preference.answers_alike"),
        ([answer("", answerable=False)] * 2, [FIFTY] * 2, "preference.answers_alike"),
        ([Choice("No JSON.")] * 6, [Choice(None, finish="content_filter")] * 2, "preference.answers_alike"),
    ],
)
def test_without_two_answers_there_is_nothing_to_judge(
    proved: list[Any], blind: list[Any], reason: str, tmp_path: Path
) -> None:
    model = Model(proved, blind)
    assert reasons(made(tmp_path, model)) == [reason]
    assert model.judged == 0


@pytest.mark.parametrize(
    ("there", "back", "pair"),
    [
        (("A", 5, 1), ("B", 2, 4), Pair(0, 1, 3.0, "e")),
        (("B", 1, 5), ("A", 4, 2), Pair(1, 0, 3.0, "e")),
        (("A", 5, 1), ("A", 5, 1), None),
        (("tie", 3, 3), ("B", 2, 3), None),
    ],
)
def test_only_what_both_orders_agree_on_counts(there: Any, back: Any, pair: Pair | None) -> None:
    def judgement(better: Any, a: int, b: int) -> Judgement:
        return Judgement(explanation="e", score_a=a, score_b=b, better=better)

    assert _pair((0, 1), judgement(*there), judgement(*back)) == pair


# --- on rows of other methods

KNOWN = """
from factory import Passage, records

async def known(passage: Passage, *, quoted: bool = True):
    yield records.sft(passage, "QUESTION", "ANSWER", quotes=[passage.span(0, 9)] if quoted else [])
"""


def on_rows(folder: Path, model: Model, **first: Any) -> Run:
    write_documents(folder, {"kiln.md": KILN})
    with on_the_path(folder / "site") as site, ModelServer(replies=model) as server:
        source = KNOWN.replace("QUESTION", QUESTION).replace("ANSWER", FORTY)
        Package(site, "stranger").declares("generators", "known", source)
        settings = {"base_url": server.url, "model": "scripted", "tries": 1, "in_flight": 1}
        methods = [{"known": first}, {"preference": {"from": ["known"], "n": 3}}]
        done = run(write_recipe(folder, methods=methods, models={"llm": settings}), until="generate")
    assert not broken(verify(done))
    return done


def test_the_answer_of_an_accepted_row_is_one_of_those_that_are_judged(tmp_path: Path) -> None:
    model = Model([answer(FEW, "forty")], [HUNDRED])
    [row] = rows(on_rows(tmp_path, model), "preference")
    assert (row["chosen"][0]["content"], row["rejected"][0]["content"]) == (FORTY, HUNDRED)
    meta = json.loads(row["meta"])
    assert meta["written_by"] == ["given", "weak"]
    assert [quote["text"] for quote in meta["quotes"]] == [KILN[:9]]
    assert model.judged == 6  # three answers


def test_a_row_without_proof_is_no_side_of_a_pair(tmp_path: Path) -> None:
    done = on_rows(tmp_path, Model([], []), quoted=False)
    assert reasons(done) == ["preference.no_single_question"]
