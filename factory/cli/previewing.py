"""`factory run --preview`: the first units from end to end, prompts and replies side by side, in 100 columns."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from factory.cli.printing import out, say
from factory.plural import many

if TYPE_CHECKING:
    from rich.console import RenderableType

WIDTH = 100
HEAD, TAIL = 10, 30  # lines of a prompt: its passage begins it, what is asked ends it
SIDE = (WIDTH - 3) // 2


def preview(recipe: str, override: list[str] | None, json: bool, count: int, workers: int | None) -> None:
    """Make the first `count` units of each method, filter their rows, and print what happened."""
    from factory import pipeline
    from factory.cli.bars import Bars
    from factory.views.preview import preview as look

    with Bars() as bars:
        done = pipeline.run(
            recipe, set=list(override or []), progress=bars, until="generate", limit=count, workers=workers
        )
    found = look(done, count)
    if json:
        return out(found)
    out(_rendered([part for unit in found for part in _unit(unit)]))
    kept = sum(row["kept"] for unit in found for row in unit["rows"])
    made = sum(len(unit["rows"]) for unit in found)
    say(
        f"{many(len(found), 'unit')}, {many(made, 'row')}, {kept:,} kept. Next: factory run {recipe}   "
        "(goes on from here)"
    )


def _rendered(parts: "list[RenderableType]") -> str:
    """The parts as lines of at most WIDTH columns, without colour."""
    import io

    from rich.console import Console

    console = Console(width=WIDTH, file=io.StringIO(), color_system=None, legacy_windows=False)
    for part in parts:
        console.print(part, markup=False, highlight=False, soft_wrap=False)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined] # it is the StringIO of above
    return "\n".join(line.rstrip() for line in lines)


def _unit(unit: dict[str, Any]) -> "Iterator[RenderableType]":
    why = f" ({unit['reason']})" if unit["reason"] else ""
    yield f"── {unit['method']} on {unit['unit']}: {unit['outcome']}{why}"
    for call in unit["calls"]:
        yield _side_by_side(f"asked {call['key'][:12]}", _short(call["prompt"]), "said", _said(call))
    for row in unit["rows"]:
        yield f"\n{'kept' if row['kept'] else 'rejected'}  {row['id']}"
        for text in row["texts"]:
            yield _indented(f"{text['role']}: {text['text']}")
        yield from _verdicts(row["verdicts"])
    yield ""


def _verdicts(verdicts: list[dict[str, Any]]) -> "Iterator[RenderableType]":
    for verdict in verdicts:
        evidence = {name: its for name, its in (verdict["evidence"] or {}).items() if name != "journal"}
        facts = ", ".join(f"{name} {its}" for name, its in evidence.items())
        yield _indented(f"{verdict['by']}: {verdict['reason'] or verdict['outcome']}{f' ({facts})' if facts else ''}")
        for call in verdict["calls"]:
            yield _indented(_said(call), 6)


def _said(call: dict[str, Any]) -> str:
    return str(call["reply"] or f"(nothing: {call['reason'] or call['finish']})")


def _short(prompt: str) -> str:
    """Beginning and end of a long prompt."""
    lines = prompt.splitlines()
    if len(lines) <= HEAD + TAIL:
        return prompt
    return "\n".join([*lines[:HEAD], f"… {many(len(lines) - HEAD - TAIL, 'more line')} …", *lines[-TAIL:]])


def _plain(text: str) -> Any:
    """The text with nothing in it that a terminal would obey."""
    from rich.text import Text

    return Text("".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text.replace("\r\n", "\n")))


def _indented(text: str, by: int = 4) -> Any:
    from rich.padding import Padding

    return Padding(_plain(text), (0, 0, 0, by))


def _side_by_side(*cells: str) -> Any:
    """Two columns under two words."""
    from rich.table import Table

    left, prompt, right, reply = cells
    table = Table(box=None, padding=(0, 3, 0, 0), pad_edge=False)
    table.add_column(left, width=SIDE)
    table.add_column(right, width=SIDE)
    table.add_row(_plain(prompt), _plain(reply))
    return table
