"""What is sent to a server, and the key under which its answer is kept.

The key is a digest of what the answer depends on: the model's name in the recipe, its served name, the messages, every
field of the body but the limit, the schema, the number of the sample, and the take. Not of where it is sent, nor of how
a schema is conveyed: an answer stays found when another server or another way is used.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, NamedTuple

from factory.errors import BadItem, WrongRequest
from factory.llm._checks import misspelt
from factory.llm.settings import Model

VERSION = 1
LIMITS = ("max_tokens", "max_completion_tokens")
NOT_SAMPLING = {"model", "messages", "n", "stream", "stream_options", "response_format"}
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
KINDS_OF_CALLS = 256  # that are remembered: a method has one or two
TAKES_APART = 1_000_003  # more than a unit has samples
Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """One request: its bytes, and the key of its answer."""

    key: bytes
    body: bytes
    sample: int
    take: int
    max_tokens: int | None


def messages(prompt: str | Sequence[Mapping[str, Any]]) -> list[Message]:
    """A prompt as messages. Raises WrongRequest for what is neither text nor messages."""
    if isinstance(prompt, str):
        return [{"role": "user", "content": prompt}]
    made = [dict(message) for message in prompt if isinstance(message, Mapping)]
    if not made or len(made) < len(prompt) or not all({"role", "content"} <= message.keys() for message in made):
        raise WrongRequest("A prompt is text, or a list of messages that each have a 'role' and a 'content'.")
    return made


class _Rest(NamedTuple):
    """What calls with the same sampling and schema share: how their keys begin, and what follows the messages."""

    known: blake2b
    fields: dict[str, Any]
    encoded: bytes
    max_tokens: int | None


class Maker:
    """Makes the requests of one model of a recipe."""

    def __init__(self, name: str, model: Model) -> None:
        self._name, self._model = name, model
        self._head = b'{"model":' + _json(model.model) + b',"messages":'
        self._rests: dict[tuple[str, str, bool], _Rest] = {}

    def requests(
        self,
        asked: Sequence[Message],
        *,
        samples: Sequence[int],
        take: int,
        sampling: Mapping[str, Any],
        schema: str = "",
        sent: Sequence[Message] | None = None,
    ) -> list[Request]:
        """One request a sample. `schema` is JSON; `sent` are the messages as they leave, where they show it.

        A `seed` differs from sample to sample and from take to take: the same one would give the same answer.
        """
        rest = self._rest(sampling, schema, holds=sent is None)
        content = _json(asked)
        known = rest.known.copy()
        known.update(content)
        start = self._head + (content if sent is None else _json(sent))
        made = []
        for sample in samples:
            key = known.copy()
            key.update(b"\0%d\0%d" % (sample, take))
            end = self._seeded(rest, sample, take) if "seed" in rest.fields else rest.encoded
            made.append(Request(key.digest(), start + end, sample, take, rest.max_tokens))
        return made

    def embedding(self, text: str, *, take: int) -> Request:
        """The request for the vector of one text."""
        fields = dict(sorted(self._model.body.items()))
        known = blake2b(_json([VERSION, self._name, self._model.model, fields, "embedding"]) + b"\0", digest_size=16)
        content = _json(text)
        known.update(content + b"\0%d" % take)
        body = b'{"model":' + _json(self._model.model) + b',"input":[' + content + b"]" + _end(fields)
        return Request(known.digest(), body, 0, take, max_tokens=0)

    def _rest(self, sampling: Mapping[str, Any], schema: str, *, holds: bool) -> _Rest:
        """What follows the messages, so that prompts that begin alike make bodies that begin alike."""
        name = (repr(sampling), schema, holds)  # 1, 1.0 and True are equal, and other JSON
        if name in self._rests:
            return self._rests[name]
        fields = {**self._model.body, **sampling}
        limit = next((fields.pop(name) for name in LIMITS if name in fields), self._model.max_tokens)
        fields = dict(sorted(fields.items()))
        known = blake2b(_json([VERSION, self._name, self._model.model, fields, schema]) + b"\0", digest_size=16)
        if limit is not None:
            fields[self._model.max_tokens_field] = limit
        if schema and holds:
            schema_format = {"name": "reply", "strict": True, "schema": json.loads(schema)}
            fields["response_format"] = {"type": "json_schema", "json_schema": schema_format}
        made = _Rest(known, fields, _end(fields), limit)
        if len(self._rests) < KINDS_OF_CALLS:
            self._rests[name] = made
        return made

    def _seeded(self, rest: _Rest, sample: int, take: int) -> bytes:
        seed = rest.fields["seed"]
        if not isinstance(seed, int):
            return rest.encoded
        return _end({**rest.fields, "seed": (seed + sample + take * TAKES_APART) % 2**31})


def _end(fields: Mapping[str, Any]) -> bytes:
    return b"," + _json(fields)[1:] if fields else b"}"


def check_sampling(sampling: Mapping[str, Any]) -> None:
    """Raise WrongRequest for a field that is not sampling, or nearly one that is."""
    if not sampling:
        return
    for name in NOT_SAMPLING & sampling.keys():
        raise WrongRequest(f"'{name}' is no sampling option: chat and ask set it themselves.")
    for name in sampling:
        if meant := misspelt(name):
            raise WrongRequest(f"A server would ignore '{name}'. Did you mean '{meant}'?")
    limit = next((sampling[name] for name in LIMITS if name in sampling), 1)
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
        raise WrongRequest("max_tokens is a whole number from 1.")


def _json(value: Any) -> bytes:
    """Compact JSON in UTF-8. Raises BadItem for text with half a character, WrongRequest for what JSON has not."""
    try:
        return _ENCODER.encode(value).encode()
    except UnicodeEncodeError:
        raise BadItem("llm.not_unicode", "The prompt holds half a character (a lone surrogate).") from None
    except (TypeError, ValueError) as error:
        raise WrongRequest(f"A prompt or a sampling option is not JSON ({type(error).__name__}).") from None
