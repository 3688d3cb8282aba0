"""The pairs of a document: questions that rules make of its passages, each with the span that answers it.

In      passages in English, German, Spanish or French; of other languages only questions that the text itself asks.
Out     pairs by place, with what is wrong with those that are not good enough.
Costs   no model; some milliseconds a passage.

Of two pairs with the same question, or with answers most of which is the same text, the first by the order of `FORMS`
stays. Where a question has two answers, however it is worded, nothing says which is meant: both are marked. The rules
of wording of `factory.dangling` are asked of every pair.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

from factory.dangling import in_answer, in_question
from factory.dangling_words import RULES
from factory.passages import Passage, Quote
from factory.wording import listed, without_code
from generators._about import product_of
from generators._acronyms import acronym
from generators._by_language import definition_in, procedure_in
from generators._clauses import clause
from generators._entries import entry
from generators._faq import faq
from generators._languages import LANGUAGES
from generators._markdown import sections
from generators._questions import Candidate, Page
from generators._sections import code, definition, procedure, section
from generators._spans import FOREIGN, is_balanced
from generators._statements import statement
from generators._swaps import stems
from generators._tables import column, table
from generators._wording import words_of

MAX_QUESTION_CHARS = 200  # a longer one is a paragraph in bold, not a question
ARTICLE_CHARS = 1000  # half of a passage of the default budget: what follows would have fitted as well
SECTION_FORMS = ("faq", "procedure", "section", "clause")  # the forms whose answers run to the end of a section
# the forms of which a few words say too little
PROSE_FORMS = ("definition", "section", "clause", "obligation", "condition", "howto", "reason", "purpose", "returns")
WHOLE_FORMS = ("section", "procedure", "condition", "howto", "obligation")  # which tell what to do, or whom to ask
_TAKEN_OUT = re.compile(r"<[A-Z][A-Z_]+>|•{3,}")  # by a filter of personal data
MAX_SHARED = 0.5  # of the longer one of two answers
FORMS: dict[str, tuple[Callable[[Page], Iterator[Candidate]], ...]] = {
    "en": (faq, procedure, code, definition, section, clause, entry, table, statement, acronym),
    **dict.fromkeys(LANGUAGES, (faq, procedure_in, definition_in, entry, table, statement, acronym)),
}
_TEMPLATE = listed(  # the words that wordings of one question differ in
    """i a an the in on of for to my is are am have question about context can you explain what which does do define
    would how mean means meant meaning by defined according applies say says regarding reading working with right way
    need please like understand under deal use"""
)
_LEFT_OVER = re.compile(r"[{}<>]|&#?\w+;|\*\*|\]\(|\]\[|\\[\W_]")


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and the quote that answers it; `why` says that it must not be used, `detail` more of that.

    `reworded` is the question in other words, where it has such.
    """

    form: str
    question: str
    quote: Quote
    why: Literal["not_self_contained", "may_be_cut", "two_answers"] | None = None
    detail: str = ""
    reworded: str | None = None
    column: str | None = None  # of a cell: which column of which table


def pairs_of(
    passages: Sequence[Passage],
    *,
    min_answer_words: int,
    max_answer_chars: int,
    about: Mapping[str, str] | None = None,
    reword: bool = False,
) -> list[tuple[Passage, Pair]]:
    """The pairs of a document's passages in the order of their answers; with `reword` also in other words.

    `about` says of sources, by name, what their documents are about. Of an acronym that several passages spell out the
    first stays.
    """
    product = product_of(passages, about) if passages else None
    made: list[tuple[Passage, Pair]] = []
    every: list[Pair] = []
    spelled: set[str] = set()
    for passage in passages:
        page = Page(
            passage,
            passage.text,
            sections(passage.text, passage.heading),
            words_of(passage.text, passage.heading),
            product=product,
        )
        kept, its = _pairs(page, min_answer_words, max_answer_chars, reword=reword)
        every += its
        made += [(passage, pair) for pair in kept if pair.form != "acronym" or pair.question not in spelled]
        spelled.update(pair.question for pair in kept if pair.form == "acronym")
    judged = _with_one_answer([pair for _, pair in made], every)
    return [(passage, pair) for (passage, _), pair in zip(made, judged, strict=True)]


