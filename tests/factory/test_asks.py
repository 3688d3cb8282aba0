"""What rows ask for: forms, verbs and openings, told by their words, and the chapter that counts them."""

import json
from pathlib import Path

import pytest

from factory.foreign import audit_dataset
from factory.views.asking import FORMS, asked, opening

SENTENCES = [
    ("Given a list of numbers, sort it.", "order", "sort"),
    ("Could you please explain gravity?", "order", "explain"),
    ("You are given a sentence. Your task is to classify it.", "order", "classify"),
    ("I'd like you to write a poem", "order", "write"),
    ("1. **Name** three colours", "order", "name"),
    ("Write a title.\n\nIs this what you meant?", "order", "write"),
    ("The lid is open. It is red.\n\nQuestion: How many lids are there?", "how many", ""),
    ("I have a cat. What does it eat?", "what", ""),
    ("In which year was it built?", "which", ""),
    ("What's a lid?", "what", ""),
    ("Whose lid is it?", "who", ""),
    ("In the handbook, what is a lid?", "what", ""),
    ("I have a question about lids: how do I open one?", "how", ""),
    ("My task today: translate this", "order", "translate"),
    ("If you could, would you go?", "yes or no", ""),
    ("Why is the sky blue", "why", ""),
    ("Is the lid open?", "yes or no", ""),
    ("The lid is open, right?", "another question", ""),
    ("¿Qué es esto?", "another question", ""),
    ("これは何ですか？", "another question", ""),
    ("When the lid is open, the press stops.", "other", ""),
    ("Bonjour.", "other", ""),
    ("", "other", ""),
]


@pytest.mark.parametrize(("text", "form", "verb"), SENTENCES, ids=range(len(SENTENCES)))
def test_form_and_verb(text: str, form: str, verb: str) -> None:
    found = asked(text)
    assert (found.form, found.verb) == (form, verb)
    assert form in FORMS


def test_words_that_follow_a_verb_have_content() -> None:
    assert asked("Write a short story about the dog.").after == ("short", "story")
    assert asked("Explain it to me.").after == ()


def test_opening() -> None:
    assert opening("What is the lid?") == opening("what, is THE roof?") == "what is the"
    assert opening("Hello there") == ""


def test_a_text_of_any_length_is_told_from_both_ends() -> None:
    assert asked("word " * 1_000_000 + "\nWhat is it?").form == "what"
    assert asked("given " * 200_000).form == "other"


def _audited(tmp_path: Path, rows: list[dict[str, str]]) -> dict[str, object]:
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return audit_dataset(file, into=tmp_path / "audit")


def test_the_chapter_counts_first_turns(tmp_path: Path) -> None:
    questions = [f"What is the lid number {n}?" for n in range(40)]
    orders = [f"{verb} the colour of lid {n}." for n in range(20) for verb in ("Name", "Describe", "Guess")]
    made = _audited(tmp_path, [{"instruction": ask, "output": f"Answer to: {ask}"} for ask in questions + orders])
    its = made["chapters"]["asks"]  # type: ignore[index]
    assert its["rows"] == 100
    assert its["forms"] == {"order": 60, "what": 40}
    assert [(one["verb"], one["rows"]) for one in its["verbs"]] == [("describe", 20), ("guess", 20), ("name", 20)]
    assert its["verbs"][0]["after"] == {"colour": 20, "lid": 20}
    assert its["openings"]["what is the"] == 40
    measures = made["measures"]
    assert measures["asks.opening.share"] == 0.4  # type: ignore[index]
    assert measures["asks.orders.share"] == 0.6  # type: ignore[index]
    assert measures["asks.questions.share"] == 0.4  # type: ignore[index]
    assert measures["asks.verbs"] == 3  # type: ignore[index]
    [found] = [one for one in made["findings"] if one["id"] == "asks.alike"]  # type: ignore[attr-defined]
    assert found["count"] == 40
    assert len(found["rows"]) == 20
    assert "'what is the'" in found["why"]


def test_rows_without_a_user_ask_for_nothing(tmp_path: Path) -> None:
    made = _audited(tmp_path, [{"text": f"The lid number {n} is red."} for n in range(5)])
    assert "not_looked_at" in made["chapters"]["asks"]  # type: ignore[operator, index]
