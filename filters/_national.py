"""National numbers whose check digits say what they are.

Source  the algorithms that the issuing offices publish: ICAO 9303 (German identity cards), ISO 7064 MOD 11,10 (German
        tax numbers), 97 minus the number (French NIR), a letter by mod 23 (Spanish DNI and NIE), EAN-13 (Swiss AHV).
"""

from collections.abc import Iterable

from filters._recogniser import Patterns


class _Checked(Patterns):
    """A pattern and a check: right check digits make it sure, or leave it to a word before; wrong ones unmake it."""

    ALONE = True  # whether the check digits are enough without a word

    def __init__(self, kind: str, form: str, score: float, words: Iterable[str] = ()) -> None:
        super().__init__(kind, [(rf"(?<![\w.-])(?:{form})(?![\w-])", score)], words)

    def is_sure(self, value: str) -> bool | None:
        """True or None where the check digits are right."""
        plain = "".join(filter(str.isalnum, value)).upper()
        if not self.is_right(plain):
            return False
        return True if self.ALONE else None

    def is_right(self, plain: str) -> bool:
        """Whether the check digits of `plain`, which has no blanks and signs, are right."""
        raise NotImplementedError


class FrenchNumbers(_Checked):
    """NIR: sex, year, month, place, serial number and a key of two digits."""

    def __init__(self) -> None:
        form = r"[1278] ?[0-9]{2} ?(?:0[1-9]|1[0-2]|[2-9][0-9]) ?(?:[0-9]{2}|2[AB]) ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}"
        super().__init__("fr_nir", form, 0.3)

    def is_right(self, plain: str) -> bool:
        """97 minus the rest of the number, with Corsica's departments written as numbers."""
        number = plain[:13].replace("2A", "19").replace("2B", "18")
        return number.isdigit() and 97 - int(number) % 97 == int(plain[13:])


class SpanishNumbers(_Checked):
    """DNI and NIE: the letter follows from the number."""

    LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"

    def __init__(self) -> None:
        form = r"(?:[0-9]{8}|[0-9]{2}\.[0-9]{3}\.[0-9]{3}|[XYZ][ -]?[0-9]{7})[ -]?[A-HJ-NP-TV-Z]"
        words = ["dni", "nie", "nif", "documento", "identidad", "d.n.i", "n.i.e"]
        super().__init__("es_dni", form, 0.35, words)

    ALONE = False  # one number in 23 has a right letter

    def is_right(self, plain: str) -> bool:
        """The letter at the number's place mod 23."""
        number = plain[:-1].translate(str.maketrans("XYZ", "012"))
        return self.LETTERS[int(number) % 23] == plain[-1]


class SwissNumbers(_Checked):
    """AHV number: 756, nine digits, a check digit."""

    def __init__(self) -> None:
        super().__init__("ch_ahv", r"756([. ]?)[0-9]{4}\1[0-9]{4}\1[0-9]{2}", 0.3)

    def is_right(self, plain: str) -> bool:
        """EAN-13."""
        total = sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(plain[:12]))
        return (10 - total % 10) % 10 == int(plain[12])


class GermanTaxNumbers(_Checked):
    """Steuerliche Identifikationsnummer: eleven digits, which alone are too few to be sure."""

    ALONE = False

    def __init__(self) -> None:
        words = ["steuer", "idnr", "identifikationsnummer", "steueridentifikationsnummer", "tin", "tax id"]
        super().__init__("de_tax_id", r"[1-9][0-9]( ?)[0-9]{3}\1[0-9]{3}\1[0-9]{3}", 0.05, words)

    def is_right(self, plain: str) -> bool:
        """ISO 7064 MOD 11,10."""
        product = 10
        for digit in plain[:10]:
            product = ((int(digit) + product) % 10 or 10) * 2 % 11
        return (11 - product) % 10 == int(plain[10])


class GermanCards(_Checked):
    """Number of a German identity card or passport: nine signs and a check digit."""

    ALONE = False

    def __init__(self) -> None:
        words = ["ausweis", "personalausweis", "ausweisnummer", "personalausweisnummer", "id card", "identity card"]
        super().__init__("de_id_card", r"[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{8}[0-9]", 0.05, words)

    def is_right(self, plain: str) -> bool:
        """ICAO 9303: weights 7, 3, 1."""
        values = [int(sign) if sign.isdigit() else ord(sign) - 55 for sign in plain[:9]]
        return sum(value * (7, 3, 1)[at % 3] for at, value in enumerate(values)) % 10 == int(plain[9])


class HealthNumbers(Patterns):
    """UK NHS numbers. Their check digit passes one US telephone number in eleven, so a word must say so."""

    def __init__(self) -> None:
        words = ["nhs", "national health service", "health service"]
        super().__init__("uk_nhs", [(r"\b[0-9]{3}([- ]?)[0-9]{3}\1[0-9]{4}\b", 0.25)], words)

    def is_sure(self, value: str) -> bool | None:
        """None where the digits, weighed from 10 down to 1, are together a multiple of 11."""
        digits = [int(sign) for sign in value if sign.isdigit()]
        total = sum(digit * (10 - at) for at, digit in enumerate(digits))
        return None if total % 11 == 0 else False


def national() -> list[Patterns]:
    """One recogniser a kind."""
    return [FrenchNumbers(), SpanishNumbers(), SwissNumbers(), GermanTaxNumbers(), GermanCards(), HealthNumbers()]
