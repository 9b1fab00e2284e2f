"""The conductor: takes what happened in the field, releases cut-overs, judges tests, ends dwells; step by step.

Each step is a transaction of its own that looks for what is to be done by where things stand, so that a crash at any
moment loses nothing and does nothing twice. One conductor works at a time.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Literal

from psycopg.rows import DictRow

from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, NotFound
from tieline.platform.scope import system
from tieline.platform.wiring import Runtime
from tieline.utility import changes, fieldwork, inventory, probing
from tieline.utility.changes import ChangeType, Draft
from tieline.utility.fieldwork import Check as ShownCheck
from tieline.utility.fieldwork import Verdict
from tieline.utility.inventory import Fitting, FleetRow, Selection
from tieline.utility.programmes.model import LinkRow, LinkState, Terms
from tieline.utility.programmes.policy.acceptance import Judgement, Seen, Want, judge
from tieline.utility.programmes.policy.reserve import alone
from tieline.utility.programmes.policy.states import Act
from tieline.utility.programmes.policy.words import number_of
from tieline.utility.programmes.service.scheduling import attachments, make_change
from tieline.utility.programmes.store import inbox, sites
from tieline.utility.programmes.store import programmes as store

SYSTEM = system("programmes")
BATCH = 400
RETIRED_AT_ONCE = 2000
ASK_AGAIN = timedelta(seconds=10)
"""How long an application has before it is asked once more within a test."""


async def take_events(runtime: Runtime) -> int:
    """Take the oldest event of each site that has any; returns how many were taken."""
    async with runtime.db.transaction() as tx:
        if not await inbox.alone(tx):
            return 0
        rows = await inbox.next_of_each(tx, BATCH)
        by_kind: dict[str, list[DictRow]] = defaultdict(list)
        for row in rows:
            by_kind[row["kind"]].append(row)
        now = runtime.calendar.now()
        for kind, found in by_kind.items():
            await _TAKERS[kind](tx, runtime, found, now)
        await inbox.done(tx, [row["id"] for row in rows])
    return len(rows)


def _by_programme(rows: Sequence[DictRow]) -> dict[int, list[DictRow]]:
    found: dict[int, list[DictRow]] = defaultdict(list)
    for row in rows:
        found[row["programme_id"]].append(row)
    return found


async def _arrived(tx: Tx, _runtime: Runtime, rows: Sequence[DictRow], now: datetime) -> None:
    for programme_id, found in _by_programme(rows).items():
        ids = [row["site_id"] for row in found]
        await sites.move(tx, programme_id, ids, Act.ARRIVE, now, on_site_at=now)


async def _left(tx: Tx, _runtime: Runtime, rows: Sequence[DictRow], now: datetime) -> None:
    for programme_id, found in _by_programme(rows).items():
        ids = [row["site_id"] for row in found]
        await sites.move(tx, programme_id, ids, Act.LEAVE, now, why="The crew went away before it was finished.")


async def _fitted(tx: Tx, runtime: Runtime, rows: Sequence[DictRow], now: datetime) -> None:
    """Cards are in their routers: links begin beside the old ones. What the inventory refuses the crew is told."""
    del now
    wanted: list[tuple[LinkRow, Fitting]] = []
    moved: list[int] = []
    for programme_id, found in _by_programme(rows).items():
        ids = [row["site_id"] for row in found]
        links = {(link.site_id, link.key): link for link in await sites.links_of(tx, programme_id, ids)}
        for row in found:
            told = row["payload"]
            link = links.get((row["site_id"], told["step_key"]))
            if link is not None and link.state in _FITTABLE:
                role: Literal["primary", "backup"] = "backup" if link.role == "backup" else "primary"
                fitting = Fitting(site_id=link.site_id, device=told["router"], iccid=told["iccid"], role=role)
                wanted.append((link, fitting))
                if link.new_link_id is not None:
                    moved.append(link.new_link_id)
    # A card that is fitted once more sits in another router now, or was taken out and put back.
    await inventory.end_links(
        tx, SYSTEM, moved, at=runtime.clock.now(), reason="Fitted anew by a crew.", taken_out=False
    )
    reason = "Fitted by a crew."
    outcome = await inventory.fit_links(tx, SYSTEM, [one for _, one in wanted], at=runtime.clock.now(), reason=reason)
    by_card = {one.fitting.iccid: one for one in outcome.fitted}
    right = {
        link.id: by_card[one.iccid].link_id
        for link, one in wanted
        if one.iccid in by_card and by_card[one.iccid].subscription_id == link.new_subscription_id
    }
    await sites.fitted(tx, right, runtime.clock.now())
    refused = {one.fitting.iccid: one.why for one in outcome.refused}
    for link, one in wanted:
        if link.id not in right:
            why = refused.get(one.iccid, "This card was not prepared for this link.")
            await sites.not_fitted(tx, link.id)
            await sites.set_link(tx, link.id, checks=[{"name": "Card", "ok": False, "wanted": "", "found": why}])
            await sites.tell_why(tx, link.programme_id, {link.site_id: why})


_FITTABLE = frozenset({LinkState.PREPARED, LinkState.FITTED, LinkState.CUTTING, LinkState.TESTING})


async def _test_asked(tx: Tx, runtime: Runtime, rows: Sequence[DictRow], now: datetime) -> None:
    del now
    at = runtime.clock.now()
    for programme_id, found in _by_programme(rows).items():
        ids = [row["site_id"] for row in found]
        links = {(link.site_id, link.key): link for link in await sites.links_of(tx, programme_id, ids)}
        for row in found:
            link = links.get((row["site_id"], row["payload"]["step_key"]))
            if link is not None and link.state not in {LinkState.PASSED, LinkState.RETIRED}:
                await sites.ask_test(tx, link.id, at)


async def _finished(tx: Tx, _runtime: Runtime, rows: Sequence[DictRow], now: datetime) -> None:
    for programme_id, found in _by_programme(rows).items():
        ids = [row["site_id"] for row in found]
        passed: dict[int, bool] = dict.fromkeys(ids, True)
        links = await sites.links_of(tx, programme_id, ids)
        for link in links:
            passed[link.site_id] &= link.state in {LinkState.PASSED, LinkState.RETIRED}
        programme = await store.get(tx, programme_id)
        done = [row["site_id"] for row in found if row["payload"]["outcome"] == "done" and passed[row["site_id"]]]
        until = now + timedelta(hours=programme.terms.dwell_hours)
        await sites.move(tx, programme_id, done, Act.FINISH, now, field_done_at=now, dwell_until=until)
        again = {
            row["site_id"]: str(row["payload"].get("why") or "Finished before every link had passed its test.")
            for row in found
            if row["site_id"] not in set(done) and row["payload"]["outcome"] != "not-possible"
        }
        given_up = {
            row["site_id"]: str(row["payload"].get("why") or "The crew found that it cannot be done.")
            for row in found
            if row["payload"]["outcome"] == "not-possible"
        }
        await sites.move_each(tx, programme_id, again, Act.COME_AGAIN, now)
        await sites.move_each(tx, programme_id, given_up, Act.GIVE_UP, now)
        unfinished = [link for link in links if link.site_id in again or link.site_id in given_up]
        await sites.set_links(tx, [link.id for link in unfinished], LinkState.FITTED, of=[LinkState.TESTING])


_TAKERS = {
    "visit.arrived": _arrived,
    "visit.left": _left,
    "visit.fitted": _fitted,
    "visit.test-asked": _test_asked,
    "visit.finished": _finished,
}
KINDS = frozenset(_TAKERS)
"""What is taken of what happens at a visit."""


async def let_go(runtime: Runtime) -> int:
    """Cut-overs of sites that were not done wait no longer: the next visit has its own. Returns how many links."""
    async with runtime.db.transaction() as tx:
        links = await sites.to_let_go(tx, BATCH)
    by_change: dict[tuple[int, int], list[LinkRow]] = defaultdict(list)
    for link in links:
        by_change[link.programme_id, link.change_id or 0].append(link)
    for (programme_id, change_id), found in sorted(by_change.items()):
        async with runtime.db.transaction() as tx:
            sources = [link.old_subscription_id for link in found]
            why = "The visit did not come to it; the next one brings its own cut-over."
            await changes.let_go(tx, SYSTEM, runtime.clock, change_id, sources, why=why)
            await sites.leave_change(tx, programme_id, sorted({link.site_id for link in found}))
    return len(links)


async def release(runtime: Runtime) -> int:
    """Release the cut-overs of links whose card is fitted, a change at a time; returns how many."""
    async with runtime.db.transaction() as tx:
        links = await sites.links_in(tx, LinkState.FITTED, limit=BATCH)
        over = [link for link in links if link.cut_at is not None]
        await sites.set_links(tx, [link.id for link in over], LinkState.CUTTING, of=[LinkState.FITTED])
        asked = [link.id for link in over if link.test_asked_at is not None]
        await sites.set_links(tx, asked, LinkState.TESTING, of=[LinkState.CUTTING])
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
                # Not approved or not started yet: the cards are there before the plan. They wait, and the page says so.
                continue
            ids = [link.id for link in found]
            released += await sites.set_links(tx, ids, LinkState.CUTTING, of=[LinkState.FITTED])
            asked = [link.id for link in found if link.test_asked_at is not None]
            await sites.set_links(tx, asked, LinkState.TESTING, of=[LinkState.CUTTING])
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
        for one in await sites.links_of(tx, programme_id, sorted(ids)):
            sites_of[one.programme_id, one.site_id].append(one)
    attached = await attachments(tx, SYSTEM, [one for found in sites_of.values() for one in found])
    held = {link.id for link in links if alone(link, sites_of[link.programme_id, link.site_id], attached)}
    for link in links:
        if link.id in held and list(link.checks) != [_ONLY]:
            await sites.set_link(tx, link.id, checks=[_ONLY])
    return held


_ONLY = {
    "name": "Other link",
    "ok": False,
    "wanted": "another link of the site that carries it",
    "found": "This is the only link that carries the site now. Leave the old router as it is, and call the desk.",
}


async def refuse_tests(runtime: Runtime) -> int:
    """Crews that ask for the test of a link whose card could not be fitted are told why; returns how many."""
    async with runtime.db.snapshot() as tx:
        links = await sites.unfit(tx, limit=BATCH)
    for link in links:
        checks = [ShownCheck(one["name"], one["ok"], one["wanted"], one["found"]) for one in link.checks]
        said = checks[0].found if checks else "The card is not known to be fitted yet. Scan router and card again."
        async with runtime.db.transaction() as tx:
            await sites.set_link(tx, link.id, test_asked_at=None)
            if link.visit_id is not None:
                await fieldwork.answer_step(tx, SYSTEM, link.visit_id, link.key, Verdict(False, checks, said))  # noqa: FBT003
    return len(links)


async def test(runtime: Runtime) -> int:
    """Look at every link under test; returns how many came to a verdict."""
    async with runtime.db.snapshot() as tx:
        links = await sites.links_in(tx, LinkState.TESTING, limit=BATCH)
        if not links:
            return 0
        terms = {one: (await store.get(tx, one)).terms for one in {link.programme_id for link in links}}
        ids = [link.new_subscription_id for link in links if link.new_subscription_id is not None]
        rows = {row.subscription_id: row for row in await inventory.subscriptions(tx, SYSTEM, ids)}
        steps = await changes.item_states(tx, SYSTEM, [_pair(link) for link in links])
        answers = await probing.latest(tx, SYSTEM, ids)
    now = runtime.clock.now()
    verdicts = 0
    asks: list[LinkRow] = []
    over = [link.id for link in links if link.cut_at is None and _gone_over(steps.get(_pair(link), []))]
    if over:
        async with runtime.db.transaction() as tx:
            await sites.cut_over(tx, over, now)
    for link in links:
        row = rows.get(link.new_subscription_id or 0)
        if row is None or link.test_asked_at is None:
            continue
        want = _want(row, terms[link.programme_id], link.test_asked_at)
        seen = _seen(row, link, steps.get(_pair(link), []), answers.get(row.subscription_id))
        found = judge(seen, want, now)
        if found.ask and (link.probe_asked_at is None or link.probe_asked_at + ASK_AGAIN <= now):
            asks.append(link)
        verdicts += await _tell(runtime, link, found, now)
    await _ask(runtime, asks, now)
    return verdicts


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
        for link in links:
            key = f"link:{link.id}/{link.probes + 1}"
            await probing.ask(
                tx, SYSTEM, [link.new_subscription_id or 0], origin=f"programme:{link.programme_id}", key=key
            )
        await sites.probed(tx, [link.id for link in links], now)


async def _tell(runtime: Runtime, link: LinkRow, found: Judgement, now: datetime) -> int:
    """Tell the crew how the test stands, if it stands otherwise than it was told last; returns 1 for a verdict."""
    plain = [{k: v for k, v in asdict(check).items() if k != "final"} for check in found.checks]
    if found.passed is None and plain == list(link.checks):
        return 0
    shown = tuple(ShownCheck(one["name"], one["ok"], one["wanted"], one["found"]) for one in plain)
    async with runtime.db.transaction() as tx:
        values: dict[str, Any] = {"checks": plain}
        if found.passed:
            values |= {"state": LinkState.PASSED.value, "passed_at": now}
            if link.old_link_id is not None:
                await inventory.end_links(
                    tx,
                    SYSTEM,
                    [link.old_link_id],
                    at=now,
                    reason=f"Programme {link.programme_id}: replaced.",
                    taken_out=False,
                )
        elif found.passed is False:
            values |= {"state": LinkState.CUTTING.value, "test_asked_at": None}
        await sites.set_link(tx, link.id, **values)
        if link.visit_id is not None:
            verdict = Verdict(found.passed, shown, found.said)
            try:
                await fieldwork.answer_step(tx, SYSTEM, link.visit_id, link.key, verdict)
            except NotFound:
                # The visit was taken away meanwhile; what was found stays with the link.
                await sites.tell_why(tx, link.programme_id, {link.site_id: found.said})
    return int(found.passed is not None)


async def end_dwells(runtime: Runtime) -> int:
    """Retire the old subscriptions of sites whose dwell is over and whose new links are well; returns how many."""
    now = runtime.calendar.now()
    async with runtime.db.transaction() as tx:
        if not await inbox.alone(tx):
            return 0
        rows = await sites.dwelt(tx, now, limit=RETIRED_AT_ONCE)
        by_programme = _by_programme(rows)
        moved = 0
        for programme_id, found in by_programme.items():
            moved += await _retire(tx, runtime, programme_id, [row["site_id"] for row in found], now)
    return moved


async def _retire(tx: Tx, runtime: Runtime, programme_id: int, site_ids: Sequence[int], now: datetime) -> int:
    links = await sites.links_of(tx, programme_id, site_ids)
    new = [link.new_subscription_id for link in links if link.new_subscription_id is not None]
    rows = {row.subscription_id: row for row in await inventory.subscriptions(tx, SYSTEM, new)}
    down: dict[int, str] = {}
    for link in links:
        row = rows.get(link.new_subscription_id or 0)
        if row is None or not row.attached:
            down[link.site_id] = f"The new link of operator {link.operator} is not attached; the old one is kept."
    await sites.tell_why(tx, programme_id, down)
    well = [one for one in site_ids if one not in down]
    sources = tuple(link.old_subscription_id for link in links if link.site_id in set(well))
    if not sources:
        return 0
    programme = await store.get(tx, programme_id)
    policy = programme.terms.retire_policy
    draft = Draft(
        kind="subscription.configure",
        title=f"{programme.title}: retire the old subscriptions of {number_of(len(well))}"[:200],
        type=ChangeType.STANDARD if policy else ChangeType.NORMAL,
        reason=f"Programme {programme_id}: the new links have served for {programme.terms.dwell_hours:g} hours.",
        selection=Selection(subscription_ids=sources),
        parameters={"state": "RETIRED"},
        policy_id=policy,
    )
    await make_change(tx, SYSTEM, runtime.clock, programme_id, part="retire", draft=draft)
    return len(await sites.move(tx, programme_id, well, Act.RETIRE, now))
