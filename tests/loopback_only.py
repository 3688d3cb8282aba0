"""Refuse whatever resolves or connects to a host that is not this machine, and note it down.

`install(notes)` adds an audit hook to this process: every way to a socket that Python has goes through one. `guard`
writes the folder that carries the hook into child processes. An attempt is noted in a file, too, because code that
goes on after an error would hide it.
"""

import os
import sys
from pathlib import Path
from typing import Any

RESOLVING = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
SENDING = {"socket.connect", "socket.sendto", "socket.sendmsg"}


class Outside(RuntimeError):
    """Something wanted to leave this machine."""


def install(notes: str | Path) -> None:
    """From now on refuse, in this process, every host but loopback; `notes` gets a line for each attempt."""

    def look(event: str, args: tuple[Any, ...]) -> None:
        if event in RESOLVING:
            host = args[0]
        elif event == "socket.getnameinfo":
            host = args[0][0]
        elif event in SENDING and isinstance(args[1], tuple) and len(args[1]) in (2, 4):  # AF_UNIX has no tuple
            host = args[1][0]
        else:
            return
        if not is_here(host):
            _note(notes, f"{event} {host!r} in {' '.join(sys.argv)[:200]}\n")
            raise Outside(f"{event}: {host!r} is not this machine, and tests stay on it")

    sys.addaudithook(look)


def _note(notes: str | Path, line: str) -> None:
    handle = os.open(notes, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, line.encode(errors="replace"))
    finally:
        os.close(handle)


def is_here(host: object) -> bool:
    """Whether a host is this machine: loopback, unspecified (what a server binds to), or none at all."""
    import ipaddress  # here: a child process that opens no socket does not pay for it

    name = host.decode(errors="replace") if isinstance(host, bytes | bytearray) else str(host or "")
    if name.rstrip(".").lower() in ("", "localhost"):
        return True
    try:
        address = ipaddress.ip_address(name.split("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_loopback or mapped.is_unspecified)


def guard(folder: Path, notes: Path) -> None:
    """Write a `sitecustomize` into `folder`: a Python that has it on its path starts with the hook installed."""
    source = Path(__file__).read_text(encoding="utf-8")
    start = f"\n\ninstall({str(notes)!r})\n_go_on({str(folder)!r})\n"
    (folder / "sitecustomize.py").write_text(source + start, encoding="utf-8")


def _go_on(folder: str) -> None:
    """Run the `sitecustomize` that would have been found without ours, if there is one."""
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    spec = PathFinder.find_spec("sitecustomize", [place for place in sys.path if place != folder])
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(module_from_spec(spec))
