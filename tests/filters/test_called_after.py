"""What is called after somebody and is nobody."""

import pytest

from filters._called_after import first_words, is_nothing, things_called_so
from filters._name_rules import Place
from filters._spans import Finding


def seen(text: str, name: str, kind: str = "person") -> Finding:
    return Finding(text.index(name), text.index(name) + len(name), kind, 0.7)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("the Weber distance of two points", "Weber"),
        ("by Weber's theorem it is odd", "Weber's"),
        ("the Weber-Lang\nalgorithm", "Weber-Lang"),
        ("con enfermedad de Kolbe desde 1990", "Kolbe"),
        ("un síndrome de Kolbe - Lang", "Kolbe - Lang"),
        ("an index by Lucene is fast", "Lucene"),
        ("see Wikipedia's servers", "Wikipedia's"),
    ],
)
def test_an_eponym_and_software_are_nobody(text: str, name: str) -> None:
    assert is_nothing(text, seen(text, name))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Ask Weber for a pump", "Weber"),
        ("Weber's test results came", "Weber's"),
        ("Ines Weber distance runner", "Ines Weber"),  # two names are somebody's
        ("visita de Kolbe", "Kolbe"),
    ],
)
def test_somebody_is_somebody(text: str, name: str) -> None:
    assert not is_nothing(text, seen(text, name))


def test_software_is_no_place() -> None:
    text = "middlewares come directly from Starlette"
    assert is_nothing(text, seen(text, "Starlette", "location"))


def test_a_court_is_no_place_and_a_town_with_a_court_is() -> None:
    text = "el Tribunal de Casación y el Tribunal de Cádiz"
    assert is_nothing(text, seen(text, "Casación", "location"))
    assert not is_nothing(text, seen(text, "Cádiz", "location"))


@pytest.mark.parametrize(
    ("text", "name", "firm", "whole", "kind"),
    [
        ("in the Weber Channel", "Weber", "", "Weber Channel", "location"),
        ("Manager, Tarnwick ACO\nBranch, there", "Tarnwick ACO", "", "Tarnwick ACO\nBranch", "organization"),
        ("Fernweir Company; ask Fernweir for it", "Fernweir", "Fernweir Company", "Fernweir", "organization"),
        ("by the Weber\nPumps Ltd of York", "Weber", "Pumps Ltd", "Weber\nPumps Ltd", "organization"),
    ],
)
def test_what_has_a_name_in_its_name_is_found_as_what_it_is(
    text: str, name: str, firm: str, whole: str, kind: str
) -> None:
    at = text.rindex(name)
    ruled = [Place(text.index(firm), text.index(firm) + len(firm), "organization", 0.0)] if firm else []
    seen_ = [Finding(at, at + len(name), "person", 0.7)]
    [place] = things_called_so(text, seen_, ruled, first_words(text, ruled))
    assert (text[place.start : place.end], place.kind) == (whole, kind)


def test_a_name_above_a_firm_and_one_that_somebody_has_are_a_persons() -> None:
    letter = "Ines\nFernweir Ltd"
    assert not list(things_called_so(letter, [seen(letter, "Ines")], [Place(5, 17, "organization", 0.0)], {"Fernweir"}))
    text = "Weber Industries. Ask Ines Weber. Weber knows."
    persons = [seen(text, "Ines Weber"), Finding(34, 39, "person", 0.7)]
    assert not list(things_called_so(text, persons, [Place(0, 16, "organization", 0.0)], {"Weber"}))
