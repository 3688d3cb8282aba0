"""A reward model: a number for an answer, higher for the better of two.

Takes   preference rows: `prompt`, `chosen`, `rejected`; rankings leave the export as such pairs.
Learns  to rank: -log sigmoid(reward of chosen - reward of rejected).
Source  TRL's RewardTrainer; Bradley and Terry 1952; Ouyang et al. 2022 (arXiv:2203.02155).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import pyarrow as pa
from annotated_types import Gt

from factory.training import Finding, Loss, Row, Split, Trained
from trainers import _losses, dpo
from trainers._prepare import look, prepare
from trainers._rows import IDS, Chat, Encoded, Method, contradictions
from trainers._settings import Settings

KINDS = ("preference",)


def encode(chat: Chat, row: Row) -> Encoded:
    """Both conversations as ids, prompt and answer in one."""
    pair = dpo.encode(chat, row)
    prompt = pair.columns["prompt_ids"]
    ids = {name: [*prompt, *pair.columns[name]] for name in ("chosen_ids", "rejected_ids")}
    return Encoded(ids, pair.length, pair.prompt, pair.length, pair.key, pair.both)


def collator(tokenizer: Any, max_length: int) -> Callable[[list[Row]], Mapping[str, Any]]:
    """TRL's own; it drops rows above max_length before, and so they are found by their length."""
    from trl.trainer.reward_trainer import DataCollatorForPreference

    made: Callable[[list[Row]], Mapping[str, Any]] = DataCollatorForPreference(pad_token_id=tokenizer.pad_token_id)
    return made


def unlearned(batch: Mapping[str, Any]) -> Sequence[str | None]:
    """Pairs whose two conversations are the same tokens."""
    pairs = len(batch["input_ids"]) // 2
    same = (batch["input_ids"][:pairs] == batch["input_ids"][pairs:]).all(dim=1)
    return ["same_answers" if equal else None for equal in same.tolist()]


METHOD = Method(
    name="reward",
    config="RewardConfig",
    columns=("prompt", "chosen", "rejected"),
    schema=pa.schema([("chosen_ids", IDS), ("rejected_ids", IDS)]),
    encode=encode,
    collator=collator,
    unlearned=unlearned,
    across=contradictions,
    reward=True,
    sequences=2,
)


def preflight(data: Split, model: str, **options: Any) -> list[Finding]:
    """Every pair through tokenizer, template and collator, and what the training will cost."""
    return look(data, model, Settings.of("reward", options), METHOD)


def train(
    data: Split,
    model: str,
    out: Path,
    *,
    adapter: Literal["full", "lora", "qlora"] = "full",
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
    from trl import RewardTrainer

    from trainers._fit import fit  # loads transformers: not for looking at options

    settings = Settings(
        "reward", adapter, epochs, batch, learning_rate, max_length, faulty, template, seed, report_to, args or {}
    )
    lesson = prepare(data, model, settings, METHOD, out / "work")
    return fit(lesson, METHOD, out, RewardTrainer, max_length=lesson.max_length, remove_unused_columns=False)


def losses(model: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[Loss]:
    """Of each pair: -log sigmoid of the difference of the two rewards."""
    import torch
    from torch.nn.functional import logsigmoid

    loaded, _, chat = _losses.opened(model, METHOD)
    for id_, made in _losses.encoded(METHOD, chat, rows):
        with torch.no_grad():
            better, worse = (
                loaded(input_ids=torch.tensor([made.columns[name]])).logits[0, 0]
                for name in ("chosen_ids", "rejected_ids")
            )
        loss = -logsigmoid(better - worse).item()
        yield Loss(id_, loss, loss, made.learned)
