"""Counts that take long: made once for many who ask, given though old, made anew apart, never across bounds."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tieline.console.kept import Shelf, bounds
from tieline.platform.clock import SetClock
from tieline.platform.scope import Permission, Scope

pytestmark = pytest.mark.anyio
MINUTE = timedelta(minutes=1)


class Counting:
    """A count that takes until it is let go."""

    def __init__(self) -> None:
        self.begun = 0
        self.go = asyncio.Event()

    async def __call__(self) -> int:
        self.begun += 1
        number = self.begun
        await self.go.wait()
        return number


async def test_the_first_count_is_waited_for_only_a_moment_and_kept_when_it_comes() -> None:
    shelf, count = Shelf(SetClock(datetime(2026, 1, 1, tzinfo=UTC))), Counting()
    assert await shelf.get("k", count, fresh=MINUTE, wait=0.001) is None
    assert await shelf.get("k", count, fresh=MINUTE, wait=0.001) is None
    assert count.begun == 1
    count.go.set()
    await shelf.settle()
    found = await shelf.get("k", count, fresh=MINUTE)
    assert found is not None
    assert found.value == 1


async def test_what_is_old_is_given_with_its_age_while_it_is_counted_anew() -> None:
    clock = SetClock(datetime(2026, 1, 1, tzinfo=UTC))
    shelf, count = Shelf(clock), Counting()
    count.go.set()
    first = await shelf.get("k", count, fresh=MINUTE, wait=None)
    clock.forward(2 * MINUTE)
    count.go.clear()
    second = await shelf.get("k", count, fresh=MINUTE, wait=0.001)
    assert first == second
    count.go.set()
    await shelf.settle()
    third = await shelf.get("k", count, fresh=MINUTE)
    assert third is not None
    assert (third.value, third.at) == (2, clock.now())


async def test_what_is_old_is_not_given_where_a_new_count_takes_but_a_moment() -> None:
    clock = SetClock(datetime(2026, 1, 1, tzinfo=UTC))
    shelf, count = Shelf(clock), Counting()
    count.go.set()
    await shelf.get("k", count, fresh=MINUTE)
    clock.forward(2 * MINUTE)
    found = await shelf.get("k", count, fresh=MINUTE)
    assert found is not None
    assert (found.value, found.at) == (2, clock.now())


async def test_a_count_that_fails_is_raised_to_who_waits_and_tried_again() -> None:
    shelf = Shelf(SetClock(datetime(2026, 1, 1, tzinfo=UTC)))

    async def broken() -> int:
        raise LookupError("nothing there")

    with pytest.raises(LookupError):
        await shelf.get("k", broken, fresh=MINUTE, wait=None)
    assert await shelf.get("k", broken, fresh=MINUTE) is None
    count = Counting()
    count.go.set()
    found = await shelf.get("k", count, fresh=MINUTE, wait=None)
    assert found is not None
    assert found.value == 1


def test_nobody_sees_what_was_counted_for_wider_bounds() -> None:
    everything = Scope("user:a", frozenset(Permission))
    wales = Scope("user:b", frozenset(Permission), regions=frozenset({"Wales"}))
    one_operator = Scope("user:c", frozenset(Permission), operators=frozenset({"A"}))
    assert len({bounds(everything), bounds(wales), bounds(one_operator)}) == 3
