"""How a trainer is set: what the user said, and for the rest rules that follow from the size of data and model.

| setting         | rule where nothing is said                                                                     |
|-----------------|------------------------------------------------------------------------------------------------|
| `batch`         | the power of two below rows / 25, between 8 and 64; of packed sequences between 1 and 64         |
| `epochs`        | 3 up to 10,000 rows, 2 up to 100,000, else 1 (pairs and text: one less); more if that is under   |
|                 | 100 steps: up to 30; for a model as small as `tiny`, which begins with nothing, up to 100 or     |
|                 | 150,000 tokens                                                                                   |
| `learning_rate` | 2e-5 · (10⁹ / parameters)^0.65, at most 3e-3; LoRA ten times that; of it a twentieth for DPO, |
|                 | KTO, a fifth for a reward model                                                               |
| `max_length`    | the longest row, rounded up to a multiple of 64, at most 4,096 and what the model can read       |

The factor of ten for LoRA is Schulman et al. 2025, "LoRA Without Regret". The powers of the model's size are a fit
through what model cards report between 0.1 and 70 billion parameters; a guess to start from, not a law.
"""

import dataclasses
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from factory.errors import WrongRequest, did_you_mean

Adapter = Literal["full", "lora", "qlora"]
Faulty = Literal["refuse", "drop"]
MIN_STEPS, MAX_EPOCHS = 100, 30  # below, a model has hardly moved; above, it has learned the rows by heart
SMALL, MAX_EPOCHS_SMALL, MAX_TOKENS_SMALL = 10_000_000, 100, 150_000  # parameters; a minute on one core
MIN_BATCH, MAX_BATCH = 8, 64
SCALES = {"cpt": 1.0, "sft": 1.0, "dpo": 0.05, "kto": 0.05, "reward": 0.2}
OURS = {  # arguments of TRL that are settings here, by what to write instead
    "learning_rate": "learning_rate", "num_train_epochs": "epochs", "max_length": "max_length", "seed": "seed",
    "packing": "packing", "report_to": "report_to", "loss_type": "loss",
}  # fmt: skip
REFUSED = {
    "output_dir": "say where with -o",
    "trust_remote_code": "code from a model's repository is never run",
    "push_to_hub": "nothing is sent anywhere while training; upload the folder afterwards",
    "remove_unused_columns": "the trainer is given the columns that it needs and no others",
}


@dataclass(frozen=True)
class Settings:
    """What the user said, by the names of the trainers' options; None where a rule decides."""

    method: str
    adapter: Adapter = "full"
    epochs: float | None = None
    batch: int | None = None
    learning_rate: float | None = None
    max_length: int | None = None
    faulty: Faulty = "refuse"
    template: str | None = None
    seed: int = 0
    report_to: tuple[str, ...] = ()
    args: Mapping[str, Any] = field(default_factory=dict)
    own: Mapping[str, Any] = field(default_factory=dict)  # options that only this trainer has

    @classmethod
    def of(cls, method: str, options: Mapping[str, Any]) -> "Settings":
        """The settings among a trainer's options; the others are its own."""
        names = {f.name for f in dataclasses.fields(cls)} - {"method", "own"}
        shared = {name: value for name, value in options.items() if name in names}
        shared["args"] = shared.get("args") or {}
        own = {name: value for name, value in options.items() if name not in names}
        return cls(method=method, own=own, **shared)


@dataclass(frozen=True)
class Plan:
    """The numbers of a training: settled before its first step."""

    rows: int
    epochs: float
    batch: int  # rows a step of the optimiser: on each process `micro` at once, `accumulated` times
    micro: int
    accumulated: int
    learning_rate: float
    steps: int


