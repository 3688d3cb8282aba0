"""Numbers and names that a label makes personal: `MRN-7241134`, `DOB: 23 May 1980`, `user = "mgr_64"`, `SWIFT: …`.

A pattern holds the label and the value together: presidio's context words raise a score wherever they stand before,
while here the value must follow its label. Nothing between the two may have been found or replaced already.
"""

import re
from collections.abc import Callable, Iterator

from filters._recogniser import Hit, Recogniser
from filters._secret_values import is_code, is_stock

LABELLED = 0.6
_NUMBER = r"(?:numbers?|num|no|nr|nummer|número|numero|numéro|nº|n°|id|code|reference|ref|\#)"
_SEP = (
    rf"[\"'*\])]{{0,3}}\s?(?:(?i:{_NUMBER})(?![A-Za-z])\.?[\"'*\])]{{0,3}}\s?){{0,2}}(?:(?:is|was|ist|lautet|es"
    rf"|est)\b|[:=#-]|)[ \t\"'*#(]{{0,4}}"
)
_ID = r"(?=[A-Z0-9/.-]{0,12}[0-9]{3})[A-Z0-9](?:[A-Z0-9]|[/.-](?=[A-Z0-9])){3,17}(?![\w@])"
_MONTH = (
    r"(?:jan(?:uary|uar|vier)?|ene(?:ro)?|feb(?:ruary|ruar|rero)?|févr(?:ier)?|mar(?:ch|s|zo)?|märz|april?"
    r"|abr(?:il)?|avr(?:il)?"
    r"|may|mai|mayo|june?|juni|juin|junio|july?|juli|juillet|julio|aug(?:ust)?|août|ago(?:sto)?|sep(?:t"
    r"(?:ember|embre|iembre)?)?"
    r"|o[ck]t(?:ober|obre|ubre)?|nov(?:ember|embre|iembre)?|de[cz](?:ember)?|déc(?:embre)?|dic(?:iembre)?)\.?"
)
_DATE = (
    rf"(?:[0-9]{{1,2}}(?P<a>[./ -])\s?[0-9]{{1,2}}\s?(?P=a)\s?(?:[0-9]{{4}}|[0-9]{{2}})|[0-9]{{4}}"
    rf"(?P<b>[./-])[0-9]{{1,2}}(?P=b)[0-9]{{1,2}}"
    rf"|[0-9]{{1,2}}(?:st|nd|rd|th|er|\.|º)?[ -](?:of |de )?{_MONTH}[ ,-]{{1,2}}(?:del? )?[0-9]{{4}}"
    rf"|{_MONTH} [0-9]{{1,2}}(?:st|nd|rd|th)?,? [0-9]{{4}})(?![0-9])"
)
_BORN = (
    r"(?:date of birth|birth ?dates?|birthday|d\.?o\.?b\.?|born|geb(?:oren|\.)|geburts(?:datum|tag)|nacid[oa]"
    r"|naci[óo]|fecha de nacimiento|f\.? ?nac\.?|date de naissance|née?)"
)
_USER = (
    r"(?:user[ _-]?(?:names?|id)|login(?:[ _-]?name)?|log-?on|benutzer(?:name|kennung)?|usuario|nom d.utilisateur"
    r"|screen[ _-]?name)"
)
_LEVEL = r"[-+]?(?:[0-9]{1,2}|1[0-7][0-9])\.[0-9]{3,10}"
_ANGLE = (
    r"[0-9]{1,3}°\s?(?:[0-9]{1,2}(?:\.[0-9]{1,6})?\s?['′’]\s?(?:[0-9]{1,2}(?:\.[0-9]{1,6})?\s?(?:\"|″|''"
    r"|”)\s?)?)?[NSEWO]\b"
)
_LICENCE = (
    r"(?:driv(?:er|ing)['’]?s?[ _]licen[cs]e|dl(?= ?(?:no|number|\#|:))|führerschein|permis de conduire|permiso"
    r" de conducir)"
)
_TAX = (
    r"(?:f?ein|tin|vat|tax(?:payer)?(?: identification)?|employer identification|steuer(?:nummer|-?id(?:nr)?)"
    r"|ust-?id(?:-?nr)?|utr|siret|siren|cif|nif|numéro fiscal)"
)


