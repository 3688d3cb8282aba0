"""Near duplicates: of a cluster the longest row stays, then the smallest id; a threshold decides alone."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory import plugins
from factory.errors import WrongRequest
from filters.minhash_dedup import MinhashDedup
from tests.filters.rows import rows_of

WORDS = [f"word{n}" for n in range(60)]
TEXT = " ".join(WORDS)
NEAR = " ".join([*WORDS[:-1], "changed"])
FAR = " ".join(WORDS[::-1])


def verdicts(
    rows: dict[str, str], *, cuts: Sequence[int] = (), backwards: bool = False, **options: Any
) -> dict[str, dict[str, Any]]:
    """The verdict on each id; the batches are cut at `cuts` and scanned from the last if `backwards`."""
    dedup = MinhashDedup(**options)

    def texts(ids: Sequence[str]) -> Iterator[tuple[str, str]]:
        yield from ((id_, rows[id_]) for id_ in sorted(ids, reverse=True))

    features = dedup.measure(rows_of(rows))
    bounds = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    parts = [features.slice(start, end - start) for start, end in pairwise(bounds)]
    scanned = [dedup.scan(part) for part in (reversed(parts) if backwards else parts)]
    state = scanned[0]
    for other in scanned[1:]:
        state = dedup.merge(state, other)
    state = dedup.settle(state, texts)
    return {row["id"]: row for part in parts for row in dedup.decide(part, state).rows}


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
