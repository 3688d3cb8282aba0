"""Contamination: what is found whatever its dress, what is not, and that no word of a benchmark gets into a run."""

import csv
import json
import unicodedata
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory import features, plugins, recipe, run
from factory.contamination.index import load, write_index
from factory.contamination.items import read
from factory.contamination.overlap import Overlap
from factory.corpus import Row, batch_of
from factory.errors import WrongRequest
from factory.folding import fold, spans, words
from factory.records import Text
from filters.contamination import Contamination
from tests.corpora import recipe as a_recipe
from tests.corpora import rows, write_documents, write_recipe

LONG = (
    "A bakery sells thirteen trays of rolls each morning, and every tray holds forty-eight rolls. On Sunday it bakes "
    "twice as many trays and gives the unsold quarter to a shelter. How many rolls does the shelter get on Sunday?"
)
ITEMS: list[dict[str, Any]] = [
    {"task_id": "maths/7", "question": LONG, "answer": "Sunday: 26 trays of 48 rolls are 1248, a quarter is 312."},
    {"question": "Who was the first person to walk on the moon?", "choices": ["Yuri", "Neil Armstrong"], "answer": 1},
    {"question": "Capital of Peru?", "answers": ["Lima"]},
    {"question": "Why?", "answer": "Because."},
    {"question": "Nenne drei Eigenschaften der Köln-Düsseldorfer Rheinschifffahrt im Winter", "answer": "Kälte"},
]
NOUNS = ("sea", "sky", "sun", "moon", "rain", "snow", "wind", "fog", "ice")
PLAIN = "The gauge reports a level every ten minutes, and an alarm rings when the level passes a limit that was set."


