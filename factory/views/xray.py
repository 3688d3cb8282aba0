"""What the preference x-ray finds: each fault of pairs and thumbs in words, with rows and what mends it.

Source  that pairs alike lower the likelihood of both answers: Pal et al. 2024 (arXiv:2402.13228), Razin et al. 2024
        (arXiv:2410.08847); which loss then holds the better one up: APO-zero, D'Oosterlinck et al. 2024
        (arXiv:2408.06266), on pairs that differ in little on purpose. That length alone
        makes up most of what preference tuning gains: Singhal et al. 2023 (arXiv:2310.03716). Judges that favour a
        position: Zheng et al. 2023 (arXiv:2306.05685); their own answers: Panickssery et al. 2024 (arXiv:2404.13076).
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from factory import plural
from factory.views.chapter import Finding, Severity, some
from factory.views.judged import Pairs
from factory.views.mending import Mends
from factory.views.thumbs import Thumbs

MANY = 0.01  # of the pairs: from there a fault weighs more
TELLS = 0.6  # an AUC that is surely above it, or surely below 1 - TELLS, gives labels away
TELLS_ALL = 0.9  # from there little else is left to learn
LITTLE = 0.05  # off one half, over all pairs: below, it tells too few of them for a warning
FEW = 20  # pairs that differ in a thing: of fewer nothing is said
FLIPS = 0.2  # of the judgements
RARE = 0.1  # the share of the rarer label


class _Fault(NamedTuple):
    """A kind of faulty pair: how grave a few are, and many; `options` of preference_sanity take it out."""

    few: Severity
    many: Severity
    title: str
    why: str
    options: Mapping[str, str] = {}


FAULTS = {
    "same": _Fault(
        "warning", "error", "Chosen and rejected are the same",
        "On two equal answers DPO has loss ln 2 and gradient 0: the pair costs a step and teaches nothing.",
    ),
    "empty": _Fault(
        "warning", "error", "An answer of a pair is empty",
        "The model learns that any answer beats silence, or that silence beats an answer.",
    ),
    "same_when_cut": _Fault(
        "warning", "warning", "Chosen and rejected are the same once they are cut",
        "They part only after {cut} tokens, estimated (the limit of the recipe's trainer; where it trains none, what "
        "TRL cuts at unless told): a trainer that cuts there sees one answer twice.", {"max_tokens": "{cut}"},
    ),
    "near_same": _Fault(
        "info", "warning", "Chosen and rejected are nearly the same",
        "They share 95 % of their words or more: what differs is little, and training on it makes both less likely.",
        {"rejects": "[same_words, near_same]"},
    ),
    "length_ratio": _Fault(
        "info", "warning", "One answer is more than ten times as long as the other",
        "The pair teaches a length before it teaches anything else.", {"rejects": "[length_ratio]"},
    ),
    "contradicted": _Fault(
        "warning", "error", "Pairs contradict each other",
        "Of the same prompt the same two answers are preferred both ways: one pair undoes what the other teaches.",
    ),
    "on_a_circle": _Fault(
        "info", "warning", "Judgements go in a circle",
        "A is above B, B above C and C above A: they cannot all be right.", {"rejects": "[on_a_circle]"},
    ),
}  # fmt: skip


class _Lead(NamedTuple):
    """A thing that should not tell the label: its name, and the answer that has more of it."""

    name: str
    more: str
    fix: str


STYLE = (
    "`factory show RUN records` shows them; have both answers written in one form, as "
    "`generate: {style: {system: …}}` asks of models"
)
EVEN = {  # what mends it among thumbs
    "words": "add good answers as short as the bad ones, and bad ones as long as the good",
    "refusal": "add answers that rightly refuse to the good ones, and answers that need not to the bad ones",
}
BOTH_ORDERS = "have each pair judged in both orders and keep what both say, as the generator `preference` does"
LEADS = {
    "words": _Lead("Length", "the longer one", ""),
    "list": _Lead("Making lists", "the one with more list items", STYLE),
    "bold": _Lead("Bold type", "the one with more bold spans", STYLE),
    "code": _Lead("Code blocks", "the one with more of them", STYLE),
    "heading": _Lead("Headings", "the one with more of them", STYLE),
    "refusal": _Lead("Refusing", "the one that refuses", ""),
    "position": _Lead("Position", "the one shown first", BOTH_ORDERS),
    "own_answer": _Lead(
        "Who wrote it", "the one by the model that judged", "name another model as judge: `preference: {judge: OTHER}`"
    ),
}


def of_pairs(numbers: Mapping[str, Any], found: Pairs, *, mends: Mends) -> Iterator[Finding]:
    """The findings on pairs."""
    mends = mends._replace(of_rankings=bool(numbers["of_rankings"]))
    for name, fault in FAULTS.items():
        its = numbers["faults"][name]
        options = {key: value.format(cut=numbers["cut"]) for key, value in fault.options.items()}
        yield Finding(
            f"preferences.{name}", fault.many if its["count"] >= MANY * numbers["pairs"] else fault.few, fault.title,
            fault.why.format(cut=numbers["cut"]), its["count"], mends.by("preference_sanity", **options),
            some(its["rows"]),
        )  # fmt: skip
    yield _minimal(numbers)
    yield _cut_short(numbers, mends)
    yield from _told(numbers, found, mends)
    yield from _of_judges(numbers, found, mends)


def _minimal(numbers: Mapping[str, Any]) -> Finding:
    its = numbers["faults"]["minimal"]
    return Finding(
        "preferences.minimal", "info", "Pairs differ in one thing, as their generator meant",
        "The one thing that was changed is what they teach. Plain DPO lowers both answers on such pairs, the better "
        "one less: it learns which is worse, not to say the better one.", its["count"],
        "nothing is to be taken out. What holds the better answer up is training on such answers first, and a loss "
        "that asks for it: `train: [sft, dpo: {model: sft, loss: apo_zero}]`", some(its["rows"]),
    )  # fmt: skip


def _cut_short(numbers: Mapping[str, Any], mends: Mends) -> Finding:
    its = numbers["faults"]["cut_short"]
    return Finding(
        "preferences.cut_short", "warning" if its["count"] >= MANY * numbers["pairs"] else "info",
        "One answer is the beginning of the other",
        "All that such a pair teaches is when to stop; often one of them was cut off by a limit.", its["count"],
        "have the shorter answer written again, with more `max_tokens` at its model. Pairs whose chosen answer breaks "
        "off are taken out: " + mends.by("format", rejects="[unfinished]"), some(its["rows"]),
    )  # fmt: skip


def _told(numbers: Mapping[str, Any], found: Pairs, mends: Mends) -> Iterator[Finding]:
    """What alone tells the chosen answer, though it should not."""
    fixes = {
        "words": mends.by("preference_sanity", max_ratio="1.5", rejects="[length_ratio]"),
        "refusal": mends.by("preference_sanity", rejects="[chosen_refuses]"),
    }
    for name, lead in LEADS.items():
        its = numbers["tells"].get(name)
        differ = its["differ"] if its else None
        if differ is None or differ["pairs"] < FEW or not _gives_away(differ, TELLS):
            continue
        more = differ["auc"] > 0.5
        fix = EVEN[name] if name == "refusal" and not more else fixes.get(name) or lead.fix
        count, ids = found.following(name, more=more)
        yield Finding(
            f"preferences.tells.{name}", _gravity(its), f"{lead.name} tells which answer was chosen",
            f"Of {plural.many(differ['pairs'], 'pair')} that {plural.noun(differ['pairs'], 'differs', 'differ')} "
            f"in it, {lead.more} is {'chosen' if more else 'rejected'} in "
            f"{_percent(differ, more=more)}: a model learns that before what makes an answer better.",
            count, fix, some(ids),
        )  # fmt: skip


def _gives_away(estimate: Mapping[str, float], bound: float) -> bool:
    """Whether an AUC is surely above a bound, or as far below one half."""
    return estimate["low"] > bound or estimate["high"] < 1 - bound


def _gravity(estimate: Mapping[str, float]) -> Severity:
    """How grave it is that something tells the label, by how many labels it tells."""
    if _gives_away(estimate, TELLS_ALL):
        return "error"
    return "warning" if abs(estimate["auc"] - 0.5) >= LITTLE else "info"


def _percent(estimate: Mapping[str, float], *, more: bool) -> str:
    """`71 % (68 to 74 %)`, of what happens more often."""
    auc, low, high = (estimate[name] for name in ("auc", "low", "high"))
    if not more:
        auc, low, high = 1 - auc, 1 - high, 1 - low
    return f"{100 * auc:.0f} % ({100 * low:.0f} to {100 * high:.0f} %)"


def _of_judges(numbers: Mapping[str, Any], found: Pairs, mends: Mends) -> Iterator[Finding]:
    """What is noted of the judgements."""
    margins, judged = numbers["margins"], numbers["judged"]
    small = margins.get("small", 0)
    yield Finding(
        "preferences.small_margin", "warning" if small >= MANY * margins["count"] else "info",
        "The chosen answer is scored no higher than the other",
        "The scores and the label say different things; the label is a coin, or wrong.", small,
        mends.by("preference_sanity", rejects="[small_margin]"), some(found.examples.get("small_margin", ())),
    )  # fmt: skip
    yield Finding(
        "preferences.unstable", "warning" if judged["unstable"] >= FLIPS * judged["pairs"] else "info",
        "A judge changed its mind when the answers were swapped",
        f"So it did on {judged['unstable']:,} of {plural.many(judged['pairs'], 'pair')}; "
        "there it looks at position, not content.",
        judged["unstable"], mends.by("preference_sanity", rejects="[unstable_judge]") if found.struck["flipped"]
        else "no such pair is in the data; name another model as judge: `preference: {judge: OTHER}`",
        some(found.examples.get("unstable", ())),
    )  # fmt: skip
    sure = [its for its in numbers["writers"] if its["pairs"] >= FEW and _gives_away(its, TELLS_ALL)]
    yield Finding(
        "preferences.tells.writer", "info", "Who wrote an answer tells whether it was chosen",
        "The answers of one model win nearly always: the pairs may teach whose style it is.", len(sure),
        "let the better model also write worse answers, as the generator `corrupt` does",
    )  # fmt: skip


def of_thumbs(numbers: Mapping[str, Any], given: Thumbs, *, mends: Mends) -> Iterator[Finding]:
    """The findings on feedback."""
    rows, good = numbers["rows"], numbers["true"]
    fewer = min(good, rows - good)
    rare = some(given.labelled(good <= rows - good))
    yield Finding(
        "feedback.one_label", "error", f"All answers have the same label: {'true' if good else 'false'}",
        "KTO compares good answers with bad ones; of one label alone it learns nothing that can be told from noise.",
        0 if fewer else rows, "add answers of the other label; where all are good, train `sft` on them",
        () if fewer else some(given.ids),
    )  # fmt: skip
    few, many = ("undesirable", "desirable") if good > rows - good else ("desirable", "undesirable")
    yield Finding(
        "feedback.lopsided", "warning", "One label is rare",
        f"Only {fewer:,} of {plural.many(rows, 'answer')} {plural.noun(fewer, 'has', 'have')} it, "
        "so hardly anything is learned from them.",
        fewer if fewer < RARE * rows else 0,
        f"weigh them: in the recipe `train: [kto: {{args: {{{few}_weight: {max(1, rows - fewer) / max(1, fewer):.1f}, "
        f"{many}_weight: 1.0}}}}]`, or add more of them", rare,
    )  # fmt: skip
    for name, title, why, fix in (
        ("contradicted", "The same answer has both labels", "One row undoes what the other teaches.",
         "`factory show RUN records --kind feedback` shows them; keep the label that is right"),
        ("empty", "An answer is empty", "The model learns to be silent, or nothing.",
         mends.by("format")),
    ):  # fmt: skip
        its = numbers[name]
        yield Finding(f"feedback.{name}", "warning", title, why, its["count"], fix, some(its["rows"]))
    yield from _told_by(numbers)


def _told_by(numbers: Mapping[str, Any]) -> Iterator[Finding]:
    for name, its in numbers["tells"].items():
        if _gives_away(its, TELLS):
            more, lead = its["auc"] > 0.5, LEADS[name]
            yield Finding(
                f"feedback.tells.{name}", _gravity(its), f"{lead.name} tells which label an answer has",
                f"Of a good and a bad answer drawn by chance {lead.more} is the {'good' if more else 'bad'} one in "
                f"{_percent(its, more=more)}: a model learns that before what makes an answer good.", its["pairs"],
                EVEN.get(name, STYLE),
            )  # fmt: skip
