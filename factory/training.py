"""What the core and its trainers say to each other: which data, what was found in it, what came out.

A trainer is a function `train(data: Split, model: str, out: Path, *, <options>) -> Trained`. Its module also has

    KINDS                                       the kinds of rows it takes
    preflight(data, model, **options)           list[Finding]: every row through the real tokenizer and collator
    losses(model, rows)                         of each row under a trained model, an iterator of Loss

and, where its models answer questions,

    answers(model, prompts, *, max_tokens)      what the model says to each, an iterator of texts
    start(data, model, out, *, seed)            what training begins with: `tiny` made below `out`, any other as it is

The core checks options and kinds, and calls all of these in a process of their own: it never imports torch.
"""

import inspect
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from factory import inputs, plugins
from factory.errors import WrongRequest

Row = dict[str, Any]
Message = Mapping[str, str]
BATCH_ROWS = 1000


@dataclass(frozen=True)
class Split:
    """The rows of one kind: Parquet files (or JSONL, a row a line), and a digest of each file."""

    kind: str
    train: tuple[Path, ...]
    validation: tuple[Path, ...] = ()
    digests: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """Something that the preflight has to say. An error stops the training before its first step.

    `rows` are the ids of all rows it is about; `options` are settings of the trainer that mend it; `values` are its
    numbers. It holds no text of a row.
    """

    level: Literal["error", "warning", "note"]
    reason: str
    message: str
    rows: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Trained:
    """What came out: the folder of the model (merged, safetensors), and what was done."""

    model: Path
    rows: int
    left_out: int
    steps: int
    tokens: int
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Loss:
    """How badly a model knows one row: the mean loss over its learned tokens, the largest, and how many they are."""

    id: str
    loss: float
    largest: float
    tokens: int


@dataclass(frozen=True)
class Trainer:
    """A trainer bound to its options."""

    instance: str
    plugin: str
    options: Mapping[str, Any]
    train: Callable[..., Trained]
    preflight: Callable[..., list[Finding]]
    losses: Callable[..., Iterable[Loss]]
    answers: Callable[..., Iterator[str]] | None
    start: Callable[..., str] | None
    kinds: tuple[str, ...]
    digest: str


def trainer(
    plugin: str, options: Mapping[str, Any] | None = None, *, instance: str | None = None, folder: Path | None = None
) -> Trainer:
    """A trainer by name, its module, signature and options checked; paths among these are relative to `folder`.

    Raises WrongRequest.
    """
    function = plugins.load("trainers", plugin)
    module = sys.modules[getattr(function, "__module__", "")]
    positional = [p.name for p in inspect.signature(function).parameters.values() if p.kind is not p.KEYWORD_ONLY]
    if positional != ["data", "model", "out"]:
        raise WrongRequest(f"The trainer '{plugin}' must take data, model, out; it takes {', '.join(positional)}.")
    for name in ("KINDS", "preflight", "losses"):
        if not hasattr(module, name):
            raise WrongRequest(f"The trainer '{plugin}' has no '{name}' in its module.")
    named = instance or plugin
    given = plugins.check_options(named, plugins.options_of(function), options or {})
    checked = inputs.located(named, given, folder or Path())
    return Trainer(
        instance=instance or plugin,
        plugin=plugin,
        options=checked,
        train=function,
        preflight=module.preflight,
        losses=module.losses,
        answers=module.answers if hasattr(module, "answers") else None,
        start=module.start if hasattr(module, "start") else None,
        kinds=tuple(module.KINDS),
        digest=plugins.source_digest(module.__name__) + inputs.digest(checked),
    )


@dataclass(frozen=True)
class Step:
    """One entry of a recipe's `train:`. `model` is `tiny`, a path, an id of the hub, or the name of an entry before."""

    trainer: Trainer
    model: str


def step(plugin: str, options: Mapping[str, Any], *, instance: str, folder: Path) -> Step:
    """An entry checked; a model that lies in `folder`, the recipe's, is named with its whole path."""
    left = dict(options)
    model = left.pop("model", "tiny")
    if not isinstance(model, str):
        raise plugins.WrongOption(f"{instance}: 'model' must be a name or a path.", "model")
    beside = (folder / Path(model).expanduser()).absolute()
    named = str(beside) if "/" in model and beside.exists() else model
    return Step(trainer(plugin, left, instance=instance, folder=folder), named)


def read(files: Sequence[Path], columns: Sequence[str]) -> Iterator[tuple[str, Row]]:
    """The rows of a split, each with its id; of its columns only these, so that a stray one cannot be trained on.

    A row without an `id` is named by its place, as an audit names it: `row:train.jsonl:0000012`. A column that a row
    lacks is None.
    """
    for file in files:
        found = _jsonl(file) if file.suffix == ".jsonl" else _parquet(file, columns)
        for nth, row in enumerate(found, start=1):
            yield str(row.get("id") or f"row:{file.name}:{nth:07d}"), {name: row.get(name) for name in columns}


def columns(files: Sequence[Path]) -> set[str]:
    """The columns that the first file has: a JSONL file's first thousand lines are looked at."""
    if not files:
        return set()
    if files[0].suffix != ".jsonl":
        import pyarrow.parquet as pq

        return set(pq.read_schema(files[0]).names)
    return {name for _, row in zip(range(BATCH_ROWS), _jsonl(files[0]), strict=False) for name in row}


def _parquet(file: Path, columns: Sequence[str]) -> Iterator[Row]:
    from factory import tables

    with tables.parquet(file) as opened:
        wanted = [name for name in ("id", *columns) if name in opened.schema_arrow.names]
        for batch in opened.iter_batches(batch_size=BATCH_ROWS, columns=wanted):
            yield from batch.to_pylist()


def _jsonl(file: Path) -> Iterator[Row]:
    with file.open(encoding="utf-8") as lines:
        for nth, line in enumerate(lines, start=1):
            try:
                row = json.loads(line)
            except ValueError:
                row = None
            if not isinstance(row, dict):
                raise WrongRequest(f"{file}:{nth}: not a JSON object. Every line must be one row.")
            yield row
