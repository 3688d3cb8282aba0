"""Texts as vectors, through the same door: each text is a call of its own in the journal, many go in one request.

What the journal has is not asked again, however texts come together later. A request that the server refuses is asked
again in halves, so that a text which is too long costs itself alone.

Protocol  https://platform.openai.com/docs/api-reference/embeddings; also of vLLM, TEI, llama.cpp, Ollama.
"""

import asyncio
import base64
import json
from collections.abc import Callable, Sequence
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from factory.errors import BadItem, DeadWorld
from factory.llm.calls import NoRoom, Servers
from factory.llm.pool import Answer, Pool, Tried
from factory.llm.request import Request
from factory.llm.settings import Model

TOGETHER = 32  # texts of a request: the most that Text Embeddings Inference takes, if nobody tells it otherwise
TOGETHER_BYTES = 2**18  # of their requests
GATHER_S = 0.005  # how long a text waits for others: little beside a model's own time
Vector = NDArray[np.float32]
NOTHING: Vector = np.zeros(1, np.float32)
_GROUP: ContextVar[list["_Text"]] = ContextVar("the texts of the request that this task makes")


@dataclass(eq=False, slots=True)
class _Text:
    """One text that waits for its vector; `context` is that of the call it is asked for."""

    request: Request
    tokens: int
    context: Context
    answer: "asyncio.Future[Answer]"
    sent: bool = False


class _Apart(Exception):
    """Leaves the pool: some texts of the request wait for room below the cap, the others are asked without them."""


class Gathering(Servers):
    """The servers of a model of embeddings: calls that are made at once share a request. A context manager."""

    def __init__(self, model: Model, *, tried: Callable[[Tried], None]) -> None:
        self._tried = tried
        self._servers = Pool(model, tried=self._tell)
        super().__init__(self._servers)
        self._waiting: list[_Text] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> "Gathering":
        await self._servers.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._servers.__aexit__()

    async def post(self, request: Request, *, tokens: int) -> Answer:
        """The vector of one text, as a completion that says it (`said`)."""
        loop = asyncio.get_running_loop()
        one = _Text(request, tokens, copy_context(), loop.create_future())
        self._waiting.append(one)
        if len(self._waiting) >= TOGETHER or sum(len(text.request.body) for text in self._waiting) >= TOGETHER_BYTES:
            self._send()
        elif self._timer is None:
            self._timer = loop.call_later(GATHER_S, self._send)
        try:
            return await one.answer
        except asyncio.CancelledError:
            if one.sent:  # the others' request goes on, and may be paid for
                self._tried(Tried("", None, "cancelled", 0.0))
            raise

    def _send(self) -> None:
        """Ask for what waits, in a task of its own."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        texts, self._waiting = self._waiting, []
        self._start(texts)

    def _start(self, texts: list[_Text]) -> None:
        task = asyncio.get_running_loop().create_task(self._ask(texts))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _ask(self, texts: list[_Text]) -> None:
        """Ask for all of them that somebody still waits for, until each has an answer or an error."""
        while texts := [one for one in texts if not one.answer.done()]:
            _GROUP.set(texts)
            for one in texts:
                one.sent = True
            try:
                answer = await self._servers.post(_body(texts), tokens=sum(one.tokens for one in texts))
                _answer(texts, _apart(answer, texts))
            except _Apart:
                continue
            except BadItem as error:
                self._refused(texts, error)
            except DeadWorld as error:
                _answer(texts, [DeadWorld(str(error)) for _ in texts])
            except BaseException:
                for one in texts:
                    one.answer.cancel()
                raise
            return

    def _refused(self, texts: list[_Text], error: BadItem) -> None:
        """Ask for each half of what the server will not have, or say so of each text."""
        if error.reason == "llm.request_refused" and len(texts) > 1:
            middle = len(texts) // 2
            self._start(texts[:middle])
            self._start(texts[middle:])
            return
        _answer(texts, [BadItem(error.reason, error.detail) for _ in texts])

    def _tell(self, tried: Tried) -> None:
        """Tell the call of each text of a try. Raises _Apart where some of them must wait for room below the cap."""
        apart = False
        for one in _GROUP.get():
            if one.answer.done():
                continue
            try:
                one.context.run(self._tried, tried)
            except NoRoom as error:
                one.answer.set_exception(error)
                apart = True
        if apart:
            raise _Apart


def _answer(texts: Sequence[_Text], outcomes: Sequence[Answer | Exception]) -> None:
    for one, outcome in zip(texts, outcomes, strict=True):
        if one.answer.done():  # nobody waits for it any more
            continue
        if isinstance(outcome, Exception):
            one.answer.set_exception(outcome)
        else:
            one.answer.set_result(outcome)


def _body(texts: Sequence[_Text]) -> bytes:
    """One request of several: they differ in their input alone."""
    bodies = [json.loads(one.request.body) for one in texts]
    together = bodies[0] | {"input": [text for body in bodies for text in body["input"]]}
    return json.dumps(together, ensure_ascii=False, separators=(",", ":")).encode()


def _apart(answer: Answer, texts: Sequence[_Text]) -> list[Answer]:
    """The answer to each text; the tokens that the server counted are shared out by length.

    Raises BadItem where there is not one vector a text.
    """
    data = sorted(answer.json["data"], key=_index)
    if len(data) != len(texts):
        raise BadItem("llm.invalid_reply", f"The server gave {len(data)} vectors for {len(texts)} texts.")
    usage = answer.json.get("usage")
    counted = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    lengths = [len(one.request.body) for one in texts]
    if not isinstance(counted, int) or isinstance(counted, bool) or counted < 0:
        counted = sum(lengths)  # a token is at least a byte
    ends = np.cumsum(lengths) * counted // sum(lengths)
    shares = np.diff(ends, prepend=0).tolist()
    return [
        Answer(said(_numbers(one["embedding"]), share), answer.server, answer.seconds, answer.tries)
        for one, share in zip(data, shares, strict=True)
    ]


def _index(one: dict[str, Any]) -> int:
    index = one.get("index")
    return index if isinstance(index, int) else 0  # sorting keeps the order of those that say nothing


def _numbers(given: Any) -> Vector:
    """A vector as the server gave it: numbers, or base64 of them. Raises BadItem for what is none."""
    try:
        raw = base64.b64decode(given, validate=True) if isinstance(given, str) else None
        vector: Vector = np.frombuffer(raw, "<f4") if raw is not None else np.array(given, np.float32)
        if vector.ndim == 1 and vector.size and bool(np.isfinite(vector).all()):
            return vector
    except (TypeError, ValueError):
        pass
    raise BadItem("llm.invalid_reply", "The server gave something else than a vector of numbers.")


def said(vector: Vector, tokens: int) -> dict[str, Any]:
    """A vector as the completion that the journal keeps: its direction, two bytes a number, in base64."""
    largest = float(np.abs(vector).max())
    halves = (vector / (largest or 1.0)).astype("<f2")
    message = {"role": "assistant", "content": base64.b64encode(halves.tobytes()).decode()}
    usage = {"prompt_tokens": tokens, "completion_tokens": 0}
    return {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage}


def vector(text: str) -> Vector:
    """The vector that an answer in the journal says; its largest number is 1 or -1."""
    return np.frombuffer(base64.b64decode(text), "<f2").astype(np.float32)
