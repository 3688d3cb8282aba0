"""What a question or an answer points to outside of the row: "this figure", "the text above", a pronoun and no noun.

In      a question or an answer, and its language.
Out     the name of the rule that found something; None where none did.
Costs   20 µs a row; `LOOKED_AT` characters of a string are looked at, so that no text stalls a rule.

The rules are written for few false alarms: a question that brings a text along (behind a colon, in quotation marks, in
lines or code of its own) may point to it.
"""

import re
from collections.abc import Iterable

from factory.dangling_words import BELOW, IN_SMALL, RULES, Rules
from factory.wording import plain, without_code

LOOKED_AT = 4_000  # characters
LATE = 300  # characters: further on in an answer, "as mentioned above" may mean the answer itself
SOON = 30  # characters that follow "as listed below:" where an answer holds the list itself
QUESTIONS = ("text", "source", "above", "figure", "pronoun", "this")
_CARRIES = re.compile(r"[:：]\s*\S|[\"“«„‘「『][^\"”»“’」』]{2,}[\"”»“’」』]|\S[ \t]*\n\s*\S|(?<!\w)'[^']{3,}'(?!\w)")


def in_question(question: str, language: str) -> str | None:
    """What rule a question breaks that stands before everything else."""
    names = ("figure", "pronoun") if carries_text(question) else QUESTIONS
    return _first(*_read(question, language), names)


def in_answer(answer: str, language: str, *, carried: bool) -> str | None:
    """What rule the answer to such a question breaks; `carried`: the question brings a text along."""
    if carried:
        return None
    rules, said = _read(answer, language)
    found = rules.above.search(said[:LATE])
    if found and not (BELOW.search(found.group()) and len(said) > found.end() + SOON):
        return "above"
    shows = "|" in answer or "![" in answer  # a table or an image of its own
    return _first(rules, said, ("source",) if shows else ("source", "figure"))


def carries_text(question: str) -> bool:
    """Whether a question brings something along that it, or its answer, may point to."""
    cut = question[:LOOKED_AT]
    return bool(_CARRIES.search(cut)) or without_code(cut) != cut or len(question) > LOOKED_AT


def _prose(text: str) -> str:
    return plain(without_code(text[:LOOKED_AT]))


def _read(text: str, language: str) -> tuple[Rules, str]:
    """The rules for a text, and its prose: of ASCII in small letters, which is read twice as fast."""
    said = _prose(text)
    return (IN_SMALL[language], said.lower()) if said.isascii() else (RULES[language], said)


def _first(rules: Rules, said: str, names: Iterable[str]) -> str | None:
    patterns = {name: getattr(rules, name) for name in names}
    return next((name for name, pattern in patterns.items() if pattern.search(said)), None)
