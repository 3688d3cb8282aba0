"""Reject a question that the text it was made from does not answer, or answers in part only; a model judges.

Sees    the question and the passages it was made from, as the generator saw them; not the answer, which would help it.
Rewords a question of which a part is not answered, by leaving that part out.
Misses  what the judge misses. A row whose source is not in the run is kept, and counted as not looked at.
Costs   one call a turn, two where it is reworded; after a turn that fails none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from factory.prompts import prompt
from filters._checking import Check, Shown


@dataclass(frozen=True)
class Answerable(Check):
    """Keep a row whose question its passages answer in every part."""

    looks_at: ClassVar[Literal["question", "answer"]] = "question"
    failed: ClassVar[str] = "answerable.not_answered"

    def asked(self, row: Mapping[str, Any], shown: Shown, text: str) -> str:
        """Whether the passages answer the question."""
        return prompt("check", row=row, shown=shown, question=text)
