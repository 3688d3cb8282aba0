"""From files to what TRL trains on, and everything that is to be said before the first step.

The preflight and the training both come through here, so that what was checked is what is trained: every row through
the real tokenizer, template and collator. Rows stand in an Arrow file on disk; memory holds their lengths and ids.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from factory import records, training
from factory.plural import many, noun
from factory.training import Finding, Row, Split
from trainers import _memory, _model, _pace
from trainers._rows import Chat, Encoded, Fault, Method, finding
from trainers._settings import Plan, Settings, check_args, check_trackers, plan

LONGEST = 4096  # tokens a row where nobody says more: what one GPU trains of a 7B model with an adapter
BATCH = 64  # rows that go through the collator at once
Keys = list[tuple[str, tuple[bytes, ...]]]


@dataclass(frozen=True)
class Lesson:
    """Rows that are ready, the numbers of the training, and what was found. `plan` is None where nothing is left."""

    settings: Settings
    place: _model.Place
    tokenizer: Any
    ids: list[str]
    train: Any
    validation: Any
    findings: list[Finding]
    left_out: list[tuple[str, str]]
    max_length: int
    plan: Plan | None
    parameters: int

    @property
    def errors(self) -> list[Finding]:
        """What stops the training."""
        return [found for found in self.findings if found.level == "error"]


class _Rows:
    """The rows of some files, encoded into one Arrow file; their faults, lengths and keys."""

    def __init__(self, method: Method, chat: Chat, files: tuple[Path, ...], arrow: Path) -> None:
        self._method, self._arrow = method, arrow
        self.ids: list[str] = []
        self.faults: dict[str, list[str]] = {}
        self.lengths: list[int] = []
        self.prompts: list[int] = []
        self.learned: list[int] = []
        self.tokens: list[int] = []
        self.keys: Keys = []
        schema = method.schema.append(pa.field("row", pa.int32()))
        with pa.ipc.new_stream(str(arrow), schema) as stream:
            encoded = self._encode(chat, files)
            while batch := list(islice(encoded, training.BATCH_ROWS)):
                stream.write_table(pa.Table.from_pylist(batch, schema))

    def _encode(self, chat: Chat, files: tuple[Path, ...]) -> Iterator[Row]:
        for id_, row in training.read(files, self._method.columns):
            try:
                made = self._method.encode(chat, row)
            except Fault as fault:
                self.faults.setdefault(fault.name, []).append(id_)
                continue
            yield {**made.columns, "row": len(self.ids)}
            self._take(id_, made)

    def _take(self, id_: str, made: Encoded) -> None:
        self.ids.append(id_)
        self.lengths.append(made.length)
        self.prompts.append(made.prompt)
        self.learned.append(made.learned)
        self.tokens.append(made.tokens)
        if made.key:
            self.keys.append((id_, made.key))

    def dataset(self) -> Any:
        """The rows without a fault so far, memory-mapped."""
        from datasets import Dataset

        return Dataset.from_file(str(self._arrow))

    def beyond(self, tokenizer: Any, max_length: int) -> dict[int, str]:
        """The rows that cannot be trained at this length, by number, with their fault."""
        found = self.long(max_length)
        for nth, fault in self.unlearned(tokenizer, max_length).items():
            if fault == "same_when_cut" or nth not in found:
                found[nth] = fault
        return found

    def long(self, max_length: int) -> dict[int, str]:
        """The rows that do not fit, by number, with their fault."""
        if self._method.splits:
            return {}
        return {
            nth: "prompt_too_long" if self.prompts[nth] >= max_length else "answer_cut"
            for nth, length in enumerate(self.lengths)
            if length > max_length
        }

    def _stored(self) -> Iterator[Row]:
        with pa.memory_map(str(self._arrow)) as file, pa.ipc.open_stream(file) as stream:
            for batch in stream:
                yield from batch.to_pylist()

    def unlearned(self, tokenizer: Any, max_length: int) -> dict[int, str]:
        """The rows of which the trainer's own collator leaves nothing to learn, by number, with their fault."""
        collate = self._method.collator(tokenizer, max_length)
        found: dict[int, str] = {}
        rows = self._stored()
        while batch := list(islice(rows, BATCH)):
            numbers = [row.pop("row") for row in batch]
            faults = self._method.unlearned(collate(batch))
            found |= {nth: fault for nth, fault in zip(numbers, faults, strict=True) if fault}
        return found


