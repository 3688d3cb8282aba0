"""Reading tasks that patterns find in a text: each a question and the stretch of the text that answers it.

    title        a heading, shown apart from its text          What would be a fitting title for this text?
    completion   the last paragraph, shown apart               How does the text go on?
    words        the telling words of a sentence               Which sentence of the text connects A, B and C?
    definition   "A gateway is the indoor device that ..."     According to the text, what is a gateway?
    reason       "..., because the oil thickens."              Which reason does the text give for this: "..."?
    effect, contrast, example, restated                        a sentence that begins "Therefore", "However", "For
                                                               example", "In other words", after the one it belongs to;
                                                        what follows has to speak of the same thing

In      a page (`_questions.Page`) in English, German, Spanish or French.
Out     what of the text is shown, and the tasks, by place. The answers to title and completion are not shown.
Source  Cheng et al. 2023 (arXiv:2309.09530), whose patterns these follow; classes that are labels there ("entailment")
        are asked for as the sentence that stands in that relation, so that every answer is a quote.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from factory.sentences import sentences
from factory.wording import listed, phrases, plain, without_code
from generators._connectors import CONNECTORS
from generators._languages import LANGUAGES
from generators._markdown import Block
from generators._questions import Page
from generators._spans import ENDS, TAG
from generators._terms import defined
from generators._titles import clean, has_subject, is_question
from generators._wording import unclear_answer

Task = Literal["title", "completion", "words", "definition", "reason", "effect", "contrast", "example", "restated"]
TASKS: tuple[Task, ...] = (
    "title", "completion", "words", "definition", "reason", "effect", "contrast", "example", "restated"
)  # fmt: skip
RELATIONS: tuple[Task, ...] = ("effect", "contrast", "example", "restated")
MIN_SENTENCE_WORDS, MAX_SENTENCE_WORDS = 7, 45
MIN_SHOWN_WORDS = 40  # what is left to read where a title or a last paragraph is asked for
MIN_SHARED = 2  # words of a last paragraph that stand before it too: else nobody could go on with it
STEM = 6  # characters
WORDS = 3  # of a sentence that it is asked for by
_TOKEN = re.compile(r"[^\W\d_][\w’'-]{5,}")
_NO_TOPIC = listed(
    """should because through without another between already always itself themselves different possible please provide
    provided information including include includes included within example whether before instead various several
    certain number collect collects collected service services require requires required allow allows allowed
    support supports supported follow follows followed happen happens happened whose
    create creates created change changes changed called needed making report reports provides"""
)
_SHORT = re.compile(r"(?:n['’]t|['’](?:re|ve|ll|d|m))$")  # "doesn't", "you're"
_NO_FACT = phrases(
    r"""(?:and|but|so|if|when|while|although|though|this is|that is|und|aber|wenn|obwohl|das ist|y|pero|si|cuando
    |aunque|et|mais|quand|bien que|c['’]est)\b"""
)
_LISTED = {"en": ("and", "“{}”"), "de": ("und", "„{}“"), "es": ("y", "«{}»"), "fr": ("et", "« {} »")}
_NO_PROSE = re.compile(r"[QA]\d*[:.)]|\*\*[^*]+\*\*|[\w-]+ [A-Z]{3,}")  # a question, a title in bold, a command
_SMALL = listed(
    """that this with from they them then than there these those their your have been were will would should could
    must when where which while what also only just each some more most such other into over under after about
    therefore thus hence consequently result because does done make makes made used using very well even deshalb daher
    deswegen darum folglich nicht eine einer einen einem sich auch noch oder aber wenn dann dass über nach para como
    este esta estos estas desde cuando pero también tanto pour avec dans cette comme mais leur leurs sont plus donc"""
)
_POINTS = re.compile(
    r"\b(?:above|below|earlier|later|figure|table|see|oben|unten|folgende\w*|siehe|Abschnitt|arriba|abajo|siguientes?|véase"
    r"|ci-dessus|ci-dessous|suivante?s?|voir)\b"
    r"|\b(?:next|previous|following|this) (?:section|chapter|page|paragraph|example)|\]\(|https?://|[:…?]$"
    r"|\b(?:sections?|chapters?|articles?|clauses?|paragraphs?|appendix|annex|exhibit|schedule|equations?|parts?|steps?"
    r"|Abschnitte?n?|Kapiteln?|Teil|Anhang|Ziffer|secci[oó]n(?:es)?|cap[ií]tulos?|apartados?|anexo|sections?|chapitres?"
    r"|paragraphes?|annexe) (?-i:\d|[A-Z]\d*(?:\.|\b(?!['’])))|§ ?\d",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and where its answer stands."""

    task: Task
    question: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What is shown of a text, as start and end, and the tasks on it."""

    start: int
    end: int
    tasks: tuple[Asked, ...]


def mined(page: Page, wanted: frozenset[str]) -> Reading:
    """The tasks of a page; of those wanted that find something, in the order of the text."""
    body = [block for part in page.sections for block in part.blocks]
    start, title = _title(page, body) if "title" in wanted else (0, None)
    end, last = _completion(page, body, start) if "completion" in wanted else (len(page.text), None)
    if title and last and not _is_told(page, page.text[title.start : title.end], body, end):
        end, last = len(page.text), None  # without its last paragraph nobody would think of that title
    shown = [block for block in body if start <= block.start and block.end <= end]
    inside = [asked for asked in _inside(page, shown) if asked.task in wanted]
    tasks = sorted([*filter(None, (title, last)), *inside], key=lambda asked: (asked.start, asked.end))
    return Reading(start, end, tuple(tasks))


def _title(page: Page, body: list[Block]) -> tuple[int, Asked | None]:
    """The one heading that a text opens with, where words of it stand in the text as well."""
    if len(page.sections) != 1 or not page.sections[0].is_first or not page.sections[0].title or not body:
        return 0, None
    first = page.sections[0]
    title, said = clean(first.title), plain(page.text[body[0].start :]).casefold()
    telling = [word for word in re.findall(r"[^\W\d_]{4,}", title) if word.casefold()[:5] in said]
    at = page.text.find(title)
    is_title = has_subject(first.title) and not is_question(first.title) and 2 <= len(title.split()) <= 10
    if not is_title or not telling or at < 0 or _words(page, body) < MIN_SHOWN_WORDS or "{" in first.title:
        return 0, None
    return body[0].start, Asked("title", _ask(page, "title", at), at, at + len(title))


def _is_told(page: Page, title: str, body: list[Block], end: int) -> bool:
    """Whether what is shown up to `end` holds each word of a title that the text below it has."""
    shown, everything = (plain(page.text[body[0].start : last]).casefold() for last in (end, len(page.text)))
    words = [word.casefold()[:5] for word in re.findall(r"[^\W\d_]{4,}", title)]
    return all(word in shown for word in words if word in everything)


def _completion(page: Page, body: list[Block], start: int) -> tuple[int, Asked | None]:
    """The last paragraph, where it follows a paragraph of the same section and says something by itself."""
    everything = len(page.text)
    own = page.sections[-1].blocks if page.sections else ()
    if len(own) < 2 or own[-1].kind != "paragraph" or own[-2].kind != "paragraph":
        return everything, None
    last = own[-1]
    says = page.text[last.start : last.end]
    before = [block for block in body if start <= block.start and block.end < last.start]
    if not ENDS.search(page.text[own[-2].start : own[-2].end]):
        return everything, None  # a line above it that is its title
    is_whole = ENDS.search(says) and not TAG.search(without_code(says)) and not _POINTS.search(plain(says))
    if not is_whole or len(says.split()) < 12 or _words(page, before) < MIN_SHOWN_WORDS or _NO_PROSE.match(says):
        return everything, None
    if len(_topics(page, [last]).keys() & _topics(page, before).keys()) < MIN_SHARED:
        return everything, None
    return own[-2].end, Asked("completion", _ask(page, "completion", last.start), last.start, last.end)


def _words(page: Page, blocks: list[Block]) -> int:
    return sum(len(page.text[block.start : block.end].split()) for block in blocks if block.kind == "paragraph")


def _inside(page: Page, blocks: list[Block]) -> Iterator[Asked]:
    """The tasks whose answers stand in what is shown; a sentence answers one of them."""
    used, asked = set[int](), set[str]()
    paragraphs = [sentences(page.text, block.start, block.end) for block in blocks if block.kind == "paragraph"]
    for spans in paragraphs:
        for nth, (start, end) in enumerate(spans):
            before = spans[nth - 1] if nth else None
            rules = (_related(page, before, start, end), _because(page, start, end), _defined(page, start, end, nth))
            found = next(filter(None, rules), None)
            if found and found.question not in asked:
                used.add(start)
                asked.add(found.question)
                yield found
    topics = _topics(page, blocks)
    rest = [span for spans in paragraphs for span in spans if span[0] not in used]
    best = max((_by_words(page, topics, *span) for span in rest), default=None, key=_weight)
    if best:
        yield best[1]


def _topics(page: Page, blocks: list[Block]) -> Counter[str]:
    """How often paragraphs have each of their longer words, by its beginning."""
    prose = "\n\n".join(page.text[block.start : block.end] for block in blocks if block.kind == "paragraph")
    return Counter(_stem(word) for word in _TOKEN.findall(without_code(plain(prose))) if _may_tell(word))


def _may_tell(word: str) -> bool:
    return word.casefold() not in _NO_TOPIC and not _SHORT.search(word)


def _stem(word: str) -> str:
    """The beginning of a word: "printer" and "printers" are one topic."""
    return word.casefold()[:STEM]


def _weight(found: tuple[int, Asked] | None) -> int:
    return found[0] if found else -1


def _is_sentence(page: Page, start: int, end: int) -> bool:
    said = page.text[start:end]
    bare = plain(said)
    return (
        MIN_SENTENCE_WORDS <= len(said.split()) <= MAX_SENTENCE_WORDS
        and bool(ENDS.search(said))
        and not TAG.search(without_code(said))
        and not _POINTS.search(bare)
        and "\n\n" not in said
        and not bare.endswith("?")
    )


def _related(page: Page, before: tuple[int, int] | None, start: int, end: int) -> Asked | None:
    """A sentence that says by its first words how it belongs to the one before it."""
    if before is None or not _is_sentence(page, start, end) or not _is_sentence(page, *before):
        return None
    words, said = CONNECTORS[page.language], page.text[start:end]
    for task in RELATIONS:
        if getattr(words, task).match(said):
            if task == "effect" and not _telling(said) & _telling(page.text[slice(*before)]):
                return None  # what it follows from may stand further above
            return Asked(task, _ask(page, task, start, plain(page.text[slice(*before)])), start, end)
    return None


def _telling(said: str) -> set[str]:
    """The beginnings of the words of a sentence that tell what it is about, those in code as well."""
    return {_stem(word) for word in re.findall(r"[^\W\d_]{4,}", said) if word.casefold() not in _SMALL}


def _because(page: Page, start: int, end: int) -> Asked | None:
    found = CONNECTORS[page.language].because.fullmatch(page.text, start, end)
    if not found or not _is_sentence(page, start, end) or re.search(r"[()“”\"]", found[0]):
        return None
    if _NO_FACT.match(found["fact"]):
        return None
    return Asked("reason", _ask(page, "reason", start, plain(found["fact"])), *found.span("reason"))


def _defined(page: Page, start: int, end: int, nth: int) -> Asked | None:
    """A sentence that says what a term is."""
    if not _is_sentence(page, start, end):
        return None
    said = page.text[start:end]
    if page.language == "en":
        term = defined(said, page.words, opens_paragraph=nth == 0)
        phrase, verb = (term.phrase, "are" if term.verb == "are" else "is") if term else ("", "")
    else:
        language = LANGUAGES[page.language]
        found = language.defines.match(said)
        is_term = found and found["bold"] and not language.no_terms & set(plain(found["bold"]).split())
        space = "" if found and found["det"].endswith(("'", "’")) else " "
        phrase = f"{found['det'].lower()}{space}{plain(found['bold'])}" if found and is_term else ""
        verb = found["verb"] if found else ""
    if not phrase:
        return None
    question = CONNECTORS[page.language].asks["definition"]
    return Asked("definition", page.pick(start, question).format(phrase, verb), start, end)


def _by_words(page: Page, topics: Counter[str], start: int, end: int) -> tuple[int, Asked] | None:
    """A sentence by the words that the text speaks of most, where no other sentence has them all."""
    if not _is_sentence(page, start, end) or _opens_dangling(page, start, end):
        return None
    found = _TOKEN.findall(without_code(plain(page.text[start:end])))
    words = {_stem(word): word for word in found if _may_tell(word)}.values()
    telling = sorted((word for word in words if topics[_stem(word)] > 1), key=lambda word: -topics[_stem(word)])
    chosen = telling[:WORDS]
    if len(chosen) < WORDS or _sentences_with(page, chosen) != 1:
        return None
    in_order = [word for word in words if word in chosen]
    last, quoted = _LISTED[page.language]
    shown = [quoted.format(word) for word in in_order]
    question = _ask(page, "words", start, f"{', '.join(shown[:-1])} {last} {shown[-1]}")
    return sum(topics[_stem(word)] for word in chosen), Asked("words", question, start, end)


def _sentences_with(page: Page, words: list[str]) -> int:
    said = (page.text[start:end].casefold() for start, end in sentences(page.text))
    return sum(all(word.casefold() in one for word in words) for one in said)


def _opens_dangling(page: Page, start: int, end: int) -> bool:
    """Whether a sentence refers by its first words to what stood before it."""
    said = page.text[start:end]
    if page.language in LANGUAGES:
        return bool(LANGUAGES[page.language].openers.match(plain(said)))
    return unclear_answer(said) is not None


def _ask(page: Page, task: str, start: int, *said: str) -> str:
    return page.pick(start, CONNECTORS[page.language].asks[task]).format(*said)
