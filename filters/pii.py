"""Find personal data that has a form, such as e-mail addresses and card numbers, and replace, mask, reject or flag it.

Finds   bank_account credit_card crypto email iban ip mac passport phone uk_nhs uk_nino us_ssn, by presidio with the
        recognisers that were measured to be wrong replaced: shapes, check digits and the words before. An
        organisation's own numbers are found too; `allow` lets them stay.
Never   names of people, postal addresses, organisations: they have no form, and this version runs no model. Nor
        passwords and keys, dates of birth, numbers that a line break cuts, addresses written out ("at", "dot").
Keeps   spans, kinds and scores; never a value.
Costs   0.4 ms a 2 kB document that holds nothing, about 1 ms one that holds some; 1.3 s once a process. No network.
Source  presidio-analyzer (https://microsoft.github.io/presidio), phonenumbers.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import pyarrow as pa

from factory.edits import Edit
from factory.errors import did_you_mean
from factory.verdicts import Verdicts
from filters._presidio import SURE, Finding, find
from filters._screen import FILL, KINDS, fold

FINDING = pa.struct(
    [("field", pa.string()), ("start", pa.int64()), ("end", pa.int64()), ("kind", pa.string()), ("score", pa.float64())]
)
NOT_LOOKED_FOR = ("PERSON", "ADDRESS", "ORGANIZATION")


@dataclass(frozen=True)
class Pii:
    """`types`: the kinds to look for, all by default. `allow`: values that may stay; `@acme.com` allows a domain.

    Scrubbing twice changes nothing; below the default threshold that is not promised.
    """

    sees: ClassVar[str] = "strings"
    not_looked_for: ClassVar[tuple[str, ...]] = NOT_LOOKED_FOR
    action: Literal["placeholder", "mask", "reject", "flag"] = field(default="placeholder", metadata={"decides": True})
    types: list[str] | None = None
    threshold: float = field(default=SURE, metadata={"decides": True})
    allow: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Raise ValueError for a type that is none of ours, or a threshold that is none."""
        if self.types == []:
            raise ValueError("types is empty, so nothing would be looked for; leave it out for all kinds")
        if not 0 < self.threshold <= 1:
            raise ValueError("threshold must be above 0 and at most 1")
        for name in self.types or []:
            if name not in KINDS:
                raise ValueError(f"unknown type '{name}'.{did_you_mean(name.lower(), KINDS)} Known: {', '.join(KINDS)}")

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """`id`, `field`, `text`, several rows an id -> `id`, `findings`: one row an id, overlaps left to `decide`."""
        kinds = tuple(KINDS if self.types is None else self.types)
        allowed = _Allowed(self.allow)
        findings: dict[str, list[dict[str, Any]]] = {}
        known: dict[str, list[Finding]] = {}  # a system prompt stands in every row
        for id_, name, text in zip(*(batch[column].to_pylist() for column in ("id", "field", "text")), strict=True):
            if text not in known:
                known[text] = allowed.without(find(text or "", kinds), text or "")
            findings.setdefault(id_, []).extend({"field": name} | found._asdict() for found in known[text])
        return pa.record_batch(
            {"id": pa.array(findings.keys(), pa.string()), "findings": pa.array(findings.values(), pa.list_(FINDING))}
        )

    def decide(self, features: pa.RecordBatch) -> Verdicts:
        """One verdict an id; evidence counts the spans of each kind."""
        verdicts = Verdicts()
        for id_, found in zip(features["id"].to_pylist(), features["findings"].to_pylist(), strict=True):
            spans = list(_disjoint(row for row in found if row["score"] >= self.threshold))
            counts = Counter(span.kind for _, span in spans)
            reason = f"pii.{next(iter(counts))}" if len(counts) == 1 else "pii.several"
            if not spans:
                verdicts.keep(id_)
            elif self.action == "reject":
                verdicts.reject(id_, reason, **counts)
            elif self.action == "flag":
                verdicts.flag(id_, reason, **counts)
            else:
                verdicts.edit(id_, [(name, self._edit(span)) for name, span in spans], reason, **counts)
        return verdicts

    def _edit(self, span: Finding) -> Edit:
        replacement = FILL * (span.end - span.start) if self.action == "mask" else KINDS[span.kind].placeholder
        return Edit(span.start, span.end, f"pii.{span.kind}", replacement)


class _Allowed:
    """Values that may stay, compared without case, blanks and punctuation of numbers: one spelling does for all."""

    _PUNCTUATION = re.compile(r"[\s().+/-]")

    def __init__(self, values: Iterable[str]) -> None:
        self._domains = tuple(value.casefold() for value in values if value.startswith("@"))
        self._values = frozenset(self._plain(value) for value in values if not value.startswith("@"))

    def _plain(self, value: str) -> str:
        return self._PUNCTUATION.sub("", fold(value)).casefold()

    def without(self, found: list[Finding], text: str) -> list[Finding]:
        """`found` without what is allowed, and without what lies inside of it."""
        if not self._values and not self._domains:
            return found
        may_stay = [(f.start, f.end) for f in found if self._allows(text[f.start : f.end], f.kind)]
        return [f for f in found if not any(start <= f.start and f.end <= end for start, end in may_stay)]

    def _allows(self, value: str, kind: str) -> bool:
        return self._plain(value) in self._values or (kind == "email" and value.casefold().endswith(self._domains))


def _disjoint(found: Iterable[dict[str, Any]]) -> Iterator[tuple[str, Finding]]:
    """One span for all findings that overlap: whatever any covers, of the kind that the surest, then longest, has."""
    by_field: dict[str, list[Finding]] = {}
    for row in found:
        by_field.setdefault(row["field"], []).append(Finding(row["start"], row["end"], row["kind"], row["score"]))
    for name, spans in by_field.items():
        for group in _overlapping(sorted(spans)):
            best = max(group, key=lambda span: (span.score, span.end - span.start, span.kind))
            yield name, Finding(group[0].start, max(span.end for span in group), best.kind, best.score)


def _overlapping(spans: list[Finding]) -> Iterator[list[Finding]]:
    group: list[Finding] = []
    end = 0
    for span in spans:
        if group and span.start >= end:
            yield group
            group = []
        group.append(span)
        end = max(end, span.end) if len(group) > 1 else span.end
    if group:
        yield group
