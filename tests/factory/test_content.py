"""The content map: planted subjects are found, by words that may be shown; thin and over-full; page and JSON agree."""

import json
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory import Run, audit, run
from factory.foreign import audit_dataset
from factory.views.chapters.content import in_turn
from factory.views.content import Content, words
from factory.views.verify import broken, verify
from tests.corpora import write_documents, write_recipe

SUBJECTS = {
    "kiln": "kiln glaze clay oven firing potter ceramic tile furnace brick",
    "boat": "boat sail harbour anchor rudder mast captain tide rope keel",
    "bread": "bread flour yeast dough baker crust loaf wheat rise knead",
}


def told(subject: str, nth: int, *, also: str = "") -> str:
    drawn = random.Random(f"{subject} {nth}").sample(SUBJECTS[subject].split(), 6)  # noqa: S311 # no secret
    return f"This is about the {', the '.join(drawn)} and number {nth}. {also}".strip()


def texts(**counts: int) -> list[str]:
    return [told(subject, nth) for subject, count in counts.items() for nth in range(count)]


def dataset(folder: Path, rows: Sequence[str]) -> Path:
    file = folder / "things.jsonl"
    file.write_text("".join(json.dumps({"text": text}) + "\n" for text in rows), encoding="utf-8")
    return file


def of(report: dict[str, Any]) -> dict[str, Any]:
    numbers: dict[str, Any] = report["chapters"]["content"]
    return numbers


@pytest.mark.parametrize("times", [1, 3])  # in one block, and in several
def test_each_group_is_of_one_subject_and_told_by_its_words(times: int) -> None:
    said = texts(kiln=100, boat=80, bread=60) * times
    groups = Content(said).groups()
    assert sorted(nth for group in groups for nth in group.members.tolist()) == list(range(240 * times))
    for group in groups:
        its = {nth % 240 for nth in group.members.tolist()}
        [subject] = {["kiln", "boat", "bread"][(nth >= 100) + (nth >= 180)] for nth in its}
        assert set(group.terms) <= set(SUBJECTS[subject].split())
    assert [len(group.members) for group in groups] == sorted((len(g.members) for g in groups), reverse=True)


def test_the_same_texts_give_the_same_groups() -> None:
    said = texts(kiln=60, boat=60)
    ones, others = (Content(said).groups() for _ in range(2))
    assert [(g.terms, g.members.tolist(), g.place) for g in ones] == [
        (g.terms, g.members.tolist(), g.place) for g in others
    ]


@given(st.text())
def test_a_word_is_letters_alone(text: str) -> None:
    assert all(word.isalpha() and 3 <= len(word) <= 30 for word in words(text))


def test_words_that_stand_everywhere_and_what_is_no_word_are_left_out() -> None:
    assert words("The kiln is hot, see <EMAIL>: anna.weber@example.org and B12 or abc123.") == {
        "kiln": True, "hot": True, "see": True
    }  # fmt: skip
    assert words("Der Ofen ist nicht heiß.") == {"ofen": False, "heiß": True}


def test_names_of_a_few_rows_and_what_was_found_in_them_are_not_shown(tmp_path: Path) -> None:
    rows = [told("kiln", nth, also="Write to 12 Lindenhof Street.") for nth in range(100)]
    rows += [told("boat", nth, also="Ask Ottokar." if nth < 4 else "") for nth in range(100)]
    report = audit_dataset(dataset(tmp_path, rows), into=tmp_path / "audit")
    assert report["measures"]["pii.share"] > 0
    said = json.dumps(of(report)).lower()
    assert "potter" in said
    assert "lindenhof" not in said
    assert "ottokar" not in said


def test_a_word_that_nobody_writes_small_is_shown_only_where_many_rows_have_it() -> None:
    said = [
        f"{text} {'Ottokar' * (nth < 6)} {'Hermine' * (nth < 60)}" for nth, text in enumerate(texts(kiln=80, boat=900))
    ]
    shown = {term for group in Content(said).groups() for term in group.terms}
    assert "ottokar" not in shown
    assert "hermine" in shown


def test_page_and_json_tell_the_same_groups(tmp_path: Path) -> None:
    report = audit_dataset(dataset(tmp_path, texts(kiln=90, boat=90, bread=90)), into=tmp_path / "audit")
    numbers = of(report)
    assert sum(its["rows"] for its in numbers["groups"]) == numbers["placed"] == numbers["looked_at"] == 270
    assert report["measures"]["content.groups"] == len(numbers["groups"])
    page = (tmp_path / "audit/report.html").read_text(encoding="utf-8")
    for its in numbers["groups"]:
        assert ", ".join(its["terms"]) in page
        assert all(id_.startswith("row:things.jsonl:") for id_ in its["examples"])
    assert page.count("<circle") == len(numbers["groups"])
    assert audit(tmp_path / "audit") == report
    assert not broken(verify(Run(tmp_path / "audit")))


def test_what_documents_speak_of_and_no_row_is_about_is_thin(tmp_path: Path) -> None:
    write_documents(tmp_path, {f"{n}.md": told("boat" if n % 2 else "kiln", n) for n in range(120)})
    dataset(tmp_path, texts(kiln=60))
    sources = [{"path": "documents"}, {"path": "things.jsonl", "as": "records"}]
    done = run(write_recipe(tmp_path, sources=sources, methods=()))
    numbers = of(done.report())
    assert numbers["passages_looked_at"] == 120
    assert {its["is"] for its in numbers["groups"] if "boat" in its["terms"]} == {"thin"}
    assert done.report()["measures"]["content.thin"] > 0
    assert "content.thin" in {finding["id"] for finding in done.report()["findings"]}


def test_a_finding_on_subjects_names_rows_of_each_and_the_page_counts_them_by_themselves(tmp_path: Path) -> None:
    named = in_turn([{"examples": [f"{n}/{k}" for k in range(n)]} for n in range(8)])
    assert named[:9] == ("1/0", "2/0", "3/0", "4/0", "5/0", "6/0", "7/0", "2/1", "3/1")
    assert len(named) == 20
    audit_dataset(dataset(tmp_path, texts(kiln=400, boat=400, bread=60)), into=tmp_path / "audit")
    page = (tmp_path / "audit/report.html").read_text(encoding="utf-8")
    assert re.search(r"<summary>\d+ to look at</summary>", page)
    assert not re.search(r"<summary>\d+ of [\d,]+ to look at</summary>", page)


def test_a_few_rows_are_no_groups_and_it_says_so(tmp_path: Path) -> None:
    report = audit_dataset(dataset(tmp_path, texts(kiln=20)), into=tmp_path / "audit")
    assert of(report)["groups"] == []
    assert report["not_measured"]["content.groups"] == "too few rows"
    assert "too few rows for groups" in (tmp_path / "audit/report.html").read_text(encoding="utf-8")
