"""Numbers that an office or a bank gave to somebody, where nothing but a word before them, or their form, says so."""

from filters._recogniser import Patterns

_NINO = r"(?!BG|GB|NK|KN|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]"
_PASSPORT = ["passport", "passports", "pasaporte", "reisepass", "reisepassnummer", "passeport", "travel document"]


class SocialSecurityNumbers(Patterns):
    """US social security numbers, without those that the office gives to nobody."""

    EXAMPLES = ("123456789", "987654320", "078051120")

    def __init__(self) -> None:
        forms = [
            (r"(?<![\w.-])[0-9]{3}-[0-9]{2}-[0-9]{4}(?![\w]|-\w)", 0.5),
            (r"(?<![\w.])[0-9]{3}([ .])[0-9]{2}\1[0-9]{4}(?![\w]|\.\w)", 0.1),
            (r"(?<![\w.–-])[0-9]{3}–[0-9]{2}–[0-9]{4}(?![\w]|–\w)", 0.1),
            (r"\b[0-9]{9}\b", 0.05),
        ]
        words = ["ssn", "ssns", "social security", "social security number", "ss#", "ss no"]
        super().__init__("us_ssn", forms, words)

    def is_sure(self, value: str) -> bool | None:
        """False where a group is all zeros, the area is 666, the digits are all the same or those of an example."""
        plain = "".join(filter(str.isdigit, value))
        area, group, serial = plain[:3], plain[3:5], plain[5:]
        is_none = area in ("000", "666") or group == "00" or serial == "0000" or len(set(plain)) == 1
        return False if is_none or plain in self.EXAMPLES else None


def plain_numbers() -> list[Patterns]:
    """One recogniser a kind."""
    return [
        SocialSecurityNumbers(),
        Patterns(
            "bank_account",
            [(r"\b[0-9]{8,17}\b", 0.05)],
            ["account", "accounts", "acct", "a/c", "konto", "kontonummer"],
        ),
        Patterns(
            "passport",
            [
                (r"\b[0-9]{9}\b", 0.05),
                (r"\b(?:[A-Z]{1,2}[0-9]{6,8}|[0-9]{2}[A-Z]{2}[0-9]{5})\b", 0.05),
                (r"\b[CFGHJKLMNPRTVWXYZ](?=[A-Z0-9]*[0-9]{2})[CFGHJKLMNPRTVWXYZ0-9]{7}[0-9D]{1,2}\b", 0.05),  # German
            ],
            _PASSPORT,
        ),
        Patterns(
            "uk_nino",
            [
                (rf"\b{_NINO} [0-9]{{2}} [0-9]{{2}} [0-9]{{2}} [A-D]\b", 0.5),
                (rf"\b{_NINO}[0-9]{{6}} ?[A-D]\b", 0.3),
            ],
            ["national insurance", "ni number", "nino", "ni no"],
        ),
    ]
