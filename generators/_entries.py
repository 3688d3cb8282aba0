"""Questions that an entry of a list answers: a parameter, a field, a term, and what it is.

    - `limit` (int): The largest number of sheets.         What is `limit` in the Orlo API?
    - `wait`: ... Defaults to `60`.                        What is the default value of `wait`?
    **Platen**: the plate that presses the paper.          What does “Platen” mean? (below a title such as "Glossary")
    :param limit: The largest number of sheets.            What is the parameter `limit` for?

In      a page in English, German, Spanish or French.
Out     candidates whose answer is the explanation. One that does not begin as a definition does, and one that points
        elsewhere, makes none; nor does one below titles that name no subject: a parameter of what?
"""

import re
from collections.abc import Iterator

from factory.wording import phrases, plain, without_code
from generators._languages import LANGUAGES
from generators._markdown import Section
from generators._questions import Candidate, Page
from generators._spans import TAG
from generators._titles import clean
from generators._wording import announces, unclear_answer

MIN_WORDS, MAX_NAME_WORDS = 5, 5
_NAME = (
    r"(?:`(?P<code>[^`\n]{1,60})`|\*\*`(?P<boldcode>[^`\n]{1,60})`\*\*|\*\*(?P<bold>[^*\n]{2,60}?):?\*\*"
    r"|“(?P<quoted>[^”\n]{2,60})”)"
)
_TYPE = r"(?:\s+(?:\([^()\n]{1,60}\)|\*\([^()\n]{1,60}\)\*))?"
_ENTRY = re.compile(rf"{_NAME}{_TYPE}\s*(?:[:=]|\s[-–—](?=\s)|(?<=:\*\*))\s*(?P<says>\S.*)", re.DOTALL)
_LISTED = re.compile(r"(?P<bold>[^\W_][^\n:]{1,58}?)\n:[ \t]+(?P<says>\S.*)", re.DOTALL)  # a definition list
_PARAM = re.compile(
    r"[ \t]*:(?:param|parameter|arg|keyword)(?: [\w\[\], .]+)? (?P<name>\w+):[ \t]+"
    r"(?P<says>\S[^\n]*(?:\n(?![ \t]*:)[ \t]+\S[^\n]*)*)"
)
_DEFAULT = re.compile(
    r"(?:[Dd]efaults to|[Dd]efault(?: value)?(?: is|:))\s+"
    r"(?P<value>`[^`\n]+`|\d[\w.,%-]*(?<![.,])|(?:[Tt]rue|[Ff]alse)\b)"
)
_DEFINES = {
    "en": re.compile(r"(?:an?|the|one|any|how|whether|what|which|number|name|list)\s", re.IGNORECASE),
    "de": re.compile(r"(?:eine?|der|die|das|jede[rs]?)\s", re.IGNORECASE),
    "es": re.compile(r"(?:una?|el|las?|los|cada)\s", re.IGNORECASE),
    "fr": re.compile(r"(?:une?|les?|la|chaque)\s|l['’]", re.IGNORECASE),
}
_ACTS = re.compile(r"[A-Z][a-z]+(?:s|es)\s(?!of\b)(?:[a-z`]|\w+ing\b)")  # "Returns the readings", "Indicates that ..."
_GLOSSARY = phrases(
    r"""(?:.* )?(?:glossary|definitions|terminology|defined terms|glossar|begriffe|definitionen|glosario|definiciones
    |glossaire|définitions)(?: (?:of|der|de|du|für|for) .*)?"""
)
_PLACEHOLDER = re.compile(r"\$\{?\w+\}?|\d+")  # of one command, of one list
_STANDS_FOR_ANY = re.compile(r"(?:\b|_)(?:foo|bar|baz|qux|quux|xxx+)(?:\b|_)", re.IGNORECASE)  # a name in an example
_NO_TERM = phrases(r"short version|notes?|examples?|tip|warning|important|summary|default|hinweis|nota|remarque")
_WHAT_IS = {
    "en": ("What is {0}?", "Can you explain what {0} is?"),
    "de": ("Was ist {0}?", "Wofür steht {0}?"),
    "es": ("¿Qué es {0}?",),
    "fr": ("Qu'est-ce que {0} ?",),
}
_MEANS = {
    "en": ("What does “{0}” mean?", "What is meant by “{0}”?"),
    "de": ("Was bedeutet „{0}“?", "Was versteht man unter „{0}“?"),
    "es": ("¿Qué significa «{0}»?", "¿Qué se entiende por «{0}»?"),
    "fr": ("Que signifie « {0} » ?", "Qu'entend-on par « {0} » ?"),
}


def entry(page: Page) -> Iterator[Candidate]:
    """Items of lists, and paragraphs, that are a name and what it is."""
    if page.language not in _DEFINES:
        return
    for part in page.sections:
        for block in part.blocks:
            spans = [(block.start, block.end)] if block.kind == "paragraph" else block.items
            for start, end in spans:
                yield from _entry(page, part, start, end)
                yield from _parameters(page, part, start, end)


def _entry(page: Page, part: Section, start: int, end: int) -> Iterator[Candidate]:
    found = _ENTRY.fullmatch(page.text, start, end) or _LISTED.fullmatch(page.text, start, end)
    if not found:
        return
    named = found.groupdict()
    code = named.get("code") or named.get("boldcode")
    name = plain(code or named.get("bold") or named.get("quoted") or "").rstrip(":").strip()
    if (
        not name
        or _PLACEHOLDER.fullmatch(name)
        or len(name.split()) > MAX_NAME_WORDS
        or _STANDS_FOR_ANY.search(name)
        or not _is_whole(page, found["says"])
    ):
        return
    question = _of_code(page, f"`{name}`", found["says"], start) if code else _of_term(page, part, name, start)
    if asked := page.in_title(part, question, start) if question else None:
        yield Candidate("entry", asked, found.start("says"), end)
    default = _DEFAULT.search(page.text, found.start("says"), end) if code and page.language == "en" else None
    if default and (asked := page.in_title(part, f"What is the default value of `{name}`?", default.start())):
        yield Candidate("default", asked, *default.span("value"))


def _of_code(page: Page, name: str, says: str, start: int) -> str | None:
    if _DEFINES[page.language].match(says):
        return page.pick(start, _WHAT_IS[page.language]).format(name)
    return f"What does {name} do?" if page.language == "en" and _ACTS.match(says) else None


def _of_term(page: Page, part: Section, name: str, start: int) -> str | None:
    in_glossary = any(_GLOSSARY.fullmatch(clean(title)) for title in (part.title, *part.above))
    if not in_glossary or _NO_TERM.fullmatch(name):
        return None
    return page.pick(start, _MEANS[page.language]).format(name)


def _parameters(page: Page, part: Section, start: int, end: int) -> Iterator[Candidate]:
    for found in _PARAM.finditer(page.text, start, end) if page.language == "en" else ():
        if _is_whole(page, found["says"]):
            asked = page.in_title(part, f"What is the parameter `{found['name']}` for?", found.start())
            if asked:
                yield Candidate("entry", asked, *found.span("says"))


def _is_whole(page: Page, says: str) -> bool:
    """Whether an explanation says enough, points nowhere, and is one paragraph of plain words."""
    if len(says.split()) < MIN_WORDS or says.rstrip().endswith((":", ",")) or "\n\n" in says:
        return False
    if TAG.search(without_code(says)) or re.search(r"\n[ \t]*(?:[-*+]|\d+[.)])[ \t]", says):
        return False
    if page.language == "en":
        return unclear_answer(says) is None and not announces(says)
    return not LANGUAGES[page.language].openers.match(plain(says))
