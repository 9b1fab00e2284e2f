"""Plans: frozen items, reasons, reservations, what is given back."""

from collections.abc import Callable
from typing import Any

import pytest

from tieline.platform.errors import Conflict, Forbidden, Invalid
from tieline.utility.changes.model import ChangeState, ChangeType, Waves
from tieline.utility.changes.service import drafting, watching
from tieline.utility.changes.service.drafting import Draft
from tieline.utility.connectors import Rejected
from tieline.utility.inventory import FleetFilter, Selection

pytestmark = pytest.mark.anyio

Make = Callable[..., Draft]


async def test_a_plan_says_for_each_link_what_will_happen(world: Any, prepare: Make) -> None:
    await world.build(12, critical=2)
    change = await world.plan(prepare(waves=Waves(canary=1, by="percent", steps=(50, 50))))
    assert change.state is ChangeState.PLANNED
    assert await world.states(change.id) == {"planned": 24}
    impact = change.summary["impact"]
    assert (impact["items"], impact["sites"], impact["critical_sites"], impact["customers"]) == (24, 12, 2, 1200)
    assert sorted(site["external_id"] for site in impact["critical"]) == ["S1", "S2"]
    assert impact["by_operator"] == {"A": 12, "B": 12}
    assert impact["by_region"] == {"North": 12, "South": 12}
    assert [wave["items"] for wave in change.summary["waves"]] == [2, 12, 10]
    assert change.summary["lanes"]["A"]["items"] == 12
    assert change.summary["requirement"]["second_person"] is True
    rows = await world.rows("SELECT * FROM change_item WHERE change_id = %(id)s ORDER BY position", id=change.id)
    assert {row["ref"].split("-")[0] for row in rows} == {"new"}
    assert all(row["desired"]["state"] == "TEST_READY" for row in rows)
    assert all(row["before"]["state"] == "INVENTORY" for row in rows)
    assert len({row["desired"]["ip_address"] + row["operator_id"].__str__() for row in rows}) == 24
    assert await world.value("SELECT count(*) FROM card WHERE stock_state = 'reserved'") == 24
    assert await world.value("SELECT count(*) FROM address_reservation WHERE state = 'reserved'") == 24


async def test_reasons_are_told_and_nothing_is_taken_for_what_is_blocked(world: Any, prepare: Make) -> None:
    await world.build(6, spare=-2)
    await world.run_sql("UPDATE subscription SET state = 'RETIRED' WHERE operator_ref = 'old-A-1'")
    await world.run_sql("UPDATE subscription SET apn = 'wrong.apn' WHERE operator_ref = 'old-A-2'")
    await world.run_sql("DELETE FROM address_pool p USING operator o WHERE o.id = p.operator_id AND o.code = 'B'")
    change = await world.plan(prepare())
    assert await world.reasons(change.id) == {
        "retired": 1,
        "apn-not-in-contract": 1,
        "no-pool": 4,
        "no-stock": 3,
    }
    assert await world.states(change.id) == {"planned": 3, "blocked": 9}
    assert await world.value("SELECT count(*) FROM card WHERE stock_state = 'reserved'") == 3


async def test_planning_twice_gives_the_same_and_voids_what_was(world: Any, prepare: Make) -> None:
    await world.build(3)
    change = await world.plan(prepare())
    again = await world.replan(change.id)
    assert again.plan_version == 2
    assert again.plan_hash == change.plan_hash
    assert await world.value("SELECT count(*) FROM card WHERE stock_state = 'reserved'") == 6


async def test_two_changes_never_take_the_same_card_or_link(world: Any, prepare: Make) -> None:
    await world.build(4)
    first = await world.plan(prepare())
    await world.submit(first.id)
    second = await world.plan(prepare())
    assert await world.reasons(second.id) == {"already-prepared": 8}


async def test_operators_without_a_connection_block_their_own_items_only(world: Any, prepare: Make) -> None:
    await world.build(3)
    await world.run_sql(
        "UPDATE operator_connection SET enabled = false WHERE operator_id = (SELECT id FROM operator WHERE code = 'B')"
    )
    change = await world.plan(prepare())
    assert await world.reasons(change.id) == {"no-connection": 3}
    assert await world.states(change.id) == {"planned": 3, "blocked": 3}


