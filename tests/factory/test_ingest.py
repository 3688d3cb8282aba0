"""Ingest: which files are read, under which ids, how often, and what becomes of those that cannot be."""

import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from factory import Run, rejections, run
from factory.corpus import kept_documents
from factory.documents import Document
from factory.errors import DeadWorld, WrongRequest
from factory.progress import Progress
from factory.stages.ingest import language
from tests.corpora import write_documents, write_recipe

ENGLISH = "A pump moves water from one place to another place, and that is all there is to say about pumps today.\n"
GERMAN = "Eine Pumpe bewegt das Wasser von einem Ort zum anderen, mehr gibt es darüber heute nicht zu sagen.\n"


def ingested(
    folder: Path, *, sources: Sequence[dict[str, Any]] = ({"path": "documents"},), retry: str | None = None
) -> Run:
    return run(write_recipe(folder, sources=sources), until="ingest", retry=retry)


def documents(done: Run) -> list[Document]:
    return [document for _, document, _ in kept_documents(done)]


def paths(done: Run) -> list[str]:
    return [f"{document.source}/{document.path}" for document in documents(done)]


def rejected(done: Run) -> dict[str, str]:
    return {row["place"]: row["reason"] for row in rejections.read(done, "ingest")}


# --- which files


def test_a_source_is_a_file_a_folder_or_a_glob(tmp_path: Path) -> None:
    write_documents(tmp_path, {"a.md": "A", "deep/b.md": "B", "deep/er/c.txt": "C"})
    sources = [
        {"path": "documents/a.md"},
        {"path": "documents/deep"},
        {"path": "documents/**/*.md", "name": "glob"},
        {"path": "documents/d*p/e?", "name": "nothing but folders"},
    ]
    assert paths(ingested(tmp_path, sources=sources[:3])) == [
        "a.md/a.md",
        "deep/b.md",
        "deep/er/c.txt",
        "glob/a.md",
        "glob/deep/b.md",
    ]
    with pytest.raises(WrongRequest, match=r"The source 'documents/d\*p/e\?' names no file: .* has none"):
        ingested(tmp_path, sources=sources)


def test_hidden_files_and_folders_are_not_part_of_a_source(tmp_path: Path) -> None:
    write_documents(tmp_path, {"a.md": "A", ".hidden.md": "x", ".git/b.md": "x", "deep/.cache/c.md": "x"})
    assert paths(ingested(tmp_path)) == ["documents/a.md"]
    assert paths(ingested(tmp_path, sources=[{"path": "documents/**/*.md"}])) == ["documents/a.md"]


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    with pytest.raises(WrongRequest, match=f"The source 'documents' names no file: {tmp_path}/documents has none"):
        ingested(tmp_path)


def test_a_file_whose_name_looks_like_a_glob_is_itself(tmp_path: Path) -> None:
    write_documents(tmp_path, {"a[1].md": "bracket", "a1.md": "plain"})
    [document] = documents(ingested(tmp_path, sources=[{"path": "documents/a[1].md"}]))
    assert document.text == "bracket"


def test_links_to_files_are_read_and_links_that_lead_nowhere_are_in_the_ledger(tmp_path: Path) -> None:
    root = write_documents(tmp_path, {"a.md": "A"})
    (root / "also.md").symlink_to("a.md")
    (root / "broken.md").symlink_to("nothing.md")
    (root / "circle.md").symlink_to("circle.md")
    done = ingested(tmp_path)
    assert paths(done) == ["documents/a.md", "documents/also.md"]
    assert rejected(done) == {"documents/broken.md": "ingest.broken_link", "documents/circle.md": "ingest.broken_link"}
    assert {row["detail"] for row in rejections.read(done, "ingest")} == {
        "This link points to nothing: mend or remove it."
    }


