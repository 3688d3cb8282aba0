"""Question-answer pairs with no model: the answer is a span of the passage, the question is built from what names it.

    definition   "A **gateway** is the indoor device that ..."      What is a gateway?
    procedure    "Replace the battery" above numbered steps          How do I replace the battery?
    code         "To list the gauges, run:" and the code             How do I list the gauges?
    faq          "Does rain matter?" as heading, bold, or "Q:"       Does rain matter?
    section      "Limits" under "Gateway API"                        What are the limits of the Gateway API?

Takes   one passage. English; in other languages only questions that the text itself asks.
Yields  sft records whose answer is the text of their one quote. A pair that one would not understand without the
        document is rejected as extractive_qa.not_self_contained, one whose answer may go on in the next passage as
        extractive_qa.may_be_cut; where no rule is sure, nothing is yielded.
Costs   no model call; about a millisecond a passage.
"""

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import pairwise

from factory.passages import Passage
from factory.records import Record, Rejected, sft
from factory.sentences import sentences
from factory.wording import NO_PLACEHOLDER, plain, without_code
from generators import _questions as questions
from generators._markdown import Block, Section, sections
from generators._questions import NO_SUBJECT, Page
from generators._terms import Term, defined
from generators._titles import asks, aspect, clause, clean, has_subject, is_question, subject
from generators._verbs import action, nominal, task
from generators._wording import announces, unclear_answer, unclear_question, words_of

