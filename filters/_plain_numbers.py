"""Numbers that an office or a bank gave to somebody, where nothing but a word before them, or their form, says so."""

from filters._recogniser import Patterns

_NINO = r"(?!BG|GB|NK|KN|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]"
_PASSPORT = ["passport", "passports", "pasaporte", "reisepass", "reisepassnummer", "passeport", "travel document"]


def plain_numbers() -> list[Patterns]:
    """One recogniser a kind."""
    return [
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
