"""Questions without a model: what each form makes of a text, and what it leaves alone."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.edits import Edit, EditMap
from factory.passages import Passage
from factory.records import Record, Rejected
from generators._markdown import blocks, sections
from generators._titles import clean, subject
from generators._verbs import action, task
from generators._wording import words_of
from generators.extractive_qa import generate

HANDBOOK = ("Handbook of the Orlo press",)


async def made(text: str, *heading: str, language: str | None = "en", **options: Any) -> list[Record | Rejected]:
    passage = Passage(id="d/0003", text=text, document="d", index=3, start=100, heading=heading, language=language)
    return [item async for item in generate([passage], **options)]


PRESS, TERMS = "Getting started with the Orlo press", "Orlo Terms of Service"


async def pairs(text: str, *heading: str, language: str | None = "en", **options: Any) -> list[tuple[str, str, str]]:
    """Form, question and answer of each kept row."""
    kept = [item for item in await made(text, *heading, language=language, **options) if isinstance(item, Record)]
    return [(row.meta["form"], *(message["content"] for message in row.data["messages"])) for row in kept]


async def reasons(text: str, *heading: str) -> list[str]:
    return [item.reason for item in await made(text, *heading) if isinstance(item, Rejected)]


def asks(question: str, *phrases: str) -> bool:
    """Whether a question holds these phrases, whichever of its wordings was drawn."""
    return all(phrase in question for phrase in phrases)


# definition


@pytest.mark.parametrize(
    ("sentence", "phrase"),
    [
        ("A **platen** is the flat plate that presses the paper against the type.", "a platen"),
        ("The **tympan** is the padded frame between the platen and the sheet.", "the tympan"),
        ("**Makeready** is the work of levelling a forme before the first print.", "akeready"),
        ("**Fast mode** is the state in which the press prints one sheet each second.", "fast mode"),
        ("An imposition is the arrangement of pages on one sheet of paper.", "an imposition"),
        ("**Quoins** are small wedges that lock the type inside the chase.", "quoins"),
        ("The Orlo press is a hand press with a cast iron frame.", "the Orlo press"),
        ("**Make ready** means the levelling of a forme before the first print.", "“Make ready”"),
        ("“Full sheet” means one piece of paper as it comes from the mill.", "“Full sheet”"),
        ("DPI stands for dots per inch, the number of dots on a line.", "DPI"),
    ],
)
async def test_a_sentence_that_defines_a_term_answers_what_it_is(sentence: str, phrase: str) -> None:
    text = f"Printers call the Orlo press a friend.\n\n{sentence}"
    [(form, question, answer)] = await pairs(text)
    assert (form, answer) == ("definition", sentence)
    assert asks(question, phrase)
    assert "*" not in question


async def test_a_short_paragraph_that_goes_on_about_the_term_is_the_whole_answer() -> None:
    text = "A **frisket** is a thin frame that holds the sheet. It also keeps the margins clean."
    assert [answer for _, _, answer in await pairs(text)] == [text]


@pytest.mark.parametrize(
    "sentence",
    [
        "It is a plate that presses the paper against the type.",
        "This is a plate that presses the paper against the type.",
        "The reason most often given is the price of the paper today.",
        "A common mistake is a forme that was locked too loosely.",
        "The ink is red and it dries in about ten minutes or less.",
        "A good start is a sheet of plain paper without any print.",
        "There is a lever on the left side of the machine frame.",
        "A negative value means that the roller is below the bed.",
        "What matters is the pressure that the platen puts on paper.",
        "**Note** is the same for every other printing press of ours.",
    ],
)
async def test_a_sentence_that_defines_nothing_makes_no_row(sentence: str) -> None:
    assert await pairs(sentence) == []


async def test_a_generic_term_is_asked_for_in_its_handbook() -> None:
    text = "A **bed** is the flat table on which the forme lies."
    [(_, question, _)] = await pairs(text, "Glossary of the Orlo handbook")
    assert question in ("What is a bed in the Orlo handbook?", "In the Orlo handbook, what is a bed?")


async def test_a_word_that_one_contract_defines_is_rejected_without_its_title() -> None:
    text = "“Sheet” means one piece of paper as it comes from the mill."
    assert await reasons(text) == ["extractive_qa.not_self_contained"]
    [(_, question, _)] = await pairs(f"The press is made by Orlo.\n\n{text}", "Orlo Terms of Service")
    assert asks(question, "“Sheet”", "the Orlo Terms of Service")


async def test_an_identifier_without_a_subject_is_rejected() -> None:
    assert await reasons("`limit` is the largest number of sheets in one job.") == ["extractive_qa.not_self_contained"]


# procedure


STEPS = "1. Lift the lid.\n2. Pull the old roller out.\n3. Push the new roller in until it clicks."


@pytest.mark.parametrize(
    "title", ["Replace the roller", "Replacing the roller", "How to replace the roller", "2.1 Replace the Roller"]
)
async def test_numbered_steps_under_an_action_say_how(title: str) -> None:
    text = f"## {title}\n\nThe roller is worn after a year.\n\n{STEPS}\n\nIt is metal waste.\n\n## Notes\n\nNone."
    [(form, question, answer)] = await pairs(text)
    assert form == "procedure"
    assert asks(question, "replace the roller")
    assert question.endswith("?")
    assert answer == f"The roller is worn after a year.\n\n{STEPS}"


async def test_the_question_takes_the_fuller_words_of_the_introduction() -> None:
    text = f"## Replace the roller\n\nTo replace the roller of an Orlo press you need a cloth.\n\n{STEPS}\n\n## A\n\nB."
    [(_, question, _)] = await pairs(text, "Care of the Orlo press")
    assert asks(question, "replace the roller of an Orlo press?")


async def test_the_reader_of_the_manual_asks_in_the_first_person() -> None:
    [(_, question, _)] = await pairs(f"## Register your press\n\n{STEPS}\n\n## Notes\n\nNone.")
    assert asks(question, "register my press")


async def test_a_title_above_names_the_subject() -> None:
    [(_, question, _)] = await pairs(
        f"## Mount the roller\n\n{STEPS}\n\n## Notes\n\nNone.", "Getting started with the Orlo press"
    )
    assert asks(
        question, "the Orlo press", "how do I mount the roller" if question[0] != "H" else "How do I mount the roller"
    )


@pytest.mark.parametrize(
    "title", ["Order history", "Test results", "Building materials", "Support for printers", "Mounting height"]
)
async def test_a_title_that_is_no_action_asks_for_no_steps(title: str) -> None:
    assert await pairs(f"## {title}\n\n{STEPS}\n\n## Notes\n\nNone.") == []


# code


@pytest.mark.parametrize(
    ("sentence", "act"),
    [
        ("To list the printers, run:", "list the printers"),
        ("To list the printers of a site, use the `orlo list` command:", "list the printers of a site"),
        ("Run the following command to list the printers:", "list the printers"),
        ("Use `orlo list` to list the printers:", "list the printers"),
        ("You can list the printers like this:", "list the printers"),
        ("List the printers:", "list the printers"),
    ],
)
async def test_the_sentence_before_a_code_block_says_what_the_code_is_for(sentence: str, act: str) -> None:
    text = f"Some words first. {sentence}\n\n```sh\norlo list\n```\n\nMore words."
    [(form, question, answer)] = await pairs(text, PRESS)
    assert (form, answer) == ("code", f"{sentence}\n\n```sh\norlo list\n```")
    assert asks(question, act, "the Orlo press")


async def test_code_needs_a_subject() -> None:
    text = "To print a page in blue, set the ink:\n\n```sh\nink blue\n```"
    assert await reasons(text) == ["extractive_qa.not_self_contained"]
    assert len(await pairs(text, PRESS)) == 1


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("orlo: prints without a press", "orlo"),
        ("Printing by hand and by night: orlo", "orlo"),
        ("`orlo-print` - prints what is given", "orlo-print"),
        ("orlo-print(1)", "orlo-print"),
    ],
)
async def test_the_name_in_a_documents_title_says_what_is_asked_about(title: str, name: str) -> None:
    text = "To change the colour of the ink, run:\n\n```sh\nink blue\n```"
    [(_, question, _)] = await pairs(text, title, "Colours")
    assert name in question.split() or f"{name}:" in question or f"{name}?" in question or f"{name}." in question


@pytest.mark.parametrize(
    "title", ["Warning: do not press here", "how to print: overview", "install: three steps to go"]
)
async def test_other_words_with_a_colon_are_no_name(title: str) -> None:
    assert await pairs("To change the colour of the ink, run:\n\n```sh\nink blue\n```", title) == []


async def test_the_recipe_says_what_a_source_is_about() -> None:
    text = "To change the colour of the ink, run:\n\n```sh\nink blue\n```"
    [(_, question, _)] = await pairs(text, "Colours", about={"": "Freshet"})
    assert "Freshet" in question
    assert await pairs(text, "Colours", about={"other": "Freshet"}) == []


async def test_what_is_named_in_code_belongs_to_its_product() -> None:
    text = "## class `Sheet`\n\n### `Sheet.turn`\n\n- `limit`: The largest number of sheets that are turned at once."
    [(_, question, _)] = await pairs(text, "orlo: prints without a press")
    assert asks(question, "`Sheet.turn` in orlo", "`limit`")


@pytest.mark.parametrize("name", ["`PUT`", "`flush()`", "`type`"])
async def test_code_that_anything_may_be_called_is_no_subject(name: str) -> None:
    text = f"{name} is used to put the sheets of a page back in order."
    assert await pairs(text) == []
    [(_, question, _)] = await pairs(text, PRESS)
    assert "the Orlo press" in question


async def test_a_title_gets_the_articles_that_it_leaves_out() -> None:
    text = (
        "## Delete existing account from new version\n\nRun `orlo drop`, and an account is gone. A version stays.\n\n"
        "## Limits\n\nThere are none."
    )
    [(_, question, _)] = await pairs(text, PRESS)
    assert "delete an existing account from a new version" in question


async def test_indented_code_is_code_and_needs_a_subject_since_it_tells_no_language() -> None:
    text = "To print a page, give its number:\n\n    lpr --page 3\n    lpr --wait"
    assert await reasons(text) == ["extractive_qa.not_self_contained"]
    [(_, question, answer)] = await pairs(text, "Getting started with the Orlo press")
    assert asks(question, "print a page", "Orlo press")
    assert answer.endswith("    lpr --page 3\n    lpr --wait")


async def test_code_that_the_passage_cuts_is_no_answer() -> None:
    assert await made("To print a page, run:\n\n```sh\norlo print 3\n") == []


@pytest.mark.parametrize(
    "sentence",
    ["Add it to your project:", "You can list those printers like this:", "To see the status of that job, run:"],
)
async def test_code_for_what_was_said_before_is_rejected(sentence: str) -> None:
    assert await reasons(f"{sentence}\n\n```sh\norlo list\n```") == ["extractive_qa.not_self_contained"]


async def test_what_is_installed_is_named() -> None:
    text = "Install from the shelf:\n\n```sh\norlo-get install\n```\n"
    assert await reasons(text) == ["extractive_qa.not_self_contained"]
    [(_, question, _)] = await pairs(f"Printers like the Orlo CLI.\n\n{text}", "Orlo CLI")
    assert asks(question, "install the Orlo CLI from the shelf")


async def test_what_only_sphinx_can_show_is_no_answer() -> None:
    text = "To run the Orlo press at night:\n\n```rst\n.. orlo:run::\n```\n"
    assert await pairs(text, "Orlo CLI") == []


# faq


async def test_a_question_heading_is_answered_by_its_section() -> None:
    text = "## Does an Orlo press need oil?\n\nYes, two drops a week.\n\n## Notes\n\nNone."
    assert await pairs(text) == [("faq", "Does an Orlo press need oil?", "Yes, two drops a week.")]


async def test_a_place_above_or_below_something_is_no_pointer() -> None:
    text = (
        "## Does an Orlo press print below the margin?\n\nYes, when it has power again, it does.\n\n## Notes\n\nNone."
    )
    assert [form for form, _, _ in await pairs(text)] == ["faq"]


async def test_a_question_heading_needs_no_english() -> None:
    text = "## Braucht die Presse Öl?\n\nJa, zwei Tropfen in der Woche.\n\n## Reinigen\n\n**Tinte** is a word."
    assert await pairs(text, language="de") == [("faq", "Braucht die Presse Öl?", "Ja, zwei Tropfen in der Woche.")]


async def test_a_title_in_capitals_is_asked_in_small_letters() -> None:
    text = "## Why are Rollers Oiled on the Orlo press?\n\nOil makes it.\n\n## Notes\n\nThe rollers are oiled daily."
    assert [question for _, question, _ in await pairs(text)] == ["Why are rollers oiled on the Orlo press?"]


async def test_a_question_of_those_who_wrote_it_needs_their_name() -> None:
    text = "## How do we investigate?\n\nBy looking at each sheet.\n\n## Notes\n\nNone."
    assert await reasons(text) == ["extractive_qa.not_self_contained"]


async def test_why_and_a_thing_is_no_question() -> None:
    assert await made("## Why Hard Rollers?\n\nHard rollers of Orlo last.\n\n## Notes\n\nNone.") == []


async def test_a_question_that_names_nothing_gets_its_subject() -> None:
    text = "## May the lid stay open?\n\nNo, dust would settle on the type.\n\n## Notes\n\nNone."
    [(_, question, _)] = await pairs(text, "Frequently asked questions about the Orlo press")
    assert asks(question, "about the Orlo press: may the lid stay open?")


async def test_lines_marked_q_and_a_are_pairs() -> None:
    first = "Q: Which oil does an Orlo press take?\nA: Sewing machine oil,\nwhich is thin."
    text = f"{first}\n\nQ: How loud is an Orlo press?\nA: About 60 dB."
    assert await pairs(text) == [
        ("faq", "Which oil does an Orlo press take?", "Sewing machine oil,\nwhich is thin."),
        ("faq", "How loud is an Orlo press?", "About 60 dB."),
    ]


async def test_a_bold_question_is_answered_by_what_follows_it() -> None:
    text = "**Is the Orlo press heavy?**\n\nIt weighs 90 kg.\n\n**Is the Orlo press loud?** No, not at all."
    assert await pairs(text) == [
        ("faq", "Is the Orlo press heavy?", "It weighs 90 kg."),
        ("faq", "Is the Orlo press loud?", "No, not at all."),
    ]


# section


@pytest.mark.parametrize(
    ("title", "question"),
    [
        ("Limits", "limits"),
        ("How the Orlo press feeds paper", "how the Orlo press feeds paper"),
        ("What is Orlo Cloud for", "What is Orlo Cloud for?"),
        ("Choose a site for the press", "choose a site for the press"),
    ],
)
async def test_a_section_answers_the_question_that_its_title_makes(title: str, question: str) -> None:
    body = "Paper enters the Orlo press from the left, and Orlo Cloud counts at most 500 sheets an hour."
    text = f"## {title}\n\n{body}\n\n## Notes\n\nNone."
    [(form, asked, answer)] = await pairs(text, "Orlo Gateway API")
    assert (form, answer) == ("section", body)
    assert asks(asked, question)


async def test_a_contract_is_asked_what_it_says() -> None:
    body = "The customer keeps the password of the account secret, and tells Orlo of any loss."
    text = f"## 3. Account Security\n\n{body}\n\n## 4. Other\n\nNone."
    [(_, question, _)] = await pairs(text, "Orlo Terms of Service")
    assert asks(question, "account security", "the Orlo Terms of Service")


@pytest.mark.parametrize("title", ["See also", "Table of contents", "Summary", "More info", "Colours", "Release notes"])
async def test_a_title_that_asks_nothing_makes_no_row(title: str) -> None:
    assert (
        await made(f"## {title}\n\nThe Orlo press comes in red, in blue and in a very dark green.\n\n## Notes\n\nNone.")
        == []
    )


# what cannot stand alone


@pytest.mark.parametrize(
    "answer",
    [
        "It feeds the paper from the left side of the frame.",
        "The paper enters from the left, as described above.",
        "See the section on rollers, which lists the parts.",
        "The paper enters as figure 3 shows, from the left.",
        "Let's look at the left side of the press, where paper enters.",
        "The paper enters at the left, [here](paper.md) is how.",
        "Paper comes from the left, see [feeding paper](feeding.md).",
        "In the example above, the paper enters from the left.",
        "The paper enters from the left, and one of these is on for each side.",
    ],
)
async def test_an_answer_that_needs_its_document_is_rejected(answer: str) -> None:
    text = f"## How the Orlo press feeds paper\n\n{answer}\n\n## Notes\n\nNone."
    assert await reasons(text) == ["extractive_qa.not_self_contained"]
    assert await pairs(text) == []


@pytest.mark.parametrize(
    "body",
    [
        "The sheets are sorted by size, and the sizes are these:",  # cut before its list
        "The following table lists what the press can do.",  # without its table
        "The press takes <b>A4</b> sheets of plain white paper.",
        "![The press](press.png)",
        "- [How the press works](works.md)\n- [How paper is fed](feeding.md)",
        "The press takes A4 sheets and",
    ],
)
async def test_a_section_that_is_not_whole_prose_makes_no_row(body: str) -> None:
    assert await made(f"## How the Orlo press feeds paper\n\n{body}\n\n## Notes\n\nNone.") == []


async def test_a_section_alone_in_its_passage_may_go_on_in_the_next_one() -> None:
    assert await reasons(f"## Replace the roller\n\n{STEPS}") == ["extractive_qa.may_be_cut"]


async def test_a_title_with_subsections_is_not_answered_by_its_first_lines() -> None:
    assert await made("## Clean the Orlo press\n\nThe press has two parts to clean.\n\n### Notes\n\nNone.") == []


async def test_other_languages_are_left_alone() -> None:
    assert await made("A **platen** is the flat plate that presses the paper.", language="de") == []


async def test_a_question_is_asked_once() -> None:
    title = "## Is the Orlo press loud?"
    text = f"{title}\n\nNo, not at all.\n\n{title}\n\nNo,\nnot at all.\n\n## Notes\n\nNone."
    assert len(await pairs(text)) == 1


async def test_a_question_with_two_answers_is_not_asked() -> None:
    title = "## Is the Orlo press loud?"
    text = f"{title}\n\nNo, not at all.\n\n{title}\n\nQuite loud, at night.\n\n## Notes\n\nNone."
    assert await reasons(text) == ["extractive_qa.two_answers"]


async def test_another_wording_is_no_other_question() -> None:
    table = "| Option | Description |\n|---|---|\n| `wait` | {} |\n| `lid` | {} |\n\n"
    one = table.format("How long the press waits for a sheet.", "Whether the lid may be open while it prints.")
    other = table.format("How many sheets the press waits for.", "Whether the lid may be open while it prints.")
    found = await made(f"# Orlo Gateway API\n\nAsk the Orlo press.\n\n{one}{other}")
    assert {item.reason for item in found if isinstance(item, Rejected)} == {"extractive_qa.two_answers"}
    assert ["`lid`" in item.data["messages"][0]["content"] for item in found if isinstance(item, Record)] == [True]


@pytest.mark.parametrize("question", ["Why?", "Why hard-coded rollers?", "May I set \\\\_\\\\_ in the Orlo press?"])
async def test_a_bold_line_that_asks_for_nothing_is_no_question(question: str) -> None:
    assert await made(f"## Orlo FAQ\n\n**{question}**\n\nThe Orlo press has two rollers.\n\n## Notes\n\nNone.") == []


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ("The Orlo press has two rollers.\n\n**5.2.**", "The Orlo press has two rollers."),
        ("The Orlo press has two rollers (one is\n\nsoft).", "The Orlo press has two rollers (one is\n\nsoft)."),
        ("See the value) that the Orlo press has.", None),
        ("It has a) two rollers and b) a lid :)", None),
        ("The Orlo press has a) two rollers and b) a lid.", "The Orlo press has a) two rollers and b) a lid."),
        ("The Orlo press (an old one has two rollers.", None),
    ],
)
async def test_a_piece_of_something_else_is_no_part_of_an_answer(answer: str, shown: str | None) -> None:
    found = await pairs(f"## Orlo FAQ\n\n**How many rollers has an Orlo press?**\n\n{answer}\n\n## Notes\n\nNone.")
    assert [its for _, _, its in found] == ([shown] if shown else [])


async def test_an_argument_is_asked_for_with_the_innermost_title_that_names_code() -> None:
    table = "| Argument | Default |\n|---|---|\n| `wait` | `60` |\n| `lid` | `2` |\n| **RETURNS** | `3` |\n"
    above = "# Orlo Gateway API\n\nAsk the Orlo press.\n\n## The class `Press`\n\n"
    found = await pairs(f"{above}### The function `Print`\n\n{table}")
    assert [answer for _, _, answer in found] == ["`60`", "`2`"]  # no argument is called "RETURNS"
    assert all("`Print`" in question for _, question, _ in found)
    alone = "| Argument | Default |\n|---|---|\n| **RETURNS** | `3` |\n"
    assert await pairs(f"{above}### The function `Print`\n\n{alone}") == []
    unnamed = f"{above}### Call `print()`, then `wait()`\n\n{table}"  # of the two, whose? and not of the class
    assert await pairs(unnamed) == []


async def test_a_head_that_is_no_noun_is_not_asked_for() -> None:
    table = "| Option | Deprecated in version |\n|---|---|\n| `wait`. | 0.2 |\n| `lid` | 0.3 |\n"
    above = "# Orlo Gateway API\n\nAsk the Orlo press.\n\n"
    assert await pairs(f"{above}{table}") == []
    [(_, question, _), _] = await pairs(above + table.replace("Deprecated in version", "Last version"))
    assert "`wait`?" in question


async def test_a_title_that_is_an_action_gives_its_code() -> None:
    entry = "- `wait`: The number of seconds that the lid waits.\n- `lid`: None.\n"
    [(_, question, _)] = await pairs(f"# Orlo Gateway API\n\nAsk the Orlo press.\n\n## Use `PressLid`\n\n{entry}")
    assert "`PressLid`" in question


async def test_answers_keep_to_the_length_that_is_asked_for() -> None:
    text = "A **platen** is the flat plate that presses the paper against the type."
    assert await made(text, min_answer_words=50) == []
    assert await made(text, max_answer_chars=20) == []


async def test_the_same_passage_is_asked_in_the_same_words() -> None:
    text = "A **platen** is the flat plate that presses the paper against the type."
    assert await pairs(text) == await pairs(text)


# offsets


async def test_a_quote_leads_back_to_the_document_through_edits() -> None:
    source = "Call Ann Bee.\n\nA **platen** is the plate that Ann Bee presses on the paper."
    edits = EditMap((Edit(5, 12, "pii.person", "[NAME]"), Edit(46, 53, "pii.person", "[NAME]")))
    passage = Passage(id="d/0000", text=edits.apply(source), document="d", start=7, end=7 + len(source), edits=edits)
    [row] = [item async for item in generate([passage]) if isinstance(item, Record)]
    [quote] = row.quotes
    assert (
        quote.text
        == row.data["messages"][1]["content"]
        == "A **platen** is the plate that [NAME] presses on the paper."
    )
    assert quote.edits.apply(source[quote.start - 7 : quote.end - 7]) == quote.text


LINES = st.sampled_from(
    [
        "# Orlo press manual",
        "## Replace the roller",
        "### Is it loud?",
        "**Is the press loud?** No.",
        "Q: How loud is it?",
        "A: Not loud.",
        "1. Lift the lid.",
        "- A **platen** is the plate that presses the paper.",
        "To list the printers, run:",
        "```sh",
        "    orlo list",
        "| a | b |",
        "|---|---|",
        "A **platen** is the plate that presses the paper on type.",
        "Limits",
        "======",
        "> quoted",
        "<div>",
        "",
        "",
        "  2. Pull the roller.",
    ]
)
TEXTS = st.one_of(st.text(max_size=300), st.lists(st.one_of(LINES, st.text(max_size=20)), max_size=25).map("\n".join))


@given(text=TEXTS, title=st.text(max_size=30), language=st.sampled_from([None, "en", "de"]))
async def test_every_answer_is_a_slice_of_its_passage(text: str, title: str, language: str | None) -> None:
    passage = Passage(
        id="d/0000", text=text, document="d", start=10, end=10 + len(text), heading=(title,), language=language
    )
    async for item in generate([passage]):
        row = item.record if isinstance(item, Rejected) else item
        assert row is not None
        [quote] = row.quotes
        assert row.data["messages"][1]["content"] == quote.text == text[quote.start - 10 : quote.end - 10]
        assert row.data["messages"][0]["content"].strip()


# the parts


@given(text=TEXTS)
def test_blocks_tile_a_text_but_for_blank_lines(text: str) -> None:
    found = blocks(text)
    assert all(left.end <= right.start for left, right in pairwise(found))
    rest = text
    for block in reversed(found):
        rest = rest[: block.start] + rest[block.end :]
        assert all(block.start <= start <= end <= block.end for start, end in block.items)
    assert not rest.strip()


def test_a_list_holds_its_items_with_what_belongs_to_them() -> None:
    text = "1. One.\n\n   More of one.\n2. Two:\n   ```sh\n   # no heading\n\n   ls\n   ```\n\nAfter."
    steps, after = blocks(text)
    assert text[slice(*steps.items[0])] == "One.\n\n   More of one."
    assert steps.is_ordered
    assert text[after.start : after.end] == "After."


def test_a_section_knows_the_titles_above_it() -> None:
    found = sections("Rest.\n\n## B\n\nb\n\n### C\n\nc\n\n## D\n\nd", ("Top", "A"))
    assert [(part.title, part.above) for part in found] == [
        ("", ("Top", "A")),
        ("B", ("Top",)),
        ("C", ("Top", "B")),
        ("D", ("Top",)),
    ]
    assert [part.has_parts for part in found] == [False, True, False, False]
    assert [part.is_last for part in found] == [False, False, False, True]


def test_a_heading_at_the_start_may_be_named_above_it_as_well() -> None:
    [part] = sections("## B\n\nb", ("Top", "B"))
    assert part.above == ("Top",)
    assert part.is_first


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("1. Install it (optional)", "Install it"),
        ("A. Definitions", "Definitions"),
        ("Step 2: Go", "Go"),
        ("3.2 C#", "C#"),
    ],
)
def test_a_title_is_read_without_its_number(title: str, words: str) -> None:
    assert clean(title) == words


@pytest.mark.parametrize(
    ("title", "act"),
    [
        ("Installing the CLI", "install the CLI"),
        ("Set up the press", "set up the press"),
        ("Running the tests", "run the tests"),
        ("Testing", None),
        ("Embedding storage format", None),
        ("Use cases", None),
        ("Provision phase", None),
    ],
)
def test_an_action_is_a_verb_with_its_object(title: str, act: str | None) -> None:
    assert action(title) == act


@pytest.mark.parametrize(
    "sentence",
    [
        "Using a toolbox looks like this:",
        "Using the toolbox you can declare a tool with a handle like this:",
        "The answer holds a cursor:",
        "To print, and then to wait:",
        "You will see:",
        "Run:",
    ],
)
def test_a_sentence_that_names_no_task_names_none(sentence: str) -> None:
    assert task(sentence) is None


@pytest.mark.parametrize(
    ("title", "phrase"),
    [
        ("Getting started with the Orlo press", "the Orlo press"),
        ("Orlo HTTP API", "the Orlo HTTP API"),
        ("The Orlo Terms of Service", "the Orlo Terms of Service"),
        ("Orlo release notes", "Orlo"),
        ("First steps", None),
        ("Small presses, large losses: a market", None),
        ("Replace the Orlo roller", None),
        ("Terms of Service", None),
    ],
)
def test_a_subject_is_a_title_that_names_something(title: str, phrase: str | None) -> None:
    found = subject((title,), words_of("We print on the Orlo every day.", (title,)))
    assert (found.phrase if found else None) == phrase


@pytest.mark.parametrize("placeholder", ["<EMAIL>", "<US_SSN>", "<IP>", "••••"])
async def test_what_a_filter_put_in_the_place_of_a_value_is_no_markup(placeholder: str) -> None:
    text = f"# Contacts\n\nThe **help desk** is the team that answers questions; write to {placeholder} at any hour."
    [(form, _, answer)] = await pairs(text)
    assert form == "definition"
    assert placeholder in answer


async def test_old_html_in_capitals_is_markup() -> None:
    assert not await pairs("# Contacts\n\nThe **help desk** is the team that answers<BR> every question at any hour.")


# tables


TABLE = """# Orlo Gateway API

