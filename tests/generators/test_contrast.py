"""Pairs whose worse side has one fact changed: which facts, which are left alone, and what is recorded of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.passages import Passage
from factory.records import Record, Rejected
from generators._swaps import Values, sentences_of, swaps
from generators._wording import words_of
from generators.contrast import CHANGES, Change, generate

FAQ = """# Orlo press

## How long does an Orlo press warm up?

An Orlo press warms up for 12 minutes, and then it prints.

## How long does the ink of an Orlo press dry?

The ink dries for 30 minutes, and the sheet must lie flat.

## Notes

None.
"""


def passages(*texts: str, language: str | None = "en") -> list[Passage]:
    return [
        Passage(id=f"d/{nth:04d}", document="d", index=nth, text=text, end=len(text), language=language)
        for nth, text in enumerate(texts)
    ]


async def made(
    *texts: str, changes: list[Change] | None = None, language: str | None = "en", **options: object
) -> list[Record | Rejected]:
    found = generate(passages(*texts, language=language), changes=changes, **options)  # type: ignore[arg-type] # options
    return [item async for item in found]


async def sides(*texts: str, changes: list[Change] | None = None, language: str = "en") -> list[tuple[str, str]]:
    """The two answers of each pair."""
    rows = [item for item in await made(*texts, changes=changes, language=language) if isinstance(item, Record)]
    return [(row.data["chosen"][0]["content"], row.data["rejected"][0]["content"]) for row in rows]


def changed(answer: str, document: str, question: str = "What?", language: str = "en") -> set[tuple[str, str]]:
    """Kind and new text of every change that a document allows."""
    texts = [f"{answer}\n\n{document}"]
    values = Values(sentences_of(texts), words_of(texts[0], ()), language)
    return {(change.kind, change.apply(answer)) for change in swaps(answer, question, values)}


@pytest.mark.parametrize(
    ("answer", "elsewhere", "kind", "worse"),
    [
        ("It warms up for 12 minutes.", "It dries for 30 minutes.", "number", "It warms up for 30 minutes."),
        ("It warms up for 12 minutes.", "It waits 5 hours.", "unit", "It warms up for 12 hours."),
        ("It was built on 4 May 1921.", "It burnt on 9 June 1934.", "date", "It was built on 9 June 1934."),
        ("It shuts on Sunday.", "It opens on Monday.", "date", "It shuts on Monday."),
        ("It costs $90 a day.", "Ink costs $30 a day.", "number", "It costs $30 a day."),
        (
            "The job ends with the command `orlo-stop`.",
            "The job begins with the command `orlo-start`.",
            "name",
            None,  # not of a shape that is known
        ),
        (
            "The job has the parameter `max_sheets` only.",
            "The page has the parameter `max_lines` only.",
            "name",
            "The job has the parameter `max_lines` only.",
        ),
        ("The lid must be shut.", "", "negation", "The lid must not be shut."),
        ("You are required to shut the lid.", "", "negation", "You are not required to shut the lid."),
        ("The lid cannot be opened.", "", "negation", "The lid can be opened."),
        ("It holds at least two sheets.", "", "opposite", "It holds at most two sheets."),
        ("It hangs below the roller.", "", "opposite", "It hangs above the roller."),
    ],
)
def test_a_fact_is_changed_for_one_of_its_like(answer: str, elsewhere: str, kind: str, worse: str | None) -> None:
    found = changed(answer, elsewhere)
    assert (kind, worse) in found if worse else not [one for one in found if one[0] == kind]


@pytest.mark.parametrize(
    ("answer", "elsewhere"),
    [
        ("It warms up for 12 minutes.", "Nothing else is known."),  # no other value
        ("It warms up for 12 minutes.", "It dries for 30 minutes, or 12 minutes with air."),
        ("It warms up for 12 minutes, or 30 minutes in winter.", "It dries for 30 minutes."),  # both are true of it
        ("It warms up for 12 minutes.", "A year has 525600 minutes."),  # no such number: nobody errs so far
        ("It takes 2.1.0 firmware.", "It takes 2.1.4 firmware."),  # a version is no number
        ("It prints 1 sheet.", "It prints 2 sheet."),  # "1" takes another form of the noun
        ("It takes an 8 cm roller.", "It takes a 9 cm roller."),  # the article would be wrong
        ("It is set with `max_sheets` only.", "It writes `max_lines` somewhere."),  # of one kind? nothing says so
        ("We’re always trying to print more.", ""),  # a wish is no fact
        ("It runs to the maximum extent allowed.", ""),
        ("It no longer prints.", ""),
        ("We do not and cannot print it.", ""),
        ("It holds more than one sheet.", ""),  # "less than one sheet"
        ("It is [here](roller/12%).", "It is full by 30%."),  # an address
        ("It prints from 2.7.10 pages on, or 3.1 pages.", "It prints 2.7.12 pages."),  # a version is no number
        ("It has an optional lid.", ""),  # "an required lid"
        ("It needs an E02 part.", "The lid needs a B17 part."),
        ("There must be at least one sheet.", ""),  # "must not be at least one"
        ("It does more than nothing.", ""),
        ("Names must be coded (that is, not written out).", ""),  # then it contradicts itself
        ("You pay more, when you upgrade to a higher plan.", ""),
        ("Clean it before printing and after a jam.", ""),
        ("If the sheet is not long enough, a frame makes it longer.", ""),
        ("The steps below use ink.", ""),
        ("You should make sure that it prints.", ""),  # nobody says that one should not
        ("The lid closes by the option `lid_speed` only.", "The ink flows by the option `ink_speed` only."),
    ],
)
def test_what_may_still_be_true_or_is_no_sentence_is_not_made(answer: str, elsewhere: str) -> None:
    assert changed(answer, elsewhere) == set()


async def test_of_two_tools_in_a_sentence_the_one_that_is_asked_for_is_changed() -> None:
    said = "Use the `--lid` option to enable the lamp, and the `--ink` option to enable the second roller."
    text = f"# Orlo\n\n{said}\n\nEach press of Orlo has both."
    assert await sides(text, changes=["opposite"]) == [(said, said.replace("enable the lamp", "disable the lamp"))]


def test_what_the_question_names_is_not_changed() -> None:
    answer, elsewhere = "After 12 minutes the Orlo press must print.", "It dries for 30 minutes."
    assert changed(answer, elsewhere, question="What happens after 12 minutes?") == {
        ("negation", "After 12 minutes the Orlo press must not print.")
    }
    assert changed(answer, elsewhere, question="Why is it that the Orlo press must print?") == {
        ("number", "After 30 minutes the Orlo press must print.")
    }


@pytest.mark.parametrize(
    ("language", "answer", "worse"),
    [
        ("de", "Sie fasst mindestens zwei Bogen.", "Sie fasst höchstens zwei Bogen."),
        ("es", "La tapa no debe abrirse.", "La tapa debe abrirse."),
        ("fr", "Le capot ne doit pas rester ouvert.", "Le capot doit rester ouvert."),
    ],
)
def test_statements_of_other_languages_are_turned(language: str, answer: str, worse: str) -> None:
    assert worse in {
        other for kind, other in changed(answer, "", language=language) if kind in ("negation", "opposite")
    }


async def test_the_chosen_side_is_a_quote_and_the_change_is_recorded_by_place() -> None:
    [row, *_] = [item for item in await made(FAQ, changes=["number"]) if isinstance(item, Record)]
    chosen, rejected = row.data["chosen"][0]["content"], row.data["rejected"][0]["content"]
    assert row.kind == "preference"
    assert [quote.text for quote in row.quotes] == [chosen]
    change = row.meta["change"]
    assert change["kind"] == "number"
    assert (chosen[slice(*change["chosen"])], rejected[slice(*change["rejected"])]) == ("12", "30")
    assert chosen.replace("12", "30") == rejected


ROWS = """# Orlo Gateway API

