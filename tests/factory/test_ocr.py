"""OCR in a run: asked for by source, kept like other parsing, marked down to the row and counted."""

import json
import os
import subprocess
import time
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from factory import Run, audit, rejections, run
from factory.corpus import kept_documents
from factory.progress import Progress
from factory.readers import ocr
from factory.views import show
from factory.views.doctor_recipe import of_recipe
from tests.cli.conftest import COMMAND, environment
from tests.corpora import rows, write_documents, write_recipe
from tests.documents import png, scanned
from tests.laws.test_forget import places_of

pytestmark = pytest.mark.skipif(which(ocr.PROGRAM) is None, reason=f"needs the program {ocr.PROGRAM}")

MUSEUM = "The museum opened in 1889.\nIt is free of charge for everybody."
CLOSED = "It is closed on Mondays\nand on all public holidays."
SEEN = {"path": "documents", "ocr": "tesseract"}


def ingested(folder: Path, *sources: dict[str, Any]) -> Run:
    return run(write_recipe(folder, sources=sources), until="ingest")


def texts(done: Run) -> dict[str, str]:
    return {f"{document.source}/{document.path}": document.text for _, document, _ in kept_documents(done)}


def rejected(done: Run) -> dict[str, str]:
    return {row["place"]: row["reason"] for row in rejections.read(done, "ingest")}


def test_the_same_file_is_seen_for_the_source_that_asks_and_for_no_other(tmp_path: Path) -> None:
    write_documents(tmp_path, {"a.pdf": scanned([MUSEUM]), "b.png": png(CLOSED)})
    for _ in range(2):  # the second time from what is kept of the first
        done = ingested(tmp_path, {**SEEN, "name": "seen"}, {"path": "documents", "name": "not"})
        assert texts(done) == {"seen/a.pdf": MUSEUM, "seen/b.png": CLOSED}
        assert rejected(done) == {"not/a.pdf": "ingest.no_text_layer", "not/b.png": "ingest.unsupported"}
        done.undo("ingest")


def test_what_was_seen_is_kept_until_the_way_of_seeing_changes(tmp_path: Path, reads: list[str]) -> None:
    write_documents(tmp_path, {"a.pdf": scanned([MUSEUM]), "blank.pdf": scanned([""]), "c.md": "A pump moves water."})
    assert rejected(ingested(tmp_path, {"path": "documents"}))["documents/a.pdf"] == "ingest.no_text_layer"
    assert sorted(reads) == ["a.pdf", "blank.pdf", "c.md"]
    reads.clear()
    done = ingested(tmp_path, SEEN)
    assert texts(done)["documents/a.pdf"] == MUSEUM
    assert rejected(done) == {"documents/blank.pdf": "ingest.ocr_found_nothing"}
    assert sorted(reads) == ["a.pdf", "blank.pdf"]  # to a text it makes no difference
    reads.clear()
    write_documents(tmp_path, {"d.md": "A valve stops water."})
    ingested(tmp_path, SEEN)
    assert reads == ["d.md"]
    reads.clear()
    ingested(tmp_path, {**SEEN, "ocr": {"languages": ["eng", "osd"]}})
    assert sorted(reads) == ["a.pdf", "blank.pdf"]


def test_rows_passages_and_the_report_say_what_was_seen(tmp_path: Path) -> None:
    typed = "\n".join(f"Line {nth} of a page that was typed and not scanned." for nth in range(8))
    write_documents(tmp_path, {"a.pdf": scanned([typed, MUSEUM, CLOSED], typed=(1,))})
    split = {"split": {"validation": 0, "test": 0}}
    recipe = write_recipe(tmp_path, sources=[SEEN], methods=[{"text": {"max_tokens": 64}}], max_tokens=64, export=split)
    done = run(recipe, until="export")
    made = [(row["text"], "by_ocr" in json.loads(row["meta"])) for row in rows(done.path / "dataset")]
    assert {by_ocr for _, by_ocr in made} == {True, False}
    assert [by_ocr for _, by_ocr in made] == ["museum opened" in text or "on Mondays" in text for text, _ in made]
    passages = list(show.rows(done, "passages"))
    assert ["by_ocr" in passage for passage in passages] == [by_ocr for _, by_ocr in made]
    engine = str(ocr.installed(["eng"]))
    assert done.counts("ingest")["ocr"] == {"documents": {"engine": engine, "pages": 2}}
    report = audit(done.path)
    assert report["measures"]["sources.pages_by_ocr"] == 2
    assert "2 pages read by OCR" in (done.path / "report.html").read_text()


def test_the_doctor_says_what_will_see_and_what_is_missing(tmp_path: Path) -> None:
    write_documents(tmp_path, {"a.pdf": scanned([MUSEUM])})
    found = {finding.what: finding for finding in of_recipe(str(write_recipe(tmp_path, sources=[SEEN])))}
    assert found["source documents, ocr"].level == "ok"
    assert found["source documents, ocr"].said.endswith("reads its pages without text: eng")
    missing = {"path": "documents", "ocr": {"languages": ["nowhere"]}}
    [finding] = of_recipe(str(write_recipe(tmp_path, sources=[missing])))
    assert finding.level == "error"
    assert "apt-get install tesseract-ocr-nowhere" in finding.said


# --- a long book


def counted(folder: Path, monkeypatch: pytest.MonkeyPatch, *, wait_s: float = 0) -> Path:
    """A file that gets a line for each page that tesseract is asked for, which takes a while longer than it does."""
    log = folder / "asked"
    program = folder / "bin/tesseract"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\nif [ "$1" = stdin ]; then echo page >> {log}; sleep {wait_s}; fi\nexec {which(ocr.PROGRAM)} "$@"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return log


def test_a_book_that_was_killed_in_the_middle_goes_on_with_the_next_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"The museum has a room with the number {nth}." for nth in range(4)]
    write_documents(tmp_path, {"book.pdf": scanned(lines)})
    file = write_recipe(tmp_path, sources=[SEEN])
    log = counted(tmp_path, monkeypatch, wait_s=0.5)
    child = subprocess.Popen([COMMAND, "ingest", str(file)], env=environment(), stderr=subprocess.DEVNULL)
    kept = tmp_path / "run/cache/ocr"
    while not any(len(pages.read_bytes().splitlines()) >= 3 for pages in kept.glob("*.jsonl")):  # the first is empty
        assert child.poll() is None
        time.sleep(0.02)
    child.kill()
    child.wait()
    asked = len(log.read_text().splitlines())
    assert 2 <= asked < 4
    told: list[str] = []
    done = run(file, until="ingest", progress=Told(told))
    assert texts(done) == {"documents/book.pdf": "\n\n".join(lines)}
    assert len(log.read_text().splitlines()) <= 5, "only the page that was being read is read again"
    assert told == [*(f"documents/book.pdf: page {nth} of 4 by OCR" for nth in (1, 2, 3)), ""]
    assert not kept.exists()
    assert places_of("museum", done.path / "cache") == []


class Told(Progress):
    """Keeps what is told beside the bar."""

    def __init__(self, notes: list[str]) -> None:
        self._notes = notes

    def note(self, text: str) -> None:
        self._notes.append(text)
