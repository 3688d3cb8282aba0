"""The wording of `dangling.py`, by language: one pattern a rule.

A pattern is written over several lines (`wording.pattern`).
"""

import re
from dataclasses import dataclass

from factory.wording import pattern


@dataclass(frozen=True)
class Rules:
    """The patterns of one language.

    `text`: a text, figure or list is named that must be given. `source`: the document is spoken of. `above`: a place
    before or behind. `figure`: a numbered figure or table. `pronoun`: the question begins with a pronoun where its
    subject should stand. `this`: "this device", in a question of one clause that names none before.
    """

    text: re.Pattern[str]
    source: re.Pattern[str]
    above: re.Pattern[str]
    figure: re.Pattern[str]
    pronoun: re.Pattern[str]
    this: re.Pattern[str]


def _in_small(rules: Rules) -> Rules:
    """The same rules for ASCII in small letters; no `\\W` becomes a `\\w`."""
    small = {
        name: re.compile(re.sub(r"(?<!\\)[A-Z]", lambda letter: letter[0].lower(), its.pattern))
        for name, its in vars(rules).items()
    }
    return Rules(**small)


NUMBER = r"\d+(?:[.-]\d+)*\b(?!\s*[:=+*/^×-])"  # of a figure; "Table 1:" opens a table of the row's own
ONE_CLAUSE, TO_THE_END = r"^[^.?!:,;]*", r"[^.?!:,;\d]*[.?!]*\s*$"
LAST_WORDS = r"(?: [^\W\d_]+(?:['’-][^\W\d_]+)*){0,12}[.?!:]*\s*$"  # nothing else follows

# --- English

_TEXT = r"""(?:text|passage|document|article|paragraph|excerpt|section|figure|table|image|picture|diagram|graph|chart
    |sentences?|story|code|snippet|equation|poem|dialogue|conversation|review|statement|paper|chapter|quote|email)"""
_SPEAKER = "(?:text|passage|document|article|paragraph|excerpt|section|chapter|author|context)"
_SAID = "(?:mentioned|described|discussed|stated|shown|listed|given|explained|provided|presented|outlined|defined)"
_AUX = "(?:is|are|was|were|does|do|did|can|could|should|must|may|will|would|has|have|had)"
_VERB = "(?:have|support|use|include|contain|run|require|allow|provide|offer|apply|cover)"
_ASKS = rf"^\W*(?:and |but |so )?(?:how|what|why|when|where|who|which|{_AUX})"
_EN = Rules(
    text=pattern(
        rf"""\b(?:this|these|those|the (?:above|given|provided|preceding|attached)) (?:\w+ )?{_TEXT}\b
            (?! (?:of|about|by) (?:the |an? )?\w)""",
        rf"\bthe following{LAST_WORDS}",
    ),
    source=pattern(
        rf"""\b(?:according to|based on|as per) (?:the|this) (?:given |provided |above )?
            (?:{_SPEAKER}|information (?:given|provided|above))\b(?! (?:of|about|by|on|in) )""",
        rf"\b{_SAID} (?:in|by) (?:the|this) {_SPEAKER}\b(?! (?:of|about|by|on|called|named|titled) )",
        rf"""\b(?:the (?:passage|excerpt|author|(?:given|provided) context|context (?:given|provided))|this {_SPEAKER})
            [ ](?:says?|states?|mentions?|describes?|explains?|suggests?|recommends?|discusses|indicates
            |does(?:n't| not))\b""",
        rf"\bdo(?:es)? the {_SPEAKER} (?:say|state|mention|describe|explain|suggest|recommend|discuss|indicate|mean)\b",
        r"\bin the (?:passage|excerpt|(?:given|provided) (?:text|context)|(?:text|context) (?:given|provided))\b",
    ),
    above=pattern(
        rf"\b{_SAID} (?:above|below|earlier|previously|hereafter)\b",
        rf"\b(?:above|below|previously)[- ]{_SAID}\b",
        r"\bthe aforementioned\b",
        r"""\bas (?:we|you|i)(?: have| 've| already)* (?:saw|seen|mentioned|discussed|described|learned)
            [ ](?:above|earlier|before|previously|in the (?:previous|last))\b""",
        r"\b(?:see|refer to) (?:above|below)\b",
        r"\bin the (?:previous|preceding|next|following) (?:section|chapter|paragraph|article|page|tutorial|lesson)\b",
        r"\b(?:section|figure|table|example|diagram|chapter|code|list|image) (?:above|below)\b",
    ),
    figure=pattern(
        rf"\b(?:figure|fig\.|table|diagram|exhibit|listing|equation|eq\.) {NUMBER}(?! (?:of|in) )",
        rf"""\b(?:see|refer to|described in|shown in|explained in|listed in)
            [ ](?:section|chapter|appendix|page|annex) (?:{NUMBER}|[A-Z]\b)(?! (?:of|in) )""",
    ),
    pronoun=pattern(
        rf"""{_ASKS}(?: (?:{_AUX}|not|often|much|many|long|far|fast|exactly|else)){{0,3}}
            [ ](?:they|them|he|she|its|their|his)\b""",
        rf"""^\W*(?:how|why|when|where|what)(?: (?:much|often|long|far|fast|exactly))? {_AUX} it
            (?:\W*$| (?:work|need|stop|start|{_VERB})\b)""",
        rf"^\W*{_AUX} it (?:need|{_VERB})\b",
        r"^\W*(?:what|how|why|who|when|where) (?:is|are|was|were) (?:this|that|these|those)\W*$",
    ),
    this=pattern(
        rf"""{ONE_CLAUSE}\b(?:this|these) (?!(?:years?|weeks?|months?|days?|times?|century|decade|morning|evening
            |afternoon|summer|winter|spring|autumn|weekend|season|era|age|kinds?|types?|sorts?|way|world|country|context
            |case|instructions?|questions?|tasks?|problems?|the|an?|to|that|and|or|not|as|in|{_AUX})\b)[a-z]+\b{TO_THE_END}""",
    ),
)