Ask the Orlo press.

| Option | Description | Default |
|---|---|---|
| `wait` | How many seconds pass before a sheet. | `60` |
| `speed` | How many sheets there are in a minute. | `45` |
| `ink` | The colour that comes first in a job. | `"red"` |
| `lid` | Whether the press starts when it is open. | `True` |
"""


async def test_another_answer_of_the_same_column_is_wrong() -> None:
    found = await sides(ROWS, changes=["near"])
    assert ("`60`", "`45`") in found
    assert ("How many seconds pass before a sheet.", "How many sheets there are in a minute.") in found
    columns = [{row.split("|")[nth].strip() for row in ROWS.split("\n")[6:-1]} for nth in (2, 3)]
    assert all(any({chosen, rejected} <= column for column in columns) for chosen, rejected in found)


async def test_an_answer_that_is_told_by_its_looks_or_its_name_teaches_nothing() -> None:
    found = await sides(ROWS, changes=["near"])
    assert not [one for one in found if '`"red"`' in one or "`True`" in one]  # no other option has such a value
    entries = "- `write(data)`: Writes the data to the file.\n- `read(size)`: Reads a size from the file.\n"
    assert await sides(f"# Orlo Gateway API\n\nAsk the Orlo press.\n\n{entries}", changes=["near"]) == []
    defined = "# Orlo terms of service\n\nA **lid** is a part that opens.\n\nA **drum** is a part that turns round.\n"
    assert await sides(defined, changes=["near"]) == []


async def test_the_same_in_other_words_is_no_wrong_answer() -> None:
    alike = ROWS.replace("How many sheets there are in a minute.", "How many seconds pass before one sheet.")
    assert not [one for one in await sides(alike, changes=["near"]) if "seconds" in one[0] and "seconds" in one[1]]


async def test_a_question_with_two_answers_in_the_document_makes_no_pair() -> None:
    other = FAQ.replace("12 minutes", "9 minutes")
    found = await sides(FAQ, other, changes=["number"])
    assert [chosen for chosen, _ in found] == ["The ink dries for 30 minutes, and the sheet must lie flat."]


async def test_thumbs_come_in_twos() -> None:
    rows = [item for item in await made(FAQ, yields="feedback") if isinstance(item, Record)]
    assert [row.data["label"] for row in rows] == [True, False, True, False]
    assert rows[0].data["prompt"] == rows[1].data["prompt"]
    assert rows[0].data["completion"] != rows[1].data["completion"]
    assert "change" not in rows[0].meta
    assert rows[1].meta["change"]["kind"] in CHANGES


async def test_a_pair_without_a_fact_to_change_is_counted() -> None:
    text = "# Orlo press\n\n## Is an Orlo press loud?\n\nQuite loud, say those who have one.\n\n## Notes\n\nNone."
    assert [item.reason for item in await made(text) if isinstance(item, Rejected)] == ["contrast.nothing_to_change"]


async def test_a_language_without_rules_is_passed_over_with_a_reason() -> None:
    assert [item.reason for item in await made(FAQ, language="fi") if isinstance(item, Rejected)] == [
        "contrast.language_not_known"
    ]


async def test_the_seed_draws_and_the_same_seed_draws_the_same() -> None:
    every = ["number", "negation"]
    assert await made(FAQ, seed=3, changes=every) == await made(FAQ, seed=3, changes=every)
    drawn = {
        str([row.data for row in await made(FAQ, seed=seed, changes=every) if isinstance(row, Record)])
        for seed in range(9)
    }
    assert len(drawn) > 1


async def test_a_not_is_put_in_only_where_it_is_asked_for() -> None:
    question = "## Must the lid of the Orlo press be shut?\n\nYes, the lid of the Orlo press must be shut."
    text = f"# Orlo\n\n{question}\n\n## Notes\n\nNone."
    assert await sides(text) == []
    assert len(await sides(text, changes=["negation"])) == 1


PIECES = st.sampled_from(
    [
        "12 minutes",
        "30 minutes",
        "at least",
        "must",
        "`max_sheets`",
        "$3",
        "4 May 1921",
        "Monday",
        "the press",
        "not",
        ".",
    ]
)


@given(answer=st.lists(PIECES, max_size=8).map(" ".join), elsewhere=st.lists(PIECES, max_size=8).map(" ".join))
def test_a_change_changes_one_place_and_nothing_around_it(answer: str, elsewhere: str) -> None:
    values = Values(sentences_of([answer, elsewhere]), words_of(answer, ()), "en")
    for change in swaps(answer, "", values):
        worse = change.apply(answer)
        assert worse != answer
        assert worse[: change.start] == answer[: change.start]
        assert worse[change.start + len(change.text) :] == answer[change.end :]


@given(text=st.text(max_size=200), share=st.floats(0, 1))
async def test_lengths_differ_by_the_share_at_most(text: str, share: float) -> None:
    for item in await made(f"{FAQ}\n{text}", max_length_difference=share):
        if isinstance(item, Record):
            one, other = (len(item.data[side][0]["content"]) for side in ("chosen", "rejected"))
            assert abs(one - other) <= share * one


@pytest.mark.parametrize(
    "answer",
    [
        "We do not grant any right that is not expressly granted to you by Orlo.",
        "The Orlo press must not run unless the lid is closed.",
        "Set the required ink support of the Orlo press.",
        "The sheet is named after the inventor of the Orlo press.",
        "It is always possible that the Orlo press stops.",
        "Each sheet of the Orlo press must be fed like this:",
    ],
)
def test_what_no_reader_would_believe_is_not_turned(answer: str) -> None:
    assert not [worse for kind, worse in changed(answer, "") if kind in ("negation", "opposite")]
