"""What a chapter of the audit gives: numbers for its place in report.json, measures for checks, findings.

A chapter is a module in `chapters/` with NAME, TITLE and `chapter(run) -> Chapter`, and a template of the same name.
It reads tables and changes none; it holds no path of the machine, no time, and no text that filters have not seen.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any, Literal, Protocol

from factory.runs import Run

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")  # as they are listed
EXAMPLES = 20  # ids that a finding names


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a reader should know before training.

    `why` says in a sentence how it hurts; `rows` are ids to look at; `fix` is the command or the recipe's line that
    mends it, code between backticks; in it RUN stands for the run's folder. A finding of count 0 found nothing, and
    the report leaves it out. What is counted need not be rows (subjects, documents): `rows` are no part of `count`.
    """

    id: str
    severity: Severity
    title: str
    why: str
    count: int
    fix: str
    rows: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "rows": list(self.rows)}


def some(ids: Iterable[str]) -> tuple[str, ...]:
    """The first ids: what a finding names of them."""
    return tuple(islice(ids, EXAMPLES))


@dataclass(frozen=True)
class Chapter:
    """`shown` goes to the page alone; `not_measured` names measures without a value, and says why there is none."""

    numbers: dict[str, Any]
    measures: Mapping[str, float] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    shown: dict[str, Any] = field(default_factory=dict)
    not_measured: Mapping[str, str] = field(default_factory=dict)


class Writes(Protocol):
    """A module of `chapters/`."""

    NAME: str
    TITLE: str

    def chapter(self, run: Run) -> Chapter:
        """Read the run's tables."""
        ...


def share(part: float, whole: float) -> float:
    """`part / whole` to six digits; 0 of nothing."""
    return round(part / whole, 6) if whole else 0.0
