"""What the models of a run were asked and what they answered: totals, a search, and one call whole.

It reads `journal.sqlite`, also while a run writes to it. Prompts hold what generators were shown, so edited text only;
answers stand as the model gave them, before any filter of the rows.
"""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from factory.errors import WrongRequest, did_you_mean
from factory.llm.journal import Journal
from factory.llm.spend import UNIT
from factory.runs import Run
from factory.stages.models import FILE

COLUMNS = (
    "calls.id, key, unit, method, model, take, sample, max_tokens, finish, text, thinking, tokens_in, tokens_out, "
)
COLUMNS += "estimated, spent, server, tries, seconds, reason, ended"
SHORTEST_KEY = 4  # hex digits: the beginning of a key, as one types it


def totals(run: Run) -> list[dict[str, Any]]:
    """Per method and model: answered, failed, tokens, `spent` in the currency, seconds in all, tries."""
    with closing(_open(run)) as journal:
        return [{**row, "estimated": bool(row["estimated"]), "spent": row["spent"] / UNIT} for row in journal.totals()]


def search(
    run: Run, words: str = "", *, method: str = "", model: str = "", unit: str = "", reason: str = ""
) -> Iterator[dict[str, Any]]:
    """The calls that fit all that is given, in the order in which they ended, without their requests.

    `words` are looked for in answers, thinking and requests, whatever their case; `unit` is an id or how it begins;
    `reason` is one or its prefix.
    """
    asked = {
        "method = ?": method,
        "model = ?": model,
        "(unit = ? or substr(unit, 1, length(?) + 1) = ? || '/')": unit,
        "(reason = ? or substr(reason, 1, length(?) + 1) = ? || '.')": reason.rstrip("."),
        "(contains(text, ?) or contains(thinking, ?) or contains(unpacked(body), ?))": words.casefold(),
    }
    asked = {sql: value for sql, value in asked.items() if value}
    values = [value for sql, value in asked.items() for _ in range(sql.count("?"))]
    bodies = " left join requests on requests.id = request" if words else ""
    where = " and ".join(asked) or "true"
    sql = f"select {COLUMNS} from calls{bodies} where {where} order by calls.id"  # noqa: S608 # bound values
    with closing(_open(run)) as journal:
        for row in journal.select(sql, values):
            yield _shown(row)


def show(run: Run, key: str) -> list[dict[str, Any]]:
    """The calls under a key or how it begins, oldest first, each with the `request` as it was sent (None: not kept).

    Raises WrongRequest for what is no key of the journal.
    """
    sql = (
        f"select {COLUMNS}, unpacked(body) as request "  # noqa: S608 # our own words
        "from calls left join requests on requests.id = request "
        "where substr(lower(hex(key)), 1, ?) = ? order by calls.id"
    )
    wanted = key.lower()
    with closing(_open(run)) as journal:
        calls = journal.select(sql, (len(wanted), wanted)) if len(key) >= SHORTEST_KEY else ()
        found = [_shown(call) for call in calls]
    if not found:
        raise WrongRequest(
            f"No call of {run.path} has the key '{key}'. 'factory trace' shows the keys of a record; the first "
            f"{SHORTEST_KEY} digits of one may do."
        )
    return found


def reasons(run: Run) -> list[str]:
    """Why calls of the run failed."""
    with closing(_open(run)) as journal:
        return [row["reason"] for row in journal.select("select distinct reason from calls where reason is not null")]


def check_names(run: Run, **asked: str) -> None:
    """Raise WrongRequest for a `method` or `model` of which the journal has no call; '' stands for any."""
    with closing(_open(run)) as journal:
        for what, name in asked.items():
            known = sorted({row[what] for row in journal.totals()})
            if name and name not in known:
                near, there = did_you_mean(name, known), ", ".join(known)
                raise WrongRequest(
                    f"The journal of {run.path} has no call of the {what} '{name}'.{near} It has: {there}."
                )


def _open(run: Run) -> Journal:
    if not (run.path / FILE).is_file():
        raise WrongRequest(f"{run.path} has no journal: its recipe asks no model, or has not asked one yet.")
    return Journal(run.path / FILE)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """A call as people and programs read it."""
    ended = datetime.fromtimestamp(row["ended"], UTC).isoformat(timespec="seconds")
    made = {**row, "key": row["key"].hex(), "estimated": bool(row["estimated"]), "spent": row["spent"] / UNIT}
    del made["id"]
    if row.get("request") is not None:
        made["request"] = json.loads(row["request"])
    return {**made, "ended": ended}
