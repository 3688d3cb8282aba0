"""Instructions, questions and prompts with an answer: Alpaca, Dolly, prompt–completion, question–answer, seed tasks."""

from collections.abc import Iterator, Mapping
from typing import Any

from factory.shapes.cells import Cells, NotThis, kind_of
from factory.shapes.messages import Message, conversation, is_message, is_messages, opening, says, tools
from factory.shapes.pieces import Path, Piece, joined, made_up, piece

Made = tuple[str, dict[str, Any]]  # the kind of a record, its columns
ASKS = ("instruction", "prompt", "question", "query", "problem", "user", "input")
ANSWERS = (
    "output", "completion", "response", "answer", "answers", "best_answer", "solution", "canonical_solution", "target",
    "assistant", "code",
)  # fmt: skip
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def sft(cells: Cells, messages: list[Message], context: Piece | None = None) -> Made:
    """A record of messages."""
    return "sft", {"messages": messages, "context": context, "tools": tools(cells)}


def asked(cells: Cells) -> list[Message]:
    """The prompt of a row, whatever its column is called, with what stands before it."""
    name = cells.first(ASKS)
    if name is None:
        raise NotThis("there is no prompt")
    value = cells.value(name)
    if is_messages(value):
        return [*opening(cells), *conversation(value, cells.path(name))]
    return [*opening(cells), *says("user", _with_input(cells, name))]


def _with_input(cells: Cells, name: str) -> Piece:
    """An instruction, and below it the input that some of them have."""
    said = cells.text(name)
    below = [cells.text("input")] if name == "instruction" and cells.has("input") else []
    return joined("\n\n", [said, *(text for text in below if text.strip())])


def answered(cells: Cells, name: str) -> list[Message]:
    """The answer of a row: a text, a message, several, or a list of texts of which the first counts."""
    value, path = cells.value(name), cells.path(name)
    if is_messages(value) or is_message(value):
        return conversation(value, path)
    return says("assistant", _first_text(value, path) if isinstance(value, list | Mapping) else cells.text(name))


def _first_text(value: Any, path: Path) -> Piece:
    """The first of several answers that all are right (SQuAD: `{"text": [...]}`); none is an unanswerable question."""
    if isinstance(value, Mapping):
        value, path = value.get("text"), (*path, "text")
    if value == []:
        return made_up("")
    if isinstance(value, list) and isinstance(value[0], Mapping) and isinstance(value[0].get("text"), str):
        return piece(value[0]["text"], (*path, 0, "text"))
    if isinstance(value, list) and isinstance(value[0], str):
        return piece(value[0], (*path, 0))
    raise NotThis(f"'{path[0]}' holds {kind_of(value)}, not text")


def pairs(cells: Cells) -> Iterator[Made]:
    """A prompt and its answer; a context apart, where there is one."""
    name = cells.first(ANSWERS)
    if name is None:
        raise NotThis(_no_answer(cells))
    context = cells.first(("context", "passage"))
    its = cells.text(context) if context and isinstance(cells.value(context), str) else None
    yield sft(cells, [*asked(cells), *answered(cells, name)], its or None)


def _no_answer(cells: Cells) -> str:
    empty = next((name for name in ANSWERS if cells.there(name)), None)
    return f"'{empty}' is null" if empty else "there is no answer"


def in_context(cells: Cells) -> Iterator[Made]:
    """A question that a text beside it answers."""
    if not isinstance(cells.value("context"), str):
        raise NotThis(f"'context' holds {kind_of(cells.value('context'))}, not text")
    return pairs(cells)


def multiple_choice(cells: Cells) -> Iterator[Made]:
    """A question with lettered choices; the answer is the text of the right one."""
    name = cells.first(("question", "prompt", "problem"))
    right = cells.first(("answer", "answerkey", "answer_key", "label", "correct"))
    if name is None or right is None or not cells.has("choices"):
        raise NotThis("there are no question, choices and answer")
    value, path = cells.value("choices"), cells.path("choices")
    labels: list[Any] = []
    if isinstance(value, Mapping):  # ARC: {"text": [...], "label": [...]}
        labels = value.get("label") or []
        value, path = value.get("text"), (*path, "text")
    if not isinstance(value, list) or not value or not all(isinstance(its, str) for its in value):
        raise NotThis("'choices' is no list of texts")
    choices = [piece(text, (*path, nth)) for nth, text in enumerate(value)]
    said = [joined(". ", [made_up(_letter(nth)), text]) for nth, text in enumerate(choices)]
    answer = choices[_right(cells.value(right), value, labels)]
    yield sft(cells, [*says("user", joined("\n", [cells.text(name), *said])), *says("assistant", answer)])


def _letter(nth: int) -> str:
    return LETTERS[nth] if nth < len(LETTERS) else str(nth + 1)


def _right(answer: Any, choices: list[str], labels: list[Any]) -> int:
    """Which choice is right: by its place, its label, its letter, or its own text."""
    if isinstance(answer, int) and not isinstance(answer, bool) and 0 <= answer < len(choices):
        return answer
    if answer in labels and labels.index(answer) < len(choices):
        return labels.index(answer)
    if answer in choices:
        return choices.index(answer)
    if isinstance(answer, str) and len(answer) == 1 and answer.upper() in LETTERS[: len(choices)]:
        return LETTERS.index(answer.upper())
    raise NotThis("the answer is none of the choices")


def seed_tasks(cells: Cells) -> Iterator[Made]:
    """Self-Instruct (Wang et al. 2022): an instruction and instances, each an input and an output."""
    instances = cells.value("instances")
    if not isinstance(instances, list) or not instances or not cells.has("instruction"):
        raise NotThis("there are no instruction and instances")
    instruction = cells.text("instruction")
    for nth, its in enumerate(instances):
        if not isinstance(its, Mapping) or not isinstance(its.get("output"), str):
            raise NotThis(f"'instances[{nth}]' has no output")
        path = (*cells.path("instances"), nth)
        given = its.get("input")
        below = [piece(given, (*path, "input"))] if isinstance(given, str) and given.strip() else []
        answer = piece(its["output"], (*path, "output"))
        yield sft(cells, [*says("user", joined("\n\n", [instruction, *below])), *says("assistant", answer)])


def prompts(cells: Cells) -> Iterator[Made]:
    """A prompt and nothing else: for generation, or for training against a reward."""
    name = cells.first(("prompt", "instruction", "question", "query", "problem"))
    if name is None:
        raise NotThis("there is no prompt")
    yield sft(cells, asked(cells))
