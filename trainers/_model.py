"""Models: where one lies, its tokenizer, its weights in the right precision, adapters put on and merged.

`tiny` is made on the spot; else a folder (also one that `factory train` made), a GGUF file, or an id of the hub, which
is the only case in which something may be fetched. No code of a model's repository is run.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory import chat
from factory.errors import WrongRequest
from trainers import _tiny, _varlen
from trainers._settings import SMALL, Settings

HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
PLAIN = (
    "{% for message in messages %}{% if message.role == 'assistant' %}"
    "Assistant: {% generation %}{{ message.content }}{{ eos_token }}{% endgeneration %}\n"
    "{% else %}{{ message.role | capitalize }}: {{ message.content }}\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}Assistant: {% endif %}"
)


@dataclass(frozen=True)
class Place:
    """Where a model lies, as `from_pretrained` wants it; `name` is None for `tiny`."""

    name: str | None
    gguf: str | None = None

    @property
    def files(self) -> dict[str, str]:
        """The keyword that transformers needs for a GGUF file."""
        return {"gguf_file": self.gguf} if self.gguf else {}


def locate(model: str) -> Place:
    """The place that a user's word names. Raises WrongRequest where there is nothing that could be a model."""
    if model == "tiny":
        return Place(None)
    path = Path(model).expanduser()
    if path.is_file() and path.suffix == ".gguf":
        return Place(str(path.parent), path.name)
    for folder in (path / "model", path):
        if (folder / "config.json").is_file():
            return Place(str(folder))
    if path.is_dir():
        ggufs = sorted(path.glob("*.gguf"))
        if len(ggufs) == 1:
            return Place(str(path), ggufs[0].name)
        hint = f" Name one of its files: {', '.join(map(str, ggufs))}." if ggufs else ""
        raise WrongRequest(f"{model} is no model: the folder has no config.json.{hint}")
    if path.is_absolute() or model.startswith((".", "~")) or not HUB_ID.fullmatch(model):
        raise WrongRequest(f"There is no model at {model}. Give 'tiny', a folder, a .gguf file, or an id of the hub.")
    return Place(model)


def tokenizer(place: Place, texts: Callable[[], Iterable[str]], template: str | None = None) -> Any:
    """The model's tokenizer; for `tiny` one learned from `texts()`. `template` overrides its chat template."""
    made = _tiny.tokenizer(texts()) if place.name is None else _loaded("tokenizer", place, "AutoTokenizer")
    if made.pad_token is None:
        made.pad_token = made.eos_token
    if template == "plain":
        made.chat_template = PLAIN
    elif template:
        file = Path(template).expanduser()
        if not file.is_file():
            raise WrongRequest(f"template: there is no file {template}. Give a Jinja file, or 'plain'.")
        made.chat_template = file.read_text(encoding="utf-8")
    return made


def marked(tokenizer: Any) -> str | None:
    """The chat template with markers: its own, or one written from what it does, or TRL's for one that it knows."""
    if not tokenizer.chat_template:
        return None
    written = chat.marked(tokenizer)
    if written is None:
        from trl.chat_template_utils import get_training_chat_template

        try:
            written = get_training_chat_template(tokenizer) or tokenizer.get_chat_template()
        except ValueError:
            return None
    return written


def shape(place: Place, tokenizer: Any) -> Any:
    """The model's config, without its weights."""
    return _tiny.config(tokenizer) if place.name is None else _loaded("config", place, "AutoConfig")


def empty(config: Any) -> Any:
    """The model on torch's meta device: every shape, no memory."""
    import torch
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        return AutoModelForCausalLM.from_config(config)


