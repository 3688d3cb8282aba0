"""What filters of values share: findings, values that may stay, and verdicts over spans. Never a value is kept."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

import pyarrow as pa

from factory.edits import Edit
from factory.errors import did_you_mean
from factory.verdicts import Verdicts

Action = Literal["placeholder", "mask", "reject", "flag"]
FILL = "•"  # stands for what was found already, and for what was masked
FINDING = pa.struct(
    [("field", pa.string()), ("start", pa.int64()), ("end", pa.int64()), ("kind", pa.string()), ("score", pa.float64())]
)


class Finding(NamedTuple):
    """A span of one string and what it seems to be; never the value."""

    start: int
    end: int
    kind: str
    score: float


def chosen(known: Iterable[str], types: list[str] | None, exclude: list[str]) -> tuple[str, ...]:
    """The kinds to look for. Raises ValueError for a name that is no kind, or where none is left."""
    kinds = list(known)
    for name in [*(types or ()), *exclude]:
        if name not in kinds:
            raise ValueError(f"unknown type '{name}'.{did_you_mean(name.lower(), kinds)} Known: {', '.join(kinds)}")
    left = tuple(kind for kind in kinds if (types is None or kind in types) and kind not in exclude)
    if not left:
        raise ValueError("types and exclude leave no kind, so nothing would be looked for")
    return left


class Allowed:
    """Values that may stay: one spelling does for all, `@acme.com` for a domain, `/…/` is a regular expression.

    Spellings are compared without case, blanks and the punctuation of numbers; a regular expression must match all of
    the value, as it is written. Raises ValueError for one that is none.
    """

    _PUNCTUATION = re.compile(r"[\s().+/-]")

    def __init__(self, values: Iterable[str], fold: Callable[[str], str] = str) -> None:
        self._fold = fold
        given = list(values)
        patterns = [value for value in given if len(value) > 2 and value[0] == value[-1] == "/"]
        self._patterns = tuple(compiled(value[1:-1], "allow") for value in patterns)
        self._domains = tuple(value.casefold() for value in given if value.startswith("@"))
        self._values = frozenset(self._plain(v) for v in given if v not in patterns and not v.startswith("@"))
        self._any = bool(given)

    def _plain(self, value: str) -> str:
        return self._PUNCTUATION.sub("", self._fold(value)).casefold()

    def without(self, found: list[Finding], text: str) -> list[Finding]:
        """`found` without what is allowed, and without what lies inside of it."""
        if not self._any:
            return found
        may_stay = [(f.start, f.end) for f in found if self._allows(text[f.start : f.end], f.kind)]
        return [f for f in found if not any(start <= f.start and f.end <= end for start, end in may_stay)]

    def _allows(self, value: str, kind: str) -> bool:
        if self._plain(value) in self._values or any(pattern.fullmatch(value) for pattern in self._patterns):
            return True
        return kind == "email" and self._fold(value).casefold().endswith(self._domains)


def compiled(pattern: str, option: str) -> re.Pattern[str]:
    """A regular expression of a recipe. Raises ValueError for one that is none, with the name of its option."""
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{option}: /{pattern}/ is no regular expression: {error}") from None


def measure(batch: pa.RecordBatch, find: Callable[[str], list[Finding]], allowed: Allowed) -> pa.RecordBatch:
    """`id`, `field`, `text`, several rows an id -> `id`, `findings`: one row an id, overlaps left to `verdicts`."""
    findings: dict[str, list[dict[str, Any]]] = {}
    known: dict[str, list[Finding]] = {}  # a system prompt stands in every row
    for id_, name, text in zip(*(batch[column].to_pylist() for column in ("id", "field", "text")), strict=True):
        if text not in known:
            known[text] = allowed.without(find(text or ""), text or "")
        findings.setdefault(id_, []).extend({"field": name} | found._asdict() for found in known[text])
    return pa.record_batch(
        {"id": pa.array(findings.keys(), pa.string()), "findings": pa.array(findings.values(), pa.list_(FINDING))}
    )


def verdicts(
    features: pa.RecordBatch, name: str, action: Action, placeholders: Mapping[str, str], threshold: float = 0.0
) -> Verdicts:
    """One verdict an id of what `name` found; evidence counts the spans of each kind."""
    made = Verdicts()
    for id_, found in zip(features["id"].to_pylist(), features["findings"].to_pylist(), strict=True):
        spans = list(_disjoint(row for row in found if row["score"] >= threshold))
        counts = Counter(span.kind for _, span in spans)
        reason = f"{name}.{next(iter(counts))}" if len(counts) == 1 else f"{name}.several"
        if not spans:
            made.keep(id_)
        elif action == "reject":
            made.reject(id_, reason, **counts)
        elif action == "flag":
            made.flag(id_, reason, **counts)
        else:
            edits = [(where, _edit(span, name, action, placeholders)) for where, span in spans]
            made.edit(id_, edits, reason, **counts)
    return made


def _edit(span: Finding, name: str, action: Action, placeholders: Mapping[str, str]) -> Edit:
    replacement = FILL * (span.end - span.start) if action == "mask" else placeholders[span.kind]
    return Edit(span.start, span.end, f"{name}.{span.kind}", replacement)


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


def blank(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """`text` with the spans filled: the same length, and nothing left in them to find. They may overlap."""
    parts, at = [], 0
    for start, end in sorted(spans):
        parts += [text[at:start], FILL * (end - max(start, at))]
        at = max(at, end)
    return "".join([*parts, text[at:]])
