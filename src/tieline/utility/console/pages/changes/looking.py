"""Routes of the calendar, and of what came of changes."""

from datetime import date
from typing import Annotated

from fastapi import Query, Response

from tieline.console.components.frame import Crumb, PageHead
from tieline.console.components.tables import Paging
from tieline.platform.errors import Invalid, NotFound
from tieline.utility import changes
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.changes.views import calendar as days
from tieline.utility.console.pages.changes.views import outcomes as views
from tieline.utility.console.pages.changes.views.places import HOME
from tieline.utility.console.pages.parts import lists

router = pages()
_ROWS, _MOST = 100, 10_000
_FIRST, _LAST = date(2000, 1, 1), date(2199, 1, 1)
Words = Annotated[list[str] | None, Query(max_length=50)]
Text = Annotated[str, Query(max_length=20)]


@router.get("/changes/calendar")
async def calendar(
    page: CurrentPage, view: Text = "month", at: Text = "", kind: Words = None, conflicts: Text = ""
) -> Response:
    """A month or a week."""
    zone = page.renderer.zone
    here = _date(at) or page.now.astimezone(zone).date()
    view = view if view in days.VIEWS else "month"
    first, last = days.range_of(view, here)
    start, end = days.moments(first, last, zone)
    async with page.db.snapshot() as tx:
        found = await changes.calendar(tx, page.scope, page.runtime.clock, start, end)
    shown = days.chosen(found, kind or (), conflicts=conflicts == "1")
    meeting = days.conflicts_of(found)
    grid = days.grid(days.Look(view, here, zone, page.now, page.url), shown)
    keep = {"view": view, **({"at": here.isoformat()} if at else {})}
    base = str(page.request.base_url).rstrip("/")
    return await page.show(
        "pages/changes/templates/calendar.html",
        current="changes",
        head=days.head(grid, len(meeting)),
        bar=days.filters(page.url, kind or (), keep, conflicts=conflicts == "1"),
        grid=grid,
        meeting=days.pairs(meeting),
        feed=f"{base}/api/v1/changes/calendar.ics?token=…",
    )


def _date(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if _FIRST <= found <= _LAST else None


@router.get("/changes/outcomes")
async def outcomes(page: CurrentPage, by: Text = "kind", kind: Words = None, due: Text = "") -> Response:
    """The report, and the list behind it."""
    by = by if by in views.BY else "kind"
    wanted = {"kinds": kind or [], "due": due == "1"}
    zone = page.renderer.zone_name()
    async with page.db.snapshot() as tx:
        groups = await changes.report(tx, page.scope, by, wanted, zone=zone)
        found = await changes.outcomes(tx, page.scope, wanted, cursor=lists.cursor_of(page.url), limit=_ROWS)
    known = {one.name: one.title for one in changes.KINDS.all()}
    paging: Paging = lists.paging(page.url, found, "change")
    return await page.show(
        "pages/changes/templates/outcomes.html",
        current="changes",
        head=views.head(),
        bar=views.filters(page.url, by, kind or (), known, due=due == "1"),
        by=by,
        ways=tuple((key, word) for key, word in views.BY.items()),
        report=views.report(groups, by, known),
        table=views.table(found.items, known, paging, filtered=bool(kind or due)),
    )


@router.get("/changes/outcomes.csv")
async def outcomes_csv(page: CurrentPage) -> Response:
    """The list as a file."""
    async with page.db.snapshot() as tx:
        found = await changes.outcomes(tx, page.scope, {}, limit=_MOST)
    headers = {"Content-Disposition": 'attachment; filename="outcomes.csv"', "Cache-Control": "no-store"}
    return Response(changes.outcomes_csv(found.items), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/changes/{change_id}/review")
async def review_page(page: CurrentPage, change_id: int) -> Response:
    """The plan beside what came of it, and the form of a review."""
    return await _review(page, change_id, "")


@router.post("/changes/{change_id}/review")
async def review(page: CurrentPage, change_id: int) -> Response:
    """Keep a review."""
    typed = await page.form()
    worked, note = str(typed.get("worked", "")), str(typed.get("note", ""))[:4000]
    try:
        async with page.db.transaction() as tx:
            await changes.review(tx, page.scope, page.runtime.clock, change_id, worked=worked, note=note)
    except Invalid as error:
        return await _review(page, change_id, " ".join(one.message for one in error.problems) or error.detail)
    return page.redirect(f"/changes/{change_id}/review")


async def _review(page: Page, change_id: int, wrong: str) -> Response:
    async with page.db.snapshot() as tx:
        found = await changes.detail(tx, page.scope, change_id)
        outcome = await changes.outcome(tx, page.scope, change_id)
        reviews = await changes.reviews(tx, page.scope, change_id)
    if found.change.started_at is None or found.change.ended_at is None:
        raise NotFound("This change has not run to its end yet.")
    state = "What was planned beside what came of it, and what is to be learnt."
    head = PageHead("Outcome and review", state, (HOME, Crumb(found.change.title, f"/changes/{change_id}")))
    return await page.show(
        "pages/changes/templates/review.html",
        current="changes",
        head=head,
        status=422 if wrong else 200,
        wrong=wrong,
        figures=views.beside(outcome) if outcome else (),
        facts=views.facts(outcome) if outcome else (),
        reviews=views.reviews(reviews, page.renderer.zone),
        form=views.review_form(change_id, page.csrf_token),
    )
