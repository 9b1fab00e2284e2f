"""Routes of incidents: the list, one with its story and members, what is expected, how full reads compared."""

from datetime import timedelta
from typing import Annotated

from fastapi import Query, Response
from fastapi.responses import StreamingResponse

from tieline.console.components.frame import Crumb, PageHead
from tieline.console.components.tables import Paging
from tieline.console.render import with_query
from tieline.platform.errors import Invalid, Problem
from tieline.platform.scope import Permission
from tieline.platform.words import agree
from tieline.utility import incidents, inventory
from tieline.utility.console.http import CurrentPage, pages
from tieline.utility.console.pages.incidents import acting, asked, balance, listing, story
from tieline.utility.console.pages.incidents.asked import HOME, Identity
from tieline.utility.console.pages.parts.lists import paging
from tieline.utility.incidents import Expectation

_TEMPLATES = "pages/incidents/templates"
_ROWS, _SOME = 100, 10
Cursor = Annotated[str | None, Query(max_length=200)]

router = pages()


@router.get("/incidents")
async def list_incidents(page: CurrentPage, after: Cursor = None) -> Response:
    """The list."""
    given = asked.of_query(page.request.url.query)
    wanted = given.wanted(page.scope.actor)
    async with page.db.snapshot() as tx:
        found = await incidents.page(tx, page.scope, wanted, cursor=after, limit=_ROWS)
        counts = await incidents.counts(tx, page.scope, wanted)
        open_now = await incidents.counts(tx, page.scope, incidents.IncidentFilter())
        operators = await inventory.operators(tx, page.scope)
    matching = sum(row["count"] for row in counts)
    return await page.show(
        f"{_TEMPLATES}/list.html",
        current="incidents",
        head=listing.head(open_now),
        filters=listing.filters(page.url, given, operators),
        table=listing.table(page, found.items, given, paging(page.url, found, "incident", matching), matching),
    )


@router.get("/incidents/expected")
async def expected(page: CurrentPage) -> Response:
    """What is expected, and where known work is recorded."""
    async with page.db.snapshot() as tx:
        found = await incidents.expected_now(tx, page.scope, page.runtime.clock)
        operators = await inventory.operators(tx, page.scope)
    may = page.scope.may(Permission.INCIDENT_WRITE)
    head = PageHead(
        "Incidents",
        "Known work: what deviates meanwhile is recorded, and is an incident only if it is so still afterwards.",
        tabs=listing.tabs(f"{HOME}/expected"),
    )
    return await page.show(
        f"{_TEMPLATES}/expected.html",
        current="incidents",
        head=head,
        table=balance.expectations(found, page.scope),
        form=balance.form(operators, page.csrf_token) if may else None,
        ending=balance.ending(found, page.csrf_token) if may and found else None,
    )


@router.post("/incidents/expected")
async def expect(page: CurrentPage) -> Response:
    """Record known work."""
    typed = await page.form()
    hours = str(typed.get("hours", "4"))
    now = page.now
    one = Expectation(
        origin=f"person:{page.scope.actor}",
        starts_at=now,
        ends_at=now + timedelta(hours=int(hours) if hours in balance.HOURS else 4),
        why=acting.words_of(typed, "why")[:200],
        operator=acting.words_of(typed, "operator")[:40] or None,
        region=acting.words_of(typed, "region")[:200] or None,
    )
    async with page.db.transaction() as tx:
        await incidents.expect(tx, page.scope, one, clock=page.runtime.clock)
    return page.redirect(f"{HOME}/expected")


@router.post("/incidents/expected/end")
async def end_expected(page: CurrentPage) -> Response:
    """Known work is over before its time: what deviates still is an incident now."""
    chosen = asked.ids_of([str((await page.form()).get("id", ""))])
    if not chosen:
        raise Invalid("Nothing is chosen.", [Problem("id", "required", "Choose what has ended.")])
    async with page.db.transaction() as tx:
        await incidents.end_one(tx, page.scope, chosen[0], at=page.now)
    return page.redirect(f"{HOME}/expected")


