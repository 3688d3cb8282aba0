"""Features: what a filter measured, kept by the content it was measured on.

One file a filter and table. A row's key is a digest of all that the filter saw of it; the file's stamp names the
filter, its source and its measuring options. The same content under the same stamp is never measured twice, whatever
row it stands in; a new threshold measures nothing.
"""

import contextlib
import hashlib
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from factory import origins, runs, tables
from factory.corpus import Row
from factory.plugins import Filter

KEY = pa.binary(16)


def stamp(filter_: Filter) -> str:
    """What names the features of a filter besides the content: its code, its measuring options, the core's kernels."""
    its_key = hashlib.blake2b(filter_.key, digest_size=4).hexdigest() if filter_.key else ""
    of_it = (filter_.plugin, filter_.measures + its_key, filter_.sees, dict(filter_.measuring))
    return runs.fingerprint(*of_it, runs.core_digest())


def key(row: Row, sees: str) -> bytes:
    """A digest of all that a filter sees of a row, its id apart."""
    total = hashlib.blake2b(digest_size=16)
    if sees in origins.SEES:
        total.update(repr(origins.shown(row, sees)).encode())
        return total.digest()
    parts: Sequence[str] = (
        [row.text] if sees not in ("strings", "record") else [part for string in row.strings for part in string]
    )
    for part in parts:
        encoded = part.encode()
        total.update(len(encoded).to_bytes(8, "little") + encoded)
    if sees == "row":
        total.update(repr(sorted(row.info.items())).encode())
    if sees == "record":
        total.update(f"{row.info['kind']}\n{row.meta_json}".encode())
    return total.digest()


class Known:
    """Features measured before, by key. Memory: about 100 bytes a row; rows are read a group at a time."""

    def __init__(self, file: Path, wanted_stamp: str) -> None:
        self._places: dict[bytes, tuple[int, int]] = {}
        self._group, self._rows = -1, None
        self._lock = threading.Lock()
        self._file: pq.ParquetFile | None = None
        with contextlib.suppress(OSError, pa.ArrowInvalid):  # none yet, or damaged: measured anew
            opened = tables.parquet(file)
            if (opened.schema_arrow.metadata or {}).get(b"factory.stamp") != wanted_stamp.encode():
                return
            for group in range(opened.num_row_groups):
                keys = opened.read_row_group(group)["key"].to_pylist()
                self._places.update({key: (group, nth) for nth, key in enumerate(keys)})
            self._file = opened

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: bytes) -> bool:
        return key in self._places

    def take(self, keys: Sequence[bytes]) -> pa.Table:
        """The features under these keys, in their order, without the key column."""
        pieces: list[pa.Table] = []
        with self._lock:
            for group, nths in self._by_group(keys):
                if group != self._group and self._file is not None:
                    self._rows, self._group = self._file.read_row_group(group).drop_columns(["key"]), group
                assert self._rows is not None  # noqa: S101 # every place came from the open file
                pieces.append(self._rows.take(pa.array(nths)))
        return pa.concat_tables(pieces)

    def _by_group(self, keys: Sequence[bytes]) -> Iterator[tuple[int, list[int]]]:
        """Neighbouring keys of one row group together."""
        current, nths = -1, list[int]()
        for key in keys:
            group, nth = self._places[key]
            if group != current and nths:
                yield current, nths
                nths = []
            current = group
            nths.append(nth)
        if nths:
            yield current, nths


class Writer:
    """Writes a features file beside the old one, which stands until the new one is whole."""

    def __init__(self, file: Path, its_stamp: str) -> None:
        self._path, self._stamp = file, its_stamp
        self._beside = file.with_name(file.name + ".tmp")
        self._writer: pq.ParquetWriter | None = None

    def write(self, keys: Sequence[bytes], features: pa.Table) -> None:
        """Add the features of some rows under their keys."""
        with_keys = features.add_column(0, "key", pa.array(keys, KEY))
        with tables.writing(self._path):
            if self._writer is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                schema = with_keys.schema.with_metadata({"factory.table": "features", "factory.stamp": self._stamp})
                self._writer = pq.ParquetWriter(self._beside, schema, compression="lz4", write_page_checksum=True)
            self._writer.write_table(with_keys.cast(self._writer.schema))

    def close(self) -> None:
        """Put the file in its place; once done, again does nothing."""
        if self._writer is not None:
            with tables.writing(self._path):
                self._writer.close()
                self._beside.replace(self._path)
            self._writer = None


def read(file: Path) -> Iterator[pa.RecordBatch]:
    """The features of a file in order, without keys; none where nothing was measured."""
    if file.exists():
        opened = tables.parquet(file)
        for group in range(opened.num_row_groups):
            yield from opened.read_row_group(group).drop_columns(["key"]).to_batches()
