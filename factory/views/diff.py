"""What changed between two runs: rows added, dropped, changed and moved, and every measure of their audits.

    diff.json  {"schema", "a", "b", "verdict", "rows", "fields", "moved", "matched", "measures", "examples", "gates"}
    diff.html  the same for people, with the texts of some rows; what the filters found in them is masked

How rows are matched is in `matched.py`, the tests of significance in `factory/significance.py`. A change is always
that of the second run against the first. Costs   what matching costs, and 0.5 kB a changed row.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from factory import records, significance, tables
from factory.errors import WrongRequest, did_you_mean
from factory.plural import many
from factory.runs import Run
from factory.significance import Test
from factory.stages.export import EXPORTED
from factory.stages.splits import SPLITS
from factory.views import audit, exported
from factory.views.chapter import share
from factory.views.checks import Check
from factory.views.masked import masked
from factory.views.matched import HOWS, KINDS, POLICY, Matched, Places, Side, digest, match, side
from factory.views.page import rendered

SCHEMA = "dataset-factory/diff/1"
EXAMPLES = 20  # rows of each sort that are named and shown
LONGEST = 1500  # characters of a text that are shown, and compared word by word
SAME = 90  # characters kept on each side of what is left out between two changes
WORD = re.compile(r"\s+|\w+|[^\w\s]")
Changes = dict[str, dict[str, Any]]
Examples = dict[str, list[tuple[list[str | None], tuple[int | None, int | None]]]]  # ids and places on both sides


def diff(one: Run, other: Run, into: Path, *, names: tuple[str, str], gates: Sequence[Check] = ()) -> dict[str, Any]:
    """Write diff.json and diff.html into a folder, and return what is in the former.

    A gate names what is not to be: `diff.dropped > 0`, or a measure whose change it is about (`pii.share > 0`). One on
    what was not measured in both fails. Raises WrongRequest for a gate on an unknown name.
    """
    a, b = side(one), side(other)
    found = match(one, other, a, b)
    rows = _Rows((one, other), (a, b), found)
    measures = _measures((one, other), (a, b))
    counts, examples = rows.counts(), rows.examples()
    judged = _gates(gates, counts, measures)
    made = {
        "schema": SCHEMA, "a": names[0], "b": names[1],
        "verdict": _verdict(counts, measures, judged),
        "rows": counts, "kinds": rows.kinds(), "fields": rows.fields(), "moved": rows.moves(),
        "matched": {**rows.hows(), "near_looked_for": found.near_looked_for},
        "measures": measures,
        "examples": {name: [ids for ids, _ in its] for name, its in examples.items()},
        "gates": judged,
    }  # fmt: skip
    tables.write_file(into / "diff.html", _page(made, (one, other), examples).encode())
    tables.write_json(into / "diff.json", made)
    return made


def names_of(made: Mapping[str, Any]) -> dict[str, float | None]:
    """Everything that a gate may name, with its value: the counts of rows, and the change of each measure."""
    return {**made["rows"], **{name: its["change"] for name, its in made["measures"].items()}}


class _Rows:
    """The rows of two runs, joined: what became of them."""

    def __init__(self, runs: tuple[Run, Run], sides: tuple[Side, Side], found: Matched) -> None:
        self.runs, self._sides, self._found = runs, sides, found
        a, b = sides
        apart = a.policies[found.a] != b.policies[found.b]
        self._changed = np.flatnonzero((found.how != HOWS.index("content")) | apart)
        self._moved = np.flatnonzero(a.splits[found.a] != b.splits[found.b])
        held_out = a.splits[found.a[self._moved]] != SPLITS.index("train")
        trained = b.splits[found.b[self._moved]] == SPLITS.index("train")
        self._leaked = self._moved[held_out & trained]

    def counts(self) -> dict[str, float]:
        """How many rows became what, under the names that gates use."""
        a, b = map(len, self._sides)
        found = self._found
        sizes = {"added": (len(found.only_b), b), "dropped": (len(found.only_a), a), "changed": (len(self._changed), a),
                 "moved": (len(self._moved), a), "held_out_trained": (len(self._leaked), a)}  # fmt: skip
        shares = {f"diff.{name}.share": share(count, of) for name, (count, of) in sizes.items()}
        plain = {f"diff.{name}": count for name, (count, _) in sizes.items()}
        same = len(found.a) - len(np.union1d(self._changed, self._moved))
        return {"diff.a": a, "diff.b": b, "diff.same": same, **plain, **shares}

    def kinds(self) -> dict[str, dict[str, int]]:
        """The same counts by kind."""
        a, b = self._sides
        found = self._found
        parts = {
            "a": a.kinds, "b": b.kinds, "added": b.kinds[found.only_b], "dropped": a.kinds[found.only_a],
            "changed": a.kinds[found.a[self._changed]], "moved": a.kinds[found.a[self._moved]],
        }  # fmt: skip
        counted = {name: np.bincount(its, minlength=len(KINDS)).tolist() for name, its in parts.items()}
        return {
            kind: {name: its[nth] for name, its in counted.items()}
            for nth, kind in enumerate(KINDS) if counted["a"][nth] or counted["b"][nth]
        }  # fmt: skip

    def hows(self) -> dict[str, int]:
        """How many pairs were joined by what."""
        return {how: int((self._found.how == nth).sum()) for nth, how in enumerate(HOWS)}

    def moves(self) -> dict[str, int]:
        """`test to train`: how many rows."""
        a, b = self._sides
        pairs = zip(a.splits[self._found.a[self._moved]], b.splits[self._found.b[self._moved]], strict=True)
        return dict(sorted(Counter(f"{SPLITS[was]} to {SPLITS[now]}" for was, now in pairs).items()))

    def fields(self) -> dict[str, int]:
        """Of the changed rows, in how many each field is another: a column, or one role's messages in it."""
        found = Counter[str]()
        before = _fields(self.runs[0], self._found.a[self._changed])
        after = _fields(self.runs[1], self._found.b[self._changed])
        for was, now in zip(before, after, strict=True):
            found.update(name for name in was | now if was.get(name) != now.get(name))
        return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))

    def examples(self) -> Examples:
        """Some rows of each sort: their ids and places on both sides. Those whose ids hash lowest, in every diff."""
        a, b = self._sides
        found = self._found
        sorts = {"held_out_trained": self._leaked, "changed": self._changed, "moved": self._moved}
        made: dict[str, Any] = {}
        for name, its in sorts.items():
            first = its[np.argsort(a.ids[found.a[its]], kind="stable")[:EXAMPLES]]
            made[name] = [(int(found.a[nth]), int(found.b[nth])) for nth in first]
        added = found.only_b[np.argsort(b.ids[found.only_b], kind="stable")[:EXAMPLES]]
        dropped = found.only_a[np.argsort(a.ids[found.only_a], kind="stable")[:EXAMPLES]]
        made |= {"added": [(None, int(nth)) for nth in added], "dropped": [(int(nth), None) for nth in dropped]}
        ids = [_ids(run, [pair[nth] for its in made.values() for pair in its]) for nth, run in enumerate(self.runs)]
        return {
            name: [([ids[nth].get(place) for nth, place in enumerate(pair)], pair) for pair in its]
            for name, its in made.items()
        }


