"""Which one fact of an answer can be changed so that it is wrong: by what else stands in its document.

    number     "within 60 seconds"         "within 90 seconds"      the same unit, elsewhere in the document
    unit       "after 2 hours"             "after 2 days"           the same dimension
    date       "on 4 May 2021"             "on 9 June 2021"         the same format
    name       "with `PUT`"                "with `DELETE`"          the same shape
    opposite   "before the lid is shut"    "after the lid is shut"
    negation   "must be higher"            "must not be higher"

In      an answer, its question, the sentences of its document.
Out     changes, by place. What the question names is not changed. Two values that one sentence of the document holds
        together may both be true ("with `PUT` or `PATCH`"), so they are never put in each other's place; nor is a value
        that the answer has already.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Literal

from factory.facts import NOUNS_ARE_CAPITAL
from factory.sentences import sentences
from factory.wording import listed, plain
from generators._wording import Words

Kind = Literal["number", "unit", "date", "name", "opposite", "negation"]
KINDS: tuple[Kind, ...] = ("number", "unit", "date", "name", "opposite", "negation")
TURNED = ("opposite", "negation")
_NUMBER = r"(?<![\w.,:/#§$€£-])\d+(?:[.,]\d+)*(?![\w:/]|[.,]\d)"
_UNIT = r"(?:\u00a0|\u202f| )?(?P<unit>%|°C|°F|[^\W\d_]+(?:/[a-z]+)?)"
_MEASURE = re.compile(rf"(?P<value>{_NUMBER}){_UNIT}")
_MONEY = re.compile(r"(?P<unit>[$€£])(?P<value>\d+(?:[.,]\d+)*)(?![\w])")
_STEPS = 1  # of a dimension: minutes for seconds is a fault that people make, years for seconds is none
_DIMENSIONS = tuple(
    tuple(words.split())
    for words in (
        "millisecond second minute hour day week month year",
        "milliseconds seconds minutes hours days weeks months years",
        "ms s min h",
        "Sekunden Minuten Stunden Tage Wochen Monate Jahre",
        "Sekunden Minuten Stunden Tagen Wochen Monaten Jahren",
        "segundos minutos días meses años",
        "secondes minutes heures semaines",
        "jours mois ans",
        "mm cm m",
        "mg g kg t",
        "KB MB GB TB",
        "kB MB GB TB",
        "Hz kHz MHz GHz",
        "mV V kV",
        "°C °F",
    )
)
_MONTHS = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December|Januar|Februar|März|Mai"
    r"|Juni|Juli|Oktober|Dezember|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre"
    r"|janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre)"
)
_DATES = tuple(
    re.compile(rf"(?<![\w-]){pattern}(?![\w-])")
    for pattern in (
        r"\d{4}-\d\d-\d\d",
        r"\d{1,2}\.\d{1,2}\.\d{4}",
        r"\d{1,2}/\d{1,2}/\d{4}",
        rf"\d{{1,2}}\.? (?:de )?{_MONTHS}(?: (?:de |del )?\d{{4}})?",
        rf"{_MONTHS} \d{{1,2}}, \d{{4}}",
        rf"{_MONTHS} \d{{4}}",
        r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day",
        r"(?:Montag|Dienstag|Mittwoch|Donnerstag|Freitag|Samstag|Sonntag)",
        r"(?<=\b[ia]n )(?:19|20)\d\d",
        r"(?<=\bsince )(?:19|20)\d\d",
    )
)
_SPAN = re.compile(r"(?<!`)`(?P<name>[^`\n]{1,60})`(?!`)")
_SHAPES = tuple(
    re.compile(shape)
    for shape in (
        r"[A-Z]{3,7}",  # GET
        r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+",  # NO_PROXY
        r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*",  # allow_origins
        r"[A-Z][a-z]+(?:[A-Z][a-z0-9]*)*",  # UploadFile
        r"[a-z_]+\([^()]*\)",  # read(size)
        r"\w+(?:\.\w+)+",  # a.b
        r"(?:GET|POST|PUT|DELETE|PATCH) /\S+",
        r"/\S*",
        r"--[a-z][\w-]*",
        r"[a-z]+(?: [a-z-]+)+",  # orlo print
    )
)
_WORD_SHAPES = tuple(re.compile(shape) for shape in (r"[A-Z]+\d*-\d+\w*", r"[A-Z]{1,3}\d+", r"[A-Z][a-z]{3,}"))
_NO_ROLE = listed(
    """with from into that this then than them they there these those your using uses used like have having does will
    would should could must when where which while what also only just each some more most such other another same
    both over under after before about above below between through because called named been being here make makes
    made takes give gives need needs want very much many para como este esta desde pour avec dans cette comme oder
    eine einer nach über"""
)
_SIGN = re.compile(r"[A-Za-zÀ-ÿ][\w-]*")
_OPPOSITES = {
    "en": (
        ("at least", "at most"), ("more than", "less than"), ("higher", "lower"), ("before", "after"),
        ("always", "never"), ("must not", "must"), ("cannot", "can"), ("should not", "should"), ("will not", "will"),
        ("won’t", "will"), ("won't", "will"), ("minimum", "maximum"), ("enable", "disable"), ("enables", "disables"),
        ("enabled", "disabled"), ("above", "below"), ("larger", "smaller"), ("longer", "shorter"),
        ("is not", "is"), ("are not", "are"), ("does not", "does"), ("do not", "do"), ("required", "optional"),
        ("oldest", "newest"), ("highest", "lowest"),
        ("are not required to", "are required to"), ("is not required to", "is required to"),
        ("inside", "outside"), ("first", "last"),
        ("public", "private"), ("increase", "decrease"), ("increases", "decreases"), ("shall not", "shall"),
    ),
    "de": (
        ("mindestens", "höchstens"), ("mehr als", "weniger als"), ("immer", "nie"), ("größer", "kleiner"),
        ("höher", "niedriger"), ("länger", "kürzer"), ("oberhalb", "unterhalb"), ("öffnen", "schließen"),
        ("innerhalb", "außerhalb"), ("ist nicht", "ist"), ("darf nicht", "darf"),
    ),
    "es": (
        ("al menos", "como máximo"), ("más de", "menos de"), ("siempre", "nunca"), ("mayor", "menor"),
        ("antes de", "después de"), ("no debe", "debe"), ("no puede", "puede"), ("mínimo", "máximo"),
        ("superior", "inferior"), ("dentro de", "fuera de"),
    ),
    "fr": (
        ("au moins", "au plus"), ("plus de", "moins de"), ("avant", "après"), ("supérieur", "inférieur"),
        ("supérieure", "inférieure"), ("ne doit pas", "doit"), ("ne peut pas", "peut"), ("minimum", "maximum"),
    ),
}  # fmt: skip
# turned this way, a sentence may still be true, or is no sentence
_ONE_WAY = listed("is are does do with can mit avec ist will first last public private without ohne sans")
_LINKED = re.compile(
    r"\]\([^()\s]*\)|https?://\S+|<[A-Z_]+>|^[ \t]*\d+[.)][ \t]|^[ \t]*[`~]{3}.*?^[ \t]*[`~]{3}",
    re.MULTILINE | re.DOTALL,
)
_BESIDE = re.compile(
    r"\b(?:an?|to|and|or|bis|y|et|und|oder|o)\s$|[-–]$"
)  # part of a range or a list, or after an article
_NO_UNIT = listed(
    """and or of to in on the a an is are with for from at by as after before if when then but than that which und
    oder y o et ou bis von de por per x times weitere other more was were has have will can may must should mit für
    auf con para avec pour sur"""
)
_NO_SENTENCE = re.compile(r"(?:required|optional)\b to\b")  # "you are optional to pay"
# "must not", "one after another", "less than one", "we are always happy to help", "you should make sure"
_NOT_TURNED = re.compile(
    r" (?:not|nicht|pas)\b| (?:another|each other|all\b|one\b|\d)| (?:trying|happy|glad|welcome|looking|working)\b"
    r"| (?:extent|also|(?:and|or) (?:cannot|can|will|may|shall|do|does))\b"
    r"| (?:make sure|ensure|note|remember|be (?:aware|careful|sure)|take care|follow|comply|respect|obey|observe)\b"
)
_NOT_TURNED_AFTER = re.compile(r"\b(?:no|not and|not or) $")  # "no longer", "does not and cannot"
# "there must be at least one", "does more than nothing": turned, these are no sentences that anyone would say
_NO_MEASURE = re.compile(
    r"\s(?:be |have |contain |hold )?(?:at (?:least|most)|(?:no |not )?(?:more|less|fewer|later|earlier) than"
    r"|(?:nothing|none|anything|ever|enough|likely|just|once|usual|expected)\b)"
)
_BESIDE_THE = re.compile(r"\s(?:(?:the|an?|its|this|that|zero|freezing)\b|[`\d-])")  # and no "Examples below show"
_CONDITION = re.compile(
    r"\b(?:if|when|whenever|unless|where|wenn|falls|sobald|si|cuando|quand|lorsque)\b[^,;:.]*$", re.IGNORECASE
)
_NEGATIVE = re.compile(
    r"\b(?:not|never|cannot|no|nor|neither|without|nicht|kein\w*|nie|nunca|sin|pas|jamais)\b|n['’]t\b", re.IGNORECASE
)
_NEARBY = 50  # characters
# what stands only beside a "not", or only without one: turned, the sentence is none
_POLAR = re.compile(
    r"\b(?:any|anything|anyone|either|yet|unless|except|until|at all|feel the need|somehow|expressly|such|already"
    r"|still)\b|:\s*$",
    re.IGNORECASE,
)
_IDIOM = re.compile(
    r"\A(?:after|before) (?:the|its|his|her) (?:name|type|inventor)|\A(?:always|never) possible"
    r"|\A(?:minimum|maximum) \w+(?:ability|ibility|ity)\b|\A(?:larger|smaller|these)\b"
)
_ARTICLE = re.compile(r"\b(?:the|an?|its|your|each|all|any|no)\s+$", re.IGNORECASE)
# what tells by itself in which direction a comparison goes: "upgrade to a higher level", "not long enough, ... longer"
_DIRECTION = re.compile(
    r"\b(?:upgrad|downgrad|rais|lower(?!\b)|increas|decreas|reduc|exceed|grow|shr[aiu]nk|promot|demot|extend|shorten)\w*"
    r"|\b(?:high|low|long|short|large|small|old|new|too)\b",
    re.IGNORECASE,
)
_COMPARES = listed(
    """higher lower larger smaller longer shorter more less above below highest lowest oldest newest minimum maximum
    größer kleiner höher niedriger länger kürzer mayor menor superior inferior supérieur inférieur supérieure
    inférieure"""
)
STEM = 4  # letters: "Writes" tells of `write`
_SMALL = listed(
    """the and for that this with from are was has have had not its can may will any all what which does how you your
    explain about question context used use uses"""
)
MAX_VALUES = 200  # of one pattern in a document: a table of figures has thousands, and one is enough
MAX_RATIO = 10  # of two numbers: a value that is far off teaches no care


@dataclass(frozen=True, slots=True)
class Change:
    """`answer[start:end]` becomes `text`."""

    kind: Kind
    start: int
    end: int
    text: str

    def apply(self, answer: str) -> str:
        """The answer with the change made."""
        return answer[: self.start] + self.text + answer[self.end :]


@dataclass
class Values:
    """What a document holds that can stand in for something else, with the sentences that hold it."""

    said: list[str]
    words: Words
    language: str
    _known: dict[str, list[str]] = field(default_factory=dict)
    _roles: dict[str, frozenset[str]] = field(default_factory=dict)
    _holders: dict[str, frozenset[int]] = field(default_factory=dict)

    def like(self, name: str, pattern: re.Pattern[str], group: str | int = 0) -> list[str]:
        """The different values of one pattern, in order."""
        if name not in self._known:
            found = (match[group] for one in self.said for match in pattern.finditer(one))
            self._known[name] = list(islice(dict.fromkeys(found), MAX_VALUES))
        return self._known[name]

    def roles(self, name: str) -> frozenset[str]:
        """The words beside a name in the document, which say what it is: "the parameter `limit`"."""
        if name not in self._roles:
            word = r"[^\W\d_]{4,}"
            beside = re.compile(rf"(?:({word})\s)?[`*]*(?<!\w){re.escape(name)}(?!\w)[`*]*(?:\s({word}))?")
            words = (
                word
                for nth in sorted(self.holders(name))
                for found in beside.finditer(self.said[nth])
                for word in found.groups()
                if word
            )
            self._roles[name] = frozenset(word for word in words if word.islower()) - _NO_ROLE
        return self._roles[name]

    def alike(self, one: str, other: str) -> bool:
        """Whether the document speaks of two names as things of one kind, and never of both at once."""
        return one != other and bool(self.roles(one) & self.roles(other)) and not self.together(one, other)

    def together(self, one: str, other: str) -> bool:
        """Whether a sentence of the document holds both."""
        return not self.holders(one).isdisjoint(self.holders(other))

    def holders(self, value: str) -> frozenset[int]:
        """Which sentences hold a value; looked for once, or a long document would cost the square of its values."""
        if value not in self._holders:
            self._holders[value] = frozenset(nth for nth, said in enumerate(self.said) if _holds(said, value))
        return self._holders[value]


def _holds(said: str, value: str) -> bool:
    return value in said and re.search(rf"(?<!\w){re.escape(value)}(?!\w)", said) is not None


def swaps(answer: str, question: str, values: Values) -> Iterator[Change]:
    """Every change of one fact of `answer` that its document allows."""
    hidden = [found.span() for found in _LINKED.finditer(answer)]
    for change in _found(answer, values):
        old = answer[change.start : change.end]
        is_hidden = any(start < change.end and change.start < end for start, end in hidden)
        if is_hidden or old == change.text or _is_asked(answer, question, change):
            continue
        if change.kind == "name" and _is_told(answer, question, change):
            continue
        if change.kind in TURNED or not (_holds(answer, change.text) or _holds(question, change.text)):
            yield change


@lru_cache(maxsize=4096)
def stems(text: str) -> frozenset[str]:
    """The beginnings of the telling words of a text, those inside a name in code as well."""
    parts = re.findall(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+|\d+", text)
    return frozenset(part.casefold()[:STEM] for part in parts if len(part) > 2 and part.casefold() not in _SMALL)


def _is_told(answer: str, question: str, change: Change) -> bool:
    """Whether the words around a name say it already, and not the other: "the target is set by `TARGET_DIR`"."""
    first, last = _sentence(answer, change.start)
    around = stems(f"{answer[first : change.start]} {answer[change.end : last]}") | stems(question)
    return bool((stems(answer[change.start : change.end]) - stems(change.text)) & around)


def _sentence(answer: str, place: int) -> tuple[int, int]:
    return next(((first, last) for first, last in sentences(answer) if first <= place < last), (0, len(answer)))


def _is_asked(answer: str, question: str, change: Change) -> bool:
    """Whether the question says what would be changed: of a turned word, with a word beside it."""
    if change.kind not in TURNED:
        return _holds(question, answer[change.start : change.end])
    old = answer[change.start : change.end]
    before, after = plain(answer[: change.start]).split()[-1:], plain(answer[change.end :]).split()[:1]
    bare = " ".join(question.replace("`", "").split())
    beside = [" ".join([*before, old]), " ".join([old, *after])]
    return any(" " in phrase and phrase.replace("`", "").rstrip(".,;:") in bare for phrase in beside)


def _found(answer: str, values: Values) -> Iterator[Change]:
    yield from _numbers(answer, values)
    yield from _units(answer, values)
    yield from _dates(answer, values)
    yield from _names(answer, values)
    yield from _turned(answer, values.language)


def _in_code(answer: str, start: int) -> bool:
    return answer.count("`", 0, start) % 2 == 1


def _numbers(answer: str, values: Values) -> Iterator[Change]:
    for pattern in (_MEASURE, _MONEY):
        for found in pattern.finditer(answer):
            before = answer[max(0, found.start() - 5) : found.start()]
            if _in_code(answer, found.start()) or _BESIDE.search(before) or found["unit"].lower() in _NO_UNIT:
                continue
            for other in map(pattern.fullmatch, values.like(pattern.pattern, pattern)):
                is_like = other and other["unit"] == found["unit"] and _is_near(found["value"], other["value"])
                if other and is_like and not values.together(found[0], other[0]):
                    yield Change("number", found.start("value"), found.end("value"), other["value"])


def _is_near(one: str, other: str) -> bool:
    """Whether two numbers differ, are of one order, and take the same form of the unit: "1 hour", "2 hours"."""
    first, second = _value(one), _value(other)
    if first == second or (one == "1") != (other == "1") or not first or not second:
        return False
    return 1 / MAX_RATIO <= first / second <= MAX_RATIO


def _value(number: str) -> float:
    """What a number says; 0 where a mark may stand between thousands or before decimals, and of a version: "2.7.10"."""
    bare = re.sub(r",(?=\d{3}\b)", "", number).replace(",", ".")
    if re.search(r"\.\d{3}$|,\d{3}\..*,", number) or bare.count(".") > 1:
        return 0.0
    return float(bare)


def _units(answer: str, values: Values) -> Iterator[Change]:
    known = {match["unit"] for said in values.said for match in _MEASURE.finditer(said)}
    for found in _MEASURE.finditer(answer):
        for dimension in _DIMENSIONS:
            if found["unit"] not in dimension or _in_code(answer, found.start()):
                continue
            at = dimension.index(found["unit"])
            for unit in dimension[max(0, at - _STEPS) : at + _STEPS + 1]:
                if unit in known and not values.together(found[0], found[0].replace(found["unit"], unit)):
                    yield Change("unit", found.start("unit"), found.end("unit"), unit)


def _dates(answer: str, values: Values) -> Iterator[Change]:
    for nth, pattern in enumerate(_DATES):
        for found in pattern.finditer(answer):
            for other in values.like(f"date {nth}", pattern):
                if other != found[0] and not values.together(found[0], other):
                    yield Change("date", *found.span(), other)


def _names(answer: str, values: Values) -> Iterator[Change]:
    for found in _SPAN.finditer(answer):
        shape = _shape(found["name"], _SHAPES)
        for other in values.like("span", _SPAN, "name") if shape else ():
            is_like = _shape(other, _SHAPES) is shape and _fits(answer, found.start(), found["name"], other)
            if is_like and values.alike(found["name"], other):
                yield Change("name", *found.span("name"), other)
    for found in _SIGN.finditer(answer):
        shape = _word_shape(found[0], values)
        if shape is None or _in_code(answer, found.start()) or _opens(answer, found.start()):
            continue
        for other in values.like("sign", _SIGN):
            is_like = _word_shape(other, values) is shape and _fits(answer, found.start(), found[0], other)
            if is_like and values.alike(found[0], other):
                yield Change("name", *found.span(), other)


def _shape(name: str, shapes: Sequence[re.Pattern[str]]) -> re.Pattern[str] | None:
    return next((shape for shape in shapes if shape.fullmatch(name)), None)


def _word_shape(word: str, values: Values) -> re.Pattern[str] | None:
    shape = _shape(word, _WORD_SHAPES)
    if shape is _WORD_SHAPES[-1] and (values.language in NOUNS_ARE_CAPITAL or not values.words.is_name(word)):
        return None
    return shape


def _opens(answer: str, start: int) -> bool:
    """Whether a word opens a sentence, or is part of a longer name: "Fernweir Instruments"."""
    before = answer[:start].rstrip('"“*_ ')
    is_part = re.search(r"(?:^|\s)[A-Z][\w-]*\s$", answer[:start]) or re.match(r"[\w-]+ [A-Z]", answer[start:])
    return not before or before[-1] in ".!?:\n-|#" or bool(is_part)


def _fits(answer: str, start: int, old: str, new: str) -> bool:
    """Whether the article before it fits the other name as well."""
    article = re.search(r"\ban?\s[`*_(“\"]*$", answer[max(0, start - 8) : start], re.IGNORECASE)
    return article is None or (old[0].lower() in "aeiou") == (new[0].lower() in "aeiou")


def _turned(answer: str, language: str) -> Iterator[Change]:
    for one, other in _OPPOSITES.get(language, ()):
        kind: Kind = "negation" if _NEGATIVE.search(f"{one} {other}") else "opposite"
        for old, new in ((one, other), (other, one)):
            for found in (
                re.finditer(rf"(?<![\w'’-]){re.escape(old)}(?![\w'’-])", answer) if old not in _ONE_WAY else ()
            ):
                following = answer[found.end() : found.end() + 24]
                is_told = not _NOT_TURNED.match(following) and not _NO_SENTENCE.match(answer, found.start())
                is_told = is_told and not _NOT_TURNED_AFTER.search(answer[: found.start()])
                is_told = is_told and _fits(answer, found.start(), old, new)
                if is_told and not _in_code(answer, found.start()) and not _is_plain_to_see(answer, found, new):
                    yield Change(kind, *found.span(), new)


def _is_plain_to_see(answer: str, found: re.Match[str], new: str) -> bool:
    """Whether a turned word makes a sentence that contradicts itself, or is none: nobody errs like that."""
    old, (start, end) = found[0], found.span()
    first, last = _sentence(answer, start)
    before, after = answer[first:start], answer[end:last]
    if _NO_MEASURE.match(after) or _CONDITION.search(before) or _IDIOM.search(f"{old}{after[:24]}".casefold()):
        return True
    if old in ("required", "optional") and _ARTICLE.search(before):
        return True  # "the required HTTP support": of which the other is nowhere spoken of
    if _NEGATIVE.search(old) or _NEGATIVE.search(new):
        return bool(
            _POLAR.search(f"{before} {after}")
            or _NEGATIVE.search(before[-_NEARBY:])
            or _NEGATIVE.search(after[:_NEARBY])
        )
    if _holds(f"{before} {after}".casefold(), new):
        return True
    if old in ("above", "below") and not _BESIDE_THE.match(after):
        return True
    return old.split()[0] in _COMPARES and bool(_DIRECTION.search(f"{before} {after}"))


def sentences_of(texts: Sequence[str]) -> list[str]:
    """The sentences of a document, in which its values are looked for."""
    return [text[start:end] for text in texts for start, end in sentences(text)]
