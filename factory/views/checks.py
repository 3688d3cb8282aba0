"""Checks on measures: `pii.share == 0`. What a CI job asks of a report."""

import operator
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from factory.errors import WrongRequest, did_you_mean

FORM = re.compile(r"\s*([\w.-]+)\s*(==|!=|<=|>=|<|>)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*", re.ASCII)
OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Check:
    """One expression: a measure, an operator, a number."""

    text: str
    measure: str
    sign: str
    number: float

    def holds(self, value: float | None) -> bool:
        """Whether it holds; of what was not measured nothing holds."""
        return value is not None and OPERATORS[self.sign](value, self.number)


def parse(text: str) -> Check:
    """A check from its text. Raises WrongRequest where it is not MEASURE OP NUMBER."""
    found = FORM.fullmatch(text)
    if found is None:
        raise WrongRequest(
            f"'{text}' is not a check. Write a measure, one of {' '.join(OPERATORS)} and a number: 'pii.share == 0'."
        )
    measure, sign, number = found.groups()
    return Check(text.strip(), measure, sign, float(number))


def check_names(checks: Sequence[Check], known: Collection[str], where: str) -> None:
    """Raise WrongRequest for a check on a measure that there is not; `where` says where they are to be found."""
    for check in checks:
        if check.measure not in known:
            hint = did_you_mean(check.measure, known)
            raise WrongRequest(f"'{check.text}': there is no measure '{check.measure}'.{hint} {where}")


def evaluate(
    checks: Sequence[Check], measures: Mapping[str, float], not_measured: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Each check with the measure's value and whether it holds. Raises WrongRequest for an unknown measure.

    A measure that this run has no value for (no filter ran) is null, and a check on it does not hold.
    """
    check_names(checks, [*measures, *not_measured], "List them with: factory audit RUN --list-measures")
    return [
        {"check": check.text, "value": measures.get(check.measure), "holds": check.holds(measures.get(check.measure))}
        for check in checks
    ]