def _ids(run: Run, places: Iterable[int | None]) -> dict[int | None, str]:
    wanted = sorted({place for place in places if place is not None})
    return dict(zip(wanted, exported.ids_at(run, wanted), strict=True))


def _fields(run: Run, places: Places) -> list[dict[str, int]]:
    """Digests of the fields of some rows, in the order of `places`."""
    order = np.argsort(places, kind="stable")
    found: list[dict[str, int]] = [{}] * len(places)
    rows = exported.at(run, places[order].tolist(), exported.WHOLE)
    for nth, (kind, _, row) in zip(order.tolist(), rows, strict=True):
        found[nth] = _digests(kind, row)
    return found


def _digests(kind: str, row: Mapping[str, Any]) -> dict[str, int]:
    meta = json.loads(row["meta"])
    found = {name: digest(meta.get(name)) for name in POLICY}
    for name, _ in EXPORTED[kind]:
        value = row[name]
        if not isinstance(value, list):
            found[name] = digest(value)
            continue
        found[f"{name}: turns"] = digest([message["role"] for message in value])
        for role in {message["role"] for message in value}:
            found[f"{name}: {role}"] = digest([each["content"] for each in value if each["role"] == role])
    return found


# --- measures


def _measures(runs: tuple[Run, Run], sides: tuple[Side, Side]) -> Changes:
    """Every measure of either audit: its values, its change, and a test where there is one."""
    reports = [run.report() if run.stands("audit") else audit.report(run) for run in runs]
    was, now = (its["measures"] for its in reports)
    made: Changes = {}
    tests: dict[str, Test] = {}
    for name in sorted(was | now):
        a, b = was.get(name), now.get(name)
        change = round(b - a, 6) if a is not None and b is not None else None
        made[name] = {"a": a, "b": b, "change": change, "test": None, "p": None, "clear": False}
        test = _test(name, reports, sides) if change is not None else None
        if test is not None:
            tests[name] = test
            made[name] |= {"test": test.name, "p": float(f"{test.p:.3g}")}
    for name in significance.clear(tests):
        made[name]["clear"] = True
    return made


def _test(name: str, reports: Sequence[Mapping[str, Any]], sides: tuple[Side, Side]) -> Test | None:
    """Shares are compared as proportions, the median length of a kind as ranks; sums and counts are what they are."""
    if name.startswith("lengths.") and name.endswith(".tokens.median"):
        kind = KINDS.index(name.split(".")[1])
        return significance.ranks(*(its.tokens[its.kinds == kind].astype(np.int64) for its in sides))
    counted = []
    for report in reports:
        whole = _whole(name, report) if name.endswith(".share") else None
        if not whole:
            return None
        counted.append((round(report["measures"][name] * whole), whole))
    return significance.proportions(counted[0], counted[1])


