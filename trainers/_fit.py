"""The training itself: TRL's trainer with our rows, a log line a step, checkpoints that are known to be whole.

Stopped anywhere and called again it goes on from the last whole checkpoint, to the same weights.
"""

import json
import math
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from transformers import PrinterCallback, TrainerCallback

from factory.errors import CheckFailed, DeadWorld
from factory.plural import many
from factory.training import Row, Trained
from trainers import _model
from trainers._prepare import Lesson
from trainers._rows import Method
from trainers._settings import configure

NO_MEMORY = ("allocate memory", "not enough memory")  # the system, through torch of a CPU or a file of weights
NO_ROOM = ("unexpected pos", "PytorchStreamWriter", "iostream error")  # torch, of a file that it could not write
UNWANTED = ("training_args.bin", "README.md")  # of TRL: a pickle, and a card that knows nothing of the data
WHOLE = "whole.json"  # in a checkpoint: the sizes of its files, written when all of them are


def fit(lesson: Lesson, method: Method, out: Path, trainer: Any, **own: Any) -> Trained:
    """Train on a lesson and save the model below `out`. `own` are arguments of TRL that this method sets.

    Raises CheckFailed for errors of the preflight and for a loss that is no number, with the rows of its batch;
    DeadWorld where memory or disk does not suffice.
    """
    from safetensors import SafetensorError
    from torch import OutOfMemoryError

    if lesson.errors or lesson.plan is None:
        raise CheckFailed("; ".join(f"{found.reason}: {found.message}" for found in lesson.errors))
    try:
        return _fit(lesson, method, out, trainer, own)
    except SafetensorError as error:  # it has no errno
        raise DeadWorld(
            f"The weights could not be written below {out}: {error}. Make room and run it again."
        ) from error
    except (OutOfMemoryError, MemoryError, RuntimeError) as error:
        if any(words in str(error) for words in NO_ROOM):
            raise DeadWorld(
                f"A checkpoint could not be written below {out}. Make room and run it again: it goes on from the last "
                "whole one."
            ) from error
        ended = isinstance(error, OutOfMemoryError | MemoryError)
        if not ended and not any(words in str(error) for words in NO_MEMORY):
            raise
        [size] = [found for found in lesson.findings if found.reason == "train.size"]
        raise DeadWorld(
            f"Out of memory; the estimate was {size.values['bytes'] / 1e9:.1f} GB. Lower it with --set "
            "args.per_device_train_batch_size=1, a smaller max_length, or adapter=lora."
        ) from error


def _fit(lesson: Lesson, method: Method, out: Path, trainer: Any, own: dict[str, Any]) -> Trained:
    import trl

    assert lesson.plan is not None  # noqa: S101 # fit() refuses a lesson without one
    place, settings = lesson.place, lesson.settings
    packed = bool(settings.own.get("packing"))
    _model.use_few_threads(lesson.parameters)
    arguments = configure(getattr(trl, method.config), settings, lesson.plan, out / "checkpoints", **own)
    made = _naming(trainer, lesson.ids)(
        model=_model.weights(place, lesson.tokenizer, settings, reward=method.reward, packed=packed),
        args=arguments,
        train_dataset=lesson.train,
        eval_dataset=lesson.validation,
        processing_class=lesson.tokenizer,
        peft_config=_model.adapter(settings, reward=method.reward),
        callbacks=[Journal(out / "log.jsonl")],
        **_reference(lesson, method),
    )
    if len(made.train_dataset) != len(lesson.train):
        lost = len(lesson.train) - len(made.train_dataset)
        raise CheckFailed(f"TRL left out {many(lost, 'row')} that the preflight found in order. Please report this.")
    made.data_collator = _numbering(made.data_collator)
    made.remove_callback(PrinterCallback)  # the journal has every line
    result = made.train(resume_from_checkpoint=whole_checkpoint(out / "checkpoints"))
    metrics = dict(result.metrics)
    if lesson.validation is not None:
        metrics |= made.evaluate()
    _save(made, lesson, method, out)
    seen = [entry["num_tokens"] for entry in made.state.log_history if "num_tokens" in entry]
    return Trained(
        model=out / "model",
        rows=len({row for numbers in lesson.train["row"] for row in _flat(numbers)}),
        left_out=len(lesson.left_out),
        steps=made.state.global_step,
        tokens=int(seen[-1]) if seen else 0,
        metrics={name: float(value) for name, value in metrics.items() if isinstance(value, int | float)},
    )


def _reference(lesson: Lesson, method: Method) -> dict[str, Any]:
    """The frozen copy that DPO and KTO compare with; under an adapter it is the model without it."""
    if not method.reference or lesson.settings.adapter != "full":
        return {}
    return {"ref_model": _model.weights(lesson.place, lesson.tokenizer, lesson.settings)}


