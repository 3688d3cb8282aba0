"""E-mail addresses: their domain decides."""

import re
from collections.abc import Iterator
from functools import cache

import tldextract

from filters._recogniser import Hit, Recogniser
from filters._screen import REACH


class EmailAddresses(Recogniser):
    """E-mail addresses whose domain ends in a public suffix, or in one that is used inside companies or in examples.

    `scheme://name:password@host` is none: what stands before the host is what `secrets` looks for.
    """

    kind = "email"
    PUBLIC, PRIVATE = 1.0, 0.6
    SUFFIXES = frozenset(("local", "internal", "intranet", "lan", "corp", "localdomain", "example", "test", "invalid"))
    _ADDRESS = re.compile(
        r"(?<!\w)\w[\w.+'-]{0,63}+(?<![.'])(?:@|%40)(?P<domain>(?:[^\W_][\w-]{0,62}\.){1,8}(?:xn--[\w-]{1,59}|[^\W\d_]{2,63}))(?![^\W_])"
    )
    _SIGN = r"(?:[^\s/@\"'<>]|<[A-Z_]{2,}>)"
    _LOGIN = re.compile(rf"[A-Za-z][A-Za-z0-9+.-]{{1,30}}://{_SIGN}*:{_SIGN}*$")  # before the last of a password

    def hits(self, text: str) -> Iterator[Hit]:
        """The addresses of `text`. A word glued to one by a missing space is not part of it."""
        for match in self._ADDRESS.finditer(text):
            if match.group().startswith("git@") and text[match.end() : match.end() + 1] in (":", "/"):
                continue  # a repository, not a person
            if self._LOGIN.search(text, max(0, match.start() - REACH), match.start()):
                continue
            labels = match["domain"].split(".")
            while len(labels) > 1 and not (score := self._score(".".join(labels))):
                labels.pop()
            if len(labels) > 1:
                yield Hit(match.start(), match.start("domain") + len(".".join(labels)), score)

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
