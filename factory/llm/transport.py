"""One try of one request: a POST of bytes to a server, and what came of it.

    async with Transport(model) as transport:
        tried = await transport.send(url, body)

A try ends in an answer or in a fault; nothing is raised for what a server does. Redirects are not followed, since they
would take the key to another host. The three timeouts share one timer: connected by then, first byte of the answer by
then, all of it by then.
"""

import asyncio
import io
import json
import ssl
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.request import getproxies, proxy_bypass

import aiohttp
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection
from yarl import URL

from factory.errors import WrongRequest
from factory.llm import _headers
from factory.llm.settings import Model, Timeout

LARGEST = 64 * 2**20  # bytes of an answer; a completion of a million tokens has a tenth of it
LARGEST_ERROR = 2**16  # of the body of an error, of which only the code and what it refuses are used
AT_ONCE = 2**20  # bytes of a request; more is handed over in pieces, so that the loop is not held
KEEP_ALIVE_S = 4.0  # uvicorn, below vLLM and others, closes an idle connection after five
OVERLOADED = frozenset({429, 503, 529})
_NO_LIMIT = aiohttp.ClientTimeout(total=None, connect=None, sock_read=None, sock_connect=None)
_deadline: ContextVar["_Deadline"] = ContextVar("deadline")


@dataclass(slots=True)
class Try:
    """What came of one try. `fault` is None for an answer, `json` then a completion with a choice."""

    status: int | None = None
    fault: str | None = None
    json: Any = None  # the body; of an error too, where it is JSON
    seconds: float = 0.0
    wait: float | None = None  # seconds, as Retry-After said
    rest: float | None = None  # seconds until there is something again, as x-ratelimit headers said


