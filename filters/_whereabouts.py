"""Where somebody is, was or comes from: places that a sentence about a person names.

A country is on every page, and says something of nobody in *the capital of France*. It is a place to be found where the
sentence is about a person: it says I, he or she, that somebody lives, was born or goes there, or names one. What stands
behind *lives in* or *born in* is a place whatever it is called.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import accumulate

from filters._countries import countries
from filters._name_rules import UP, Place, any_of
from filters._name_spans import NAMES_TOO
from filters._spans import Finding

_END = re.compile(r"[.!?](?=\s)|\n")
SHORT = 3  # letters of an acronym: *I'm in IT*
_WIDEST = 200  # characters of a sentence on either side of a country
_SOMEBODY = re.compile(
    r"(?<![^\W\d_])(?:I|i|(?i:I['’]m|I['’]ve|me|my|he|she|him|myself|who['’]s|yo|mi|él|ella|ich|mein|er"
    r"|je|j['’]ai|mon|elle)"
    r"|(?i:lives?|lived|living|resid(?:es?|ed|ing)|residents?|born|raised|grew|moved|emigrat\w{2,4}|immigrat\w{2,4}"
    r"|visit(?:ed|ing)?|travell?(?:ed|ing|s)|flew|flying|holidays?|vacation|deported|citizens? of|nationals? of"
    r"|native of|originally from|com(?:e|ing) to|came to|been to|went to|welcome to|trip to|here in|back in"
    r"|viv(?:e|o|ía|ió)|resid(?:e|ía|ió|ente)|naci(?:ó|do|da)|nacional(?:es)? de|ciudadan[oa]s?|expuls(?:ado|ada|ión)"
    r"|viaj(?:ó|e|aba)|natural de|procedente de|wohn(?:t|te|haft)|lebt?e?|geboren|staatsangehörig\w{0,6}|zog"
    r"|habit(?:e|ait)|vi(?:t|vait)|née?|ressortissante?s?|déménagé))(?![^\W\d_])"
)
_CAPITAL = re.compile(r"(?<![\w.@/'’-])[A-ZÀ-ÖØ-Þ][^\W\d_]+(?:['’-][^\W\d_]+)*")
_SMALL = re.compile(
    r"(?<![^\W\d_])(?:in|from|to|visit(?:ing|ed)?|en|de|del|aus|nach)[ ](?:the[ ])?(?P<value>[a-zà-ÿ]{4,})(?![\w@.-]\w)"
)
_TOWARDS = re.compile(
    r"(?<![^\W\d_])(?:in|from|to|visit(?:ing|ed)?|near|en|desde|hacia|aus|nach|au)[ ]$", re.IGNORECASE
)
_LOWER_TOO = frozenset(
    ("turkey", "chili", "chile", "china", "guinea", "jersey", "chine", "polen")
)  # small: other words
_PLACE = rf"{UP}(?:[ -](?:(?:de|del|la|am|an|upon) ){{0,2}}{UP}){{0,3}}"
_BE = r"(?:I['’]m|I[ ]am|[Hh]e['’]s|[Ss]he['’]s|[Hh]e[ ]is|[Ss]he[ ]is)"
_LIVES = any_of(
    "[Ll]ives_in [Ll]ived_in [Ll]iving_in [Ll]ive_in [Rr]esides_in [Rr]esided_in [Rr]esiding_in [Rr]esidents?_of "
    "[Bb]orn_in [Bb]orn_at [Gg]rew_up_in [Rr]aised_in [Ff]lew_to [Hh]ometown_of [Hh]ome_city_of [Nn]ative_of "
    "[Vv]ive_en [Vv]ivía_en [Rr]eside_en [Rr]esidente_en [Nn]ació_en [Nn]acid[oa]_en [Nn]atural_de "
    "[Ww]ohnt_in [Ww]ohnhaft_in [Ll]ebt_in [Gg]eboren_in [Aa]ufgewachsen_in "
    "[Hh]abite_à [Hh]abitait_à [Vv]it_à [Nn]ée?_à [Dd]omiciliée?_à"
)
_THERE = re.compile(rf"[ ](?:in|at|of|to|from|en|de|à)[ ](?P<value>{_PLACE})")  # few; what stands before is looked at
_IS = re.compile(
    rf"(?:(?<!\w)(?:{_LIVES}|{_BE}(?:[ ](?:currently|now|originally))?[ ](?:in|from)|(?:am|is|was)[ ]originally[ ]from)"
    rf"|(?:['’]m|['’]s|,)[ ]originally[ ]from)[ ]$"
)
_BEFORE = 40  # characters that it takes at most
_TIMES = (
    "january february march april may june july august september october november december monday tuesday wednesday "
    "thursday friday saturday sunday spring summer autumn winter enero febrero marzo abril mayo junio julio agosto "
    "septiembre octubre noviembre diciembre januar februar märz mai juni juli oktober dezember the his her my our "
    "year class group level"
)
_WHEN = frozenset(_TIMES.split())


def whereabouts(text: str, persons: Iterable[Finding]) -> Iterator[Place]:
    """Places that say where somebody is or comes from; `persons` are those found in `text`."""
    for match in _THERE.finditer(text):
        if not _IS.search(text, max(0, match.start() - _BEFORE), match.start("value")):
            continue
        first, whole = match["value"].partition(" ")[0], match["value"]
        if first.casefold() not in _WHEN and not (whole.isascii() and whole.isupper() and len(whole) <= SHORT):
            yield Place(*match.span("value"), "location", 0.0)
    named = sorted((person.start, person.end) for person in persons)
    starts, ends = [start for start, _ in named], list(accumulate((end for _, end in named), max))
    for start, end in [*_countries(text), *_small_countries(text)]:
        first, last = _sentence(text, start, end)
        before = bisect_left(starts, last)  # persons that begin before the sentence's end; the furthest of their ends
        if _SOMEBODY.search(text, first, last) or (before and ends[before - 1] > first):
            yield Place(start, end, "location", 0.0)


def _countries(text: str) -> Iterator[tuple[int, int]]:
    """Names of countries with a capital; what people are called too only behind a word such as *in*."""
    for match in _CAPITAL.finditer(text):
        for name in _by_first_word().get(match.group().casefold(), ()):
            end = match.start() + len(name)
            if text[match.start() : end].casefold() == name and not text[end : end + 1].isalnum():
                if name not in NAMES_TOO or _TOWARDS.search(text, max(0, match.start() - 10), match.start()):
                    yield match.start(), end
                break


def _small_countries(text: str) -> Iterator[tuple[int, int]]:
    for match in _SMALL.finditer(text):
        if match["value"] in countries() and match["value"] not in NAMES_TOO | _LOWER_TOO:
            yield match.span("value")


@cache
def _by_first_word() -> dict[str, list[str]]:
    """The countries that begin with a word, the longest first."""
    found: dict[str, list[str]] = {}
    for name in sorted(countries(), key=lambda name: (-len(name), name)):
        if first := _CAPITAL.match(name.title()):
            found.setdefault(first.group().casefold(), []).append(name)
    return found


def _sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """The sentence, or line, around text[start:end]."""
    least, most = max(0, start - _WIDEST), min(len(text), end + _WIDEST)
    before = [match.end() for match in _END.finditer(text, least, start)]
    behind = _END.search(text, end, most)
    return (before[-1] if before else least), (behind.start() if behind else most)
