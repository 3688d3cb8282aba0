"""What the checks share: a row as a judge is shown it, its judgement, and the verdict that follows.

A judge explains before it decides. `reword` is a way out for a row that a few words would save: they are judged once
more, and only a `pass` lets them stand, as an edit. Partial support is a `fail`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import pyarrow as pa
from pydantic import BaseModel, Field

from factory.edits import Edit
from factory.llm import LLM
from factory.verdicts import Verdicts

TEMPERATURE = 0.0
FEATURES = pa.schema(
    [
        ("outcome", pa.string()),  # pass | reword | fail; null where it was not looked at
        ("field", pa.string()),  # what `replacement` replaces
        ("length", pa.int64()),
        ("replacement", pa.string()),
        ("journal", pa.list_(pa.string())),  # keys of the judgements: what the judge said stands there
    ]
)
NOT_LOOKED_AT: dict[str, Any] = {"outcome": None, "field": None, "length": None, "replacement": None, "journal": []}


class Judgement(BaseModel):
    """What a judge says."""

    explanation: str = Field(description="What speaks for it and against it, before the outcome")
    outcome: Literal["pass", "reword", "fail"]
    rewording: str = Field(description="The whole text as it should be, where the outcome is reword; else empty")


@dataclass(frozen=True)
class Shown:
    """The last question of a row and its answer, each with its field, and what was said before them."""

    question: str
    answer: str
    question_field: str
    answer_field: str
    before: tuple[tuple[str, str], ...] = ()  # (role, text)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Shown | None":
        """Of a row as `strings`; None where it has no question with an answer after it."""
        said = [s for s in row["strings"] if s["role"] in ("system", "user", "assistant") and s["text"].strip()]
        answers = [nth for nth, s in enumerate(said) if s["role"] == "assistant"]
        asked = [nth for nth, s in enumerate(said) if s["role"] == "user" and answers and nth < answers[-1]]
        if not asked:
            return None
        question, answer = said[asked[-1]], said[answers[-1]]
        before = tuple((s["role"], s["text"]) for s in said[: asked[-1]])
        return cls(question["text"], answer["text"], question["field"], answer["field"], before)


@dataclass(frozen=True)
class Check:
    """A filter that has a judge look at one side of a row: what its subclasses say is which, and what is asked."""

    sees: ClassVar[str] = "sourced"
    kinds: ClassVar[tuple[str, ...]] = ("sft",)
    features: ClassVar[pa.Schema] = FEATURES
    looks_at: ClassVar[Literal["question", "answer"]]
    failed: ClassVar[str]  # the reason for which it rejects
    reword: bool = True

    def asked(self, row: Mapping[str, Any], shown: Shown, text: str) -> str:
        """The prompt in which `text` stands for what is looked at."""
        raise NotImplementedError

    async def measure(self, row: Mapping[str, Any], *, judge: LLM) -> dict[str, Any]:
        """What is shown of one row -> the judgement, see FEATURES."""
        shown = Shown.of(row)
        if shown is None or (self.sees == "sourced" and not row["passages"]):
            return NOT_LOOKED_AT
        text, field = getattr(shown, self.looks_at), getattr(shown, f"{self.looks_at}_field")
        return await judged(judge, field, text, lambda text: self.asked(row, shown, text), reword=self.reword)

    def decide(self, features: pa.RecordBatch) -> Verdicts:
        """Keep what passed, edit what was reworded, reject the rest."""
        return decided(features, self.failed.partition(".")[0], self.failed)


async def judged(
    judge: LLM, field: str, text: str, ask: Callable[[str], str], *, reword: bool = True
) -> dict[str, Any]:
    """The features of one row: `text`, which stands in `field`, judged by the prompt that `ask` makes of it."""
    first = await _judge(judge, ask(text))
    outcome, replacement = first.outcome, None
    if outcome == "reword":
        better = first.rewording.strip()
        again = reword and better and better != text and (await _judge(judge, ask(better))).outcome == "pass"
        outcome, replacement = ("reword", better) if again else ("fail", None)
    return {
        "outcome": outcome, "field": field, "length": len(text), "replacement": replacement, "journal": judge.keys,
    }  # fmt: skip


def _judge(judge: LLM, prompt: str) -> Awaitable[Judgement]:
    return judge.ask(prompt, Judgement, temperature=TEMPERATURE)


def decided(features: pa.RecordBatch, name: str, failed: str) -> Verdicts:
    """Pass keeps, fail rejects as `failed`, reword edits as `<name>.reworded`."""
    verdicts = Verdicts()
    for row in features.to_pylist():
        keys = {"journal": row["journal"]}
        if row["outcome"] is None:
            verdicts.skip(row["id"], "no source")
        elif row["outcome"] == "pass":
            verdicts.keep(row["id"])
        elif row["outcome"] == "fail":
            verdicts.reject(row["id"], failed, **keys)
        else:
            edit = Edit(0, row["length"], "reword", row["replacement"])
            verdicts.edit(row["id"], [(row["field"], edit)], f"{name}.reworded", **keys)
    return verdicts
