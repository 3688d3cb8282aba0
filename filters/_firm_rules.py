"""Names of organisations by what stands around them: a legal form, a trade, a label, somebody's post or work there.

The model of `rampart` knows no organisations: what is found is found by these rules alone, so each must be right by
itself. What a firm, a hospital or a university is called after a person is no person.
"""

import re
from collections.abc import Iterator

from filters._countries import countries
from filters._name_rules import AT_LINE, MARKS, SMALL, VALUE_END, Place, any_of
from filters._spans import Finding

_FORM = any_of(
    r"Inc LLC L\.L\.C Ltd Limited PLC LLP Corp Corporation Company GmbH(?:_&_Co\.?_KG)? AG KGaA S\.A\.R\.L SARL "
    r"S\.A\.S S\.A\. S\.L\. S\.p\.A B\.V N\.V A/S ApS Oyj Oy Pty Industries Enterprises Holdings? Airlines "
    "Laboratories"
)
_FIRM_LABEL = any_of("org organi[sz]ation company(?:_name)? employer firm firma entreprise empresa provider")
_CAPITAL = r"(?:[A-Z0-9À-ÖØ-Þ][\w&'’-]{0,24})"
_NAME = rf"(?:{_CAPITAL}(?: (?:(?:&|and|of|de|van) )?{_CAPITAL}){{0,4}})"
_PARTNERS = rf"(?:{_CAPITAL}, {_CAPITAL},? (?:&|and) {_CAPITAL})"
_KIND = (
    r"(?:company|multinational|corporation|firm|conglomerate|manufacturer|start-?up|retailer|insurer|airline|consultancy"
    r"|charity)"
)
_POST = r"(?:CEO|CTO|CFO|COO|chair(?:man|woman|person)|co-?founder|managing director|vice president)"
_THERE = rf"(?:work(?:s|ed|ing)? at|employed (?:at|by)|{_POST} (?:of|at)|(?:years?|months?|internship|job|position) at"
_THERE += r"|(?:\b(?:I|[Hh]e|[Ss]he|[Ww]ho)|used to) works? for)"
_HOUSE = any_of(
    "Hospital Complejo_Hospitalario Clínica Fundaci[óo]n? Universidad Universitat Instituto Centro_de_Salud Consorcio "
    "Universit[éà] Hôpital Institut Clinique Universität Klinikum Krankenhaus University_of Bank_of Institute_of "
    "Ministerio_de Ministry_of"
)
_HOUSES = "University Hospital College Institute Clinic Foundation Bank Airlines Insurance"
_JOBS = (
    "Director Officer Engineer Manager Specialist Accountant Administrator Analyst Designer Developer Scientist "
    "Consultant Architect Representative Nurse Teacher Attorney Editor Professor"
)
_JOB = any_of(_JOBS)
_MEMBER = (  # of a party or a union: of whom it is said, it says much
    r"(?:(?:[Hh]e|[Ss]he|I|[Ww]ho|[Tt]hey) (?:is|was|were|am|are) (?:an? |the )?"
    r"(?:active )?(?:member|activist|leader|candidate)s? (?:of|for)"
    r"|(?i:miembros?|militantes?|candidat[oa]s?) (?:del|de la)|(?i:pertenencia|apoyo|afiliad[oa]s?) (?:al?|a la|del?)"
    r"|Mitglied (?:der|des|bei der)|membres? d[ue](?: la)?)(?: the| la)?"
)
_PARTY = rf"(?:[A-ZÄÖÜ]{{3,6}}|(?:{_CAPITAL} ){{1,4}}(?:Party|Union|Front|Movement|League))"
_TRADED = r"(?:Technologies|Ventures|Pharmaceuticals|Van Lines|Consulting|Bancorp|Orchestra|Museum)"
_ANY = (  # kinds of technologies, of whoever
    r"(?:\w+ing|\w+al|Information|Web|New|Similar|Mobile|Cloud|Wireless|Assistive|Renewable|Green|Open|Modern|Advanced"
    r"|Core|The) "
)
_INVOICE = "invoice|rechnung|facture|factura"
_FIRMS = [  # a pattern, and words of which one is in each match: to see that none is there takes a tenth of the time
    (re.compile(pattern, re.MULTILINE), tuple(words.split()))
    for pattern, words in (
        (rf"(?<![\w.])(?P<value>{_CAPITAL}(?:,? (?:(?:&|and|und) )?{_CAPITAL}){{0,4}}?,? {_FORM})(?!\w)\.?", ""),
        (rf"^[ \t>*?]{{0,6}}(?P<value>{_CAPITAL}, {_CAPITAL} and {_CAPITAL})$", ""),  # partners
        (
            rf"(?<![\w.])(?P<value>{_CAPITAL} (?:&|and|und) (?:Sons|Söhne|Brothers|Partners|Associates))\b",
            "Sons Söhne Brothers Partners Associates",
        ),
        (rf"{AT_LINE}(?i:{_FIRM_LABEL}){MARKS}(?P<value>{_CAPITAL}(?:[ &.-]{{1,3}}{_CAPITAL}){{0,4}}){VALUE_END}", ""),
        (rf"\b(?:at|(?:address|offices?) of|joined|{_THERE}) (?P<value>{_PARTNERS})(?!\w)", ""),
        (rf"(?:^|(?<=[.!?] ))(?P<value>{_PARTNERS}) (?=(?:is|was|has)\b)", ""),
        (
            rf"(?<![\w.])(?P<value>{_NAME}) (?=(?:is|was) an? (?:[\w-]{{1,20}} ){{0,4}}{_KIND}\b)",
            "company multinational corporation firm conglomerate manufacturer startup start-up retailer insurer "
            "airline consultancy charity",
        ),
        (rf"\b{_THERE} (?P<value>{_NAME})(?!\w)", ""),
        (rf"\b{_JOB} (?:at|—|–) (?P<value>{_NAME})(?=[ \t]*(?:$|[,;.(|]))", _JOBS),
        (
            rf"^[^\n]{{0,20}}(?i:{_INVOICE})\b[^\n]{{0,60}}\n(?:[^\n]{{0,80}}\n){{0,2}}?"
            rf"[ \t]*From: (?P<value>{_NAME})$",
            "From:",
        ),
        (
            rf"\b[Tt]he (?P<value>{_NAME}) (?=(?:office|headquarters) (?:is|are|in|at)\b)",
            "office headquarters",
        ),
        (
            rf"(?<![\w.])(?P<value>{_NAME})['’]s (?=(?:CEO|CTO|CFO|COO|headquarters|shareholders|employees)\b)",
            "CEO CTO CFO COO headquarters shareholders employees",
        ),
        (rf"(?<![\w.])(?P<value>(?:[A-ZÀ-ÖØ-Þ][\w&'’-]{{1,24}} ){{1,4}}{any_of(_HOUSES)})\b", _HOUSES),
        (rf"(?<![\w.])(?P<value>{_HOUSE}(?: (?:{SMALL} )?{_CAPITAL}){{1,5}})(?!\w)", ""),
        (rf"\b{_MEMBER} (?P<value>{_PARTY})(?!\w)", ""),
        (
            rf"(?<![\w.])(?P<value>(?:{_CAPITAL} ){{0,2}}(?!{_ANY}){_CAPITAL} {_TRADED})(?![\w-])",
            "Technologies Ventures Pharmaceuticals Lines Consulting Bancorp Orchestra Museum",
        ),
    )
]
_OTHERS = (
    "The This That It He She We You They There Here What Who Which One Our Their Its My Your If When Today Yesterday "
    "Every Each Home Level School"
)
_NO_FIRM = frozenset(_OTHERS.split())  # what begins a sentence
_ARTICLE = re.compile(r"(?:The |Our |A )?")
_TRADE = any_of(
    "Investments? Research Group Systems Solutions Technolog(?:y|ies) Partners Associates Capital Bank Institute "
    "University College School Hospital Clinic Foundation Labs? Media Studios? Records Insurance Ventures Consulting"
)
_TRADES = re.compile(rf" {_TRADE}\b")


def firms(text: str) -> Iterator[Place]:
    """Where rules see an organisation."""
    for pattern, words in _FIRMS:
        for match in pattern.finditer(text) if not words or any(map(text.__contains__, words)) else ():
            start, end = match.span("value")
            start += len(_ARTICLE.match(match["value"])[0])  # type: ignore[index] # it matches nothing, too
            name = text[start:end]
            if name.partition(" ")[0] not in _NO_FIRM and name.casefold() not in countries():
                yield Place(start, end, "organization", 0.0)


def firm_called_so(text: str, found: Finding) -> int | None:
    """Where the name of a firm ends that is called after a person: `Russell Investments`; None for a person."""
    form = _TRADES.match(text, found.end) if found.kind == "person" else None
    return form.end() if form else None
