"""Rows for people to read: a sample over kinds, methods, documents, scores and what the checks said.

Rows that a check rejected are among them, unmarked: who reads only what a judge kept can say nothing of the judge. Of
rejected rows only those are shown that no filter which takes out values was still to see.

Costs   one pass over the tables for the draw, about 300 bytes a row; a second one for the texts of the rows drawn.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import floor
from typing import Any

import numpy as np

from factory import records, reviews, tables, verdicts
from factory.corpus import Kept, Table, apply_verdicts, kept, kept_records, record_tables
from factory.drawing import draw
from factory.errors import WrongRequest
from factory.lookup import Origins
from factory.origins import ORIGINS
from factory.runs import Run
from factory.stages.target import NAME as TARGET
from factory.views import declared
from factory.views.scrubbed import last_scrubber, may_show_passages

PLUGIN = "review"  # the filter that applies what people decided
SOURCE_CHARS = 4000  # of the passages beside a row: a cell that can still be read
SCORES = ("margin", "score")  # what generators note of a row, in `meta`
EVIDENCE = ("lowest", "mean")  # what a judge says of one


@dataclass(frozen=True)
class _Drawable:
    """One row that may be read, without its text."""

    id: str
    document: str
    stratum: tuple[str, str, str, str]  # kind, method, who rejected it, score
    score: float | None
    draw: bytes


def sample(run: Run, count: int, seed: int) -> list[dict[str, str]]:
    """At most `count` rows, as the columns of a review; the strata take turns, in each the documents do.

    Raises WrongRequest where the run has no filtered records.
    """
    if not run.stands("filter.records"):
        raise WrongRequest(f"{run.path} has no records to review. Make them with: factory generate {run.path}")
    chosen = {one.id: one for one in _drawn(run, count, seed)}
    found = {row["id"]: row for row in _rows(run, chosen)}
    return [found[id_] for id_ in chosen]


def hidden(run: Run) -> dict[str, int]:
    """How many rows each filter rejected that nobody is shown: a filter that takes out values was still to come."""
    order = [name for name in run.counts("filter.records")["order"] if name != TARGET]
    counts = run.counts("filter.records")["filters"]
    unseen = {name: counts[name]["rejected"] for name in order[: last_scrubber(run, order)]}
    return {name: rejected for name, rejected in unseen.items() if rejected}


def by_people(run: Run) -> list[str]:
    """The filters of records that apply what people decided."""
    return [use.instance for use in declared.filters(run)["records"] if use.plugin == PLUGIN]


def shown(run: Run, *, as_read: bool = False) -> Iterator[tuple[Table, Kept, Mapping[int, str]]]:
    """Of each kind its table, the rows that people may read, as they stood then, and by whom some were rejected.

    With `as_read` as they stood before anything that people decided was applied.
    """
    order = [name for name in run.counts("filter.records")["order"] if name != TARGET]
    if as_read:
        order = order[: min((order.index(name) for name in by_people(run)), default=None)]
    first = last_scrubber(run, order) + 1
    for table in record_tables(run):
        state, rejected = kept(run, table, order=order[:first]), dict[int, str]()
        alive, edits = state.alive.copy(), state.edits
        for name in order[first:]:
            before, edits = state.alive.copy(), dict(state.edits)
            apply_verdicts(state, table.verdicts / f"{name}.parquet")
            for position in np.flatnonzero(before & ~state.alive).tolist():
                rejected[position] = name
                state.edits.update({position: edits[position]} if position in edits else {})
        if TARGET in run.counts("filter.records")["order"]:  # past the target is no fault of a row
            end = kept(run, table)
            for position in np.flatnonzero(state.alive & ~end.alive).tolist():
                alive[position] = False
        yield table, Kept(alive, state.edits), rejected


def _drawn(run: Run, count: int, seed: int) -> list[_Drawable]:
    strata: dict[tuple[str, ...], list[_Drawable]] = {}
    for one in _drawable(run, seed):
        strata.setdefault(one.stratum, []).append(one)
    queues = [_by_documents(strata[name]) for name in sorted(strata)]
    found: list[_Drawable] = []
    while len(found) < count and any(queues):
        for queue in queues:
            if queue and len(found) < count:
                found.append(queue.pop())
    return found


def _by_documents(rows: list[_Drawable]) -> list[_Drawable]:
    """In the order of the draw, one row of each document before the second of any; the first stands last."""
    turn: dict[str, int] = {}
    ordered = []
    for one in sorted(rows, key=lambda one: one.draw):
        turn[one.document] = turn.get(one.document, 0) + 1
        ordered.append((turn[one.document], one.draw, one))
    return [one for *_, one in sorted(ordered, key=lambda entry: entry[:2], reverse=True)]


def _drawable(run: Run, seed: int) -> Iterator[_Drawable]:
    people = by_people(run)
    for table, state, rejected in shown(run):
        judged = _scores(run, table)
        rows = tables.rows(table.folder, table.schema, columns=["id", "method", "meta"])
        for position, row in enumerate(rows):
            if not state.alive[position] or rejected.get(position) in people:
                continue
            meta = json.loads(row["meta"])
            noted = next((meta[name] for name in SCORES if isinstance(meta.get(name), int | float)), None)
            score = judged.get(row["id"], noted)
            level = "" if score is None else str(floor(score))
            drawn = draw(seed, row["id"])
            stratum = (table.kind, row["method"], rejected.get(position, ""), level)
            yield _Drawable(row["id"], next(iter(meta["documents"]), ""), stratum, score, drawn)


def _scores(run: Run, table: Table) -> dict[str, float]:
    """What judges noted of rows, by id."""
    found: dict[str, float] = {}
    for name in run.counts("filter.records")["order"]:
        for batch in tables.read_file(table.verdicts / f"{name}.parquet", verdicts.SCHEMA, columns=["id", "evidence"]):
            for row in batch.filter(batch["evidence"].is_valid()).to_pylist():
                evidence = json.loads(row["evidence"])
                if key := next((key for key in EVIDENCE if key in evidence), None):
                    found[row["id"]] = float(evidence[key])
    return found


def _rows(run: Run, chosen: Mapping[str, _Drawable]) -> Iterator[dict[str, str]]:
    """The rows that were drawn, as they stand in the file."""
    origins = Origins(run, ORIGINS[:1]) if may_show_passages(run) else None
    for table, state, _ in shown(run):
        for row in kept_records(run, table, state):
            if row["id"] in chosen:
                yield _as_read(table.kind, row, chosen[row["id"]].score, origins)


def _as_read(kind: str, row: dict[str, Any], score: float | None, origins: Origins | None) -> dict[str, str]:
    meta, strings = json.loads(row["meta"]), records.texts(kind, row)
    said = reviews.answers(kind, strings)
    order = reviews.drawn(row["id"], len(said))
    read = {*(string.field for string in said), "context", "label"}
    asked = [string for string in strings if string.field not in read]
    passages = [*meta["parents"], *(quote["passage"] for quote in meta["quotes"])]
    source = "\n\n".join(passage.text for passage in origins.passages(passages, ORIGINS[0])) if origins else ""
    return {
        "id": row["id"], "digest": reviews.mark(kind, row, strings), "kind": kind, "method": row["method"],
        "place": ", ".join(meta["paths"]), "label": "" if row.get("label") is None else str(row["label"]).lower(),
        "score": "" if score is None else f"{score:g}", "question": _joined(asked), "context": row.get("context") or "",
        "answer": said[0].text if len(said) == 1 else "\n\n".join(
            f"{nth}) {said[place].text}" for nth, place in enumerate(order, start=1)),
        "quotes": "\n".join(quote["text"] for quote in meta["quotes"]),
        "source": source if len(source) <= SOURCE_CHARS else f"{source[:SOURCE_CHARS]} …",
        **dict.fromkeys(reviews.TO_FILL, ""),
    }  # fmt: skip


def _joined(asked: list[records.Text]) -> str:
    """One question as it is; several turns each after who says it."""
    return asked[0].text if len(asked) == 1 else "\n\n".join(f"{one.role}: {one.text}" for one in asked)
