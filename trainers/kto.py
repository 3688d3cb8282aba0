"""Learning from thumbs: make answers that were called good likelier and bad ones less likely, no pairs needed.

Takes   feedback rows: `prompt`, `completion`, `label` (true or false).
Learns  from each answer against the mean of the others in its batch, so a batch has two rows at least and the rows are
        shuffled once, by the seed: TRL takes them in order.
Source  TRL's KTOTrainer; Ethayarajh et al. 2024 (arXiv:2402.01306).
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import pyarrow as pa
from annotated_types import Gt

from factory.plural import many
from factory.training import Finding, Loss, Row, Split, Trained
from trainers import _losses
from trainers._prepare import look, prepare
from trainers._rows import IDS, MESSAGES, Chat, Encoded, Fault, Method, key, plain
from trainers._settings import Settings

KINDS = ("feedback",)


def encode(chat: Chat, row: Row) -> Encoded:
    """A prompt and an answer, as messages for TRL and as the ids that it will make of them."""
    if not isinstance(row["label"], bool):
        raise Fault("label_not_bool")
    asked, answer = chat.answer(row["prompt"], row["completion"])
    said = {"prompt": plain(row["prompt"]), "completion": plain(row["completion"]), "label": row["label"]}
    keys = (key([said["prompt"], said["completion"]]), b"good" if row["label"] else b"bad")
    ids = {"prompt_ids": asked, "completion_ids": answer}
    return Encoded({**said, **ids}, len(asked) + len(answer), len(asked), len(answer), keys)


def collator(tokenizer: Any, max_length: int) -> Callable[[list[Row]], Mapping[str, Any]]:
    """TRL's own."""
    from trl.trainer.kto_trainer import DataCollatorForUnpairedPreference

    made: Callable[[list[Row]], Mapping[str, Any]] = DataCollatorForUnpairedPreference(
        pad_token_id=tokenizer.pad_token_id, max_length=max_length
    )
    return made


def unlearned(batch: Mapping[str, Any]) -> Sequence[str | None]:
    """Rows of which no answer is left."""
    return [None if any_ else "nothing_learned" for any_ in batch["completion_mask"].any(dim=1).tolist()]


def across(rows: Sequence[tuple[str, tuple[bytes, ...]]]) -> Iterator[Finding]:
    """What no row shows alone: one label everywhere, or one text."""
    ids = tuple(id_ for id_, _ in rows)
    if rows and len({label for _, (_, label) in rows}) == 1:
        which = "good" if rows[0][1][1] == b"good" else "bad"
        said = f"{many(len(rows), 'row')}, all called {which}: nothing to tell apart."
        yield Finding("error", "train.one_label", said, ids)
    if len(rows) > 1 and len({text for _, (text, _) in rows}) == 1:
        said = f"{many(len(rows), 'row')}, all with the same prompt and answer: their gradient is 0."
        yield Finding("error", "train.one_text", said, ids)


METHOD = Method(
    name="kto",
    config="KTOConfig",
    columns=("prompt", "completion", "label"),
    schema=pa.schema(
        {"prompt": MESSAGES, "completion": MESSAGES, "label": pa.bool_(), "prompt_ids": IDS, "completion_ids": IDS}
    ),
    encode=encode,
    collator=collator,
    unlearned=unlearned,
    across=across,
    reference=True,
    forwards=3,
)


def preflight(data: Split, model: str, **options: Any) -> list[Finding]:
    """Every row through tokenizer, template and collator, and what the training will cost."""
    return look(data, model, Settings.of("kto", options), METHOD)


def train(
    data: Split,
    model: str,
    out: Path,
    *,
    loss: Literal["kto", "apo_zero_unpaired"] = "kto",
    beta: Annotated[float, Gt(0)] = 0.1,
    adapter: Literal["full", "lora", "qlora"] = "full",
    epochs: Annotated[float, Gt(0)] | None = None,
    batch: Annotated[int, Gt(1)] | None = None,
    learning_rate: Annotated[float, Gt(0)] | None = None,
    max_length: Annotated[int, Gt(1)] | None = None,
    faulty: Literal["refuse", "drop"] = "refuse",
    template: str | None = None,
    seed: int = 0,
    report_to: tuple[str, ...] = (),
    args: dict[str, Any] | None = None,
) -> Trained:
    """Train, and save the model below `out`. What is None follows from the data: see `trainers/_settings.py`."""
    from trl import KTOTrainer

    from trainers._fit import fit  # loads transformers: not for looking at options

    settings = Settings(
        "kto", adapter, epochs, batch, learning_rate, max_length, faulty, template, seed, report_to, args or {}
    )
    lesson = prepare(data, model, settings, METHOD, out / "work")
    if lesson.train is not None:
        lesson = dataclasses.replace(lesson, train=lesson.train.shuffle(seed=seed))
    return fit(
        lesson, METHOD, out, KTOTrainer,
        loss_type=loss, beta=beta, max_length=lesson.max_length, remove_unused_columns=False,
    )  # fmt: skip


def losses(model: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[Loss]:
    """Of each row over the tokens of its answer, whatever its label."""
    loaded, _, chat = _losses.opened(model, METHOD)
    found = ((id_, made.columns) for id_, made in _losses.encoded(METHOD, chat, rows))
    return _losses.of_answers(loaded, ((id_, ids["prompt_ids"], ids["completion_ids"]) for id_, ids in found))
