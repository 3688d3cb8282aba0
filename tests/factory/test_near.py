from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from datasketch import MinHash
from hypothesis import given, settings
from hypothesis import strategies as st

from factory import near

small_texts = st.lists(
    st.lists(st.sampled_from(["a", "b", "c", "d", "e", "f", "g", "h"]), max_size=14).map(" ".join),
    min_size=1,
    max_size=14,
)


def random_words(draw: np.random.Generator, count: int) -> list[str]:
    return [f"w{word}" for word in draw.integers(10**7, size=count).tolist()]


def edit(draw: np.random.Generator, words: Sequence[str], edits: int) -> str:
    changed = list(words)
    for at in draw.choice(len(changed), edits, replace=False).tolist():
        changed[at] = f"e{draw.integers(10**9)}"
    return " ".join(changed)


def shingle_set(text: str, ngram: int = 5) -> set[tuple[str, ...]]:
    words = text.split()
    return {tuple(words[at : at + ngram]) for at in range(max(1, len(words) - ngram + 1))} if words else set()


def exact(left: str, right: str) -> float:
    one, other = shingle_set(left), shingle_set(right)
    return len(one & other) / max(1, len(one | other))


def brute_labels(texts: list[str], threshold: float) -> list[int]:
    labels = list(range(len(texts)))
    for right in range(len(texts)):
        for left in range(right):
            if exact(texts[left], texts[right]) >= threshold:
                old, new = sorted((labels[left], labels[right]))[::-1]
                labels = [new if label == old else label for label in labels]
    return labels


def partition(labels: np.ndarray) -> list[list[int]]:
    return [np.flatnonzero(labels == label).tolist() for label in np.unique(labels)]


@pytest.mark.parametrize("unit", ["word", "char"])
@pytest.mark.parametrize("seed", [1, 42])
def test_the_signature_is_datasketchs_of_the_same_hashes(unit: near.Unit, seed: int) -> None:
    draw = np.random.default_rng(seed)
    texts = [" ".join(random_words(draw, count)) for count in (1, 4, 5, 6, 300)] + ["多 文字のテキスト", "a\u00a0é b"]
    made = near.signatures(texts, num_perm=64, unit=unit, seed=seed)
    assert made.dtype == np.uint32
    sets = near.shingles(texts, unit=unit)
    for row, begin, end in zip(made, sets.offsets, sets.offsets[1:], strict=False):
        theirs = MinHash(num_perm=64, seed=seed, hashfunc=int, scheme="affine32")
        theirs.update_batch(sets.values[begin:end].tolist())
        assert np.array_equal(row, theirs.hashvalues)


def test_the_signature_of_a_known_text_never_changes() -> None:
    made = near.signatures(["The quick brown fox jumps over the lazy dog.", "多文字のテキスト"], num_perm=4)
    assert made.tolist() == [
        [7294334, 1490546969, 510565024, 34205614],
        [1121930545, 2784944044, 268019228, 408378939],
    ]


def test_a_text_longer_than_any_block_is_one_set() -> None:
    text = " ".join(random_words(np.random.default_rng(5), 150_000))
    theirs = MinHash(num_perm=16, hashfunc=int)
    theirs.update_batch(near.shingles([text]).values.tolist())
    made = near.signatures(["before", text, "after"], num_perm=16)
    assert np.array_equal(made[1], theirs.hashvalues)
    assert np.array_equal(made[[0, 2]], near.signatures(["before", "after"], num_perm=16))


@given(texts=st.lists(st.text(max_size=40), max_size=20), cut=st.integers(0, 20))
def test_where_the_batches_are_cut_does_not_matter(texts: list[str], cut: int) -> None:
    whole = near.signatures(texts, num_perm=8, ngram=2)
    parts = [near.signatures(part, num_perm=8, ngram=2) for part in (texts[:cut], texts[cut:])]
    assert whole.shape == (len(texts), 8)
    assert np.array_equal(np.concatenate(parts), whole)
    encodable = ["".join(c for c in text if not "\ud800" <= c <= "\udfff") for text in texts]
    assert (
        np.array_equal(near.signatures(pa.array(encodable, pa.string()), num_perm=8, ngram=2), whole)
        or encodable != texts
    )


def test_a_text_without_words_is_a_near_duplicate_of_nothing() -> None:
    texts = ["", "one text", " \n", "", "...", "one text"]
    made = near.signatures(texts)
    assert (made[[0, 2, 3, 4]] == 0xFFFFFFFF).all()
    assert (made[[1, 5]] != 0xFFFFFFFF).any()
    assert near.candidates(made).tolist() == [[1, 5]]
    assert near.near_duplicates(texts).tolist() == [0, 1, 2, 3, 4, 1]
    assert near.near_duplicates([]).tolist() == []


