"""Rows that wait for their split: on disk in sorted runs, merged in the order of their ids at the end.

An external merge sort: memory is one run while rows come (32 MB a kind) and about half a megabyte a run while they
are merged, however many rows there are. What near-duplicates are found by is on disk too, 512 bytes a row, and mapped.
"""

import heapq
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from factory import near, tables

RUN_BYTES = 32 << 20  # of memory: a letter takes up to four
GROUP_BYTES, GROUP_ROWS = 1 << 18, 64  # what the merge holds of each run
TEXTS_BYTES = 8 << 20  # as many texts are signed at once, or BATCH_ROWS
TEXTS = pa.schema([("text", pa.large_string())])


class Waiting:
    """Rows of several kinds, each with the text that near-duplicates are looked for in (not so without `alike`)."""

    def __init__(self, folder: Path, schema: Callable[[str], pa.Schema], *, alike: bool = True) -> None:
        self.count = 0  # of rows; each has its place: the order in which they were added
        self._folder, self._schema, self._alike = folder, schema, alike
        self._runs: dict[str, list[Path]] = {}
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._bytes: dict[str, int] = {}
        self._texts: list[str] = []
        self._texts_bytes = 0
        shutil.rmtree(folder, ignore_errors=True)

    def add(self, kind: str, row: dict[str, Any], text: str) -> None:
        """One more row."""
        size = sys.getsizeof(text)
        self._rows.setdefault(kind, []).append({**row, "place": self.count})
        self._bytes[kind] = self._bytes.get(kind, 0) + size + sys.getsizeof(row["meta"])
        if self._bytes[kind] >= RUN_BYTES:
            self._end_run(kind)
        self.count += 1
        if not self._alike:
            return
        self._texts.append(text)
        self._texts_bytes += size
        if len(self._texts) >= tables.BATCH_ROWS or self._texts_bytes >= TEXTS_BYTES:
            self._end_texts()

    @property
    def kinds(self) -> list[str]:
        """The kinds of the rows, sorted."""
        return sorted(self._bytes)

    def _end_run(self, kind: str) -> None:
        rows = sorted(self._rows.pop(kind), key=lambda row: str(row["id"]))
        size, self._bytes[kind] = self._bytes[kind], 0
        runs = self._runs.setdefault(kind, [])
        runs.append(self._folder / kind / f"{len(runs):05d}.parquet")
        schema = self._schema(kind).append(pa.field("place", pa.int64()))
        table = pa.Table.from_pylist(rows, schema=schema)
        group_rows = max(1, min(GROUP_ROWS, GROUP_BYTES * len(rows) // max(1, size)))
        tables.write_parquet(runs[-1], schema, [table], group_rows=group_rows)

    def _end_texts(self) -> None:
        file = self._folder / "texts" / f"{self.count - len(self._texts):012d}.parquet"
        table = pa.table({"text": pa.array(self._texts, pa.large_string())}, schema=TEXTS)
        tables.write_parquet(file, TEXTS, [table])
        with tables.writing(self._signatures), self._signatures.open("ab") as signatures:
            signatures.write(near.signatures(self._texts).tobytes())
        self._texts, self._texts_bytes = [], 0

    @property
    def _signatures(self) -> Path:
        return self._folder / "signatures.bin"

    def clusters(self, threshold: float) -> NDArray[np.int64]:
        """The near-duplicate cluster of each row, by place. Ends the adding."""
        if self._texts:
            self._end_texts()
        if not self.count:
            return np.zeros(0, dtype=np.int64)
        signatures = np.memmap(self._signatures, np.uint32, "r").reshape(self.count, -1)
        return near.near_duplicates_of(signatures, self._texts_of, threshold=threshold)

    def _texts_of(self, places: NDArray[np.int64]) -> list[str]:
        """The texts of some rows; `places` ascend."""
        wanted, at = places.tolist(), 0
        found: list[str] = []
        for file in sorted((self._folder / "texts").glob("*.parquet")):
            first, here = int(file.stem), list[int]()
            end = first + pq.read_metadata(file).num_rows
            while at < len(wanted) and wanted[at] < end:
                here.append(wanted[at] - first)
                at += 1
            if here:
                found += tables.parquet(file).read(["text"])["text"].take(pa.array(here)).to_pylist()
        return found

    def sorted(self, kind: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """(place, row) of a kind, in the order of the ids. Ends the adding."""
        if self._rows.get(kind):
            self._end_run(kind)
        for row in heapq.merge(*map(_read, self._runs.get(kind, [])), key=lambda row: str(row["id"])):
            yield row.pop("place"), row

    def forget(self) -> None:
        """Remove the files."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _read(run: Path) -> Iterator[dict[str, Any]]:
    file = tables.parquet(run)
    for group in range(file.num_row_groups):
        yield from file.read_row_group(group, use_threads=False).to_pylist()
