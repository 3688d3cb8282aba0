"""What a trainer makes of the exported rows: faults, tokens, what is learned. By the code of the preflight itself.

In      rows; a tokenizer with its chat template, or none: then the faults of turns alone are found.
Out     by kind the lengths and what is learned; by fault the ids; what is odd about the template on these rows.
Costs   0.2 to 0.4 ms a row with a tokenizer, 5 µs without; 24 bytes a row.
"""

import json
import re
from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from factory import chat
from factory.chat import Chat, Unrenderable
from factory.faults import Fault
from factory.runs import Run
from factory.views import exported
from factory.views.chapter import EXAMPLES

TAIL = 3  # learned tokens at the end of a row, one of which is to end the turn: some templates have a line end after it
PROBE = [{"role": "user", "content": "zqu0x"}, {"role": "assistant", "content": "zqa0x"}]
SYSTEM = {"role": "system", "content": "zqs0x"}


class Looked(NamedTuple):
    """A row in tokens: its longest sequence, how much of that is prompt, all that a step sees, what is learned."""

    length: int
    prompt: int
    tokens: int
    learned: int


@dataclass
class Kind:
    """What is known of the rows of one kind, in the order of `exported`: of those without a fault."""

    rows: int = 0
    ids: list[str] = field(default_factory=list)
    lengths: "array[int]" = field(default_factory=lambda: array("q"))
    prompts: "array[int]" = field(default_factory=lambda: array("q"))
    tokens: int = 0
    learned: int = 0

    def take(self, id_: str, looked: Looked) -> None:
        """Count one row that is in order."""
        self.ids.append(id_)
        self.lengths.append(looked.length)
        self.prompts.append(looked.prompt)
        self.tokens += looked.tokens
        self.learned += looked.learned


class Lesson:
    """All rows of a run, looked at."""

    def __init__(self, lens: Chat | None) -> None:
        self.lens = lens
        self.kinds: dict[str, Kind] = {}
        self.struck, self.examples = Counter[str](), dict[str, list[str]]()
        self._ends = _ends(lens) if lens else frozenset()

    def read(self, run: Run) -> "Lesson":
        """Look at every exported row."""
        for kind, _, batch in exported.batches(run, exported.WHOLE):
            if kind == "labels":  # converted by a template when they are trained on
                continue
            its = self.kinds.setdefault(kind, Kind())
            for row in batch.to_pylist():
                its.rows += 1
                try:
                    looked = self._look(kind, row)
                except Fault as fault:
                    self.strike(fault.name, row["id"])
                else:
                    if looked is not None:
                        its.take(row["id"], looked)
        return self

    def strike(self, name: str, id_: str) -> None:
        """Note that something is wrong with a row, or odd about it."""
        self.struck[name] += 1
        ids = self.examples.setdefault(name, [])
        if len(ids) < EXAMPLES:
            ids.append(id_)

    def _look(self, kind: str, row: Mapping[str, Any]) -> Looked | None:
        """A row as its trainer gets it. Raises Fault. None where that takes a tokenizer and there is none."""
        if self.lens is None:
            _check(kind, row)
            return None
        if kind == "sft":
            return self._conversation(row)
        if kind == "preference":
            return _pair(self.lens, row)
        if kind == "feedback":
            asked, answer = self.lens.answer(row["prompt"], row["completion"])
            both = len(asked) + len(answer)
            return Looked(both, len(asked), both, len(answer))
        return _plain(self.lens, row["text"])

    def _conversation(self, row: Mapping[str, Any]) -> Looked:
        assert self.lens is not None  # noqa: S101 # asked for only with a tokenizer
        if any(message["role"] == "system" for message in row["messages"]):
            self.strike("system", row["id"])
        seen = self.lens.see(row["messages"])
        if not any(seen.trained):
            raise Fault("nothing_learned")
        learned = [id_ for id_, is_learned in zip(seen.ids, seen.trained, strict=True) if is_learned]
        if not self._ends.intersection(learned[-TAIL:]):
            self.strike("unended", row["id"])
        begin = self.lens.tokenizer.bos_token_id
        if begin is not None and seen.ids[:2] == [begin, begin]:
            self.strike("double_bos", row["id"])
        return Looked(len(seen.ids), seen.trained.index(True), len(seen.ids), len(learned))


def _check(kind: str, row: Mapping[str, Any]) -> None:
    """Raise Fault for what is wrong with the turns of a row."""
    if kind == "sft":
        chat.check(row["messages"])
    elif kind == "preference":
        chat.check_answer(row["prompt"], row["chosen"])
        chat.check_answer(row["prompt"], row["rejected"])
    elif kind == "feedback":
        chat.check_answer(row["prompt"], row["completion"])
    elif not row["text"].strip():
        raise Fault("no_text")


def _pair(lens: Chat, row: Mapping[str, Any]) -> Looked:
    asked, chosen = lens.answer(row["prompt"], row["chosen"])
    other, rejected = lens.answer(row["prompt"], row["rejected"])
    shared = min(len(asked), len(other))
    better, worse = [*asked[shared:], *chosen], [*other[shared:], *rejected]
    if better == worse:
        raise Fault("same_answers")
    answers = len(better) + len(worse)
    return Looked(shared + max(len(better), len(worse)), shared, 2 * shared + answers, answers)


def _plain(lens: Chat, text: str) -> Looked:
    """A text, without what begins and ends it."""
    if not text.strip():
        raise Fault("no_text")
    if lens.controls.search(text):
        raise Fault("control_token")
    count = len(lens.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])
    return Looked(count, 0, count, count)


# --- of the template


def _ends(lens: Chat) -> frozenset[int]:
    """The tokens of which one is to end an answer: that which ends a text, and all special ones."""
    special = {nth for nth, token in lens.tokenizer.added_tokens_decoder.items() if getattr(token, "special", False)}
    return frozenset(special | {lens.tokenizer.eos_token_id} - {None})


def own_markers(tokenizer: Any) -> bool:
    """Whether the template itself says what is learned."""
    return chat.MARKER.search(tokenizer.get_chat_template()) is not None


def takes_system(tokenizer: Any) -> bool:
    """Whether the template puts a system message into what the model reads."""
    try:
        return SYSTEM["content"] in chat.render(tokenizer, [SYSTEM, *PROBE], tokenizer.get_chat_template())[0]
    except Unrenderable:
        return False


def takes_tools(tokenizer: Any) -> bool:
    """Whether the template speaks of tools."""
    return re.search(r"\btools\b", tokenizer.get_chat_template()) is not None


def doubles_bos(tokenizer: Any) -> bool:
    """Whether a trainer that adds special tokens to what the template makes would begin a row twice."""
    try:
        text, _ = chat.render(tokenizer, PROBE, tokenizer.get_chat_template())
    except Unrenderable:
        return False
    begin = tokenizer.bos_token_id
    return begin is not None and tokenizer(text)["input_ids"][:2] == [begin, begin]


def context_of(tokenizer: Any, place: str) -> int | None:
    """How many tokens the model reads: by the config beside its tokenizer, or by the tokenizer; None: neither says."""
    file = Path(place) / "config.json"
    try:
        config = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        found = config.get("max_position_embeddings") or config.get("text_config", {}).get("max_position_embeddings")
    except (ValueError, AttributeError):
        found = None
    limit = getattr(tokenizer, "model_max_length", None)
    return found or (limit if isinstance(limit, int) and limit < 10**9 else None)
