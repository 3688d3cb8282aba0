"""Reading a run as its filters left it: headings, pages, gaps, edits, and search."""

import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from factory import Passage, Run, run
from factory.corpus import Corpus, edited, kept_documents, kept_records, passages_by_document, record_tables
from factory.edits import Edit, EditMap
from factory.errors import DeadWorld
from tests.corpora import write_documents, write_recipe
from tests.documents import pdf
from tests.factory.installing import Package, on_the_path

HANDBOOK = """# Handbook

Intro of the handbook, which says little about pumps.

## Pumps

The pump moves water. Write to anna.smith@example.com about it.

### Mending of bob.jones@example.org

Take the pump apart and clean every part of it.

## Valves

The valve stops water.
"""

EMPTIES = """
from dataclasses import dataclass

import pyarrow as pa

from factory.edits import Edit
from factory.verdicts import Verdicts


@dataclass(frozen=True)
class empties:
    sees = "text"

    def measure(self, batch):
        return pa.record_batch({"id": batch["id"], "void": pa.array([t == "Void" for t in batch["text"].to_pylist()])})

    def decide(self, features):
        verdicts = Verdicts()
        for id_, void in zip(features["id"].to_pylist(), features["void"].to_pylist(), strict=True):
            verdicts.edit(id_, [("text", Edit(0, 4, "void", ""))] if void else [], "empties.void")
        return verdicts
"""


def ingested(folder: Path, files: dict[str, Any], **keys: Any) -> Run:
    write_documents(folder, files)
    return run(write_recipe(folder, max_tokens=16, **keys), until="filter")


def passages(done: Run) -> list[Passage]:
    return [passage for _, group in passages_by_document(done) for _, passage in group]


def by_words(done: Run, words: str) -> Passage:
    [found] = [passage for passage in passages(done) if words in passage.text]
    return found


# --- headings, pages, gaps


def test_a_passage_knows_the_titles_above_it_outermost_first(tmp_path: Path) -> None:
    done = ingested(tmp_path, {"a.md": HANDBOOK})
    assert by_words(done, "Intro of").heading in ((), ("Handbook",))
    assert by_words(done, "Take the pump").heading[:2] == ("Handbook", "Pumps")
    assert by_words(done, "The valve stops").heading == ("Handbook",)  # its own title stands in it


def test_a_title_that_a_filter_edited_is_shown_edited_everywhere(tmp_path: Path) -> None:
    done = ingested(tmp_path, {"a.md": HANDBOOK}, passages=["pii"])
    everything = json.dumps([[p.text, p.heading, p.gap] for p in passages(done)])
    assert "example.org" not in everything
    assert "example.com" not in everything
    heading = by_words(done, "clean every part").heading
    assert heading[:2] == ("Handbook", "Pumps")
    assert len(heading) == 2 or "Mending of" in heading[2]


def test_a_title_of_a_rejected_passage_is_not_shown(tmp_path: Path) -> None:
    text = "# Secret title\n\n" + "# Other\n\n" + "A pump moves water and more water than that. " * 6
    everyone = ingested(tmp_path, {"a.md": text})
    below = [p for p in passages(everyone) if p.heading]
    assert below
    assert {p.heading for p in below} == {("Other",)}
    done = ingested(tmp_path, {"a.md": text}, passages=[{"length": {"min_chars": 30}}])
    kept = passages(done)
    assert kept
    assert "Secret title" not in json.dumps([[p.text, p.heading] for p in kept])


def test_a_passage_knows_the_page_that_it_begins_on(tmp_path: Path) -> None:
    pages = ["\n".join(f"Line {n} of page {page} says a word about pumps." for n in range(8)) for page in (1, 2, 3)]
    done = ingested(tmp_path, {"a.pdf": pdf(pages)})
    for page in (1, 2, 3):
        assert {p.page for p in passages(done) if p.text.startswith(f"Line 0 of page {page}")} == {page}
    assert all(p.page in (1, 2, 3) for p in passages(done))


def test_gaps_and_texts_give_the_document_back(tmp_path: Path) -> None:
    done = ingested(tmp_path, {"a.md": HANDBOOK, "b.txt": "one\n\n\n\n   two  \n" * 30})
    for document, group in passages_by_document(done):
        assert "".join(p.gap + p.text for _, p in group) == document.text.rstrip()