@pytest.fixture(scope="module")
def exam(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("exam") / "exam.jsonl"
    file.write_text("".join(json.dumps(item, ensure_ascii=False) + "\n" for item in ITEMS), encoding="utf-8")
    return file


def shown(*texts: str, role: str = "user") -> pa.RecordBatch:
    """One row of some strings, as a filter that sees strings is shown it."""
    row = Row(0, "r", [Text(f"messages[{nth}].content", role, text) for nth, text in enumerate(texts)], {})
    return batch_of([row], "strings")


def verdict(exam: Path, *texts: str, **options: Any) -> dict[str, Any]:
    filter_ = Contamination([exam], **options)
    [row] = filter_.decide(filter_.measure(shown(*texts))).rows
    return {**row, "evidence": json.loads(row["evidence"] or "null")}


def scrambled(text: str) -> str:
    sentences = text.replace("? ", "?\n").replace(". ", ".\n").split("\n")
    return " ".join(reversed(sentences))


DRESSES = {
    "as it is": LONG,
    "capitals": LONG.upper().replace(" ", "  "),
    "no punctuation": "".join(" " if unicodedata.category(c)[0] == "P" else c for c in LONG),
    "look-alikes": LONG.replace("o", "\u043e").replace("a", "\u0430").replace("e", "\u0435"),
    "full width": LONG.translate({n: n + 0xFEE0 for n in range(33, 127)}),
    "zero width": LONG.replace("l", "l\u200b"),
    "accents": LONG.replace("e", "e\u0301"),
    "other numbers": LONG.replace("thirteen", "13").replace("forty-eight", "52"),
    "the first half": LONG[: len(LONG) // 2],
    "thinned out": " ".join(word for nth, word in enumerate(LONG.split()) if nth % 6 != 3),
    "sentences turned round": scrambled(LONG),
    "within other words": f"Please help me with my homework. {LONG} Thank you!",
}


@pytest.mark.parametrize("dress", DRESSES)
def test_an_item_is_found_in_any_dress(exam: Path, dress: str) -> None:
    said = verdict(exam, "Solve this.", DRESSES[dress])
    assert said["outcome"] == "reject"
    assert (said["evidence"]["benchmark"], said["evidence"]["item"]) == ("exam", "maths/7")
    assert said["evidence"]["field"] == "messages[1].content"


@pytest.mark.parametrize("place", [0, 1, 2])
def test_it_is_found_in_any_string_and_the_place_is_that_of_the_text_as_it_was(exam: Path, place: int) -> None:
    texts = ["Ein Übungssatz: ", "", "…"]
    texts[place] += LONG.replace("o", "\u043e")
    evidence = verdict(exam, *texts)["evidence"]
    assert evidence["field"] == f"messages[{place}].content"
    assert texts[place][evidence["start"] : evidence["end"]] == LONG.replace("o", "\u043e").rstrip("?")


def test_an_answer_alone_is_found(exam: Path) -> None:
    said = verdict(exam, "What do 26 trays of 48 rolls come to, and a quarter?", ITEMS[0]["answer"])
    assert said["reason"] == "contamination.shared_run"
    assert said["evidence"]["field"] == "messages[1].content"


def test_a_question_that_was_thinned_out_is_found_by_its_words(exam: Path) -> None:
    said = verdict(exam, " ".join(word for nth, word in enumerate(LONG.split()) if nth % 5 != 3))
    assert said["reason"] == "contamination.shared_words"
    assert said["evidence"]["share"] >= 0.65


def test_a_short_item_needs_its_answer(exam: Path) -> None:
    said = verdict(exam, "What is the CAPITAL of Perú?", "It is Lima.")
    assert said["reason"] == "contamination.short_item"
    assert said["evidence"]["item"] == "2"
    assert verdict(exam, "What is the capital of Peru?", "It lies on the coast.")["outcome"] == "keep"
    assert verdict(exam, "Lima was a capital before Peru was.", "Lima.")["outcome"] == "keep"


def test_what_cannot_be_looked_for_is_counted(exam: Path) -> None:
    assert Contamination([exam]).notes() == {"items": 5, "items_whole": 1, "items_not_checked": 1}
    assert verdict(exam, "Why?", "Because.")["outcome"] == "keep"


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        "A bakery sells rolls. How many does the shelter get?",
        "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16",
        "Who was the first person to climb that mountain, and in which year did she do it?",
        "",
        "\u200b\u0301",
    ],
)
def test_another_text_is_kept(exam: Path, text: str) -> None:
    assert verdict(exam, text)["outcome"] == "keep"


def test_a_short_run_must_be_a_good_part_of_its_item(exam: Path) -> None:
    text = f"{PLAIN} It sells thirteen trays of rolls each morning and every second evening."
    assert verdict(exam, text)["outcome"] == "keep"
    assert verdict(exam, text, share=0.1)["reason"] == "contamination.shared_run"


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("Who was the first person", True),  # a string of its own, and half of a question of ten words
        ("Who was the first", False),
        ("And who was the first person", False),
        ("the first person to walk", False),
        ("Who was the first person to walk on", True),
    ],
)
def test_a_string_that_is_the_first_half_of_a_short_question_is_found(exam: Path, text: str, is_found: bool) -> None:
    said = verdict(exam, text, "Yuri.")
    assert said["reason"] == ("contamination.shared_run" if is_found else None)
    assert not is_found or said["evidence"]["share"] == 1.0


def test_words_that_stand_far_apart_are_no_question(exam: Path) -> None:
    words_of_it = [word for nth, word in enumerate(LONG.split()) if nth % 5 != 3]
    padded = " ".join(f"{word} {PLAIN}" if nth % 4 == 3 else word for nth, word in enumerate(words_of_it))
    assert verdict(exam, " ".join(words_of_it))["reason"] == "contamination.shared_words"
    assert verdict(exam, padded)["outcome"] == "keep"


