"""One try against a real server on loopback: every way in which it can end has a name."""

import asyncio
import json
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from yarl import URL

from factory.errors import DeadWorld, WrongRequest
from factory.llm import LLM, transport
from factory.llm.pool import Pool
from factory.llm.settings import Model, Timeout
from factory.llm.transport import Transport, Try
from tests.model_server import Choice, ModelServer

PATIENT = Timeout(connect=30, first_byte=30, total=60)
HURRIED = {"hang": Timeout(connect=30, first_byte=0.3, total=60), "hang_in_body": Timeout(total=0.6)}


def body(text: str = "Name a colour.", **more: Any) -> bytes:
    return json.dumps({"model": "q", "messages": [{"role": "user", "content": text}], **more}).encode()


async def send(url: str, sent: bytes | None = None, **settings: Any) -> Try:
    model = Model.of({"model": "q", "base_url": url, **settings})
    async with Transport(model) as opened:
        return await opened.send(URL(model.urls()[0], encoded=True), body() if sent is None else sent)


async def test_an_answer() -> None:
    with ModelServer(replies=["red"]) as server:
        tried = await send(server.url)
    assert (tried.status, tried.fault) == (200, None)
    assert tried.json["choices"][0]["message"]["content"] == "red"
    assert tried.seconds > 0


@pytest.mark.parametrize(
    ("fault", "status", "named"),
    [
        ("http_429", 429, "http_429"),
        ("http_429_bare", 429, "http_429"),
        ("http_500", 500, "http_5xx"),
        ("http_503", 503, "http_5xx"),
        ("http_404", 404, "http_404"),
        ("insufficient_quota", 429, "http_429"),
        ("hang", None, "timeout.first_byte"),
        ("hang_in_body", 200, "timeout.total"),
        ("reset", None, "reset"),
        ("cut_body", 200, "cut_body"),
        ("not_json", 200, "not_json"),
        ("wrong_shape", 200, "wrong_shape"),
        ("empty_choice", 200, "empty_choice"),
        ("wrong_content_type", 200, "wrong_content_type"),
        ("very_large", 200, "too_large"),
        ("redirect", 307, "http_307"),
        ("length", 200, None),
        ("bad_content", 200, None),
        ("content_filter", 200, None),
    ],
)
async def test_every_fault_has_a_name_and_the_next_try_is_fine(
    fault: str, status: int | None, named: str | None
) -> None:
    with ModelServer() as server:
        server.fails(fault)
        model = Model(model="q", base_url=server.url, timeout=HURRIED.get(fault, PATIENT))
        async with Transport(model) as opened:
            url = URL(model.urls()[0])
            tried = await opened.send(url, body())
            assert (tried.status, tried.fault) == (status, named)
            assert tried.wait == (1.0 if fault in ("http_429", "http_503", "insufficient_quota") else None)
            if fault not in HURRIED:
                assert (await opened.send(url, body())).fault is None
        assert server.requests == (1 if fault in HURRIED else 2)


async def test_a_redirect_takes_no_key_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_KEY", "hunter2")
    with ModelServer(api_key="hunter2") as server:
        server.fails("redirect")
        assert (await send(server.url, api_key_env="ACME_KEY")).status == 307
        assert server.requests == 1
        assert server.seen[0].headers["Authorization"] == "Bearer hunter2"
        assert "Cookie" not in server.seen[0].headers


async def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    tried = await send(f"http://127.0.0.1:{port}/v1")
    assert (tried.status, tried.fault) == (None, "connect")


async def test_who_does_not_take_the_connection_in_time() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):  # the queue of one is full, and nobody takes from it
            found = [
                await send(f"http://127.0.0.1:{port}/v1", timeout=Timeout(connect=0.2, first_byte=30, total=60))
                for _ in range(3)
            ]
    assert found[-1].fault == "timeout.connect"


async def test_what_the_three_timeouts_are_for() -> None:
    with ModelServer(delay=2) as server:
        assert (await send(server.url, timeout=Timeout(connect=1.5, first_byte=30, total=60))).fault is None
        assert (await send(server.url, timeout=Timeout(first_byte=0.2, total=60))).fault == "timeout.first_byte"
        assert (await send(server.url, timeout=Timeout(first_byte=60, total=0.2))).fault == "timeout.first_byte"


