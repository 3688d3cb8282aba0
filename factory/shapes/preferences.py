"""Pairs of a better and a worse answer: TRL's forms, LLaMA-Factory's, HH transcripts."""

from collections.abc import Iterator
from typing import Any

from factory.shapes.answers import ASKS, Made, asked
from factory.shapes.cells import Cells, NotThis
from factory.shapes.chats import COLUMNS, said
from factory.shapes.messages import Message, conversation, is_message, is_messages, says, unzipped
from factory.shapes.pieces import Piece, cut, same
from factory.shapes.transcripts import is_transcript, turns


def conversations(cells: Cells) -> Iterator[Made]:
    """LLaMA-Factory: a conversation, and two messages that could come next."""
    if cells.first(COLUMNS) is None:
        raise NotThis("there is no column of messages")
    yield _pair(said(cells), _side(cells, "chosen"), _side(cells, "rejected"))


def explicit(cells: Cells) -> Iterator[Made]:
    """A prompt in a column of its own. Where both answers repeat it, it is taken from them."""
    if cells.first(ASKS) is None:
        raise NotThis("there is no prompt")
    prompt, chosen, rejected = asked(cells), _side(cells, "chosen"), _side(cells, "rejected")
    shared, of_chosen, of_rejected = _apart(chosen, rejected)
    if shared and all(message in shared for message in prompt):  # UltraFeedback: both sides are whole conversations
        prompt, chosen, rejected = [_with(message, prompt) for message in shared], of_chosen, of_rejected
    yield _pair(prompt, chosen, rejected)


def implicit(cells: Cells) -> Iterator[Made]:
    """Whole conversations on both sides; what they share is the prompt."""
    if is_messages(unzipped(cells.value("chosen"))):
        yield _pair(*_apart(_side(cells, "chosen"), _side(cells, "rejected")))
        return
    chosen, rejected = cells.text("chosen"), cells.text("rejected")
    shared = _shared(chosen, rejected)
    prompt = says("user", same(cut(chosen, 0, shared), cut(rejected, 0, shared))) if shared else []
    yield _pair(
        prompt,
        says("assistant", cut(chosen, shared, len(chosen))),
        says("assistant", cut(rejected, shared, len(rejected))),
    )


def _shared(chosen: str, rejected: str) -> int:
    """How many characters both begin with. As TRL has it, a space before the first difference is the answer's."""
    most = min(len(chosen), len(rejected))
    first = next((nth for nth in range(most) if chosen[nth] != rejected[nth]), most)
    return first - 1 if first and chosen[first - 1] == " " else first


def transcripts(cells: Cells) -> Iterator[Made]:
    """Anthropic's HH (Bai et al. 2022): two transcripts that part at some turn, mostly the last."""
    for name in ("chosen", "rejected"):
        if not is_transcript(cells.value(name)):
            raise NotThis(f"'{name}' is no transcript")
    yield _pair(*_apart(turns(cells.text("chosen")), turns(cells.text("rejected"))))


def _side(cells: Cells, name: str) -> list[Message]:
    value: Any = unzipped(cells.value(name))
    if is_messages(value) or is_message(value):
        return conversation(value, cells.path(name))
    return says("assistant", cells.text(name))


def _apart(chosen: list[Message], rejected: list[Message]) -> tuple[list[Message], list[Message], list[Message]]:
    """What two conversations share at their beginning, and the rest of each; the last message is never shared."""
    shared = 0
    most = min(len(chosen), len(rejected)) - 1
    while shared < most and chosen[shared] == rejected[shared]:
        shared += 1
    prompt = [_with(message, [other]) for message, other in zip(chosen[:shared], rejected, strict=False)]
    return prompt, chosen[shared:], rejected[shared:]


def _with(message: Message, others: list[Message]) -> Message:
    """A message that stands in these others too, where they say the same."""
    alike = [other["content"] for other in others if other == message]
    before = message["content"].also if isinstance(message["content"], Piece) else ()
    return {**message, "content": same(message["content"], *before, *alike)}


def _pair(prompt: list[Message], chosen: list[Message], rejected: list[Message]) -> Made:
    return "preference", {"prompt": prompt, "chosen": chosen, "rejected": rejected}
