"""What the shingles of a text are: the sets that `factory.near` sketches and compares.

In      texts, as str or as an Arrow string array.
Out     32-bit hashes of `ngram` words in a row, or of `ngram` characters in a row.
Costs   about 2 ns a byte; some ten times `BLOCK_BYTES` of memory, or of the longest text.
Source  shingling: Broder 1997 (https://doi.org/10.1109/SEQUEN.1997.666900). The hash is multiplicative: a word of up to
        eight bytes is one odd multiplication (no two collide), a shingle is a polynomial of its words mod 2**64.

A text is read as UTF-8 and folded: ASCII capitals become small (no other letter changes), and whatever is no letter,
digit or underscore becomes a gap: white space, ASCII and Latin-1 punctuation and controls, and the punctuation and
symbols listed in `CLASSES`. What is left between gaps is a word; but in scripts written without spaces (Chinese,
Japanese, Thai, Lao, Tibetan, Burmese, Khmer, Yi) and for full-width forms each character is a word, and a run of more
than 64 bytes is cut into words of 64. With unit="char" the pieces are the code points of the folded text, one space
between its words and none around them.

Two sets of n shingles share n² / 2³² of them by chance on average: at a thousand shingles, one in four thousand pairs
of texts has one too many.
"""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Texts: TypeAlias = Sequence[str] | pa.StringArray
Unit = Literal["word", "char"]
Bytes = NDArray[np.uint8]
Hashes32 = NDArray[np.uint32]
Hashes64 = NDArray[np.uint64]
Indices = NDArray[np.int64]

BLOCK_BYTES = 1 << 18  # some 43,000 words: each array of a block stays in a second-level cache
MAX_WORD_BYTES = 64  # a run without gaps is seldom longer, and then it is data: its pieces tell it apart better
MIX = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio, odd (Knuth, TAOCP 3, 6.4)
PADDING = 16  # bytes after the last text: eight bytes are read at any place
FIRST_BYTES = np.array([(1 << 8 * size) - 1 for size in range(9)], np.uint64)  # masks: the first bytes of eight

GAP, LETTER, ALONE = 0, 1, 2
CLASSES = [  # code points beyond ASCII: first, last, class; what is not listed is a letter
    (0x80, 0xA9, GAP),  # of Latin-1 the letters and digits are left out: ª ² ³ µ ¹ º ¼ ½ ¾ À ...
    (0xAB, 0xB1, GAP),
    (0xB4, 0xB4, GAP),
    (0xB6, 0xB8, GAP),
    (0xBB, 0xBB, GAP),
    (0xBF, 0xBF, GAP),
    (0xD7, 0xD7, GAP),
    (0xF7, 0xF7, GAP),
    (0x37E, 0x37E, GAP),  # Greek
    (0x387, 0x387, GAP),
    (0x55A, 0x55F, GAP),  # Armenian
    (0x589, 0x58A, GAP),
    (0x5BE, 0x5BE, GAP),  # Hebrew
    (0x5C0, 0x5C0, GAP),
    (0x5C3, 0x5C3, GAP),
    (0x5C6, 0x5C6, GAP),
    (0x5F3, 0x5F4, GAP),
    (0x609, 0x60D, GAP),  # Arabic
    (0x61B, 0x61F, GAP),
    (0x66A, 0x66D, GAP),
    (0x6D4, 0x6D4, GAP),
    (0x964, 0x965, GAP),  # danda
    (0xE00, 0xF09, ALONE),  # Thai, Lao, Tibetan
    (0xF0A, 0xF14, GAP),
    (0xF15, 0x1049, ALONE),  # Tibetan, Burmese
    (0x104A, 0x104F, GAP),
    (0x1050, 0x109F, ALONE),
    (0x1361, 0x1368, GAP),  # Ethiopic
    (0x1680, 0x1680, GAP),
    (0x1780, 0x17D3, ALONE),  # Khmer
    (0x17D4, 0x17D6, GAP),
    (0x17D7, 0x17D7, ALONE),
    (0x17D8, 0x17DA, GAP),
    (0x17DB, 0x17FF, ALONE),
    (0x2000, 0x206F, GAP),  # spaces, dashes, quotes
    (0x20A0, 0x20CF, GAP),  # currencies
    (0x2190, 0x2BFF, GAP),  # arrows, mathematics, boxes, dingbats
    (0x2E00, 0x2E7F, GAP),
    (0x2E80, 0x2FFF, ALONE),  # radicals
    (0x3000, 0x3004, GAP),
    (0x3005, 0x3007, ALONE),
    (0x3008, 0x3020, GAP),
    (0x3021, 0x302F, ALONE),
    (0x3030, 0x3030, GAP),
    (0x3031, 0x30FA, ALONE),  # kana
    (0x30FB, 0x30FB, GAP),
    (0x30FC, 0xA4CF, ALONE),  # kana, bopomofo, Chinese characters, Yi
    (0xF900, 0xFAFF, ALONE),
    (0xFE10, 0xFE1F, GAP),
    (0xFE30, 0xFE6F, GAP),
    (0xFEFF, 0xFEFF, GAP),
    (0xFF00, 0xFF0F, GAP),  # full-width forms
    (0xFF10, 0xFF19, ALONE),
    (0xFF1A, 0xFF20, GAP),
    (0xFF21, 0xFF3A, ALONE),
    (0xFF3B, 0xFF40, GAP),
    (0xFF41, 0xFF5A, ALONE),
    (0xFF5B, 0xFF65, GAP),
    (0xFF66, 0xFFDF, ALONE),
    (0xFFE0, 0xFFFF, GAP),  # the replacement character too
    (0x1B000, 0x1B2FF, ALONE),  # from here on first and last are multiples of 64, less one
    (0x1F000, 0x1FAFF, GAP),  # emoji
    (0x20000, 0x3FFFF, ALONE),
]


