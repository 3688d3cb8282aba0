"""An index of texts on disk: what `factory.near` needs to know of each, and not the text.

In      files of rows, folders of these, runs (`factory.others.texts`), other indexes.
Out     a Parquet file: of each text its id, its kind, its MinHash signature and the hashes of its shingles, so that the
        exact Jaccard similarity still decides.
Costs   4 * num_perm bytes a text and 4 bytes a shingle: 512 bytes and 1.4 kB for 2.2 kB of English, which is 0.9 of the
        text. While it is written some 60 MB; 3,800 texts of 2.2 kB a second, half of it for reading JSON.

A hash hides a text from readers and search engines. It is no encryption: who guesses five words in a row can check the
guess. Keep the index of private texts as private as the texts.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from factory import near, tables
from factory.errors import WrongRequest
from factory.others.texts import Other, texts

NAME = "near-index"
VERSION = "1"
SUFFIX = ".near"
GROUP_SHINGLES = 1 << 22  # of a row group: 16 MB
BATCH_TEXTS = 512
BATCH_CHARS = 2_000_000


@dataclass(frozen=True)
class Sketching:
    """How texts are sketched: an index serves only those who sketch alike."""

    ngram: int = 5
    unit: Literal["word", "char"] = "word"
    num_perm: int = 128

    @property
    def schema(self) -> pa.Schema:
        """The columns of an index; its metadata says how it was made."""
        noted = {"factory.table": NAME, "factory.version": VERSION, "sketching": repr(self)}
        columns = [("id", pa.string()), ("kind", pa.string()), ("signature", pa.binary(4 * self.num_perm))]
        return pa.schema([*columns, ("shingles", pa.list_(pa.uint32()))], metadata=noted)

    def rows(self, some: Sequence[Other]) -> pa.Table:
        """Some texts as rows of an index."""
        written = [other.text for other in some]
        sketched = near.signatures(written, ngram=self.ngram, unit=self.unit, num_perm=self.num_perm)
        values, offsets = near.shingles(written, ngram=self.ngram, unit=self.unit)
        columns = [
            pa.array([other.id for other in some], pa.string()),
            pa.array([other.kind for other in some], pa.string()),
            pa.array([row.tobytes() for row in sketched.astype("<u4")], pa.binary(4 * self.num_perm)),
            pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(values)),
        ]
        return pa.Table.from_arrays(columns, schema=self.schema)


def is_index(path: Path) -> bool:
    """Whether a file is an index, of whatever sketching."""
    if path.suffix != SUFFIX or not path.is_file():
        return False
    try:
        return (pq.read_schema(path).metadata or {}).get(b"factory.table") == NAME.encode()
    except (OSError, pa.ArrowInvalid):
        raise WrongRequest(f"{path} cannot be read as an index. Write it again.") from None


def check(path: Path, sketching: Sketching) -> None:
    """Raise WrongRequest where `path` is an index that was not made by `sketching`, or by this version."""
    if not is_index(path):
        return
    noted = pq.read_schema(path).metadata
    made, version = noted.get(b"sketching", b"?").decode(), noted.get(b"factory.version", b"?").decode()
    if (made, version) != (repr(sketching), VERSION):
        raise WrongRequest(
            f"{path} is an index of {made}, version {version}; asked for is {sketching!r}, version {VERSION}. "
            "Write it again, or give the filter the options of the index."
        )


def write_index(
    sources: Iterable[str | Path],
    out: str | Path,
    *,
    ngram: int = 5,
    unit: Literal["word", "char"] = "word",
    num_perm: int = 128,
) -> int:
    """Write what is compared of the texts of files, folders, runs and indexes to the file `out`; returns their number.

    `out` ends in `.near`. The options are those of `minhash_dedup`. Raises WrongRequest for a source that cannot be
    read, and for an `out` of another name.
    """
    path, sketching = Path(out), Sketching(ngram, unit, num_perm)
    if path.suffix != SUFFIX:
        raise WrongRequest(f"{path} does not end in '{SUFFIX}', by which an index is known.")
    with tables.PartWriter(path, sketching.schema, group_rows=tables.GROUP_ROWS) as part:
        for source in map(Path, sources):
            for group in _grouped(_pieces(source, sketching)):
                part.write_table(group)
    return part.rows


def _pieces(source: Path, sketching: Sketching) -> Iterator[pa.Table]:
    """The rows of an index for one source, some at a time."""
    if not source.exists():
        raise WrongRequest(f"There is no {source}.")
    if is_index(source):
        check(source, sketching)
        file = tables.parquet(source)
        yield from (file.read_row_group(nth) for nth in range(file.num_row_groups))
        return
    found = texts(source)
    while batch := _batch(found):
        yield sketching.rows(batch)


def _batch(found: Iterator[Other]) -> list[Other]:
    """The next texts: at most `BATCH_TEXTS`, or as many as have `BATCH_CHARS`."""
    batch, size = list(islice(found, 1)), 0
    while batch and len(batch) < BATCH_TEXTS and (size := size + len(batch[-1].text)) < BATCH_CHARS:
        more = list(islice(found, 1))
        if not more:
            break
        batch += more
    return batch


def _grouped(pieces: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Neighbours joined to row groups of at most `GROUP_ROWS` rows and about `GROUP_SHINGLES` shingles."""
    held: list[pa.Table] = []
    for piece in chain(pieces, [None]):
        some = [*held, piece] if piece is not None else held
        rows, size = sum(map(len, some)), sum(_shingles(one) for one in some)
        if held and (piece is None or rows > tables.GROUP_ROWS or size > GROUP_SHINGLES):
            yield pa.concat_tables(held)
            held = []
        if piece is not None:
            held.append(piece)


