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
)

from filters._check_digits import CARD_PREFIXES, GLOBAL, ibans
from filters._engine import result
from filters._hosts import HOST_WORDS, is_version
from filters._recogniser import Hit, Recogniser


class Presidios(Recogniser):
    """One of presidio's, asked without its engine."""

    def __init__(self, theirs: EntityRecognizer) -> None:
        self.kind, self.words, self._theirs = theirs.supported_entities[0], tuple(theirs.context or ()), theirs

    def hits(self, text: str) -> Iterator[Hit]:
        """What it finds in `text`."""
        for found in self._theirs.analyze(text, [self.kind], None):  # type: ignore[arg-type] # none looks at tokens
            yield Hit(found.start, found.end, found.score)


def recognisers() -> list[PatternRecognizer]:
    """One recogniser a kind."""
    return [
        PaymentCards(),
        CryptoRecognizer(
            supported_entity="crypto",
            patterns=[Pattern("bitcoin", r"\b(?-i:(?:bc1|[13])[a-zA-HJ-NP-Z0-9]{25,59})\b", 0.5)],
        ),
        AccountNumbers(),
        LongHostAddresses(),
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
        if not CARD_PREFIXES.match(digits) or not super().validate_result(digits):
            return False
        return True if self.BRANDS.fullmatch(digits) else None


class AccountNumbers(IbanRecognizer):
    """IBANs whose check digits and national form are right.

    presidio takes the words behind one for its last groups, and then finds nothing: `ibans` tries every end.
    """

    LOWER_CASE = 0.6

    def __init__(self) -> None:
        super().__init__(supported_entity="iban", exact_match=True)

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None = None, regex_flags: int | None = None
    ) -> list[RecognizerResult]:
        """The IBANs of `text`, the longest where several ends would do."""
        found: dict[int, RecognizerResult] = {}
        for start, end in ibans(text):
            if start not in found and (valid := self.validate_result(text[start:end])) is not False:
                found[start] = result(self, start, end, 1.0 if valid else self.LOWER_CASE)
        return list(found.values())


class LongHostAddresses(IpRecognizer):
    """IPv6 addresses of a host: no version number, no slice such as `[::2]`."""

    def __init__(self) -> None:
        forms = [pattern for pattern in self.PATTERNS if pattern.name not in ("IPv4", "IPv6_unspecified")]
        super().__init__(supported_entity="ip", patterns=forms, context=list(HOST_WORDS))

    def analyze(self, text: str, entities: list[str], *args: Any, **kwargs: Any) -> list[RecognizerResult]:
        """presidio's findings without version numbers."""
        return [one for one in super().analyze(text, entities, *args, **kwargs) if not is_version(text, one.start)]

    def invalidate_result(self, pattern_text: str) -> bool:
        """True where it is no address, or no host's."""
        if super().invalidate_result(pattern_text):
            return True
        groups = [group for group in pattern_text.partition("/")[0].split(":") if group]
        return len(groups) < 2 or not (GLOBAL.match(pattern_text) or "." in pattern_text or len(groups) > 3)
