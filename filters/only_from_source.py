"""Reject an answer that claims something which its source does not say, true or not; a model judges claim by claim.

Sees    question, answer, and the passages the row was made from, as the generator saw them.
Rewords an answer by leaving out what is not supported.
Misses  what the judge misses. A row whose source is not in the run is kept, and counted as not looked at. `grounded`
        asks the same of words, without a model.
Costs   one call a turn, two where it is reworded; after a turn that fails none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from factory.prompts import prompt
from filters._checking import Check, Shown


@dataclass(frozen=True)
class OnlyFromSource(Check):
    """Keep a row each of whose claims stands in its passages."""

    looks_at: ClassVar[Literal["question", "answer"]] = "answer"
    failed: ClassVar[str] = "only_from_source.unsupported_claim"

    def asked(self, row: Mapping[str, Any], shown: Shown, text: str) -> str:
        """Whether the passages state every claim."""
        return prompt("check", row=row, shown=shown, answer=text)
