"""Undo: a new change from the before-images, wholly or in part; conflicts are left alone."""

from collections.abc import Callable
from typing import Any

import pytest

from tieline.platform.errors import Conflict
from tieline.utility.changes.model import Change, ChangeState
from tieline.utility.changes.service import drafting
from tieline.utility.changes.service.drafting import Draft
from tieline.utility.changes.store.items import Part

pytestmark = pytest.mark.anyio

Make = Callable[..., Draft]


async def undo(world: Any, change_id: int, part: Part | None = None) -> Change:
    async with world.db.transaction() as tx:
        made: Change = await drafting.undo(tx, world.fred, change_id, part or Part(), title="", reason="Wrong.")
    planned: Change = await world.replan(made.id)
    if planned.state is ChangeState.PLANNED and (await world.states(made.id)).get("planned"):
        if (await world.submit(made.id)).state is ChangeState.SUBMITTED:
            await world.decide(made.id)
        assert isinstance(await world.start(made.id), Change)
        await world.drive(made.id)
    return planned


async def prepared(world: Any, prepare: Make, sites: int) -> Change:
    await world.build(sites)
    change: Change = await world.started(prepare())
    return await world.drive(change.id)  # type: ignore[no-any-return]


async def test_undoing_all_of_it_puts_everything_back(world: Any, prepare: Make) -> None:
    change = await prepared(world, prepare, 6)
    undone = await undo(world, change.id)
    assert undone.undo_of == change.id
    assert undone.kind == "subscription.restore"
    assert undone.disruptive is False
    assert await world.states(undone.id) == {"verified": 12}
    spare = await world.rows(
        "SELECT DISTINCT state, op_state, apn, ip_address, op_ip_address, data_plan FROM subscription"
        " WHERE operator_ref LIKE 'new-%%' AND op_state IS NOT NULL"
    )
    assert [tuple(row.values()) for row in spare] == [("INVENTORY", "INVENTORY", None, None, None, None)]
    assert await world.value("SELECT count(*) FROM card WHERE stock_state = 'in_stock' AND iccid LIKE 'new-%%'") == 16
    assert await world.value("SELECT count(*) FROM address_reservation WHERE state <> 'released'") == 0
    assert await world.value("SELECT count(*) FROM change_item WHERE undone_by IS NOT NULL") == 12
    with pytest.raises(Conflict, match="Nothing of this change is in effect"):
        await undo(world, change.id)


async def test_undoing_one_region_at_one_operator(world: Any, prepare: Make) -> None:
    change = await prepared(world, prepare, 6)
    undone = await undo(world, change.id, Part(regions=("North",), operators=("A",)))
    assert await world.states(undone.id) == {"verified": 3}
    left = await world.value(
        "SELECT count(*) FROM subscription WHERE operator_ref LIKE 'new-%%' AND state = 'TEST_READY'"
    )
    assert left == 9
    rest = await undo(world, change.id)
    assert await world.states(rest.id) == {"verified": 9}


async def test_what_was_changed_since_is_a_conflict_and_left_alone(world: Any, prepare: Make) -> None:
    change = await prepared(world, prepare, 4)
    await world.run_sql(
        "UPDATE subscription SET apn = 'new.dso', version = version + 1 WHERE id ="
        " (SELECT min(subscription_id) FROM change_item)"
    )
    undone = await undo(world, change.id)
    assert await world.states(undone.id) == {"verified": 7, "conflict": 1}
    reason = await world.value("SELECT reason FROM change_item WHERE state = 'conflict'")
    assert "the APN is now new.dso, not scada.dso" in reason
    assert await world.value("SELECT count(*) FROM subscription WHERE apn = 'new.dso'") == 1


async def test_what_the_operators_staff_changed_is_a_conflict_also_when_it_is_learnt_after_the_plan(
    world: Any, prepare: Make
) -> None:
    change = await prepared(world, prepare, 4)
    meddled = (
        "UPDATE subscription SET op_data_plan = 'staff-1' WHERE id = (SELECT {}(subscription_id) FROM change_item)"
    )
    await world.run_sql(meddled.format("min"))
    async with world.db.transaction() as tx:
        made = await drafting.undo(tx, world.fred, change.id, Part(), title="", reason="Wrong.")
    planned = await world.replan(made.id)
    assert await world.states(planned.id) == {"planned": 7, "conflict": 1}
    await world.run_sql(meddled.format("max"))
    if (await world.submit(made.id)).state is ChangeState.SUBMITTED:
        await world.decide(made.id)
    await world.start(made.id)
    await world.drive(made.id)
    assert await world.states(planned.id) == {"verified": 6, "conflict": 2}
    reasons = await world.rows("SELECT DISTINCT reason FROM change_item WHERE state = 'conflict'")
    assert [row["reason"] for row in reasons] == [
        "Somebody changed it at the operator, which reports the data plan as staff-1, not m2m-100. It is left alone."
    ]


async def test_undoing_a_configuration_keeps_both_links_apart(world: Any, configure: Make) -> None:
    await world.build(5)
    change = await world.started(configure())
    await world.drive(change.id)
    undone = await undo(world, change.id)
    assert undone.disruptive is True
    assert await world.states(undone.id) == {"verified": 10}
    plans = await world.rows(
        "SELECT DISTINCT data_plan, op_data_plan FROM subscription WHERE operator_ref LIKE 'old-%%'"
    )
    assert plans == [{"data_plan": "m2m-100", "op_data_plan": "m2m-100"}]


async def test_an_undo_is_undone_like_any_change(world: Any, configure: Make) -> None:
    await world.build(2)
    change = await world.started(configure())
    await world.drive(change.id)
    undone = await undo(world, change.id)
    again = await undo(world, undone.id)
    assert await world.states(again.id) == {"verified": 4}
    assert await world.value("SELECT count(*) FROM subscription WHERE data_plan = 'm2m-200'") == 4


async def test_a_prepared_link_can_be_prepared_again_once_undone(world: Any, prepare: Make) -> None:
    change = await prepared(world, prepare, 2)
    await undo(world, change.id)
    again = await world.plan(prepare())
    assert await world.states(again.id) == {"planned": 4}