class Shingles(NamedTuple):
    """The shingles of some texts: those of text k are `values[offsets[k]:offsets[k + 1]]`, ascending, each once."""

    values: Hashes32
    offsets: Indices


def shingles(texts: Texts, *, ngram: int = 5, unit: Unit = "word") -> Shingles:
    """The set of shingles of each text.

    Returns values (uint32) and offsets (int64, len(texts) + 1). A text of fewer than `ngram` words is one shingle of
    them all; one without words has none. Raises ValueError unless 1 <= ngram.
    """
    values: list[Hashes32] = [np.empty(0, np.uint32)]
    counts: list[Indices] = [np.zeros(1, np.int64)]
    for hashes, offsets in shingle_blocks(texts, ngram=ngram, unit=unit):
        sizes = np.diff(offsets)
        keyed = np.repeat(np.arange(sizes.size, dtype=np.uint64) << np.uint64(32), sizes)
        keyed |= hashes
        keyed.sort()
        keyed = keyed[np.append(True, keyed[1:] != keyed[:-1])[: keyed.size]]
        values.append(keyed.astype(np.uint32))
        counts.append(np.bincount((keyed >> np.uint64(32)).astype(np.int64), minlength=sizes.size))
    return Shingles(np.concatenate(values), np.cumsum(np.concatenate(counts)))


def shingle_blocks(texts: Texts, *, ngram: int, unit: Unit) -> Iterator[tuple[Hashes32, Indices]]:
    """The shingles of all texts, some texts at a time: hashes (uint32), and offsets (int64), where those of each begin.

    Not ascending, and a hash may stand more than once. Raises ValueError unless 1 <= ngram.
    """
    if ngram < 1:
        raise ValueError(f"ngram is {ngram}; it must be 1 or more.")
    if unit not in ("word", "char"):
        raise ValueError(f"unit is {unit!r}; it must be 'word' or 'char'.")
    for buffer, begins in _blocks(texts):
        pieces, offsets = _words(buffer, begins) if unit == "word" else _characters(buffer, begins)
        yield _shingle(pieces, offsets, ngram), offsets


# From texts to folded bytes


def _key(point: int) -> int:
    """The first three bytes of a code point in UTF-8, as a number: these sort as code points do."""
    return int.from_bytes(chr(point).encode("utf-8", "surrogatepass")[:3].ljust(3, b"\0"), "big")


