"""What the journal notes of a call, and what it gives back of an answer."""

from typing import NamedTuple


class Call(NamedTuple):
    """One call that ended, in the order of the table's columns."""

    key: bytes
    unit: str
    method: str
    model: str  # its name in the recipe
    take: int
    sample: int
    max_tokens: int | None
    finish: str | None = None
    text: str | None = None  # as the server sent it
    thinking: str | None = None  # where the server sent it apart from the text
    tokens_in: int = 0
    tokens_out: int = 0
    estimated: bool = False  # the server did not count the tokens
    spent: int = 0  # billionths of the currency
    server: str | None = None
    tries: int = 0
    seconds: float = 0.0
    reason: str | None = None  # why there is no answer


class Stored(NamedTuple):
    """An answer as it is reused."""

    text: str
    thinking: str | None
    finish: str
    max_tokens: int | None
    tokens_in: int
    tokens_out: int

    def serves(self, max_tokens: int | None) -> bool:
        """Whether it stands under another limit: one cut by length does not where the limit rose."""
        if self.finish != "length" or self.max_tokens is None:
            return True
        return max_tokens is not None and max_tokens <= self.max_tokens
