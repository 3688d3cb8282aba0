"""PowerPoint slides to Markdown."""

from pathlib import Path

import pytest

from tests.documents import pptx, repacked, shape, slide_table
from tests.reading import marked, one, rejected


def test_each_slide_is_a_page_and_its_title_a_heading(tmp_path: Path) -> None:
    slides = [
        [shape("By Ann", role="subTitle"), shape("Kiln\ncare", role="ctrTitle")],
        [shape("Steps", role="title"), shape("Open & wait", "> Not *before* noon", "Close", role="body")],
        [],
        [shape("A box.\nIts second line."), shape("9", role="sldNum")],
    ]
    got = one(tmp_path / "a.pptx", pptx(slides, notes={2: "Say why."}))
    assert got.text == (
        "# Kiln care\n\nBy Ann\n\n## Steps\n\n- Open & wait\n  - Not *before* noon\n- Close\n\nNotes: Say why."
        "\n\nA box.\nIts second line."
    )
    assert marked(got) == [
        ("page", 1, "# Kiln care"), ("heading", 1, "Kiln care"), ("page", 2, "## Steps"), ("heading", 2, "Steps"),
        ("page", 4, "A box."),
    ]  # fmt: skip
    assert got.media_type.endswith("presentation")


def test_tables_groups_and_alternatives_are_read_once(tmp_path: Path) -> None:
    choice = f"<mc:AlternateContent><mc:Choice>{shape('new')}</mc:Choice><mc:Fallback>{shape('old')}</mc:Fallback>"
    shapes = [
        slide_table([["Size", "a|b"], ["2 < 3", "x"]]),
        f"<p:grpSp><p:grpSp>{shape('in a group')}</p:grpSp></p:grpSp>",
        f"{choice}</mc:AlternateContent>",
    ]
    got = one(tmp_path / "a.pptm", pptx([shapes]))
    assert got.text == "| Size | a\\|b |\n| --- | --- |\n| 2 < 3 | x |\n\nin a group\n\nnew"


def test_a_hidden_slide_is_left_out_and_keeps_its_number(tmp_path: Path) -> None:
    got = one(tmp_path / "a.pptx", pptx([[shape("secret")], [shape("shown")]], hidden=(1,)))
    assert got.text == "shown"
    assert marked(got) == [("page", 2, "shown")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (pptx([[shape("x")]])[:300], "ingest.corrupt_pptx"),
        (repacked(pptx([[shape("x")]]), "slides/slide1.xml", "slides/gone.xml"), "ingest.corrupt_pptx"),
        (repacked(pptx([[shape("x")]]), "officeDocument\"", "other\""), "ingest.corrupt_pptx"),
        (repacked(pptx([[shape("x")]]), "<p:sld ", "<p:sld <"), "ingest.corrupt_pptx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "ingest.encrypted"),
        (pptx([[], []]), "ingest.empty"),
    ],
)  # fmt: skip
def test_slides_that_give_nothing_say_why(tmp_path: Path, content: bytes, reason: str) -> None:
    assert rejected(tmp_path / "a.pptx", content).reason == reason
