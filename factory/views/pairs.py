"""The pairs of a run, as they leave, with what is noted of each.

Pairs are preference rows, and of each ranking the pairs of answers that differ in rank, under the ids that the export
gives them. What `meta` notes of a ranking's answers in lists (`scores`, `written_by`) is noted of its pairs.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

from factory.corpus import kept_records, record_tables
from factory.preferences import SCORED, is_number
from factory.runs import Run

PLANTED = ("change", "fault")  # what a generator notes that made the worse answer of the better one
SIDE_BY_SIDE = "comparison"  # the shape whose answers stand in the file as the judge saw them
LONGEST_NAME = 100


class Pair(NamedTuple):
    """Two answers of one prompt, and what is noted of them and their judgement."""

    id: str
    prompt: str
    chosen: str
    rejected: str
    meta: Mapping[str, Any]


def pairs(run: Run) -> Iterator[Pair]:
    """Every pair that leaves, in the order of the records; nothing before the export."""
    if not run.stands("export"):
        return
    shapes = {place: its["name"] for place, its in run.counts("read").get("files", {}).items()}
    for table in record_tables(run):
        if table.kind not in ("preference", "ranking"):
            continue
        for row in kept_records(run, table):
            meta = json.loads(row["meta"])
            if table.kind == "preference":
                yield Pair(row["id"], said(row["prompt"]), said(row["chosen"]), said(row["rejected"]), meta)
            else:
                shape = shapes.get(str(meta.get("row")).rpartition(":")[0])
                yield from _of_ranking(row, meta, side_by_side=shape == SIDE_BY_SIDE)


def said(messages: Sequence[Mapping[str, Any]]) -> str:
    """The text of messages, a line end between."""
    return "\n".join(message["content"] or "" for message in messages)


def _of_ranking(row: Mapping[str, Any], meta: Mapping[str, Any], *, side_by_side: bool) -> Iterator[Pair]:
    prompt, answers, ranks = said(row["prompt"]), [said(its) for its in row["completions"]], row["ranks"]
    once = {name: meta[name] for name in ("judged", "unstable") if name in meta}  # counts of the whole ranking
    for i, j in combinations(range(len(answers)), 2):
        if ranks[i] != ranks[j]:
            better, worse = (i, j) if ranks[i] < ranks[j] else (j, i)
            noted = {"models": meta.get("models"), **_picked(meta, better, worse, len(answers)), **once}
            if side_by_side:
                noted["chosen_shown"] = "first" if better < worse else "second"
            yield Pair(f"{row['id']}/{i}-{j}", prompt, answers[better], answers[worse], noted)
            once = {}


def _picked(meta: Mapping[str, Any], better: int, worse: int, of: int) -> dict[str, Any]:
    """What is noted of two answers of a ranking, as it would be noted of a pair."""
    lists = {name: meta.get(name) for name in ("scores", "written_by")}
    found = {name: (its[better], its[worse]) for name, its in lists.items() if isinstance(its, list) and len(its) == of}
    made: dict[str, Any] = {"written_by": list(found["written_by"])} if "written_by" in found else {}
    if "scores" in found:
        made |= dict(zip(("score_chosen", "score_rejected"), found["scores"], strict=True))
    return made


def is_minimal(meta: Mapping[str, Any]) -> bool:
    """Whether a generator changed one thing and noted which, as `contrast` and `corrupt` do; never of rows read."""
    return "row" not in meta and any(meta.get(name) for name in PLANTED)


def scores_of(meta: Mapping[str, Any]) -> Iterator[tuple[str, tuple[float, float]]]:
    """Each score that `meta` has of both answers: `score_chosen` and `score_rejected`, `chosen_rating` and so on."""
    for key, value in meta.items():
        found = SCORED.fullmatch(key)
        other = meta.get(key.replace("chosen", "rejected", 1)) if found else None
        if found and is_number(value) and is_number(other):
            yield found["after"] or found["before"], (value, other)


def writers_of(meta: Mapping[str, Any]) -> tuple[str | None, list[str]]:
    """The model that judged, and those that wrote the chosen and the rejected answer, as their servers call them."""
    models: Any = meta.get("models") or {}
    writers = meta.get("written_by")
    if not isinstance(writers, list) or len(writers) != 2 or not all(isinstance(its, str) for its in writers):
        return None, []
    return models.get("judge"), [str(models.get(its, its))[:LONGEST_NAME] for its in writers]
