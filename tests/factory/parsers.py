"""Parsers that misbehave, for the process that must outlive them. Only a test can name one."""

import os
import signal
import sys
import time
from pathlib import Path

from factory.readers.reading import Mark

Parsed = tuple[str, list[Mark]]


def echo(path: Path) -> Parsed:
    return f"{os.getpid()}", [Mark("page", 0, 0, 1)]


def hang(path: Path) -> Parsed:
    while True:
        time.sleep(60)


def segfault(path: Path) -> Parsed:
    os.kill(os.getpid(), signal.SIGSEGV)
    return hang(path)


def exhaust(path: Path) -> Parsed:
    hoard = [bytearray(2**24)]
    while True:
        hoard.append(bytearray(2**24))


def abort_out_of_memory(path: Path) -> Parsed:
    """What Rust code does when an allocation fails."""
    sys.stderr.write("memory allocation of 10000 bytes failed\n")
    sys.stderr.flush()
    os.abort()


def panic(path: Path) -> Parsed:
    class PanicException(BaseException):
        """As pyo3 raises it: no Exception."""

    raise PanicException("called `Option::unwrap()` on a None value")


def chatter(path: Path) -> Parsed:
    """A library that prints to stdout, where the protocol runs."""
    os.write(1, b"warning: something\n" * 1000)
    return "fine", []


def lone_surrogate(path: Path) -> Parsed:
    return "a\ud800\x00b", []
