"""The ledger: everything that was lost on the way, from parsing to the target, each with stage, reason and place.

It is a view over `rejected/` (files, units: what has no verdict), the records that their generator rejected, and the
verdicts of the filters. It holds ids, reasons and evidence; never text of a row.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from factory import rejections, tables, verdicts
from factory.corpus import all_tables, document_table, record_tables
from factory.documents import place
from factory.errors import WrongRequest, did_you_mean
from factory.runs import Run

EXTRAS: Mapping[str, Any] = {"flagged": {}, "notes": {}}  # what only filters count
STEPS = (  # stage, what it reads, what it gives
    ("ingest", "files", "documents"),
    ("filter.documents", "documents", "documents"),
    ("split", "documents", "passages"),
    ("filter.passages", "passages", "passages"),
    ("read", "rows", "records"),
    ("generate", "units", "records"),
    ("filter.records", "records", "records"),
    ("export", "records", "rows"),
)

OF_DOCUMENTS = ("ingest", "filter.documents", "split", "filter.passages")


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
    """Everything lost, in the order of the stages; with `reason` (or its prefix) or `stage` only those.

    Raises WrongRequest for a stage there is not.
    """
    known = [name for name, *_ in STEPS if name != "split"]  # those that lose things
    if stage is not None and stage not in known:
        raise WrongRequest(f"There is no stage '{stage}'.{did_you_mean(stage, known)} Known: {', '.join(known)}.")
    for entry in _all(run):
        if (stage is None or entry.stage == stage) and (reason is None or rejections.matches(entry.reason, reason)):
            yield entry


def _all(run: Run) -> Iterator[Entry]:
    for row in rejections.read(run, "ingest") if run.stands("ingest") else ():
        yield Entry("ingest", "", row["id"], row["reason"], row["place"], row["detail"] or "")
    places = _places(run)
    yield from _by_filters(run, "documents", places)
    yield from _by_filters(run, "passages", places)
    for row in rejections.read(run, "read") if run.stands("read") else ():
        yield Entry("read", "", row["id"], row["reason"], row["place"], row["detail"] or "")
    if not run.stands("generate"):
        return
    for row in rejections.read(run, "generate"):
        yield Entry(
            "generate", row["id"].rsplit("/", 1)[1], row["id"], row["reason"], row["place"], row["detail"] or ""
        )
    for table in record_tables(run):
        for row in tables.rows(table.folder, table.schema, columns=["id", "method", "reason"]):
            if row["reason"]:
                yield Entry("generate", row["method"], row["id"], row["reason"], _from(row["id"], places), "")
    yield from _by_filters(run, "records", places)
    for row in rejections.read(run, "export") if run.stands("export") else ():
        yield Entry("export", "", row["id"], row["reason"], _from(row["id"], places), "")


def _places(run: Run) -> dict[str, str]:
    """`source/path:row` of each document, by id; about 150 bytes of RAM a document."""
    table = document_table(run)
    found = tables.rows(table.folder, table.schema, columns=["id", "source", "path", "row"])
    return {d["id"]: place(d["source"], d["path"], d["row"]) for d in found}


def _from(id_: str, places: Mapping[str, str]) -> str:
    """Where a document, a passage or a record comes from: each id begins with its document's."""
    return places.get(id_.split("/", 1)[0], id_)


def _by_filters(run: Run, stage: str, places: Mapping[str, str]) -> Iterator[Entry]:
    for name in run.counts(f"filter.{stage}").get("order", []):
        for table in all_tables(run, stage):
            for batch in tables.read_file(table.verdicts / f"{name}.parquet", verdicts.SCHEMA):
                for row in batch.filter(_is(batch, "reject")).to_pylist():
                    yield Entry(
                        f"filter.{stage}",
                        name,
                        row["id"],
                        row["reason"],
                        _from(row["id"], places),
                        row["evidence"] or "",
                    )


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
    """What came into each step, what it kept, edited and rejected, and why; from the manifest's counts.

    Each step: stage, by (filter or method, '' for the stage itself), of (what it reads), gives, read, kept, edited,
    rejected, reasons, flagged (kept, with a reason to look); of a filter that says something of itself, notes; of a
    method also made, empty, failed: how its units ended, and unmade: the reasons for which no record was made; the
    others are those of `rejected`.
    """
    steps: list[dict[str, Any]] = []
    only_rows = run.stands("read") and not run.counts("ingest").get("files")
    for stage, of, gives in STEPS:
        if run.stands(stage) and not (only_rows and stage in OF_DOCUMENTS):
            steps += [
                {
                    "stage": stage,
                    "of": of,
                    "gives": gives,
                    "by": "",
                    "edited": 0,
                    "rejected": 0,
                    "reasons": {},
                    **EXTRAS,
                    **step,
                }
                for step in _steps(run, stage)
            ]
    return steps


def _steps(run: Run, stage: str) -> list[dict[str, Any]]:
    """The steps of one stage: one a filter, one a method, else one."""
    counts = run.counts(stage)
    if stage.startswith("filter."):
        return [{"by": name, **counts["filters"][name]} for name in counts["order"]]
    if stage == "generate":
        return _methods(run, counts)
    if stage == "ingest":
        lost = by_reason(entries(run, stage="ingest"))
        return [{"read": counts["files"], "kept": counts["documents"], "rejected": counts["rejected"], "reasons": lost}]
    if stage == "read":
        lost = by_reason(entries(run, stage="read"))
        return [{"read": counts["rows"], "kept": counts["records"], "rejected": counts["rejected"], "reasons": lost}]
    if stage == "split":
        return [{"read": counts["documents"], "kept": counts["passages"]}]
    lost = by_reason(entries(run, stage="export"))
    asked = counts.get("exam", {}).get("unseen", 0)
    return [{"read": run.counts("filter.records")["kept"], "kept": _rows(counts), "rejected": sum(lost.values()),
             "reasons": lost, "exam": asked}]  # fmt: skip


def _methods(run: Run, counts: dict[str, Any]) -> list[dict[str, Any]]:
    """One step a method: its units, the records it stands for, what was lost; of that, what never was a record."""
    lost, unmade = (defaultdict[str, Counter[str]](Counter) for _ in range(2))
    for entry in entries(run, stage="generate"):
        lost[entry.by][entry.reason] += 1
        if entry.id.endswith(f"/{entry.by}"):  # a unit; a record has its number behind that
            unmade[entry.by][entry.reason] += 1
    return [
        {"by": name, "read": its["units"], "kept": its["records"] - its["rejected"], "rejected": its["rejected"],
         "reasons": dict(lost[name]), "unmade": dict(unmade[name]),
         **{key: its[key] for key in ("made", "empty", "failed")}}
        for name, its in counts["methods"].items()
    ]  # fmt: skip


def _rows(counts: dict[str, Any]) -> int:
    return sum(sum(splits.values()) for splits in counts["rows"].values())
