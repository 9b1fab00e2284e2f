"""Stocktakes."""

from fastapi import APIRouter, Response

from tieline.platform.web import CurrentRuntime, CurrentScope, fast
from tieline.utility.logistics import schemas
from tieline.utility.logistics.routes.common import Cursor, Identity, Limit
from tieline.utility.logistics.service import counting, moving

router = APIRouter(prefix="/stock", tags=["stock"])


@router.post("/counts", status_code=201)
async def count(body: schemas.CountBody, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """Compare what was found in a place with the ledger. Nothing moves yet."""
    async with runtime.db.transaction() as tx:
        made = await counting.count(tx, scope, place_id=body.place_id, goods=body.goods, serials=body.serials)
        found = await counting.one(tx, scope, made)
    return fast(found, status=201, headers={"Location": f"/api/v1/stock/counts/{made}"})


@router.get("/counts")
async def list_counts(
    runtime: CurrentRuntime, scope: CurrentScope, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """Stocktakes, the newest first."""
    async with runtime.db.snapshot() as tx:
        page = await counting.page(tx, scope, cursor=cursor, limit=limit)
    return fast({"items": page.items, "next": page.next})


@router.get("/counts/{count_id}")
async def show_count(count_id: Identity, runtime: CurrentRuntime, scope: CurrentScope) -> Response:
    """A stocktake with its sums."""
    async with runtime.db.snapshot() as tx:
        return fast(await counting.one(tx, scope, count_id))


@router.get("/counts/{count_id}/differences")
async def list_differences(
    count_id: Identity, runtime: CurrentRuntime, scope: CurrentScope, cursor: Cursor = None, limit: Limit = 100
) -> Response:
    """The difference sheet: missing, in a wrong place, unexpected, unknown."""
    async with runtime.db.snapshot() as tx:
        page = await counting.differences(tx, scope, count_id, cursor=cursor, limit=limit)
    return fast({"items": page.items, "next": page.next})


@router.post("/counts/{count_id}/adjust")
async def adjust(
    count_id: Identity, body: schemas.AdjustBody, runtime: CurrentRuntime, scope: CurrentScope
) -> Response:
    """Put the ledger right by a stocktake."""
    async with runtime.db.transaction() as tx:
        moved = await counting.adjust(
            tx, scope, count_id, why=body.why, lose_missing=body.lose_missing, clock=runtime.clock
        )
    return fast(moving.answer(moved))
