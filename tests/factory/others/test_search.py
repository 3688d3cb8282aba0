"""An index on disk: it holds no text, and what is found in it is what the texts themselves would say."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory import near, tables
from factory.errors import WrongRequest
from factory.others import buckets, index
from factory.others.index import Sketching, write_index
from factory.others.search import repeated
from factory.others.texts import Other, texts

Row = dict[str, str]
PLAIN = Sketching()
WORDS = [f"word{n}" for n in range(80)]


def write_jsonl(file: Path, rows: Sequence[Row]) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def changed(text: Sequence[str], nth: int) -> str:
    """The text with its `nth` word replaced."""
    return " ".join([*text[:nth], f"other{nth}", *text[nth + 1 :]])


def written(path: Path, others: Sequence[Other], sketching: Sketching = PLAIN, group_rows: int = 2) -> Path:
    """An index of these texts in small row groups."""
    with tables.PartWriter(path, sketching.schema, group_rows=group_rows) as part:
        if others:
            part.write_table(sketching.rows(others))
    return path


def found(
    ours: Sequence[str], path: Path, *, threshold: float = 0.8, kinds: frozenset[str] = frozenset({"sft"})
) -> dict[int, str]:
    """The id in the index that each of our texts repeats."""
    with index.opened([path], PLAIN) as indexes:
        hits = repeated(
            near.signatures(ours), lambda rows: [ours[nth] for nth in rows], indexes,
            kinds=kinds, threshold=threshold, sketching=PLAIN,
        )  # fmt: skip
    assert all(hit.of == path.name for hit in hits.values())
    return {ours: hit.id for ours, hit in hits.items()}


def jaccard(one: str, other: str) -> float:
    return float(near.jaccard(near.shingles([one, other]), np.array([[0, 1]]))[0])


def test_an_index_holds_ids_and_hashes_and_no_text(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "old.jsonl", [{"text": " ".join(WORDS)}, {"text": "marmalade " * 9}])
    assert write_index([source], tmp_path / "old.near") == 2
    content = (tmp_path / "old.near").read_bytes()
    assert b"marmalade" not in content
    assert b"word7" not in content
    assert pq.read_table(tmp_path / "old.near")["id"].to_pylist() == ["row:old.jsonl:0000001", "row:old.jsonl:0000002"]


def test_a_text_is_found_by_its_exact_similarity_and_not_by_its_signature(tmp_path: Path) -> None:
    near_one, far = changed(WORDS, 40), " ".join(WORDS[:60])
    path = written(tmp_path / "i.near", [Other("far", "sft", far), Other("near", "sft", " ".join(WORDS))])
    assert found([near_one], path, threshold=jaccard(near_one, " ".join(WORDS))) == {0: "near"}
    assert found([near_one], path, threshold=jaccard(near_one, " ".join(WORDS)) + 1e-9) == {}


def test_texts_without_words_repeat_nothing(tmp_path: Path) -> None:
    path = written(tmp_path / "i.near", [Other("a", "sft", ""), Other("b", "sft", " \n")])
    assert found(["", "…"], path) == {}


def test_an_empty_index_and_no_text_at_all(tmp_path: Path) -> None:
    assert found([" ".join(WORDS)], written(tmp_path / "i.near", [])) == {}
    assert found([], written(tmp_path / "j.near", [Other("a", "sft", " ".join(WORDS))])) == {}


@pytest.mark.parametrize(
    ("kind", "ours", "hits"),
    [
        ("passage", "passage", True),
        ("passage", "document", False),
        ("passage", "text", False),
        ("document", "document", True),
        ("text", "document", True),
        ("text", "text", True),
        ("sft", "preference", True),
    ],
)
def test_documents_and_passages_of_a_run_are_compared_with_their_kind_only(
    tmp_path: Path, kind: str, ours: str, hits: bool
) -> None:
    path = written(tmp_path / "i.near", [Other("a", kind, " ".join(WORDS))])
    assert bool(found([" ".join(WORDS)], path, kinds=frozenset({ours}))) is hits


@given(
    ours=st.lists(st.integers(0, 79), min_size=1, max_size=8),
    others=st.lists(st.integers(0, 79), max_size=12),
    group_rows=st.integers(1, 5),
)
def test_what_is_found_is_what_comparing_every_pair_would_find(
    tmp_path_factory: pytest.TempPathFactory, ours: list[int], others: list[int], group_rows: int
) -> None:
    mine = [changed(WORDS, nth) for nth in ours]
    theirs = [Other(f"{nth:02d}", "sft", changed(WORDS, word)) for nth, word in enumerate(others)]
    path = written(tmp_path_factory.mktemp("index") / "i.near", theirs, group_rows=group_rows)
    wanted = {nth for nth, text in enumerate(mine) if any(jaccard(text, other.text) >= 0.8 for other in theirs)}
    assert set(found(mine, path)) == wanted
    alone = {nth: found([text], path)[0] for nth, text in enumerate(mine) if nth in wanted}
    assert found(mine, path) == alone  # nothing depends on what else is looked for


def test_a_crowded_bucket_is_not_paired_in_full_and_still_finds_its_copies(tmp_path: Path) -> None:
    crowd = [Other(f"{nth:03d}", "sft", changed(WORDS, nth % 80) + f" end{nth}") for nth in range(300)]
    path = written(tmp_path / "i.near", crowd, group_rows=1000)
    ours = [changed(WORDS, nth) for nth in range(80)]
    assert set(found(ours, path)) == set(range(80))
    signatures = near.signatures([other.text for other in crowd])
    pairs = buckets.Buckets(near.signatures(ours), 0.8).candidates(signatures, np.ones(300, bool))
    bands, _ = near.banding(0.8, 128)
    assert np.bincount(pairs[:, 0]).max() <= bands * buckets.CROWD


def test_an_index_made_of_an_index_is_the_same(tmp_path: Path) -> None:
    first = written(tmp_path / "a.near", [Other(str(n), "sft", changed(WORDS, n)) for n in range(9)])
    assert write_index([first], tmp_path / "b.near") == 9
    assert pq.read_table(first).equals(pq.read_table(tmp_path / "b.near"))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: written(folder / "i.near", [], Sketching(ngram=3)), "is an index of Sketching(ngram=3"),
        (lambda folder: written(folder / "i.near", [], Sketching(num_perm=64)), "asked for is Sketching(ngram=5"),
    ],
)
def test_an_index_that_was_sketched_otherwise_is_refused(
    tmp_path: Path, make: Callable[[Path], Path], said: str
) -> None:
    path = make(tmp_path)
    with pytest.raises(WrongRequest) as error:
        found(["a"], path)
    assert said in str(error.value)


def test_what_is_no_index_though_its_name_says_so_is_refused(tmp_path: Path) -> None:
    (tmp_path / "i.near").write_bytes(b"nothing")
    with pytest.raises(WrongRequest) as error:
        found(["a"], tmp_path / "i.near")
    assert "cannot be read as an index" in str(error.value)


def test_an_index_is_written_to_a_name_by_which_it_is_known(tmp_path: Path) -> None:
    with pytest.raises(WrongRequest) as error:
        write_index([], tmp_path / "index.parquet")
    assert "does not end in '.near'" in str(error.value)


@pytest.mark.parametrize("name", ["nothing.jsonl", "empty"])
def test_a_source_that_is_not_there_or_holds_nothing_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(WrongRequest) as error:
        write_index([tmp_path / name], tmp_path / "i.near")
    assert name in str(error.value)
    assert not list(tmp_path.glob("i.near*"))


def test_row_groups_are_bounded_in_shingles_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "GROUP_SHINGLES", 200)
    monkeypatch.setattr(index, "BATCH_TEXTS", 1)
    source = write_jsonl(tmp_path / "old.jsonl", [{"text": changed(WORDS, n)} for n in range(9)])
    write_index([source], tmp_path / "i.near")
    file = pq.ParquetFile(tmp_path / "i.near")
    assert [file.read_row_group(n).num_rows for n in range(file.num_row_groups)] == [2, 2, 2, 2, 1]  # of 76 each


def test_rows_of_a_file_have_the_ids_that_reading_it_gives_and_a_broken_line_costs_itself(tmp_path: Path) -> None:
    file = tmp_path / "old.jsonl"
    file.write_text('{"instruction": "Say so.", "output": "So."}\n{broken\n{"instruction": "No.", "output": "Yes."}\n')
    assert list(texts(file)) == [
        Other("row:old.jsonl:0000001", "sft", "Say so.\nSo."),
        Other("row:old.jsonl:0000003", "sft", "No.\nYes."),
    ]