CLASS_EDGES = np.array([key for first, last, _ in CLASSES for key in (_key(first), _key(last) + 1)], np.uint32)
CLASS_AFTER_EDGES = np.array([LETTER] + [kind for *_, listed in CLASSES for kind in (listed, LETTER)], np.uint8)
SIZE_OF_LEAD = np.array([1] * 0xC0 + [2] * 0x20 + [3] * 0x10 + [4] * 0x10)  # bytes of a code point in UTF-8
FOLD = bytes(byte if byte >= 0x80 or chr(byte).isalnum() or byte == 0x5F else 0x20 for byte in range(256)).lower()


def _blocks(texts: Texts) -> Iterator[tuple[bytes, Indices]]:
    """The texts in UTF-8, folded as far as ASCII goes, some `BLOCK_BYTES` at a time; and where each begins."""
    if isinstance(texts, pa.Array | pa.ChunkedArray):
        texts = _pieces_of(texts)
    block: list[bytes] = [b""]
    size = 0
    for text in texts:
        encoded = text.encode("utf-8", "surrogatepass")
        block.append(encoded)
        size += len(encoded)
        if size >= BLOCK_BYTES:
            yield _block(block)
            block, size = [b""], 0
    if len(block) > 1:
        yield _block(block)


def _pieces_of(texts: pa.StringArray) -> Iterator[str]:
    """The texts of an Arrow array, 1,024 at a time as str; null is the empty text."""
    for begin in range(0, len(texts), 1024):
        for text in texts.slice(begin, 1024).to_pylist():
            yield text or ""


def _block(encoded: list[bytes]) -> tuple[bytes, Indices]:
    """One buffer of texts, a gap before and after each; its size is a multiple of eight."""
    begins = np.cumsum(np.fromiter(map(len, encoded), np.int64, len(encoded)) + 1)
    padding = PADDING - int(begins[-1]) % 8
    return b" ".join([*encoded, b" " * padding]).translate(FOLD), begins


def _mark_scripts(folded: Bytes) -> NDArray[np.bool_]:
    """True at each byte where a character that is a word begins or has ended; gaps beyond ASCII become spaces."""
    at = np.flatnonzero(folded >= 0xC0)
    lead = folded[at]
    size = SIZE_OF_LEAD[lead]
    key = lead.astype(np.uint32) << np.uint32(8)
    key |= folded[at + 1]
    key <<= np.uint32(8)
    key |= np.where(size > 2, folded[at + 2], 0)
    kind = CLASS_AFTER_EDGES[np.searchsorted(CLASS_EDGES, key, side="right")]
    gap = np.flatnonzero(kind == GAP)
    at_gap, gap_size = at[gap], size[gap]
    for nth in range(4):
        folded[at_gap[gap_size > nth] + nth] = 0x20
    cut = np.zeros(folded.size, bool)
    alone = np.flatnonzero(kind == ALONE)
    cut[at[alone]] = True
    cut[at[alone] + size[alone]] = True
    return cut


# From folded bytes to the hashes of words, or of characters


def _words(buffer: bytes, begins: Indices) -> tuple[Hashes64, Indices]:
    """A hash of each word, and where the words of each text begin."""
    folded = np.frombuffer(buffer, np.uint8)
    if buffer.isascii():
        word = folded != 0x20
        edges = np.flatnonzero(word[1:] != word[:-1]) + 1
        starts, ends = edges[::2].copy(), edges[1::2].copy()
    else:
        folded = folded.copy()
        cut = _mark_scripts(folded)[1:]
        word = folded != 0x20
        starts = np.flatnonzero(word[1:] & (cut | ~word[:-1])) + 1
        ends = np.flatnonzero(word[:-1] & (cut | ~word[1:])) + 1
    sizes = ends - starts
    if sizes.size and sizes.max() > MAX_WORD_BYTES:
        more = (sizes - 1) // MAX_WORD_BYTES
        cuts = np.repeat(starts, more) + MAX_WORD_BYTES * (1 + ragged(np.zeros_like(more), more))
        starts, ends = _insert(starts, cuts), _insert(ends, cuts)
        sizes = ends - starts
    return _hash_runs(folded, starts, sizes), np.searchsorted(starts, begins)


