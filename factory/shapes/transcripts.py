"""Conversations written as one text: `\\n\\nHuman: … \\n\\nAssistant: …` (Anthropic's HH), or with `### Human:`."""

import re

from factory.shapes.cells import NotThis
from factory.shapes.messages import Message
from factory.shapes.pieces import Piece, cut

MARKS = (  # each with the roles that its two words stand for
    re.compile(r"(?:\A|\n\n)(Human|Assistant|System): ?"),
    re.compile(r"(?:\A|\n)### (Human|Assistant|System): ?"),
)
ROLES = {"Human": "user", "Assistant": "assistant", "System": "system"}


def is_transcript(value: object) -> bool:
    """Whether a text begins with a turn and has one of the assistant."""
    if not isinstance(value, str):
        return False
    begins = [mark.match(value.lstrip("\n") if mark is MARKS[1] else value) for mark in MARKS]
    return any(begins) and "Assistant:" in value


def turns(text: Piece) -> list[Message]:
    """The turns of a transcript, white space around each left out. Raises NotThis where it does not begin with one."""
    found = next((its for mark in MARKS if (its := list(mark.finditer(text)))), [])
    if not found or text[: found[0].start()].strip():
        raise NotThis("it is no transcript of 'Human:' and 'Assistant:'")
    ends = [after.start() for after in found[1:]] + [len(text)]
    return [
        {"role": ROLES[mark[1]], "content": _stripped(text, mark.end(), end)}
        for mark, end in zip(found, ends, strict=True)
    ]


def _stripped(text: Piece, start: int, end: int) -> Piece:
    said = text[start:end]
    return cut(text, start + len(said) - len(said.lstrip()), max(start, end - (len(said) - len(said.rstrip()))))
