"""Work over batches of rows, in order: in this process first, in others too once it has taken a while."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, TypeVar

from factory.plugins import Filter
from factory.workers import Worker, Workers

PATIENCE_S = 2.0  # of measuring in this process before others are started: they cost about a second each
MANY_ROWS = 2_000  # that are known to come: others are started at once
Batch = TypeVar("Batch")


class Measuring:
    """Runs work over batches in order: in this process first, in others too once it has taken a while.

    `filters` are what the others load before they are asked for anything.
    """

    def __init__(self, workers: int | None = None, filters: Sequence[Filter] = ()) -> None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self._count = max(1, workers if workers is not None else cores)
        self._pool: ThreadPoolExecutor | None = None
        self._idle: SimpleQueue[Worker] = SimpleQueue()
        self._filters = filters
        self._workers: Workers | None = None

    def __enter__(self) -> "Measuring":
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        if self._workers is not None:
            self._workers.close()

    def begin(self, filters: Sequence[Filter]) -> None:
        """Start the processes that will be needed, and let them load these filters while other work is done here."""
        if self._count > 1 and self._pool is None:
            self._filters = filters
            self._start()

    def over(
        self, batches: Iterator[Batch], work: Callable[[Batch, Worker | None], Any], *, rows: int = 0
    ) -> Iterator[tuple[Batch, Any]]:
        """Each batch with what `work` made of it, in order; at most two batches a process are held.

        `rows` is how many are known to come.
        """
        spent = PATIENCE_S if rows >= MANY_ROWS and self._count > 1 else 0.0
        waiting: list[tuple[Batch, Future[Any]]] = []
        for batch in batches:
            if self._pool is None and (spent < PATIENCE_S or self._count == 1):
                began = time.monotonic()
                yield batch, work(batch, None)
                spent += time.monotonic() - began
                continue
            waiting.append((batch, self._submit(work, batch)))
            if len(waiting) >= 2 * self._count:
                first, future = waiting.pop(0)
                yield first, future.result()
        for first, future in waiting:
            yield first, future.result()

    def _submit(self, work: Callable[[Batch, Worker | None], Any], batch: Batch) -> "Future[Any]":
        pool = self._pool or self._start()
        return pool.submit(self._with_worker, work, batch)

    def _start(self) -> ThreadPoolExecutor:
        self._pool = ThreadPoolExecutor(self._count, thread_name_prefix="measure")
        self._workers = Workers(self._count, self._filters)
        for worker in self._workers.each:
            self._idle.put(worker)
        return self._pool

    def _with_worker(self, work: Callable[[Batch, Worker | None], Any], batch: Batch) -> Any:
        worker = self._idle.get()
        try:
            return work(batch, worker)
        finally:
            self._idle.put(worker)
