"""Approval: four eyes, hashes, what voids it, emergencies, standards, and who may do it to what."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tieline.platform.errors import Conflict, Forbidden, Invalid
from tieline.platform.scope import Permission, Role
from tieline.utility.changes.model import Change, ChangeState, ChangeType, Window
from tieline.utility.changes.service import checking, deciding, drafting, holding, planning, running, watching
from tieline.utility.changes.service.drafting import Draft
from tieline.utility.changes.service.running import Refused
from tieline.utility.inventory import Selection

pytestmark = pytest.mark.anyio

Make = Callable[..., Draft]


async def test_a_small_change_needs_nobody_else_and_a_large_one_does(world: Any, prepare: Make) -> None:
    await world.build(30)
    ids = [row["id"] for row in await world.rows("SELECT subscription_id AS id FROM link ORDER BY id LIMIT 50")]
    small = await world.plan(prepare(selection=Selection(subscription_ids=tuple(ids))))
    assert (await world.submit(small.id)).state is ChangeState.APPROVED
    async with world.db.transaction() as tx:
        await running.stop(tx, world.fred, world.runtime.clock, small.id, why="Only a part.")
    large = await world.plan(prepare())
    assert (await world.submit(large.id)).state is ChangeState.SUBMITTED
    with pytest.raises(Conflict, match="cannot be started"):
        await world.start(large.id)
    assert (await world.decide(large.id)).state is ChangeState.APPROVED
    assert isinstance(await world.start(large.id), Change)


async def test_nobody_approves_their_own_not_even_with_every_role(world: Any, prepare: Make) -> None:
    await world.build(2, critical=1)
    both = world.fred.__class__("user:both", Role.TECHNICIAN.permissions | Role.APPROVER.permissions, user_id=9)
    change = await world.plan(prepare(), both)
    await world.submit(change.id, both)
    with pytest.raises(Forbidden, match="their own"):
        await world.decide(change.id, scope=both)
    with pytest.raises(Forbidden):
        await world.decide(change.id, scope=world.fred)
    assert (await world.decide(change.id)).state is ChangeState.APPROVED


async def test_what_is_approved_is_the_plan_that_was_looked_at(world: Any, prepare: Make) -> None:
    await world.build(2, critical=1)
    change = await world.plan(prepare())
    seen = change.plan_hash
    await world.run_sql(
        "UPDATE subscription SET data_plan = 'm2m-1', version = version + 1 WHERE operator_ref = 'old-A-1'"
    )
    again = await world.replan(change.id)
    assert again.plan_hash != seen
    await world.submit(change.id)
    with pytest.raises(Conflict, match="replaced"):
        await world.decide(change.id, hash_=seen)


async def test_a_selection_that_changed_after_approval_voids_it(world: Any, prepare: Make) -> None:
    await world.build(3, critical=1)
    change = await world.plan(prepare())
    await world.submit(change.id)
    await world.decide(change.id)
    await world.run_sql("UPDATE subscription SET apn = 'new.apn', version = version + 1 WHERE operator_ref = 'old-A-1'")
    await world.run_sql("UPDATE subscription SET site_id = NULL WHERE operator_ref = 'old-B-2'")
    await world.run_sql(
        "DELETE FROM link USING subscription s WHERE s.id = link.subscription_id AND s.operator_ref = 'old-B-2'"
    )
    refused = await world.start(change.id)
    assert isinstance(refused, Refused)
    assert refused.difference is not None
    assert (refused.difference.removed, refused.difference.altered) == (1, 1)
    assert (await world.get(change.id)).state is ChangeState.PLANNED
    assert await world.value("SELECT count(*) FROM change_approval WHERE void_at IS NOT NULL") == 1
    with pytest.raises(Conflict):
        await world.start(change.id)


async def test_a_plan_altered_behind_our_back_does_not_start(world: Any, prepare: Make) -> None:
    await world.build(3)
    change = await world.plan(prepare())
    await world.submit(change.id)
    await world.run_sql('UPDATE change_item SET desired = desired || \'{"apn": "evil"}\' WHERE position = 1')
    refused = await world.start(change.id)
    assert isinstance(refused, Refused)
    assert "not the one that was approved" in refused.why


async def test_an_emergency_runs_at_once_and_is_approved_afterwards(world: Any, prepare: Make) -> None:
    await world.build(30, critical=3)
    change = await world.plan(prepare(type=ChangeType.EMERGENCY, reason="Storm damage."))
    assert (await world.submit(change.id)).state is ChangeState.APPROVED
    begun = await world.start(change.id)
    assert begun.approval_due_at is not None
    with pytest.raises(Forbidden):
        await world.decide(change.id, scope=world.fred)
    await world.decide(change.id)
    with pytest.raises(Conflict, match="already"):
        await world.decide(change.id)
    assert (await world.get(change.id)).state is ChangeState.RUNNING


async def test_an_emergency_rejected_afterwards_is_paused(world: Any, prepare: Make) -> None:
    await world.build(3)
    change = await world.plan(prepare(type=ChangeType.EMERGENCY, reason="Storm damage."))
    await world.submit(change.id)
    await world.start(change.id)
    assert (await world.decide(change.id, approve=False)).state is ChangeState.PAUSED


async def test_a_standard_change_runs_within_its_policy_only(world: Any, prepare: Make) -> None:
    await world.build(3, spare=20)
    await world.run_sql("""INSERT INTO standard_policy (name, kind, max_items, created_by, approved_by, approved_at)
        VALUES ('Small', 'subscription.preprovision', 6, 'user:x', 'user:y', now()),
               ('Tiny', 'subscription.preprovision', 5, 'user:x', 'user:y', now()),
               ('Idle', 'subscription.preprovision', 9, 'user:x', NULL, NULL)""")
    policies = {row["name"]: row["id"] for row in await world.rows("SELECT id, name FROM standard_policy")}
    change = await world.plan(prepare(type=ChangeType.STANDARD, policy_id=policies["Tiny"]))
    with pytest.raises(Conflict, match="allows 5 items; this change has 6"):
        await world.submit(change.id)
    change = await world.plan(prepare(type=ChangeType.STANDARD, policy_id=policies["Idle"]))
    with pytest.raises(Conflict, match="not approved"):
        await world.submit(change.id)
    change = await world.plan(prepare(type=ChangeType.STANDARD, policy_id=policies["Small"]))
    assert (await world.submit(change.id)).state is ChangeState.APPROVED


async def test_a_rejection_says_why_and_is_final_for_this_plan(world: Any, prepare: Make) -> None:
    await world.build(2, critical=1)
    change = await world.plan(prepare())
    await world.submit(change.id)
    async with world.db.transaction() as tx:
        with pytest.raises(Invalid):
            await deciding.decide(
                tx, world.anna, world.runtime.clock, change.id, approve=False, plan_hash=change.plan_hash, comment=" "
            )
    assert (await world.decide(change.id, approve=False)).state is ChangeState.REJECTED
    for act in (world.start, world.decide, world.submit):
        with pytest.raises(Conflict):
            await act(change.id)


async def test_editing_voids_plan_and_approval(world: Any, prepare: Make) -> None:
    await world.build(2, critical=1)
    change = await world.plan(prepare())
    await world.submit(change.id)
    await world.decide(change.id)
    async with world.db.transaction() as tx:
        edited = await drafting.edit(
            tx, world.fred, world.runtime.clock, change.id, prepare(parameters={"generation": "5G"})
        )
    assert edited.state is ChangeState.DRAFT
    with pytest.raises(Conflict):
        await world.start(change.id)
    with pytest.raises(Conflict, match="stay what they are"):
        async with world.db.transaction() as tx:
            await drafting.edit(
                tx, world.fred, world.runtime.clock, change.id, prepare(type=ChangeType.EMERGENCY, reason="x")
            )


async def test_who_edited_a_change_does_not_decide_on_it_whoever_planned_it_since(world: Any, prepare: Make) -> None:
    await world.build(2, critical=1)
    both = world.fred.__class__("user:both", Role.TECHNICIAN.permissions | Role.APPROVER.permissions, user_id=9)
    change = await world.plan(prepare())
    async with world.db.transaction() as tx:
        await drafting.edit(tx, both, world.runtime.clock, change.id, prepare(parameters={"generation": "5G"}))
    await world.replan(change.id)
    await world.submit(change.id)
    token = replace(both, actor="token:3")
    for scope in (both, token):
        with pytest.raises(Forbidden, match="their own"):
            await world.decide(change.id, scope=scope)
        async with world.db.transaction() as tx:
            assert "approve" not in (await watching.detail(tx, scope, change.id)).acts
    assert (await world.decide(change.id)).state is ChangeState.APPROVED


async def test_an_emergency_rejected_afterwards_does_not_go_on(world: Any, prepare: Make) -> None:
    await world.build(3)
    change = await world.plan(prepare(type=ChangeType.EMERGENCY, reason="Storm damage."))
    await world.submit(change.id)
    await world.start(change.id)
    await world.decide(change.id, approve=False)
    for act in (running.resume, running.retry):
        async with world.db.transaction() as tx:
            with pytest.raises(Conflict, match="was rejected"):
                await act(tx, world.fred, change.id)
    await world.decide(change.id)
    async with world.db.transaction() as tx:
        assert (await running.resume(tx, world.fred, change.id)).state is ChangeState.RUNNING


async def test_a_standard_change_does_not_start_once_its_policy_is_retired(world: Any, prepare: Make) -> None:
    await world.build(2)
    await world.run_sql("""INSERT INTO standard_policy (name, kind, max_items, created_by, approved_by, approved_at)
        VALUES ('Small', 'subscription.preprovision', 6, 'user:x', 'user:y', now())""")
    policy = await world.value("SELECT id FROM standard_policy")
    change = await world.plan(prepare(type=ChangeType.STANDARD, policy_id=policy))
    assert (await world.submit(change.id)).state is ChangeState.APPROVED
    await world.run_sql("UPDATE standard_policy SET retired_at = now()")
    with pytest.raises(Conflict, match="is not approved"):
        await world.start(change.id)


@pytest.mark.parametrize(
    "altered",
    ["site_id = site_id + 1", "link_id = link_id + 1", "region = 'x'", "criticality = 'high'", "card_id = 1",
     "disruptive = true", "undoes_id = 1", "ref = 'x'", "wave = 2"],
)  # fmt: skip
async def test_the_hash_covers_all_that_matters_of_an_item(world: Any, prepare: Make, altered: str) -> None:
    await world.build(1)
    change = await world.plan(prepare())
    await world.submit(change.id)
    await world.run_sql(f"UPDATE change_item SET {altered} WHERE position = 2")
    refused = await world.start(change.id)
    assert isinstance(refused, Refused)
    assert "not the one that was approved" in refused.why


async def test_an_edit_is_held_to_the_rules_of_a_new_change(world: Any, prepare: Make) -> None:
    await world.build(1)
    change = await world.plan(prepare(type=ChangeType.EMERGENCY, reason="Storm damage."))
    late = datetime(2026, 1, 2, tzinfo=UTC)
    for draft in (
        prepare(type=ChangeType.EMERGENCY, reason=" "),
        prepare(type=ChangeType.EMERGENCY, reason="x", window=Window(late, late - timedelta(days=1))),
        prepare(type=ChangeType.EMERGENCY, reason="x", window=Window(late.replace(tzinfo=None))),
    ):
        async with world.db.transaction() as tx:
            with pytest.raises(Invalid):
                await drafting.edit(tx, world.fred, world.runtime.clock, change.id, draft)
    calm = world.fred.narrowed(permissions=world.fred.permissions - {Permission.CHANGE_EMERGENCY})
    async with world.db.transaction() as tx:
        with pytest.raises(Forbidden):
            await drafting.edit(
                tx, calm, world.runtime.clock, change.id, prepare(type=ChangeType.EMERGENCY, reason="x")
            )


async def test_who_sees_a_part_does_not_edit_plan_try_or_stop_the_whole(world: Any, prepare: Make) -> None:
    await world.build(4)
    change = await world.plan(prepare())
    narrow = world.fred.narrowed(regions=["North"])
    clock = world.runtime.clock
    for act in (
        lambda tx: drafting.edit(tx, narrow, clock, change.id, prepare()),
        lambda tx: planning.request(tx, narrow, clock, change.id),
        lambda tx: checking.request(tx, narrow, change.id),
        lambda tx: running.stop(tx, narrow, clock, change.id, why="x"),
    ):
        async with world.db.transaction() as tx:
            with pytest.raises(Forbidden, match="outside your regions"):
                await act(tx)
    assert (await world.get(change.id)).state is ChangeState.PLANNED


async def test_holds_are_made_and_lifted_within_ones_scope(world: Any) -> None:
    await world.build(2)
    clock = world.runtime.clock
    north = world.fred.narrowed(regions=["North"], operators=["A"])
    async with world.db.transaction() as tx:
        wide = await holding.make_hold(tx, world.fred, clock, holding.Hold(reason="Storm", operator="A"))
        await holding.make_hold(tx, north, clock, holding.Hold(reason="Works", operator="A", region="North"))
        for hold in (
            holding.Hold(reason="x"),
            holding.Hold(reason="x", operator="A"),
            holding.Hold(reason="x", region="North"),
            holding.Hold(reason="x", operator="A", region="South"),
        ):
            with pytest.raises(Forbidden, match="your regions"):
                await holding.make_hold(tx, north, clock, hold)
        with pytest.raises(Forbidden, match="your regions"):
            await holding.lift_hold(tx, north, clock, wide)
        await holding.lift_hold(tx, world.fred, clock, wide)