def weights(place: Place, tokenizer: Any, settings: Settings, *, reward: bool = False, packed: bool = False) -> Any:
    """The model with its weights: in float32, which training casts; under an adapter in bf16 where a GPU has that."""
    import torch
    import transformers

    torch.manual_seed(settings.seed)
    kind = "AutoModelForSequenceClassification" if reward else "AutoModelForCausalLM"
    more: dict[str, Any] = {"num_labels": 1} if reward else {}
    if place.name is None:
        config = _tiny.config(tokenizer, **more)
        return getattr(transformers, kind).from_config(config, dtype=torch.float32, **_attention(config, packed))
    frozen = settings.adapter != "full" and torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    more["dtype"] = torch.bfloat16 if frozen else torch.float32
    if settings.adapter == "qlora":
        more["quantization_config"] = _four_bits()
    more |= _attention(shape(place, tokenizer), packed)
    loaded = _loaded("weights", place, kind, **more)
    if place.gguf:  # it was dequantised on loading, and would else be refused and saved as if it were not
        loaded.is_quantized = False
        del loaded.config.quantization_config, loaded.hf_quantizer
    return loaded


def check_writes(place: Place, tokenizer: Any, *, reward: bool) -> None:
    """Raise WrongRequest where a reward model is asked for words, or a model that writes for a number."""
    kinds = getattr(shape(place, tokenizer), "architectures", None) or []
    if any("SequenceClassification" in kind for kind in kinds) != reward and kinds:
        what = "writes, and gives no number" if reward else "gives answers a number, and writes none"
        raise WrongRequest(f"{place.name} {what}: {', '.join(kinds)}.")


def on_device(model: Any) -> Any:
    """The model on the GPU, where there is one."""
    import torch

    return model.to("cuda") if torch.cuda.is_available() and model.device.type == "cpu" else model


def use_few_threads(parameters: int) -> None:
    """One thread for a small model on a CPU, where several wait for each other longer than they work.

    100 steps of `tiny` on two busy cores: 0.7 s on one thread, 24 s on two.
    """
    import torch

    if parameters < SMALL and not torch.cuda.is_available():
        torch.set_num_threads(1)


def _attention(config: Any, packed: bool) -> dict[str, str]:
    """For packed rows: flash attention where it is, else torch's own for sequences of many documents, where it fits."""
    if packed and _flash():
        return {"attn_implementation": "flash_attention_2"}
    return {"attn_implementation": _varlen.registered()} if packed and _varlen.fits(config) else {}


def _flash() -> bool:
    import torch
    from transformers.utils import is_flash_attn_2_available

    return torch.cuda.is_available() and bool(is_flash_attn_2_available())


def _four_bits() -> Any:
    import importlib.util

    import torch
    from transformers import BitsAndBytesConfig

    if not torch.cuda.is_available() or importlib.util.find_spec("bitsandbytes") is None:
        raise WrongRequest("adapter: qlora needs a CUDA GPU and: pip install bitsandbytes. Without one: adapter=lora")
    return BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16,
        bnb_4bit_use_double_quant=True,
    )  # fmt: skip


def _loaded(what: str, place: Place, kind: str, **options: Any) -> Any:
    """`from_pretrained`, its errors in our words."""
    import transformers
    from safetensors import SafetensorError

    try:
        return getattr(transformers, kind).from_pretrained(place.name, **place.files, **options)
    except (OSError, ValueError, ImportError, SafetensorError, KeyError) as error:
        where = f"{place.name}/{place.gguf}" if place.gguf else place.name
        why = str(error).strip().split("\n")[0]
        raise WrongRequest(f"The {what} of {where} cannot be loaded: {why}") from error


def adapter(settings: Settings, *, reward: bool = False) -> Any:
    """The LoRA on every linear layer (rank 16), or None; Hu et al. 2021 (arXiv:2106.09685)."""
    if settings.adapter == "full":
        return None
    from peft import LoraConfig

    return LoraConfig(
        r=16, lora_alpha=32, target_modules="all-linear", task_type="SEQ_CLS" if reward else "CAUSAL_LM",
        modules_to_save=["score"] if reward else None,
    )  # fmt: skip
