"""Suspects: rows that a model which learned all the others finds most surprising, for a person to review.

Each row is judged by a proxy that was trained without it (k folds; near-copies share a fold, else a wrong row would be
vouched for by its copy). The score of an answer is its loss a token after its own question, less its loss after the
questions of other rows that the proxy does not know either: how an answer is worded, and how rare its words are, raises
both; that it belongs to another question raises one alone. Of a pair it is how much the proxy would have it the other
way round: the loss of a reward model. Hard rows are surprising too, so nothing is dropped; how far the ranking can be
trusted is measured on the way, on wrong rows that are planted: for every tenth row (of few rows more) its answer is
taken from another question, or the sides of its pair are changed, and that is scored beside it.

In      the rows of a run's train split that a trainer takes: sft rows, or pairs.
Out     suspects/KIND.parquet (every row: rank, score, fold) and suspects/KIND.json in the run's folder.
Costs   `folds` trainings of the proxy, and of an answer 1 + APART losses. All rows in memory. Stopped and run again, it
        goes on with the fold it was at.
Source  out-of-fold loss as in confident learning: Northcutt et al. 2021 (arXiv:1911.00068). The difference is an
        estimate of the pointwise mutual information of question and answer: Church and Hanks 1990.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from factory import near, records, tables, training
from factory.drawing import draw_below
from factory.errors import WrongRequest
from factory.plural import many
from factory.progress import Progress
from factory.runs import Run
from factory.stages import proxies, trainable
from factory.stages.foils import Foils
from factory.stages.splits import THRESHOLD
from factory.training import Loss, Row

SCHEMA = "dataset-factory/suspects/2"
FOLDER = "suspects"
PLANTED, ENOUGH = 10, 50  # every tenth row is also scored with a wrong answer; of few rows more, to have so many
LEAST = 20  # rows: fewer are read faster than ranked
SHARE = 0.05  # of the rows that are wrong, for the expected precision
APART, LOOKED = 4, 1000  # questions of other rows that each answer is put to; rows that are looked at for these
Spoil = Callable[[Row], Row | None]  # of a row the columns of a wrong one, where one can be made of it
RANKING = pa.schema(
    [("rank", pa.int64()), ("id", pa.string()), ("score", pa.float64()), ("loss", pa.float64()),
     ("apart", pa.float64()), ("largest", pa.float64()), ("tokens", pa.int64()), ("fold", pa.int64()),
     ("documents", pa.list_(pa.string()))],
    metadata={"factory.table": "suspects", "factory.version": "2"},
)  # fmt: skip


@dataclass(frozen=True)
class Suspects:
    """The ranking's first rows, and how far it can be trusted."""

    kind: str
    proxy: str
    folds: int
    rows: int
    left_out: int  # faulty rows, which no trainer takes
    planted: int
    auc: float  # of planted wrong rows against the rows as they are: 0.5 is chance
    review: int  # how many rows are SHARE of all
    found: float  # the share of planted rows that would stand among so many
    first: tuple[tuple[str, float], ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"schema": SCHEMA, **asdict(self)}


