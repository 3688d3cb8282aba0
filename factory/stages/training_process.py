"""The process in which a trainer works: the core never imports torch, and a crash there costs only that process.

`python -m factory.stages.training_process REQUEST.json` does what the request says and answers in JSON lines on its
standard output. What libraries print goes to stderr. It ends when its parent does, which it sees at its closed stdin;
or, where a launcher stands between them, at a process that is not there any more.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from factory import training
from factory.errors import FactoryError, WrongRequest, where
from factory.training import Split

EXTRA = ("torch", "trl", "transformers", "peft", "accelerate", "psutil", "safetensors")
POLL_S = 0.3


class _Wire:
    """The way back to the parent; of several processes only the first one speaks."""

    def __init__(self, pipe: IO[str]) -> None:
        self._pipe, self._lock = pipe, threading.Lock()
        self._speaks = os.environ.get("RANK", "0") == "0"

    def send(self, event: str, **values: Any) -> None:
        """One line."""
        if self._speaks:
            with self._lock:
                self._pipe.write(json.dumps({"event": event, **values}, default=str) + "\n")
                self._pipe.flush()


def main(file: Path) -> int:
    """Do what a request says; 0 also where the answer is a failure that was told."""
    wire = _Wire(os.fdopen(os.dup(1), "w", encoding="utf-8"))
    os.dup2(2, 1)
    asked = json.loads(file.read_text(encoding="utf-8"))
    watching = threading.Thread(target=_end_with_parent, daemon=True)
    if not asked["watch"]:
        watching = threading.Thread(target=_end_without, args=(asked.get("parent"),), daemon=True)
    watching.start()
    try:
        _work(asked, wire)
    except FactoryError as error:
        wire.send("failed", kind=type(error).__name__, message=str(error))
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else type(error).__name__
        wire.send("failed", kind="DeadWorld", message=f"{why}. Mend that, then run the same command again.")
    except Exception as error:  # the process's last line: what failed must reach the parent without its values
        if os.environ.get("FACTORY_TRACEBACK"):
            raise
        wire.send("failed", **_told(error))
    return 0


def _work(asked: dict[str, Any], wire: _Wire) -> None:
    if "calls" in asked:
        for call in asked["calls"]:
            wire.send("begins", what=call["said"] or call["do"], of=call["of"] or None, had=call["had"])
            _answer(call, training.trainer(call["plugin"]), wire)
        return
    trainer = training.trainer(asked["plugin"], asked["options"])
    files = {name: tuple(map(Path, asked["split"][name])) for name in ("train", "validation")}
    data = Split(asked["split"]["kind"], **files, digests=tuple(asked["split"]["digests"]))
    if asked["preflight"]:
        wire.send("begins", what="preflight")
        findings = trainer.preflight(data, asked["model"], **trainer.options)
        wire.send("findings", findings=[asdict(found) for found in findings])
        if any(found.level == "error" for found in findings):
            return
    if asked["train"]:
        out = Path(asked["out"])
        threading.Thread(target=_tell_steps, args=(out / "log.jsonl", wire), daemon=True).start()
        trained = trainer.train(data, asked["model"], out, **trainer.options)
        wire.send("trained", **asdict(trained))


def _answer(call: dict[str, Any], trainer: training.Trainer, wire: _Wire) -> None:
    """Do one call; each thing it gives is a line of its file at once, after those that an earlier try left there."""
    items = [json.loads(line) for line in Path(call["items"]).read_text(encoding="utf-8").splitlines()]
    with Path(call["results"]).open("a", encoding="utf-8", buffering=1) as file:
        for result in _results(call, trainer, items):
            file.write(json.dumps(result) + "\n")
            wire.send("advanced", by=1)


def _results(call: dict[str, Any], trainer: training.Trainer, items: list[Any]) -> Iterable[Any]:
    model, options = call["model"], call["options"]
    if call["do"] == "losses":
        return (asdict(loss) for loss in trainer.losses(model, items))
    if call["do"] == "answers" and trainer.answers:
        return trainer.answers(model, items, **options)
    if call["do"] == "start" and trainer.start:
        split = Split(options["split"]["kind"], tuple(map(Path, options["split"]["train"])))
        return [trainer.start(split, model, Path(options["out"]), seed=options["seed"])]
    raise WrongRequest(f"The trainer '{call['plugin']}' has no '{call['do']}'.")


def _told(error: Exception) -> dict[str, str]:
    """What the parent is told of an error that is not one of ours."""
    if isinstance(error, ImportError) and (error.name or "").split(".")[0] in EXTRA:
        message = f"Training needs {error.name}, which is not installed. Run: pip install 'dataset-factory[train]'"
        return {"kind": WrongRequest.__name__, "message": message}
    return {"kind": "DeadWorld", "message": f"The trainer failed: {where(error)}. FACTORY_TRACEBACK=1 shows all."}


def _end_with_parent() -> None:
    while os.read(0, 1024):  # not sys.stdin, whose lock a thread may not hold when the interpreter ends
        pass
    os._exit(3)  # nothing to clean up: a checkpoint that is not whole is known by its missing note


def _end_without(process: int | None) -> None:
    """End when that process has: what nobody waits for would only stand in the way of the next try."""
    while process:
        time.sleep(POLL_S)
        try:
            os.kill(process, 0)
        except (ProcessLookupError, PermissionError):  # gone, or its number is another one's
            os._exit(3)


def _tell_steps(log: Path, wire: _Wire) -> None:
    """Follow the trainer's log and hand on where it is; what stood there before is of an earlier try."""
    read = log.stat().st_size if log.exists() else 0
    while True:
        time.sleep(POLL_S)
        if log.exists() and log.stat().st_size > read:
            with log.open("rb") as file:
                file.seek(read)
                lines = file.read().rpartition(b"\n")[0]
            read += len(lines) + 1 if lines else 0
            if lines:
                last = json.loads(lines.splitlines()[-1])
                wire.send("step", step=last["step"], of=last["of"], loss=last.get("loss"))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
