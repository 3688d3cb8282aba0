"""Where somebody is or comes from."""

import pytest

from filters._spans import Finding
from filters._whereabouts import whereabouts


def said(text: str, *persons: str) -> list[str]:
    """The places of a text in which a model saw these persons."""
    found = [Finding(text.index(name), text.index(name) + len(name), "person", 0.7) for name in persons]
    return list(dict.fromkeys(text[place.start : place.end] for place in whereabouts(text, found)))


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("I have been to Kenya twice.", ["Kenya"]),
        ("what part of Ghana is he from ?", ["Ghana"]),
        ("i live in canada now", ["canada"]),
        ("The plaintiff is a national of the United Kingdom.", ["United Kingdom"]),
        ("El demandante reside en España.", ["España"]),
        ("Sie ist in Polen geboren.", ["Polen"]),
        ("We met him in Jordan.", ["Jordan"]),
        ("She lives in Upper Tarn.", ["Upper Tarn"]),
        ("Frau Weber wohnt in Frankfurt am Main.", ["Frankfurt am Main"]),
        ("I'm Ines, originally from ΕΓΚΩΜΗ, and 31.", ["ΕΓΚΩΜΗ"]),
        ("He flew to Tarnwick on Monday.", ["Tarnwick"]),
    ],
)
def test_what_says_where_somebody_is_is_a_place(text: str, places: list[str]) -> None:
    assert said(text) == places


def test_a_country_beside_a_name_is_a_place() -> None:
    assert said("Ines Weber of Norway spoke first. France was next.", "Ines Weber") == ["Norway"]


@pytest.mark.parametrize(
    "text",
    [
        "What is the capital of France?",
        "These are laws of the United States.",
        "Mr Jordan has a pump. I like it.",  # a name, no country
        "I roast a turkey. I eat chili in turkey.",
        "I moved from NiTogo to Chinatown.",  # parts of words
        "He works in IT. I'm in HR.",
        "She was born in March.",
        "I work here.\nThe pump was made in Japan.",  # another line
        "",
    ],
)
def test_a_country_of_nobody_stays(text: str) -> None:
    assert said(text) == []
