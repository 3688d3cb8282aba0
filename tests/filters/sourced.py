"""Rows with what they were made from, as a filter that sees sources is shown them."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from factory.corpus import Row, batch_of
from factory.origins import Origin
from factory.records import Text


def sft(id_: str, question: str, answer: str, *, language: str | None = "en", context: str | None = None) -> Row:
    """A question and its answer, without a source."""
    strings = [Text("messages[0].content", "user", question), Text("messages[1].content", "assistant", answer)]
    if context is not None:
        strings.append(Text("context", "text", context))
    return Row(0, id_, strings, {"kind": "sft", "language": language}, {"language": language})


def made_from(row: Row, *passages: str, cited: Sequence[str] = (), headings: Sequence[str] = ()) -> Row:
    """The same row with a source, edited and unedited alike."""
    origin = Origin(tuple(cited), passages, tuple(headings))
    row.origins = {"sourced": origin, "raw_sourced": origin}
    return row


def measured(code: Any, rows: Sequence[Row]) -> pa.RecordBatch:
    """What a filter measures of rows."""
    features: pa.RecordBatch = code.measure(batch_of(rows, code.sees))
    return features


def verdicts(code: Any, *rows: Row) -> list[Mapping[str, Any]]:
    """What a filter says of rows."""
    said: list[Mapping[str, Any]] = code.decide(measured(code, rows)).rows
    return said


def reasons(code: Any, *rows: Row) -> list[str | None]:
    """Why a filter rejects rows; None where it does not."""
    return [verdict["reason"] for verdict in verdicts(code, *rows)]
