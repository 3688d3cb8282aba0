"""Which kinds a text has a word for, and what is remembered of it."""

import pytest

from filters import _kind_words
from filters._kind_words import said_in
from filters._kinds import KINDS


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("The pump stops.", set()),
        ("the ACCOUNT is", {"bank_account"}),
        ("accountable", {"bank_account"}),
        ("Main Street", {"address"}),
        ("a street", {"address"}),
        ("down the road", set()),
        ("Lindenstraße", {"address"}),
        ("employees", set()),
        ("StaffCode", {"employee_id"}),
        ("birthdays", {"date_of_birth"}),
        ("(d.o.b)", {"date_of_birth"}),
        ("(MRN:1)", {"medical_record"}),
        ("Ⅳ² ①", set()),
    ],
)
def test_words_say_kinds(text: str, kinds: set[str]) -> None:
    assert said_in(text) == kinds == said_in(text)
    assert kinds <= set(KINDS)


@pytest.mark.slow
def test_what_is_remembered_has_an_end() -> None:
    for first in range(0, 3 * _kind_words.MOST_KNOWN, 1000):
        said_in(" ".join(f"w{nth}x street{nth}" for nth in range(first, first + 1000)))
    assert len(_kind_words._silent) + len(_kind_words._loud) <= _kind_words.MOST_KNOWN
    assert said_in("12 Main Street") == {"address"}


def test_what_is_long_is_not_remembered() -> None:
    long = "https://example.com/" + "a1" * 40
    said_in(long)
    assert long not in _kind_words._silent
    assert "https" in _kind_words._silent
