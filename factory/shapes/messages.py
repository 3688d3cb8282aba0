"""Conversations: lists of messages in the spellings that datasets have, as roles and contents in ours.

OpenAI and TRL write `role` and `content`, ShareGPT `from` and `value`. A content may be a list of parts; one that is no
text (an image) makes the row none of ours. A call of a tool that stands beside the content is written as JSON.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from factory.shapes.cells import Cells, NotThis, kind_of
from factory.shapes.pieces import Path, Piece, joined, made_up, piece

Message = dict[str, str]
ROLES = {
    "user": "user", "human": "user", "prompter": "user", "usr": "user", "customer": "user",
    "assistant": "assistant", "gpt": "assistant", "bot": "assistant", "model": "assistant", "chatgpt": "assistant",
    "chatbot": "assistant", "agent": "assistant", "ai": "assistant", "bard": "assistant", "bing": "assistant",
    "function_call": "assistant",
    "system": "system", "developer": "system",
    "tool": "tool", "function": "tool", "observation": "tool", "function_response": "tool", "tool_response": "tool",
}  # fmt: skip
CALLS = ("tool_calls", "function_call")


def is_messages(value: Any) -> bool:
    """Whether a value looks like a list of messages."""
    return isinstance(value, list) and bool(value) and isinstance(value[0], Mapping) and _keys(value[0]) is not None


def is_message(value: Any) -> bool:
    """Whether a value looks like one message."""
    return isinstance(value, Mapping) and _keys(value) is not None and not isinstance(value.get("role"), list)


def is_sharegpt(value: Any) -> bool:
    """Whether messages are written with `from` and `value`."""
    return is_messages(value) and "from" in value[0]


def _keys(message: Mapping[str, Any]) -> tuple[str, str] | None:
    if "role" in message and ("content" in message or any(call in message for call in CALLS)):
        return "role", "content"
    return ("from", "value") if "from" in message and "value" in message else None


def conversation(value: Any, path: Path) -> list[Message]:
    """The messages of a list, or of one message alone."""
    if is_message(value):
        return [message(value, path)]
    if not isinstance(value, list) or not value:
        raise NotThis(f"'{path[0]}' holds {'nothing' if value == [] else kind_of(value)}, not messages")
    return [message(its, (*path, nth)) for nth, its in enumerate(value)]


def message(value: Any, path: Path) -> Message:
    """One message with a role of ours."""
    keys = _keys(value) if isinstance(value, Mapping) else None
    where = f"{path[0]}[{path[1]}]" if len(path) > 1 else str(path[0])
    if keys is None:
        raise NotThis(f"'{where}' is no message with role and content, or from and value")
    said = value[keys[0]]
    role = ROLES.get(said.strip().lower()) if isinstance(said, str) else None
    if role is None:
        raise NotThis(f"'{where}' has a role that is none of user, assistant, system, tool")
    return {"role": role, "content": _content(value, keys[1], path, where)}


def _content(value: Mapping[str, Any], key: str, path: Path, where: str) -> Piece:
    content = value.get(key)
    calls = [made_up(json.dumps(value[call], ensure_ascii=False)) for call in CALLS if value.get(call)]
    if isinstance(content, str):
        said = [piece(content, (*path, key))] if content or not calls else []
    elif isinstance(content, list):
        said = [_part(its, (*path, key, nth), where) for nth, its in enumerate(content)]
    elif content is None and calls:
        said = []
    elif isinstance(content, Mapping) and key == "value":  # a call, in some ShareGPT files
        said = [made_up(json.dumps(content, ensure_ascii=False))]
    else:
        raise NotThis(f"'{where}' holds {kind_of(content)}, not text")
    return joined("\n", [*said, *calls]) if said or calls else piece("", (*path, key))


def _part(value: Any, path: Path, where: str) -> Piece:
    if isinstance(value, str):
        return piece(value, path)
    if isinstance(value, Mapping) and isinstance(value.get("text"), str):
        return piece(value["text"], (*path, "text"))
    raise NotThis(f"'{where}' has a part that is no text")


def unzipped(value: Any) -> Any:
    """Messages that a table holds as one object of lists ({"role": […], "content": […]}), one by one."""
    if isinstance(value, Mapping) and value and all(isinstance(its, list) for its in value.values()):
        columns = {name: its for name, its in value.items() if its}
        if len({len(its) for its in columns.values()}) == 1:
            return [dict(zip(columns, its, strict=True)) for its in zip(*columns.values(), strict=True)]
    return value


def says(role: str, text: Piece) -> list[Message]:
    """A conversation of one message."""
    return [{"role": role, "content": text}]


def alternating(texts: Sequence[Any], path: Path) -> list[Message]:
    """Plain strings that user and assistant say in turn, the user first."""
    if not texts or not all(isinstance(text, str) for text in texts):
        raise NotThis(f"'{path[0]}' is no list of texts")
    return [
        {"role": "assistant" if nth % 2 else "user", "content": piece(text, (*path, nth))}
        for nth, text in enumerate(texts)
    ]


def opening(cells: Cells) -> list[Message]:
    """What stands before the first question: a system prompt and earlier turns, where the row has them."""
    made: list[Message] = []
    system = cells.first(("system", "system_prompt"))
    if system is not None and cells.text(system):
        made += says("system", cells.text(system))
    if cells.has("history") and isinstance(history := cells.value("history"), list):
        for nth, turn in enumerate(history):  # LLaMA-Factory: pairs of a question and its answer
            made += alternating(turn if isinstance(turn, list) else [], (*cells.path("history"), nth))
    return made


def tools(cells: Cells) -> str | None:
    """The declared tools as JSON text."""
    name = cells.first(("tools", "functions"))
    value = cells.value(name) if name else None
    if value is None or value in ("", [], {}):
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
