"""Names by a GLiNER model in a folder: one that is told in words what to look for.

In      stretches of text. Out: persons, organisations, places and addresses: LABELS are what the model is asked for.
Costs   what the model costs, each stretch once; on one thread, since measuring runs in several processes.
Source  GLiNER: Zaratiana et al. 2024 (arXiv:2311.08526), by its makers' package.

Nothing is fetched, and weights are read as safetensors only: a pickle could run code.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from factory.errors import WrongRequest
from filters._name_spans import SCALE
from filters._spans import Finding
from filters._text_by_text import TextByText

LABELS = {
    "person": "person",
    "organization": "organization",
    "location": "location",
    "city": "location",
    "country": "location",
    "street address": "address",
}  # what its makers' examples ask for, in small letters
LEAST = 0.05  # what is less sure is no candidate
STRIDE = 32  # words that two windows share
_WORD = re.compile(r"\w+(?:[-_]\w+)*|\S")  # as the model's own cut, which decides how much of a text it reads


class GlinerNames(TextByText):
    """The loaded model; one stretch at a time, so that no other changes its answer."""

    def __init__(self, folder: Path) -> None:
        import torch
        from gliner import GLiNER
        from transformers.utils import logging

        logging.disable_progress_bar()
        torch.set_num_threads(1)
        try:
            model = GLiNER.from_pretrained(str(folder), local_files_only=True)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise WrongRequest(f"ner: the model in {folder} cannot be loaded ({type(error).__name__}).") from error
        self._model: Any = model.eval()
        self._longest = int(getattr(model.config, "max_len", None) or 384)

    def _read(self, text: str) -> Iterator[Finding]:
        for start, end in _windows(text, self._longest):
            for one in self._model.predict_entities(text[start:end], list(LABELS), threshold=LEAST):
                score = round(SCALE * float(one["score"]), 4)  # 0.5, its makers' threshold, is presidio's 0.4
                yield Finding(start + one["start"], start + one["end"], LABELS[one["label"]], score)


def _windows(text: str, longest: int) -> Iterator[tuple[int, int]]:
    """Where a text is cut so that no part has more words than the model reads: the rest would be left out."""
    words = [match.span() for match in _WORD.finditer(text)]
    shared = min(STRIDE, longest // 4)
    for first in range(0, max(1, len(words) - shared), longest - shared):
        part = words[first : first + longest]
        if part:
            yield part[0][0], part[-1][1]
