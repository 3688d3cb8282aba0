"""Reject an answer that is not what its source says in answer to the question, or not all of it; a model judges.

Sees    question, answer, and the passages the row was made from, as the generator saw them.
Rewords an answer that a few words would put right.
Misses  what the judge misses; whether the answer says more than the source is `only_from_source`'s question. A row
        whose source is not in the run is kept, and counted as not looked at.
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
class Right:
    """Keep a row whose answer is what its passages say."""

    sees: ClassVar[str] = "sourced"
    kinds: ClassVar[tuple[str, ...]] = ("sft",)
    features: ClassVar[pa.Schema] = FEATURES
    reword: bool = True

    async def measure(self, row: Mapping[str, Any], *, judge: LLM) -> dict[str, Any]:
        """What is shown of one row -> the judgement, see `_checking.FEATURES`."""
        shown = Shown.of(row)
        if shown is None or not row["passages"]:
            return NOT_LOOKED_AT

        def ask(answer: str) -> str:
            return prompt("check", row=row, shown=shown, answer=answer)

        return await judged(judge, shown.answer_field, shown.answer, ask, reword=self.reword)

    def decide(self, features: pa.RecordBatch) -> Verdicts:
        """Keep what passed, edit what was reworded, reject the rest."""
        return decided(features, "right", "right.wrong")
