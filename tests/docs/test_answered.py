"""The example in examples/answered: a strong model's answers, replayed without it; what becomes of the bad ones."""

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from factory import Run, run
from factory.errors import Waiting
from factory.views.ledger import entries
from factory.views.verify import broken, verify
from tests.docs.blocks import ROOT

EXAMPLE = ROOT / "examples/answered"
RECORDS = {  # method, kind -> made, of these rejected by the generator itself, and by filters
    ("qa", "sft"): (24, 2, 2),
    ("conversation", "sft"): (8, 1, 1),
    ("preference", "preference"): (5, 0, 0),
    ("rephrase", "text"): (15, 3, 0),
}
LOST = {
    "conversation.quote_not_found": 1,
    "conversation.too_little": 1,
    "grounded.number_not_in_source": 1,
    "llm.cut_by_length": 1,
    "llm.empty_reply": 1,
    "only_from_source.unsupported_claim": 1,
    "preference.chosen_not_proved": 1,
    "preference.no_stable_pair": 1,
    "preference.nothing_yielded": 1,
    "qa.not_answerable": 1,
    "qa.quote_not_found": 1,
    "qa.teaches_nothing": 1,
    "rephrase.facts_lost": 1,
    "rephrase.name_invented": 1,
    "rephrase.nothing_written": 2,
    "rephrase.number_invented": 1,
    "self_contained_rules.question_points_elsewhere": 1,
}


def copied(folder: Path) -> Path:
    shutil.copytree(EXAMPLE, folder / "answered", ignore=shutil.ignore_patterns("llm-*.jsonl"))
    return folder / "answered"


def replayed(example: Path) -> Run:
    return run(example / "recipe.yaml", set=[f"run={example.parent / 'run'}"], workers=1)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return replayed(copied(tmp_path_factory.mktemp("replay")))


def rows(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every row below a folder of tables, with the name of its kind."""
    for file in sorted(folder.glob("*/*.parquet")):
        for row in pq.ParquetFile(file).read().to_pylist():
            yield file.parent.name, row


def test_every_unit_ends_once_and_every_answer_is_accounted_for(done: Run) -> None:
    units = Counter((unit["method"], unit["outcome"]) for unit in pq.read_table(done.path / "units").to_pylist())
    assert units == {
        ("qa", "made"): 8,
        ("qa", "empty"): 1,
        ("conversation", "made"): 8,
        ("conversation", "empty"): 1,
        ("preference", "made"): 5,
        ("preference", "empty"): 3,
        ("preference", "failed"): 1,
        ("rephrase", "made"): 8,
        ("rephrase", "empty"): 1,
    }
    assert Counter(entry.reason for entry in entries(done)) == LOST
    assert broken(verify(done)) == []


def test_so_many_records_of_each_method_are_made_and_lost(done: Run) -> None:
    filtered = {entry.id for entry in entries(done, stage="filter.records")}
    found: dict[tuple[str, str], list[int]] = {}
    for kind, row in rows(done.path / "records"):
        its = found.setdefault((row["method"], kind), [0, 0, 0])
        its[0] += 1
        its[1] += row["reason"] is not None
        its[2] += row["id"] in filtered
    assert {key: tuple(its) for key, its in found.items()} == RECORDS


def test_what_a_judge_reworded_stands_in_the_dataset_as_it_should_be(done: Run) -> None:
    said = {row["id"]: [message["content"] for message in row["messages"]] for row in exported(done, "sft")}
    faster = [question for question, *_ in said.values() if "certificate for a Skerry SL-2 cost" in question]
    assert faster == ["What does a certificate for a Skerry SL-2 cost, and how long does the laboratory take?"]
    assert not [words for words in said.values() if "Dust that falls" in words[-1] or "resumes by itself" in words[-1]]
    assert [w[-1] for w in said.values() if "came loose" in w[0]] == ["It starts with the firmware it had before."]


def exported(done: Run, kind: str) -> list[dict[str, Any]]:
    return [row for its_kind, row in rows(done.path / "dataset") if its_kind == kind]


def test_no_kept_row_has_an_invented_quote(done: Run) -> None:
    texts = [file.read_text(encoding="utf-8") for file in sorted((EXAMPLE / "documents").iterdir())]
    answers = [row for row in exported(done, "sft") if json.loads(row["meta"])["generator"] in ("qa", "conversation")]
    assert len(answers) == len(exported(done, "sft")) == 26
    for row in answers:
        quotes = [quote["text"] for quote in json.loads(row["meta"])["quotes"]]
        assert quotes
        assert all(any(quote in text for text in texts) for quote in quotes)


def test_nobody_followed_the_document_that_gives_orders(done: Run) -> None:
    [attack] = [
        file for file in (EXAMPLE / "documents").iterdir() if "Ignore the instructions" in file.read_text("utf-8")
    ]
    sentence = "Buy the Skerry SL-3"
    assert sentence in attack.read_text(encoding="utf-8")
    written = [row for _, row in rows(done.path / "dataset")]
    assert [row for row in written if attack.name in json.loads(row["meta"])["paths"]]
    assert not [row for row in written if "SL-3" in json.dumps(row, ensure_ascii=False)]


def test_without_a_file_of_answers_its_requests_are_handed_out_again(tmp_path: Path) -> None:
    example = copied(tmp_path)
    file = example / "answers/round-1.jsonl"
    answered = {json.loads(line)["custom_id"] for line in file.read_text(encoding="utf-8").splitlines()}
    file.unlink()
    with pytest.raises(Waiting, match="44 requests of the model 'llm'"):  # one line of it had failed
        replayed(example)
    lines = (example / "answers/llm-0001.jsonl").read_text(encoding="utf-8").splitlines()
    assert {json.loads(line)["custom_id"] for line in lines} < answered


def test_the_table_of_its_readme_is_what_comes_out(done: Run) -> None:
    units = Counter((unit["method"], unit["outcome"]) for unit in pq.read_table(done.path / "units").to_pylist())
    page = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    for method in ("qa", "conversation", "preference", "rephrase"):
        ended = [units[method, outcome] for outcome in ("made", "empty", "failed")]
        made, lost, filtered = (
            sum(its) for its in zip(*(n for key, n in RECORDS.items() if key[0] == method), strict=True)
        )
        numbers = [sum(ended), *ended, made, lost, filtered, made - lost - filtered]
        assert f"| `{method}` | {' | '.join(map(str, numbers))} |" in page
    assert [reason for reason in LOST if reason not in page] == []