@given(texts=small_texts, data=st.data())
def test_the_order_of_the_texts_does_not_matter(texts: list[str], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(texts))))
    labels = near.near_duplicates(texts, ngram=2)
    shuffled = near.near_duplicates([texts[nth] for nth in order], ngram=2)
    back = sorted(sorted(order[nth] for nth in cluster) for cluster in partition(shuffled))
    assert back == sorted(partition(labels))
    assert all(label == min(np.flatnonzero(labels == label)) for label in labels)


@given(texts=small_texts, ngram=st.integers(1, 5))
def test_jaccard_is_that_of_the_sets(texts: list[str], ngram: int) -> None:
    pairs = np.array([(i, j) for j in range(len(texts)) for i in range(len(texts))], np.int64)
    sets = [shingle_set(text, ngram) for text in texts]
    expected = [len(sets[i] & sets[j]) / max(1, len(sets[i] | sets[j])) for i, j in pairs]
    assert near.jaccard(near.shingles(texts, ngram=ngram), pairs).tolist() == pytest.approx(expected)


def test_jaccard_of_no_pairs_is_nothing() -> None:
    assert near.jaccard(near.shingles(["a"]), np.empty((0, 2), np.int64)).tolist() == []


@given(texts=small_texts, threshold=st.sampled_from([0.5, 0.8, 1.0]))
def test_what_is_joined_is_at_the_threshold_and_equal_sets_are_always_joined(
    texts: list[str], threshold: float
) -> None:
    labels = near.near_duplicates(texts, threshold=threshold)
    brute = brute_labels(texts, threshold)
    for left in range(len(texts)):
        for right in range(left):
            if labels[left] == labels[right]:
                assert brute[left] == brute[right]
            if exact(texts[left], texts[right]) == 1:
                assert labels[left] == labels[right]


@given(pairs=st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=30))
def test_clusters_are_the_connected_components(pairs: list[tuple[int, int]]) -> None:
    labels = list(range(20))
    for left, right in pairs:
        low, high = sorted((labels[left], labels[right]))
        labels = [low if label == high else label for label in labels]
    assert near.clusters(20, np.array(pairs, np.int64).reshape(-1, 2)).tolist() == labels


def test_a_chain_is_one_cluster() -> None:
    chain = np.stack([np.arange(9_999), np.arange(1, 10_000)], axis=1)
    assert not near.clusters(10_000, chain[::-1]).any()


def planted(draw: np.random.Generator, count: int) -> list[str]:
    """Every third text is an earlier one with one to six words changed."""
    texts: list[str] = []
    for nth in range(count):
        if nth % 3 == 2:
            words = texts[int(draw.integers(max(0, nth - 200), nth))].split()
            texts.append(edit(draw, words, int(draw.integers(1, 7))))
        else:
            texts.append(" ".join(random_words(draw, int(draw.integers(100, 260)))))
    return texts


def test_in_a_planted_corpus_the_pairs_are_the_exact_ones() -> None:
    texts = planted(np.random.default_rng(11), 1_500)
    bands, rows = near.banding(0.8, 128)
    pairs = near.candidates(near.signatures(texts), bands=bands, rows=rows)
    found = set(map(tuple, pairs[near.jaccard(near.shingles(texts), pairs) >= 0.8].tolist()))
    owners: dict[tuple[str, ...], list[int]] = {}
    for nth, text in enumerate(texts):
        for shingle in shingle_set(text):
            owners.setdefault(shingle, []).append(nth)
    meeting = {(i, j) for owned in owners.values() for i in owned for j in owned if i < j}
    true = {pair for pair in meeting if exact(texts[pair[0]], texts[pair[1]]) >= 0.8}
    assert len(true) > 300
    assert found <= true
    assert 2 * len(found) / (len(found) + len(true)) >= 0.999
    assert np.array_equal(near.near_duplicates(texts), near.clusters(len(texts), np.array(sorted(true))))


def test_copies_of_one_text_hang_on_the_first_and_are_not_read() -> None:
    draw = np.random.default_rng(2)
    text, other = " ".join(random_words(draw, 80)), " ".join(random_words(draw, 80))
    texts = [other] + [text] * 10_000 + [other]
    made = near.signatures(texts)
    pairs = near.candidates(made)
    assert pairs.tolist() == [[0, 10_001]] + [[1, nth] for nth in range(2, 10_001)]

    def texts_of(indices: np.ndarray) -> list[str]:
        raise AssertionError(f"{indices.size} texts were read")

    labels = near.near_duplicates_of(made, texts_of)
    assert labels.tolist() == [0] + [1] * 10_000 + [0]


