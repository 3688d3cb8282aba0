"""Benchmarks as hashes: what `overlap` looks for, and the file in which it can be kept without the benchmark's text.

In      benchmark files (`benchmark_items`), or an index that `write_index` wrote.
Out     a `Hashed` an item: 64-bit hashes of its word n-grams, of its words and word pairs, of a short item whole.
Costs   some 3 kB an item in memory and 0.6 on disk; 14,000 items a second.

A hash hides a text from readers, search engines and crawlers. It is no encryption: who guesses an item can check the
guess, and single words can be found with a word list. Keep the index of a secret benchmark secret.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import chain, count
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from factory import inputs, tables
from factory.contamination.items import ENDINGS, Item, read
from factory.errors import WrongRequest
from factory.folding import IS_ALONE, words

VERSION = 1
FEWEST, MOST = 8, 128  # words of a question whose words are looked for one by one
SHORTEST = 3  # words of a question that is looked for whole
SHORTEST_BEGINNING = 5  # words, and half of a question: a string of a row that is its beginning and nothing else
TOGETHER = 1_024  # items that are hashed at once
KNOWN_WORDS = 1 << 18  # whose hashes are kept at hand; 40 MB when full
Hashes = NDArray[np.uint64]
Indices = NDArray[np.int64]
Pairs = tuple[tuple[int, int], ...]  # of a length in words and the hash of so many
PAIRS = pa.list_(pa.list_(pa.uint64(), 2))
ODD = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio
PART = pa.struct([("size", pa.int64()), ("grams", pa.list_(pa.uint64())), ("begins", PAIRS)])
SCHEMA = pa.schema(
    [
        ("benchmark", pa.string()),
        ("item", pa.string()),
        ("parts", pa.list_(PART)),
        ("words", pa.list_(pa.uint64())),
        ("whole", PAIRS),
        ("answers", PAIRS),
    ],
    metadata={"factory.table": "benchmark-index", "factory.version": str(VERSION)},
)


class Tokens(NamedTuple):
    """Words as arrays: hashes, hashes with all numbers alike, which are numbers, which stand alone."""

    exact: Hashes
    masked: Hashes
    number: NDArray[np.bool_]
    alone: NDArray[np.bool_]  # characters of scripts without spaces


class Part(NamedTuple):
    """A question or an answer: its size in words, its n-grams, and of a question its beginnings."""

    size: int
    grams: Hashes
    begins: Pairs


class Hashed(NamedTuple):
    """An item as hashes; `whole` and `answers` are empty where it is not looked for so."""

    benchmark: str
    item: str
    parts: tuple[Part, ...]
    words: Hashes
    whole: Pairs
    answers: Pairs

    @property
    def size(self) -> int:
        """The number of words of its longest question or answer."""
        return max((part.size for part in self.parts), default=0)

    @property
    def is_checked(self) -> bool:
        """Whether the item can be found by its question."""
        return bool(any(len(part.grams) for part in self.parts) or len(self.words) or self.whole)


def tokens(texts: Sequence[str]) -> tuple[Tokens, Indices]:
    """The words of all texts, hashed, one text after the other; and where each text begins, with the end."""
    found = [words(text) for text in texts]
    offsets = np.cumsum([0, *map(len, found)], dtype=np.int64)
    numbers: defaultdict[str, int] = defaultdict(count().__next__)  # of each distinct word, as they come
    which = np.fromiter(map(numbers.__getitem__, chain.from_iterable(found)), np.int64, int(offsets[-1]))
    exact, masked, number, alone = zip(*map(_word, numbers), strict=True) if numbers else ((), (), (), ())
    hashes = np.array(exact, np.uint64)[which], np.array(masked, np.uint64)[which]
    return Tokens(*hashes, np.array(number, bool)[which], np.array(alone, bool)[which]), offsets


@lru_cache(KNOWN_WORDS)
def _word(word: str) -> tuple[int, int, bool, bool]:
    """The word's hash, that with all numbers alike, whether it has a digit, whether it is a character by itself."""
    exact = _hash(word)
    number = any(map(str.isdigit, word))
    return exact, _hash("0") if number else exact, number, bool(IS_ALONE.match(word))


def _hash(word: str) -> int:
    return int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def rolled(hashes: Hashes, length: int) -> Hashes:
    """The hash of each `length` words in a row: a polynomial modulo 2**64."""
    windows = max(0, len(hashes) - length + 1)
    total = np.full(windows, length, np.uint64)
    for nth in range(length):
        total *= ODD
        total += hashes[nth : nth + windows]
    return total


