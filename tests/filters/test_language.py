"""Languages: those that are wanted, and answers that agree with their question or were asked not to."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory import plugins
from factory.corpus import Row, batch_of
from factory.errors import WrongRequest
from factory.records import texts
from filters.language import Language, asks_for_a_language

EN = "The kiln fires forty tiles at once, and it takes four hours to cool down far enough for its lid to be opened."
DE = "Der Ofen brennt vierzig Kacheln auf einmal und braucht vier Stunden, bis man den Deckel wieder öffnen kann."
FR = "Le four cuit quarante carreaux à la fois et il lui faut quatre heures pour refroidir avant qu'on puisse l'ouvrir."
ZH = "这座窑一次可以烧制四十块瓷砖，之后需要四个小时冷却，直到可以安全地打开盖子为止。"
CODE = "```python\nfor tile in kiln:\n    tile.fire(temperature=1240, hours=4, lid='closed', gloves=True)\n```"


def row_of(kind: str, data: dict[str, Any], id_: str = "r") -> Row:
    return Row(0, id_, texts(kind, data), {"kind": kind})


def chat(question: str, answer: str, system: str | None = None) -> Row:
    turns = [("user", question), ("assistant", answer)]
    turns = [("system", system), *turns] if system else turns
    return row_of("sft", {"messages": [{"role": role, "content": content} for role, content in turns]})


def said(row: Row, **options: Any) -> tuple[str, str | None]:
    filter_ = Language(**options)
    [verdict] = filter_.decide(filter_.measure(batch_of([row], "strings"))).rows
    return verdict["outcome"], verdict["reason"]


@pytest.mark.parametrize(("text", "code"), [(EN, "en"), (DE, "de"), (FR, "fr"), (ZH, "zh")])
def test_a_text_has_a_language(text: str, code: str) -> None:
    row = row_of("text", {"text": text})
    assert said(row, wanted=[code]) == ("keep", None)
    assert said(row, wanted=["sv"]) == ("reject", "language.unwanted")
    assert said(row) == ("keep", None)


def test_any_part_of_a_row_may_be_unwanted() -> None:
    assert said(chat(DE, EN), wanted=["en"]) == ("reject", "language.unwanted")
    assert said(chat(EN, DE), wanted=["en"]) == ("reject", "language.unwanted")
    assert said(chat("Translate it:\n" + DE, EN), wanted=["en", "de"]) == ("keep", None)


@pytest.mark.parametrize(
    "text", ["40 °C", "", "OK.", CODE, "https://example.org/a/very/long/path/with/no/prose/in/it/at/all"]
)
def test_what_has_no_prose_has_no_language(text: str) -> None:
    row = row_of("text", {"text": text})
    assert said(row, wanted=["en"]) == ("keep", None)
    assert said(row, wanted=["en"], unknown="reject") == ("reject", "language.unknown")
    assert said(row, unknown="reject") == ("keep", None)


def test_more_than_the_first_line_of_an_answer_is_looked_at() -> None:
    list_of_animals = (
        "- Monkeys\n- Gorillas\n- Elephants\n- Tigers\n- Leopards\n- Rhinoceros\n- Snakes\n- Birds\n- Lizards\n- Deer"
    )
    assert said(chat(EN, f"{list_of_animals}\n\n{EN}")) == ("keep", None)


def test_an_answer_in_another_language_is_flagged() -> None:
    assert said(chat(EN, DE)) == ("keep", "language.disagrees")
    assert said(chat(EN, DE), agreement="reject") == ("reject", "language.disagrees")
    assert said(chat(EN, DE), agreement="keep") == ("keep", None)
    assert said(chat(EN, EN)) == ("keep", None)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (f"Translate: {EN}", DE),
        (f"Übersetze bitte: {DE}", EN),
        (f"{EN} Answer in French, please.", FR),
        (f"Fasse auf Deutsch zusammen: {EN}", DE),
        (f"Please say in one sentence what the following note from the workshop means for us.\n{DE} {DE}", EN),
        (EN, "40 °C"),
        (EN, CODE),
        ("Kiln?", DE),
        (EN, "- Ton\n- Glasur\n- Kacheln"),
    ],
)
def test_an_answer_that_was_asked_for_or_is_too_short_agrees(question: str, answer: str) -> None:
    assert said(chat(question, answer)) == ("keep", None)


def test_the_rejected_side_of_a_pair_may_be_in_any_language() -> None:
    pair = {"prompt": EN, "chosen": EN, "rejected": DE}
    roles = {"prompt": "user", "chosen": "assistant", "rejected": "assistant"}
    data = {side: [{"role": roles[side], "content": text}] for side, text in pair.items()}
    assert said(row_of("preference", data), wanted=["en"]) == ("keep", None)


def test_a_quote_in_meta_is_not_looked_at() -> None:
    row = chat(EN, EN)
    row.strings.append(row.strings[0]._replace(field="quotes[0].text", role="quote", text=DE * 9))
    assert said(row, wanted=["en"]) == ("keep", None)


def test_the_evidence_is_codes_and_scores() -> None:
    filter_ = Language()
    [verdict] = filter_.decide(filter_.measure(batch_of([chat(EN, DE)], "strings"))).rows
    evidence = json.loads(verdict["evidence"])
    assert {side: one["language"] for side, one in evidence.items()} == {
        "asked": "en",
        "instruction": "en",
        "answered": "de",
    }


@pytest.mark.parametrize(
    ("options", "words"),
    [({"wanted": ["English"]}, "'English' is no language"), ({"min_score": 2.0}, "min_score must be")],
)
def test_wrong_options_are_named(options: dict[str, Any], words: str) -> None:
    with pytest.raises(WrongRequest, match=words):
        plugins.filter_("language", options)


def test_its_options_only_decide() -> None:
    assert plugins.filter_("language", {"wanted": ["en"], "agreement": "reject"}).measuring == {}


@given(parts=st.lists(st.text(max_size=80), min_size=2, max_size=8), cut=st.integers(0, 4))
def test_where_batches_are_cut_does_not_matter(parts: list[str], cut: int) -> None:
    rows = [row_of("text", {"text": EN}, "last")]
    rows += [Row(n, str(n), chat(*pair).strings, {"kind": "sft"}) for n, pair in enumerate(itertools.pairwise(parts))]
    filter_ = Language()
    whole = filter_.measure(batch_of(rows, "strings")).to_pylist()
    pieces = [filter_.measure(batch_of(some, "strings")).to_pylist() for some in (rows[:cut], rows[cut:])]
    assert pieces[0] + pieces[1] == whole


@pytest.mark.parametrize(
    "bait", ["```" * 200_000, "<a" * 200_000, "`" * 400_001, "x@" * 200_000, "的" * 300_000, "://" * 200_000]
)
def test_bait_does_not_stall(bait: str) -> None:
    assert said(chat(bait, bait))[0] == "keep"


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("Say it in English, please.", True),
        ("SAY IT IN ENGLISH!", True),
        ("An Englishman in New York", False),
        ("English_2 is a course.", False),
        ("Retranslate it.", True),
        ("Auf Deutsch?", True),
        ("Ist das undeutsch?", False),
        ("请用英文回答", True),
        ("Переведи это", True),
        ("Open the kiln.", False),
    ],
)
def test_a_language_is_asked_for_by_its_whole_name_or_by_a_word_for_translating(text: str, asks: bool) -> None:
    assert asks_for_a_language(text) == asks
