import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.shingles import CLASSES, Unit, shingles

GAPS = " \t\n\x00\x1f.,;-'\"(/~\u0085\u00a0\u00d7\u2003\u2028\u3000\u3002\uff0c“”—…€→😀\ufffd"
ALONE = "中文字日本のカー々〇한ไทยລາວမြန်ភាសา𠀀！"  # of these 한 is a letter and ！ a gap: see `words`
LETTERS = "abzABZ_059éÉßñжЖאבहिंदी한ªµ½𝒜"
some_text = st.text(st.sampled_from(GAPS + ALONE + LETTERS) | st.characters(max_codepoint=0x7F), max_size=60)


def words(text: str) -> list[str]:
    """The definition, one character after another."""
    found: list[str] = []
    run = ""
    for character in text:
        if character in GAPS + "！" or (character < "\x80" and not (character.isalnum() or character == "_")):
            found, run = [*found, run], ""
        elif character in ALONE and character != "한":
            found, run = [*found, run, character], ""
        else:
            run += character.lower() if character < "\x80" else character
    return [word for word in [*found, run] if word]


def shingle_set(pieces: list[str], ngram: int) -> set[tuple[str, ...]]:
    return {tuple(pieces[at : at + ngram]) for at in range(max(1, len(pieces) - ngram + 1))} if pieces else set()


def values(text: str, *, ngram: int = 5, unit: Unit = "word") -> list[int]:
    return [int(value) for value in shingles([text], ngram=ngram, unit=unit).values]


@given(texts=st.lists(some_text, max_size=6), ngram=st.integers(1, 7))
def test_the_sets_are_those_of_words_in_a_row(texts: list[str], ngram: int) -> None:
    made = shingles(texts, ngram=ngram)
    assert made.values.dtype == np.uint32
    assert made.offsets.dtype == np.int64
    sets = [shingle_set(words(text), ngram) for text in texts]
    assert np.diff(made.offsets).tolist() == [len(one) for one in sets]
    hash_of: dict[tuple[str, ...], int] = {}
    for text, one in zip(texts, sets, strict=True):
        for shingle in one:  # a shingle has one hash wherever it stands
            hash_of.setdefault(shingle, values(" ".join(shingle), ngram=ngram)[0])
        assert values(text, ngram=ngram) == sorted(hash_of[shingle] for shingle in one)
    assert len(set(hash_of.values())) == len(hash_of)


@given(texts=st.lists(some_text, max_size=6), ngram=st.integers(1, 7))
def test_characters_are_those_of_the_folded_text(texts: list[str], ngram: int) -> None:
    spaced = [
        "".join(" " if c in GAPS + "！" or (c < "\x80" and not (c.isalnum() or c == "_")) else c for c in text)
        for text in texts
    ]
    folded = ["".join(c.lower() if c < "\x80" else c for c in " ".join(text.split(" ")).strip(" ")) for text in spaced]
    single = [" ".join(part for part in text.split(" ") if part) for text in folded]
    made = shingles(texts, ngram=ngram, unit="char")
    assert np.diff(made.offsets).tolist() == [len(shingle_set(list(text), ngram)) for text in single]
    assert values(" ".join(texts), ngram=ngram, unit="char") == values(" ".join(single), ngram=ngram, unit="char")


@given(texts=st.lists(some_text | st.none(), max_size=6))
def test_an_arrow_array_is_its_list_of_texts_and_null_is_the_empty_text(texts: list[str | None]) -> None:
    listed = shingles([text or "" for text in texts])
    for array in (
        pa.array(texts, pa.string()),
        pa.array(texts, pa.large_string()),
        pa.chunked_array([texts], pa.string()),
    ):
        made = shingles(array)
        assert np.array_equal(made.values, listed.values)
        assert np.array_equal(made.offsets, listed.offsets)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("The cat, it SAT.", "the\n\ncat   it sat"),
        ("«Der Hund»…", "Der Hund"),
        ("全角，标点。", "全角标点"),
        ("don't", "don t"),
        ("a\u00a0b\u3000c\u2009d", "a b c d"),
    ],
)
def test_case_spacing_and_punctuation_make_no_difference(left: str, right: str) -> None:
    assert values(left, ngram=2) == values(right, ngram=2)
    assert values("x" + left, ngram=2) != values(right, ngram=2)


