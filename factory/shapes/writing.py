"""Exported rows in the shapes that other trainers read: the way back out of ours.

A row that a shape has no place for is not bent into it: `NoPlace` says why, and the export counts and names it. What is
written is read again by `looked_at` as the same record.

    messages       {"messages": [{"role", "content"}]}
    sharegpt       {"conversations": [{"from", "value"}]}, with chosen and rejected, or kto_tag
    alpaca         {"instruction", "input", "output"}, with chosen and rejected in output's place, or kto_tag
    llama-factory  sharegpt whose turns alternate, as LLaMA-Factory wants them; {"text"}
    axolotl        messages; {"prompt", "chosen", "rejected"}; {"prompt", "completion", "label"}; {"text"}
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
Messages = Sequence[Mapping[str, str]]
Writer = Callable[[str, Row], dict[str, Any]]
FROM = {"user": "human", "assistant": "gpt", "system": "system", "tool": "observation"}


class NoPlace(Exception):
    """A shape has no place for a row; `reason` is dotted."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def messages(kind: str, row: Row) -> dict[str, Any]:
    """OpenAI's chat format; of chats alone."""
    if kind != "sft":
        raise NoPlace("export.kind_has_no_place")
    return {"messages": row["messages"]}


def sharegpt(kind: str, row: Row) -> dict[str, Any]:
    """ShareGPT; pairs and thumbs as LLaMA-Factory writes them."""
    if kind == "sft":
        return {"conversations": _turns(row["messages"])}
    if kind == "preference":
        sides = {side: _turns([_alone(row[side])])[0] for side in ("chosen", "rejected")}
        return {"conversations": _turns(row["prompt"]), **sides}
    if kind == "feedback":
        turns = _turns([*row["prompt"], _alone(row["completion"])])
        return {"conversations": turns, "kto_tag": row["label"]}
    raise NoPlace("export.kind_has_no_place")


def alpaca(kind: str, row: Row) -> dict[str, Any]:
    """One instruction and its answer. There is no place for a second turn, a system prompt or a tool."""
    if kind == "sft":
        *before, answer = row["messages"]
        return {"instruction": _only_question(before), "input": "", "output": _alone([answer])["content"]}
    if kind == "preference":
        sides = {side: _alone(row[side])["content"] for side in ("chosen", "rejected")}
        return {"instruction": _only_question(row["prompt"]), "input": "", **sides}
    if kind == "feedback":
        answer = _alone(row["completion"])
        asked = {"instruction": _only_question(row["prompt"]), "input": ""}
        return {**asked, "output": answer["content"], "kto_tag": row["label"]}
    raise NoPlace("export.kind_has_no_place")


def llama_factory(kind: str, row: Row) -> dict[str, Any]:
    """What LLaMA-Factory reads without skipping it: after a system prompt, question and answer in turn."""
    if kind == "text":
        return {"text": row["text"]}
    made = sharegpt(kind, row)
    turns = [turn["from"] for turn in made["conversations"]]
    turns = turns[1:] if turns[:1] == ["system"] else turns
    ends = "human" if kind == "preference" else "gpt"  # the answers of a pair stand apart
    in_turn = all((turn == "gpt") == bool(nth % 2) and turn != "system" for nth, turn in enumerate(turns))
    if not in_turn or not turns or (turns[-1] == "gpt") != (ends == "gpt"):
        raise NoPlace("export.turns_do_not_alternate")
    return made


def axolotl(kind: str, row: Row) -> dict[str, Any]:
    """What the types chat_template, chat_template.default (DPO), chatml.ultra (KTO) and completion of Axolotl read."""
    if kind == "text":
        return {"text": row["text"]}
    if kind == "sft":
        return {"messages": row["messages"]}
    if kind == "preference":
        return {"prompt": row["prompt"], "chosen": _alone(row["chosen"]), "rejected": _alone(row["rejected"])}
    if kind == "feedback":
        question, answer = _only_question(row["prompt"]), _alone(row["completion"])["content"]
        return {"prompt": question, "completion": answer, "label": row["label"]}
    raise NoPlace("export.kind_has_no_place")


WRITERS: Mapping[str, Writer] = {
    "messages": messages, "sharegpt": sharegpt, "alpaca": alpaca, "llama-factory": llama_factory, "axolotl": axolotl,
}  # fmt: skip


def _turns(said: Messages) -> list[dict[str, str]]:
    return [{"from": FROM[message["role"]], "value": message["content"]} for message in said]


def _alone(answer: Messages) -> Mapping[str, str]:
    """The one message of an answer."""
    if len(answer) != 1 or answer[0]["role"] != "assistant":
        raise NoPlace("export.answer_is_not_one_message")
    return answer[0]


def _only_question(before: Messages) -> str:
    """The one message that stands before an answer."""
    if any(message["role"] == "system" for message in before):
        raise NoPlace("export.system_prompt_has_no_place")
    if len(before) != 1 or before[0]["role"] != "user":
        raise NoPlace("export.several_turns")
    return before[0]["content"]
