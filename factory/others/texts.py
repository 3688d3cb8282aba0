"""The texts of data beside this one: of a file of rows, of the files below a folder, of a run.

In      a path. A file is read as `as: records` reads it; of a run the rows that its filters left, edited as they are.
Out     id, kind and text of each row; the kind is `document`, `passage` or that of a record.
Costs   streams: one row, or one row group, is held.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from factory import corpus, inputs, records, shapes
from factory.errors import BadItem, WrongRequest
from factory.readers.rows import is_rows
from factory.runs import Run, is_run

STAGES = ("documents", "passages", "records")


class Other(NamedTuple):
    """One row of other data."""

    id: str
    kind: str
    text: str


def texts(path: Path) -> Iterator[Other]:
    """The rows of a file, a folder or a run. A row that cannot be read is passed over.

    Raises WrongRequest where nothing can be read at all.
    """
    if is_run(path):
        yield from _of_run(Run(path))
        return
    files = [file for file in inputs.files_of(path) if file == path or is_rows(file.name)]
    if not files:
        raise WrongRequest(f"{path} holds no file of rows and is no run. Name one that is.")
    for file in files:
        yield from _of_file(file)


def _of_run(run: Run) -> Iterator[Other]:
    for stage in STAGES:
        for table in corpus.all_tables(run, stage):
            for row in corpus.rows(run, table, corpus.kept(run, table)):
                yield Other(row.id, table.kind, row.text)


def _of_file(file: Path) -> Iterator[Other]:
    try:
        converter, rows = shapes.opened(file, place=file.name)
    except BadItem as error:
        raise WrongRequest(f"{file}: {error.detail}") from None
    if converter is None:
        raise WrongRequest(f"{file}: {shapes.NO_ROW}")
    for number, row in rows:
        try:
            made = [] if isinstance(row, BadItem) else converter.records(row)
        except BadItem:
            continue
        for nth, (kind, data) in enumerate(made):
            yield Other(records.row_id(file.name, number, nth, len(made)), kind, records.joined(kind, data))
