"""The models that can embed a text, by what a recipe calls them: `wordllama`, `sentence-transformers:FOLDER`.

Nothing is fetched, ever: a model that is not on disk is a wrong request with the command that gets it.
"""

from collections.abc import Callable, Sequence
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from factory.errors import WrongRequest, did_you_mean
from filters import _embeddings
from filters._embeddings import Vectors, quantised
from filters._model_folders import WEIGHTS, digest
from filters._sentence_transformers import SentenceTransformer, layout

EMBEDDERS = ("wordllama", "sentence-transformers:FOLDER")
DEFAULT = "wordllama"


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
    return f"{kind} {digest(Path(folder), (*WEIGHTS, '*/config.json', '*/*.safetensors'))}"


def embedded(texts: Sequence[str], name: str) -> Vectors:
    """The vectors of texts, one row a text; of a text without a word all zeros."""
    kind, _, folder = name.partition(":")
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
}
