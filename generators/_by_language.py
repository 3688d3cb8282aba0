"""Definitions and procedures in German, Spanish and French, asked for in the words of the text.

    "Ein **Pegel** ist ein Gerät, das ..."            Was ist ein Pegel?
    "Cambiar la batería" above numbered steps         ¿Cómo se puede cambiar la batería?
    "Remplacer la pile" above numbered steps          Comment remplacer la pile ?

In      a page in one of these languages.
Out     candidates; see `_languages` for what each language allows.
"""

import re
from collections.abc import Iterator

from factory.sentences import sentences
from factory.wording import plain, without_code
from generators._languages import LANGUAGES, Language
from generators._questions import Candidate, Page
from generators._spans import ENDS, TAG, answer_in
from generators._titles import clean, is_question

MIN_REST_WORDS = 5
_ELIDED = re.compile(r"que (?=(?:une?|[aeiouhéèêâîôû])\b|l['’]|une?\s)", re.IGNORECASE)


def definition_in(page: Page) -> Iterator[Candidate]:
    """A sentence that says what a term is."""
    language = LANGUAGES.get(page.language)
    for part in page.sections if language else []:
        for block in part.blocks:
            spans = [(block.start, block.end)] if block.kind == "paragraph" else block.items
            for start, end in spans:
                for first, last in sentences(page.text, start, end)[:1]:
                    if language and (question := _defined(page, language, page.text[first:last], first)):
                        yield Candidate("definition", page.about(part, question, first), first, last)


def _defined(page: Page, language: Language, sentence: str, start: int) -> str | None:
    found = language.defines.match(sentence)
    if not found or not ENDS.search(sentence) or TAG.search(without_code(sentence)):
        return None
    term = plain(found["bold"] or found["bare"])
    is_kind = found["det"].lower() in ("ein", "eine", "un", "une", "una")
    if not (found["bold"] or is_kind) or len(found["rest"].split()) < MIN_REST_WORDS:
        return None
    if not found["bold"] and (len(term.split()) > 2 or language.no_terms & {w.lower() for w in term.split()}):
        return None
    if language.no_terms & set(term.split()):
        return None
    det = found["det"].lower()
    phrase = f"{det}{term}" if det.endswith(("'", "’")) else f"{det} {term}"
    question = page.pick(start, language.what_is).format(phrase, found["verb"])
    return _ELIDED.sub("qu'", question) if page.language == "fr" else question


def procedure_in(page: Page) -> Iterator[Candidate]:
    """Numbered steps under a title that names an action, with what introduces them."""
    language = LANGUAGES.get(page.language)
    for part in page.sections if language else []:
        title = clean(part.title)
        steps = next((block for block in part.blocks if block.kind == "list" and block.is_ordered), None)
        if language is None or steps is None or len(steps.items) < 2 or is_question(part.title):
            continue
        held = part.blocks[: part.blocks.index(steps) + 1]
        goes_on = any(block.is_ordered or block.kind in ("code", "markup") for block in part.blocks[len(held) :])
        if goes_on or len(held) > 3 or not language.act.fullmatch(title):
            continue
        span = answer_in(page, list(held))
        if span and not language.openers.match(plain(page.text[slice(*span)])):
            question = page.pick(span[0], language.how).format(_as_act(page.language, title))
            yield Candidate("procedure", page.about(part, question, span[0]), *span)


def _as_act(language: str, title: str) -> str:
    """A title as its question has it: in German it leads, elsewhere it follows a word."""
    if language == "de":
        return title
    bare = re.sub(r"^(?:Cómo|Comment)\s+", "", title)
    return bare[0].lower() + bare[1:]
