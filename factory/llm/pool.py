"""The servers of one model: whose turn it is, what is tried again and where, and when to give up.

    async with Pool(model, tried=count) as pool:
        answer = await pool.post(body, tokens=1_200)

A request goes to the least loaded server that has room, and waits in line where none has. What can be tried again is,
after a while and on another server if there is one. A server that cannot be reached, or fails twelve times in a row,
rests and is then probed by one request at a time. What says nothing of the request does not use up its tries: a fault
of a server that is down costs it nothing, a refusal for rate a quarter of a try.
"""

import asyncio
import math
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from factory.errors import BadItem, DeadWorld
from factory.llm._places import LATER, SLOW, Places, Server
from factory.llm.rates import Sent, backoff
from factory.llm.settings import Model
from factory.llm.transport import OVERLOADED, Transport, Try

PATIENCE_S = 180.0  # without any answer: three of the minutes in which providers count
NEVER_REACHED_S = 30.0  # the same where nothing was reached since the start: an address is wrong, or nothing runs there
HOPELESS = frozenset({401, 402, 403, 404, 405, 407, 410})  # the same for every request
OUT_OF_MONEY = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
SAFE = "What is answered is safe: mend that, and the same command goes on."
PATIENT = "A server that is slow, not gone, wants a longer 'timeout: {first_byte: …}' or a smaller 'in_flight'."
NO_DATABASE = "no_db_connection"  # LiteLLM, where it could look up a key that it does not know
CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")
NO_GRAMMAR = re.compile(r"pars\w+ grammar", re.IGNORECASE)  # llama.cpp, which answers 500 to a schema beyond it
SCHEMA_WORDS = re.compile(r"response_?format|json_?schema|guided|structured.?output|grammar", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """A completion, the server that made it (`0 localhost:8000`), the seconds of the last try, and all tries."""

    json: dict[str, Any]
    server: str
    seconds: float
    tries: int


@dataclass(frozen=True, slots=True)
class Tried:
    """One try, good or not: `status` is None where no answer came, `fault` None where it was good."""

    server: str
    status: int | None
    fault: str | None
    seconds: float


class SchemaUnsupported(BadItem):
    """The server refused the request for its `response_format`; without one it may do."""


class Pool:
    """All servers of a model. `tried` is told of every try before `post` ends."""

    def __init__(
        self, model: Model, *, tried: Callable[[Tried], None] | None = None, patience: float | None = None
    ) -> None:
        self._model, self._tried = model, tried
        self._patience = (NEVER_REACHED_S, PATIENCE_S) if patience is None else (patience, patience)
        self._transport = Transport(model)
        self._rng = random.Random()  # noqa: S311  # jitter, no secret

    async def __aenter__(self) -> "Pool":
        await self._transport.__aenter__()
        self._loop = asyncio.get_running_loop()
        model = self._model
        urls = enumerate(model.urls())
        servers = [Server(nth, url, model.in_flight, self._transport.proxy(url)) for nth, url in urls]
        self._places = Places(model, servers)
        self._silent_since: float | None = None  # the first fault after the last answer
        return self

    async def __aexit__(self, *_: object) -> None:
        self._places.close("The door to the model was closed while requests were waiting.")
        await self._transport.__aexit__()

    def stop(self, why: str) -> None:
        """Send nothing more: what is asked from now on, or waits for its turn, ends so. What was sent goes on."""
        self._places.close(why)

    # --- one request ------------------------------------------------------------------------------------------------

    async def post(self, body: bytes, *, tokens: int) -> Answer:
        """Ask for one chat completion until it is answered; `tokens` is the most that it may cost, for `tpm`.

        Raises BadItem `llm.no_answer` when its tries are used up, `llm.request_refused` where the server will not have
        this request, SchemaUnsupported where it will not have its schema, and DeadWorld where no request would do.
        """
        used, tries = 0.0, 0
        server: Server | None = None
        while True:
            server = await self._places.turn(tokens, avoid=server)
            tries += 1
            came = await self._try(server, body)
            if came.fault is None:
                return Answer(came.json, server.label, came.seconds, tries)
            used += 0.25 if came.status in OVERLOADED else 0.0 if server.down else 1.0
            if used >= self._model.tries:
                raise BadItem("llm.no_answer", f"No answer after {tries} tries; the last ended in {came.fault}.")
            await asyncio.sleep(self._pause(server, came, used))

    def _pause(self, server: Server, came: Try, used: float) -> float:
        """Seconds until a request is tried again: what the server said and a little more, so that they do not herd.

        Where it said nothing and answers most others, waiting longer each time would help nobody.
        """
        if came.wait is None:
            return backoff(1 if server.is_well else max(1, math.ceil(used)), self._rng)
        return came.wait + (0.05 + 0.25 * came.wait) * self._rng.random()

    async def _try(self, server: Server, body: bytes) -> Try:
        """One try that has its place, which is given back whatever happens."""
        sent = server.window.send(self._loop.time())
        came = Try(fault="cancelled")  # and perhaps paid for
        try:
            came = await self._transport.send(server.url, body, server.proxy)
            self._learn(server, came, sent)
            if came.fault is not None:
                self._look(server, came, body)
            return came
        except DeadWorld as error:
            self._places.close(str(error))  # before the place is given to the next
            raise
        finally:
            self._places.give_back(server)
            if self._tried is not None:
                self._tried(Tried(server.label, came.status, came.fault, self._loop.time() - sent.at))

    def _learn(self, server: Server, came: Try, sent: Sent) -> None:
        """What a try says of its server and of all."""
        now = self._loop.time()
        patience = self._patience[any(server.reached for server in self._places.servers)]
        if came.rest is not None and came.rest <= patience:  # longer: what is next refused will say so
            server.window.rest(now, came.rest)
        if server.learn(now, sent, came):
            self._silent_since = None
            return
        if self._silent_since is None:
            self._silent_since = now
        silent = now - self._silent_since
        wait = min(server.window.rest_until for server in self._places.servers) - now
        if silent > patience or wait > 1.1 * patience:
            names = ", ".join(server.shown for server in self._places.servers)
            said = f"gave no answer for {silent:.0f} s" if silent > patience else f"asks to wait {wait:.0f} s"
            slow = f" {PATIENT}" if came.fault in SLOW else ""
            self._places.close(f"{names} {said} (last: {came.fault}). {SAFE}{slow}")

    def _look(self, server: Server, came: Try, body: bytes) -> None:
        """Raise for what no other try would change. An error's text may quote the prompt: only its code is told."""
        if self._places.dead is not None:
            raise DeadWorld(self._places.dead)
        status = came.status
        if came.fault == "certificate":
            raise DeadWorld(
                f"{server.shown}: its certificate is not trusted. Name who signed it with 'ca_file:'. {SAFE}"
            )
        error = came.json.get("error", came.json) if isinstance(came.json, dict) else None
        codes = [error.get(name) for name in ("code", "type")] if isinstance(error, dict) else []
        code = next((code for code in codes if isinstance(code, str) and CODE.match(code)), "")
        said = f"{status} ({code})" if code else f"{status}"
        words = NO_GRAMMAR if status is not None and status >= 500 else SCHEMA_WORDS
        is_of_schema = b'"response_format"' in body and words.search(str(error)) is not None
        may_pass = status is None or status < 300 or status in LATER or (status >= 500 and not is_of_schema)
        if status is None or (code not in OUT_OF_MONEY and may_pass):
            return
        meant = _meant(status, codes, str(error), self._model.model)
        if code in OUT_OF_MONEY or meant in HOPELESS or status < 400:
            raise DeadWorld(f"{server.shown} answered {said}: {cure(self._model, meant, code)} {SAFE}")
        detail = f"The server refused the request: {said}."
        if is_of_schema:
            raise SchemaUnsupported("llm.request_refused", detail)
        raise BadItem("llm.request_refused", detail)


def _meant(status: int, codes: Sequence[object], said: str, model: str) -> int:
    """The status that other servers give for the same: LiteLLM's proxy says 400 of a wrong key or model, too."""
    if status != 400:
        return status
    if NO_DATABASE in codes:
        return 401
    named = rf"model(?: name passed in model)?\W{{1,3}}{re.escape(model)}\b"  # what else it says may quote a prompt
    absent = rf"invalid {named}|{named}\W{{1,3}}(?:does not exist|not found|is not available)"
    return 404 if re.search(absent, said, re.IGNORECASE) else status


def cure(model: Model, status: int, code: str) -> str:
    """What to do about an answer that every request would get."""
    variable = model.key_variable()
    key = f"the key in {variable or model.api_key_file}" if variable or model.api_key_file else ""
    if code in OUT_OF_MONEY or status == 402:
        return f"the account of {key or 'this server'} has nothing left."
    if status in (401, 403):
        return f"{key} is not accepted." if key else "it wants a key. Name its variable with api_key_env."
    if status == 407:
        return "the proxy wants a name and password; 'proxy: env' takes them from HTTPS_PROXY."
    if status < 400:
        return "it sends requests to another address, where the key will not go. Write that one as base_url."
    return f"no such path, or no model '{model.model}'. Check base_url and model."