| Option | Default | Meaning |
|---|---|---|
| `sheets` | 500 | The largest number of sheets in one job. |
| `wait` | 60 seconds | How long the Orlo press waits for paper. |
"""


async def test_a_cell_answers_what_its_row_and_the_head_of_its_column_ask() -> None:
    asked = {answer: question for form, question, answer in await pairs(TABLE) if form == "table"}
    assert set(asked) == {
        "500",
        "60 seconds",
        "The largest number of sheets in one job.",
        "How long the Orlo press waits for paper.",
    }
    assert asks(asked["500"], "the default of the option `sheets`", "the Orlo Gateway API")
    assert asks(asked["How long the Orlo press waits for paper."], "the option `wait`", "mean")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# Orlo Gateway API", "# Options"),  # of what?
        ("`wait` |", "`sheets` |"),  # two rows of one name
        ("| Default |", "| Required? |"),  # no noun
    ],
)
async def test_a_table_whose_rows_have_no_names_or_no_subject_makes_none(old: str, new: str) -> None:
    assert "500" not in [answer for _, _, answer in await pairs(TABLE.replace(old, new))]


async def test_cells_that_say_nothing_are_not_asked_for() -> None:
    text = TABLE.replace("| 500 |", "| - |").replace("| 60 seconds |", "| n/a |")
    assert {answer for form, _, answer in await pairs(text) if form == "table"}.isdisjoint({"-", "n/a"})


async def test_rows_named_in_a_column_of_names_are_asked_for_by_what_they_are() -> None:
    text = (
        "# Orlo Suppliers\n\nPaper and ink come to Orlo by cart.\n\n"
        "| Name of Supplier | Place of Storage |\n|---|---|\n| Hemm Paper | The north cellar |\n"
        "| Tarn Inks | The attic of the mill |\n"
    )
    asked = {answer: question for form, question, answer in await pairs(text) if form == "table"}
    assert asks(asked["The north cellar"], "the place of storage", "the supplier Hemm Paper", "Orlo Suppliers")


async def test_a_name_in_cells_or_in_a_longer_name_alone_is_not_what_a_page_is_about() -> None:
    rows = "".join(f"| Press {nth} | The mill in West Tarn {nth} |\n" for nth in range(4))
    text = f"The presses are listed.\n\n| Machine name | Place of the machine |\n|---|---|\n{rows}"
    assert await pairs(text) == []
    assert await pairs(f"{text}\nThe mill is in West Tarn, a town near West Tarn Hill. Go to West Tarn.") == []


# entries


async def test_an_entry_of_an_api_reference_says_what_a_parameter_is_and_its_default() -> None:
    text = "# Orlo Gateway API\n\n* `wait` - The time in seconds that the Orlo press waits for paper. Defaults to `60`."
    found = await pairs(text)
    assert [(form, answer) for form, _, answer in found] == [
        ("entry", "The time in seconds that the Orlo press waits for paper. Defaults to `60`."),
        ("default", "`60`"),
    ]
    assert all(asks(question, "`wait`", "the Orlo Gateway API") for _, question, _ in found)


async def test_a_parameter_of_nothing_makes_no_row() -> None:
    assert await pairs("* `wait` - The time in seconds that the press waits for paper.") == []


async def test_a_glossary_gives_its_terms_and_other_bold_beginnings_do_not() -> None:
    item = "- **Platen**: the plate that the Orlo press has."
    [(form, question, answer)] = await pairs(f"# Orlo handbook\n\n## Glossary\n\n{item}")
    assert (form, answer) == ("entry", "the plate that the Orlo press has.")
    assert asks(question, "“Platen”", "the Orlo handbook")
    assert await pairs(f"# Orlo handbook\n\n## Parts\n\n{item}") == []


async def test_a_documented_parameter_is_asked_for() -> None:
    text = "# Orlo Gateway API\n\n:param sheets: The largest number of sheets on the Orlo press.\n:returns: nothing"
    assert [(form, answer) for form, _, answer in await pairs(text)] == [
        ("entry", "The largest number of sheets on the Orlo press.")
    ]


async def test_results_of_measurements_are_not_asked_for() -> None:
    text = (
        "# Orlo Gateway API\n\nAsk the Orlo press.\n\n| Ink | Seconds | Sheets | Default |\n|---|---|---|---|\n"
        "| `blue` | 3.14 | 2.5 | 10 |\n| `red` | 2.72 | 4.5 | 20 |\n"
    )
    assert {answer for _, _, answer in await pairs(text)} == {"10", "20"}
    figures = text.replace("| Default |", "| Drops |").replace("| 10 |", "| 1.5 |").replace("| 20 |", "| 7.5 |")
    assert await pairs(figures) == []


@pytest.mark.parametrize(
    ("heads", "names"), [("Ours | Theirs", ("Free?", "Quick?")), ("`orlo` | `freshet` | `boxo`", ("Ink", "Paper"))]
)
async def test_a_table_of_rivals_is_not_asked_for(heads: str, names: tuple[str, str]) -> None:
    cells = " | ".join(["All of steel"] * (heads.count("|") + 1))
    rows = "".join(f"| {name} | {cells.replace('All', f'Part {nth}')} |\n" for nth, name in enumerate(names))
    rule = "|---" * (heads.count("|") + 2) + "|\n"
    assert await pairs(f"# Orlo Gateway API\n\nAsk the Orlo press.\n\n| Feature | {heads} |\n{rule}{rows}") == []


async def test_emoji_of_titles_and_names_are_left_out() -> None:
    table = "| Feature | Description |\n|---|---|\n| 💾 Storage | Keeps the plates of all prints of a year. |\n"
    [(_, question, _)] = await pairs(f"# Orlo Gateway API\n\nAsk the Orlo press.\n\n## 🚀 What it has\n\n{table}")
    assert question.isascii() or not any(sign in question for sign in "💾🚀")
    assert asks(question, "“Storage”")


async def test_an_entry_that_repeats_its_name_makes_none() -> None:
    text = "# Orlo Gateway API\n\nAsk the Orlo press.\n\n- `{}`: The sheet to turn."
    assert await pairs(text.format("sheet")) == []
    assert len(await pairs(text.replace("The sheet to turn.", "The stack that is turned next.").format("sheet"))) == 1


async def test_a_condition_is_asked_for_as_its_answer_goes_on() -> None:
    rule = "If the lid of the Orlo press is bent, the hinge must be replaced by a new one."
    [(_, question, _)] = await pairs(rule)
    assert question == "What is required if the lid of the Orlo press is bent?"
    assert await pairs("If the printer is new to the Orlo press, the manual is a great place to begin reading.") == []


@pytest.mark.parametrize("form", ["section", "condition"])
async def test_what_a_filter_took_a_value_out_of_tells_nobody_what_to_do(form: str) -> None:
    said = "If the Orlo press stops, the help desk answers to mails at <EMAIL> on any day."
    text = (
        said if form == "condition" else "## Report a problem\n\nWrite to <EMAIL> and say what is wrong.\n\n## A\n\nB."
    )
    assert await pairs(text, PRESS) == []


# clauses


CONTRACT = """## 3. Fees

