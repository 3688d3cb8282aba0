"""Filters that ask a model: a row at a time, many rows at once; what was answered is a feature like any other.

`async measure(self, row, *, judge: LLM)` gets one row as a mapping of the columns that its filter sees, and returns a
mapping of the columns of the class's `features`. A row that cannot be judged is rejected under the reason why.

A filter that `embeds` says which text of each row is to be a vector; `measure` then finds a column `vectors` beside
those that it sees. It may scan.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from factory import prompts
from factory.corpus import Row, batch_of
from factory.errors import BadItem, FactoryError, Waiting, WrongRequest, where
from factory.plugins import EMBEDDER, Filter
from factory.stages.judging import fresh_of
from factory.stages.models import Models
from factory.verdicts import Verdicts

if TYPE_CHECKING:
    from factory.llm import LLM
    from factory.llm.embedding import Vector

Said = Mapping[str, Any]
WORDLESS = "."  # asked for in the place of nothing, to learn how long a vector is


class Asking:
    """Measures rows with filters that ask a model."""

    def __init__(self, models: Models, wording: prompts.Wording) -> None:
        self._models, self._wording = models, wording

    def measure(self, rows: Sequence[Row], filter_: Filter) -> tuple[pa.Table | None, list[tuple[Row, Said]]]:
        """The features of the rows that were judged, in order, and verdicts on the others."""
        if not rows:
            return None, []
        shown = batch_of(rows, filter_.sees)
        if filter_.embeds:
            return self._with_vectors(rows, filter_, shown)
        good, bad = self._each(filter_, filter_.code.measure, zip(rows, shown.to_pylist(), strict=True))
        made = [{"id": row.id, **one} for row, one in good]
        return (_table(filter_, made) if made else None), bad

    def _with_vectors(
        self, rows: Sequence[Row], filter_: Filter, shown: pa.RecordBatch
    ) -> tuple[pa.Table | None, list[tuple[Row, Said]]]:
        texts = filter_.code.embeds(shown)
        good, bad = self._each(filter_, _vector, zip(rows, texts, strict=True))
        given = replace(filter_, code=_Given(filter_.code, {row.id: vector for row, vector in good}))
        made, failed = fresh_of([row for row, _ in good], given, None)
        return made, [*bad, *failed]

    def _each(
        self, filter_: Filter, do: Callable[..., Awaitable[Any]], pairs: Iterable[tuple[Row, Any]]
    ) -> tuple[list[tuple[Row, Any]], list[tuple[Row, Said]]]:
        """What a model said of each row, and the verdicts on those of which it said nothing."""
        pairs = list(pairs)
        said = self._models.run(self._models.each(partial(self._one, filter_, do), pairs))
        self._models.hand_out()
        both = [(row, one, verdict) for (row, _), (one, verdict) in zip(pairs, said, strict=True)]
        good = [(row, one) for row, one, verdict in both if verdict is None]
        return good, [(row, verdict) for row, _, verdict in both if verdict is not None]

    async def _one(
        self, filter_: Filter, do: Callable[..., Awaitable[Any]], pair: tuple[Row, Any]
    ) -> tuple[Any, Said | None]:
        """Of a row and what is shown of it: what the model said and no verdict, or a verdict alone."""
        row, shown = pair
        try:
            doors = self._models.bind(filter_, row.id, row.info["confidentiality"]).doors
            with prompts.used(self._wording):
                return await do(shown, **doors), None
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


@dataclass(frozen=True)
class _Given:
    """A filter that is shown, beside what it sees, the vectors that a model gave."""

    code: Any
    vectors: Mapping[str, "Vector"]  # by id

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The filter's own, with a column `vectors`: a list of numbers a row."""
        its = pa.array([self.vectors[id_] for id_ in batch["id"].to_pylist()], pa.list_(pa.float32()))
        return self.code.measure(batch.append_column("vectors", its))


async def _vector(text: str, **doors: "LLM") -> "Vector":
    """The vector of a text; of one without a word zeros, since servers refuse such."""
    vector = await doors[EMBEDDER].vector(text if text.strip() else WORDLESS)
    return vector if text.strip() else vector * 0


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
