"""Caps: no group has more rows than its cap, whichever way the rows come."""

import itertools
import json
from collections import Counter
from functools import reduce
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory import plugins, run
from factory.corpus import Row, batch_of
from factory.errors import WrongRequest
from filters.balance import Balance
from tests.corpora import recipe, rows, write_documents, write_recipe

METAS = st.lists(
    st.fixed_dictionaries(
        {"documents": st.lists(st.sampled_from("abc"), max_size=2), "generator": st.sampled_from(["qa", "text"])},
        optional={"topic": st.sampled_from(["kiln", "pump", 3, True])},
    ),
    max_size=20,
)


def batch(metas: list[dict[str, Any]]) -> pa.RecordBatch:
    return batch_of([Row(n, f"{n:03d}", [], {"kind": "sft"}, meta) for n, meta in enumerate(metas)], "record")


def kept(metas: list[dict[str, Any]], **options: Any) -> list[bool]:
    filter_ = Balance(**options)
    features = filter_.measure(batch(metas))
    return [row["outcome"] == "keep" for row in filter_.decide(features, filter_.scan(features)).rows]


@pytest.mark.parametrize(
    ("caps", "stay"),
    [
        ({"document": 3}, 3),
        ({"document": 10}, 10),
        ({"document": 99}, 10),
        ({"source": 2}, 2),
        ({"method": 4}, 4),
        ({"topic": 1}, 1),
        ({"difficulty": 1}, 10),
        ({"document": 5, "method": 2}, 2),
    ],
)
def test_as_many_stay_as_the_cap_allows(caps: dict[str, int], stay: int) -> None:
    meta = {"documents": ["a"], "sources": ["s"], "generator": "qa", "topic": "kiln"}
    assert kept([meta] * 10, caps=caps).count(True) == stay


def test_groups_do_not_touch_each_other() -> None:
    metas = [{"topic": "kiln"}] * 5 + [{"topic": "pump"}] * 5 + [{}] * 5
    assert Counter(itertools.compress(map(str, metas), kept(metas, caps={"topic": 2}))) == {
        "{'topic': 'kiln'}": 2, "{'topic': 'pump'}": 2, "{}": 5,
    }  # fmt: skip


def test_another_seed_draws_other_rows() -> None:
    metas = [{"topic": "kiln"}] * 40
    draws = {tuple(kept(metas, caps={"topic": 5}, seed=seed)) for seed in range(4)}
    assert len(draws) == 4


@given(metas=METAS, documents=st.integers(1, 4), topics=st.integers(1, 4))
def test_no_group_is_over_its_cap_and_a_single_cap_is_filled(metas: list[Any], documents: int, topics: int) -> None:
    stays = list(itertools.compress(metas, kept(metas, caps={"document": documents, "topic": topics})))
    assert all(n <= documents for n in Counter(d for meta in stays for d in {*meta["documents"]}).values())
    assert all(n <= topics for n in Counter(str(meta["topic"]) for meta in stays if "topic" in meta).values())
    alone = Counter(
        str(m["topic"]) for m in itertools.compress(metas, kept(metas, caps={"topic": topics})) if "topic" in m
    )
    assert alone == {
        topic: min(n, topics) for topic, n in Counter(str(m["topic"]) for m in metas if "topic" in m).items()
    }


@given(metas=METAS, cuts=st.lists(st.integers(0, 20), max_size=3), data=st.data())
def test_where_batches_are_cut_and_in_which_order_they_come_does_not_matter(
    metas: list[Any], cuts: list[int], data: st.DataObject
) -> None:
    filter_ = Balance(caps={"document": 2, "topic": 2})
    whole = filter_.measure(batch(metas))
    places = [0, *sorted(min(cut, len(metas)) for cut in cuts), len(metas)]
    parts = data.draw(st.permutations([whole.slice(a, b - a) for a, b in itertools.pairwise(places)]))
    middle = data.draw(st.integers(1, len(parts)))
    states = [filter_.scan(part) for part in parts]
    right = reduce(filter_.merge, [filter_.scan(part) for part in parts[middle:]], {})
    assert reduce(filter_.merge, states) == filter_.scan(whole)
    assert filter_.merge(reduce(filter_.merge, map(filter_.scan, parts[:middle])), right) == filter_.scan(whole)


def test_the_state_is_bounded_by_the_caps() -> None:
    filter_ = Balance(caps={"topic": 7})
    state = reduce(filter_.merge, (filter_.scan(filter_.measure(batch([{"topic": "kiln"}] * 100))) for _ in range(9)))
    assert [len(digests) for digests in state.values()] == [7]


def test_features_and_evidence_hold_digests_and_numbers() -> None:
    metas = [{"topic": "a secret project", "note": "x" * 300, "prompt": {"of": "it"}}] * 2
    filter_ = Balance(caps={"topic": 1})
    features = filter_.measure(batch(metas))
    assert {group["key"] for group in features["groups"].to_pylist()[0]} == {"topic"}
    said = filter_.decide(features, filter_.scan(features)).rows
    assert {row["evidence"] for row in said} == {None, json.dumps({"cap": {"topic": 1}})}


@pytest.mark.parametrize(("caps", "words"), [({}, "'caps' caps nothing"), ({"topic": 0}, "the cap of 'topic' must be")])
def test_caps_that_make_no_sense_are_named(caps: dict[str, int], words: str) -> None:
    with pytest.raises(WrongRequest, match=words):
        plugins.filter_("balance", {"caps": caps})


def test_another_cap_measures_nothing_again() -> None:
    one, other = (plugins.filter_("balance", {"caps": {"topic": most}, "seed": most}) for most in (1, 2))
    assert one.measuring == other.measuring == {}


def test_passages_and_records_of_a_run_are_capped_by_document_source_and_method(tmp_path: Path) -> None:
    text = "".join(f"# Part {n}\n\nThe pump of part {n} moves {n} litres a minute. It is green.\n\n" for n in range(30))
    write_documents(tmp_path, {"a.md": text, "b.md": text.replace("pump", "kiln")})
    made = recipe(
        max_tokens=16, passages=[{"balance": {"caps": {"document": 8}}}],
        records=[{"balance": {"caps": {"document": 5, "method": 7}}}], methods=["text"],
    )  # fmt: skip
    done = run(write_recipe(tmp_path, made), until="generate")
    assert done.counts("filter.passages")["kept"] == 16
    assert done.counts("filter.records")["kept"] <= 7
    assert {row["reason"] for row in rows(done.path / "verdicts/records/text")} == {None, "balance.over_cap"}