@contextmanager
def speaks(said: bytes) -> Iterator[str]:
    """A server that says these bytes to whoever connects, and closes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            taken, _ = listening.accept()
            with taken:
                taken.recv(2**16)
                taken.sendall(said)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        thread.join()


def http(said: bytes, head: str = "200 OK", kind: str = "application/json") -> bytes:
    return f"HTTP/1.1 {head}\r\nContent-Type: {kind}\r\nContent-Length: {len(said)}\r\n\r\n".encode() + said


@pytest.mark.parametrize(
    ("said", "status", "named"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", None, "not_http"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", None, "not_http"),
        (b"", None, "reset"),
        (http(b'{"choices": [{"message": {"content": "\\ud800"}}]}'), 200, None),
        (http(b'{"choices": [{"message": {"content": "\xff"}}]}'), 200, "not_json"),
        (http(b"[" * 100_000), 200, "not_json"),
        (http(b'{"choices": [{"message": {}}]}', kind="text/plain"), 200, None),
        (http(b'{"choices": [{"message": "red"}]}'), 200, "wrong_shape"),
        (http(b'{"choices": [3]}'), 200, "wrong_shape"),
        (http(b"[]"), 200, "wrong_shape"),
        (http(b""), 200, "not_json"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, "http_204"),
        (http(b'{"error": {"code": 429, "message": "slow down"}}'), 429, "http_429"),
        (http(b'{"error": {"code": "overloaded"}}'), 502, "http_5xx"),
        (http(b'{"error": "overloaded"}'), 502, "http_5xx"),
        (http(b"x" * 100_000, head="500 Oh"), 500, "http_5xx"),
    ],
)
async def test_what_else_servers_say(said: bytes, status: int | None, named: str | None) -> None:
    with speaks(said) as url:
        tried = await send(url)
    assert (tried.status, tried.fault) == (status, named)


async def test_what_remains_is_heard() -> None:
    headers = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "2.5s"}
    with ModelServer(headers=headers) as server:
        assert (await send(server.url)).rest == 2.5


async def test_a_request_of_megabytes_is_sent_whole() -> None:
    with ModelServer() as server:
        sent = body("long " * 500_000)
        assert len(sent) > transport.AT_ONCE
        assert (await send(server.url, sent)).fault is None
        assert server.seen[0].body == json.loads(sent)


async def test_connections_are_kept_for_the_next_request() -> None:
    with ModelServer() as server:
        model = Model(model="q", base_url=server.url)
        async with Transport(model) as opened:
            for _ in range(5):
                await opened.send(URL(model.urls()[0]), body())
        assert server.connections == 1


async def test_a_try_that_is_cancelled_leaves_nothing_open() -> None:
    with ModelServer(delay=30) as server:
        model = Model(model="q", base_url=server.url)
        async with Transport(model) as opened:
            task = asyncio.create_task(opened.send(URL(model.urls()[0]), body()))
            while not server.in_flight:  # noqa: ASYNC110  # the server is on another thread
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task


async def test_closed_is_said() -> None:
    with pytest.raises(WrongRequest, match="async with"):
        await Transport(Model(model="q")).send(URL("http://127.0.0.1/v1"), b"{}")


# --- proxies and certificates ----------------------------------------------------------------------------------------


async def test_the_environment_s_proxy_is_used_only_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with ModelServer() as server, ModelServer() as other:
        monkeypatch.setenv("HTTP_PROXY", other.url.removesuffix("/v1"))
        monkeypatch.setenv("http_proxy", other.url.removesuffix("/v1"))
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        assert Transport(Model(model="q", base_url=server.url)).proxy("http://far.example/v1") is None
        asking = Transport(Model(model="q", base_url=server.url, proxy="env"))
        assert asking.proxy("http://far.example/v1") == other.url.removesuffix("/v1")
        monkeypatch.setenv("no_proxy", "far.example")
        assert asking.proxy("http://far.example/v1") is None


async def test_the_environment_s_proxy_gets_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    with ModelServer() as proxy:
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("http_proxy", f"http://me:hunter2@127.0.0.1:{proxy.port}")
        model = Model(model="q", base_url="http://192.0.2.1/v1", proxy="env")
        async with Transport(model) as opened:
            url = model.urls()[0]
            assert (await opened.send(URL(url), body(), opened.proxy(url))).fault is None
        assert proxy.seen[0].headers["Proxy-Authorization"].startswith("Basic ")


async def test_a_proxy_that_is_named_carries_the_request() -> None:
    with ModelServer() as proxy:
        model = Model(model="q", base_url="http://127.0.0.1:9/v1", proxy=proxy.url.removesuffix("/v1"))
        async with Transport(model) as opened:
            url = model.urls()[0]
            assert (await opened.send(URL(url), body(), opened.proxy(url))).fault is None
        assert proxy.seen[0].headers["Host"] == "127.0.0.1:9"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl here to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    made, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-keyout", key, "-out", made, "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    return made, key


async def test_a_certificate_is_believed_only_when_its_authority_is_named(certificate: tuple[Path, Path]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with ModelServer(tls=context) as server:
        assert (await send(server.url)).fault == "certificate"
        async with Pool(Model(model="q", base_url=server.url)) as pool:
            with pytest.raises(DeadWorld, match="'ca_file:'"):
                await pool.post(body(), tokens=10)
        assert server.requests == 0
        assert (await send(server.url, ca_file=str(certificate[0]))).fault is None


async def test_a_ca_file_without_a_certificate_is_said(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing", encoding="utf-8")
    for name in ("ca.pem", "absent.pem"):
        with pytest.raises(WrongRequest, match=name):
            await send("https://127.0.0.1/v1", ca_file=str(tmp_path / name))


async def test_a_reasoning_reply_comes_through() -> None:
    with ModelServer(replies=[Choice("red", reasoning="Let me think.")]) as server:
        tried = await send(server.url)
    assert tried.json["choices"][0]["message"]["reasoning_content"] == "Let me think."


async def test_azure_is_asked_as_the_maker_s_own_client_asks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from openai import AsyncAzureOpenAI

    monkeypatch.setenv("ACME_KEY", "hunter2")
    with ModelServer(replies=["red", "red"]) as server:
        root = server.url.removesuffix("/v1")
        async with AsyncAzureOpenAI(azure_endpoint=root, api_key="hunter2", api_version="2024-10-21") as theirs:
            said = [{"role": "user", "content": "Name a colour."}]
            await theirs.chat.completions.create(model="gpt", messages=said, max_tokens=9)  # type: ignore[arg-type]
        settings = {"base_url": root, "api_version": "2024-10-21", "api_key_env": "ACME_KEY", "max_tokens": 9}
        async with LLM(model="gpt", **settings) as ours:
            await ours.chat("Name a colour.")
        first, second = server.seen
    assert second.path == first.path == "/openai/deployments/gpt/chat/completions?api-version=2024-10-21"
    assert second.headers["api-key"] == first.headers["api-key"] == "hunter2"
    assert "Authorization" not in second.headers
    assert second.body == first.body
