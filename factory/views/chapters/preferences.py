"""Preference x-ray: pairs of a better and a worse answer, rankings as the pairs they leave as, and thumbs.

preferences.pairs                the pairs that leave
preferences.FAULT.share          of them, those with a fault: same, empty, same_when_cut, near_same, cut_short (one
                                 answer is the beginning of the other), length_ratio (one is more than 10 times as
                                 long), contradicted, on_a_circle, chosen_refuses, rejected_refuses
preferences.minimal.share        of them, those that are nearly the same on purpose: no fault, and not in near_same
preferences.length_ratio.median  characters of the chosen answer to those of the rejected one
preferences.prefix.mean          the share of the shorter answer with which both begin
preferences.auc.THING            how well it alone tells which answer was chosen; 0.5 is a coin. THING is words, list,
                                 bold, code, heading, refusal, position, own_answer (written by the model that judged),
                                 or meta_NAME for a score that is noted of both answers
preferences.margin.median        of the pairs with a margin; preferences.small_margin.share of them have none or less
preferences.unstable.share       of the pairs judged in both orders, those on which the judge changed its mind

feedback.rows, feedback.true.share, feedback.empty.share, feedback.contradicted.share and feedback.auc.THING are the
same of answers with a thumb.

Costs   0.3 ms and 500 bytes a pair, 0.2 ms and 150 bytes a row of feedback.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from factory.preferences import SCORES
from factory.runs import Run
from factory.views import declared, exported, xray
from factory.views.chapter import Chapter, share, some
from factory.views.judged import Pairs
from factory.views.mending import Mends
from factory.views.pairs import pairs
from factory.views.thumbs import Thumbs, thumbs

NAME, TITLE = "preferences", "Preference x-ray"
USUAL_CUT = 1024  # tokens: the limit of TRL's trainers for pairs where nobody sets one
LONGEST = 4096  # tokens that our trainers take where no limit is set
CUTS = (512, 1024, 2048, 4096)
FAULTS = (
    "same", "empty", "same_when_cut", "near_same", "minimal", "cut_short", "length_ratio", "contradicted",
    "on_a_circle", "chosen_refuses", "rejected_refuses",
)  # fmt: skip
HALF_OCTAVES = np.arange(-3, 3.5, 0.5)  # of the ratio of lengths: an eighth to eight times
SELDOM = {  # what most datasets do not note
    "preferences.auc.position": "no pair says in which order the judge saw its answers",
    "preferences.auc.own_answer": "of no pair is known that the model that judged wrote one of its answers",
    "preferences.margin.median": "no pair has a margin or scores",
    "preferences.small_margin.share": "no pair has a margin or scores",
    "preferences.unstable.share": "no pair is said to be judged in both orders",
}
ALWAYS = (*SCORES, "refusal")  # what can be told of every answer
NO_PAIRS = "there are no pairs"
NO_ANSWERS = "every pair has an empty answer"
NO_FEEDBACK = "there is no feedback"
ONE_LABEL = "all answers have the same label"


def chapter(run: Run) -> Chapter:
    """Pairs and thumbs, each where there are any; says that there is nothing to look at where there are neither."""
    cut = _cut(run)
    found, given = Pairs(cut), thumbs(run)
    for pair in pairs(run):
        found.add(pair)
    of_pairs = _of_pairs(found, cut) if found.ids else None
    of_thumbs = _of_thumbs(given) if given.ids else None
    numbers: dict[str, Any] = {"pairs": of_pairs, "feedback": of_thumbs}
    if of_pairs is None and of_thumbs is None:
        numbers["not_looked_at"] = "There are no pairs, rankings or thumbs among the rows."
    measures = {**_pair_measures(of_pairs), **_thumb_measures(of_thumbs)}
    mends = Mends.of(run)
    findings = [
        *(xray.of_pairs(of_pairs, found, mends=mends) if of_pairs else ()),
        *(xray.of_thumbs(of_thumbs, given, mends=mends) if of_thumbs else ()),
    ]
    return Chapter(numbers, measures, findings, not_measured=_silent(of_pairs, of_thumbs, measures))


def _cut(run: Run) -> int:
    """The smallest limit of the recipe's trainers; where nothing is trained, what others cut at."""
    steps = declared.recipe(run).train
    limits = [use.options.get("max_length") or LONGEST for use in steps]
    return min((limit for limit in limits if isinstance(limit, int)), default=USUAL_CUT)


# --- pairs


