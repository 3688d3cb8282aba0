"""Structured replies: a pydantic model as a JSON schema, and a reply as objects of it.

A reply is taken whole, out of a fence, or out of the prose around it, repaired where its JSON is broken, and validated.
What cannot be used is asked again in words of our own: they name fields and faults, and stay the same whichever version
of a library found them, so that the same replies make the same requests.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Generic, TypeVar, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from factory.errors import WrongRequest
from factory.llm import _schemas

T = TypeVar("T")
Message = dict[str, Any]
LIST_KEY = "items"  # servers want an object at the root: a list stands under this name
FAULTS_NAMED = 5
QUOTED = 4_000  # characters of a bad reply that are shown to the model again
FENCE = re.compile(r"```[\w-]*[ \t]*\n(.*?)\n?[ \t]*```", re.DOTALL)
START = re.compile(r"\{(?=\s*[\"}])|\[(?=\s*[\[{\"\]\d-])")  # not the brackets of prose
SCHEMA = "It must fit this JSON Schema:\n{words}"
ASKED = "\n\nAnswer with JSON only, without any other words. " + SCHEMA
EMPTY = "\n\nYour last answer was empty. Answer with JSON only. " + SCHEMA
AGAIN = "That answer cannot be used: {fault}. Answer again: the whole JSON, without any other words. " + SCHEMA


class Unusable(Exception):
    """A reply that is not what was asked for. Its text names fields and faults, never values; `reply` is the reply."""

    def __init__(self, fault: str, reply: str) -> None:
        super().__init__(fault)
        self.reply = reply


class Shape(Generic[T]):
    """What a reply must be; made once a type by `shape`."""

    def __init__(self, type_: Any) -> None:
        self._is_list = get_origin(type_) is list
        [inner] = get_args(type_) if self._is_list else [type_]
        name = getattr(inner, "__name__", str(inner))
        self.name = f"list of {name}" if self._is_list else name
        try:
            self._adapter: TypeAdapter[T] = TypeAdapter(type_)
            self.schema = _schemas.strict(self._adapter.json_schema(), wrapped_as=LIST_KEY if self._is_list else None)
        except Exception as error:  # noqa: BLE001 # pydantic has several kinds for a type that has no schema
            raise WrongRequest(f"There is no JSON schema of {self.name} ({type(error).__name__}).") from None
        if self.schema.get("type") != "object":
            raise WrongRequest(f"Ask for a pydantic model or a list of one, not for {self.name}.")
        self._names = _schemas.names(self.schema)
        self.words = json.dumps(self.schema, ensure_ascii=False, separators=(",", ":"))

    def in_prompt(self, asked: list[Message]) -> list[Message]:
        """The messages with the schema at their end: what comes before stays as it is, and cached at the server."""
        return _appended(asked, ASKED.format(words=self.words))

    def after(self, asked: list[Message], bad: Sequence[tuple[str, str]]) -> list[Message]:
        """The messages after so many bad replies and what was wrong with each; no server takes an empty one."""
        said = asked
        for reply, fault in bad:
            if reply:
                again = AGAIN.format(fault=fault, words=self.words)
                said = [*said, {"role": "assistant", "content": reply[:QUOTED]}, {"role": "user", "content": again}]
            else:
                said = _appended(said, EMPTY.format(words=self.words))
        return said

    def parse(self, text: str) -> T:
        """The objects in a reply. Raises Unusable."""
        fault = None
        for value in _values(text):
            try:
                return self._adapter.validate_python(self._unwrapped(value))
            except ValidationError as error:
                fault = fault or self._fault(error)
        raise Unusable(fault or "it holds no JSON", text.strip())

    def _unwrapped(self, value: Any) -> Any:
        """A list out of the object around it; one object for a list of one."""
        if not self._is_list or not isinstance(value, Mapping):
            return value
        if isinstance(value.get(LIST_KEY), list):
            return value[LIST_KEY]
        [only, *others] = list(value.values()) or [None]
        return only if isinstance(only, list) and not others and not set(value) & self._names else [value]

    def _fault(self, error: ValidationError) -> str:
        """Which fields are wrong and how, in words that no version of pydantic changes."""
        found = error.errors(include_url=False, include_context=False, include_input=False)
        named = [f"{self._place(fault['loc'])} {_word(fault['type'])}" for fault in found[:FAULTS_NAMED]]
        more = len(found) - len(named)
        return "; ".join(named) + (f"; and {more} more" if more else "")

    def _place(self, path: tuple[int | str, ...]) -> str:
        """`[2].quote`; a name that is not in the schema came with the reply, and is not repeated."""
        parts = [f"[{part}]" if isinstance(part, int) else f".{part if part in self._names else '*'}" for part in path]
        return "".join(parts).lstrip(".") or "the whole"


@cache
def shape(type_: Any) -> Shape[Any]:
    """The shape of a pydantic model or `list[Model]`. Raises WrongRequest for a type without a JSON schema."""
    return Shape(type_)


def _appended(asked: list[Message], words: str) -> list[Message]:
    """`words` after the last message; as one more message where that is not plain text of the user."""
    last = asked[-1]
    if last["role"] != "user" or not isinstance(last["content"], str):
        return [*asked, {"role": "user", "content": words.strip()}]
    return [*asked[:-1], {**last, "content": last["content"] + words}]


def _word(kind: str) -> str:
    """What is wrong with a field, for a type of error of pydantic's."""
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return "is not a field"
    if kind in ("literal_error", "enum"):
        return "is not one of the allowed values"
    if "too_short" in kind or "too_long" in kind:
        return "is too short or too long"
    if kind.startswith(("greater_", "less_")):
        return "is out of range"
    return "has the wrong type" if re.search(r"_(type|parsing|from_float|required)\b", kind) else "is not valid"


def _values(text: str) -> Iterator[Any]:
    """What the reply may mean, the likeliest first: as it is, fenced, with prose around it, repaired."""
    inside = [text, *(fence[1] for fence in FENCE.finditer(text))]
    for candidate in inside:
        yield from _decoded(candidate.strip(), whole=True)
    for candidate in reversed(inside):
        start = START.search(candidate)
        yield from _decoded(candidate[start.start() :], whole=False) if start else ()
    yield from _repaired(inside[-1])


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(strict=False, parse_constant=_no_constant)  # raw line ends in strings pass


def _decoded(candidate: str, *, whole: bool) -> Iterator[Any]:
    try:
        value, end = _DECODER.raw_decode(candidate)
    except (ValueError, RecursionError):
        return
    if isinstance(value, dict | list) and (end == len(candidate) or not whole):
        yield value


def _repaired(candidate: str) -> Iterator[Any]:
    """Broken JSON, mended up to its last closing bracket: what was cut off in the middle is not made up."""
    found = START.search(candidate) or re.search(r"[{\[]", candidate)
    end = max(candidate.rfind("}"), candidate.rfind("]")) + 1
    if found is None or end <= found.start():
        return
    from json_repair import repair_json

    try:
        value = repair_json(candidate[found.start() : end], return_objects=True, skip_json_loads=True)
    except (ValueError, RecursionError):
        return
    if isinstance(value, dict | list):
        yield value
