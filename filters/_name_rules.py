"""Names of people by what stands around them: a title before, a label, a greeting, an e-mail beside.

A rule is right without a model, or it only points at a place (`needs` above 0) where the model may be less sure than it
must be elsewhere. Scripts that the model cannot read are found by rules alone.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

BY_RULE = 0.85  # above what the model alone can say


class Place(NamedTuple):
    """text[start:end] is a name if the model is at least `needs` sure of a word in it."""

    start: int
    end: int
    kind: str
    needs: float


UP = r"(?:[A-ZÀ-ÖØ-Þ][^\W\d_]*(?:['’-][^\W\d_]+)*|[^\x00-\u036f\W\d_]+)"
_PART = rf"(?:{UP}|[A-Z]\.)"
SMALL = r"(?:de la|de los|del|de|da|dos|van der|van den|van|von der|von|zu|el|al|bin|ibn|y|i)"
FULL = rf"{_PART}(?:[ \t]{{1,2}}(?:{SMALL} )?{_PART}){{0,4}}"


def any_of(words: str) -> str:
    """A regular expression for one of `words`, where `_` is a blank."""
    return "(?:" + "|".join(word.replace("_", " ") for word in words.split()) + ")"


_TITLE = any_of(
    "Mr Mrs Ms Miss Mx Mister Dr Dra Prof Profa Professor Sir Dame Lady Aunt Uncle Judge Rev Reverend Capt Captain Lt "
    "Lieutenant Sgt Sergeant Senator Herrn? Hr Frau Monsieur Madame Mme Mlle Maître Sr Sra Srta Señora? Señorita Don "
    "Doña Dña Signora? Sig Dott Meneer Mevrouw Fru Pan Pani"
)
_TITLED = re.compile(
    rf"(?<!\w){_TITLE}(?:\.|[ ]\.)?[ ]{{1,2}}"
    rf"(?P<value>{_PART}(?:[ ]\.)?(?:[ ]{{1,2}}(?:{SMALL} )?{_PART}){{0,3}}(?!/))"
)
_MAY_TITLE = rf"(?:{_TITLE}\.? )?"
_OWNER = any_of("patient customer client employee claimant insured applicant cardholder account_holder contact")
_WHOSE = rf"(?:(?:full|first|last|given|middle|family|maiden|{_OWNER})[ _-]?name)"
_SURE_LABEL = any_of(
    f"{_WHOSE} surname forename claimant cardholder patient nombre(?:_y_apellidos)? apellidos? prénom nom_de_famille "
    "vorname nachname familienname médic[oa] remitido_por doctora? nome cognome achternaam voornaam"
).replace("[ -]", "[ _-]")
_LABEL = any_of(
    "name nom naam author contact(?:_person)? attn attention from to cc signed(?:_by)? prepared_by written_by "
    "directed_by user"
)
MARKS = r"[\"'*]{0,3}[ \t]{0,3}[:|=][ \t]{0,3}[\"'*]{0,3}[ \t]{0,3}"
VALUE_END = r"(?=[\"'*]{0,3}[ \t]*(?:$|[,;|<(•\"'\\]|\.[ \t]*$|[ \t]{2}|[ \t]N[ºo°]))"
AT_LINE = r"(?:^|(?<=[|>{,;(•]))[ \t>*#|\"'-]{0,6}"
_SAID_SO = any_of(
    "\\bmy_name_is \\bI_am_called \\bme_llamo \\bmi_nombre_es \\bich_heiße \\bmein_name_ist \\bje_m['’]appelle"
)
_CLOSING = any_of("regards sincerely grüßen grüße cordialement saludos atentamente cheers thanks")
_GREETING = any_of("dear hi hello lieber? hallo chère? querid[oa] estimad[oa]")
_TELLING = any_of(
    "I['’]m I_am [Nn]amed [Cc]alled [Ss]tarring [Ff]eaturing [Ss]aid [Ss]ays [Tt]old [Aa]sked [Ww]rote [Bb]y "
    "[Bb]etween and founders:"
)
_LABELLED = [  # a pattern, how sure the model must be, and words of which one is in each match, in small letters
    (rf"{AT_LINE}(?i:{_SURE_LABEL}){MARKS}{_MAY_TITLE}(?P<value>{FULL}){VALUE_END}", 0.0, ""),
    (rf"{AT_LINE}(?i:{_LABEL}){MARKS}{_MAY_TITLE}(?P<value>{FULL}){VALUE_END}", 0.1, ""),
    (rf"(?i:{_SAID_SO})[ ](?P<value>{FULL})", 0.0, "name_is am_called llamo nombre_es heiße name_ist appelle"),
    (  # asked
        rf"(?i:\b(?:your|his|her|full|first|last|given|family) name)\?\s{{1,3}}(?P<value>{FULL})[ \t.]*$",
        0.0,
        "name?",
    ),
    (
        rf"\b(?i:{_CLOSING}),?[ ]*\n{{1,2}}[ \t>]{{0,4}}(?P<value>{FULL})[ \t]*$",
        0.02,
        "regards sincerely grüße cordialement saludos atentamente cheers thanks",
    ),
    (rf"^[ \t>?*|-]{{0,6}}(?P<value>{UP}(?: [A-Z]\.?)?(?: {UP}){{1,2}})$", 0.16, ""),  # a line of its own
    (rf"\b{_TELLING} (?P<value>{FULL})", 0.2, ""),
    (rf"(?i:^[ \t>]{{0,4}}{_GREETING}) {_MAY_TITLE}(?P<value>{FULL})(?=[ ]?[,:!])", 0.1, ""),
]
_PERSONS = [
    (re.compile(pattern, re.MULTILINE), needs, tuple(words.replace("_", " ") for words in said.split()))
    for pattern, needs, said in _LABELLED
]
_SCRIPTS = (  # first letters, other letters, how many of each word: two words of a script that the model cannot read
    ("\u4e00-\u9fff", "\u4e00-\u9fff", "{0,2}"),
    ("\uac00-\ud7a3", "\uac00-\ud7a3", "{0,2}"),
    ("\u0621-\u064a", "\u0621-\u064a", "{1,11}"),
    ("\u0410-\u042f", "\u0430-\u044f", "{1,14}"),
    ("\u0391-\u03a9", "\u03ac-\u03ce", "{1,14}"),
)
_TWO = "|".join(f"[{first}][{more}]{count} [{first}][{more}]{count}" for first, more, count in _SCRIPTS)
_FOREIGN = re.compile(rf"(?<![^\x00-\u024f])(?<![^\x00-\u024f] )(?:{_TWO})(?! ?[^\x00-\u024f])")
_NO_LATIN = re.compile(r"[^\x00-\u024f]+")
_STARRED = re.compile(r"[A-Z](?<![\w*].)\*{2,15}(?: [A-Z]\*{2,15}){1,2}(?![\w*])")
_BASE64 = re.compile(r"[Q-W](?<![\w+/=].)[A-Za-z0-9+/]{10,59}={0,2}(?![\w+/=])")  # what begins with a capital does so
_TWO_WORDS = re.compile(rb"[A-Z][a-z]{1,20}(?: [A-Z][a-z'-]{1,20}){1,3}")
_AT = re.compile(r"@|%40|&#64;|[\[({]\s?(?i:at|@|arroba)\s?[\])}]|\s(?i:at)\s")
MOST_PARTS = 4  # names of one person
_OFFICES = (
    "info contact support help sales service office team press media jobs careers billing orders inquiry inquiries "
    "request requests admin webmaster reply noreply news newsletter customer customers privacy legal security feedback"
)
OFFICES = frozenset(_OFFICES.split())
_LOCAL_PART = re.compile(r"[^\W\d_]{2,}")
_NEVER = re.compile(
    r"(?i:user|name|null|none|true|false|admin|test|string|yes|no|n/a|unknown|all|team|support|sales|info)"
)


def places(text: str) -> Iterator[Place]:
    """Where rules see a name."""
    for match in _TITLED.finditer(text):
        yield Place(*match.span("value"), "person", 0.0)
    lower = text.lower()
    for pattern, needs, words in _PERSONS:
        for match in pattern.finditer(text) if not words or any(map(lower.__contains__, words)) else ():
            if not _NEVER.fullmatch(match["value"]):
                yield Place(*match.span("value"), "person", needs)


def hidden(text: str) -> Iterator[Place]:
    """Names that a reader of Latin letters does not see: of another script, starred out, or encoded."""
    foreign = 0 if text.isascii() else sum(end - start for start, end in map(re.Match.span, _NO_LATIN.finditer(text)))
    if 0 < foreign * 5 <= len(text) * 2:
        for match in _FOREIGN.finditer(text):
            yield Place(*match.span(), "person", 0.0)
    for match in _STARRED.finditer(text):
        yield Place(*match.span(), "person", 0.0)
    for match in _BASE64.finditer(text):
        if _TWO_WORDS.fullmatch(_decoded(match.group())):
            yield Place(*match.span(), "person", 0.0)


def _decoded(token: str) -> bytes:
    try:
        return base64.b64decode(token, validate=True)
    except binascii.Error:
        return b""


def parts_of(email: str) -> frozenset[str]:
    """What an address says its owner is called: `jean.durand30@…` -> jean, durand. None where it is one word, or many,
    or an office's: `seattle-aco-requests@…`."""
    at = _AT.search(email)
    parts = frozenset(_LOCAL_PART.findall(email[: at.start()].casefold()) if at else ())
    return parts if 1 < len(parts) <= MOST_PARTS and not parts & OFFICES else frozenset()


def named_by(text: str, emails: Iterable[frozenset[str]]) -> Iterator[Place]:
    """Names that an e-mail address of the same text spells, in either order."""
    for parts in filter(None, set(emails)):
        one = "|".join(sorted(map(re.escape, parts), key=lambda part: (-len(part), part)))
        pattern = re.compile(rf"(?i)(?<![\w@.])(?:{one})(?:[ \t]{{1,2}}[^\W\d_]\.?)?[ \t]{{1,2}}(?:{one})(?![\w@])")
        for match in pattern.finditer(text):
            yield Place(*match.span(), "person", 0.0)
