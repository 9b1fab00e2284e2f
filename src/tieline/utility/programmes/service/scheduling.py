"""Sending crews: visits in routes, and the change that cuts the links over as the crews come to them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from psycopg.rows import DictRow

from tieline.platform import audit
from tieline.platform.clock import Clock
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict
from tieline.platform.scope import Permission, Scope
from tieline.platform.words import plural
from tieline.utility import fieldwork, inventory
from tieline.utility.changes import ChangeType, Draft
from tieline.utility.fieldwork import NewStep, NewVisit, Working
from tieline.utility.inventory import Selection
from tieline.utility.programmes.model import Crews, LinkRow, LinkState, Programme, ProgrammeState, SiteState
from tieline.utility.programmes.policy.reserve import in_order
from tieline.utility.programmes.policy.states import Act
from tieline.utility.programmes.service.approving import ITEMS_A_LINK, approval_of, origin
from tieline.utility.programmes.service.making import make_change
from tieline.utility.programmes.service.telling import log
from tieline.utility.programmes.store import links as link_store
from tieline.utility.programmes.store import programmes as store
from tieline.utility.programmes.store import sites


@dataclass(frozen=True, slots=True)
class Scheduled:
    """What was made of ready sites: visits, work orders, and the change that has to be approved before they begin.

    ``change_id`` is None where every link has gone over already and only its test is left.
    """

    sites: int
    orders: tuple[int, ...]
    change_id: int | None
    first_day: str
    last_day: str
    km: float
    km_saved: float


async def schedule(
    tx: Tx, scope: Scope, clock: Clock, calendar: Clock, programme_id: int, *, crews: Crews
) -> Scheduled:
    """Plan visits to sites that are ready, those due first, first; put them into work orders; make their cut-over.

    The cut-over is one change for all of them: under the programme's policy it is approved beforehand, otherwise a
    person approves it. Its items wait until a crew has fitted the card. Raises ``Conflict`` when no site is ready.
    """
    scope.require(Permission.PROGRAMME_WRITE)
    programme = await store.get(tx, programme_id, lock=True)
    if programme.state is not ProgrammeState.RUNNING:
        raise Conflict(f"A programme that is {programme.state.value} schedules nothing.", advice="Start it first.")
    wanted = [SiteState.READY, SiteState.AGAIN]
    rows = await sites.in_states(tx, scope, programme_id, wanted, regions=crews.regions, limit=crews.limit)
    if not rows:
        raise Conflict("No site is ready for a visit there.", advice="Prepare sites first, or wait until they are.")
    ids = [row["site_id"] for row in rows]
    links: dict[int, list[LinkRow]] = {}
    for link in await link_store.links_of(tx, programme_id, ids):
        links.setdefault(link.site_id, []).append(link)
    attached = await attachments(tx, scope, [link for found in links.values() for link in found])
    links = {site: in_order(found, attached) for site, found in links.items()}
    # The trail is told last: whoever has its lock keeps everybody waiting, and routes of many visits take a while.
    told: list[audit.Entry] = []
    planned = [_visit(programme, row, links[row["site_id"]]) for row in rows]
    visits = await fieldwork.plan_visits(tx, scope, planned, told=told)
    made = await fieldwork.make_orders(
        tx,
        scope,
        calendar,
        region=crews.regions[0] if len(crews.regions) == 1 else None,
        crew_ids=crews.crew_ids,
        first_day=crews.first_day,
        working=Working(hours=crews.hours_a_day, speed_kmh=crews.speed_km_h),
        origin=origin(programme_id),
        told=told,
    )
    now = calendar.now()
    await sites.move(tx, programme_id, ids, Act.SCHEDULE, now)
    left = [link for site in ids for link in links[site] if link.cut_at is None]
    change = None if not left else await _cut_over(tx, scope, clock, programme, crews=crews, links=left, at=now)
    await sites.set_visits(tx, programme_id, {row["site_id"]: visits[_key(row)] for row in rows}, change)
    facts = {"sites": len(ids), "orders": len(made.order_ids), "change": change, "km": round(made.km)}
    await log(tx, programme_id, "scheduled", facts, actor=scope.actor, at=now)
    await audit.append(tx, scope, *told, audit.Entry("programme.scheduled", f"programme:{programme_id}", facts))
    first, last = made.first_day or crews.first_day, made.last_day or crews.first_day
    return Scheduled(len(ids), made.order_ids, change, first.isoformat(), last.isoformat(), made.km, made.km_saved)


async def attachments(tx: Tx, scope: Scope, links: Sequence[LinkRow]) -> dict[int, bool]:
    """Which subscriptions of some links, old and new, the network has attached now."""
    ids = [one for link in links for one in (link.old_subscription_id, link.new_subscription_id) if one is not None]
    rows = await inventory.subscriptions(tx, replace(scope, regions=None), ids)
    return {row.subscription_id: bool(row.attached) for row in rows}


def _key(row: DictRow) -> str:
    return f"site:{row['site_id']}/{row['attempts'] + 1}"


def _visit(programme: Programme, row: DictRow, links: Sequence[LinkRow]) -> NewVisit:
    return NewVisit(
        row["site_id"],
        origin(programme.id),
        _key(row),
        programme.title,
        [_step(link) for link in links if link.state not in {LinkState.PASSED, LinkState.RETIRED}],
        row["due_at"],
        programme.terms.minutes_a_visit,
        row["attempts"] + 1,
    )


def _step(link: LinkRow) -> NewStep:
    words = f"Fit the card of operator {link.operator} into the new router: the {link.role} link."
    return NewStep(
        link.key,
        link.role,
        link.operator,
        link.old_subscription_id,
        link.new_subscription_id,
        link.new_iccid,
        words,
    )


async def _cut_over(
    tx: Tx, scope: Scope, clock: Clock, programme: Programme, *, crews: Crews, links: Sequence[LinkRow], at: datetime
) -> int:
    where = f" in {', '.join(crews.regions)}" if crews.regions else ""
    site_ids = sorted({link.site_id for link in links})
    agreed = await approval_of(
        tx,
        programme,
        "cutover_policy",
        items=len(links) * ITEMS_A_LINK,
        critical_sites=await sites.critical(tx, programme.id, site_ids),
    )
    sources = tuple(link.old_subscription_id for link in links)
    draft = Draft(
        kind="subscription.cutover",
        title=f"{programme.title}: cut over {plural(len(site_ids), 'site')}{where}, from {crews.first_day:%-d %B %Y}"[
            :200
        ],
        type=ChangeType.STANDARD if agreed.policy_id else ChangeType.NORMAL,
        reason=f"Programme {programme.id}: each link goes over when its crew has fitted the card. {agreed.why}",
        selection=Selection(subscription_ids=sources),
        parameters={"release": "on_visit"},
        policy_id=agreed.policy_id,
        origin=origin(programme.id),
    )
    return (await make_change(tx, scope, clock, programme.id, part="cutover", draft=draft, at=at)).id
