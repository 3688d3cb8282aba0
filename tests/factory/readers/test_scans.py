"""Pages that are pictures: read by tesseract where that is asked for, marked, and nothing where it is not."""

from pathlib import Path
from shutil import which

import pytest

from factory.errors import BadItem, WrongRequest
from factory.readers import ocr
from factory.readers.ocr import Ocr
from factory.readers.reading import Reading
from tests.documents import pdf, png, scanned, tiff
from tests.reading import all_of, rejected

with_tesseract = pytest.mark.skipif(which(ocr.PROGRAM) is None, reason=f"needs the program {ocr.PROGRAM}")

MUSEUM = "The museum opened in 1889.\nIt is free of charge for everybody."
CLOSED = "It is closed on Mondays\nand on all public holidays."


@pytest.fixture
def engine() -> Ocr:
    return ocr.installed(["eng"])


def seen(path: Path, content: bytes, engine: Ocr) -> Reading | BadItem:
    [item] = all_of(path, content, ocr=engine)
    return item


def marks(got: Reading, kind: str) -> list[tuple[int, str]]:
    """The marks of a kind: their levels, and the text that they cover, or of a page begin."""
    return [(m.level, got.text[m.start : m.end]) for m in got.marks if m.kind == kind]


def test_nothing_is_seen_unless_it_is_asked_for_and_then_it_is_said_how(tmp_path: Path) -> None:
    got = rejected(tmp_path / "a.pdf", scanned([MUSEUM]))
    assert got.reason == "ingest.no_text_layer"
    assert "'ocr: tesseract' at the source" in got.detail
    got = rejected(tmp_path / "a.PNG", png(MUSEUM))
    assert got.reason == "ingest.unsupported"
    assert "'ocr: tesseract' at the source" in got.detail


@with_tesseract
def test_only_pages_without_a_text_layer_are_seen_and_these_are_marked(tmp_path: Path, engine: Ocr) -> None:
    got = seen(tmp_path / "a.pdf", scanned([MUSEUM, CLOSED, "", MUSEUM], typed=(1,)), engine)
    assert isinstance(got, Reading)
    assert got.text == f"{MUSEUM}\n\n{CLOSED}\n\n\n\n{MUSEUM}"
    assert [level for level, _ in marks(got, "page")] == [1, 2, 3, 4]
    assert marks(got, "ocr") == [(2, CLOSED), (4, MUSEUM)]
    assert (got.media_type, got.replaced) == ("application/pdf", 0)


@with_tesseract
def test_a_pdf_of_text_is_read_as_without_ocr(tmp_path: Path, engine: Ocr) -> None:
    got = seen(tmp_path / "a.pdf", pdf([MUSEUM, CLOSED]), engine)
    [plain] = all_of(tmp_path / "a.pdf", pdf([MUSEUM, CLOSED]))
    assert got == plain


@with_tesseract
def test_words_cut_at_a_line_end_are_whole_again(tmp_path: Path, engine: Ocr) -> None:
    got = seen(tmp_path / "a.pdf", scanned(["The collection of the mu-\nseum was given by a friend."]), engine)
    assert isinstance(got, Reading)
    assert got.text == "The collection of the museum was given by a friend."


@with_tesseract
def test_pictures_are_documents_and_those_of_a_tiff_are_pages(tmp_path: Path, engine: Ocr) -> None:
    got = seen(tmp_path / "a.png", png(MUSEUM), engine)
    assert isinstance(got, Reading)
    assert (got.text, got.media_type, marks(got, "ocr")) == (MUSEUM, "image/png", [(1, MUSEUM)])
    got = seen(tmp_path / "a.TIF", tiff([MUSEUM, CLOSED]), engine)
    assert isinstance(got, Reading)
    assert (got.media_type, marks(got, "ocr")) == ("image/tiff", [(1, MUSEUM), (2, CLOSED)])


