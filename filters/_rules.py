"""Rules of one figure each: a row is rejected for the first that its figures break."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from factory.figures import Figure, Numbers
from factory.verdicts import Verdicts


class Rule(NamedTuple):
    """A figure below `least` or above `most` rejects; a bound of None is no bound."""

    figure: str
    reason: str
    least: float | None = None
    most: float | None = None


def judge(features: pa.RecordBatch, rules: Sequence[Rule], *, flag: bool = False) -> Verdicts:
    """One verdict a row; the evidence gives the figure that broke the rule, and its bound. `flag` keeps the row."""
    columns = {rule.figure: features[rule.figure].to_numpy(zero_copy_only=False) for rule in rules}
    broken = np.full(features.num_rows, len(rules))
    for nth, rule in reversed(list(enumerate(rules))):
        figures = columns[rule.figure]
        if rule.least is not None:
            broken[figures < rule.least] = nth
        if rule.most is not None:
            broken[figures > rule.most] = nth
    verdicts = Verdicts()
    say = verdicts.flag if flag else verdicts.reject
    for at, (id_, nth) in enumerate(zip(features["id"].to_pylist(), broken.tolist(), strict=True)):
        if nth == len(rules):
            verdicts.keep(id_)
            continue
        rule, value = rules[nth], float(columns[rules[nth].figure][at])
        below = rule.least is not None and value < rule.least
        bound = {"least": rule.least} if below else {"most": rule.most}
        say(id_, rule.reason, **{rule.figure: round(value, 4)}, **bound)
    return verdicts


def figures_of(features: pa.RecordBatch, rules: Sequence[Rule]) -> list[Figure]:
    """Each figure once, with the bounds that any rule gives it."""
    found: dict[str, Figure] = {}
    for rule in rules:
        its = found.get(rule.figure) or Figure(rule.figure, _numbers(features, rule.figure))
        least, most = its.least if rule.least is None else rule.least, its.most if rule.most is None else rule.most
        found[rule.figure] = its._replace(least=least, most=most)
    return list(found.values())


def _numbers(features: pa.RecordBatch, name: str) -> Numbers:
    return np.asarray(features[name].to_numpy(zero_copy_only=False), np.float64)


def check_bounds(filter_: Any) -> None:
    """Raise ValueError for an option that is a negative number, or no number, or a list that holds one."""
    for option in fields(filter_):
        value = getattr(filter_, option.name)
        for bound in value if isinstance(value, list) else [value]:
            if isinstance(bound, int | float) and not bound >= 0:
                raise ValueError(f"{option.name} cannot be {bound}")
