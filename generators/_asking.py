"""Asking a model questions about a passage and answering them with proof: what the methods that need it share."""

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, Field

from factory.drawing import draw_below
from factory.passages import Passage, Quote
from factory.records import Record

Form = Literal["yes_no", "wh", "comparison", "multiple_choice", "procedure", "why"]
FORMS: dict[Form, str] = {
    "yes_no": "a question that yes or no answers, with the reason",
    "wh": "a question for a fact: who, what, which, when, where, how much",
    "comparison": "a question that compares two things which the document describes",
    "multiple_choice": "a multiple-choice question, its options A to D in the question, exactly one of them right",
    "procedure": "a question how to do something that takes several steps",
    "why": "a question for a reason, a purpose or a consequence",
}
DIFFICULTIES = (
    "one statement of the document answers it",
    "two or more statements of the document must be put together to answer it",
    "it describes a concrete case to which a rule of the document applies",
)
ASKERS = (
    "somebody new to the subject",
    "somebody in the middle of a task",
    "an expert who checks a detail",
    "somebody who must decide between options",
)


class Question(BaseModel):
    """One question, for the wish of that number."""

    wish: int
    question: str


class Questions(BaseModel):
    """First the judgement, then what it allows."""

    content: str = Field(description="What the document teaches, in one sentence; or why it teaches nothing")
    teaches: bool
    questions: list[Question]


class RewordedQuestion(Question):
    """A question, and the same in other words."""

    in_other_words: str = Field(description="The same question as another person would put it, with the same answer")


class RewordedQuestions(Questions):
    """The same with other words for each question."""

    questions: list[RewordedQuestion]  # type: ignore[assignment] # narrower than the list it replaces


class Answer(BaseModel):
    """First the evidence, then the answer that follows from it."""

    quotes: list[str] = Field(description="The words of the document that answer, copied exactly")
    answerable: bool
    answer: str


@dataclass(frozen=True)
class Accepted:
    """The only question of a kept record, with its answer and what proves it; `passage` is the one it was made from."""

    passage: Passage
    question: str
    answer: str
    quotes: tuple[Quote, ...]

    @classmethod
    def of(cls, record: Record, passages: list[Passage]) -> "Accepted | None":
        """None for a record that is no single question, answered with quotes, about one passage."""
        said = [message for message in record.data.get("messages") or () if message["role"] != "system"]
        if [message["role"] for message in said] != ["user", "assistant"] or record.data["context"]:
            return None
        if len(passages) != 1 or not record.quotes:
            return None
        return cls(passages[0], said[0]["content"], said[1]["content"], record.quotes)


class Wish(BaseModel):
    """What one question shall be like."""

    form: Form
    wording: str
    difficulty: str
    asker: str


def wishes(passage: str, count: int, forms: list[Form] | None, seed: int) -> list[Wish]:
    """`count` wishes drawn by passage and seed; the forms take turns from a drawn start."""
    turns = list(forms or FORMS)
    first = draw_below(len(turns), seed, passage, "form")
    made = []
    for nth in range(count):
        form = turns[(first + nth) % len(turns)]
        difficulty = DIFFICULTIES[draw_below(len(DIFFICULTIES), seed, passage, f"difficulty {nth}")]
        asker = ASKERS[draw_below(len(ASKERS), seed, passage, f"asker {nth}")]
        made.append(Wish(form=form, wording=FORMS[form], difficulty=difficulty, asker=asker))
    return made


def each_once(questions: list[Question], wished: int) -> list[Question]:
    """The first question for each wish there is; what has no wish, or no words, was not asked for."""
    found: dict[int, Question] = {}
    for question in questions:
        if 1 <= question.wish <= wished and question.question.strip():
            found.setdefault(question.wish, question)
    return list(found.values())


def proof(passage: Passage, answer: Answer) -> tuple[list[Quote], int]:
    """The quotes of an answer that stand in the passage, and how many do not."""
    quotes = [_located(passage, quote) for quote in answer.quotes if quote.strip()]
    found = [quote for quote in quotes if quote is not None]
    return found, len(quotes) - len(found)


def _located(passage: Passage, quote: str) -> Quote | None:
    """Where the quote stands; a model likes to end a piece of a sentence with a full stop or an ellipsis of its own."""
    return passage.locate(quote) or passage.locate(quote.strip().strip(".…\"'“”").strip())
