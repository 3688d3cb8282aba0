"""What one filter says of one batch: features, known or measured now, then verdicts. A filter's fault costs its row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from factory import features
from factory.corpus import Row, batch_of, by_field
from factory.edits import EditMap
from factory.errors import WrongRequest
from factory.origins import check_places
from factory.plugins import KEY, Filter
from factory.runs import Run
from factory.verdicts import Verdicts
from factory.workers import MeasureFailed, Worker, measure_here

if TYPE_CHECKING:
    from factory.stages.asking import Asking


def with_key(filter_: Filter, run: Run) -> Filter:
    """The filter with the run's key, if it wants one: `measure` finds it in the metadata of its batch's schema."""
    return replace(filter_, key=run.key()) if getattr(filter_.code, "keyed", False) else filter_


def as_batch(table: pa.Table) -> pa.RecordBatch:
    """The table as one batch."""
    [batch] = table.combine_chunks().to_batches()
    return batch


def survives(filter_: Filter, row: Row, verdict: Mapping[str, Any]) -> bool:
    """Whether a row goes on to the next filter; its strings change where the verdict edits."""
    if verdict["outcome"] == "edit":
        row.apply(edits_of(filter_, row, verdict))
    return bool(verdict["outcome"] != "reject")


def edits_of(filter_: Filter, row: Row, verdict: Mapping[str, Any]) -> dict[str, EditMap]:
    """A verdict's edits by field. Raises WrongRequest for a filter whose edits do not fit the row."""
    lengths = {string.field: len(string.text) for string in row.strings}
    try:
        made = {name: EditMap(tuple(edits)) for name, edits in by_field(verdict["edits"]).items()}
        fit = all(edits.edits[-1].end <= lengths.get(name, 0) for name, edits in made.items())
    except ValueError:
        fit = False
    if not fit:
        raise WrongRequest(
            f"The filter '{filter_.instance}' gave edits that cannot be applied to {row.id}: they overlap, replace "
            "nothing, or lie outside the field that they name."
        )
    return made


def decided(filter_: Filter, measured: pa.RecordBatch, *state: Any) -> list[Mapping[str, Any]]:
    """The verdicts of one batch; where the filter raises, find the rows on which it does by halving."""
    try:
        return list(filter_.code.decide(measured, *state).rows)
    except Exception as error:  # noqa: BLE001 # as where it measures: a filter's fault costs its row, not the run
        if len(measured) == 1:
            return [failure(filter_, measured["id"][0].as_py(), type(error).__name__)]
        middle = len(measured) // 2
        halves = (measured.slice(0, middle), measured.slice(middle))
        return [verdict for half in halves for verdict in decided(filter_, half, *state)]


def one_each(filter_: Filter, said: Sequence[Mapping[str, Any]], shown: Sequence[Row]) -> dict[str, Mapping[str, Any]]:
    """The verdicts by id. Raises WrongRequest for a filter that does not give each row exactly one."""
    found: dict[str, Mapping[str, Any]] = {verdict["id"]: verdict for verdict in said}
    if len(found) != len(said) or set(found) != {row.id for row in shown}:
        raise WrongRequest(
            f"The filter '{filter_.instance}' gave {len(said)} verdicts on {len(shown)} rows; each row needs one."
        )
    return found


def keep(id_: str) -> Mapping[str, Any]:
    """The verdict on a row that a filter does not handle."""
    verdict = Verdicts()
    verdict.keep(id_)
    return verdict.rows[0]


def failure(filter_: Filter, id_: str, why: str) -> Mapping[str, Any]:
    """The verdict on a row on which the filter raised; `why` is the error's type."""
    verdict = Verdicts()
    verdict.reject(id_, f"{filter_.instance}.failed", error=why)
    return verdict.rows[0]


@dataclass(frozen=True)
class Measured:
    """The features of a batch: `rows`, `keys` and `features` go together; `failed` are verdicts on the other rows."""

    rows: list[Row]
    keys: list[bytes]
    features: pa.Table | None  # None where no row was measured
    failed: dict[str, Mapping[str, Any]]
    fresh: int  # how many were measured now


def measure(
    batch: Sequence[Row], filter_: Filter, known: features.Known, worker: Worker | None, asking: "Asking | None" = None
) -> Measured:
    """The features of a batch, those that are known as they were, the others measured, or asked for by `asking`."""
    keys = [features.key(row, filter_.sees) for row in batch]
    fresh = [nth for nth, key in enumerate(keys) if key not in known]
    unknown = [batch[nth] for nth in fresh]
    made, raised = asking.measure(unknown, filter_) if asking else fresh_of(unknown, filter_, worker)
    failed = {row.id: verdict for row, verdict in raised}
    good = [nth for nth, row in enumerate(batch) if row.id not in failed]
    old = [nth for nth in good if keys[nth] in known]
    order = old + [nth for nth in fresh if batch[nth].id not in failed]
    pieces = [known.take([keys[nth] for nth in old])] if old else []
    pieces += [made] if made is not None else []
    rows = [batch[nth] for nth in good]
    together = _under_their_ids(pieces, order, rows) if pieces else None
    return Measured(rows, [keys[nth] for nth in good], together, failed, len(fresh))


def _under_their_ids(pieces: Sequence[pa.Table], order: Sequence[int], rows: Sequence[Row]) -> pa.Table:
    """The pieces in the order of the rows, with the ids of these: known features may come from others."""
    together = pa.concat_tables(pieces, promote_options="permissive").take(pa.array(np.argsort(order)))
    ids = pa.array([row.id for row in rows], pa.string())
    return together.set_column(together.schema.get_field_index("id"), "id", ids)


def fresh_of(
    batch: Sequence[Row], filter_: Filter, worker: Worker | None, sight: pa.RecordBatch | None = None
) -> tuple[pa.Table | None, list[tuple[Row, Mapping[str, Any]]]]:
    """Measure rows, nothing remembered; where the filter raises, find the rows on which it does by halving.

    `sight` is what the filter sees of them, where that is made already.
    """
    if not batch:
        return None, []
    shown = batch_of(batch, filter_.sees) if sight is None else sight
    if filter_.key:
        shown = shown.replace_schema_metadata({KEY: filter_.key})
    try:
        measured = worker.measure(filter_, shown) if worker else measure_here(filter_, shown)
    except MeasureFailed as error:
        if len(batch) == 1:
            return None, [(batch[0], failure(filter_, batch[0].id, str(error)))]
        middle = len(batch) // 2
        left, left_failed = fresh_of(batch[:middle], filter_, worker)
        right, right_failed = fresh_of(batch[middle:], filter_, worker)
        both = [table for table in (left, right) if table is not None]
        return (pa.concat_tables(both) if both else None), left_failed + right_failed
    if measured.num_rows != len(batch):
        raise WrongRequest(f"The filter '{filter_.instance}' measured {measured.num_rows} rows of {len(batch)}.")
    if filter_.sees == "raw_sourced":
        check_places(filter_.instance, measured)
    return measured, []
