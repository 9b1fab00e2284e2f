"""What happened in the field, taken in its order: crews that came and went, cards that were fitted, tests asked for."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

from psycopg.rows import DictRow

from tieline.platform.db import Tx
from tieline.platform.wiring import Runtime
from tieline.utility import inventory
from tieline.utility.inventory import Fitting
from tieline.utility.programmes.model import LinkRow, LinkState
from tieline.utility.programmes.policy.states import MOST_VISITS, Act
from tieline.utility.programmes.service.telling import SYSTEM
from tieline.utility.programmes.store import inbox, sites
from tieline.utility.programmes.store import links as link_store
from tieline.utility.programmes.store import programmes as store

BATCH = 1000
"""Events and links that are taken at once."""


async def take_events(runtime: Runtime) -> int:
    """Take the oldest event of each site that has any; returns how many were taken."""
    async with runtime.db.transaction() as tx:
        if not await inbox.alone(tx):
            return 0
        rows = await inbox.next_of_each(tx, BATCH)
        by_kind: dict[str, list[DictRow]] = defaultdict(list)
        for row in rows:
            by_kind[row["kind"]].append(row)
        for kind, found in by_kind.items():
            await _TAKERS[kind](tx, runtime, found)
        await inbox.done(tx, [row["id"] for row in rows])
    return len(rows)


def by_programme(rows: Sequence[DictRow]) -> dict[int, list[DictRow]]:
    """Rows of several programmes, apart."""
    found: dict[int, list[DictRow]] = defaultdict(list)
    for row in rows:
        found[row["programme_id"]].append(row)
    return found


async def _arrived(tx: Tx, runtime: Runtime, rows: Sequence[DictRow]) -> None:
    now = runtime.calendar.now()
    for programme_id, found in by_programme(rows).items():
        ids = [row["site_id"] for row in found]
        await sites.move(tx, programme_id, ids, Act.ARRIVE, now, on_site_at=now)


async def _left(tx: Tx, runtime: Runtime, rows: Sequence[DictRow]) -> None:
    why = "The crew went away before it was finished."
    for programme_id, found in by_programme(rows).items():
        ids = [row["site_id"] for row in found]
        await sites.move(tx, programme_id, ids, Act.LEAVE, runtime.calendar.now(), why=why)


async def _steps(tx: Tx, rows: Sequence[DictRow]) -> list[tuple[DictRow, LinkRow]]:
    """Each row beside the link that its step is about; rows about none are left out."""
    pairs = []
    for programme_id, found in by_programme(rows).items():
        ids = [row["site_id"] for row in found]
        links = {(link.site_id, link.key): link for link in await link_store.links_of(tx, programme_id, ids)}
        for row in found:
            link = links.get((row["site_id"], row["payload"]["step_key"]))
            if link is not None:
                pairs.append((row, link))
    return pairs


async def _fitted(tx: Tx, runtime: Runtime, rows: Sequence[DictRow]) -> None:
    """Cards are in their routers: links begin beside the old ones. What the inventory refuses the crew is told."""
    now = runtime.clock.now()
    wanted = [
        (link, _fitting(link, row["payload"]["router"], row["payload"]["iccid"]))
        for row, link in await _steps(tx, rows)
        if link.state in _FITTABLE
    ]
    # A card that is fitted once more sits in another router now, or was taken out and put back.
    moved = [link.new_link_id for link, _ in wanted if link.new_link_id is not None]
    await inventory.end_links(tx, SYSTEM, moved, at=now, reason="Fitted anew by a crew.", taken_out=False)
    outcome = await inventory.fit_links(tx, SYSTEM, [one for _, one in wanted], at=now, reason="Fitted by a crew.")
    by_card = {one.fitting.iccid: one for one in outcome.fitted}
    right = {
        link.id: by_card[one.iccid].link_id
        for link, one in wanted
        if one.iccid in by_card and by_card[one.iccid].subscription_id == link.new_subscription_id
    }
    await link_store.fitted(tx, right, now)
    refused = {one.fitting.iccid: one.why for one in outcome.refused}
    for link, one in wanted:
        if link.id not in right:
            why = refused.get(one.iccid, "This card was not prepared for this link.")
            await link_store.not_fitted(tx, link.id)
            check = {"name": "Card", "ok": False, "wanted": "", "found": why}
            await link_store.set_link(tx, link.id, checks=[check])
            await sites.tell_why(tx, link.programme_id, {link.site_id: why})


_FITTABLE = frozenset({LinkState.PREPARED, LinkState.FITTED, LinkState.CUTTING, LinkState.TESTING})


def _fitting(link: LinkRow, router: str, iccid: str) -> Fitting:
    role: Literal["primary", "backup"] = "backup" if link.role == "backup" else "primary"
    return Fitting(site_id=link.site_id, device=router, iccid=iccid, role=role)


async def _test_asked(tx: Tx, runtime: Runtime, rows: Sequence[DictRow]) -> None:
    asked = [link.id for _, link in await _steps(tx, rows) if link.state not in _OVER]
    await link_store.ask_tests(tx, asked, runtime.clock.now())


_OVER = frozenset({LinkState.PASSED, LinkState.RETIRED})


async def _finished(tx: Tx, runtime: Runtime, rows: Sequence[DictRow]) -> None:
    """A crew is done: a site whose links have all passed is watched from now on; any other needs something more."""
    now = runtime.calendar.now()
    for programme_id, found in by_programme(rows).items():
        told = {row["site_id"]: row["payload"] for row in found}
        links = await link_store.links_of(tx, programme_id, list(told))
        open_ones = {link.site_id for link in links if link.state not in _OVER}
        given_up = {site: _why(told[site], _NOT_POSSIBLE) for site in told if told[site]["outcome"] == "not-possible"}
        done = [site for site in told if told[site]["outcome"] == "done" and site not in open_ones]
        again = {site: _why(told[site], _UNFINISHED) for site in told if site not in given_up and site not in done}
        visits = await sites.attempts(tx, programme_id, list(again))
        for site in [site for site in again if visits[site] >= MOST_VISITS]:
            given_up[site] = f"Visit {visits[site]} did not do it either. {again.pop(site)}"
        until = now + timedelta(hours=(await store.get(tx, programme_id)).terms.dwell_hours)
        await sites.move(tx, programme_id, done, Act.FINISH, now, field_done_at=now, dwell_until=until)
        await sites.move_each(tx, programme_id, again, Act.COME_AGAIN, now)
        await sites.move_each(tx, programme_id, given_up, Act.GIVE_UP, now)
        unfinished = [link.id for link in links if link.site_id not in done]
        await link_store.set_links(tx, unfinished, LinkState.FITTED, of=[LinkState.TESTING])


_UNFINISHED = "Finished before every link had passed its test."
_NOT_POSSIBLE = "The crew found that it cannot be done."


def _why(payload: DictRow, otherwise: str) -> str:
    return str(payload.get("why") or otherwise)


_TAKERS = {
    "visit.arrived": _arrived,
    "visit.left": _left,
    "visit.fitted": _fitted,
    "visit.test-asked": _test_asked,
    "visit.finished": _finished,
}
KINDS = frozenset(_TAKERS)
"""What is taken of what happens at a visit."""