def look(data: Split, model: str, settings: Settings, method: Method) -> list[Finding]:
    """What is to be said before the first step, and nothing else: the preflight. Raises WrongRequest."""
    with TemporaryDirectory(prefix="preflight-") as folder:
        return prepare(data, model, settings, method, Path(folder), timed=True).findings


def prepare(
    data: Split, model: str, settings: Settings, method: Method, folder: Path, *, timed: bool = False
) -> Lesson:  # fmt: skip
    """Everything before the first step; `folder` is where the rows may lie. With `timed` also how long it will take.

    Raises WrongRequest for a wrong model.
    """
    import trl

    check_args(getattr(trl, method.config), settings)
    check_trackers(settings)
    place = _model.locate(model)
    tokenizer = _model.tokenizer(place, lambda: _texts(data), settings.template)
    template = _model.marked(tokenizer) if method.chats else ""
    findings = list(_stray(data, method))
    if template is None:
        findings.append(_no_template(tokenizer, model))
        return Lesson(settings, place, tokenizer, [], None, None, findings, [], 0, None, 0)
    chat = Chat.of(tokenizer, template)
    folder = folder / os.environ.get("RANK", "0")  # of several processes each has its own files
    folder.mkdir(parents=True, exist_ok=True)
    rows = _Rows(method, chat, data.train, folder / "rows.arrow")
    shape = _model.shape(place, tokenizer)
    max_length = settings.max_length or _fitting(rows.lengths, shape)
    beyond = rows.beyond(tokenizer, max_length)
    for nth, name in sorted(beyond.items()):
        rows.faults.setdefault(name, []).append(rows.ids[nth])
    left_out = [(id_, f"train.{name}") for name, ids in rows.faults.items() for id_ in ids]
    found, left = _judge(rows, settings, left_out), len(rows.ids) - len(beyond)
    findings += [*found, *method.across([pair for pair in rows.keys if pair[0] not in dict(left_out)])]
    if not left:
        message = "No row is left to train on." if rows.ids or left_out else "The data has no rows."
        findings.append(Finding("error", "train.no_rows", message))
        return Lesson(settings, place, tokenizer, rows.ids, None, None, findings, left_out, max_length, None, 0)
    train = rows.dataset().select([nth for nth in range(len(rows.ids)) if nth not in beyond])
    kept = [nth for nth in range(len(rows.ids)) if nth not in beyond]
    validation = _held_out(data, method, chat, tokenizer, max_length, folder)
    size = _memory.Model.of(shape, settings)
    packed = max_length if settings.own.get("packing") else 0
    planned, cost = _cost(rows, kept, settings, method, size, packed, max_length, gguf=bool(place.gguf))
    findings += [*_context(max_length, shape), *cost]
    if timed:
        lengths = [min(max_length, rows.lengths[nth]) for nth in kept]
        hours = _pace.hours(shape, size, planned, settings, method, lengths, packed)
        findings[-1] = _with_time(findings[-1], hours)
    return Lesson(
        settings, place, tokenizer, rows.ids, train, validation, findings, left_out, max_length, planned,
        size.parameters,
    )  # fmt: skip


def start(data: Split, model: str, out: Path, seed: int) -> str:
    """What training on `data` begins with: for `tiny` random weights and a tokenizer below `out`, else `model`."""
    if model != "tiny":
        return model
    place = _model.locate(model)
    tokenizer = _model.tokenizer(place, lambda: _texts(data))
    _model.weights(place, tokenizer, Settings("start", seed=seed)).save_pretrained(out)
    tokenizer.save_pretrained(out)
    return str(out)


def _texts(data: Split) -> Iterable[str]:
    """All strings that a tokenizer may learn from; a row that has another shape is found later."""
    names = [name for name, _ in records.COLUMNS[data.kind]]
    for _, row in training.read(data.train, names):
        try:
            yield from (part.text for part in records.texts(data.kind, row))
        except (TypeError, KeyError, AttributeError):
            continue


def _stray(data: Split, method: Method) -> Iterator[Finding]:
    """Columns that TRL would train on in place of ours, and that are not read."""
    strays = sorted(training.columns(data.train) & {"input_ids", "labels", "text", "prompt", "completion", "messages"})
    strays = [name for name in strays if name not in method.columns]
    if strays:
        yield Finding(
            "warning", "train.stray_column",
            f"The data also has the columns {', '.join(strays)}; they are not read. {method.name} learns "
            f"{', '.join(method.columns)}.",
        )  # fmt: skip


