"""What shows a run prints: its rows, the way of one, what was lost."""

import json as json_
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.cli.printing import out, out_list, refuse, say
from factory.plural import many

if TYPE_CHECKING:
    from factory.views.ledger import Entry

ROWS = 5  # that `show` prints where nobody says how many
LONGEST = 2_000  # characters of a document, or a passage, that it prints


def show(
    run: Path, table: str | None, limit: int | None, of_records: Mapping[str, str | None], random: int | None,
    seed: int | None, ids: bool, json: bool,
) -> None:  # fmt: skip
    """The overview or rows; `of_records` are the kind, method and form that only records have."""
    from factory.cli.steps import lines
    from factory.runs import Run
    from factory.views import show as view
    from factory.views.ledger import waterfall

    opened = Run(run)
    if table in ("documents", "passages"):
        its = {f"--{name}": value for name, value in of_records.items()}
        refuse(its, f"only records have one. Leave it out, or {table}.")
    if random is None:
        refuse({"--seed": seed}, "it draws rows, and goes with --random N.")
    else:
        refuse({"--limit": limit}, "--random says how many rows it draws.")
    if table is None and not (ids or any(of_records.values()) or limit or random):
        out(view.overview(opened) if json else "\n".join(lines(waterfall(opened))))
        return
    limit, seed = random or limit or (None if ids else ROWS), (seed or 0) if random else None
    found = view.rows(opened, table or "records", limit=limit, seed=seed, **of_records)
    if json:
        out_list(row["id"] if ids else row for row in found)
        return
    longest = LONGEST if table in ("documents", "passages") else None
    for row in found:
        out(row["id"] if ids else _readable(row, longest=longest) + "\n")


def _readable(row: dict[str, Any], *, longest: int | None = None) -> str:
    """A row as a person reads it: its id, then its texts, of which no more than `longest` characters are shown."""
    from factory.views.show import changed

    lines = [f"── {row['id']}"]
    for name, value in row.items():
        if name in ("messages", "prompt", "chosen", "rejected", "completion") and isinstance(value, list):
            lines += [f"[{name}] {message['role']}: {message['content']}" for message in value]
        elif name == "meta":
            made = {"form": value.get("form"), "changed": changed(row)}
            lines += [f"{name}: {said}" for name, said in made.items() if said]
            licence = value["licence"] or "not stated"
            lines.append(f"from {', '.join(value['paths'])}; licence {licence}; {value['confidentiality']}")
        elif name != "id" and value not in (None, []):
            lines.append(f"{name}: {_clipped(str(value), longest)}")
    return "\n".join(lines)


def _clipped(text: str, longest: int | None) -> str:
    left = len(text) - (longest or len(text))
    return f"{text[:longest]}… ({many(left, 'more character')}; --json has all)" if left > 0 else text


def trace(run: Path, id_: str, json: bool) -> None:
    """A row's way."""
    from factory.runs import Run
    from factory.views.trace import trace as follow

    opened = Run(run)
    found = follow(opened, id_)
    if not opened.has_text:
        say("The text of the documents was dropped: what stands around a quote, and passages, are not shown.")
    if json:
        out(found)
        return
    out(f"{found['id']}  {found['kind']}, {'kept' if found['kept'] else 'rejected'}")
    _print_verdicts(found["verdicts"])
    asked = found.get("meta", {})
    for parameter, model in asked.get("models", {}).items():
        out(f"asked {model} as {parameter}")
    for key in asked.get("journal", []):
        out(f"  factory journal {run} {key[:12]}")
    if asked.get("by_ocr"):
        out("made from pages that were read by OCR")
    for parent in found["parents"]:
        out(f"made from {parent['kind']} {parent['id']}")
        _print_verdicts(parent["verdicts"])
    for quote in found.get("quotes", []):
        page = f", page {quote['page']}" if quote["page"] else ""
        heading = f", {' › '.join(quote['heading'])}" if quote["heading"] else ""
        out(f"\nfrom {quote['path']}, characters {quote['start']}–{quote['end']}{page}{heading}")
        out(f"…{quote['before']}⟦{quote['text']}⟧{quote['after']}…")
    if found["stage"] == "records" and found["kept"] and not found["quotes"]:
        out("\n" + _readable({"id": found["id"], **found["row"], "meta": found["meta"]}))
    _print_passages(found)


def _print_passages(found: Mapping[str, Any]) -> None:
    """The passages of a document, or the one that was asked for: no more than a person reads."""
    passages, left = found.get("passages", []), LONGEST
    for nth, passage in enumerate(passages):
        if left <= 0:
            size = sum(len(other["text"]) for other in passages[nth:])
            out(
                f"\n… and {many(len(passages) - nth, 'more passage')} ({many(size, 'character')}): trace "
                "one of them by its id, as "
                f"{passage['id']}; --json has all"
            )
            return
        heading = f", {' › '.join(passage['heading'])}" if passage["heading"] else ""
        out(f"\n── {passage['id']}, from {found['path']}, characters {passage['start']}–{passage['end']}{heading}")
        out(_clipped(passage["text"], left if found["stage"] == "documents" else None))
        left -= len(passage["text"])


def _print_verdicts(verdicts: Sequence[dict[str, Any]]) -> None:
    for verdict in verdicts:
        evidence = f"  {json_.dumps(verdict['evidence'], ensure_ascii=False)}" if verdict["evidence"] else ""
        out(f"  {verdict['by']:<16} {verdict['outcome']:<7} {verdict['reason'] or ''}{evidence}".rstrip())


def ledger(run: Path, reason: str | None, stage: str | None, rows: bool, json: bool) -> None:
    """Counts by reason, or every entry."""
    from factory.runs import Run
    from factory.views import ledger as view

    opened = Run(run)
    if rows:
        entries = view.entries(opened, reason=reason, stage=stage)
        if json:
            out_list(entry.as_dict() for entry in entries)
            return
        for entry in entries:
            out(f"{entry.reason}\t{entry.stage}\t{entry.place}\t{entry.id}\t{entry.detail}")
        return
    stages: dict[str, str] = {}
    counts = view.by_reason(_noted(view.entries(opened, reason=reason, stage=stage), stages))
    if json:
        out(counts)
        return
    for line in _meant(counts, stages, to_do=reason is not None):
        out(line)
    if counts:
        say(f"Every entry: factory ledger {run} --rows")
    elif reason or stage:
        there = ", ".join(view.by_reason(view.entries(opened))) or "none"
        say(f"Nothing was lost for {reason or stage}. Reasons of this run: {there}.")
    else:
        say("Nothing was lost.")


def _noted(entries: "Iterable[Entry]", stages: dict[str, str]) -> "Iterator[Entry]":
    """The entries; the stage of each reason is noted as they pass."""
    for entry in entries:
        stages[entry.reason] = entry.stage
        yield entry


def _meant(counts: Mapping[str, int], stages: Mapping[str, str], *, to_do: bool) -> Iterator[str]:
    """A line a reason: its count, what it means; below it what is to be done."""
    from factory.reasons import words

    width = max(map(len, counts), default=0)
    for reason, count in counts.items():
        said = words(reason, stages[reason])
        yield f"{count:>9,}  {reason:<{width}}  {said.means}".rstrip()
        if to_do and said.do:
            yield f"{'':<11}To do: {said.do}"
