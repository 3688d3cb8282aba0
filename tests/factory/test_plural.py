"""Counts in words; and no page, message or finding of the core that writes a plural by hand where one may stand."""

import re
from pathlib import Path

import pytest

from factory import plural

VIEWS = Path(__file__).parents[2] / "factory/views"


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (1234, "1,234 rows")]
)  # fmt: skip
def test_one_is_not_several(count: int, said: str) -> None:
    assert plural.many(count, "row") == said


def test_a_word_may_have_a_plural_of_its_own_and_take_its_verb_along() -> None:
    assert plural.many(1, "row has", "rows have") == "1 row has"
    assert plural.many(3, "match", "matches") == "3 matches"
    assert plural.noun(1.0, "row") == "row"


def test_no_template_writes_a_plural_behind_a_number() -> None:
    """`{{ n | number }} rows` is wrong for one row: `{{ n | many("row") }}` is right for all."""
    words = "row|pair|vote|call|token|answer|document|passage|question|quote|group|verb|measure|character|sentence"
    by_hand = re.compile(rf"(?:\| number|\| length|parts\.measure\(\"[a-z_.]+\"\)) \}}\}} (?:[a-z]+ )?(?:{words})s\b")
    found = {
        f"{file.relative_to(VIEWS)}: {match[0]}"
        for file in VIEWS.rglob("*.html")
        for match in by_hand.finditer(file.read_text(encoding="utf-8"))
    }
    assert not found
