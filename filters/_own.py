"""Kinds of one's own: patterns of a recipe, and presidio's recognisers from its YAML files or from installed packages.

presidio is loaded only where a recipe names a recogniser. A recogniser's entity is a kind: one of ours where it is or
presidio calls it so (`PHONE_NUMBER` is `phone`), else its name in small letters.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from factory import plugins
from factory.plugins import source_digest
from filters import _personal, _spans
from filters._presidio import MIN_SCORE
from filters._screen import fold
from filters._spans import Finding

if TYPE_CHECKING:
    from presidio_analyzer import AnalyzerEngine

PRESIDIOS = {  # its names of kinds that have another here
    "EMAIL_ADDRESS": "email",
    "ES_NIE": "es_dni",
    "ES_NIF": "es_dni",
    "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip",
    "MAC_ADDRESS": "mac",
    "PHONE_NUMBER": "phone",
    "US_BANK_NUMBER": "bank_account",
    "US_DRIVER_LICENSE": "driver_license",
    "US_PASSPORT": "passport",
}
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class Own:
    """What a recipe adds to the kinds of `pii`. Raises ValueError or WrongRequest for what cannot work."""

    def __init__(self, patterns: Mapping[str, str], files: Sequence[Path], recognisers: Sequence[str]) -> None:
        self._patterns = {name: _pattern(name, pattern) for name, pattern in patterns.items()}
        self._engines: list[AnalyzerEngine] = []
        if files or recognisers:
            from filters._own_recognisers import engines

            self._engines = engines(files, recognisers)
        entities = (entity for engine in self._engines for entity in engine.get_supported_entities())
        self.kinds = tuple(sorted({*self._patterns, *map(kind_of, entities)}))

    def find(self, text: str) -> Iterator[Finding]:
        """The findings of `text`; they may overlap."""
        for kind, pattern in self._patterns.items():
            yield from (Finding(*match.span(), kind, 1.0) for match in pattern.finditer(text))
        folded = fold(text)
        for engine in self._engines:
            yield from _analyse(engine, folded)


def placeholder(kind: str) -> str:
    """What stands for a value of a kind, ours or one's own."""
    return _personal.PLACEHOLDERS.get(kind, f"<{kind.upper()}>")


def version(recognisers: Sequence[str]) -> str:
    """The sources of installed recognisers, so that changed ones measure again."""
    return " ".join(source_digest(plugins.declared("recognisers")[name].module) for name in recognisers)


def kind_of(entity: str) -> str:
    """The kind that a recogniser's entity is. Raises ValueError for a name that can be none."""
    kind = PRESIDIOS.get(entity, entity.lower())
    _check_name(kind, f"recogniser: '{entity}'")
    return kind


def _analyse(engine: "AnalyzerEngine", text: str) -> Iterator[Finding]:
    [language] = engine.supported_languages
    for one in engine.analyze(text, language):
        if one.score >= MIN_SCORE:
            yield Finding(one.start, one.end, kind_of(one.entity_type), round(one.score, 4))


def _pattern(name: str, pattern: str) -> re.Pattern[str]:
    """Raises ValueError for a name that is taken or none, or a pattern that is none."""
    compiled = _spans.compiled(pattern, "patterns")
    if name in _personal.PLACEHOLDERS:
        raise ValueError(f"patterns: '{name}' is a kind already")
    _check_name(name, f"patterns: '{name}'")
    if compiled.fullmatch(""):
        raise ValueError(f"patterns: /{pattern}/ matches nothing at all, so it would everywhere")
    return compiled


def _check_name(kind: str, said: str) -> None:
    if not _NAME.fullmatch(kind):
        raise ValueError(f"{said} is no name for a kind: small letters, digits and '_'")
