"""Export: the kept records as the files a trainer reads, split, with a card.

    dataset/<kind>/<split>-00000.parquet   TRL's columns, `id`, and `meta` (a JSON string); in the order of the ids
    exports/messages/<kind>-<split>.jsonl  {"messages": […]} a line, for what takes OpenAI's chat format
    dataset/README.md                      the dataset card

No time, path, host or worker count is in them: the same records make the same bytes.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from factory import near, records, runs, tables
from factory.corpus import kept_records, record_tables
from factory.duck import connect, quoted
from factory.progress import Progress
from factory.recipe import Checked
from factory.runs import Run
from factory.stages.card import Origins, card
from factory.stages.splits import SPLITS, THRESHOLD, deal, groups

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
    return runs.fingerprint(
        before, VERSION, checked.recipe.export.model_dump(), checked.recipe.seed, declared, runs.core_digest()
    )


def schema(kind: str) -> pa.Schema:
    """The columns of an exported kind."""
    return pa.schema([("id", pa.string()), *EXPORTED[kind], ("meta", pa.string())])


def export(run: Run, checked: Checked, before: str, progress: Progress) -> str:
    """Bring `dataset/` and `exports/` up to date; returns their fingerprint."""
    mark = fingerprint(checked, before)
    if run.is_done("export", mark):
        return mark
    run.undo("export")
    exporting = _Export(run, checked)
    total = run.counts("filter.records").get("kept")
    exporting.stage(progress, total)
    exporting.split()
    counts = exporting.write()
    run.done("export", mark, counts)
    progress.end("export", ", ".join(f"{kind}: {_of(n)}" for kind, n in counts["rows"].items()) or "nothing to export")
    return mark


def _of(splits: dict[str, int]) -> str:
    return " / ".join(f"{splits.get(split, 0)} {split}" for split in SPLITS)


def exported_rows(kind: str, row: dict[str, Any], *, open_book: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """A record's row as what leaves: (kind, row). A ranking becomes a pair for each two that differ in rank."""
    same = {"id": row["id"], "meta": row["meta"]}
    if kind == "ranking":
        ranked = list(enumerate(zip(row["completions"], row["ranks"], strict=True)))
        for (i, (one, rank)), (j, (other, its_rank)) in combinations(ranked, 2):
            if rank != its_rank:
                better, worse = (one, other) if rank < its_rank else (other, one)
                pair = {"prompt": row["prompt"], "chosen": better, "rejected": worse}
                yield "preference", {**same, "id": f"{row['id']}/{i}-{j}", **pair}
    elif kind == "sft":
        yield "sft", {**same, "messages": _with_context(row["messages"], row["context"] if open_book else None)}
    else:
        yield kind, {**same, **{name: row[name] for name, _ in EXPORTED[kind]}}


def _with_context(messages: list[dict[str, str]], context: str | None) -> list[dict[str, str]]:
    """The context before the first question, or the messages as they are."""
    if not context:
        return messages
    first = next(nth for nth, message in enumerate(messages) if message["role"] == "user")
    asked = {"role": "user", "content": f"{context}\n\n{messages[first]['content']}"}
    return [*messages[:first], asked, *messages[first + 1 :]]