async def test_a_scope_bounds_what_is_planned(world: Any, prepare: Make) -> None:
    await world.build(6)
    narrow = world.fred.narrowed(regions=["North"], operators=["A"])
    change = await world.plan(prepare(), narrow)
    assert await world.states(change.id) == {"planned": 3}
    everything = await world.plan(prepare(selection=Selection(filter=FleetFilter(linked=True, regions=("South",)))))
    with pytest.raises(Forbidden, match="outside your regions"):
        await world.submit(everything.id, narrow)


async def test_nonsense_is_refused(world: Any, prepare: Make) -> None:
    async with world.db.transaction() as tx:
        for draft in (
            prepare(type=ChangeType.EMERGENCY),
            prepare(type=ChangeType.STANDARD),
            prepare(parameters={"generation": "3G"}),
            Draft(kind="subscription.restore", title="x", parameters={"change_id": 1}),
            Draft(kind="nothing", title="x"),
        ):
            with pytest.raises(Invalid):
                await drafting.create(tx, world.fred, draft)
        with pytest.raises(Forbidden):
            await drafting.create(tx, world.anna, prepare())


async def test_planning_that_fails_says_why(world: Any, prepare: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.build(2)
    monkeypatch.setattr("tieline.utility.changes.service.planning.MAX_ITEMS", 3)
    change = await world.plan(prepare())
    assert change.state is ChangeState.DRAFT
    assert "More than 3" in change.state_why


async def test_a_plan_that_fails_gives_back_what_it_took(
    world: Any, prepare: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.build(2)

    async def broken(*_: Any, **__: Any) -> None:
        raise Conflict("No addresses today.")

    with monkeypatch.context() as patched:
        patched.setattr("tieline.utility.inventory.reserve_addresses", broken)
        change = await world.plan(prepare())
    assert (change.state, change.state_why) == (ChangeState.DRAFT, "No addresses today.")
    assert await world.value("SELECT count(*) FROM card WHERE stock_state = 'reserved'") == 0


async def test_a_plan_that_breaks_down_can_be_planned_again(
    world: Any, prepare: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.build(2)
    with monkeypatch.context() as patched:
        patched.setattr("tieline.utility.changes.policy.impact.assess", lambda _items: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await world.plan(prepare())
    (change_id,) = [row["id"] for row in await world.rows("SELECT id FROM change")]
    assert (await world.get(change_id)).state is ChangeState.DRAFT
    assert await world.value("SELECT count(*) FROM card WHERE stock_state = 'reserved'") == 0
    assert (await world.replan(change_id)).state is ChangeState.PLANNED


async def test_a_connection_that_cannot_be_opened_blocks_its_own_items_only(
    world: Any, prepare: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.build(2)
    get = world.lines.get

    async def opened(code: str) -> Any:
        if code == "B":
            raise Rejected("The connection's DN is none.")
        return await get(code)

    monkeypatch.setattr(world.lines, "get", opened)
    change = await world.plan(prepare())
    assert await world.states(change.id) == {"planned": 2, "blocked": 2}


@pytest.mark.parametrize("value", ["", "x" * 201, "a\x00b"])
async def test_values_that_could_not_be_kept_are_refused_at_once(world: Any, value: str) -> None:
    for kind in ("subscription.configure", "subscription.preprovision"):
        async with world.db.transaction() as tx:
            with pytest.raises(Invalid, match="do not fit"):
                await drafting.create(tx, world.fred, Draft(kind=kind, title="x", parameters={"data_plan": value}))


async def test_who_sees_a_part_watches_that_part(world: Any, prepare: Make) -> None:
    await world.build(6, critical=6)
    change = await world.started(prepare())
    await world.drive(change.id)
    narrow = world.anna.narrowed(regions=["North"], operators=["A"])
    async with world.db.snapshot() as tx:
        seen = await watching.detail(tx, narrow, change.id)
        listed = (await watching.page(tx, narrow)).items
        progress = await watching.progress(tx, narrow, world.runtime.clock, change.id)
        calls = await watching.batches(tx, narrow, change.id)
    for one in (seen.change, *listed):
        assert one.summary is not None
        assert {site["region"] for site in one.summary["impact"]["critical"]} == {"North"}
        assert one.summary["impact"]["by_region"] == {"North": 6}
        assert list(one.summary["lanes"]) == list(one.summary["impact"]["by_operator"]) == ["A"]
    assert [lane.operator for lane in seen.lanes] == ["A"]
    assert [lane.operator for lane in progress.operators] == ["A"]
    assert progress.counts == {"verified": 3}
    assert {call["operator"] for call in calls} == {"A"}
