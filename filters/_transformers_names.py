"""Names by a token classification model in a folder, in the format of Hugging Face transformers.

In      stretches of text. Out: persons, organisations, places and addresses: what its labels are called decides.
Costs   what the model costs: 0.1 to 1 s a kB on a core.

No code of the folder is run, nothing is fetched, and weights are read as safetensors only: a pickle could run code.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from factory.errors import WrongRequest
from filters._spans import Finding
from filters._text_by_text import TextByText

LABELS = {
    "person": ("PER", "PERSON", "NAME", "GIVENNAME", "SURNAME", "FIRSTNAME", "LASTNAME"),
    "organization": ("ORG", "ORGANIZATION", "COMPANY", "COMPANYNAME"),
    "location": ("LOC", "LOCATION", "GPE", "CITY", "STATE", "COUNTY", "COUNTRY"),
    "address": ("ADDRESS", "STREET", "STREETADDRESS", "STREETNAME"),
}
STRIDE = 32  # tokens that two windows share


class TransformersNames(TextByText):
    """The loaded model. Raises WrongRequest for one that has no label of ours, or no fast tokenizer."""

    def __init__(self, folder: Path) -> None:
        from transformers import AutoModelForTokenClassification, AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()
        quiet = {"local_files_only": True, "trust_remote_code": False}
        self._tokenizer = AutoTokenizer.from_pretrained(folder, **quiet)
        model = AutoModelForTokenClassification.from_pretrained(folder, use_safetensors=True, **quiet)
        self._model: Any = model.eval()
        self._kinds = {int(nth): _kind(label) for nth, label in self._model.config.id2label.items()}
        if not any(self._kinds.values()):
            raise WrongRequest(f"ner: the model in {folder} has no label of a person, an organisation or a place.")
        if not self._tokenizer.is_fast:
            raise WrongRequest(f"ner: the tokenizer in {folder} gives no offsets: it needs a tokenizer.json.")

    def _read(self, text: str) -> Iterator[Finding]:
        import torch

        limit = min(self._tokenizer.model_max_length, getattr(self._model.config, "max_position_embeddings", 512))
        coded = self._tokenizer(
            text, return_offsets_mapping=True, return_overflowing_tokens=True, truncation=True,
            max_length=limit, stride=min(STRIDE, limit // 4),
        )  # fmt: skip
        for nth, ids in enumerate(coded["input_ids"]):
            with torch.inference_mode():
                shares = self._model(input_ids=torch.tensor([ids])).logits[0].softmax(-1)
            sure, labels = shares.max(-1)
            kinds = [self._kinds[label] for label in labels.tolist()]
            yield from _together(text, coded["offset_mapping"][nth], kinds, sure.tolist())


def _kind(label: str) -> str | None:
    plain = label.partition("-")[2] or label
    plain = plain.replace("_", "").upper()
    return next((kind for kind, names in LABELS.items() if plain in names), None)


def _together(
    text: str, offsets: Sequence[tuple[int, int]], kinds: Sequence[str | None], sure: Sequence[float]
) -> Iterator[Finding]:
    """Tokens of one kind that nothing or a blank parts as one finding over whole words, as sure as the surest."""
    start, end, of, score = 0, 0, None, 0.0
    for (first, last), kind, its in [*zip(offsets, kinds, sure, strict=True), ((0, 0), None, 0.0)]:
        in_word = of is not None and first == end and first > 0 and text[first - 1 : first + 1].isalnum()
        if of is not None and ((kind == of and not text[end:first].strip()) or in_word):
            end, score = last, max(score, its if kind == of else 0.0)
            continue
        if of is not None:
            yield Finding(_word_start(text, start), end, of, round(score, 4))
        start, end, of, score = first, last, kind, its


def _word_start(text: str, start: int) -> int:
    while start and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    return start
