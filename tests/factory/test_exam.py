"""The exam: what is kept apart is nowhere in the dataset, by words or by place, and nothing is lost on the way."""

import json
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory import Run, rejections, run
from factory.errors import WrongRequest
from factory.progress import Progress
from factory.stages import exam
from factory.views import ledger
from factory.views.verify import broken, verify
from tests.corpora import contents, rows, write_documents, write_recipe
from tests.factory.installing import Package, on_the_path

THINGS = ("anvil", "bucket", "candle", "drum", "easel", "flute", "goblet", "hammer")
ASKING = '''
from collections.abc import AsyncIterator
from factory.passages import Passage
from factory.records import Record, preference, sft

async def asking(passage: Passage) -> AsyncIterator[Record]:
    """Of each sentence a question, and another wording of it; of each third one also a pair on the same words."""
    at = 0
    for nth, sentence in enumerate(passage.text.strip().split(". ")):
        quote = passage.span(at, at + len(sentence))
        at += len(sentence) + 2
        name, _, number = sentence.partition(" weighs ")
        asked = f"What does {name} weigh?"
        said = ["How heavy is " + name + "?"] if nth % 4 else [asked.upper(), "Tell me the weight of " + name + "."]
        yield sft(passage, asked, number, quotes=[quote], rewordings=said)
        if nth % 3 == 0:
            yield preference(passage, f"Say what {name} weighs.", number, "Nobody knows.", quotes=[quote])
'''


@pytest.fixture(autouse=True)
def _plugin(tmp_path: Path) -> Iterator[None]:
    with on_the_path(tmp_path / "site") as site:
        Package(site, "stranger").declares("generators", "asking", ASKING)
        yield


def corpus(folder: Path, documents: int = 12) -> None:
    """Documents of eight facts each, no two alike."""
    for n in range(documents):
        facts = [f"The {thing} {n} weighs {n * 97 + k * 13} grams" for k, thing in enumerate(THINGS)]
        write_documents(folder, {f"{n:02d}.md": ". ".join(facts) + "."})


def examined(folder: Path, share: float = 0.2, **keys: Any) -> Run:
    corpus(folder)
    made = write_recipe(folder, methods=["asking", "text"], **keys)
    return run(made, set=[f"generate.exam.share={share}"], until="export")


def items(done: Run, name: str) -> list[dict[str, Any]]:
    return [item for its, item in exam.read(done.path / "exam") if its == name]


def test_how_many_questions_are_kept_apart_is_said(tmp_path: Path) -> None:
    class Heard(Progress):
        def end(self, stage: str, summary: str) -> None:
            said[stage] = summary

    corpus(tmp_path)
    said: dict[str, str] = {}
    made = write_recipe(tmp_path, methods=["asking"])
    done = run(made, set=["generate.exam.share=0.2"], until="export", progress=Heard())
    counts = done.counts("export")["exam"]
    assert said["export"].endswith(f", exam: {counts['unseen']} unseen / {counts['paraphrase']} paraphrase")
    bare = run(write_recipe(tmp_path, methods=["asking"], run="bare"), until="export", progress=Heard())
    assert "exam" not in said["export"]
    assert not bare.counts("export").get("exam")


def test_an_unseen_question_is_neither_asked_nor_answered_by_the_dataset(tmp_path: Path) -> None:
    done = examined(tmp_path)
    unseen, dataset = items(done, "unseen"), rows(done.path / "dataset")
    told = json.dumps([row for row in dataset if "text" not in row])
    assert len(unseen) == done.counts("export")["exam"]["unseen"] > 10
    for item in unseen:
        assert item["quotes"][0] not in told
        assert item["prompt"][-1]["content"] not in told
    assert any(unseen[0]["quotes"][0] in row.get("text", "") for row in dataset)  # what was read may be asked
    assert not broken(verify(done))


def test_rows_that_would_give_an_answer_away_are_held_back_with_a_reason(tmp_path: Path) -> None:
    done = examined(tmp_path)
    held = rejections.read(done, "export")
    assert held
    assert {row["reason"] for row in held} == {"exam.gives_answer_away"}
    assert {entry.id for entry in ledger.entries(done, stage="export")} == {row["id"] for row in held}
    kept = {row["id"] for row in rows(done.path / "dataset")} | {item["id"] for item in items(done, "unseen")}
    assert len(kept) + len(held) == done.counts("filter.records")["kept"]


