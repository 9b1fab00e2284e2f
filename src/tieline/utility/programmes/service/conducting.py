"""The conductor: releases cut-overs, judges tests, ends dwells; step by step. What happened in the field comes before.

Each step is a transaction of its own that looks for what is to be done by where things stand, so that a crash at any
moment loses nothing and does nothing twice. One conductor works at a time.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from tieline.platform import audit
from tieline.platform.clock import DeclaredClock
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict
from tieline.platform.wiring import Runtime
from tieline.platform.words import plural
from tieline.utility import changes, fieldwork, inventory, probing
from tieline.utility.changes import ChangeState, ChangeType, Draft
from tieline.utility.fieldwork import Check as ShownCheck
from tieline.utility.fieldwork import Verdict
from tieline.utility.inventory import FleetRow, Selection
from tieline.utility.programmes.model import LinkRow, LinkState, Programme, Terms
from tieline.utility.programmes.policy.acceptance import Judgement, Seen, Want, judge
from tieline.utility.programmes.policy.reserve import alone
from tieline.utility.programmes.policy.states import Act
from tieline.utility.programmes.service.approving import approval_of, origin
from tieline.utility.programmes.service.making import make_change
from tieline.utility.programmes.service.scheduling import attachments
from tieline.utility.programmes.service.taking import BATCH, by_programme
from tieline.utility.programmes.service.telling import SYSTEM
from tieline.utility.programmes.store import links as link_store
from tieline.utility.programmes.store import programmes as store
from tieline.utility.programmes.store import sites

RETIRED_AT_ONCE = 2000
TOLD_AT_ONCE = 200
"""Crews that are told in one transaction how their tests stand: their phones' reports wait for it."""
JUMPED_LATELY = timedelta(minutes=10)
"""Within this time one jump of the clock is noticed by every conductor."""
ASK_AGAIN = timedelta(seconds=10)
"""How long an application has before it is asked once more within a test."""


async def let_go(runtime: Runtime) -> int:
    """Cut-overs of sites that were not done wait no longer: the next visit has its own. Returns how many links."""
    async with runtime.db.transaction() as tx:
        links = await link_store.to_let_go(tx, BATCH)
    by_change: dict[tuple[int, int], list[LinkRow]] = defaultdict(list)
    for link in links:
        by_change[link.programme_id, link.change_id or 0].append(link)
    for (programme_id, change_id), found in sorted(by_change.items()):
        async with runtime.db.transaction() as tx:
            sources = [link.old_subscription_id for link in found]
            why = "The visit did not come to it; the next one, if there is any, brings its own cut-over."
            await changes.let_go(tx, SYSTEM, runtime.clock, change_id, sources, why=why)
            await sites.leave_change(tx, programme_id, sorted({link.site_id for link in found}))
    return len(links)


async def release(runtime: Runtime) -> int:
    """Release the cut-overs of links whose card is fitted, a change at a time; returns how many."""
    async with runtime.db.transaction() as tx:
        links = await link_store.links_in(tx, LinkState.FITTED, limit=BATCH)
        over = [link for link in links if link.cut_at is not None]
        await link_store.set_links(tx, [link.id for link in over], LinkState.CUTTING, of=[LinkState.FITTED])
        asked = [link.id for link in over if link.test_asked_at is not None]
        await link_store.set_links(tx, asked, LinkState.TESTING, of=[LinkState.CUTTING])
        held = await _alone(tx, [link for link in links if link.cut_at is None])
    by_change: dict[int, list[LinkRow]] = defaultdict(list)
    for link in links:
        if link.change_id is not None and link.cut_at is None and link.id not in held:
            by_change[link.change_id].append(link)
    released = len(over)
    for change_id, found in sorted(by_change.items()):
        async with runtime.db.transaction() as tx:
            sources = [link.old_subscription_id for link in found]
            try:
                await changes.release(tx, SYSTEM, change_id, sources, why="The new cards are fitted.")
            except Conflict:
                # Not approved or not started yet: the cards are there before the plan. Crews that ask are told in time.
                continue
            ids = [link.id for link in found]
            released += await link_store.set_links(tx, ids, LinkState.CUTTING, of=[LinkState.FITTED])
            asked = [link.id for link in found if link.test_asked_at is not None]
            await link_store.set_links(tx, asked, LinkState.TESTING, of=[LinkState.CUTTING])
    return released


