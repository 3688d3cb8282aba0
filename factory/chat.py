"""Chat templates: what a trainer sees of a row of messages, and which of its tokens it learns.

A template with {% generation %} markers says itself what the assistant's part is. For one without, `marked` writes an
equal one that has them: it shows the template a few conversations, reads off what it puts before, between and after
the messages, and checks that both render the same. Nothing here knows the name of a model.

`Chat` is a tokenizer with all that: trainers, preflight and audit look at rows through it, so that they agree.

Takes   a fast tokenizer of transformers (extra `[train]`), which is imported inside functions only.
Costs   about 0.2 ms a row with a template that has markers, twice that with one that was rewritten.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

from factory.errors import WrongRequest
from factory.faults import Fault
from factory.tokens import shared_prefix

ROLES = ("system", "user", "assistant", "tool")
MARKER = re.compile(r"\{%-?\s*generation\s*-?%\}")
CONTROL = re.compile(r"<\|[^|<>\s]+\|>|<[a-z]+_of_[a-z]+>|\[/?[A-Z_]{3,}\]|<</?SYS>>|<｜[^｜<>\s]+｜>")
Messages = Sequence[Mapping[str, Any]]


class Tokenizer(Protocol):
    """What is asked of a tokenizer of transformers."""

    special_tokens_map: dict[str, Any]
    added_tokens_decoder: dict[int, Any]

    def get_chat_template(self) -> str: ...
    def __call__(self, text: str, **options: Any) -> Any: ...


class Unrenderable(ValueError):
    """A row that the template does not take, or takes otherwise than its rewritten twin."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The tokens of a row, and for each whether the model learns it: the assistant's words and its end of turn."""

    ids: list[int]
    trained: list[bool]

    @property
    def labels(self) -> list[int]:
        """The ids that are learned, -100 elsewhere: what a loss of torch leaves out."""
        return [id_ if learned else -100 for id_, learned in zip(self.ids, self.trained, strict=True)]


def seen(tokenizer: Tokenizer, messages: Messages, template: str) -> Seen:
    """A row as the trainer sees it under a template with markers (`marked`). Raises Unrenderable.

    A token is learned if any of its characters lies inside the markers: offsets are compared, and not only the first
    and last character looked up, which loses the mask where a tokenizer drops a space.
    """
    _, encoded, trained = _encoded(tokenizer, messages, template)
    return Seen(list(encoded["input_ids"]), trained)


def pieces(tokenizer: Tokenizer, messages: Messages, template: str) -> list[tuple[str, bool]]:
    """The text of each token of a row, and whether the model learns it. Raises Unrenderable.

    Together they are the text that the template makes. A character that several tokens make up stands in the first.
    """
    text, encoded, trained = _encoded(tokenizer, messages, template)
    return _cut_into(text, encoded["offset_mapping"], trained)


def _cut_into(text: str, offsets: Sequence[tuple[int, int]], trained: Sequence[bool]) -> list[tuple[str, bool]]:
    """The pieces of a text that tokens stand for."""
    made: list[tuple[str, bool]] = []
    reached = 0
    for (_, end), learned in zip(offsets, trained, strict=True):
        if end > reached:
            made.append((text[reached:end], learned))
            reached = end
    return made


def _encoded(tokenizer: Tokenizer, messages: Messages, template: str) -> tuple[str, Any, list[bool]]:
    """The text of a row, the tokenizer's encoding of it, and for each token whether it is learned."""
    text, spans = render(tokenizer, messages, template)
    own = tokenizer.get_chat_template()
    if template != own and text != render(tokenizer, messages, own)[0]:
        raise Unrenderable("the model's template treats this row otherwise than the rows it was tried with")
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    return text, encoded, _inside(encoded["offset_mapping"], spans)


def _inside(offsets: Sequence[tuple[int, int]], spans: Sequence[tuple[int, int]]) -> list[bool]:
    """For each token whether it overlaps a span; both are in order."""
    inside, nth = [], 0
    for start, end in offsets:
        while nth < len(spans) and spans[nth][1] <= start:
            nth += 1
        inside.append(start < end and nth < len(spans) and spans[nth][0] < end)
    return inside