def _naming(trainer: Any, ids: Sequence[str]) -> Any:
    """The trainer, made to stop at a loss that is no number and say which rows it was on, and to report to nobody."""

    class Naming(trainer):  # type: ignore[misc] # a class of TRL
        def compute_loss(self, model: Any, inputs: dict[str, Any], *args: Any, **options: Any) -> Any:
            rows = inputs.pop("row")
            result = super().compute_loss(model, inputs, *args, **options)
            loss = result[0] if isinstance(result, tuple) else result
            if not math.isfinite(loss.item()):
                names = ", ".join(ids[nth] for nth in rows.tolist())
                raise CheckFailed(
                    f"The loss is {loss.item()} at step {self.state.global_step + 1}, on the rows {names}. "
                    "Lower learning_rate, or look at these rows."
                )
            return result

        def _send_telemetry(self) -> None:
            """TRL would tell its makers what is trained, on which device."""

    Naming.__name__ = trainer.__name__
    return Naming


def _numbering(collate: Callable[[list[Row]], dict[str, Any]]) -> Callable[[list[Row]], dict[str, Any]]:
    """TRL's collator, which also hands on the numbers of the rows."""
    import torch

    def numbered(examples: list[Row]) -> dict[str, Any]:
        rows = sorted({row for example in examples for row in _flat(example["row"])})
        batch = collate([{name: value for name, value in example.items() if name != "row"} for example in examples])
        return {**batch, "row": torch.tensor(rows)}

    return numbered


def _flat(numbers: int | list[int]) -> list[int]:
    return numbers if isinstance(numbers, list) else [numbers]


class Journal(TrainerCallback):  # type: ignore[misc] # a class of transformers
    """One JSON line a log entry; in each checkpoint a note that it is whole."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        """Called by the trainer, on every process; the first one writes."""
        if state.is_world_process_zero and logs:
            line = {"step": state.global_step, "of": state.max_steps, **logs}
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, default=float) + "\n")

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Called when a checkpoint is written: by each of several processes, its own part of it."""
        _wait_for_all()
        if state.is_world_process_zero:
            folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            sizes = {file.name: file.stat().st_size for file in sorted(folder.iterdir()) if file.is_file()}
            (folder / WHOLE).write_text(json.dumps(sizes), encoding="utf-8")


def whole_checkpoint(folder: Path) -> str | None:
    """The last checkpoint whose files are all there in their full length; those that are not are removed."""
    found = sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
    for checkpoint in reversed(found):
        if _is_whole(checkpoint):
            return str(checkpoint)
        shutil.rmtree(checkpoint, ignore_errors=True)  # another process may have been first
    return None


def _is_whole(checkpoint: Path) -> bool:
    try:
        sizes = json.loads((checkpoint / WHOLE).read_text(encoding="utf-8"))
        return all((checkpoint / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError):
        return False


def _save(trainer: Any, lesson: Lesson, method: Method, out: Path) -> None:
    """The model under `out/model`, whole or not there; an adapter beside it, and merged into it."""
    beside, adapter = out / "model.tmp", out / "adapter"
    if trainer.is_world_process_zero():
        shutil.rmtree(beside, ignore_errors=True)
    _wait_for_all()  # a slower process would find what the first one has just written
    merges = lesson.settings.adapter != "full"
    trainer.save_model(str(adapter if merges else beside))
    if not trainer.is_world_process_zero():
        return
    if merges:
        _merged(adapter, lesson, method).save_pretrained(str(beside))
        lesson.tokenizer.save_pretrained(str(beside))
    for folder in (beside, adapter):
        for name in UNWANTED:
            (folder / name).unlink(missing_ok=True)
    shutil.rmtree(out / "model", ignore_errors=True)
    beside.rename(out / "model")
    clear_checkpoints(out)


def clear_checkpoints(out: Path) -> None:
    """Remove the checkpoints; what trackers wrote beside them, such as tensorboard's events, goes to `trackers/`."""
    folder = out / "checkpoints"
    for place in folder.glob("*"):
        if not place.name.startswith("checkpoint-") and place.name not in UNWANTED:
            (out / "trackers").mkdir(exist_ok=True)
            shutil.move(place, out / "trackers" / place.name)
    shutil.rmtree(folder, ignore_errors=True)


def _wait_for_all() -> None:
    """Go on when all processes of this training are here; at once where there is but one."""
    from torch import distributed

    if distributed.is_available() and distributed.is_initialized():
        distributed.barrier()


def _merged(adapter: Path, lesson: Lesson, method: Method) -> Any:
    """The base model with the adapter added to its weights, in full precision."""
    import dataclasses

    from peft import PeftModel

    whole = dataclasses.replace(lesson.settings, adapter="lora")  # four-bit weights cannot be added to
    base = _model.weights(lesson.place, lesson.tokenizer, whole, reward=method.reward)
    if method.reward:
        base.config.pad_token_id = lesson.tokenizer.pad_token_id
    return PeftModel.from_pretrained(base, str(adapter)).merge_and_unload()
