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
from collections.abc import Iterator
from dataclasses import dataclass

PIECE = 1_000  # characters presidio sees at once: a row of 5 MB costs no more a character than a short one
CONTEXT = 60  # characters before a finding in which a context word counts: about as far as presidio's five words
REACH = CONTEXT + 20  # and a placeholder that begins before them
FILL = "•"  # stands for what was found already, and for what was masked


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of personal data: its placeholder, and a pattern without which it cannot be in a text."""

    placeholder: str
    gate: re.Pattern[str]


def _kind(placeholder: str, gate: str) -> Kind:
    return Kind(placeholder, re.compile(gate))


KINDS = {
    "bank_account": _kind("<BANK_ACCOUNT>", r"[0-9]{8}"),
    "credit_card": _kind("<CREDIT_CARD>", r"[0-9]{12}|[0-9]{4}[ -][0-9]{4,6}[ -][0-9]{4}"),
    "crypto": _kind("<CRYPTO>", r"(?:bc1|[13])[a-zA-HJ-NP-Z0-9]{25}"),
    "email": _kind("<EMAIL>", r"\w(?:@|%40)\w"),
    "iban": _kind("<IBAN>", r"[A-Za-z]{2}[0-9]{2}(?:[ -]?[A-Za-z0-9]){11}"),
    "ip": _kind("<IP>", r"[0-9]\.[0-9]{1,3}\.[0-9]|[0-9A-Fa-f]:[0-9A-Fa-f]{0,4}:|::[0-9A-Fa-f]"),
    "mac": _kind("<MAC>", r"[0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-]|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\."),
    "passport": _kind("<PASSPORT>", r"[0-9]{7}"),
    "phone": _kind("<PHONE>", r"[0-9](?:[ .()/-]{0,3}[0-9]){6}"),
    "uk_nhs": _kind("<UK_NHS>", r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}"),
    "uk_nino": _kind("<UK_NINO>", r"[A-Z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]"),
    "us_ssn": _kind("<US_SSN>", r"[0-9]{3}[ .-][0-9]{2}[ .-][0-9]{4}|[0-9]{9}"),
}

_ANYTHING = re.compile(r"[0-9@:]")
_BARRIER = re.compile(rf"<[A-Z_]{{2,}}>|{FILL}{{2,}}")
_SAFE_CUT = re.compile(r"(?<![0-9A-Z(+])[ \t](?![0-9(+])")  # inside no number, group of an IBAN or telephone number
_ANY_CUT = re.compile(r"\s")


def _folding() -> dict[int, str]:
    """Digits of all scripts, full-width ASCII, dashes and blanks, each to one ASCII character."""
    table = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
    table |= dict.fromkeys([*range(0x2010, 0x2016), 0x2212, 0xFE63], "-")
    table |= dict.fromkeys([0xA0, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], " ")
    digits = ((code, unicodedata.decimal(chr(code), None)) for code in range(0x80, sys.maxunicode))
    return table | {code: str(digit) for code, digit in digits if digit is not None}


_FOLDING: dict[int, str] = {}


def fold(text: str) -> str:
    """`text` as recognisers read it: the same length, so that offsets hold."""
    if text.isascii():
        return text
    if not _FOLDING:
        _FOLDING.update(_folding())  # 0.1 s, and only where a text is not ASCII
    return text.translate(_FOLDING)


def can_hold(kinds: tuple[str, ...], text: str, start: int = 0, end: int = sys.maxsize) -> list[str]:
    """Which of `kinds` may be in text[start:end]; the others cannot be."""
    if not _ANYTHING.search(text, start, end):
        return []
    return [kind for kind in kinds if KINDS[kind].gate.search(text, start, end)]


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


def blank(text: str, spans: list[tuple[int, int]]) -> str:
    """`text` with the spans filled: the same length, and nothing left in them to find."""
    for start, end in spans:
        text = text[:start] + FILL * (end - start) + text[end:]
    return text
