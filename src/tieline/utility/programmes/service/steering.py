"""What people do with a programme: prepare its sites, start, pause and close it, leave sites out and take them in."""

from collections.abc import Sequence
from typing import Any

from tieline.platform import audit
from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict
from tieline.platform.scope import Permission, Scope
from tieline.utility import changes, fieldwork
from tieline.utility.changes import Change, Draft, Waves
from tieline.utility.inventory import Selection
from tieline.utility.programmes.model import Programme, ProgrammeState, SiteState
from tieline.utility.programmes.policy.states import PROGRAMMES, Act
from tieline.utility.programmes.policy.words import number_of
from tieline.utility.programmes.store import programmes as store
from tieline.utility.programmes.store import sites

_MOST = 100_000
_WORDS = {"start": "started", "pause": "paused", "resume": "resumed", "close": "closed"}


async def steer(tx: Tx, scope: Scope, clock: Clock, programme_id: int, act: str, *, why: str = "") -> Programme:
    """Start, pause, resume or close a programme. While it does not run nothing new is scheduled or retired.

    What crews do and what changes have begun goes on: that is paused where it is done. Closing cancels the visits that
    wait, and leaves what is not done as it is.
    """
    scope.require(Permission.PROGRAMME_WRITE)
    programme = await store.get(tx, programme_id, lock=True)
    following = PROGRAMMES.get((programme.state, act))
    if following is None:
        raise Conflict(f"A programme that is {programme.state.value} cannot be {_WORDS.get(act, act)}.")
    if following is ProgrammeState.CLOSED:
        await _cancel_visits(tx, scope, clock, programme_id, why)
    await store.set_state(tx, programme_id, following, why=why, at=clock.now())
    await _tell(tx, scope, clock, programme_id, kind=_WORDS[act], facts={"why": why})
    return await store.get(tx, programme_id)


async def _cancel_visits(tx: Tx, scope: Scope, clock: Clock, programme_id: int, why: str) -> None:
    there = await sites.in_states(tx, scope, programme_id, [SiteState.ON_SITE], limit=1)
    if there:
        raise Conflict("A crew is at a site of this programme now.", advice="Close it once the crew has left.")
    rows = await sites.in_states(tx, scope, programme_id, [SiteState.SCHEDULED], limit=_MOST)
    visits = [row["visit_id"] for row in rows if row["visit_id"]]
    ids = [row["site_id"] for row in rows]
    await sites.move(tx, programme_id, ids, Act.UNSCHEDULE, clock.now(), why="The programme was closed.")
    for change_id in sorted({row["change_id"] for row in rows if row["change_id"]}):
        await changes.let_go(tx, scope, clock, change_id, None, why="The programme was closed.")
    if visits:
        await fieldwork.cancel_visits(tx, scope, visits, why or "The programme was closed.")


async def prepare(
    tx: Tx, scope: Scope, clock: Clock, programme_id: int, *, regions: Sequence[str] = (), limit: int = _MOST
) -> Change:
    """Make the change that prepares new subscriptions for sites that have none, and begin to plan it.

    It is a change like any other: it is looked at, submitted, approved and started by people.
    """
    scope.require(Permission.PROGRAMME_WRITE)
    programme = await store.get(tx, programme_id, lock=True)
    if programme.state is ProgrammeState.CLOSED:
        raise Conflict("This programme is closed.")
    wanted = [SiteState.SELECTED, SiteState.BLOCKED]
    rows = await sites.in_states(tx, scope, programme_id, wanted, regions=regions, limit=limit)
    ids = [row["site_id"] for row in rows]
    links = await sites.source_subscriptions(tx, programme_id, ids)
    sources = tuple(row["old_subscription_id"] for row in links if row["new_subscription_id"] is None)
    if not sources:
        raise Conflict("Every site there is prepared already.")
    terms = programme.terms
    given = {"apn": terms.apn, "data_plan": terms.data_plan}
    parameters: dict[str, Any] = {
        "generation": terms.generation,
        "state": "TEST_READY",
        # The fixed address stays with the old subscription until the cut-over moves it.
        "fixed_address": False,
        **{name: value for name, value in given.items() if value is not None},
    }
    where = f" in {', '.join(regions)}" if regions else ""
    draft = Draft(
        kind="subscription.preprovision",
        title=f"{programme.title}: new subscriptions for {number_of(len(ids))}{where}"[:200],
        reason=f"Programme {programme_id}.",
        selection=Selection(subscription_ids=sources),
        parameters=parameters,
        waves=Waves(by="size", steps=(500, 5000), canary=50),
    )
    made = await changes.create(tx, scope, draft)
    version = await changes.request_plan(tx, scope, clock, made.id)
    await changes.defer_plan(tx, made.id, version)
    now = clock.now()
    moved = await sites.move(tx, programme_id, ids, Act.PREPARE, now)
    await store.add_change(tx, programme_id, made.id, part="prepare", title=draft.title, at=now)
    await _tell(tx, scope, clock, programme_id, kind="preparing", facts={"change": made.id, "sites": len(moved)})
    return made


async def leave_out(
    tx: Tx, scope: Scope, clock: Clock, programme_id: int, site_ids: Sequence[int], *, why: str
) -> list[int]:
    """Take sites out of a programme, saying why; those a crew is on its way to, or has done, stay in it."""
    return await _in_or_out(tx, scope, clock, programme_id, site_ids, act=Act.LEAVE_OUT, why=why)


async def take_in(tx: Tx, scope: Scope, clock: Clock, programme_id: int, site_ids: Sequence[int]) -> list[int]:
    """Take sites that were left out back in."""
    taken = await sites.elsewhere(tx, site_ids)
    if taken:
        raise Conflict(f"{len(taken)} of these sites are in another programme by now.")
    return await _in_or_out(tx, scope, clock, programme_id, site_ids, act=Act.TAKE_IN, why="")


async def _in_or_out(
    tx: Tx, scope: Scope, clock: Clock, programme_id: int, site_ids: Sequence[int], *, act: Act, why: str
) -> list[int]:
    scope.require(Permission.PROGRAMME_WRITE)
    programme = await store.get(tx, programme_id, lock=True)
    if programme.state is ProgrammeState.CLOSED:
        raise Conflict("This programme is closed.")
    seen = await sites.seen(tx, scope, programme_id, site_ids)
    moved = await sites.move(tx, programme_id, seen, act, clock.now(), why=why)
    if not moved:
        raise Conflict("None of these sites stands where that is possible.")
    await _tell(
        tx, scope, clock, programme_id, kind=act.value, facts={"sites": moved[:200], "count": len(moved), "why": why}
    )
    return moved


async def _tell(tx: Tx, scope: Scope, clock: Clock, programme_id: int, *, kind: str, facts: dict[str, Any]) -> None:
    await store.add_event(tx, programme_id, kind, facts, actor=scope.actor, at=clock.now())
    await audit.append(tx, scope, audit.Entry(f"programme.{kind}", f"programme:{programme_id}", facts))
