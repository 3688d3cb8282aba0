"""The verbs about models: what they would be sent, and what they were asked and said."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.cli.printing import out, out_list, say
from factory.plural import many
from factory.tokens import BYTES_A_TOKEN

if TYPE_CHECKING:
    from factory.runs import Run

FACTS = ("key", "unit", "model", "take", "sample", "finish", "reason", "tokens_in", "tokens_out", "seconds", "tries")
DIGITS = 4  # of a passage's number; a record's has fewer
SHOWN = 300  # characters of an answer in a list


def prompts(recipe: str, method: str, passage: str | None, json: bool) -> None:
    """The requests of one unit as they will be sent."""
    from factory import pipeline

    bodies = pipeline.prompts(recipe, method, passage)
    if json:
        return out(bodies)
    for nth, body in enumerate(bodies, start=1):
        for message in body["messages"]:
            tokens = len(message["content"].encode()) // BYTES_A_TOKEN
            out(f"--- request {nth}, {message['role']}, about {tokens} tokens")
            out(message["content"])
    out(
        f"--- {many(len(bodies), 'request')}; those after the first follow from answers out of thin air. "
        "Nothing was sent."
    )


def journal(run: Path, key: str | None, words: str, filters: dict[str, str], json: bool) -> None:
    """Totals; with `words` or filters the calls that fit; with a key one call whole."""
    from factory.runs import Run
    from factory.views import journal as view
    from factory.views.ledger import entries

    opened = Run(run)
    if key:
        found = view.show(opened, key)
        return out(found) if json else _whole(found)
    if words or any(filters.values()):
        view.check_names(opened, method=filters["method"], model=filters["model"])
        calls = list(view.search(opened, words, **filters))
        if filters["reason"] and not calls:  # the calls were answered: it is their units that were lost
            others = {name: value for name, value in filters.items() if name not in ("reason", "unit")}
            units = sorted({_unit(entry.id) for entry in entries(opened, reason=filters["reason"])})
            calls = [call for unit in units for call in view.search(opened, words, unit=unit, **others)]
        if json:
            return out_list(calls)
        for call in calls:
            out(_line(call))
        if calls:
            return say(f"{many(len(calls), 'fits', 'fit')}. One of them whole: factory journal {run} KEY")
        return say(f"No call fits.{_near(opened, filters['reason'])}")
    totals = view.totals(opened)
    return out(totals) if json else _totals(totals)


def _near(run: "Run", reason: str) -> str:
    """The nearest of the reasons for which calls failed or their units were lost, where this is none of them."""
    from factory.errors import did_you_mean
    from factory.views import journal as view
    from factory.views.ledger import entries

    known = {*view.reasons(run), *(entry.reason for entry in entries(run))}
    beginnings = {reason.split(".")[0] for reason in known}
    return did_you_mean(reason, sorted(known | beginnings)) if reason and reason not in beginnings else ""


def _unit(id_: str) -> str:
    """The unit of a unit's or a record's id: without the number of the record."""
    unit, _, last = id_.rpartition("/")
    return unit if last.isdigit() and len(last) < DIGITS else id_


def _totals(rows: list[dict[str, Any]]) -> None:
    out(
        f"{'method':<20} {'model':<12} {'answered':>9} {'failed':>7} {'tokens in':>11} {'tokens out':>11} {'spent':>10}"
    )
    for row in rows:
        counts = (f"{row[name]:>11,}" for name in ("answered", "failed", "tokens_in", "tokens_out"))
        out(f"{row['method']:<20} {row['model']:<12} {' '.join(counts)} {row['spent']:>11.4f}")


def _line(call: dict[str, Any]) -> str:
    said = call["reason"] or " ".join((call["text"] or "").split())[:SHOWN] or "(empty)"
    return f"{call['key'][:12]}  {call['unit']}  {call['finish'] or 'failed'}  {said}"


def _whole(calls: list[dict[str, Any]]) -> None:
    for call in calls:
        out("  ".join(f"{name} {call[name]}" for name in FACTS if call[name] is not None))
        for message in (call.get("request") or {}).get("messages", []):
            out(f"--- {message['role']}")
            out(message["content"])
        if call["thinking"]:
            out("--- thinking")
            out(call["thinking"])
        out("--- answer")
        out(call["text"] or "(none)")
