"""REST of the calendar: as JSON, and as a feed that calendar programs subscribe to (RFC 5545)."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from tieline.platform.errors import Forbidden, Invalid, Problem, Unauthenticated
from tieline.platform.identity import authentication
from tieline.platform.scope import Permission
from tieline.platform.web import CurrentRuntime, CurrentScope, Moment, current_request_id, fast, files
from tieline.utility.changes.policy import ical
from tieline.utility.changes.service import calendar

router = APIRouter(tags=["changes"])
LONGEST = timedelta(days=400)
FIRST_YEAR, LAST_YEAR = 2000, 2199
BACK, AHEAD = timedelta(days=30), timedelta(days=180)


@router.get("/changes/calendar")
async def show_calendar(
    runtime: CurrentRuntime,
    scope: CurrentScope,
    start: Annotated[Moment | None, Query(description="Unset: now.")] = None,
    end: Annotated[Moment | None, Query(description="Unset: four weeks after the start.")] = None,
) -> Response:
    """What lies between two moments: changes, freezes, storms, vetoes, with conflicts between changes."""
    first = start or runtime.clock.now()
    if first.tzinfo is None or (end is not None and end.tzinfo is None):
        raise Invalid("Say in which time zone.", [Problem("start", "time-zone", "With a time zone.")])
    if not all(FIRST_YEAR <= one.year <= LAST_YEAR for one in (first, end or first)):
        problem = Problem("start", "range", f"From {FIRST_YEAR} to {LAST_YEAR}.")
        raise Invalid("The calendar has no such days.", [problem])
    last = end or first + timedelta(days=28)
    if not first < last <= first + LONGEST:
        raise Invalid("The end comes after the start.", [Problem("end", "order", "At most 400 days after the start.")])
    async with runtime.db.snapshot() as tx:
        found = await calendar.calendar(tx, scope, runtime.clock, first, last)
    return fast({"items": found, "start": first, "end": last})


@router.get("/changes/calendar.ics", **files("text/calendar"))
async def feed(
    request: Request,
    runtime: CurrentRuntime,
    token: Annotated[str, Query(max_length=200, description="An API token that may see changes and nothing else.")],
) -> Response:
    """The calendar from a month back to half a year ahead, for calendar programs, which can send no header.

    A token in an address gets around: only one that may do nothing but see changes is taken.
    """
    async with runtime.db.transaction() as tx:
        caller = await authentication.by_token(tx, runtime, token, current_request_id())
    if caller is None:
        raise Unauthenticated("This token is not known, or is over.")
    if caller.scope.permissions != {Permission.CHANGE_READ}:
        raise Forbidden(
            "This token may do more than see changes, so that it must not stand in an address.",
            advice="Make one with: tieline token create calendar --may change.read",
        )
    now = runtime.clock.now()
    async with runtime.db.snapshot() as tx:
        found = await calendar.calendar(tx, caller.scope, runtime.clock, now - BACK, now + AHEAD)
    base = str(request.base_url).rstrip("/")
    text = ical.calendar((calendar.event(one, base) for one in found), name="Changes", now=now)
    headers = {"Cache-Control": "private, max-age=300", "Content-Disposition": 'inline; filename="changes.ics"'}
    return Response(text, media_type="text/calendar; charset=utf-8", headers=headers)
