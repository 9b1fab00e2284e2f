"""Programmes tell the store what they need, so that the forecast of a shortage is not fed by hand."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.integration.programmes.test_programme import ready

from tieline.platform.outbox import Dispatcher
from tieline.utility import logistics
from tieline.utility.programmes.service.wanting import say_needs

pytestmark = pytest.mark.anyio


async def said(works: Any, programme: int) -> list[tuple[int, str, str, int]]:
    """Days from now, goods, operator and number of each demand that the store was told."""
    async with works.db.transaction() as tx:
        await say_needs(tx, works.runtime.calendar, programme)
        found = await logistics.needs_of(tx, works.world.fred, f"programme:{programme}")
    today = datetime.now(UTC).date()
    return sorted(((one.day - today).days, one.goods.value, one.operator, one.number) for one in found)


async def test_a_draft_says_what_it_will_need_and_a_closed_one_nothing(works: Any) -> None:
    await works.build(2)
    programme = await works.open()
    assert await said(works, programme.id) == [(0, "card", "A", 2), (0, "card", "B", 2), (0, "router", "", 2)]
    await works.steer(programme.id, "close")
    assert await said(works, programme.id) == []


async def test_a_router_that_can_do_it_stays(works: Any) -> None:
    await works.build(2)
    await works.world.run_sql("UPDATE device SET generations = '{3G,4G}' WHERE id = (SELECT min(id) FROM device)")
    programme = await works.open()
    assert (0, "router", "", 1) in await said(works, programme.id)


async def test_goods_are_needed_on_the_day_of_the_visit_until_they_are_fitted(works: Any) -> None:
    programme = await ready(works, 1)
    made = await works.schedule(programme)
    day = (date.fromisoformat(made.first_day) - datetime.now(UTC).date()).days
    assert await said(works, programme) == [(day, "card", "A", 1), (day, "card", "B", 1), (day, "router", "", 1)]
    (visit,) = await works.visits(programme)
    step = visit.steps[0]
    await works.say(visit.id, "arrived")
    await works.say(visit.id, "fitted", step=step.key, iccid=step.new_iccid, router="NR1")
    assert await said(works, programme) == [(day, "card", "A", 1)]


async def test_what_is_said_again_is_not_written_again(works: Any) -> None:
    await works.build(1)
    programme = await works.open()
    await works.world.run_sql(
        "UPDATE programme_site SET due_at = %(due)s", due=datetime.now(UTC) + timedelta(days=3, hours=1)
    )
    first = await said(works, programme.id)
    assert await said(works, programme.id) == first
    assert await works.world.value("SELECT count(*) FROM audit WHERE action = 'stock.needs'") == 1


async def test_opening_asks_for_it_to_be_told(works: Any) -> None:
    await works.build(1)
    await works.open()
    await Dispatcher(works.registry.handlers).drain(works.db, works.runtime.clock)
    rows = await works.world.rows("SELECT task_name FROM procrastinate_jobs")
    assert "programmes.needs" in {row["task_name"] for row in rows}
