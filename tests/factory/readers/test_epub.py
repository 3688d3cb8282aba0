"""Books to Markdown."""

from pathlib import Path

import pytest

from tests.documents import epub, packed, repacked
from tests.reading import marked, one, rejected


def test_chapters_come_in_the_order_of_the_spine_below_the_title(tmp_path: Path) -> None:
    chapters = {
        "z.xhtml": "<h2>Clay &amp; fire</h2><p>Five &lt; six # 7.</p>",
        "a b.xhtml": "<h2>Glaze</h2><table><tr><th>A_b</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table>",
    }
    got = one(tmp_path / "a.epub", epub(chapters, title="Pots & pans"))
    assert got.text == (
        "# Pots & pans\n\n## Clay & fire\n\nFive < six # 7.\n\n## Glaze\n\n| A_b | B |\n| --- | --- |\n| 1 | 2 |"
    )
    assert marked(got) == [("heading", 1, "Pots & pans"), ("heading", 2, "Clay & fire"), ("heading", 2, "Glaze")]
    assert got.media_type == "application/epub+zip"


def test_a_book_with_headings_of_level_1_needs_no_title(tmp_path: Path) -> None:
    got = one(tmp_path / "a.epub", epub({"a.xhtml": "<h1>One</h1><p># no heading</p>"}))
    assert got.text == "# One\n\n# no heading"
    assert marked(got) == [("heading", 1, "One")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (epub({"a.xhtml": "<p>x</p>"})[:300], "ingest.corrupt_epub"),
        (packed({"readme.txt": "words"}), "ingest.corrupt_epub"),
        (epub({"../../../../../../etc/hostname": ""}), "ingest.corrupt_epub"),
        (repacked(epub({"a.xhtml": "<p>x</p>"}), "book.opf", "none.opf"), "ingest.corrupt_epub"),
        (epub({"a.xhtml": "<p>x</p>", "b.xhtml": "x"}, locked="b.xhtml"), "ingest.encrypted"),
        (epub({"a.xhtml": "<p> </p>"}), "ingest.empty"),
    ],
)
def test_a_book_that_gives_nothing_says_why(tmp_path: Path, content: bytes, reason: str) -> None:
    assert rejected(tmp_path / "a.epub", content).reason == reason


def test_a_scrambled_font_locks_no_book(tmp_path: Path) -> None:
    assert one(tmp_path / "a.epub", epub({"a.xhtml": "<h1>x</h1>"}, locked="font.otf")).text == "# x"
