"""The cap is hard, in the order of the calls, and counts what may have been paid for."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.errors import SpendCapReached
from factory.llm.settings import Price
from factory.llm.spend import UNIT, Spend, is_free

PRICE = Price(input=0.5, output=1.5)


def test_a_cost_is_exact_in_billionths_and_rounded_up() -> None:
    spend = Spend("llm", PRICE, 1.0)
    assert spend.cost(1_000_000, 2_000_000) == int(3.5 * UNIT)
    assert spend.cost(1, 0) == 500
    assert Spend("llm", Price(input=0.0375, output=0.0), 1.0).cost(1, 0) == 38
    assert Spend("llm", None, None).cost(10, 10) == 0
    assert spend.worst("ä".encode(), 10) == spend.cost(2, 10)


async def test_calls_wait_for_room_in_order_and_the_cap_ends_them_all() -> None:
    spend = Spend("llm", PRICE, 10 / UNIT)
    order: list[Any] = []

    async def call(name: str, worst: int) -> None:
        try:
            await spend.admit(worst)
            order.append(name)
        except SpendCapReached as error:
            order.append((name, str(error)))

    tasks = [
        asyncio.create_task(call(name, worst)) for name, worst in (("a", 6), ("b", 5), ("c", 1), ("d", 9), ("e", 1))
    ]
    await asyncio.sleep(0)
    assert order == ["a"]  # b does not fit beside it, and c, which would, came later
    spend.settle(6, 2)
    await asyncio.sleep(0)
    assert order == ["a", "b", "c"]
    spend.settle(5, 5)
    spend.settle(1, 0)
    await asyncio.gather(*tasks)
    [(_, said), (last, _)] = order[3:]
    assert last == "e"  # it came after one that was refused
    assert "max_spend of the model 'llm' is reached: 7e-09 of 1e-08 is spent, and the next call may cost 9e-09." in said
    assert "Raise max_spend" in said
    with pytest.raises(SpendCapReached):
        await spend.admit(1)


async def test_who_lost_a_try_goes_first() -> None:
    spend = Spend("llm", PRICE, 20 / UNIT)
    await spend.admit(4)
    await spend.admit(8)
    later = asyncio.create_task(spend.admit(9))
    await asyncio.sleep(0)
    assert spend.lose(8, again=True)  # 8 spent, 8 + 4 in flight
    assert not spend.lose(8, again=True)  # 16 spent, 4 in flight: a third try must wait
    again = asyncio.create_task(spend.admit(3, first=True))
    await asyncio.sleep(0)
    spend.settle(4, 1)
    await again
    assert (spend.spent, spend.in_flight) == (17, 3)
    spend.settle(3, 1)
    with pytest.raises(SpendCapReached):
        await later


async def test_who_is_cancelled_leaves_nothing_in_flight() -> None:
    spend = Spend("llm", PRICE, 10 / UNIT)
    await spend.admit(8)
    waiting, behind = asyncio.create_task(spend.admit(5)), asyncio.create_task(spend.admit(2))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.sleep(0)
    spend.release(8)  # admits nobody twice
    await behind
    assert spend.in_flight == 2
    one = asyncio.create_task(spend.admit(9))
    await asyncio.sleep(0)
    spend.release(2)
    one.cancel()  # it was admitted in the same moment
    with pytest.raises(asyncio.CancelledError):
        await one
    assert spend.in_flight == 0


def test_without_a_cap_everything_is_admitted() -> None:
    spend = Spend("llm", None, None)
    assert spend.fits(10**30)


@pytest.mark.parametrize(
    ("status", "fault", "free"),
    [
        (None, "connect", True), (None, "timeout.connect", True), (429, "http_429", True), (400, "http_400", True),
        (500, "http_5xx", True), (503, "http_5xx", True), (502, "http_5xx", False), (504, "http_5xx", False),
        (None, "reset", False), (None, "timeout.first_byte", False), (200, "timeout.total", False),
        (200, "cut_body", False), (200, "not_json", False), (200, "empty_choice", False), (None, "cancelled", False),
    ],
)  # fmt: skip
def test_a_try_is_free_only_where_nothing_can_have_been_paid(status: int | None, fault: str, free: bool) -> None:
    assert is_free(status, fault) is free


CALLS = st.lists(st.tuples(st.integers(1, 50), st.integers(0, 100), st.integers(0, 3)), max_size=30)


@given(calls=CALLS, cap=st.integers(0, 300), earlier=st.integers(0, 100))
def test_what_is_spent_is_never_above_the_cap(calls: list[tuple[int, int, int]], cap: int, earlier: int) -> None:
    """Each call has a worst case, a share of it that it really costs, and tries that are lost in full."""
    spend = Spend("llm", PRICE, cap / UNIT, min(earlier, cap))

    async def call(worst: int, share: int, lost: int) -> bool:
        try:
            await spend.admit(worst)
            for _ in range(lost):
                await asyncio.sleep(0)
                if not spend.lose(worst, again=True):
                    await spend.admit(worst, first=True)
                assert spend.spent + spend.in_flight <= cap
        except SpendCapReached:
            return False
        await asyncio.sleep(0)
        spend.settle(worst, worst * share // 100)
        assert spend.spent + spend.in_flight <= cap
        return True

    async def all_calls() -> list[bool]:
        return await asyncio.gather(*(call(*given) for given in calls))

    done = asyncio.run(all_calls())
    assert len(done) == len(calls)  # none hangs
    assert spend.in_flight == 0
    if min(earlier, cap) + sum(worst * (lost + 1) for worst, _, lost in calls) <= cap:
        assert all(done)
