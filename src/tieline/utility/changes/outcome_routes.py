"""REST of what came of changes: one beside its plan, many as a list, a report or a file, and reviews."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from tieline.platform.errors import NotFound
from tieline.platform.web import CurrentRuntime, CurrentScope, Moment, fast, files
from tieline.utility.changes.schemas import ReviewBody
from tieline.utility.changes.service import outcomes

router = APIRouter(tags=["changes"])
Words = Annotated[list[str], Query(max_length=50)]
COLUMNS = (
    "change_id", "title", "kind", "type", "state", "started_at", "ended_at", "planned", "verified", "failed",
    "conflict", "cancelled", "left_out", "seconds", "least_seconds", "most_seconds", "sites_expected", "sites_hurt",
    "worked", "note", "reviewed_by", "reviewed_at",
)  # fmt: skip
_MOST = 10_000


def wanted_of(
    kind: Sequence[str] = (),
    type_: Sequence[str] = (),
    since: Moment | None = None,
    until: Moment | None = None,
    *,
    review_due: bool = False,
) -> dict[str, Any]:
    """Which outcomes are asked for."""
    return {"kinds": list(kind), "types": list(type_), "since": since, "until": until, "due": review_due}


@router.get("/change-outcomes")
async def list_outcomes(
    *,
    runtime: CurrentRuntime,
    scope: CurrentScope,
    kind: Words = [],  # noqa: B006 - FastAPI copies it
    type_: Annotated[list[str], Query(alias="type", max_length=3)] = [],  # noqa: B006 - FastAPI copies it
    since: Moment | None = None,
    until: Moment | None = None,
    review_due: Annotated[bool, Query(description="Emergency changes that nobody has reviewed.")] = False,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """What came of changes beside what was planned, the latest end first."""
    wanted = wanted_of(kind, type_, since, until, review_due=review_due)
    async with runtime.db.snapshot() as tx:
        page = await outcomes.outcomes(tx, scope, wanted, cursor=cursor, limit=limit)
    return fast({"items": page.items, "next": page.next})


@router.get("/change-outcomes/report")
async def show_report(
    *,
    runtime: CurrentRuntime,
    scope: CurrentScope,
    by: Literal["kind", "type", "operator", "month"] = "kind",
    kind: Words = [],  # noqa: B006 - FastAPI copies it
    type_: Annotated[list[str], Query(alias="type", max_length=3)] = [],  # noqa: B006 - FastAPI copies it
    since: Moment | None = None,
    until: Moment | None = None,
    zone: Annotated[str, Query(max_length=60)] = "UTC",
) -> Response:
    """How changes did in groups: success, how good the time estimates were, sites that lost a link."""
    wanted = wanted_of(kind, type_, since, until)
    async with runtime.db.snapshot() as tx:
        return fast({"items": await outcomes.report(tx, scope, by, wanted, zone=zone)})


@router.get("/change-outcomes.csv", **files("text/csv"))
async def outcomes_csv(
    runtime: CurrentRuntime, scope: CurrentScope, since: Moment | None = None, until: Moment | None = None
) -> Response:
    """The list as a file, at most 10,000 changes."""
    async with runtime.db.snapshot() as tx:
        page = await outcomes.outcomes(tx, scope, wanted_of(since=since, until=until), limit=_MOST)
    return Response(csv_of(page.items), media_type="text/csv; charset=utf-8")


def csv_of(rows: Iterable[Any]) -> str:
    """Outcomes as CSV; what a spreadsheet would take for a formula is text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in COLUMNS])
    return out.getvalue()


def _cell(value: Any) -> str:
    text = "" if value is None else value.isoformat() if isinstance(value, datetime) else str(value)
    return f"'{text}" if isinstance(value, str) and text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


@router.get("/changes/{change_id}/outcome")
async def show_outcome(change_id: int, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """What was planned of a change beside what came of it, and its reviews."""
    async with runtime.db.snapshot() as tx:
        found = await outcomes.outcome(tx, scope, change_id)
        reviews = await outcomes.reviews(tx, scope, change_id)
    if found is None:
        raise NotFound("This change has not ended yet, or what came of it is still being counted.")
    return fast({**found, "reviews": reviews})


@router.post("/changes/{change_id}/reviews", status_code=201)
async def review_change(change_id: int, body: ReviewBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Say afterwards whether a change worked as planned; emergency changes need it."""
    async with runtime.db.transaction() as tx:
        await outcomes.review(tx, scope, runtime.clock, change_id, worked=body.worked, note=body.note)
        return fast({"items": await outcomes.reviews(tx, scope, change_id)}, status=201)
