"""Continued-pretraining rows: a passage said again in other styles, with every number and name where it was.

Takes   one passage.
Yields  text records, one a style. What a rewriting lost or invented is found without a model: a number or name that is
        not in the passage rejects it, and so does losing more of them than `max_lost`, or most of the words.
Costs   one call a style.

Source  WRAP (Maini et al. 2024, arXiv:2401.16380); the styles after Nemotron-CC (Su et al. 2024, arXiv:2412.02595).
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from annotated_types import Ge, Le

from factory import records
from factory.errors import BadItem
from factory.facts import names, numbers, spoken, words
from factory.folding import IS_ALONE
from factory.llm import LLM, Reply
from factory.passages import Passage
from factory.prompts import prompt
from factory.records import Record, Rejected

Style = Literal["encyclopedic", "question_answer", "knowledge_list", "distilled"]
STYLES: tuple[Style, ...] = ("encyclopedic", "question_answer", "knowledge_list", "distilled")
MAY_LOSE = {"distilled"}  # that is what it is for
DISTILLED = 4  # times shorter than another style it may be
FENCES = ("```", "<rewritten>", "</rewritten>")


async def generate(
    passage: Passage,
    llm: LLM,
    *,
    styles: list[Style] | None = None,
    max_lost: Annotated[float, Ge(0), Le(1)] = 0.2,
    min_share: Annotated[float, Ge(0), Le(1)] = 0.4,
    min_words: Annotated[int, Ge(1)] = 30,
) -> AsyncIterator[Record | Rejected]:
    """The passage in each of these styles. A passage of fewer than `min_words` words is not worth a call."""
    if _words_of(passage.text) < min_words:
        yield Rejected(None, "rephrase.too_little", f"The passage has fewer than {min_words} words.")
        return
    wanted = list(styles or STYLES)
    replies = await asyncio.gather(*(_ask(passage, style, llm) for style in wanted))
    for style, reply in zip(wanted, replies, strict=True):
        if isinstance(reply, BadItem):
            yield Rejected(None, reply.reason, f"Style {style}: {reply.detail}")
        else:
            yield _checked(passage, style, reply.text, max_lost, min_share)


def _words_of(text: str) -> int:
    """How many words; in scripts that are written without spaces two characters are about one."""
    return len(IS_ALONE.sub(" ", text).split()) + len(IS_ALONE.findall(text)) // 2


async def _ask(passage: Passage, style: Style, llm: LLM) -> Reply | BadItem:
    """The rewriting; or why there is none, which costs this style alone."""
    try:
        [reply] = await llm.chat(prompt("rewrite", passage=passage, form=style), temperature=0.7)
    except BadItem as error:
        return error
    return reply


def _checked(passage: Passage, style: Style, reply: str, max_lost: float, min_share: float) -> Record | Rejected:
    text = _bare(reply)
    record = records.text([passage], text, style=style) if text else None
    if record is None:
        return Rejected(None, "rephrase.nothing_written", f"Style {style}")
    source = "\n".join([*passage.heading, passage.text])
    said, there = numbers(text), numbers(source)
    invented = said - there - spoken(source)
    if invented:
        return Rejected(record, "rephrase.number_invented", f"{len(invented)} numbers")
    strangers = names(text, passage.language) - words(source)
    if strangers:
        return Rejected(record, "rephrase.name_invented", f"{len(strangers)} names")
    wanted = numbers(passage.text) | names(passage.text, passage.language)
    lost = wanted - said - spoken(text) - words(text)
    if style not in MAY_LOSE and wanted and len(lost) / len(wanted) > max_lost:
        return Rejected(record, "rephrase.facts_lost", f"{len(lost)} of {len(wanted)} numbers and names")
    held = _words_of(passage.text)
    share = _words_of(text) / held if held else 1.0
    if share < (min_share / DISTILLED if style in MAY_LOSE else min_share):
        return Rejected(record, "rephrase.too_short", f"{share:.0%} of the passage's words")
    return record


def _bare(reply: str) -> str:
    """The rewriting without a fence around it."""
    text = reply.strip()
    for fence in FENCES:
        text = text.removeprefix(fence).removesuffix(fence).strip()
    return text