# --- German

_TEXT = r"""(?:text(?:e?s)?|passage|dokument(?:e?s)?|artikels?|absatz(?:es)?|abschnitt(?:e?s)?|auszugs?
    |abbildung|tabelle|bild(?:e?s)?|diagramms?|grafik|satz(?:es)?|codes?|kapitels?|liste|gleichung)"""
_SPEAKER = "(?:text|dokument|artikel|auszug|abschnitt|passage|autor|kontext)"
_SAID = "(?:genannt|erwähnt|beschrieben|gezeigt|aufgeführt|angegeben|dargestellt|erläutert)"
_DE = Rules(
    text=pattern(
        rf"""\b(?:diese[rmns]?|(?:de[rmns]|die|das) (?:obige|gegebene|vorliegende|angegebene)[nrs]?) {_TEXT}\b
            (?! (?:von|über) )""",
        rf"\bfolgende[nrms]?{LAST_WORDS}",
    ),
    source=pattern(
        rf"\b(?:laut|gemäß)(?: de[mr]| diese[mr])? {_SPEAKER}\b(?! (?:von|des|über) )",
        rf"\bim {_SPEAKER} {_SAID}\w*",
        rf"\b(?:der|das|dieser|dieses) {_SPEAKER} (?:sagt|nennt|beschreibt|erklärt|erwähnt|besagt)\b",
        rf"\b(?:sagt|nennt|beschreibt|erklärt|erwähnt|besagt) (?:der|das|dieser|dieses) {_SPEAKER}\b",
    ),
    above=pattern(
        rf"\b(?:oben|unten|vorher|zuvor|vorstehend|nachstehend)[- ]?(?:{_SAID}\w*|stehende\w*)",
        rf"\bwie (?:bereits |schon )?(?:oben|zuvor|vorher|eingangs) {_SAID}\b",
        r"\b(?:siehe|vgl\.) (?:oben|unten|abschnitt|kapitel|seite|abbildung|tabelle)\b",
        r"\bim (?:vorherigen|vorigen|vorangehenden|nächsten|folgenden) (?:abschnitt|kapitel|absatz)\b",
        r"\b(?:abbildung|tabelle|abschnitt|beispiel) (?:oben|unten)\b",
    ),
    figure=pattern(rf"\b(?:abbildung|abb\.|tabelle|tab\.|gleichung|formel|diagramm) {NUMBER}"),
    pronoun=pattern(
        r"""^\W*(?:wie|was|warum|wann|wo|wer|wofür|wozu|wodurch|weshalb|woher|ist|sind|kann|können|muss|müssen|darf|hat
            |haben|wird|werden|soll)(?: \w+){0,2} (?-i:er|sie|ihn|ihm|deren|dessen)\b""",
        r"^\W*(?:wie|warum|wann|wo|wozu) (?:funktioniert|arbeitet|heißt|dient|wirkt) (?:es|das|dies|diese[rs]?)\b",
        r"^\W*(?:was|wozu|wofür) (?:ist|sind|dient|dienen|bedeutet|macht) (?:dies|das|diese[rs]?)\W*$",
    ),
    this=pattern(
        rf"""{ONE_CLAUSE}\bdiese[rmns]? (?!(?:jahr\w*|wochen?|monats?|tage?n?|morgen|abend|sommer|winter|zeit
            |jahrhundert\w*|art|weise|welt|land\w*|fall\w*|frage|aufgabe)\b)(?-i:[A-ZÄÖÜ])\w+{TO_THE_END}""",
    ),
)

