"""The models that can embed a text, by what a recipe calls them.

`wordllama` lies in an installed package, `sentence-transformers:FOLDER` on disk, and `model:NAME` is a model of the
recipe that serves embeddings: the run asks it (`asked`), and gives its vectors to `measure` as a column. Nothing is
fetched, ever: a model that is not on disk is a wrong request with the command that gets it.
"""

from collections.abc import Callable, Sequence
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyarrow as pa

from factory.errors import WrongRequest, did_you_mean
from filters import _embeddings
from filters._embeddings import Vectors, quantised
from filters._model_folders import WEIGHTS, digest
from filters._sentence_transformers import SentenceTransformer, layout

EMBEDDERS = ("wordllama", "sentence-transformers:FOLDER", "model:NAME")
DEFAULT = "wordllama"
SERVED = "model"


def check(name: str) -> None:
    """Raise WrongRequest where the model is not here, and ValueError for a name that is none."""
    kind, _, what = name.partition(":")
    if kind not in _CHECKS or bool(what) == (kind == DEFAULT):
        known = ", ".join(EMBEDDERS)
        raise ValueError(f"embedder: '{name}' is no model.{did_you_mean(name, EMBEDDERS)} Known: {known}")
    _CHECKS[kind](what)


def version(name: str) -> str:
    """Which model `name` is, so that another release measures again."""
    kind, _, folder = name.partition(":")
    if kind == DEFAULT:
        return f"{kind} {metadata.version(kind)}"
    if kind == SERVED:
        return name  # the run knows which model that is
    return f"{kind} {digest(Path(folder), (*WEIGHTS, '*/config.json', '*/*.safetensors'))}"


def asked(name: str) -> str:
    """The model of the recipe that gives the vectors; '' where they are made here."""
    kind, _, model = name.partition(":")
    return model if kind == SERVED else ""


def embedded(texts: Sequence[str], name: str, batch: pa.RecordBatch | None = None) -> Vectors:
    """The vectors of texts, one row a text; of a text without a word all zeros.

    Those that a model of the recipe gave are in `batch`.
    """
    kind, _, folder = name.partition(":")
    if kind == SERVED and batch is not None:
        return quantised(np.array(batch["vectors"].to_pylist(), np.float64))
    return _embeddings.embedded(texts) if kind == DEFAULT else quantised(_sentence_transformer(folder).vectors(texts))


@cache
def _sentence_transformer(folder: str) -> SentenceTransformer:
    """The model of this process."""
    return SentenceTransformer(Path(folder))


def _check_folder(folder: str) -> None:
    if find_spec("transformers") is None:
        raise WrongRequest("embedder: sentence-transformers needs an extra: pip install 'dataset-factory[train]'.")
    if not any((Path(folder) / name).is_file() for name in ("modules.json", "config.json")):
        raise WrongRequest(
            f"embedder: there is no model in {folder}: hf download ORGANISATION/MODEL --local-dir {folder}. "
            "Names of the hub are not fetched."
        )
    layout(Path(folder))


_CHECKS: dict[str, Callable[[str], None]] = {
    DEFAULT: lambda _: _embeddings.check_installed(),
    "sentence-transformers": _check_folder,
    SERVED: lambda _: None,  # whether there is one is seen by who knows the recipe
}