@pytest.mark.parametrize("path", ["documents", "documents/**/*.md"])
def test_links_to_folders_are_not_followed_so_none_can_loop(tmp_path: Path, path: str) -> None:
    root = write_documents(tmp_path, {"deep/a.md": "A"})
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/b.md").write_text("B")
    (root / "deep/up").symlink_to(root, target_is_directory=True)
    (root / "deep/out").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    done = ingested(tmp_path, sources=[{"path": path, "name": "documents"}])
    assert [path.rpartition("/")[2] for path in paths(done)] == ["a.md"]
    out, up = rejections.read(done, "ingest")
    assert (out["place"], out["reason"]) == ("documents/deep/out", "ingest.linked_folder")
    assert out["detail"] == "A link to a folder is not followed: name the folder itself as a source."
    assert (up["place"], up["reason"]) == ("documents/deep/up", "ingest.looping_folder")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    root = write_documents(tmp_path, {"a.md": "A"})
    os.mkfifo(root / "pipe.txt")
    assert rejected(ingested(tmp_path)) == {"documents/pipe.txt": "ingest.unreadable"}


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_what_may_not_be_read_is_in_the_ledger(tmp_path: Path) -> None:
    root = write_documents(tmp_path, {"a.md": "A", "b.md": "B", "closed/c.md": "C"})
    (root / "b.md").chmod(0)
    (root / "closed").chmod(0)
    try:
        assert set(rejected(ingested(tmp_path))) == {"documents/b.md", "documents/closed"}
    finally:
        (root / "closed").chmod(0o700)


def test_a_name_that_is_not_utf8_can_be_stored(tmp_path: Path) -> None:
    root = write_documents(tmp_path, {"a.md": "A"})
    try:
        Path(os.fsdecode(os.fsencode(root) + b"/caf\xe9.md")).write_text("B")
        Path(os.fsdecode(os.fsencode(root) + b"/bad\xe9.zip")).write_text("B")
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    done = ingested(tmp_path)
    assert paths(done) == ["documents/a.md", "documents/caf\ufffd.md"]
    assert rejected(done) == {"documents/bad\ufffd.zip": "ingest.unsupported"}


@pytest.mark.parametrize("path", [".", "./**/*.*", "../{}/."])
def test_a_run_inside_its_source_is_not_read(tmp_path: Path, path: str) -> None:
    write_documents(tmp_path, {"a.md": ENGLISH})
    sources = [{"path": path.format(tmp_path.name), "name": "all"}]
    for name in ("run", "run", "other"):
        done = run(write_recipe(tmp_path, sources=sources, run=name), until="export")
        assert paths(done) == ["all/documents/a.md"]


# --- ids and policy


def test_ids_hang_on_source_path_and_row_alone(tmp_path: Path) -> None:
    files = {"a.md": "one text", "b.md": "another text", "rows.jsonl": '{"text": "x"}\n{"text": "y"}\n'}
    folders = [tmp_path / "here", tmp_path / "there"]
    for folder in folders:
        write_documents(folder, files)
    first, second = (documents(ingested(folder)) for folder in folders)
    assert [d.id for d in first] == [d.id for d in second]
    (folders[0] / "documents/a.md").write_text("wholly different")
    (folders[0] / "documents/0.md").write_text("before all others")
    after = {d.path: d.id for d in documents(ingested(folders[0])) if d.row is None}
    assert after.items() >= {d.path: d.id for d in first if d.row is None}.items()
    assert len({d.id for d in first}) == 4


def test_the_same_bytes_in_two_sources_have_each_their_own_policy(tmp_path: Path, reads: list[str]) -> None:
    write_documents(tmp_path, {"a/x.md": ENGLISH, "b/x.md": ENGLISH})
    sources = [{"path": "documents/a", "licence": "MIT"}, {"path": "documents/b", "confidentiality": "restricted"}]
    ingested(tmp_path, sources=sources)
    sources[0]["copyright"] = "© A"
    one, other = documents(ingested(tmp_path, sources=sources))
    assert (one.policy.licence, one.policy.copyright, one.policy.confidentiality) == ("MIT", "© A", "internal")
    assert (other.policy.licence, other.policy.copyright, other.policy.confidentiality) == (None, None, "restricted")
    assert one.id != other.id
    assert reads == ["x.md", "x.md"]  # at first; a new policy reads nothing


