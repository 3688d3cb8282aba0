"""Filters that ask a model: a row at a time, many rows at once; what was answered is a feature like any other.

`async measure(self, row, *, judge: LLM)` gets one row as a mapping of the columns that its filter sees, and returns a
mapping of the columns of the class's `features`. A row that cannot be judged is rejected under the reason why.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pyarrow as pa

from factory import prompts
from factory.corpus import Row, batch_of
from factory.errors import BadItem, FactoryError, Waiting, WrongRequest, where
from factory.plugins import Filter
from factory.stages.models import Models
from factory.verdicts import Verdicts

Said = Mapping[str, Any]


class Asking:
    """Measures rows with filters that ask a model."""

    def __init__(self, models: Models, wording: prompts.Wording) -> None:
        self._models, self._wording = models, wording

    def measure(self, rows: Sequence[Row], filter_: Filter) -> tuple[pa.Table | None, list[tuple[Row, Said]]]:
        """The features of the rows that were judged, in order, and verdicts on the others."""
        pairs = zip(rows, batch_of(rows, filter_.sees).to_pylist(), strict=True)
        said = self._models.run(self._models.each(partial(self._one, filter_), pairs)) if rows else []
        self._models.hand_out()
        good = [{"id": row.id, **one} for row, (one, verdict) in zip(rows, said, strict=True) if verdict is None]
        bad = [(row, verdict) for row, (_, verdict) in zip(rows, said, strict=True) if verdict is not None]
        return (_table(filter_, good) if good else None), bad

    async def _one(self, filter_: Filter, pair: tuple[Row, Said]) -> tuple[Said, Said | None]:
        """Of a row and what is shown of it: its features and no verdict, or a verdict and no features."""
        row, shown = pair
        try:
            doors = self._models.bind(filter_, row.id, row.info["confidentiality"]).doors
            with prompts.used(self._wording):
                return dict(await filter_.code.measure(shown, **doors)), None
        except BadItem as error:
            return {}, _rejected(row, error.reason, error.detail)
        except Waiting:
            return {}, _rejected(
                row, "llm.no_answer", "It waits in a batch file."
            )  # before it counts the run has ended
        except FactoryError:
            raise  # a wrong request or a dead world ends the run
        except Exception as error:  # noqa: BLE001 # a filter's fault costs its row, not the run
            return {}, _rejected(row, f"{filter_.instance}.failed", where(error))


def _rejected(row: Row, reason: str, detail: str) -> Said:
    verdict = Verdicts()
    verdict.reject(row.id, reason, detail=detail)
    return verdict.rows[0]


def _table(filter_: Filter, rows: list[dict[str, Any]]) -> pa.Table:
    schema = pa.schema([("id", pa.string()), *filter_.code.features])
    try:
        return pa.Table.from_pylist(rows, schema=schema)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        kind = type(error).__name__
        raise WrongRequest(
            f"The filter '{filter_.instance}' measured what its 'features' have no place for ({kind})."
        ) from None
