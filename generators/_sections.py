"""Questions that titles and introductions make: how to do what a title names, what a sentence before code is for.

In      a page in English.
Out     candidates of the forms procedure, code, definition and section.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from factory.sentences import sentences
from factory.wording import listed, plain, without_code
from generators import _questions as questions
from generators._markdown import Block, Section
from generators._questions import NO_SUBJECT, Candidate, Page
from generators._spans import ENDS, TAG, answer_in, answer_of
from generators._terms import Term, defined
from generators._titles import asks, aspect, clause, clean, has_subject, is_question, subject, topic
from generators._verbs import VERBS, action, nominal, objectless, task
from generators._wording import announces, says_something, unclear_answer, unclear_question

MAX_DEFINITION_CHARS = 700  # a paragraph above that goes on to other things
_LANGUAGE = re.compile(r"[ \t]*[`~]{3,}[ \t]*\{?\.?([\w-]+)")
_BETWEEN = re.compile(r"( (?:from|in|into|for|with|to|on|at|of|by) )")
_BARE_THING = re.compile(r"(?!(?:an?|the|your|each|every|all|any|no|up|out|it|more|one)\b)[a-z-]+(?: [a-z-]+)?")
_SECOND_VERB = re.compile(
    r"(?<!\bto)(?<!\band)(?<!\bor)(?<!\bthen) (?:just |simply )?"
    r"(?:create|specify|use|set|call|run|add|pass)\s+(?:an?\b|the\b|`)"
)
_OF_EACH = listed(
    """app argument body client class command file function header key method module name object option origin package
    parameter path plugin program project request response script server session setting table type
    url uri user value version"""
)
_LEGEND = re.compile(r"[Ww]here\b")
_NO_OBJECT = re.compile(r"\w+ (?:and|or) \w+")  # "stream and upload": what?
_INSTRUCTS = re.compile(r"\b[Yy]ou (?:can|should|must|may|have to|only have to|just)\b|\b(?:must|should)\b")


def procedure(page: Page) -> Iterator[Candidate]:
    """Numbered steps under a title that names an action, with what introduces them."""
    for part in page.sections:
        act = _action(page, part)
        steps = next((block for block in part.blocks if block.kind == "list" and block.is_ordered), None)
        if not act or not steps or len(steps.items) < 2:
            continue
        held = part.blocks[: part.blocks.index(steps) + 1]
        goes_on = any(block.is_ordered or block.kind in ("code", "markup") for block in part.blocks[len(held) :])
        if len(held) <= 3 and not goes_on and (span := answer_in(page, list(held))):
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
            is_told = is_told and not _NO_OBJECT.fullmatch(act or "")
            if (
                act
                and is_told
                and not TAG.search(without_code(introduction))
                and "<font" not in page.text[end : block.end]
            ):
                language = _LANGUAGE.match(page.text, block.start, block.end)
                if (language and language[1] == "rst") or _SECOND_VERB.search(act):
                    continue  # what only Sphinx can show; two sentences in one
                yield _how(page, part, act, "code", start, _with_legend(page, part, block))


def _with_legend(page: Page, part: Section, block: Block) -> int:
    """Where an answer in code ends: with what follows of its placeholders, "where `$PATH` is ...", and their list."""
    after = part.blocks[part.blocks.index(block) + 1 :]
    if not after or not _LEGEND.match(page.text, after[0].start, after[0].end):
        return block.end
    is_listed = page.text[after[0].start : after[0].end].rstrip().endswith(":") and after[1:]
    return after[1].end if is_listed and after[1].kind == "list" else after[0].end


def _how(page: Page, part: Section, act: str, form: str, start: int, end: int) -> Candidate:
    """Ask how to do an act. Numbered steps say where it belongs themselves; code and a section do not."""
    unclear = unclear_question(act) or unclear_answer(page.text[start:end])
    whole = _with_object(page, part, act)
    if not whole or (form != "procedure" and not questions.is_known(page, part, whole)):
        unclear = NO_SUBJECT
    act = whole or act
    return Candidate(form, questions.how(page, part, act, start), start, end, unclear)


def _with_object(page: Page, part: Section, act: str) -> str | None:
    """The act with what it is done to: "install Orlo from PyPI"; None where that is not known."""
    bare = objectless(act)
    if bare is None:
        return act
    about = page.subject(part, "")
    return f"{bare[0]} {about.phrase} {bare[1]}" if about and not about.is_document else None


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
        is_whole = ENDS.search(sentence) and sentence.count("(") == sentence.count(")")
        if term is None or TAG.search(without_code(sentence)) or not is_whole:
            continue
        stop = end if first == start and end - start <= MAX_DEFINITION_CHARS and _stands(page, start, end) else last
        unclear = unclear_question(term.phrase) or unclear_answer(page.text[first:stop]) or _missing(page, first, stop)
        needs_subject = term.is_code or _is_contract_term(term) or _is_role(page, term) or _is_one_of_many(page, term)
        if needs_subject and page.titled(part) is None:
            unclear = NO_SUBJECT
        yield Candidate("definition", questions.what_is(page, part, term, first), first, stop, unclear)


def _is_contract_term(term: Term) -> bool:
    """“Content”, “Usage Data”: in quotation marks and capitals, a word means this in this one contract."""
    words = term.phrase.strip("“”")
    return term.verb == "means" and all(word[:1].isupper() and word[1:].islower() for word in re.split("[ -]", words))


def _is_role(page: Page, term: Term) -> bool:
    """“Consultant”, in a contract: one word in capitals is what its text calls a party or a thing."""
    words = term.phrase.split()
    is_plain = len(words) == 1 and words[0][:1].isupper() and words[0][1:].isalpha() and words[0][1:].islower()
    return is_plain and page.is_legal


def _is_one_of_many(page: Page, term: Term) -> bool:
    """“the method”: each program has one of its own."""
    return term.phrase.rpartition(" ")[2] in _OF_EACH and not page.is_named(term.phrase)


def _stands(page: Page, start: int, end: int) -> bool:
    """Whether a paragraph is a whole: nothing in it points elsewhere, and nothing is announced at its end."""
    paragraph = page.text[start:end]
    is_plain = ENDS.search(paragraph) and not TAG.search(without_code(paragraph)) and "\n\n" not in paragraph
    return bool(is_plain) and unclear_answer(paragraph) is None and not announces(paragraph)


def _missing(page: Page, start: int, end: int) -> str | None:
    return "the answer announces what it does not hold" if announces(page.text[start:end]) else None


def section(page: Page) -> Iterator[Candidate]:
    """A section as the answer to its title, where the title makes a question by a rule that cannot go wrong."""
    for part in page.sections:
        span = None if is_question(part.title) or not has_subject(part.title) else answer_of(page, part)
        if span is None:
            continue
        start, end = span
        if act := _action(page, part):
            named = subject(part.above, page.words)
            if named and named.is_binding and not clean(part.title).lower().startswith("how to"):
                continue  # "Improve security": what those do who wrote it
            if not any(block.is_ordered for block in part.blocks) and _tells(page, part, act, page.text[start:end]):
                yield _how(page, part, act, "section", start, end)
            continue
        question = _titled(page, part, start)
        unclear = unclear_answer(page.text[start:end])
        if question is not None:
            yield Candidate("section", question, start, end, unclear or unclear_question(clean(part.title)))
        elif asks(part.title) or clause(part.title, page.words) or aspect(part.title, page.words):
            yield Candidate("section", f"{clean(part.title)}?", start, end, unclear or NO_SUBJECT)


def _tells(page: Page, part: Section, act: str, answer: str) -> bool:
    """Whether a text is about an act: it is named with its subject, or the text shows code or tells the reader."""
    if re.match(r"[A-Z]\w+ing\b", answer) and not says_something(answer):
        return False  # "Dropping support of the old form.": a note, not how
    if questions.is_known(page, part, act):
        return True
    prose = plain(without_code(answer))
    return bool(re.search(r"^[ \t]*[`~]{3}|^(?: {4}|\t)\S", answer, re.MULTILINE) or _INSTRUCTS.search(prose)) or any(
        prose[first:last].split(" ")[0].lower() in VERBS for first, last in sentences(prose)
    )


def _titled(page: Page, part: Section, start: int) -> str | None:
    """The question of a title that names no action."""
    if asking := asks(part.title):
        question = questions.asked(page, part, asking, start)
        return question if page.is_named(question) or question != asking else None
    if said := clause(part.title, page.words):
        return questions.explain(page, part, said, start)
    if named := aspect(part.title, page.words):
        return questions.aspect_of(page, part, named, start)
    about = topic(part.title, page.words)
    return questions.said_in(page, part, about, start) if about else None


def _action(page: Page, part: Section) -> str | None:
    """The action that a section's title names, in the fuller words of its first paragraph where that has them."""
    title = clean(part.title)
    if not has_subject(title):
        return None
    if verb := nominal(title):
        about = page.subject(part, title)
        return f"{verb} {about.phrase}" if about and not about.is_document else None
    act = None if _is_thing(title, page.text) else action(title)
    if act is None:
        return None
    verb, _, rest = act.partition(" ")
    act = f"{verb} {_with_articles(page.words.lowered(rest), page.text)}"
    return _fuller(act, page.text[part.blocks[0].start : part.blocks[0].end]) if part.blocks else act


def _is_thing(title: str, text: str) -> bool:
    """Whether a title that begins as an action names a thing: the text speaks of "the restart markers"."""
    words = " ".join(re.escape(word) for word in title.split()[:2])
    before = r"(?:the|an?|of|with|has|have|in|on|these|no|each|its|into)"
    return " " in words and bool(re.search(rf"\b{before} {words}\b", text, re.IGNORECASE))


def _with_articles(words: str, text: str) -> str:
    """The words behind a verb with the articles that a title leaves out: "an existing account from a new version".

    A thing of which the text says "an account" has one; what it never says so of may need none.
    """
    parts = _BETWEEN.split(words)
    return "".join(part if nth % 2 else _with_article(part, text) for nth, part in enumerate(parts))


def _with_article(thing: str, text: str) -> str:
    noun = thing.rpartition(" ")[2]
    is_bare = _BARE_THING.fullmatch(thing) and not noun.endswith("s")
    if not is_bare or not re.search(rf"(?i:\b(?:an?|each|every)) (?:[a-z-]+ )?{re.escape(noun)}\b", text):
        return thing
    return f"{'an' if thing[0] in 'aeio' else 'a'} {thing}"


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
