"""Reject an answer that is not what its source says in answer to the question, or not all of it; a model judges.

Sees    question, answer, and the passages the row was made from, as the generator saw them.
Rewords an answer that a few words would put right.
Misses  what the judge misses; whether the answer says more than the source is `only_from_source`'s question. A row
        whose source is not in the run is kept, and counted as not looked at.
Costs   one call a turn, two where it is reworded; after a turn that fails none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from factory.prompts import prompt
from filters._checking import Check, Shown


@dataclass(frozen=True)
class Right(Check):
    """Keep a row whose answer is what its passages say."""

    looks_at: ClassVar[Literal["question", "answer"]] = "answer"
    failed: ClassVar[str] = "right.wrong"

    def asked(self, row: Mapping[str, Any], shown: Shown, text: str) -> str:
        """Whether the answer is what the passages say."""
        return prompt("check", row=row, shown=shown, answer=text)
