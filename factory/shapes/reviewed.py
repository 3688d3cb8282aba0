"""Rows of a run that people read (`factory export RUN --review`), as feedback.

A row of one answer gives a thumb, or a pair whose better side is the corrected answer. One of several answers gives
their ranking: as a person ranks them or, approved, as the row did. A text asks nothing, so it gives nothing.

What was shown in cells is put together again as it stood in the row, and believed where its digest is that of the row:
what was changed since, or cannot be told apart in its cell, is `feedback.not_understood`.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from factory import records, reviews
from factory.errors import BadItem
from factory.shapes.answers import Made
from factory.shapes.cells import Cells, NotThis
from factory.shapes.messages import Message, says
from factory.shapes.pieces import joined, made_up

TURN = re.compile(r"(?:\A|\n\n)(system|user|assistant|tool): ")
LABELS = {"true": True, "false": False}
NEEDS = ("id", "digest", "kind")
NO_QUESTION = "It is no answer to anything: what people say of it is for the filter 'review'. Nothing is to be done."
NOT_RATED = "Nobody said which answer is good, or better. Nothing is to be done."
CHANGED = "Its texts are not those that the digest is of. Put the cells back as they were written."
Columns = dict[str, Any]
Cell = Callable[[str], str]


def reviewed(cells: Cells) -> Iterator[Made]:
    """What a person says of a row, as records. Raises BadItem where it is nothing to learn from."""
    missing = [name for name in reviews.COLUMNS if not cells.there(name)]
    if missing:
        raise NotThis(f"there is no column '{missing[0]}'")
    shown = {name: "" if (value := cells.value(name)) is None else str(value) for name in reviews.COLUMNS}
    kind = shown["kind"]
    try:
        decision = reviews.decided(shown, "The row")
    except ValueError as error:
        raise BadItem("feedback.not_understood", f"{error}.") from None
    if kind in ("text", "labels"):
        raise BadItem("feedback.no_question", NO_QUESTION)
    if decision is None or (decision.says == "reject" and kind != "sft"):
        raise BadItem("feedback.not_rated", NOT_RATED)
    row, cell = _as_it_stood(shown, decision)
    yield _ranked(kind, row, decision) if kind in reviews.RANKED else _judged(kind, row, decision, cell)


def _ranked(kind: str, row: Columns, decision: reviews.Decision) -> Made:
    answers = row["completions"] if kind == "ranking" else [row["chosen"], row["rejected"]]
    ranks = list(decision.ranks or decision.row_ranks)
    return "ranking", {"prompt": row["prompt"], "completions": answers, "ranks": ranks}


def _judged(kind: str, row: Columns, decision: reviews.Decision, cell: Cell) -> Made:
    prompt, answer = (row["prompt"], row["completion"]) if kind == "feedback" else _asked(row)
    if decision.says == "edit":
        better = says("assistant", made_up(cell(decision.text)))
        return "preference", {"prompt": prompt, "chosen": better, "rejected": answer}
    label = row["label"] if kind == "feedback" else decision.says == "approve"
    return "feedback", {"prompt": prompt, "completion": answer, "label": label}


def _asked(row: Columns) -> tuple[list[Message], list[Message]]:
    """The prompt of a row of messages, with its context before the last question, and its answer."""
    *before, last, answer = row["messages"]
    if row["context"]:
        last = {**last, "content": joined("\n\n", [made_up(row["context"]), made_up(last["content"])])}
    return [*before, last], [answer]


def _as_it_stood(shown: Mapping[str, str], decision: reviews.Decision) -> tuple[Columns, Cell]:
    """The columns of the row whose digest stands in the file, and how its cells are read.

    Raises BadItem where what was shown is not that row.
    """
    cells: tuple[Cell, ...] = (reviews.plain, str)  # of CSV with its apostrophes, or of JSONL
    for cell, turns in product(cells, (_one, _several)):
        said = {name: cell(text) for name, text in shown.items()}
        row = _row(said["kind"], said, turns(said["question"]), decision)
        if row is not None and reviews.digest(said["kind"], records.texts(said["kind"], row)) == decision.digest:
            return row, cell
    raise BadItem("feedback.not_understood", CHANGED)


def _row(kind: str, said: Mapping[str, str], asked: list[Message], decision: reviews.Decision) -> Columns | None:
    answers = [said["answer"]] if kind not in reviews.RANKED else _numbered(said["answer"], decision)
    its = [says("assistant", made_up(answer)) for answer in answers]
    if not its or not asked:
        return None
    match kind:
        case "sft":
            return {"messages": [*asked, *its[0]], "context": said["context"] or None, "tools": None}
        case "feedback":
            return {"prompt": asked, "completion": its[0], "label": LABELS.get(said["label"])}
        case "preference":
            return {"prompt": asked, "chosen": its[0], "rejected": its[1]}
        case "ranking":
            return {"prompt": asked, "completions": its, "ranks": list(decision.row_ranks)}
    return None


def _one(question: str) -> list[Message]:
    return says("user", made_up(question))


def _several(question: str) -> list[Message]:
    """Turns, each after who says it."""
    parts = TURN.split(question)[1:]
    return [{"role": role, "content": made_up(text)} for role, text in zip(parts[::2], parts[1::2], strict=True)]


def _numbered(text: str, decision: reviews.Decision) -> Sequence[str]:
    """Several answers in the order of the row; none where they cannot be told apart."""
    count, rest, found = len(decision.row_ranks), f"\n\n{text}", list[str]()
    for nth in range(1, count + 1):
        _, mark, rest = rest.partition(f"\n\n{nth}) ")
        after = rest.find(f"\n\n{nth + 1}) ") if nth < count else len(rest)
        if not mark or after < 0:
            return ()
        found.append(rest[:after])
        rest = rest[after:]
    order = reviews.drawn(decision.id, count)
    return [found[order.index(place)] for place in range(count)]