class _Deadline:
    """The timer of one try and the stage that it is in."""

    __slots__ = ("_began", "_loop", "_timeout", "stage", "timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, timeout: Timeout) -> None:
        self._loop, self._timeout, self._began = loop, timeout, loop.time()
        self.stage = "connect"
        self.timer = asyncio.timeout_at(self._began + min(timeout.connect, timeout.total))

    def connected(self) -> None:
        """From now on the first byte is waited for."""
        self.stage = "first_byte"
        self.timer.reschedule(min(self._loop.time() + self._timeout.first_byte, self._began + self._timeout.total))

    def answering(self) -> None:
        """From now on the rest is waited for."""
        self.stage = "total"
        self.timer.reschedule(self._began + self._timeout.total)


class _Connector(aiohttp.TCPConnector):
    """Says when a request has its connection: aiohttp counts the time for it only where it makes a new one."""

    async def connect(self, req: ClientRequest, *args: Any, **kwargs: Any) -> Connection:
        connection = await super().connect(req, *args, **kwargs)
        _deadline.get().connected()
        return connection


class Transport:
    """One session for all servers of a model: connections are kept, nothing is followed, no cookie is kept."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "Transport":
        self._loop = asyncio.get_running_loop()
        headers, trusted = self._model.request_headers(), trust(self._model)  # either may be wrong: before all else
        self._session = aiohttp.ClientSession(
            connector=_Connector(limit=0, ssl=trusted, keepalive_timeout=KEEP_ALIVE_S),
            headers=headers,
            skip_auto_headers=("Accept-Encoding",),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=_NO_LIMIT,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def proxy(self, url: str) -> str | None:
        """The proxy on the way to a URL: as the recipe says, or the environment's where it says `env`."""
        if self._model.proxy != "env":
            return self._model.proxy
        parts = URL(url)
        if proxy_bypass(parts.host or ""):
            return None
        proxies = getproxies()
        return proxies.get(parts.scheme) or proxies.get("all")

    async def send(self, url: URL, body: bytes | None, proxy: str | None = None) -> Try:
        """Try once; raises only when it is cancelled. Without a body the URL is asked for as it is (GET)."""
        if self._session is None:
            raise WrongRequest("The door to the model is not open: use it inside 'async with'.")
        began = self._loop.time()
        tried = Try()
        deadline = _Deadline(self._loop, self._model.timeout)
        _deadline.set(deadline)
        try:
            async with deadline.timer:
                await self._exchange(url, body, proxy, deadline, tried)
        except TimeoutError:
            tried.fault = f"timeout.{deadline.stage}"
        except aiohttp.ClientConnectorCertificateError:
            tried.fault = "certificate"
        except (aiohttp.ClientError, OSError) as error:
            tried.fault = _fault(error, deadline.stage)
        tried.seconds = self._loop.time() - began
        return tried

    async def _exchange(self, url: URL, body: bytes | None, proxy: str | None, deadline: _Deadline, tried: Try) -> None:
        assert self._session is not None  # noqa: S101  # send() has looked
        data = body if body is None or len(body) <= AT_ONCE else io.BytesIO(body)
        method = "GET" if body is None else "POST"
        response = await self._session.request(method, url, data=data, proxy=proxy, allow_redirects=False)
        try:
            tried.status = status = response.status
            if not response.content.is_eof():
                deadline.answering()
            whole = await _read(response, LARGEST if status == 200 else LARGEST_ERROR)
            _understand(tried, response, whole, self._model.serves)
        finally:
            response.close()  # where all was read the connection is back already, and this does nothing to it


async def _read(response: aiohttp.ClientResponse, largest: int) -> bytes | None:
    """The body, or None where it is larger."""
    pieces = []
    size = 0
    async for piece in response.content.iter_any():
        size += len(piece)
        if size > largest:
            return None
        pieces.append(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _understand(tried: Try, response: aiohttp.ClientResponse, body: bytes | None, serves: str) -> None:
    """Fill in what an answer says, and the fault where it is none."""
    status, headers = response.status, response.headers
    if "x-ratelimit-remaining-requests" in headers or "x-ratelimit-remaining-tokens" in headers:
        tried.rest = _headers.nothing_left(headers)
    if body is None:
        tried.fault = "too_large" if status == 200 else _http_fault(status)
        return
    try:
        tried.json = json.loads(body)
    except (ValueError, RecursionError):  # of an error its words may tell what was refused: TGI's are no JSON
        tried.json = {"error": body.decode("utf-8", "replace")} if status >= 400 else None
    if status == 200 and isinstance(tried.json, dict) and "error" in tried.json and not tried.json.get("choices"):
        code = tried.json["error"].get("code") if isinstance(tried.json["error"], dict) else None
        tried.status = status = code if isinstance(code, int) and 400 <= code <= 599 else 502  # as some gateways do
    if status == 200 and serves == "embeddings" and tried.json is not None:
        tried.fault = None if _has_vectors(tried.json) else "wrong_shape"
    elif status == 200:
        tried.fault = _shape_fault(tried.json, response.content_type)
    else:
        tried.fault = _http_fault(status)
        tried.wait = _headers.retry_after(headers)


def _http_fault(status: int) -> str:
    return "http_5xx" if status >= 500 else f"http_{status}"


def _shape_fault(value: Any, content_type: str) -> str | None:
    """What keeps a body from being a completion; None for nothing."""
    if value is None:
        return "not_json" if "json" in content_type else "wrong_content_type"
    choices = value.get("choices") if isinstance(value, dict) else None
    if not isinstance(choices, list):
        return "wrong_shape"
    if not choices:
        return "empty_choice"
    fine = all(isinstance(choice, dict) and isinstance(choice.get("message"), dict) for choice in choices)
    return None if fine else "wrong_shape"


def _has_vectors(value: Any) -> bool:
    data = value.get("data") if isinstance(value, dict) else None
    return isinstance(data, list) and all(isinstance(one, dict) and "embedding" in one for one in data)


def _fault(error: BaseException, stage: str) -> str:
    """The kind of an error of the connection."""
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ClientProxyConnectionError) or stage == "connect":
        return "connect"
    if isinstance(error, aiohttp.ClientPayloadError) or stage == "total":
        return "cut_body"
    return "not_http" if isinstance(error, aiohttp.ClientResponseError) else "reset"


def trust(model: Model) -> ssl.SSLContext | bool:
    """Which certificates are believed: the machine's, or also those of `ca_file`."""
    if model.ca_file is None:
        return True
    try:
        context = ssl.create_default_context()
        context.load_verify_locations(cafile=model.ca_file.expanduser())
    except (OSError, ssl.SSLError) as error:
        raise WrongRequest(f"ca_file {model.ca_file}: no certificates in PEM there ({type(error).__name__}).") from None
    return context