def render(
    tokenizer: Tokenizer, messages: Messages, template: str, *, ask: bool = False
) -> tuple[str, list[tuple[int, int]]]:
    """The text of a conversation, and the spans of it that the template marks as the assistant's.

    With `ask` it ends where the assistant is to begin. Raises Unrenderable where the template refuses it.
    """
    from jinja2 import TemplateError
    from transformers.utils.chat_template_utils import render_jinja_template

    try:
        found: Any = render_jinja_template(
            conversations=[[dict(message) for message in messages]],
            chat_template=template,
            return_assistant_tokens_mask=MARKER.search(template) is not None,
            add_generation_prompt=ask,
            **tokenizer.special_tokens_map,
        )
    except (TemplateError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise Unrenderable(f"the template refuses it ({type(error).__name__})") from error
    rendered, spans = found
    return rendered[0], [(start, end) for start, end in spans[0]] if spans else []


def controls(tokenizer: Tokenizer, template: str = "") -> re.Pattern[str]:
    """What must not stand in a text that is learned: special tokens, and the marks of turns of a template."""
    special = {str(token) for token in tokenizer.added_tokens_decoder.values() if getattr(token, "special", False)}
    found = special | set(CONTROL.findall(template))
    return re.compile("|".join(map(re.escape, sorted(found))) or r"(?!)")


def faults(messages: Any) -> list[str]:
    """What is wrong with the turns of a conversation that is to be learned, as short names; [] for a right one."""
    if not isinstance(messages, Sequence) or isinstance(messages, str) or not messages:
        return ["no_messages"]
    if not all(isinstance(m, Mapping) and isinstance(m.get("content"), str) for m in messages):
        return ["no_content"]
    roles = [message.get("role") for message in messages]
    said = [role for role in roles if role != "system"]
    blank = {message["role"] for message in messages if "role" in message and not message["content"].strip()}
    checks = {
        "unknown_role": not set(roles) <= set(ROLES),
        "no_answer": "assistant" not in roles,
        "empty_answer": "assistant" in blank,
        "empty_question": "user" in blank,
        "system_not_first": "system" in roles[1:],
        "answer_first": said[:1] == ["assistant"],
        "two_in_a_row": any(one == other in ("user", "assistant") for one, other in pairwise(said)),
    }
    return [name for name, holds in checks.items() if holds]


def check(messages: Any) -> None:
    """Raise Fault for what is wrong with the turns of a conversation that is to be learned."""
    for name in faults(messages):
        raise Fault(name)


def check_answer(prompt: Any, completion: Any) -> None:
    """Raise Fault for what is wrong with a prompt and an answer to it."""
    for messages in (prompt, completion):
        for name in faults(messages):
            if name in ("no_messages", "no_content", "unknown_role"):
                raise Fault(name)
    if prompt[-1]["role"] == "assistant":
        raise Fault("prompt_answered")
    if [message["role"] for message in completion] != ["assistant"]:
        raise Fault("not_an_answer")
    check([*prompt, *completion])


@dataclass(frozen=True)
class Chat:
    """A tokenizer with the template that marks what is learned, and what may not stand in a message."""

    tokenizer: Any
    template: str
    controls: re.Pattern[str]

    @classmethod
    def of(cls, tokenizer: Any, template: str) -> "Chat":
        """Of a tokenizer with its marked template; '' where no messages are rendered."""
        return cls(tokenizer, template, controls(tokenizer, template))

    def see(self, messages: Any) -> Seen:
        """A conversation that is to be learned. Raises Fault."""
        check(messages)
        self._only_text(messages)
        try:
            return seen(self.tokenizer, messages, self.template)
        except Unrenderable as error:
            raise Fault("not_rendered") from error

    def answer(self, prompt: Any, completion: Any) -> tuple[list[int], list[int]]:
        """The tokens of a prompt and of an answer to it, as TRL cuts them: where the two first differ.

        Raises Fault.
        """
        check_answer(prompt, completion)
        self._only_text([*prompt, *completion])
        try:
            own = self.tokenizer.get_chat_template()
            asked, _ = render(self.tokenizer, prompt, own, ask=True)
            whole, _ = render(self.tokenizer, [*prompt, *completion], own)
        except Unrenderable as error:
            raise Fault("not_rendered") from error
        first = self.tokenizer(asked, add_special_tokens=False, verbose=False)["input_ids"]
        both = self.tokenizer(whole, add_special_tokens=False, verbose=False)["input_ids"]
        shared = shared_prefix(first, both)
        return first[:shared], both[shared:]

    def answer_pieces(self, prompt: Any, completion: Any) -> list[tuple[str, bool]]:
        """The text of each token of a prompt and of an answer to it, and whether it is learned, as `answer` cuts them.

        Raises Fault, and Unrenderable.
        """
        asked, _ = self.answer(prompt, completion)
        text, _ = render(self.tokenizer, [*prompt, *completion], self.tokenizer.get_chat_template())
        encoded = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        learned = [nth >= len(asked) for nth in range(len(encoded["input_ids"]))]
        return _cut_into(text, encoded["offset_mapping"], learned)

    def _only_text(self, messages: Messages) -> None:
        if any(self.controls.search(message["content"]) for message in messages):
            raise Fault("control_token")


def load(place: str) -> Any:
    """The tokenizer of a model: a folder, or an id of the hub. Raises WrongRequest where none can be loaded."""
    try:
        from transformers import AutoTokenizer
    except ImportError:
        raise WrongRequest("A tokenizer needs the extra: pip install 'dataset-factory[train]'") from None
    try:
        return AutoTokenizer.from_pretrained(place)
    except (OSError, ValueError, ImportError, KeyError) as error:
        raise WrongRequest(
            f"The tokenizer of {Path(place).name} cannot be loaded. Name the folder of a model, with its "
            "tokenizer.json and tokenizer_config.json, or an id of the hub."
        ) from error


# --- markers for a template that has none ---------------------------------------------------------------------------


def marked(tokenizer: Tokenizer) -> str | None:
    """The tokenizer's chat template with markers, as it stands or rewritten; None where it cannot be rewritten.

    What is marked is what the model must write after the generation prompt: the answer and the mark of its end.
    """
    own = tokenizer.get_chat_template()
    if MARKER.search(own):
        return own
    try:
        written = _write(tokenizer, own)
        for messages in _probes():
            ask = messages[-1]["role"] == "user"
            if render(tokenizer, messages, written, ask=ask)[0] != render(tokenizer, messages, own, ask=ask)[0]:
                return None
    except (Unrenderable, _Irregular):
        return None
    return written


class _Irregular(ValueError):
    """A template that does not put its messages one after the other."""


def _said(role: str, nth: int, space: str = "") -> dict[str, str]:
    return {"role": role, "content": f"{space}zq{role[0]}{nth}x{space}"}


def _probes() -> list[list[dict[str, str]]]:
    """Conversations on which both templates must agree; none has a system message, which some refuse."""
    turns = [_said(role, nth) for nth in range(3) for role in ("user", "assistant")]
    return [turns[:length] for length in (1, 2, 3, 4, 5, 6)]


def _pieces(text: str, messages: Messages) -> list[str]:
    """What stands before, between and after the contents, each of which must be there once, in order."""
    pieces = []
    for message in messages:
        before, found, text = text.partition(message["content"].strip())
        if not found:
            raise _Irregular
        pieces.append(before)
    return [*pieces, text]


def _write(tokenizer: Tokenizer, own: str) -> str:
    """A template with markers that puts around messages what `own` was seen to put there."""
    talk = [_said(role, nth) for nth in range(2) for role in ("user", "assistant")]
    head, opening, between, last_opening, end = _pieces(render(tokenizer, talk, own)[0], talk)
    asked = _pieces(render(tokenizer, talk[:1], own, ask=True)[0], talk[:1])[1]
    unanswered = _pieces(render(tokenizer, talk[:1], own)[0], talk[:1])[1]
    if not last_opening.startswith(opening) or not asked.startswith(opening):
        raise _Irregular
    close = re.sub(r"[<\[][^<>\[\]]*\Z", "", _shared(between, end))  # not half of a mark such as <|user|>
    first = _head(tokenizer, own, head)
    user, answer = (_content(tokenizer, own, role) for role in ("user", "assistant"))
    thought = _literal(last_opening[len(opening) :])  # what some write before the last answer only, such as <think>
    return (
        f"{first}{{% for message in talk %}}{{% if message.role == 'user' %}}{user}"
        f"{{% if not loop.last %}}{_literal(opening)}{{% elif add_generation_prompt %}}{_literal(asked)}"
        f"{{% else %}}{_literal(unanswered)}{{% endif %}}"
        f"{{% elif message.role == 'assistant' %}}{{% generation %}}{{% if loop.last %}}{thought}{{% endif %}}{answer}"
        f"{_literal(close)}{{% if loop.last %}}{_literal(end[len(close) :])}{{% endif %}}{{% endgeneration %}}"
        f"{{% if not loop.last %}}{_literal(between[len(close) :])}{{% endif %}}"
        f"{{% else %}}{{{{ raise_exception('a role that was not tried') }}}}{{% endif %}}{{% endfor %}}"
    )


def _shared(one: str, other: str) -> str:
    """What two strings begin with in common."""
    return one[: shared_prefix(one, other)]


def _head(tokenizer: Tokenizer, own: str, without: str) -> str:
    """What comes before the first question: with a system message, and without one."""
    talk = [_said("system", 0), _said("user", 0), _said("assistant", 0)]
    try:
        before, after, *_ = _pieces(render(tokenizer, talk, own)[0], talk)
    except (Unrenderable, _Irregular):  # it takes none, or drops it: then rows with one are refused, not changed
        return f"{_literal(without)}{{% set talk = messages %}}"
    system = _content(tokenizer, own, "system").replace("message.", "messages[0].")
    return (
        f"{{% if messages[0].role == 'system' %}}{_literal(before)}{system}{_literal(after)}"
        f"{{% set talk = messages[1:] %}}{{% else %}}{_literal(without)}{{% set talk = messages %}}{{% endif %}}"
    )


def _content(tokenizer: Tokenizer, own: str, role: str) -> str:
    """The expression for a content of this role: some templates trim it."""
    talk = [_said(name, 0, "  " if name == role else "") for name in ("system", "user", "assistant")]
    kept = talk[["system", "user", "assistant"].index(role)]["content"]
    rendered = render(tokenizer, talk if role == "system" else talk[1:], own)[0]
    return "{{ message.content }}" if kept in rendered else "{{ message.content | trim }}"


def _literal(text: str) -> str:
    """Fixed text as an expression of Jinja, whose strings have Python's escapes."""
    return f"{{{{ {text!r} }}}}" if text else ""
