"""What a question or an answer points to outside of the row: "this figure", "the text above", a pronoun and no noun.

In      a question or an answer, and its language.
Out     the name of the rule that found something; None where none did.
Costs   20 µs a row; `LOOKED_AT` characters of a string are looked at, so that no text stalls a rule.

The rules are written for few false alarms: a question that brings a text along (behind a colon, in quotation marks, in
lines or code of its own) may point to it.
"""

import re
from collections.abc import Iterable, Mapping

from factory.dangling_words import BELOW, IN_SMALL, NEEDS, RULES, Rules
from factory.wording import in_small, plain, without_code

LOOKED_AT = 4_000  # characters
LATE = 300  # characters: further on in an answer, "as mentioned above" may mean the answer itself
SOON = 30  # characters that follow "as listed below:" where an answer holds the list itself
ANYTHING = ("",)  # is in every text
AT_THE_BEGINNING = ("pronoun", "this")  # rules all of whose patterns begin with ^
QUESTIONS = ("text", "source", "above", "figure", "pronoun", "this")
_CARRIES = (  # each with the signs of which it needs one
    (":：", re.compile(r"[:：]\s*\S")),
    ('"“«„‘「『', re.compile(r"[\"“«„‘「『][^\"”»“’」』]{2,}[\"”»“’」』]")),
    ("\n", re.compile(r"\S[ \t]*\n\s*\S")),
    ("'", re.compile(r"(?<!\w)'[^']{3,}'(?!\w)")),
)


def in_question(question: str, language: str) -> str | None:
    """What rule a question breaks that stands before everything else."""
    names = ("figure", "pronoun") if carries_text(question) else QUESTIONS
    return _first(_read(question, language), names)


def in_answer(answer: str, language: str, *, carried: bool) -> str | None:
    """What rule the answer to such a question breaks; `carried`: the question brings a text along."""
    if carried:
        return None
    rules, said, needs = _read(answer, language)
    begins = said[:LATE]
    found = _has(needs.get("above", ANYTHING), begins) and rules.above.search(begins)
    if found and not (BELOW.search(found.group()) and len(said) > found.end() + SOON):
        return "above"
    shows = "|" in answer or "![" in answer  # a table or an image of its own
    return _first((rules, said, needs), ("source",) if shows else ("source", "figure"))


def carries_text(question: str) -> bool:
    """Whether a question brings something along that it, or its answer, may point to."""
    if not question:
        return False
    cut = question[:LOOKED_AT]
    return any(_has(signs, cut) and pattern.search(cut) for signs, pattern in _CARRIES) or (
        without_code(cut) != cut or len(question) > LOOKED_AT
    )


def _has(words: Iterable[str], text: str) -> bool:
    return any(word in text for word in words)


def _prose(text: str) -> str:
    return plain(without_code(text[:LOOKED_AT]))


_Read = tuple[Rules, str, Mapping[str, tuple[str, ...]]]


def _read(text: str, language: str) -> _Read:
    """The rules for a text, its prose, and of rules the words of which they need one.

    A text is in small letters, where no rule of its language asks for capitals: it is read twice as fast, and only by
    rules of which it has a word.
    """
    said = _prose(text)
    if language in IN_SMALL and (small := in_small(said)) is not None:
        return IN_SMALL[language], small, NEEDS[language]
    return RULES[language], said, {}


def _first(read: _Read, names: Iterable[str]) -> str | None:
    rules, said, needs = read
    return next((name for name in names if _has(needs.get(name, ANYTHING), said) and _strikes(name, rules, said)), None)


def _strikes(name: str, rules: Rules, said: str) -> bool:
    pattern: re.Pattern[str] = getattr(rules, name)
    return (pattern.match if name in AT_THE_BEGINNING else pattern.search)(said) is not None
