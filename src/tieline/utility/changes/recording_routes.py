"""REST of the record of a change."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from tieline.platform.web import CurrentRuntime, CurrentScope, fast
from tieline.utility.changes.service import recording
from tieline.utility.changes.service.recording import Record

router = APIRouter(tags=["changes"])
MOST_ITEMS = 1000


@router.get("/changes/{change_id}/record")
async def show_record(
    change_id: Annotated[int, Path(ge=1, le=2**63 - 1)],
    runtime: CurrentRuntime,
    scope: CurrentScope,
    items: Annotated[int, Query(ge=1, le=MOST_ITEMS, description="How many items stand in it at most.")] = 200,
) -> Response:
    """A change in one piece: what, who, when, plan, items before and after, outcome, log, and entries of the trail.

    ``more_items`` tells that there are others: ``GET /changes/{id}/items`` gives them all. ``audit`` is null for who
    may not read the trail; each entry has its place and hash, as ``GET /audit`` shows them. ``more_events`` and
    ``more_audit`` tell that only the latest are here: ``GET /changes/{id}/events`` and ``GET /audit`` give the others.
    """
    async with runtime.db.snapshot() as tx:
        found = await recording.record(tx, scope, runtime.clock, change_id, items=items)
    return fast(shown(found))


def shown(found: Record) -> dict[str, Any]:
    """A record as REST shows it."""
    detail = found.detail
    return {
        "at": found.at,
        "change": detail.change,
        "policy": found.policy,
        "approvals": detail.approvals,
        "waves": detail.waves,
        "operators": detail.lanes,
        "counts": found.progress.counts,
        "reasons": detail.reasons,
        "items": found.items,
        "more_items": found.more_items,
        "outcome": found.outcome,
        "reviews": found.reviews,
        "undone_by": detail.undone_by,
        "events": found.events,
        "more_events": found.more_events,
        "audit": found.entries,
        "more_audit": found.more_entries,
    }