PARAGRAPH = """The museum of the harbour was founded by three families of captains,
who gave it their letters, charts and ledgers. Most of these lie in glass
cases on the second floor, where the light is weak and the air is dry.
Visitors may ask for copies at the desk; a page costs as much as a stamp.
On the first floor there are models of every ship that was built here,
from a fishing boat of oak to the steamer that carried mail to the islands.
Children like the pump of the old fire engine, which still throws water
over the yard whenever two of them are strong enough to move its handle."""


@with_tesseract
def test_a_page_on_its_side_or_upside_down_is_turned_first(tmp_path: Path, engine: Ocr) -> None:
    if not engine.turns:
        pytest.skip("needs tesseract's data 'osd'")
    for turned in (0, 90, 180, 270):
        got = seen(tmp_path / "a.png", png(PARAGRAPH, turned), engine)
        assert isinstance(got, Reading), turned
        assert got.text.split() == PARAGRAPH.split(), turned
    got = seen(tmp_path / "a.pdf", scanned([PARAGRAPH], upside_down=True), engine)
    assert isinstance(got, Reading)
    assert got.text.split() == PARAGRAPH.split()


@with_tesseract
def test_without_the_data_that_tells_which_way_up_it_is_pages_are_read_as_they_lie(tmp_path: Path) -> None:
    plain = Ocr("5", ("eng",), turns=False)
    got = seen(tmp_path / "a.png", png(MUSEUM), plain)
    assert isinstance(got, Reading)
    assert got.text == MUSEUM
    got = seen(tmp_path / "b.png", png(PARAGRAPH, 180), plain)
    assert not isinstance(got, Reading) or "museum" not in got.text


@with_tesseract
@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.pdf", scanned(["", ""]), "ingest.ocr_found_nothing"),
        ("a.png", png(""), "ingest.ocr_found_nothing"),
        ("a.png", png(MUSEUM)[:300], "ingest.ocr_failed"),
        ("a.jpg", b"no picture", "ingest.ocr_failed"),
        ("a.pdf", pdf(["secret"], encrypted=True), "ingest.encrypted"),
        ("a.pdf", scanned([MUSEUM])[:200], "ingest.corrupt_pdf"),
    ],
)
def test_what_gives_nothing_says_why(tmp_path: Path, engine: Ocr, name: str, content: bytes, reason: str) -> None:
    got = seen(tmp_path / name, content, engine)
    assert isinstance(got, BadItem)
    assert (got.reason, got.place) == (reason, name)


@with_tesseract
def test_a_page_that_cannot_be_read_costs_its_file_and_is_named(tmp_path: Path, engine: Ocr) -> None:
    broken = Ocr(engine.version, ("nowhere",))  # as if its data had gone since it was looked for
    got = seen(tmp_path / "a.pdf", scanned([CLOSED, MUSEUM], typed=(1,)), broken)
    assert isinstance(got, BadItem)
    assert got.reason == "ingest.ocr_failed"
    assert got.detail.startswith("Page 2: tesseract cannot read it (exit 1)")


def test_a_program_that_is_not_there_is_told_with_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(WrongRequest, match="tesseract is not installed: apt-get install tesseract-ocr, brew install"):
        ocr.installed(["eng"])


@with_tesseract
def test_a_language_that_is_not_there_is_told_with_how_to_install_it() -> None:
    with pytest.raises(WrongRequest) as error:
        ocr.installed(["eng", "chi_nowhere"])
    said = str(error.value)
    assert said.startswith("tesseract has no language 'chi_nowhere'.")
    assert "apt-get install tesseract-ocr-chi-nowhere" in said


@with_tesseract
def test_what_read_it_has_a_name_by_version_and_languages(engine: Ocr) -> None:
    assert str(engine) == f"tesseract {engine.version} eng{' turning pages' if engine.turns else ''}"
    assert engine.version[0].isdigit() or engine.version[0] == "v"
