"""A passage, and reading tasks mined from it by patterns: text for continued pretraining that also teaches to answer.

    <the passage>

    Question: What follows from this, according to the text: "The cell ages faster when it is warm."?
    Answer: Therefore, the cell should hang in the shade.

Takes   one passage in English, German, Spanish or French that is mostly prose.
Yields  one text record, or an sft record a task with the passage as its context. Every answer is a quote. Where a title
        or the next paragraph is asked for, it is left out of what is shown.
Costs   no model call; about a millisecond a passage.
Source  adapting models by reading comprehension, Cheng et al. 2023 (arXiv:2309.09530): raw text with tasks mined from
        it keeps a model's ability to be asked, which raw text alone harms.
"""

import re
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from annotated_types import Ge

from factory.dangling import in_answer
from factory.languages import told
from factory.passages import Passage
from factory.records import Record, Rejected, sft, text
from factory.wording import phrases, plain, without_code
from generators._connectors import CONNECTORS
from generators._languages import LANGUAGES
from generators._markdown import sections
from generators._questions import Page
from generators._spans import ENDS, FOREIGN
from generators._tasks import TASKS, Asked, Task, mined
from generators._titles import clean
from generators._wording import unclear_answer, words_of

_ANCHOR = re.compile(  # what kramdown says of a heading or a word: "{#limits}", "{: lang="es" }"
    r"[ \t]*\{:?[ \t]*#[^{}\n]*\}(?=[ \t]*$)|[ \t]*\{:[ \t]*[\w-]+=\"[^\"\n]*\"[ \t]*\}", re.MULTILINE
)
MAX_SHORT_LINES, SHORT_LINE = 0.2, 4  # of the lines of paragraphs; words
RUNNING_HEAD = 5  # words
ENOUGH, SURE, MAX_OTHER = 60, 0.8, 0.1  # letters of a paragraph; score of its language; of the characters
MIN_PROSE = 0.6  # of the characters: a page of code or links with questions on it teaches to copy


async def generate(
    passage: Passage,
    *,
    yields: Literal["text", "sft"] = "text",
    tasks: list[Task] | None = None,
    min_tasks: Annotated[int, Ge(1)] = 2,
    max_tasks: Annotated[int, Ge(1)] = 5,
    min_words: Annotated[int, Ge(1)] = 60,
) -> AsyncIterator[Record | Rejected]:
    """Yield a passage with its tasks; `tasks` are those that may be set, none for all."""
    if (passage.language or "en") not in CONNECTORS:
        yield Rejected(None, "reading_comprehension.language_not_known", f"Its language is '{passage.language}'.")
        return
    page = Page(passage, passage.text, sections(passage.text, passage.heading), words_of(passage.text, passage.heading))
    if not _is_prose(page, min_words):
        yield Rejected(None, "reading_comprehension.too_little_prose", "It is short, or code, lists and markup")
        return
    if _is_cut(page):
        yield Rejected(
            None, "reading_comprehension.not_self_contained", "It is cut, or speaks of what it does not hold"
        )
        return
    if _is_mixed(page):
        yield Rejected(None, "reading_comprehension.several_languages", "Its paragraphs are in several languages")
        return
    reading = mined(page, frozenset(tasks or TASKS))
    chosen = _spread(reading.tasks, max_tasks)
    if len(chosen) < (min_tasks if yields == "text" else 1):
        yield Rejected(None, "reading_comprehension.too_few_tasks", f"{len(chosen)} tasks found")
        return
    shown = _ANCHOR.sub("", passage.text[reading.start : reading.end]).strip()
    quotes = [passage.span(asked.start, asked.end) for asked in chosen]
    if yields == "text":
        words = CONNECTORS[page.language]
        lines = [
            f"{words.question}: {asked.question}\n{words.answer}: {quote.text}"
            for asked, quote in zip(chosen, quotes, strict=True)
        ]
        yield text([passage], "\n\n".join([shown, *lines]), quotes=quotes, tasks=[asked.task for asked in chosen])
        return
    for asked, quote in zip(chosen, quotes, strict=True):
        yield sft(passage, asked.question, quote.text, quotes=[quote], context=shown, form=asked.task)


_NO_READING = phrases(
    r"""(?:the )?(?:team|licen[cs]es?|licensing|getting help|help|community|support|contribut\w+|authors?|maintainers?
    |credits|acknowledge?ments?|citation|citing.*|contact|links|resources|documentation|background|see also
    |further reading)"""
)


def _is_prose(page: Page, min_words: int) -> bool:
    """Whether a passage is long enough, and most of it paragraphs."""
    held = [block for part in page.sections for block in part.blocks if not _NO_READING.fullmatch(clean(part.title))]
    prose = " ".join(without_code(page.text[block.start : block.end]) for block in held if block.kind == "paragraph")
    is_marked = any(block.kind == "markup" for block in held) or FOREIGN.search(page.text)
    lines = [line.split() for line in prose.split("\n") if line.strip()]
    is_torn = MAX_SHORT_LINES * len(lines) < sum(len(line) < SHORT_LINE for line in lines)  # authors, a form, a menu
    return (
        not is_marked and not is_torn and len(prose.split()) >= min_words and len(prose) >= MIN_PROSE * len(page.text)
    )


def _is_cut(page: Page) -> bool:
    """Whether a passage speaks of another part of its document, or begins or ends in the middle of a thought."""
    held = [block for part in page.sections for block in part.blocks]
    first, last = (page.text[block.start : block.end] for block in (held[0], held[-1]))
    if re.match(r"[a-zäöüßéèàçñ,;)]", first) or (held[-1].kind == "paragraph" and not ENDS.search(last)):
        return True
    if page.passage.page is not None and (
        len(first.split("\n")[0].split()) <= RUNNING_HEAD or not ENDS.search(page.text)
    ):
        return True  # of a page in print: it opens with a running head, or is cut where the page ends
    if page.language == "en":
        prose = "\n".join(page.text[block.start : block.end] for block in held if block.kind != "code")
        return unclear_answer(first) is not None or unclear_answer(prose, follows_question=True) is not None
    opens = LANGUAGES[page.language].openers.match(plain(first))
    return bool(opens) or in_answer(page.text, page.language, carried=False) is not None


def _is_mixed(page: Page) -> bool:
    """Whether a tenth of a passage is in other languages than its own, as where a contract has two columns."""
    held = [block for part in page.sections for block in part.blocks if block.kind != "code"]
    texts = [page.text[block.start : block.end] for block in held]
    said = zip(texts, (told(text, ENOUGH) for text in texts), strict=True)
    other = sum(len(text) for text, its in said if its and its[1] >= SURE and its[0] != page.language)
    return other > MAX_OTHER * sum(map(len, texts))


def _spread(found: tuple[Asked, ...], most: int) -> list[Asked]:
    """At most so many tasks, one of each kind before the second of any, in the order of the text."""
    seen: dict[str, int] = {}
    ranked = []
    for asked in found:
        seen[asked.task] = seen.get(asked.task, 0) + 1
        ranked.append((seen[asked.task], asked.start, asked))
    return sorted((asked for _, _, asked in sorted(ranked, key=lambda one: one[:2])[:most]), key=lambda one: one.start)
