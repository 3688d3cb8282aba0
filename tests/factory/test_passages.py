"""Passages: a quote is located in the text as filters left it, and leads back to the document as parsed."""

from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from factory.edits import Edit, EditMap
from factory.passages import Passage, Quote, passage_id, runs
from tests.factory.test_edits import edits_on

LETTERS = st.text(st.sampled_from("ab cd\n\t\u00a0“”’'\"–-—«»𝔘🚰系ﬁé\u200b\u0301"), min_size=1, max_size=24)


@st.composite
def passages(draw: st.DrawFn) -> tuple[str, Passage]:
    """A document, and a passage of it with edits."""
    before, source, after = draw(LETTERS), draw(LETTERS), draw(LETTERS)
    edits = EditMap(draw(edits_on(len(source)))).then(())
    start = len(before)
    passage = Passage(
        id="d/0000", document="d", text=edits.apply(source), start=start, end=start + len(source), edits=edits
    )
    return before + source + after, passage


def leads_back(document: str, quote: Quote) -> bool:
    return quote.edits.apply(document[quote.start : quote.end]) == quote.text


@settings(max_examples=300)
@given(made=passages(), data=st.data())
def test_any_piece_of_a_passage_is_located_and_leads_back(made: tuple[str, Passage], data: st.DataObject) -> None:
    document, passage = made
    assume(passage.text.strip())
    start = data.draw(st.integers(0, len(passage.text) - 1))
    piece = passage.text[start : data.draw(st.integers(start + 1, len(passage.text)))]
    found = passage.locate(piece)
    assert (found is None) == (not piece.strip())
    if found is not None:
        assert leads_back(document, found)
        assert piece.strip() in found.text
        assert found.text in passage.text
        assert (found.document, found.passage) == ("d", "d/0000")
        assert passage.start <= found.start < found.end <= passage.end


@settings(max_examples=200)
@given(made=passages(), data=st.data())
def test_any_span_leads_back_widened_to_whole_replacements(made: tuple[str, Passage], data: st.DataObject) -> None:
    document, passage = made
    assume(passage.text)
    start = data.draw(st.integers(0, len(passage.text) - 1))
    end = data.draw(st.integers(start + 1, len(passage.text)))
    found = passage.span(start, end)
    assert leads_back(document, found)
    assert passage.text[start:end] in found.text
    assert found.text == passage.text[slice(*passage.edits.widen(start, end))]


@given(made=passages(), wanted=st.text(min_size=1, max_size=6))
def test_what_is_located_is_the_passages_own_wording(made: tuple[str, Passage], wanted: str) -> None:
    document, passage = made
    found = passage.locate(wanted)
    assert found is None or (found.text in passage.text and leads_back(document, found))


FOLDED = Passage(id="d/0000", document="d", text="He said:\n  “It’s  a 5–10 mm gap”, and left.", start=0, end=43)


@pytest.mark.parametrize("quote", [
    "“It’s a 5–10 mm gap”",
    '"It\'s a 5-10 mm gap"',
    "  said: “It’s\n a 5—10 mm gap”  ",
    "«It's a 5−10 mm gap»",
])  # fmt: skip
def test_white_space_quotation_marks_and_dashes_do_not_hide_a_quote(quote: str) -> None:
    found = FOLDED.locate(quote)
    assert found is not None
    assert found.text in FOLDED.text
    assert "It’s  a 5–10 mm gap" in found.text, "in the passage's wording, not in the caller's"


@pytest.mark.parametrize(
    "quote", ["", "   ", "\n", "it’s a 5–10 mm gap", "He left.", "He said: “It’s a 50–10 mm gap”", "Hesaid"]
)
def test_a_quote_that_the_passage_does_not_hold_is_not_located(quote: str) -> None:
    assert FOLDED.locate(quote) is None


def test_a_removed_value_is_not_located_and_its_replacement_is() -> None:
    source = "Write to anna@example.org today."
    edits = EditMap((Edit(9, 25, "pii.email", "<EMAIL>"),))
    passage = Passage(id="d/0000", document="d", text=edits.apply(source), start=0, end=len(source), edits=edits)
    assert passage.locate("anna@example.org") is None
    found = passage.locate("EMAIL")
    assert found is not None
    assert (found.text, found.start, found.end) == ("<EMAIL>", 9, 25), "half a replacement is the whole of it"


@pytest.mark.parametrize("span", [(0, 0), (3, 2), (-1, 2), (0, 999)])
def test_a_span_that_is_none_is_refused(span: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="no span"):
        FOLDED.span(*span)


@given(present=st.lists(st.booleans(), max_size=8))
def test_a_run_ends_where_a_passage_is_missing(present: list[bool]) -> None:
    kept = [Passage(id=passage_id("d", nth), text=str(nth), index=nth) for nth, there in enumerate(present) if there]
    found = runs(kept)
    assert [passage for run in found for passage in run] == kept
    assert all(right.index == left.index + 1 for run in found for left, right in pairwise(run))
    assert all(later[0].index > earlier[-1].index + 1 for earlier, later in pairwise(found))


def test_ids_of_one_document_sort_as_they_stand() -> None:
    ids = [passage_id("3f9a0c11d2e4", nth) for nth in (0, 9, 10, 999, 1000)]
    assert ids == sorted(ids)