def suspect(
    run: str | Path,
    *,
    proxy: str = "tiny",
    method: str | None = None,
    folds: int = 5,
    options: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Suspects:
    """Rank the rows of a run by how surprising they are to proxies that were trained without them.

    `method` is the trainer of the proxies, one of sft rows if not given; `options` are its. Raises WrongRequest for a
    run with too few rows, and for a trainer of another kind.
    """
    opened, progress = Run(run), progress or Progress()
    trainer = training.trainer(method or proxies.default())
    data = trainable.find(opened.path, trainer)
    if data.kind not in WRONG:
        raise WrongRequest(f"'{trainer.plugin}' trains on {data.kind}: suspects are found among {' and '.join(WRONG)}.")
    rows = proxies.table(data.train)
    if len(rows) < max(LEAST, 2 * folds):
        raise WrongRequest(
            f"{opened.path} has {len(rows)} {data.kind} rows to train on: fewer than can be ranked. Read them."
        )
    with opened.lock():
        folder = opened.path / "cache" / FOLDER
        made = proxies.begun(trainer.plugin, [data], proxy, [folder], options or {}, progress, folds)
        work = _Folds(data.kind, rows, folds)
        for fold in range(folds):
            said = f"losses {fold + 1}/{folds}"
            work.take(made.losses(f"fold-{fold}", work.others(fold), work.asked(fold), said, progress))
        found = work.result(Path(proxy).name)
        tables.write_parquet(opened.path / FOLDER / f"{data.kind}.parquet", RANKING, [work.ranking()])
        tables.write_json(opened.path / FOLDER / f"{data.kind}.json", found.as_dict())
        opened.log("suspect", kind=data.kind, rows=found.rows, auc=found.auc)
        made.end()
    progress.end("suspect", f"{many(found.rows, 'row')} ranked, {found.planted:,} wrong planted")
    return found


class _Folds:
    """Rows dealt into folds, the wrong ones planted among them, and their losses."""

    def __init__(self, kind: str, table: pa.Table, folds: int) -> None:
        self._kind, self._table, self._folds = kind, table, folds
        self._rows: list[Row] = table.to_pylist()
        self._ids: list[str] = [row["id"] for row in self._rows]
        labels = near.near_duplicates([records.joined(kind, row) for row in self._rows], threshold=THRESHOLD)
        self._fold = [draw_below(folds, self._ids[label]) for label in labels.tolist()]
        every, spoil = max(1, min(PLANTED, len(self._rows) // ENOUGH)), WRONG[kind](self._rows)
        drawn = [nth for nth, id_ in enumerate(self._ids) if not draw_below(every, "planted", id_)]
        made = {nth: {"id": f"planted/{self._ids[nth]}", **its} for nth in drawn if (its := spoil(self._rows[nth]))}
        self._wrong: dict[int, Row] = made
        self._losses: dict[str, Loss] = {}

    def others(self, fold: int) -> pa.Table:
        """The rows that a fold's proxy is trained on."""
        return self._table.filter(pa.array([its != fold for its in self._fold]))

    def asked(self, fold: int) -> list[Row]:
        """The rows of a fold, the wrong ones planted in it, and the answers of all these to questions of others."""
        places = [nth for nth, its in enumerate(self._fold) if its == fold]
        mine = [self._rows[nth] for nth in places]
        every = [*mine, *(self._wrong[nth] for nth in places if nth in self._wrong)]
        return [*every, *(row for of in every for row in APARTS[self._kind](of, mine, self._rows))]

    def take(self, losses: Mapping[str, Loss]) -> None:
        """What a fold's proxy says of its rows."""
        self._losses |= losses

    def _apart(self, id_: str) -> float | None:
        """The loss of an answer after questions that it does not answer; None where it was put to none."""
        found = [its.loss for nth in range(APART) if (its := self._losses.get(_named(id_, nth)))]
        return sum(found) / len(found) if found else None

    def _score(self, id_: str) -> float:
        loss, apart = self._losses[id_], self._apart(id_)
        return loss.largest if apart is None else loss.loss - apart

    def _scores(self) -> list[tuple[float, int]]:
        """(score, place) of every row, the most surprising first."""
        known = [(self._score(id_), nth) for nth, id_ in enumerate(self._ids) if id_ in self._losses]
        return sorted(known, key=lambda pair: (-pair[0], self._ids[pair[1]]))

    def ranking(self) -> pa.Table:
        """Every row, ranked."""
        made = []
        for rank, (score, nth) in enumerate(self._scores(), start=1):
            loss = self._losses[self._ids[nth]]
            row = {"rank": rank, "id": loss.id, "score": score, "loss": loss.loss, "apart": self._apart(loss.id)}
            row |= {"largest": loss.largest, "tokens": loss.tokens}
            made.append({**row, "fold": self._fold[nth], "documents": trainable.documents_of(self._rows[nth])})
        return pa.Table.from_pylist(made, schema=RANKING)

    def result(self, proxy: str) -> Suspects:
        """The ranking in short, and how well it finds what was planted."""
        ranked = self._scores()
        wrong = [self._score(row["id"]) for row in self._wrong.values() if row["id"] in self._losses]
        review = max(1, round(SHARE * len(ranked)))
        bound = ranked[review - 1][0] if ranked else 0.0
        return Suspects(
            self._kind, proxy, self._folds, len(ranked), len(self._ids) - len(ranked), len(wrong),
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


def _answers_of_others(rows: Sequence[Row]) -> Spoil:
    """A row with the answer to another question, where there is one of about that length."""
    foils = Foils((_answer(row), ()) for row in rows)

    def spoil(row: Row) -> Row | None:
        found = foils.like(_answer(row), 1, seed=row["id"])
        *asked, answer = row["messages"]
        return {"messages": [*asked, {**answer, "content": found[0]}]} if found else None

    return spoil


def _sides_changed(rows: Sequence[Row]) -> Spoil:
    """A pair the other way round."""
    return lambda row: {"prompt": row["prompt"], "chosen": row["rejected"], "rejected": row["chosen"]}


WRONG: Mapping[str, Callable[[Sequence[Row]], Spoil]] = {"sft": _answers_of_others, "preference": _sides_changed}


def _after_others(row: Row, alike: Sequence[Row], rows: Sequence[Row]) -> list[Row]:
    """A row's answer after the questions of others: of its fold, and where these have none, of all."""
    last = max((nth for nth, its in enumerate(row["messages"]) if its["role"] == "user"), default=None)
    if last is None:
        return []
    drawn = [*islice(dict.fromkeys(chain(_others(row, alike), _others(row, rows))), APART)]
    return [
        {**row, "id": _named(row["id"], nth), "messages": [
            {**its, "content": question} if at == last else its for at, its in enumerate(row["messages"])
        ]}
        for nth, question in enumerate(drawn)
    ]  # fmt: skip


def _others(row: Row, rows: Sequence[Row]) -> Iterator[str]:
    """Questions that another answer is given to, from a place on that the row's id draws."""
    asked, answer, start = _asked(row), _answer(row), draw_below(len(rows), "apart", row["id"])
    for other in islice(chain(islice(rows, start, None), islice(rows, start)), LOOKED):
        if _answer(other) != answer and _asked(other) not in (asked, ""):
            yield _asked(other)


APARTS: Mapping[str, Callable[[Row, Sequence[Row], Sequence[Row]], list[Row]]] = {
    "sft": _after_others,
    "preference": lambda row, alike, rows: [],  # the loss of a pair is of both its sides already
}


def _named(id_: str, nth: int) -> str:
    """What an answer after the nth question of another row is called."""
    return f"apart/{nth}/{id_}"


def _asked(row: Row) -> str:
    """The last question of a conversation; '' where nobody asks."""
    return next((str(its["content"]) for its in reversed(row["messages"]) if its["role"] == "user"), "")


def _answer(row: Row) -> str:
    return str(row["messages"][-1]["content"])