@pytest.mark.parametrize(
    ("text", "code"), [(ENGLISH, "en"), (GERMAN, "de"), ("42", None), ("", None), ("1 2 3 " * 99, None), ("ok", None)]
)
def test_a_language_is_told_where_there_is_enough_to_tell_by(text: str, code: str | None) -> None:
    assert language(text) == code


TITLE = "Handbook of the kiln, its lid, its tiles and its lamp, and of all who work with them.\n"
CODE = (
    "```sh\ncat handbook.txt | grep --only-matching 'the lid is open, the lamp is on, the tiles are in the kiln'\n```\n"
)


@pytest.mark.parametrize("beginning", [TITLE, CODE])
def test_a_title_or_code_in_another_language_does_not_decide(beginning: str) -> None:
    assert language(beginning + GERMAN * 4) == "de"


# --- once only


def test_a_file_is_parsed_once_as_long_as_its_bytes_stay_the_same(tmp_path: Path, reads: list[str]) -> None:
    root = write_documents(tmp_path, {"a.md": "A", "b.md": "B", "c.md": "C"})
    first = documents(ingested(tmp_path))
    assert reads == ["a.md", "b.md", "c.md"]

    reads.clear()
    assert ingested(tmp_path).did == []
    (root / "a.md").touch()
    assert ingested(tmp_path).did == []

    (root / "b.md").write_text("B, changed")
    assert [d.text for d in documents(ingested(tmp_path))] == ["A", "B, changed", "C"]
    assert reads == ["b.md"]

    reads.clear()
    (root / "c.md").rename(root / "d.md")
    (root / "new.md").write_text("new")
    done = documents(ingested(tmp_path))
    assert reads == ["new.md"]
    assert [(d.path, d.text) for d in done] == [("a.md", "A"), ("b.md", "B, changed"), ("d.md", "C"), ("new.md", "new")]
    assert done[2].id not in {d.id for d in first}

    (root / "a.md").unlink()
    assert [d.path for d in documents(ingested(tmp_path))] == ["b.md", "d.md", "new.md"]


def test_the_same_bytes_under_another_ending_are_another_document(tmp_path: Path, reads: list[str]) -> None:
    root = write_documents(tmp_path, {"a.md": "# Title\n\nText"})
    ingested(tmp_path)
    shutil.copy(root / "a.md", root / "a.txt")
    assert [d.media_type for d in documents(ingested(tmp_path))] == ["text/markdown", "text/plain"]
    assert reads == ["a.md", "a.txt"]


def test_a_file_that_rested_is_not_even_opened_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from factory.stages import sources

    root = write_documents(tmp_path, {"a.md": "A", "b.md": "B"})
    long_ago = time.time() - 100
    os.utime(root / "a.md", (long_ago, long_ago))
    ingested(tmp_path)
    opened: list[str] = []
    real = sources._digest
    monkeypatch.setattr(sources, "_digest", lambda place: opened.append(place.name) or real(place))
    ingested(tmp_path)
    assert opened == ["b.md"]  # it may change again within the clock's tick


