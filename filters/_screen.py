"""What can be said of a string before presidio is asked: fold it, cut it, and see which kinds cannot be in it.

Standard library only, so that rows without a digit or an `@` never load presidio. Three facts make the answer the same
however much is skipped:

- folding is one code point to one, so offsets stay those of the text;
- no recogniser of ours matches across a line break, nor across the spaces at which a long line is cut;
- a gate is a necessary condition of its recogniser: where it does not match, nothing could be found.
"""

import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from filters._spans import FILL

PIECE = 1_000  # characters presidio sees at once: a row of 5 MB costs no more a character than a short one
CONTEXT = 60  # characters before a finding in which a context word counts: about as far as presidio's five words
REACH = CONTEXT + 20  # and a placeholder that begins before them


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of personal data: its placeholder, and without what it cannot be in a text.

    One of `words`, where there are any, must be in the text: part of a word of any case, after `=` all of one, after
    `^` its beginning, after `~` its end; with a capital all of a word as it stands; with a sign in it anywhere.
    """

    placeholder: str
    gate: re.Pattern[str]
    words: tuple[str, ...] = ()
    digits: bool = False  # whether seven of them stand together, blanks and signs apart


def _kind(placeholder: str, gate: str, words: str = "", *, digits: bool = False) -> Kind:
    return Kind(placeholder, re.compile(gate), tuple(words.split()), digits)


_DIGITS = r"[0-9]{3}"
_STREETS = (
    "Street St Avenue Ave Av Road Rd Boulevard Blvd Lane Ln Drive Dr Court Ct Place Pl Square Sq Terrace Ter Way "
    "Parkway Pkwy Circle Cir Highway Hwy Close Crescent Mews Gardens Row Trail Trl Loop Alley Grove Yard Turnpike "
    "Plaza Crossing Box Unit PSC CMR USS USNS USCGC USNC FPO DPO APO ~straße ~strasse str. ~weg ~platz ~allee "
    "~gasse ~damm ~ufer Ring ~stieg ~chaussee ~markt =c =rue =avenue =boulevard =bd =place =chemin =impasse =allée "
    "=allées =quai =cours =route =passage =faubourg =calle =carrer =avda =av =avenida =plaza =pza =paseo Pº "
    "pº =ronda =camino =carretera =ctra =travesía =travesia =via =viale =piazza =corso =rua =ul =ulica ~gatan "
    "~gata ~vägen ~väg ~veien ~vei ~vej ~gade ~straat ~laan ~plein ~katu ~tie ~kuja ~allé ~gränd ~vænget Suite "
    "Ste Apt Apartment Flat domicilio anschrift dirección adresse =postal =mailing =billing =shipping =home "
    "=street"
)
KINDS = {
    "address": _kind("<ADDRESS>",
        r"[0-9][0-9A-Za-z]{0,5},? [A-Za-zÀ-ÖØ-ÞŁŚŻ]|[A-Za-zß.,] {0,2}[0-9]|s/n\b|[º°] ?[0-9]"
    , _STREETS),
    "bank_account": _kind("<BANK_ACCOUNT>", r"[0-9]{8}", "account acct a/c konto", digits=True),
    "bic": _kind("<BIC>", r"[A-Z]{6}[A-Z0-9]{2}", "^swift ^bic"),
    "ch_ahv": _kind("<CH_AHV>", r"756[. ]?[0-9]{4}[. ]?[0-9]{4}", digits=True),
    "coordinates": _kind("<COORDINATES>", r"[0-9]\.[0-9]{3}|[0-9]°", "° ^lat ^gps ^coord =position =located ^geo"),
    "credit_card": _kind("<CREDIT_CARD>", r"[0-9]{12}|[0-9]{4}[ -][0-9]{4,6}[ -][0-9]{4}", digits=True),
    "crypto": _kind("<CRYPTO>", r"(?:bc1|[13])[a-zA-HJ-NP-Z0-9]{25}"),
    "date_of_birth": _kind(
        "<DATE_OF_BIRTH>", r"[0-9]{2}", "^birth =born =dob d.o.b d.ob do.b =geb ^geburt ^gebor ^nac =né =née"
    ),
    "de_id_card": _kind("<DE_ID_CARD>", r"[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{8}[0-9]", "ausweis card"),
    "de_tax_id": _kind("<DE_TAX_ID>", r"[1-9][0-9] ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}", "steuer id tin", digits=True),
    "driver_license": _kind("<DRIVER_LICENSE>", _DIGITS, "^driv =dl ^führerschein =permis =permiso"),
    "email": _kind("<EMAIL>", r"(?<=\w)(?:@|%40)\w", "@ %40"),
    "employee_id": _kind(
        "<EMPLOYEE_ID>", _DIGITS, "^emp =staff =personnel =personal ^personaln =worker =badge =matricule"
    ),
    "es_dni": _kind("<ES_DNI>", r"[0-9](?:[0-9]{2}\.?[0-9]{3}|[0-9]{6})[ -]?[A-Z]", digits=True),
    "es_nass": _kind(
        "<ES_NASS>", r"[0-9]{7}|[0-9]{2}[ /-][0-9]{8}", "=nass =nss =naf =seguridad ^afiliaci", digits=True
    ),
    "fr_nir": _kind("<FR_NIR>", r"[1278] ?[0-9]{2} ?[0-9]{2} ?(?:[0-9]{2}|2[AB]) ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}"),
    "iban": _kind("<IBAN>", r"(?<=[A-Za-z]{2})[0-9]{2}(?:[ -]?[A-Za-z0-9]){11}"),
    "invoice_number": _kind("<INVOICE_NUMBER>", _DIGITS, "^inv ^rechnung ^factur"),
    "ip": _kind("<IP>", r"\.[0-9]{1,3}\.[0-9]|:[0-9A-Fa-f]{1,4}:|::[0-9A-Fa-f]"),
    "mac": _kind("<MAC>", r"[:-][0-9A-Fa-f]{2}[:-]|\.[0-9A-Fa-f]{4}\."),
    "medical_record": _kind("<MEDICAL_RECORD>", _DIGITS, "^mrn =record ^patient ^nhc =historia ^cipa =chart =episodio"),
    "passport": _kind("<PASSPORT>", _DIGITS + r"|[A-Z][A-Z0-9]{6,}", "passport pasaporte reisepass passeport travel"),
    "phone": _kind("<PHONE>", r"[0-9]", digits=True),
    "policy_number": _kind(
        "<POLICY_NUMBER>", _DIGITS, "^pol ^póliza ^versicherung =member =subscriber =claim =insurance"
    ),
    "tax_id": _kind(
        "<TAX_ID>",
        r"[0-9][0-9 ./-]{5}",
        "=ein =fein =tin =vat ^tax =employer ^steuer ^ust =utr =siret =siren =cif =nif =fiscal"
    ),
    "uk_nhs": _kind("<UK_NHS>", r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}", digits=True),
    "uk_nino": _kind("<UK_NINO>", r"[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]"),
    "us_ssn": _kind("<US_SSN>", r"[0-9]{3}[ .–-][0-9]{2}[ .–-][0-9]{4}|[0-9]{9}", digits=True),
    "username": _kind(
        "<USERNAME>",
        r"(?i)(?:user|name|id|log-?[io]n|kennung|benutzer|usuario|utilisateur)[\"'\])*]{0,4} ?(?::|=)|user '|'@'",
        "user login log-on logon benutzer usuario utilisateur =screen '@'",
    ),
}  # fmt: skip

_WITHOUT_DIGIT = ("address", "bic", "email", "ip", "mac", "passport", "username")  # whose gates may match without one
_ANYTHING = re.compile(r"[0-9@:'\"=]")  # a user name may have no digit, but has a sign before it
_DIGIT = re.compile(r"[0-9]")
_LETTERS = re.compile(r"[^\W\d_]+")


def _words(mark: str) -> dict[str, tuple[str, ...]]:
    """The kinds of each word of letters alone that has this mark before it; of `A`, a capital, the word is whole."""
    found: dict[str, tuple[str, ...]] = {}
    for kind, its in KINDS.items():
        for word in its.words:
            bare = word.lstrip("=^~")
            if bare.isalpha() and mark == ("A" if word[0].isupper() else word[0] if word[0] in "=^~" else ""):
                found[bare] = (*found.get(bare, ()), kind)
    return found


def _by_size(words: Mapping[str, tuple[str, ...]]) -> dict[int, dict[str, tuple[str, ...]]]:
    return {size: {word: its for word, its in words.items() if len(word) == size} for size in {*map(len, words)}}


_WHOLE, _EXACT, _WITHIN = _words("A"), _words("="), _words("")
_BEGINS, _ENDS = _by_size(_words("^")), _by_size(_words("~"))
_SIGNS = [(word, kind) for kind, its in KINDS.items() for word in its.words if not word.strip("=^~").isalpha()]
_LONG = re.compile(r"[0-9](?:[ .()/–-]{0,3}[0-9]){6}")
_BARRIER = re.compile(rf"<[A-Z_]{{2,}}>|{FILL}{{2,}}")
_SAFE_CUT = re.compile(r"(?<![0-9A-Z(+])[ \t](?![0-9(+])")  # inside no number, group of an IBAN or telephone number
_ANY_CUT = re.compile(r"\s")


class _Folding(dict[int, str]):
    """Digits of all scripts, full-width ASCII, dashes and blanks, each to one ASCII character; what is met is kept."""

    def __init__(self) -> None:
        super().__init__({code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)})
        # The dash is not among them: 201–22–1874 may be from page to page.
        self.update(dict.fromkeys([0x2010, 0x2011, 0x2212, 0xFE63], "-"))
        self.update(dict.fromkeys([0xA0, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], " "))

    def __missing__(self, code: int) -> str:
        digit = unicodedata.decimal(chr(code), None)
        self[code] = folded = chr(code) if digit is None else str(digit)
        return folded


_FOLDING = _Folding()


def fold(text: str) -> str:
    """`text` as recognisers read it: the same length, so that offsets hold."""
    return text if text.isascii() else text.translate(_FOLDING)


def can_hold(kinds: Iterable[str], text: str, start: int = 0, end: int = sys.maxsize) -> tuple[str, ...]:
    """Which of `kinds` may be in text[start:end]; the others cannot be."""
    if not _ANYTHING.search(text, start, end):
        return ()
    digit = _DIGIT.search(text, start, end)
    long = digit and _LONG.search(text, start, end)
    said = _said(text[max(0, start - REACH) : end])  # a label may stand in the piece before
    return tuple(
        kind
        for kind in kinds
        if (long or not (its := KINDS[kind]).digits)
        and (digit or kind in _WITHOUT_DIGIT)
        and (not (its := KINDS[kind]).words or kind in said)
        and its.gate.search(text, start, end)
    )


def _said(text: str) -> set[str]:
    """The kinds of whose words one is in `text`."""
    said: set[str] = set()
    said.update(*map(_said_by, set(_LETTERS.findall(text))))
    return said.union(kind for sign, kind in _SIGNS if sign in text)


@lru_cache(maxsize=1 << 16)  # texts use the same words again and again
def _said_by(token: str) -> tuple[str, ...]:
    lower = token.lower()
    kinds = {*_WHOLE.get(token, ()), *_EXACT.get(lower, ())}
    for size in _BEGINS:
        kinds.update(_BEGINS[size].get(lower[:size], ()))
    for size in _ENDS:
        kinds.update(_ENDS[size].get(lower[-size:], ()))
    kinds.update(*(its for word, its in _WITHIN.items() if word in lower))
    return tuple(kinds)


def pieces(text: str) -> Iterator[tuple[int, int]]:
    """Cut `text` at line breaks into pieces of about PIECE characters; a long line at spaces inside no number."""
    start = 0
    while len(text) - start > PIECE:
        end = text.rfind("\n", start, start + PIECE) + 1 or _cut(text, start + PIECE)
        yield start, end
        start = end
    if start < len(text):
        yield start, len(text)


def _cut(text: str, wanted: int) -> int:
    """A place to cut at or soon after `wanted`: a safe space or the line's end; if both are far, any space or none."""
    limit = wanted + 20 * PIECE
    line = text.find("\n", wanted, limit) + 1 or (len(text) if len(text) <= limit else 0)
    space = _SAFE_CUT.search(text, wanted, line or limit)
    if not space and not line:
        space = _ANY_CUT.search(text, limit - PIECE, limit)
    return space.end() if space else line or limit


def context(text: str, start: int) -> str:
    """The words before `start` that may say what stands there.

    They never reach over something already found or replaced: else scrubbing one number would bring a word nearer to
    the next, and a second scrub would find more than the first.
    """
    before = text[max(0, start - REACH) : start]
    *_, barrier = [0, *(match.end() for match in _BARRIER.finditer(before))]
    return before[max(barrier, len(before) - CONTEXT) :]
