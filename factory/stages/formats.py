"""The exported rows once more, in the files of other trainers: exports/<format>/<kind>-<split>-00000.jsonl.

    exports/llama-factory/dataset_info.json    what LLaMA-Factory is told of the files beside it (dataset_dir: here)
    exports/axolotl/<kind>.yaml                the lines for a config of Axolotl; each kind is trained by itself
    exports/<format>/left-out.jsonl            id and reason of each row that the format has no place for

Made from `dataset/`, so that they have its rows, splits, files and order; the same rows make the same bytes. A row
group is held at a time.
"""

import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

import yaml

from factory import tables
from factory.runs import Run
from factory.shapes.writing import WRITERS, NoPlace
from factory.stages.splits import SPLITS

LLAMA_FACTORY: dict[str, dict[str, Any]] = {
    "text": {"columns": {"prompt": "text"}},
    "sft": {"formatting": "sharegpt", "columns": {"messages": "conversations"}},
    "preference": {
        "formatting": "sharegpt",
        "ranking": True,
        "columns": {"messages": "conversations", "chosen": "chosen", "rejected": "rejected"},
    },
    "feedback": {"formatting": "sharegpt", "columns": {"messages": "conversations", "kto_tag": "kto_tag"}},
}
AXOLOTL: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {  # of the whole config, of each dataset
    "text": ({}, {"type": "completion", "field": "text"}),
    "sft": ({}, {"type": "chat_template", "field_messages": "messages"}),
    "preference": ({"rl": "dpo"}, {"type": "chat_template.default", "field_messages": "prompt"}),
    "feedback": ({"rl": "kto"}, {"type": "chatml.ultra"}),  # of a model that speaks ChatML; llama3.ultra for Llama 3
}


def written(formats: Sequence[str]) -> list[str]:
    """Those that have a folder in `exports/`, each once."""
    return [name for name in dict.fromkeys(formats) if name in WRITERS]


def write_formats(run: Run, formats: Sequence[str]) -> dict[str, Any]:
    """Bring `exports/` in line with `dataset/`; returns rows and left-out reasons of each format."""
    wanted = written(formats)
    beside, counts = run.path / "exports.tmp", dict[str, Any]()
    shutil.rmtree(beside, ignore_errors=True)
    for name in wanted:
        counts[name] = _Format(name, beside / name).write(run)
    if wanted:
        tables.swap(beside, run.path / "exports")
    else:
        shutil.rmtree(run.path / "exports", ignore_errors=True)
    return counts


class _Format:
    """The files of one format."""

    def __init__(self, name: str, folder: Path) -> None:
        self._name, self._folder = name, folder
        self._rows: dict[str, dict[str, int]] = {}  # by kind and split
        self._names: dict[str, dict[str, list[str]]] = {}  # of their files
        self._left_out: Counter[str] = Counter()
        self._files: dict[str, TextIO] = {}

    def write(self, run: Run) -> dict[str, Any]:
        """All rows of all kinds; returns the counts."""
        with tables.writing(self._folder), ExitStack() as files:
            self._folder.mkdir(parents=True)
            for kind, split, part, row in _exported(run):
                self._one(kind, split, f"{kind}-{part}", row, files)
            for file in self._files.values():
                tables.sync(file)
        self._beside(run.path.resolve().name)
        left_out = dict(sorted(self._left_out.items()))
        return {"rows": self._rows, "left_out": left_out} if left_out else {"rows": self._rows}

    def _one(self, kind: str, split: str, name: str, row: dict[str, Any], files: ExitStack) -> None:
        try:
            made = WRITERS[self._name](kind, row)
        except NoPlace as why:
            self._left_out[why.reason] += 1
            self._line("left-out", {"id": row["id"], "reason": why.reason}, files)
            return
        splits = self._rows.setdefault(kind, {})
        splits[split] = splits.get(split, 0) + 1
        if name not in self._files:
            self._names.setdefault(kind, {}).setdefault(split, []).append(f"{name}.jsonl")
        self._line(name, made, files)

    def _line(self, name: str, value: dict[str, Any], files: ExitStack) -> None:
        if name not in self._files:
            opened = (self._folder / f"{name}.jsonl").open("w", encoding="utf-8", newline="\n")
            self._files[name] = files.enter_context(opened)
        self._files[name].write(json.dumps(value, ensure_ascii=False) + "\n")

    def _beside(self, run_name: str) -> None:
        """What a trainer is told of the files."""
        if self._name == "llama-factory":
            info = {
                f"{run_name}_{kind}_{split}{f'_{nth}' if nth else ''}": {"file_name": file, **LLAMA_FACTORY[kind]}
                for kind, splits in self._names.items()
                for split, named in splits.items()
                for nth, file in enumerate(named)
            }
            tables.write_json(self._folder / "dataset_info.json", info)
        if self._name == "axolotl":
            for kind, splits in self._names.items():
                tables.write_file(self._folder / f"{kind}.yaml", _axolotl(kind, splits).encode())


def _axolotl(kind: str, splits: Mapping[str, Sequence[str]]) -> str:
    """The lines of a config that name the files of one kind; paths are relative to where Axolotl is started."""
    whole, each = AXOLOTL[kind]
    lists = {
        key: [{"path": file, "ds_type": "json", "split": "train", **each} for file in splits[split]]
        for split, key in (("train", "datasets"), ("validation", "test_datasets")) if split in splits
    }  # fmt: skip
    head = f"# For a config of Axolotl: the {kind} rows. Start it in this folder, or write the paths out.\n"
    return head + yaml.safe_dump({**whole, **lists}, sort_keys=False)


def _exported(run: Run) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """(kind, split, name of the file, row) of everything in `dataset/`, in its order."""
    for folder in sorted(path for path in (run.path / "dataset").iterdir() if path.is_dir()):
        for split in SPLITS:
            for part in sorted(folder.glob(f"{split}-*.parquet")):
                file = tables.parquet(part)
                for group in range(file.num_row_groups):
                    for row in file.read_row_group(group, use_threads=False).to_pylist():
                        yield folder.name, split, part.stem, row
