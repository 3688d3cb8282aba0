"""Reject a question that the text it was made from does not answer, or answers in part only; a model judges.

Sees    the question and the passages it was made from, as the generator saw them; not the answer, which would help it.
Rewords a question of which a part is not answered, by leaving that part out.
Misses  what the judge misses. A row whose source is not in the run is kept, and counted as not looked at.
Costs   one call a row, two where it is reworded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa

from factory.llm import LLM
from factory.prompts import prompt
from factory.verdicts import Verdicts
from filters._checking import FEATURES, NOT_LOOKED_AT, Shown, decided, judged


@dataclass(frozen=True)
class Answerable:
    """Keep a row whose question its passages answer in every part."""

    sees: ClassVar[str] = "sourced"
    kinds: ClassVar[tuple[str, ...]] = ("sft",)
    features: ClassVar[pa.Schema] = FEATURES
    reword: bool = True

    async def measure(self, row: Mapping[str, Any], *, judge: LLM) -> dict[str, Any]:
        """What is shown of one row -> the judgement, see `_checking.FEATURES`."""
        shown = Shown.of(row)
        if shown is None or not row["passages"]:
            return NOT_LOOKED_AT

        def ask(question: str) -> str:
            return prompt("check", row=row, shown=shown, question=question)

        return await judged(judge, shown.question_field, shown.question, ask, reword=self.reword)

    def decide(self, features: pa.RecordBatch) -> Verdicts:
        """Keep what passed, edit what was reworded, reject the rest."""
        return decided(features, "answerable", "answerable.not_answered")
