"""Law 8: train, validation and test share no document and no near-duplicate cluster; the seed deals them."""

import itertools
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from factory.stages.splits import SPLITS, deal, groups
from factory.views import verify
from tests.corpora import contents, finished, recipe, workspace
from tests.laws import foreign
from tests.laws.strategies import Drawn, corpora, recipes

CLEARLY_NEAR = 0.85  # of word 5-grams; the law is at 0.8


def exported(dataset: Path) -> list[tuple[str, str, dict[str, Any]]]:
    """(kind, split, row) of every exported row."""
    files = sorted(dataset.glob("*/*.parquet"))
    return [
        (file.parent.name, file.name.split("-")[0], row)
        for file in files
        for row in pq.ParquetFile(file).read().to_pylist()
    ]


def text_of(kind: str, row: dict[str, Any]) -> str:
    if kind in ("text", "labels"):
        return row["text"]
    columns = ["messages"] if kind == "sft" else ["prompt", "chosen", "rejected"]
    return "\n".join(message["content"] for column in columns for message in row[column])


def shingles(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9_]+", text.lower())
    return {tuple(words[at : at + 5]) for at in range(max(1, len(words) - 4))} if words else set()


def check_apart(dataset: Path) -> None:
    """No document in two splits, nor two rows that are clearly near-duplicates: all pairs are compared."""
    found = exported(dataset)
    assert {split for _, split, _ in found} <= set(SPLITS)
    split_of: dict[str, str] = {}
    for _, split, row in found:
        for document in json.loads(row["meta"])["documents"]:
            assert split_of.setdefault(document, split) == split
    measured = [
        (split, shingles(text_of(kind, row)), row["id"]) for kind, split, row in found if text_of(kind, row).isascii()
    ]
    for (split, one, id_), (other_split, other, other_id) in itertools.combinations(measured, 2):
        if one and other and len(one & other) >= CLEARLY_NEAR * len(one | other):
            assert split == other_split, f"{id_} and {other_id} are near-duplicates"


@settings(max_examples=40)
@given(drawn=corpora(max_documents=6, max_blocks=3), made=recipes(documents=[], passages=[], records=[], target=None))
def test_no_two_splits_share_a_document_or_near_duplicates(drawn: Drawn, made: dict[str, Any]) -> None:
    with workspace() as folder:
        run = finished(folder, drawn.files, made)
        check_apart(run.path / "dataset")
        assert not verify.broken(verify.verify(run))


@settings(max_examples=15)
@given(links=st.integers(2, 8), seed=st.integers(0, 5), others=st.integers(0, 6))
def test_a_chain_of_near_duplicates_over_many_documents_goes_to_one_split(links: int, seed: int, others: int) -> None:
    words = [f"word{nth}" for nth in range(60)]
    chain = [" ".join(words[2 * nth : 2 * nth + 40]) for nth in range(links + 1)]
    near, far = shingles(chain[0]) & shingles(chain[1]), shingles(chain[0]) & shingles(chain[-1])
    assert len(near) >= 0.85 * len(shingles(chain[0]) | shingles(chain[1]))
    assert links < 6 or len(far) < 0.8 * len(shingles(chain[0]) | shingles(chain[-1]))
    alone = [" ".join(f"{chr(97 + n)}{nth}" for nth in range(30)) for n in range(others)]
    files = {f"{nth:02d}.txt": text for nth, text in enumerate([*chain, *alone])}
    made = recipe(methods=["text"], seed=seed, export={"split": {"validation": 0.3, "test": 0.3}})
    with workspace() as folder:
        found = exported(finished(folder, files, made).path / "dataset")
        assert len(found) == len(files)
        of_chain = {split for _, split, row in found if "word" in row["text"]}
        assert len(of_chain) == 1
        check_apart(folder / "run" / "dataset")


@pytest.mark.parametrize("context", ["open-book", "closed-book"])
def test_rows_are_compared_as_they_leave_with_their_context_or_without(context: str) -> None:
    files = {f"{nth}.txt": f"The {' '.join(f'w{nth}x{n}' for n in range(60))}" for nth in range(8)}
    made = recipe(methods=["with_context"], export={"split": {"validation": 0.3, "test": 0.3}, "context": context})
    with workspace() as folder, foreign.declared(with_context=foreign.with_context):
        run = finished(folder, files, made)
        assert len(exported(run.path / "dataset")) == 8
        check_apart(run.path / "dataset")
        assert not verify.broken(verify.verify(run))


