"""Feedback logs under the laws: every vote ends once, most votes decide, stopped and resumed gives the same bytes."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from factory import Run, rejections
from factory.views import verify
from tests.corpora import recipe, rows, workspace, write_documents, write_recipe
from tests.laws.test_resume import finish, stopped_ends_the_same

Row = dict[str, Any]
SOURCE = {"path": "documents", "as": "feedback", "name": "logs", "feedback": {"edits": ["preference", "sft"]}}


def row(answer: int, rating: str | None, rater: str | None, edit: int | None) -> Row:
    return {
        "prompt": "What does the valve do?",
        "completion": f"It turns {answer}.",
        "rating": rating,
        "rater": rater,
        "edit": None if edit is None else f"It turns {edit}.",
    }


logs = st.lists(
    st.builds(
        row,
        st.integers(0, 3),
        st.sampled_from(["up", "down", "neutral", None, "what"]),
        st.sampled_from(["a", "b", "c", None]),
        st.none() | st.integers(2, 5),
    ),
    min_size=1,
    max_size=12,
)


def written(folder: Path, parts: list[list[Row]]) -> Path:
    files = {f"{nth}.jsonl": "".join(json.dumps(one) + "\n" for one in part) for nth, part in enumerate(parts) if part}
    write_documents(folder, files)
    return write_recipe(folder, recipe(sources=[SOURCE], methods=[]))


def decided(log: list[Row]) -> dict[str, bool]:
    """What the thumbs say, counted in another way: the last vote of each rater, then the majority."""
    last: dict[tuple[str, Any], str] = {}
    for nth, one in enumerate(log):
        if one["rating"] in ("up", "down"):
            last[one["completion"], one["rater"] or nth] = one["rating"]
    counts: dict[str, Counter[str]] = {}
    for (answer, _), rating in last.items():
        counts.setdefault(answer, Counter())[rating] += 1
    return {answer: its["up"] > its["down"] for answer, its in counts.items() if its["up"] != its["down"]}


def ends(done: Run) -> Counter[str]:
    """The ids of rows under which something ended, as a record or as a rejection."""
    kept = [its["id"] for kind in ("feedback", "preference", "sft") for its in rows(done.path / "records" / kind)]
    return Counter([*kept, *(its["id"] for its in rejections.read(done, "read") if its["id"].startswith("row:"))])


@settings(max_examples=25)
@given(log=logs, cut=st.integers(0, 12))
def test_every_vote_ends_once_and_most_votes_decide_wherever_the_files_are_cut(log: list[Row], cut: int) -> None:
    log = [row(9, "up", None, None), *log]  # a run without any record stops
    with workspace() as folder:
        done = finish(written(folder, [log[:cut], log[cut:]]))
        labels = {its["completion"][0]["content"]: its["label"] for its in rows(done.path / "records/feedback")}
        assert labels == decided(log)
        found = ends(done)
        assert max(found.values()) == 1
        assert {id_.split(".jsonl:")[0][-1] + id_.split(":")[2][:7] for id_ in found} == {
            f"{nth}{number + 1:07d}" for nth, part in enumerate([log[:cut], log[cut:]]) for number in range(len(part))
        }
        assert not verify.broken(verify.verify(done))


@settings(max_examples=12)
@given(share=st.floats(0, 1), again=st.none() | st.floats(0, 1))
def test_a_run_that_was_stopped_while_it_counted_votes_ends_in_the_same_bytes(
    share: float, again: float | None
) -> None:
    log = [
        row(nth % 4, ("up", "down", "up")[nth % 3], "abc"[nth % 3], 5 if nth % 5 == 0 else None) for nth in range(24)
    ]
    with workspace() as folder:
        written(folder, [log[:9], log[9:]])
        stopped_ends_the_same(folder, recipe(sources=[SOURCE], methods=[]), [share, again])
