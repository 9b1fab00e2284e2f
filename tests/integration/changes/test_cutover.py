"""Cutting over: a link's fixed address goes from the old subscription to the one prepared for it, in that order."""

from collections.abc import Callable
from typing import Any

import pytest

from tieline.platform.errors import Conflict
from tieline.utility import inventory
from tieline.utility.changes.model import Change, ChangeState, Thresholds
from tieline.utility.changes.service import drafting, releasing, running
from tieline.utility.changes.service.drafting import Draft
from tieline.utility.changes.store.items import Part
from tieline.utility.connectors import Field
from tieline.utility.inventory import AddressWant, FleetFilter, NoAddress, Selection

pytestmark = pytest.mark.anyio

Make = Callable[..., Draft]


def cut(thresholds: Thresholds | None = None, **parameters: Any) -> Draft:
    return Draft(
        kind="subscription.cutover",
        title="Cut over",
        selection=Selection(filter=FleetFilter(linked=True)),
        parameters=parameters,
        thresholds=thresholds or Thresholds(),
    )


async def prepared(world: Any, prepare: Make, sites: int) -> Change:
    await world.build(sites)
    change: Change = await world.started(prepare(parameters={"fixed_address": False}))
    return await world.drive(change.id)  # type: ignore[no-any-return]


async def addresses(world: Any, prefix: str) -> list[tuple[str, str | None, str | None]]:
    rows = await world.rows(
        "SELECT state, host(ip_address) AS ours, host(op_ip_address) AS theirs FROM subscription"
        " WHERE operator_ref LIKE %(like)s ORDER BY ip_address, operator_ref",
        like=f"{prefix}-%",
    )
    return [(row["state"], row["ours"], row["theirs"]) for row in rows if row["state"] != "INVENTORY"]


async def source(world: Any, ref: str) -> int:
    return int(await world.value("SELECT id FROM subscription WHERE operator_ref = %(ref)s", ref=ref))


async def release(world: Any, change_id: int, *refs: str) -> int:
    ids = [await source(world, ref) for ref in refs]
    async with world.db.transaction() as tx:
        return await releasing.release(tx, world.fred, change_id, ids, why="The card is fitted.")


async def test_every_address_goes_over_and_nobody_has_one_twice(world: Any, prepare: Make) -> None:
    await prepared(world, prepare, 4)
    change = await world.started(cut(release="at_once"))
    assert await world.states(change.id) == {"planned": 16}
    await world.drive(change.id)
    assert await world.states(change.id) == {"verified": 16}
    old, new = await addresses(world, "old"), await addresses(world, "new")
    assert {one[1:] for one in old} == {(None, None)}
    wanted = sorted(f"10.{slot}.0.{n}" for slot in (1, 2) for n in range(1, 5))
    assert sorted(str(one[1]) for one in new) == wanted
    assert all(state == "ACTIVE" and ours == theirs for state, ours, theirs in new)
    order = await world.rows(
        "SELECT old.ended_at <= new.queued_at AS right FROM change_item new JOIN change_item old"
        " ON old.change_id = new.change_id AND old.subscription_id = new.after_id WHERE new.change_id = %(id)s",
        id=change.id,
    )
    assert [row["right"] for row in order] == [True] * 8


async def test_nothing_goes_out_before_it_is_released_and_the_rest_can_be_let_go(world: Any, prepare: Make) -> None:
    await prepared(world, prepare, 3)
    before = world.effects()
    change = await world.started(cut())
    assert await world.states(change.id) == {"waiting": 12}
    async with world.driving():
        assert await release(world, change.id, "old-B-1") == 2
        await world.wait(lambda: _counted(world, change.id, "verified", 2))
        assert await world.states(change.id) == {"waiting": 10, "verified": 2}
        assert await release(world, change.id, "old-B-1") == 0
        async with world.db.transaction() as tx:
            gone = await releasing.let_go(tx, world.fred, world.runtime.clock, change.id, None, why="No crew came.")
        assert gone == 10
        assert (await world.until(change.id, ChangeState.COMPLETED)).state is ChangeState.COMPLETED
    written = {ref for ref, times in world.effects().items() if times != before.get(ref, 0)}
    assert len(written) == 2
    assert "old-B-1" in written


async def _counted(world: Any, change_id: int, state: str, number: int) -> bool:
    return bool((await world.states(change_id)).get(state) == number)


async def test_what_is_not_started_releases_nothing(world: Any, prepare: Make) -> None:
    await prepared(world, prepare, 1)
    change = await world.plan(cut())
    with pytest.raises(Conflict, match="releases nothing"):
        await release(world, change.id, "old-A-1")


async def test_a_link_without_a_prepared_subscription_is_left_out(world: Any) -> None:
    await world.build(2)
    change = await world.plan(cut())
    assert await world.states(change.id) == {"blocked": 4}
    assert await world.reasons(change.id) == {"not-prepared": 4}


