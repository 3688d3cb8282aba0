"""Postal addresses by how they are written: a number, a name and a word such as *Street*, in one line.

Found  US and UK, German, French, Spanish, Italian, Nordic, Dutch, Polish and Hungarian forms, with the place behind the
       street where it has a code; P.O. boxes, those of the forces, and a number with a name behind *lives at*.
Never  streets without such a word. What stands in other lines is read on by `_address_rest`.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from filters._recogniser import Hit, Recogniser

WRITTEN = 0.6
_UP = r"[A-ZÀ-ÖØ-ÞŁŚŻĆČŠŽ][\w'’.-]{0,24}"
_ENGLISH = (
    r"(?:Street|St|Avenue|Ave|Av|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Square|Sq|Terrace"
    r"|Ter|Way|Parkway"
    r"|Pkwy|Circle|Cir|Highway|Hwy|Close|Crescent|Mews|Gardens|Row|Trail|Trl|Loop|Alley|Grove|Yard|Turnpike"
    r"|Plaza|Crossing)"
)
_UNIT = r"(?:,? (?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Fl|Room|Rm|\#)\.? ?[\w-]{1,6})"
_PLACE_US = r"(?:,? {0,2}(?:[A-Z][\w'’.-]{1,24} ){0,3}[A-Z][\w'’.-]{1,24},? [A-Z]{2},? [0-9]{5}(?:-[0-9]{4})?)"
_PLACE_UK = r"(?:,? (?:[A-Z][\w'’-]{1,24}[ ,]{1,2}){0,4}[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2})"
_PLACE_EU = r"(?:,? {0,2}(?:[A-Z]{1,2}-)?[0-9]{4,5} [A-ZÀ-ÖØ-Þ][\w'’.-]{1,24}(?:[ -][A-ZÀ-ÖØ-Þ][\w'’-]{1,24}){0,2})"
_SMALL = r"(?:de la|de los|de las|de l['’]|del|della|dei|des|du|de|di|d['’]|von|van|der|la|le|les|el|y|und)"
_NAME = rf"(?:{_SMALL} ?){{0,2}}{_UP}(?: (?:{_SMALL} ){{0,2}}{_UP}){{0,4}}"
_NUMBER_FR = r"[0-9][0-9]{0,3}(?: ?(?:bis|ter|quater))?,?"
_LOWER = r"[a-zà-ÿ][\w'’-]{1,20}"


class _Form(NamedTuple):
    """A way to write an address; one of `words`, in small letters, is in each that is written so."""

    words: tuple[str, ...]
    pattern: str


def _words(said: str) -> tuple[str, ...]:
    return tuple(word.replace("_", " ") for word in said.split())


_GERMAN = _words("straße_ strasse_ str._ weg_ platz_ allee_ gasse_ damm_ ufer_ chaussee_ stieg_ markt_ ring_")
_FRENCH = _words(
    "rue_ avenue_ boulevard_ bd_ place_ chemin_ impasse_ allée_ allées_ quai_ cours_ route_ passage_ faubourg_"
)
_SPANISH = _words(
    "c/ calle_ carrer_ avda av. av_ avenida_ plaza_ pza paseo_ pº ronda_ camino_ carretera_ ctra travesia_ travesía_ "
    "via_ viale_ piazza_ corso_ rua_ ul. ulica_"
)
_VERBS = ("lives", "living", "located", "reside", "resides", "moved", "address")
_LIVES = tuple(f"{verb} {where} " for verb in _VERBS for where in ("at", "in", "to", "is"))
_FORMS = [
    _Form((), rf"[0-9][0-9]{{0,5}}[A-Za-z]?(?: [0-9]{{1,4}}/[0-9])? (?:{_UP} ){{1,4}}{_ENGLISH}\b\.?(?: (?:North|South"
        rf"|East|West|[NSEW]{{1,2}})\b)?{_UNIT}?(?:{_PLACE_US}|{_PLACE_UK})?"),
    _Form(_words("box"), rf"\bP\.? ?O\.? ?Box [0-9]{{1,6}}(?:{_PLACE_US}|{_PLACE_UK})?"),
    _Form(_words("postfach apartado bp_ b.p. postbus"), rf"\b(?:Postfach|Apartado(?: de [Cc]orreos)?|B\.?P\.?|Postbus) "
        rf"[0-9]{{1,3}} ?[0-9]{{1,3}}(?: ?[0-9]{{2}})?\b{_PLACE_EU}?"),
    _Form(_words("psc_ unit_ cmr_ usn usc fpo dpo apo"),
        r"(?i:\b(?:PSC|Unit|CMR) [0-9]{3,5},? Box [0-9]{2,5})|(?i:\bUS(?:N[SV]?|CGC|S) [A-Z][\w-]{2,20}"
        r"(?=,? (?:FPO|DPO|APO)\b))|\b(?i:(?:FPO|DPO|APO),? A[AEP] [0-9]{5})"),
    _Form(_GERMAN, rf"(?:\b[0-9]{{5}} {_UP},? )?\b(?:{_UP}[ -]){{0,3}}(?:[A-ZÄÖÜ][a-zäöüß]{{1,24}})?(?:[Ss]traße"
        rf"|[Ss]trasse|[Ss]tr\.|weg|platz|allee|gasse|damm|ufer|chaussee|stieg|markt|Weg|Platz|Allee|Gasse|Damm|Ufer"
        rf"|Ring) [0-9]{{1,4}} ?[a-z]?\b(?:/[0-9]{{1,3}})?{_PLACE_EU}?"),
    _Form(_FRENCH, rf"{_NUMBER_FR} (?:[Rr]ue|[Aa]venue|[Bb]oulevard|[Bb]d|[Pp]lace|[Cc]hemin|[Ii]mpasse|[Aa]llées?"
        rf"|[Qq]uai|[Cc]ours|[Rr]oute|[Pp]assage|[Ff]aubourg) {_NAME}{_PLACE_EU}?"),
    _Form(_words("rue_ avenue_ boulevard_ chemin_ impasse_ quai_"), rf"{_NUMBER_FR} (?:[Rr]ue|[Aa]venue|[Bb]oulevard"
        rf"|[Cc]hemin|[Ii]mpasse|[Qq]uai) {_SMALL} (?:{_LOWER} ){{1,2}}{_UP}{_PLACE_EU}?"),
    _Form(_words("rue_"), rf"{_NUMBER_FR} (?:Rue |rue (?={_SMALL} ))(?:{_SMALL} ){{0,2}}{_LOWER}"
        rf"(?: [0-9]{{1,5}}\b)?{_PLACE_EU}?"),
    _Form(_SPANISH, rf"(?<![\w/])(?:[Cc]/\.?|[Cc]alle|[Cc]arrer|[Aa]vda\.?|[Aa]v(?:enida)?\.?|[Pp]laza|[Pp]za\.?"
        rf"|[Pp]aseo|Pº|[Rr]onda|[Cc]amino|[Cc]arretera|[Cc]tra\.?|[Tt]raves[íi]a|[Vv]ia|[Vv]iale|[Pp]iazza|[Cc]orso"
        rf"|[Rr]ua|[Uu]l\.|[Uu]lica) {{0,2}}{_NAME}\.?,? (?:(?:n[ºo°.]{{0,2}}|km\.?|num\.?|número) ?)?(?:[0-9]{{1,4}}"
        rf"(?:[,.][0-9]{{3}})?(?: ?[-/] ?[0-9]{{1,4}})?|[sS]/?[nN])\b(?:,? (?:[0-9]{{1,2}} ?[.ºªo]{{1,2}}|[Bb]ajo"
        rf"|[Pp]iso|[Pp]ta\.?|[Ee]sc\.?)[ -]?(?:[A-Za-z]{{1,4}}\b\.?|[0-9]{{1,2}})?){{0,2}}{_PLACE_EU}?"),
    _Form(_SPANISH, rf"(?:C/\.?|Calle|Carrer|Avenida|Avda\.?|Av\.|Paseo|Plaza|Ronda|Camino) {{0,2}}(?:[a-zà-ÿ]"
        rf"[\w'’.-]{{0,20}} |{_UP} ){{0,5}}(?:[a-zà-ÿ][\w'’-]{{0,20}}|{_UP}),? (?:n[ºo°.]{{0,2}} ?)?[0-9]{{1,4}}"
        rf"[A-Za-z]?(?:[ -][0-9][ºªo]{{0,2}}[A-Za-z]?|, ?[0-9]{{1,2}}[ºª]? ?[A-Z]?)?\b{_PLACE_EU}?"),
    _Form(_words("s/n"), rf"\b{_UP}(?: (?:{_SMALL} ){{0,2}}{_UP}){{0,4}},? [sS]/[nN]\b{_PLACE_EU}?"),
    _Form((), rf"[0-9][0-9]{{0,5}} (?:{_UP} ){{1,5}}(?:[0-9]{{1,5}}\.? )?(?:Apt|Apartment|Suite|Ste|Unit|Flat)"
        rf"\.? [\w-]{{1,6}}"),
    _Form(_words("gatan_ gata_ vænget_ vägen_ väg_ veien_ vei_ vej_ gade_ straat_ laan_ plein_ katu_ tie_ kuja_ allé_ "
        "gränd_"), rf"\b(?:{_UP} ){{0,2}}{_UP}(?:gatan|gata|vænget|vägen|väg|veien|vei|vej|gade|straat|laan|plein"
        rf"|katu|tie|kuja|allé|gränd) [0-9]{{1,4}} ?[A-Za-z]?\b{_PLACE_EU}?"),
    _Form(_words("utca_ útja_ út_ tér_ tere_ krt._ körút_"), rf"\b{_UP}(?: \w{{2,20}}){{0,3}} "
        rf"(?:utca|útja|út|tér|tere|körút|krt\.) [0-9]{{1,4}}\b\.?"),
    _Form(_LIVES, rf"(?:{'|'.join(f'(?<={said})' for said in _LIVES)})[0-9][0-9]{{0,5}}[A-Za-z]?"
        rf"(?: [A-ZÀ-ÖØ-ÞŁŚŻĆČŠŽ][\w'’-]{{1,24}}){{1,5}}(?: [0-9]{{1,4}}\b)?"),
]  # fmt: skip


def _compiled(pattern: str) -> re.Pattern[str]:
    """What stands before is looked at after the first digit: `re` then skips to digits."""
    before = r"(?<![\w.,/-]{})"
    if pattern.startswith("[0-9]"):
        return re.compile(rf"[0-9]{before.format('.')}{pattern[5:]}")
    return re.compile(rf"{before.format('')}(?:{pattern})")


_EXPRESSIONS = [(form.words, _compiled(form.pattern)) for form in _FORMS]


class StreetAddresses(Recogniser):
    """Find addresses; `hits` is linear in the text."""

    kind = "address"

    def hits(self, text: str) -> Iterator[Hit]:
        """The addresses of `text`."""
        small = text.lower()
        for words, pattern in _EXPRESSIONS:
            if not words or any(map(small.__contains__, words)):
                yield from (Hit(*match.span(), WRITTEN) for match in pattern.finditer(text))