def test_a_change_that_keeps_size_and_time_is_seen_while_it_is_young(tmp_path: Path) -> None:
    root = write_documents(tmp_path, {"a.md": "old"})
    ingested(tmp_path)
    stat = (root / "a.md").stat()
    (root / "a.md").write_text("new")
    os.utime(root / "a.md", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert [d.text for d in documents(ingested(tmp_path))] == ["new"]


class Stops(Progress):
    """Raises after so many files."""

    def __init__(self, after: int) -> None:
        self._left = after

    def advance(self, items: int = 1) -> None:
        self._left -= items
        if self._left == 0:
            raise KeyboardInterrupt


def test_what_was_parsed_before_an_interrupt_is_not_parsed_again(tmp_path: Path, reads: list[str]) -> None:
    write_documents(tmp_path, {f"{n}.md": f"text {n}" for n in range(9)})
    recipe = write_recipe(tmp_path)
    for after in (4, 3, 6):
        with pytest.raises(KeyboardInterrupt):
            run(recipe, until="ingest", progress=Stops(after))
    assert [d.text for d in documents(run(recipe, until="ingest"))] == [f"text {n}" for n in range(9)]
    assert sorted(reads) == [f"{n}.md" for n in range(9)]
    assert not list((tmp_path / "run").glob("documents.*"))


# --- rejected files


def test_a_file_that_cannot_be_read_is_rejected_alone_and_not_read_again_until_asked(
    tmp_path: Path, reads: list[str]
) -> None:
    root = write_documents(tmp_path, {"a.md": "A", "bad.pdf": b"%PDF-1.4 nothing", "blank.md": " \n", "x.zip": b"PK"})
    done = ingested(tmp_path)
    assert paths(done) == ["documents/a.md"]
    assert rejected(done) == {
        "documents/bad.pdf": "ingest.corrupt_pdf", "documents/blank.md": "ingest.empty",
        "documents/x.zip": "ingest.unsupported",
    }  # fmt: skip
    assert done.counts("ingest") == {"files": 4, "documents": 1, "rejected": 3}

    reads.clear()
    (root / "new.md").write_text("N")
    assert len(rejected(ingested(tmp_path))) == 3
    assert set(reads) == {"new.md", "x.zip"}  # what is not supported costs nothing to look at


def test_a_retry_reads_again_what_was_rejected_for_that_reason_only(tmp_path: Path, reads: list[str]) -> None:
    write_documents(tmp_path, {"a.md": "A", "bad.pdf": b"%PDF-1.4 nothing", "blank.md": " \n"})
    ingested(tmp_path)
    reads.clear()
    assert "ingest" in ingested(tmp_path, retry="ingest.corrupt_pdf").did
    assert reads == ["bad.pdf"]
    reads.clear()
    assert "ingest" in ingested(tmp_path, retry="ingest").did  # a prefix
    assert reads == ["bad.pdf", "blank.md"]


def test_a_retry_for_a_reason_that_there_is_not_does_nothing_and_says_so(tmp_path: Path) -> None:
    class Said(Progress):
        lines: tuple[str, ...] = ()

        def say(self, line: str) -> None:
            self.lines += (line,)

    write_documents(tmp_path, {"a.md": "A", "blank.md": " \n"})
    ingested(tmp_path)
    said = Said()
    assert run(write_recipe(tmp_path), until="ingest", retry="ingest.emp", progress=said).did == []
    assert said.lines == ("No file was rejected as ingest.emp. Reasons here: ingest.empty.",)


def test_a_broken_row_is_rejected_at_its_line(tmp_path: Path) -> None:
    write_documents(tmp_path, {"rows.jsonl": '{"text": "one"}\n{"text": \n{"body": "three"}\n{"other": 4}\n'})
    done = ingested(tmp_path)
    assert [(d.row, d.text) for d in documents(done)] == [(1, "one"), (3, "three")]
    assert rejected(done) == {"documents/rows.jsonl:2": "ingest.bad_json", "documents/rows.jsonl:4": "ingest.no_text"}


def test_a_mapped_column_is_read_again_when_the_map_changes(tmp_path: Path) -> None:
    write_documents(tmp_path, {"rows.jsonl": '{"a": "first", "b": "second"}\n'})
    for column, text in (("a", "first"), ("b", "second")):
        [document] = documents(ingested(tmp_path, sources=[{"path": "documents", "map": {"text": column}}]))
        assert document.text == text


def test_characters_that_cannot_be_stored_are_replaced_and_counted(tmp_path: Path) -> None:
    write_documents(tmp_path, {"rows.jsonl": b'{"text": "a\\u0000b\\ud800c"}\n'})
    [document] = documents(ingested(tmp_path))
    assert (document.text, document.replaced) == ("a\ufffdb\ufffdc", 2)


def test_a_full_disk_stops_the_run_and_the_same_command_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reads: list[str]
) -> None:
    from tests.factory.test_tables import FullDisk

    write_documents(tmp_path, {"a.md": "A", "b.md": "B"})
    with (
        FullDisk(monkeypatch, after=0),
        pytest.raises(DeadWorld, match=r"No space left on device\. Make room, then run the same"),
    ):
        ingested(tmp_path)
    assert len(documents(ingested(tmp_path))) == 2
