"""A run that dropped the text of its documents: what stands stays, what needs the text reads the sources or says so."""

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from factory import Run, run
from factory.errors import TextDropped, WrongRequest
from factory.pipeline import audit, estimate
from factory.stages.forget import forget
from factory.views import show
from factory.views.trace import trace
from factory.views.verify import broken, verify
from tests.cli.conftest import factory
from tests.corpora import contents, rows, strings, write_documents, write_recipe

GLOSSARY = "# Glossary\n\nA **gateway** is the indoor device that collects the readings of all gauges in the house.\n"
ONLY_HERE = "Nobody but this one sentence says that the zeppelin lands on the meadow behind the brewery."
FILES = {"glossary.md": GLOSSARY, "notes.txt": ONLY_HERE}
ANSWERS = ["extractive_qa"]


@pytest.fixture
def dropped(tmp_path: Path) -> tuple[Path, Run]:
    """A recipe, and its run whose documents have no text any more."""
    write_documents(tmp_path, FILES)
    file = write_recipe(tmp_path, methods=ANSWERS, records=["exact_dedup"])
    return file, run(file, forget_documents=True)


def change(file: Path, before: str, after: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")


def test_the_text_is_in_no_table_and_all_else_stays(tmp_path: Path) -> None:
    write_documents(tmp_path, FILES)
    file = write_recipe(tmp_path, methods=ANSWERS, records=["exact_dedup"])
    before = run(file)
    stood, documents = contents(before.path / "dataset"), rows(before.path / "documents")
    assert any(ONLY_HERE in text for text in strings(documents))
    done = run(file, forget_documents=True)
    assert done.did == ["drop_text"]
    assert not done.has_text
    assert rows(done.path / "documents") == [{**row, "text": ""} for row in documents]
    found = [text for part in done.path.rglob("*.parquet") for text in strings(pq.read_table(part).to_pylist())]
    assert not any(ONLY_HERE in text for text in found)
    assert contents(done.path / "dataset") == stood
    assert json.loads((done.path / "manifest.json").read_text())["text"] == "dropped"


def test_the_run_stays_up_to_date(dropped: tuple[Path, Run]) -> None:
    file, done = dropped
    before = contents(done.path / "documents")
    assert run(file).did == []
    assert run(file, forget_documents=True).did == []
    assert contents(done.path / "documents") == before


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("max_tokens: 512", "max_tokens: 64"),
        ("- extractive_qa", "- extractive_qa\n  - text"),
        ("  filter: []\ngenerate", "  filter: [length]\ngenerate"),
        ("- exact_dedup", "- grounded"),
    ],
    ids=["another split", "another method", "a filter on passages", "a filter that sees the source"],
)
def test_a_changed_recipe_that_needs_the_text_reads_the_sources_and_ends_as_if_nothing_was_dropped(
    dropped: tuple[Path, Run], tmp_path: Path, before: str, after: str
) -> None:
    file, done = dropped
    change(file, before, after)
    again = run(file)
    assert again.has_text
    assert "text" not in json.loads((done.path / "manifest.json").read_text())
    assert not broken(verify(again))
    other = tmp_path / "other"
    shutil.copytree(tmp_path / "documents", other / "documents")
    (other / "recipe.yaml").write_text(file.read_text().replace(f"{done.path}", f"{other / 'run'}"))
    never = run(other / "recipe.yaml")
    assert contents(never.path / "dataset") == contents(again.path / "dataset")


def test_a_changed_recipe_that_does_not_need_the_text_reads_nothing(dropped: tuple[Path, Run]) -> None:
    file, _ = dropped
    change(file, "- exact_dedup", "- length: {min_chars: 5}")
    change(file, "generate:", "audit: {checks: []}\nexport: {formats: [trl, messages]}\ngenerate:")
    with pytest.raises(TextDropped):
        audit(file.parent / "run")
    done = run(file, until="export")
    assert done.did == ["filter.records", "export"]
    assert not done.has_text


def test_where_the_sources_are_gone_a_run_that_needs_them_says_so(dropped: tuple[Path, Run]) -> None:
    file, done = dropped
    shutil.rmtree(file.parent / "documents")
    stood = contents(done.path / "dataset")
    change(file, "max_tokens: 512", "max_tokens: 64")
    with pytest.raises(WrongRequest, match="the source 'documents' is not there"):
        run(file)
    assert contents(done.path / "dataset") == stood


def test_ingest_brings_the_text_back(dropped: tuple[Path, Run]) -> None:
    file, done = dropped
    assert run(file, until="ingest").has_text
    assert any(ONLY_HERE in text for text in strings(rows(done.path / "documents")))
    assert run(file).has_text


def test_an_estimate_reads_the_sources_again(dropped: tuple[Path, Run]) -> None:
    file, done = dropped
    assert estimate(file) == []
    assert done.path.is_dir()


def test_what_only_reads_shows_what_there_is(dropped: tuple[Path, Run]) -> None:
    _, done = dropped
    assert not broken(verify(done))
    assert {finding.law for finding in verify(done)} == {1, 8}
    [row] = show.rows(done, "records")
    found = trace(done, row["id"])
    [quote] = found["quotes"]
    assert quote["text"].startswith("the indoor device") or "gateway" in quote["text"]
    assert (quote["path"], quote["before"], quote["after"]) == ("documents/glossary.md", "", "")
    assert trace(done, row["id"].split("/")[0])["kept"]
    for table in ("documents", "passages"):
        with pytest.raises(TextDropped, match=f"Read the sources again: factory ingest {done.path}"):
            list(show.rows(done, table))
    with pytest.raises(TextDropped):
        forget(done.path, ["documents/notes.txt"], yes=True)
    assert not Run(done.path).has_text


def test_a_drop_that_was_stopped_goes_on(tmp_path: Path) -> None:
    write_documents(tmp_path, FILES)
    done = run(write_recipe(tmp_path, methods=["text"]))
    manifest = json.loads((done.path / "manifest.json").read_text())
    (done.path / "manifest.json").write_text(json.dumps({**manifest, "text": "dropped"}))  # said, and not yet done
    assert run(tmp_path / "recipe.yaml", forget_documents=True).did == []
    assert not any(ONLY_HERE in text for text in strings(rows(done.path / "documents")))


def test_the_command_says_what_can_no_longer_be_done(tmp_path: Path) -> None:
    write_documents(tmp_path, FILES)
    write_recipe(tmp_path, methods=ANSWERS)
    refused = factory("run", "recipe.yaml", "--forget-documents", "--limit", "1", cwd=tmp_path)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith("--limit: --forget-documents goes with a whole run")
    ended = factory("run", "recipe.yaml", "--forget-documents", cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert "documents         the text of 2 was dropped" in ended.err
    assert "Without it these cannot be done: another split into passages" in ended.err
    checked = factory("verify", "run", cwd=tmp_path)
    assert checked.code == 0
    assert "quotes and the report's numbers were not checked" in checked.err
    assert factory("run", "recipe.yaml", cwd=tmp_path).err.startswith("Nothing to do")
    for args in (["show", "run", "documents"], ["audit", "run"]):
        said = factory(*args, cwd=tmp_path)
        assert (said.code, said.out) == (2, "")
        assert "was dropped, and this needs it. Read the sources again: factory ingest" in said.err
