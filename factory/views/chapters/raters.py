"""Who voted in feedback logs, and whether they agree: votes on thumbs and on choices between answers.

Reads   the table of votes; a rater is called by the order of the first vote, never by name or digest.
Costs   some 300 bytes of RAM an answer that was voted on.
Source  agreement of any number of raters, on nominal values with votes missing: Krippendorff 2011, "Computing
        Krippendorff's Alpha-Reliability"; its bounds .667 and .800: Krippendorff 2004, "Content Analysis", ch. 11.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from factory import tables
from factory.runs import Run
from factory.stages import feedback
from factory.views.chapter import Chapter, Finding, share, some

NAME, TITLE = "raters", "Who rated, and whether they agree"
GROUPS = {"feedback": "thumbs", "preference": "choices", "ranking": "choices"}  # a corrected answer alone is no vote
TENTATIVE = 0.667  # below this alpha even tentative conclusions are not to be drawn
ENOUGH = 20  # answers with several votes, or votes of a rater, below which nothing is said
SHOWN = 20  # raters on the page
NO_LOG = "no source of this run is a feedback log"
ALONE = "no answer was voted on twice"
ALL_SAME = "all votes on answers with several are the same"


@dataclass
class _Votes:
    """The votes of one group: of each answer who said what."""

    items: dict[str, list[tuple[int | None, str]]] = field(default_factory=dict)
    ties: list[str] = field(default_factory=list)

    def shared(self) -> dict[str, list[tuple[int | None, str]]]:
        """The answers with several votes."""
        return {item: votes for item, votes in self.items.items() if len(votes) > 1}


def chapter(run: Run) -> Chapter:
    """Votes, agreement, and a line a rater; nothing without a feedback log."""
    groups, raters = _read(run)
    if not groups:
        names = ["votes", "count", "ties", *(f"{g}.{m}" for g in ("thumbs", "choices") for m in ("agreement", "alpha"))]
        why = {f"raters.{name}": NO_LOG for name in (*names, "conflicting.share")}
        return Chapter({"not_looked_at": f"No votes: {NO_LOG}."}, not_measured=why)
    numbers: dict[str, Any] = {"groups": {name: _of_group(its) for name, its in groups.items()}}
    people = _people(groups.values(), raters)
    numbers |= {"raters": len(raters), "people": people[:SHOWN]}
    measures, missing = _measures(numbers, groups)
    return Chapter(numbers, measures, _findings(numbers, groups, people), not_measured=missing)


def _read(run: Run) -> tuple[dict[str, _Votes], dict[str, int]]:
    groups: dict[str, _Votes] = {}
    raters: dict[str, int] = {}
    file = run.path / feedback.PART
    for batch in tables.read_file(file, feedback.SCHEMA) if run.stands("read") and file.is_file() else ():
        for row in batch.to_pylist():
            if (name := GROUPS.get(row["kind"])) is None:
                continue
            its = groups.setdefault(name, _Votes())
            who = None if row["rater"] is None else raters.setdefault(row["rater"], len(raters))
            votes = its.items.setdefault(row["item"], [])
            if not votes and row["decided"] is None:
                its.ties.append(row["item"])
            votes.append((who, row["vote"]))
    return groups, raters


def alpha(answers: Iterable[Sequence[str]]) -> float | None:
    """Krippendorff's alpha of nominal values: 1 is full agreement, 0 what chance gives; None where all are the same.

    `answers` holds the votes on each; those with a single vote say nothing.
    """
    disagree, totals = 0.0, Counter[str]()
    for votes in answers:
        if len(votes) > 1:
            counts = Counter(votes)
            totals.update(counts)
            disagree += sum(n * (len(votes) - n) for n in counts.values()) / (len(votes) - 1)
    every = totals.total()
    expected = sum(n * (every - n) for n in totals.values())
    return 1 - (every - 1) * disagree / expected if expected else None


def agreement(answers: Iterable[Sequence[str]]) -> float | None:
    """The share of agreeing pairs of votes on the same answer; None where none was voted on twice."""
    agree = pairs = 0
    for votes in answers:
        agree += sum(n * (n - 1) for n in Counter(votes).values())
        pairs += len(votes) * (len(votes) - 1)
    return agree / pairs if pairs else None


def _of_group(its: _Votes) -> dict[str, Any]:
    shared = [[vote for _, vote in votes] for votes in its.shared().values()]
    agree, reliable = agreement(shared), alpha(shared)
    return {
        "votes": sum(map(len, its.items.values())),
        "answers": len(its.items),
        "shared": len(shared),
        "conflicting": sum(len(set(votes)) > 1 for votes in shared),
        "ties": len(its.ties),
        "agreement": None if agree is None else round(agree, 6),
        "alpha": None if reliable is None else round(reliable, 6),
    }


def _people(groups: Iterable[_Votes], raters: Mapping[str, int]) -> list[dict[str, Any]]:
    """Of each rater votes, thumbs up and how often the others agree; those with most votes first."""
    votes, up, agree, others = (Counter[int]() for _ in range(4))
    thumbs = Counter[int]()
    for its in groups:
        for cast in its.items.values():
            counts = Counter(vote for _, vote in cast)
            for who, vote in cast:
                if who is not None:
                    votes[who] += 1
                    up[who] += vote == "up"
                    thumbs[who] += vote in ("up", "down")
                    agree[who] += counts[vote] - 1
                    others[who] += len(cast) - 1
    made = [
        {"rater": who + 1, "votes": votes[who], "thumbs": thumbs[who], "up": up[who],
         "agreement": share(agree[who], others[who]) if others[who] else None}
        for who in raters.values() if votes[who]
    ]  # fmt: skip
    return sorted(made, key=lambda its: (-its["votes"], its["rater"]))


def _measures(numbers: Mapping[str, Any], groups: Mapping[str, _Votes]) -> tuple[dict[str, float], dict[str, str]]:
    its = numbers["groups"].values()
    conflicting, shared = sum(one["conflicting"] for one in its), sum(one["shared"] for one in its)
    made: dict[str, float] = {
        "raters.votes": sum(one["votes"] for one in its),
        "raters.count": numbers["raters"],
        "raters.ties": sum(one["ties"] for one in its),
        "raters.conflicting.share": share(conflicting, shared),
    }
    missing = {}
    for name in ("thumbs", "choices"):
        for what, why in (("agreement", ALONE), ("alpha", ALL_SAME)):
            value = numbers["groups"][name][what] if name in groups else None
            if value is not None:
                made[f"raters.{name}.{what}"] = value
            else:
                missing[f"raters.{name}.{what}"] = why if name in groups and groups[name].shared() else ALONE
    return made, missing


def _findings(
    numbers: Mapping[str, Any], groups: Mapping[str, _Votes], people: Sequence[Mapping[str, Any]]
) -> list[Finding]:
    found = [_disagree(name, numbers["groups"][name], its) for name, its in groups.items()]
    ties = [item for its in groups.values() for item in its.ties]
    one_sided = [its for its in people if its["thumbs"] >= ENOUGH and its["up"] in (0, its["thumbs"])]
    return [
        *found,
        Finding(
            "raters.ties", "info", "Votes on the same answer cancel out",
            "As many said the one as the other, so these answers are in no record.", len(ties),
            "`factory ledger RUN --reason feedback.tie --rows` lists their rows", some(ties),
        ),
        Finding(
            "raters.one_sided", "info", "Raters always say the same",
            "A thumb that never turns tells nothing of the answer; it may be a habit, or a script: "
            + ", ".join(f"rater {its['rater']}" for its in one_sided[:5]) + ".", len(one_sided),
            "look at their rows before you train; a rater is left out by removing the rows from the log",
        ),
    ]  # fmt: skip


def _disagree(name: str, its: Mapping[str, Any], votes: _Votes) -> Finding:
    low = its["shared"] >= ENOUGH and its["alpha"] is not None and its["alpha"] < TENTATIVE
    conflicting = [item for item, cast in votes.shared().items() if len({vote for _, vote in cast}) > 1]
    return Finding(
        f"raters.{name}.disagree", "warning", f"Raters do not agree on {name}",
        f"Krippendorff's alpha is {its['alpha']}, below {TENTATIVE}: much of what the labels teach is chance.",
        its["conflicting"] if low else 0,
        "say more clearly what good means, and let several people vote on the answers that matter", some(conflicting),
    )  # fmt: skip