@pytest.mark.parametrize(
    ("left", "right"), [("É", "é"), ("a_b", "a b"), ("résumé", "resume"), ("1", "2"), ("ab", "a b")]
)
def test_other_letters_keep_their_case_and_marks(left: str, right: str) -> None:
    assert values(left) != values(right)


def test_each_character_is_a_word_in_scripts_without_spaces() -> None:
    assert values("北京大学", ngram=2) == values("北 京 大 学", ngram=2)
    assert len(values("北京大学", ngram=2)) == 3
    assert len(values("GPU显卡driver", ngram=1)) == 4
    assert len(values("ประเทศไทย", ngram=1)) == len(set("ประเทศไทย"))
    assert len(values("대한민국 서울", ngram=1)) == 2


def test_a_long_run_is_cut_into_words_of_64_bytes() -> None:
    run = "".join(chr(ord("a") + nth * nth % 23) for nth in range(64 * 7 + 1))
    pieces = " ".join(run[at : at + 64] for at in range(0, len(run), 64))
    assert values(run, ngram=2) == values(pieces, ngram=2)
    assert len(values(run, ngram=2)) == 7
    assert len(values(run[:64], ngram=1)) == 1


@pytest.mark.parametrize("size", range(1, 64))
def test_every_byte_of_a_word_counts(size: int) -> None:
    word = "abcdefgh" * 8
    variants = [word[:at] + "X" + word[at + 1 : size] for at in range(size)] + [word[:size], word[: size - 1]]
    assert len({tuple(values(one)) for one in variants}) == len(variants)


@pytest.mark.parametrize("text", ["", " ", "\n\t", "…!?", "😀", "\u3000"])
def test_a_text_without_words_has_no_shingles(text: str) -> None:
    made = shingles(["one", text, "two"])
    assert np.diff(made.offsets).tolist() == [1, 0, 1]
    assert values(text, unit="char") == []


def test_no_texts_give_no_shingles() -> None:
    made = shingles([])
    assert made.values.size == 0
    assert made.offsets.tolist() == [0]


def test_a_lone_surrogate_is_a_letter() -> None:
    assert values("a\ud800b") != values("ab")
    assert len(values("a\ud800b")) == 1


def test_the_neighbours_of_a_text_do_not_matter() -> None:
    texts = [f"text {nth} of many, {'x' * (nth % 70)} {'北' * (nth % 3)}" * (nth % 9) for nth in range(9_000)]  # blocks
    made = shingles(texts)
    for nth in range(0, 9_000, 777):
        assert made.values[made.offsets[nth] : made.offsets[nth + 1]].tolist() == values(texts[nth])


def test_the_classes_ascend_and_agree_with_unicode() -> None:
    points = [point for first, last, _ in CLASSES for point in (first, last)]
    assert points == sorted(points)
    listed = {point for first, last, kind in CLASSES if kind == 0 for point in range(first, last + 1)}
    spaces = {point for point in range(0x80, 0x110000) if chr(point).isspace()}
    assert spaces <= listed
    punctuation = {point for point in range(0x80, 0x600) if unicodedata.category(chr(point))[0] in "PZ"}
    assert punctuation <= listed
    lettered = {point for point in range(0x80, 0x2000) if unicodedata.category(chr(point))[0] in "LMN"}
    assert not lettered & listed


@pytest.mark.parametrize(("options", "said"), [({"ngram": 0}, "ngram is 0"), ({"unit": "line"}, "unit is 'line'")])
def test_a_wrong_option_is_named(options: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        shingles(["a"], **options)  # type: ignore[arg-type]  # that is the point