def _of_pairs(found: Pairs, cut: int) -> dict[str, Any]:
    contradicted, circling = found.circular()
    faults = {name: {"count": found.struck[name], "rows": found.examples.get(name, [])} for name in FAULTS}
    faults |= {
        name: {"count": len(ids), "rows": list(some(ids))}
        for name, ids in (("contradicted", contradicted), ("on_a_circle", circling))
    }
    return {
        "pairs": len(found.ids),
        "prompts": len(set(found.leanings.prompts)),
        "of_rankings": sum(exported.record_of(id_) != id_ for id_ in found.ids),
        "faults": faults,
        "cut": cut,
        "parted_after": {str(limit): found.parted_after(limit) for limit in CUTS},
        "length_ratio": _ratios(np.array(found.ratios)),
        "prefix": found.leanings.mean_prefix(),
        "tells": {name: tells.as_dict() for name, tells in found.tells().items()},
        "writers": [{"one": one, "other": other, **its.as_dict()} for (one, other), its in found.written().items()],
        "margins": _margins(np.array(found.margins), found.struck["small_margin"]),
        "judged": {"pairs": found.judged, "unstable": found.unstable},
    }


def _ratios(ratios: NDArray[np.float64]) -> dict[str, Any]:
    """The median, and a histogram in half octaves; the last bins at both ends hold all beyond them."""
    if not ratios.size:
        return {"count": 0, "bins": []}
    counts, _ = np.histogram(np.clip(np.log2(ratios), -3, 2.999), bins=HALF_OCTAVES)
    edges = [round(float(2.0**edge), 3) for edge in HALF_OCTAVES]
    bins = [{"from": edges[nth], "to": edges[nth + 1], "count": int(count)} for nth, count in enumerate(counts)]
    return {"count": int(ratios.size), "median": round(float(np.median(ratios)), 4), "bins": bins}


def _margins(margins: NDArray[np.float64], small: int) -> dict[str, Any]:
    if not margins.size:
        return {"count": 0}
    least, middle, most = (round(float(its), 4) for its in np.quantile(margins, [0, 0.5, 1], method="lower"))
    return {"count": int(margins.size), "small": small, "min": least, "median": middle, "max": most}


def _pair_measures(its: dict[str, Any] | None) -> dict[str, float]:
    if its is None:
        return {}
    count = its["pairs"]
    made: dict[str, float] = {"preferences.pairs": count, "preferences.prefix.mean": its["prefix"]}
    made |= {f"preferences.{name}.share": share(fault["count"], count) for name, fault in its["faults"].items()}
    made |= {f"preferences.auc.{name}": tells["auc"] for name, tells in its["tells"].items()}
    if its["length_ratio"]["count"]:
        made["preferences.length_ratio.median"] = its["length_ratio"]["median"]
    if (margins := its["margins"])["count"]:
        made["preferences.margin.median"] = margins["median"]
        made["preferences.small_margin.share"] = share(margins["small"], margins["count"])
    if (judged := its["judged"])["pairs"]:
        made["preferences.unstable.share"] = share(judged["unstable"], judged["pairs"])
    return made


# --- thumbs


def _of_thumbs(given: Thumbs) -> dict[str, Any]:
    contradicted = given.contradicted()
    return {
        "rows": len(given.ids),
        "true": int(given.labels.sum()),
        "empty": {"count": len(given.empty), "rows": list(some(given.empty))},
        "contradicted": {"count": len(contradicted), "rows": list(some(contradicted))},
        "refuses": given.refusing(),
        "tells": {name: its._asdict() for name, its in given.tells().items()},
    }


def _thumb_measures(its: dict[str, Any] | None) -> dict[str, float]:
    if its is None:
        return {}
    return {
        "feedback.rows": its["rows"],
        "feedback.true.share": share(its["true"], its["rows"]),
        "feedback.empty.share": share(its["empty"]["count"], its["rows"]),
        "feedback.contradicted.share": share(its["contradicted"]["count"], its["rows"]),
        **{f"feedback.auc.{name}": tells["auc"] for name, tells in its["tells"].items()},
    }


def _silent(pairs: Any, feedback: Any, measures: Mapping[str, float]) -> dict[str, str]:
    """The measures that this run has no value for, and why."""
    of_pairs = ["pairs", "prefix.mean", "length_ratio.median", *(f"{name}.share" for name in FAULTS)]
    of_pairs += [f"auc.{name}" for name in ALWAYS]
    why = {f"preferences.{name}": NO_PAIRS if pairs is None else NO_ANSWERS for name in of_pairs}
    why |= SELDOM if pairs is not None else dict.fromkeys(SELDOM, NO_PAIRS)
    of_thumbs = ["rows", "true.share", "empty.share", "contradicted.share", *(f"auc.{name}" for name in ALWAYS)]
    why |= {f"feedback.{name}": NO_FEEDBACK if feedback is None else ONE_LABEL for name in of_thumbs}
    return {name: reason for name, reason in why.items() if name not in measures}
