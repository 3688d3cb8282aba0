"""A real HTTP server on loopback that speaks /v1/chat/completions and /v1/embeddings, and fails as it is told.

    with ModelServer(faults={"http_429": 0.1, "cut_body": 0.02}, seed=3) as server:
        ...  # server.url, then server.counts, server.most_in_flight, server.seen

    python -m tests.model_server --port 8000 --delay 0.1 --fault http_500=0.05     # in a process of its own

It runs on a thread of its own. Which fault a request meets follows from the seed, the digest of its messages and how
often these messages were asked before, never from time or order. One token is four characters; `max_tokens` holds.

Faults: `http_NNN` (`http_429` and `http_503` say Retry-After, `http_429_bare` does not), `hang`, `hang_in_body`,
`reset`, `cut_body`, `not_json`, `wrong_shape`, `empty_choice`, `length`, `wrong_content_type`, `very_large`,
`bad_content` (a good envelope around half an answer), `redirect`, `insufficient_quota`, `content_filter`,
`litellm_key`, `litellm_model` (as its proxy refuses both).
Files and batches, with faults of their own: see `batch_api.py`.
"""

import argparse
import asyncio
import json
import socket
import ssl
import struct
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any
from weakref import WeakSet

from aiohttp import web

from tests.batch_api import BatchApi

JSON = "application/json"


@dataclass(frozen=True)
class Choice:
    """What the model says, where a plain text would not do."""

    content: str | None
    finish: str = "stop"
    reasoning: str | None = None  # as reasoning_content
    refusal: str | None = None

    def as_dict(self, index: int, max_tokens: int | None) -> dict[str, Any]:
        """As one of `choices`, cut where the limit is lower."""
        content, finish = self.content, self.finish
        if max_tokens is not None and content is not None and tokens(content) > max_tokens:
            content, finish = content[: 4 * max_tokens], "length"
        message = {"role": "assistant", "content": content}
        message |= {"reasoning_content": self.reasoning} if self.reasoning is not None else {}
        message |= {"refusal": self.refusal} if self.refusal is not None else {}
        return {"index": index, "message": message, "finish_reason": finish, "logprobs": None}


Reply = str | Choice | dict[str, Any]  # a dict is the whole JSON body


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    digest: str
    attempt: int  # 0 the first time that these messages are asked
    body: dict[str, Any]
    headers: Mapping[str, str]
    path: str
    at: float  # time.monotonic
    fault: str | None


