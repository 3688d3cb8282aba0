"""What `sft` and `cpt` share: TRL's SFTTrainer on ids and labels, packed or padded."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from factory.training import Loss, Row, Trained
from trainers import _losses, _packing
from trainers._prepare import Lesson
from trainers._rows import Method


def collator(tokenizer: Any, max_length: int) -> Callable[[list[Row]], Mapping[str, Any]]:
    """TRL's own, after its truncation."""
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    collate = DataCollatorForLanguageModeling(pad_token_id=tokenizer.pad_token_id)

    def cut(examples: list[Row]) -> Mapping[str, Any]:
        return dict(collate([{name: ids[:max_length] for name, ids in row.items()} for row in examples]))

    return cut


def unlearned(batch: Mapping[str, Any]) -> Sequence[str | None]:
    """The rows of a batch with no label; the first token has none in any case, as nothing predicts it."""
    learned = (batch["labels"][:, 1:] != -100).any(dim=1).tolist()
    return [None if any_ else "nothing_learned" for any_ in learned]


def run(lesson: Lesson, method: Method, out: Path) -> Trained:
    """Train; the rows are ready, so that TRL neither tokenises, cuts nor drops any."""
    from trl import SFTTrainer

    from trainers._fit import fit  # loads transformers: not for looking at options

    packing = bool(lesson.settings.own.get("packing"))
    if packing and lesson.train is not None:
        held = lesson.validation and _packing.pack(lesson.validation, lesson.max_length, split=method.splits)
        train = _packing.pack(lesson.train, lesson.max_length, split=method.splits)
        lesson = dataclasses.replace(lesson, train=train, validation=held)
    ready = {"skip_prepare_dataset": True}
    return fit(
        lesson, method, out, SFTTrainer,
        dataset_kwargs=ready, max_length=None, padding_free=packing, remove_unused_columns=False, packing=False,
    )  # fmt: skip


def losses(method: Method, model: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[Loss]:
    """Of each row over the tokens that were learned."""
    loaded, _, chat = _losses.opened(model, method)
    found = _losses.encoded(method, chat, rows)
    return _losses.of_tokens(loaded, ((id_, e.columns["input_ids"], e.columns["labels"]) for id_, e in found))
