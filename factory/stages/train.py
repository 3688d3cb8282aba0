"""Train: exported rows and a model into `models/<name>/`, after a preflight of every row.

model/            the trained model, merged, as safetensors: what transformers and vLLM load
adapter/          the LoRA alone, where there is one
README.md         the model card, linked to the data card, the recipe and the preflight
preflight.json    every finding with all its rows        log.jsonl   one line a step
trackers/         what trackers (`report_to`) wrote into the folder of the training
training.json     the fingerprint: what the model was made from. The same again is not done again. And the ids of the
                  documents that its rows came from: `factory forget` says which models have learned one. And how
                  confidential these are: what the model says is shown to no judge that may not see that.
"""

import json
import os
import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from factory import runs, tables, training
from factory.errors import WrongRequest
from factory.plural import many
from factory.policy import SCALE
from factory.progress import Progress
from factory.runs import Run
from factory.stages import model_card, trainable, trainer_calls, trainer_results
from factory.training import Finding, Split, Trained, Trainer

HALF_NOTED = "training.json.tmp"  # all that there is of a training which was killed at its first note


@dataclass
class Result:
    """What was found and, unless it was only checked, what came out. `did` is False where it stood already."""

    folder: Path
    findings: list[Finding] = field(default_factory=list)
    trained: Trained | None = None
    did: bool = True

    @property
    def errors(self) -> list[Finding]:
        """What stopped it."""
        return [found for found in self.findings if found.level == "error"]


def train(
    path: Path,
    method: str,
    *,
    model: str = "tiny",
    out: Path | None = None,
    name: str | None = None,
    options: Mapping[str, Any] | None = None,
    check: bool = False,
    accelerate: Path | None = None,
    progress: Progress | None = None,
    locked: bool = False,
) -> Result:
    """Check the rows at `path` and, unless only `check` is asked, train `model` on them into `out`.

    Errors of the preflight are in the result, and nothing is trained then. `name` is the model's, its method if not
    given; `locked` says that the caller holds the run.

    Raises WrongRequest before any work, CheckFailed for a loss that is no number, DeadWorld where it stopped
    and can go on.
    """
    trainer = training.trainer(method, options, instance=name)
    data = trainable.find(path, trainer)
    run = Run(path) if (path / "manifest.json").is_file() else None
    folder = out or (run.path if run else Path()) / "models" / trainer.instance
    if accelerate is not None and not accelerate.is_file():
        raise WrongRequest(f"--accelerate: there is no file {accelerate}. Make one with: accelerate config")
    mark = runs.fingerprint(
        trainer.plugin, trainer.digest, trainer.options, data.kind, data.digests, trainer_results.identity(model)
    )
    lock: AbstractContextManager[None] = run.lock() if run and not (check or locked) else nullcontext()
    with lock:
        if not check and _stands(folder, mark):
            return Result(folder, did=False)
        job = _Job(trainer, data, model, folder, accelerate, progress or Progress())
        if check:
            return job.check()
        result = job.train(mark)
        if result.trained is not None:
            card = model_card.card(result.trained, trainer, data, model, folder, run)
            tables.write_file(folder / "README.md", card.encode())
            made = {
                "method": method, "from": _from(model, folder), "seed": _seed(trainer),
                "documents": trainable.documents(data), "confidentiality": _learned(data, model),
            }  # fmt: skip
            _finish(folder, mark, result.trained, made)
            if run is not None:
                run.log("train", model=trainer.instance, method=trainer.plugin, steps=result.trained.steps)
        return result


def _stands(folder: Path, mark: str) -> bool:
    known = noted(folder)
    return known.get("fingerprint") == mark and bool(known.get("done")) and (folder / "model").is_dir()