class _Export:
    """Rows wait in one file a kind until their splits are known; then each kind is sorted and written."""

    def __init__(self, run: Run, checked: Checked) -> None:
        self._run, self._checked = run, checked
        self._waiting = run.path / "cache" / "export"
        shutil.rmtree(self._waiting, ignore_errors=True)
        self._kinds: list[str] = []  # of each row, in the order staged
        self._documents: list[list[str]] = []
        self._signatures: list[Any] = []
        self._files: dict[str, list[Path]] = {}
        self._split: list[str] = []
        self._origins = Origins()

    def stage(self, progress: Progress, total: int | None) -> None:
        """Write the rows that leave to waiting files, and measure what the split needs."""
        open_book = self._checked.recipe.export.context == "open-book"
        progress.start("export", total)
        for table in record_tables(self._run):
            batch: list[tuple[str, dict[str, Any], str, list[str]]] = []
            for row in kept_records(self._run, table):
                meta = json.loads(row["meta"])
                self._origins.take(meta)
                batch += [
                    (
                        kind,
                        out,
                        records.joined(kind, out),
                        meta["documents"],
                    )  # its text as it leaves: verify has no other
                    for kind, out in exported_rows(table.kind, row, open_book=open_book)
                ]
                progress.advance()
                if len(batch) >= tables.BATCH_ROWS:
                    self._stage_batch(table.kind, batch)
                    batch = []
            self._stage_batch(table.kind, batch)

    def _stage_batch(self, name: str, batch: Sequence[tuple[str, dict[str, Any], str, list[str]]]) -> None:
        if not batch:
            return
        for kind in dict.fromkeys(kind for kind, *_ in batch):
            rows = [row for its_kind, row, *_ in batch if its_kind == kind]
            file = self._waiting / kind / f"{name}-{len(self._kinds):09d}.parquet"
            tables.write_parquet(file, schema(kind), [pa.Table.from_pylist(rows, schema=schema(kind))])
            self._files.setdefault(kind, []).append(file)
        texts = [text for _, _, text, _ in batch]
        file = self._waiting / "texts" / f"{len(self._kinds):09d}.parquet"
        tables.write_parquet(file, TEXTS, [pa.table({"text": pa.array(texts, pa.large_string())}, schema=TEXTS)])
        self._signatures.append(near.signatures(texts))
        self._kinds += [kind for kind, *_ in batch]
        self._documents += [documents for *_, documents in batch]

    def split(self) -> None:
        """Decide the split of every row."""
        shares = self._checked.recipe.export.split
        if not self._kinds:
            return
        signatures = np.concatenate(self._signatures)
        self._signatures.clear()
        clusters = near.near_duplicates_of(signatures, self._texts_of, threshold=THRESHOLD)
        self._split = deal(
            groups(self._documents, clusters), self._documents,
            validation=shares.validation, test=shares.test, seed=self._checked.recipe.seed,
        )  # fmt: skip

    def _texts_of(self, indices: Any) -> list[str]:
        """The texts of some rows, by their place in the order staged; `indices` ascend."""
        wanted, found, at = indices.tolist(), [], 0
        for file in sorted((self._waiting / "texts").glob("*.parquet")):
            first = int(file.stem)
            here = []
            count = pq.read_metadata(file).num_rows
            while at < len(wanted) and wanted[at] < first + count:
                here.append(wanted[at] - first)
                at += 1
            if here:
                found += pq.read_table(file)["text"].take(pa.array(here)).to_pylist()
        return found

    def write(self) -> dict[str, Any]:
        """Write every kind and the card, whole or not at all; returns the counts."""
        beside = self._run.path / "dataset.tmp"
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir()
        rows = {kind: self._write_kind(kind, beside) for kind in sorted(self._files)}
        counts = {"rows": rows, "groups": "document and near-duplicate cluster"}
        tables.write_file(beside / "README.md", card(self._run, self._checked, rows, self._origins, beside).encode())
        tables.swap(beside, self._run.path / "dataset")
        self._messages()
        shutil.rmtree(self._waiting, ignore_errors=True)
        return counts

    def _write_kind(self, kind: str, beside: Path) -> dict[str, int]:
        """One kind's splits, sorted by id with bounded memory."""
        order = [nth for nth, its_kind in enumerate(self._kinds) if its_kind == kind]
        splits = pa.table({"split": pa.array([self._split[nth] for nth in order], pa.string())})
        place = self._waiting / f"{kind}.splits.parquet"
        pq.write_table(splits, place)
        files = ", ".join(quoted(file) for file in self._files[kind])
        counts = {}
        with connect(self._run.path / "cache" / "spill") as duck:
            duck.execute(f"CREATE TABLE waiting AS SELECT rows.*, split FROM read_parquet([{files}]) rows "  # noqa: S608 # our own paths, quoted
                         f"POSITIONAL JOIN read_parquet({quoted(place)}) splits")  # fmt: skip
            for split in SPLITS:
                asked = duck.sql(f"SELECT * EXCLUDE (split) FROM waiting WHERE split = '{split}' ORDER BY id")  # noqa: S608 # ours
                written = _write_sorted(asked.to_arrow_reader(GROUP_ROWS), schema(kind), beside / kind, split)
                if written:
                    counts[split] = written
        return counts

    def _messages(self) -> None:
        """The chat rows as JSONL, if asked for."""
        folder = self._run.path / "exports" / "messages"
        shutil.rmtree(folder, ignore_errors=True)
        if "messages" not in self._checked.recipe.export.formats:
            return
        for split in SPLITS:
            for file in sorted((self._run.path / "dataset" / "sft").glob(f"{split}-*.parquet")):
                found = pq.read_table(file, columns=["messages"])["messages"].to_pylist()
                lines = [json.dumps({"messages": messages}, ensure_ascii=False) for messages in found]
                name = file.name.replace(".parquet", ".jsonl")
                tables.write_file(folder / f"sft-{name}", ("\n".join(lines) + "\n").encode())


TEXTS = pa.schema([("text", pa.large_string())])


def _write_sorted(batches: Any, its_schema: pa.Schema, folder: Path, split: str) -> int:
    """Files of at most FILE_ROWS rows in row groups of GROUP_ROWS, whatever batches come; returns the rows."""
    waiting: list[pa.Table] = []
    total = held = 0
    writer: tables.PartWriter | None = None

    def flush(rows: int) -> None:
        nonlocal writer, total, held, waiting
        whole = pa.concat_tables(waiting)
        while whole.num_rows >= rows and whole.num_rows:
            if writer is None:
                file = folder / f"{split}-{total // FILE_ROWS:05d}.parquet"
                writer = tables.PartWriter(file, its_schema, group_rows=GROUP_ROWS).__enter__()
            writer.write_table(whole.slice(0, GROUP_ROWS))
            total += min(GROUP_ROWS, whole.num_rows)
            whole = whole.slice(GROUP_ROWS)
            if total % FILE_ROWS == 0:
                writer.__exit__(None, None, None)
                writer = None
        waiting, held = [whole], whole.num_rows

    for batch in batches:
        waiting.append(pa.Table.from_batches([batch]).cast(its_schema))
        held += len(batch)
        if held >= GROUP_ROWS:
            flush(GROUP_ROWS)
    if held:
        flush(1)
    if writer is not None:
        writer.__exit__(None, None, None)
    return total