# --- Spanish

_TEXT = r"""(?:texto|pasaje|documento|artículo|párrafo|fragmento|sección|figura|tabla|imagen|diagrama|gráfico|frases?
    |oración|código|capítulo|lista|ecuación)"""
_SPEAKER = "(?:texto|pasaje|documento|artículo|fragmento|autor|contexto|sección)"
_SAID = "(?:mencionad|descrit|citad|indicad|mostrad|explicad|listad|presentad)[oa]s?"
_ES = Rules(
    text=pattern(
        rf"\b(?:est[ea]|est[oa]s|dich[oa]|(?:el|la) presente) {_TEXT}\b(?! (?:de|sobre) )",
        rf"\b(?:el|la|los|las) {_TEXT} (?:anterior|dad[oa]|proporcionad[oa])\b",
        rf"\b(?:siguiente {_TEXT}|{_TEXT} siguiente){LAST_WORDS}",
    ),
    source=pattern(
        rf"\b(?:según|de acuerdo con) (?:el|la|este|esta) {_SPEAKER}\b(?! (?:de|sobre) )",
        rf"\b{_SAID} en (?:el|la|este|esta) {_SPEAKER}\b(?! (?:de|sobre) )",
        rf"\b(?:el|este|la|esta) {_SPEAKER} (?:dice|menciona|describe|explica|indica|afirma)\b",
        rf"\b(?:dice|menciona|describe|explica|indica|afirma) (?:el|este|la|esta) {_SPEAKER}\b(?! (?:de|sobre) )",
    ),
    above=pattern(
        rf"\b{_SAID} (?:más )?(?:arriba|abajo|anteriormente|previamente)\b",
        r"""\bcomo (?:ya )?(?:se |hemos |vimos ?)(?:ha |mencionó |menciona |indicó |describió )?(?:\w+ )?
            (?:arriba|antes|anteriormente|previamente)\b""",
        r"\b(?:véase|ver|consulte) (?:arriba|abajo|la sección|el capítulo|la página|la figura|la tabla)\b",
        r"\ben (?:la sección|el capítulo|el apartado|el párrafo) (?:anterior|siguiente)\b",
        r"\b(?:susodich|antedich)[oa]s?\b",
    ),
    figure=pattern(rf"\b(?:figura|fig\.|tabla|ecuación|diagrama|cuadro) {NUMBER}"),
    pronoun=pattern(
        r"""^\W*(?:y |pero )?(?:cómo|qué|por qué|cuándo|dónde|quién|cuánto|puede|pueden|debe|deben|es|son|tiene|tienen)
            (?: (?:se|no|es|son|está|puede|debe|hace|hacen|tiene|funciona|sirve|usa|llama)){0,3}
            [ ](?:él|ella|ellos|ellas|esto|eso|aquello|éste|ésta|éstos|éstas)\b""",
        r"^\W*(?:cuál|cuáles) (?:es|son|era|eran) sus? \w+\W*$",
    ),
    this=pattern(
        rf"""{ONE_CLAUSE}\b(?:este|esta|estos|estas) (?!(?:años?|semanas?|mes|meses|días?|noche|mañana|tarde|vez|siglo
            |década|verano|invierno|momento|caso|mundo|país|tipos?|forma|manera|pregunta|tarea|es|son|y|o|que|de|en)\b)
            \w+{TO_THE_END}""",
    ),
)

# --- French

_TEXT = r"""(?:texte|passage|document|article|paragraphe|extrait|section|figure|tableau|image|schéma|diagramme|graphique
    |phrases?|code|chapitre|liste|équation)"""