def _shingles(piece: pa.Table) -> int:
    return sum(len(chunk.flatten()) for chunk in piece["shingles"].chunks)


@contextmanager
def opened(sources: Sequence[Path], sketching: Sketching) -> Iterator[list["Index"]]:
    """The indexes of some sources; of what is none yet, one is made and gone at the end.

    Raises WrongRequest as `check` and `texts` do.
    """
    with TemporaryDirectory() as folder:
        found = []
        for nth, source in enumerate(sources):
            check(source, sketching)
            file = source
            if not is_index(source):
                file = Path(folder, str(nth)).with_suffix(SUFFIX)
                write_index([source], file, ngram=sketching.ngram, unit=sketching.unit, num_perm=sketching.num_perm)
            found.append(Index(file, source.name))
        yield found


class Index:
    """An index that is read a row group at a time; `name` is what evidence calls it."""

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self._file = tables.parquet(path)
        self.groups = self._file.num_row_groups

    def sketched(self, group: int) -> tuple[list[str], near.Signatures]:
        """The kinds and the signatures of a row group."""
        table = self._file.read_row_group(group, columns=["kind", "signature"])
        joined = b"".join(table["signature"].to_pylist())
        return table["kind"].to_pylist(), np.frombuffer(joined, "<u4").reshape(len(table), -1)

    def shingles(self, group: int, rows: near.Indices) -> near.Shingles:
        """The shingles of some rows of a group."""
        lists = self._file.read_row_group(group, columns=["shingles"])["shingles"].combine_chunks().take(pa.array(rows))
        offsets = lists.offsets.to_numpy().astype(np.int64)
        return near.Shingles(lists.values.to_numpy()[offsets[0] : offsets[-1]], offsets - offsets[0])

    def ids(self, group: int, rows: Sequence[int]) -> list[str]:
        """The ids of some rows of a group."""
        column = self._file.read_row_group(group, columns=["id"])["id"]
        return [str(id_) for id_ in column.take(pa.array(rows, pa.int64())).to_pylist()]
