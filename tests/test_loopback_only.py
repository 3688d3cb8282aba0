"""The guard itself: a test that leaves this machine fails, whatever it does with the error."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.conftest import Attempts
from tests.loopback_only import Outside, is_here

ELSEWHERE = "192.0.2.1"  # TEST-NET-1: no machine has it


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1", "localhost", b"localhost", "", None]
)
def test_loopback_is_here(host: object) -> None:
    assert is_here(host)


@pytest.mark.parametrize(
    "host", [ELSEWHERE, "8.8.8.8", "2001:db8::1", "example.org", b"example.org", "localhost.example.org"]
)
def test_everything_else_is_not(host: object) -> None:
    assert not is_here(host)


@pytest.mark.parametrize("resolve", [
    lambda: socket.getaddrinfo("example.org", 443),
    lambda: socket.gethostbyname("example.org"),
    lambda: socket.gethostbyname_ex("example.org"),
    lambda: socket.gethostbyaddr(ELSEWHERE),
    lambda: socket.getnameinfo((ELSEWHERE, 80), 0),
    lambda: socket.create_connection((ELSEWHERE, 80), timeout=1),
    lambda: urlopen("http://example.org/"),
    lambda: asyncio.run(asyncio.open_connection("example.org", 443)),
])  # fmt: skip
def test_no_way_of_the_standard_library_leads_out(resolve: object, attempts: Attempts) -> None:
    with pytest.raises(Outside):
        resolve()  # type: ignore[operator]
    assert attempts.take()


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_bare_socket_cannot_reach_out_either(family: socket.AddressFamily, attempts: Attempts) -> None:
    address = (ELSEWHERE, 80) if family == socket.AF_INET else ("2001:db8::1", 80)
    with socket.socket(family) as stream, pytest.raises(Outside):
        stream.connect(address)
    with socket.socket(family) as stream, pytest.raises(Outside):
        stream.connect_ex(address)
    with socket.socket(family, socket.SOCK_DGRAM) as datagrams, pytest.raises(Outside):
        datagrams.sendto(b"?", address)
    assert len(attempts.take()) == 3


def test_an_attempt_whose_error_was_caught_is_still_noted(attempts: Attempts) -> None:
    with contextlib.suppress(Exception):
        socket.getaddrinfo("example.org", 443)
    [noted] = attempts.take()
    assert "example.org" in noted


def test_a_server_on_loopback_and_a_unix_socket_work() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        client.sendall(b"here")
        with server.accept()[0] as accepted:
            assert accepted.recv(4) == b"here"
    left, right = socket.socketpair(socket.AF_UNIX)
    with left, right:
        left.sendall(b"here")
        assert right.recv(4) == b"here"


@pytest.mark.parametrize("environment", ["inherited", "our sys.path"])
def test_a_child_process_cannot_leave_either(environment: str, attempts: Attempts) -> None:
    ours = {**os.environ, "PYTHONPATH": os.pathsep.join(place for place in sys.path if place)}
    code = "import socket\ntry:\n    socket.getaddrinfo('example.org', 443)\nexcept RuntimeError: print('refused')"
    child = subprocess.run(
        [sys.executable, "-c", code],
        env=ours if environment == "our sys.path" else None,
        capture_output=True,
        text=True,
        check=True,
    )
    assert child.stdout.strip() == "refused"
    [noted] = attempts.take()
    assert "example.org" in noted


def test_a_sitecustomize_of_the_machine_still_runs(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.of_the_machine = True")
    path = os.pathsep.join([os.environ["PYTHONPATH"], str(tmp_path)])
    code = "import sys; print(sys.of_the_machine)"
    child = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    assert child.stdout.strip() == "True"


def test_nothing_of_the_users_settings_reaches_a_test() -> None:
    assert os.environ["HF_HUB_OFFLINE"] == os.environ["HF_DATASETS_OFFLINE"] == "1"
    assert not [name for name in os.environ if name.startswith("FACTORY_")]
