"""Conversations as rows: OpenAI messages, ShareGPT, transcripts; and those that a label rates (KTO, TRL unpaired)."""

from collections.abc import Iterator
from typing import Any

from factory.shapes.answers import ANSWERS, Made, answered, asked, sft
from factory.shapes.cells import Cells, NotThis, kind_of
from factory.shapes.messages import Message, conversation, is_sharegpt, opening, unzipped
from factory.shapes.transcripts import is_transcript, turns

COLUMNS = ("messages", "conversations", "conversation", "dialog", "dialogue", "chat")
GOOD = ("true", "1", "good", "up", "desirable", "thumbs_up")
BAD = ("false", "0", "bad", "down", "undesirable", "thumbs_down")
RATED = {**dict.fromkeys(GOOD, True), **dict.fromkeys(BAD, False)}


def said(cells: Cells) -> list[Message]:
    """The conversation of a row, with its system prompt where that is a column of its own."""
    name = cells.first(COLUMNS)
    if name is None:
        empty = next((name for name in COLUMNS if cells.there(name)), None)
        raise NotThis(f"'{empty}' is null" if empty else "there is no column of messages")
    return [*opening(cells), *conversation(unzipped(cells.value(name)), cells.path(name))]


def openai(cells: Cells) -> Iterator[Made]:
    """`messages`, and the tools that the assistant may call."""
    if _sharegpt(cells):
        raise NotThis("its messages have 'from' and 'value', not 'role' and 'content'")
    yield sft(cells, said(cells))


def sharegpt(cells: Cells) -> Iterator[Made]:
    """`conversations` of `from` and `value`."""
    if not _sharegpt(cells):
        said(cells)  # says what is wrong with it
        raise NotThis("its messages have 'role' and 'content', not 'from' and 'value'")
    yield sft(cells, said(cells))


def _sharegpt(cells: Cells) -> bool:
    name = cells.first(COLUMNS)
    return name is not None and is_sharegpt(unzipped(cells.value(name)))


def rated_conversation(cells: Cells) -> Iterator[Made]:
    """A conversation and whether its last answer is wanted (LLaMA-Factory's KTO demo: messages, label)."""
    rating, messages = _rating(cells), said(cells)
    if len(messages) < 2 or messages[-1]["role"] != "assistant":
        raise NotThis("the conversation does not end with an answer")
    yield "feedback", {"prompt": messages[:-1], "completion": messages[-1:], "label": rating}


def rated_answer(cells: Cells) -> Iterator[Made]:
    """A prompt, an answer, and whether it is wanted (TRL's unpaired preference; `kto_tag` in Alpaca's columns)."""
    name = "completion" if cells.has("completion") and not cells.has("kto_tag") else cells.first(ANSWERS)
    if name is None or (not cells.has("kto_tag") and not cells.has("prompt", "completion")):
        raise NotThis("there are no prompt, completion and label")
    yield "feedback", {"prompt": asked(cells), "completion": answered(cells, name), "label": _rating(cells)}


def _rating(cells: Cells) -> bool:
    name = cells.first(("kto_tag", "label"))
    value: Any = cells.value(name) if name else None
    if isinstance(value, bool):
        return value
    found = RATED.get(str(value).lower()) if isinstance(value, int | str) else None
    if found is None:
        raise NotThis(f"'{name}' holds {kind_of(value)}, not true or false" if name else "there is no label")
    return found


def transcripts(cells: Cells) -> Iterator[Made]:
    """A text that is a whole conversation."""
    if not is_transcript(cells.value("text")):
        raise NotThis("'text' is no transcript")
    yield sft(cells, turns(cells.text("text")))