def test_a_question_is_found_anywhere_in_a_long_text(exam: Path) -> None:
    thin = DRESSES["thinned out"]
    for before in (0, 7, 13, 30):
        said = verdict(exam, f"{PLAIN} " * before + thin + f" {PLAIN}" * 20)
        assert said["reason"] == "contamination.shared_words"
        start, end = said["evidence"]["start"], said["evidence"]["end"]
        assert start < len(f"{PLAIN} " * before) + 20
        assert end > len(f"{PLAIN} " * before + thin) - 20
        assert end - start < 2 * len(thin)


def test_to_flag_is_to_keep_with_a_reason(exam: Path) -> None:
    said = verdict(exam, LONG, action="flag")
    assert (said["outcome"], said["reason"]) == ("keep", "contamination.shared_run")


def test_a_quote_in_meta_is_not_what_a_model_learns(exam: Path) -> None:
    filter_ = Contamination([exam])
    assert filter_.measure(shown(LONG, role="quote"))["hits"].to_pylist() == [[]]


def test_a_phrase_of_many_items_names_none_of_them(tmp_path: Path) -> None:
    stock = "which of the following statements is most nearly true about the"
    items = [{"question": f"{stock} {noun}"} for noun in NOUNS]
    (tmp_path / "stock.jsonl").write_text("\n".join(map(json.dumps, items)), encoding="utf-8")
    overlap = Overlap(load([tmp_path / "stock.jsonl"], 8), 8)
    [hits] = overlap.search([[f"{stock} kiln?"]])
    assert "run" not in {hit.how for hit in hits}


# --- reading benchmarks


def test_a_benchmark_is_the_same_in_every_format(tmp_path: Path) -> None:
    plain = [{"question": item["question"], "answer": str(item.get("answer", ""))} for item in ITEMS]
    (tmp_path / "a.json").write_text(json.dumps({"version": 1, "data": plain}), encoding="utf-8")
    (tmp_path / "a.jsonl").write_text("\ufeff" + "\n\n".join(map(json.dumps, plain)), encoding="utf-8")
    pq.write_table(pa.Table.from_pylist(plain), tmp_path / "a.parquet")
    for name, delimiter in (("a.csv", ","), ("a.tsv", "\t")):
        with (tmp_path / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, ["question", "answer"], delimiter=delimiter)
            writer.writeheader()
            writer.writerows(plain)
    first, *others = [list(read(file)) for file in sorted(tmp_path.iterdir())]
    assert len(first) == len(ITEMS)
    assert all(other == first for other in others)


@pytest.mark.parametrize(
    ("row", "questions", "answers"),
    [
        ({"prompt": "Q", "canonical_solution": "A"}, ("Q",), ("A",)),
        ({"Question": "Q", "Correct Answers": "A; B", "Source": "x"}, ("Q",), ("A", " B")),
        ({"question": "Q", "choices": {"text": ["A", "B"], "label": ["A", "B"]}, "answerKey": "B"}, ("Q",), ("B",)),
        ({"question": "Q", "choices": ["A", "B"], "answer": 0}, ("Q",), ("A",)),
        ({"instruction": "Q", "input": "", "output": "A"}, ("Q",), ("A",)),
        (
            {"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]},
            ("Q",),
            ("A",),
        ),
        ({"stem": "Q", "note": {"text": "R"}}, ("Q", "R"), ()),
    ],
)
def test_columns_are_known_by_their_names(
    tmp_path: Path, row: dict[str, Any], questions: tuple[str, ...], answers: tuple[str, ...]
) -> None:
    (tmp_path / "b.jsonl").write_text(json.dumps(row), encoding="utf-8")
    [item] = read(tmp_path / "b.jsonl")
    assert (item.questions, item.answers) == (questions, answers)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", "{}\n{oops\n", "a.jsonl:2: not JSON"),
        ("a.jsonl", "[1]\n", "a.jsonl:1: not a JSON object"),
        ("a.json", '"text"', "not a list of JSON objects"),
        ("a.json", "{", "not readable as .json"),
        ("a.parquet", "PAR1", "not readable as Parquet"),
        ("a.txt", "What is a kiln?", "benchmarks are read from .jsonl"),
        ("a.jsonl", "\n", "holds no item"),
    ],
)
def test_a_benchmark_that_cannot_be_read_stops_before_any_work(
    tmp_path: Path, name: str, content: str, said: str
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(WrongRequest, match=said):
        plugins.filter_("contamination", {"against": [str(tmp_path / name)]})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "needs the option 'against'"),
        ({"against": []}, "names no benchmark"),
        ({"against": ["exam.json"]}, "there is no .*exam.json. Did you mean 'exam.jsonl'"),
        ({"against": ["exam.jsonl"], "ngram": 2}, "ngram must be from 4"),
        ({"against": ["exam.jsonl"], "share": 2.0}, "share must be from 0 to 1"),
        ({"against": ["exam.jsonl"], "containment": 0.2}, "containment must be from 0.5"),
    ],
)
def test_wrong_options_are_named(exam: Path, options: dict[str, Any], said: str) -> None:
    with pytest.raises(WrongRequest, match=said):
        plugins.filter_("contamination", options, folder=exam.parent)


