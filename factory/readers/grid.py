"""Rows of cells as a Markdown table, the form in which tables of all formats are kept."""

from collections.abc import Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """`header` and `rows` as a Markdown table; a row that is too short is filled up with empty cells."""
    width = max(len(row) for row in (header, *rows))
    return "\n".join([_line(header, width), "|" + " --- |" * width, *(_line(row, width) for row in rows)])


def _line(cells: Sequence[str], width: int) -> str:
    shown = [" ".join(cell.split()).replace("|", "\\|") for cell in cells] + [""] * (width - len(cells))
    return f"| {' | '.join(shown)} |"
