"""Pages that were read of a scanned file: kept one by one, told one by one."""

from pathlib import Path

import pytest

from factory.readers.pages import Pages

TEXT = "One line,\nanother \u2028 one, and half a character: \ud800."


def test_a_page_that_was_noted_is_known_to_the_next(tmp_path: Path) -> None:
    kept = tmp_path / "ocr/a.jsonl"
    pages = Pages(kept)
    assert pages.seen(1) is None
    pages.note(1, TEXT)
    pages.note(7, "")
    again = Pages(kept)
    assert (again.seen(1), again.seen(7), again.seen(2)) == (TEXT, "", None)


@pytest.mark.parametrize("end", [b'{"page": 2, "te', b"\xff\xfe", b"[]", b'{"page": "x", "text": ""}', b"null"])
def test_a_line_that_was_cut_short_is_none_and_harms_no_other(tmp_path: Path, end: bytes) -> None:
    kept = tmp_path / "a.jsonl"
    Pages(kept).note(1, "first")
    kept.write_bytes(kept.read_bytes() + b"\n" + end)
    pages = Pages(kept)
    assert (pages.seen(1), pages.seen(2)) == ("first", None)
    pages.note(2, "second")
    assert Pages(kept).seen(2) == "second"


def test_without_a_place_nothing_is_kept() -> None:
    pages = Pages()
    pages.note(1, "first")
    assert pages.seen(1) is None