def test_a_paraphrase_asks_what_is_trained_in_words_that_are_not(tmp_path: Path) -> None:
    done = examined(tmp_path)
    asked = {m["content"] for row in rows(done.path / "dataset/sft") for m in row["messages"] if m["role"] == "user"}
    ids = {row["id"] for row in rows(done.path / "dataset/sft")}
    paraphrases = items(done, "paraphrase")
    assert len(paraphrases) > 10
    for item in paraphrases:
        said = item["prompt"][-1]["content"]
        assert said not in asked
        assert not said.isupper()  # the same words in capitals are the same question
        assert item["id"].partition("/reworded/")[0] in ids


def test_only_documents_that_are_trained_are_asked_about(tmp_path: Path) -> None:
    done = examined(tmp_path, export={"split": {"validation": 0.25, "test": 0.25}})
    held_out: set[str] = set()
    for split in ("validation", "test"):
        for file in (done.path / "dataset/sft").glob(f"{split}-*.parquet"):
            for meta in pq.read_table(file)["meta"].to_pylist():
                held_out |= set(json.loads(meta)["documents"])
    assert held_out
    for name in exam.SETS:
        for item in items(done, name):
            assert not set(json.loads(item["meta"])["documents"]) & held_out


def test_the_same_recipe_makes_the_same_exam_and_without_one_there_is_none(tmp_path: Path) -> None:
    done = examined(tmp_path)
    before = contents(done.path / "exam") | contents(done.path / "dataset")
    again = run(tmp_path / "recipe.yaml", set=["generate.exam.share=0.1"], until="export")
    assert len(items(again, "unseen")) < len(before)
    back = examined(tmp_path)
    assert contents(back.path / "exam") | contents(back.path / "dataset") == before
    without = run(tmp_path / "recipe.yaml", until="export")
    assert not (without.path / "exam").exists()
    assert len(rows(without.path / "dataset")) == without.counts("filter.records")["kept"]


def test_a_filter_scrubs_the_rewordings_as_it_scrubs_the_row(tmp_path: Path) -> None:
    corpus(tmp_path)
    document = tmp_path / "documents/99.md"
    document.write_text(". ".join(f"The post of jo{n}@example.com weighs {n} grams" for n in range(9)) + ".")
    made = write_recipe(tmp_path, methods=["asking"], records=["pii"])
    done = run(made, set=["generate.exam.share=0.5"], until="export")
    said = [item["prompt"][-1]["content"] for name in exam.SETS for item in items(done, name)]
    assert any("<EMAIL" in words for words in said)
    assert not any("@example.com" in json.dumps(row) for row in rows(done.path / "exam") + rows(done.path / "dataset"))


@pytest.mark.parametrize("share", [0, 0.9, "x"])
def test_a_share_that_makes_no_sense_is_refused_with_its_line(share: Any, tmp_path: Path) -> None:
    corpus(tmp_path, 1)
    with pytest.raises(WrongRequest, match=r"generate\.exam\.share"):
        run(write_recipe(tmp_path, methods=["asking"]), set=[f"generate.exam.share={share}"])


SPANS = st.lists(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 30), st.integers(1, 6)), max_size=2),
    min_size=1,
    max_size=12,
)


@given(drawn=SPANS, seed=st.integers(0, 5), share=st.sampled_from([0.1, 0.3, 0.5]))
def test_no_row_outside_cites_what_a_drawn_one_does(drawn: list[list[Any]], seed: int, share: float) -> None:
    spans = [tuple((document, start, start + length) for document, start, length in its) for its in drawn]
    count = len(spans)
    asks = [bool(its) for its in spans]
    questions = [exam.folded(str(place)) for place in range(count)]
    cited = exam.Cited([f"r{n}" for n in range(count)], spans, asks, questions, asks)
    chosen = exam.draw_exam(cited, ["train"] * count, np.arange(count), share=share, seed=seed)
    apart = chosen.unseen | chosen.held_back
    assert not chosen.unseen & chosen.held_back
    assert not chosen.paraphrase & apart
    for one, other in combinations(range(count), 2):
        touch = any(a == b and s < f and t < e for a, s, e in spans[one] for b, t, f in spans[other])
        assert not touch or (one in apart) == (other in apart)


def test_rows_that_nearly_repeat_each_other_or_ask_the_same_stay_together() -> None:
    spans = [(("a", 10 * n, 10 * n + 5),) for n in range(40)]
    questions = [exam.folded(str(n // 2)) for n in range(40)]
    cited = exam.Cited([f"r{n}" for n in range(40)], list(spans), [True] * 40, questions, [True] * 40)
    clusters = np.array([n // 4 * 4 for n in range(40)])
    unseen = exam.draw_exam(cited, ["train"] * 40, clusters, share=0.2, seed=1).unseen
    assert len(unseen) == 8
    assert {place // 4 * 4 + nth for place in unseen for nth in range(4)} == unseen
