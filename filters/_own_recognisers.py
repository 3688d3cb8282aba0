"""presidio's recognisers of one's own, from its YAML files and from what installed packages declare.

A file is presidio's registry configuration: patterns, deny lists and context words, and recognisers that presidio
brings along. It is data: none of them loads a model or sends text away. Code comes from an installed package, by the
entry points `factory.recognisers`: an `EntityRecognizer` class, or a function that returns one or a list of them.

Importing this module imports presidio and spaCy (0.9 s): only `_own` does.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from factory import plugins
from factory.errors import WrongRequest
from filters._light import without_heavy

with without_heavy():
    from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerRegistry, RemoteRecognizer
    from presidio_analyzer import predefined_recognizers as presidios
    from presidio_analyzer.recognizer_registry import RecognizerRegistryProvider

    from filters._emails import fetch_no_suffixes
    from filters._engine import Tokens, WordsBefore

PLAIN = (".generic.", ".country_specific.")  # the modules of presidio's whose recognisers need no model and no service


def engines(files: Sequence[Path], names: Sequence[str]) -> list[AnalyzerEngine]:
    """An engine for each language that a recogniser names: presidio asks those of one, and a text may be of any."""
    fetch_no_suffixes()
    found = [one for file in files for one in _of_file(file)] + [one for name in names for one in _installed(name)]
    by_language: dict[str, list[EntityRecognizer]] = {}
    for one in found:
        by_language.setdefault(one.supported_language, []).append(one)
    return [_engine(language, recognisers) for language, recognisers in by_language.items()]


def _engine(language: str, recognisers: list[EntityRecognizer]) -> AnalyzerEngine:
    registry = RecognizerRegistry(recognisers, supported_languages=[language])
    return AnalyzerEngine(
        registry, nlp_engine=Tokens(), supported_languages=[language], context_aware_enhancer=WordsBefore()
    )


def _of_file(file: Path) -> list[EntityRecognizer]:
    configuration = _read(file)
    try:
        languages = {language for entry in configuration["recognizers"] for language in _languages(entry)}
        configuration = {"supported_languages": sorted(languages) or ["en"], **configuration}
        provider = RecognizerRegistryProvider(registry_configuration=configuration)
        for entry in provider.configuration["recognizers"]:
            _check_is_plain(file, entry)
        return list(provider.create_recognizer_registry().recognizers)
    except (ValueError, TypeError) as error:
        raise WrongRequest(f"{file}: presidio makes no recognisers of it: {_why(error)}.") from None


def _read(file: Path) -> dict[str, Any]:
    """A registry's configuration. A bare name is a recogniser of presidio's, which it would pass over in silence."""
    try:
        read = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise WrongRequest(f"{file}{line}: not YAML ({error.problem}).") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        raise WrongRequest(f"{file} cannot be read as text.") from None
    entries = read.get("recognizers") if isinstance(read, dict) else None
    if not isinstance(entries, list) or not entries:
        raise WrongRequest(f"{file}: there is no list 'recognizers:', as presidio's files of recognisers have one.")
    named = [{"name": entry, "type": "predefined"} if isinstance(entry, str) else entry for entry in entries]
    if not all(isinstance(entry, dict) for entry in named):
        raise WrongRequest(f"{file}: 'recognizers:' lists what is neither a name nor a mapping.")
    return {**read, "recognizers": named}


def _languages(entry: dict[str, Any]) -> Iterable[str]:
    several = entry.get("supported_languages") or [entry.get("supported_language") or "en"]
    return [one["language"] if isinstance(one, dict) else one for one in several]


def _why(error: Exception) -> str:
    """What presidio said, without the lists and patterns that it quotes: a deny list may hold names."""
    cause = error.__cause__
    if isinstance(cause, ValidationError):
        first = cause.errors(include_input=False, include_url=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg'].partition(': {')[0]}"
    return str(error).partition(": {")[0]


def _check_is_plain(file: Path, entry: dict[str, Any]) -> None:
    """Raise WrongRequest for a recogniser that needs a model or a service: a file brings patterns and no more."""
    if entry.get("type") == "custom":
        return
    name = entry.get("class_name") or entry["name"]
    module = getattr(getattr(presidios, name, None), "__module__", "")
    if not any(part in module for part in PLAIN):
        raise WrongRequest(
            f"{file}: '{name}' is none of presidio's recognisers that need neither a model nor a service. For names "
            "there is the option 'ner'; code of your own comes from a package that 'recognisers' names."
        )


def _installed(name: str) -> list[EntityRecognizer]:
    """What an installed package declares. Raises WrongRequest for what is no recogniser, or sends text away."""
    loaded = plugins.load("recognisers", name)
    made = loaded() if callable(loaded) else loaded
    several = made if isinstance(made, list) else [made]
    for one in several:
        if not isinstance(one, EntityRecognizer):
            raise WrongRequest(f"The recogniser '{name}' is no EntityRecognizer of presidio, nor a list of them.")
        if isinstance(one, RemoteRecognizer):
            raise WrongRequest(f"The recogniser '{name}' sends text to a service, and pii sends none. Leave it out.")
    return several
