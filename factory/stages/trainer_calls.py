"""Calls of a trainer from outside its process: what is asked, the process that does it, what it says on the way.

In      calls: losses of rows, answers to prompts, or the model that a training begins with; under which model.
Out     what each call returned, in order.
Costs   a process that loads torch once for all calls given together: some seconds. None where all results are kept.

The other end is `training_process`. Rows and answers pass through files of a folder that is gone afterwards; with
`keep`, results stay in another one (`trainer_results`), and what has one there is not asked again.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from factory import runs, training
from factory.errors import CheckFailed, DeadWorld, WrongRequest
from factory.progress import Progress
from factory.stages import launching, trainer_results
from factory.stages.trainer_results import Results
from factory.training import Loss, Message, Row, Split

ENVIRONMENT = {  # of the process that trains: it tells nobody, and says nothing but what it is asked
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TQDM_DISABLE": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "TOKENIZERS_PARALLELISM": "false",
}


KILLED = (-9, 137)  # how a process ends that the system killed, to have its memory; and what a launcher says of that


@dataclass(frozen=True)
class Call:
    """One thing to ask of a trainer's module, under one model; `said` is what it is called in the progress."""

    do: Literal["losses", "answers", "start"]
    plugin: str
    model: str
    items: Sequence[Any] = ()
    options: dict[str, Any] = field(default_factory=dict)
    said: str = ""


def losses(plugin: str, model: str, rows: Sequence[Row], said: str) -> Call:
    """The losses of rows."""
    return Call("losses", plugin, model, rows, said=said)


def answers(plugin: str, model: str, prompts: Sequence[Sequence[Message]], max_tokens: int, said: str) -> Call:
    """What a model says to prompts."""
    return Call("answers", plugin, model, prompts, {"max_tokens": max_tokens}, said)


def start(plugin: str, data: Split, model: str, out: Path, seed: int) -> Call:
    """The model that a training begins with."""
    split = {"kind": data.kind, "train": list(map(str, data.train))}
    return Call("start", plugin, model, options={"split": split, "out": str(out), "seed": seed})


def as_losses(found: Sequence[Any]) -> dict[str, Loss]:
    """What `losses` returned, by row; rows that the trainer would not train have none."""
    return {its["id"]: Loss(**its) for its in found}


def ask(calls: Sequence[Call], beside: Path, progress: Progress, *, keep: Path | None = None) -> list[list[Any]]:
    """Make the calls in one process. Raises WrongRequest, CheckFailed, DeadWorld as the trainer does.

    Texts wait in a folder below `beside`, which is the run's: they do not leave it. With `keep`, a folder of the run
    too, results stay there as they come, and those that are there already are not asked for again.
    """
    beside.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="calls-", dir=beside) as name:
        folder = Path(name)
        results = [Results(keep or folder, _mark(call) if keep else str(nth)) for nth, call in enumerate(calls)]
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
        asked = [(call, its) for call, its in zip(calls, results, strict=True) if not its.whole]
        if asked:
            file = folder / "request.json"
            request = [_written(call, its, folder / f"{nth}-items.jsonl") for nth, (call, its) in enumerate(asked)]
            file.write_text(json.dumps({"calls": request, "watch": True}), encoding="utf-8")
            for event in events(file, [call.model for call, _ in asked]):
                _tell(event, progress)
            for _, its in asked:
                its.end()
        return [its.read() for its in results]


def _mark(call: Call) -> str:
    """A name for all that the results of a call follow from."""
    digest, model = training.trainer(call.plugin).digest, trainer_results.identity(call.model)
    return runs.fingerprint(call.do, digest, model, call.items, call.options)


def _written(call: Call, results: Results, items: Path) -> dict[str, Any]:
    left = results.left(call.items)
    items.write_text("".join(json.dumps(item) + "\n" for item in left), encoding="utf-8")
    asked = {"do": call.do, "plugin": call.plugin, "model": call.model, "options": call.options, "said": call.said}
    had = len(call.items) - len(left)
    return {**asked, "items": str(items), "results": str(results.part), "of": len(call.items), "had": had}


def _tell(event: dict[str, Any], progress: Progress) -> None:
    kind = event["event"]
    if kind == "begins":
        progress.start(event["what"], event.get("of"))
        progress.advance(event.get("had", 0))
    elif kind == "advanced":
        progress.advance(event["by"])
    elif kind == "failed":
        raise failure(event)


def failure(event: dict[str, Any]) -> Exception:
    """The error that the process told of."""
    kinds: dict[str, type[Exception]] = {"WrongRequest": WrongRequest, "CheckFailed": CheckFailed}
    return kinds.get(event["kind"], DeadWorld)(event["message"])


def events(request: Path, models: Sequence[str], accelerate: Path | None = None) -> Iterator[dict[str, Any]]:
    """What the process says, until it ends; where it ends without a word, that it failed."""
    ours = ["-m", "factory.stages.training_process", str(request)]
    launcher, its = launching.launcher(accelerate) if accelerate else ([], {})
    heard = None if os.environ.get("FACTORY_TRACEBACK") else subprocess.DEVNULL
    process = subprocess.Popen(  # noqa: S603 # our own interpreter and module
        [sys.executable, *launcher, *ours], env=_environment(models) | its, text=True, encoding="utf-8",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=heard,
    )  # fmt: skip
    assert process.stdout is not None  # noqa: S101 # opened as a pipe
    try:
        for line in process.stdout:
            yield json.loads(line)
        if code := process.wait():
            message = (
                f"The training process ended by itself (exit code {code}), perhaps for lack of memory. "
                "Run the same command again: it goes on from its last checkpoint. FACTORY_TRACEBACK=1 shows more."
            )
            yield {"event": "failed", "kind": "DeadWorld", "message": message, "killed": code in KILLED}
    finally:
        if accelerate:
            launching.end(process)
        process.kill()
        process.communicate()


def _environment(models: Sequence[str]) -> dict[str, str]:
    """Ours, with our path; without the hub where all models are here."""
    here = all(model == "tiny" or Path(model).expanduser().exists() for model in models)
    offline = {"HF_HUB_OFFLINE": "1"} if here else {}
    path = os.pathsep.join(p for p in sys.path if p)
    return {**os.environ, **ENVIRONMENT, **offline, "PYTHONPATH": path}
