"""A programme is approved once by a second person; its cut-overs are asked for anew where that does not reach."""

from dataclasses import replace
from typing import Any

import pytest
from tests.integration.programmes.test_programme import ready

from tieline.platform.errors import Conflict, Forbidden
from tieline.utility import changes, programmes
from tieline.utility.changes import ChangeState, ChangeType, Draft
from tieline.utility.inventory import Selection

pytestmark = pytest.mark.anyio


async def approve(works: Any, programme_id: int, scope: Any = None) -> programmes.Programme:
    async with works.db.transaction() as tx:
        return await programmes.approve(tx, scope or works.world.anna, works.runtime.calendar, programme_id)


async def test_even_a_small_cut_over_is_approved_by_somebody_else(works: Any) -> None:
    works.world.runtime = replace(
        works.runtime, settings=works.runtime.settings.model_copy(update={"approval_threshold": 1000})
    )
    programme = await ready(works, 1)
    made = await works.schedule(programme, approve=False)
    change = await works.world.get(made.change_id)
    assert (change.type, change.state) == (ChangeType.NORMAL, ChangeState.SUBMITTED)
    assert change.summary["requirement"]["why"].startswith("A second person approves: each link goes over")
    assert "was not approved beforehand" in change.reason


async def test_cut_overs_of_an_approved_programme_are_standard_changes(works: Any) -> None:
    programme = await ready(works, 1)
    approved = await approve(works, programme)
    made = await works.schedule(programme, approve=False)
    change = await works.world.get(made.change_id)
    assert (change.type, change.policy_id) == (ChangeType.STANDARD, approved.terms.cutover_policy)
    assert change.state is ChangeState.RUNNING
    assert change.reason.endswith("Approved beforehand, with the programme.")
    (visit,) = await works.visits(programme)
    await works.replace(programme, visit, "NR1")
    await works.until(lambda: works.all_in(programme, "done"))
    retired = await works.world.rows(
        "SELECT c.type, c.policy_id FROM programme_change g JOIN change c ON c.id = g.change_id WHERE g.part = 'retire'"
    )
    assert retired == [{"type": "standard", "policy_id": approved.terms.retire_policy}]


async def test_nobody_approves_a_programme_of_their_own(works: Any) -> None:
    await works.build(1)
    programme = await works.open()
    both = replace(works.world.fred, permissions=works.world.fred.permissions | works.world.anna.permissions)
    with pytest.raises(Forbidden, match="of their own"):
        await approve(works, programme.id, both)
    await approve(works, programme.id)
    with pytest.raises(Conflict, match="already"):
        await approve(works, programme.id)


async def test_the_policy_of_a_programme_is_for_nothing_else(works: Any) -> None:
    programme = await ready(works, 1)
    approved = await approve(works, programme)
    draft = Draft(
        kind="subscription.cutover",
        title="By hand",
        type=ChangeType.STANDARD,
        selection=Selection(subscription_ids=(1,)),
        policy_id=approved.terms.cutover_policy,
    )
    async with works.db.transaction() as tx:
        with pytest.raises(Conflict, match="for changes of its programme"):
            await changes.create(tx, works.world.fred, draft)
    made = await works.schedule(programme, approve=False)
    await works.world.run_sql("UPDATE change SET state = 'planned' WHERE id = %(id)s", id=made.change_id)
    async with works.db.transaction() as tx:
        with pytest.raises(Conflict, match="approved with its programme as it is"):
            await changes.edit(tx, works.world.fred, works.runtime.clock, made.change_id, draft)


async def test_what_goes_beyond_the_approval_is_asked_anew(works: Any) -> None:
    programme = await ready(works, 1)
    await approve(works, programme)
    await works.world.run_sql("UPDATE standard_policy SET max_items = 1")
    made = await works.schedule(programme, approve=False)
    change = await works.world.get(made.change_id)
    assert (change.type, change.state, change.policy_id) == (ChangeType.NORMAL, ChangeState.SUBMITTED, None)
    assert "allows 1 item; this change has 4." in change.reason


async def test_with_the_programme_its_policies_end(works: Any) -> None:
    await works.build(1)
    programme = await works.open()
    await approve(works, programme.id)
    await works.steer(programme.id, "close")
    assert await works.world.value("SELECT count(*) FROM standard_policy WHERE retired_at IS NULL") == 0
    with pytest.raises(Conflict, match="closed"):
        await approve(works, programme.id)