def test_a_passage_after_a_rejected_one_keeps_its_own_gap(tmp_path: Path) -> None:
    text = "A pump moves water from one place to another.\n\ntiny\n\n\nA valve stops water where it should not go."
    done = ingested(tmp_path, {"a.txt": text}, passages=[{"length": {"min_chars": 20}}])
    assert all(not p.gap.strip() for p in passages(done))


# --- documents


def test_edits_of_documents_and_passages_compose_and_lead_back(tmp_path: Path) -> None:
    done = ingested(tmp_path, {"a.md": HANDBOOK}, documents=["pii"], passages=["pii"])
    [(_, document, edits)] = kept_documents(done)
    assert edits
    assert "example" not in edits.apply(document.text)
    for passage in passages(done):
        assert passage.edits.apply(document.text[passage.start : passage.end]) == passage.text


def test_a_rejected_document_has_no_passages_and_is_not_read(tmp_path: Path) -> None:
    done = ingested(tmp_path, {"a.md": "A pump moves water.", "b.md": "x"}, documents=[{"length": {"min_chars": 5}}])
    assert [document.path for _, document, _ in kept_documents(done)] == ["a.md"]
    assert {p.document for p in passages(done)} == {next(kept_documents(done))[1].id}


def test_only_the_wanted_documents_are_given(tmp_path: Path) -> None:
    done = ingested(tmp_path, {f"{n}.md": f"# Title {n}\n\nText {n}." for n in range(6)})
    everyone = [document.id for _, document, _ in kept_documents(done)]
    wanted = [everyone[4], everyone[1]]
    assert [document.id for document, _ in passages_by_document(done, wanted=wanted)] == [everyone[1], everyone[4]]


def test_a_document_of_which_nothing_is_left_takes_no_other_with_it(tmp_path: Path) -> None:
    with on_the_path(tmp_path / "site") as site:
        Package(site, "stranger").declares("filters", "empties", EMPTIES)
        files = {"a.md": HANDBOOK, "b.md": "Void", "c.md": "The valve stops water."}
        done = ingested(tmp_path, files, documents=["empties"])
        assert [document.path for _, document, _ in kept_documents(done)] == ["a.md", "b.md", "c.md"]
        assert [document.path for document, _ in passages_by_document(done)] == ["a.md", "c.md"]


def test_one_document_at_a_time_is_held(tmp_path: Path) -> None:
    text = "\n\n".join(f"Насос {nth} качает воду из пруда." for nth in range(4_000))
    write_documents(tmp_path, {f"{nth}.txt": text for nth in range(3)})
    done = run(write_recipe(tmp_path, max_tokens=4096), until="ingest")
    tracemalloc.start()
    try:
        peaks = [_peak(read(done), few) for read in (kept_documents, passages_by_document) for few in (1, 3)]
    finally:
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]
    assert peaks[3] < 1.2 * peaks[2]


def _peak(found: Iterator[Any], few: int) -> int:
    tracemalloc.reset_peak()
    for _ in range(few):
        next(found)
    return tracemalloc.get_traced_memory()[1]


def test_verdicts_that_do_not_fit_their_table_stop_the_run(tmp_path: Path) -> None:
    done = ingested(tmp_path, {"a.md": HANDBOOK, "b.md": "A pump."}, documents=["exact_dedup"])
    other = ingested(tmp_path / "other", {"a.md": HANDBOOK}, documents=["exact_dedup"])
    file = "verdicts/documents/exact_dedup.parquet"
    (done.path / file).write_bytes((other.path / file).read_bytes())
    with pytest.raises(DeadWorld, match=r"documents/exact_dedup\.parquet does not fit its table\."):
        list(kept_documents(done))


# --- records


