"""Split: passages tile a document but for white space, keep the budget, and never cut a replacement."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from factory import Run, documents, passages, run, tables
from factory.corpus import kept_documents
from factory.documents import Document, digest
from factory.edits import Edit, EditMap
from factory.errors import WrongRequest
from factory.stages import split
from factory.stages.split import Cutter, estimate_tokens
from tests.corpora import write_documents, write_recipe

WORDS = st.sampled_from(
    [
        "pump",
        "valve.",
        "# Title\n\n",
        "\n\n",
        "\n",
        " ",
        "  ",
        "- item\n",
        "Straße",
        "水を動かす",
        "🔧",
        "e\u0301",
        "\u00a0",
        "a" * 50,
        "| a | b |\n",
    ]
)
TEXTS = st.lists(WORDS, max_size=80).map("".join)


def rows(
    text: str, edits: EditMap | None = None, *, max_tokens: int = 16, media_type: str = "text/markdown"
) -> list[dict[str, Any]]:
    document = Document(id="0123456789ab", text=text, media_type=media_type)
    return list(Cutter(max_tokens).rows(document, edits or EditMap()))


@given(text=TEXTS, media_type=st.sampled_from(["text/markdown", "text/plain"]))
def test_passages_tile_the_document_but_for_white_space_within_the_budget(text: str, media_type: str) -> None:
    tiled(text, media_type)


@given(text=TEXTS, media_type=st.sampled_from(["text/markdown", "text/plain"]), enough=st.integers(1, 200))
def test_a_large_document_is_split_in_parts_under_the_same_law(text: str, media_type: str, enough: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(split, "LONGEST", 1)  # the line then counts from four budgets on
        patch.setattr(split, "ENOUGH", enough)
        tiled(text + "x" * 500 + text, media_type)


def test_a_part_does_not_end_inside_fenced_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split, "ENOUGH", 100)
    code = "```\n" + "one\n\ntwo\n\n" * 20 + "```\n"
    text = ("before " * 10 + "\n\n") * 300 + code + "\nafter\n" * 300
    made = rows(text, max_tokens=100)
    assert [text[passage["start"] : passage["end"]].count("```") for passage in made].count(2) == 1
    assert all(passage["tokens"] <= 100 for passage in made)


def tiled(text: str, media_type: str) -> None:
    made = rows(text, media_type=media_type)
    at = 0
    for nth, passage in enumerate(made):
        assert passage["id"] == f"0123456789ab/{nth:04d}"
        assert text[at : passage["start"]].strip() == ""
        shown = text[passage["start"] : passage["end"]]
        assert shown
        assert shown == shown.rstrip()
        assert passage["digest"] == digest(shown)
        assert passage["tokens"] == estimate_tokens(shown) <= 16
        at = passage["end"]
    assert text[at:].strip() == ""


@given(text=TEXTS.filter(str.strip), data=st.data())
def test_no_cut_goes_through_a_replacement_and_offsets_lead_back(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)))
    made = [Edit(a, b, "pii.name", data.draw(st.sampled_from(["", "[NAME]", "[A VERY LONG NAME INDEED]"])))
            for a, b in zip(cuts[::2], cuts[1::2], strict=False)]  # fmt: skip
    edits = EditMap(tuple(made))
    edited, at = edits.apply(text), 0
    for passage in rows(text, edits):
        start, end = passage["start"], passage["end"]
        assert start >= at
        assert all(edit.end <= start or edit.start >= end or start <= edit.start <= edit.end <= end for edit in made)
        shown = edits.within(start, end).apply(text[start:end])
        assert digest(shown) == passage["digest"]
        assert shown in edited
        at = end


def test_an_estimate_is_bytes_over_four_rounded_up() -> None:
    assert [estimate_tokens(text) for text in ("", "a", "abcd", "abcde", "水水")] == [0, 1, 1, 2, 2]


def test_a_text_of_white_space_alone_has_no_passage() -> None:
    assert rows(" \n\t\n ") == []


def test_a_word_longer_than_the_budget_is_cut_rather_than_lost() -> None:
    made = rows("x" * 1000)
    assert "".join("x" * (p["end"] - p["start"]) for p in made) == "x" * 1000
    assert all(p["tokens"] <= 16 for p in made)


def test_markdown_is_cut_at_its_headings() -> None:
    text = "# One\n\nA pump moves water from here to there.\n\n# Two\n\nA valve stops water from going anywhere.\n"
    assert [text[p["start"] : p["end"]].split("\n")[0] for p in rows(text, max_tokens=20)] == ["# One", "# Two"]


# --- a real tokenizer


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small byte-level BPE, trained on the spot."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<s>"],
        show_progress=False,
    )
    made.train_from_iterator(["a pump moves water and a valve stops water"] * 20, trainer)
    file = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    made.save(str(file))
    return file


@given(text=TEXTS)
def test_a_real_tokenizers_budget_is_kept_and_its_count_is_exact(tokenizer: Path, text: str) -> None:
    cutter = Cutter(16, str(tokenizer))
    loaded = Tokenizer.from_file(str(tokenizer))
    assert cutter.exact
    for passage in cutter.rows(Document(id="0123456789ab", text=text, media_type="text/plain"), EditMap()):
        shown = text[passage["start"] : passage["end"]]
        assert passage["tokens"] == len(loaded.encode(shown, add_special_tokens=False).ids)
        assert passage["tokens"] <= 16


@pytest.mark.parametrize("media_type", ["text/plain", "text/markdown"])
@pytest.mark.parametrize("line", ["words and more ", "x", "\u05d0\u200f\u200b "])
def test_a_line_of_megabytes_is_split_like_any_other(line: str, media_type: str) -> None:
    text = f"# Before\n\n{line * (1_000_000 // len(line))}\n\nand after"
    made = rows(text, max_tokens=512, media_type=media_type)
    assert all(passage["tokens"] <= 512 for passage in made)
    bare = [text[passage["start"] : passage["end"]] for passage in made]
    assert "".join("".join(bare).split()) == "".join(text.split())
    assert len(made) < 2 * len(text.encode()) / (4 * 512) + 9


@pytest.mark.parametrize("given_as", ["file", "folder"])
def test_a_run_says_whether_its_tokens_are_counted_or_estimated(tmp_path: Path, tokenizer: Path, given_as: str) -> None:
    write_documents(tmp_path, {"a.md": "a pump moves water " * 40})
    plain = run(write_recipe(tmp_path), until="ingest")
    assert plain.counts("split")["tokens_are"] == "estimated"
    place = tokenizer if given_as == "file" else tokenizer.parent
    exact = run(write_recipe(tmp_path), set=[f"passages.tokenizer={place}"], until="ingest")
    assert exact.counts("split")["tokens_are"] == "exact"


def test_a_tokenizer_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    write_documents(tmp_path, {"a.md": "a pump"})
    with pytest.raises(WrongRequest, match=r"passages\.tokenizer: '.*tokenizer\.json' is no tokenizer\.json"):
        run(write_recipe(tmp_path), set=[f"passages.tokenizer={tmp_path / 'tokenizer.json'}"], until="ingest")


# --- in a run


def table(done: Run) -> list[dict[str, Any]]:
    return list(tables.rows(done.path / "passages", passages.SCHEMA))


def test_a_runs_passages_are_slices_of_its_documents_in_their_order(tmp_path: Path) -> None:
    files = {f"{n}.md": f"# Part {n}\n\n" + "A pump moves water. " * 60 for n in range(5)}
    write_documents(tmp_path, files)
    done = run(write_recipe(tmp_path, max_tokens=64), until="ingest")
    texts = {row["id"]: row["text"] for row in tables.rows(done.path / "documents", documents.SCHEMA)}
    made = table(done)
    assert all(digest(texts[p["document"]][p["start"] : p["end"]]) == p["digest"] for p in made)
    assert list(dict.fromkeys(p["document"] for p in made)) == [document.id for _, document, _ in kept_documents(done)]


def test_a_new_budget_splits_anew_and_parses_nothing(tmp_path: Path) -> None:
    write_documents(tmp_path, {"a.md": "A pump moves water. " * 60})
    first = run(write_recipe(tmp_path, max_tokens=64), until="ingest")
    before = len(table(first))
    second = run(write_recipe(tmp_path, max_tokens=32), until="ingest")
    assert second.did == ["split"]
    assert len(table(second)) > before
