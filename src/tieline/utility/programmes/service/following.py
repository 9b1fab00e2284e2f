"""What becomes of a programme's changes: they are submitted and started, and what came of them moves the sites on."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from psycopg.rows import DictRow

from tieline.platform.db import Database, Tx
from tieline.platform.errors import Conflict
from tieline.platform.paging import Page
from tieline.platform.wiring import Runtime
from tieline.utility import changes, fieldwork, inventory
from tieline.utility.changes import ChangeState, ItemFilter, Refused
from tieline.utility.programmes.model import SiteState
from tieline.utility.programmes.policy.states import Act
from tieline.utility.programmes.service.telling import SYSTEM
from tieline.utility.programmes.store import links as link_store
from tieline.utility.programmes.store import programmes as store
from tieline.utility.programmes.store import sites

BY_ITSELF = frozenset({"cutover", "retire"})
"""Parts that are submitted once they are planned, and started once they are approved; preparing is a person's."""
DENIED_FOR = timedelta(days=7)
"""How long old subscriptions stay after their retirement was denied, before it is asked for again."""
_PAGE = 1000
_ENDED = frozenset({ChangeState.COMPLETED, ChangeState.STOPPED})


async def follow(runtime: Runtime, change_id: int) -> None:
    """Bring a programme on by where one of its changes stands now. Doing it again does no harm."""
    async with runtime.db.transaction() as tx:
        mine = await store.change(tx, change_id)
    if mine is None:
        return
    state = await _state(runtime, change_id)
    by_itself = mine["part"] in BY_ITSELF
    if by_itself and state is ChangeState.PLANNED:
        state = await _submit(runtime, change_id)
    if by_itself and state is ChangeState.APPROVED and mine["state"] == "running":
        await _start(runtime, mine["programme_id"], change_id)
    elif state is ChangeState.REJECTED and by_itself:
        await _denied(runtime, mine, change_id, "The change was rejected.")
    elif state is ChangeState.RUNNING and mine["taken_at"] is not None:
        async with runtime.db.transaction() as tx:
            await store.give_change_back(tx, change_id)
    elif state in _ENDED and mine["taken_at"] is None:
        await _take(runtime, mine, change_id, state)


async def _submit(runtime: Runtime, change_id: int) -> ChangeState:
    """Submit a plan; one in which nothing can be done is stopped instead, and its sites go back."""
    try:
        async with runtime.db.transaction() as tx:
            threshold = runtime.settings.approval_threshold
            return (await changes.submit(tx, SYSTEM, runtime.clock, change_id, threshold=threshold)).state
    except Conflict as error:
        now = await _state(runtime, change_id)
        if now is not ChangeState.PLANNED:
            return now
        async with runtime.db.transaction() as tx:
            await changes.stop(tx, SYSTEM, runtime.clock, change_id, why=error.detail)
        return ChangeState.STOPPED


async def _state(runtime: Runtime, change_id: int) -> ChangeState:
    async with runtime.db.transaction() as tx:
        return (await changes.detail(tx, SYSTEM, change_id)).change.state


async def _start(runtime: Runtime, programme_id: int, change_id: int) -> None:
    """Start an approved change. If the fleet is no longer what was approved, it is planned anew and submitted again."""
    try:
        async with runtime.db.transaction() as tx:
            begun = await changes.start(tx, SYSTEM, runtime.clock, change_id)
            if not isinstance(begun, Refused):
                return
            facts = {"change": change_id, "why": begun.why}
            await store.add_event(
                tx, programme_id, "planned-again", facts, actor=SYSTEM.actor, at=runtime.calendar.now()
            )
    except Conflict:
        # Whoever follows beside us, or a person, was quicker; or a hold or a veto keeps it: it is looked after again.
        return
    async with runtime.db.transaction() as tx:
        version = await changes.request_plan(tx, SYSTEM, runtime.clock, change_id)
        await changes.defer_plan(tx, change_id, version)


async def _take(runtime: Runtime, mine: Mapping[str, object], change_id: int, state: ChangeState) -> None:
    part = mine["part"]
    if part == "prepare":
        await _take_prepared(runtime, mine, change_id)
    elif part == "retire":
        await _take_retired(runtime, mine, change_id)
    elif state is ChangeState.STOPPED:
        await _denied(runtime, mine, change_id, await _stopped(runtime, change_id))
    async with runtime.db.transaction() as tx:
        await store.take_change(tx, change_id, runtime.calendar.now())


async def _stopped(runtime: Runtime, change_id: int) -> str:
    async with runtime.db.transaction() as tx:
        why = (await changes.detail(tx, SYSTEM, change_id)).change.state_why
    return f"The change was stopped: {why}" if why else "The change was stopped."


async def outcomes(db: Database, change_id: int) -> list[DictRow]:
    """Every item of a change, as it ended."""
    found: list[DictRow] = []
    cursor: str | None = None
    while True:
        async with db.snapshot() as tx:
            page: Page[DictRow] = await changes.item_page(
                tx, SYSTEM, change_id, ItemFilter(), cursor=cursor, limit=_PAGE
            )
        found += page.items
        cursor = page.next
        if cursor is None:
            return found


