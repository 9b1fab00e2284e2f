"""Two changes that want the same: links, subscriptions, cards, addresses, sites."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tieline.platform.errors import Conflict
from tieline.utility.changes.model import Change, ChangeState, Thresholds
from tieline.utility.changes.service import drafting, running
from tieline.utility.changes.service.drafting import Draft
from tieline.utility.changes.service.running import Refused
from tieline.utility.changes.store.items import Part
from tieline.utility.inventory import FleetFilter, Selection

pytestmark = pytest.mark.anyio

Make = Callable[..., Draft]
TOLERANT = Thresholds(success=0.0, error=1.0)
FITTED = """
    WITH item AS (SELECT subscription_id, source_id, card_id FROM change_item WHERE card_id IS NOT NULL
        ORDER BY id LIMIT 1),
    moved AS (UPDATE link l SET subscription_id = item.subscription_id, card_id = item.card_id FROM item
        WHERE l.subscription_id = item.source_id RETURNING l.site_id, item.subscription_id)
    UPDATE subscription s SET site_id = moved.site_id FROM moved WHERE s.id = moved.subscription_id"""


def at(operator: str) -> Selection:
    """The fitted links of an operator."""
    return Selection(filter=FleetFilter(linked=True, operators=(operator,)))


async def undo_of(world: Any, change_id: int) -> Change:
    """An undo of a change, planned."""
    async with world.db.transaction() as tx:
        made = await drafting.undo(tx, world.fred, change_id, Part(), title="", reason="Wrong.")
    planned: Change = await world.replan(made.id)
    return planned


async def test_of_two_preparations_planned_at_one_moment_only_one_starts(world: Any, prepare: Make) -> None:
    await world.build(3, spare=10)
    plans = await asyncio.gather(world.plan(prepare()), world.plan(prepare()))
    assert [await world.states(one.id) for one in plans] == [{"planned": 6}] * 2
    for one in plans:
        assert (await world.submit(one.id)).state is ChangeState.APPROVED
    first, second = await asyncio.gather(*(world.start(one.id) for one in plans))
    refused, begun = (first, second) if isinstance(first, Refused) else (second, first)
    assert isinstance(begun, Change)
    assert isinstance(refused, Refused)
    assert f"Change {begun.id}" in refused.why
    await world.drive(begun.id)
    assert len(world.effects()) == 6


async def test_a_second_change_of_the_same_subscriptions_waits_for_the_first(world: Any, configure: Make) -> None:
    await world.build(2)
    plans = [
        await world.plan(configure(parameters={"data_plan": name}, selection=at("A"))) for name in ("one", "other")
    ]
    for one in plans:
        await world.submit(one.id)
    assert isinstance(await world.start(plans[0].id), Change)
    refused = await world.start(plans[1].id)
    assert isinstance(refused, Refused)
    assert f"Change {plans[0].id} is not finished" in refused.why
    assert (await world.get(plans[1].id)).state is ChangeState.PLANNED


async def test_two_changes_at_once_never_expose_both_links_of_a_site(world: Any, configure: Make) -> None:
    await world.build(25)
    both = [await world.started(configure(selection=at(code), thresholds=TOLERANT)) for code in ("A", "B")]
    async with world.driving():
        for one in both:
            await world.until(one.id, ChangeState.COMPLETED)
    assert [await world.states(one.id) for one in both] == [{"verified": 25}] * 2
    together = """
        SELECT count(*) FROM change_item a JOIN change_item b ON b.site_id = a.site_id AND b.link_id <> a.link_id
        WHERE a.queued_at < b.ended_at AND b.queued_at < a.ended_at"""
    assert await world.value(together) == 0


async def test_what_was_taken_back_is_not_tried_again(world: Any, prepare: Make) -> None:
    await world.build(3)
    world.platforms["B"].behaviour.lies = {"new-B-1"}
    change = await world.started(prepare(thresholds=TOLERANT))
    await world.drive(change.id)
    assert await world.states(change.id) == {"verified": 5, "failed": 1}
    undo = await undo_of(world, change.id)
    await world.submit(undo.id)
    assert isinstance(await world.start(undo.id), Change)
    await world.drive(undo.id)
    assert await world.states(undo.id) == {"verified": 6}
    async with world.db.transaction() as tx:
        with pytest.raises(Conflict, match="Nothing has failed"):
            await running.retry(tx, world.fred, change.id)


async def test_what_is_taken_back_while_it_waits_to_be_tried_again_is_left_alone(world: Any, prepare: Make) -> None:
    await world.build(3)
    world.platforms["B"].behaviour.lies = {"new-B-1"}
    change = await world.started(prepare(thresholds=TOLERANT))
    await world.drive(change.id)
    async with world.db.transaction() as tx:
        await running.retry(tx, world.fred, change.id)
    await world.run_sql("UPDATE change_item SET undone_by = %(c)s WHERE state = 'planned'", c=change.id)
    sent = dict(world.effects())
    await world.drive(change.id)
    assert await world.states(change.id) == {"verified": 5, "conflict": 1}
    assert world.effects() == sent


async def test_an_address_that_somebody_else_has_by_now_is_not_taken_back(world: Any, configure: Make) -> None:
    await world.build(3)
    await world.run_sql("UPDATE subscription SET ip_address = '10.8.0.1' WHERE operator_ref = 'old-A-1'")
    await world.run_sql("UPDATE subscription SET ip_address = '10.8.0.2' WHERE operator_ref = 'old-A-2'")
    change = await world.started(configure(parameters={"ip_address": "unset"}, selection=at("A")))
    await world.drive(change.id)
    await world.run_sql("UPDATE subscription SET ip_address = '10.8.0.1' WHERE operator_ref = 'new-A-1'")
    undo = await undo_of(world, change.id)
    rows = await world.rows("SELECT ref, reason_code FROM change_item WHERE change_id = %(id)s ORDER BY 1", id=undo.id)
    assert [(row["ref"], row["reason_code"]) for row in rows] == [
        ("old-A-1", "address-taken"),
        ("old-A-2", ""),
        ("old-A-3", ""),
    ]


async def test_an_address_that_an_undo_will_set_is_given_to_nobody_else(
    world: Any, configure: Make, prepare: Make
) -> None:
    await world.build(3)
    await world.run_sql("UPDATE subscription SET ip_address = '10.8.0.1' WHERE operator_ref = 'old-A-1'")
    change = await world.started(configure(parameters={"ip_address": "unset"}, selection=at("A")))
    await world.drive(change.id)
    undo = await undo_of(world, change.id)
    other = await world.plan(prepare(selection=at("A")))
    await world.plan(configure(parameters={"ip_address": "pool"}, selection=at("A")))
    given = await world.rows(
        "SELECT DISTINCT host(address) AS address FROM address_reservation WHERE state = 'reserved'"
        " AND key NOT LIKE %(mine)s",
        mine=f"change-{undo.id}:%",
    )
    assert given
    assert "10.8.0.1" not in {row["address"] for row in given}
    assert (await world.get(other.id)).state is ChangeState.PLANNED


async def test_a_prepared_card_that_was_fitted_since_is_not_taken_back(world: Any, prepare: Make) -> None:
    await world.build(2)
    change = await world.started(prepare())
    await world.drive(change.id)
    await world.run_sql(FITTED)
    undo = await undo_of(world, change.id)
    assert await world.states(undo.id) == {"planned": 3, "conflict": 1}
    assert await world.reasons(undo.id) == {"fitted-since": 1}


async def test_a_prepared_card_that_is_fitted_before_its_turn_is_not_taken_back(world: Any, prepare: Make) -> None:
    await world.build(2)
    change = await world.started(prepare())
    await world.drive(change.id)
    undo = await undo_of(world, change.id)
    await world.submit(undo.id)
    assert isinstance(await world.start(undo.id), Change)
    await world.run_sql(FITTED)
    await world.drive(undo.id)
    assert await world.states(undo.id) == {"verified": 3, "conflict": 1}
    assert await world.reasons(undo.id) == {"fitted-since": 1}


async def test_a_link_that_moved_to_another_site_before_its_turn_is_left_alone(world: Any, configure: Make) -> None:
    """The plan kept both links apart by the sites of its day."""
    await world.build(3)
    change = await world.started(configure(thresholds=TOLERANT))
    await world.run_sql("""
        WITH gone AS (DELETE FROM link USING subscription s WHERE s.id = link.subscription_id
            AND s.operator_ref = 'old-A-2'),
        there AS (SELECT id FROM site WHERE external_id = 'S3'),
        moved AS (UPDATE link l SET site_id = there.id FROM there, subscription s
            WHERE s.id = l.subscription_id AND s.operator_ref = 'old-B-2' RETURNING l.subscription_id, l.site_id)
        UPDATE subscription s SET site_id = moved.site_id FROM moved WHERE s.id = moved.subscription_id""")
    await world.drive(change.id)
    left = await world.rows("SELECT ref, state, reason_code FROM change_item WHERE state <> 'verified'")
    assert {"ref": "old-B-2", "state": "conflict", "reason_code": "moved"} in left
    assert "old-B-2" not in world.effects()
