"""What a training needs in memory, and about how long it takes: estimates before the first step.

| part        | bytes                                                                                             |
|-------------|---------------------------------------------------------------------------------------------------|
| weights     | parameters · 4 (2 in bf16 under an adapter, 0.55 in four bits); once more for a reference model   |
| gradients   | trained parameters · 4                                                                            |
| optimiser   | trained parameters · 8: AdamW's two moments                                                       |
| activations | tokens · hidden · 34 a layer in half precision (Korthikanti et al. 2022, arXiv:2205.05198, with an |
|             | attention that keeps no score matrix); with checkpoints hidden · 2 a layer, and one layer whole   |
| logits      | tokens · vocabulary · 4, twice; at most 1,024 tokens at once where TRL computes them in chunks    |
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from factory.training import Finding
from trainers import _model
from trainers._rows import Method
from trainers._settings import Plan, Settings

RANK = 16
CHUNK = 1024
USED = 0.35  # of the speed of a plain matrix product, in training; between 0.3 and 0.5 is common


@dataclass(frozen=True)
class Model:
    """The size of a model: all parameters, those that are trained, and its shape."""

    parameters: int
    trained: int
    layers: int
    hidden: int
    vocabulary: int

    @classmethod
    def of(cls, shape: Any, settings: Settings) -> "Model":
        """Counted on the meta device: no weight is loaded."""
        import torch

        empty, text = _model.empty(shape), shape.get_text_config()
        linear = [module for module in empty.modules() if isinstance(module, torch.nn.Linear)]
        parameters = sum(weight.numel() for weight in empty.parameters())
        adapter = sum(RANK * (module.in_features + module.out_features) for module in linear)
        return cls(
            parameters=parameters,
            trained=parameters if settings.adapter == "full" else adapter,
            layers=text.num_hidden_layers,
            hidden=text.hidden_size,
            vocabulary=text.vocab_size,
        )


@dataclass(frozen=True)
class Needed:
    """Bytes, by what they are for."""

    weights: float
    gradients: float
    optimiser: float
    activations: float
    logits: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.weights + self.gradients + self.optimiser + self.activations + self.logits


def estimate(model: Model, plan: Plan, settings: Settings, method: Method, longest: int) -> Needed:
    """The memory for batches of the longest rows."""
    import torch

    cuda = torch.cuda.is_available()
    precision = {"full": 4.0, "lora": 2.0 if cuda else 4.0, "qlora": 0.55}[settings.adapter]
    copies = 2 if method.reference and settings.adapter == "full" else 1
    tokens = plan.micro * longest * method.sequences
    half = 1.0 if cuda else 2.0  # bf16 on a GPU, float32 on a CPU
    layer = tokens * model.hidden * 34 * half
    checkpoints = bool(settings.args.get("gradient_checkpointing", cuda))
    kept = tokens * model.hidden * 2 * half * model.layers + layer if checkpoints else layer * model.layers
    return Needed(
        weights=model.parameters * precision * copies,
        gradients=model.trained * 4.0,
        optimiser=model.trained * 8.0,
        activations=kept,
        logits=0.0 if method.reward else min(tokens, CHUNK) * model.vocabulary * 8.0,
    )


def judge(needed: Needed, plan: Plan, settings: Settings) -> Iterator[Finding]:
    """An error where it does not fit, with what to lower."""
    free, where = _free()
    if needed.total <= free:
        return
    parts = ", ".join(f"{name} {value / 1e9:.1f}" for name, value in vars(needed).items())
    lower: dict[str, Any] = {}
    if needed.weights + needed.gradients + needed.optimiser > free and settings.adapter == "full":
        lower = {"adapter": "lora"}
    elif plan.micro > 1:
        lower = {"args.per_device_train_batch_size": 1}
    yield Finding(
        "error", "train.memory",
        f"About {needed.total / 1e9:.1f} GB are needed ({parts}), and {where} has {free / 1e9:.1f} GB free.",
        options=lower, values={"bytes": needed.total, "free": free},
    )  # fmt: skip


def _free() -> tuple[float, str]:
    import psutil
    import torch

    if torch.cuda.is_available():
        return float(torch.cuda.mem_get_info()[0]), "the GPU"
    return float(psutil.virtual_memory().available), "this machine"


def hours(model: Model, tokens: float) -> float:
    """Six operations a parameter and token, at a third of the speed that a matrix product has here."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    side = 4096 if device == "cuda" else 512
    square = torch.ones(side, side, device=device, dtype=torch.bfloat16 if device == "cuda" else torch.float32)
    (square @ square).sum().item()  # the first one pays for starting up
    started = time.perf_counter()
    for _ in range(4):
        (square @ square).sum().item()
    speed = 4 * 2 * side**3 / max(1e-6, time.perf_counter() - started)
    return 6 * model.parameters * tokens / (speed * USED) / 3600
