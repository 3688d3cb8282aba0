"""C4: lines that go are taken out and lead back; templates and texts with little left are rejected."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory import plugins
from factory.edits import Edit, EditMap
from factory.errors import WrongRequest
from filters.c4 import C4
from tests.filters.texts import judged, reason

SENTENCES = [
    f"The {name} valve opens when its tank is full." for name in ("first", "second", "third", "fourth", "last")
]
GOOD = "\n".join(SENTENCES)


def edited(text: str, **options: Any) -> str:
    """The text without what is taken out."""
    [row] = judged(C4(**options), [text])
    assert row["outcome"] != "reject"
    edits = (Edit(edit["start"], edit["end"], edit["kind"], edit["replacement"]) for edit in row["edits"] or ())
    return EditMap(tuple(edits)).apply(text)


def test_a_text_of_five_sentences_stays_as_it_is() -> None:
    assert judged(C4(), [GOOD])[0] == {"id": "0", "outcome": "keep", "reason": None, "edits": None, "evidence": None}


@pytest.mark.parametrize(
    "line",
    [
        "Home",
        "- first item",
        "It ends in a colon:",
        "It trails off...",
        "Two words.",
        "x" * 1001 + " is one long word.",
        "Please enable JavaScript to go on.",
        "This site uses cookies to know you.",
        "Read our privacy policy before you go on.",
    ],
)
def test_a_line_that_is_no_sentence_is_taken_out(line: str) -> None:
    assert edited(f"{line}\n{GOOD}") == GOOD
    assert edited(f"{SENTENCES[0]}\n{line}\n{line}\n{GOOD}") == f"{SENTENCES[0]}\n{GOOD}"
    assert edited(f"{GOOD}\n{line}").rstrip() == GOOD
    assert edited(f"{line}\n{GOOD}", remove_lines=False) == f"{line}\n{GOOD}"


def test_blank_lines_stay_between_lines_that_stay() -> None:
    text = f"Menu\n\nHome\n\n{SENTENCES[0]}\n\n{GOOD}"
    assert edited(text) == f"\n{SENTENCES[0]}\n\n{GOOD}"


def test_citations_are_taken_out_of_lines_that_stay() -> None:
    text = GOOD.replace("full.", "full.[12]").replace("opens", "opens[citation needed]")
    assert edited(f"See also[3]\n{text}") == GOOD
    assert reason(C4(citations=False), text) == "c4.too_few_sentences"  # a line ends in a bracket then


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("c4.lorem_ipsum", f"{GOOD}\nLorem ipsum dolor sit amet."),
        ("c4.curly_bracket", f"{GOOD}\nvar x = {{ y }} is a piece of code."),
        ("c4.too_few_sentences", "\n".join(SENTENCES[:4])),
        ("c4.too_few_sentences", ""),
    ],
)
def test_templates_and_scraps_are_rejected(said: str, text: str) -> None:
    assert reason(C4(), text) == said


def test_a_bracket_in_a_line_that_goes_rejects_nothing() -> None:
    assert edited(f"function() {{\n{GOOD}\n}}").strip() == GOOD


@pytest.mark.parametrize(
    ("option", "line"),
    [
        ("terminal", "No mark at the end"),
        ("javascript", "This is about javascript only."),
        ("policy", "We wrote a privacy policy again."),
        ("min_words_a_line", "Two words."),
        ("max_word_length", "a" * 1001 + " and more words."),
    ],
)
def test_a_rule_may_be_left_out(option: str, line: str) -> None:
    assert edited(f"{line}\n{GOOD}") == GOOD
    assert edited(f"{line}\n{GOOD}", **{option: None if option[:4] in ("min_", "max_") else False}) == f"{line}\n{GOOD}"


def test_four_sentences_in_a_line_count_as_four() -> None:
    assert reason(C4(min_sentences=4), " ".join(SENTENCES[:4])) is None
    assert reason(C4(), " ".join(SENTENCES[:4])) == "c4.too_few_sentences"
    assert reason(C4(), "Dr. A. B. Smith of St. Mary and Mr. J. Doe e.g. write... and write.") == "c4.too_few_sentences"


def test_a_bound_below_zero_is_refused() -> None:
    with pytest.raises(WrongRequest, match="c4: min_sentences cannot be -1"):
        plugins.filter_("c4", {"min_sentences": -1})


LINES = st.lists(st.sampled_from([*SENTENCES, "Menu", "", " ", "See [1] and [edit] there.[3]", "Cut [2]"]), max_size=14)


@given(lines=LINES, end=st.sampled_from(["\n", "\r\n", "\u2028", "\n\n"]))
def test_what_is_taken_out_is_what_goes_and_nothing_else(lines: list[str], end: str) -> None:
    options: dict[str, Any] = {"min_sentences": None}
    left = [line for line in lines if line.endswith(".") or line.endswith("[3]")]
    expected = [line.replace("[1]", "").replace("[edit]", "").replace("[3]", "") for line in left]
    assert [line.strip() for line in edited(end.join(lines), **options).splitlines() if line.strip()] == expected
