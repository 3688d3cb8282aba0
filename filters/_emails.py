"""E-mail addresses: their domain decides."""

import re
from functools import cache

import tldextract
from presidio_analyzer import LocalRecognizer, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts

from filters._engine import result


class EmailAddresses(LocalRecognizer):
    """E-mail addresses whose domain ends in a public suffix, or in one that is used inside companies or in examples."""

    PUBLIC, PRIVATE = 1.0, 0.6
    SUFFIXES = frozenset(("local", "internal", "intranet", "lan", "corp", "localdomain", "example", "test", "invalid"))
    _ADDRESS = re.compile(
        r"(?<!\w)\w[\w.+'-]{0,63}+(?<![.'])(?:@|%40)(?P<domain>(?:[^\W_][\w-]{0,62}\.){1,8}(?:xn--[\w-]{1,59}|[^\W\d_]{2,63}))(?![^\W_])"
    )

    def __init__(self) -> None:
        super().__init__(supported_entities=["email"])

    def load(self) -> None:
        """Nothing to load."""

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None = None
    ) -> list[RecognizerResult]:
        """The addresses of `text`. A word glued to one by a missing space is not part of it."""
        found = []
        for match in self._ADDRESS.finditer(text):
            if match.group().startswith("git@") and text[match.end() : match.end() + 1] in (":", "/"):
                continue  # a repository, not a person
            labels = match["domain"].split(".")
            while len(labels) > 1 and not (score := self._score(".".join(labels))):
                labels.pop()
            if len(labels) > 1:
                found.append(result(self, match.start(), match.start("domain") + len(".".join(labels)), score))
        return found

    def _score(self, domain: str) -> float:
        name, _, last = domain.rpartition(".")
        if last.lower() in self.SUFFIXES:
            return self.PRIVATE
        parts = _suffixes()(domain)
        return self.PUBLIC if parts.suffix and parts.domain and name else 0.0


@cache
def _suffixes() -> tldextract.TLDExtract:
    """The public suffix list inside tldextract: left alone, it fetches a newer one at the first address."""
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def fetch_no_suffixes() -> None:
    """Give presidio's own e-mail recogniser, and whatever else asks tldextract as shipped, that list too."""
    tldextract.tldextract.TLD_EXTRACTOR = _suffixes()
