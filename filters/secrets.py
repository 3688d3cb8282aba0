"""Find passwords, keys and tokens, and reject the row, or replace, mask or flag them.

Finds   api_key connection_string jwt password private_key token: by the shapes that providers publish, and by the label
        before a value that seems drawn, not written.
Passes  what documentation writes in a secret's place: `changeme`, `<TOKEN>`, `your-api-key`, `AKIA…EXAMPLE`, variables.
Never   a password in plain words in running text, or anything whose label stands in another line or column.
Keeps   spans, kinds and scores; never a value.
Costs   0.1 ms a 2 kB document. No network.
Source  rules and formats of gitleaks (MIT) and detect-secrets (Apache-2.0), restated.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import pyarrow as pa

from factory.verdicts import Verdicts
from filters import _shown, _spans
from filters._secret_labels import by_label
from filters._secret_shapes import Prefixes, by_shape, shapes_in
from filters._spans import Action, Allowed, Finding

PLACEHOLDERS = {
    "api_key": "<API_KEY>",
    "connection_string": "<PASSWORD>",
    "jwt": "<TOKEN>",
    "password": "<PASSWORD>",
    "private_key": "<PRIVATE_KEY>",
    "token": "<TOKEN>",
}
NEAR = 600  # characters: more than a label, what follows it and a value take


@dataclass(frozen=True)
class Secrets:
    """`types`: the kinds to look for, all by default; `exclude`: kinds to leave out. `allow`: values that may stay."""

    sees: ClassVar[str] = "strings"
    action: Action = field(default="reject", metadata={"decides": True})
    types: list[str] | None = None
    exclude: list[str] = field(default_factory=list)
    allow: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Raise ValueError for a type that is none of ours."""
        _spans.chosen(PLACEHOLDERS, self.types, self.exclude)
        Allowed(self.allow)

    @property
    def replaces(self) -> bool:
        """Whether nothing that it finds is left in a text."""
        return self.action not in ("reject", "flag")

    @property
    def looked_for(self) -> tuple[str, ...]:
        """The kinds that are looked for."""
        return _spans.chosen(PLACEHOLDERS, self.types, self.exclude)

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """`id`, `field`, `text`, several rows an id -> `id`, `findings`: one row an id, overlaps left to `decide`."""
        kinds = self.looked_for
        among = shapes_in("\n".join({text for *_, text in _shown.strings(batch)}))
        return _spans.measure(
            batch, lambda text: [f for f in find(text, among) if f.kind in kinds], Allowed(self.allow)
        )

    def decide(self, features: pa.RecordBatch) -> Verdicts:
        """One verdict an id; evidence counts the spans of each kind."""
        return _spans.verdicts(features, "secrets", lambda _: self.action, lambda _, span: PLACEHOLDERS[span["kind"]])


def find(text: str, among: Prefixes | None = None) -> list[Finding]:
    """All secrets of `text`, in order; they may overlap. `among` is what `shapes_in` gave for a text that holds it.

    What is found is filled and what is near read again until nothing is left, so that scrubbing twice changes nothing.
    """
    found: set[Finding] = set()
    among = shapes_in(text) if among is None else among
    fresh = {*by_shape(text, among), *by_label(text)}
    while fresh:
        found |= fresh
        text = _spans.blank(text, [(f.start, f.end) for f in fresh])
        fresh = {one for start, end in _around(text, fresh) for one in _within(text, start, end, among)}
    return sorted(found)


def _around(text: str, found: Iterable[Finding]) -> Iterator[tuple[int, int]]:
    """The stretches of `text` around what was found; to read all of it again each time would be slow in a long one."""
    start, end = 0, 0
    for one in sorted(found):
        if end and one.start - NEAR > end:
            yield start, end
            end = 0
        start = start if end else max(0, one.start - NEAR)
        end = max(end, min(len(text), one.end + NEAR))
    if end:
        yield start, end


def _within(text: str, start: int, end: int, among: Prefixes) -> Iterator[Finding]:
    """The secrets of text[start:end] but for those that its ends may have cut."""
    part = text[start:end]
    for one in (*by_shape(part, among), *by_label(part)):
        if (one.start or not start) and (one.end < len(part) or end == len(text)):
            yield one._replace(start=one.start + start, end=one.end + start)
