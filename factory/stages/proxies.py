"""Small models trained to learn something about the data, and thrown away: for suspects and for comparing datasets.

In      rows as an Arrow table or files, a model to start from, options of a trainer.
Out     losses of other rows under the model that was trained.
Costs   a training each, as `factory train` would do it; the models are gone afterwards.
"""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from factory import plugins, tables, training
from factory.errors import CheckFailed, WrongRequest
from factory.progress import Progress
from factory.stages import trainer_calls
from factory.stages.train import train
from factory.training import Loss, Row, Split, Trainer


@dataclass(frozen=True)
class Proxy:
    """How proxies are trained: with which trainer and options, from which model, below which folder."""

    trainer: Trainer
    model: str
    folder: Path

    def trained(self, name: str, rows: pa.Table, progress: Progress, **options: Any) -> Path:
        """Train on these rows; returns the model's folder. Rows with a fault are left out, as a training would.

        Raises CheckFailed where they cannot be trained on at all.
        """
        place = self.folder / name
        data = place / "data" / self.trainer.kinds[0]
        tables.write_parquet(data / "train-00000.parquet", rows.schema, [rows])
        given = {**self.trainer.options, **options, "faulty": "drop"}
        result = train(
            place / "data", self.trainer.plugin, model=self.model, out=place / "model", options=given, progress=progress
        )
        if result.errors:
            raise CheckFailed("; ".join(found.message for found in result.errors))
        return place / "model"

    def losses(self, model: Path, rows: Sequence[Row], said: str, progress: Progress) -> dict[str, Loss]:
        """The losses of rows under a model, by id."""
        call = trainer_calls.losses(self.trainer.plugin, str(model), rows, said)
        [found] = trainer_calls.ask([call], self.folder, progress)
        return trainer_calls.as_losses(found)

    def forget(self, name: str) -> None:
        """Remove a proxy and its data."""
        shutil.rmtree(self.folder / name, ignore_errors=True)


def begun(
    method: str, files: Sequence[Path], model: str, folder: Path, options: Mapping[str, Any], progress: Progress
) -> Proxy:
    """A way to train proxies that all start from one model; `tiny` is made once, with a tokenizer for all these files.

    Raises WrongRequest for an option that the trainer does not have.
    """
    trainer = training.trainer(method, options)
    starting = method if trainer.start else default()
    shutil.rmtree(folder, ignore_errors=True)
    if model == "tiny":
        seed = int(trainer.options.get("seed", 0))
        call = trainer_calls.start(starting, Split(trainer.kinds[0], tuple(files)), model, folder / "start", seed)
        trainer_calls.ask([call], folder, progress)
        model = str(folder / "start")
    return Proxy(trainer, model, folder)


def default() -> str:
    """The trainer of sft rows whose models can start from nothing."""
    for name in plugins.declared("trainers"):
        found = training.trainer(name)
        if "sft" in found.kinds and found.start:
            return name
    raise WrongRequest("No trainer of sft rows is installed.")


def table(files: Iterable[Path]) -> pa.Table:
    """All rows of some Parquet files. Raises WrongRequest for others."""
    its = list(files)
    if any(file.suffix != ".parquet" for file in its):
        raise WrongRequest(
            "This takes a run or a folder with its dataset/; 'factory audit FILE' makes a run of a file."
        )
    return pa.concat_tables([pq.read_table(file) for file in its])
