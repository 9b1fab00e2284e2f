"""What people do with a programme: prepare its sites, start, pause and close it, leave sites out and take them in."""

from collections.abc import Sequence
from typing import Any

from tieline.platform import audit
from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Forbidden
from tieline.platform.scope import Permission, Scope
from tieline.platform.words import agree, plural
from tieline.utility import fieldwork
from tieline.utility.changes import Change, Draft, Waves
from tieline.utility.inventory import Selection
from tieline.utility.programmes.model import Programme, ProgrammeState, SiteState
from tieline.utility.programmes.policy.states import PROGRAMMES, Act
from tieline.utility.programmes.service.approving import withdraw
from tieline.utility.programmes.service.making import make_change
from tieline.utility.programmes.service.telling import SYSTEM, log
from tieline.utility.programmes.store import links as link_store
from tieline.utility.programmes.store import programmes as store
from tieline.utility.programmes.store import sites

_MOST = 100_000
_WORDS = {"start": "started", "pause": "paused", "resume": "resumed", "close": "closed"}


async def steer(tx: Tx, scope: Scope, clock: Clock, programme_id: int, act: str, *, why: str = "") -> Programme:
    """Start, pause, resume or close a programme. While it does not run nothing new is scheduled or retired.

    What crews do and what changes have begun goes on: that is paused where it is done. Closing cancels the visits that
    wait, and leaves what is not done as it is. Raises ``Forbidden`` where the programme reaches beyond the asker's
    regions.
    """
    scope.require(Permission.PROGRAMME_WRITE)
    programme = await store.get(tx, programme_id, lock=True)
    if await sites.any_beyond(tx, scope, programme_id):
        raise Forbidden(
            "This programme has sites outside your regions.", advice="Somebody who sees them all steers it."
        )
    following = PROGRAMMES.get((programme.state, act))
    if following is None:
        raise Conflict(f"A programme that is {programme.state.value} cannot be {_WORDS.get(act, act)}.")
    if following is ProgrammeState.CLOSED:
        await _cancel_visits(tx, scope, clock, programme_id, why)
    await store.set_state(tx, programme_id, following, why=why, at=clock.now())
    if following is ProgrammeState.CLOSED:
        await withdraw(tx, SYSTEM, clock, programme)
    await _tell(tx, scope, clock, programme_id, kind=_WORDS[act], facts={"why": why})
    return await store.get(tx, programme_id)


async def _cancel_visits(tx: Tx, scope: Scope, clock: Clock, programme_id: int, why: str) -> None:
    there = await sites.in_states(tx, scope, programme_id, [SiteState.ON_SITE], limit=1)
    if there:
        raise Conflict("A crew is at a site of this programme now.", advice="Close it once the crew has left.")
    rows = await sites.in_states(tx, scope, programme_id, [SiteState.SCHEDULED], limit=_MOST)
    visits = [row["visit_id"] for row in rows if row["visit_id"]]
    ids = [row["site_id"] for row in rows]
    # Their cut-overs are let go by the conductor: a change at a time, each in a transaction of its own.
    await sites.move(tx, programme_id, ids, Act.UNSCHEDULE, clock.now(), why="The programme was closed.")
    if visits:
        await fieldwork.cancel_visits(tx, scope, visits, why or "The programme was closed.")


