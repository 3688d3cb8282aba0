"""What rows ask for: forms of questions, verbs of orders with what follows them, and how rows begin."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from factory.runs import Run
from factory.views import asking, exported
from factory.views.chapter import Chapter, Finding, share, some

NAME, TITLE = "asks", "What rows ask for"
COLUMN = {"sft": "messages", "preference": "prompt", "feedback": "prompt"}
SHOWN, AFTER_SHOWN, FEWEST = 20, 5, 3  # verbs and openings; words behind a verb; rows in which a word must stand
ALIKE, ENOUGH = 0.25, 100  # the share of rows with one opening that is told, of so many rows
HELD = 100_000  # openings; of more those that stood once so far are dropped, which no common one does for long


def chapter(run: Run) -> Chapter:
    """Of each row the first turn of a user; some 20 MB are held, however many rows there are."""
    rows, forms, verbs, openings = 0, Counter[str](), Counter[str](), Counter[str]()
    after: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for _, text in _instructions(run):
        rows += 1
        its = asking.asked(text)
        forms[its.form] += 1
        if its.verb:
            verbs[its.verb] += 1
            after[its.verb].update(its.after)
        if begins := asking.opening(text):
            openings[begins] += 1
            if len(openings) > HELD:
                openings = Counter({its: n for its, n in openings.items() if n > 1})
    if not rows:
        return Chapter({"rows": 0, "not_looked_at": "No row of this run asks for anything: none has a user's turn."})
    most = _most(openings, SHOWN)
    numbers: dict[str, Any] = {
        "rows": rows,
        "forms": {name: forms[name] for name in asking.FORMS if forms[name]},
        "verbs": [
            {"verb": verb, "rows": n, "after": dict(_most(after[verb], AFTER_SHOWN))} for verb, n in _most(verbs, SHOWN)
        ],
        "openings": dict(most),
    }  # fmt: skip
    top, its_rows = most[0] if most else ("", 0)
    measures = {
        "asks.orders.share": share(forms["order"], rows),
        "asks.questions.share": share(rows - forms["order"] - forms["other"], rows),
        "asks.verbs": len(verbs),
        "asks.opening.share": share(its_rows, rows),
    }
    return Chapter(numbers, measures, [_alike(run, top, its_rows, rows)])


def _instructions(run: Run) -> Iterator[tuple[str, str]]:
    """(id, first turn of a user) of the rows that have one."""
    columns: dict[str, exported.Columns] = {kind: ["id", name] for kind, name in COLUMN.items()}
    for kind, _, batch in exported.batches(run, columns):
        for id_, turns in zip(batch["id"].to_pylist(), batch[COLUMN[kind]].to_pylist(), strict=True):
            text = next((turn["content"] for turn in turns if turn["role"] == "user"), None)
            if text:
                yield id_, text


def _most(counted: Counter[str], many: int) -> list[tuple[str, int]]:
    """The commonest that stand in FEWEST rows, of equals the first by the alphabet."""
    return sorted(((its, n) for its, n in counted.items() if n >= FEWEST), key=lambda its: (-its[1], its[0]))[:many]


def _alike(run: Run, opening: str, its_rows: int, rows: int) -> Finding:
    found = its_rows if rows >= ENOUGH and its_rows > ALIKE * rows else 0
    ids = (id_ for id_, text in _instructions(run) if asking.opening(text) == opening) if found else ()
    return Finding(
        "asks.alike", "info", "Many rows begin in the same words",
        f"A model may answer what begins with '{opening}' better than the same in other words.", found,
        "draw other forms: `forms:` and `style: {examples: […]}` of a generator; or cap them with the filter `balance`",
        some(ids),
    )  # fmt: skip
