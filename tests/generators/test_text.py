"""Text rows: neighbours only, within the budget, nothing lost, no crumbs."""

from hypothesis import given
from hypothesis import strategies as st

from factory.passages import Passage
from factory.records import Record
from generators.text import divide, generate


def passages(*tokens: int, missing: tuple[int, ...] = ()) -> list[Passage]:
    """One document's passages: `tokens` of each, without those whose index is in `missing`."""
    return [
        Passage(id=f"d/{n:04d}", text=f"Passage {n}.", document="d", index=n, tokens=size, gap="\n\n" if n else "")
        for n, size in enumerate(tokens)
        if n not in missing
    ]


async def rows(given_passages: list[Passage], max_tokens: int) -> list[Record]:
    made = [item async for item in generate(given_passages, max_tokens=max_tokens)]
    assert all(isinstance(item, Record) for item in made)
    return [item for item in made if isinstance(item, Record)]


async def test_a_short_document_is_one_row_with_the_white_space_that_stood_between() -> None:
    [row] = await rows(passages(3, 4, 5), 100)
    assert row.data == {"text": "Passage 0.\n\nPassage 1.\n\nPassage 2."}
    assert row.meta == {"part": 1, "parts": 1}
    assert row.parents == ("d/0000", "d/0001", "d/0002")


async def test_a_missing_passage_ends_the_row_before_it() -> None:
    first, second = await rows(passages(1, 1, 1, 1, missing=(2,)), 100)
    assert first.data["text"] == "Passage 0.\n\nPassage 1."
    assert second.data["text"] == "Passage 3."  # its gap stood after a text that is not there
    assert [row.meta["part"] for row in (first, second)] == [1, 2]


async def test_a_passage_above_the_budget_is_a_row_of_its_own() -> None:
    made = await rows(passages(2, 50, 2), 10)
    assert [row.parents for row in made] == [("d/0000",), ("d/0001",), ("d/0002",)]


async def test_no_passages_make_no_rows() -> None:
    assert await rows([], 10) == []


def test_the_last_row_is_no_crumb() -> None:
    assert [len(row) for row in divide(passages(*[1] * 9), 8)] == [4, 5]
    assert [len(row) for row in divide(passages(*[1] * 10), 4)] == [3, 3, 4]


@given(tokens=st.lists(st.integers(0, 30), min_size=1, max_size=30), max_tokens=st.integers(1, 60))
def test_rows_hold_everything_in_order_within_the_budget_and_are_the_fewest(tokens: list[int], max_tokens: int) -> None:
    run = passages(*tokens)
    divided = divide(run, max_tokens)
    assert [passage for row in divided for passage in row] == run
    assert all(len(row) == 1 or sum(passage.tokens for passage in row) <= max_tokens for row in divided)
    assert len(divided) == len(filled(tokens, max_tokens))


def filled(tokens: list[int], max_tokens: int) -> list[list[int]]:
    """Rows filled to the brim, which are the fewest."""
    made: list[list[int]] = []
    for size in tokens:
        if made and sum(made[-1]) + size <= max_tokens:
            made[-1].append(size)
        else:
            made.append([size])
    return made
