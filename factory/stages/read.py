"""Read: rows of foreign datasets become records, beside those that generators make.

Each file is a unit of its source: what it gave is counted as a generator's calls are. Its shape is found by looking at
its first rows (`factory.shapes`); a row of another shape, or one that cannot be read, is rejected alone. Rows stream.
Of a feedback log the votes are counted first (`factory.stages.feedback`).
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory import plural, records, rejections, runs, shapes, tables
from factory.errors import BadItem, WrongRequest
from factory.progress import Progress
from factory.readers.rows import split_of
from factory.recipe import Checked
from factory.records import Record
from factory.runs import Run
from factory.shapes import Converter, UnknownShape
from factory.stages import feedback, hub
from factory.stages.feedback import Outcome, Tally
from factory.stages.ingest import language
from factory.stages.licences import Found
from factory.stages.looking import Where, looked_into
from factory.stages.sampling import Sample, draw
from factory.stages.sources import File, list_files, remember
from factory.stages.target import READ
from factory.stages.units import UNITS

VERSION = 1
MANY_BYTES = 1_000_000
PART = "read-00000.parquet"  # beside the parts that `generate` writes, which it may write anew


def fingerprint(checked: Checked, files: list[File], bad: list[tuple[File, BadItem]], licences: Found) -> str:
    """What reading depends on: the sources, the bytes of their files, licences that lie beside, and our code."""
    declared = [s.declared() for s in checked.recipe.sources if s.gives == "records"]
    listing = [(file.source.name, file.path, file.digest) for file in files]
    broken = [(file.source.name, file.path, error.reason) for file, error in bad]
    seed = checked.recipe.seed if any(source.sample for source in checked.recipe.sources) else None
    return runs.fingerprint(
        VERSION, records.VERSION, feedback.VERSION, declared, listing, broken, licences.mark(files), seed,
        runs.core_digest(),
    )  # fmt: skip


def read(run: Run, checked: Checked, before: str, progress: Progress, many: Callable[[], None] | None = None) -> str:
    """Bring the records of foreign datasets up to date; returns what the next stage depends on.

    `many` is called before many rows are read: who works on them next may make ready. Raises WrongRequest where a
    source that is one file is of no known shape, or where no source gave a row.
    """
    if all(source.gives != "records" for source in checked.recipe.sources):
        if _made(run):  # from sources that are no longer in the recipe
            run.undo("read")
            _clear(run)
        return before
    files, bad = list_files(checked, run, "records", progress)
    licences = Found(hub.licences(checked.recipe.sources, run))
    mark = fingerprint(checked, files, bad, licences)
    if not run.is_done("read", mark):
        remember(run, files, "records")
        run.undo("read")
        _clear(run)
        samples = _samples(checked, files)
        if many and sum(file.size for file in files if file.source.sample is None) >= MANY_BYTES:
            many()
        read_of = [source for source in checked.recipe.sources if source.gives == "records"]
        counts = _Reading(run, progress, licences, samples).all(files, bad) | {"revisions": hub.revisions(read_of, run)}
        run.done("read", mark, counts)
        found = f"{plural.many(counts['records'], 'record')} from {plural.many(counts['rows'], 'row')}"
        progress.end("read", f"{found}, {counts['rejected']:,} rejected")
        for name, sample in samples.items():
            drawn = f"{sample.size:,} of {plural.many(sample.of, 'row')}"
            progress.say(f"{'':<17} {name}: a sample of {drawn}, seed {sample.seed}")
        for its in counts["files"].values():
            progress.say(f"{'':<17} {its['place']}: {its['shape'] or its['why']}")
    return runs.fingerprint(before, mark)


def _samples(checked: Checked, files: list[File]) -> dict[str, Sample]:
    """What is drawn of each source that is read in part."""
    return {
        source.name: draw([f for f in files if f.source.name == source.name], source.sample, checked.recipe.seed)
        for source in checked.recipe.sources
        if source.sample is not None
    }


def _made(run: Run) -> list[Path]:
    """The files that reading left."""
    places = (f"records/*/{PART}", f"units/{PART}", feedback.PART, "rejected/read.parquet")
    return [file for place in places for file in run.path.glob(place)]


def _clear(run: Run) -> None:
    for file in _made(run):
        file.unlink()


@dataclass
class _File:
    """What one file gave, for the manifest and the report."""

    place: str
    source: str
    shape: str = ""  # in words
    name: str = ""
    columns: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    rows: int = 0
    records: int = 0
    rejected: int = 0
    ties: int = 0  # rankings in which no answer is better than another: no pair can be made of them
    why: str = ""
    others: Mapping[str, int] | None = None

    def as_dict(self) -> dict[str, Any]:
        plain = {name: getattr(self, name) for name in
                 ("place", "source", "shape", "name", "rows", "records", "rejected", "ties", "why")}  # fmt: skip
        return {**plain, "columns": list(self.columns), "unused": list(self.unused), "others": dict(self.others or {})}


class _Reading:
    """One pass over the files of all sources that are records."""

    def __init__(self, run: Run, progress: Progress, licences: Found, samples: Mapping[str, Sample]) -> None:
        self._run, self._progress, self._licences, self._samples = run, progress, licences, samples
        self._first: tuple[str, str] | None = None  # place and detail of the first rejection
        self._kinds: dict[str, int] = {}

    def all(self, files: list[File], bad: list[tuple[File, BadItem]]) -> dict[str, Any]:
        """Write every table; returns the counts."""
        found: dict[str, _File] = {}
        files = [file for file in files if self._is_read(file)]
        self._progress.start("read", sum(file.size for file in files))
        self._tallies = self._counted(files)
        with ExitStack() as parts:
            self._parts: dict[str, tables.PartWriter] = {
                kind: parts.enter_context(self._part(kind)) for kind in records.KINDS
            }
            self._units = parts.enter_context(tables.PartWriter(self._run.path / "units" / PART, UNITS))
            lost = tables.PartWriter(rejections.path(self._run, "read"), rejections.SCHEMA)
            self._rejected = parts.enter_context(lost)
            votes = tables.PartWriter(self._run.path / feedback.PART, feedback.SCHEMA, once_filled=True)
            self._votes = parts.enter_context(votes)
            for file, error in [*((file, None) for file in files), *bad]:
                its = _File(file.label, file.source.name)
                taken = BadItem("ingest.id_taken", "Another file has the same name in ids. Rename its source.")
                self._one(file, taken if file.label in found else error, its)
                found.setdefault(file.label, its)
                self._end(file, its)
                self._progress.advance(file.size)
            if not any(its.records for its in found.values()):
                raise self._nothing()
        return {
            "files": {place: its.as_dict() for place, its in found.items()},
            "rows": sum(its.rows for its in found.values()),
            "records": sum(its.records for its in found.values()),
            "rejected": sum(its.rejected for its in found.values()),
            "kinds": dict(sorted(self._kinds.items())),
            "samples": {name: sample.as_dict() for name, sample in self._samples.items()},
            **self._licences.as_counts(),
        }

    def _is_read(self, file: File) -> bool:
        """Whether a file is asked for rows: not where none of it is in the sample. One that is broken is said to be."""
        sample = self._samples.get(file.source.name)
        return sample is None or file.label in sample.rows or file.label not in sample.files

    def _counted(self, files: list[File]) -> dict[str, Tally]:
        """The votes of each feedback log: all of them are known before one record is made."""
        tallies: dict[str, Tally] = {}
        for source in {file.source.name: file.source for file in files if file.source.as_ == "feedback"}.values():
            tallies[source.name] = Tally(self._run, source)
            tallies[source.name].count([file for file in files if file.source is source])
        return tallies

    def _part(self, kind: records.Kind) -> tables.PartWriter:
        return tables.PartWriter(self._run.path / "records" / kind / PART, records.schema(kind), once_filled=True)

    def _one(self, file: File, error: BadItem | None, its: _File) -> None:
        try:
            if error is not None:
                raise error
            self._rows(file, its)
        except BadItem as rejection:
            its.why = rejection.detail
            self._reject(file, its, None, rejection)
        except UnknownShape as why:
            if _is_whole_source(file):
                raise
            its.why = str(why)
            self._reject(file, its, None, BadItem("ingest.unknown_shape", str(why)))

    def _rows(self, file: File, its: _File) -> None:
        converter, found = looked_into(file)
        sample = self._samples.get(file.source.name)
        rows = found if sample is None else (pair for pair in found if sample.has(file, pair[0]))
        self._policy = self._licences.policy(file)
        if converter is None:
            for number, row in rows:
                its.rows += 1
                self._reject(file, its, Where(file.label, number), row)  # type: ignore[arg-type] # none of them is a row
            raise BadItem("ingest.empty", shapes.NO_ROW)
        its.shape, its.name = converter.words, converter.shape.name
        its.columns, its.unused, its.others = tuple(converter.columns), tuple(converter.unused), converter.others
        for number, row in rows:
            its.rows += 1
            self._row(file, its, converter, number, row)
        if not its.records:  # of a feedback log: another shape's first rows have given some
            raise BadItem("feedback.no_record", "Its votes are counted in records of other files, or say nothing.")

    def _row(self, file: File, its: _File, converter: Converter, number: int, row: dict[str, Any] | BadItem) -> None:
        try:
            if isinstance(row, BadItem):
                raise row
            for outcome in self._outcomes(file, converter, number, row):
                if outcome.cast is not None:
                    self._votes.write(outcome.cast)
                if outcome.why is not None:
                    self._reject(file, its, outcome.where, outcome.why)
                if outcome.made is not None:
                    self._write(file, its, outcome, *outcome.made)
        except BadItem as rejection:
            self._reject(file, its, Where(file.label, number), rejection)

    def _outcomes(self, file: File, converter: Converter, number: int, row: dict[str, Any]) -> Iterator[Outcome]:
        """What a row gives: of a feedback log what all votes say, else its records as they stand."""
        if file.source.name in self._tallies:
            yield from self._tallies[file.source.name].outcomes(file, converter, number, row)
            return
        made, own = converter.records(row), _own(converter.own_id(row))
        for nth, one in enumerate(made):
            scores = converter.scores(row) if one[0] == "preference" else {}
            yield Outcome(Where(file.label, number, nth, len(made)), one, {**own, **scores})

    def _write(self, file: File, its: _File, outcome: Outcome, kind: str, data: dict[str, Any]) -> None:
        source, where = file.source, outcome.where
        text = records.joined(kind, data)
        record = Record(
            kind=kind,  # type: ignore[arg-type] # shapes make no other
            data=data,
            parents=(),
            policy=self._policy,
            language=language(text),
            meta={"row": f"{file.label}:{where.number}", "split": self._split(file), **outcome.meta},
        )
        row = records.as_row(
            record, id_=where.id, unit=_unit(file), method=source.name,
            sources=[source.name], paths=[file.path], rejected=None,
        )  # fmt: skip
        self._parts[kind].write(row, size=len(text) + len(row["meta"]))
        self._kinds[kind] = self._kinds.get(kind, 0) + 1
        its.records += 1
        its.ties += kind == "ranking" and len(set(data["ranks"])) < 2

    @staticmethod
    def _split(file: File) -> str | None:
        return None if _is_whole_source(file) else split_of(file.path)

    def _reject(self, file: File, its: _File, where: Where | None, error: BadItem) -> None:
        its.rejected += 1
        place = file.label if where is None else f"{file.label}:{where.number}"
        id_ = f"{_unit(file)}/{file.source.name}" if where is None else where.id
        row = {"id": id_, "place": place, "reason": error.reason, "detail": error.detail}
        self._rejected.write(row)
        self._first = self._first or (place, error.detail)

    def _nothing(self) -> WrongRequest:
        place, why = self._first or ("", "the sources hold no file of rows")
        return WrongRequest(f"Not one row could be read. {place}: {why}")

    def _end(self, file: File, its: _File) -> None:
        """The file as a unit; one that gave nothing was rejected under its name."""
        unit, method = _unit(file), file.source.name
        outcome = "made" if its.records else "empty"
        reason = None if its.records else f"{method}.nothing_yielded"
        row = {"unit": unit, "method": method, "rank": READ, "outcome": outcome, "records": its.records}
        self._units.write({**row, "reason": reason})


def _own(own_id: str | int | None) -> dict[str, Any]:
    """What `meta` keeps of a row's own id: a digest, since it may be a name or a mail."""
    return {} if own_id is None else {"own_id": runs.fingerprint(own_id)}


def _unit(file: File) -> str:
    return f"rows of {file.label}"


def _is_whole_source(file: File) -> bool:
    return file.path == file.source.path.rpartition("/")[2]