def tokens(text: str) -> int:
    """Four characters a token, rounded up."""
    return -(-len(text) // 4)


def digest(messages: Any) -> str:
    """12 hex digits for the messages of a request."""
    return blake2b(json.dumps(messages, sort_keys=True).encode(), digest_size=6).hexdigest()


def draw(seed: int, prompt: str, attempt: int, faults: Mapping[str, float]) -> str | None:
    """The fault that an attempt at a prompt meets, by its share of all; None for the rest."""
    drawn = int.from_bytes(blake2b(f"{seed}/{prompt}/{attempt}".encode(), digest_size=7).digest(), "big") / 2**56
    for name in sorted(faults):
        drawn -= faults[name]
        if drawn < 0:
            return name
    return None


@dataclass
class ModelServer:
    """The server and what it saw. A context manager; `kill` and `start` also by hand."""

    replies: Callable[[dict[str, Any]], Reply] | Iterable[Reply] | None = None  # a list is used up, then the default
    faults: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    delay: float = 0.0  # seconds from request to answer
    retry_after: str = "1"
    capacity: int | None = None  # more than that in flight get a 429
    api_key: str | None = None  # then others get a 401
    vectors: Callable[[str], list[float]] | None = None  # of a text; by default numbers that follow from its digest
    longest: int | None = None  # characters of a text to be embedded; a request with more gets a 400
    schemas: bool | str = True  # False: refuses response_format with a 400; "tgi" or "llama.cpp": as these do
    headers: Mapping[str, str] = field(default_factory=dict)  # of every answer
    keep: bool = True  # every request in `seen`
    port: int = 0
    large: int = 65 * 2**20  # bytes of the body of `very_large`
    tls: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        self.counts: Counter[str] = Counter()  # requests by digest of the messages
        self.answered: Counter[str] = Counter()  # whole answers that left, by digest
        self.seen: list[Seen] = []
        self.requests = self.in_flight = self.most_in_flight = self.connections = 0
        self.listed = 0  # how often it was asked for its models
        self.batches = BatchApi(lambda body: self._envelope(body, digest(body.get("messages")), None), self.refuse)
        self._connected: WeakSet[asyncio.BaseTransport] = WeakSet()
        self._script: deque[str | None] = deque()
        self._texts: deque[Reply] = deque()
        if self.replies is not None and not callable(self.replies):
            self._texts.extend(self.replies)

    # --- what a test says and asks ----------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The base URL."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}/v1"

    def answers(self, *replies: Reply) -> None:
        """The replies of the next requests, in the order of arrival."""
        self._texts.extend(replies)

    def fails(self, *faults: str | None) -> None:
        """The faults of the next requests, in the order of arrival, before any that are drawn; None for none."""
        self._script.extend(faults)

    def repeats(self) -> int:
        """How many requests asked what had been asked before."""
        return self.requests - len(self.counts)

    # --- running ----------------------------------------------------------------------------------------------------

    def __enter__(self) -> "ModelServer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Listen; again on the same port after a `kill`."""
        self._ready, self._stopped = threading.Event(), False
        self._thread = threading.Thread(target=self._run, name="model-server", daemon=True)
        self._thread.start()
        if not self._ready.wait(30) or self._stopped:
            raise RuntimeError("the model server did not start")

    def kill(self) -> None:
        """End at once: connections are reset, what was being answered never is."""
        if not self._stopped:
            self._stopped = True
            self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join(30)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        finally:
            self._stopped = True
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application(client_max_size=2**30)
        self.batches.route(app)
        app.router.add_post("/{path:.*}", self._completions)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/counts", self._counted)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01, handler_cancellation=True)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port, backlog=4096, reuse_address=True, ssl_context=self.tls)
        await site.start()
        self.port = runner.addresses[0][1]
        self._ready.set()
        await self._end.wait()
        for connection in runner.server.connections if runner.server else ():
            _reset(connection.transport)
        await runner.cleanup()
        self.in_flight = 0

    async def _models(self, request: web.Request) -> web.Response:
        self.listed += 1
        return self.refuse(request, None) or web.json_response(
            {"object": "list", "data": [{"id": "test", "object": "model"}]}
        )

    async def _counted(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "requests": self.requests,
                "prompts": len(self.counts),
                "repeats": self.repeats(),
                "answered": self.answered.total(),
                "answered_again": self.answered.total() - len(self.answered),
                "most_in_flight": self.most_in_flight,
            }
        )

    # --- one request ------------------------------------------------------------------------------------------------

    async def _completions(self, request: web.Request) -> web.StreamResponse:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            body = json.loads(await request.read())
            prompt = digest(body.get("messages", body.get("input")))
            attempt = self.counts[prompt]
            self.counts[prompt] += 1
            self.requests += 1
            fault = self._fault(request, prompt, attempt, body)
            self._note_connection(request.transport)
            if self.keep:
                seen = Seen(prompt, attempt, body, request.headers.copy(), request.path_qs, time.monotonic(), fault)
                self.seen.append(seen)
            if self.delay:
                await asyncio.sleep(self.delay)
            if fault is None or fault in ("length", "content_filter", "bad_content"):
                self.answered[prompt] += 1
            return await self._answer(request, body, prompt, fault)
        finally:
            self.in_flight -= 1

    def _note_connection(self, transport: asyncio.BaseTransport | None) -> None:
        if transport is not None and transport not in self._connected:
            self._connected.add(transport)
            self.connections += 1

    def refuse(self, request: web.Request, fault: str | None) -> web.Response | None:
        """What a call about models, files or batches gets instead of an answer; None for nothing."""
        if self.api_key is not None and request.headers.get("Authorization") != f"Bearer {self.api_key}":
            fault = "http_401"
        if fault == "redirect":
            return web.Response(status=307, headers={"Location": f"http://127.0.0.1:{self.port}/elsewhere"})
        if fault == "wrong_content_type":
            return web.Response(text="<html></html>", content_type="text/html")
        if fault == "empty_object":
            return web.json_response({})
        if fault == "reset":
            _reset(request.transport)
            return web.Response()  # goes nowhere
        return self._error(fault, dict(request.headers)) if fault else None

    def _fault(self, request: web.Request, prompt: str, attempt: int, body: dict[str, Any]) -> str | None:
        if self.api_key is not None and request.headers.get("Authorization") != f"Bearer {self.api_key}":
            return "http_401"
        if self.capacity is not None and self.in_flight > self.capacity:
            return "http_429"
        if self._script:
            return self._script.popleft()
        if self.longest is not None and any(len(text) > self.longest for text in body.get("input", ())):
            return "http_400"
        if "response_format" in body and self.schemas is not True:
            return "no_schemas"
        return draw(self.seed, prompt, attempt, self.faults)

    async def _answer(
        self, request: web.Request, body: dict[str, Any], prompt: str, fault: str | None
    ) -> web.StreamResponse:
        if fault and (fault.startswith("http_") or fault in ERRORS):
            return self._error(fault, body)
        if fault in ("hang", "hang_in_body"):
            return await self._hang(request, fault)
        if fault == "reset":
            _reset(request.transport)
            return web.Response()  # goes nowhere
        if fault == "redirect":
            return web.Response(status=307, headers={"Location": f"http://127.0.0.1:{self.port}/elsewhere"})
        if fault == "very_large":
            return await self._very_large(request)
        whole = json.dumps(self._envelope(body, prompt, fault))
        if fault == "cut_body":
            return await self._cut(request, whole)
        if fault == "not_json":
            whole = whole[: len(whole) // 2]
        kind = "text/html" if fault == "wrong_content_type" else JSON
        text = "<html><body>Bad gateway</body></html>" if fault == "wrong_content_type" else whole
        return web.Response(text=text, content_type=kind, headers=self.headers)

    def _error(self, fault: str, body: dict[str, Any]) -> web.Response:
        if fault == "no_schemas" and isinstance(self.schemas, str):
            status, said = NO_SCHEMAS[self.schemas]
            return web.Response(status=status, text=said)
        status, code, kind = ERRORS.get(fault) or (int(fault.split("_")[1]), None, "error")
        headers = dict(self.headers)
        if status in (429, 503) and not fault.endswith("_bare"):
            headers["Retry-After"] = self.retry_after
        # like real servers, it quotes what it was sent: no such text may get into a message or a log
        about = ABOUT.get(fault, "").format(model=body.get("model"))
        message = f"{about}You sent {str(body)[:200]}"
        error = {"error": {"message": message, "type": kind, "code": code}}
        return web.json_response(error, status=status, headers=headers)

    def _envelope(self, body: dict[str, Any], prompt: str, fault: str | None) -> dict[str, Any]:
        if fault == "wrong_shape":
            return {"object": "chat.completion", "result": ["not", "what", "was", "agreed"]}
        if "input" in body:
            return self._embeddings(body["input"])
        reply = self._reply(body, prompt)
        if isinstance(reply, dict):
            return reply
        choice = reply if isinstance(reply, Choice) else Choice(reply)
        half = (choice.content or "")[: len(choice.content or "") // 2]
        if fault in ("length", "bad_content"):
            choice = Choice(half, finish="length" if fault == "length" else "stop")
        elif fault == "content_filter":
            choice = Choice("", finish="content_filter")
        limit = body.get("max_completion_tokens", body.get("max_tokens"))
        choices = [choice.as_dict(nth, limit) for nth in range(body.get("n") or 1)]
        written = sum(tokens(c["message"]["content"] or "") for c in choices)
        read = tokens(json.dumps(body.get("messages")))
        usage = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
        return {
            "id": f"chatcmpl-{prompt}",
            "object": "chat.completion",
            "created": 0,
            "model": body.get("model"),
            "choices": [] if fault == "empty_choice" else choices,
            "usage": usage,
        }

    def _embeddings(self, texts: list[str]) -> dict[str, Any]:
        if self._texts and isinstance(self._texts[0], dict):
            whole = self._texts.popleft()
            assert isinstance(whole, dict)
            return whole
        made = self.vectors or (
            lambda text: [number - 127.5 for number in blake2b(text.encode(), digest_size=8).digest()]
        )
        data = [{"object": "embedding", "index": nth, "embedding": made(text)} for nth, text in enumerate(texts)]
        read = sum(map(tokens, texts))
        return {"object": "list", "data": data[::-1], "usage": {"prompt_tokens": read, "total_tokens": read}}

    def _reply(self, body: dict[str, Any], prompt: str) -> Reply:
        if self._texts:
            return self._texts.popleft()
        return self.replies(body) if callable(self.replies) else f"The reply to {prompt}."

    async def _hang(self, request: web.Request, fault: str) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": JSON, "Content-Length": "100"})
        if fault == "hang_in_body":
            await response.prepare(request)
            await response.write(b'{"choices"')
        await asyncio.sleep(3600)
        return response

    async def _cut(self, request: web.Request, whole: str) -> web.StreamResponse:
        data = whole.encode()
        response = web.StreamResponse(headers={"Content-Type": JSON, "Content-Length": str(len(data))})
        await response.prepare(request)
        await response.write(data[: len(data) // 2])
        if request.transport is not None:
            request.transport.close()  # after what is written
        return response

    async def _very_large(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": JSON})
        await response.prepare(request)
        for _ in range(self.large // 2**16):
            await response.write(b" " * 2**16)
        await response.write_eof()
        return response


ERRORS = {  # fault -> status, the server's own code, type
    "no_schemas": (400, "unsupported_parameter", "invalid_request_error"),
    "insufficient_quota": (429, "insufficient_quota", "insufficient_quota"),
    "litellm_key": (400, "400", "no_db_connection"),
    "litellm_model": (400, "400", "invalid_request_error"),
}
ABOUT = {  # what an error says before it quotes
    "no_schemas": "response_format json_schema is not supported. ",
    "litellm_model": "/chat/completions: Invalid model name passed in model={model}. Call `/v1/models` to view them. ",
}
NO_SCHEMAS = {  # server -> status, what it says
    "tgi": (
        422,
        "Failed to deserialize the JSON body: response_format.type: unknown variant `json_schema`, expected …",
    ),
    "llama.cpp": (500, '{"error": {"code": 500, "message": "Failed to parse grammar", "type": "server_error"}}'),
}


def _reset(transport: asyncio.BaseTransport | None) -> None:
    """Close a connection with RST, as a process that was killed does."""
    if transport is None:
        return
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert isinstance(transport, asyncio.Transport)
    transport.abort()


def main() -> None:
    """Serve until stopped; the first line on stdout is the base URL. `GET /counts` tells what was asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds from request to answer")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fault", action="append", default=[], metavar="NAME=SHARE")
    parser.add_argument("--retry-after", default="1")
    parser.add_argument("--capacity", type=int, help="more than that in flight get a 429")
    parser.add_argument("--reply", help="what is always answered")
    options = parser.parse_args()
    faults = {name: float(share) for name, _, share in (fault.partition("=") for fault in options.fault)}
    server = ModelServer(
        replies=(lambda _: options.reply) if options.reply is not None else None,
        faults=faults,
        seed=options.seed,
        delay=options.delay,
        retry_after=options.retry_after,
        capacity=options.capacity,
        keep=False,
        port=options.port,
    )
    with server:
        print(server.url, flush=True)  # noqa: T201  # the caller reads it
        threading.Event().wait()


if __name__ == "__main__":
    main()