def _whole(name: str, report: Mapping[str, Any]) -> int | None:
    """Of how many a measure is a share; None where the report does not say."""
    family, *_ = name.split(".")
    measures, chapters = report["measures"], report["chapters"]
    if family in ("duplicates", "licences"):
        return int(measures["rows.total"])
    if family == "measured":
        return int(chapters["measured"]["filters"][name.split(".")[1]]["looked_at"])
    if family in ("pii", "secrets"):
        numbers = chapters["personal_data"]
        stages = numbers["stages"] if family == "pii" else numbers["secrets"]["stages"]
        return sum(int(its["looked_at"]) for its in stages.values())
    if family == "shapes":
        return sum(int(its["rows"]) for its in chapters["shapes"]["files"])
    if family in ("preferences", "feedback") and not name.endswith((".small_margin.share", ".unstable.share")):
        return int(measures["preferences.pairs" if family == "preferences" else "feedback.rows"])
    return None


# --- gates and words


def _gates(gates: Sequence[Check], counts: Mapping[str, float], measures: Changes) -> list[dict[str, Any]]:
    """Each gate with the value it looked at and whether it fails: where it holds, or where there is no value."""
    known = {**counts, **{name: its["change"] for name, its in measures.items()}}
    for gate in gates:
        if gate.measure not in known:
            raise WrongRequest(
                f"--fail-on '{gate.text}': there is no '{gate.measure}'.{did_you_mean(gate.measure, known)} "
                "List them with: factory diff A B --list-measures"
            )
    return [
        {"gate": gate.text, "value": value, "fails": value is None or gate.holds(value)}
        for gate in gates for value in [known[gate.measure]]
    ]  # fmt: skip


def _verdict(counts: Mapping[str, float], measures: Changes, gates: Sequence[Mapping[str, Any]]) -> str:
    """The diff in a sentence."""
    words = ("added", "dropped", "changed", "moved")
    said = [f"{int(counts[f'diff.{word}']):,} {word}" for word in words if counts[f"diff.{word}"]]
    rows = f"Rows: {', '.join(said)}." if said else "The rows are the same."
    clear = sum(its["clear"] for its in measures.values())
    shifted = f" {many(clear, 'measure')} clearly changed." if clear else ""
    failed = sum(gate["fails"] for gate in gates)
    return rows + shifted + (f" {many(failed, 'gate fails', 'gates fail')}." if failed else "")


# --- the page


def _page(made: Mapping[str, Any], runs: tuple[Run, Run], examples: Examples) -> str:
    places = [
        sorted({place for its in examples.values() for _, pair in its if (place := pair[nth]) is not None})
        for nth in range(2)
    ]
    texts = [_texts(run, wanted) for run, wanted in zip(runs, places, strict=True)]
    shown = {
        name: [
            {"ids": ids, "kind": next(its[0] for its in both if its), "splits": [its and its[1] for its in both],
             "parts": list(_parts(*(its[2] if its else [] for its in both)))}
            for ids, pair in its for both in [[texts[nth].get(place) for nth, place in enumerate(pair)]]
        ]
        for name, its in examples.items()
    }  # fmt: skip
    return rendered("diff.html", diff=made, shown=shown, measures={}, places={}, most=EXAMPLES)


def _texts(run: Run, places: Sequence[Any]) -> dict[Any, tuple[str, str, list[records.Text]]]:
    """Kind, split and texts of some rows, with what measured filters would replace replaced."""
    found = list(exported.at(run, places, exported.WHOLE))
    hidden = masked(run, [row["id"] for _, _, row in found])
    shown = [(kind, split, records.texts(kind, hidden.get(row["id"], row))) for kind, split, row in found]
    return dict(zip(places, shown, strict=True))


def _parts(before: Sequence[records.Text], after: Sequence[records.Text]) -> Iterable[dict[str, Any]]:
    """The strings of a row as it was and as it is, as pieces: `same`, `old`, `new`."""
    for was, now in zip_longest(before, after):
        part = now or was
        group = part.field.split("[")[0]
        name = group if part.role == "text" else part.role if group == "messages" else f"{group}, {part.role}"
        if was is None or now is None or not before or not after:
            yield {"name": name, "pieces": [("old" if now is None else "new", part.text[:LONGEST])],
                   "more": max(0, len(part.text) - LONGEST)}  # fmt: skip
            continue
        pieces = list(_pieces(was.text[:LONGEST], now.text[:LONGEST]))
        yield {"name": name, "pieces": pieces, "more": max(0, max(len(was.text), len(now.text)) - LONGEST)}


def _pieces(was: str, now: str) -> Iterable[tuple[str, str]]:
    one, other = WORD.findall(was), WORD.findall(now)
    for tag, i, j, k, m in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if tag == "equal":
            yield "same", _shortened("".join(one[i:j]))
            continue
        if i < j:
            yield "old", "".join(one[i:j])
        if k < m:
            yield "new", "".join(other[k:m])


def _shortened(text: str) -> str:
    return text if len(text) <= 3 * SAME else f"{text[:SAME]} … {text[-SAME:]}"
