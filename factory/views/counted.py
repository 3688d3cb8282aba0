"""Twenty and more of the report's numbers once more: counted from the files of the tables, by code that no chapter has.

`verify` holds them against the report. A mistake of a chapter, of how rows are read or of how verdicts are applied is
then no longer made twice. It is plain on purpose: it opens Parquet files, and knows the names of their columns.
Costs   one pass over each table; some 300 bytes of RAM a row.
"""

import hashlib
import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from factory.runs import Run

SPLITS = ("train", "validation", "test")
SEVERAL = re.compile(r"/\d+-\d+\Z")  # what a pair of a ranking has behind the id of its record
QUARTER = 4  # bytes: what a token is taken for


def counted(run: Run) -> dict[str, float]:
    """Measures by name; those of stages that were not done are left out."""
    found: dict[str, float] = {}
    if run.stands("export"):
        found |= _dataset(run.path / "dataset")
    for stage in ("documents", "passages", "records"):
        if run.stands(f"filter.{stage}"):
            found |= _kept(run, stage)
    for stage in ("ingest", "read"):
        if run.stands(stage):
            found[f"rejected.{stage}"] = sum(1 for _ in _rows(run.path / "rejected" / f"{stage}.parquet", ["id"]))
    return found | _measured(run)


def _rows(file: Path, columns: list[str]) -> Iterator[dict[str, Any]]:
    if file.is_file():
        with pq.ParquetFile(file, page_checksum_verification=True) as opened:
            for group in range(opened.num_row_groups):
                yield from opened.read_row_group(group, columns=columns).to_pylist()


def _dataset(folder: Path) -> dict[str, float]:
    """What leaves: rows, splits, copies, lengths, licences."""
    splits: Counter[str] = Counter()
    sizes: dict[str, list[int]] = defaultdict(list)
    seen: dict[str, dict[bytes, set[str]]] = defaultdict(lambda: defaultdict(set))  # records by kind and folded text
    split_of: dict[str, set[str]] = defaultdict(set)
    for file in sorted(folder.glob("*/*.parquet")):
        kind, split = file.parent.name, file.name.partition("-")[0]
        names = pq.read_schema(file).names
        for row in _rows(file, names):
            splits[split] += 1
            text = "\n".join(_said([row[name] for name in names if name not in ("id", "meta")]))
            sizes[kind].append(-(-len(text.encode()) // QUARTER))
            folded = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
            seen[kind][hashlib.blake2b(folded.encode(), digest_size=16).digest()].add(SEVERAL.sub("", row["id"]))
            for document in json.loads(row["meta"])["documents"]:
                split_of[document].add(split)
    copies = sum(len(ids) - 1 for texts in seen.values() for ids in texts.values())
    found: dict[str, float] = {f"rows.{split}": splits[split] for split in SPLITS}
    found["rows.total"] = splits.total()
    found["duplicates.exact.share"] = round(copies / splits.total(), 6) if splits else 0
    found["splits.shared_documents"] = sum(len(its) > 1 for its in split_of.values())
    found["tokens.total"] = sum(map(sum, sizes.values()))
    for kind, its in sizes.items():
        its.sort()
        found[f"lengths.{kind}.tokens.max"] = its[-1]
        found[f"lengths.{kind}.tokens.median"] = its[(len(its) - 1) // 2]
    return found


def _said(value: Any) -> Iterator[str]:
    """The strings of a row's columns, in order; of a message what it says."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield value["content"] or ""
    elif isinstance(value, list):
        for one in value:
            yield from _said(one)


def _kept(run: Run, stage: str) -> dict[str, float]:
    """What a stage's filters left, rejected and flagged: verdict files stand in their order, each of what was left."""
    folders = sorted((run.path / "records").glob("*")) if stage == "records" else [run.path / stage]
    order = run.counts(f"filter.{stage}").get("order", [])
    found: dict[str, float] = {f"{stage}.kept": 0, f"rejected.filter.{stage}": 0, f"flagged.filter.{stage}": 0}
    for folder in folders:
        left = _stands(folder, stage)
        verdicts = run.path / "verdicts" / folder.relative_to(run.path)
        for name in order:
            for row in _rows(verdicts / f"{name}.parquet", ["outcome", "reason"]):
                gone = row["outcome"] == "reject"
                left -= gone
                found[f"rejected.filter.{stage}"] += gone
                found[f"flagged.filter.{stage}"] += row["outcome"] == "keep" and row["reason"] is not None
        found[f"{stage}.kept"] += left
        if stage == "records":
            found[f"records.{folder.name}"] = left
    return found


def _stands(folder: Path, stage: str) -> int:
    """The rows of a table, of records those that their generator stands for."""
    if stage != "records":
        return sum(pq.read_metadata(file).num_rows for file in folder.glob("*.parquet"))
    return sum(row["reason"] is None for file in folder.glob("*.parquet") for row in _rows(file, ["reason"]))


def _measured(run: Run) -> dict[str, float]:
    """What filters that were measured would do to how many rows."""
    said: dict[str, Counter[str]] = defaultdict(Counter)
    for file in sorted((run.path / "measured").glob("*.parquet")):
        for row in _rows(file, ["filter", "outcome", "reason", "evidence"]):
            said[row["filter"]][row["outcome"]] += 1
    names = {"reject": "rejected", "edit": "edited"}
    return {f"measured.{name}.{names[what]}": its[what] for name, its in said.items() for what in names if its[what]}