async def _alone(tx: Tx, links: Sequence[LinkRow]) -> set[int]:
    """Links that are the only ones to carry their sites: they must not go over, and the crew is told when it asks."""
    if not links:
        return set()
    sites_of: dict[tuple[int, int], list[LinkRow]] = defaultdict(list)
    by_programme: dict[int, set[int]] = defaultdict(set)
    for link in links:
        by_programme[link.programme_id].add(link.site_id)
    for programme_id, ids in by_programme.items():
        for one in await link_store.links_of(tx, programme_id, sorted(ids)):
            sites_of[one.programme_id, one.site_id].append(one)
    attached = await attachments(tx, SYSTEM, [one for found in sites_of.values() for one in found])
    held = {link.id for link in links if alone(link, sites_of[link.programme_id, link.site_id], attached)}
    for link in links:
        if link.id in held and list(link.checks) != [_ONLY]:
            await link_store.set_link(tx, link.id, checks=[_ONLY])
    return held


_ONLY = {
    "name": "Other link",
    "ok": False,
    "wanted": "another link of the site that carries it",
    "found": "This is the only link that carries the site now. Leave the old router as it is, and call the desk.",
}


async def refuse_tests(runtime: Runtime) -> int:
    """Crews that ask for a test that cannot begin are told why; returns how many.

    At once where the card could not be fitted, or where the link is the only one that carries its site; where the
    cut-over is not released, because nobody has approved it say, once a test's time is up.
    """
    now = runtime.clock.now()
    async with runtime.db.snapshot() as tx:
        links = await link_store.unfit(tx, now, limit=BATCH)
    if not links:
        return 0
    async with runtime.db.transaction() as tx:
        states = await _states(tx, links)
        verdicts = {}
        for link in links:
            checks = _shown(link.checks)
            said = checks[0].found if checks else _not_begun(link, states)
            if link.visit_id is not None:
                verdicts[link.visit_id, link.key] = Verdict(passed=False, checks=checks, said=said)
        await link_store.unask(tx, [link.id for link in links])
        await fieldwork.answer_steps(tx, SYSTEM, verdicts)
    return len(links)


async def _states(tx: Tx, links: Sequence[LinkRow]) -> dict[int, ChangeState]:
    """How the cut-overs of links stand."""
    ids = sorted({link.change_id for link in links if link.change_id is not None})
    return {one: (await changes.detail(tx, SYSTEM, one)).change.state for one in ids}


def _not_begun(link: LinkRow, states: Mapping[int, ChangeState]) -> str:
    if link.state is not LinkState.FITTED:
        return "The card is not known to be fitted yet. Scan router and card again."
    if link.change_id is None:
        return "No cut-over is planned for this link. Call the desk."
    state = states[link.change_id].value
    return f"The cut-over of this link is not released: change {link.change_id} is {state}. Call the desk."


async def test(runtime: Runtime) -> int:
    """Look at every link under test; returns how many came to a verdict."""
    async with runtime.db.snapshot() as tx:
        links = await link_store.links_in(tx, LinkState.TESTING, limit=BATCH)
        if not links:
            return 0
        terms = {one: (await store.get(tx, one)).terms for one in {link.programme_id for link in links}}
        ids = [link.new_subscription_id for link in links if link.new_subscription_id is not None]
        rows = {row.subscription_id: row for row in await inventory.subscriptions(tx, SYSTEM, ids)}
        steps = await changes.item_states(tx, SYSTEM, [_pair(link) for link in links])
        answers = await probing.latest(tx, SYSTEM, ids)
    now = runtime.clock.now()
    news: list[_Found] = []
    asks: list[LinkRow] = []
    over = [link.id for link in links if link.cut_at is None and _gone_over(steps.get(_pair(link), []))]
    if over:
        async with runtime.db.transaction() as tx:
            await link_store.cut_over(tx, over, now)
    for link in links:
        row = rows.get(link.new_subscription_id or 0)
        if row is None or link.test_asked_at is None:
            continue
        want = _want(row, terms[link.programme_id], link.test_asked_at)
        seen = _seen(row, link, steps.get(_pair(link), []), answers.get(row.subscription_id))
        found = judge(seen, want, now)
        if found.ask and (link.probe_asked_at is None or link.probe_asked_at + ASK_AGAIN <= now):
            asks.append(link)
        told = _Found(link, found, _plain(found))
        news += [told] if told.news else []
    for start in range(0, len(news), TOLD_AT_ONCE):
        async with runtime.db.transaction() as tx:
            await _tell(tx, news[start : start + TOLD_AT_ONCE], now)
    await _ask(runtime, asks, now)
    return sum(1 for one in news if one.judgement.passed is not None)


