"""Word documents to Markdown, where kreuzberg alone would lose words."""

from pathlib import Path

import pytest

from tests.documents import docx, repacked
from tests.reading import one

_BOX = "<w:txbxContent><w:p><w:r><w:t>in the box</w:t></w:r></w:p></w:txbxContent>"
_NEW = '<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'


def between(xml: str) -> bytes:
    """A document of three paragraphs with `xml` between the words of the second."""
    return repacked(docx(["before", "one@two", "after"]), "@", f"</w:t>{xml}<w:t>")


@pytest.mark.parametrize(
    ("xml", "wanted"),
    [
        ("<w:tab/>", "one two"),
        ("<w:tab />", "one two"),
        ("<w:cr/>", "one two"),
        ("<w:noBreakHyphen/>", "one-two"),
        ("</w:r><w:fldSimple w:instr='PAGE'><w:r><w:t>7</w:t></w:r></w:fldSimple><w:r>", "one7two"),
        ("</w:r><w:sdt><w:sdtContent><w:r><w:t> field </w:t></w:r></w:sdtContent></w:sdt><w:r>", "one field two"),
        ("</w:r><w:del><w:r><w:delText>deleted</w:delText></w:r></w:del><w:r>", "onetwo"),
    ],
)
def test_words_stay_apart_and_fields_are_kept(tmp_path: Path, xml: str, wanted: str) -> None:
    assert one(tmp_path / "a.docx", between(xml)).text == f"before\n\n{wanted}\n\nafter"


@pytest.mark.parametrize(
    "xml",
    [
        f"<w:pict>{_BOX}</w:pict>",
        f"{_NEW}<mc:Choice>{_BOX}</mc:Choice><mc:Fallback><w:pict>{_BOX}</w:pict></mc:Fallback></mc:AlternateContent>",
    ],
)
def test_a_text_box_takes_nothing_from_its_paragraph_and_is_read_once(tmp_path: Path, xml: str) -> None:
    assert one(tmp_path / "a.docx", between(xml)).text == "before\n\nonetwo\n\nin the box\n\nafter"


def test_a_document_with_macros_is_read_like_any_other(tmp_path: Path) -> None:
    assert one(tmp_path / "a.docm", docx(["words"])).text == "words"