This Agreement is with Orlo. The customer agrees to the terms. Orlo sends the invoices, and Orlo sets the fees.

## 4. Confidentiality

You must keep each confidential drawing of a press secret. Orlo marks such a drawing with a red stamp, counts it
once a year, and asks for it when the work of the customer on the press has come to its end.

## 5. Other

None.
"""


async def test_a_clause_says_what_a_contract_says_and_what_its_party_must_do() -> None:
    found = await pairs(CONTRACT)
    by_form = {form: (question, answer) for form, question, answer in found if "drawing" in answer}
    assert set(by_form) == {"clause", "obligation"}
    assert asks(by_form["clause"][0], "the agreement with Orlo", "onfidentiality")
    assert asks(by_form["obligation"][0], "what must you do", "onfidentiality")
    assert by_form["obligation"][1] == "You must keep each confidential drawing of a press secret."


@pytest.mark.parametrize(
    "other",
    [
        "You must return the drawing to Orlo.",
        "If a drawing is lost, you agree to tell Orlo.",
        "For old drawings, you are required to pay.",
    ],
)
async def test_two_obligations_of_a_clause_are_asked_for_only_together(other: str) -> None:
    text = CONTRACT.replace("Orlo marks such", f"{other} Orlo marks such")
    assert "obligation" not in [form for form, _, _ in await pairs(text)]


async def test_the_obligation_of_the_other_party_is_no_second_one() -> None:
    text = CONTRACT.replace("Orlo marks such", "In a year without work, Orlo must ask for it. Orlo marks such")
    assert "obligation" in [form for form, _, _ in await pairs(text)]


async def test_we_and_us_without_a_contract_are_nobody() -> None:
    assert await pairs("If you lend an Orlo press to a school, we replace its rollers once a year.") == []


async def test_text_right_under_the_title_of_a_contract_is_asked_for_in_it() -> None:
    text = "# Orlo Lending Policy\n\nThe presses of Orlo are old. "
    text += "If you bring a press back late, we charge you for each day of the delay."
    [(_, question, _)] = await pairs(text)
    assert asks(question, "the Orlo Lending Policy", "if you bring a press back late")


@pytest.mark.parametrize(
    "title",
    [
        "Drawings are secret for",  # half of a sentence
        "No drawings",  # "what applies to no drawings?"
        "Be careful with drawings",
        "Confidentiality on",
    ],
)
async def test_a_title_that_is_no_topic_of_a_contract_makes_no_question(title: str) -> None:
    text = CONTRACT.replace("4. Confidentiality", f"4. {title}")
    assert "drawing" not in " ".join(question for _, question, _ in await pairs(text))
    assert not [form for form, _, _ in await pairs(text, "Orlo Lending Policy") if form in ("section", "clause")]


async def test_a_title_in_capitals_is_words_in_a_question_and_its_number_is_left_out() -> None:
    found = await pairs(CONTRACT.replace("4. Confidentiality", "4.1A. CONFIDENTIALITY"), "Orlo Lending Policy")
    assert all("confidentiality" in question and "4.1A" not in question for _, question, _ in found)
    assert found


async def test_how_to_do_what_a_contract_tells_names_the_contract_once() -> None:
    text = "The presses of Orlo are old. To give the drawings of a press back, write to the office of the mill."
    [(form, question, _)] = await pairs(text, "Orlo Lending Policy")
    assert form == "howto"
    assert question.count("Orlo Lending Policy") == 1


async def test_a_bold_word_that_its_sentence_goes_on_from_is_no_title_of_a_clause() -> None:
    text = CONTRACT.replace("You must keep", "**Secret drawing** means each drawing of a press. You must keep")
    assert all("say about Secret" not in question for _, question, _ in await pairs(text))


async def test_a_definition_of_which_a_bracket_was_opened_before_it_makes_no_row() -> None:
    text = "The Orlo press is old. (A **frisket** is a thin frame that holds the sheet in its place.)"
    assert await pairs(text) == []


async def test_a_duty_in_the_passive_is_nobodys() -> None:
    text = CONTRACT.replace("You must keep each confidential drawing of a press secret.", "All Drawings shall be kept.")
    assert "obligation" not in [form for form, _, _ in await pairs(text)]


async def test_a_contract_that_speaks_of_another_ones_terms_is_not_that_ones() -> None:
    text = CONTRACT.replace("Orlo sends the invoices", "Orlo's Terms of Use apply as well. Orlo sends the invoices")
    assert all("Orlo" not in question for _, question, _ in await pairs(text))


@pytest.mark.parametrize(
    "duty", ["You must return such drawings to Orlo at once.", "You shall have no drawing of a press at all."]
)
async def test_a_duty_that_needs_what_stands_before_it_and_a_state_are_not_asked_for(duty: str) -> None:
    found = await pairs(CONTRACT.replace("You must keep each confidential drawing of a press secret.", duty))
    assert "obligation" not in [form for form, _, _ in found]


async def test_what_a_contract_does_is_not_how_a_reader_does_it() -> None:
    body = "You can read that Orlo locks the drawings of the mill in a cupboard of iron each night."
    for title, asked in (("Improve security", []), ("How to improve security", ["section"])):
        text = f"## {title}\n\n{body}\n\n## Other\n\nNone."
        assert [form for form, _, _ in await pairs(text, "Orlo Privacy Notice")] == asked


async def test_a_clause_without_a_verb_says_nothing() -> None:
    start, end = CONTRACT.index("You must keep"), CONTRACT.index("## 5.")
    fragment = "Services and work for Orlo as directed from time to time by the office of the mill."
    found = await pairs(f"{CONTRACT[:start]}{fragment}\n\n{CONTRACT[end:]}")
    assert fragment not in [answer for _, _, answer in found]


async def test_what_a_contract_calls_a_party_is_defined_in_it_alone() -> None:
    role = "Keeper is an independent contractor who looks after the presses of the mill and of its schools."
    legal = "The parties agree to the terms of this agreement, and liability for a breach shall lie with the mill."
    assert await reasons(f"{role}\n\n{legal} The mill and each Keeper sign.") == ["extractive_qa.not_self_contained"]


# statements


@pytest.mark.parametrize(
    ("sentence", "form", "phrase"),
    [
        (
            "If the lid of an Orlo press is open, the rollers stop at once.",
            "condition",
            "What happens if the lid of an",
        ),
        ("If an Orlo press smells of smoke, pull the plug out of the wall.", "condition", "do if an Orlo press smells"),
        ("If an Orlo press is wet, Turn relies on the oil of the day before.", "condition", "What happens if an Orlo"),
        (
            "If you lose the key of an Orlo press, you may not open the lid again.",
            "condition",
            "What happens if you lose the key",
        ),
        ("To stop an Orlo press at night, turn the red knob to the left.", "howto", "stop an Orlo press at night"),
        ("The oil of an Orlo press is thin because thick oil would glue the rollers.", "reason", "the oil of an Orlo"),
        ("You can use `orlo wait` to wait until a print is done.", "purpose", "What can I use `orlo wait` for?"),
        ("`orlo size` returns the number of sheets in the tray.", "returns", "What does `orlo size` return?"),
    ],
)
async def test_a_sentence_answers_what_its_own_words_ask(sentence: str, form: str, phrase: str) -> None:
    [(made_as, question, answer)] = await pairs(f"The rollers, the oil and an Orlo press go together.\n\n{sentence}")
    assert (made_as, answer) == (form, sentence)
    assert asks(question, phrase)


@pytest.mark.parametrize(
    "sentence",
    [
        "If you want to know more about the Orlo press, read the guide to the Orlo press.",
        "If you are curious about the Orlo press, the museum shows three of them.",
        "If the lid is open, the rollers stop at once and a lamp is lit.",  # of what?
        "If Orlo had built a larger press, the printers of the town would have bought it.",
        "If Orlo sells ink, paper, and type, the printers buy the ink first.",
        "When the Orlo press was installed, this led to a long queue of printers.",
        "It is thin because thick oil would glue the rollers of an Orlo press.",
        "If you lock an Orlo press, check [the page on locks](locks.md) first.",
        "When building an Orlo press, some printers find that the frame is too heavy.",  # who builds?
        "If they ask for an Orlo press, the printers of the town are told at once.",  # who asks?
        "When the `with` block ends, the rollers stop and a lamp is lit.",  # code that nobody could look up
        "When a page is sent to an Orlo press, you are doing two major things.",  # which stand in the next sentence
        "When you lock an Orlo press, the printer takes these rollers out of it.",  # which rollers?
        "If an Orlo press still needs oil you can print, but grey pages are what you get.",
        "If an Orlo press is at hand, you can print the small sheets on that one instead.",
        "If an Orlo press stands still, the lid stays shut (unless a printer opens it.",
    ],
)
async def test_a_sentence_that_makes_no_clear_question_makes_none(sentence: str) -> None:
    assert await pairs(sentence) == []


async def test_the_exception_behind_a_rule_belongs_to_its_answer() -> None:
    terms = "Each party shall keep the terms of this agreement confidential. "
    rule = "If the customer ends the agreement early, Orlo pays back the fees of the months that are left. "
    exception = "However, Orlo keeps the fee of the first month, whatever the reason may be."
    of_rule = [answer for form, _, answer in await pairs(terms + rule + exception, TERMS) if form == "condition"]
    assert of_rule == [rule + exception]
    listed = "Orlo pays nothing back except for:\n\n- inks\n- paper"
    assert "condition" not in [form for form, _, _ in await pairs(terms + rule + listed, TERMS)]


async def test_what_the_next_sentence_takes_back_belongs_to_the_answer() -> None:
    rule = "If the lid of the Orlo press is open, the rollers stop at once. "
    more = "But they go on for as long as the red knob is held down."
    [(_, _, answer)] = await pairs(f"{rule}{more} Nobody holds it for long.")
    assert answer == f"{rule}{more}"
    assert await pairs(f"{rule}But see the chapter on rollers for more information about that.") == []


@pytest.mark.parametrize(
    "act", ["use `is_dry()` to check", "add the commands to `ink.toml`", "see what happens under the hood"]
)
async def test_an_act_that_leaves_open_what_it_is_about_is_not_asked_for(act: str) -> None:
    assert await pairs(f"To {act}, run:\n\n```sh\nink blue\n```", PRESS) == []


# acronyms


@pytest.mark.parametrize("words", ["Raster Image Processor (RIP)", "RIP (raster image processor)"])
async def test_an_acronym_is_spelled_out(words: str) -> None:
    text = f"Each press has a {words} of its own in the cellar."
    [(form, question, answer)] = await pairs(text, PRESS)
    assert (form, answer.lower()) == ("acronym", "raster image processor")
    assert asks(question, "RIP", "for", "the Orlo press")
    assert await pairs(text) == []  # the letters mean other things elsewhere
    assert await pairs(text, "The RIP of the Orlo press") == []  # the question would give it away


async def test_an_acronym_of_a_list_of_references_is_not_asked_for() -> None:
    cited = "Weber. 2019. Inks that dry. In Proceedings of the Fine Ink Press (FIP), pages 3-17."
    assert await pairs(cited, PRESS) == []


@pytest.mark.parametrize("words", ["RIP (or any part of it)", "the old processor (RIP)", "Rest In P (RIP)"])
async def test_words_whose_letters_do_not_spell_it_are_no_acronym(words: str) -> None:
    assert "acronym" not in [form for form, _, _ in await pairs(f"Each press has a {words} in the cellar.")]


# other languages


@pytest.mark.parametrize(
    ("language", "text", "form", "question", "answer"),
    [
        ("de", "Ein **Pegel** ist ein Gerät, das den Wasserstand misst.", "definition", ("Pegel",), None),
        ("es", "Un **rodillo** es una pieza que lleva la tinta al papel.", "definition", ("un rodillo",), None),
        ("fr", "Un **rouleau** est une pièce qui porte l'encre au papier.", "definition", ("un rouleau",), None),
        (
            "de",
            "Wenn der Deckel der Presse offen steht, halten die Walzen sofort an.",
            "condition",
            ("wenn der Deckel der Presse offen steht?",),
            None,
        ),
        (
            "es",
            "Si la tapa de la prensa está abierta, los rodillos se paran enseguida.",
            "condition",
            ("si la tapa de la prensa está abierta?",),
            None,
        ),
        (
            "fr",
            "Si le capot de la presse est ouvert, les rouleaux s'arrêtent tout de suite.",
            "condition",
            ("si le capot de la presse est ouvert ?",),
            None,
        ),
        (
            "de",
            "Wenn Sie die Walze der Presse wechseln, können Sie den Deckel offen lassen.",
            "condition",
            ("Was können Sie tun, wenn Sie die Walze der Presse wechseln?",),
            None,
        ),
        (
            "de",
            "Wenn die Walze der Presse klemmt, ziehen Sie den Stecker aus der Wand.",
            "condition",
            ("Was sollten Sie tun, wenn die Walze der Presse klemmt?",),
            None,
        ),
        (
            "de",
            "Wenn Sie die Presse in den Keller stellen, haben Sie im Winter kalte Walzen.",
            "condition",
            ("wenn Sie die Presse in den Keller stellen?",),
            None,
        ),
        (
            "es",
            "Si cambias un rodillo de la prensa, puedes dejar la tapa abierta un rato.",
            "condition",
            ("¿Qué puedes hacer si cambias un rodillo de la prensa?",),
            None,
        ),
        (
            "fr",
            "Si vous changez un rouleau de la presse, vous devez ouvrir le capot d'abord.",
            "condition",
            ("Que devez-vous faire si vous changez un rouleau de la presse ?",),
            None,
        ),
        (
            "es",
            "Los rodillos se limpian a diario porque la tinta seca los daña.",
            "reason",
            ("¿Por qué los rod",),
            None,
        ),
        (
            "fr",
            "Les rouleaux sont nettoyés chaque jour parce que l'encre sèche les abîme.",
            "reason",
            ("Pourquoi est-ce que les rouleaux",),
            None,
        ),
        (
            "de",
            "## Die Walze wechseln\n\n1. Deckel öffnen.\n2. Walze ziehen.\n\n## Ende\n\nAus.",
            "procedure",
            ("Die Walze wechseln:",),
            "1. Deckel öffnen.\n2. Walze ziehen.",
        ),
        (
            "es",
            "## Cambiar el rodillo\n\n1. Abra la tapa.\n2. Saque el rodillo.\n\n## Fin\n\nNada.",
            "procedure",
            ("cambiar el rodillo?",),
            "1. Abra la tapa.\n2. Saque el rodillo.",
        ),
        (
            "fr",
            "## Changer le rouleau\n\n1. Ouvrez le capot.\n2. Tirez le rouleau.\n\n## Fin\n\nRien.",
            "procedure",
            ("changer le rouleau ?",),
            "1. Ouvrez le capot.\n2. Tirez le rouleau.",
        ),
    ],
)
async def test_other_languages_are_asked_in_their_own_words(
    language: str, text: str, form: str, question: tuple[str, ...], answer: str | None
) -> None:
    [(made_as, asked, said)] = await pairs(text, language=language)
    assert (made_as, said) == (form, answer or text)
    assert asks(asked, *question)


async def test_an_acronym_is_asked_for_in_the_language_of_its_page() -> None:
    text = "Wir nennen es Flexible Druck Presse (FDP) seit Jahren."
    [(form, question, answer)] = await pairs(text, "Die Presse von Orlo", language="de")
    assert (form, answer) == ("acronym", "Flexible Druck Presse")
    assert asks(question, "FDP", "Die Presse von Orlo")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Es ist ein Gerät, das den Wasserstand misst und ihn meldet."),
        ("de", "Ein Vorteil ist die Ruhe, die eine solche Presse im Haus lässt."),
        ("es", "Una ventaja es la calma que deja una prensa en la casa."),
        ("fr", "Cela est une pièce qui porte l'encre au papier de la presse."),
        ("fr", "Il est nettoyé chaque jour parce que l'encre sèche l'abîme."),
        ("de", "Wenn die Presse jedoch warm ist, trocknet die Farbe auf den Walzen schneller."),
        ("de", "Wenn die Presse im Keller steht, müssen Sie sich darüber keine Sorgen machen."),
        ("es", "Si la prensa está en la bodega, los rodillos se cambian como en este ejemplo."),
        ("es", "La prensa del ejemplo anterior es lenta porque la tinta seca daña los rodillos."),
        ("fr", "Si la presse est dans la cave, vous pouvez lire [la page des rouleaux](rouleaux.md)."),
        ("fr", "Si la presse est dans la cave, vous n'en aurez peut-être pas besoin de sitôt."),
    ],
)
async def test_what_refers_back_makes_no_row_in_any_language(language: str, text: str) -> None:
    assert await pairs(text, language=language) == []


async def test_a_title_with_a_question_mark_that_is_no_question_makes_none() -> None:
    assert await pairs("## Orlo support?\n\nYes, since the first of May of this year.\n\n## Notes\n\nNone.") == []


async def test_markup_of_another_language_is_no_answer() -> None:
    assert await pairs("A **platen** is the plate that :ref:`presses <press>` the paper against the type.") == []


async def test_a_question_is_put_in_other_words_where_it_has_such() -> None:
    text = "# Freshet\n\nA **gateway** is the indoor device that collects the values of all gauges.\n"
    passage = Passage(id="d/0000", document="d", text=text, end=len(text))
    [plain] = [item async for item in generate([passage]) if isinstance(item, Record)]
    [record] = [item async for item in generate([passage], reword=True) if isinstance(item, Record)]
    [other] = record.meta["rewordings"]
    asked = record.data["messages"][0]["content"]
    assert "rewordings" not in plain.meta
    assert plain.data == record.data
    assert other != asked
    assert "gateway" in other
