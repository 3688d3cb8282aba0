"""Edit maps: what two edits after one another make of a text, and the way back to its source."""

from collections.abc import Iterable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from factory.edits import Edit, EditMap


def edits_on(length: int) -> st.SearchStrategy[tuple[Edit, ...]]:
    """Disjoint edits of a text of `length` characters; some delete, some make it longer."""
    bounds = st.lists(st.integers(0, length), max_size=8).map(sorted)
    spans = bounds.map(lambda at: [(a, b) for a, b in zip(at[::2], at[1::2], strict=False) if a < b])
    words = st.text("XYZ", max_size=4)
    return spans.flatmap(
        lambda found: st.tuples(*[st.builds(Edit, st.just(a), st.just(b), st.just("k"), words) for a, b in found])
    )


@st.composite
def edited(draw: st.DrawFn, *, most: int = 3, least: int = 0) -> tuple[str, EditMap, str]:
    """A source, the map of some rounds of edits, and the text that doing them one after the other gives."""
    source = draw(st.text("abcdefgh", min_size=least, max_size=16))
    text, edits = source, EditMap()
    for _ in range(draw(st.integers(0, most))):
        later = draw(edits_on(len(text)))
        text, edits = one_by_one(text, later), edits.then(later)
    return source, edits, text


def one_by_one(text: str, edits: Iterable[Edit]) -> str:
    """The edits done by hand, from the right."""
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        text = text[: edit.start] + edit.replacement + text[edit.end :]
    return text


def span_of(draw: st.DataObject, text: str) -> tuple[int, int]:
    start = draw.draw(st.integers(0, len(text) - 1))
    return start, draw.draw(st.integers(start + 1, len(text)))


@settings(max_examples=300)
@given(made=edited())
def test_a_composition_does_what_its_parts_do_one_after_the_other(made: tuple[str, EditMap, str]) -> None:
    source, edits, text = made
    assert edits.apply(source) == text


@settings(max_examples=500)
@given(made=edited(), data=st.data())
def test_any_span_of_the_edited_text_leads_back_and_comes_out_again(
    made: tuple[str, EditMap, str], data: st.DataObject
) -> None:
    source, edits, text = made
    if not text:
        return
    start, end = span_of(data, text)
    first, last = edits.to_source(start, end)
    wide = edits.widen(start, end)
    assert 0 <= first < last <= len(source)
    assert wide[0] <= start < end <= wide[1]
    assert edits.within(first, last).apply(source[first:last]) == text[slice(*wide)]


@given(made=edited(), data=st.data())
def test_a_span_that_no_edit_touches_leads_back_to_itself(made: tuple[str, EditMap, str], data: st.DataObject) -> None:
    source, edits, text = made
    if not text:
        return
    start, end = span_of(data, text)
    first, last = edits.to_source(start, end)
    if not edits.within(first, last) and edits.widen(start, end) == (start, end):
        assert source[first:last] == text[start:end]
        assert edits.to_edited(first, last) == (start, end)


@given(made=edited(), data=st.data())
def test_widening_is_done_once(made: tuple[str, EditMap, str], data: st.DataObject) -> None:
    _, edits, text = made
    if text:
        wide = edits.widen(*span_of(data, text))
        assert edits.widen(*wide) == wide


@settings(max_examples=300)
@given(made=edited(least=1), data=st.data())
def test_a_span_of_the_source_covers_what_came_of_it(made: tuple[str, EditMap, str], data: st.DataObject) -> None:
    source, edits, text = made
    start, end = span_of(data, source)
    first, last = edits.to_edited(start, end)
    assert 0 <= first <= last <= len(text)
    whole = edits.to_edited(0, len(source))
    assert whole == (0, len(text))


@given(made=edited(), by=st.integers(0, 50))
def test_a_map_that_is_moved_edits_the_moved_text(made: tuple[str, EditMap, str], by: int) -> None:
    source, edits, text = made
    assert edits.shift(by).apply("-" * by + source) == "-" * by + text


@given(made=edited())
def test_nothing_is_the_map_of_no_edits(made: tuple[str, EditMap, str]) -> None:
    source, edits, _ = made
    assert edits.then(()) == edits
    assert EditMap().apply(source) == source
    assert EditMap().then(edits.edits) == edits
    assert bool(edits) == bool(edits.edits)


@given(made=edited())
def test_the_order_in_which_edits_are_given_does_not_matter(made: tuple[str, EditMap, str]) -> None:
    _, edits, _ = made
    assert EditMap(edits.edits[::-1]) == edits


def test_a_later_edit_that_cuts_a_replacement_keeps_its_other_half() -> None:
    edits = EditMap((Edit(2, 4, "first", "WXYZ"),)).then([Edit(4, 7, "later", "!")])  # "abWXYZef": YZ and e go
    assert edits.apply("abcdef") == "abWX!f"
    assert edits.edits == (Edit(2, 5, "later", "WX!"),)


@pytest.mark.parametrize("edit", [Edit(2, 2, "k", "x"), Edit(3, 2, "k", ""), Edit(-1, 2, "k", "")])
def test_an_edit_that_replaces_nothing_is_refused(edit: Edit) -> None:
    with pytest.raises(ValueError, match="at least one character"):
        EditMap((edit,))


@example(pair=(Edit(0, 3, "a", ""), Edit(2, 4, "b", "")))
@given(pair=st.tuples(*[st.builds(Edit, st.integers(0, 4), st.integers(5, 9), st.just("k"), st.text(max_size=2))] * 2))
def test_edits_that_overlap_are_refused(pair: tuple[Edit, Edit]) -> None:
    with pytest.raises(ValueError, match="overlap"):
        EditMap(pair)


def test_edits_that_touch_are_not_an_overlap() -> None:
    assert EditMap((Edit(0, 2, "a", "x"), Edit(2, 4, "b", "y"))).apply("abcd") == "xy"


def test_an_edit_outside_the_text_is_refused() -> None:
    with pytest.raises(ValueError, match="outside"):
        EditMap((Edit(0, 4, "k", ""),)).apply("abc")


@pytest.mark.parametrize("span", [(2, 2), (3, 1), (-1, 1)])
def test_an_empty_span_has_no_place_in_the_source(span: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="at least one character"):
        EditMap().to_source(*span)


def test_offsets_count_code_points_and_not_bytes_or_surrogates() -> None:
    source = "𝔘 an👩🏽‍🔧na@example.org 系统"
    at = source.index("na@")
    edits = EditMap((Edit(at, at + len("na@example.org"), "pii.email", "<EMAIL>"),))
    text = edits.apply(source)
    assert text == "𝔘 an👩🏽‍🔧<EMAIL> 系统"
    assert source[slice(*edits.to_source(len(text) - 2, len(text)))] == "系统"
