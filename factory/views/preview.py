"""The first units of each method from end to end: what was asked and said, which rows it made, what became of them.

Prompts hold what a generator was shown, replies stand as the model gave them; of a row that was rejected only its
verdicts are repeated.

Costs   a few passes over the tables of the run a row: for the few units of a limited run.
"""

from collections.abc import Iterator
from typing import Any

from factory import records, tables
from factory.corpus import record_tables
from factory.runs import Run
from factory.stages.models import FILE
from factory.stages.target import READ
from factory.stages.units import UNITS
from factory.views import journal
from factory.views.trace import trace


def preview(run: Run, count: int) -> list[dict[str, Any]]:
    """The first `count` units of each method in plan order.

    {"unit", "method", "outcome", "reason", "calls": [{"key", "prompt", "reply", "finish", "reason"}], "rows": [{"id",
    "kept", "texts": [{"field", "role", "text"}], "verdicts": [{"by", "outcome", "reason", "evidence", "calls"}]}]}
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for unit in sorted(tables.rows(run.path / "units", UNITS), key=lambda row: row["rank"]):
        its = found.setdefault(unit["method"], [])
        if unit["rank"] != READ and len(its) < count:
            its.append(unit)
    chosen = [unit for units in found.values() for unit in units]
    ids = _ids(run, {(unit["unit"], unit["method"]) for unit in chosen})
    return [_unit(run, unit, ids.get((unit["unit"], unit["method"]), [])) for unit in chosen]


def _ids(run: Run, wanted: set[tuple[str, str]]) -> dict[tuple[str, str], list[str]]:
    """The ids of the records of these units, in the order in which they were yielded."""
    found: dict[tuple[str, str], list[str]] = {}
    for table in record_tables(run):
        for row in tables.rows(table.folder, table.schema, columns=["id", "unit", "method"]):
            if (row["unit"], row["method"]) in wanted:
                found.setdefault((row["unit"], row["method"]), []).append(row["id"])
    return {unit: sorted(ids, key=lambda id_: int(id_.rsplit("/", 1)[1])) for unit, ids in found.items()}


def _unit(run: Run, unit: dict[str, Any], ids: list[str]) -> dict[str, Any]:
    facts = {name: unit[name] for name in ("unit", "method", "outcome", "reason")}
    return {**facts, "calls": _calls(run, f"{unit['unit']}/{unit['method']}"), "rows": [_row(run, id_) for id_ in ids]}


def _row(run: Run, id_: str) -> dict[str, Any]:
    traced = trace(run, id_)
    texts = records.texts(traced["kind"], traced["row"]) if traced["kept"] else []
    said = [{**verdict, "calls": _calls(run, f"{id_}/{verdict['by']}")} for verdict in traced["verdicts"]]
    return {"id": id_, "kept": traced["kept"], "texts": [text._asdict() for text in texts], "verdicts": said}


def _calls(run: Run, unit: str) -> list[dict[str, Any]]:
    """The calls of one unit's last take, in the order in which they ended."""
    if not (run.path / FILE).is_file():
        return []
    calls = [call for call in journal.search(run, unit=unit) if call["unit"] == unit]
    last = max((call["take"] for call in calls), default=0)
    return [made for call in calls if call["take"] == last for made in _call(run, call)]


def _call(run: Run, call: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The call with what was sent, where the journal keeps that."""
    [sent, *_] = [one for one in journal.show(run, call["key"]) if one["sample"] == call["sample"]]
    messages = (sent.get("request") or {}).get("messages", [])
    prompt = "\n\n".join(message["content"] for message in messages)
    facts = {name: call[name] for name in ("key", "finish", "reason")}
    yield {**facts, "prompt": prompt, "reply": call["text"]}
