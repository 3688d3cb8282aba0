"""Near duplicates: of a cluster the longest row stays, then the smallest id; a threshold decides alone."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory import plugins
from factory.errors import WrongRequest
from factory.others.index import write_index
from filters.minhash_dedup import MinhashDedup
from tests.filters.rows import rows_of, settled

WORDS = [f"word{n}" for n in range(60)]
TEXT = " ".join(WORDS)
NEAR = " ".join([*WORDS[:-1], "changed"])
FAR = " ".join(WORDS[::-1])


def verdicts(
    rows: dict[str, str], *, cuts: Sequence[int] = (), backwards: bool = False, **options: Any
) -> dict[str, dict[str, Any]]:
    return settled(MinhashDedup(**options), rows_of(rows), rows, cuts=cuts, backwards=backwards)


def kept(rows: dict[str, str], **options: Any) -> set[str]:
    return {id_ for id_, row in verdicts(rows, **options).items() if row["outcome"] == "keep"}


def test_a_near_copy_is_rejected_and_names_what_stays() -> None:
    found = verdicts({"a": TEXT, "b": NEAR, "c": FAR})
    assert {id_: row["outcome"] for id_, row in found.items()} == {
        "a": "reject",
        "b": "keep",
        "c": "keep",
    }  # b is longer
    assert (found["a"]["reason"], found["a"]["evidence"]) == ("minhash_dedup.near_copy", '{"kept": "b"}')


def test_of_equally_long_rows_the_smallest_id_stays() -> None:
    assert kept({"b": TEXT, "a": TEXT, "c": TEXT}) == {"a"}


def test_a_chain_of_near_copies_is_one_cluster() -> None:
    chain = {f"{n:02d}": " ".join([*WORDS[n:], *(f"new{m}" for m in range(n))]) for n in range(0, 6)}
    assert len(kept(chain, threshold=0.8)) == 1


def test_the_threshold_decides() -> None:
    rows = {"a": TEXT, "b": NEAR}  # of 56 word 5-grams each, 55 are the same
    assert len(kept(rows, threshold=0.5)) == 1
    assert len(kept(rows, threshold=1.0)) == 2


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_empty_texts_are_nobodys_copies(text: str) -> None:
    assert kept({"a": text, "b": text, "c": TEXT}) == {"a", "b", "c"}


def test_nothing_is_a_copy_of_nothing() -> None:
    assert kept({"a": TEXT}) == {"a"}


@given(
    texts=st.lists(st.sampled_from([TEXT, NEAR, FAR, "short", "", TEXT.upper()]), min_size=1, max_size=12),
    cuts=st.lists(st.integers(0, 12), max_size=3),
    backwards=st.booleans(),
)
def test_where_the_batches_are_cut_and_in_which_order_they_come_does_not_matter(
    texts: list[str], cuts: list[int], backwards: bool
) -> None:
    rows = {f"{n:02d}": text for n, text in enumerate(texts)}
    assert verdicts(rows, cuts=cuts, backwards=backwards) == verdicts(rows)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"threshold": 0}, "minhash_dedup: threshold must be above 0 and at most 1."),
        ({"threshold": 1.1}, "minhash_dedup: threshold must be above 0 and at most 1."),
        ({"num_perm": 0}, "minhash_dedup: num_perm must be from 1 to 4096."),
        ({"num_perm": 5000}, "minhash_dedup: num_perm must be from 1 to 4096."),
        ({"ngram": 0}, "minhash_dedup: ngram must be at least 1."),
    ],
)
def test_options_that_cannot_work_are_refused_before_any_row_is_seen(options: dict[str, Any], said: str) -> None:
    with pytest.raises(WrongRequest) as error:
        plugins.filter_("minhash_dedup", options)
    assert str(error.value) == said


def test_of_near_copies_the_one_under_the_strictest_terms_stays_though_it_is_shorter() -> None:
    words = [f"word{n}" for n in range(60)]
    texts = {"1": " ".join(words), "2": " ".join(words[:-1])}
    dedup = MinhashDedup()
    features = dedup.measure(rows_of(texts, {"1": "MIT", "2": "CC-BY-NC-4.0"}))
    state = dedup.settle(dedup.scan(features), lambda ids: [(id_, texts[id_]) for id_ in ids])
    assert [row["outcome"] for row in dedup.decide(features, state).rows] == ["reject", "keep"]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A dataset of two texts."""
    file = tmp_path / "old.jsonl"
    file.write_text("".join(json.dumps({"text": text}) + "\n" for text in (FAR, TEXT)), encoding="utf-8")
    return file


@pytest.mark.parametrize("as_index", [False, True])
def test_a_near_copy_of_other_data_goes_and_names_what_it_repeats(old: Path, as_index: bool) -> None:
    against = old
    if as_index:
        against = old.with_name("old.near")
        write_index([old], against)
        old.unlink()
    found = verdicts({"a": NEAR, "b": "something else"}, against=[against])
    assert found["b"]["outcome"] == "keep"
    assert found["a"]["reason"] == "minhash_dedup.near_copy_of_other"
    assert json.loads(found["a"]["evidence"]) == {"of": against.name, "other": "row:old.jsonl:0000002"}


def test_what_repeats_other_data_stays_for_nobody(old: Path) -> None:
    bridge = " ".join([*WORDS[2:], "new1", "new2"])  # near TEXT, and near what is not near TEXT
    beyond = " ".join([*WORDS[7:], *(f"new{n}" for n in range(1, 8))])
    assert len(kept({"a": bridge, "b": beyond})) == 1
    found = verdicts({"a": bridge, "b": beyond}, against=[old])
    assert found["a"]["reason"] == "minhash_dedup.near_copy_of_other"
    assert found["b"]["outcome"] == "keep"


@given(
    texts=st.lists(st.sampled_from([TEXT, NEAR, FAR, "short", "", TEXT.upper()]), min_size=1, max_size=8),
    others=st.lists(st.sampled_from([NEAR, FAR, "short", ""]), min_size=1, max_size=4),
    cuts=st.lists(st.integers(0, 8), max_size=3),
    backwards=st.booleans(),
)
def test_against_other_data_cuts_and_order_do_not_matter_either(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], others: list[str], cuts: list[int], backwards: bool
) -> None:
    file = tmp_path_factory.mktemp("old") / "old.jsonl"
    file.write_text("".join(json.dumps({"text": text}) + "\n" for text in others), encoding="utf-8")
    rows = {f"{n:02d}": text for n, text in enumerate(texts)}
    found = verdicts(rows, against=[file])
    assert verdicts(rows, against=[file], cuts=cuts, backwards=backwards) == found
    assert all(not near_any(rows[id_], others) for id_, row in found.items() if row["outcome"] == "keep")


def near_any(text: str, others: Sequence[str]) -> bool:
    """Whether a text of words is a copy, case aside, of one of the others, or TEXT beside NEAR."""
    alike = [{TEXT, NEAR, TEXT.upper()}, {FAR}, {"short"}]
    return any(text in group and other in group for group in alike for other in others)


def test_an_index_of_other_shingles_is_refused_before_any_row_is_seen(old: Path) -> None:
    write_index([old], old.with_name("old.near"), ngram=3)
    with pytest.raises(WrongRequest) as error:
        plugins.filter_("minhash_dedup", {"against": ["old.near"]}, folder=old.parent)
    assert "is an index of Sketching(ngram=3" in str(error.value)
