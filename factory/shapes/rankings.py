"""Several answers to one prompt with ranks, scores or a winner; OpenAssistant's trees."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from factory.shapes.answers import ASKS, Made, asked
from factory.shapes.cells import Cells, NotThis
from factory.shapes.messages import ROLES, Message, alternating, conversation, is_messages, says
from factory.shapes.pieces import Path, Piece, piece

LISTS = ("completions", "responses", "replies", "answers", "candidates", "outputs")
RANKS = ("ranks", "rank", "ranking")
SCORES = ("scores", "score", "ratings", "rewards")
TEXTS = ("text", "content", "response", "answer", "output", "completion", "value")
SCORED = ("rank", "score", "overall_score", "rating", "reward")
WINNERS = ("winner", "better", "preference", "preferred", "better_response_id", "chosen_id", "label")
FROM = ("winner_from_0", "winner_from_1")
SIDE = re.compile(r"(.+)_(0|1|2|a|b|x|y)")
SIDES = (("0", "1"), ("1", "2"), ("a", "b"), ("x", "y"))


def ranking(cells: Cells) -> Iterator[Made]:
    """A prompt, a list of answers, and their ranks (0 is best) or scores (higher is better)."""
    name = cells.first(LISTS)
    values: Any = cells.value(name) if name else None
    if name is None or not isinstance(values, list) or len(values) < 2:
        raise NotThis("there is no list of two or more answers")
    path = cells.path(name)
    ranks = [_rank(its) for its in values] if isinstance(values[0], Mapping) else None
    texts = [_answer(its, (*path, nth)) for nth, its in enumerate(values)]
    yield _ranked(_prompt(cells), texts, ranks or _listed(cells, len(values)))


def _prompt(cells: Cells) -> list[Message]:
    if cells.first(ASKS) is None and isinstance(cells.value("context"), list):  # the turns before, as plain texts
        return alternating(cells.value("context"), cells.path("context"))
    return asked(cells)


def _answer(value: Any, path: Path) -> list[Message]:
    if isinstance(value, str):
        return says("assistant", piece(value, path))
    if is_messages(value):
        return conversation(value, path)
    name = next((n for n in TEXTS if isinstance(value, Mapping) and isinstance(value.get(n), str)), None)
    if name is None:
        raise NotThis(f"'{path[0]}[{path[1]}]' has no text")
    return says("assistant", piece(value[name], (*path, name)))


def _rank(value: Any) -> float:
    """A number that is smaller where the answer is better."""
    name = next((n for n in SCORED if isinstance(value, Mapping) and isinstance(value.get(n), int | float)), None)
    if name is None:
        raise NotThis("an answer has neither rank nor score")
    return float(value[name] if name == "rank" else -value[name])


def _listed(cells: Cells, count: int) -> list[float]:
    name = cells.first(RANKS) or cells.first(SCORES)
    value = cells.value(name) if name else None
    if not isinstance(value, list) or len(value) != count or not all(isinstance(its, int | float) for its in value):
        raise NotThis("there are not as many ranks or scores as answers")
    return [float(its) if name in RANKS else -float(its) for its in value]


def _ranked(prompt: list[Message], answers: list[list[Message]], keys: Sequence[float]) -> Made:
    """Ranks from 0, without gaps; equal keys share one."""
    order = {key: rank for rank, key in enumerate(sorted(set(keys)))}
    return "ranking", {"prompt": prompt, "completions": answers, "ranks": [order[key] for key in keys]}


def comparison(cells: Cells) -> Iterator[Made]:
    """A prompt, two answers side by side, and which one won; a tie ranks both the same."""
    left, right, sides = _two(cells)
    name = cells.first((*FROM, *WINNERS))
    if name is None:
        raise NotThis("there is no column that says which answer is better")
    ranks = _won(cells.value(name), name, sides, (left, right))
    prompt = [] if is_messages(cells.value(left)) else asked(cells)
    yield _ranked(prompt, [_whole(cells, left), _whole(cells, right)], ranks)


def _two(cells: Cells) -> tuple[str, str, tuple[str, str]]:
    """The names of two columns that differ in their last letter or digit."""
    by_stem: dict[str, dict[str, str]] = {}
    for name in cells.names():
        if (found := SIDE.fullmatch(name)) and cells.has(name):
            by_stem.setdefault(found[1], {})[found[2]] = name
    for its in by_stem.values():
        for sides in SIDES:
            texts = [cells.value(its[side]) for side in sides if side in its]
            if len(texts) == 2 and len(its) == 2 and all(isinstance(v, str) or is_messages(v) for v in texts):
                return its[sides[0]], its[sides[1]], sides
    raise NotThis("there are no two answers side by side")


def _whole(cells: Cells, name: str) -> list[Message]:
    value = cells.value(name)
    return conversation(value, cells.path(name)) if is_messages(value) else says("assistant", cells.text(name))


def _won(value: Any, name: str, sides: tuple[str, str], columns: tuple[str, str]) -> list[float]:
    said = str(value).strip().lower().replace(" ", "_") if isinstance(value, str | int) else ""
    if name in FROM:
        first = int(name[-1])
        wins = ({str(first)}, {str(first + 1)})
    else:
        wins = tuple({side, f"model_{side}", column} for side, column in zip(sides, columns, strict=True))  # type: ignore[assignment] # of two
    if said in wins[0] or said in wins[1]:
        return [0.0, 1.0] if said in wins[0] else [1.0, 0.0]
    if name in FROM or said.startswith("tie") or said in ("equal", "same", "both"):
        return [0.0, 0.0]
    raise NotThis(f"what '{name}' holds names neither answer")


def numbered_otherwise(rows: Sequence[Cells]) -> str | None:
    """Where answers 1 and 2 are judged by a column that has a 0 too, nobody can tell what 1 means: its name."""
    for cells in rows:
        try:
            _, _, sides = _two(cells)
        except NotThis:
            continue
        name = cells.first((*FROM, *WINNERS))
        if name in WINNERS and sides == ("1", "2") and str(cells.value(name)) == "0":
            return str(cells.path(name)[-1])
    return None


def trees(cells: Cells) -> Iterator[Made]:
    """OpenAssistant (Köpf et al. 2023): the best thread of a tree as messages, its ranked replies as rankings.

    Best is the reply that people ranked first. What was deleted, or did not pass their review, is left out.
    """
    root = cells.value("prompt")
    if not isinstance(root, Mapping) or "replies" not in root or not isinstance(root.get("text"), str):
        raise NotThis("there is no tree of replies below 'prompt'")
    thread = _thread(root, cells.path("prompt"))
    while thread and thread[-1]["role"] != "assistant":
        thread.pop()
    if thread:
        yield "sft", {"messages": thread, "context": None, "tools": None}
    yield from _rankings(root, cells.path("prompt"), [])


def _replies(node: Mapping[str, Any], path: Path) -> list[tuple[Mapping[str, Any], Path]]:
    """The replies to a message that count, the best first."""
    replies = node.get("replies") or []
    if not isinstance(replies, list):
        raise NotThis("'replies' is no list")
    found = [(its, (*path, "replies", nth)) for nth, its in enumerate(replies) if _counts(its)]
    return sorted(found, key=lambda pair: pair[0]["rank"] if isinstance(pair[0].get("rank"), int) else len(replies))


def _counts(node: Any) -> bool:
    if not isinstance(node, Mapping) or not isinstance(node.get("text"), str):
        raise NotThis("a reply has no text")
    return not node.get("deleted") and node.get("review_result") is not False


def _said(node: Mapping[str, Any], path: Path) -> Message:
    role = ROLES.get(str(node.get("role")).lower())
    if role is None:
        raise NotThis("a reply has a role that is neither prompter nor assistant")
    text: Piece = piece(node["text"], (*path, "text"))
    return {"role": role, "content": text}


def _thread(node: Mapping[str, Any], path: Path) -> list[Message]:
    made = [_said(node, path)]
    while replies := _replies(node, path):
        node, path = replies[0]
        made.append(_said(node, path))
    return made


def _rankings(node: Mapping[str, Any], path: Path, before: list[Message]) -> Iterator[Made]:
    here = [*before, _said(node, path)]
    replies = _replies(node, path)
    ranked = [(its, at) for its, at in replies if isinstance(its.get("rank"), int)]
    if here[-1]["role"] == "user" and len(ranked) > 1:
        yield _ranked(here, [[_said(its, at)] for its, at in ranked], [its["rank"] for its, _ in ranked])
    for its, at in replies:
        yield from _rankings(its, at, here)