_SPEAKER = "(?:texte|passage|document|article|extrait|auteur|contexte|section)"
_THE = "(?:le |la |ce |cet |cette |l['’])"
_SAYS = "(?:dit|mentionne|décrit|explique|indique|affirme)"
_SAID = "(?:(?:mentionn|cit|indiqu|montr|présent|expliqu|list)ée?s?|décrite?s?)"
_FR = Rules(
    text=pattern(
        rf"\b(?:ce|cet|cette|ces|(?:le|la) présente?) {_TEXT}\b(?! (?:de|du|sur) )",
        rf"\b(?:le|la|les|l['’]) ?{_TEXT} (?:précédente?s?|ci-dessus|donnée?s?|fournie?s?)\b",
        rf"\b{_TEXT} suivante?s?{LAST_WORDS}",
    ),
    source=pattern(
        rf"\b(?:selon|d['’]après) {_THE}{_SPEAKER}\b(?! (?:de|du|sur) )",
        rf"\b{_SAID} dans {_THE}{_SPEAKER}\b(?! (?:de|du|sur) )",
        rf"\b{_THE}{_SPEAKER} {_SAYS}\b",
        rf"\b{_SAYS} {_THE}{_SPEAKER}\b(?! (?:de|du|sur) )",
    ),
    above=pattern(
        r"\bci-(?:dessus|dessous|après|avant)\b",
        r"\b(?:susmentionn|précit|susdit)é?\w*",
        rf"\bcomme (?:nous l['’]avons )?(?:vu|dit|{_SAID}) (?:plus haut|précédemment|auparavant|avant)\b",
        r"\b(?:voir|cf\.) (?:plus haut|plus bas|la section|le chapitre|la page|la figure|le tableau)\b",
        r"\bdans (?:la section|le chapitre|le paragraphe) (?:précédente?|suivante?)\b",
    ),
    figure=pattern(rf"\b(?:figure|fig\.|tableau|équation|schéma|diagramme) {NUMBER}"),
    pronoun=pattern(
        r"""^\W*(?:et |mais )?(?:comment|pourquoi|quand|où|que|qui|combien de temps|à quoi)
            [ ](?!(?:faut|y|est-il (?:possible|permis|utile|nécessaire)|pleut))\w+(?:-t)?-(?:il|elle|ils|elles)\b""",
        r"""^\W*(?:comment|pourquoi|quand|où|qu['’]est-ce que|à quoi)
            [ ](?:est-ce qu['’](?:elles?|ils)\b|cela\b|ceci\b|ça\b)""",
        r"^\W*quel(?:le)?s? (?:est|sont|était|étaient) (?:sa|son|ses|leurs?) \w+\W*$",
        r"^\W*est-ce qu['’](?:elles?|ils)\b",
    ),
    this=pattern(
        rf"""{ONE_CLAUSE}\b(?:ce|cet|cette|ces) (?!(?:que|qui|qu|dont|sont|est|n|matin|soir|mois|jours?|an|année|semaine
            |siècle|été|hiver|moment|cas|monde|pays|type|genre|point|question|tâche|sens|temps|fut|sera|serait|à|de)\b)
            \w+{TO_THE_END}""",
    ),
)
RULES = {"en": _EN, "de": _DE, "es": _ES, "fr": _FR}
NEEDS: dict[str, dict[str, tuple[str, ...]]] = {  # of rules the words of which one must be in a text of small letters
    "en": {
        "text": ("this ", "these ", "those ", "the above ", "the given ", "the provided ", "the preceding ",
                 "the attached ", "the following"),
        "source": ("text", "passage", "document", "article", "paragraph", "excerpt", "section", "chapter", "author",
                   "information "),
        "above": ("above", "below", "earlier", "previous", "hereafter", "aforementioned", "before", "last", "preceding",
                  "next", "following"),
        "figure": ("figure", "fig.", "table", "diagram", "exhibit", "listing", "equation", "eq.", "section", "chapter",
                   "appendix", "page", "annex"),
        "this": ("this ", "these "),
    },
    "es": {}, "fr": {},
}  # fmt: skip
_IN_CAPITALS = "(?-i:"  # German: "Sie" is who is asked, "sie" somebody of before
IN_SMALL = {
    language: _in_small(rules) for language, rules in RULES.items()
    if not any(_IN_CAPITALS in its.pattern for its in vars(rules).values())
}  # fmt: skip
BELOW = re.compile(r"below|unten|nachstehend|abajo|dessous|après", re.IGNORECASE)  # what an answer itself may hold
