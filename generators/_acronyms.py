"""What acronyms stand for, where the letters are the first letters of the words beside them.

    "the Document Image Analysis (DIA) of ..."      What does DIA stand for in the Orlo handbook?
    "CORS (Cross-Origin Resource Sharing)"          What is CORS short for in the Freshet gateway?

In      a page in English, German, Spanish or French.
Out     at most one candidate, whose answer is the words. The same letters mean other things elsewhere: where no title
        names what the document is about there is none. The same acronym of a document is asked for in the same words,
        so that duplicates are seen.
Source  the letters as evidence: Schwartz and Hearst 2003, "A simple algorithm for identifying abbreviation definitions
        in biomedical text"; here stricter, a letter a word.
"""

import re
from collections.abc import Iterator

from factory.wording import listed
from generators._markdown import Section
from generators._questions import Candidate, Page

MAX_LETTERS = 8
_WORDS = r"(?P<words>[^\W\d_][\w-]*(?:[ \n][^\W\d_][\w-]*){0,6})"
_SHORT = r"(?P<short>[A-Z][A-Za-z]*[A-Z])"  # "several sheets (SHs)" says what several are
_PATTERNS = (
    re.compile(rf"{_WORDS}\s+\([\"“*_]*{_SHORT}[\"”*_]*\)"),
    re.compile(rf"\b{_SHORT}\s+\([\"“*_]*{_WORDS}[\"”*_]*\)"),
)
_SMALL = listed("of the and for in on to a an de la le les des der die das und y et du del für von")
_KNOWN = listed(  # to everybody who works with computers
    """AI API AWS CD CI CLI CPU CSS CSV DNS FAQ FTC GIL GPU HTML HTTP HTTPS ID IDE IP JSON JWT LLM ML NLP ORM OS PDF
    PR RAG RAM RFC REST SDK SQL SSH SSL TCP TLS UI URI URL UX VM XML YAML"""
)
_NO_WORDS = listed("any it this that all each you we your our or not is are be if as at by")
_STANDS_FOR = {
    "en": ("What does {0} stand for in {1}?", "What is {0} short for in {1}?", "In {1}, what does {0} stand for?"),
    "de": ("Wofür steht {0} in {1}?", "Was bedeutet die Abkürzung {0} in {1}?"),
    "es": ("¿Qué significan las siglas {0} en {1}?", "¿Qué quiere decir {0} en {1}?"),
    "fr": ("Que signifie le sigle {0} dans {1} ?", "Que signifie {0} dans {1} ?"),
}
_REFERENCE = re.compile(r"\bpp?\.? ?\d|\bpages? \d|\bIn Proc|\bProceedings of\b|\barXiv\b|\bdoi\b", re.IGNORECASE)


def acronym(page: Page) -> Iterator[Candidate]:
    """Ask for the words of the first acronym that is spelled out; a text that explains twenty would be all of that."""
    templates = _STANDS_FOR.get(page.language, ())
    blocks = [(part, block) for part in page.sections for block in part.blocks if block.kind in ("paragraph", "list")]
    for part, block in blocks if templates else []:
        if _REFERENCE.search(page.text, block.start, block.end):
            continue  # names in it are as whoever is cited wrote them
        for found in (match for pattern in _PATTERNS for match in pattern.finditer(page.text, block.start, block.end)):
            short = found["short"]
            span = _spelled(short, found.start("words"), found["words"]) if _may_be_asked(short) else None
            where = _where(page, part, short, page.text[slice(*span)]) if span else None
            if span and where and "\n" not in page.text[slice(*span)]:
                yield Candidate("acronym", page.pick_for(short, templates).format(short, where), *span)
                return


def _may_be_asked(short: str) -> bool:
    return len(short) <= MAX_LETTERS and short not in _KNOWN


def _where(page: Page, part: Section, short: str, words: str) -> str | None:
    """What the letters mean this in; None where no title names it, or where it gives the words away."""
    where = page.named_by_titles(part)
    known = (where or "").casefold()
    return None if short.casefold() in known or words.casefold() in known else where


def _spelled(short: str, start: int, words: str) -> tuple[int, int] | None:
    """The last words whose first letters are those of `short`, small words aside."""
    places = [(found.start(), found.group().lower()) for found in re.finditer(r"[^\W\d_]+", words)]
    for first, (place, word) in enumerate(places):
        rest = [word for _, word in places[first:]]
        telling = [word for word in rest if word not in _SMALL]
        if word in _SMALL or _NO_WORDS & set(rest) or len(telling) < 2 or min(map(len, telling)) < 2:
            continue
        if short.lower() in ("".join(word[0] for word in telling), "".join(word[0] for word in rest)):
            return start + place, start + len(words)
    return None
