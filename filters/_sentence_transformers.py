"""Texts as vectors by a model in a folder, in the format of sentence-transformers, or a plain encoder.

In      texts.
Out     one vector a text: of the tokens' last states the mean or the first, as the folder says; without a word of it
        the mean.
Costs   what the model costs: 22 million parameters some 5 ms a short text on a core.
Source  Sentence-BERT: Reimers and Gurevych 2019 (arXiv:1908.10084).

No code of the folder is run, nothing is fetched, and weights are read as safetensors only: a pickle could run code.
Each text is read by itself, on one thread: neither the cut of a batch nor the number of cores changes a vector.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from factory.errors import WrongRequest

POOLINGS: dict[str, Callable[[Any], Any]] = {"mean": lambda states: states.mean(0), "cls": lambda states: states[0]}
KNOWN = ("Transformer", "Pooling", "Normalize")  # lengths do not count: what is compared are directions
LONGEST = 512  # tokens, where neither the folder nor the model says


class SentenceTransformer:
    """The loaded model. Raises WrongRequest for one that cannot be read in this way."""

    def __init__(self, folder: Path) -> None:
        import torch
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()
        torch.set_num_threads(1)  # filters measure in as many processes as there are cores
        place, self._pool = layout(folder)
        said = _read(place / "sentence_bert_config.json", {})
        prompts = _read(folder / "config_sentence_transformers.json", {})
        self._lowers = bool(said.get("do_lower_case"))
        self._prompt = (prompts.get("prompts") or {}).get(prompts.get("default_prompt_name"), "")
        quiet = {"local_files_only": True, "trust_remote_code": False}
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(place, **quiet)
            self._model: Any = AutoModel.from_pretrained(place, use_safetensors=True, **quiet).eval()
        except (OSError, ValueError, KeyError) as error:
            raise WrongRequest(f"embedder: the model in {folder} cannot be loaded ({type(error).__name__}).") from error
        self.numbers: int = self._model.config.hidden_size
        limits = (said.get("max_seq_length"), getattr(self._model.config, "max_position_embeddings", None))
        self._limit = min(self._tokenizer.model_max_length, *(limit or LONGEST for limit in limits))

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """One row a text; of a text without a word all zeros."""
        rows = np.zeros((len(texts), self.numbers))
        for row, text in zip(rows, texts, strict=True):
            if text.strip():
                row[:] = self._vector(self._prompt + text)
        return rows

    def _vector(self, text: str) -> NDArray[np.float64]:
        import torch

        text = text.lower() if self._lowers else text
        ids = self._tokenizer(text, truncation=True, max_length=self._limit)["input_ids"]
        with torch.inference_mode():
            states = self._model(input_ids=torch.tensor([ids])).last_hidden_state[0]
            vector: NDArray[np.float64] = self._pool(states).double().numpy()
        return vector


def layout(folder: Path) -> tuple[Path, Callable[[Any], Any]]:
    """Where the encoder lies, and how its states become one vector. Raises WrongRequest where that is not known."""
    place, pooling = folder, "mean"
    for module in _read(folder / "modules.json", []):
        name = module["type"].rpartition(".")[2]
        if name not in KNOWN:
            raise WrongRequest(f"embedder: the model in {folder} has a module {name}; known are {', '.join(KNOWN)}.")
        if name == "Transformer":
            place = folder / module["path"]
        if name == "Pooling":
            pooling = _pooling(_read(folder / module["path"] / "config.json", {}))
    if pooling not in POOLINGS:
        raise WrongRequest(f"embedder: the model in {folder} pools by {pooling}; known are {', '.join(POOLINGS)}.")
    if not any(place.glob("*.safetensors")):
        raise WrongRequest(f"embedder: there are no weights as safetensors in {place}; others are not read.")
    return place, POOLINGS[pooling]


def _pooling(said: dict[str, Any]) -> str:
    """`mean`, `cls` or what else it says, in either way of writing it."""
    flags = [name.removeprefix("pooling_mode_") for name, on in said.items() if on is True and "_mode_" in name]
    named = said.get("pooling_mode", flags)
    modes = [named] if isinstance(named, str) else named
    beside = [] if said.get("include_prompt", True) else ["without prompt"]
    return "+".join([*modes, *beside]).replace("_tokens", "").replace("_token", "") or "mean"


def _read(file: Path, otherwise: Any) -> Any:
    if not file.is_file():
        return otherwise
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise WrongRequest(f"embedder: {file} is not JSON.") from error
