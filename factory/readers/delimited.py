"""CSV and its kin (comma, semicolon, tab, bar): the first row names the columns, each further row is a document.

The text is the mapped column, or else text, content, body or document where there is such a column, or else the whole
row as `column: value` lines, empty values left out. A row with too few or too many cells is rejected alone; where a
stray quote made it swallow the lines below, those are read again. Streams: the memory of one row.
"""

import csv
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from factory.errors import BadItem
from factory.plural import many
from factory.readers.jsonl import TEXT_COLUMNS, remedy, text_of
from factory.readers.limits import Limits
from factory.readers.lines import lines
from factory.readers.reading import Reading, newlines, reading

DELIMITERS = ",;\t|"
SAMPLE_LINES = 50
MAX_ROW_LINES = 1000  # a cell may hold line ends, but a stray quote must not swallow the file

_Line = tuple[int, str | BadItem]


def read_delimited(
    path: Path, limits: Limits, columns: Mapping[str, str] | None
) -> Iterator[tuple[int, Reading | BadItem]]:
    """Line number and document of each data row; blank lines are no rows."""
    media_type = "text/tab-separated-values" if path.suffix.lower() == ".tsv" else "text/csv"
    names, records = table(lines(path, limits), limits)
    column = _column(names, columns)
    for row, (number, cells) in enumerate(records, 1):
        try:
            yield number, reading(newlines(_text(_whole(cells, names, row), names, column, row)), media_type, row=row)
        except BadItem as rejection:
            yield number, rejection


def table(source: Iterator[_Line], limits: Limits) -> tuple[list[str], Iterator[tuple[int, list[str] | BadItem]]]:
    """The names of the columns, and line number and cells of each data row. Raises BadItem for a broken header."""
    csv.field_size_limit(max(csv.field_size_limit(), limits.max_line_bytes))
    sample = list(islice(source, SAMPLE_LINES))
    records = _records(deque(sample), source, _delimiter(sample))
    _, header = next(records, (1, []))
    if isinstance(header, BadItem):
        raise header
    return [name.strip() or f"column {place}" for place, name in enumerate(header, 1)], records


def objects(source: Iterator[_Line], limits: Limits) -> Iterator[tuple[int, dict[str, str] | BadItem]]:
    """Line number and cells by column of each data row. Two columns of one name are refused."""
    names, records = table(source, limits)
    if len(set(names)) < len(names):
        raise BadItem("ingest.bad_csv_row", "Two columns have the same name. Give each a name of its own.")
    for row, (number, cells) in enumerate(records, 1):
        try:
            found = _whole(cells, names, row)
            yield number, dict(zip(names, found, strict=True))
        except BadItem as rejection:
            yield number, rejection


def _column(names: list[str], columns: Mapping[str, str] | None) -> str:
    """The text column, '' where the whole row is the text."""
    if mapped := (columns or {}).get("text"):
        if mapped not in names:
            raise BadItem("ingest.no_text", f"No column '{mapped}'. {remedy(names)}")
        if names.count(mapped) > 1:
            raise BadItem("ingest.no_text", f"Several columns are named '{mapped}'. Give each a name of its own.")
        return mapped
    return next((name for name in TEXT_COLUMNS if names.count(name) == 1), "")


def _whole(cells: list[str] | BadItem, names: list[str], row: int) -> list[str]:
    if isinstance(cells, BadItem):
        raise cells
    if len(cells) != len(names):
        detail = (
            f"Data row {row} has {many(len(cells), 'cell')} where the header has {len(names)}. Correct or remove it."
        )
        raise BadItem("ingest.bad_csv_row", detail)
    return cells


def _text(cells: list[str], names: list[str], column: str, row: int) -> str:
    named = list(zip(names, cells, strict=True))  # no dict: two columns may have one name
    if column:
        return text_of(dict(named), {"text": column})
    if not (text := "\n".join(f"{name}: {cell.strip()}" for name, cell in named if cell.strip())):
        raise BadItem("ingest.empty", f"Data row {row} has only empty cells. Fill or remove it.")
    return text


def _delimiter(sample: list[_Line]) -> str:
    """The delimiter that cuts the most rows of the sample into as many cells as the first, which are two or more."""
    texts = [line for _, line in sample if isinstance(line, str)]

    def rows_alike(delimiter: str) -> tuple[int, int]:
        try:
            rows = [row for row in csv.reader(texts, delimiter=delimiter) if row]
        except csv.Error:
            return 0, 0
        width = len(rows[0]) if rows else 0
        return (sum(len(row) == width for row in rows), width) if width > 1 else (0, 0)

    return max(DELIMITERS, key=rows_alike)


def _records(queue: deque[_Line], source: Iterator[_Line], delimiter: str) -> Iterator[tuple[int, list[str] | BadItem]]:
    """First line number and cells of each record. The lines below a broken one go back into `queue`."""
    width = 0
    while True:
        taken: list[_Line] = []
        cells = _record(_feed(queue, source, taken), delimiter)
        if not taken:
            return
        broken = isinstance(cells, BadItem) or bool(cells and width and len(cells) != width)
        if broken and len(taken) > 1:
            queue.extendleft(reversed(taken[1:]))
        if broken:
            cells = _alone(taken[0][1], cells, delimiter, width)
        if cells:  # a blank line is an empty list
            width = width or (0 if isinstance(cells, BadItem) else len(cells))
            yield taken[0][0], cells


def _feed(queue: deque[_Line], source: Iterator[_Line], taken: list[_Line]) -> Iterator[str]:
    while line := queue.popleft() if queue else next(source, None):
        taken.append(line)
        if isinstance(line[1], BadItem):
            raise line[1]
        if len(taken) > MAX_ROW_LINES:
            raise _bad_quotes()
        yield line[1]


def _record(feed: Iterator[str], delimiter: str) -> list[str] | BadItem:
    """The next record; empty at the end and for a blank line."""
    try:
        return next(csv.reader(feed, delimiter=delimiter, strict=True), [])
    except csv.Error:
        return _bad_quotes()
    except BadItem as rejection:
        return rejection


def _alone(line: str | BadItem, cells: list[str] | BadItem, delimiter: str, width: int) -> list[str] | BadItem:
    """The first line of a broken record by itself: a good row where only quotes inside a cell were not doubled."""
    if isinstance(line, BadItem):
        return line
    if line.count('"') % 2:
        return _bad_quotes()
    loose = next(csv.reader([line], delimiter=delimiter), [])
    return loose if len(loose) == width or not isinstance(cells, BadItem) else cells


def _bad_quotes() -> BadItem:
    return BadItem("ingest.bad_csv_row", "A quote is not closed, or not doubled inside a cell. Correct the row.")
