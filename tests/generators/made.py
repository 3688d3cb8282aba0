"""What a run made of its units: the rows that were kept, and why the others were lost."""

from typing import Any

from factory import Run
from factory.corpus import kept_records, record_tables
from factory.views.ledger import entries


def rows(done: Run, kind: str | None = None) -> list[dict[str, Any]]:
    """The rows of a kind that every filter kept; of all kinds where none is named."""
    tables = [table for table in record_tables(done) if kind in (None, table.kind)]
    return [row for table in tables for row in kept_records(done, table)]


def reasons(done: Run) -> list[str]:
    """Why units and rows were lost at the generation, in the order of the ledger."""
    return [entry.reason for entry in entries(done, stage="generate")]
