"""5G LAN groups through the engine: made, changed, ended, taken back; dated members; fixed addresses."""

from typing import Any

import pytest

from tieline.platform.errors import Conflict
from tieline.utility import inventory
from tieline.utility.changes.model import Change, ChangeState
from tieline.utility.changes.service import drafting
from tieline.utility.changes.service.drafting import Draft
from tieline.utility.changes.store.items import Part
from tieline.utility.connectors import Field
from tieline.utility.inventory import FleetFilter, Selection

pytestmark = pytest.mark.anyio

NORTH = "north@grid.example"
MAKE = {"group": NORTH, "dnn": "grid.north", "sd": "0a0b0c", "aaa_address": "198.51.100.7", "aaa_usages": ["AUTH"]}


def draft(kind: str, parameters: dict[str, Any], **where: Any) -> Draft:
    chosen = FleetFilter(**{"linked": True, **where})
    return Draft(kind=kind, title=kind, reason="Because.", selection=Selection(filter=chosen), parameters=parameters)


async def done(world: Any, one: Draft) -> Change:
    change: Change = await world.started(one)
    return await world.drive(change.id)  # type: ignore[no-any-return]


async def members(world: Any, name: str = NORTH) -> dict[str, tuple[int, int]]:
    """Members and those that the network has, by operator."""
    async with world.db.transaction() as tx:
        found = await inventory.lan_groups(tx, world.fred, [name])
    return {one.operator_code: (one.members, one.settled) for one in found}


async def test_a_group_of_a_region_is_made_and_taken_back(world: Any) -> None:
    await world.build(6)
    change = await done(world, draft("group.create", MAKE, regions=("North",)))
    assert await world.states(change.id) == {"verified": 6}
    assert await members(world) == {"A": (3, 3), "B": (3, 3)}
    (key, batch), *_ = world.platforms["A"].submits
    (group,) = batch.groups
    assert (group.name, group.dnn, group.slice.sd, group.aaa_usages) == (NORTH, "grid.north", "0a0b0c", ("AUTH",))
    assert key
    async with world.db.transaction() as tx:
        undone = await drafting.undo(tx, world.fred, change.id, Part(), title="", reason="")
    await world.replan(undone.id)
    if (await world.submit(undone.id)).state is ChangeState.SUBMITTED:
        await world.decide(undone.id)
    await world.start(undone.id)
    await world.drive(undone.id)
    assert await world.states(undone.id) == {"verified": 6}, await world.rows("SELECT reason FROM change_item")
    assert await members(world) == {"A": (0, 0), "B": (0, 0)}
    # What the group is is known still, so that it can be made anew.
    assert world.platforms["A"].submits[-1][1].groups == (group,)


async def test_members_are_dated(world: Any) -> None:
    await world.build(4)
    await done(world, draft("group.create", MAKE, operators=("A",)))
    await done(world, draft("group.members", {"group": NORTH, "act": "remove"}, operators=("A",), regions=("South",)))
    rows = await world.rows(
        "SELECT t.region, m.valid_to IS NULL AS live FROM lan_group_member m JOIN subscription s ON"
        " s.id = m.subscription_id JOIN site t ON t.id = s.site_id ORDER BY 1, 2"
    )
    assert [(row["region"], row["live"]) for row in rows] == [
        ("North", True), ("North", True), ("South", False), ("South", False),
    ]  # fmt: skip
    await done(world, draft("group.members", {"group": NORTH}, operators=("A",), regions=("South",)))
    assert await world.value("SELECT count(*) FROM lan_group_member WHERE valid_to IS NULL") == 4
    assert await world.value("SELECT count(*) FROM lan_group_member") == 6
    history = await world.value(
        "SELECT count(*) FROM history WHERE thing = 'subscription' AND before -> 'lan_groups' <> after -> 'lan_groups'"
    )
    assert history == 8


async def test_ending_a_group_selects_its_members(world: Any) -> None:
    await world.build(4)
    await done(world, draft("group.create", MAKE, regions=("North",)))
    change = await done(world, draft("group.remove", {"group": NORTH}, lan_groups=(NORTH,)))
    assert await world.states(change.id) == {"verified": 4}
    assert await members(world) == {"A": (0, 0), "B": (0, 0)}


