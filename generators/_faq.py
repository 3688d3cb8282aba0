"""Questions that a text asks by itself: headings, bold lines, "Q:" before "A:".

In      a page of any language.
Out     candidates; a heading such as "Python 2 support?" asks nothing and makes none.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from factory.wording import plain
from generators import _questions as questions
from generators._languages import LANGUAGES, QUESTION_WORDS
from generators._markdown import Block, Section
from generators._questions import Candidate, Page
from generators._spans import answer_in, answer_of
from generators._titles import is_question
from generators._verbs import is_verb
from generators._wording import speaks_of_us, unclear_answer, unclear_question

_BOLD_QUESTION = re.compile(r"(\*\*|__)(?P<question>[^*_\n][^\n]*?[?？؟])\1[ \t]*\n?")
_Q = re.compile(r"[*_]{0,2}Q(?:uestion)?[ \t]?\d{0,3}[.:)][*_]{0,2}[ \t]+(?P<question>\S[^\n]*)")
_Q_MARK = re.compile(r"Q(?:uestion)?[ \t]?\d{0,3}[.:)][ \t]+")
_WHY_A_THING = re.compile(r"[Ww]hy (?P<rest>[^?]+)\?+")
_A = re.compile(r"[*_]{0,2}A(?:nswer)?[ \t]?\d{0,3}[.:)][*_]{0,2}[ \t]+(?=\S)")


def faq(page: Page) -> Iterator[Candidate]:
    """Questions that the text asks: headings, bold lines, "Q:" before "A:"."""
    for part in page.sections:
        if _is_whole(plain(part.title)) and _asks(page, plain(part.title)) and (span := answer_of(page, part)):
            yield _asked(page, part, _in_small(page, _Q_MARK.sub("", plain(part.title))), *span)
        yield from _bold(page, part)
        yield from _marked(page, part)


def _in_small(page: Page, title: str) -> str:
    """A title that asks, as a question is written: "Where are errors handled?"."""
    return page.words.in_question(title) if page.language == "en" else title


def _bold(page: Page, part: Section) -> Iterator[Candidate]:
    """A question in bold, and what follows it up to the next one."""
    asked = [nth for nth, block in enumerate(part.blocks) if block.kind == "paragraph" and _bold_at(page, block)]
    for nth, after in pairwise([*asked, len(part.blocks)]):
        block = part.blocks[nth]
        found = _bold_at(page, block)
        if found is None or (after == len(part.blocks) and part.is_last and after - nth > 2):
            continue  # where the last answer ends is not known
        if found.end() < block.end:
            span = answer_in(page, [Block("paragraph", found.end(), block.end), *part.blocks[nth + 1 : after]])
        else:
            span = answer_in(page, list(part.blocks[nth + 1 : after]))
        if span and _is_whole(plain(found["question"])):
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
            if _is_whole(answer[0]):
                yield _asked(page, part, *answer)
            question = answer = None
        if asks_now:
            question = plain(asks_now["question"])
        elif question and question.endswith(("?", "？", "؟")) and (answers_now or answer):
            answer = (question, answer[1] if answer else start + (answers_now.end() if answers_now else 0), end)
    if answer and _is_whole(answer[0]):
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
    if page.language in LANGUAGES:
        return Candidate("faq", page.about(part, question, start), start, end)
    if page.language != "en":
        return Candidate("faq", question, start, end)
    unclear = unclear_question(question) or unclear_answer(page.text[start:end], follows_question=True)
    asked = questions.asked(page, part, question, start)
    if asked == question and speaks_of_us(question) and not page.words.has_name(question):
        unclear = unclear or questions.NO_SUBJECT
    return Candidate("faq", asked, start, end, unclear)


def _asks(page: Page, title: str) -> bool:
    """Whether a title with a question mark is a question and no topic: "Python 2 support?"."""
    known = QUESTION_WORDS.get(page.language)
    words = _Q_MARK.sub("", title).lstrip("\"'“‘«¿ ")
    return known is None or bool(known.match(words)) or "," in words


def _is_whole(question: str) -> bool:
    """Whether words with a question mark say what they ask for: not "Why?", nor "Why hard-coded behaviours?"."""
    return is_question(question) and not _names_a_thing(_Q_MARK.sub("", question).lstrip("\"'“‘«¿ "))


def _names_a_thing(title: str) -> bool:
    """Whether it asks why of a thing, without a verb."""
    found = _WHY_A_THING.fullmatch(title)
    return found is not None and not any(is_verb(word) for word in found["rest"].split())
