"""Questions that the documents do not answer, each with an honest answer that says so and what they do cover.

Takes   all kept passages of one document, and a search over those of all documents.
Yields  sft records. Every question is verified absent: the whole corpus is searched for it, and a judge that is shown
        what was found looks for an answer; a question that is answered somewhere is rejected.
Costs   for each document a call to ask; then for each question a search, a call to judge and one to answer.

Source  unanswerable questions after SQuAD 2.0 (Rajpurkar et al. 2018, arXiv:1806.03822); false premises after
        CREPE (Yu et al. 2023, arXiv:2211.17257).
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from annotated_types import Ge, Le
from pydantic import BaseModel, Field

from factory import records
from factory.corpus import Corpus
from factory.drawing import draw_below
from factory.errors import BadItem
from factory.llm import LLM
from factory.passages import Passage
from factory.prompts import prompt
from factory.records import Record, Rejected

Kind = Literal["not_covered", "false_premise"]
KINDS: dict[Kind, str] = {
    "not_covered": "it asks for something close to the document that the document does not say: another model, another "
    "year, another case, a reason or a number that is not given",
    "false_premise": "it takes something for granted that the document shows to be wrong, and asks on from there",
}
SHOWN = 3  # passages of the document that the asker is shown


class Question(BaseModel):
    """One question, for the wish of that number."""

    wish: int
    question: str


class Questions(BaseModel):
    """The questions, each after what the document says to it."""

    about: str = Field(description="What the document is about, in one sentence")
    questions: list[Question]


class Absence(BaseModel):
    """What a judge finds in the passages that a search found."""

    explanation: str = Field(description="Which words come nearest to an answer, and what they leave open")
    answered: Literal["no", "in part", "yes"]


async def generate(
    passages: list[Passage],
    corpus: Corpus,
    llm: LLM,
    judge: LLM,
    *,
    questions: Annotated[int, Ge(1), Le(20)] = 2,
    forms: list[Kind] | None = None,
    searched: Annotated[int, Ge(1), Le(50)] = 8,
    seed: int = 0,
) -> AsyncIterator[Record | Rejected]:
    """At most `questions` a document, of these `forms`; each is looked for in the `searched` passages that fit best."""
    first = draw_below(max(1, len(passages) - SHOWN + 1), seed, passages[0].document, "passages")
    shown = passages[first : first + SHOWN]
    turns = list(forms or KINDS)
    wished = [turns[nth % len(turns)] for nth in range(questions)]
    wishes = [KINDS[kind] for kind in wished]
    asked = await llm.ask(prompt("ask", passages=shown, wishes=wishes), Questions, temperature=0.8)
    each = {q.wish: q.question.strip() for q in reversed(asked.questions) if 1 <= q.wish <= questions}
    found = [(kind, each[nth]) for nth, kind in enumerate(wished, start=1) if each.get(nth)]
    made = [_row(shown, corpus, question, kind, llm, judge, searched) for kind, question in found]
    for record in await asyncio.gather(*made):
        yield record


async def _row(
    shown: list[Passage], corpus: Corpus, question: str, kind: Kind, llm: LLM, judge: LLM, searched: int
) -> Record | Rejected:
    near = [passage for passage, _ in corpus.search(question, k=searched)]
    seen = list({passage.id: passage for passage in [*near, *shown]}.values())
    try:
        absence = await judge.ask(prompt("look", passages=seen, question=question), Absence, temperature=0.0)
        if absence.answered != "no":
            return Rejected(None, "unanswerable.answered", f"A judge sees it answered: {absence.answered}.")
        [reply] = await llm.chat(prompt("decline", passages=seen, question=question, kind=kind), temperature=0.3)
    except BadItem as error:
        return Rejected(None, error.reason, error.detail)
    return records.sft(seen, question, reply.text.strip(), unanswerable=kind, searched=len(near))
