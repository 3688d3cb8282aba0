"""Look at the form of records: turns that are no conversation, marks of a template in the text, answers cut off.

Sees    every string of a row, with its role.
Misses  what a tokenizer has as special token and no known template: `factory train --check` knows that.
Source  trainers learn from broken turns without a word: TRL trains on empty answers, on two users in a row, on template
        tokens as text. Of human comparisons where one of two answers had no closing punctuation, that one lost
        70 ± 3 % (1,162 pairs): reported, not dropped.

A row that is looked at for several reasons has the first of CHECKS, those that reject before those that flag.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, get_args

import pyarrow as pa

from factory import chat
from factory.records import BESIDE
from factory.verdicts import Verdicts
from filters import _faults, _shown

Check = Literal[
    "no_messages", "no_content", "unknown_role", "no_answer", "empty_answer", "empty_question", "system_not_first",
    "answer_first", "two_in_a_row", "template_token", "placeholder_answer", "placeholder_input", "leaked_prompt",
    "open_fence", "open_json", "unfinished",
]  # fmt: skip
CHECKS: tuple[Check, ...] = get_args(Check)
REASONS = {
    "no_messages": "format.no_messages",
    "no_content": "format.no_content",
    "unknown_role": "format.unknown_role",
    "no_answer": "format.no_answer",
    "empty_answer": "format.empty_answer",
    "empty_question": "format.empty_question",
    "system_not_first": "format.system_not_first",
    "answer_first": "format.answer_first",
    "two_in_a_row": "format.two_in_a_row",
    "template_token": "format.template_token",
    "placeholder_answer": "format.placeholder_answer",
    "placeholder_input": "format.placeholder_input",
    "leaked_prompt": "format.leaked_prompt",
    "open_fence": "format.open_fence",
    "open_json": "format.open_json",
    "unfinished": "format.unfinished",
}
CONVERSATIONS: Mapping[str, list[tuple[str, ...]]] = {  # by kind: the columns that make one conversation each
    "sft": [("messages",)],
    "preference": [("prompt", "chosen"), ("prompt", "rejected")],
    "feedback": [("prompt", "completion")],
}
LEARNED = ("messages[", "completion[", "chosen[")  # what a model is to say; a rejected answer may be cut off
FOUND = pa.list_(pa.struct([("check", pa.string()), ("field", pa.string()), ("start", pa.int64())]))


@dataclass(frozen=True)
class Format:
    """Reject the rows on which a check in `rejects` strikes, flag those of the other checks."""

    sees: ClassVar[str] = "record"
    rejects: list[Check] = field(
        default_factory=lambda: [
            "no_messages", "no_content", "unknown_role", "no_answer", "empty_answer", "empty_question",
            "system_not_first", "answer_first", "two_in_a_row", "template_token", "placeholder_answer",
        ],
        metadata={"decides": True},
    )  # fmt: skip

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """A row -> `id`, `found`: what strikes, in which field, and where in it."""
        rows = zip(batch["kind"].to_pylist(), _shown.rows(batch), strict=True)
        found = [[*_of_turns(kind, strings), *_of_strings(strings)] for kind, strings in rows]
        return pa.record_batch({"id": batch["id"], "found": pa.array(found, FOUND)})

    def decide(self, features: pa.RecordBatch) -> Verdicts:
        """One verdict a row; the evidence gives field and place, and `also` what else struck."""
        verdicts = Verdicts()
        for id_, found in zip(features["id"].to_pylist(), features["found"].to_pylist(), strict=True):
            if not found:
                verdicts.keep(id_)
                continue
            first = min(found, key=lambda one: self._rank(one["check"]))
            others = sorted({one["check"] for one in found} - {first["check"]}, key=self._rank)
            say = verdicts.reject if first["check"] in self.rejects else verdicts.flag
            place = {name: first[name] for name in ("field", "start") if first[name] is not None}
            say(id_, REASONS[first["check"]], **place, **({"also": others} if others else {}))
        return verdicts

    def _rank(self, check: Any) -> tuple[bool, int]:
        return check not in self.rejects, CHECKS.index(check)


def _of_turns(kind: str, strings: list[dict[str, str]]) -> Iterator[Mapping[str, Any]]:
    """What is wrong with the turns of a row's conversations, each thing once."""
    seen = set[str]()
    for columns in CONVERSATIONS.get(kind, ()):
        turns = [s for column in columns for s in strings if s["field"].startswith(f"{column}[")]
        messages = [{"role": turn["role"], "content": turn["text"]} for turn in turns]
        for name in chat.faults(messages):
            if name not in seen:
                seen.add(name)
                yield {"check": name, "field": None, "start": None}


def _of_strings(strings: list[dict[str, str]]) -> Iterator[Mapping[str, Any]]:
    for string in strings:
        text, where = string["text"], string["field"]
        if string["role"] in BESIDE:
            continue
        if mark := _faults.template_mark(text):
            yield {"check": "template_token", "field": where, "start": mark.start()}
        if string["role"] in ("user", "assistant") and (line := _faults.scaffold(text)):
            yield {"check": "leaked_prompt", "field": where, "start": line.start()}
        if string["role"] == "user" and (start := _faults.placeholder_input(text)) is not None:
            yield {"check": "placeholder_input", "field": where, "start": start}
        if string["role"] == "assistant" and where.startswith(LEARNED):
            if _faults.placeholder_answer(text):
                yield {"check": "placeholder_answer", "field": where, "start": None}
            yield from ({"check": name, "field": where, "start": None} for name in _endings(text))


def _endings(answer: str) -> Iterator[str]:
    """How an answer is cut off, if it is; the surest sign alone."""
    if _faults.open_fence(answer):
        yield "open_fence"
    elif _faults.open_json(answer):
        yield "open_json"
    elif _faults.unfinished(answer):
        yield "unfinished"
