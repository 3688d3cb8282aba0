"""The best rows that are unlike each other: what is chosen is what taking row by row would choose, in any order."""

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory import plugins
from factory.errors import WrongRequest
from factory.origins import STRINGS
from filters import diversity
from filters._nearest import cosines
from filters.diversity import Diversity

TEXTS = {
    "pump": "The pump of the second tank moves ninety litres of water a minute through the long hose.",
    "pumps": "The pump of the second tank moves ninety litres of water a minute through the hose.",
    "kiln": "Forty tiles are fired at once, and the oven cools for four hours before anybody opens its lid.",
    "bridge": "In spring the old bridge is closed to lorries because ice has loosened several bolts below it.",
    "empty": "",
}
NAMES = st.sampled_from(list(TEXTS))


def batch_of(rows: Mapping[str, str], metas: Mapping[str, Any] | None = None) -> pa.RecordBatch:
    strings = [[{"field": "text", "role": "text", "text": text}] for text in rows.values()]
    return pa.record_batch(
        {
            "id": pa.array(list(rows), pa.string()),
            "strings": pa.array(strings, STRINGS),
            "meta": pa.array([json.dumps((metas or {}).get(id_, {})) for id_ in rows], pa.large_string()),
        }
    )


def verdicts(
    rows: Mapping[str, str],
    *,
    cuts: Sequence[int] = (),
    backwards: bool = False,
    metas: Mapping[str, Any] | None = None,
    **options: Any,
) -> dict[str, dict[str, Any]]:
    its = Diversity(**options)
    whole = batch_of(rows, metas)
    bounds = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    parts = [its.measure(whole.slice(start, end - start)) for start, end in pairwise(bounds)]
    state = None
    for part in reversed(parts) if backwards else parts:
        state = its.scan(part) if state is None else its.merge(state, its.scan(part))
    assert state is not None
    state = its.settle(state, None)
    return {row["id"]: row for part in parts for row in its.decide(part, state).rows}


def reasons(*args: Any, **options: Any) -> dict[str, str | None]:
    return {id_: row["reason"] for id_, row in verdicts(*args, **options).items()}


def some(*names: str) -> dict[str, str]:
    return {name: TEXTS[name] for name in names}


@pytest.mark.parametrize("vectors", ["words", "embeddings"])
def test_the_longest_stay_and_what_is_near_one_of_them_goes(vectors: str) -> None:
    found = verdicts(some("pumps", "pump", "kiln", "bridge"), keep=2, distance=0.2, vectors=vectors)
    assert {id_: row["reason"] for id_, row in found.items()} == {
        "kiln": None,
        "bridge": None,
        "pump": "diversity.surplus",
        "pumps": "diversity.surplus",
    }
    found = verdicts(some("pumps", "pump", "kiln", "bridge"), keep=9, distance=0.2, vectors=vectors)
    assert [id_ for id_, row in found.items() if row["outcome"] == "reject"] == ["pumps"]
    evidence = json.loads(found["pumps"]["evidence"])
    assert (found["pumps"]["reason"], evidence["kept"]) == ("diversity.near_better", "pump")
    assert 0 < evidence["distance"] <= 0.2


def test_a_score_of_meta_says_who_is_best_and_what_has_none_comes_last() -> None:
    metas = {
        "pumps": {"grade": 4.5},
        "pump": {"grade": 2},
        "kiln": {"grade": "high"},
        "bridge": {"grade": float("nan")},
    }
    rows = some("kiln", "pump", "pumps", "bridge")
    assert reasons(rows, metas=metas, keep=2, distance=0.2, score="grade") == {
        "pumps": None,
        "pump": "diversity.near_better",
        "bridge": None,  # without a score the smallest id comes first
        "kiln": "diversity.surplus",
    }


def test_a_distance_of_nothing_rejects_what_is_the_same_only() -> None:
    rows = {"a": TEXTS["pump"], "b": TEXTS["pump"], "c": TEXTS["pumps"]}
    assert reasons(rows, keep=9, distance=0.0) == {"a": None, "b": "diversity.near_better", "c": None}


def test_rows_without_words_are_near_nothing() -> None:
    assert reasons({"a": "", "b": "", "c": TEXTS["kiln"]}, keep=9) == {"a": None, "b": None, "c": None}


@settings(max_examples=40, deadline=None)
@given(
    names=st.lists(NAMES, min_size=1, max_size=12),
    cuts=st.lists(st.integers(0, 12), max_size=3),
    backwards=st.booleans(),
    keep=st.integers(1, 6),
)
def test_where_the_batches_are_cut_and_in_which_order_they_come_does_not_matter(
    names: list[str], cuts: list[int], backwards: bool, keep: int
) -> None:
    rows = {f"{nth:02d}": TEXTS[name] for nth, name in enumerate(names)}
    found = verdicts(rows, keep=keep)
    assert verdicts(rows, cuts=cuts, backwards=backwards, keep=keep) == found
    assert sum(row["outcome"] == "keep" for row in found.values()) <= keep


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 999), rows=st.integers(1, 40), keep=st.integers(1, 40), block=st.integers(1, 9))
def test_blocks_choose_what_taking_row_by_row_would(seed: int, rows: int, keep: int, block: int) -> None:
    draw = np.random.default_rng(seed)
    vectors = (draw.normal(size=(rows, 4)) * 60).astype(np.int8)
    wanted: list[int] = []
    near: set[int] = set()
    for row in range(rows):
        if len(wanted) == keep:
            break
        if wanted and cosines(vectors[row : row + 1], vectors[wanted]).max() >= 0.7:
            near.add(row)
        else:
            wanted.append(row)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diversity, "BLOCK", block)
        patch.setattr(diversity, "AT_ONCE", 3)
        stays, rejected = diversity._chosen(vectors, keep, 0.7)
    assert (stays, set(rejected)) == (wanted, near)
    assert all(to in stays for to, _ in rejected.values())


def test_another_keep_or_distance_measures_nothing() -> None:
    one, other = (plugins.filter_("diversity", {"keep": keep, "distance": keep / 10}) for keep in (1, 5))
    assert one.measuring == other.measuring == {"score": "length", "vectors": "words", "embedder": "wordllama"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"keep": 0}, "diversity: keep must be at least 1."),
        ({"keep": 1, "distance": 1.5}, "diversity: distance must be from 0 to 1."),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(WrongRequest) as error:
        plugins.filter_("diversity", options)
    assert str(error.value) == said