def _user_may_be(value: str) -> bool:
    digits = sum(map(str.isdigit, value))
    if digits >= 3 and digits < len(value):
        return True
    named = digits > 0 and "." not in value
    return not is_stock(value) and not _NOBODY.fullmatch(value) and (named or not is_code(value))


_NOBODY = re.compile(
    r"(?i)(?:john|jane|alice|bob|joe|max)?[._]?(?:doe|smith|mustermann)?[0-9]?|me|self|nobody|anonymous"
    r"|service|system|you|[0-9]{1,3}"
)


def _country(value: str) -> bool:
    return value[4:6] in _COUNTRIES


_CODES = (
    "AD AE AL AR AT AU AZ BA BE BG BH BR BY CA CH CL CN CO CR CY CZ DE DK DO EE EG ES FI FO FR GB GE GI GL GR GT "
    "HK HR HU ID IE IL IN IQ IR IS IT JO JP KE KR KW KZ LB LC LI LT LU LV MA MC MD ME MK MT MU MX MY NG NL NO NZ "
    "OM PA PE PH PK PL PS PT QA RO RS RU SA SC SE SG SI SK SM ST SV TH TL TN TR TW UA US UY VA VE VG VN XK ZA"
)
_COUNTRIES = frozenset(_CODES.split())
_ADDRESS = (
    r"(?:domicilio|(?:privat|post)?anschrift|dirección(?: postal)?|(?:home|postal|street|mailing|billing"
    r"|shipping) address|adresse(?: postale)?)"
)
PATTERNS: dict[str, tuple[list[str], Callable[[str], bool] | None]] = {
    "address": ([
        rf"(?i)(?<![^\W\d_]){_ADDRESS}[\"'*]{{0,3}} ?: ?\*{{0,2}}(?P<value>"
        rf"(?=[^\n:@<•]{{0,60}}[0-9])[^\W_][^\n:;@<•]{{6,90}}?)(?=\.?\s*$|\. ?\n|;|\.\s{{1,2}}[A-Z]|[\"'<])"
    ], None),
    "bic": ([
        rf"(?<![^\W\d_])(?i:swift|bic)(?:[ /-]?(?i:code|bic))?{_SEP}(?P<value>[A-Z]{{6}}[A-Z0-9]{{2}}"
        rf"(?:[A-Z0-9]{{3}})?)(?!\w)"
    ], _country),
    "coordinates": (
        [
            rf"(?<![^\W\d_])(?i:lat(?:itude)?|gps|coord(?:inate)?s?|position|located at|geo\w{{0,8}})"
            rf"[^\n<•0-9+-]{{0,20}}"
            rf"(?P<value>{_LEVEL}°?[ ,;/]{{1,3}}(?i:lon(?:gitude|g)?\.?[\"' :=]{{1,4}})?{_LEVEL})(?![\w.])",
            rf"(?<!\w)(?P<value>{_ANGLE}[ ,;/]{{0,3}}{_ANGLE})",
            rf"(?<![\w.])(?P<value>{_LEVEL}° ?[NS][ ,;/]{{0,3}}{_LEVEL}° ?[EWO])\b",
        ],
        None,
    ),
    "date_of_birth": ([rf"(?i)(?<![^\W\d_]){_BORN}(?![^\W\d_])[^\n<•0-9]{{0,30}}?(?P<value>{_DATE})"], None),
    "driver_license": ([rf"(?<![^\W\d_])(?i:{_LICENCE}){_SEP}(?P<value>{_ID})"], None),
    "employee_id": (
        [
            rf"(?<![^\W\d_])(?i:employee|emp|staff|personnel|personal(?=nummer|-?nr)|worker|badge|matricule"
            rf"|empleado)[ _-]?(?i:nummer|nr\.?)?{_SEP}(?P<value>{_ID})",
            r"(?<![\w-])(?P<value>EMP[-#_]?[0-9]{4,9})(?![\w-])",
        ],
        None,
    ),
    "es_nass": ([
        rf"(?<![^\W\d_])(?:NASS|NSS|NAF|(?i:n[úu]mero de (?:la )?seguridad social|afiliaci[óo]n)){_SEP}"
        rf"(?P<value>[0-9]{{2}}[ /-]?[0-9]{{5,8}}(?:[ /-]?[0-9]{{2}})?|[0-9]{{7,12}})(?![\w-])"
    ], None),
    "iban": ([rf"(?<![^\W\d_])(?i:iban){_SEP}(?P<value>[A-Z]{{2}}[0-9]{{2}}(?: ?[A-Z0-9]){{11,30}})(?!\w)"], None),
    "invoice_number": (
        [
            rf"(?<![^\W\d_])(?i:invoice|rechnung(?:s?nummer|s-?nr\.?)?|facture|factura)[ _-]?{_SEP}(?P<value>{_ID})",
            r"(?<![\w-])(?P<value>INV[-#_][0-9]{4,10})(?![\w-])",
        ],
        None,
    ),
    "medical_record": (
        [
            rf"(?<![^\W\d_])(?i:mrn|medical record|patient(?=[ _-]?(?i:id|no|nr|number|\#))|nhc|historia"
            rf" cl[íi]nica|cipa|patientennummer|chart(?= ?(?:no|number|\#))|episodio){_SEP}(?:nhc-?)?"
            rf"(?P<value>{_ID})",
            r"(?<![\w-])(?P<value>MRN[-#_: ]{0,2}[0-9]{5,10})(?![\w-])",
        ],
        None,
    ),
    "policy_number": (
        [
            rf"(?<![^\W\d_])(?i:(?:insurance )?policy|police|versicherungs(?:nummer|-?nr\.?)|póliza|poliza"
            rf"|member(?=[ _-]?(?i:id|no|number))|subscriber(?=[ _-]?id)|claim(?= ?(?i:no|number|\#))){_SEP}"
            rf"(?P<value>{_ID})",
            r"(?<![\w-])(?P<value>POL[-#_][0-9]{5,12})(?![\w-])",
        ],
        None,
    ),
    "tax_id": ([
        rf"(?<![^\W\d_])(?i:{_TAX}){_SEP}(?P<value>[A-Z]{{0,3}}[0-9][0-9 ./-]{{5,15}}[0-9][A-Z]?)(?![\w-])"
    ], None),
    "username": (
        [
            rf"(?i)(?<![a-z])(?:{_USER}|(?:db|my|app|ssh|ftp|smtp|admin)?_?-?user)[\"'\])]{{0,2}} ?(?::=|=>"
            rf"|[:=]) ?[\"'](?P<value>[\w.@-]{{3,40}})[\"']",
            r"(?<=[a-z])User(?:[Nn]ame|Id)?[\"'\])]{0,2} ?(?::=|=>|[:=]) ?[\"'](?P<value>[\w.-]{3,40})[\"']",
            rf"(?i)(?<![a-z]){_USER}\*{{0,2}} ?[:=]\*{{0,2}} ?(?P<value>(?=[\w.-]*[0-9_])[a-z][\w.-]{{2,39}})"
            rf"(?![\w(\[.@])",
            r"(?i)(?<![a-z])user(?:name)?[=](?P<value>(?=[\w.-]*[0-9])[a-z][\w.-]{2,39})(?![\w(\[.@])",
            r"(?i)\b(?:create|alter|drop) user '(?P<value>[\w.-]{3,40})'",
            r"(?i)\b(?:to|for) '(?P<value>[\w.-]{3,40})'@'",
        ],
        _user_may_be,
    ),
}  # fmt: skip


_IN_EACH = {  # in small letters: of kinds that are looked for without their label, one is in each match
    "address": ("domicilio", "anschrift", "dirección", "address", "adresse"),
    "iban": ("iban",),
}


class Labelled(Recogniser):
    """Find one kind of PATTERNS; `hits` is linear in the text."""

    def __init__(self, kind: str) -> None:
        self.kind, self._in_each = kind, _IN_EACH.get(kind)
        expressions, self._may_be = PATTERNS[kind]
        self._expressions = [re.compile(expression, re.MULTILINE) for expression in expressions]

    def hits(self, text: str) -> Iterator[Hit]:
        """The values of `text` that follow a label."""
        if self._in_each and not any(map(text.lower().__contains__, self._in_each)):
            return
        for expression in self._expressions:
            for match in expression.finditer(text):
                if self._may_be is None or self._may_be(match["value"]):
                    yield Hit(*match.span("value"), LABELLED)
