"""Rubrics: what a judge is asked, with words for every point of the scale. Generators and filters share them.

A scale without anchors drifts from model to model; with a sentence a point, two judges mean the same by a 4
(UltraFeedback, Cui et al. 2023, arXiv:2310.01377; Prometheus, Kim et al. 2023, arXiv:2310.08491).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le
from pydantic import BaseModel, Field

LOWEST, HIGHEST = 1, 5
Score = Annotated[int, Ge(LOWEST), Le(HIGHEST)]
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
KEYS = ("name", "question", "anchors")


@dataclass(frozen=True)
class Criterion:
    """One thing to look at. `anchors` says what each point from 1 to 5 means."""

    name: str
    question: str
    anchors: Mapping[int, str]

    def __post_init__(self) -> None:
        """Raise ValueError for a scale with a point that nothing says the meaning of."""
        if sorted(self.anchors) != list(range(LOWEST, HIGHEST + 1)):
            raise ValueError(f"'{self.name}' needs an anchor for each point from {LOWEST} to {HIGHEST}")


class Judgement(BaseModel):
    """What a judge says of two answers."""

    explanation: str = Field(description="What speaks for and against each answer, by the rubric")
    score_a: Score
    score_b: Score
    better: Literal["A", "B", "tie"]


def agreed(there: Judgement, back: Judgement) -> Literal["A", "B", "tie"] | None:
    """Which of two answers is better, where it does not depend on which stands first; A is the first of `there`."""
    turned: Mapping[str, str] = {"A": "B", "B": "A", "tie": "tie"}
    return there.better if turned[back.better] == there.better else None


def text(criteria: tuple[Criterion, ...]) -> str:
    """The rubric as a judge reads it."""
    lines = []
    for criterion in criteria:
        lines.append(f"{criterion.name}: {criterion.question}")
        lines += [f"  {point}: {criterion.anchors[point]}" for point in sorted(criterion.anchors)]
    return "\n".join(lines)


def read(entries: Sequence[Mapping[str, Any]]) -> tuple[Criterion, ...]:
    """A rubric as a recipe writes it, see `KEYS`. Raises ValueError for one that a judge could not be asked by."""
    if not entries:
        raise ValueError("the rubric has no criterion")
    criteria = tuple(_criterion(nth, entry) for nth, entry in enumerate(entries, start=1))
    names = [criterion.name for criterion in criteria]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"two criteria of the rubric are named '{twice}'")
    return criteria


def _criterion(nth: int, entry: Mapping[str, Any]) -> Criterion:
    if sorted(entry) != sorted(KEYS):
        raise ValueError(f"criterion {nth} of the rubric must have {', '.join(KEYS)} and nothing else")
    name, question, anchors = (entry[key] for key in KEYS)
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValueError(f"criterion {nth} of the rubric needs a name of small letters, digits and underscores")
    if not isinstance(question, str) or not question.strip():
        raise ValueError(f"the criterion '{name}' of the rubric needs a question")
    if not isinstance(anchors, Mapping):
        raise ValueError(f"the anchors of '{name}' must be a sentence for each point from {LOWEST} to {HIGHEST}")
    return Criterion(name, question.strip(), dict(_anchors(name, anchors)))


def _anchors(name: str, anchors: Mapping[Any, Any]) -> Iterator[tuple[int, str]]:
    for point, meaning in anchors.items():
        if not str(point).isdecimal() or not isinstance(meaning, str) or not meaning.strip():
            raise ValueError(f"the anchors of '{name}' must be a sentence for each point from {LOWEST} to {HIGHEST}")
        yield int(point), meaning.strip()  # the keys of JSON are strings


FAITHFUL = Criterion(
    "faithful",
    "Does the answer say what the document says, and nothing else?",
    {
        1: "Its main statement contradicts the document, or nothing in the document is about it.",
        2: "Right and wrong or invented statements stand side by side.",
        3: "The main statement is the document's; a detail is wrong, or added without support.",
        4: "Every statement is the document's; one goes a little further than its words.",
        5: "Every statement is the document's, with its conditions and exceptions.",
    },
)
HELPFUL = Criterion(
    "helpful",
    "Does the answer do what was asked, and is it right?",
    {
        1: "It does something else, refuses without need, or its main statement is wrong.",
        2: "Right and wrong stand side by side, or it is about the matter and helps nobody with it.",
        3: "It helps in the main; a detail is wrong, or does not fit the case that was asked about.",
        4: "It does what was asked, and nothing in it is wrong; something else would serve the asker better.",
        5: "It is right, and does just what the asker wants done.",
    },
)
COMPLETE = Criterion(
    "complete",
    "Does it answer every part of the question?",
    {
        1: "It answers another question, or none.",
        2: "It touches the question and leaves the main part open.",
        3: "The main part is answered, another part is not.",
        4: "Every part is answered; a detail that the asker needs is left out.",
        5: "Every part is answered, with all that the asker needs.",
    },
)
CLEAR = Criterion(
    "clear",
    "Can whoever asked use it as it stands? Length by itself is no merit.",
    {
        1: "It cannot be understood.",
        2: "One must guess what is meant, or dig it out of much else.",
        3: "Understandable, with detours or words that say nothing.",
        4: "Clear; a sentence could go or stand elsewhere.",
        5: "Clear at first reading, and nothing could go.",
    },
)
INFORMATIVE = Criterion(
    "informative",
    "Does a reader learn something from the text?",
    {
        1: "Nothing: a menu, a form, a list of links, words without content.",
        2: "Little: one fact among advertising or general remarks.",
        3: "Some facts or reasons, and as much that says nothing.",
        4: "Mostly facts, rules, steps or reasons; a part of it says nothing.",
        5: "Facts, rules, steps or reasons throughout, and how they hang together.",
    },
)
READABLE = replace(CLEAR, question="Can a reader follow the text as it stands? Length by itself is no merit.")
AS_REFERENCE = Criterion(
    "right",
    "Does the answer say what the reference answer says to this question, in whatever words?",
    {
        1: "Its main statement contradicts the reference answer, or it says nothing to the question.",
        2: "Right and wrong or invented statements stand side by side.",
        3: "The main statement is that of the reference answer; a detail is wrong, or added without support.",
        4: "Every statement is backed by the reference answer or the source; one is less exact than there.",
        5: "It says what the reference answer says, and nothing that the source does not say.",
    },
)

FROM_SOURCE = (FAITHFUL, COMPLETE, CLEAR)
WITHOUT_SOURCE = (HELPFUL, COMPLETE, CLEAR)
EXAM = (AS_REFERENCE, COMPLETE)  # not how it is worded: a model that only learned how answers sound would win by that
TEXT = (INFORMATIVE, READABLE)
TEXT_FROM_SOURCE = (replace(FAITHFUL, question="Does the text say what the document says, and nothing else?"), *TEXT)
