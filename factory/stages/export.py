"""Export: the kept records as the files a trainer reads, split, with a card.

    dataset/<kind>/<split>-00000.parquet   TRL's columns, `id`, and `meta` (a JSON string); in the order of the ids
    exports/<format>/                      the same rows for other trainers: see `factory.stages.formats`
    dataset/README.md                      the dataset card
    exam/{unseen,paraphrase}.parquet       questions that are not trained, if the recipe asks for an exam

No time, path, host or worker count is in them: the same records make the same bytes.
"""

import json
import shutil
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from factory import prompts, records, rejections, runs, tables
from factory.corpus import kept_records, record_tables
from factory.plural import many
from factory.progress import Progress
from factory.reasons import words
from factory.recipe import Checked
from factory.runs import Run
from factory.stages import exam
from factory.stages.card import Origins, card
from factory.stages.formats import write_formats, written
from factory.stages.permission import Permission
from factory.stages.rendering import with_context
from factory.stages.splits import SPLITS, THRESHOLD, deal, groups
from factory.stages.waiting import Waiting

VERSION = 1
GROUP_ROWS = 1000
FILE_ROWS = 100_000
EXPORTED = {  # as TRL reads them; rankings leave as preference pairs
    "text": [("text", pa.large_string())],
    "sft": [("messages", records.MESSAGES)],
    "preference": [("prompt", records.MESSAGES), ("chosen", records.MESSAGES), ("rejected", records.MESSAGES)],
    "feedback": [("prompt", records.MESSAGES), ("completion", records.MESSAGES), ("label", pa.bool_())],
    "labels": [("text", pa.large_string()), ("label", pa.string())],
}


def fingerprint(checked: Checked, before: str) -> str:
    """What the export depends on: the kept records and its options."""
    declared = [source.model_dump(exclude={"path", "map"}) for source in checked.recipe.sources]
    its = checked.recipe.export
    options = [its.model_dump(exclude={"hub"}), *([prompts.digest_of(its.template)] if its.template else [])]
    asked = checked.recipe.generate.exam and checked.recipe.generate.exam.model_dump()
    terms = {name: model.terms for name, model in checked.recipe.models.items()}
    made_of = [options, asked, checked.recipe.seed, declared, checked.recipe.use, terms]
    return runs.fingerprint(before, VERSION, made_of, runs.core_digest())


def schema(kind: str) -> pa.Schema:
    """The columns of an exported kind."""
    return pa.schema([("id", pa.string()), *EXPORTED[kind], ("meta", pa.string())])


def export(run: Run, checked: Checked, before: str, progress: Progress) -> str:
    """Bring `dataset/` and `exports/` up to date; returns their fingerprint.

    Raises CheckFailed, before anything is written, where the rows may not be put to the recipe's `use`.
    """
    mark = fingerprint(checked, before)
    folders = [run.path / "dataset", *(run.path / "exports" / name for name in written(checked.recipe.export.formats))]
    folders += [run.path / "exam"] if checked.recipe.generate.exam else []
    if run.is_done("export", mark) and all(folder.is_dir() for folder in folders):  # what was damaged may be deleted
        return mark
    run.undo("export")
    counts = write_export(run, checked, progress)
    run.done("export", mark, counts)
    made = [f"{kind}: {_of(n)}" for kind, n in counts["rows"].items()]
    made += [f"exam: {' / '.join(f'{n} {name}' for name, n in its.items())}"] if (its := counts.get("exam")) else []
    progress.end("export", ", ".join(made) or "nothing to export")
    for name, its in counts["formats"].items():
        if left_out := its.get("left_out"):
            for reason, count in left_out.items():
                said = f"{words(reason, 'export').means} exports/{name}/left-out.jsonl names them"
                progress.say(f"{'':<17} {many(count, 'row')} not in {name} ({reason}): {said}")
    return mark


def write_export(run: Run, checked: Checked, progress: Progress) -> dict[str, Any]:
    """Write `dataset/` and `exports/` from the kept records; returns the counts. Of `checked` its recipe is read."""
    exporting = _Export(run, checked)
    exporting.stage(progress, run.counts("filter.records").get("kept"))
    exporting.permission.check()
    exporting.split()
    return exporting.write()


def _of(splits: dict[str, int]) -> str:
    return " / ".join(f"{splits.get(split, 0)} {split}" for split in SPLITS)


