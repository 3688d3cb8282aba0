"""Continued pretraining: learn the text of the documents itself, packed into full sequences.

Takes   text rows. A document that was cut into several rows ends with its last part: only there stands the token that
        ends a text, so that the model does not learn to stop in the middle.
Learns  every token. A row above max_length goes on in another sequence; nothing is cut off. With `replay` also general
        text, drawn until it is `replay_share` of all characters, so that less of what the model knew is forgotten.
Source  TRL's SFTTrainer; Gururangan et al. 2020 (arXiv:2004.10964); packing: Ding et al. 2024 (arXiv:2404.10830).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal

import pyarrow as pa
from annotated_types import Gt, Lt

from factory.training import Finding, Loss, Row, Split, Trained
from trainers import _causal, _replay
from trainers._prepare import look, prepare
from trainers._rows import IDS, Chat, Encoded, Fault, Method
from trainers._settings import Settings

KINDS = ("text",)
REPLAY_SHARE = 0.1


def encode(chat: Chat, row: Row) -> Encoded:
    """A text as ids: with what begins a text at a document's first part, and what ends one at its last."""
    text = row["text"]
    if not isinstance(text, str) or not text.strip():
        raise Fault("no_text")
    if chat.controls.search(text):
        raise Fault("control_token")
    part, parts = _part(row["meta"])
    ids = list(chat.tokenizer(text, add_special_tokens=False)["input_ids"])
    begin = chat.tokenizer("")["input_ids"][:1]
    if part == 1 and begin and begin[0] == chat.tokenizer.bos_token_id:
        ids = [*begin, *ids]
    if part == parts:
        ids = [*ids, chat.tokenizer.eos_token_id]
    return Encoded({"input_ids": ids, "labels": ids}, len(ids), 0, len(ids))


def _part(meta: Any) -> tuple[int, int]:
    """Which part of its document a row is, of how many; a row that does not say is a whole one."""
    try:
        known = json.loads(meta) if isinstance(meta, str) else {}
    except ValueError:
        known = {}
    return int(known.get("part", 1)), int(known.get("parts", 1))


METHOD = Method(
    name="cpt",
    config="SFTConfig",
    columns=("text", "meta"),
    schema=pa.schema([("input_ids", IDS), ("labels", IDS)]),
    encode=encode,
    collator=_causal.collator,
    unlearned=_causal.unlearned,
    chats=False,
    splits=True,
)


def preflight(data: Split, model: str, **options: Any) -> list[Finding]:
    """Every row through tokenizer and collator, and what the training will cost."""
    settings = Settings.of("cpt", {"packing": True, **options})
    with TemporaryDirectory(prefix="preflight-") as folder:
        share = options.get("replay_share", REPLAY_SHARE)
        both, notes = _replay.mixed(data, options.get("replay"), share, Path(folder), settings.seed)
        return [*look(both, model, settings, METHOD), *notes]


def train(
    data: Split,
    model: str,
    out: Path,
    *,
    adapter: Literal["full", "lora", "qlora"] = "full",
    packing: bool = True,
    replay: Path | None = None,
    replay_share: Annotated[float, Gt(0), Lt(1)] = REPLAY_SHARE,
    epochs: Annotated[float, Gt(0)] | None = None,
    batch: Annotated[int, Gt(0)] | None = None,
    learning_rate: Annotated[float, Gt(0)] | None = None,
    max_length: Annotated[int, Gt(1)] | None = None,
    faulty: Literal["refuse", "drop"] = "refuse",
    seed: int = 0,
    report_to: tuple[str, ...] = (),
    args: dict[str, Any] | None = None,
) -> Trained:
    """Train, and save the model below `out`. What is None follows from the data: see `trainers/_settings.py`."""
    settings = Settings(
        "cpt", adapter, epochs, batch, learning_rate, max_length, faulty, None, seed, report_to, args or {},
        {"packing": packing},
    )  # fmt: skip
    both, _ = _replay.mixed(data, replay, replay_share, out / "work", seed)
    return _causal.run(prepare(both, model, settings, METHOD, out / "work"), METHOD, out)


def losses(model: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[Loss]:
    """Of each row over all its tokens."""
    return _causal.losses(METHOD, model, rows)
