"""Recognisers without an engine: words before a hit, hits in each other, and what is loaded for which."""

import subprocess
import sys

import pytest

from filters._recogniser import BOOSTED, Hit, Patterns, apart, raised


def test_of_hits_in_each_other_the_surer_stays() -> None:
    inner, outer, apart_ = Hit(3, 5, 0.3), Hit(2, 6, 0.4), Hit(6, 9, 0.1)
    assert apart([inner, outer, apart_, inner]) == [outer, apart_]
    assert apart([inner._replace(score=0.9), outer]) == [outer, inner._replace(score=0.9)]
    assert apart([Hit(2, 5, 0.4), Hit(3, 6, 0.4)]) == [Hit(2, 5, 0.4), Hit(3, 6, 0.4)]


def test_a_word_before_raises_a_hit_and_one_behind_does_not() -> None:
    text = "my account 12, your 34 account"
    assert raised([Hit(11, 13, 0.05), Hit(20, 22, 0.05)], ("account",), text)[0].score == BOOSTED
    assert raised([Hit(20, 22, 0.05)], ("your",), text)[0].score == BOOSTED
    assert raised([Hit(11, 13, 0.05)], ("your",), text)[0].score == 0.05
    assert raised([Hit(11, 13, 0.9)], ("account",), text)[0].score == 1.0


class Even(Patterns):
    def is_sure(self, value: str) -> bool | None:
        return None if value == "0" else int(value) % 2 == 0


def test_a_check_makes_a_match_sure_or_unmakes_it() -> None:
    assert Even("even", [("[0-9]", 0.3)]).hits("0 1 2") == [Hit(0, 1, 0.3), Hit(4, 5, 1.0)]


@pytest.mark.parametrize(
    ("text", "loaded"),
    [
        ("page 12 of 300, version 2.1.0, at 10:30:15", []),
        ("Call 020 7946 0112.", ["phonenumbers"]),
        ("Mail jane@example.com.", ["tldextract"]),
        ("12 Main Street, Springfield, France", ["phonenumbers"]),
        ("the host 203.0.113.24, 00:1A:2B:3C:4D:5E, SSN 536-22-1874", ["phonenumbers"]),
        ("the host 2001:db8::17", ["presidio_analyzer"]),
        ("std::add, 00:1A:2B", []),
    ],
)
def test_a_text_loads_what_it_needs(text: str, loaded: list[str]) -> None:
    code = (
        f"import sys; from filters import _personal; _personal.find({text!r}, _personal.kinds(None, [], None)); "
        "named = ('phonenumbers', 'tldextract', 'presidio_analyzer', 'phonenumbers.geodata'); "
        "print(*(name for name in named if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = done.stdout.split()
    assert [name for name in found if name in loaded or "presidio_analyzer" not in found] == loaded


def test_countries_have_the_names_that_phonenumbers_gives_them() -> None:
    from phonenumbers.geodata.locale import LOCALE_DATA

    from filters._countries import _names_of_regions, countries

    assert _names_of_regions() == LOCALE_DATA
    assert {"france", "deutschland", "alemania", "allemagne", "usa"} <= countries()
