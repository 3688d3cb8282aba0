"""What an evaluation found: measures under two models, each a Difference, and what they say in sentences."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from factory.rubric import HIGHEST
from factory.scores import Difference, Verdict

SCHEMA = "dataset-factory/exam/1"
WORDS = {
    "paraphrase": "Facts that were trained, asked in other words",
    "unseen": "Facts that no instruction row told",
}
LIKELY: Mapping[Verdict, str] = {
    "better": "is likelier than before",
    "worse": "is less likely than before: something was forgotten",
    "no difference": "is as likely as before",
    "too few to say": "has too few pieces to say whether something was forgotten",
}
SHOWN = ("f1", "choice", "loss")
MEASURES = ("f1", "exact", "quoted", "choice", "margin", "loss", "preferred", "grade")  # of a set
FORGETTING, STABLE = "forgetting.loss", "judged.stable"
PARTS = ("before", "after", "difference", "low", "high")
Measured = dict[str, Difference]


@dataclass
class Evaluation:
    """What was found: `sets` by set and measure, `groups` by kind of group, group and measure, `rows` as counts."""

    folder: Path
    model: str
    before: str
    sets: dict[str, Measured] = field(default_factory=dict)
    groups: dict[str, dict[str, Measured]] = field(default_factory=dict)
    rows: dict[str, Any] = field(default_factory=dict)
    forgetting: Difference | None = None
    judge: dict[str, Any] = field(default_factory=dict)  # who judged, and of how many questions alike in both orders
    verdicts: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For JSON; no path of the machine is in it."""
        plain = asdict(self)
        del plain["folder"]
        return {"schema": SCHEMA, **plain, "measures": self.measures()}

    def measures(self) -> dict[str, float]:
        """The numbers that a check may name: `paraphrase.f1.after`, `unseen.choice.difference`, `judged.stable` …"""
        named = {f"{name}.{measure}": found for name, its in self.sets.items() for measure, found in its.items()}
        named |= {FORGETTING: self.forgetting} if self.forgetting else {}
        numbers = {f"{name}.{part}": getattr(found, part) for name, found in named.items() for part in PARTS}
        return numbers | ({STABLE: round(self.judge["stable"] / max(1, self.judge["asked"]), 6)} if self.judge else {})


def names() -> list[str]:
    """All that `measures` may have."""
    of_sets = [f"{name}.{measure}" for name in WORDS for measure in MEASURES]
    return [*(f"{name}.{part}" for name in (*of_sets, FORGETTING) for part in PARTS), STABLE]


def verdicts(found: Evaluation) -> list[str]:
    """What the numbers say, a sentence each: what was trained, what was not, what was lost."""
    said = [_of_set(WORDS[name], its) for name, its in found.sets.items()]
    if found.judge:
        said += [_judged(WORDS[name], its, found) for name, its in found.sets.items()]
    if found.forgetting:
        lost = found.forgetting
        said.append(f"The other text {LIKELY[lost.verdict]} (loss {lost.before:.2f} → {lost.after:.2f}).")
    return said


def _of_set(words: str, its: Mapping[str, Difference]) -> str:
    lead = its["margin"]  # the others also change where only the style of answers was learned
    told = ", ".join(
        f"{name} {its[name].before:.2f} → {its[name].after:.2f} [{its[name].low:+.2f}, {its[name].high:+.2f}]"
        for name in SHOWN if name in its
    )  # fmt: skip
    return f"{words}: {lead.verdict} ({lead.count} questions; {told})."


def _judged(words: str, its: Mapping[str, Difference], found: Evaluation) -> str:
    of, grade, names = its["preferred"], its["grade"], (found.before, found.model)
    shares = ", ".join(f"{name} {share:.0%}" for name, share in zip(names, (of.before, of.after), strict=True))
    return (
        f"{words}, judged by {found.judge['model']}: {of.verdict} ({of.count} questions judged alike in both orders; "
        f"preferred {shares}, neither {max(0.0, 1 - of.before - of.after):.0%} [{of.low:+.2f}, {of.high:+.2f}]; "
        f"grades {grade.before:.1f} → {grade.after:.1f} of {HIGHEST})."
    )
