"""Questions and answers that a strong model writes from a passage, every answer with quotes that prove it.

Takes   one passage.
Yields  sft records. Each answer names the words of the passage it rests on; they are looked for in the passage, exactly
        or but for white space, quotation marks, dashes and hyphens at line ends, and a row whose quote is not there is
        rejected.
Costs   one call to ask, one more for each question to answer it: the writer of an answer does not know how its question
        was made. The passage stands first in every prompt, so that a server's prefix cache pays it once.

Source  Self-Instruct's generate-then-check (Wang et al. 2023, arXiv:2212.10560), grounded in documents; forms and
        attributes drawn row by row as in attributed prompting (Yu et al. 2023, arXiv:2306.15895).
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from annotated_types import Ge, Le

from factory import records
from factory.errors import BadItem
from factory.llm import LLM
from factory.passages import Passage
from factory.prompts import prompt
from factory.records import Record, Rejected
from generators._asking import (
    Answer,
    Form,
    Question,
    Questions,
    RewordedQuestion,
    RewordedQuestions,
    Wish,
    each_once,
    proof,
    wishes,
)


async def generate(
    passage: Passage,
    llm: LLM,
    *,
    pairs: Annotated[int, Ge(1), Le(50)] = 6,
    forms: list[Form] | None = None,
    reword: bool = False,
    seed: int = 0,
) -> AsyncIterator[Record | Rejected]:
    """At most `pairs` questions of these `forms`, fewer where the passage supports fewer.

    With `reword` each question is also put in other words, which are never trained: the exam asks them.
    """
    wished = wishes(passage.id, pairs, forms, seed)
    asking = prompt("ask", passage=passage, wishes=wished, reword=reword)
    asked = await llm.ask(asking, RewordedQuestions if reword else Questions, temperature=0.7)
    if not asked.teaches:
        yield Rejected(None, "qa.teaches_nothing", "The model judged that the passage supports no question.")
        return
    questions = each_once(asked.questions, len(wished))
    answers = await asyncio.gather(*(_answer(passage, llm, q.question) for q in questions))
    for question, answer in zip(questions, answers, strict=True):
        yield _row(passage, question, wished[question.wish - 1], answer)


async def _answer(passage: Passage, llm: LLM, question: str) -> Answer | BadItem:
    """The answer; or why there is none, which costs this question and not the others of the passage."""
    try:
        return await llm.ask(prompt("answer", passage=passage, question=question), Answer, temperature=0.2)
    except BadItem as error:
        return error


def _row(passage: Passage, question: Question, wish: Wish, answer: Answer | BadItem) -> Record | Rejected:
    if isinstance(answer, BadItem):
        return Rejected(None, answer.reason, answer.detail)
    text, (found, missing) = answer.answer.strip(), proof(passage, answer)
    meta: dict[str, Any] = {"form": wish.form, "difficulty": wish.difficulty, "asker": wish.asker}
    if isinstance(question, RewordedQuestion) and question.in_other_words.strip():
        meta["rewordings"] = [question.in_other_words.strip()]
    record = records.sft(passage, question.question.strip(), text, quotes=found, **meta)
    if not answer.answerable or not text:
        return Rejected(record, "qa.not_answerable")
    if missing:
        return Rejected(record, "qa.quote_not_found", f"{missing} of {missing + len(found)} quotes")
    return record if found else Rejected(record, "qa.no_quote")
