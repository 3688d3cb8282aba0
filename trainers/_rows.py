"""Rows on their way to a trainer: through the template and the tokenizer, each fault named.

A row is never cut, changed or dropped in silence: what is wrong with it has one of the names below, and it either stops
the training or is left out and counted (`faulty: drop`).
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from factory import chat
from factory.training import Finding, Row

IDS = pa.list_(pa.int32())
MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
FAULTS = {  # what a row has or is: "2 rows …"
    "no_messages": "have no list of messages where one belongs: 'factory audit FILE' reads rows of other shapes, and "
    "'factory train audits/NAME' trains on them",
    "no_content": "have a message whose content is not text (null, a number, a list)",
    "unknown_role": "have a role other than system, user, assistant and tool",
    "no_answer": "have no assistant turn: nothing of them would be learned",
    "empty_answer": "have an empty answer",
    "empty_question": "have an empty question",
    "system_not_first": "have a system message that is not the first",
    "answer_first": "begin with the assistant",
    "two_in_a_row": "have two turns of one role in a row",
    "prompt_answered": "have a prompt that ends with an answer",
    "not_an_answer": "have an answer that is not one message of the assistant",
    "control_token": "hold a special token or a turn mark of the template in their text, which the model would obey",
    "not_rendered": "are refused by the chat template, or rendered otherwise than its markers say",
    "bad_tools": "have 'tools' that are not a JSON list",
    "no_text": "have no text",
    "same_answers": "have the same answer as chosen and as rejected: their gradient is 0",
    "same_when_cut": "have answers that differ only beyond max_length: their gradient is 0",
    "contradicted": "prefer an answer that another row with the same prompt rejects for the same other one",
    "label_not_bool": "have a label that is not true or false",
    "prompt_too_long": "have a prompt that fills max_length alone: nothing of them would be learned",
    "answer_cut": "are longer than max_length: their answer would be cut, and its end never learned",
    "nothing_learned": "have no token that is learned once they are in a batch",
}
LONG = ("prompt_too_long", "answer_cut", "same_when_cut", "nothing_learned")


class Fault(ValueError):
    """What is wrong with a row; `name` is a key of FAULTS."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True, slots=True)
class Encoded:
    """A row as TRL gets it, and what is to be known of it: its longest sequence, how much of that is prompt, how many
    tokens are learned, and digests of its parts, to compare it with other rows."""

    columns: dict[str, Any]
    length: int
    prompt: int
    learned: int
    key: tuple[bytes, ...] = ()
    both: int | None = None  # tokens of two sequences, where a row is a pair

    @property
    def tokens(self) -> int:
        """All tokens that a step sees of it."""
        return self.length if self.both is None else self.both


@dataclass(frozen=True)
class Method:
    """What is one trainer's own in preparing rows."""

    name: str
    config: str  # TRL's class of arguments
    columns: tuple[str, ...]
    schema: pa.Schema
    encode: Callable[["Chat", Row], Encoded]
    collator: Callable[[Any, int], Callable[[list[Row]], Mapping[str, Any]]]  # tokenizer, max_length
    unlearned: Callable[[Mapping[str, Any]], Sequence[str | None]]  # of a batch, the fault of each of its rows
    across: Callable[[Sequence[tuple[str, tuple[bytes, ...]]]], Iterator[Finding]] = lambda rows: iter(())
    chats: bool = True
    splits: bool = False  # a row longer than max_length is cut into parts, all of which are trained
    reward: bool = False
    reference: bool = False  # a frozen copy of the model is asked as well
    sequences: int = 1  # a row, in memory


@dataclass(frozen=True)
class Chat:
    """A tokenizer with the template that marks what is learned, and what may not stand in a message."""

    tokenizer: Any
    template: str
    controls: re.Pattern[str]

    @classmethod
    def of(cls, tokenizer: Any, template: str) -> "Chat":
        """Of a tokenizer with its marked template; '' where no messages are rendered."""
        return cls(tokenizer, template, chat.controls(tokenizer, template))

    def see(self, messages: Any) -> chat.Seen:
        """A conversation that is to be learned. Raises Fault."""
        for name in chat.faults(messages):
            raise Fault(name)
        self._only_text(messages)
        try:
            return chat.seen(self.tokenizer, messages, self.template)
        except chat.Unrenderable as error:
            raise Fault("not_rendered") from error

    def answer(self, prompt: Any, completion: Any) -> tuple[list[int], list[int]]:
        """The tokens of a prompt and of an answer to it, as TRL cuts them: where the two first differ.

        Raises Fault.
        """
        self._check(prompt, completion)
        try:
            own = self.tokenizer.get_chat_template()
            asked, _ = chat.render(self.tokenizer, prompt, own, ask=True)
            whole, _ = chat.render(self.tokenizer, [*prompt, *completion], own)
        except chat.Unrenderable as error:
            raise Fault("not_rendered") from error
        first = self.tokenizer(asked, add_special_tokens=False)["input_ids"]
        both = self.tokenizer(whole, add_special_tokens=False)["input_ids"]
        shared = _shared(first, both)
        return first[:shared], both[shared:]

    def _check(self, prompt: Any, completion: Any) -> None:
        for messages in (prompt, completion):
            for name in chat.faults(messages):
                if name in ("no_messages", "no_content", "unknown_role"):
                    raise Fault(name)
        if prompt[-1]["role"] == "assistant":
            raise Fault("prompt_answered")
        if [message["role"] for message in completion] != ["assistant"]:
            raise Fault("not_an_answer")
        for name in chat.faults([*prompt, *completion]):
            raise Fault(name)
        self._only_text([*prompt, *completion])

    def _only_text(self, messages: chat.Messages) -> None:
        if any(self.controls.search(message["content"]) for message in messages):
            raise Fault("control_token")


def _shared(one: list[int], other: list[int]) -> int:
    """How many tokens two lists begin with in common."""
    return next((nth for nth, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def plain(messages: Any) -> list[dict[str, str]]:
    """Messages with role and content only."""
    return [{"role": message["role"], "content": message["content"]} for message in messages]


def key(value: Any) -> bytes:
    """A digest of a part of a row, to compare rows by."""
    return hashlib.blake2b(json.dumps(value, sort_keys=True).encode(), digest_size=12).digest()


def finding(name: str, rows: Sequence[str], longest: int = 0) -> Finding:
    """The error for all rows that have one fault; for those that are too long with the length that would do."""
    shown = ", ".join(rows[:5]) + (f" and {len(rows) - 5} more" if len(rows) > 5 else "")
    options: dict[str, Any] = {"max_length": -(-longest // 64) * 64} if name in LONG and longest else {}
    message = f"{len(rows)} rows {FAULTS[name]}: {shown}"
    return Finding("error", f"train.{name}", message, tuple(rows), options)


def contradictions(rows: Iterable[tuple[str, tuple[bytes, ...]]]) -> Iterator[Finding]:
    """Pairs (prompt, chosen, rejected) of which another row says the contrary: one of the two is swapped."""
    seen: dict[tuple[bytes, ...], list[str]] = {}
    for id_, parts in rows:
        seen.setdefault(parts, []).append(id_)
    found = [id_ for (prompt, one, other), ids in seen.items() if (prompt, other, one) in seen for id_ in ids]
    if found:
        yield finding("contradicted", found)
