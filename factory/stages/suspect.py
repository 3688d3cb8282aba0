"""Suspects: rows that a model which learned all the others finds most surprising, for a person to review.

Each row is judged by a proxy that was trained without it (k folds; near-copies share a fold, else a wrong row would be
vouched for by its copy). The score is the largest loss of a token of its answer: a wrong name or number is one word.
Hard rows are surprising too, so nothing is dropped; how far the ranking can be trusted is measured on the way, on
wrong answers that are planted: for every tenth row (of few rows more) one to another question is scored beside its own.

In      the sft rows of a run's train split.
Out     suspects.parquet (every row: rank, score, fold) and suspects.json in the run's folder.
Costs   `folds` trainings of the proxy. All rows in memory.
Source  out-of-fold loss as in confident learning: Northcutt et al. 2021 (arXiv:1911.00068).
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from factory import near, records, tables, training
from factory.drawing import draw_below
from factory.errors import WrongRequest
from factory.progress import Progress
from factory.runs import Run
from factory.stages import proxies, trainable
from factory.stages.foils import Foils
from factory.stages.splits import THRESHOLD
from factory.training import Loss, Row

SCHEMA = "dataset-factory/suspects/1"
PLANTED, ENOUGH = 10, 50  # every tenth row is also scored with a wrong answer; of few rows more, to have so many
LEAST = 20  # rows: fewer are read faster than ranked
SHARE = 0.05  # of the rows that are wrong, for the expected precision
RANKING = pa.schema(
    [("rank", pa.int64()), ("id", pa.string()), ("score", pa.float64()), ("loss", pa.float64()),
     ("tokens", pa.int64()), ("fold", pa.int64()), ("documents", pa.list_(pa.string()))],
    metadata={"factory.table": "suspects", "factory.version": "1"},
)  # fmt: skip


@dataclass(frozen=True)
class Suspects:
    """The ranking's first rows, and how far it can be trusted."""

    proxy: str
    folds: int
    rows: int
    left_out: int  # faulty rows, which no trainer takes
    planted: int
    auc: float  # of planted wrong answers against the rows as they are: 0.5 is chance
    review: int  # how many rows are SHARE of all
    found: float  # the share of planted answers that would stand among so many
    first: tuple[tuple[str, float], ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"schema": SCHEMA, **asdict(self)}