def test_many_near_copies_make_few_pairs_and_one_cluster() -> None:
    draw = np.random.default_rng(3)
    words = random_words(draw, 200)
    texts = [edit(draw, words, 1) for _ in range(2_000)]
    pairs = near.candidates(near.signatures(texts))
    assert len(pairs) <= 2_000 * 20 * (near.NEIGHBOURS + 1)  # all pairs would be 2,000,000
    assert not near.near_duplicates(texts).any()


def test_pairs_in_a_crowd_that_shares_much_are_found() -> None:
    draw = np.random.default_rng(4)
    shared = random_words(draw, 120)
    crowd = [shared + random_words(draw, 80) for _ in range(1_000)]
    texts = [" ".join(words) for words in crowd] + [edit(draw, words, 2) for words in crowd[:100]]
    labels = near.near_duplicates(texts)
    assert (labels[1_000:] == np.arange(100)).mean() >= 0.98
    assert np.array_equal(labels[:1_000], np.arange(1_000))


@settings(deadline=None)
@given(max_texts=st.integers(2, 40), seed=st.integers(0, 5))
def test_texts_are_read_in_chunks_and_the_chunks_do_not_matter(max_texts: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    texts = planted(draw, 60)
    words = random_words(draw, 60)
    texts += [edit(draw, words, 2) for _ in range(12)]  # twelve that hang together
    read: list[int] = []

    def texts_of(indices: np.ndarray) -> list[str]:
        assert indices.size <= max_texts
        assert (np.diff(indices) > 0).all()
        read.extend(indices.tolist())
        return [texts[nth] for nth in indices]

    labels = near.near_duplicates_of(near.signatures(texts), texts_of, max_texts=max_texts)
    assert np.array_equal(labels, near.near_duplicates(texts))
    if max_texts >= 24:
        assert len(read) == len(set(read))


def test_an_arrow_array_is_grouped_like_its_list() -> None:
    texts = planted(np.random.default_rng(7), 80)
    assert np.array_equal(near.near_duplicates(pa.array(texts)), near.near_duplicates(texts))


def test_candidates_come_sorted_and_once() -> None:
    pairs = near.candidates(near.signatures(planted(np.random.default_rng(8), 400)))
    assert pairs.dtype == np.int64
    assert (pairs[:, 0] < pairs[:, 1]).all()
    assert np.array_equal(pairs, np.unique(pairs, axis=0))


@pytest.mark.parametrize(
    ("threshold", "num_perm", "expected"),
    [(0.8, 128, (21, 6)), (0.9, 128, (14, 9)), (0.5, 128, (42, 3)), (1.0, 128, (1, 128)), (0.01, 16, (16, 1))],
)
def test_bands_follow_from_the_threshold(threshold: float, num_perm: int, expected: tuple[int, int]) -> None:
    assert near.banding(threshold, num_perm) == expected


@pytest.mark.parametrize("num_perm", [1, 7, 256])
def test_any_number_of_permutations_does(num_perm: int) -> None:
    draw = np.random.default_rng(9)
    texts = [" ".join(random_words(draw, 40)) for _ in range(30)]
    assert near.near_duplicates(texts + texts, num_perm=num_perm).tolist() == [*range(30), *range(30)]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"num_perm": 0}, "num_perm is 0"),
        ({"num_perm": 4097}, "num_perm is 4097"),
        ({"seed": -1}, "seed is -1"),
        ({"ngram": 0}, "ngram is 0"),
        ({"unit": "line"}, "unit is 'line'"),
        ({"threshold": 0}, "threshold is 0"),
        ({"threshold": 1.1}, "threshold is 1.1"),
        ({"threshold": float("nan")}, "threshold is nan"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        near.near_duplicates(["a text"], **options)  # type: ignore[arg-type]  # that is the point


@pytest.mark.parametrize(("bands", "rows"), [(0, 6), (20, 0), (22, 6)])
def test_bands_must_fit(bands: int, rows: int) -> None:
    with pytest.raises(ValueError, match="bands of"):
        near.candidates(near.signatures(["a text"]), bands=bands, rows=rows)


def test_a_reader_that_returns_too_few_texts_is_refused() -> None:
    draw = np.random.default_rng(10)
    words = random_words(draw, 100)
    made = near.signatures([edit(draw, words, 1), edit(draw, words, 1)])
    with pytest.raises(ValueError, match="returned 0 texts for 2"):
        near.near_duplicates_of(made, lambda indices: [])
    with pytest.raises(ValueError, match="max_texts is 1"):
        near.near_duplicates_of(made, lambda indices: [], max_texts=1)
