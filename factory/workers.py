"""Processes that measure: filters run in them over Arrow batches, several at once.

One filter measures what it is shown (`measure`), or all filters of an audit say what they have to say of a part of a
table (`say`): rows are then sent and made once.

`python -m factory.workers` loads the filters once and forks, a worker for each pair of pipes, so that loading is paid
once and what was loaded is held once; where loading starts threads, which a fork would lose, or their number cannot
be told, each worker loads for itself. Requests and answers are length-prefixed JSON headers with Arrow streams, so
nothing is pickled, the caller's script is not imported again, and a worker ends when its pipe closes, however its
parent died. What is measured does not depend on where.
"""

import contextlib
import gc
import json
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from factory import pandas_later
from factory.errors import DeadWorld, WrongRequest
from factory.plugins import Filter

if TYPE_CHECKING:
    from factory.stages.part import Part, Said

PATIENCE_S = 10.0  # for a process whose pipe is closed
# numpy and pyarrow start threads where they are imported; Python 3.12 and later warn of a fork beside any.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
HEADER = struct.Struct("<II")  # bytes of the JSON, bytes of the Arrow stream


class MeasureFailed(Exception):
    """A filter raised on a batch. Holds the error's type, never its text, which may quote the row."""


class Workers:
    """Processes that measure; `close` when done. They load `filters`, and what these need, while nobody waits."""

    def __init__(self, count: int, filters: Sequence[Filter] = ()) -> None:
        asked, answered = ([os.pipe() for _ in range(count)] for _ in range(2))
        theirs = [(reads, writes) for (reads, _), (_, writes) in zip(asked, answered, strict=True)]
        self._process = _run(theirs, "load")
        self.each = [
            Worker(os.fdopen(writes, "wb"), os.fdopen(reads, "rb"))
            for (_, writes), (reads, _) in zip(asked, answered, strict=True)
        ]
        for end in (end for pair in theirs for end in pair):
            os.close(end)
        self.each[0].send({"filters": list(map(_named, filters))})

    def close(self) -> None:
        """End the processes: they end by themselves when their pipes close, on a busy machine after a while."""
        for worker in self.each:
            worker.close()
        for end in (self._process.terminate, self._process.kill):
            try:
                self._process.wait(timeout=PATIENCE_S)
                return
            except subprocess.TimeoutExpired:
                end()
        self._process.wait()


class Worker:
    """One of them, at the other end of two pipes."""

    def __init__(self, asks: IO[bytes], answers: IO[bytes]) -> None:
        self._asks, self._answers = asks, answers

    def send(self, header: dict[str, Any]) -> None:
        """Say something that is not answered; whoever asks next says that the process is gone, where it is."""
        with contextlib.suppress(BrokenPipeError):
            _send(self._asks, header, b"")

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
            _send(self._asks, asked, _to_bytes(pa.Table.from_batches([batch])))
            return _receive(self._answers)
        except (BrokenPipeError, EOFError):
            raise DeadWorld(
                "A measuring process ended by itself, perhaps for lack of memory. Run the same command again."
            ) from None

    def close(self) -> None:
        """Let it end."""
        for pipe in (self._asks, self._answers):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


def _named(filter_: Filter) -> dict[str, Any]:
    return {"plugin": filter_.plugin, "instance": filter_.instance, "options": dict(filter_.options)}


def measure_here(filter_: Filter, batch: pa.RecordBatch) -> pa.Table:
    """The filter's features of one batch, in this process. Raises MeasureFailed where the filter raised."""
    try:
        measured = filter_.code.measure(batch)
    except Exception as error:  # a filter's fault costs its row, not the run: the caller rejects it
        raise MeasureFailed(type(error).__name__) from error
    return pa.Table.from_batches([measured]) if isinstance(measured, pa.RecordBatch) else measured


def _to_bytes(table: pa.Table) -> memoryview:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return memoryview(sink.getvalue())


def _send(pipe: IO[bytes], header: dict[str, Any], *bodies: bytes | memoryview) -> None:
    encoded = json.dumps(header, default=str).encode()  # an option may be a path
    pipe.write(HEADER.pack(len(encoded), sum(map(len, bodies))) + encoded)
    for body in bodies:
        pipe.write(body)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    """One message. Raises EOFError where the other side is gone."""
    head = _exactly(pipe, HEADER.size)
    of_json, of_body = HEADER.unpack(head)
    return json.loads(_exactly(pipe, of_json)), _exactly(pipe, of_body)


def _exactly(pipe: IO[bytes], size: int) -> bytes:
    content = pipe.read(size)
    if len(content) < size:
        raise EOFError
    return content


Pipes = tuple[int, int]  # reading, writing


