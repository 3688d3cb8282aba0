"""PDF to text: order, hyphens, scripts."""

from pathlib import Path

import pytest

from factory.readers.pdf import join
from tests.documents import pdf_of_script
from tests.reading import one

HEBREW = "כל בני האדם נולדו בני חורין"
ARABIC = "يولد جميع الناس أحرارا"


def test_right_to_left_lines_are_in_reading_order(tmp_path: Path) -> None:
    drawn = [HEBREW[::-1], ARABIC[::-1], "and Latin words"]
    assert one(tmp_path / "a.pdf", pdf_of_script(drawn)).text == f"{HEBREW}\n{ARABIC}\nand Latin words"


@pytest.mark.parametrize(
    ("page", "wanted"),
    [
        ("how effi\ufffecient it is", "how efficient it is"),
        ("how effi\ufffe\r\ncient it is", "how efficient it is"),
        ("a dual\ufffeencoder, or dual-encoder", "a dual-encoder, or dual-encoder"),
        ("a well\ufffeknown, wellknown thing", "a wellknown, wellknown thing"),
        ("state\ufffeof-the-art and state-of-the-art", "state-of-the-art and state-of-the-art"),
        ("a Lucene\ufffeBM25 system", "a Lucene-BM25 system"),
        ("LOUD\ufffeER WORDS", "LOUDER WORDS"),
        ("the end\ufffe", "the end"),
        ("in practice2\n, indicating", "in practice2, indicating"),
        ("a list\n- of one", "a list\n- of one"),
    ],
)
def test_words_cut_at_a_line_end_are_whole_again(page: str, wanted: str) -> None:
    assert join([page])[0] == wanted


def test_a_word_of_another_page_says_where_its_hyphen_belongs() -> None:
    text, marks = join(["a dual\ufffeencoder", "", "dual-encoder"])
    assert text == "a dual-encoder\n\n\n\ndual-encoder"
    assert [mark.start for mark in marks] == [0, 16, 18]