def _characters(buffer: bytes, begins: Indices) -> tuple[Hashes64, Indices]:
    """A hash of each code point and of one space between words, and where those of each text begin."""
    folded = np.frombuffer(buffer, np.uint8)
    if not buffer.isascii():
        folded = folded.copy()
        _mark_scripts(folded)
    word = folded != 0x20
    starts = np.flatnonzero(word[1:] & ~word[:-1]) + 1
    opens_text = np.searchsorted(starts, begins[:-1])
    between = np.ones(starts.size + 1, bool)
    between[opens_text] = False  # where a text is empty, the next one's first word: no space before that either
    at = _insert(np.flatnonzero(word & ((folded & 0xC0) != 0x80)), starts[between[:-1]] - 1)
    return _mix(_read(folded.view("<u8"), at, SIZE_OF_LEAD[folded[at]])), np.searchsorted(at, begins)


def _insert(ascending: Indices, more: Indices) -> Indices:
    merged: Indices = np.concatenate([ascending, more])
    merged.sort(kind="stable")  # two ascending runs: this merges them
    return merged


def _hash_runs(folded: Bytes, starts: Indices, sizes: Indices) -> Hashes64:
    """A 64-bit hash of each run of bytes, read eight at a time."""
    lanes = folded.view("<u8")
    hashes = _mix(_read(lanes, starts, sizes))
    longer, done = np.flatnonzero(sizes > 8), 8
    while longer.size:
        more = _read(lanes, starts[longer] + done, sizes[longer] - done)
        hashes[longer] = _mix(hashes[longer] * MIX + more)
        done += 8
        longer = longer[sizes[longer] > done]
    return hashes


def _read(lanes: Hashes64, at: Indices, sizes: Indices) -> Hashes64:
    """The first `sizes` bytes, at most eight, at each place, as a number."""
    lane = at >> 3
    shift = ((at & 7) << 3).view(np.uint64)
    low: Hashes64 = lanes[lane] >> shift
    low |= lanes[lane + 1] << (np.uint64(64) - shift)  # numpy defines a shift by 64 as 0
    low &= FIRST_BYTES[np.minimum(sizes, 8)]
    return low


def _mix(hashes: Hashes64) -> Hashes64:
    hashes *= MIX
    hashes ^= hashes >> np.uint64(32)
    return hashes


# From those to shingles


def _shingle(pieces: Hashes64, offsets: Indices, ngram: int) -> Hashes32:
    """A shingle for each word (or character) of each text.

    The last ngram - 1 of a text begin no shingle: they repeat its first, which changes neither set nor minimum, so
    that nothing has to be moved.
    """
    begins, sizes = offsets[:-1], np.diff(offsets)
    hashes = np.zeros(pieces.size, np.uint32)
    windows = _finish(_windows(pieces, ngram))
    hashes[: windows.size] = windows
    enough = sizes >= ngram
    tails = offsets[1:][enough, None] - np.arange(1, ngram)
    hashes[tails] = hashes[begins[enough], None]
    short = ~enough & (sizes > 0)
    if short.any():
        begins, sizes = begins[short], sizes[short]
        whole = pieces[begins]
        for nth in range(1, int(sizes.max())):
            more = sizes > nth
            whole[more] = whole[more] * MIX + pieces[begins[more] + nth]
        hashes[ragged(begins, sizes)] = np.repeat(_finish(whole), sizes)
    return hashes


def _windows(pieces: Hashes64, width: int) -> Hashes64:
    """The polynomial hash of each `width` pieces in a row; a window is two halves, so it takes log2(width) steps."""
    if pieces.size < width:
        return np.empty(0, np.uint64)
    if width == 1:
        return pieces.copy()
    half = width // 2
    halves = _windows(pieces, half)
    windows: Hashes64 = halves[:-half] * np.uint64(pow(int(MIX), half, 1 << 64))
    windows += halves[half:]
    if width % 2:
        windows = windows[:-1] * MIX
        windows += pieces[width - 1 :]
    return windows


def _finish(hashes: Hashes64) -> Hashes32:
    """The best 32 bits of 64; overwrites them."""
    hashes ^= hashes >> np.uint64(29)
    hashes *= MIX
    hashes >>= np.uint64(32)
    return hashes.astype(np.uint32)


def ragged(starts: Indices, sizes: Indices) -> Indices:
    """`sizes` consecutive numbers from each of `starts`, one after another."""
    steps: Indices = np.repeat(starts - np.cumsum(sizes) + sizes, sizes)
    steps += np.arange(steps.size)
    return steps
