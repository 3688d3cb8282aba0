"""rephrase: what is kept, what is lost or invented, and every reason through a whole run."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from factory import Run, run
from factory.facts import names, numbers, spoken, words
from factory.passages import Passage
from factory.records import Record
from factory.views.verify import broken, verify
from generators.rephrase import STYLES, _checked
from tests.corpora import write_documents, write_recipe
from tests.generators.made import reasons, rows
from tests.model_server import Choice, ModelServer

KILN = (
    "The Kiln K2 of Fernweir Instruments fires up to 1,250 tiles at 900 degrees. Its lid stays locked until the kiln "
    "has cooled to sixty degrees, which takes three hours in summer and somewhat less in winter, says Ada Marsh."
)
SAME = f"In other words: {KILN[0].lower()}{KILN[1:]}"


def made(folder: Path, reply: Any, *, text: str = KILN, **options: Any) -> Run:
    write_documents(folder, {"kiln.md": text})
    with ModelServer(replies=lambda body: reply) as server:
        models = {"llm": {"base_url": server.url, "model": "scripted", "tries": 1}}
        done = run(write_recipe(folder, methods=[{"rephrase": options}], models=models), until="generate")
    assert not broken(verify(done))
    return done


def test_each_style_is_a_row_that_says_which_it_is(tmp_path: Path) -> None:
    made_rows = rows(made(tmp_path, SAME))
    assert [json.loads(row["meta"])["style"] for row in made_rows] == list(STYLES)
    assert {row["text"] for row in made_rows} == {SAME}


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (SAME.replace("900", "950"), "rephrase.number_invented"),
        (SAME.replace("1,250", "1,350"), "rephrase.number_invented"),
        (SAME.replace("Ada Marsh", "Ada Marsh of Leeds"), "rephrase.name_invented"),
        (SAME.replace("K2", "K3"), "rephrase.name_invented"),
        ("A kiln fires tiles, and its lid stays locked for a while.", "rephrase.facts_lost"),
        ("The Kiln K2 of Fernweir Instruments: 1,250, 900, 60, 3, Marsh, Ada.", "rephrase.too_short"),
        ("```\n```", "rephrase.nothing_written"),
        (Choice(None, finish="content_filter"), "llm.refused"),
    ],
)
def test_what_is_lost_or_invented_is_rejected(tmp_path: Path, reply: Any, reason: str) -> None:
    assert reasons(made(tmp_path, reply, styles=["encyclopedic"])) == [reason]


@pytest.mark.parametrize(
    "reply",
    [
        SAME.replace("1,250", "1250"),
        SAME.replace("sixty", "60"),
        SAME.replace("three", "3"),
        SAME.replace("Ada Marsh", "Marsh"),
        f"```\n{SAME}\n```",
        SAME + " Fernweir's kilns are K2 kilns.",
    ],
)
def test_the_same_fact_in_another_form_is_no_other_fact(tmp_path: Path, reply: str) -> None:
    assert len(rows(made(tmp_path, reply, styles=["encyclopedic"]))) == 1


def test_what_is_distilled_may_lose(tmp_path: Path) -> None:
    short = "The Kiln K2 fires 1,250 tiles."
    assert len(rows(made(tmp_path, short, styles=["distilled"]))) == 1
    assert len(rows(made(tmp_path / "all", short, styles=["encyclopedic"], max_lost=1.0, min_share=0.1))) == 1
    assert reasons(made(tmp_path / "less", "The Kiln K2.", styles=["distilled"])) == ["rephrase.too_short"]


def test_words_are_counted_in_scripts_without_spaces(tmp_path: Path) -> None:
    text = "这座窑炉一次最多可以烧制四十块瓷砖。在冷却之前,窑炉的盖子一直保持关闭。指示灯变绿时才可以打开盖子。" * 2
    assert len(rows(made(tmp_path, text, text=text, styles=["encyclopedic"]))) == 1
    assert reasons(made(tmp_path / "few", text, text=text[:40])) == ["rephrase.too_little"]


def test_a_passage_of_few_words_is_not_asked_about(tmp_path: Path) -> None:
    assert reasons(made(tmp_path, SAME, text="The lid is hot.")) == ["rephrase.too_little"]


def test_numbers_and_names() -> None:
    assert numbers("1,250 or 1\u00a0250; 3.5, 10:30, 2024-05-01, ١٢") == {"1250", "3.5", "10:30", "2024-05-01", "12"}
    assert spoken("Forty-two, zwölf, dix") == {"40", "2", "42", "12", "10"}
    assert names("We met Ada there. Bob came. - Carl too; the HTTP header X-1 of Rome's", "en") == {
        "ada", "http", "x-1", "rome",
    }  # fmt: skip
    assert names("Der Ofen von Ada hat 2 Türen und WLAN", "de") == {"wlan"}
    assert "rome" in words("rome")


@given(st.text())
@example("\U00020000")  # a letter, and no word
def test_a_passage_said_word_for_word_loses_and_invents_nothing(text: str) -> None:
    passage = Passage(id="d/0000", text=text, document="d", end=len(text))
    item = _checked(passage, "encyclopedic", text, 0.0, 1.0)
    assert isinstance(item, Record) or item.reason == "rephrase.nothing_written"
