"""What a training needs in memory at its worst moment: an estimate before the first step.

| part        | bytes                                                                                             |
|-------------|---------------------------------------------------------------------------------------------------|
| libraries   | what the process holds when it looks, and what it will load; on a GPU none, for what is free is    |
|             | what counts                                                                                        |
| weights     | parameters · 4 (on a GPU 2 under an adapter, 0.55 in four bits, 6 else: bf16 keeps a copy); once   |
|             | more for a reference model                                                                        |
| optimiser   | trained parameters · 8: AdamW's two moments                                                       |
| gradients   | trained parameters · 4; the last of them come when the activations are gone, so the larger counts |
| activations | tokens · layers · what a layer keeps of a token for its gradients (`Model.kept`); with gradient    |
|             | checkpoints the hidden state of each layer, and one layer whole                                   |
| logits      | tokens · vocabulary · 4, as often as TRL's kernel holds a tile: at most 4,096 tokens by 32,768     |
|             | words; without Triton eight times and a quarter                                                   |
| loading     | where a GGUF file is read: its weights once more                                                  |
| saving      | where an adapter is merged: the model once more, from its place; from a GGUF file twice more      |

Loading, the steps and saving come one after the other: the largest counts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from factory.training import Finding
from trainers import _model
from trainers._rows import Method
from trainers._settings import Plan, Settings

RANK = 16
LATER = 0.12e9  # bytes of libraries that only the training loads
TILE_TOKENS, TILE_WORDS, TILES = 4096, 32768, 8.25  # of TRL's fused head: what its backward pass holds at once


@dataclass(frozen=True)
class Model:
    """The size of a model: all parameters, those that are trained, and its shape."""

    parameters: int
    trained: int
    layers: int
    hidden: int
    vocabulary: int
    kept: float  # bytes that a layer keeps of a token

    @classmethod
    def of(cls, shape: Any, settings: Settings) -> "Model":
        """Counted on the meta device: no weight is loaded."""
        import torch

        empty, text = _model.empty(shape), shape.get_text_config()
        head = empty.get_output_embeddings()
        linear = [its for its in empty.modules() if isinstance(its, torch.nn.Linear) and its is not head]
        parameters = sum(weight.numel() for weight in empty.parameters())
        adapter = sum(RANK * (module.in_features + module.out_features) for module in linear)
        return cls(
            parameters=parameters,
            trained=parameters if settings.adapter == "full" else adapter,
            layers=text.num_hidden_layers,
            hidden=text.hidden_size,
            vocabulary=text.vocab_size,
            kept=_kept(text, len(linear) / text.num_hidden_layers, settings, half=torch.cuda.is_available()),
        )


def _kept(text: Any, linear: float, settings: Settings, *, half: bool) -> float:
    """What autograd was seen to keep of a Llama, a layer and token: the inputs of its linear layers, of its gate, its
    norms and its attention, keys and values among them; in bf16 (`half`) the norms' stay in four bytes."""
    hidden, heads = int(text.hidden_size), int(text.num_attention_heads)
    size = int(getattr(text, "head_dim", None) or hidden // heads)
    pairs = 2 * size * int(getattr(text, "num_key_value_heads", None) or heads)
    wide = int(getattr(text, "intermediate_size", None) or 4 * hidden)
    ranks = RANK * linear
    if settings.adapter == "full":
        return 30 * hidden + 2 * pairs + 8 * wide if half else 4 * (8 * hidden + pairs + 4 * wide)
    if half:
        return 24.2 * hidden + 2 * pairs + 8 * wide + 2 * ranks
    return 4 * (6 * hidden + pairs + 4 * wide + ranks)  # frozen weights need no inputs of norms


@dataclass(frozen=True)
class Needed:
    """Bytes, by what they are for."""

    libraries: float
    weights: float
    optimiser: float
    gradients: float
    activations: float
    logits: float
    loading: float
    saving: float

    @property
    def total(self) -> float:
        """At the worst moment."""
        steps = self.weights + self.optimiser + max(self.gradients, self.activations + self.logits)
        return self.libraries + max(self.weights + self.loading, steps, self.weights + self.optimiser + self.saving)


def estimate(
    model: Model, plan: Plan, settings: Settings, method: Method, longest: int, *, gguf: bool = False
) -> Needed:  # fmt: skip
    """The memory for batches of the longest rows."""
    import psutil
    import torch

    cuda = torch.cuda.is_available()
    adapted = settings.adapter != "full"
    precision = _bytes_of_weights(cuda).get(settings.adapter, 4.0)
    copies = 2 if method.reference and not adapted else 1
    tokens = plan.micro * longest * method.sequences
    activations = tokens * model.layers * model.kept
    if settings.args.get("gradient_checkpointing", cuda):
        activations = tokens * (model.layers * model.hidden * (2.0 if cuda and adapted else 4.0) + model.kept)
    tile = min(tokens, TILE_TOKENS) * min(model.vocabulary, TILE_WORDS) * (2.0 if cuda else 4.0)
    return Needed(
        libraries=0.0 if cuda else psutil.Process().memory_info().rss + LATER,
        weights=model.parameters * precision * copies,
        optimiser=model.trained * 8.0,
        gradients=model.trained * 4.0,
        activations=activations,
        logits=0.0 if method.reward else tile * (1 if cuda else TILES),
        loading=model.parameters * 4.0 if gguf else 0.0,
        saving=model.parameters * 4.0 * (2 if gguf else 1) if adapted and not cuda else 0.0,
    )


def _bytes_of_weights(cuda: bool) -> dict[str, float]:
    """Of a weight, under each adapter that the device can have; on a GPU the later in the list the fewer."""
    return {"full": 6.0, "lora": 2.0, "qlora": 0.55} if cuda else {"full": 4.0, "lora": 4.0}


def judge(needed: Needed, model: Model, plan: Plan, settings: Settings) -> Iterator[Finding]:
    """An error where it does not fit, with what to lower."""
    free, where = _free(needed)
    if needed.total <= free:
        return
    parts = ", ".join(f"{name} {value / 1e9:.1f}" for name, value in vars(needed).items() if value >= 5e7)
    lower, advice = _lower(needed, model, plan, settings, free)
    yield Finding(
        "error", "train.memory",
        f"About {needed.total / 1e9:.1f} GB are needed ({parts}), and {where} has {free / 1e9:.1f} GB free.{advice}",
        options=lower, values={"bytes": needed.total, "free": free},
    )  # fmt: skip


def _lower(needed: Needed, model: Model, plan: Plan, settings: Settings, free: float) -> tuple[dict[str, Any], str]:
    """What to lower, as an option where one may do, else in words."""
    import torch

    sizes = _bytes_of_weights(torch.cuda.is_available())
    room, at = free - needed.libraries, [*sizes].index(settings.adapter) if settings.adapter in sizes else len(sizes)
    if needed.weights + needed.gradients + needed.optimiser > room:
        fitting = [name for name in [*sizes][at + 1 :] if model.parameters * sizes[name] <= room]
        return ({"adapter": fitting[0]}, "") if fitting else ({}, " Take a smaller model.")
    if plan.micro > 1:
        return {"args.per_device_train_batch_size": 1}, ""
    return {}, " Lower max_length, or take a smaller model."


def _free(needed: Needed) -> tuple[float, str]:
    """What is free, and what the libraries have of it already."""
    import psutil
    import torch

    if torch.cuda.is_available():
        return float(torch.cuda.mem_get_info()[0]), "the GPU"
    return float(psutil.virtual_memory().available) + needed.libraries, "this machine"