def noted(folder: Path) -> dict[str, Any]:
    """What is known of the model in a folder: of what it was made, and how; {} where it is none of ours."""
    try:
        known = dict(json.loads((folder / "training.json").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}
    if str(known.get("from")).startswith("../"):
        known["from"] = str(folder / known["from"])
    return known


def _from(model: str, folder: Path) -> str:
    """What a model was trained from, as its own folder names it: who reads that may stand elsewhere than who typed it.

    A model beside it is named from here, since a run may be moved; another one by its whole path.
    """
    place = Path(model).expanduser().resolve()
    if not place.exists():
        return model
    beside = folder.resolve().parent
    return f"../{place.relative_to(beside).as_posix()}" if place.is_relative_to(beside) else str(place)


def _learned(data: Split, model: str) -> str:
    """How confidential what a model may say is: as the highest of its rows, and of what it was before."""
    before: str = noted(Path(model).expanduser()).get("confidentiality", SCALE[0])
    return max(trainable.confidentiality([*data.train, *data.validation]), before, key=SCALE.index)


def _seed(trainer: Trainer) -> int:
    return int(trainer.options.get("seed", 0))


def _finish(folder: Path, mark: str, trained: Trained, made: Mapping[str, Any]) -> None:
    result = {**asdict(trained), **made, "model": "model"}
    tables.write_json(folder / "training.json", {"fingerprint": mark, "done": True, **result})
    shutil.rmtree(folder / "work", ignore_errors=True)


class _Job:
    """One trainer, its data, and where the model goes."""

    def __init__(
        self, trainer: Trainer, data: Split, model: str, folder: Path, accelerate: Path | None, progress: Progress
    ) -> None:
        self._trainer, self._data, self._model = trainer, data, model
        self._folder, self._accelerate, self._progress = folder, accelerate, progress
        self._step = 0

    def check(self) -> Result:
        """The preflight alone; writes nothing but into a folder of its own that goes."""
        from tempfile import TemporaryDirectory

        with TemporaryDirectory(prefix="factory-") as place:
            result = Result(self._folder)
            self._ask(result, Path(place), preflight=True, train=False)
            return result

    def train(self, mark: str) -> Result:
        """The preflight, and the training if it finds no error."""
        self._begin(mark)
        result = Result(self._folder)
        together = self._accelerate is None
        self._ask(result, self._folder, preflight=True, train=together)
        if not together and not result.errors:
            self._ask(result, self._folder, preflight=False, train=True)
        return result

    def _begin(self, mark: str) -> None:
        """A folder in which only an earlier try of the same training may have left checkpoints."""
        known = noted(self._folder)
        others = [place for place in self._folder.glob("*") if place.name != HALF_NOTED]
        if others and not known:
            raise WrongRequest(f"{self._folder} holds other things. Choose another folder with -o.")
        if known.get("fingerprint") != mark:
            for old in ("checkpoints", "work", "model", "adapter", "trackers"):
                shutil.rmtree(self._folder / old, ignore_errors=True)
            (self._folder / "log.jsonl").unlink(missing_ok=True)
        self._folder.mkdir(parents=True, exist_ok=True)
        tables.write_json(self._folder / "training.json", {"fingerprint": mark, "done": False})

    def _ask(self, result: Result, place: Path, *, preflight: bool, train: bool) -> None:
        launched = train and self._accelerate is not None
        split = {"kind": self._data.kind, "train": self._data.train, "validation": self._data.validation}
        request = {
            "plugin": self._trainer.plugin, "options": dict(self._trainer.options), "model": self._model,
            "split": {**split, "digests": self._data.digests}, "out": str(self._folder), "preflight": preflight,
            "train": train, "watch": not launched, "parent": os.getpid(),
        }  # fmt: skip
        file = place / "request.json"
        file.write_text(json.dumps(request, default=_plain), encoding="utf-8")
        try:
            for event in trainer_calls.events(file, [self._model], self._accelerate if launched else None):
                self._take(event, result, place)
        finally:
            file.unlink(missing_ok=True)

    def _take(self, event: dict[str, Any], result: Result, place: Path) -> None:
        """One thing that the process says."""
        kind = event.pop("event")
        if kind == "begins":
            self._progress.start(event["what"])
        elif kind == "findings":
            result.findings = [Finding(**{**f, "rows": tuple(f["rows"])}) for f in event["findings"]]
            tables.write_json(place / "preflight.json", {"findings": event["findings"]})
            self._progress.end("preflight", many(len(result.errors), "error"))
        elif kind == "step":
            self._reach(event["step"], event["of"], event["loss"])
        elif kind == "trained":
            result.trained = Trained(**{**event, "model": Path(event["model"])})
            self._reach(result.trained.steps, result.trained.steps)
            self._progress.end("train", f"{many(result.trained.steps, 'step')}, {many(result.trained.tokens, 'token')}")
        else:
            if event.get("killed"):
                event["message"] += _estimated(result.findings)
            raise trainer_calls.failure(event)

    def _reach(self, step: int, of: int, loss: float | None = None) -> None:
        """The bar at a step, and the loss there beside it."""
        if not self._step:
            self._progress.start("train", of)
        self._progress.note("" if loss is None else f"loss {loss:.2f}")
        self._progress.advance(step - self._step)
        self._step = step


def _estimated(findings: list[Finding]) -> str:
    """What memory was thought to be enough, where a trainer said it."""
    size = next((found.values["bytes"] for found in findings if "bytes" in found.values), 0)
    return f" The estimate was {size / 1e9:.1f} GB; a smaller batch, max_length or model needs less." if size else ""


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else list(value)
