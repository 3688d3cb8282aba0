"""Tasks that somebody of the field would set on a text, and their results: instruction, context and response apart.

Takes   one passage.
Yields  sft records whose `context` is the passage; export renders it into the prompt, or leaves it out.
Costs   one call to set tasks, one more for each task.

Source  Self-Instruct (Wang et al. 2023, arXiv:2212.10560); tasks on a given text as in Dolly's closed-book and
        open-book categories, and instruction-context-response as its rows have them.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from annotated_types import Ge, Le
from pydantic import BaseModel, Field

from factory import records
from factory.drawing import draw_below
from factory.errors import BadItem
from factory.facts import numbers, spoken
from factory.llm import LLM, Reply
from factory.passages import Passage
from factory.prompts import prompt
from factory.records import Record, Rejected

Kind = Literal["explain", "summarise", "rewrite", "extract", "write_code", "check"]
KINDS: dict[Kind, str] = {
    "explain": "explain something of it to a certain reader, who is named",
    "summarise": "summarise it, or one side of it, in a length or form that is named",
    "rewrite": "rewrite it, or a part of it, for a purpose that is named: a notice, a mail, a checklist, a table",
    "extract": "extract certain things from it in a form that is named: a list, a table, JSON with named keys",
    "write_code": "write code or a configuration that does what it describes, in a language that fits",
    "check": "check a concrete case, which the task describes, against the rules it states, and say what follows",
}
LIST_MARK = re.compile(r"^[ \t]*\d{1,3}[.)][ \t]", re.MULTILINE)
ADDS_NUMBERS = {"write_code", "check"}  # ports and indices; the numbers of the case


class Task(BaseModel):
    """One task, for the wish of that number."""

    wish: int
    instruction: str


class Tasks(BaseModel):
    """First the judgement, then what it allows."""

    content: str = Field(description="What the document is for, in one sentence; or why no task can be set on it")
    useful: bool
    tasks: list[Task]


async def generate(
    passage: Passage,
    llm: LLM,
    *,
    tasks: Annotated[int, Ge(1), Le(20)] = 3,
    forms: list[Kind] | None = None,
    seed: int = 0,
) -> AsyncIterator[Record | Rejected]:
    """At most `tasks` tasks of these `forms`, which take turns from a drawn start; often fewer."""
    turns = list(forms or KINDS)
    first = draw_below(len(turns), seed, passage.id, "kind")
    wished = [turns[(first + nth) % len(turns)] for nth in range(tasks)]
    wishes = [KINDS[kind] for kind in wished]
    asked = await llm.ask(prompt("ask", passage=passage, wishes=wishes), Tasks, temperature=0.8)
    if not asked.useful:
        yield Rejected(None, "instruct.no_task", "The model judged that no task can be set on the passage.")
        return
    each = {task.wish: task.instruction.strip() for task in reversed(asked.tasks)}
    found = [(kind, each[nth]) for nth, kind in enumerate(wished, start=1) if each.get(nth)]
    replies = await asyncio.gather(*(_do(passage, instruction, llm) for _, instruction in found))
    for (kind, instruction), reply in zip(found, replies, strict=True):
        yield _row(passage, instruction, kind, reply)


async def _do(passage: Passage, instruction: str, llm: LLM) -> Reply | BadItem:
    """The result; or why there is none, which costs this task alone."""
    try:
        [reply] = await llm.chat(prompt("do", passage=passage, instruction=instruction), temperature=0.3)
    except BadItem as error:
        return error
    return reply


def _row(passage: Passage, instruction: str, kind: Kind, reply: Reply | BadItem) -> Record | Rejected:
    if isinstance(reply, BadItem):
        return Rejected(None, reply.reason, reply.detail)
    whole = passage.span(0, len(passage.text))
    record = records.sft(passage, instruction, reply.text.strip(), context=passage.text, quotes=[whole], task=kind)
    if reply.text.strip() == "NOT POSSIBLE":
        return Rejected(record, "instruct.not_possible")
    source = "\n".join([*passage.heading, passage.text, instruction])
    invented = numbers(LIST_MARK.sub("", reply.text)) - numbers(source) - spoken(source)
    if kind not in ADDS_NUMBERS and invented:
        return Rejected(record, "instruct.number_invented", f"{len(invented)} numbers")
    return record
