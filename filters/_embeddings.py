"""Texts as vectors of small whole numbers, by a model whose weights lie in an installed package.

In      texts.
Out     int8, one row a text; the cosine of two rows is that of the model's vectors within 0.01.
Costs   `DIMENSIONS` bytes a text; about 10,000 texts of 20 words a second, 2 MB of English; 60 MB for the model.
Source  wordllama (https://github.com/dleemiller/WordLlama): one vector a token, taken from a large model and trained on
        pairs of like texts; a text is the mean of its tokens. The weights are in the wheel: nothing is downloaded.

A mean does not know the order of words, nor that a `not` turns a sentence round: rows that are near in it need a second
test. Whole numbers make every sum exact, so that no machine and no cut of batches finds another neighbour.
"""

from collections.abc import Sequence
from functools import cache
from math import isqrt
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from factory.errors import WrongRequest
from filters._light import logging_as_it_was

Vectors = NDArray[np.int8]
DIMENSIONS = 256
LARGEST = 127
EXACT = 1 << 24  # up to here float32 holds every whole number, so sums of products are exact: 127 up to 1,040 numbers
BATCH = 64  # texts whose tokens are held at once
SLICE = 4096  # tokens whose vectors are held at once: 4 MB


@cache
def _model() -> Any:
    """The model, once a process. Raises WrongRequest where the extra is not installed."""
    try:
        with logging_as_it_was():
            import wordllama
    except ImportError:
        raise WrongRequest(
            "Embeddings need wordllama, which is not installed. Run: pip install 'dataset-factory[embeddings]'"
        ) from None
    place = Path(wordllama.__file__).parent
    model = wordllama.WordLlama.load(dim=DIMENSIONS, cache_dir=place, disable_download=True)
    model.tokenizer.no_padding()
    return model


def check_installed() -> None:
    """Raise WrongRequest where no text can be embedded here."""
    _model()


def embedded(texts: Sequence[str]) -> Vectors:
    """The vectors of texts, shape (len(texts), DIMENSIONS); of a text without tokens all zeros."""
    rows = np.zeros((len(texts), DIMENSIONS), np.int8)
    for begin in range(0, len(texts), BATCH):
        sums = _sums(texts[begin : begin + BATCH])
        rows[begin : begin + len(sums)] = quantised(sums)
    return rows


def column(vectors: Vectors) -> pa.Array:
    """Vectors as a column of features."""
    return pa.array([row.tobytes() for row in vectors], pa.binary(vectors.shape[1]))


def from_column(column: pa.Array) -> Vectors:
    """The vectors of a column of features."""
    return np.frombuffer(b"".join(column.to_pylist()), np.int8).reshape(len(column), column.type.byte_width)


def _sums(texts: Sequence[str]) -> NDArray[np.float64]:
    """The sum of each text's token vectors, each text by itself; its direction is the mean's."""
    model = _model()
    sums = np.zeros((len(texts), DIMENSIONS))
    for total, tokens in zip(sums, model.tokenizer.encode_batch(list(texts), add_special_tokens=False), strict=True):
        ids = np.minimum(np.array(tokens.ids, np.int64), len(model.embedding) - 1)
        for begin in range(0, ids.size, SLICE):
            total += model.embedding[ids[begin : begin + SLICE]].sum(axis=0, dtype=np.float64)
    return sums


def quantised(vectors: NDArray[np.float64]) -> Vectors:
    """Each row scaled so that its largest number is 127, or less where it is long, and rounded; zeros stay zeros."""
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    scale = min(LARGEST, isqrt(EXACT // vectors.shape[1]))
    return np.rint(vectors * (scale / np.where(largest > 0, largest, 1))).astype(np.int8)


def alike(words: Sequence[str], others: Sequence[str]) -> NDArray[np.float32]:
    """The cosine of each word with each of the others: float32, shape (len(words), len(others))."""
    ours, theirs = (np.stack([_word(word) for word in some]) for some in (words, others))
    cosines: NDArray[np.float32] = ours @ theirs.T
    return cosines


@cache
def _word(word: str) -> NDArray[np.float32]:
    [mean] = _sums([" " + word])  # the tokens of a word inside a sentence
    unit: NDArray[np.float32] = (mean / max(float(np.linalg.norm(mean)), 1e-9)).astype(np.float32)
    return unit
