"""Grade rows by a rubric: a model explains, then scores each criterion from 1 to 5; rows that score low are rejected.

Sees    of an sft row the last question and its answer, what was said before them, the context, and the passages that
        the row was made from, where they are in the run; of a text row its text and these passages.
Rubric  the recipe's, or one of `factory.rubric`: with a source faithful, complete and clear; without one helpful,
        complete and clear; of a text informative and clear, with a source also faithful.
Misses  what the judge misses, and its taste: measure it against people before a threshold rests on it.
Costs   one call a row. What was scored is kept: another `min_score` asks nothing.
Source  scores by form after an explanation: G-Eval (Liu et al. 2023, arXiv:2303.16634); a sentence for each point of
        the scale: Prometheus (Kim et al. 2023, arXiv:2310.08491).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
from annotated_types import Ge, Le
from pydantic import BaseModel, Field, Strict, create_model

from factory import rubric as rubrics
from factory.figures import Figure
from factory.llm import LLM
from factory.prompts import prompt
from factory.verdicts import Verdicts
from filters._checking import TEMPERATURE, Shown

Score = Annotated[int, Strict(), Ge(rubrics.LOWEST), Le(rubrics.HIGHEST)]  # a `true` is no 1
NOT_LOOKED_AT: dict[str, Any] = {"scores": [], "journal": []}


@dataclass(frozen=True)
class Judge:
    """Keep a row whose lowest score, or the mean of its scores, is at least `min_score`."""

    sees: ClassVar[str] = "sourced"
    kinds: ClassVar[tuple[str, ...]] = ("sft", "text")
    features: ClassVar[pa.Schema] = pa.schema(
        [
            ("scores", pa.list_(pa.struct([("criterion", pa.string()), ("score", pa.int64())]))),
            ("journal", pa.list_(pa.string())),  # keys of the judgement: its explanation stands there
        ]
    )
    rubric: list[dict[str, Any]] | None = None
    # The lowest score, so that no merit makes up for a fault: an answer that contradicts its source, whole and clear
    # (1, 5, 5), has a mean of 3.7. At 3 the main thing is right on every criterion, at 2 it is not.
    min_score: float | None = field(default=3.0, metadata={"decides": True})
    by: Literal["lowest", "mean"] = field(default="lowest", metadata={"decides": True})

    def __post_init__(self) -> None:
        if self.rubric is not None:
            rubrics.read(self.rubric)
        if self.min_score is not None and not rubrics.LOWEST <= self.min_score <= rubrics.HIGHEST:
            raise ValueError(f"min_score must be from {rubrics.LOWEST} to {rubrics.HIGHEST}")

    async def measure(self, row: Mapping[str, Any], *, judge: LLM) -> dict[str, Any]:
        """What is shown of one row -> `scores` by criterion, `journal`; no scores where there is nothing to judge."""
        shown = Shown.of(row) if row["kind"] == "sft" else None
        text = _text(row, "text")
        if shown is None and not text.strip():
            return NOT_LOOKED_AT
        criteria = rubrics.read(self.rubric) if self.rubric is not None else _default(row)
        asked = prompt(
            "grade", row=row, shown=shown, text=text, context=_text(row, "context"), rubric=rubrics.text(criteria)
        )
        said = await judge.ask(asked, _judgement(tuple(c.name for c in criteria)), temperature=TEMPERATURE)
        scores = said.model_dump(by_alias=True)["scores"]
        return {
            "scores": [{"criterion": name, "score": score} for name, score in scores.items()],
            "journal": judge.keys,
        }

    def decide(self, features: pa.RecordBatch) -> Verdicts:
        """Reject what scores low; without a bound, flag every row with its scores."""
        verdicts = Verdicts()
        for row in features.to_pylist():
            scores = {one["criterion"]: one["score"] for one in row["scores"]}
            if not scores:
                verdicts.skip(row["id"], "nothing to judge")
                continue
            score = self._score(list(scores.values()))
            evidence = {self.by: round(score, 3), "scores": scores, "journal": row["journal"]}
            if self.min_score is None:
                verdicts.flag(row["id"], "judge.scored", **evidence)
            elif score < self.min_score:
                verdicts.reject(row["id"], "judge.low_score", **evidence)
            else:
                verdicts.keep(row["id"])
        return verdicts

    def figures(self, features: pa.RecordBatch) -> list[Figure]:
        """The score that decides."""
        scores = [self._score([one["score"] for one in its] or [np.nan]) for its in features["scores"].to_pylist()]
        return [Figure(self.by, np.array(scores, np.float64), least=self.min_score)]

    def _score(self, scores: Sequence[float]) -> float:
        return min(scores) if self.by == "lowest" else sum(scores) / len(scores)


def _default(row: Mapping[str, Any]) -> tuple[rubrics.Criterion, ...]:
    """The rubric for a row of which the recipe says none."""
    if row["kind"] == "text":
        return rubrics.TEXT_FROM_SOURCE if row["passages"] else rubrics.TEXT
    return rubrics.FROM_SOURCE if row["passages"] else rubrics.WITHOUT_SOURCE


@cache
def _judgement(names: tuple[str, ...]) -> type[BaseModel]:
    """What a judge says by a rubric of these criteria: the explanation first."""
    fields: dict[str, Any] = {f"score_{nth}": (Score, Field(alias=name)) for nth, name in enumerate(names)}
    scores = create_model("Scores", **fields)  # under aliases: a criterion may be named like a method of a model
    why = Field(description="Criterion by criterion, what speaks for and against, before any score")
    return create_model("Judgement", explanation=(str, why), scores=(scores, ...))


def _text(row: Mapping[str, Any], name: str) -> str:
    """What stands in one field of a row; a row of messages has no `text`."""
    return "\n\n".join(string["text"] for string in row["strings"] if string["field"] == name)
