"""A parser in a process of its own: one that hangs, crashes or eats memory costs only its file.

Parent  `worker().parse("factory.readers.pdf:parse", path)` starts the child at the first call, keeps it for the next
        files, kills it when a file's time is up, and starts another after a crash.
Child   `python -P -m factory.readers.worker`: limits its own memory, then answers one request after the other.
Wire    length-prefixed JSON over pipes, both ways; no pickle, so a child that was taken over cannot run code here.
A parser is `module:function`, named by our own code alone: (Path, **options) -> (text, marks), or it raises BadItem.
"""

import atexit
import contextlib
import importlib
import json
import os
import signal
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path
from typing import IO, Any

from factory.errors import BadItem, DeadWorld
from factory.readers.limits import Limits
from factory.readers.reading import Mark, Parsed

START_S = 60.0  # to load the parser on a busy machine; 0.3 is usual
ORPHAN_S = 30  # how much longer than its limit a child whose parent died may go on
MAX_MESSAGE = 2**31  # bytes; 100 MB of text take 600 MB as JSON
_LENGTH = struct.Struct("<Q")
_OUT_OF_MEMORY = (b"memory allocation of", b"bad_alloc", b"Out of memory", b"out of memory", b"MemoryError")


class Worker:
    """One child process and the pipes to it. Not for two threads at once: `worker()` gives each its own."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._child: subprocess.Popen[bytes] | None = None
        self._complaints: IO[bytes] | None = None  # the child's stderr, read only to tell one crash from another

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def parse(self, parser: str, path: Path, **options: Any) -> Parsed:
        """What `parser` makes of `path`; its options are such that JSON can hold them.

        Raises BadItem: the parser's own reasons, ingest.timeout, ingest.out_of_memory, ingest.parser_crashed.
        Raises DeadWorld where no child can be started.
        """
        if self._child and self._child.poll() is not None:
            self.close()  # killed from outside between two files: not this file's fault
        child = self._child or self._start()
        self._forget_complaints()
        try:
            request = {"parser": parser, "path": str(path.absolute()), "options": options}
            reply, timed_out = self._exchange(child, request)
        except BaseException:  # Ctrl-C: its reply, still to come, would be taken for the next file's
            self.close()
            raise
        if reply is None:
            complaints = self._bury()
            raise self._timeout() if timed_out else _crash(complaints, self.limits.memory_mb)
        if timed_out or reply.get("reason") in ("ingest.out_of_memory", "ingest.parser_crashed"):
            self.close()  # killed just after it answered, or with a heap that no other file should meet
        if "reason" in reply:
            raise BadItem(reply["reason"], reply["detail"])
        return reply["text"], tuple(Mark(*mark) for mark in reply["marks"])

    def close(self) -> None:
        """End the child; the next file starts another."""
        if self._child:
            self._bury()

    def _start(self) -> subprocess.Popen[bytes]:
        root = str(Path(__file__).parents[2])
        inherited = os.environ.get("PYTHONPATH")
        limits = [str(self.limits.memory_mb), str(self.limits.timeout_s)]
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the child
        self._child = subprocess.Popen(  # noqa: S603  # our own module
            [sys.executable, "-P", "-m", "factory.readers.worker", *limits],  # -P: no json.py of the user's folder
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            env=os.environ | {"PYTHONPATH": f"{root}{os.pathsep}{inherited}" if inherited else root},
        )
        ready, _ = self._exchange(self._child, None, START_S)
        if ready is None:
            code = self._child.wait()
            self.close()
            raise DeadWorld(
                f"The process that parses files does not start (exit {code}). "
                "Try 'python -m factory.readers.worker 4096 120' to see why, then run the same command again."
            )
        return self._child

    def _exchange(
        self, child: subprocess.Popen[bytes], request: dict[str, Any] | None, within_s: float | None = None
    ) -> tuple[dict[str, Any] | None, bool]:
        """The reply, None where the child died first; and whether it died because its time was up."""
        up = threading.Event()

        def stop() -> None:
            up.set()
            child.kill()

        timer = threading.Timer(within_s or self.limits.timeout_s, stop)
        timer.daemon = True
        timer.start()
        try:
            if request is not None:
                _send(child.stdin, request)
            return _receive(child.stdout), up.is_set()
        except (OSError, ValueError, struct.error):  # a pipe that broke, a reply cut short
            child.kill()
            return None, up.is_set()
        finally:
            timer.cancel()

    def _forget_complaints(self) -> None:
        """What was said of earlier files; parent and child share the file's position."""
        if self._complaints:
            self._complaints.seek(0)
            self._complaints.truncate()

    def _bury(self) -> bytes:
        """Make sure that the child is gone and return the end of what it said on stderr."""
        child, complaints = self._child, self._complaints
        self._child = self._complaints = None
        if child is None or complaints is None:
            return b""
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr]  # both are PIPE
        with complaints:
            complaints.seek(max(0, complaints.seek(0, os.SEEK_END) - 65536))
            return complaints.read()

    def _timeout(self) -> BadItem:
        detail = f"Its parser was stopped after {self.limits.timeout_s:g} s. Split the file, or allow more time."
        return BadItem("ingest.timeout", detail)


