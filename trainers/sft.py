"""Supervised fine-tuning: learn the assistant's turns of conversations, and where they end.

Takes   sft rows: `messages`.
Learns  the assistant's tokens only, by the generation markers of the chat template (`factory/chat.py`).
Source  TRL's SFTTrainer; Ouyang et al. 2022 (arXiv:2203.02155).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import pyarrow as pa
from annotated_types import Gt

from factory.training import Finding, Loss, Message, Row, Split, Trained
from trainers import _answers, _causal, _prepare
from trainers._prepare import look, prepare
from trainers._rows import IDS, Chat, Encoded, Fault, Method
from trainers._settings import Settings

KINDS = ("sft",)


def encode(chat: Chat, row: Row) -> Encoded:
    """A conversation as ids, and as labels the ids that are learned."""
    _check_tools(row["tools"])
    seen = chat.see(row["messages"])
    if not any(seen.trained):
        raise Fault("nothing_learned")
    columns = {"input_ids": seen.ids, "labels": seen.labels}
    return Encoded(columns, len(seen.ids), seen.trained.index(True), sum(seen.trained))


def _check_tools(tools: Any) -> None:
    """TRL would parse them in the middle of its work."""
    try:
        parsed = json.loads(tools) if isinstance(tools, str) else tools
    except ValueError:
        raise Fault("bad_tools") from None
    if parsed is not None and not isinstance(parsed, list):
        raise Fault("bad_tools")


METHOD = Method(
    name="sft",
    config="SFTConfig",
    columns=("messages", "tools"),
    schema=pa.schema([("input_ids", IDS), ("labels", IDS)]),
    encode=encode,
    collator=_causal.collator,
    unlearned=_causal.unlearned,
)


def preflight(data: Split, model: str, **options: Any) -> list[Finding]:
    """Every row through tokenizer, template and collator, and what the training will cost."""
    return look(data, model, Settings.of("sft", options), METHOD)


def train(
    data: Split,
    model: str,
    out: Path,
    *,
    adapter: Literal["full", "lora", "qlora"] = "full",
    packing: bool = False,
    epochs: Annotated[float, Gt(0)] | None = None,
    batch: Annotated[int, Gt(0)] | None = None,
    learning_rate: Annotated[float, Gt(0)] | None = None,
    max_length: Annotated[int, Gt(1)] | None = None,
    faulty: Literal["refuse", "drop"] = "refuse",
    template: str | None = None,
    seed: int = 0,
    report_to: tuple[str, ...] = (),
    args: dict[str, Any] | None = None,
) -> Trained:
    """Train, and save the model below `out`. What is None follows from the data: see `trainers/_settings.py`."""
    settings = Settings(
        "sft", adapter, epochs, batch, learning_rate, max_length, faulty, template, seed, report_to, args or {},
        {"packing": packing},
    )  # fmt: skip
    return _causal.run(prepare(data, model, settings, METHOD, out / "work"), METHOD, out)


def start(data: Split, model: str, out: Path, *, seed: int = 0) -> str:
    """What training on `data` begins with: for `tiny` the model made below `out`, else `model` itself."""
    return _prepare.start(data, model, out, seed)


def answers(model: str, prompts: Sequence[Sequence[Message]], *, max_tokens: int = 128) -> Iterator[str]:
    """What a model says to each prompt, always its likeliest words."""
    return _answers.answers(METHOD, model, prompts, max_tokens)


def losses(model: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[Loss]:
    """Of each row over the assistant's tokens."""
    return _causal.losses(METHOD, model, rows)
