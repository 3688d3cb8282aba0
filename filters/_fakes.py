"""Consistent fakes: in one document the same value always becomes the same fake, and no value is kept to do so.

In      a value and its kind, with a key: `describe` gives keyed digests and the form (which signs, not which digits).
Out     `draw` makes a fake of these, a seed and a document; where a kind has no form that nobody's value has, None.
Known   `ours` finds fakes again, so that a second scrub leaves them: every fake lies where no real value does (made-up
        names, example.org, documentation addresses, area 000, banks of zeros).
Source  RFC 2606, 3849, 5737, 7042; ISO 13616 (IBAN), ISO 7812 (Luhn).
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pyarrow as pa

from filters import _fake_names
from filters._fake_names import A_FAMILY, A_GIVEN

FORM = [
    ("form", pa.string()),
    ("words", pa.list_(pa.struct([("role", pa.string()), ("written", pa.string()), ("digest", pa.binary(8))]))),
]
ZEROS = 3  # digits at the beginning of a national telephone number: none begins so
BANK = 4  # signs at the beginning of an account: no bank has them
CARD_STARTS = {14: "300000", 15: "370000"}
CARD_START = "400000"
_GAP = r"[ .()/-]{0,3}"
_NAME = rf"(?:X\. ?)*(?:{A_GIVEN}|{A_FAMILY})(?: (?:{A_GIVEN}|{A_FAMILY}|X\.))*"
_OURS = [
    rf"{A_GIVEN}\.{A_FAMILY}@example\.org",
    rf"[0-9]{{1,3}} {A_FAMILY} Street",
    rf"{A_FAMILY} Ltd",
    rf"{A_GIVEN}[0-9]{{2}}",
    _NAME,
    rf"(?:\+[1-9][0-9]{{0,2}}{_GAP})?\(?0{_GAP}0{_GAP}0(?:{_GAP}[0-9]){{4,12}}",
    r"000[ .–-]?[0-9]{2}[ .–-]?[0-9]{4}",
    *(r"[ -]?".join(start) + r"(?:[ -]?[0-9]){6,13}" for start in (CARD_START, *CARD_STARTS.values())),
    r"[A-Z]{2}[0-9]{2}(?:[ -]?[0X]){4}(?:[ -]?[0-9X]){7,26}",
    r"(?:192\.0\.2|198\.51\.100|203\.0\.113)\.[0-9]{1,3}",
    r"2001:db8::[0-9a-f]{1,4}",
    r"00[:-]00[:-]5E[:-]00[:-]53[:-][0-9A-F]{2}",
]
_ALL_OURS = re.compile("|".join(rf"(?<![\w@.+-])(?:{one})(?![\w@-])" for one in _OURS))


def ours(text: str) -> Iterator[tuple[int, int]]:
    """The spans of fakes in `text`."""
    return (match.span() for match in _ALL_OURS.finditer(text))


def describe(value: str, kind: str, key: bytes) -> dict[str, Any]:
    """What `draw` needs of a value: keyed digests of its words, and signs in the place of its digits and letters."""
    if kind == "person":
        words = [
            {"role": role, "written": _written(word), "digest": _digest(word, key)}
            for word, role in _fake_names.words_of(value)
        ]
        return {"form": "", "words": words}
    form = _FORMS[kind](value) if kind in _FORMS else ""
    return {"form": form, "words": [{"role": "", "written": "", "digest": _digest(value, key)}]}


def draw(kind: str, described: Mapping[str, Any], seed: int, document: str) -> str | None:
    """The fake for a value in a document; None where there is none for its kind or form."""
    words = described["words"] or []
    if not words:
        return None
    if kind == "person":
        return " ".join(
            _as_written(_fake_names.named(w["role"], _number(w["digest"], seed, document)), w) for w in words
        )
    number = _number(words[0]["digest"], seed, document)
    return _DRAWN[kind](described["form"], number) if kind in _DRAWN else None


def _digest(value: str, key: bytes) -> bytes:
    plain = "".join(filter(str.isalnum, unicodedata.normalize("NFKC", value).casefold()))
    return hashlib.blake2b(plain.encode(), key=key, digest_size=8).digest()


def _number(digest: bytes, seed: int, document: str) -> int:
    drawn = hashlib.blake2b(digest + f"{seed}\n{document}".encode(), digest_size=16)
    return int.from_bytes(drawn.digest())


def _written(word: str) -> str:
    return "upper" if word.isupper() and len(word) > 1 else "lower" if word.islower() else "title"


def _as_written(fake: str, word: Mapping[str, str]) -> str:
    return fake.upper() if word["written"] == "upper" else fake.lower() if word["written"] == "lower" else fake


def _filled(form: str, digits: str, number: int) -> str:
    """`form` with its `#` as `digits`, then those of `number`."""
    drawn = iter(digits + str(number).zfill(40)[::-1])
    return "".join(next(drawn) if sign == "#" else sign for sign in form)


# --- forms: what of a value is no secret


def _digits_hidden(value: str) -> str:
    return re.sub(r"\d", "#", value)


def _phone_form(value: str) -> str:
    """All digits hidden but the code of the country; without an extension."""
    import phonenumbers  # not above: rows without a telephone number never load it

    plain = re.split(r"[,;]? *(?:ext|x|#)", value, flags=re.IGNORECASE)[0].strip()
    code = ""
    if plain.startswith("+"):
        try:
            code = str(phonenumbers.parse(plain, None).country_code)
        except phonenumbers.NumberParseException:
            return ""
    start = plain.find(code) + len(code) if code else 0
    return plain[:start] + _digits_hidden(plain[start:])


def _iban_form(value: str) -> str:
    """Country, signs that part groups, `#` for a digit, `X` for a letter."""
    return value[:2].upper() + re.sub(r"[A-Za-z]", "X", _digits_hidden(value[2:]))


def _mac_form(value: str) -> str:
    return next((sign for sign in ":-" if sign in value), "")


_FORMS: dict[str, Callable[[str], str]] = {
    "phone": _phone_form, "credit_card": _digits_hidden, "us_ssn": _digits_hidden, "iban": _iban_form,
    "mac": _mac_form, "ip": lambda value: ":" if ":" in value else ".",
}  # fmt: skip


# --- fakes of a form


def _phone(form: str, number: int) -> str | None:
    return _filled(form, "0" * ZEROS, number) if form.count("#") >= ZEROS + 4 else None


def _card(form: str, number: int) -> str | None:
    length = form.count("#")
    if not 12 <= length <= 19:
        return None
    plain = (CARD_STARTS.get(length, CARD_START) + str(number).zfill(40))[: length - 1]
    total = sum(_luhn(int(digit), doubled=nth % 2 == 0) for nth, digit in enumerate(reversed(plain)))
    return _filled(form, plain + str(-total % 10), 0)


def _luhn(digit: int, *, doubled: bool) -> int:
    return digit if not doubled else digit * 2 - 9 if digit > 4 else digit * 2


def _iban(form: str, number: int) -> str | None:
    """A bank of zeros in the same country, with right check digits; forms that have none are left out."""
    places = [nth for nth, sign in enumerate(form) if sign in "#X"]
    if len(places) < 2 + BANK + 7 or form[places[0]] != "#" or form[places[1]] != "#":
        return None
    drawn = str(number).zfill(40)[::-1]
    account = [
        "0" if form[at] == "#" and nth < BANK else drawn[nth] if form[at] == "#" else "X"
        for nth, at in enumerate(places[2:])
    ]
    spelled = "".join(str(int(sign, 36)) for sign in "".join(account) + form[:2] + "00")
    signs = iter(f"{98 - int(spelled) % 97:02d}" + "".join(account))
    return form[:2] + "".join(next(signs) if sign in "#X" else sign for sign in form[2:])


def _ip(form: str, number: int) -> str:
    if form == ":":
        return f"2001:db8::{number % 0xFFFF + 1:x}"
    return ("192.0.2.", "198.51.100.", "203.0.113.")[number % 3] + str(number // 3 % 254 + 1)


def _mac(form: str, number: int) -> str | None:
    return form.join(["00", "00", "5E", "00", "53", f"{number % 256:02X}"]) if form else None


def _family(number: int) -> str:
    return _fake_names.named("S:en", number)


_DRAWN: dict[str, Callable[[str, int], str | None]] = {
    "address": lambda _, number: f"{number // 64 % 180 + 1} {_family(number)} Street",
    "credit_card": _card,
    "email": lambda _, n: f"{_fake_names.named('N', n)}.{_family(n // 64)}@example.org".lower(),
    "iban": _iban,
    "ip": _ip,
    "location": lambda _, number: _family(number),
    "mac": _mac,
    "organization": lambda _, number: f"{_family(number)} Ltd",
    "phone": _phone,
    "us_ssn": lambda form, number: _filled(form, "000", number) if form.count("#") == 9 else None,
    "username": lambda _, number: f"{_fake_names.named('N', number).lower()}{number // 64 % 90 + 10}",
}  # fmt: skip