def _run(pipes: Sequence[Pipes], what: str) -> "subprocess.Popen[bytes]":
    """Our own interpreter and module, on these pipes."""
    environment = {**os.environ, **ONE_THREAD, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    command = [sys.executable, "-m", "factory.workers", what, *(f"{reads},{writes}" for reads, writes in pipes)]
    held = [end for pair in pipes for end in pair]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, env=environment, pass_fds=held)  # noqa: S603 # our own


def _main(what: str, *named: str) -> None:
    """`load`: load filters and be all workers, forked. `serve`: be one worker, which loads what it is asked for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    os.dup2(2, 1)  # what a plugin prints
    pandas_later.put_off()
    pipes = [(int(reads), int(writes)) for reads, _, writes in (name.partition(",") for name in named)]
    if what == "serve":
        _serve(*pipes[0], _Made())
        return
    with os.fdopen(os.dup(pipes[0][0]), "rb", buffering=0) as first:
        try:
            asked, _ = _receive(first)
        except EOFError:
            return
    made = _Made()
    _prepare(made.of(asked["filters"]))
    if len(pipes) > 1 and _threads() == 1:
        _fork(pipes, made)
        return
    others = [_run([pair], "serve") for pair in pipes[1:]]
    _close(pipes[1:])
    _serve(*pipes[0], made)
    for process in others:
        process.wait()


def _threads() -> int:
    """How many threads this process has; 0 where that cannot be told."""
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.is_dir() else 0


def _fork(pipes: Sequence[Pipes], made: "_Made") -> None:
    """A worker for each pair; this process waits for them, so that their costs are known to its parent."""
    gc.collect()
    gc.freeze()  # a collection in a worker would write to what it shares with the others
    workers: list[int] = []
    for pair in pipes:
        child = os.fork()
        if not child:
            _close([other for other in pipes if other != pair])
            with contextlib.suppress(BrokenPipeError):  # nobody waits for the answer
                _serve(*pair, made)
            os._exit(0)
        workers.append(child)
    _close(pipes)

    def end(_signal: int, _frame: FrameType | None) -> None:
        for worker in workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)

    signal.signal(signal.SIGTERM, end)
    for worker in workers:
        os.waitpid(worker, 0)


def _close(pipes: Sequence[Pipes]) -> None:
    for end in (end for pair in pipes for end in pair):
        os.close(end)


class _Made(dict[str, Filter]):
    """The filters that were asked for, each made once."""

    def of(self, asked: Sequence[dict[str, Any]]) -> list[Filter]:
        from factory import plugins

        found = []
        for one in asked:
            name = json.dumps(one, sort_keys=True)
            if name not in self:
                self[name] = plugins.filter_(one["plugin"], one["options"], instance=one["instance"])
            found.append(self[name])
        return found


def _serve(reads: int, writes: int, made: _Made) -> None:
    """Answer until the pipe closes."""
    with os.fdopen(reads, "rb") as requests, os.fdopen(writes, "wb") as answers:
        while True:
            try:
                asked, body = _receive(requests)
            except EOFError:
                return
            filters = made.of(asked["filters"])
            [batch] = pa.ipc.open_stream(body).read_all().combine_chunks().to_batches()
            _send(answers, *(_say(filters, batch, asked) if "kind" in asked else _measure(filters[0], batch)))


def _prepare(filters: Sequence[Filter]) -> None:
    """What is loaded with the first rows, before they come; what goes wrong here will with them, and be told then."""
    from factory.stages import part  # noqa: F401 # it is what takes the time

    for filter_ in filters:
        with contextlib.suppress(Exception):
            getattr(filter_.code, "prepare", lambda: None)()


Answer = tuple[Any, ...]  # a header, and what follows it


def _measure(filter_: Filter, batch: pa.RecordBatch) -> Answer:
    try:
        return {}, _to_bytes(measure_here(filter_, batch))
    except MeasureFailed as error:
        return ({"error": str(error)},)


def _say(filters: Sequence[Filter], batch: pa.RecordBatch, asked: dict[str, Any]) -> Answer:
    from factory.stages.part import Part, said_of

    try:
        said = said_of(Part(asked["kind"], batch, dict(asked["edits"])), filters)
    except WrongRequest as error:
        return ({"wrong": str(error)},)
    bodies: list[bytes | memoryview] = []
    sizes, figures = [], []
    for one in said:
        bodies.append(b"" if one.features is None else _to_bytes(one.features))
        sizes.append(len(bodies[-1]))
        bodies += [np.asarray(figure.values, np.float64).tobytes() for figure in one.figures]
        figures.append([[figure.name, figure.least, figure.most, len(figure.values)] for figure in one.figures])
    return {"verdicts": [one.verdicts for one in said], "sizes": sizes, "figures": figures}, *bodies


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):  # whoever started it has ended, for a reason that was said there
        _main(*sys.argv[1:])
