"""Telephone numbers: a run of digits is one because of how it is written, or because a word beside it says so.

presidio lets phonenumbers search the whole text once a region, which is a third of its time and takes card numbers,
IPv4 addresses and laboratory values for telephones. Here one pattern finds runs of 7 to 15 digits, a shape says which
countries write numbers so, and phonenumbers is asked once whether those countries have such a number.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

import phonenumbers

from filters._recogniser import Hit, Recogniser
from filters._screen import context

VALID = 0.75  # +44 20 7946 0112
POSSIBLE = 0.5  # +1 (476) 932-8321: the right length, no such area
LOCAL = 0.5  # 020 7946 0112
LABELLED = 0.45  # Tel. 4515986
LONGEST = 24  # characters of a number with its spaces

_RUN = re.compile(
    r"(?<![0-9A-Za-z_])(?:\+|(?<![0-9A-Za-z_][-./])(?<![0-9],))\(?[0-9](?:[ .()/-]{0,3}[0-9]){6,39}+"
    r"(?:,? ?(?:ext(?:ension|n)?[.:]?|x|#) ?[0-9]{1,6})?(?![0-9A-Za-z_])"
)
_BREAK = re.compile(r" +[/-] +|/|\. |  +| (?=\()")  # between two numbers that stand side by side
_INNER_START = re.compile(r"(?:^|(?<=[ /]))(?=\+|\(?0[1-9][0-9]|\([1-9][0-9])")
_SPACE_OR_END = re.compile(r" |$")
_EXTENSION = re.compile(r"[,a-z#].*$")
_NOT_A_PHONE = re.compile(
    r"""(?x) (?:
      (?:[0-9]{1,3}\.){3}[0-9]{1,3}                                                  # IPv4
    | [0-9]{3}-[0-9]{2}-[0-9]{4}                                                     # US social security number
    | (?:19|20)[0-9]{2}([-/.\ ]?)(?:0[1-9]|1[0-2])\1(?:[0-2][0-9]|3[01])(?:[ -].*)?  # 2024-05-17 08, 20240517-1200
    | (?:[0-2]?[0-9]|3[01])([-/.])(?:[0-2]?[0-9]|3[01])\2(?:19|20)[0-9]{2}(?:[ -].*)?  # 17.05.2024
    | (?:19|20)[0-9]{2}\ ?[/-]\ ?(?:19|20)[0-9]{2}                                    # 2019-2024
    | [0-9]+\.[0-9]+                                                                 # a decimal number
    | ([0-9])\3+                                                                     # 0000000
    )"""
)
_SHAPES = [
    (("US",), re.compile(r"(?:1[ .-]?)?\([2-9][0-9]{2}\) ?[0-9]{3}[ .-]?[0-9]{4}")),
    (("US",), re.compile(r"(?:1[ .-])?[2-9][0-9]{2}([.-])[0-9]{3}\1[0-9]{4}")),
    (("US",), re.compile(r"(?:1 )?[2-9][0-9]{2} [2-9][0-9]{2}[ -][0-9]{4}")),
    (("FR",), re.compile(r"0[1-9](?:([ .-])[0-9]{2})(?:\1[0-9]{2}){3}")),
    (("DK",), re.compile(r"[2-9][0-9](?:-[0-9]{2}){3}")),
    (("CH",), re.compile(r"0[1-9][0-9] [0-9]{3} [0-9]{2} [0-9]{2}")),
    (("ES",), re.compile(r"[6-9][0-9] [0-9]{3} [0-9]{2} [0-9]{2}|[6-9][0-9]{2} [0-9]{2} [0-9]{2} [0-9]{2}")),
    (
        ("GB", "DE"),
        re.compile(r"(?=(?:[^0-9]*[0-9]){9})\(?0[1-9][0-9]{1,4}\)?(?:[ /-]| [/-] )[0-9]{2,9}(?:[ -][0-9]{1,6}){0,3}"),
    ),
]
_TRUNK = re.compile(  # as one country or another writes its numbers: 0, a code in brackets, or both
    r"(?:\(0[0-9]{1,4}\)|\([1-9][0-9]{1,2}\)|0[0-9]{1,4}|8 \([0-9]{3,4}\)|\(06 [0-9]{1,2}\))[ -]?"
    r"[0-9](?:[0-9]|[ -](?=[0-9])){4,14}"
)
_ZEROS = "AE AR AT AU BE BG BR CN EG FI HR HU ID IE IL IN IR IT JP KE KR MY NG NL NZ PH PK RO RU SE TH TR UA VN ZA"
_REGIONS = tuple(_ZEROS.split())
_SIGNS = re.compile(r"[ ./-]+")
_WORD = (  # English, German, French, Spanish, Italian, Dutch, Portuguese
    r"tele(?:phone|fon|foon|fono|fone)[a-z]*|téléphone|teléfono|telefax|tel|tél|tfn?o|tlf|phones?|fax|mobile|mobil|móvil|"
    r"movil|mobiel|handy|cell(?:phone|ulare)?|portable|rufnummer|durchwahl|hotline|landline|whatsapp|sms|dial|call|ring|"
    r"extension|contact number|answering at|messages to|(?:my|your|his|her|our|their) registered"
)
_STEMS = (  # in small letters: one is in each word of `_WORD`, and in *desk* and *office*
    "tel", "tél", "tfn", "tfo", "tlf", "phone", "fax", "mob", "móvil", "movil", "handy", "cell", "portable", "ruf",
    "durchwahl", "hotline", "landline", "whatsapp", "sms", "dial", "call", "ring", "extension", "contact number",
    "answering at", "messages to", "registered", "desk", "office",
)  # fmt: skip
_BEFORE = re.compile(rf"(?is).*(?<![^\W\d_])(?:(?:{_WORD})(?![^\W\d_])|(?:desk|office)(?=:))(?P<between>[^\n]*)$")
_NEAR = re.compile(
    r"(?i)\W*(?:(?:is|at|on|me|us|no|nr|number|numbers|nummer|número|numero|de|of|and|y|or|und|the)\b\W*){0,4}"
)
_BEHIND = re.compile(rf"(?i)[ -]?\(?(?:{_WORD}|desk|office|home|work)(?![^\W\d_])")
_TIED_BEHIND = re.compile(rf"(?i)(?:-| ?\()(?:{_WORD})(?![^\W\d_])")  # 2079460112-Fax; not: 2079460112 calls


class TelephoneNumbers(Recogniser):
    """Find telephone numbers; `hits` is linear in the text."""

    kind = "phone"

    def hits(self, text: str) -> Iterator[Hit]:
        """The telephone numbers of `text`."""
        for run in _RUN.finditer(text):
            for start, end in _parts(run.group(), run.start()):
                if score := _score(text, run.start(), start, end):
                    bracket = text[start] == "(" and ")" not in text[start:end]  # it is the sentence's
                    yield Hit(start + bracket, end, score)


def _parts(run: str, at: int) -> list[tuple[int, int]]:
    """The spans of a run of digits that may be a number each: all of it, those written as one, or what breaks part."""
    if _is_written_as_phone(run):
        return [(at, at + len(run))]
    if inner := list(_inner(run)):
        return [(at + start, at + end) for start, end in inner]
    cuts = [(0, 0), *(cut.span() for cut in _BREAK.finditer(run)), (len(run), len(run))]
    return [(at + left, at + right) for (_, left), (right, _) in pairwise(cuts) if left < right]


def _inner(run: str) -> Iterator[tuple[int, int]]:
    """The numbers in a run that go on into other digits: `020 7946 0112 24 hours a day`."""
    done = 0
    ends = [space.start() for space in _SPACE_OR_END.finditer(run)]
    for start in (match.start() for match in _INNER_START.finditer(run)):
        near = [end for end in ends if 8 <= end - start <= LONGEST] if start >= done else []
        for end in reversed(near):
            if _is_written_as_phone(run[start:end]):
                yield start, end
                done = end
                break


@lru_cache(1 << 12)  # a number is looked at several times: alone, as part of a run, and again beside what was filled
def _is_written_as_phone(number: str) -> float:
    """How sure the writing alone makes it: 0 where it says nothing."""
    plain = _EXTENSION.sub("", number).rstrip()
    if not _digits_fit(plain):
        return 0.0
    if plain.startswith("+") or plain.startswith("00"):
        return _international(plain)
    for regions, shape in _SHAPES:
        if shape.fullmatch(plain) and any(_exists(plain, region) for region in regions):
            return LOCAL
    return LOCAL if _TRUNK.fullmatch(plain) and any(_is_its_form(plain, region) for region in _REGIONS) else 0.0


def _is_its_form(number: str, region: str) -> bool:
    """Whether `region` has such a number and writes it in such groups."""
    parsed = _parse(number, region)
    if parsed is None or not phonenumbers.is_valid_number_for_region(parsed, region):
        return False
    form = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    return _SIGNS.sub(" ", form) == _SIGNS.sub(" ", number)


def _international(number: str) -> float:
    plain = number.replace("(0)", "")  # not dialled from abroad; where the trunk's code is no 0 it is just as wrong
    parsed = _parse("+" + plain.lstrip("0+(") if plain.startswith("00") else plain, None)
    if parsed is None or not phonenumbers.is_possible_number(parsed):
        return 0.0
    if phonenumbers.is_valid_number(parsed):
        return VALID
    return POSSIBLE if number.startswith("+") else 0.0


def _exists(number: str, region: str) -> bool:
    """US numbers of no known area count too: their writing is as good as no other."""
    parsed = _parse(number, region)
    return parsed is not None and (region == "US" or phonenumbers.is_valid_number(parsed))


def _parse(number: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None


def _score(text: str, run: int, start: int, end: int) -> float:
    """How sure text[start:end] is a number, which stands in the run of digits that begins at `run`."""
    number = text[start:end]
    if written := _is_written_as_phone(number):
        return written
    plain = _EXTENSION.sub("", number)
    if not _digits_fit(plain):
        return 0.0
    named_after = (_TIED_BEHIND if plain.isdigit() else _BEHIND).match(text, end)
    return LABELLED if named_after or _is_labelled(text, run) else 0.0


def _is_labelled(text: str, start: int) -> bool:
    said = context(text, start)
    before = _BEFORE.match(said) if any(map(said.lower().__contains__, _STEMS)) else None
    return before is not None and _NEAR.fullmatch(before["between"]) is not None


def _digits_fit(number: str) -> bool:
    return 7 <= sum(map(str.isdigit, number)) <= 15 and not _NOT_A_PHONE.fullmatch(number)
