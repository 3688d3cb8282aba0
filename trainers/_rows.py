"""Rows on their way to a trainer: through the template and the tokenizer, each fault named.

A row is never cut, changed or dropped in silence: what is wrong with it has one of the names below, and it either stops
the training or is left out and counted (`faulty: drop`).
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from factory.chat import Chat as Chat  # the trainers have it from here
from factory.faults import FAULTS as FAULTS
from factory.faults import LONG, said
from factory.faults import Fault as Fault
from factory.training import Finding, Row

IDS = pa.list_(pa.int32())
MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))


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
    forwards: int = 0  # passes of a row that need no gradients: of the reference, of other answers


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
    message = f"{said(name, len(rows))}: {shown}"
    return Finding("error", f"train.{name}", message, tuple(rows), options)


def contradictions(rows: Iterable[tuple[str, tuple[bytes, ...]]]) -> Iterator[Finding]:
    """Pairs (prompt, chosen, rejected) of which another row says the contrary: one of the two is swapped."""
    seen: dict[tuple[bytes, ...], list[str]] = {}
    for id_, parts in rows:
        seen.setdefault(parts, []).append(id_)
    found = [id_ for (prompt, one, other), ids in seen.items() if (prompt, other, one) in seen for id_ in ids]
    if found:
        yield finding("contradicted", found)