def _pair(link: LinkRow) -> tuple[int, int]:
    """By what the items of a link's cut-over are known."""
    return link.change_id or 0, link.old_subscription_id


def _gone_over(items: Sequence[Mapping[str, Any]]) -> bool:
    """Whether every step is in effect; one that had nothing to do is."""
    return bool(items) and all(item["state"] == "verified" or item["reason_code"] == "nothing-to-do" for item in items)


def _want(row: FleetRow, terms: Terms, since: datetime) -> Want:
    return Want(
        generation=terms.generation,
        apn=row.apn,
        address=row.ip_address,
        imei=row.imei,
        application=terms.ask_application,
        since=since,
        seconds=terms.test_seconds,
    )


_BAD = frozenset({"failed", "conflict", "blocked", "cancelled"})


def _seen(row: FleetRow, link: LinkRow, items: Sequence[Mapping[str, Any]], answer: Any) -> Seen:
    over = link.cut_at is not None or _gone_over(items)
    bad = None if over else next((item for item in items if item["state"] in _BAD), None)
    return Seen(
        cut_over=True if over else (False if bad else None),
        cut_over_why=str(bad["reason"] or bad["state"]) if bad else "",
        attached=row.attached,
        rat=row.rat,
        band=row.band,
        apn=row.op_apn,
        address=row.op_ip_address,
        imei=row.imei_seen,
        observed_at=row.reported_at,
        answered=answer.ok if answer else None,
        answered_at=answer.at if answer else None,
        answer=(f"answered in {answer.rtt_ms:.0f} ms" if answer.ok and answer.rtt_ms else answer.why) if answer else "",
    )


async def _ask(runtime: Runtime, links: Sequence[LinkRow], now: datetime) -> None:
    if not links:
        return
    async with runtime.db.transaction() as tx:
        by_origin: dict[str, dict[int, str]] = defaultdict(dict)
        for link in links:
            keys = by_origin[origin(link.programme_id)]
            keys[link.new_subscription_id or 0] = f"link:{link.id}/{link.probes + 1}"
        for asked_by, keys in by_origin.items():
            await probing.ask_each(tx, SYSTEM, keys, origin=asked_by)
        await link_store.probed(tx, [link.id for link in links], now)


@dataclass(frozen=True, slots=True)
class _Found:
    """What a look at a link under test found, and the checks as they are kept."""

    link: LinkRow
    judgement: Judgement
    checks: list[dict[str, Any]]

    @property
    def news(self) -> bool:
        """Whether the test stands otherwise than the crew was told last."""
        return self.judgement.passed is not None or self.checks != list(self.link.checks)

    @property
    def verdict(self) -> Verdict:
        """As the crew is told."""
        return Verdict(self.judgement.passed, _shown(self.checks), self.judgement.said)


def _shown(checks: Sequence[Mapping[str, Any]]) -> tuple[ShownCheck, ...]:
    """Checks as a phone shows them."""
    return tuple(ShownCheck(one["name"], one["ok"], one["wanted"], one["found"]) for one in checks)


def _plain(judgement: Judgement) -> list[dict[str, Any]]:
    return [{k: v for k, v in asdict(check).items() if k != "final"} for check in judgement.checks]


async def _tell(tx: Tx, found: Sequence[_Found], now: datetime) -> None:
    """Keep how tests stand, end the old links of those that passed, and tell the crews."""
    for programme_id, ended in sorted(_replaced(found).items()):
        reason = f"Programme {programme_id}: replaced."
        await inventory.end_links(tx, SYSTEM, ended, at=now, reason=reason, taken_out=False)
    await link_store.set_tested(tx, [(one.link.id, one.judgement.passed, one.checks) for one in found], now)
    at_visit = {(one.link.visit_id, one.link.key): one for one in found if one.link.visit_id is not None}
    told = await fieldwork.answer_steps(tx, SYSTEM, {key: one.verdict for key, one in at_visit.items()})
    # Where a visit was taken away meanwhile, what was found stays with the site.
    for key in sorted(told.missing):
        link = at_visit[key].link
        await sites.tell_why(tx, link.programme_id, {link.site_id: at_visit[key].judgement.said})


