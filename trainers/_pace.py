"""About how long a training takes: one layer and the head of the model are tried on this device before the first step.

In      the model's shape, the numbers of the training, the lengths of its rows.
Out     between which hours: by the fastest and the slowest of some tries.
Costs   some seconds. The layer has random weights; no file of the model is read.

Rows are padded to the longest of their batch: what that adds is drawn, not guessed. What else the machine will have to
do meanwhile is not foreseen.
"""

import copy
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from trainers import _model
from trainers._memory import Model
from trainers._rows import Method
from trainers._settings import SMALL, Plan, Settings

TRIES = 4
TOKENS = 512  # of a try
WORDS = 16_384  # of its vocabulary: what the head costs grows with the words
TRIED = 4_000_000  # parameters for the optimiser
LARGEST = 60_000_000  # parameters of a layer: above it a try would itself take minutes on a CPU
USED = (0.15, 0.6)  # of the speed of a plain matrix product, where nothing was tried
ON_TOP = 1.3  # the log, checkpoints, the held-out rows, a step that waits
DRAWN = 200  # batches


@dataclass(frozen=True)
class Hours:
    """Between which hours it takes."""

    low: float
    high: float

    def __str__(self) -> str:
        if self.high < 1 / 60:
            return "under a minute"
        if self.high < 2:
            return f"{_two(60 * self.low)} to {_two(60 * self.high)} minutes"
        return f"{_two(self.low)} to {_two(self.high)} hours"


def _two(value: float) -> str:
    """To two digits."""
    return f"{float(f'{value:.2g}'):g}"


def hours(
    shape: Any, model: Model, plan: Plan, settings: Settings, method: Method, lengths: Sequence[int], packed: int
) -> Hours:  # fmt: skip
    """The time of a plan for rows of these lengths, or for sequences of `packed` tokens."""
    _model.use_few_threads(model.parameters)
    tokens = plan.micro * packed if packed else padded(lengths, plan.micro, settings.seed)
    tokens *= method.sequences * (1 + method.forwards / 3)  # a forward pass is a third of a step
    found = (_by_tries(shape, settings) if _tries(model) else None) or _by_product(model.parameters)
    low, high = (plan.steps * (plan.accumulated * tokens * a_token + last) / 3600 for a_token, last in found)
    return Hours(low, high * ON_TOP)


def _tries(model: Model) -> bool:
    """Whether a layer is tried: a small model is done before that pays, a large layer takes minutes itself."""
    layer = (model.parameters - model.vocabulary * model.hidden) / model.layers
    return model.parameters > SMALL and (layer < LARGEST or _cuda())


def padded(lengths: Sequence[int], micro: int, seed: int) -> float:
    """Tokens of a batch of rows drawn by chance, all as long as the longest: the mean of some."""
    draw = random.Random(seed)  # noqa: S311 # an estimate needs no secret
    return sum(micro * max(draw.choices(lengths, k=micro)) for _ in range(DRAWN)) / DRAWN


Cost = tuple[float, float]  # seconds a token, and of the optimiser's step


def _by_tries(shape: Any, settings: Settings) -> tuple[Cost, Cost] | None:
    """At the fastest try and at the slowest: the head, and what a layer adds to it, as often as there are some.

    None for a shape of which no model with one layer can be made: layers of several kinds that need each other.
    """
    try:
        bare, one = (_tried(shape, layers, settings) for layers in (0, 1))
    except (AttributeError, IndexError, RuntimeError, TypeError, ValueError):
        return None  # an estimate is no reason to stop
    text = shape.get_text_config()
    words = max(1.0, text.vocab_size / WORDS)
    again = 4 / 3 if settings.args.get("gradient_checkpointing", _cuda()) else 1
    optimiser = _adam() * Model.of(shape, settings).trained
    low, high = sorted(  # what the layer adds is a difference: at the slowest it may seem less
        pick(bare) * words + text.num_hidden_layers * again * max(0.0, pick(one) - pick(bare)) for pick in (min, max)
    )
    return (low, optimiser), (high, optimiser)


def _tried(shape: Any, layers: int, settings: Settings) -> list[float]:
    """Seconds a token of a model with so many layers, forward and back, on random words."""
    import torch
    from transformers import AutoModelForCausalLM

    small = copy.deepcopy(shape)
    text, device = small.get_text_config(), "cuda" if _cuda() else "cpu"
    text.num_hidden_layers, text.vocab_size = layers, min(text.vocab_size, WORDS)
    text.pad_token_id = text.bos_token_id = text.eos_token_id = 0
    if getattr(text, "layer_types", None):
        text.layer_types = text.layer_types[:layers]
    model = AutoModelForCausalLM.from_config(small).to(device)
    if settings.adapter != "full":
        model = _adapted(model, settings, layers)
    ids = torch.randint(0, text.vocab_size, (1, TOKENS), device=device)

    def once() -> None:
        model.zero_grad()
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            model(input_ids=ids, labels=ids).loss.backward()
        if device == "cuda":
            torch.cuda.synchronize()

    return [seconds / TOKENS for seconds in _timed(once)]


def _adapted(model: Any, settings: Settings, layers: int) -> Any:
    """The model under its adapter; without a layer there is nothing to adapt."""
    from peft import get_peft_model

    model.requires_grad_(False)
    model.enable_input_require_grads()
    return get_peft_model(model, _model.adapter(settings)) if layers else model


def _adam() -> float:
    """Seconds a parameter of the optimiser's step."""
    import torch

    weights = torch.zeros(TRIED, device="cuda" if _cuda() else "cpu", requires_grad=True)
    weights.grad = torch.ones_like(weights)
    optimiser = torch.optim.AdamW([weights], lr=1e-6)
    return min(_timed(optimiser.step)) / TRIED


def _by_product(parameters: int) -> tuple[Cost, Cost]:
    """Six operations a parameter and token, at a share of the speed that a matrix product has here."""
    import torch

    side, device = (4096, "cuda") if _cuda() else (512, "cpu")
    square = torch.ones(side, side, device=device, dtype=torch.bfloat16 if _cuda() else torch.float32)
    seconds = 6 * parameters * min(_timed(lambda: (square @ square).sum().item())) / (2 * side**3)
    return (seconds / USED[1], 0.0), (seconds / USED[0], 0.0)


def _timed(work: Callable[[], object]) -> list[float]:
    """Seconds of each try but the first, which pays for starting up."""
    work()
    found = []
    for _ in range(TRIES - 1):
        started = time.perf_counter()
        work()
        found.append(time.perf_counter() - started)
    return found


def _cuda() -> bool:
    import torch

    return bool(torch.cuda.is_available())
