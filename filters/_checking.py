"""What the checks share: the turns of a row as a judge is shown them, its judgements, the verdict that follows.

A judge explains before it decides. `reword` is a way out for a row that a few words would save: they are judged once
more, and only a `pass` lets them stand, as an edit. Partial support is a `fail`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Literal

import pyarrow as pa
from pydantic import BaseModel, Field

from factory.edits import Edit
from factory.llm import LLM
from factory.verdicts import Verdicts

TEMPERATURE = 0.0
EDITS = pa.list_(pa.struct([("field", pa.string()), ("length", pa.int64()), ("replacement", pa.string())]))
FEATURES = pa.schema(
    [
        ("outcome", pa.string()),  # pass | reword | fail; null where it was not looked at
        ("edits", EDITS),  # what each rewording replaces, and by what
        ("journal", pa.list_(pa.string())),  # keys of the judgements: what the judge said stands there
    ]
)
NOT_LOOKED_AT: dict[str, Any] = {"outcome": None, "edits": [], "journal": []}
ASKS_BACK = ("?", "\uff1f", "\u061f")


class Judgement(BaseModel):
    """What a judge says."""

    explanation: str = Field(description="What speaks for it and against it, before the outcome")
    outcome: Literal["pass", "reword", "fail"]
    rewording: str = Field(description="The whole text as it should be, where the outcome is reword; else empty")


@dataclass(frozen=True)
class Shown:
    """A question of a row and its answer, each with its field, and what was said before them."""

    question: str
    answer: str
    question_field: str
    answer_field: str
    before: tuple[tuple[str, str], ...] = ()  # (role, text)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Shown | None":
        """The last question and answer of a row as `strings`; None where it has no question with an answer after it."""
        return next(reversed(cls.turns(row)), None)

    @classmethod
    def turns(cls, row: Mapping[str, Any]) -> "list[Shown]":
        """Each answer with the question before it, in order; one that asks back, and gets an answer, is none."""
        said = [s for s in row["strings"] if s["role"] in ("system", "user", "assistant") and s["text"].strip()]
        found: list[Shown] = []
        for nth, answer in enumerate(said):
            asked = [place for place in range(nth) if said[place]["role"] == "user"]
            ends = nth + 1 == len(said) or said[nth + 1]["role"] != "assistant"  # else the answer goes on
            asks_back = nth + 1 < len(said) and answer["text"].rstrip().endswith(ASKS_BACK)
            if answer["role"] == "assistant" and asked and ends and not asks_back:
                question = said[asked[-1]]
                before = tuple((s["role"], s["text"]) for s in said[: asked[-1]])
                found.append(cls(question["text"], answer["text"], question["field"], answer["field"], before))
        return found


@dataclass(frozen=True)
class Check:
    """A filter that has a judge look at one side of a row: what its subclasses say is which, and what is asked."""

    sees: ClassVar[str] = "sourced"
    kinds: ClassVar[tuple[str, ...]] = ("sft",)
    features: ClassVar[pa.Schema] = FEATURES
    looks_at: ClassVar[Literal["question", "answer"]]
    failed: ClassVar[str]  # the reason for which it rejects
    reword: bool = True
    turns: Literal["all", "last"] = "all"

    def asked(self, row: Mapping[str, Any], shown: Shown, text: str) -> str:
        """The prompt in which `text` stands for what is looked at."""
        raise NotImplementedError

    async def measure(self, row: Mapping[str, Any], *, judge: LLM) -> dict[str, Any]:
        """What is shown of one row -> the judgements on its turns, see FEATURES; the first that fails is the last."""
        turns = Shown.turns(row)[-1 if self.turns == "last" else 0 :]
        if not turns or (self.sees == "sourced" and not row["passages"]):
            return NOT_LOOKED_AT
        edits, outcome = [], "pass"
        for shown in turns:
            text, field = getattr(shown, self.looks_at), getattr(shown, f"{self.looks_at}_field")
            outcome, replacement = await judged(judge, text, partial(self.asked, row, shown), reword=self.reword)
            if outcome == "fail":
                break
            if replacement is not None:
                edits.append({"field": field, "length": len(text), "replacement": replacement})
        outcome = "fail" if outcome == "fail" else "reword" if edits else "pass"
        return {"outcome": outcome, "edits": edits, "journal": judge.keys}

    def decide(self, features: pa.RecordBatch) -> Verdicts:
        """Keep what passed, edit what was reworded, reject the rest."""
        return decided(features, self.failed.partition(".")[0], self.failed)


async def judged(judge: LLM, text: str, ask: Callable[[str], str], *, reword: bool = True) -> tuple[str, str | None]:
    """The outcome of one text, judged by the prompt that `ask` makes of it, and what it is reworded to."""
    first = await _judge(judge, ask(text))
    if first.outcome != "reword":
        return first.outcome, None
    better = first.rewording.strip()
    again = reword and better and better != text and (await _judge(judge, ask(better))).outcome == "pass"
    return ("reword", better) if again else ("fail", None)


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
            edits = [(e["field"], Edit(0, e["length"], "reword", e["replacement"])) for e in row["edits"]]
            verdicts.edit(row["id"], edits, f"{name}.reworded", **keys)
    return verdicts