# --- the index without the text


def test_an_index_finds_the_same_and_holds_no_text(exam: Path, tmp_path: Path) -> None:
    assert write_index([exam], tmp_path / "exam.parquet") == len(ITEMS)
    for text in (*DRESSES.values(), PLAIN, "Capital of Peru? Lima"):
        assert verdict(tmp_path / "exam.parquet", text) == verdict(exam, text)
    content = (tmp_path / "exam.parquet").read_bytes() + str(
        pq.ParquetFile(tmp_path / "exam.parquet").read().to_pylist()
    ).encode()
    assert not any(word.encode() in content for word in ("bakery", "Lima", "Peru", "Armstrong"))


def test_an_index_of_other_grams_is_refused(exam: Path, tmp_path: Path) -> None:
    write_index([exam], tmp_path / "exam.parquet", ngram=13)
    with pytest.raises(WrongRequest, match=r"an index of 13-grams.* asked for are 8-grams"):
        Contamination([tmp_path / "exam.parquet"])


def test_a_folder_is_all_its_benchmarks(exam: Path, tmp_path: Path) -> None:
    for name in ("one.jsonl", "two.jsonl"):
        (tmp_path / name).write_bytes(exam.read_bytes())
    (tmp_path / "README.md").write_text("What is in here.", encoding="utf-8")
    assert Contamination([tmp_path]).notes()["items"] == 2 * len(ITEMS)


# --- in a run


def test_a_changed_benchmark_measures_again_and_one_that_moved_does_not(exam: Path, tmp_path: Path) -> None:
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "exam.jsonl").write_bytes(exam.read_bytes())
    here, there = (
        plugins.filter_("contamination", {"against": [f"{f}/exam.jsonl"]}, folder=tmp_path) for f in ("here", "there")
    )
    assert features.stamp(here) == features.stamp(there)
    stricter = plugins.filter_("contamination", {"against": ["here/exam.jsonl"], "share": 0.5}, folder=tmp_path)
    assert features.stamp(stricter) == features.stamp(here)
    (tmp_path / "there/exam.jsonl").write_text('{"question": "Another one?"}', encoding="utf-8")
    changed = plugins.filter_("contamination", {"against": ["there/exam.jsonl"]}, folder=tmp_path)
    assert features.stamp(changed) != features.stamp(here)


