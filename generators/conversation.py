"""Conversations of several turns about a passage, planned first, every answer in them with quotes that prove it.

Takes   one passage.
Yields  one sft record a conversation. The plan says what the user wants and reveals when: a vague first question
        that the assistant asks back on, follow-ups that lean on what was said, a return to an earlier topic.
Costs   one call to plan, then one for each answer, in turn: each is shown what was said before it.

Source  dialogues written from documents, planned by turn, as in Doc2Dial (Feng et al. 2020, arXiv:2011.06623).
"""

from collections.abc import AsyncIterator
from typing import Annotated, Literal

from annotated_types import Ge, Le
from pydantic import BaseModel, Field

from factory import records
from factory.drawing import draw_below
from factory.errors import BadItem
from factory.llm import LLM
from factory.passages import Passage, Quote
from factory.prompts import prompt
from factory.records import Record, Rejected
from generators._asking import ASKERS, Answer, proof

MOVES = (
    "The first message is vague about one thing that the answer depends on; the assistant asks back, and the second "
    "message says it.",
    "A later message comes back to the first topic with a new detail.",
    "One message asks why, one asks what follows in a concrete case.",
)


class Turn(BaseModel):
    """What the user says, and how the assistant is to react."""

    user: str
    assistant: Literal["answer", "ask_back"]


class Plan(BaseModel):
    """First the judgement and what the user wants, then the turns."""

    wants: str = Field(description="What the user wants to achieve; or why nothing can be talked about")
    enough: bool
    turns: list[Turn]


class AskedBack(BaseModel):
    """A question back, of one sentence."""

    missing: str = Field(description="What the answer depends on and the user left open")
    question: str


async def generate(
    passage: Passage, llm: LLM, *, turns: Annotated[int, Ge(2), Le(12)] = 4, seed: int = 0
) -> AsyncIterator[Record | Rejected]:
    """A conversation of at most `turns` turns of the user, at least two."""
    asker = ASKERS[draw_below(len(ASKERS), seed, passage.id, "asker")]
    move = MOVES[draw_below(len(MOVES), seed, passage.id, "move")]
    plan = await llm.ask(prompt("plan", passage=passage, turns=turns, asker=asker, move=move), Plan, temperature=0.8)
    planned = [turn for turn in plan.turns[:turns] if turn.user.strip()]
    if not plan.enough or len(planned) < 2:
        yield Rejected(None, "conversation.too_little", "The model judged that the passage gives no conversation.")
        return
    said: list[tuple[str, str]] = []
    quotes: list[Quote] = []
    for turn in planned:
        said.append(("user", turn.user.strip()))
        try:
            answer, found = await _answer(passage, said, turn, llm)
        except BadItem as error:  # what follows would lean on an answer that is not there
            yield _so_far(passage, said, quotes, error, asker)
            return
        said.append(("assistant", answer))
        quotes += found
    yield records.conversation(passage, said, quotes=dict.fromkeys(quotes), asker=asker, messages=len(said))


async def _answer(passage: Passage, said: list[tuple[str, str]], turn: Turn, llm: LLM) -> tuple[str, list[Quote]]:
    """What the assistant says, with its proof. Raises BadItem where it has none."""
    if turn.assistant == "ask_back":
        back = await llm.ask(prompt("ask_back", passage=passage, said=said), AskedBack, temperature=0.3)
        if not back.question.strip():
            raise BadItem("conversation.not_answerable", "The assistant had nothing to ask back.")
        return back.question.strip(), []
    answer = await llm.ask(prompt("answer", passage=passage, said=said), Answer, temperature=0.2)
    found, missing = proof(passage, answer)
    if not answer.answerable or not answer.answer.strip():
        raise BadItem("conversation.not_answerable", "The passage does not answer a message of the plan.")
    if missing or not found:
        raise BadItem("conversation.quote_not_found", f"{missing} of {missing + len(found)} quotes of an answer")
    return answer.answer.strip(), found


def _so_far(passage: Passage, said: list[tuple[str, str]], quotes: list[Quote], error: BadItem, asker: str) -> Rejected:
    """A conversation that broke off, rejected with what was said before."""
    whole = said[:-1]
    if not whole:
        return Rejected(None, error.reason, error.detail)
    record = records.conversation(passage, whole, quotes=dict.fromkeys(quotes), asker=asker, messages=len(whole))
    return Rejected(record, error.reason, error.detail)
