"""Reject a row that says a personal value of its source, although the passages that a model saw were scrubbed.

Sees    a row, and the passages it was made from as they were parsed, before any filter edited them. What `pii` finds
        there is looked for in every string of the row, also written otherwise: other gaps and country codes in a
        telephone number, "at" and "dot" in an address, a name in another order or with initials, a day in figures.
Keeps   places, kinds and scores; never a value.
Misses  what `pii` does not find in the source; half a value (last digits, a surname alone); rows whose source is not
        in the run, which are kept and counted as not looked at.
Costs   what `pii` costs on the passages, once for all rows of a batch that share one; no model.

It is no option of `pii`: that one looks at each string of a row by itself, and can run where there is no source.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import pyarrow as pa

from factory.records import KINDS as RECORDS
from factory.verdicts import Verdicts
from filters import _personal
from filters._leaks import said_again
from filters._looking import Looking
from filters._presidio import SURE
from filters._screen import fold
from filters._spans import FINDING, Allowed

DECIDES = {"decides": True}
Values = dict[tuple[str, str], float]  # value and kind -> how sure


@dataclass(frozen=True)
class PiiLeak(Looking):
    """The options are those of `pii`: what may stay there may be said here, and kinds of one's own are looked for."""

    sees: ClassVar[str] = "raw_sourced"
    kinds: ClassVar[tuple[str, ...]] = RECORDS
    action: Literal["reject", "flag"] = field(default="reject", metadata=DECIDES)
    types: list[str] | None = None
    exclude: list[str] = field(default_factory=list)
    threshold: float = field(default=SURE, metadata=DECIDES)
    allow: list[str] = field(default_factory=list)
    patterns: dict[str, str] = field(default_factory=dict)
    recogniser_files: list[Path] = field(default_factory=list)
    recognisers: list[str] = field(default_factory=list)
    ner: str | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for an option that cannot work, WrongRequest for a model or recogniser that is not there."""
        self.check_looking()
        self.check_threshold()

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """What is shown of rows with their sources -> `id`, `passages` (how many), `findings` in the row's strings."""
        known: dict[str, Values] = {}  # several rows are made from one passage
        rows = batch.to_pylist()
        findings = [list(self._leaks(row, known)) for row in rows]
        return pa.record_batch(
            {
                "id": batch["id"],
                "passages": pa.array([len(row["passages"]) + len(row["cited"]) for row in rows], pa.int32()),
                "findings": pa.array(findings, pa.list_(FINDING)),
            }
        )

    def decide(self, features: pa.RecordBatch) -> Verdicts:
        """One verdict a row; the evidence counts the places of each kind."""
        verdicts = Verdicts()
        for row in features.to_pylist():
            counts = Counter(found["kind"] for found in row["findings"] if found["score"] >= self.threshold)
            if not row["passages"]:
                verdicts.skip(row["id"], "no_source")
            elif not counts:
                verdicts.keep(row["id"])
            elif self.action == "reject":
                verdicts.reject(row["id"], "pii.leaked_from_source", **counts)
            else:
                verdicts.flag(row["id"], "pii.leaked_from_source", **counts)
        return verdicts

    def _leaks(self, row: Mapping[str, Any], known: dict[str, Values]) -> Iterator[dict[str, Any]]:
        values: Values = {}
        for text in dict.fromkeys((*row["passages"], *row["cited"], *row["headings"])):
            if text not in known:
                known[text] = dict(self._values(text))
            values |= known[text]
        for string in row["strings"]:
            yield from _found(string, values)

    def _values(self, text: str) -> Iterable[tuple[tuple[str, str], float]]:
        """What of a source must not be said, and how sure it is that it is personal."""
        kinds = _personal.kinds(self.types, self.exclude, self.ner)
        found = Allowed(self.allow, fold).without(_personal.find(text, kinds, self.ner, self.own), text)
        for one in sorted(found, key=lambda finding: finding.score):  # of one value the surest finding counts
            yield (text[one.start : one.end], one.kind), one.score


def _found(string: Mapping[str, str], values: Values) -> Iterator[dict[str, Any]]:
    places = {
        (start, end, kind): score
        for (value, kind), score in values.items()
        for start, end in said_again(string["text"], value, kind)
    }
    for (start, end, kind), score in sorted(places.items()):
        yield {"field": string["field"], "start": start, "end": end, "kind": kind, "score": score}
