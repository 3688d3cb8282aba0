"""The kinds of `pii` that presidio finds: those where it is right, and those where it is once it is put right.

Importing this module imports presidio and spaCy (0.9 s): only `_presidio` does, where one of these kinds may be.
"""

import re
from collections.abc import Iterator
from typing import Any

from presidio_analyzer import EntityRecognizer, Pattern, PatternRecognizer, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts
from presidio_analyzer.predefined_recognizers import (
    CreditCardRecognizer,
    CryptoRecognizer,
    IbanRecognizer,
    IpRecognizer,
    MacAddressRecognizer,
    UsSsnRecognizer,
)

from filters._engine import result
from filters._recogniser import Hit, Recogniser

_PAIR = "[0-9A-F]{2}"
_FOUR = r"[0-9A-F]{4}"


class Presidios(Recogniser):
    """One of presidio's, asked without its engine."""

    def __init__(self, theirs: EntityRecognizer) -> None:
        self.kind, self.words, self._theirs = theirs.supported_entities[0], tuple(theirs.context or ()), theirs

    def hits(self, text: str) -> Iterator[Hit]:
        """What it finds in `text`."""
        for found in self._theirs.analyze(text, [self.kind], None):  # type: ignore[arg-type] # none looks at tokens
            yield Hit(found.start, found.end, found.score)


def recognisers() -> list[PatternRecognizer]:
    """presidio's, as they are or put right; of hosts' addresses two."""
    return [
        PaymentCards(),
        CryptoRecognizer(
            supported_entity="crypto",
            patterns=[Pattern("bitcoin", r"\b(?-i:(?:bc1|[13])[a-zA-HJ-NP-Z0-9]{25,59})\b", 0.5)],
        ),
        AccountNumbers(),
        HostAddresses(),
        LongHostAddresses(),
        MacAddressRecognizer(
            supported_entity="mac",
            patterns=[  # part of no longer row of pairs, which is a fingerprint
                Pattern("pairs", rf"(?<![\w:-]){_PAIR}([:-])(?:{_PAIR}\1){{4}}{_PAIR}(?!\w|[:-]{_PAIR})", 0.6),
                Pattern("dots", rf"(?<![\w.])(?=[0-9.]*[A-F]){_FOUR}\.{_FOUR}\.{_FOUR}(?!\w|\.\w)", 0.6),
            ],
        ),
        UsSsnRecognizer(
            supported_entity="us_ssn",
            patterns=[
                Pattern("dashes", r"(?<![\w.-])[0-9]{3}-[0-9]{2}-[0-9]{4}(?![\w]|-\w)", 0.5),
                Pattern("dots or spaces", r"(?<![\w.])[0-9]{3}([ .])[0-9]{2}\1[0-9]{4}(?![\w]|\.\w)", 0.1),
                Pattern("en dashes", r"(?<![\w.–-])[0-9]{3}–[0-9]{2}–[0-9]{4}(?![\w]|–\w)", 0.1),
                Pattern("closed", r"\b[0-9]{9}\b", 0.05),
            ],
            context=["ssn", "ssns", "social security", "social security number", "ss#", "ss no"],
        ),
    ]


class PaymentCards(CreditCardRecognizer):
    """Payment cards of 12 to 19 digits that pass Luhn's check.

    A brand with a length that it issues is sure; a Maestro number is one long number in ten, so a word must say card.
    """

    BRANDS = re.compile(
        r"4[0-9]{15}(?:[0-9]{3})?|5[1-5][0-9]{14}|(?:222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"
        r"|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800)[0-9]{11}|35(?:2[89]|[3-8][0-9])[0-9]{12}"
        r"|6(?:011|5[0-9]{2}|4[4-9][0-9])[0-9]{12}|62[0-9]{14}"
    )
    PREFIXES = re.compile(r"0604|4|5[0-8]|6|2[2-7]|3[0-9]|1800|2131")
    EDGES = r"(?<![\w.]){}(?![\w]|\.[0-9])"
    FORMS = (
        Pattern("closed", EDGES.format(r"(?:[1-6]|0(?=604))[0-9]{11,18}"), 0.1),
        Pattern("fours", EDGES.format(r"[2-6][0-9]{3}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{4}"), 0.1),
        Pattern("fours and three", EDGES.format(r"[2-6][0-9]{3}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{4}\1[0-9]{3}"), 0.1),
        Pattern("four, six, five", EDGES.format(r"[123][0-9]{3}([ -])[0-9]{6}\1[0-9]{4,5}"), 0.1),
    )
    SAID = ("card", "cards", "cc", "debit", "visa", "mastercard", "amex", "discover", "jcb", "diners", "maestro")

    def __init__(self) -> None:
        super().__init__(supported_entity="credit_card", patterns=list(self.FORMS), context=list(self.SAID))

    def validate_result(self, pattern_text: str) -> bool | None:  # type: ignore[override] # None is presidio's 'not proved'
        """True for a card of a known brand, None for one that needs a word, False for no card."""
        digits = pattern_text.replace(" ", "").replace("-", "")
        if not self.PREFIXES.match(digits) or not super().validate_result(digits):
            return False
        return True if self.BRANDS.fullmatch(digits) else None


