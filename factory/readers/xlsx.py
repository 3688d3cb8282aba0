"""Excel workbooks to Markdown: each sheet a heading and a page mark, its blocks of cells as tables.

Runs in the parser process, through openpyxl. An empty row ends a block. A block of one column is text; of several, a
table under its first row, or under the header above it where that row holds numbers or dates. A long table is cut
after ROWS_A_TABLE rows and its header written again, so that no passage is without it.

Formulas are not evaluated: their value is the one that the program last saved, empty where it saved none. Values are
written as they are, percentages and dates as they show. Left out: hidden sheets, comments, charts and pictures.
Cost: 15 us a cell.
"""

import datetime
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from string import ascii_uppercase
from typing import Any

from factory.readers.grid import table
from factory.readers.outline import Outline
from factory.readers.package import Damaged, opened
from factory.readers.reading import Mark, newlines

ROWS_A_TABLE = 20  # some 500 tokens of rows with five short cells

Block = list[dict[int, Any]]  # rows of values by column


def parse(path: Path) -> tuple[str, list[Mark]]:
    """The text of the sheets that are shown, as Markdown, with a mark for each."""
    import openpyxl

    outline = Outline()
    with opened(path, "ingest.corrupt_xlsx") as package:
        package.check_sizes()
        try:
            book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
            for number, sheet in enumerate(book.worksheets, 1):
                if sheet.sheet_state == "visible":
                    sheet.reset_dimensions()  # what the file says of them may be a lie
                    _write(outline, number, sheet)
        except (TypeError, AttributeError, SyntaxError) as error:  # openpyxl's, where the parts do not fit together
            raise Damaged from error
    return outline.text(), outline.marks


def _write(outline: Outline, number: int, sheet: Any) -> None:
    """One sheet, its name first; one without values leaves nothing."""
    header: dict[int, str] = {}
    outline.page(number)
    for nth, block in enumerate(_blocks(sheet.iter_rows())):
        if not nth:
            outline.heading(sheet.title, 2)
        columns = sorted({column for row in block for column in row})
        names_columns = _names_columns(block[0], columns)
        if len(columns) == 1 or (len(block) == 1 and (names_columns or not header)):
            for row in block:
                outline.add(" ".join(_shown(row[column]) for column in sorted(row)))
            continue
        if names_columns:
            header, block = {column: _shown(value) for column, value in block[0].items()}, block[1:]
        elif not set(columns) <= set(header):
            header = {column: _letters(column) for column in columns}
        _tables(outline, header, block)


def _tables(outline: Outline, header: dict[int, str], block: Block) -> None:
    columns = sorted({*header, *(column for row in block for column in row)})
    names = [header.get(column, "") for column in columns]
    rows = [[_shown(row[column]) if column in row else "" for column in columns] for row in block]
    for at in range(0, len(rows), ROWS_A_TABLE):
        outline.add(table(names, rows[at : at + ROWS_A_TABLE]))


def _blocks(rows: Iterable[Any]) -> Iterator[Block]:
    """The rows that hold values, cut at those that do not."""
    for is_filled, group in groupby(map(_values, rows), key=bool):
        if is_filled:
            yield list(group)


def _values(row: Any) -> dict[int, Any]:
    """The cells of a row that are not blank, by their column from 0."""
    return {nth: cell for nth, cell in enumerate(row) if cell.value is not None and str(cell.value).strip()}


def _names_columns(row: dict[int, Any], columns: list[int]) -> bool:
    """Is it all words, and for nearly all columns?"""
    return len(row) * 2 > len(columns) and all(isinstance(cell.value, str) for cell in row.values())


def _letters(column: int) -> str:
    """What a spreadsheet calls a column: A, B … Z, AA."""
    name = ""
    column += 1
    while column:
        column, place = divmod(column - 1, 26)
        name = ascii_uppercase[place] + name
    return name


def _shown(cell: Any) -> str:
    """The value of a cell as text: numbers to the fifteen digits that a spreadsheet has."""
    value = cell.value
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        if "%" in str(cell.number_format):
            return f"{value * 100:.10g}%"
        return f"{value:.15g}" if isinstance(value, float) else str(value)
    if isinstance(value, datetime.datetime):
        return str(value.date() if value.time() == datetime.time() else value)
    return newlines(str(value)).strip()
