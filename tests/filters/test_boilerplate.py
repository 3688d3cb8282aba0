"""Boilerplate: lines that many documents share go, headings and phrases stay, copies are left alone."""

import json
from functools import reduce
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory import plugins
from factory.edits import Edit, EditMap
from factory.errors import WrongRequest
from filters.boilerplate import PARTS, Boilerplate
from tests.filters.texts import batch_of
from tests.laws.strategies import STRANGE

MENU = "Home\nProducts\nContact"
COOKIES = "We use cookies to make this page better for you."
FOOTER = "© 2024 Acme Ltd."


def own(nth: int) -> str:
    """What only one document says, longer than what it shares."""
    return "\n".join(
        f"Valve {letter * 3} of part {chr(97 + nth)} opens when its own tank is full." for letter in "pqrstu"
    )


def judged(texts: list[str], cuts: list[int] | None = None, order: int = 1, **options: Any) -> list[dict[str, Any]]:
    """The verdicts; the batches are cut at `cuts` and scanned from the last where `order` is -1."""
    filter_ = Boilerplate(**{"min_documents": 3, **options})
    bounds = [0, *sorted(min(cut, len(texts)) for cut in cuts or ()), len(texts)]
    parts = [filter_.measure(batch_of(texts).slice(start, end - start)) for start, end in pairwise(bounds)]
    state = filter_.settle(reduce(filter_.merge, map(filter_.scan, parts[::order])), None)
    return [row for part in parts for row in filter_.decide(part, state).rows]


def left(texts: list[str], **options: Any) -> list[str]:
    """The texts without what is taken out."""
    edits = [
        [Edit(edit["start"], edit["end"], edit["kind"], edit["replacement"]) for edit in row["edits"] or ()]
        for row in judged(texts, **options)
    ]
    return [EditMap(tuple(its)).apply(text) for its, text in zip(edits, texts, strict=True)]


def test_menus_notices_and_footers_go_and_the_text_stays() -> None:
    texts = [f"{MENU}\n{own(nth)}\n{COOKIES}\n{own(nth).upper()}\n{FOOTER}" for nth in range(4)]
    assert left(texts) == [f"{own(nth)}\n{own(nth).upper()}\n" for nth in range(4)]
    assert left(texts[:2]) == texts[:2]
    assert left(texts, min_documents=5) == texts


def test_case_spacing_and_digits_make_no_other_line() -> None:
    pages = ["PAGE 1 of 4", "page  12 of 44", " Page 3 OF 4", "page\t7 of 8"]
    texts = [f"{page}\n{own(nth)}" for nth, page in enumerate(pages)]
    assert left(texts) == [own(nth) for nth in range(4)]


def test_a_short_line_by_itself_is_a_heading_or_a_phrase() -> None:
    texts = [f"{own(nth)}\nParameters\n{own(nth).upper()}" for nth in range(4)]
    assert left(texts) == texts


@pytest.mark.parametrize("kept", [f"# {COOKIES}", f"```\n{COOKIES}\n```", f"~~~ sh\n{MENU}\n~~~", "----\n====\n++++"])
def test_headings_code_and_rules_stay(kept: str) -> None:
    texts = [f"{own(nth)}\n{kept}\n{own(nth).upper()}" for nth in range(4)]
    assert left(texts) == texts


def test_a_copy_is_left_and_flagged() -> None:
    rows = judged([own(1), own(1), f"{own(1)} ", own(2)])
    assert [(row["outcome"], row["reason"]) for row in rows] == [("keep", "boilerplate.mostly_shared")] * 3 + [
        ("keep", None)
    ]
    assert json.loads(rows[0]["evidence"]) == {"share": 1.0}
    assert judged([own(1)] * 3, max_removed=1.0)[0]["outcome"] == "edit"


def test_a_line_counts_once_a_document() -> None:
    texts = [f"{own(1)}\n" + f"{COOKIES}\n" * 9 + own(2), f"{own(3)}\n{COOKIES}\n{own(4)}"]
    assert [row["outcome"] for row in judged(texts)] == ["keep", "keep"]


def test_states_of_many_batches_are_put_together_on_the_way() -> None:
    filter_ = Boilerplate(min_documents=PARTS * 2)
    features = filter_.measure(batch_of([f"{COOKIES}\n{own(1)}"]))
    state = reduce(filter_.merge, [filter_.scan(features) for _ in range(PARTS * 2)])
    assert len(state.hashes) <= PARTS + 1
    assert filter_.settle(state, None).counts[0].tolist() == [PARTS * 2] * 7


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"min_documents": 1}, "boilerplate: min_documents must be at least 2: one document shares nothing."),
        ({"max_removed": -0.5}, "boilerplate: max_removed cannot be -0.5."),
    ],
)
def test_bounds_that_are_none_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(WrongRequest) as error:
        plugins.filter_("boilerplate", options)
    assert str(error.value) == said


LINES = st.sampled_from([*MENU.split("\n"), COOKIES, FOOTER, own(1), own(2), "# Part", "```", "", "7", *STRANGE])
TEXTS = st.one_of(st.text(max_size=60), st.lists(LINES, max_size=8).map("\n".join))


@given(
    texts=st.lists(TEXTS, min_size=1, max_size=8),
    cuts=st.lists(st.integers(0, 8), max_size=3),
    order=st.sampled_from([1, -1]),
)
@settings(max_examples=100)
def test_where_the_batches_are_cut_and_in_which_order_they_come_does_not_matter(
    texts: list[str], cuts: list[int], order: int
) -> None:
    assert judged(texts, cuts, order, min_documents=2) == judged(texts, min_documents=2)


@given(texts=st.lists(TEXTS, max_size=4))
@settings(max_examples=30)
def test_a_changed_bound_measures_the_same(texts: list[str]) -> None:
    batch = batch_of(texts)
    assert Boilerplate(min_documents=2, max_removed=1.0).measure(batch).equals(Boilerplate().measure(batch))


@given(texts=st.lists(TEXTS, max_size=8))
@settings(max_examples=100)
def test_only_whole_lines_go(texts: list[str]) -> None:
    for text, after in zip(texts, left(texts, min_documents=2, max_removed=1.0) if texts else [], strict=True):
        assert set(after.splitlines(keepends=True)) <= set(text.splitlines(keepends=True))


@pytest.mark.slow
@pytest.mark.parametrize("bait", ["a", "a\n", "\n", "```\n", "7\n", "中"])
def test_a_megabyte_of_one_thing_gets_a_verdict(bait: str) -> None:
    assert judged([bait * (1_000_000 // len(bait))] * 2, min_documents=2)[0]["outcome"] in ("keep", "edit")
