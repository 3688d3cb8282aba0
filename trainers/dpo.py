"""Direct preference optimisation: make the better of two answers likelier than the worse, against a frozen copy.

Takes   preference rows: `prompt`, `chosen`, `rejected`; rankings leave the export as such pairs.
Learns  the difference of the two answers. A pair of equal answers would teach nothing and is refused.
Source  TRL's DPOTrainer; Rafailov et al. 2023 (arXiv:2305.18290). `loss` takes the other losses that TRL has.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import pyarrow as pa
from annotated_types import Gt

from factory.training import Finding, Loss, Row, Split, Trained
from trainers import _losses
from trainers._prepare import look, prepare
from trainers._rows import IDS, MESSAGES, Chat, Encoded, Fault, Method, contradictions, key, plain
from trainers._settings import Settings

KINDS = ("preference",)
LossType = Literal[
    "sigmoid", "hinge", "ipo", "exo_pair", "nca_pair", "robust", "bco_pair", "sppo_hard", "aot", "aot_unpaired",
    "apo_zero", "apo_down", "discopop", "sigmoid_norm",
]  # fmt: skip


def encode(chat: Chat, row: Row) -> Encoded:
    """Both answers after the same prompt, as messages for TRL and as the ids that it will make of them."""
    asked, chosen = chat.answer(row["prompt"], row["chosen"])
    other, rejected = chat.answer(row["prompt"], row["rejected"])
    shared = min(len(asked), len(other))
    chosen, rejected = [*asked[shared:], *chosen], [*other[shared:], *rejected]
    if chosen == rejected:
        raise Fault("same_answers")
    said = {name: plain(row[name]) for name in ("prompt", "chosen", "rejected")}
    ids = {"prompt_ids": asked[:shared], "chosen_ids": chosen, "rejected_ids": rejected}
    longest, answers = shared + max(len(chosen), len(rejected)), len(chosen) + len(rejected)
    keys = tuple(key(said[name]) for name in said)
    return Encoded({**said, **ids}, longest, shared, answers, keys, 2 * shared + answers)


def collator(tokenizer: Any, max_length: int) -> Callable[[list[Row]], Mapping[str, Any]]:
    """TRL's own."""
    from trl.trainer.dpo_trainer import DataCollatorForPreference

    made: Callable[[list[Row]], Mapping[str, Any]] = DataCollatorForPreference(
        pad_token_id=tokenizer.pad_token_id, max_length=max_length
    )
    return made


def unlearned(batch: Mapping[str, Any]) -> Sequence[str | None]:
    """Pairs of which no answer is left, or two equal ones; the chosen answers come first, then the rejected."""
    learned = batch["completion_mask"].any(dim=1)
    pairs = len(learned) // 2
    both = learned[:pairs] & learned[pairs:]
    same = (batch["input_ids"][:pairs] == batch["input_ids"][pairs:]).all(dim=1)
    faults = zip(both.tolist(), same.tolist(), strict=True)
    return ["nothing_learned" if not any_ else "same_when_cut" if equal else None for any_, equal in faults]


METHOD = Method(
    name="dpo",
    config="DPOConfig",
    columns=("prompt", "chosen", "rejected"),
    schema=pa.schema(
        [(name, MESSAGES) for name in ("prompt", "chosen", "rejected")]
        + [(name, IDS) for name in ("prompt_ids", "chosen_ids", "rejected_ids")]
    ),
    encode=encode,
    collator=collator,
    unlearned=unlearned,
    across=contradictions,
    reference=True,
    sequences=2,
    forwards=1,
)


def preflight(data: Split, model: str, **options: Any) -> list[Finding]:
    """Every pair through tokenizer, template and collator, and what the training will cost."""
    return look(data, model, Settings.of("dpo", options), METHOD)


def train(
    data: Split,
    model: str,
    out: Path,
    *,
    loss: LossType = "sigmoid",
    beta: Annotated[float, Gt(0)] = 0.1,
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
    from trl import DPOTrainer

    from trainers._fit import fit  # loads transformers: not for looking at options

    settings = Settings(
        "dpo", adapter, epochs, batch, learning_rate, max_length, faulty, template, seed, report_to, args or {}
    )
    lesson = prepare(data, model, settings, METHOD, out / "work")
    return fit(
        lesson, METHOD, out, DPOTrainer,
        loss_type=[loss], beta=beta, max_length=lesson.max_length, remove_unused_columns=False,
    )  # fmt: skip


def losses(model: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[Loss]:
    """Of each row over the tokens of the chosen answer."""
    loaded, _, chat = _losses.opened(model, METHOD)
    found = ((id_, made.columns) for id_, made in _losses.encoded(METHOD, chat, rows))
    return _losses.of_answers(loaded, ((id_, ids["prompt_ids"], ids["chosen_ids"]) for id_, ids in found))
