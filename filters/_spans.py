"""What filters of values share: findings, values that may stay, and verdicts over spans. Never a value is kept."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Literal, NamedTuple

import pyarrow as pa

from factory.edits import Edit
from factory.errors import did_you_mean
from factory.verdicts import Verdicts
from filters import _shown

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
    """Values that may stay: one spelling does for all, `@acme.com` for a domain, `10.0.0.0/8` for a network's hosts.

    Spellings are compared without case, blanks and the punctuation of numbers; a regular expression, between slashes,
    must match all of the value, as it is written. Raises ValueError for one that is none.
    """

    _PUNCTUATION = re.compile(r"[\s().+/-]")

    def __init__(self, values: Iterable[str], fold: Callable[[str], str] = str) -> None:
        self._fold = fold
        given = list(values)
        patterns = [value for value in given if len(value) > 2 and value[0] == value[-1] == "/"]
        self._patterns = tuple(compiled(value[1:-1], "allow") for value in patterns)
        self._domains = tuple(value.casefold() for value in given if value.startswith("@"))
        self._networks = [network for value in given if "/" in value and (network := _network(value))]
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
        if kind == "ip" and self._networks and (host := _network(self._fold(value))):
            return any(host.version == one.version and host.subnet_of(one) for one in self._networks)  # type: ignore[arg-type] # of one version
        return kind == "email" and self._fold(value).casefold().endswith(self._domains)


def _network(value: str) -> IPv4Network | IPv6Network | None:
    """The network or the host that `value` is the address of."""
    try:
        return ip_network(value.partition("%")[0], strict=False)
    except ValueError:
        return None


def compiled(pattern: str, option: str) -> re.Pattern[str]:
    """A regular expression of a recipe. Raises ValueError for one that is none, with the name of its option."""
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{option}: /{pattern}/ is no regular expression: {error}") from None


Described = dict[str, Any]  # a finding as a row, perhaps with what a fake needs


def measure(
    batch: pa.RecordBatch,
    find: Callable[[str], list[Finding]],
    allowed: Allowed,
    describe: Callable[[str, str], Described] | None = None,
    described: pa.DataType = FINDING,
) -> pa.RecordBatch:
    """`id`, `field`, `text`, several rows an id -> `id`, `findings`: one row an id, overlaps left to `verdicts`.

    `describe` adds to each finding what may be kept of its value and kind, of the type `described`.
    """
    findings: dict[str, list[Described]] = {}
    known: dict[str, list[Described]] = {}  # a system prompt stands in every row
    for id_, name, _, text in _shown.strings(batch):
        if text not in known:
            found = allowed.without(find(text or ""), text or "")
            known[text] = [
                one._asdict() | (describe(text[one.start : one.end], one.kind) if describe else {}) for one in found
            ]
        findings.setdefault(id_, []).extend({"field": name} | one for one in known[text])
    return pa.record_batch(
        {"id": pa.array(findings.keys(), pa.string()), "findings": pa.array(findings.values(), pa.list_(described))}
    )


def verdicts(
    features: pa.RecordBatch,
    name: str,
    action: Callable[[str], str],
    replacements: Callable[[str, Described], str],
    threshold: float = 0.0,
) -> Verdicts:
    """One verdict an id of what `name` found; evidence counts the spans of each kind.

    `action` says what becomes of a kind. One that rejects decides for its row; what is only flagged stays beside edits.
    """
    made = Verdicts()
    for id_, found in zip(features["id"].to_pylist(), features["findings"].to_pylist(), strict=True):
        spans = list(_disjoint(row for row in found if row["score"] >= threshold))
        counts = Counter(span["kind"] for span in spans)
        reason = f"{name}.{next(iter(counts))}" if len(counts) == 1 else f"{name}.several"
        actions = {kind: action(kind) for kind in counts}
        edits = [
            (span["field"], _edit(span, name, actions[span["kind"]], partial(replacements, id_)))
            for span in spans
            if actions[span["kind"]] not in ("reject", "flag")
        ]
        if not spans:
            made.keep(id_)
        elif "reject" in actions.values():
            made.reject(id_, reason, **counts)
        elif not edits:
            made.flag(id_, reason, **counts)
        else:
            made.edit(id_, edits, reason, **counts)
    return made


def _edit(span: Described, name: str, action: str, replacement: Callable[[Described], str]) -> Edit:
    put = FILL * (span["end"] - span["start"]) if action == "mask" else replacement(span)
    return Edit(span["start"], span["end"], f"{name}.{span['kind']}", put)


def _disjoint(found: Iterable[Described]) -> Iterator[Described]:
    """One span for all findings that overlap: whatever any covers, of the kind that the surest, then longest, has."""
    by_field: dict[str, list[Described]] = {}
    for row in found:
        by_field.setdefault(row["field"], []).append(row)
    for rows in by_field.values():
        for group in _overlapping(sorted(rows, key=lambda row: (row["start"], row["end"], row["kind"], row["score"]))):
            best = max(group, key=lambda row: (row["score"], row["end"] - row["start"], row["kind"]))
            yield best | {"start": group[0]["start"], "end": max(row["end"] for row in group)}


def _overlapping(spans: list[Described]) -> Iterator[list[Described]]:
    group: list[Described] = []
    end = 0
    for span in spans:
        if group and span["start"] >= end:
            yield group
            group = []
        group.append(span)
        end = max(end, span["end"]) if len(group) > 1 else span["end"]
    if group:
        yield group


def blank(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """`text` with the spans filled: the same length, and nothing left in them to find. They may overlap."""
    parts, at = [], 0
    for start, end in sorted(spans):
        parts += [text[at:start], FILL * (end - max(start, at))]
        at = max(at, end)
    return "".join([*parts, text[at:]])