def _no_template(tokenizer: Any, model: str) -> Finding:
    if not tokenizer.chat_template:
        why = f"{model} has no chat template (a base model?)."
    else:
        why = f"The chat template of {model} has no generation markers, and none can be written for it."
    return Finding("error", "train.no_template", why, options={"template": "plain"})


def _fitting(lengths: list[int], shape: Any) -> int:
    """The longest row, rounded up; at most what the model can read."""
    context = getattr(shape.get_text_config(), "max_position_embeddings", None) or LONGEST
    return int(min(LONGEST, context, -(-max(lengths, default=1) // 64) * 64))


def _context(max_length: int, shape: Any) -> Iterator[Finding]:
    context = getattr(shape.get_text_config(), "max_position_embeddings", None)
    if context and max_length > context:
        yield Finding(
            "error", "train.beyond_context",
            f"max_length is {max_length}, and the model reads {context} tokens.", options={"max_length": context},
        )  # fmt: skip


def _judge(rows: _Rows, settings: Settings, left_out: list[tuple[str, str]]) -> list[Finding]:
    """The faults of rows: errors, or with `faulty: drop` a warning that says how many are left out and why."""
    longest = max(rows.lengths, default=0)
    errors = [finding(name, ids, longest) for name, ids in sorted(rows.faults.items())]
    if settings.faulty == "refuse":
        return errors
    return [Finding("warning", e.reason, f"Left out: {e.message}", e.rows, e.options) for e in errors]


def _held_out(
    data: Split, method: Method, chat: Chat, tokenizer: Any, max_length: int, folder: Path
) -> Any:  # fmt: skip
    """The rows of the validation split that are in order; the others are not worth a word."""
    if not data.validation:
        return None
    rows = _Rows(method, chat, data.validation, folder / "held-out.arrow")
    beyond = rows.beyond(tokenizer, max_length)
    kept = [nth for nth in range(len(rows.ids)) if nth not in beyond]
    return rows.dataset().select(kept) if kept else None


def _cost(
    rows: _Rows, kept: list[int], settings: Settings, method: Method, model: _memory.Model, packed: int,
    max_length: int, *, gguf: bool,
) -> tuple[Plan, list[Finding]]:  # fmt: skip
    """The plan, and what it costs: tokens, steps, memory. The note on these comes last."""
    tokens, learned = sum(rows.tokens[nth] for nth in kept), sum(rows.learned[nth] for nth in kept)
    sequences = max(1, -(-tokens // packed)) if packed else len(kept)
    planned = plan(settings, sequences, model.parameters, tokens)
    longest = packed or min(max_length, max(rows.lengths[nth] for nth in kept))
    needed = _memory.estimate(model, planned, settings, method, longest, gguf=gguf)
    note = Finding(
        "note", "train.size",
        f"{many(len(kept), 'row')}, {many(tokens, 'token')} ({learned:,} learned), {planned.epochs:g} "
        f"{noun(planned.epochs, 'epoch')}, {many(planned.steps, 'step')} of {planned.batch}; "
        f"learning rate {planned.learning_rate:g}, max_length {max_length}; about {needed.total / 1e9:.2f} GB.",
        values={"rows": len(kept), "tokens": tokens, "learned": learned, "steps": planned.steps,
                "epochs": planned.epochs, "batch": planned.batch, "bytes": needed.total},
    )  # fmt: skip
    return planned, [*_lonely(planned, settings), *_memory.judge(needed, model, planned, settings), note]


def _with_time(note: Finding, hours: _pace.Hours) -> Finding:
    """The note on the cost, and between which hours the training ends."""
    message = f"{note.message.removesuffix('.')}; {hours} here."
    return replace(note, message=message, values={**note.values, "hours_low": hours.low, "hours_high": hours.high})


def _lonely(planned: Plan, settings: Settings) -> Iterator[Finding]:
    """KTO compares the answers of one batch: a row alone in its batch is compared with itself."""
    if settings.method == "kto" and (planned.micro < 2 or planned.rows % planned.micro == 1):
        yield Finding(
            "error", "train.lone_row",
            f"With {planned.micro} rows a batch one of {planned.rows} rows is alone in its batch, and KTO compares the "
            "rows of a batch. Take per_device_train_batch_size out of args.",
        )  # fmt: skip