def exported_rows(
    kind: str, row: dict[str, Any], *, open_book: bool, template: Path | None = None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """A record's row as what leaves: (kind, row). A ranking becomes a pair for each two that differ in rank.

    `template` makes the first question of a chat; see `factory.stages.rendering`.
    """
    same = {"id": row["id"], "meta": row["meta"]}
    if kind == "ranking":
        ranked = list(enumerate(zip(row["completions"], row["ranks"], strict=True)))
        for (i, (one, rank)), (j, (other, its_rank)) in combinations(ranked, 2):
            if rank != its_rank:
                better, worse = (one, other) if rank < its_rank else (other, one)
                pair = {"prompt": row["prompt"], "chosen": better, "rejected": worse}
                yield "preference", {**same, "id": f"{row['id']}/{i}-{j}", **pair}
    elif kind == "sft":
        context = row["context"] if open_book else None
        yield "sft", {**same, "messages": with_context(row["messages"], context, template)}
    else:
        yield kind, {**same, **{name: row[name] for name, _ in EXPORTED[kind]}}


class _Export:
    """Rows wait on disk until their splits are known; then each kind is written in the order of its ids."""

    def __init__(self, run: Run, checked: Checked) -> None:
        self._run, self._checked = run, checked
        self._by_file = checked.recipe.export.split.by == "file"
        self._waiting = Waiting(run.path / "cache" / "export", schema, alike=not self._by_file)
        self._documents: list[list[str]] = []  # each row's, by place
        self._split: list[str] = []
        self._origins = Origins()
        self._cited = exam.Cited()  # of each row, by place; only where an exam is asked for
        self._drawn = exam.NOBODY
        self.permission = Permission(checked.recipe)

    def stage(self, progress: Progress, total: int | None) -> None:
        """Put the rows that leave aside, with what the split needs of them."""
        open_book, template = self._checked.recipe.export.context == "open-book", self._checked.recipe.export.template
        progress.start("export", total)
        for table in record_tables(self._run):
            for row in kept_records(self._run, table):
                meta = json.loads(row["meta"])
                self.permission.take(meta)
                for kind, out in exported_rows(table.kind, row, open_book=open_book, template=template):
                    self._origins.take(kind, meta)
                    self._waiting.add(kind, out, records.joined(kind, out))  # as it leaves: verify has no other text
                    if self._checked.recipe.generate.exam:
                        self._cited.take(kind, out, meta, stands_alone=not row.get("context"))
                    if self._by_file:
                        self._split.append(meta.get("split") or SPLITS[0])
                    else:
                        self._documents.append(meta["documents"] or [meta.get("row", row["id"])])
                progress.advance()

    def split(self) -> None:
        """Decide the split of every row, where files did not, and which rows are an exam instead."""
        seed, clusters = self._checked.recipe.seed, np.arange(len(self._split), dtype=np.int64)
        if not self._by_file:
            shares, clusters = self._checked.recipe.export.split, self._waiting.clusters(THRESHOLD)
            together = groups(self._documents, clusters)
            self._split = deal(together, self._documents, validation=shares.validation, test=shares.test, seed=seed)
        if wanted := self._checked.recipe.generate.exam:
            self._drawn = exam.draw_exam(self._cited, self._split, clusters, share=wanted.share, seed=seed)

    def write(self) -> dict[str, Any]:
        """Write every kind and the card, whole or not at all; returns the counts."""
        beside = self._run.path / "dataset.tmp"
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir()
        paper = exam.Paper(self._run.path / "exam", self._trained()) if self._checked.recipe.generate.exam else None
        rows = {kind: self._write_kind(kind, beside / kind, paper) for kind in self._waiting.kinds}
        tables.write_file(beside / "README.md", card(self._run, self._checked, rows, self._origins, beside).encode())
        tables.swap(beside, self._run.path / "dataset")
        self._waiting.forget()
        formats = write_formats(self._run, self._checked.recipe.export.formats)
        return {"rows": rows, "formats": formats, **self._examined(paper)}

    def _trained(self) -> set[bytes]:
        """The questions that leave in the dataset, folded."""
        apart = self._drawn.unseen | self._drawn.held_back
        return {question for place, question in enumerate(self._cited.questions) if question and place not in apart}

    def _examined(self, paper: exam.Paper | None) -> dict[str, Any]:
        """Put the exam in its place, or none; its counts, and what is held back for it."""
        held = [
            {"id": self._cited.ids[place], "place": self._cited.ids[place], "reason": exam.GIVES_AWAY, "detail": None}
            for place in sorted(self._drawn.held_back)
        ]
        rejections.write(self._run, "export", held)
        if paper is None:
            shutil.rmtree(self._run.path / "exam", ignore_errors=True)
            return {}
        paper.hand_in()
        return {"exam": paper.counts, "held_back": len(held)}

    def _write_kind(self, kind: str, folder: Path, paper: exam.Paper | None) -> dict[str, int]:
        """One kind's splits, each sorted by id; returns the rows of each that has any. Some are an exam instead."""
        splits = {split: _Split(folder, split, schema(kind)) for split in SPLITS}
        for place, row in self._waiting.sorted(kind):
            for name, places in (("unseen", self._drawn.unseen), ("paraphrase", self._drawn.paraphrase)):
                if paper is not None and place in places:
                    paper.ask(name, row)
            if place in self._drawn.unseen or place in self._drawn.held_back:
                self._origins.take(kind, json.loads(row["meta"]), -1)
                continue
            size = sum(len(text.text) for text in records.texts(kind, row))
            splits[self._split[place]].write(row, size)
        for split in splits.values():
            split.close()
        return {name: split.rows for name, split in splits.items() if split.rows}


class _Split:
    """The files of one split: at most FILE_ROWS rows each, in row groups of GROUP_ROWS."""

    def __init__(self, folder: Path, name: str, its_schema: pa.Schema) -> None:
        self.rows = 0
        self._folder, self._name, self._schema = folder, name, its_schema
        self._part: tables.PartWriter | None = None

    def write(self, row: dict[str, Any], size: int) -> None:
        """One more row; `size` is about its bytes."""
        if self.rows % FILE_ROWS == 0:
            self.close()
            file = self._folder / f"{self._name}-{self.rows // FILE_ROWS:05d}.parquet"
            self._part = tables.PartWriter(file, self._schema, group_rows=GROUP_ROWS).__enter__()
        assert self._part is not None  # noqa: S101 # opened with the first row
        self._part.write(row, size=size)
        self.rows += 1

    def close(self) -> None:
        """End the file under way."""
        if self._part is not None:
            self._part.__exit__(None, None, None)
            self._part = None