def plan(settings: Settings, rows: int, parameters: int, tokens: int) -> Plan:
    """The plan for so many rows (packed ones, where they are packed), their tokens, and a model of this size."""
    least = 1 if settings.own.get("packing") else MIN_BATCH
    batch = settings.batch or max(least, min(MAX_BATCH, 2 ** int(math.log2(max(1, rows / 25)))))
    batch = min(batch, max(1, rows))
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    share = max(1, batch // processes)
    micro = int(settings.args.get("per_device_train_batch_size", _micro(settings.method, share, rows)))
    accumulated = int(settings.args.get("gradient_accumulation_steps", max(1, share // micro)))
    grouped = micro * accumulated * processes
    an_epoch = max(1, math.ceil(rows / grouped))
    epochs = settings.epochs or _epochs(settings.method, rows, an_epoch, _most(parameters, tokens))
    steps = int(settings.args.get("max_steps", 0)) or max(1, math.ceil(epochs * an_epoch))
    return Plan(rows, epochs, grouped, micro, accumulated, settings.learning_rate or _rate(settings, parameters), steps)


def _micro(method: str, batch: int, rows: int) -> int:
    """Rows at once: at most 8. KTO compares the rows of one batch, so none may be left alone in the last."""
    if method != "kto":
        return next(size for size in (8, 4, 2, 1) if batch % size == 0)
    sizes = [size for size in range(min(8, batch), 1, -1) if batch % size == 0 and rows % size != 1]
    return sizes[0] if sizes else next((size for size in range(8, 1, -1) if rows % size != 1), 2)


def _most(parameters: int, tokens: int) -> int:
    if parameters >= SMALL:
        return MAX_EPOCHS
    return min(MAX_EPOCHS_SMALL, max(1, MAX_TOKENS_SMALL // max(1, tokens)))


def _epochs(method: str, rows: int, an_epoch: int, most: int) -> float:
    base = 3 if rows <= 10_000 else 2 if rows <= 100_000 else 1
    base = max(1, base - (method != "sft"))
    return float(min(most, max(base, math.ceil(MIN_STEPS / an_epoch))))


def _rate(settings: Settings, parameters: int) -> float:
    full = min(3e-3, 2e-5 * (1e9 / max(1, parameters)) ** 0.65)
    low_rank = 1.0 if settings.adapter == "full" else 10.0
    return float(f"{min(5e-3, full * low_rank) * SCALES[settings.method]:.2g}")


def check_trackers(settings: Settings) -> None:
    """Raise WrongRequest for a tracker that transformers does not know, or that is not installed."""
    from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK as KNOWN

    for name in settings.report_to:
        if name not in KNOWN:
            known = ", ".join(sorted(KNOWN))
            raise WrongRequest(f"report_to: there is no tracker '{name}'.{did_you_mean(name, KNOWN)} Known: {known}.")
        try:
            KNOWN[name]()
        except (RuntimeError, ImportError) as error:
            raise WrongRequest(f"report_to: {name} cannot be used. {error}") from error


def check_args(config: Any, settings: Settings) -> None:
    """Raise WrongRequest for an argument that a TRL config does not have, with the nearest that it has."""
    known = {f.name for f in dataclasses.fields(config) if f.init}
    for name in settings.args:
        if name in REFUSED:
            raise WrongRequest(f"args.{name} is not taken: {REFUSED[name]}.")
        if name in OURS and name in known:
            raise WrongRequest(f"args.{name} is a setting of its own. Write: --set {OURS[name]}=…")
        if name not in known:
            raise WrongRequest(
                f"{config.__name__} of TRL has no argument '{name}'.{did_you_mean(name, known)} "
                f"'args:' takes those of the TRL that is installed."
            )


def configure(config: Any, settings: Settings, plan: Plan, folder: Path, **own: Any) -> Any:
    """An instance of a TRL config: rules, then what the trainer sets, then the user's `args`."""
    known = {f.name for f in dataclasses.fields(config) if f.init}
    given = {**_rules(settings, plan), **own, **settings.args, "output_dir": str(folder)}
    try:
        return config(**{name: value for name, value in given.items() if name in known})
    except (TypeError, ValueError) as error:
        raise WrongRequest(f"args: {config.__name__} of TRL does not take these values: {error}") from error


def _rules(settings: Settings, plan: Plan) -> dict[str, Any]:
    import torch

    cuda = torch.cuda.is_available()
    return {
        "seed": settings.seed,
        "data_seed": settings.seed,
        "learning_rate": plan.learning_rate,
        "num_train_epochs": plan.epochs,
        "per_device_train_batch_size": plan.micro,
        "per_device_eval_batch_size": plan.micro,
        "gradient_accumulation_steps": plan.accumulated,
        "lr_scheduler_type": "cosine",
        "warmup_steps": max(1, plan.steps // 20),
        "bf16": cuda and torch.cuda.is_bf16_supported(),
        "fp16": False,
        "gradient_checkpointing": cuda,  # memory is short on a GPU; on a CPU it only costs time
        "logging_steps": max(1, plan.steps // 200),
        "logging_first_step": True,
        "logging_nan_inf_filter": False,  # else TRL would log the last good loss in place of a NaN
        "save_strategy": "steps",
        "save_steps": max(20, plan.steps // 10),
        "save_total_limit": 2,  # one may be cut in half when the machine dies
        "report_to": list(settings.report_to) or "none",
        "disable_tqdm": True,
        "dataloader_pin_memory": cuda,
    }