def test_an_edited_records_quotes_are_edited_and_lead_back(tmp_path: Path) -> None:
    text = "# Contact\n\nA keeper is the person at anna.smith@example.com who holds the keys of the mill.\n"
    write_documents(tmp_path, {"a.md": text})
    done = run(write_recipe(tmp_path, records=["pii"], methods=["extractive_qa"]), until="generate")
    [(_, document, _)] = kept_documents(done)
    found = [(json.loads(row["meta"]), row) for table in record_tables(done) for row in kept_records(done, table)]
    assert found
    for meta, row in found:
        assert "example.com" not in json.dumps([meta, row["messages"]])
        for quote in meta["quotes"]:
            edits = EditMap(tuple(Edit(e["start"], e["end"], e["kind"], e["replacement"]) for e in quote["edits"]))
            assert edits.apply(document.text[quote["start"] : quote["end"]]) == quote["text"]
    assert any(meta.get("edits") for meta, _ in found)


def test_edits_reach_every_field_of_a_row() -> None:
    row = {
        "id": "x",
        "prompt": [{"role": "user", "content": "ab"}],
        "completions": [[{"role": "assistant", "content": "cd"}]],
        "meta": json.dumps({"quotes": [{"text": "ef", "edits": []}]}),
    }
    change = EditMap((Edit(0, 1, "k", "_"),))
    made = edited(row, {"prompt[0].content": change, "completions[0][0].content": change, "quotes[0].text": change})
    assert made["prompt"][0]["content"] == "_b"
    assert made["completions"][0][0]["content"] == "_d"
    meta = json.loads(made["meta"])
    assert meta["quotes"][0] == {"text": "_f", "edits": [{"start": 0, "end": 1, "kind": "k", "replacement": "_"}]}
    assert {e["field"] for e in meta["edits"]} == {"prompt[0].content", "completions[0][0].content", "quotes[0].text"}
    assert row["prompt"][0]["content"] == "ab"  # the row that was given is as it was


# --- search


@pytest.fixture
def corpus() -> Corpus:
    texts = ["A pump moves water.", "A valve stops water.", "The mill grinds corn.", "Corn, corn and corn again."]
    return Corpus([Passage(id=f"d/{n:04d}", text=text) for n, text in enumerate(texts)])


def test_search_gives_the_best_passages_first(corpus: Corpus) -> None:
    found = corpus.search("corn", k=2)
    assert [passage.id for passage, _ in found] == ["d/0003", "d/0002"]
    assert found[0][1] > found[1][1] > 0


def test_search_gives_nothing_for_what_is_nowhere(corpus: Corpus) -> None:
    assert corpus.search("zeppelin") == []
    assert corpus.search("") == []
    assert corpus.search("?!") == []
    assert Corpus([]).search("pump") == []


def test_a_search_may_ask_for_more_than_there_is(corpus: Corpus) -> None:
    assert {passage.id for passage, _ in corpus.search("water", k=99)} == {"d/0000", "d/0001"}


def test_a_corpus_is_read_by_id_and_in_order(corpus: Corpus) -> None:
    assert len(corpus) == 4
    assert [passage.id for passage in corpus] == ["d/0000", "d/0001", "d/0002", "d/0003"]
    assert corpus["d/0001"].text == "A valve stops water."


def test_a_generator_that_asks_for_the_corpus_gets_all_kept_passages(tmp_path: Path) -> None:
    source = (
        "from factory import Passage, records\n"
        "from factory.corpus import Corpus\n"
        "async def neighbours(passage: Passage, corpus: Corpus):\n"
        "    found = [other.id for other, _ in corpus.search(passage.text, k=3) if other.id != passage.id]\n"
        "    yield records.text([passage], passage.text, neighbours=found, size=len(corpus))\n"
    )
    write_documents(tmp_path, {"a.md": "A pump moves water.", "b.md": "The pump is blue.", "c.md": "x"})
    with on_the_path(tmp_path / "site") as site:
        Package(site, "stranger").declares("generators", "neighbours", source)
        recipe = write_recipe(tmp_path, methods=["neighbours"], passages=[{"length": {"min_chars": 5}}])
        done = run(recipe, until="generate")
    [table] = record_tables(done)
    metas = [json.loads(row["meta"]) for row in kept_records(done, table)]
    ids = [passage.id for passage in passages(done)]
    assert [meta["size"] for meta in metas] == [2, 2]
    assert [meta["neighbours"] for meta in metas] == [[ids[1]], [ids[0]]]