async def prepare(
    tx: Tx,
    scope: Scope,
    clock: Clock,
    calendar: Clock,
    programme_id: int,
    *,
    regions: Sequence[str] = (),
    limit: int = _MOST,
) -> Change:
    """Make the change that prepares new subscriptions for sites that have none, and begin to plan it.

    It is a change like any other: it is looked at, submitted, approved and started by people.
    """
    scope.require(Permission.PROGRAMME_WRITE)
    programme = await store.get(tx, programme_id, lock=True)
    if programme.state is ProgrammeState.CLOSED:
        raise Conflict("This programme is closed.")
    wanted = [SiteState.SELECTED, SiteState.BLOCKED]
    rows = await sites.in_states(tx, scope, programme_id, wanted, regions=regions, unprepared=True, limit=limit)
    ids = [row["site_id"] for row in rows]
    if not ids:
        raise Conflict(
            "Every site there is prepared already.",
            advice="Take in again what a crew gave up or what was left out, once it can be done.",
        )
    links = await link_store.source_subscriptions(tx, programme_id, ids)
    sources = tuple(row["old_subscription_id"] for row in links if row["new_subscription_id"] is None)
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
        title=f"{programme.title}: new subscriptions for {plural(len(ids), 'site')}{where}"[:200],
        reason=f"Programme {programme_id}.",
        selection=Selection(subscription_ids=sources),
        parameters=parameters,
        waves=Waves(by="size", steps=(500, 5000), canary=50),
    )
    now = calendar.now()
    moved = await sites.move(tx, programme_id, ids, Act.PREPARE, now)
    made = await make_change(tx, scope, clock, programme_id, part="prepare", draft=draft, at=now)
    await _tell(tx, scope, calendar, programme_id, kind="preparing", facts={"change": made.id, "sites": len(moved)})
    return made


async def leave_out(
    tx: Tx, scope: Scope, clock: Clock, programme_id: int, site_ids: Sequence[int], *, why: str
) -> list[int]:
    """Take sites out of a programme, saying why; those a crew is on its way to, or has done, stay in it."""
    seen = await _seen(tx, scope, programme_id, site_ids)
    moved = await sites.move(tx, programme_id, seen, Act.LEAVE_OUT, clock.now(), why=why)
    return await _moved(tx, scope, clock, programme_id, moved, act=Act.LEAVE_OUT, why=why)


async def take_in(tx: Tx, scope: Scope, clock: Clock, programme_id: int, site_ids: Sequence[int]) -> list[int]:
    """Take sites that were left out back in, and let crews try again what one gave up.

    Those whose links are all prepared are ready for a visit at once; the others are prepared first.
    """
    seen = await _seen(tx, scope, programme_id, site_ids)
    taken = await sites.elsewhere(tx, await sites.left_out(tx, programme_id, seen))
    if taken:
        raise Conflict(f"{len(taken):,} of these sites {agree(len(taken), 'is', 'are')} in another programme by now.")
    now = clock.now()
    await sites.leave_closed(tx, seen, now, why=f"In programme {programme_id} now.")
    links = await link_store.source_subscriptions(tx, programme_id, seen)
    lacking = {row["site_id"] for row in links if row["new_subscription_id"] is None}
    moved = await sites.move(tx, programme_id, [one for one in seen if one not in lacking], Act.TAKE_UP, now)
    moved += await sites.move(tx, programme_id, sorted(lacking), Act.TAKE_IN, now)
    return await _moved(tx, scope, clock, programme_id, sorted(moved), act=Act.TAKE_IN, why="")


async def _seen(tx: Tx, scope: Scope, programme_id: int, site_ids: Sequence[int]) -> list[int]:
    """Those of some sites that the scope sees, of a programme that is locked and not closed."""
    scope.require(Permission.PROGRAMME_WRITE)
    programme = await store.get(tx, programme_id, lock=True)
    if programme.state is ProgrammeState.CLOSED:
        raise Conflict("This programme is closed.")
    return await sites.seen(tx, scope, programme_id, site_ids)


async def _moved(
    tx: Tx, scope: Scope, clock: Clock, programme_id: int, moved: list[int], *, act: Act, why: str
) -> list[int]:
    if not moved:
        raise Conflict(
            "None of these sites stands where that is possible.",
            advice="A site that waits for a person and has no new subscriptions yet is prepared first.",
        )
    await _tell(
        tx, scope, clock, programme_id, kind=act.value, facts={"sites": moved[:200], "count": len(moved), "why": why}
    )
    return moved


async def _tell(tx: Tx, scope: Scope, clock: Clock, programme_id: int, *, kind: str, facts: dict[str, Any]) -> None:
    await log(tx, programme_id, kind, facts, actor=scope.actor, at=clock.now())
    await audit.append(tx, scope, audit.Entry(f"programme.{kind}", f"programme:{programme_id}", facts))