async def test_an_operator_that_lacks_groups_blocks_its_items_alone(world: Any) -> None:
    await world.build(2)
    await world.run_sql(
        "UPDATE operator_connection SET lacks = '{lan_groups}', updated_at = clock_timestamp()"
        " WHERE operator_id = (SELECT id FROM operator WHERE code = 'B')"
    )
    change = await world.plan(draft("group.create", MAKE))
    rows = await world.rows(
        "SELECT o.code, i.state, i.reason_code FROM change_item i JOIN operator o ON o.id = i.operator_id"
        " WHERE i.change_id = %(id)s ORDER BY 1",
        id=change.id,
    )
    assert [tuple(row.values()) for row in rows] == [
        ("A", "planned", ""), ("A", "planned", ""),
        ("B", "blocked", "no-lan-groups"), ("B", "blocked", "no-lan-groups"),
    ]  # fmt: skip


async def test_a_network_that_does_not_take_a_member_in_fails_the_item(world: Any) -> None:
    await world.build(3)
    one = draft("group.create", MAKE, operators=("A",))
    refs = [row["operator_ref"] for row in await world.rows("SELECT operator_ref FROM subscription")]
    lying = next(ref for ref in refs if ref in world.platforms["A"]._subscriptions and ref.startswith("old"))
    world.platforms["A"].behaviour.lies = {lying}
    change = await world.started(one)
    await world.drive(change.id, ChangeState.COMPLETED, ChangeState.PAUSED)
    states = await world.states(change.id)
    assert states == {"verified": 2, "failed": 1}
    why = await world.value("SELECT reason FROM change_item WHERE state = 'failed'")
    assert "5G LAN groups" in why


async def test_lost_answers_make_one_group(world: Any) -> None:
    await world.build(4)
    world.platforms["A"].behaviour.lost_answers = 1
    world.platforms["B"].behaviour.lost_requests = 1
    change = await done(world, draft("group.create", MAKE))
    assert await world.states(change.id) == {"verified": 8}
    for platform in world.platforms.values():
        assert set(platform.effects.values()) == {1}


async def test_a_group_defined_otherwise_meanwhile_stops_the_start(world: Any) -> None:
    await world.build(2)
    change = await world.plan(draft("group.create", MAKE, operators=("A",)))
    await world.run_sql(
        "INSERT INTO lan_group (operator_id, name, dnn, sst, session_type, created_by)"
        " SELECT id, %(name)s, 'other.dnn', 1, 'IPV4', 'user:eve' FROM operator WHERE code = 'A'",
        name=NORTH,
    )
    if (await world.submit(change.id)).state is ChangeState.SUBMITTED:
        await world.decide(change.id)
    with pytest.raises(Conflict, match=r"another one: it has DNN other\.dnn"):
        await world.start(change.id)


async def test_fixed_addresses_go_their_own_way_and_come_back(world: Any) -> None:
    await world.build(3, fixed=False)
    change = await done(world, draft("address.provision", {"sst": 5}, operators=("A",)))
    assert await world.states(change.id) == {"verified": 3}
    (_, batch), *_ = world.platforms["A"].submits
    assert batch.addresses is not None
    assert batch.addresses.sst == 5
    assert {operation.desired[Field.APN] for operation in batch.operations} == {"scada.dso"}
    text = "SELECT count(DISTINCT op_ip_address) FROM subscription WHERE op_ip_address = ip_address"
    assert await world.value(text) == 3
    async with world.db.transaction() as tx:
        undone = await drafting.undo(tx, world.fred, change.id, Part(), title="", reason="")
    await world.replan(undone.id)
    if (await world.submit(undone.id)).state is ChangeState.SUBMITTED:
        await world.decide(undone.id)
    await world.start(undone.id)
    await world.drive(undone.id)
    assert world.platforms["A"].submits[-1][1].addresses is None
    assert await world.value("SELECT count(*) FROM subscription WHERE op_ip_address IS NOT NULL") == 0
