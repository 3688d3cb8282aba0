"""Preference data from a passage: several answers to a question, judged against the text, every pair in both orders.

Takes   one passage; or with `from: [qa]` a kept row of another method, whose question is asked and whose answer is in.
Yields  for each question the preference pair that is furthest apart, or a ranking of all its answers; and with `good`
        and `bad` a feedback record an answer. Half of the answers are written from the passage with quotes that prove
        them, half without it, from what the model knows: what is wrong with these is what models get wrong. Only an
        answer whose quotes stand in the passage can be chosen.
Costs   a call to ask; then for each question n calls to answer and n(n - 1) to judge: 16 with four answers.

Source  answers ranked by a judge as in UltraFeedback (Cui et al. 2023, arXiv:2310.01377); both orders, and only what
        they agree on, against position bias (Zheng et al. 2023, arXiv:2306.05685).
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from factory import records, rubric
from factory.errors import BadItem
from factory.llm import LLM
from factory.passages import Passage, Quote
from factory.prompts import prompt
from factory.records import Record, Rejected
from factory.rubric import Judgement, Score, agreed
from generators._asking import Accepted, Answer, Form, Questions, each_once, proof, wishes

TEMPERATURES = (0.2, 0.7, 1.0)  # of the answers, in turns: alike answers make no pair


@dataclass(frozen=True)
class Candidate:
    """One answer; `quotes` prove it, where it was written from the passage and they stand there."""

    text: str
    quotes: tuple[Quote, ...]
    model: str  # the parameter of the model that wrote it; `given`: another method's row had it


@dataclass(frozen=True)
class Judged:
    """What the judge said of all answers to a question; the scores are means over all their judgements."""

    pairs: list["Pair"]  # on which both orders agree
    scores: list[float]
    ties: int  # pairs that are a tie both ways
    couples: int

    def counts(self) -> dict[str, int]:
        """For `meta`."""
        return {"judged": self.couples, "ties": self.ties, "unstable": self.couples - len(self.pairs) - self.ties}


@dataclass(frozen=True)
class Pair:
    """Two answers, by number, that the judge puts in the same order both ways."""

    better: int
    worse: int
    margin: float  # mean difference of the scores
    explanation: str


async def generate(
    given: Passage | Record,
    passages: list[Passage],
    llm: LLM,
    weak: LLM,
    judge: LLM,
    *,
    questions: Annotated[int, Ge(1), Le(20)] = 2,
    n: Annotated[int, Ge(2), Le(8)] = 4,
    yields: Literal["pairs", "rankings"] = "pairs",
    forms: list[Form] | None = None,
    max_length_ratio: Annotated[float, Ge(1)] | None = None,
    min_margin: Annotated[float, Gt(0)] = 1.0,
    good: Score | None = None,
    bad: Score | None = None,
    seed: int = 0,
) -> AsyncIterator[Record | Rejected]:
    """At most `questions` questions, each with `n` answers: half by `llm` from the passage, half by `weak` without it.

    Of a question comes the pair of answers that is furthest apart, or the ranking of all, which leaves as its pairs.
    A pair is kept whose scores differ by `min_margin` in the mean, and whose lengths by at most `max_length_ratio`.
    Answers scored `good` or more are feedback of the label true, `bad` or less of the label false.
    Of a record, its own answer is one of the `n`: `questions` and `forms` are for passages.
    """
    known: list[Candidate] = []
    if isinstance(given, Record):
        accepted = Accepted.of(given, passages)
        if accepted is None:
            yield Rejected(None, "preference.no_single_question", "It is no one question, answered with quotes.")
            return
        passage, texts = accepted.passage, [accepted.question]
        known = [Candidate(accepted.answer, accepted.quotes, "given")]
    else:
        passage, wished = given, wishes(f"preference/{given.id}", questions, forms, seed)
        asked = await llm.ask(prompt("ask", passage=passage, wishes=wished), Questions, temperature=0.7)
        if not asked.teaches:
            yield Rejected(
                None, "preference.teaches_nothing", "The model judged that the passage supports no question."
            )
            return
        texts = [q.question.strip() for q in each_once(asked.questions, len(wished))]
    for question in texts:
        try:
            candidates = await _candidates(passage, question, llm, weak, n, known)
            judged = await _judged(passage, question, candidates, judge)
        except BadItem as error:
            yield Rejected(None, error.reason, error.detail)
            continue
        if yields == "rankings":
            yield _ranking(passage, question, candidates, judged)
        else:
            yield _preference(passage, question, candidates, judged, min_margin, max_length_ratio)
        for record in _feedback(passage, question, candidates, judged.scores, good, bad):
            yield record


# --- answers


async def _candidates(
    passage: Passage, question: str, llm: LLM, weak: LLM, n: int, known: list[Candidate]
) -> list[Candidate]:
    """The answers, those that are `known` among them, each once. Raises BadItem where there are fewer than two."""
    asking = [_proved(passage, question, llm, TEMPERATURES[nth % 3]) for nth in range(len(known), n - n // 2)]
    asking += [_blind(question, weak, TEMPERATURES[nth % 3]) for nth in range(n // 2)]
    came = await asyncio.gather(*asking, return_exceptions=True)
    for outcome in came:
        if isinstance(outcome, BaseException) and not isinstance(outcome, BadItem):
            raise outcome
    answers = [one for one in (*known, *came) if isinstance(one, Candidate) and one.text]
    each = {one.text: one for one in reversed(answers)}  # the first of equals
    if len(each) < 2:
        raise BadItem("preference.answers_alike", f"{len(known) + len(came)} answers, {len(each)} of them different.")
    return list(reversed(each.values()))


async def _proved(passage: Passage, question: str, llm: LLM, temperature: float) -> Candidate:
    said = await llm.ask(prompt("answer", passage=passage, question=question), Answer, temperature=temperature)
    found, missing = proof(passage, said)
    return Candidate(said.answer.strip() if said.answerable else "", () if missing else tuple(found), "llm")


async def _blind(question: str, weak: LLM, temperature: float) -> Candidate:
    [reply] = await weak.chat(prompt("blind", question=question), temperature=temperature)
    return Candidate(reply.text.strip(), (), "weak")


# --- judging


async def _judged(passage: Passage, question: str, candidates: Sequence[Candidate], judge: LLM) -> Judged:
    """Every two answers, in both orders."""
    couples = list(combinations(range(len(candidates)), 2))
    both = [order for one, other in couples for order in ((one, other), (other, one))]
    said = await asyncio.gather(*(_judge(passage, question, candidates, order, judge) for order in both))
    points: list[list[int]] = [[] for _ in candidates]
    for (first, second), judgement in zip(both, said, strict=True):
        points[first].append(judgement.score_a)
        points[second].append(judgement.score_b)
    there_and_back = list(zip(said[::2], said[1::2], strict=True))
    pairs = [_pair(couple, *both_said) for couple, both_said in zip(couples, there_and_back, strict=True)]
    ties = sum(agreed(there, back) == "tie" for there, back in there_and_back)
    scores = [sum(its) / len(its) for its in points]
    return Judged([pair for pair in pairs if pair is not None], scores, ties, len(couples))


async def _judge(
    passage: Passage, question: str, candidates: Sequence[Candidate], order: tuple[int, int], judge: LLM
) -> Judgement:
    first, second = (candidates[nth].text for nth in order)
    asked = prompt(
        "judge", passage=passage, question=question, first=first, second=second, rubric=rubric.text(rubric.FROM_SOURCE)
    )
    return await judge.ask(asked, Judgement, temperature=0.0)


def _pair(couple: tuple[int, int], there: Judgement, back: Judgement) -> Pair | None:
    """The couple in the order that both judgements give it; None where they differ, or see a tie."""
    one, other = couple
    margin = (there.score_a - there.score_b + back.score_b - back.score_a) / 2
    better = agreed(there, back)
    if better == "A":
        return Pair(one, other, margin, there.explanation)
    if better == "B":
        return Pair(other, one, -margin, there.explanation)
    return None


# --- records


def _ranking(passage: Passage, question: str, candidates: Sequence[Candidate], judged: Judged) -> Record | Rejected:
    """All answers, ranked by how many others they beat in both orders; equals share a rank."""
    wins = [sum(pair.better == nth for pair in judged.pairs) for nth in range(len(candidates))]
    ranks = [sorted(set(wins), reverse=True).index(won) for won in wins]
    record = records.ranking(
        passage, question, [candidate.text for candidate in candidates], ranks,
        quotes=_proof_of(candidates), scores=judged.scores, **judged.counts(),
        written_by=[candidate.model for candidate in candidates],
    )  # fmt: skip
    return record if judged.pairs else Rejected(record, "preference.no_stable_pair", _said(judged))


def _said(judged: Judged) -> str:
    return ", ".join(f"{n} {what}" for what, n in judged.counts().items())


def _preference(
    passage: Passage,
    question: str,
    candidates: Sequence[Candidate],
    judged: Judged,
    min_margin: float,
    max_length_ratio: float | None,
) -> Record | Rejected:
    """The pair that is furthest apart of those that may stand; or why none may."""
    pairs = judged.pairs
    proved = [pair for pair in pairs if candidates[pair.better].quotes]
    apart = [pair for pair in proved if pair.margin >= min_margin]
    alike = [pair for pair in apart if _length_ratio(candidates, pair) <= (max_length_ratio or float("inf"))]
    for found, reason in (
        (pairs, "preference.no_stable_pair"),
        (proved, "preference.chosen_not_proved"),
        (apart, "preference.margin_too_small"),
        (alike, "preference.lengths_differ"),
    ):
        if not found:
            return Rejected(None, reason, _said(judged))
    best = max(alike, key=lambda pair: pair.margin)
    chosen, rejected = candidates[best.better], candidates[best.worse]
    return records.preference(
        passage, question, chosen.text, rejected.text, quotes=chosen.quotes, margin=best.margin,
        explanation=best.explanation, length_ratio=round(_length_ratio(candidates, best), 3), **judged.counts(),
        written_by=[chosen.model, rejected.model],
    )  # fmt: skip


def _length_ratio(candidates: Sequence[Candidate], pair: Pair) -> float:
    """How many times the longer one is as long as the shorter."""
    short, long = sorted(len(candidates[nth].text) for nth in (pair.better, pair.worse))
    return long / short


def _feedback(
    passage: Passage,
    question: str,
    candidates: Sequence[Candidate],
    scores: Sequence[float],
    good: int | None,
    bad: int | None,
) -> list[Record]:
    """A thumb up for each proved answer of at least `good`, a thumb down for each of at most `bad`."""
    up = [(one, score) for one, score in zip(candidates, scores, strict=True) if good and score >= good and one.quotes]
    down = [(one, score) for one, score in zip(candidates, scores, strict=True) if bad and score <= bad]
    return [
        records.feedback(passage, question, one.text, label, quotes=one.quotes, score=score, written_by=one.model)
        for label, its in ((True, up), (False, down))
        for one, score in its
    ]


def _proof_of(candidates: Sequence[Candidate]) -> list[Quote]:
    return list(dict.fromkeys(quote for candidate in candidates for quote in candidate.quotes))