class AccountNumbers(IbanRecognizer):
    """IBANs whose check digits and national form are right.

    presidio takes the words behind one for its last groups, and then finds nothing: here every end is tried.
    """

    LOWER_CASE = 0.6
    _HEAD = re.compile(r"(?<![A-Za-z0-9])(?=[A-Za-z]{2}[0-9]{2})")
    _FORM = re.compile(r"[A-Za-z0-9]{4}(?:[ -]?[A-Za-z0-9]){11,30}")
    _ENDS = re.compile(r"(?<=[A-Za-z0-9])(?![A-Za-z0-9])")

    def __init__(self) -> None:
        super().__init__(supported_entity="iban", exact_match=True)

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None = None, regex_flags: int | None = None
    ) -> list[RecognizerResult]:
        """The IBANs of `text`, the longest where several ends would do."""
        starts = (head.start() for head in self._HEAD.finditer(text))
        return [found for start in starts if (found := self._at(text, start))]

    def _at(self, text: str, start: int) -> RecognizerResult | None:
        ends = [m.end() for m in self._ENDS.finditer(text, start + 15, min(start + 46, len(text)))]
        for end in reversed(ends):
            if self._FORM.fullmatch(text, start, end) and (valid := self.validate_result(text[start:end])) is not False:
                return result(self, start, end, 1.0 if valid else self.LOWER_CASE)
        return None


class HostAddresses(IpRecognizer):
    """IPv4 addresses of a host: no loopback, no netmask, no version number."""

    _OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
    IPV4 = Pattern("IPv4", rf"(?<![\w.])(?:{_OCTET}\.){{3}}{_OCTET}(?:/(?:3[0-2]|[12]?[0-9]))?(?!\w|\.\w)", 0.6)
    _VERSION = re.compile(r"(?i)(?:\b(?:version|release|ver|v|section|chapter|rev|build)\b\W*|[=<>~^]=\s*|§\s*)$")
    _SECTION = re.compile(r"[0-9](?:\.[0-9]){3}")
    UNSURE = 0.2
    _GLOBAL = re.compile(r"(?i)(?:[23][0-9a-f]{3}|fe[89ab][0-9a-f]|f[cd][0-9a-f]{2}|ff[0-9a-f]{2}|64):")

    def __init__(self) -> None:
        words = ["ip", "ips", "ipv4", "ipv6", "host", "server"]
        super().__init__(supported_entity="ip", patterns=self.forms(), context=words)

    def forms(self) -> list[Pattern]:
        """What is looked for."""
        return [self.IPV4]

    def analyze(self, text: str, entities: list[str], *args: Any, **kwargs: Any) -> list[RecognizerResult]:
        """presidio's findings without version numbers; what may be a section needs a word that says IP."""
        found = super().analyze(text, entities, *args, **kwargs)
        for one in found:
            if self._SECTION.fullmatch(text, one.start, one.end):
                one.score = self.UNSURE
        return [one for one in found if not self._VERSION.search(text[max(0, one.start - 12) : one.start])]

    def invalidate_result(self, pattern_text: str) -> bool:
        """True where it is no address, or no host's."""
        if super().invalidate_result(pattern_text):
            return True
        if ":" not in pattern_text:
            return pattern_text.startswith(("0.", "127.", "255."))
        groups = [group for group in pattern_text.partition("/")[0].split(":") if group]
        return len(groups) < 2 or not (self._GLOBAL.match(pattern_text) or "." in pattern_text or len(groups) > 3)


class LongHostAddresses(HostAddresses):
    """IPv6 addresses of a host: no slice such as `[::2]`. By themselves: presidio's patterns for them are slow."""

    def forms(self) -> list[Pattern]:
        """presidio's, but for the address that stands for none."""
        return [pattern for pattern in self.PATTERNS if pattern.name not in ("IPv4", "IPv6_unspecified")]