MAX_QUESTION_CHARS = 200  # a longer one is a paragraph in bold, not a question
ARTICLE_CHARS = 1000  # half of a passage of the default budget: what follows would have fitted as well
SECTION_FORMS = ("faq", "procedure", "section")  # the forms whose answers run to the end of a section
MAX_DEFINITION_CHARS = 700  # a paragraph above that goes on to other things
_ENDS = re.compile(r"[.!?…。！？।॥][\"'“”’)\]*_`]*$")
_TAG = re.compile(rf"<{NO_PLACEHOLDER}/?[a-zA-Z][^<>]*>|!\[|\{{[*%{{:]")
_LINK = re.compile(r"\[[^\[\]]*\]\([^()\s]*\)|https?://\S+")
_LEFT_OVER = re.compile(r"[{}<>]|&#?\w+;|\*\*|\]\(|\]\[")
_LANGUAGE = re.compile(r"[ \t]*[`~]{3,}[ \t]*\{?\.?([\w-]+)")
_BOLD_QUESTION = re.compile(r"(\*\*|__)(?P<question>[^*_\n][^\n]*?[?？؟])\1[ \t]*\n?")
_Q = re.compile(r"[*_]{0,2}Q(?:uestion)?[ \t]?\d{0,3}[.:)][*_]{0,2}[ \t]+(?P<question>\S[^\n]*)")
_Q_MARK = re.compile(r"Q(?:uestion)?[ \t]?\d{0,3}[.:)][ \t]+")
_A = re.compile(r"[*_]{0,2}A(?:nswer)?[ \t]?\d{0,3}[.:)][*_]{0,2}[ \t]+(?=\S)")
_NOT_A_TOPIC = re.compile(
    r"(?:from|to|on|in|by|for|at|of|with|if|when|your|our|you|we|subject to"
    r"|\w+ly)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question and the span of its answer. `unclear` says why it cannot stand alone."""

    form: str
    question: str
    start: int
    end: int
    unclear: str | None = None


async def generate(
    passage: Passage, *, min_answer_words: int = 6, max_answer_chars: int = 1600
) -> AsyncIterator[Record | Rejected]:
    """Yield the pairs of a passage in the order of their answers; of two alike only the first.

    An answer to a question of the text itself may have fewer words than `min_answer_words`.
    """
    seen = set[object]()
    for found in _candidates(passage):
        quote = passage.span(found.start, found.end)
        few = found.form in ("definition", "section") and len(quote.text.split()) < min_answer_words
        asked, place = found.question.casefold(), (found.start, found.end)
        if few or len(quote.text) > max_answer_chars or asked in seen or place in seen:
            continue
        record = sft(passage, found.question, quote.text, quotes=[quote], form=found.form)
        if found.unclear:
            yield Rejected(record, "extractive_qa.not_self_contained", found.unclear)
        elif found.form in SECTION_FORMS and found.end == len(passage.text) and _may_go_on(passage):
            yield Rejected(record, "extractive_qa.may_be_cut", "its section fills the passage")
        else:
            seen |= {asked, place}
            yield record


def _may_go_on(passage: Passage) -> bool:
    """Whether the last section of a passage may go on in the next one.

    A splitter that cuts at the highest boundary that fits cuts inside a section only where the section is alone in
    its passage. A short passage that opens its document is an article of one section.
    """
    is_article = passage.index == 0 and len(passage.text) <= ARTICLE_CHARS
    parts = sections(passage.text, passage.heading)
    return len(parts) == 1 and parts[0].is_first and not is_article


def _candidates(passage: Passage) -> list[Candidate]:
    """What the rules of all forms find, by place; where two forms name the same span, the more telling form first."""
    text = passage.text
    page = Page(passage, text, sections(text, passage.heading), words_of(text, passage.heading))
    forms = (faq, procedure, code, definition, section) if passage.language in (None, "en") else (faq,)
    found = [candidate for form in forms for candidate in form(page)]
    return sorted(
        (candidate for candidate in found if _is_plain(candidate.question)),
        key=lambda candidate: (candidate.start, candidate.end),
    )


def _is_plain(question: str) -> bool:
    """Whether a question is short enough to be one, and no markup is left in it."""
    return len(question) <= MAX_QUESTION_CHARS and not _LEFT_OVER.search(without_code(question))


def faq(page: Page) -> Iterator[Candidate]:
    """Questions that the text asks: headings, bold lines, "Q:" before "A:"."""
    for part in page.sections:
        if is_question(part.title) and (span := _whole(page, part)):
            yield _asked(page, part, _Q_MARK.sub("", plain(part.title)), *span)
        yield from _bold(page, part)
        yield from _marked(page, part)


def _bold(page: Page, part: Section) -> Iterator[Candidate]:
    """A question in bold, and what follows it up to the next one."""
    asked = [nth for nth, block in enumerate(part.blocks) if block.kind == "paragraph" and _bold_at(page, block)]
    for nth, after in pairwise([*asked, len(part.blocks)]):
        block = part.blocks[nth]
        found = _bold_at(page, block)
        if found is None or (after == len(part.blocks) and part.is_last and after - nth > 2):
            continue  # where the last answer ends is not known
        if found.end() < block.end:
            span = _span(page, [Block("paragraph", found.end(), block.end), *part.blocks[nth + 1 : after]])
        else:
            span = _span(page, list(part.blocks[nth + 1 : after]))
        if span:
            yield _asked(page, part, plain(found["question"]), *span)


def _bold_at(page: Page, block: Block) -> re.Match[str] | None:
    return _BOLD_QUESTION.match(page.text, block.start, block.end)


def _marked(page: Page, part: Section) -> Iterator[Candidate]:
    """Lines "Q: ..." and "A: ..."; an answer ends with its paragraph or at the next question."""
    question, answer = None, None
    for start, end, opens in _paragraph_lines(page, part):
        line = page.text[start:end]
        asks_now, answers_now = _Q.match(line), _A.match(line)
        if answer and (asks_now or opens):
            yield _asked(page, part, *answer)
            question = answer = None
        if asks_now:
            question = plain(asks_now["question"])
        elif question and question.endswith(("?", "？", "؟")) and (answers_now or answer):
            answer = (question, answer[1] if answer else start + (answers_now.end() if answers_now else 0), end)
    if answer:
        yield _asked(page, part, *answer)


def _paragraph_lines(page: Page, part: Section) -> Iterator[tuple[int, int, bool]]:
    """Start and end of each line of a section's paragraphs, and whether it opens one."""
    for block in part.blocks:
        start = block.start
        for line in page.text[block.start : block.end].split("\n") if block.kind == "paragraph" else []:
            if line.strip():
                yield start, start + len(line.rstrip()), start == block.start
            start += len(line) + 1


def _asked(page: Page, part: Section, question: str, start: int, end: int) -> Candidate:
    """A question of the text itself with its answer, which may say "it" of what was asked."""
    mark = _A.match(page.text, start, end)
    start = mark.end() if mark else start
    if page.passage.language not in (None, "en"):
        return Candidate("faq", question, start, end)
    unclear = unclear_question(question) or unclear_answer(page.text[start:end], follows_question=True)
    return Candidate("faq", questions.asked(page, part, question, start), start, end, unclear)


def procedure(page: Page) -> Iterator[Candidate]:
    """Numbered steps under a title that names an action, with what introduces them."""
    for part in page.sections:
        act = _action(page, part)
        steps = next((block for block in part.blocks if block.kind == "list" and block.is_ordered), None)
        if not act or not steps or len(steps.items) < 2:
            continue
        held = part.blocks[: part.blocks.index(steps) + 1]
        goes_on = any(block.is_ordered or block.kind in ("code", "markup") for block in part.blocks[len(held) :])
        if len(held) <= 3 and not goes_on and (span := _span(page, list(held))):
            yield _how(page, part, act, "procedure", *span)


def code(page: Page) -> Iterator[Candidate]:
    """A code block with the sentence that says what it is for."""
    for part in page.sections:
        for before, block in pairwise(part.blocks):
            if before.kind != "paragraph" or block.kind != "code" or not block.is_closed:
                continue
            start, end = sentences(page.text, before.start, before.end)[-1]
            introduction = page.text[start:end]
            act = task(plain(introduction))
            is_told = act is not None and (len(act.split()) > 2 or page.words.has_name(act))
            if (
                act
                and is_told
                and not _TAG.search(without_code(introduction))
                and "<font" not in page.text[end : block.end]
            ):
                language = _LANGUAGE.match(page.text, block.start, block.end)
                yield _how(page, part, act, "code", start, block.end, language[1] if language else "")


def _how(page: Page, part: Section, act: str, form: str, start: int, end: int, language: str = "") -> Candidate:
    unclear = unclear_question(act) or unclear_answer(page.text[start:end])
    if not questions.is_known(page, part, act, language):
        unclear = NO_SUBJECT
    return Candidate(form, questions.how(page, part, act, start, language), start, end, unclear)


def definition(page: Page) -> Iterator[Candidate]:
    """A sentence that says what a term is, with the rest of its paragraph where that is short."""
    for part in page.sections:
        for block in part.blocks:
            spans = [(block.start, block.end)] if block.kind == "paragraph" else block.items
            for start, end in spans:
                yield from _definitions(page, part, start, end)


def _definitions(page: Page, part: Section, start: int, end: int) -> Iterator[Candidate]:
    for first, last in sentences(page.text, start, end):
        sentence = page.text[first:last]
        term = defined(sentence, page.words, opens_paragraph=first == start)
        if term is None or _TAG.search(without_code(sentence)) or not _ENDS.search(sentence):
            continue
        stop = end if first == start and end - start <= MAX_DEFINITION_CHARS and _stands(page, start, end) else last
        unclear = unclear_question(term.phrase) or unclear_answer(page.text[first:stop]) or _missing(page, first, stop)
        if subject(part.above, page.words) is None and (term.is_code or _is_contract_term(term)):
            unclear = NO_SUBJECT
        yield Candidate("definition", questions.what_is(page, part, term, first), first, stop, unclear)


def _is_contract_term(term: Term) -> bool:
    """“Content”, “Usage Data”: in quotation marks and capitals, a word means this in this one contract."""
    words = term.phrase.strip("“”")
    return term.verb == "means" and all(word[:1].isupper() and word[1:].islower() for word in re.split("[ -]", words))


def _stands(page: Page, start: int, end: int) -> bool:
    """Whether a paragraph is a whole: nothing in it points elsewhere, and nothing is announced at its end."""
    paragraph = page.text[start:end]
    is_plain = _ENDS.search(paragraph) and not _TAG.search(without_code(paragraph)) and "\n\n" not in paragraph
    return bool(is_plain) and unclear_answer(paragraph) is None and not announces(paragraph)


def _missing(page: Page, start: int, end: int) -> str | None:
    return "the answer announces what it does not hold" if announces(page.text[start:end]) else None


def section(page: Page) -> Iterator[Candidate]:
    """A section as the answer to its title, where the title makes a question by a rule that cannot go wrong."""
    for part in page.sections:
        span = None if is_question(part.title) or not has_subject(part.title) else _whole(page, part)
        if span is None:
            continue
        start, end = span
        if act := _action(page, part):
            if not any(block.is_ordered for block in part.blocks):
                yield _how(page, part, act, "section", start, end)
            continue
        question = _titled(page, part, start)
        unclear = unclear_answer(page.text[start:end])
        if question is not None:
            yield Candidate("section", question, start, end, unclear or unclear_question(clean(part.title)))
        elif asks(part.title) or clause(part.title, page.words) or aspect(part.title, page.words):
            yield Candidate("section", f"{clean(part.title)}?", start, end, unclear or NO_SUBJECT)


def _titled(page: Page, part: Section, start: int) -> str | None:
    """The question of a title that names no action."""
    if asking := asks(part.title):
        question = questions.asked(page, part, asking, start)
        return question if page.words.has_name(question) or question != asking else None
    if said := clause(part.title, page.words):
        return questions.explain(page, part, said, start)
    if named := aspect(part.title, page.words):
        return questions.aspect_of(page, part, named, start)
    title = clean(part.title)
    if _NOT_A_TOPIC.match(title) or len(title.split()) > 8:
        return None
    lowered = page.words.lowered(title)
    has_capitals = re.search(r"\b[A-Z][a-z]", lowered)  # then the title's own case reads better than a mixture
    topic = title.lower() if title.istitle() and " " not in title else title if has_capitals else lowered
    return questions.said_in(page, part, topic, start)


def _action(page: Page, part: Section) -> str | None:
    """The action that a section's title names, in the fuller words of its first paragraph where that has them."""
    title = clean(part.title)
    if not has_subject(title):
        return None
    if verb := nominal(title):
        about = page.subject(part, title)
        return f"{verb} {about.phrase}" if about and not about.is_document else None
    act = action(title)
    if act is None:
        return None
    verb, _, rest = act.partition(" ")
    act = f"{verb} {page.words.lowered(rest)}"
    return _fuller(act, page.text[part.blocks[0].start : part.blocks[0].end]) if part.blocks else act


def _fuller(act: str, introduction: str) -> str:
    """The action as the text says it: "replace the battery of a Freshet gauge" for a title "Replace the battery"."""
    more = re.compile(
        re.escape(act) + r"(?P<more> (?:of|for|on|from|in) (?:an?|the|your|each)(?: (?!you\b|as\b|and\b"
        r"|is\b)[\w-]+){1,3}?)"
        r"(?=[.,;:]| (?:you|as|and|is|are|in|with|by|do|use|follow|to|before|after|when)\b)",
        re.IGNORECASE,
    )
    found = more.search(plain(introduction))
    return act + found["more"] if found else act


def _whole(page: Page, part: Section) -> tuple[int, int] | None:
    """The span of a section's text; None where it has subsections, or may go on in the next passage."""
    return None if part.has_parts else _span(page, list(part.blocks))


def _span(page: Page, blocks: list[Block]) -> tuple[int, int] | None:
    """From the first block to the last, where together they are a whole answer; else None."""
    if not blocks or any(block.kind == "markup" or not block.is_closed for block in blocks):
        return None
    start, end = blocks[0].start, blocks[-1].end
    answer = page.text[start:end].lstrip()
    prose = without_code(answer)
    if not prose.strip() or _TAG.search(prose) or blocks[0].kind == "code" or answer.endswith(":"):
        return None
    if blocks[-1].kind == "paragraph" and not _ENDS.search(answer):
        return None
    if 2 * sum(len(link.group()) for link in _LINK.finditer(prose)) > len(prose):
        return None  # a list of links, not an answer
    holds = any(block.kind in ("list", "table", "code") for block in blocks)
    return (end - len(answer), end) if holds or not announces(answer) else None
