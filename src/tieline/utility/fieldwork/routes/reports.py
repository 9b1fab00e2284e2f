"""REST of what crews report, and of what their phones hold."""

import asyncio
import uuid
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path as FilePath
from typing import Annotated, Any

import psycopg
from fastapi import APIRouter, Path, Query, Request, Response

from tieline.platform.db import is_lost
from tieline.platform.errors import Invalid, NotFound, Problem, TielineError
from tieline.platform.scope import Permission, Scope
from tieline.platform.web import CurrentRuntime, CurrentScope, etag_of, fast, files, unchanged, unrepeatable, validated
from tieline.platform.wiring import Runtime
from tieline.utility.fieldwork import reading
from tieline.utility.fieldwork.model import Answer, Report, ReportState
from tieline.utility.fieldwork.routes.visits import Cursor, Limit, Number
from tieline.utility.fieldwork.schemas import LookBody, ReportsBody
from tieline.utility.fieldwork.service import phone, pictures, reports
from tieline.utility.fieldwork.store.reports import ReportFilter

router = APIRouter(prefix="/field", tags=["field work"])
TOGETHER = 100
"""Reports that are taken in one transaction: few enough that nobody waits long for the visits that it locks."""
Uuid = Annotated[uuid.UUID, Path()]
_PICTURE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in ("image/jpeg", "image/png")},
    }
}


@router.get("/mine")
async def my_orders(request: Request, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """What a crew's phone holds: its own orders of today and tomorrow, what is left of earlier days, and storms."""
    async with runtime.db.snapshot() as tx:
        found = await phone.mine(tx, scope, runtime.clock, runtime.calendar)
    etag = etag_of(found, scope.user_id)
    return unchanged(request, etag) or fast(found, headers=validated(etag))


@router.post("/reports", openapi_extra=unrepeatable("Each report has a key of its own, by which it counts once."))
async def send_reports(body: ReportsBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Take reports from a phone: each once, in the order in which the phone made them, however late.

    Each is answered by its id: accepted, refused (a sentence says what is wrong, the advice what to do), or held until
    an earlier one of the phone comes.
    """
    scope.require(Permission.FIELD_REPORT)
    read = reading.read_all(body.reports)
    answers = dict(read.bad)
    good = reports.in_order(read.good)
    for start in range(0, len(good), TOGETHER):
        answers |= await _taken(runtime, scope, good[start : start + TOGETHER], body.sent_at)
    return fast({"answers": [answers[place] for place in sorted(answers)]})


async def _taken(
    runtime: Runtime, scope: Scope, good: Sequence[tuple[int, Report]], sent_at: datetime | None
) -> dict[int, Answer]:
    """Take reports in one transaction; where that cannot be, each in its own, so that one bad one keeps none back."""
    try:
        async with runtime.db.transaction() as tx:
            taken = await reports.take(tx, scope, runtime.clock, [report for _, report in good], sent_at=sent_at)
    except (TielineError, psycopg.Error) as error:
        if len(good) == 1 or is_lost(error):
            raise
        apart = [await _taken(runtime, scope, [one], sent_at) for one in good]
        return {place: answer for found in apart for place, answer in found.items()}
    return {place: answer for (place, _), answer in zip(good, taken, strict=True)}


@router.get("/reports")
async def list_reports(
    *,
    runtime: CurrentRuntime,
    scope: CurrentScope,
    visit: Number = None,
    state: Annotated[list[ReportState], Query(max_length=5)] = [],  # noqa: B006 - FastAPI copies it
    attention: Annotated[bool, Query(description="Refused or held, and nobody has looked at it.")] = False,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """Reports, the latest first."""
    wanted = ReportFilter(visit, tuple(state), attention)
    async with runtime.db.snapshot() as tx:
        page = await reports.page(tx, scope, wanted, cursor=cursor, limit=limit)
    return fast({"items": page.items, "next": page.next})


@router.post("/reports/{report_id}/look", status_code=204)
async def look_at_report(report_id: Uuid, body: LookBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Note that you looked at a report that was refused, and what came of it."""
    async with runtime.db.transaction() as tx:
        await reports.look(tx, scope, runtime.clock, str(report_id), body.note)
    return Response(status_code=204)


@router.post("/reports/{report_id}/take")
async def take_report(report_id: Uuid, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Judge a report anew that was refused or is held, with your authority instead of the crew's."""
    async with runtime.db.transaction() as tx:
        return fast(await reports.take_anyway(tx, scope, runtime.clock, str(report_id)))


@router.put("/photos/{photo_id}", status_code=201, max_body_size=pictures.MOST_SENT, openapi_extra=_PICTURE)
async def send_photo(
    photo_id: Uuid,
    visit: Annotated[int, Query(ge=1, le=2**63 - 1)],
    request: Request,
    runtime: CurrentRuntime,
    scope: CurrentScope,
) -> Response:
    """Send a picture of a visit (JPEG or PNG, at most 2 MB); sending it again changes nothing."""
    scope.require(Permission.FIELD_REPORT)
    content = await request.body()
    if not content:
        raise Invalid("The picture is empty.", [Problem("body", "empty", "A JPEG or a PNG.")])
    kept = await pictures.write(runtime.settings, content)
    known = False
    try:
        async with runtime.db.transaction() as tx:
            known = await pictures.keep(tx, scope, runtime.clock, kept, visit_id=visit, photo_id=str(photo_id))
    finally:
        if not known:
            await asyncio.to_thread(kept.path.unlink, missing_ok=True)
    return fast({"id": str(photo_id), "repeated": not known}, status=201)


@router.get("/photos/{photo_id}", **files("image/jpeg", "image/png"))
async def show_photo(photo_id: Uuid, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """A picture."""
    async with runtime.db.snapshot() as tx:
        stored = await pictures.photo(tx, scope, runtime.settings, str(photo_id))
    try:
        content = await asyncio.to_thread(FilePath.read_bytes, stored.path)
    except FileNotFoundError as error:
        raise NotFound(
            "The picture is known, but its file is gone.",
            advice="Restore the folder photos under TIELINE_HOME from the backup.",
        ) from error
    headers = {
        "Content-Disposition": f'inline; filename="visit-{stored.visit_id}.{stored.media_type.partition("/")[2]}"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "private, max-age=3600, immutable",
    }
    return Response(content, headers=headers, media_type=stored.media_type)