async def test_what_follows_a_step_that_failed_is_left_alone_and_tried_again_with_it(world: Any, prepare: Make) -> None:
    await prepared(world, prepare, 2)
    world.platforms["A"].behaviour.rejects["old-A-1"] = "The network says no."
    change = await world.started(cut(Thresholds(success=0, error=1), release="at_once"))
    async with world.driving():
        await world.until(change.id, ChangeState.COMPLETED)
        left = await world.rows(
            "SELECT reason_code, count(*) AS n FROM change_item i JOIN operator o ON o.id = i.operator_id"
            " WHERE change_id = %(id)s AND o.code = 'A' AND reason_code <> '' GROUP BY 1 ORDER BY 1",
            id=change.id,
        )
        assert [tuple(row.values()) for row in left] == [("refused", 1), ("step-before", 1)]
        del world.platforms["A"].behaviour.rejects["old-A-1"]
        async with world.db.transaction() as tx:
            await running.retry(tx, world.fred, change.id)
        await world.until(change.id, ChangeState.COMPLETED)
    assert await world.states(change.id) == {"verified": 8}


async def test_taken_back_the_addresses_return_and_the_new_ones_stay_active(world: Any, prepare: Make) -> None:
    await prepared(world, prepare, 2)
    change = await world.started(cut(release="at_once"))
    await world.drive(change.id)
    async with world.db.transaction() as tx:
        made = await drafting.undo(tx, world.fred, change.id, Part(), title="", reason="Wrong.")
    planned = await world.replan(made.id)
    assert planned.summary["impact"]["notes"] == {"state-stays": 4}
    if (await world.submit(made.id)).state is ChangeState.SUBMITTED:
        await world.decide(made.id)
    assert isinstance(await world.start(made.id), Change)
    await world.drive(made.id)
    assert await world.states(made.id) == {"verified": 8}
    old, new = await addresses(world, "old"), await addresses(world, "new")
    assert sorted(str(one[1]) for one in old) == ["10.1.0.1", "10.1.0.2", "10.2.0.1", "10.2.0.2"]
    assert all(ours == theirs for _, ours, theirs in old)
    assert set(new) == {("ACTIVE", None, None)}


async def test_the_address_is_promised_between_the_two_steps(world: Any, prepare: Make) -> None:
    await world.build(1)
    # An address of the plan's own: reserved, then assigned to the old subscription.
    old = await source(world, "old-A-1")
    await world.run_sql(
        "INSERT INTO address_reservation (pool_id, operator_id, apn, address, subscription_id, state)"
        " SELECT p.id, p.operator_id, p.apn, '10.8.0.1', %(id)s, 'assigned' FROM address_pool p"
        " JOIN operator o ON o.id = p.operator_id WHERE o.code = 'A'",
        id=old,
    )
    await world.run_sql("UPDATE subscription SET ip_address = '10.8.0.1', op_ip_address = '10.8.0.1'"
                        " WHERE id = %(id)s", id=old)  # fmt: skip
    world.platforms["A"].load({**await world._subscriptions("A")})
    ready = await world.started(prepare(parameters={"fixed_address": False}))
    await world.drive(ready.id)
    change = await world.started(cut())
    await world.run_sql(
        "UPDATE change_item SET state = 'planned' WHERE change_id = %(id)s AND subscription_id = %(old)s",
        id=change.id,
        old=old,
    )
    async with world.driving():
        await world.wait(lambda: _counted(world, change.id, "verified", 1))
    want = AddressWant("somebody", "A", "scada.dso", None, "10.8.0.1")
    async with world.db.transaction() as tx:
        answer = await inventory.reserve_addresses(tx, world.fred, [want])
    assert answer["somebody"].problem is NoAddress.TAKEN
    row = await world.rows(
        "SELECT r.state, s.operator_ref FROM address_reservation r JOIN subscription s ON s.id = r.subscription_id"
        " WHERE r.address = '10.8.0.1' AND r.state <> 'released'"
    )
    assert [(one["state"], one["operator_ref"][:6]) for one in row] == [("reserved", "new-A-")]


async def test_a_card_that_was_fitted_at_its_site_goes_over(world: Any, prepare: Make) -> None:
    await prepared(world, prepare, 1)
    change = await world.started(cut())
    await world.run_sql("INSERT INTO device (external_id, generations, modems) VALUES ('R9', '{4G}', 2)")
    heir = await world.rows(
        "SELECT i.ref, i.site_id FROM change_item i WHERE i.change_id = %(id)s AND i.operator_id ="
        " (SELECT id FROM operator WHERE code = 'B') AND i.subscription_id <> i.source_id",
        id=change.id,
    )
    fitting = inventory.Fitting(site_id=heir[0]["site_id"], device="R9", iccid=heir[0]["ref"], role="backup")
    async with world.db.transaction() as tx:
        now = world.runtime.clock.now()
        outcome = await inventory.fit_links(tx, world.fred, [fitting], at=now, reason="A crew was there.")
    assert not outcome.refused
    async with world.driving():
        await release(world, change.id, "old-B-1")
        await world.wait(lambda: _counted(world, change.id, "verified", 2))
    assert world.platforms["B"]._subscriptions[heir[0]["ref"]].desired[Field.STATE] == "ACTIVE"
