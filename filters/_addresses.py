"""Postal addresses by how they are written: a number, a name and a word such as *Street*, in one line.

Found  US and UK, German, French, Spanish and Italian forms, with the place behind the street where it has a code.
Never  streets without such a word, and addresses over several lines but for the line that names the street.
"""

import re

from presidio_analyzer import LocalRecognizer, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts

from filters._engine import result

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
FORMS = [
    rf"[0-9]{{1,6}}[A-Za-z]?(?: [0-9]{{1,4}}/[0-9])? (?:{_UP} ){{1,4}}{_ENGLISH}\b\.?(?: (?:North|South|East"
    rf"|West|[NSEW]{{1,2}})\b)?{_UNIT}?(?:{_PLACE_US}|{_PLACE_UK})?",
    rf"\bP\.? ?O\.? Box [0-9]{{1,6}}(?:{_PLACE_US}|{_PLACE_UK})?",
    r"(?i:\b(?:PSC|Unit|CMR) [0-9]{3,5},? Box [0-9]{2,5})|\bUS[NC][SGC]S? [A-Z][\w-]{2,20}(?=,? (?:FPO|DPO|APO))"
    r"|\b(?:FPO|DPO|APO),? A[AEP] [0-9]{5}",
    rf"(?:\b[0-9]{{5}} {_UP},? )?\b(?:{_UP}[ -]){{0,3}}(?:[A-ZÄÖÜ][a-zäöüß]{{1,24}})?(?:[Ss]traße|[Ss]trasse"
    rf"|[Ss]tr\.|weg|platz|allee|gasse|damm|ufer|chaussee|stieg|markt|Weg|Platz|Allee|Gasse|Damm|Ufer|Ring)"
    rf" [0-9]{{1,4}} ?[a-z]?\b(?:/[0-9]{{1,3}})?{_PLACE_EU}?",
    rf"\b[0-9]{{1,4}}(?: (?:bis|ter|quater))?,? (?:[Rr]ue|[Aa]venue|[Bb]oulevard|[Bb]d|[Pp]lace|[Cc]hemin"
    rf"|[Ii]mpasse|[Aa]llées?|[Qq]uai|[Cc]ours|[Rr]oute|[Pp]assage|[Ff]aubourg) {_NAME}{_PLACE_EU}?",
    rf"(?<![\w/])(?:[Cc]/\.?|[Cc]alle|[Cc]arrer|[Aa]vda\.?|[Aa]v(?:enida)?\.?|[Pp]laza|[Pp]za\.?|[Pp]aseo|Pº"
    rf"|[Rr]onda|[Cc]amino|[Cc]arretera|[Cc]tra\.?|[Tt]raves[íi]a|[Vv]ia|[Vv]iale|[Pp]iazza|[Cc]orso|[Rr]ua"
    rf"|[Uu]l\.|[Uu]lica) {{0,2}}{_NAME}\.?,? (?:(?:n[ºo°.]{{0,2}}|km\.?|num\.?) ?)?(?:[0-9]{{1,4}}"
    rf"(?:[,.][0-9]{{3}})?(?: ?[-/] ?[0-9]{{1,4}})?|s/n)\b(?:,? (?:[0-9]{{1,2}} ?[.ºªo]{{1,2}}|[Bb]ajo|[Pp]iso"
    rf"|[Pp]ta\.?|[Ee]sc\.?)[ -]?(?:[A-Za-z]{{1,4}}\b\.?|[0-9]{{1,2}})?){{0,2}}{_PLACE_EU}?",
    rf"(?:C/\.?|Calle|Carrer|Avenida|Avda\.?|Av\.|Paseo|Plaza|Ronda|Camino) {{0,2}}(?:[a-zà-ÿ][\w'’.-]{{0,20}}"
    rf" |{_UP} ){{0,5}}(?:[a-zà-ÿ][\w'’-]{{0,20}}|{_UP}),? (?:n[ºo°.]{{0,2}} ?)?[0-9]{{1,4}}[A-Za-z]?(?:["
    rf" -][0-9][ºªo]{{0,2}}[A-Za-z]?|, ?[0-9]{{1,2}}[ºª]? ?[A-Z]?)?\b{_PLACE_EU}?",
    rf"[0-9]{{1,6}} (?:{_UP} ){{1,5}}(?:[0-9]{{1,5}}\.? )?(?:Apt|Apartment|Suite|Ste|Unit|Flat)\.? [\w-]{{1,6}}",
    rf"\b{_UP}(?:gatan|gata|vænget|vägen|väg|veien|vei|vej|gade|straat|laan|plein|katu|tie|kuja|allé|gränd)"
    rf" [0-9]{{1,4}} ?[A-Za-z]?\b{_PLACE_EU}?",
]  # fmt: skip
_EXPRESSIONS = [re.compile(rf"(?<![\w.,/-])(?:{form})") for form in FORMS]


class StreetAddresses(LocalRecognizer):
    """Find addresses; `analyze` is linear in the text."""

    def __init__(self) -> None:
        super().__init__(supported_entities=["address"])

    def load(self) -> None:
        """Nothing to load."""

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None = None
    ) -> list[RecognizerResult]:
        """The addresses of `text`."""
        matches = (match for expression in _EXPRESSIONS for match in expression.finditer(text))
        return [result(self, *match.span(), WRITTEN) for match in matches]
