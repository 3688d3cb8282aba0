"""Preference pairs that differ in one thing: a proved answer, and the same with one named fault planted in it.

Takes   one passage; or with `from: [qa]` a kept row of another method, whose answer is the better side.
Yields  preference records of answers of nearly the same length. A judge who is not told the fault must find it; a fault
        that it does not see, or takes for another, is no fault that a model could learn from.
Costs   of a passage a call to ask; then for each question one to answer, one to plant and one to judge. Of a row one to
        plant and one to judge.

Source  pairs by minimal edits (CLAIR, D'Oosterlinck et al. 2024, arXiv:2408.06266), turned round: the better side is
        written first, the worse one made from it.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from annotated_types import Ge, Le
from pydantic import BaseModel, Field

from factory import records
from factory.drawing import draw_below
from factory.errors import BadItem
from factory.llm import LLM
from factory.passages import Passage
from factory.prompts import prompt
from factory.records import Record, Rejected
from generators._asking import Accepted, Answer, Form, Questions, each_once, proof, wishes

Fault = Literal["fact_changed", "unsupported_claim", "step_dropped", "format_broken"]
FAULTS: dict[Fault, str] = {
    "fact_changed": "one fact is changed: a number, name, unit, condition, order or direction is another one",
    "unsupported_claim": "one statement is added, or put in the place of another, that the document does not make",
    "step_dropped": "one step, condition or exception that the answer needs is left out",
    "format_broken": "the form that the question asks for is broken: yes or no is missing, no option is named, steps "
    "run together, a list that was asked for is none",
}


class Planted(BaseModel):
    """First where the fault goes, then the answer with it."""

    where: str = Field(description="Which words are changed, and why that makes the answer worse")
    possible: bool
    answer: str


class Found(BaseModel):
    """What a judge finds wrong with an answer."""

    explanation: str = Field(description="What the document says to it, statement by statement")
    fault: Literal["none", "fact_changed", "unsupported_claim", "step_dropped", "format_broken"]


async def generate(
    given: Passage | Record,
    passages: list[Passage],
    llm: LLM,
    judge: LLM,
    *,
    questions: Annotated[int, Ge(1), Le(20)] = 3,
    faults: list[Fault] | None = None,
    forms: list[Form] | None = None,
    max_length_difference: Annotated[float, Ge(0)] = 0.15,
    seed: int = 0,
) -> AsyncIterator[Record | Rejected]:
    """At most `questions` pairs, each with one of these `faults`, drawn; lengths differ by at most the share given.

    Of a record, its own question and answer are the better side: `questions` and `forms` are for passages.
    """
    kinds = list(faults or FAULTS)
    if isinstance(given, Record):
        accepted = Accepted.of(given, passages)
        if accepted is None:
            yield Rejected(None, "corrupt.no_single_question", "It is no one question, answered with quotes.")
            return
        drawn = kinds[draw_below(len(kinds), seed, f"{accepted.passage.id}/{accepted.question}", "fault")]
        yield await _pair(accepted, drawn, llm, judge, max_length_difference)
        return
    wished = wishes(f"corrupt/{given.id}", questions, forms, seed)
    asked = await llm.ask(prompt("ask", passage=given, wishes=wished), Questions, temperature=0.7)
    if not asked.teaches:
        yield Rejected(None, "corrupt.teaches_nothing", "The model judged that the passage supports no question.")
        return
    asking = each_once(asked.questions, len(wished))
    planted = [kinds[draw_below(len(kinds), seed, given.id, f"fault {q.wish}")] for q in asking]
    pairs = [
        _answered(given, q.question.strip(), fault, llm, judge, max_length_difference)
        for q, fault in zip(asking, planted, strict=True)
    ]
    for pair in await asyncio.gather(*pairs):
        yield pair


async def _answered(
    passage: Passage, question: str, fault: Fault, llm: LLM, judge: LLM, max_difference: float
) -> Record | Rejected:
    """The pair to a question that has no answer yet."""
    try:
        answer = await llm.ask(prompt("answer", passage=passage, question=question), Answer, temperature=0.2)
    except BadItem as error:
        return Rejected(None, error.reason, error.detail)
    good, (quotes, missing) = answer.answer.strip(), proof(passage, answer)
    if not answer.answerable or not good or missing or not quotes:
        return Rejected(None, "corrupt.answer_not_proved", f"{missing} of {missing + len(quotes)} quotes are missing")
    return await _pair(Accepted(passage, question, good, tuple(quotes)), fault, llm, judge, max_difference)


async def _pair(its: Accepted, fault: Fault, llm: LLM, judge: LLM, max_difference: float) -> Record | Rejected:
    try:
        values = {"passage": its.passage, "question": its.question, "fault": FAULTS[fault]}
        planted = await llm.ask(prompt("plant", answer=its.answer, **values), Planted, temperature=0.7)
        bad = planted.answer.strip()
        record = records.preference(
            its.passage, its.question, its.answer, bad or its.answer, quotes=its.quotes, fault=fault
        )
        reason = _why_not(planted, its.answer, bad, max_difference)
        if reason:
            return Rejected(record if bad else None, reason)
        found = await judge.ask(prompt("find", answer=bad, faults=FAULTS, **values), Found, temperature=0.0)
    except BadItem as error:
        return Rejected(None, error.reason, error.detail)
    if found.fault == "none":
        return Rejected(record, "corrupt.fault_not_seen", f"Planted: {fault}")
    return (
        record if found.fault == fault else Rejected(record, "corrupt.another_fault", f"{fault}, seen: {found.fault}")
    )


def _why_not(planted: Planted, good: str, bad: str, max_difference: float) -> str | None:
    """Why an answer with a planted fault cannot stand beside the good one; None where it can."""
    if not planted.possible:
        return "corrupt.fault_not_possible"
    if " ".join(bad.split()) == " ".join(good.split()) or not bad:
        return "corrupt.unchanged"
    if abs(len(bad) - len(good)) > max_difference * len(good):
        return "corrupt.lengths_differ"
    return None