def _replaced(found: Sequence[_Found]) -> dict[int, list[int]]:
    """The old links of links that passed, by programme."""
    ended: dict[int, list[int]] = defaultdict(list)
    for one in found:
        if one.judgement.passed and one.link.old_link_id is not None:
            ended[one.link.programme_id].append(one.link.old_link_id)
    return ended


async def clock_jumped(runtime: Runtime, jump: timedelta) -> int:
    """Let dwells end after as much passed time as before; returns how many programmes have any.

    Each of several conductors notices the jump, the first one of a programme acts on it.
    """
    calendar, now = runtime.calendar, runtime.calendar.now()
    speed = calendar.speed if isinstance(calendar, DeclaredClock) else 1.0
    async with runtime.db.transaction() as tx:
        ids = await sites.programmes_that_dwell(tx)
    for programme_id in ids:
        async with runtime.db.transaction() as tx:
            await store.get(tx, programme_id, lock=True)
            if await store.jumped(tx, programme_id, jump, since=now - speed * JUMPED_LATELY):
                continue
            moved = await sites.move_dwells(tx, programme_id, speed * jump)
            facts = {"seconds": jump.total_seconds(), "sites": moved}
            await store.add_event(tx, programme_id, store.JUMPED, facts, actor=SYSTEM.actor, at=now)
            await audit.append(tx, SYSTEM, audit.Entry("programme.clock-jumped", f"programme:{programme_id}", facts))
    return len(ids)


async def end_dwells(runtime: Runtime) -> int:
    """Retire the old subscriptions of sites whose dwell is over and whose new links are well; returns how many.

    They are retired together, so that nobody has to approve a change for each site: as soon as there are many, and
    otherwise once in the programme's ``retire_every_hours``.
    """
    now = runtime.calendar.now()
    async with runtime.db.transaction() as tx:
        rows = await sites.dwelt(tx, now, limit=RETIRED_AT_ONCE)
    moved = 0
    for programme_id, found in sorted(by_programme(rows).items()):
        async with runtime.db.transaction() as tx:
            programme = await store.get(tx, programme_id, lock=True)
            last = await store.last_change(tx, programme_id, "retire")
            rested = last is None or last + timedelta(hours=programme.terms.retire_every_hours) <= now
            if rested or len(found) >= RETIRED_AT_ONCE:
                moved += await _retire(tx, runtime, programme, [row["site_id"] for row in found])
    return moved


async def _retire(tx: Tx, runtime: Runtime, programme: Programme, site_ids: Sequence[int]) -> int:
    links = await link_store.links_of(tx, programme.id, site_ids)
    attached = await attachments(tx, SYSTEM, links)
    down = {
        link.site_id: f"The new link of operator {link.operator} is not attached; the old one is kept."
        for link in links
        if not attached.get(link.new_subscription_id or 0)
    }
    await sites.tell_why(tx, programme.id, down)
    well = [one for one in site_ids if one not in down]
    # The rows before the change: it goes into the audit trail, which comes last.
    now = runtime.calendar.now()
    moved = await sites.move(tx, programme.id, well, Act.RETIRE, now)
    sources = tuple(link.old_subscription_id for link in links if link.site_id in set(moved))
    if not sources:
        return 0
    agreed = await approval_of(
        tx,
        programme,
        "retire_policy",
        items=len(sources),
        critical_sites=await sites.critical(tx, programme.id, moved),
    )
    draft = Draft(
        kind="subscription.configure",
        title=f"{programme.title}: retire the old subscriptions of {plural(len(moved), 'site')}"[:200],
        type=ChangeType.STANDARD if agreed.policy_id else ChangeType.NORMAL,
        reason=f"Programme {programme.id}: the new links have served for {programme.terms.dwell_hours:g} hours."
        f" {agreed.why}",
        selection=Selection(subscription_ids=sources),
        parameters={"state": "RETIRED"},
        policy_id=agreed.policy_id,
        origin=origin(programme.id),
    )
    await make_change(tx, SYSTEM, runtime.clock, programme.id, part="retire", draft=draft, at=now)
    return len(moved)
