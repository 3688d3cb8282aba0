"""Reject a question that cannot be understood without the text it was made from; a model judges.

Sees    the question, what was said before it in the row, and the row's context; not the source, which would hide it.
Rewords a question that names too little, where the row itself says what is meant.
Misses  what the judge misses. `self_contained_rules` finds the plain cases without a model.
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
class SelfContained:
    """Keep a row whose question can be understood by whoever reads it alone."""

    sees: ClassVar[str] = "record"
    kinds: ClassVar[tuple[str, ...]] = ("sft",)
    features: ClassVar[pa.Schema] = FEATURES
    reword: bool = True

    async def measure(self, row: Mapping[str, Any], *, judge: LLM) -> dict[str, Any]:
        """What is shown of one row -> the judgement, see `_checking.FEATURES`."""
        shown = Shown.of(row)
        if shown is None:
            return NOT_LOOKED_AT

        def ask(question: str) -> str:
            return prompt("check", shown=shown, question=question, context=_context(row))

        return await judged(judge, shown.question_field, shown.question, ask, reword=self.reword)

    def decide(self, features: pa.RecordBatch) -> Verdicts:
        """Keep what passed, edit what was reworded, reject the rest."""
        return decided(features, "self_contained", "self_contained.needs_context")


def _context(row: Mapping[str, Any]) -> str:
    """What stands beside the messages and reaches the reader with them."""
    return "\n\n".join(string["text"] for string in row["strings"] if string["field"] == "context")