def test_a_run_rejects_what_is_contaminated_and_holds_no_word_of_the_benchmark(exam: Path, tmp_path: Path) -> None:
    (tmp_path / "exam.jsonl").write_bytes(exam.read_bytes())
    thinned = DRESSES["thinned out"].replace("shelter", "hall")
    write_documents(tmp_path, {"a.md": f"# Rolls\n\n{thinned}\n", "b.md": f"# Gauge\n\n{PLAIN}\n"})
    made = a_recipe(records=[{"contamination": {"against": ["exam.jsonl"]}}], methods=["text"])
    done = run(write_recipe(tmp_path, made))
    said = rows(done.path / "verdicts/records/text")
    assert sorted(row["reason"] or "kept" for row in said) == ["contamination.shared_words", "kept"]
    counts = done.counts("filter.records")["filters"]["contamination"]
    assert counts["notes"]["items_not_checked"] == 1
    assert recipe.load(str(done.path)).filters["records"][0].options["against"] == [tmp_path / "exam.jsonl"]
    written = [file for folder in ("verdicts", "features") for file in (done.path / folder).rglob("*.parquet")]
    content = (
        str([pq.ParquetFile(file).read().to_pylist() for file in written]) + (done.path / "report.html").read_text()
    )
    assert "shelter" not in content
    assert "exam" in content


def test_what_is_flagged_is_kept_and_counted_in_the_report(exam: Path, tmp_path: Path) -> None:
    (tmp_path / "exam.jsonl").write_bytes(exam.read_bytes())
    write_documents(tmp_path, {"a.md": f"# Rolls\n\n{LONG}\n", "b.md": f"# Gauge\n\n{PLAIN}\n"})
    options = {"against": ["exam.jsonl"], "action": "flag"}
    made = a_recipe(passages=[{"contamination": options}], records=[{"contamination": options}], methods=["text"])
    done = run(write_recipe(tmp_path, made))
    for stage in ("filter.passages", "filter.records"):
        counts = done.counts(stage)["filters"]["contamination"]
        assert (counts["kept"], counts["rejected"]) == (2, 0)
        assert counts["flagged"] == {"contamination.shared_run": 1}
        assert done.report()["measures"][f"flagged.{stage}"] == 1
    assert done.report()["measures"]["flagged.filter.documents"] == 0
    assert "kept, to be looked at" in (done.path / "report.html").read_text(encoding="utf-8")


# --- laws


def test_where_the_batches_are_cut_does_not_matter(exam: Path) -> None:
    filter_ = Contamination([exam])
    texts = [*DRESSES.values(), PLAIN, "", "Capital of Peru? Lima"]
    all_rows = [Row(nth, f"{nth:02d}", [Text("text", "text", text)], {}) for nth, text in enumerate(texts)]
    whole = filter_.measure(batch_of(all_rows, "strings")).to_pylist()
    singly = [row for one in all_rows for row in filter_.measure(batch_of([one], "strings")).to_pylist()]
    assert whole == singly
    assert {row["id"]: row for row in filter_.measure(batch_of(all_rows[::-1], "strings")).to_pylist()} == {
        row["id"]: row for row in whole
    }


@given(text=st.text(max_size=200))
def test_any_text_has_its_words_and_their_places(text: str) -> None:
    places = spans(text)
    assert len(places) == len(words(text))
    assert all(0 <= start < end <= len(text) for start, end in places)
    for word, (start, end) in zip(words(text), places, strict=True):
        assert word in fold(text[start:end])


@given(text=st.text(alphabet=st.characters(max_codepoint=127)))
def test_ascii_is_folded_like_any_other_text(text: str) -> None:
    assert words(f"{text} \u00e9") == [*words(text), "e"]


@given(texts=st.lists(st.text(max_size=80), max_size=4))
def test_any_strings_are_searched(exam: Path, texts: list[str]) -> None:
    said = verdict(exam, *texts, LONG)
    assert said["reason"] == "contamination.shared_run"


@pytest.mark.parametrize("text", ["a " * 200_000, "ab" * 300_000, "的" * 100_000, "-" * 500_000, "1 " * 200_000])
def test_a_monstrous_text_is_searched_too(exam: Path, text: str) -> None:
    assert verdict(exam, text)["outcome"] == "keep"
