"""Approval: four eyes, hashes, what voids it, emergencies, standards. Denied or unapproved never sends."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest

from tieline.platform.errors import Conflict, Forbidden, Invalid
from tieline.platform.scope import Role
from tieline.utility.changes.model import Change, ChangeState, ChangeType
from tieline.utility.changes.service import deciding, drafting, running
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


class Walk:
    """Somebody who does at random whatever people can do to changes."""

    names = ("plan", "submit", "approve", "reject", "start", "pause", "resume", "retry", "stop")
    weights = (3, 4, 2, 3, 4, 1, 1, 1, 1)

    def __init__(self, world: Any, seed: int) -> None:
        self.world = world
        self.chance = random.Random(seed)  # noqa: S311 - repeatable, not secret

    async def steer(self, name: str, change_id: int) -> None:
        world = self.world
        async with world.db.transaction() as tx:
            if name == "stop":
                await running.stop(tx, world.fred, world.runtime.clock, change_id, why="x")
            elif name == "pause":
                await running.pause(tx, world.fred, change_id, why="x")
            elif name == "resume":
                await running.resume(tx, world.fred, change_id)
            else:
                await running.retry(tx, world.fred, change_id)

    async def step(self, name: str, change_id: int) -> bool:
        """Do it; whether it was allowed."""
        world = self.world
        simple = {"plan": world.replan, "submit": world.submit, "start": world.start}
        try:
            if name in simple:
                await simple[name](change_id)
            elif name in {"approve", "reject"}:
                await world.decide(change_id, approve=name == "approve")
            else:
                await self.steer(name, change_id)
        except (Conflict, Forbidden):
            return False
        return True

    def sent(self) -> int:
        return sum(len(platform.submits) for platform in self.world.platforms.values())

    async def change(self, draft: Draft) -> None:
        """One change, from its plan to wherever ten acts lead; nothing goes out before it was approved."""
        change = await self.world.plan(draft)
        approved = False
        for name in self.chance.choices(self.names, self.weights, k=10):
            before = self.sent()
            approved |= await self.step(name, change.id) and name == "approve"
            await asyncio.sleep(0.01)
            assert approved or self.sent() == before, name
        await self.step("stop", change.id)
        await self.world.wait(self.world.none_open)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_any_run_of_acts_sends_only_what_was_approved_and_started(world: Any, prepare: Make, seed: int) -> None:
    await world.build(4, critical=1)
    walk = Walk(world, seed)
    async with world.driving():
        for _ in range(8):
            await walk.change(prepare())
    sent = {int(key.split("-")[1]) for platform in world.platforms.values() for key, _ in platform.submits}
    started = await world.rows("SELECT DISTINCT change_id AS id FROM change_event WHERE kind = 'started'")
    approved = await world.rows("SELECT DISTINCT change_id AS id FROM change_approval WHERE decision = 'approved'")
    assert sent <= {row["id"] for row in started} & {row["id"] for row in approved}
