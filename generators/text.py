"""Continued-pretraining rows: the passages of one document, joined again up to a token budget.

Takes   all kept passages of one document, in order.
Yields  text records; a row holds neighbours only, so a passage that a filter removed ends the row before it.
Costs   no model call.
"""

from bisect import bisect_left, bisect_right
from collections.abc import AsyncIterator
from itertools import accumulate, pairwise
from typing import Annotated

from annotated_types import Gt

from factory import records
from factory.passages import Passage, runs
from factory.records import Record, Rejected


async def generate(
    passages: list[Passage], *, max_tokens: Annotated[int, Gt(0)] = 4096
) -> AsyncIterator[Record | Rejected]:
    """Join neighbours into rows of at most `max_tokens`; a passage above that is a row of its own."""
    rows = [row for run in runs(passages) for row in divide(run, max_tokens)]
    for nth, row in enumerate(rows, start=1):
        yield records.text(row, join(row), part=nth, parts=len(rows))


def join(row: list[Passage]) -> str:
    """The text of neighbours with the white space that stood between them."""
    return row[0].text + "".join(passage.gap + passage.text for passage in row[1:])


def divide(run: list[Passage], max_tokens: int) -> list[list[Passage]]:
    """Cut a run into as few rows as the budget allows, of sizes as even as its passages permit.

    Filling each row to the brim would leave a crumb at the end: nine equal passages under a budget of eight become
    four and five, not eight and one.
    """
    sums = [0, *accumulate(passage.tokens for passage in run)]
    latest = _from_the_right(sums, max_tokens)
    ends = [0]
    for rows_left in range(len(latest) - 1, 0, -1):
        start = ends[-1]
        low = max(start + 1, latest[rows_left - 1])  # an earlier end would leave more than the other rows can hold
        high = min(bisect_right(sums, sums[start] + max_tokens) - 1, len(run) - rows_left + 1)
        ends.append(_nearest(sums, sums[start] + (sums[-1] - sums[start]) / rows_left, low, max(low, high)))
    return [run[start:end] for start, end in pairwise(ends)]


def _from_the_right(sums: list[int], budget: int) -> list[int]:
    """The n-th is the first passage from which the rest still fits into n rows; `sums[n]`: tokens before passage n."""
    starts = [len(sums) - 1]
    while starts[-1] > 0:
        end = starts[-1]
        starts.append(min(end - 1, bisect_left(sums, sums[end] - budget)))
    return starts


def _nearest(sums: list[int], wanted: float, low: int, high: int) -> int:
    """Which of sums[low..high] is nearest to `wanted`; the left one of two."""
    at = bisect_left(sums, wanted, low, high)
    return at - 1 if at > low and wanted - sums[at - 1] <= sums[at] - wanted else at
