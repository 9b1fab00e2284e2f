"""Lost or stolen: the item is gone, its line is suspended by a change, and nothing goes past the engine."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.integration.changes.conftest import person
from tests.integration.logistics.conftest import Store

from tieline.platform.db import fetch_all
from tieline.platform.errors import Conflict, Invalid, NotFound
from tieline.platform.outbox import Event
from tieline.platform.scope import Role, system
from tieline.utility import changes, logistics
from tieline.utility.changes import ChangeState, ChangeType
from tieline.utility.changes.service import planning
from tieline.utility.inventory import Selection
from tieline.utility.logistics import Goods
from tieline.utility.logistics.service import losing

pytestmark = pytest.mark.anyio


async def _told(store: Store) -> None:
    """Hand what was told of changes and holds to logistics, in its order, until nothing new is told."""
    for _ in range(50):
        async with store.db.transaction() as tx:
            rows = await fetch_all(
                tx,
                "SELECT id, topic, key, payload, at FROM outbox_event WHERE topic IN ('change.state', 'change.hold')"
                " AND id > %(seen)s ORDER BY id",
                {"seen": store.told},
            )
        if not rows:
            return
        for row in rows:
            store.told = row["id"]
            async with store.db.transaction() as tx:
                await (losing.held if row["topic"] == changes.HOLD_TOPIC else losing.follow)(tx, Event(**row))
    raise AssertionError("one event brings forth the next, without end")


async def _planned(store: Store, change_id: int) -> None:
    change = await store.world.get(change_id)
    await planning.make(store.world.runtime, store.world.lines, change_id, change.plan_version)


async def _policy(store: Store, **more: Any) -> None:
    values: dict[str, Any] = {"name": "Lost cards", "kind": "card.block", "max_items": 5, "critical_sites": True} | more
    async with store.db.transaction() as tx:
        made = await changes.make_policy(tx, store.world.fred, **values)
        await changes.approve_policy(tx, store.world.anna, store.world.runtime.clock, made["id"])


async def _lose(store: Store, serial: str, goods: Goods = Goods.CARD, **more: Any) -> logistics.Lost:
    async with store.db.transaction() as tx:
        return await logistics.lose(tx, store.keeper, goods=goods, serial=serial, **{"why": "fell off the van"} | more)


async def _losses(store: Store, states: Sequence[str] = ()) -> list[dict[str, Any]]:
    async with store.db.snapshot() as tx:
        return list((await logistics.list_losses(tx, store.keeper, states=states)).items)


async def test_a_lost_card_is_blocked_at_once_under_a_policy(store: Store) -> None:
    await _policy(store)
    lost = await _lose(store, "old-A-1", stolen=True)
    assert lost.change_id is not None
    change = await store.world.get(lost.change_id)
    assert (change.type, change.kind, change.created_by) == (ChangeType.STANDARD, "card.block", "user:kim")
    assert await store.states(["old-A-1"]) == ["lost"]
    await _planned(store, change.id)
    await _told(store)
    assert (await store.world.get(change.id)).state is ChangeState.RUNNING
    await store.world.drive(change.id)
    await _told(store)
    assert await store.value("SELECT state FROM subscription WHERE operator_ref = 'old-A-1'") == "SUSPENDED"
    assert await store.states(["old-A-1"]) == ["blocked"]
    assert [(one["state"], one["serials"]) for one in await _losses(store)] == [("blocked", ["old-A-1"])]
    told = await store.rows("SELECT payload FROM outbox_event WHERE topic = 'stock.lost'")
    assert told[0]["payload"]["serials"] == ["old-A-1"]
    assert told[0]["payload"]["stolen"] is True


async def test_without_a_policy_it_is_an_emergency_that_somebody_approves_afterwards(store: Store) -> None:
    lost = await _lose(store, "old-B-2", why="the cabinet was broken open")
    change = await store.world.get(lost.change_id or 0)
    assert (change.type, change.reason) == (ChangeType.EMERGENCY, "the cabinet was broken open")
    await _planned(store, change.id)
    await _told(store)
    running = await store.world.get(change.id)
    assert running.state is ChangeState.RUNNING
    assert running.approval_due_at is not None


@pytest.mark.parametrize("policy", [{"max_items": 1, "critical_sites": False}, {"kind": "subscription.configure"}])
async def test_a_policy_that_does_not_reach_is_not_used(store: Store, policy: dict[str, Any]) -> None:
    await _policy(store, **policy)
    lost = await _lose(store, "old-A-1")
    assert (await store.world.get(lost.change_id or 0)).type is ChangeType.EMERGENCY


async def test_a_card_that_carries_nothing_live_needs_no_change(store: Store) -> None:
    card, *_ = await store.delivered("A", range(1))
    lost = await _lose(store, card)
    assert lost.change_id is None
    assert (await store.states([card]), await store.place_of(card)) == (["lost"], "LOST")
    assert [one["state"] for one in await _losses(store)] == ["nothing"]
    assert (await store.balance()).ok


async def test_a_router_takes_the_cards_in_it_along(store: Store) -> None:
    lost = await _lose(store, "RS3", Goods.ROUTER)
    assert sorted(lost.serials) == ["RS3", "old-A-3", "old-B-3"]
    assert await store.states(["old-A-3", "old-B-3"]) == ["lost", "lost"]
    assert (await store.balance()).ok
    await _planned(store, lost.change_id or 0)
    change = await store.world.get(lost.change_id or 0)
    assert (change.summary or {})["impact"]["items"] == 2


async def test_lost_twice_is_lost_once(store: Store) -> None:
    first, again = await _lose(store, "old-A-1"), await _lose(store, "old-A-1")
    assert (first.movement_id, first.change_id) == (again.movement_id, again.change_id)
    assert await store.value("SELECT count(*) FROM change") == 1


async def test_a_crew_may_report_it_and_gets_no_further(store: Store) -> None:
    async with store.db.transaction() as tx:
        lost = await logistics.lose(tx, store.crew, goods=Goods.CARD, serial="old-A-1", why="gone")
    change = await store.world.get(lost.change_id or 0)
    assert change.created_by == "user:cleo"
    items = await store.rows("SELECT selection FROM change WHERE id = %(id)s", id=change.id)
    line = await store.value("SELECT id FROM subscription WHERE operator_ref = 'old-A-1'")
    assert items[0]["selection"] == {"subscription_ids": [line]}


async def test_what_cannot_be_blocked_stays_in_sight_and_is_tried_again(store: Store) -> None:
    line = await store.value("SELECT id FROM subscription WHERE operator_ref = 'old-A-1'")
    other = await store.world.started(
        changes.Draft(
            kind="subscription.configure",
            title="Plan",
            selection=Selection(subscription_ids=(line,)),
            parameters={"data_plan": "m2m-200"},
        )
    )
    lost = await _lose(store, "old-A-1")
    await _planned(store, lost.change_id or 0)
    await _told(store)
    stuck = (await _losses(store, ["stuck"]))[0]
    assert "Nothing in this plan can be done" in stuck["state_why"]
    await store.world.drive(other.id)
    async with store.db.transaction() as tx:
        again = await logistics.block_again(tx, store.keeper, stuck["id"])
    assert again not in {None, lost.change_id}
    await _planned(store, again or 0)
    await _told(store)
    await store.world.drive(again or 0)
    await _told(store)
    assert [one["state"] for one in await _losses(store)] == ["blocked"]


async def test_a_preview_says_what_would_be(store: Store) -> None:
    await _policy(store)
    wanted = [(Goods.ROUTER, "RS3"), (Goods.CARD, "nobody's")]
    async with store.db.snapshot() as tx:
        seen = await logistics.preview_loss(tx, store.keeper, wanted)
    assert sorted(one.iccid for one in seen.live) == ["old-A-3", "old-B-3"]
    assert (list(seen.unknown), seen.type, seen.policy) == (["nobody's"], ChangeType.STANDARD, "Lost cards")
    assert await store.value("SELECT count(*) FROM stock_loss") == 0


async def test_what_nobody_knows_or_was_scrapped_is_refused_whole(store: Store) -> None:
    with pytest.raises(NotFound):
        await _lose(store, "nobody's")
    with pytest.raises(Invalid, match="taken down"):
        await _lose(store, "old-A-1", why=" ")
    card, *_ = await store.delivered("A", range(1))
    scrap = await store.value("SELECT id FROM stock_place WHERE code = 'SCRAP'")
    async with store.db.transaction() as tx:
        await logistics.move(tx, store.keeper, [logistics.Move(Goods.CARD, card, scrap)], key="k1")
    with pytest.raises(Conflict, match="scrapped"):
        await _lose(store, card)
    assert await store.value("SELECT count(*) FROM stock_loss") == 0


async def test_a_lost_card_is_neither_issued_nor_fitted(store: Store) -> None:
    card, *_ = await store.delivered("A", range(1))
    crew, site = await store.crew_place(), await store.site()
    await _lose(store, card)
    issued = await store.issue(crew, [card], "k1")
    async with store.db.transaction() as tx:
        fitted = await logistics.fit(
            tx, store.crew, site_id=site, crew_id=1, goods=[(Goods.CARD, card)], key="k2", force=True
        )
        found = await logistics.move(
            tx, store.keeper, [logistics.Move(Goods.CARD, card, store.main.id)], key="k3", reason="in the other van"
        )
    assert [why.rule for _, why in (*issued.refused, *fitted.refused)] == ["elsewhere", "lost"]
    assert found.moved == 1
    assert await store.states([card]) == ["returned"]


async def _storm(store: Store, **more: Any) -> int:
    async with store.db.transaction() as tx:
        return await changes.begin_storm(
            tx, store.world.fred, store.world.runtime.clock, changes.Storm(reason="Arwen", **more)
        )


async def _region(store: Store, number: int) -> str:
    return str(await store.value("SELECT region FROM site WHERE external_id = %(id)s", id=f"S{number}"))


async def test_in_a_storm_a_stolen_card_is_blocked_by_an_emergency(store: Store) -> None:
    await _policy(store)
    await _storm(store, regions=[await _region(store, 1)])
    async with store.db.snapshot() as tx:
        seen = await logistics.preview_loss(tx, store.keeper, [(Goods.CARD, "old-A-1")])
    assert (seen.type, seen.policy) == (ChangeType.EMERGENCY, "")
    lost = await _lose(store, "old-A-1", stolen=True)
    assert (await store.world.get(lost.change_id or 0)).type is ChangeType.EMERGENCY
    await _planned(store, lost.change_id or 0)
    await _told(store)
    await store.world.drive(lost.change_id or 0)
    await _told(store)
    assert await store.states(["old-A-1"]) == ["blocked"]


async def test_a_storm_elsewhere_leaves_the_policy_in_force(store: Store) -> None:
    await _policy(store)
    assert await _region(store, 1) != await _region(store, 2)
    await _storm(store, regions=[await _region(store, 2)])
    lost = await _lose(store, "old-A-1")
    assert (await store.world.get(lost.change_id or 0)).type is ChangeType.STANDARD


async def test_a_policy_or_a_contract_whose_window_is_shut_is_not_waited_for(store: Store) -> None:
    later = datetime.now(UTC) + timedelta(hours=6)
    shut = changes.read_windows([f"daily {later:%H}:00-{later:%H}:30"], "UTC")
    await _policy(store, rules=shut)
    lost = await _lose(store, "old-A-1")
    assert (await store.world.get(lost.change_id or 0)).type is ChangeType.EMERGENCY
    await _policy(store, name="At any hour")
    async with store.db.transaction() as tx:
        await changes.set_operator_windows(tx, system("contracts"), store.world.runtime.clock, "A", shut)
    other, free = await _lose(store, "old-A-2"), await _lose(store, "old-B-2")
    assert (await store.world.get(other.change_id or 0)).type is ChangeType.EMERGENCY
    assert (await store.world.get(free.change_id or 0)).type is ChangeType.STANDARD


async def test_a_storm_that_begins_while_it_is_planned_makes_it_an_emergency(store: Store) -> None:
    await _policy(store)
    lost = await _lose(store, "old-A-1", stolen=True)
    await _planned(store, lost.change_id or 0)
    await _storm(store)
    await _told(store)
    assert (await store.world.get(lost.change_id or 0)).state is ChangeState.STOPPED
    now = (await _losses(store))[0]["change_id"]
    assert (await store.world.get(now)).type is ChangeType.EMERGENCY
    await _planned(store, now)
    await _told(store)
    await store.world.drive(now)
    await _told(store)
    assert [one["state"] for one in await _losses(store)] == ["blocked"]


async def test_a_storm_that_begins_while_it_runs_brings_the_loss_back_into_sight(store: Store) -> None:
    await _policy(store)
    lost = await _lose(store, "old-A-1", stolen=True)
    await _planned(store, lost.change_id or 0)
    await _told(store)
    await _storm(store)
    await _told(store)
    stuck = (await _losses(store, ["stuck"]))[0]
    assert stuck["state_why"] == f"Change {lost.change_id} is held: Arwen"
    async with store.db.transaction() as tx:
        again = await logistics.block_again(tx, store.keeper, stuck["id"])
    assert (await store.world.get(lost.change_id or 0)).state is ChangeState.STOPPED
    assert (await store.world.get(again or 0)).type is ChangeType.EMERGENCY


async def test_trying_again_does_not_go_past_a_veto(store: Store) -> None:
    await _policy(store)
    lost = await _lose(store, "old-A-1")
    await _planned(store, lost.change_id or 0)
    async with store.db.transaction() as tx:
        veto = changes.Veto(change_id=lost.change_id or 0, reason="Switching tonight")
        await changes.veto(tx, person("claire", 9, Role.CONTROLLER), store.world.runtime.clock, veto)
    await _told(store)
    stuck = (await _losses(store, ["stuck"]))[0]
    with pytest.raises(Conflict, match="The control room holds change"):
        async with store.db.transaction() as tx:
            await logistics.block_again(tx, store.keeper, stuck["id"])


async def test_a_start_that_is_refused_is_told_and_not_tried_for_ever(store: Store) -> None:
    lost = await _lose(store, "old-A-1")
    await _planned(store, lost.change_id or 0)
    await store.run_sql("UPDATE subscription SET data_plan = 'm2m-200' WHERE operator_ref = 'old-A-1'")
    await _told(store)
    stuck = (await _losses(store, ["stuck"]))[0]
    assert "Plan it again" in stuck["state_why"]