_WORKERS: dict[tuple[int, int, Limits], Worker] = {}


def worker(limits: Limits) -> Worker:
    """The worker of this thread; it lives until `close_workers()` or the end of the program."""
    key = (os.getpid(), threading.get_ident(), limits)  # a forked process must not share its parent's pipes
    return _WORKERS.setdefault(key, Worker(limits))


def close_workers() -> None:
    """End the parser processes that this process started."""
    for key in [key for key in _WORKERS if key[0] == os.getpid()]:
        _WORKERS.pop(key).close()


@contextlib.contextmanager
def workers() -> Iterator[None]:
    """Whatever parser processes are started inside are gone at the end."""
    try:
        yield
    finally:
        close_workers()


atexit.register(close_workers)


def _crash(complaints: bytes, memory_mb: int) -> BadItem:
    if any(sign in complaints for sign in _OUT_OF_MEMORY):
        return _out_of_memory(memory_mb)
    return BadItem("ingest.parser_crashed", "Its parser crashed. Open and save it again with a current program.")


def _out_of_memory(memory_mb: int) -> BadItem:
    detail = f"Its parser needs more than {memory_mb} MB. Split the file, or allow more memory."
    return BadItem("ingest.out_of_memory", detail)


def _send(pipe: IO[bytes] | None, message: dict[str, Any]) -> None:
    assert pipe is not None  # noqa: S101  # for mypy: every pipe here is PIPE
    data = json.dumps(message).encode()  # ASCII: lone surrogates pass
    pipe.write(_LENGTH.pack(len(data)) + data)
    pipe.flush()


def _receive(pipe: IO[bytes] | None) -> dict[str, Any] | None:
    """The next message; None at the end of the stream. Raises ValueError where it is cut or no JSON."""
    assert pipe is not None  # noqa: S101  # for mypy: every pipe here is PIPE
    if not (head := pipe.read(_LENGTH.size)):
        return None
    (length,) = _LENGTH.unpack(head)
    if length > MAX_MESSAGE:
        raise ValueError("message too long")
    message: dict[str, Any] = json.loads(pipe.read(length))
    return message


def _limit_memory(memory_mb: int) -> None:
    try:
        import resource
    except ImportError:  # Windows: the time limit alone protects
        return
    with contextlib.suppress(ValueError, OSError):  # macOS refuses RLIMIT_AS
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold the document
        resource.setrlimit(resource.RLIMIT_AS, (memory_mb * 2**20, memory_mb * 2**20))


def _answer(request: dict[str, Any], memory_mb: int) -> dict[str, Any]:
    try:
        return _parsed(request["parser"], Path(request["path"]), request["options"])
    except BadItem as error:
        rejection = error
    except MemoryError:
        rejection = _out_of_memory(memory_mb)
    except OSError as error:
        why = (error.strerror or "").lower()
        rejection = BadItem("ingest.unreadable", f"Could not be opened ({why}). Check that it is still there.")
    except BaseException:  # noqa: BLE001  # a panic of the Rust parser is no Exception
        rejection = _crash(b"", memory_mb)
    return {"reason": rejection.reason, "detail": rejection.detail}


def _parsed(parser: str, path: Path, options: dict[str, Any]) -> dict[str, Any]:
    module, function = parser.split(":")
    text, marks = getattr(importlib.import_module(module), function)(path, **options)
    return {"text": text, "marks": [astuple(mark) for mark in marks]}


def main(memory_mb: int, timeout_s: float) -> None:
    """Answer requests on stdin until it ends. What a library prints goes to stderr, never into the protocol."""
    with os.fdopen(os.dup(0), "rb") as requests, os.fdopen(os.dup(1), "wb") as replies:
        os.dup2(2, 1)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
        importlib.import_module("kreuzberg")
        _limit_memory(memory_mb)
        _send(replies, {"ready": True})
        while (request := _receive(requests)) is not None:
            if hasattr(signal, "alarm"):
                signal.alarm(int(timeout_s) + ORPHAN_S)
            reply = _answer(request, memory_mb)
            if hasattr(signal, "alarm"):
                signal.alarm(0)
            _send(replies, reply)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