def chained(hashes: Sequence[int]) -> int:
    """The hash of all these words in a row: what `rolled` gives of them, without an array's cost."""
    total = len(hashes)
    for value in hashes:
        total = (total * int(ODD) + value) & 0xFFFFFFFFFFFFFFFF
    return total


def grams(found: Tokens, offsets: Indices, ngram: int) -> tuple[Indices, Hashes, Indices]:
    """Where the n-grams of texts begin, their hashes, and how many words each has; none reaches over a text's end.

    A character of a script without spaces counts half a word, so a gram of them is twice as long; grams of which more
    than half are numbers are left out: `1 2 3 4` stands everywhere.
    """
    some_alone = bool(found.alone.any())
    room = np.repeat(offsets[1:], np.diff(offsets)) - np.arange(offsets[-1])  # words from here to the text's end
    starts, values, sizes = [], [], []
    for size in (ngram, 2 * ngram) if some_alone else (ngram,):
        fit = _within(found.number, size) <= size // 2
        fit &= room[: len(fit)] >= size
        if some_alone:
            alone = _within(found.alone, size)
            fit &= alone <= ngram // 2 if size == ngram else alone > ngram
        starts.append(np.flatnonzero(fit))
        values.append(rolled(found.exact, size)[fit])
        sizes.append(np.full(len(starts[-1]), size, np.int64))
    return np.concatenate(starts), np.concatenate(values), np.concatenate(sizes)


def _within(marks: NDArray[np.bool_], size: int) -> Indices:
    """How many of each `size` in a row are marked."""
    sums = np.concatenate([[0], np.cumsum(marks)])
    return sums[size:] - sums[:-size] if len(marks) >= size else np.zeros(0, np.int64)


def features(found: Tokens) -> tuple[Hashes, Hashes]:
    """The hashes of words, and of words with the next one; numbers alike."""
    return rolled(found.masked, 1), rolled(found.masked, 2)


def hashed(items: Sequence[Item], ngram: int) -> Iterator[Hashed]:
    """Items as what is looked for, some at a time: an array a question would cost more than what is in it."""
    for begin in range(0, len(items), TOGETHER):
        yield from _hashed(items[begin : begin + TOGETHER], ngram)


def _hashed(items: Sequence[Item], ngram: int) -> Iterator[Hashed]:
    asked = [len(item.questions) for item in items]
    texts = _Texts([text for item in items for text in (*item.questions, *item.answers)], ngram)
    first = 0
    for item, questions in zip(items, asked, strict=True):
        middle, end = first + questions, first + questions + len(item.answers)
        yield _item(item, texts, texts.with_words(first, middle), texts.with_words(middle, end), ngram)
        first = end


def _item(item: Item, texts: "_Texts", questions: list[int], answers: list[int], ngram: int) -> Hashed:
    asked = [Part(texts.size(nth), texts.grams(nth), texts.beginnings(nth)) for nth in questions]
    told = [Part(texts.size(nth), texts.grams(nth), ()) for nth in answers]
    size = sum(part.size for part in asked)
    inner = [part for nth in questions for part in texts.features(nth)] if FEWEST <= size <= MOST else []
    is_short = not any(len(part.grams) for part in asked) and not inner and size >= SHORTEST and bool(answers)
    return Hashed(
        item.benchmark,
        item.name,
        (*asked, *told),
        np.unique(np.concatenate([*inner, np.zeros(0, np.uint64)])),
        tuple(map(texts.whole, questions)) if is_short else (),
        tuple(map(texts.whole, answers)) if is_short else (),
    )


