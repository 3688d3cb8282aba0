"""Questions that the clauses of a contract, a policy or terms answer: what they say about the topic of a clause.

    clause       "3. **Fees.** The customer pays ..."       What does the agreement with Orlo say about fees?
    obligation   "You must keep the key secret."            Under the agreement with Orlo, what must you do about keys?

In      a page in English that speaks as contracts do.
Out     candidates. The answer to what a contract says of a topic is the whole clause: half a clause would be half an
        obligation. A single obligation is asked for where its party has no other in the clause, wherever in a sentence
        it stands. Titles above that name the contract are `_sections`' matter; else it is named by its kind and by the
        party that the text names most.
"""

import re
from collections.abc import Iterator

from factory.sentences import sentences
from generators._markdown import Block
from generators._questions import Candidate, Page
from generators._spans import ENDS, answer_in, answer_of
from generators._titles import asks, clean, has_subject, is_question, subject, topic
from generators._verbs import action
from generators._wording import announces, says_something, unclear_answer, unclear_question

MIN_WORDS = 12
_TITLE = re.compile(r"\s*(?:\*\*|__)(?P<title>[^*_\n]{3,60}?)[.:]?(?:\*\*|__)[.:]?\s+")
_SAY = ("What {2} {1} say about {0}?", "According to {1}, what applies to {0}?", "How {2} {1} deal with {0}?")
_OBLIGES = re.compile(
    r"(?P<party>You|The [A-Z][a-z]+(?: [A-Z][a-z]+)?|[A-Z][a-z]+(?: [A-Z][a-z]+)?"
    r"|(?:Each|Either|Neither) [Pp]arty)"
    r"\s+(?P<modal>must not|must|shall not|shall|may not|agrees? to|agrees? not to|(?:is|are) required to)"
    r"\s(?!be\b|also\b|have\b)"
)
_DUTY = re.compile(  # wherever it stands: "If you have a dispute, you agree to release us"
    r"\b(?P<party>[Yy]ou|[A-Z][a-z]+(?: [A-Z][a-z]+)?|(?:[Ee]ach|[Ee]ither|[Nn]either) [Pp]arty)"
    r"\s+(?:also |hereby |further |then |only )?(?:must|shall|will|may not|may only|cannot|agrees? (?:not )?to"
    r"|undertakes? to|(?:has|have|needs?) to|(?:is|are) (?:also |solely )?(?:required|obliged|responsible))\b"
)
_MUST = ("Under {0}, what must {1} {2}do about {3}?", "According to {0}, what must {1} {2}do regarding {3}?")


def clause(page: Page) -> Iterator[Candidate]:
    """The clauses of a contract, and the one obligation of a party in a clause."""
    if page.language != "en":
        return
    for part in page.sections:
        named = subject(part.above, page.words)
        contract = named.phrase if named and named.is_binding else page.contract
        if contract is None:
            continue
        if part.title and not is_question(part.title) and (span := answer_of(page, part)):
            if named is None or not named.is_binding:
                yield from _about(page, contract, part.title, *span)
            yield from _obligation(page, contract, part.title, *span)
        for block in part.blocks:
            for start, end in block.items if block.kind == "list" else [(block.start, block.end)]:
                yield from _titled(page, contract, start, end)


def _titled(page: Page, contract: str, start: int, end: int) -> Iterator[Candidate]:
    """A clause with its title in bold before it."""
    found = _TITLE.match(page.text, start, end)
    if found and page.text[found.end() : found.end() + 1].islower():
        return  # "**Fees** means": the words go on
    span = answer_in(page, [Block("paragraph", found.end(), end)]) if found else None
    if found and span:
        yield from _about(page, contract, found["title"], *span)
        yield from _obligation(page, contract, found["title"], *span)


def _about(page: Page, contract: str, title: str, start: int, end: int) -> Iterator[Candidate]:
    about = _topic(page, title)
    answer = page.text[start:end]
    if about is None or len(answer.split()) < MIN_WORDS or not says_something(answer):
        return
    does = "do" if re.search(r"\bterms\b|\bpolicies$", contract, re.IGNORECASE) else "does"
    question = page.pick(start, _SAY).format(about, contract, does)
    yield Candidate("clause", question, start, end, unclear_answer(page.text[start:end]) or unclear_question(about))


def _obligation(page: Page, contract: str, title: str, start: int, end: int) -> Iterator[Candidate]:
    about = _topic(page, title)
    spans = sentences(page.text, start, end)
    found = [(match, span) for span in spans if (match := _OBLIGES.match(page.text, *span))]
    if about is None or len(found) != 1 or len(spans) < 2:
        return
    [(match, (first, last))] = found
    sentence = page.text[first:last]
    others = (_DUTY.finditer(page.text, *span) for span in spans if span != (first, last))
    if (
        any(_party(duty) == _party(match) for duties in others for duty in duties)
        or not ENDS.search(sentence)
        or "\n\n" in sentence
        or re.search(r"\bsuch (?!as\b)\w", sentence)
        or unclear_answer(sentence)
        or announces(sentence)
    ):
        return
    party = match["party"]
    party = party[0].lower() + party[1:] if party.split()[0] in ("You", "The", "Each", "Either", "Neither") else party
    is_not = "not " if "not" in match["modal"] else ""
    question = page.pick(first, _MUST).format(contract, party, is_not, about)
    yield Candidate("obligation", question, first, last, unclear_question(about))


def _party(duty: re.Match[str]) -> str:
    return duty["party"].casefold().removeprefix("the ")


def _topic(page: Page, title: str) -> str | None:
    """A title as what is asked about; None where it names no topic, or says where it stands."""
    cleaned = clean(title)
    if not has_subject(title) or action(cleaned) or asks(title) or f"[{cleaned}](" in page.text:
        return None
    return topic(title, page.words)
