"""Where a card, an IBAN, a bitcoin or IPv6 address may be: written as one, and with check digits that are right.

presidio, which has the last word on these, takes a second to load. So it is asked only where one of these says so: each
is a necessary condition of what it would find. Standard library only.

Source  Luhn (ISO/IEC 7812), ISO 7064 MOD 97-10, Base58Check and BIP 173, as presidio checks them.
"""

import re
from collections.abc import Iterator
from hashlib import sha256

CARD_PREFIXES = re.compile(r"0604|4|5[0-8]|6|2[2-7]|3[0-9]|1800|2131")
_COUNTRIES = (
    "AD AE AL AT AZ BA BE BG BH BR BY CH CR CY CZ DE DK DO EE EG ES FI FO FR GB GE GI GL GR GT HR HU IE IL IQ IS IT JO "
    "KW KZ LB LC LI LT LU LV LY MC MD ME MK MR MT MU NL NO PK PL PS PT QA RO RS SA SC SE SI SK SM TL TN TR UA VA VG XK"
)
IBAN_COUNTRIES = frozenset(_COUNTRIES.split())
_CARDS = [  # presidio's `regex` takes "²" for no part of a word, `re` does: hence ASCII, which asks for less
    re.compile(rf"(?<![\w.])(?=({form})(?!\w))", re.ASCII)  # in a lookahead: what is none may hide no other
    for form in (
        r"[0-6][0-9]{11,18}",
        r"[2-6][0-9]{3}([ -])[0-9]{4}\2[0-9]{4}\2[0-9]{4}",
        r"[2-6][0-9]{3}([ -])[0-9]{4}\2[0-9]{4}\2[0-9]{4}\2[0-9]{3}",
        r"[1-3][0-9]{3}([ -])[0-9]{6}\2[0-9]{4,5}",
    )
]
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}(?=(?:[ -]?[A-Za-z0-9]){11})")
_IBAN_FORM = re.compile(r"[A-Za-z0-9]{4}(?:[ -]?[A-Za-z0-9]){11,30}")
_IBAN_ENDS = re.compile(r"(?<=[A-Za-z0-9])(?![A-Za-z0-9])")
_BITCOIN = re.compile(r"\b(?:bc1|[13])[a-zA-HJ-NP-Z0-9]{25,59}\b", re.ASCII)
_BECH32 = re.compile(r"bc1[a-z0-9]+(?<=[ac-hj-np-z02-9]{6})")  # small letters, the last six of its own alphabet
_BASE58 = {sign: at for at, sign in enumerate("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")}
_GROUP = "[0-9A-Fa-f]{1,4}"
_IPV6 = re.compile(rf"(?<![\w:])(?:(?:{_GROUP}:){{1,7}}:|::{_GROUP}|(?:{_GROUP}:){{6}})[0-9A-Fa-f:]*[.%]?", re.ASCII)
GLOBAL = re.compile(r"(?i)(?:[23][0-9a-f]{3}|fe[89ab][0-9a-f]|f[cd][0-9a-f]{2}|ff[0-9a-f]{2}|64):")


def may_be_card(text: str) -> bool:
    """Whether some digits of `text` are grouped as on a card, begin as on one, and pass Luhn's check."""
    return any(
        CARD_PREFIXES.match(digits) and _luhn(digits)
        for form in _CARDS
        for match in form.finditer(text)
        if (digits := match[1].replace(" ", "").replace("-", ""))
    )


def _luhn(digits: str) -> bool:
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + doubled) % 10 == 0


def may_be_iban(text: str) -> bool:
    """Whether an IBAN's form, country and check digits stand in `text`."""
    return next(ibans(text), None) is not None


def ibans(text: str) -> Iterator[tuple[int, int]]:
    """The spans with an IBAN's form, country and check digits; of those that begin together the longest first."""
    for head in _IBAN.finditer(text):
        start = head.start()
        if head.group()[:2].upper() not in IBAN_COUNTRIES:
            continue
        ends = [m.end() for m in _IBAN_ENDS.finditer(text, start + 15, min(start + 46, len(text)))]
        for end in reversed(ends):
            if _IBAN_FORM.fullmatch(text, start, end) and _mod_97(text[start:end]):
                yield start, end


def _mod_97(iban: str) -> bool:
    plain = iban.replace(" ", "").replace("-", "")
    return int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1


def may_be_bitcoin(text: str) -> bool:
    """Whether a bitcoin address with a right checksum stands in `text`; of Bech32 the alphabet is enough."""
    return any(_is_bitcoin(match.group()) for match in _BITCOIN.finditer(text))


def _is_bitcoin(address: str) -> bool:
    if address.startswith("bc1"):
        return _BECH32.fullmatch(address) is not None
    number = 0
    for sign in address:
        if sign not in _BASE58:
            return False
        number = number * 58 + _BASE58[sign]
    zeros = len(address) - len(address.lstrip("1"))
    decoded = bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")
    return sha256(sha256(decoded[:-4]).digest()).digest()[:4] == decoded[-4:]


def may_be_ipv6(text: str) -> bool:
    """Whether an IPv6 address stands in `text` whose beginning, dots or number of groups are those of a host."""
    for match in _IPV6.finditer(text):
        written = match.group()
        if GLOBAL.match(written) or written[-1] in ".%" or len([*filter(None, written.split(":"))]) > 3:
            return True
    return False