class _Texts:
    """Questions and answers, hashed together."""

    def __init__(self, texts: Sequence[str], ngram: int) -> None:
        self._found, offsets = tokens(texts)
        self._ngram, self._offsets = ngram, offsets.tolist()
        self._alone = np.concatenate([[0], np.cumsum(self._found.alone)])[offsets].tolist()
        self._single, self._pair = features(self._found)
        starts, values, _ = grams(self._found, offsets, ngram)
        owner = np.searchsorted(offsets, starts, side="right") - 1
        order = np.lexsort((values, owner))
        values, owner = values[order], owner[order]
        once = np.append(True, (values[1:] != values[:-1]) | (owner[1:] != owner[:-1]))[: len(values)]
        self._grams: Hashes = values[once]
        owner = owner[once]
        self._bounds = np.searchsorted(owner, np.arange(len(texts) + 1)).tolist()

    def with_words(self, first: int, end: int) -> list[int]:
        """Of the texts from `first` to `end` those that have a word."""
        return [nth for nth in range(first, end) if self.size(nth)]

    def size(self, nth: int) -> int:
        """How many words a text has."""
        return int(self._offsets[nth + 1] - self._offsets[nth])

    def grams(self, nth: int) -> Hashes:
        """The distinct n-grams of a text, ascending."""
        return self._grams[self._bounds[nth] : self._bounds[nth + 1]]

    def features(self, nth: int) -> tuple[Hashes, Hashes]:
        """The words of a text, and those with the next one."""
        start, end = self._offsets[nth], self._offsets[nth + 1]
        return self._single[start:end], self._pair[start : end - 1]

    def beginnings(self, nth: int) -> Pairs:
        """The first n-gram of a question, and what is left of a short one that was cut behind its middle."""
        size, ngram = self.size(nth), self._ngram
        if size < ngram or self._alone[nth + 1] - self._alone[nth] > size // 2:
            return ()
        lengths = [*range(max(SHORTEST_BEGINNING, (size + 1) // 2), ngram), ngram]
        words = self._words(nth, ngram)
        return tuple((length, chained(words[:length])) for length in lengths)

    def whole(self, nth: int) -> tuple[int, int]:
        """How many words a text has, and the hash of them all."""
        return self.size(nth), chained(self._words(nth, self.size(nth)))

    def _words(self, nth: int, most: int) -> list[int]:
        start = self._offsets[nth]
        words: list[int] = self._found.exact[start : start + most].tolist()
        return words


def load(paths: Iterable[Path], ngram: int) -> list[Hashed]:
    """The items of benchmark files, of all such files below a folder, and of indexes.

    Raises WrongRequest for a file that cannot be read, has no item, or is an index of other n-grams.
    """
    found: list[Hashed] = []
    for path in paths:
        files = [file for file in inputs.files_of(path) if file == path or file.suffix.lower() in ENDINGS]
        items = [item for file in files for item in _of_file(file, ngram)]
        if not items:
            raise WrongRequest(f"{path} holds no item of a benchmark. Name a file that does, or take it out.")
        found += items
    return found


def _of_file(file: Path, ngram: int) -> Iterator[Hashed]:
    if file.suffix == ".parquet" and (metadata := _metadata(file)).get(b"factory.table") == b"benchmark-index":
        if metadata.get(b"factory.version") != str(VERSION).encode() or metadata.get(b"ngram") != str(ngram).encode():
            raise WrongRequest(
                f"{file} is an index of {metadata.get(b'ngram', b'?').decode()}-grams, or of another version; "
                f"asked for are {ngram}-grams. Write it again from the benchmark, or change 'ngram'."
            )
        for row in pq.ParquetFile(file).read().to_pylist():
            parts = tuple(
                Part(part["size"], np.array(part["grams"], np.uint64), _pairs(part["begins"])) for part in row["parts"]
            )
            single, whole, answers = np.array(row["words"], np.uint64), _pairs(row["whole"]), _pairs(row["answers"])
            yield Hashed(row["benchmark"], row["item"], parts, single, whole, answers)
        return
    yield from hashed(list(read(file)), ngram)


def _pairs(stored: list[list[int]]) -> Pairs:
    return tuple((length, value) for length, value in stored)


def _metadata(file: Path) -> dict[bytes, bytes]:
    try:
        return dict(pq.read_schema(file).metadata or {})
    except (OSError, pa.ArrowInvalid):
        raise WrongRequest(f"{file}: not readable as Parquet. Export it again.") from None


def write_index(benchmarks: Sequence[str | Path], out: str | Path, *, ngram: int = 8) -> int:
    """Write what is looked for of some benchmarks to the Parquet file `out`; returns the number of items.

    Raises WrongRequest for a benchmark that cannot be read.
    """
    items = load([Path(path) for path in benchmarks], ngram)
    schema = SCHEMA.with_metadata({**SCHEMA.metadata, "ngram": str(ngram)})
    rows = [{**item._asdict(), "parts": [part._asdict() for part in item.parts]} for item in items]
    with tables.writing(Path(out)):
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), Path(out), compression="zstd")
    return len(items)