def _pairs(page: Page, min_answer_words: int, max_answer_chars: int, *, reword: bool) -> tuple[list[Pair], list[Pair]]:
    """The pairs of a passage, and all of which these were chosen."""
    passage = page.passage
    chosen: list[tuple[Candidate, Pair]] = []
    every: list[Pair] = []
    for found in _candidates(page):
        if not 0 < found.end - found.start <= max_answer_chars or not _is_plain(found.question):
            continue
        quote = passage.span(found.start, found.end)
        few = found.form in PROSE_FORMS and len(quote.text.split()) < min_answer_words
        if few or len(quote.text) > max_answer_chars or FOREIGN.search(quote.text) or not is_balanced(quote.text):
            continue
        pair = _judged(page, found, quote)
        every.append(pair)
        if not any(_is_same(found, other) and (pair.why or not its.why) for other, its in chosen):
            chosen.append((found, pair))
    others = _reworded(page) if reword else {}
    ordered = sorted(chosen, key=lambda one: (one[0].start, one[0].end))
    return [replace(pair, reworded=others.get(_place(found))) for found, pair in ordered], every


def _with_one_answer(made: list[Pair], every: list[Pair]) -> list[Pair]:
    """The pairs, those marked whose question another of `every` one of the same form asks too and answers otherwise."""
    answers: dict[tuple[str, frozenset[str]], set[str]] = {}
    for pair in every:
        answers.setdefault(asks_for(pair), set()).add(" ".join(pair.quote.text.casefold().split()))
    unsure = {asked for asked, its in answers.items() if any(_differ(*two) for two in combinations(its, 2))}
    detail = "the question has several answers"
    return [
        replace(pair, why="two_answers", detail=detail) if pair.why is None and asks_for(pair) in unsure else pair
        for pair in made
    ]


def _differ(one: str, other: str) -> bool:
    return one not in other and other not in one


def asks_for(pair: Pair) -> tuple[str, frozenset[str]]:
    """The form of a question and the words that tell what it asks, whatever its wording and the order of its parts."""
    words = re.findall(r"`[^`]+`|[^\W_](?:[\w'’.*-]*\w)?", pair.question.casefold())
    return pair.form, frozenset(words) - _TEMPLATE


def _reworded(page: Page) -> dict[tuple[str, int, int], str]:
    """The questions of a page in the wordings that come next, by what they ask; without those that are the same."""
    asked = {_place(found): found.question for found in _candidates(page)}
    return {
        _place(found): found.question for found in _candidates(replace(page, turn=1))
        if found.question != asked.get(_place(found)) and found.unclear is None and _is_plain(found.question)
    }  # fmt: skip


def _place(found: Candidate) -> tuple[str, int, int]:
    return found.form, found.start, found.end


def _candidates(page: Page) -> Iterator[Candidate]:
    for form in FORMS.get(page.language, (faq,)):
        yield from form(page)


def _is_same(one: Candidate, other: Candidate) -> bool:
    shared = min(one.end, other.end) - max(one.start, other.start)
    longer = max(one.end - one.start, other.end - other.start)
    return one.question.casefold() == other.question.casefold() or shared > MAX_SHARED * longer


def _judged(page: Page, found: Candidate, quote: Quote) -> Pair:
    unclear = found.unclear
    cells = column(page, found.start) if found.form == "table" else None
    if unclear is None and page.language in RULES:
        rule = in_question(found.question, page.language) or in_answer(quote.text, page.language, carried=False)
        unclear = f"it breaks the rule '{rule}'" if rule else None
    if unclear is None and found.form in WHOLE_FORMS and _TAKEN_OUT.search(quote.text):
        unclear = "a value was taken out of the answer"
    if unclear is None and found.form in ("entry", "table") and _says_no_more(found.question, quote.text):
        unclear = "the answer says no more than the name"
    if unclear:
        return Pair(found.form, found.question, quote, "not_self_contained", unclear)
    if found.form in SECTION_FORMS and found.end == len(page.text) and _may_go_on(page, found):
        return Pair(found.form, found.question, quote, "may_be_cut", "its section fills the passage")
    return Pair(found.form, found.question, quote, column=cells)


def _says_no_more(question: str, answer: str) -> bool:
    """Whether an answer of few words has next to none that its question has not: `data` is "the data to serialize"."""
    return len(answer.split()) in range(3, 7) and len(stems(answer) - stems(question)) < 2


def _may_go_on(page: Page, found: Candidate) -> bool:
    """Whether the last section of a passage may go on in the next one.

    A splitter that cuts at the highest boundary that fits cuts inside a section only where the section is alone in
    its passage; it knows sections by `#`. A short passage that opens its document is an article of one section.
    """
    last = page.sections[-1]
    if last.title and len(page.sections) > 1:
        return not re.search(rf"^#.*{re.escape(last.title)}", page.text[: found.start], re.MULTILINE)
    is_article = page.passage.index == 0 and len(page.text) <= ARTICLE_CHARS
    return len(page.sections) == 1 and page.sections[0].is_first and not is_article


def _is_plain(question: str) -> bool:
    """Whether a question is short enough to be one, and no markup is left in it."""
    return len(question) <= MAX_QUESTION_CHARS and not _LEFT_OVER.search(without_code(question))
