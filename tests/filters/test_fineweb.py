"""FineWeb's rules: each rejects what it is about and nothing else."""

from typing import Any

import pytest

from factory import plugins
from factory.errors import WrongRequest
from filters.fineweb import Fineweb
from tests.filters.texts import judged, reason

SENTENCES = [
    f"The {name} valve opens when its tank is full." for name in ("first", "second", "third", "fourth", "last")
]
GOOD = "\n".join(SENTENCES)


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (None, GOOD),
        (None, "泵会停止。\n" * 1 + "打开排水阀之前请先查看压力表。"),
        ("fineweb.too_few_line_ends", GOOD.replace(".", "")),
        ("fineweb.too_few_line_ends", ""),
        ("fineweb.too_few_line_ends", " \n "),
        ("fineweb.short_lines", "\n".join(f"Valve {n} opens." for n in range(10))),
        ("fineweb.repeated_lines", f"{GOOD}\n{SENTENCES[0]}"),
        ("fineweb.list", GOOD + "\n" * 40),
    ],
)
def test_each_rule_rejects_what_it_is_about(said: str | None, text: str) -> None:
    options: dict[str, Any] = {"max_short_lines": 1.0} if text.startswith("泵") else {}
    assert reason(Fineweb(**options), text) == said


@pytest.mark.parametrize("option", ["min_line_ends", "max_short_lines", "max_repeated_chars", "max_newlines_a_word"])
def test_a_rule_may_be_left_out(option: str) -> None:
    bad = {
        "min_line_ends": GOOD.replace(".", ""),
        "max_short_lines": "\n".join(f"Valve {n} opens." for n in range(9)) + "\n" + SENTENCES[0],
        "max_repeated_chars": f"{GOOD}\n{SENTENCES[0]}",
        "max_newlines_a_word": GOOD + "\n" * 40,
    }[option]
    assert reason(Fineweb(), bad) is not None
    assert reason(Fineweb(**{option: None}), bad) is None


def test_how_short_a_short_line_is_may_be_said() -> None:
    assert reason(Fineweb(short_line=60), GOOD) == "fineweb.short_lines"


def test_the_evidence_is_the_figure_and_its_bound() -> None:
    [row] = judged(Fineweb(), [f"{GOOD}\n{SENTENCES[0]}"])
    assert row["evidence"] == '{"most": 0.01, "repeated_chars": 0.166}'


def test_a_bound_below_zero_is_refused() -> None:
    with pytest.raises(WrongRequest, match=r"fineweb: max_short_lines cannot be -0\.5"):
        plugins.filter_("fineweb", {"max_short_lines": -0.5})
