"""Small models trained to learn something about the data, and thrown away: for suspects and for comparing datasets.

In      rows as an Arrow table, a model to start from, options of a trainer.
Out     losses of other rows under the model that was trained.
Costs   a training each, as `factory train` would do it; the models are gone afterwards.

What a proxy said is kept, whole or not at all, until all that was asked is done: a command that was stopped goes on
with the proxy it was at, and that one from its last checkpoint. It stands below a digest of all that it follows from.

MARK/with.json   where else the same work lies (see `joint`)
MARK/start/      what all proxies begin with, where that is made here
MARK/NAME/       a proxy that is being trained: its rows, its model
MARK/NAME.json   what it said
"""

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from factory import plugins, runs, tables, training
from factory.errors import CheckFailed, WrongRequest
from factory.progress import Progress
from factory.stages import joint, trainer_calls, trainer_results
from factory.stages.train import train
from factory.training import Loss, Row, Split, Trainer


@dataclass(frozen=True)
class Proxies:
    """How proxies are trained: with which trainer and options, from which model, below which folder.

    `places` are all folders of the same work, where it is on several datasets.
    """

    trainer: Trainer
    model: str
    folder: Path
    places: tuple[Path, ...]

    def at(self, nth: int) -> "Proxies":
        """The same, below another of its folders: what is trained on a dataset stays with it."""
        return replace(self, folder=self.places[nth])

    def losses(
        self, name: str, rows: pa.Table, asked: Sequence[Row], said: str, progress: Progress, **options: Any
    ) -> dict[str, Loss]:
        """The losses of the rows `asked`, by id, under a proxy that is trained on `rows`: once for each `name`.

        Rows with a fault are left out, as a training would. Raises CheckFailed where none can be trained on.
        """
        kept = self.folder / f"{name}.json"
        if not kept.is_file():
            model = self._trained(name, rows, progress, options)
            [found] = trainer_calls.ask(
                [trainer_calls.losses(self.trainer.plugin, str(model), asked, said)], self.folder, progress
            )
            tables.write_json(kept, [asdict(loss) for loss in trainer_calls.as_losses(found).values()])
        shutil.rmtree(self.folder / name, ignore_errors=True)
        return trainer_calls.as_losses(json.loads(kept.read_text(encoding="utf-8")))

    def _trained(self, name: str, rows: pa.Table, progress: Progress, options: Mapping[str, Any]) -> Path:
        """The folder of a model that was trained on these rows."""
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

    def end(self) -> None:
        """All is done, and what was kept can go."""
        joint.end(self.places)


def begun(
    method: str, data: Sequence[Split], model: str, folders: Sequence[Path], options: Mapping[str, Any],
    progress: Progress, *more: Any,
) -> Proxies:  # fmt: skip
    """A way to train proxies that all start from one model; `tiny` is made once, with a tokenizer for all the data.

    It is made in the first of `folders`, which are those of the datasets that the work is on. `more` is what else the
    answers follow from. Raises WrongRequest for an option that the trainer does not have.
    """
    trainer = training.trainer(method, options)
    digests = [its.digests for its in data]
    mark = runs.fingerprint(
        trainer.plugin, trainer.digest, trainer.options, digests, trainer_results.identity(model), runs.core_digest(),
        *more,
    )  # fmt: skip
    places = tuple(folder / mark for folder in folders)
    joint.begin(places)
    if model == "tiny":
        model = str(_start(trainer, [file for its in data for file in its.train], places[0], progress))
    return Proxies(trainer, model, places[0], places)


def _start(trainer: Trainer, files: Sequence[Path], place: Path, progress: Progress) -> Path:
    """`tiny`, made of these files: whole or not there."""
    made, beside = place / "start", place / "start.tmp"
    if not made.is_dir():
        shutil.rmtree(beside, ignore_errors=True)
        plugin, seed = trainer.plugin if trainer.start else default(), int(trainer.options.get("seed", 0))
        call = trainer_calls.start(plugin, Split(trainer.kinds[0], tuple(files)), "tiny", beside, seed)
        trainer_calls.ask([call], place, progress)
        beside.rename(made)
    return made


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
    return pa.concat_tables([tables.parquet(file).read() for file in its])
