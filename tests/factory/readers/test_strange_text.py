"""Texts that are long, or made of characters that one does not see."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.documents import docx, epub, pptx, shape
from tests.factory.readers.test_xlsx import workbook
from tests.reading import all_of, one, texts

UNSEEN = "a\u200bb\u200d\u2060c \u202eright\u202c to \u2067left\u2069 \u200fx\ufeffy \u00ad\U000e0041 e\u0301"
FORMS: dict[str, Callable[[str], bytes]] = {
    "a.txt": lambda text: text.encode(),
    "a.md": lambda text: text.encode(),
    "a.rst": lambda text: text.encode(),
    "a.html": lambda text: f"<p>{text}</p>".encode(),
    "a.docx": lambda text: docx([text]),
    "a.pptx": lambda text: pptx([[shape(text)]]),
    "a.xlsx": lambda text: workbook(A=[[text]]),
    "a.epub": lambda text: epub({"a.xhtml": f"<p>{text}</p>"}),
    "a.jsonl": lambda text: json.dumps({"text": text}).encode(),
    "a.json": lambda text: json.dumps([{"text": text}], ensure_ascii=False).encode(),
    "a.csv": lambda text: f"id,text\n1,{text}\n".encode(),
}


@pytest.mark.parametrize("name", FORMS)
def test_what_one_does_not_see_is_kept(tmp_path: Path, name: str) -> None:
    """A filter may clean it; a reader that did would move every offset."""
    assert one(tmp_path / name, FORMS[name](f"Before {UNSEEN} after.")).text.endswith(f"Before {UNSEEN} after.")


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html", "a.docx", "a.pptx", "a.jsonl", "a.json", "a.csv"])
def test_a_line_of_ten_megabytes_is_read_whole(tmp_path: Path, name: str) -> None:
    line = "and so it went on " * 560_000
    got = one(tmp_path / name, FORMS[name](line))
    assert got.text.strip() == line.strip()


@pytest.mark.slow
def test_a_text_of_fifty_megabytes_is_read_whole(tmp_path: Path) -> None:
    text = ("# Part\n\n" + "The kiln is hot at noon, and cold at midnight.\n\n" * 50) * 21_000
    got = one(tmp_path / "a.md", text)
    assert len(got.text) == len(text) > 50_000_000
    assert len(got.marks) == 21_000


@pytest.mark.parametrize(
    "formula", ["=1+1", "+cmd|' /C calc'!A0", "@SUM(A1)", "<script>alert(1)</script>", "{{ 7 * 7 }}"]
)
def test_what_another_program_would_obey_is_text(tmp_path: Path, formula: str) -> None:
    rows = json.dumps({"text": formula}) + "\n"
    assert texts(all_of(tmp_path / "a.jsonl", rows)) == [formula]
    assert one(tmp_path / "a.docx", docx([formula])).text == formula
    assert texts(all_of(tmp_path / "a.csv", f'id,text\n1,"{formula}"\n')) == [formula]
