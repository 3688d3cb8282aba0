"""The client of a model: ask it, and every answer is written down before it is handed out.

    async with LLM(model="qwen", base_url="http://localhost:8000/v1", journal="answers.sqlite") as llm:
        [reply] = await llm.chat("Name a colour.")
        pairs = await llm.ask("Ask three questions about …", list[Pair])

What the journal has is never asked again. A run opens one client a model of its recipe and gives each unit a view of it
by `bound`.
"""

import asyncio
import copy
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

from factory.errors import BadItem, WrongRequest
from factory.llm import replies, structured
from factory.llm.calls import Calls, Posting, Servers, Stats
from factory.llm.entries import Stored
from factory.llm.journal import Journal
from factory.llm.replies import Reply
from factory.llm.request import Maker, Message, Request, check_sampling, messages
from factory.llm.settings import Model
from factory.llm.spend import UNIT, account
from factory.llm.structured import Shape
from factory.policy import SCALE, Confidentiality

if TYPE_CHECKING:
    from pydantic import BaseModel

    from factory.llm.embedding import Vector

M = TypeVar("M", bound="BaseModel")
Prompt = str | Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class _Asking:
    """On whose behalf a call is made, as the journal notes it."""

    unit: str = ""
    method: str = ""
    take: int = 0


class LLM:
    """One model behind one or several servers.

    `model` is a `Model`, or its served name with the other settings as keyword arguments. `name` is what the recipe
    calls it, and part of the journal's keys. `journal` is a path, an open journal that is shared, or None for one that
    goes when the client closes. `pool` stands in for the servers.
    """

    def __init__(
        self,
        model: Model | str,
        *,
        name: str = "llm",
        journal: Journal | Path | str | None = None,
        pool: Posting | None = None,
        **settings: Any,
    ) -> None:
        if isinstance(model, Model) and settings:
            raise WrongRequest("Give a Model, or the name of one and its settings; not both.")
        self.model = model if isinstance(model, Model) else Model.of({"model": model, **settings})
        self.name = name
        self._journal, self._given_pool = journal, pool
        self._maker = Maker(name, self.model)
        self._asking = _Asking()
        self._used: list[list[str]] | None = None  # only views say what they used
        self._calls: Calls | None = None
        self._pool: Posting
        self._open = AsyncExitStack()

    def __repr__(self) -> str:
        return f"LLM({self.model.model!r}, name={self.name!r})"

    async def __aenter__(self) -> "LLM":
        async with AsyncExitStack() as opened:
            journal = self._journal
            if not isinstance(journal, Journal):
                journal = opened.enter_context(Journal(journal))
            opened.callback(journal.flush)
            opened.enter_context(account(journal, self.name, capped=self.model.max_spend is not None))
            calls = Calls(self.name, self.model, journal)
            self._pool = self._given_pool or await self._open_pool(opened, calls)
            self._calls, self._open = calls, opened.pop_all()
        return self

    async def _open_pool(self, opened: AsyncExitStack, calls: Calls) -> Posting:
        if self.model.batch is not None:
            raise WrongRequest("Batch files are answered in rounds, which only a run makes: put 'batch' into a recipe.")
        if self.model.vllm is not None:
            from factory.llm.inprocess import InProcess

            return await opened.enter_async_context(InProcess(self.model, tried=calls.tried))
        if self.model.serves == "embeddings":
            from factory.llm.embedding import Gathering

            return await opened.enter_async_context(Gathering(self.model, tried=calls.tried))
        from factory.llm.pool import Pool  # aiohttp: only for those who ask

        return Servers(await opened.enter_async_context(Pool(self.model, tried=calls.tried)))

    async def __aexit__(self, *_: object) -> None:
        self._calls = None
        await self._open.aclose()

    def stop(self, why: str) -> None:
        """Send nothing more to servers; what was sent may still be answered, and goes into the journal."""
        if isinstance(self._pool, Servers):
            self._pool.stop(why)

    def bound(self, unit: str, *, method: str, take: int, sees: Confidentiality) -> "LLM":
        """A view for one unit: what it asks is noted under its name, and `keys` says which answers it used.

        `sees` is the confidentiality of all that the unit may put into a prompt. Raises BadItem where the model may not
        see that: nothing was sent.
        """
        if SCALE.index(sees) > SCALE.index(self.model.sees):
            raise BadItem(
                "llm.may_not_see",
                f"Its text is {sees}, and the model '{self.name}' may see what is {self.model.sees} at most. If it may "
                f"see more, say so with 'may_see: {sees}'.",
            )
        view = copy.copy(self)
        view._asking, view._used = _Asking(unit, method, take), []
        return view

    @property
    def keys(self) -> list[str]:
        """The journal's keys of the answers that a view used, in the order in which it asked."""
        return [key for used in self._used or () for key in used]

    @property
    def stats(self) -> Stats:
        """What all views together asked so far."""
        stats, spend = self._door.stats, self._door.spend
        stats.spent = spend.spent / UNIT
        return stats

    # --- asking

    async def chat(self, prompt: Prompt, *, n: int = 1, **sampling: Any) -> list[Reply]:
        """`n` replies to a prompt, each by a request of its own, so that none that is there is asked for again.

        Replies that were cut, refused, empty or not given at all are left out; raises BadItem with the first one's
        reason where none is left. `sampling` are fields of the request: temperature, max_tokens, seed …
        """
        self._check_serves("chat")
        if n < 1:
            raise WrongRequest("n is the number of replies, from 1.")
        check_sampling(sampling)
        used = self._next_keys()
        requests = self._maker.requests(messages(prompt), samples=range(n), take=self._asking.take, sampling=sampling)
        if n == 1:
            got = [await self._reply(requests[0])]
        else:
            got = _whole(await asyncio.gather(*map(self._reply, requests), return_exceptions=True))
        used += [reply.key for reply in got]
        return got

    @overload
    async def ask(self, prompt: Prompt, schema: type[list[M]], **sampling: Any) -> list[M]: ...
    @overload
    async def ask(self, prompt: Prompt, schema: type[M], **sampling: Any) -> M: ...
    async def ask(self, prompt: Prompt, schema: Any, **sampling: Any) -> Any:
        """An object of a pydantic model, or a list of them for `list[Model]`.

        A reply that does not fit is asked again, at most `reasks` times. Raises BadItem with the last one's reason.
        """
        self._check_serves("chat")
        check_sampling(sampling)
        shape, asked = structured.shape(schema), messages(prompt)
        used = self._next_keys()
        bad: list[tuple[str, str]] = []
        try:
            while True:
                request, stored = await self._structured(shape, asked, bad, sampling)
                used.append(request.key.hex())
                try:
                    return _parsed(shape, stored, request.key)
                except structured.Unusable as fault:
                    bad.append((fault.reply, str(fault)))
                    if len(bad) > self.model.reasks:
                        raise _gave_up(shape, bad) from None
        except BadItem:
            self._door.stats.failed += 1
            raise

    async def vector(self, text: str) -> "Vector":
        """The direction of a text: float32, its largest number 1 or -1. Of a model that serves embeddings.

        Raises BadItem where the server gives none, DeadWorld where the vectors of a model differ in length.
        """
        from factory.llm.embedding import vector

        self._check_serves("embeddings")
        used = self._next_keys()
        request = self._maker.embedding(text, take=self._asking.take)
        try:
            made = vector((await self._answer(request)).text)
        except BadItem:
            self._door.stats.failed += 1
            raise
        used.append(request.key.hex())
        self._door.check_length(len(made))
        return made

    def _check_serves(self, what: str) -> None:
        if self.model.serves != what:
            raise WrongRequest(f"The model '{self.name}' serves {self.model.serves}, and is asked for {what}.")

    async def _reply(self, request: Request) -> Reply:
        try:
            stored = await self._answer(request)
            return replies.usable(stored, request.key, keep_thinking=self.model.keep_thinking)
        except BadItem:
            self._door.stats.failed += 1
            raise

    async def _structured(
        self, shape: Shape[Any], asked: list[Message], bad: list[tuple[str, str]], sampling: Mapping[str, Any]
    ) -> tuple[Request, Stored]:
        """The answer to a prompt after so many bad replies, by `response_format` or with the schema in the prompt."""
        from factory.llm.pool import SchemaUnsupported

        again, known = shape.after(asked, bad), self._door.refused_schemas
        settled = self.model.structured if shape.words not in known else "prompt"
        for way in ("response_format", "prompt") if settled == "auto" else (settled,):
            sent = None if way == "response_format" else shape.after(shape.in_prompt(asked), bad)
            [request] = self._maker.requests(
                again, samples=(0,), take=self._asking.take, sampling=sampling, schema=shape.words, sent=sent
            )
            try:
                stored = await self._answer(request)
            except SchemaUnsupported:
                continue
            if way == "prompt":
                known.add(shape.words)  # without it the request was answered: the schema was what the server refused
            return request, stored
        raise WrongRequest(f"The server of the model '{self.name}' refuses response_format. Say 'structured: prompt'.")

    async def _answer(self, request: Request) -> Stored:
        return await self._door.answer(request, unit=self._asking.unit, method=self._asking.method, pool=self._pool)

    def _next_keys(self) -> list[str]:
        """Where the keys of the next call go: calls that are made at once keep the order in which they were made."""
        used: list[str] = []
        if self._used is not None:
            self._used.append(used)
        return used

    @property
    def _door(self) -> Calls:
        if self._calls is None:
            raise WrongRequest("The client of a model is used inside 'async with LLM(…) as llm:'.")
        return self._calls


def _whole(ended: list[Reply | BaseException]) -> list[Reply]:
    """The replies that can be used. Raises what stops a run; the first BadItem where nothing is left."""
    for outcome in ended:
        if isinstance(outcome, BaseException) and not isinstance(outcome, BadItem):
            raise outcome
    got = [outcome for outcome in ended if isinstance(outcome, Reply)]
    if not got and isinstance(ended[0], BadItem):
        raise ended[0]
    return got


def _parsed(shape: Shape[Any], stored: Stored, key: bytes) -> Any:
    """The objects of a reply. Raises BadItem for one that was cut or refused, Unusable for one to be asked again."""
    try:
        text = replies.usable(stored, key, keep_thinking=False).text
    except BadItem as error:
        if error.reason != "llm.empty_reply":
            raise
        text = ""
    return shape.parse(text)


def _gave_up(shape: Shape[Any], bad: list[tuple[str, str]]) -> BadItem:
    reply, fault = bad[-1]
    if not reply:
        return BadItem("llm.empty_reply", f"The reply is empty, {len(bad)} times.")
    return BadItem(
        "llm.invalid_reply",
        f"The reply has not the shape of {shape.name}, {len(bad)} times; the last: {fault}. The journal has them.",
    )
