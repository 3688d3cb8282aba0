"""The ledger: everything that was lost on the way, from parsing to the target, each with stage, reason and place.

It is a view over `rejected/` (files, units: what has no verdict), the records that their generator rejected, and the
verdicts of the filters. It holds ids, reasons and evidence; never text of a row.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from factory import rejections, tables, verdicts
from factory.corpus import all_tables, record_tables
from factory.runs import Run

STEPS = (
    ("ingest", "files"), ("filter.documents", "documents"), ("split", "documents"), ("filter.passages", "passages"),
    ("generate", "units"), ("filter.records", "records"), ("export", "records"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing lost: at which stage, by whom (a filter, a method, '' for ingest), why."""

    stage: str
    by: str
    id: str
    reason: str
    place: str
    detail: str  # a sentence, or the evidence as JSON; '' where there is none

    def as_dict(self) -> dict[str, str]:
        """For JSON."""
        return asdict(self)


def entries(run: Run, *, reason: str | None = None, stage: str | None = None) -> Iterator[Entry]:
    """Everything lost, in the order of the stages; with `reason` (or its prefix) or `stage` only those."""
    for entry in _all(run):
        if (stage is None or entry.stage == stage) and (reason is None or matches(entry.reason, reason)):
            yield entry


def matches(reason: str, prefix: str) -> bool:
    """Whether a dotted reason is `prefix` or lies under it."""
    return reason == prefix or reason.startswith(prefix.rstrip(".") + ".")


def _all(run: Run) -> Iterator[Entry]:
    for row in rejections.read(run, "ingest"):
        yield Entry("ingest", "", row["id"], row["reason"], row["place"], row["detail"] or "")
    yield from _by_filters(run, "documents")
    yield from _by_filters(run, "passages")
    for row in rejections.read(run, "generate"):
        yield Entry("generate", row["id"].rsplit("/", 1)[1], row["id"], row["reason"], row["place"], row["detail"] or "")
    for table in record_tables(run):
        for row in tables.rows(table.folder, table.schema, columns=["id", "method", "rejected"]):
            if row["rejected"]:
                yield Entry("generate", row["method"], row["id"], row["rejected"], row["id"], "")
    yield from _by_filters(run, "records")


def _by_filters(run: Run, stage: str) -> Iterator[Entry]:
    for name in run.counts(f"filter.{stage}").get("order", []):
        for table in all_tables(run, stage):
            for batch in tables.read_file(table.verdicts / f"{name}.parquet", verdicts.SCHEMA):
                for row in batch.filter(_is(batch, "reject")).to_pylist():
                    yield Entry(f"filter.{stage}", name, row["id"], row["reason"], row["id"], row["evidence"] or "")


def _is(batch: Any, outcome: str) -> Any:
    import pyarrow.compute as pc

    return pc.equal(batch["outcome"], outcome)


def by_reason(found: Iterable[Entry]) -> dict[str, int]:
    """How many were lost for each reason, the most frequent first."""
    counts: dict[str, int] = {}
    for entry in found:
        counts[entry.reason] = counts.get(entry.reason, 0) + 1
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def waterfall(run: Run) -> list[dict[str, Any]]:
    """What came into each step, what it kept, rejected and edited, and why; from the manifest's counts.

    Each step: stage, by (filter or method), read, kept, edited, rejected, reasons, made (of a stage that makes rows).
    """
    steps: list[dict[str, Any]] = []
    for stage, unit in STEPS:
        if not run.stands(stage):
            continue
        counts = run.counts(stage)
        if stage.startswith("filter."):
            steps += [{"stage": stage, "by": name, "of": unit, **its} for name, its in counts["filters"].items()]
        elif stage == "ingest":
            step = {"read": counts["files"], "kept": counts["documents"], "rejected": counts["rejected"]}
            steps.append({"stage": stage, "by": "", "of": unit, **step, "reasons": by_reason(entries(run, stage="ingest"))})
        elif stage == "split":
            steps.append({"stage": stage, "by": "", "of": unit, "read": counts["documents"], "kept": counts["passages"], "rejected": 0})
        elif stage == "generate":
            steps += _methods(run, counts)
        else:
            steps.append({"stage": stage, "by": "", "of": unit, "read": _rows(counts), "kept": _rows(counts), "rejected": 0})
    return steps


def _methods(run: Run, counts: dict[str, Any]) -> list[dict[str, Any]]:
    """One step a method: its units, the records it stands for, what was lost."""
    lost: dict[str, dict[str, int]] = {}
    for entry in entries(run, stage="generate"):
        reasons = lost.setdefault(entry.by, {})
        reasons[entry.reason] = reasons.get(entry.reason, 0) + 1
    return [
        {"stage": "generate", "by": name, "of": "units", "read": its["units"], "kept": its["records"] - its["rejected"],
         "rejected": its["rejected"], "reasons": lost.get(name, {}), **{key: its[key] for key in ("made", "empty", "failed")}}
        for name, its in counts["methods"].items()
    ]  # fmt: skip


def _rows(counts: dict[str, Any]) -> int:
    return sum(sum(splits.values()) for splits in counts["rows"].values())
