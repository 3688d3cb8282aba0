"""A stand-in for servers that sends nothing: answers of the right shape and a likely size, to estimate with."""

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from factory.llm.entries import Call, Stored
from factory.llm.journal import Journal
from factory.llm.request import Request
from factory.tokens import BYTES_A_TOKEN

if TYPE_CHECKING:
    from factory.llm.pool import Answer

CHAT_CHARS = 800  # of a reply without a shape
STRING_CHARS = 80  # of a string in one that has a shape
ITEMS = 4  # of a list in one
STEP = 7  # characters between the beginnings of two strings
FENCE = re.compile(r"^<(\w+)>\n(.+?)\n</\1>$", re.DOTALL | re.MULTILINE)
WORDS = "A model says a sentence or two of about this length. "


class Imagined:
    """Answers each request at once, out of thin air. Every list has four items, numbered where it has numbers.

    Strings are pieces of the prompt's own first text, each another one: what is looked for in a passage is there, and
    no two answers are the same. `asked` holds the bodies of all requests, as they would have been sent.
    """

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    async def post(self, request: Request, *, tokens: int) -> "Answer":
        """A completion whose `usage` counts four bytes a token."""
        from factory.llm.pool import Answer

        asked = json.loads(request.body)
        self.asked.append(asked)
        if "input" in asked:
            from factory.llm import embedding

            return Answer(embedding.said(embedding.NOTHING, len(request.body) // BYTES_A_TOKEN), "imagined", 0.0, 1)
        prompt = asked["messages"][-1]["content"]
        said = Said(_first_text(prompt), len(self.asked) * STEP, _lengths(prompt))
        schema = asked.get("response_format", {}).get("json_schema", {}).get("schema")
        text = json.dumps(said.like(schema)) if schema else said.words(CHAT_CHARS)
        usage = {"prompt_tokens": len(request.body) // BYTES_A_TOKEN, "completion_tokens": len(text) // BYTES_A_TOKEN}
        message = {"role": "assistant", "content": text}
        made = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage}
        return Answer(made, "imagined", 0.0, 1)


class Paid(Journal):
    """A journal that goes when it is closed, and knows the answers and takes of another one besides its own."""

    def __init__(self, below: Journal) -> None:
        super().__init__()
        self._below = below
        self._used: dict[bytes, int] = {}  # how often an answer of the other one was asked for

    def used(self, model: str) -> int:
        """How many calls of a model the other one's answers served."""
        sql = "select 1 from calls where key = ? and model = ? limit 1"
        return sum(count for key, count in self._used.items() if any(self._below.select(sql, (key, model))))

    def get(self, key: bytes) -> Stored | None:
        """The newest answer under a key, its own before the other's."""
        found = super().get(key)
        if found is None and (found := self._below.get(key)) is not None:
            self._used[key] = self._used.get(key, 0) + 1
        return found

    async def put(self, call: Call, body: bytes, *, sent: int | None = None) -> None:
        """Note a call that ended; what the other one had under its key did not serve."""
        self._used.pop(call.key, None)
        await super().put(call, body, sent=sent)

    def take(self, unit: str) -> int:
        """Which take of a unit the other one asks for."""
        return self._below.take(unit)


class Said:
    """Makes the values of one reply from a text, beginning at `at`; `lengths` are those of fields that are known."""

    def __init__(self, text: str, at: int, lengths: Mapping[str, int] | None = None) -> None:
        self._text, self._at, self._lengths = text or WORDS, at, lengths or {}
        self._filler = at % len(WORDS)  # where a text is too short to begin elsewhere

    def words(self, chars: int) -> str:
        """The next so many characters, or as many as the text has."""
        self._at = (self._at + STEP) % max(1, len(self._text) - STRING_CHARS)
        piece = self._text[self._at : self._at + chars].strip() or WORDS
        if len(piece) >= chars // 2:
            return piece
        return (piece + " " + (WORDS * (chars // len(WORDS) + 2))[self._filler :])[:chars]

    def like(self, schema: Mapping[str, Any], number: int = 1) -> Any:
        """A value that fits a JSON schema of a reply; `number` is what its numbers are."""
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][0]
        for alternatives in ("anyOf", "oneOf", "allOf"):
            if alternatives in schema:
                return self.like(schema[alternatives][0], number)
        return self._of_type(schema, number)

    def _field(self, name: str, schema: Mapping[str, Any], number: int) -> Any:
        known = self._lengths.get(name) if schema.get("type") == "string" else None
        return self.like(schema, number) if known is None else self.words(known)[: schema.get("maxLength")]

    def _of_type(self, schema: Mapping[str, Any], number: int) -> Any:
        match schema.get("type"):
            case "object":
                return {name: self._field(name, part, number) for name, part in schema.get("properties", {}).items()}
            case "array":
                few = min(schema.get("maxItems", ITEMS), max(schema.get("minItems", 0), ITEMS))
                return [self.like(schema.get("items", {}), nth) for nth in range(1, few + 1)]
            case "string":
                return self.words(STRING_CHARS)[: schema.get("maxLength")]
            case "integer" | "number":
                return max(number, schema.get("minimum", number))
            case "boolean":
                return True
            case _:
                return None


def _lengths(prompt: str) -> dict[str, int]:
    """By the names of its fences how long that is which a prompt shows: an answer that is to be written once more."""
    return {fence[1]: len(fence[2]) for fence in FENCE.finditer(prompt)}


def _first_text(prompt: str) -> str:
    """What stands in the first fence of a prompt, else all of it."""
    first, end, _ = prompt.partition("\n</")
    return first.split("\n", 1)[-1] if end and first.startswith("<") else prompt