async def _take_prepared(runtime: Runtime, mine: Mapping[str, object], change_id: int) -> None:
    """Sites all of whose links have a new subscription are ready; the others say what is missing."""
    programme_id = int(str(mine["programme_id"]))
    items = await outcomes(runtime.db, change_id)
    verified = {row["source_id"]: row["subscription_id"] for row in items if row["state"] == "verified"}
    why = {row["source_id"]: row["reason"] or row["state"] for row in items if row["state"] != "verified"}
    now = runtime.calendar.now()
    async with runtime.db.transaction() as tx:
        cards = await _cards(tx, list(verified.values()))
        prepared = [(old, new, cards.get(new, "")) for old, new in verified.items()]
        await link_store.set_prepared(tx, programme_id, prepared)
        links = await link_store.source_subscriptions(tx, programme_id, None)
        ready, missing = sorted_out(links, why)
        await sites.move(tx, programme_id, ready, Act.PREPARED, now)
        await sites.move_each(tx, programme_id, missing, Act.NOT_PREPARED, now)
        facts = {"change": change_id, "ready": len(ready), "missing": len(missing)}
        await store.add_event(tx, programme_id, "prepared", facts, actor=SYSTEM.actor, at=now)


def sorted_out(links: Iterable[DictRow], why: Mapping[int, str]) -> tuple[list[int], dict[int, str]]:
    """Sites with every link prepared, and the others with the reason of their first link that is not."""
    whole: dict[int, bool] = {}
    missing: dict[int, str] = {}
    for link in links:
        site, there = link["site_id"], link["new_subscription_id"] is not None
        whole[site] = whole.get(site, True) and there
        if not there:
            missing.setdefault(site, why.get(link["old_subscription_id"], "It was not among what was prepared."))
    return sorted(site for site, there in whole.items() if there), missing


async def _cards(tx: Tx, subscription_ids: Sequence[int]) -> dict[int, str]:
    rows = await inventory.subscriptions(tx, SYSTEM, subscription_ids)
    return {row.subscription_id: row.iccid or "" for row in rows}


async def _take_retired(runtime: Runtime, mine: Mapping[str, object], change_id: int) -> None:
    """Sites whose old subscriptions are retired are done; the others are tried again a day later."""
    programme_id = int(str(mine["programme_id"]))
    items = await outcomes(runtime.db, change_id)
    gone = [row["source_id"] for row in items if row["state"] == "verified" or row["reason_code"] == "retired"]
    now = runtime.calendar.now()
    async with runtime.db.transaction() as tx:
        done = await link_store.retired(tx, programme_id, gone, now)
        moved = await sites.move(tx, programme_id, done, Act.RETIRED, now, done_at=now)
        rest = await sites.of_retirement(tx, programme_id, [row["source_id"] for row in items])
        left = [site for site in rest if site not in set(moved)]
        why = f"Not every old subscription could be retired: see change {change_id}."
        await sites.move(tx, programme_id, left, Act.NOT_RETIRED, now, why=why, dwell_until=now + timedelta(days=1))
        facts = {"change": change_id, "done": len(moved), "left": len(left)}
        await store.add_event(tx, programme_id, "retired", facts, actor=SYSTEM.actor, at=now)


async def _denied(runtime: Runtime, mine: Mapping[str, object], change_id: int, why: str) -> None:
    """What was to happen by a change that was rejected or stopped does not: visits are cancelled, sites go back."""
    programme_id = int(str(mine["programme_id"]))
    if mine["part"] == "retire":
        await _not_retired(runtime, programme_id, change_id, why)
        return
    now = runtime.calendar.now()
    async with runtime.db.transaction() as tx:
        rows = await sites.of_change(tx, programme_id, change_id, [SiteState.SCHEDULED])
        moved = await sites.move(
            tx, programme_id, [row["site_id"] for row in rows], Act.UNSCHEDULE, now, why=f"{why} (change {change_id})"
        )
        facts = {"change": change_id, "sites": len(moved), "why": why}
        await store.add_event(tx, programme_id, "unscheduled", facts, actor=SYSTEM.actor, at=now)
        visits = [row["visit_id"] for row in rows if row["visit_id"] and row["site_id"] in set(moved)]
        if visits:
            await fieldwork.cancel_visits(tx, SYSTEM, visits, why)


async def _not_retired(runtime: Runtime, programme_id: int, change_id: int, why: str) -> None:
    """A retirement that somebody denied: the sites wait, say why, and are asked for again after a while."""
    sources = [row["source_id"] for row in await outcomes(runtime.db, change_id)]
    now = runtime.calendar.now()
    told = f"{why} The old subscriptions stay (change {change_id})."
    async with runtime.db.transaction() as tx:
        rest = await sites.of_retirement(tx, programme_id, sources)
        await sites.move(tx, programme_id, rest, Act.NOT_RETIRED, now, why=told, dwell_until=now + DENIED_FOR)
