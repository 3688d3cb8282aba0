"""Reject a row that one would not understand without the document it was made from: "this figure", "as said above".

Sees    the first question of a row and the answer to it, by rules of wording for English, German, Spanish and French.
        Later turns may refer to earlier ones. A row whose context stands in the prompt may point to it.
Misses  what no rule knows: "the device", "the second option". Rows in other languages are kept and counted as not
        looked at. Made for few false alarms: a question that brings a text along may point to that.
Costs   no model; some 50 µs a row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import pyarrow as pa

from factory.dangling import carries_text, in_answer, in_question
from factory.dangling_words import RULES
from factory.verdicts import Verdicts
from filters import _shown

SIDES = {"sft": ("messages[", "messages["), "preference": ("prompt[", "chosen[")}
FEATURES = pa.schema(
    [("id", pa.string()), ("language", pa.string()), ("has_context", pa.bool_()),
     ("question", pa.string()), ("answer", pa.string())]
)  # fmt: skip


@dataclass(frozen=True)
class SelfContainedRules:
    """`context`: whether export renders a row's context into the prompt (`export.context`), so that it may be meant."""

    sees: ClassVar[str] = "record"
    kinds: ClassVar[tuple[str, ...]] = tuple(SIDES)
    context: Literal["open-book", "closed-book"] = field(default="open-book", metadata={"decides": True})

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """What is shown of rows -> `id`, `language`, `has_context`, the rules that `question` and `answer` break."""
        rows = zip(
            batch["id"].to_pylist(), batch["kind"].to_pylist(), _shown.rows(batch), _shown.metas(batch), strict=True
        )
        return pa.RecordBatch.from_pylist([_measured(*row) for row in rows], schema=FEATURES)

    def decide(self, features: pa.RecordBatch) -> Verdicts:
        """One verdict a row; the evidence names the rule."""
        verdicts = Verdicts()
        for row in features.to_pylist():
            if row["language"] not in RULES:
                verdicts.skip(row["id"], "language")
            elif row["has_context"] and self.context == "open-book":
                verdicts.keep(row["id"])
            elif row["question"] == "pronoun":
                verdicts.reject(row["id"], "self_contained_rules.question_without_subject", rule=row["question"])
            elif row["question"]:
                verdicts.reject(row["id"], "self_contained_rules.question_points_elsewhere", rule=row["question"])
            elif row["answer"]:
                verdicts.reject(row["id"], "self_contained_rules.answer_points_elsewhere", rule=row["answer"])
            else:
                verdicts.keep(row["id"])
        return verdicts


def _measured(id_: str, kind: str, strings: Sequence[Mapping[str, str]], meta: Mapping[str, Any]) -> dict[str, Any]:
    asks, says = SIDES[kind]
    question, system = _first(strings, asks, "user"), _first(strings, asks, "system")
    answer, context = _first(strings, says, "assistant"), _first(strings, "context", "text")
    language: str | None = meta.get("language")
    if language is None and not _was_asked(meta, strings):
        language = _guessed(f"{question}\n{answer}")
    asked = said = None
    if language in RULES:
        asked = in_question(question, language) if not carries_text(system) else None
        said = in_answer(answer, language, carried=carries_text(question) or carries_text(system))
    return {
        "id": id_,
        "language": language,
        "has_context": bool(context),
        "question": asked,
        "answer": said,
    }


def _first(strings: Sequence[Mapping[str, str]], begins: str, role: str) -> str:
    return next((s["text"] for s in strings if s["field"].startswith(begins) and s["role"] == role), "")


def _was_asked(meta: Mapping[str, Any], strings: Sequence[Mapping[str, str]]) -> bool:
    """Whether the question and its answer are all of a row read from a dataset: nobody could tell its language then."""
    return "row" in meta and [string["role"] for string in strings] == ["user", "assistant"]


def _guessed(text: str) -> str | None:
    """The language of a row that states none."""
    from factory.stages.ingest import language

    return language(text)