def suspect(
    run: str | Path,
    *,
    proxy: str = "tiny",
    folds: int = 5,
    options: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Suspects:
    """Rank the sft rows of a run by how surprising they are to proxies that were trained without them.

    `options` are those of the trainer. Raises WrongRequest for a run with too few rows.
    """
    opened, progress, method = Run(run), progress or Progress(), proxies.method()
    data = trainable.find(opened.path, training.trainer(method))
    rows = proxies.table(data.train)
    if len(rows) < max(LEAST, 2 * folds):
        raise WrongRequest(f"{opened.path} has {len(rows)} sft rows to train on: fewer than can be ranked. Read them.")
    with opened.lock():
        folder = opened.path / "cache" / "suspects"
        made = proxies.begun(method, data.train, proxy, folder, options or {}, progress)
        work = _Folds(rows, folds)
        for fold in range(folds):
            model = made.trained(f"fold-{fold}", work.others(fold), progress)
            work.take(fold, made.losses(model, work.asked(fold), f"losses {fold + 1}/{folds}", progress))
            made.forget(f"fold-{fold}")
        found = work.result(Path(proxy).name)
        tables.write_parquet(opened.path / "suspects.parquet", RANKING, [work.ranking()])
        tables.write_json(opened.path / "suspects.json", found.as_dict())
        opened.log("suspect", rows=found.rows, auc=found.auc)
        shutil.rmtree(folder, ignore_errors=True)
    progress.end("suspect", f"{found.rows} rows ranked, {found.planted} wrong answers planted")
    return found


class _Folds:
    """Rows dealt into folds, the wrong answers planted among them, and their losses."""

    def __init__(self, table: pa.Table, folds: int) -> None:
        self._table, self._folds = table, folds
        self._rows: list[Row] = table.to_pylist()
        self._ids: list[str] = [row["id"] for row in self._rows]
        labels = near.near_duplicates([records.joined("sft", row) for row in self._rows], threshold=THRESHOLD)
        self._fold = [draw_below(folds, self._ids[label]) for label in labels.tolist()]
        self._every = max(1, min(PLANTED, len(self._rows) // ENOUGH))
        self._foils = Foils((_answer(row), ()) for row in self._rows)
        self._wrong = {nth: row for nth in range(len(self._ids)) if (row := self._planted(nth))}
        self._losses: dict[str, Loss] = {}

    def _planted(self, nth: int) -> Row | None:
        """The row with the answer to another question, where it is one of those and there is such an answer."""
        if draw_below(self._every, "planted", self._ids[nth]):
            return None
        row = self._rows[nth]
        found = self._foils.like(_answer(row), 1, seed=row["id"])
        if not found:
            return None
        *asked, answer = row["messages"]
        return {"id": f"planted/{row['id']}", "messages": [*asked, {**answer, "content": found[0]}]}

    def others(self, fold: int) -> pa.Table:
        """The rows that a fold's proxy is trained on."""
        return self._table.filter(pa.array([its != fold for its in self._fold]))

    def asked(self, fold: int) -> list[Row]:
        """The rows of a fold, and the wrong answers planted in it."""
        places = [nth for nth, its in enumerate(self._fold) if its == fold]
        return [*(self._rows[nth] for nth in places), *(self._wrong[nth] for nth in places if nth in self._wrong)]

    def take(self, fold: int, losses: Mapping[str, Loss]) -> None:
        """What a fold's proxy says of its rows."""
        self._losses |= losses

    def _scores(self) -> list[tuple[float, int]]:
        """(score, place) of every row, the most surprising first."""
        known = [(self._losses[id_].largest, nth) for nth, id_ in enumerate(self._ids) if id_ in self._losses]
        return sorted(known, key=lambda pair: (-pair[0], self._ids[pair[1]]))

    def ranking(self) -> pa.Table:
        """Every row, ranked."""
        made = []
        for rank, (score, nth) in enumerate(self._scores(), start=1):
            loss = self._losses[self._ids[nth]]
            row = {"rank": rank, "id": loss.id, "score": score, "loss": loss.loss, "tokens": loss.tokens}
            made.append({**row, "fold": self._fold[nth], "documents": trainable.documents_of(self._rows[nth])})
        return pa.Table.from_pylist(made, schema=RANKING)

    def result(self, proxy: str) -> Suspects:
        """The ranking in short, and how well it finds what was planted."""
        ranked = self._scores()
        wrong = [self._losses[row["id"]].largest for row in self._wrong.values() if row["id"] in self._losses]
        review = max(1, round(SHARE * len(ranked)))
        bound = ranked[review - 1][0] if ranked else 0.0
        return Suspects(
            proxy, self._folds, len(ranked), len(self._ids) - len(ranked), len(wrong),
            auc=round(auc(wrong, [score for score, _ in ranked]), 4),
            review=review, found=round(sum(score >= bound for score in wrong) / max(1, len(wrong)), 4),
            first=tuple((self._ids[nth], round(score, 3)) for score, nth in ranked[:20]),
        )  # fmt: skip


def auc(high: Sequence[float], low: Sequence[float]) -> float:
    """How often one of `high` is above one of `low`, ties half; 0.5 where either is empty."""
    if not high or not low:
        return 0.5
    ordered = np.sort(np.asarray(low))
    below, above = np.searchsorted(ordered, high, "left"), np.searchsorted(ordered, high, "right")
    return float((below + above).mean() / 2 / len(low))


def _answer(row: Row) -> str:
    return str(row["messages"][-1]["content"])
