"""Passages with reading tasks: what each task finds, what is left out of what is shown, and what is passed over."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.passages import Passage
from factory.records import Record, Rejected
from generators._tasks import TASKS, Task
from generators.reading_comprehension import generate

PRESS = """## The care of the Orlo press

An Orlo press is a hand press with a cast iron frame that stands in many small printing houses of the north. The rollers
of the press carry the ink to the type, and the rollers wear out sooner than printers expect of an evening.

The rollers are cleaned every evening because dry ink makes their skin hard. Hard rollers carry too little ink to the
type. Therefore, a printer who forgets the rollers prints grey pages on the next day. Grey pages are sold at half the
price. However, some poets ask for grey pages and pay the full price for them. In other words, a careless printer may
still find a customer for the pages. A careful printer keeps two sets of rollers. For example, the printers of Tarn keep
one set for black and one for red.

The printers of the north lend their rollers to each other in the winter, when the ink dries slowly and the rollers of a
press rest for weeks.
"""
CUT = {"title", "completion"}  # what these ask for is not shown


async def made(
    text: str, language: str | None = "en", page: int | None = None, **options: object
) -> list[Record | Rejected]:
    passage = Passage(id="d/0000", document="d", text=text, start=10, end=10 + len(text), language=language, page=page)
    return [item async for item in generate(passage, **options)]  # type: ignore[arg-type] # options of the generator


async def tasks(text: str, *wanted: Task, language: str = "en") -> dict[str, tuple[str, str]]:
    """Question and answer of each task."""
    rows = await made(text, language, yields="sft", tasks=list(wanted) or None, max_tasks=20)
    kept = [row for row in rows if isinstance(row, Record)]
    return {row.meta["form"]: tuple(message["content"] for message in row.data["messages"]) for row in kept}


async def reasons(text: str, language: str | None = "en", **options: object) -> list[str]:
    return [item.reason for item in await made(text, language, **options) if isinstance(item, Rejected)]


async def test_a_passage_in_two_languages_makes_no_row() -> None:
    spanish = (
        "La prensa Orlo es una prensa de mano con un marco de hierro que se encuentra en muchas imprentas del norte."
    )
    assert await reasons(f"{PRESS}\n{spanish}\n") == ["reading_comprehension.several_languages"]


async def test_what_kramdown_says_of_a_word_is_not_shown() -> None:
    [row] = await made(PRESS.replace("the printers of Tarn", 'the printers of *Tarn*{: lang="cy" }'))
    assert isinstance(row, Record)
    assert "lang=" not in row.data["text"].partition("Question:")[0]


@pytest.mark.parametrize(
    ("task", "asks", "answer"),
    [
        ("title", "text", "The care of the Orlo press"),
        ("completion", "text", PRESS.strip().rsplit("\n\n", 1)[1]),
        ("definition", "an Orlo press", "An Orlo press is a hand press"),
        ("reason", "“The rollers are cleaned every evening”", "because dry ink makes their skin hard."),
        ("effect", "“Hard rollers carry too little ink to the type.”", "Therefore, a printer who forgets"),
        ("contrast", "“Grey pages are sold at half the price.”", "However, some poets"),
        ("restated", "“However, some poets ask", "In other words, a careless printer"),
        ("example", "“A careful printer keeps two sets of rollers.”", "For example, the printers of Tarn"),
        ("words", "“rollers”", "The rollers\nof the press carry the ink"),
    ],
)
async def test_a_task_is_a_question_and_a_slice_of_the_text(task: Task, asks: str, answer: str) -> None:
    question, said = (await tasks(PRESS, task))[task]
    assert asks in question
    assert question.endswith("?")
    assert said.startswith(answer)


async def test_what_is_asked_for_is_left_out_of_what_is_shown() -> None:
    [row] = [item for item in await made(PRESS, tasks=["title", "completion"]) if isinstance(item, Record)]
    shown, *asked = row.data["text"].split("\n\nQuestion: ")
    assert "The care of the Orlo press" not in shown
    assert "lend their rollers" not in shown
    assert shown.startswith("An Orlo press is a hand press")
    assert [one.split("\nAnswer: ")[1] for one in asked] == [quote.text for quote in row.quotes]


async def test_a_text_row_is_the_passage_and_its_tasks() -> None:
    [row] = [item for item in await made(PRESS, max_tasks=3) if isinstance(item, Record)]
    assert row.kind == "text"
    assert len(row.meta["tasks"]) == row.data["text"].count("\nAnswer: ") == 3
    assert len(set(row.meta["tasks"])) == 3, "one of each kind before the second of any"


async def test_an_sft_row_has_the_passage_as_its_context() -> None:
    rows = [item for item in await made(PRESS, yields="sft", tasks=["reason"]) if isinstance(item, Record)]
    assert [row.kind for row in rows] == ["sft"]
    assert rows[0].data["context"] == PRESS.strip()


@pytest.mark.parametrize(
    ("language", "text", "task", "answer"),
    [
        (
            "de",
            "Die Walzen einer Presse werden jeden Abend geputzt, weil trockene Farbe ihre Haut hart macht. Harte "
            "Walzen tragen zu wenig Farbe auf den Satz. Deshalb druckt, wer die Walzen vergisst, am nächsten Tag nur "
            "graue Seiten.",
            "effect",
            "Deshalb druckt",
        ),
        (
            "es",
            "Los rodillos de la prensa se limpian cada noche, porque la tinta seca endurece su piel. Los rodillos "
            "duros llevan poca tinta al papel. Por lo tanto, un impresor olvidadizo imprime páginas grises.",
            "reason",
            "porque la tinta seca",
        ),
        (
            "fr",
            "Les rouleaux de la presse sont nettoyés chaque soir, parce que l'encre sèche durcit leur peau. Les pages "
            "grises se vendent à moitié prix. Cependant, quelques poètes demandent des pages grises à leur imprimeur.",
            "contrast",
            "Cependant, quelques poètes",
        ),
    ],
)
async def test_other_languages_have_connectors_of_their_own(language: str, text: str, task: Task, answer: str) -> None:
    rows = await made(text, language, yields="sft", tasks=[task], min_words=30)
    [row] = [item for item in rows if isinstance(item, Record)]
    assert row.data["messages"][1]["content"].startswith(answer)


async def test_a_text_in_another_language_is_passed_over_with_a_reason() -> None:
    assert await reasons(PRESS, "fi") == ["reading_comprehension.language_not_known"]


@pytest.mark.parametrize(
    "text",
    [
        "Too short to read.",
        "\n".join(f"    orlo print {nth}" for nth in range(99)),
        f"{PRESS}\n\n<div>\n\n</div>",
        PRESS.replace("hand press", ":ref:`hand press <hand>`"),
        "Ann\nBee\nCod Inc\n" * 30,
    ],
)
async def test_code_lists_and_markup_are_no_reading(text: str) -> None:
    assert await reasons(text) == ["reading_comprehension.too_little_prose"]


@pytest.mark.parametrize(
    "text",
    [
        PRESS.replace("## The care of the Orlo press\n\nAn Orlo press is", "It is"),
        PRESS.replace("## The care of the Orlo press\n\nAn Orlo", "and an Orlo"),
        PRESS.replace("in many small", "as figure 3 shows in many small"),
        PRESS.strip().removesuffix("weeks.") + "weeks and",
    ],
)
async def test_what_needs_its_document_or_is_cut_is_no_reading(text: str) -> None:
    assert await reasons(text) == ["reading_comprehension.not_self_contained"]


async def test_a_page_in_print_that_opens_with_a_running_head_is_no_reading() -> None:
    text = PRESS.replace("## The care of the Orlo press\n\n", "2 Z. Orlo et al.\n")
    assert await reasons(text, page=2) == ["reading_comprehension.not_self_contained"]


async def test_one_task_is_too_little_for_a_text_row() -> None:
    assert await reasons(PRESS, tasks=["reason"]) == ["reading_comprehension.too_few_tasks"]


PARAGRAPHS = st.sampled_from(PRESS.split("\n\n"))


@given(
    text=st.one_of(st.text(max_size=300), st.lists(PARAGRAPHS, max_size=6).map("\n\n".join)),
    language=st.sampled_from([None, "en", "de", "es", "fr"]),
)
async def test_every_answer_is_a_slice_and_only_the_cut_ones_are_not_shown(text: str, language: str | None) -> None:
    for item in await made(text, language, yields="sft", min_words=5, tasks=list(TASKS)):
        if isinstance(item, Record):
            [quote] = item.quotes
            assert quote.text == item.data["messages"][1]["content"] == text[quote.start - 10 : quote.end - 10]
            assert item.meta["form"] in CUT or quote.text in item.data["context"]


async def test_a_term_that_is_defined_twice_is_asked_for_once() -> None:
    text = PRESS.replace(
        "The rollers are cleaned",
        "An Orlo press is a hand press that two people carry up a stair.\n\nThe rollers are cleaned",
    )
    again = "An Orlo press is a machine that two people carry up a narrow stair without any help."
    rows = await made(text.replace("The printers of the north lend", f"{again}\n\nThe printers of the north lend"))
    [row] = [row for row in rows if isinstance(row, Record)]
    questions = [line for line in row.data["text"].split("\n") if line.startswith("Question: ")]
    assert len(questions) == len(set(questions))


async def test_a_last_paragraph_under_a_line_that_is_its_title_is_not_left_out() -> None:
    text = PRESS.replace("The printers of the north lend", "_Lending in winter_\n\nThe printers of the north lend")
    assert "completion" not in await tasks(text)


async def test_a_title_is_told_by_what_is_shown_of_the_text() -> None:
    found = await tasks(PRESS.replace("## The care of the Orlo press", "## Orlo press and winter"))
    assert "title" in found
    assert "completion" not in found  # it alone speaks of the winter


@pytest.mark.parametrize("place", ["section D.4", "Sections 3 to 5", "Annex B", "§ 12", "part 2"])
async def test_a_last_paragraph_that_refers_to_another_part_is_not_asked_for(place: str) -> None:
    text = PRESS.replace("when the ink dries slowly", f"under {place}, when the ink dries slowly")
    for form, (_, answer) in (await tasks(text)).items():
        assert place not in answer, form


async def test_what_follows_from_another_sentence_is_not_asked_for() -> None:
    text = PRESS.replace("Therefore, a printer who forgets the rollers prints grey pages", "Therefore, poets write")
    assert "effect" not in await tasks(text)


async def test_a_sentence_is_not_asked_for_by_words_that_say_little() -> None:
    text = PRESS.replace(
        "An Orlo press is a hand press", "The service includes and collects what it requires, and an Orlo press is one"
    )
    weak = " The service of the town includes the lamp. It collects and requires nothing, said the poets."
    found = await tasks(text.replace("at half the\nprice.", f"at half the\nprice.{weak}"), "words")
    assert not {"service", "includes", "collects", "requires"} & set(re.findall(r"\w+", found["words"][0]))
