"""Windows that recur, in the real database: of a change, its policy, its operator; openings kept and worked out."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.integration.changes.test_denied import Watched
from tests.integration.changes.test_holding import Other, _at_work

from tieline.platform.errors import Forbidden, Invalid
from tieline.platform.scope import Permission
from tieline.utility.changes.model import Change, ChangeState, Recurring, Window
from tieline.utility.changes.service import timing
from tieline.utility.changes.service.drafting import Draft
from tieline.utility.changes.store import guarding, openings

pytestmark = pytest.mark.anyio

Make = Callable[..., Draft]
NIGHTS = timing.read(["Mon-Thu 22:00-05:00 Europe/London"])
NOON = datetime(2026, 1, 12, 12, 0, tzinfo=UTC)  # a Monday


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


async def windowed(world: Any, configure: Make, clock: Other) -> Change:
    """A change with nightly windows, started by day."""
    world.runtime = replace(world.runtime, clock=clock)
    await world.build(3)
    change: Change = await world.started(configure(window=Window(rules=NIGHTS)))
    return change


async def kept(world: Any, change_id: int) -> Any:
    async with world.db.transaction() as tx:
        row = await openings.of_change(tx, change_id)
        assert row is not None
        return openings.stored(row)


async def test_nothing_is_sent_by_day_and_all_at_night(world: Any, configure: Make) -> None:
    clock = Other(NOON)
    change = await windowed(world, configure, clock)
    opening = (await kept(world, change.id)).span
    assert (opening.opens, opening.closes) == (at("2026-01-12T22:00"), at("2026-01-13T05:00"))
    driver = Watched(world.db, world.lines, clock, pace=world.pace)
    async with _at_work(driver):
        await driver.had_its_chance(world)
        assert world.effects() == {}
        clock.set(at("2026-01-12T22:00"))
        await world.until(change.id, ChangeState.COMPLETED)


async def test_what_is_kept_is_worked_out_anew_before_sending(world: Any, configure: Make) -> None:
    """Even where the kept opening is wrong, or the job that keeps it is late, nothing goes out of the window."""
    clock = Other(NOON)
    change = await windowed(world, configure, clock)
    batch = await world.value(
        "INSERT INTO change_batch (change_id, operator_id, wave, key, items, intended_at)"
        " SELECT change_id, operator_id, 1, 'k', 1, now() FROM change_lane WHERE change_id = %(id)s LIMIT 1"
        " RETURNING id",
        id=change.id,
    )
    async with world.db.transaction() as tx:
        assert not await guarding.sendable(tx, batch, NOON)
        assert await guarding.sendable(tx, batch, at("2026-01-12T22:00"))
        assert await guarding.sendable(tx, batch, at("2026-01-13T04:59:59"))
        assert not await guarding.sendable(tx, batch, at("2026-01-13T05:00"))
        # The clock went back after the window closed: what the driver has seen keeps it closed.
        assert not await guarding.sendable(tx, batch, at("2026-01-13T04:59:59"), seen=at("2026-01-13T05:00"))
    wide = {"opens": NOON - timedelta(days=1), "closes": NOON + timedelta(days=9), "id": change.id}
    await world.run_sql("UPDATE change SET opens_at = %(opens)s, closes_at = %(closes)s WHERE id = %(id)s", **wide)
    async with world.db.transaction() as tx:
        assert not await guarding.sendable(tx, batch, NOON)
        assert await guarding.sendable(tx, batch, at("2026-01-12T23:00"))


async def test_openings_go_on_night_by_night_and_never_back(world: Any, configure: Make) -> None:
    clock = Other(NOON)
    change = await windowed(world, configure, clock)
    clock.set(at("2026-01-13T05:00"))
    await timing.settle_all(world.db, clock)
    tuesday = await kept(world, change.id)
    assert tuesday.span.opens == at("2026-01-13T22:00")
    clock.set(at("2026-01-13T04:30"))
    await timing.settle_all(world.db, clock)
    assert await kept(world, change.id) == tuesday
    clock.set(at("2026-01-16T05:00"))
    await timing.settle_all(world.db, clock)
    assert (await kept(world, change.id)).span.opens == at("2026-01-19T22:00")  # from Friday morning to Monday


async def test_an_operator_s_window_holds_its_lane_alone(world: Any, configure: Make) -> None:
    clock = Other(NOON)
    world.runtime = replace(world.runtime, clock=clock)
    await world.build(3)
    admin = replace(world.fred, permissions=world.fred.permissions | {Permission.OPERATOR_WRITE})
    async with world.db.transaction() as tx:
        with pytest.raises(Forbidden):
            await timing.set_operator_windows(tx, world.fred, clock, "A", NIGHTS)
        await timing.set_operator_windows(tx, admin, clock, "A", NIGHTS, terms="Schedule 4")
        (row,) = await timing.operator_windows(tx, world.fred)
    assert row["words"] == ["Mon\u2013Thu 22:00\u201305:00 Europe/London"]
    change = await world.plan(configure())
    async with world.db.transaction() as tx:
        expected = await timing.schedule(tx, world.fred, clock, change.id)
    assert expected.operators["A"].begins == at("2026-01-12T22:00")
    assert expected.operators["B"].begins == NOON
    assert (expected.operators["A"].openings, expected.operators["A"].windowed) == ((1, 1), True)
    await world.submit(change.id)
    assert isinstance(await world.start(change.id), Change)
    driver = Watched(world.db, world.lines, clock, pace=world.pace)
    async with _at_work(driver):

        async def b_is_done() -> bool:
            states: dict[str, int] = await world.states(change.id)
            return states.get("verified") == 3

        await world.wait(b_is_done)
        await driver.had_its_chance(world)
        assert await world.states(change.id) == {"planned": 3, "verified": 3}
        async with world.db.transaction() as tx:
            await timing.set_operator_windows(tx, admin, clock, "A", ())
            (before,) = await timing.operator_window_history(tx, world.fred, "A")
        assert (before["terms"], before["replaced_by"]) == ("Schedule 4", "user:fred")
        await world.until(change.id, ChangeState.COMPLETED)


async def test_an_operator_s_window_that_is_set_meanwhile_is_not_overwritten(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job works out what it read; whoever sets the window anew waits for it, or it for them."""
    await world.build(1)
    clock = Other(NOON)
    admin = replace(world.fred, permissions=world.fred.permissions | {Permission.OPERATOR_WRITE})

    async def set_to(rules: Any) -> None:
        async with world.db.transaction() as tx:
            await timing.set_operator_windows(tx, admin, clock, "A", rules)

    await set_to(NIGHTS)
    clock.set(NOON + timedelta(minutes=1))
    setting: list[asyncio.Task[None]] = []
    keep = openings.keep_operator

    async def late(*arguments: Any) -> None:
        monkeypatch.setattr(openings, "keep_operator", keep)
        setting.append(asyncio.create_task(set_to(timing.read(["daily 12:00-18:00 Europe/London"]))))
        await asyncio.wait(setting, timeout=0.5)
        await keep(*arguments)

    monkeypatch.setattr(openings, "keep_operator", late)
    async with world.db.transaction() as tx:
        await timing.settle_operators(tx, clock)
    await setting[0]
    async with world.db.transaction() as tx:
        (row,) = await timing.operator_windows(tx, world.fred)
    assert row["words"] == ["daily 12:00\u201318:00 Europe/London"]
    assert row["opens_at"] == NOON


async def test_a_window_that_makes_no_sense_is_refused(world: Any, configure: Make) -> None:
    await world.build(1)
    with pytest.raises(Invalid, match="cannot be read"):
        timing.read(["sometimes"])
    with pytest.raises(Invalid, match="no sense"):
        timing.read(["daily 22:00-05:00 Mars/Olympus"])
    wrong = Recurring("Mars/Olympus", "22:00", "05:00", "FREQ=DAILY")
    with pytest.raises(Invalid, match="as described"):
        await world.plan(configure(window=Window(rules=(wrong,))))