@router.get("/incidents/reconciliation")
async def reconciliation(page: CurrentPage) -> Response:
    """How the last full read of each operator compared, and those before."""
    async with page.db.snapshot() as tx:
        latest = await incidents.reconciliations(tx, page.scope, latest=True, limit=100)
        known = {one.id for one in latest}
        every = [one for one in await incidents.reconciliations(tx, page.scope, limit=50) if one.id not in known]
    head = PageHead(
        "Incidents",
        "Each operator is read as a whole once a day, and whenever notifications were missed: what it has, beside what "
        "we want.",
        tabs=listing.tabs(f"{HOME}/reconciliation"),
    )
    return await page.show(
        f"{_TEMPLATES}/reconciliation.html",
        current="incidents",
        head=head,
        latest=balance.balances(latest, caption="The last full read of each operator", identity="balances"),
        every=balance.balances(every, caption="Full reads, the newest first", identity="reads") if every else None,
    )


@router.get("/incidents/{incident_id}")
async def incident(page: CurrentPage, incident_id: Identity) -> Response:
    """One incident."""
    async with page.db.snapshot() as tx:
        found = await incidents.detail(tx, page.scope, incident_id)
        some = await incidents.member_page(tx, page.scope, incident_id, limit=_SOME)
    path = f"{HOME}/{incident_id}"
    shown = Paging(shown=f"{min(_SOME, found.seen):,} of {found.seen:,}")
    return await page.show(
        f"{_TEMPLATES}/incident.html",
        current="incidents",
        head=story.head(found),
        incident=found.incident,
        meaning=story.meaning(found),
        next_step=story.next_step(found),
        ways_out=story.ways_out(found),
        differences=story.differences(found.first) if found.total == 1 else (),
        facts=story.facts(found),
        evidence=story.evidence(found),
        members=story.members(some.items, shown, csv_href=f"{path}/members.csv") if found.total > 1 else None,
        members_href=f"{path}/members",
        journal=story.journal(found),
        comment=story.comment_form(found, page.csrf_token),
        dialogs=story.dialogs(found, page.csrf_token),
    )


@router.get("/incidents/{incident_id}/members")
async def members(page: CurrentPage, incident_id: Identity, after: Cursor = None) -> Response:
    """Everything that an incident is about."""
    async with page.db.snapshot() as tx:
        found = await incidents.detail(tx, page.scope, incident_id)
        rows = await incidents.member_page(tx, page.scope, incident_id, cursor=after, limit=_ROWS)
    ways = Paging(
        newer=with_query(page.url) if after else "",
        older=with_query(page.url, after=rows.next) if rows.next else "",
        shown=f"{len(rows.items):,} of {found.seen:,}",
        newer_label="First page",
        older_label="Next",
    )
    title, again = found.incident.title, found.seen - found.live
    head = PageHead(
        "What it is about",
        f"{found.live:,} {agree(found.live, 'deviates', 'deviate')} now; "
        f"{again:,} {agree(again, 'is', 'are')} right again.",
        (Crumb("Incidents", HOME), Crumb(title, f"{HOME}/{incident_id}")),
    )
    table = story.members(rows.items, ways, csv_href=f"{HOME}/{incident_id}/members.csv")
    return await page.show(f"{_TEMPLATES}/members.html", current="incidents", head=head, table=table)


@router.get("/incidents/{incident_id}/members.csv")
async def members_csv(page: CurrentPage, incident_id: Identity) -> Response:
    """The same as a file."""
    async with page.db.snapshot() as tx:
        await incidents.detail(tx, page.scope, incident_id)
    headers = {"Content-Disposition": f'attachment; filename="incident-{incident_id}.csv"'}
    lines = incidents.members_csv(page.db, page.scope, incident_id)
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)


router.include_router(acting.router)
