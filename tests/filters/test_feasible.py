"""Tasks that ask for more than text are flagged, and those that only sound like it are not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory import plugins
from factory.corpus import Row, batch_of
from factory.records import texts
from filters.feasible import Feasible, why

DONE = "I have designed a round one in ochre and white."
MEDIA, ATTACHMENT, NETWORK = "makes_media", "needs_attachment", "needs_network"


def verdict(data: dict[str, Any], kind: str = "sft", **options: Any) -> dict[str, Any]:
    filter_ = Feasible(**options)
    row = Row(0, "r", texts(kind, data), {"kind": kind}, {})
    [said] = filter_.decide(filter_.measure(batch_of([row], "strings"))).rows
    return said


def asked(*contents: str, tools: str | None = None) -> dict[str, Any]:
    roles = ("user", "assistant")
    return {"messages": [{"role": roles[n % 2], "content": said} for n, said in enumerate(contents)], "tools": tools}


@pytest.mark.parametrize(
    ("task", "what"),
    [
        ("Design a logo for a bakery.", MEDIA),
        ("Can you please create a simple new icon that shows a kiln?", MEDIA),
        ("Generate a sound effect of a kiln door.", MEDIA),
        ("Draw me a kiln with its door open.", MEDIA),
        ("Render a 3D model of a kiln", MEDIA),
        ("Name the boat in the provided photo.", ATTACHMENT),
        ("Transcribe the recording into text.", ATTACHMENT),
        ("What does the attached document say?", ATTACHMENT),
        ("Sum the article up in a sentence.\n\n(Insert article)", ATTACHMENT),
        ("Describe the painting.\n\nAttached painting", ATTACHMENT),
        ("Search the web for the price of clay.", NETWORK),
        ("Visit the given website and describe its homepage.", NETWORK),
        ("Summarize the following article.\n\nhttps://example.org/kilns?year=2020", NETWORK),
        ("Write a tweet about this news.\n\nLink: https://example.org/kilns", NETWORK),
    ],
)
def test_a_task_that_text_cannot_do_is_flagged(task: str, what: str) -> None:
    said = verdict(asked(task, DONE))
    assert (said["outcome"], said["reason"]) == ("keep", f"feasible.{what}")


@pytest.mark.parametrize(
    ("task", "answer"),
    [
        ("Describe a logo for a bakery.", DONE),
        ("Create an image caption for a photo of a kiln.", DONE),
        ("Write a video script about kilns.", DONE),
        ("Create a character sketch of a potter.", DONE),
        ("Draw a conclusion from the table of kilns.", DONE),
        ("Draw a picture with words of a kiln at night.", DONE),
        ("Design a poster that says when the kiln is hot.", DONE),
        ("Extract the domain of this link.\n\nhttps://example.org/kilns", DONE),
        ("Summarize the article.\n\nKilns are hot. See https://example.org/kilns", DONE),
        ("Design a logo for a bakery.", "```svg\n<svg></svg>\n```"),
        ("Draw a kiln.", " ___\n|___|\n"),
        ("Design a logo for a bakery.", "I'm sorry, but I can't create images."),
        ("How do I search the web for clay?", DONE),
    ],
)
def test_a_task_that_text_can_do_is_kept(task: str, answer: str) -> None:
    assert verdict(asked(task, answer))["reason"] is None


def test_each_turn_is_looked_at_and_of_a_preference_the_chosen_side() -> None:
    assert verdict(asked("Hello.", "Hello.", "Design a logo for a bakery.", DONE))["reason"] == "feasible.makes_media"
    sides = {"chosen": "I can't create images.", "rejected": DONE}
    pair = {side: [{"role": "assistant", "content": said}] for side, said in sides.items()}
    pair["prompt"] = [{"role": "user", "content": "Design a logo for a bakery."}]
    assert verdict(pair, "preference")["reason"] is None
    pair["chosen"], pair["rejected"] = pair["rejected"], pair["chosen"]
    assert verdict(pair, "preference")["reason"] == "feasible.makes_media"


def test_a_row_with_tools_may_ask_for_anything() -> None:
    assert verdict(asked("Search the web for clay.", DONE, tools='[{"name": "search"}]'))["reason"] is None


def test_it_rejects_when_asked_to_and_lets_pass_what_is_allowed() -> None:
    task = asked("Design a logo for a bakery.", DONE)
    assert verdict(task, action="reject")["outcome"] == "reject"
    assert verdict(task, action="reject", allow=[MEDIA])["outcome"] == "keep"
    assert verdict(task, action="reject", allow=[NETWORK])["outcome"] == "reject"


def test_it_is_found_by_its_name() -> None:
    assert plugins.filter_("feasible", {"action": "reject"}).code == Feasible(action="reject")


@given(st.text(), st.text())
def test_any_text_has_a_verdict(task: str, answer: str) -> None:
    assert why(task, answer) in (None, MEDIA, ATTACHMENT, NETWORK)