def test_the_pairs_of_a_ranking_stay_together() -> None:
    files = {f"{nth}.txt": " ".join(f"w{nth}x{n}" for n in range(30)) for nth in range(8)}
    made = recipe(methods=["ranked"], export={"split": {"validation": 0.3, "test": 0.3}})
    with workspace() as folder, foreign.declared(ranked=foreign.ranked):
        run = finished(folder, files, made)
        found = exported(run.path / "dataset")
        assert len(found) == 8 * 2, "of three ranks two are equal"
        assert len({split for _, split, _ in found}) == 3
        check_apart(run.path / "dataset")
        assert not verify.broken(verify.verify(run))


def test_the_same_seed_deals_the_same_splits_and_another_seed_others() -> None:
    files = {f"{nth}.txt": " ".join(f"w{nth}x{n}" for n in range(20)) for nth in range(20)}
    dealt = []
    for seed in (0, 0, 1):
        with workspace() as folder:
            made = recipe(methods=["text"], seed=seed, export={"split": {"validation": 0.2, "test": 0.2}})
            dealt.append(contents(finished(folder, files, made).path / "dataset"))
    assert dealt[0] == dealt[1]
    assert dealt[0] != dealt[2]
    assert dealt[0].keys() == dealt[2].keys(), "each split has its share under any seed"


# --- groups and deals ------------------------------------------------------------------------------------------------


def labels(count: int) -> st.SearchStrategy[list[int]]:
    """A cluster label a row: the smallest row of its cluster."""
    return st.lists(st.integers(0, 5), min_size=count, max_size=count).map(
        lambda of: [of.index(cluster) for cluster in of]
    )


@st.composite
def staged(draw: st.DrawFn) -> tuple[list[list[str]], list[int]]:
    names = st.lists(st.sampled_from("abcdefghij"), min_size=1, max_size=3, unique=True)
    documents = draw(st.lists(names, max_size=14))
    one_a_row = st.just(list(range(len(documents))))
    return documents, draw(st.one_of(one_a_row, labels(len(documents))))


def connected(documents: Sequence[Sequence[str]], clusters: Sequence[int], one: int, other: int) -> bool:
    """Whether two rows hang together, found by walking."""
    reached, todo = {one}, [one]
    while todo:
        row = todo.pop()
        for n in range(len(documents)):
            if n not in reached and (set(documents[n]) & set(documents[row]) or clusters[n] == clusters[row]):
                reached.add(n)
                todo.append(n)
    return other in reached


@given(rows=staged())
def test_a_group_is_all_that_hangs_together_by_documents_and_clusters(rows: tuple[list[list[str]], list[int]]) -> None:
    documents, clusters = rows
    group = groups(documents, np.array(clusters, dtype=np.int64)).tolist()
    for one, other in itertools.combinations(range(len(documents)), 2):
        assert (group[one] == group[other]) == connected(documents, clusters, one, other)


@example(rows=([["a"]], [0]), shares=(0.4, 0.4), seed=0)
@given(rows=staged(), shares=st.tuples(*[st.sampled_from([0.0, 0.05, 0.3, 0.49])] * 2), seed=st.integers(0, 9))
def test_every_row_gets_one_split_groups_stay_whole_and_train_is_never_empty(
    rows: tuple[list[list[str]], list[int]], shares: tuple[float, float], seed: int
) -> None:
    documents, clusters = rows
    group = groups(documents, np.array(clusters, dtype=np.int64))
    dealt = deal(group, documents, validation=shares[0], test=shares[1], seed=seed)
    assert len(dealt) == len(documents)
    assert set(dealt) <= set(SPLITS)
    assert len(set(zip(group.tolist(), dealt, strict=True))) == len(set(group.tolist()))
    assert not documents or "train" in dealt
    for split, share in zip(("validation", "test"), shares, strict=True):
        assert share or split not in dealt, "a split without a share gets nothing"
        assert dealt.count(split) <= max(2 * share * len(documents), 1)
    assert dealt == deal(group, documents, validation=shares[0], test=shares[1], seed=seed)


@given(rows=staged(), seed=st.integers(0, 9), order=st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_decide(rows: tuple[list[list[str]], list[int]], seed: int, order: Any) -> None:
    documents, clusters = rows
    places = list(range(len(documents)))
    order.shuffle(places)
    moved = [documents[place] for place in places]
    new = [clusters[place] for place in places]
    relabelled = [new.index(label) for label in new]
    dealt = deal(groups(documents, np.array(clusters, dtype=np.int64)), documents, validation=0.3, test=0.3, seed=seed)
    again = deal(groups(moved, np.array(relabelled, dtype=np.int64)), moved, validation=0.3, test=0.3, seed=seed)
    assert again == [dealt[place] for place in places]
