"""Processes that measure: filters run in them over Arrow batches, several at once.

One filter measures what it is shown (`measure`), or all filters of an audit say what they have to say of a part of a
table (`say`): rows are then sent and made once.

A worker is `python -m factory.workers` on two pipes; requests and answers are length-prefixed JSON headers with Arrow
streams, so nothing is pickled, the caller's script is not imported again, and a worker ends when its pipe closes,
however its parent died. What is measured does not depend on where.
"""

import contextlib
import json
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from factory.errors import DeadWorld, WrongRequest
from factory.plugins import Filter

if TYPE_CHECKING:
    from factory.stages.part import Part, Said

PATIENCE_S = 10.0  # for a process whose pipe is closed
HEADER = struct.Struct("<II")  # bytes of the JSON, bytes of the Arrow stream


class MeasureFailed(Exception):
    """A filter raised on a batch. Holds the error's type, never its text, which may quote the row."""


class Worker:
    """One process that measures. Use `measure`; `close` when done."""

    def __init__(self) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
        self._process = subprocess.Popen(  # our own interpreter and module
            [sys.executable, "-m", "factory.workers"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        self._prepares = False

    def prepare(self, filters: Sequence[Filter]) -> None:
        """Let it load these filters, and what they need for their rows; does not wait for it."""
        with contextlib.suppress(BrokenPipeError):  # whoever asks it next says that it is gone
            _send(self._process.stdin, {"filters": list(map(_named, filters)), "prepare": True}, b"")
            self._prepares = True

    def measure(self, filter_: Filter, batch: pa.RecordBatch) -> pa.Table:
        """The filter's features of one batch. Raises MeasureFailed where the filter raised."""
        said, body = self._asked({"filters": [_named(filter_)]}, batch)
        if "error" in said:
            raise MeasureFailed(said["error"])
        return pa.ipc.open_stream(body).read_all()

    def say(self, part: "Part", filters: Sequence[Filter]) -> "list[Said]":
        """What all filters say of a part, as `factory.stages.part.said_of`. Raises WrongRequest as that does."""
        from factory.figures import Figure
        from factory.stages.part import Said

        edits = list(part.edits.items())  # JSON has no numbers for keys
        asked = {"filters": list(map(_named, filters)), "kind": part.kind, "edits": edits}
        said, body = self._asked(asked, part.rows)
        if "wrong" in said:
            raise WrongRequest(said["wrong"])
        found, at = [], 0
        for verdicts, size, figures in zip(said["verdicts"], said["sizes"], said["figures"], strict=True):
            features = pa.ipc.open_stream(pa.py_buffer(body)[at : at + size]).read_all() if size else None
            at += size
            told = []
            for name, least, most, count in figures:
                told.append(Figure(name, np.frombuffer(body, np.float64, count, at), least, most))
                at += told[-1].values.nbytes
            found.append(Said(verdicts, features, told))
        return found

    def _asked(self, asked: dict[str, Any], batch: pa.RecordBatch) -> tuple[dict[str, Any], bytes]:
        try:
            if self._prepares:
                _receive(self._process.stdout)
                self._prepares = False
            _send(self._process.stdin, asked, _to_bytes(pa.Table.from_batches([batch])))
            return _receive(self._process.stdout)
        except (BrokenPipeError, EOFError):
            raise DeadWorld(
                "A measuring process ended by itself, perhaps for lack of memory. Run the same command again."
            ) from None

    def close(self) -> None:
        """End the process: it ends by itself when its pipe closes, on a busy machine after a while."""
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()  # type: ignore[union-attr] # both are pipes, above
        try:
            self._process.wait(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _named(filter_: Filter) -> dict[str, Any]:
    return {"plugin": filter_.plugin, "instance": filter_.instance, "options": dict(filter_.options)}


def measure_here(filter_: Filter, batch: pa.RecordBatch) -> pa.Table:
    """The filter's features of one batch, in this process. Raises MeasureFailed where the filter raised."""
    try:
        measured = filter_.code.measure(batch)
    except Exception as error:  # a filter's fault costs its row, not the run: the caller rejects it
        raise MeasureFailed(type(error).__name__) from error
    return pa.Table.from_batches([measured]) if isinstance(measured, pa.RecordBatch) else measured


def _to_bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())


def _send(pipe: IO[bytes] | None, header: dict[str, Any], body: bytes) -> None:
    assert pipe is not None  # noqa: S101 # opened as a pipe
    encoded = json.dumps(header, default=str).encode()  # an option may be a path
    pipe.write(HEADER.pack(len(encoded), len(body)) + encoded + body)
    pipe.flush()


def _receive(pipe: IO[bytes] | None) -> tuple[dict[str, Any], bytes]:
    """One message. Raises EOFError where the other side is gone."""
    assert pipe is not None  # noqa: S101 # opened as a pipe
    head = _exactly(pipe, HEADER.size)
    of_json, of_body = HEADER.unpack(head)
    return json.loads(_exactly(pipe, of_json)), _exactly(pipe, of_body)


def _exactly(pipe: IO[bytes], size: int) -> bytes:
    content = pipe.read(size)
    if len(content) < size:
        raise EOFError
    return content


def _serve() -> None:
    """Answer until the pipe closes. What a plugin prints goes to stderr: stdout is the wire."""
    from factory import plugins

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    wire = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    made: dict[str, Filter] = {}
    while True:
        try:
            asked, body = _receive(sys.stdin.buffer)
        except EOFError:
            return
        filters = []
        for one in asked["filters"]:
            name = json.dumps(one, sort_keys=True)
            if name not in made:
                made[name] = plugins.filter_(one["plugin"], one["options"], instance=one["instance"])
            filters.append(made[name])
        if "prepare" in asked:
            _prepare(filters)
            _send(wire, {}, b"")
            continue
        [batch] = pa.ipc.open_stream(body).read_all().combine_chunks().to_batches()
        _send(wire, *(_say(filters, batch, asked) if "kind" in asked else _measure(filters[0], batch)))


def _prepare(filters: Sequence[Filter]) -> None:
    """What is loaded with the first rows, before they come; what goes wrong here will with them, and be told then."""
    from factory.stages import part  # noqa: F401 # it is what takes the time

    for filter_ in filters:
        with contextlib.suppress(Exception):
            getattr(filter_.code, "prepare", lambda: None)()


def _measure(filter_: Filter, batch: pa.RecordBatch) -> tuple[dict[str, Any], bytes]:
    try:
        return {}, _to_bytes(measure_here(filter_, batch))
    except MeasureFailed as error:
        return {"error": str(error)}, b""


def _say(filters: Sequence[Filter], batch: pa.RecordBatch, asked: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    from factory.stages.part import Part, said_of

    try:
        said = said_of(Part(asked["kind"], batch, dict(asked["edits"])), filters)
    except WrongRequest as error:
        return {"wrong": str(error)}, b""
    bodies: list[bytes] = []
    sizes, figures = [], []
    for one in said:
        bodies.append(b"" if one.features is None else _to_bytes(one.features))
        sizes.append(len(bodies[-1]))
        bodies += [np.asarray(figure.values, np.float64).tobytes() for figure in one.figures]
        figures.append([[figure.name, figure.least, figure.most, len(figure.values)] for figure in one.figures])
    return {"verdicts": [one.verdicts for one in said], "sizes": sizes, "figures": figures}, b"".join(bodies)


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):  # whoever started it has ended, for a reason that was said there
        _serve()
