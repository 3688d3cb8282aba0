"""What a server's answer says, read with suspicion: text, thinking, why it ended, tokens.

Whatever is missing or of another type than the protocol says counts as absent: servers differ.
"""

import re
from typing import Any, NamedTuple

from factory.errors import BadItem
from factory.llm.entries import Stored
from factory.tokens import BYTES_A_TOKEN

_THOUGHT = re.compile(  # the opening mark may stand in the prompt's template; then there is only the closing one
    r"\A\s*(?:<(think|thinking|reasoning)>(?P<one>.*?)</\1>|\[THINK\](?P<mistral>.*?)\[/THINK\]"
    r"|(?P<other>(?:(?!<think>).)*?)</think>)",
    re.DOTALL,
)
_THINKING = re.compile(r"\A\s*(?:<(?:think|thinking|reasoning)>|\[THINK\])(.*)\Z", re.DOTALL)


FINISHES = {
    "max_tokens": "length",
    "model_length": "length",
    "safety": "content_filter",
    "recitation": "content_filter",
}


class Said(NamedTuple):
    """An answer's content as the server sent it, in the order of `Call`; `text` is the refusal of a 'refusal'."""

    finish: str
    text: str
    thinking: str | None  # sent apart from the text
    tokens_in: int
    tokens_out: int
    estimated: bool


def read(answer: dict[str, Any], body: bytes) -> Said:
    """The first choice of a chat completion that answers `body`."""
    choices = answer.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    message = choice.get("message")
    message = message if isinstance(message, dict) else {}
    text = _text(message.get("content"))
    thinking = _text(message.get("reasoning_content")) or _text(message.get("reasoning"))
    finish = choice.get("finish_reason")
    finish = finish.lower() if isinstance(finish, str) and finish else "stop"
    finish = FINISHES.get(finish, finish)
    if refusal := _text(message.get("refusal")):
        text, finish = refusal, "refusal"
    usage = answer.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    tokens_in, tokens_out = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    if tokens_in is None or tokens_out is None:
        size = len((text + thinking).encode())
        return Said(finish, text, thinking or None, len(body) // BYTES_A_TOKEN, size // BYTES_A_TOKEN, True)
    return Said(finish, text, thinking or None, tokens_in, tokens_out, False)


def _text(content: object) -> str:
    """Text, or the text parts of a list of parts. Half a character and NUL become U+FFFD, as at ingest."""
    if isinstance(content, list):
        content = "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    if not isinstance(content, str):
        return ""
    if not content.isascii():
        content = content.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return content.replace("\0", "\ufffd")


def _count(tokens: object) -> int | None:
    return tokens if isinstance(tokens, int) and not isinstance(tokens, bool) and 0 <= tokens < 2**40 else None


class Reply(NamedTuple):
    """An answer that can be used. `thinking` is '' unless the model's `keep_thinking` is set."""

    text: str
    finish: str
    thinking: str
    key: str  # in the journal, as hex
    tokens_in: int
    tokens_out: int


def usable(stored: Stored, key: bytes, *, keep_thinking: bool) -> Reply:
    """An answer without its thinking. Raises BadItem for one that was cut, refused or is empty."""
    text, thinking = without_thinking(stored.text, stored.thinking)
    if stored.finish == "length":
        limit = f" ({stored.max_tokens})" if stored.max_tokens else ""
        raise BadItem("llm.cut_by_length", f"The reply was cut at max_tokens{limit}; raise it to ask this call again.")
    if stored.finish in ("refusal", "content_filter"):
        raise BadItem("llm.refused", "The model or its server refused to answer.")
    if not text.strip():
        raise BadItem("llm.empty_reply", "The reply is empty.")
    return Reply(text, stored.finish, thinking if keep_thinking else "", key.hex(), stored.tokens_in, stored.tokens_out)


def without_thinking(text: str, thinking: str | None) -> tuple[str, str]:
    """The answer and the thinking before it. Thinking that never ends is all there is: no answer."""
    before = [thinking] if thinking else []
    # Nearly all have none, and the pattern looks at every letter.
    if "</" not in text and not text.lstrip().startswith(("<", "[THINK]")):
        return text.strip() if before else text, "\n".join(before)
    if found := _THOUGHT.match(text):  # its opening mark may stand in the prompt's template
        before.append((found["one"] or found["mistral"] or found["other"] or "").strip())
        text = text[found.end() :]
    elif found := _THINKING.match(text):
        before.append(found[1].strip())
        text = ""
    return text.strip() if before else text, "\n".join(before)
