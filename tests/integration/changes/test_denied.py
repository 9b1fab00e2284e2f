"""Whatever people do to a change, in any order: what nobody else approved as it stands sends nothing."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tieline.platform.errors import Conflict, Forbidden
from tieline.platform.scope import Role, Scope
from tieline.utility.changes.driver import Driver
from tieline.utility.changes.model import Change, ChangeState
from tieline.utility.changes.service import drafting, running
from tieline.utility.changes.service.drafting import Draft

pytestmark = pytest.mark.anyio

Make = Callable[..., Draft]
BOTH = Role.TECHNICIAN.permissions | Role.APPROVER.permissions
PEOPLE = {
    "fred": Scope("user:fred", BOTH, user_id=1),
    "freds token": Scope("token:7", BOTH, user_id=1),
    "anna": Scope("user:anna", BOTH, user_id=2),
    "machine": Scope("token:9", BOTH),
}
ACTS = (
    "edit", "plan", "submit", "approve", "approve", "reject", "start", "start", "pause", "resume", "retry", "stop",
    "approve another plan",
)  # fmt: skip
Deeds = list[tuple[str, str]]


class Watched(Driver):
    """A driver that counts its looks for work, so that one can wait until it has had every chance to send."""

    looks = 0

    async def _look(self) -> None:
        await super()._look()
        self.looks += 1

    async def had_its_chance(self, world: Any) -> None:
        """Wait until it has looked twice since now and nothing is under way."""
        seen = self.looks

        async def done() -> bool:
            return self.looks >= seen + 2 and await world.none_open()

        await world.wait(done)


class Model:
    """Who had a hand in the change, and whether somebody else has approved it as it stands."""

    def __init__(self) -> None:
        self.hands = {1}
        self.approved = False
        self.running = False

    def note(self, act: str, who: Scope) -> None:
        """An act was allowed. ``hands`` holds users; a token of nobody is its own."""
        person = who.user_id if who.user_id is not None else -1
        if act in {"edit", "plan"}:
            self.hands.add(person)
            self.approved = False
        elif act == "approve":
            assert person not in self.hands, "approved by one whose change it is"
            self.approved = True
        elif act in {"reject", "stop"}:
            self.approved = self.running = False
        elif act == "start":
            assert self.approved, "started without an approval"
            self.running = True
        elif act in {"pause", "resume"}:
            self.running = act == "resume"


async def do(world: Any, change_id: int, act: str, who: Scope, draft: Draft) -> bool:
    """Try an act; whether it was allowed."""
    clock = world.runtime.clock
    steer = {
        "edit": lambda tx: drafting.edit(tx, who, clock, change_id, draft),
        "pause": lambda tx: running.pause(tx, who, change_id, why=""),
        "resume": lambda tx: running.resume(tx, who, change_id),
        "retry": lambda tx: running.retry(tx, who, change_id),
        "stop": lambda tx: running.stop(tx, who, clock, change_id, why=""),
    }
    try:
        if act in steer:
            async with world.db.transaction() as tx:
                await steer[act](tx)
        elif act == "plan":
            await world.replan(change_id, who)
        elif act == "submit":
            await world.submit(change_id, who)
        elif act == "start":
            return isinstance(await world.start(change_id, who), Change)
        else:
            hash_ = "0" * 64 if act == "approve another plan" else ""
            await world.decide(change_id, approve=act != "reject", scope=who, hash_=hash_)
    except (Conflict, Forbidden):
        return False
    assert act != "approve another plan"
    return True


def sent(world: Any, change_id: int) -> int:
    """How many calls were made to operators for a change."""
    mine = f"tieline-{change_id}-"
    return sum(key.startswith(mine) for platform in world.platforms.values() for key, _ in platform.submits)


async def follow(world: Any, driver: Watched, draft: Callable[[int], Draft], deeds: Deeds) -> None:
    """Do some deeds to a new change, watching what goes out after each."""
    change = await world.plan(draft(0), PEOPLE["fred"])
    model, calls = Model(), 0
    for number, (act, name) in enumerate(deeds, 1):
        if await do(world, change.id, act, PEOPLE[name], draft(number)):
            model.note(act, PEOPLE[name])
        may_send = model.running
        if not may_send:
            calls = sent(world, change.id)
        await driver.had_its_chance(world)
        assert may_send or sent(world, change.id) == calls, f"sent after {act} of {name}"
    if (await world.get(change.id)).state not in {ChangeState.COMPLETED, ChangeState.STOPPED}:
        await do(world, change.id, "stop", PEOPLE["fred"], draft(0))
    await driver.had_its_chance(world)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(ACTS), st.sampled_from(sorted(PEOPLE))), min_size=4, max_size=14))
@example([("submit", "fred"), ("approve", "anna"), ("start", "fred")])
@example([("submit", "fred"), ("approve", "freds token"), ("start", "fred")])
@example([("submit", "fred"), ("approve", "anna"), ("reject", "machine"), ("start", "fred")])
@example([("edit", "anna"), ("plan", "fred"), ("submit", "fred"), ("approve", "anna"), ("start", "fred")])
@example([("submit", "fred"), ("approve", "anna"), ("edit", "fred"), ("plan", "fred"), ("start", "fred")])
@example([("submit", "fred"), ("approve", "anna"), ("plan", "fred"), ("submit", "fred"), ("start", "fred")])
async def test_nothing_goes_out_that_nobody_else_approved_as_it_stands(
    world: Any, configure: Make, deeds: Deeds
) -> None:
    if not await world.value("SELECT count(*) FROM site"):
        await world.build(3, critical=3)
    await world.run_sql("UPDATE subscription SET data_plan = 'm2m-100'")
    driver = Watched(world.db, world.lines, world.runtime.clock, pace=world.pace)
    task = asyncio.create_task(driver.run())
    try:
        await follow(world, driver, lambda number: configure(parameters={"data_plan": f"plan-{number}"}), deeds)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
