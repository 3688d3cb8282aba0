"""Reject a question that cannot be understood without the text it was made from; a model judges.

Sees    the question, what was said before it in the row, and the row's context; not the source, which would hide it.
Rewords a question that names too little, where the row itself says what is meant.
Misses  what the judge misses. `self_contained_rules` finds the plain cases without a model.
Costs   one call a turn, two where it is reworded; after a turn that fails none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from factory.prompts import prompt
from filters._checking import Check, Shown


@dataclass(frozen=True)
class SelfContained(Check):
    """Keep a row whose question can be understood by whoever reads it alone."""

    sees: ClassVar[str] = "record"
    looks_at: ClassVar[Literal["question", "answer"]] = "question"
    failed: ClassVar[str] = "self_contained.needs_context"

    def asked(self, row: Mapping[str, Any], shown: Shown, text: str) -> str:
        """Whether the question can be understood alone."""
        return prompt("check", shown=shown, question=text, context=_context(row))


def _context(row: Mapping[str, Any]) -> str:
    """What stands beside the messages and reaches the reader with them."""
    return "\n\n".join(string["text"] for string in row["strings"] if string["field"] == "context")
